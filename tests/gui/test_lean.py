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
