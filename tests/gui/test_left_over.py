"""A window that was closed leaves nothing: neither its parts nor what it computed."""

import gc
from collections import Counter

import shiboken6
import torch  # noqa: F401  (what is there when the program first loads torch is spared for ever)
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QDockWidget


def parts():
    """How many objects of the program and of Qt there are, by class; also of those whose window is gone."""
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    made = [type(one) for one in gc.get_objects()]
    return Counter(kind for kind in made if str(kind.__module__).startswith("diffview.") or issubclass(kind, QObject))


def test_a_closed_window_with_every_dock_is_forgotten_whole(open_window, settle):
    """Each left 2,500 objects and 6 MB: the session held what is connected to it, and what it held held the session."""
    seen = []
    for _ in range(3):  # the first two make what the program keeps: words, pictures, tables
        window = open_window()
        for dock in window.findChildren(QDockWidget):
            dock.show()
            QApplication.processEvents()
        settle(window)
        open_window.close()
        assert not shiboken6.isValid(window)
        del window, dock
        seen.append(parts())
    assert seen[-1] - seen[-2] == Counter()
