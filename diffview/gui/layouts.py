"""Named layouts of the same panels, as data: which docks stand left and right of the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

LEFT_WIDTH, RIGHT_WIDTH = 248, 264


@dataclass(frozen=True)
class Layout:
    """Docks that are seen, by object name; of several on a side the first lies on top of the others, as tabs do."""

    left: tuple[str, ...] = ()
    right: tuple[str, ...] = ()
    widths: tuple[int, int] = (LEFT_WIDTH, RIGHT_WIDTH)


LAYOUTS: dict[str, Layout] = {
    "exploreLayoutAction": Layout(("dataDock",), ("inspectorDock",)),
    "trainLayoutAction": Layout(("trainDock",), ("modelDock",), (300, 320)),
}
"""By the action that takes each."""


def arrange(window: QMainWindow, layout: Layout, docks: Mapping[str, QDockWidget]) -> None:
    """Show the docks of a layout where it has them, and hide the others."""
    for dock in docks.values():
        dock.hide()
    sides = ((Qt.DockWidgetArea.LeftDockWidgetArea, layout.left), (Qt.DockWidgetArea.RightDockWidgetArea, layout.right))
    for area, names in sides:
        for name in names:
            docks[name].setFloating(False)
            window.addDockWidget(area, docks[name])
            if name != names[0]:
                window.tabifyDockWidget(docks[names[0]], docks[name])
            docks[name].show()
        if names:
            docks[names[0]].raise_()
    first = [docks[names[0]] for _, names in sides if names]
    widths = [width for width, (_, names) in zip(layout.widths, sides, strict=True) if names]
    window.resizeDocks(first, widths, Qt.Orientation.Horizontal)
