"""Qt and pyqtgraph imported for a process that is this program's alone, in half of the time."""

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from types import ModuleType
from typing import Any

UNUSED = (
    "parametertree", "imageview", "multiprocess",
    *(f"widgets.{name}Widget" for name in ("ColorMap", "DataFilter", "ScatterPlot", "Table", "DataTree", "DiffTree")),
)  # fmt: skip
"""Parts of pyqtgraph that it imports itself and that no plot here needs; a part comes after those that it needs."""


def import_qt() -> None:
    """Import Qt, and pyqtgraph without the copy of Qt that it makes; what was imported before stays as it is.

    PySide puts an import of its own in the place of Python's, which reads the source of every module that is imported
    from then on: it may begin with `from __feature__ import`. Nothing here does, and Python's own is put back.
    """
    plain = builtins.__import__
    from PySide6 import QtCore, QtGui, QtWidgets

    vars(builtins)["__import__"] = plain
    if "pyqtgraph" not in sys.modules:
        with _nothing_to_copy(QtCore, QtGui, QtWidgets), _stood_in():
            import pyqtgraph
        vars(pyqtgraph)["__getattr__"] = _of_unused


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


class _StandIn(ModuleType):
    """Gives no name to `import *`, and imports the module that it stands for when it is asked for another."""

    __all__ = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


@contextmanager
def _stood_in() -> Iterator[None]:
    """Put stand-ins in the places of the unused parts; what is asked for them afterwards finds them."""
    parts = {f"pyqtgraph.{name}": _StandIn(f"pyqtgraph.{name}") for name in UNUSED}
    sys.modules.update(parts)
    try:
        yield
    finally:
        for name, part in parts.items():
            if sys.modules.get(name) is part:
                del sys.modules[name]


def _of_unused(name: str) -> Any:
    """The attribute of pyqtgraph of this name that comes from one of its unused parts."""
    if not name.startswith("__"):
        import pyqtgraph

        for part in UNUSED:
            with suppress(ModuleNotFoundError):  # another version of pyqtgraph
                module = import_module(f"pyqtgraph.{part}")
                if name in vars(pyqtgraph):  # a part, or what parts import
                    return vars(pyqtgraph)[name]
                if name in getattr(module, "__all__", ()):
                    return getattr(module, name)
    raise AttributeError(f"module 'pyqtgraph' has no attribute {name!r}")
