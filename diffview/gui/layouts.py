"""Named layouts of the same panels, as data: which docks stand left and right of the pictures."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

LEFT_WIDTH, RIGHT_WIDTH = 288, 264
WIDE = 1500
"""Width of a window that has room for docks on both sides."""


@dataclass(frozen=True)
class Layout:
    """Docks by object name: the first of each side is seen, the others come up as tabs behind it when asked for."""

    left: tuple[str, ...]
    right: tuple[str, ...]
    widths: tuple[int, int] = (LEFT_WIDTH, RIGHT_WIDTH)


LAYOUTS: dict[str, Layout] = {
    "exploreLayoutAction": Layout(
        ("dataDock",), ("inspectorDock", "trainDock", "modelDock", "scoreboardDock", "raceDock")
    ),
    "trainLayoutAction": Layout(
        ("trainDock", "dataDock"), ("modelDock", "inspectorDock", "scoreboardDock", "raceDock"), (300, 320)
    ),
    "compareLayoutAction": Layout(
        ("scoreboardDock", "dataDock"), ("raceDock", "inspectorDock", "trainDock", "modelDock"), (400, 340)
    ),
}
"""By the action that takes each."""


def arrange(window: QMainWindow, layout: Layout, docks: Mapping[str, QDockWidget]) -> None:
    """Put the docks where the layout has them; a window without room for both sides has them all at the right."""
    wide = window.width() >= WIDE
    left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
    sides = ((left, layout.left), (right, layout.right)) if wide else ((right, layout.left + layout.right),)
    shown = [docks[names[0]] for names in (layout.left, layout.right)]
    for dock in docks.values():
        dock.hide()  # all of them side by side and in a pile on the way would push the window off its screen
    for area, names in sides:
        for name in names:
            docks[name].setFloating(False)
            window.addDockWidget(area, docks[name])
            if name != names[0]:
                window.tabifyDockWidget(docks[names[0]], docks[name])
            docks[name].setVisible(docks[name] in shown)
    for dock in reversed(shown):
        dock.raise_()
    widths = layout.widths if wide else (max(layout.widths),) * 2
    window.resizeDocks(shown, list(widths), Qt.Orientation.Horizontal)
