"""Qt imported for a process that is this program's alone; seen in processes that have not imported it."""

import subprocess
import sys

ASK = """
import builtins
plain = builtins.__import__
from diffview.gui.lean import import_qt
import_qt()
import_qt()
"""


def told(program: str) -> str:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_pyqtgraph_has_all_names_of_qt_and_they_are_qts_own() -> None:
    program = ASK + (
        "import PySide6.QtCore, PySide6.QtGui, PySide6.QtWidgets, pyqtgraph\n"
        "from pyqtgraph.Qt import QtCore, QtGui, QtWidgets\n"
        "for ours, theirs in (QtCore, PySide6.QtCore), (QtGui, PySide6.QtGui), (QtWidgets, PySide6.QtWidgets):\n"
        "    names = [name for name in dir(theirs) if not name.startswith('__')]\n"
        "    assert len(names) > 150 and set(names) <= set(dir(ours))\n"
        "    assert all(getattr(ours, name) is getattr(theirs, name) for name in names)\n"
        "    assert not hasattr(ours, 'QNothing')\n"
        "assert pyqtgraph.QtGui is QtGui and builtins.__import__ is plain\n"
        "assert issubclass(pyqtgraph.PlotWidget, PySide6.QtWidgets.QGraphicsView)\n"
    )
    assert told(program) == ""


def test_the_parts_that_no_plot_needs_are_imported_when_they_are_asked_for() -> None:
    program = ASK + (
        "import pyqtgraph, sys\n"
        "parts = 'parametertree', 'imageview', 'multiprocess', 'widgets.TableWidget', 'widgets.ScatterPlotWidget'\n"
        "assert not any(f'pyqtgraph.{part}' in sys.modules for part in parts)\n"
        "assert issubclass(pyqtgraph.ImageView, pyqtgraph.QtWidgets.QWidget)\n"
        "assert issubclass(pyqtgraph.ColorMapWidget, pyqtgraph.parametertree.ParameterTree)\n"
        "assert pyqtgraph.TableWidget.__module__ == 'pyqtgraph.widgets.TableWidget'\n"
        "from pyqtgraph.widgets.RemoteGraphicsView import mp\n"
        "assert mp.QtProcess is pyqtgraph.multiprocess.QtProcess\n"
        "assert not hasattr(pyqtgraph, 'Nothing') and not hasattr(pyqtgraph, '__nothing__')\n"
    )
    assert told(program) == ""


def test_pyqtgraph_gives_the_names_that_it_gives_otherwise() -> None:
    names = "print(*sorted(name for name in dir(pyqtgraph) if hasattr(pyqtgraph, name)))"
    lean, usual = told(ASK + "import pyqtgraph\npyqtgraph.ImageView\n" + names), told(f"import pyqtgraph\n{names}")
    asked = f"import pyqtgraph\nassert all(hasattr(pyqtgraph, name) for name in {usual.split()!r})"
    assert "PlotWidget" in lean and "ImageView" in usual and told(ASK + asked) == ""


def test_what_was_imported_before_stays_as_it_is() -> None:
    program = (
        "import builtins, PySide6.QtCore, pyqtgraph\n"
        "own, core = builtins.__import__, pyqtgraph.QtCore\n"
        "from diffview.gui.lean import import_qt\n"
        "import_qt()\n"
        "assert builtins.__import__ is own and pyqtgraph.Qt.QtCore is core and 'QTimer' in vars(core)\n"
        "from __feature__ import snake_case\n"
    )
    assert told(program) == ""


def test_the_words_of_the_command_line_are_read_without_what_reads_files_and_without_qt() -> None:
    program = (
        "import sys\n"
        "from diffview.cli import parse\n"
        "assert parse(['field.nc', '--size', '800x600']).size == (800, 600)\n"
        "heavy = 'diffview.library', 'diffview.readers', 'diffview.scores', 'h5py', 'xarray', 'torch', 'PySide6'\n"
        "print(*(name for name in sys.modules if name.startswith(heavy)))"
    )
    assert told(program) == "\n"
