"""The docks around the pictures: where they stand, and how they follow the size of the window."""

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QVBoxLayout, QWidget

from diffview.errors import UserError
from diffview.gui.panels.diagnostics import DiagnosticsPanel
from diffview.gui.settings import Settings
from diffview.gui.theme import theme
from diffview.gui.window.dock_hand import DockHand
from diffview.gui.window.layouts import EXPLORE, LAYOUTS, PLOTS, PLOTS_WIDTH, WindowRoom, name_of

VERSION = 5
"""Raised with every new dock: Qt would put a dock that a saved arrangement does not know just anywhere."""

NEWER = "The recipe may come from a newer diffview."

PLOTS_INDEX, PLOTS_SHARE = 1, 19
"""Index of the row of plots among the rows of the window, and its share of their height."""


def add_dock(window: QMainWindow, dock: QDockWidget, panel: QWidget | None = None, left: bool = False) -> QDockWidget:
    """A dock at the right or left of a window, with its object name and what it shows."""
    dock.setObjectName(f"{dock.windowTitle().lower().replace(' ', '')}Dock")
    if panel is not None:
        dock.setWidget(panel)
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea if left else Qt.DockWidgetArea.RightDockWidgetArea, dock)
    return dock


class Docks(QObject):
    """Arranges the docks by name, and again when the room in the window changes.

    Docks that the user has moved stay where they are; those opened or closed by the user stay so. The plots are a row
    of the window, and a column in a dock of their own where the window is too low for that row.

    Signals:
        lowered: whether the window is now too low for the row.
        arranged: other docks are open, or in front, or another layout was taken.
    """

    lowered = Signal(bool)
    arranged = Signal()

    def __init__(
        self, window: QMainWindow, docks: Mapping[str, QDockWidget], plots: DiagnosticsPanel, rows: QVBoxLayout
    ) -> None:
        super().__init__(window)
        self._window, self._docks, self._plots, self._rows = window, docks, plots, rows
        self._layout = EXPLORE
        self._room: WindowRoom | None = None
        self._presenting = False
        self._hand = DockHand(window, docks.values())
        self._hand.changed.connect(self._tell)
        docks[PLOTS].hide()
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self.follow)
        window.installEventFilter(self)
        theme.changed.connect(self._soon.start)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The layouts, by the name of their action."""
        layouts = {name: partial(self.arrange, name) for name in LAYOUTS}
        return {**layouts, "resetLayoutAction": partial(self.arrange, EXPLORE, first=True)}

    @property
    def room(self) -> WindowRoom | None:
        """The room that the docks are arranged for; None before the first time."""
        return self._room

    @property
    def moved(self) -> bool:
        """Whether the user has moved docks since a layout was taken."""
        return self._hand.moved

    # -- by name

    @property
    def layout(self) -> str:
        """The layout in force, by name."""
        return name_of(self._layout)

    @property
    def open(self) -> tuple[str, ...]:
        """The open docks by name, those in front first; the plots too where they are a row of the window."""
        row = {PLOTS} if self._room is not None and not self._room.low else set()
        seen = [name for name, dock in self._docks.items() if name in row or not dock.isHidden()]
        seen.sort(key=lambda name: self._docks[name] in self._hand.behind)
        return tuple(name.removesuffix("Dock") for name in seen)

    def take(self, layout: str, docks: tuple[str, ...] | None) -> None:
        """Take a layout by name, with these docks open, those in front first; without them it has its own.

        Raises:
            UserError: if there is no such layout, or no such dock; all that there is is taken.
        """
        known = [f"{name}Dock" for name in docks or () if f"{name}Dock" in self._docks]
        if (action := f"{layout}LayoutAction") in LAYOUTS and (layout, docks) != (self.layout, self.open):
            self.arrange(action)
            if docks is not None:
                self._hand.chosen = True
                self._place({*known}, (*known, *LAYOUTS[action].front), self._take_room())
        if action not in LAYOUTS:
            raise UserError(f"This window has no layout {layout!r}: it stays as it is.", NEWER)
        if unknown := [name for name in docks or () if f"{name}Dock" not in known]:
            raise UserError(f"This window has no dock {unknown[0]!r}.", NEWER)

    def _tell(self) -> None:
        if not self._presenting and self._window.isVisible():
            self.arranged.emit()

    # -- arranging

    def arrange(self, name: str, first: bool = False) -> None:
        """Take a layout in its original form; `first`: as a window of this size has it at its first start."""
        self._layout = name
        self._hand.begin_anew()
        room = self._take_room()
        shown = {PLOTS} if first and not room.wide else {*LAYOUTS[name].first, *LAYOUTS[name].tabs, PLOTS}
        self._place(shown, LAYOUTS[name].front, room)

    def follow(self, size: QSize | None = None) -> None:
        """Follow the size of the window: arrange the docks anew if the room has changed.

        `size` is one that the window is about to get; docks on both sides might keep it wider.
        """
        before, room = self._room, self._take_room(size)
        if before is None or room == before:
            return
        lowered = room.low and not before.low
        if self._presenting or self._hand.moved:
            self._docks[PLOTS].setVisible(lowered or (room.low and not self._docks[PLOTS].isHidden()))
            if lowered:
                self._fit_plots(room)
        else:
            self._again(room, {PLOTS} if lowered else set())
        if room.low != before.low:
            self.lowered.emit(room.low)

    def _fit_plots(self, room: WindowRoom) -> None:
        """Give the plots their width; in front of another dock where there is no room for a column of their own."""
        plots, window = self._docks[PLOTS], self._window
        beside = [dock for dock in self._docks.values() if dock.isVisible() and not dock.isFloating()]
        other = next((dock for dock in beside if dock is not plots), None)
        if other is not None and not room.wide:
            with self._hand.by_program():
                window.tabifyDockWidget(other, plots)
                plots.raise_()
        else:
            window.resizeDocks([plots], [theme.px(PLOTS_WIDTH)], Qt.Orientation.Horizontal)

    def _take_room(self, size: QSize | None = None) -> WindowRoom:
        """The room in the window now, or at this size; moves the plots where it has room for them."""
        room = WindowRoom.of(self._window.size() if size is None else size)
        if room != self._room:
            self._room = room
            self._place_plots(room)
        return room

    def _again(self, room: WindowRoom, also: set[str]) -> None:
        """Arrange the visible docks, and `also`, for a room."""
        layout = LAYOUTS[self._layout]
        seen = {name for name, dock in self._docks.items() if not dock.isHidden()} | also
        if room.wide and not self._hand.chosen:
            seen |= {*layout.first, *layout.tabs}
        front = [name for name in seen if not self._docks[name].visibleRegion().isEmpty()]
        self._place(seen, (*layout.front, *front), room)

    def _place(self, shown: set[str], front: tuple[str, ...], room: WindowRoom) -> None:
        """Put all docks where the layout has them in a room, show some, and raise those in front."""
        layout, window, docks = LAYOUTS[self._layout], self._window, self._docks
        shown = shown if room.low else shown - {PLOTS}
        areas = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        with self._hand.by_program():
            for dock in docks.values():
                dock.hide()  # all side by side or in a pile, even for a moment, would push the window off its screen
            for area, names in zip(areas, layout.sides(room), strict=True):
                for name in names:
                    docks[name].setFloating(False)
                    window.addDockWidget(area, docks[name])
                    if name != names[0]:
                        window.tabifyDockWidget(docks[names[0]], docks[name])
                    docks[name].setVisible(name in shown)
            for name in reversed([name for name in front if name in shown]):
                docks[name].raise_()
        self._set_widths(room, shown)

    def _set_widths(self, room: WindowRoom, shown: set[str]) -> None:
        left, right = LAYOUTS[self._layout].widths
        if not room.wide:
            left = right = max(left, right)
        if room.low and LAYOUTS[self._layout].plots:
            right = max(right, PLOTS_WIDTH)
        for names, width in zip(LAYOUTS[self._layout].sides(room), (left, right), strict=True):
            seen = [self._docks[name] for name in names if name in shown]
            self._window.resizeDocks(seen[:1], [width] * len(seen[:1]), Qt.Orientation.Horizontal)

    def _place_plots(self, room: WindowRoom) -> None:
        """Move the plots into the window, or into their dock."""
        dock = self._docks[PLOTS]
        dock.toggleViewAction().setVisible(room.low)
        if room.low:
            dock.setWidget(self._plots)
        else:
            dock.hide()
            self._rows.insertWidget(PLOTS_INDEX, self._plots, PLOTS_SHARE)
        self._plots.show()
        self._plots.set_column(room.low)

    # -- presenting

    def present(self, on: bool) -> None:
        """Hide all docks but the plots, which are in no row in a low window; then show them as they were."""
        self._presenting, plots = on, self._docks[PLOTS]
        bar = plots.titleBarWidget()
        plots.setTitleBarWidget(QWidget() if on else None)  # type: ignore[arg-type]  # None brings Qt's own back
        if bar is not None:
            bar.deleteLater()
        with self._hand.by_program():
            if on:
                self._before = self._window.saveState()
                for dock in self._docks.values():
                    dock.setVisible(dock is plots and not plots.isHidden())
            else:
                self._window.restoreState(self._before)

    # -- remembering

    def restore(self, settings: Settings, anew: bool) -> bool:
        """Take the saved arrangement, else (or `anew`) the one that a window of this size starts with.

        Returns whether one was saved.
        """
        state, words = settings.bytes("state"), settings.text("docks", "").split()
        with self._hand.by_program():
            kept = not anew and state is not None and self._window.restoreState(state, VERSION)
        room = self._take_room()
        if not kept:
            self.arrange(EXPLORE, first=True)
            return False
        self._layout = next((word for word in words if word in LAYOUTS), EXPLORE)
        self._hand.moved, self._hand.chosen = "moved" in words, "chosen" in words
        self._docks[PLOTS].setVisible(room.low and not self._docks[PLOTS].isHidden())
        if room != WindowRoom("wide" in words, "low" in words) and not self._hand.moved:
            self._again(room, {PLOTS} if room.low else set())
        return True

    def save(self, settings: Settings) -> None:
        """Save the arrangement, for windows with this room."""
        room = self._take_room()
        said = {"wide": room.wide, "low": room.low, "moved": self._hand.moved, "chosen": self._hand.chosen}
        settings.set_bytes("state", self._window.saveState(VERSION))
        settings.set_text("docks", " ".join([self._layout, *(word for word, so in said.items() if so)]))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch the size of the window."""
        if event.type() is QEvent.Type.Resize and self._room is not None:
            self._soon.start()
        return super().eventFilter(watched, event)
