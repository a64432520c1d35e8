"""Named layouts of the same panels, as data: which docks stand left and right of the pictures, and what needs room."""

from dataclasses import dataclass, replace
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize

from diffview.gui.theme import theme

LEFT_WIDTH, RIGHT_WIDTH, PLOTS_WIDTH = 288, 264, 300
WIDE = 1500
"""Width of a window that has room for docks on both sides."""

LOW = 960
"""Height, in design pixels, below which a window has no room for a row of plots between pictures and timeline."""

PLOTS = "plotsDock"
"""The dock in which the plots stand in a low window."""


class WindowRoom(NamedTuple):
    """The room in a window: whether for docks on both sides (wide), and whether it is too low for a row of plots."""

    wide: bool
    low: bool

    @classmethod
    def of(cls, size: QSize) -> "WindowRoom":
        """The room in a window of this size, at the zoom in force."""
        return cls(size.width() >= WIDE, size.height() < theme.px(LOW))


def placed_inside(room: QRect, frame: QRect, inner: QRect) -> QRect:
    """Where the inner part of a window lies when it is moved, and made smaller, so that its frame lies in `room`."""
    size = frame.size().boundedTo(room.size())
    left = max(room.left(), min(frame.left(), room.left() + room.width() - size.width()))
    top = max(room.top(), min(frame.top(), room.top() + room.height() - size.height()))
    corner = QPoint(left, top) + inner.topLeft() - frame.topLeft()
    return QRect(corner, inner.size() - (frame.size() - size))


@dataclass(frozen=True)
class DockLayout:
    """Docks by object name: the first of each side is in front, and open; the others are tabs behind it.

    Attributes:
        left, right: the docks of the sides.
        widths: of the sides.
        plots: whether the plots lie in front of the other docks in a low window.
        tabs: docks that are open from the start, behind the first of their side.
    """

    left: tuple[str, ...]
    right: tuple[str, ...]
    widths: tuple[int, int] = (LEFT_WIDTH, RIGHT_WIDTH)
    plots: bool = False
    tabs: tuple[str, ...] = ()

    @property
    def first(self) -> tuple[str, str]:
        """The visible docks."""
        return self.left[0], self.right[0]

    @property
    def front(self) -> tuple[str, ...]:
        """The docks in front of the others of their side, the foremost first."""
        return (PLOTS, *self.first) if self.plots else self.first

    def sides(self, room: WindowRoom) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The docks at the left and at the right of a window; without room on both sides all are at the right."""
        left, right = (self.left, self.right) if room.wide else ((), self.left + self.right)
        return left, ((PLOTS, *right) if self.plots else (*right, PLOTS))


EXPLORE = "exploreLayoutAction"

TEACHING = ("onestepDock", "densityDock", "cloudDock", "learningDock")
"""The docks that teach."""

EARTH = ("rainDock", "daysDock", "togetherDock")
"""The docks of jobs on one's own files."""

RIGHT = (
    "inspectorDock", "trainDock", "modelDock", "scoreboardDock", "raceDock", "calibrationDock", "rivalsDock",
    *TEACHING, *EARTH,
)  # fmt: skip
"""The docks of the right side, in order; that of the data stands at the left."""


def _layout(
    left: tuple[str, ...], first: tuple[str, ...] = (), widths: tuple[int, int] = (LEFT_WIDTH, RIGHT_WIDTH)
) -> DockLayout:
    """Docks at the left; at the right all the others, `first` before the rest."""
    right = tuple(dock for dock in dict.fromkeys((*first, *RIGHT)) if dock not in left)
    return DockLayout(left, right, widths)


LAYOUTS: dict[str, DockLayout] = {
    EXPLORE: replace(_layout(("dataDock",)), plots=True),
    "trainLayoutAction": _layout(("trainDock", "dataDock"), ("modelDock",), (300, 320)),
    "compareLayoutAction": _layout(("scoreboardDock", "rivalsDock", "dataDock"), ("raceDock",), (400, 340)),
    "teachLayoutAction": _layout(("densityDock", "dataDock"), ("cloudDock", "onestepDock", "learningDock"), (420, 420)),
    "earthLayoutAction": replace(
        _layout((*EARTH, "dataDock"), ("inspectorDock", "calibrationDock", "modelDock"), (420, RIGHT_WIDTH)),
        tabs=EARTH[1:],
    ),
}
"""Layouts by the name of their action."""


def name_of(action: str) -> str:
    """The name of a layout, as recipes have it, by the name of its action."""
    return action.removesuffix("LayoutAction")
