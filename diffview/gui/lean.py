"""Qt and pyqtgraph imported for a process that is this program's alone, in two thirds of the time."""

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from types import ModuleType


def import_qt() -> None:
    """Import Qt, and pyqtgraph without the copy of Qt that it makes; what was imported before stays as it is.

    PySide puts an import of its own in the place of Python's, which reads the source of every module that is imported
    from then on: it may begin with `from __feature__ import`. Nothing here does, and Python's own is put back.
    """
    plain = builtins.__import__
    from PySide6 import QtCore, QtGui, QtWidgets

    vars(builtins)["__import__"] = plain
    if "pyqtgraph" not in sys.modules:
        with _nothing_to_copy(QtCore, QtGui, QtWidgets):
            import pyqtgraph  # noqa: F401 - it is imported while there is nothing to copy


@contextmanager
def _nothing_to_copy(*modules: ModuleType) -> Iterator[None]:
    """Give pyqtgraph.Qt.QtCore and the others that look names up in Qt when they are asked for.

    pyqtgraph copies every name of Qt's modules into them, to which end all of Qt's classes are made; some are used.
    It asks `dir` for the names, which says meanwhile that there are none.
    """
    listed = {module: vars(module).get("__dir__") for module in modules}
    for module in modules:
        mirror = ModuleType(f"pyqtgraph.Qt.{module.__name__.rpartition('.')[2]}")
        vars(mirror).update(__getattr__=partial(getattr, module), __dir__=partial(dir, module))
        sys.modules[mirror.__name__] = mirror
        vars(module)["__dir__"] = list
    try:
        yield
    finally:
        for module, own in listed.items():
            if own is None:
                del vars(module)["__dir__"]
            else:
                vars(module)["__dir__"] = own
