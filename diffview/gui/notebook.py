"""The window of somebody's own program or notebook: where Qt's events are dealt with already, it holds nobody up."""

import sys
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt, QTimer

from diffview.gui.app import application, create_window, show_window
from diffview.gui.window.main_window import MainWindow
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe

OPEN: list[MainWindow] = []
"""Windows that outlive the call that opened them."""

BEAT_MS = 50
"""After which a kernel looks whether there is a cell to run."""


def open_own(recipe: Recipe | None, facts: Facts, closed: Callable[[], None]) -> None:
    """Open the window on a field; returns when it is closed, or at once inside a loop of Qt and in IPython.

    Args:
        recipe: of the file that has all of the field; None: `facts` have it.
        facts: what is shown at first.
        closed: called when the window is closed.

    Raises:
        UserError: if there is no screen.
    """
    app = application()
    window = create_window(recipe, facts=facts)
    show_window(window)
    if not _goes_on():
        app.exec()
        closed()
        return
    OPEN.append(window)
    window.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def let_go() -> None:  # a function of its own: of methods Qt forgets the object
        OPEN.remove(window)
        closed()

    window.destroyed.connect(let_go)


def _goes_on() -> bool:
    """Whether Qt's events are dealt with after this call: in a running loop of Qt, or by IPython, which is asked to.

    A kernel waits in Qt's loop until its socket is heard of, which it is told of once and may miss (of ipykernel 7, on
    a loaded machine, most times): so it is woken up now and then to look for cells itself.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is None:
        app = QCoreApplication.instance()
        return app is not None and app.thread().loopLevel() > 0
    if getattr(shell, "active_eventloop", None) not in ("qt", "qt6"):
        shell.enable_gui("qt")
    loop = getattr(getattr(getattr(shell, "kernel", None), "app", None), "qt_event_loop", None)
    if loop is not None and loop.findChild(QTimer) is None:
        beat = QTimer(loop, interval=BEAT_MS)
        beat.timeout.connect(loop.quit)
        beat.start()
    return True
