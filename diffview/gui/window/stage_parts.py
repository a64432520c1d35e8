"""The views of the window that can be on a stage, by the names that chapters and keys give them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol, cast, runtime_checkable

from PySide6.QtCore import SignalInstance
from PySide6.QtWidgets import QWidget

from diffview.gui.panels.diagnostics import DiagnosticsPanel
from diffview.gui.panels.field import FieldPanel
from diffview.gui.panels.images import ForwardPanel, ReversePanel
from diffview.gui.panels.timeline import TimelinePanel
from diffview.gui.widgets.images.zoom_view import ZoomView
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.window.late import LateDock


@runtime_checkable
class OwnState(Protocol):
    """What shows more than the session says: a part of a picture, a job, a value that was clicked."""

    def put_aside(self) -> Callable[[], None]:
        """Show it as it begins; gives what shows it again as it was."""


@runtime_checkable
class Handled(Protocol):
    """What the hand changes without the session."""

    @property
    def by_hand(self) -> SignalInstance:
        """Emitted when it does."""


class WorkingPanel(OwnState, Protocol):
    """A panel whose work a lecture can begin."""

    @property
    def begun(self) -> bool:
        """Whether its work has been begun, and what it has found is shown."""

    @property
    def works(self) -> bool:
        """Whether it is at work."""

    def perform(self) -> None:
        """Begin it anew for an audience."""

    def rest(self) -> None:
        """End it."""


class StageParts(Mapping[str, QWidget]):
    """The views of the window by the names that chapters and keys give them; what teaches is made when it is asked for.

    Attributes:
        made: those that are there.
        handled: called when the hand changes on the stage what the session does not say.
    """

    def __init__(
        self, made: Mapping[str, QWidget], later: Mapping[str, Callable[[], QWidget]], docks: Mapping[str, LateDock],
    ) -> None:  # fmt: skip
        """`docks`: of the parts that are made later, by their names."""
        self.made, self._later, self._docks = dict(made), later, docks
        self.handled: Callable[[], object] = lambda: None
        self._begun: dict[str, WorkingPanel] = {}
        self._aside: dict[OwnState, Callable[[], None]] | None = None
        self._followed: set[Handled] = set()

    def __getitem__(self, name: str) -> QWidget:
        if name not in self.made:
            self.made[name] = self._later[name]()
            self._keep(name)
        return self.made[name]

    # -- what a script shows in their place

    def put_aside(self) -> None:
        """From now on all is shown as it begins, until `bring_back`."""
        self._aside = {}
        for name in {**self.made, **self._docks}:
            self._keep(name)

    def settle(self) -> None:
        """Show again what the script shows, where the hand has changed it."""
        for one in self._aside or ():
            if isinstance(one, Handled):
                one.put_aside()

    def bring_back(self) -> None:
        """End the work that was begun here, and show all again as it was put aside."""
        while self._begun:
            self._begun.popitem()[1].rest()
        for show_again in (self._aside or {}).values():
            show_again()
        self._aside = None

    def _keep(self, name: str) -> None:
        """Put aside what a part shows beyond the session, and the dock that it is of."""
        if self._aside is None:
            return
        view = self.made.get(name)
        shown = [] if view is None else [view, *view.findChildren(ZoomView)]
        if name in self._docks:
            shown.append(self._docks[name].widget())  # None as long as it is not made
        for one in shown:
            if isinstance(one, Handled) and one not in self._followed:
                self._followed.add(one)
                one.by_hand.connect(lambda *_: self.handled())
            if isinstance(one, OwnState) and one not in self._aside:
                self._aside[one] = one.put_aside()

    # -- work

    def begin(self, name: str, anew: bool = False) -> None:
        """Begin the work of a part, unless it has been; `anew` in any case."""
        worker = self._begun[name] = cast(WorkingPanel, self._docks[name].made())
        self._keep(name)
        if anew or not worker.begun:
            worker.perform()

    def works(self) -> bool:
        """Whether work that was begun here goes on."""
        return any(worker.works for worker in self._begun.values())

    def __iter__(self) -> Iterator[str]:
        return iter({**self.made, **self._later})

    def __len__(self) -> int:
        return len({**self.made, **self._later})


TAUGHT = {
    "density": ("Density", "densityTimeView"),
    "bells": ("Density", "stepLawView"),
    "cloud": ("Cloud", "cloudView"),
    "crops": ("Learning", "learningCropsView"),
    "by_data": ("Learning", "learningDataView"),
    "by_local": ("Learning", "learningLocalView"),
    "by_network": ("Learning", "learningNetworkView"),
    "training": ("Learning", "learningPlot"),
    "race": ("Race", "racePlot"),
}
"""Views of docks: the title of the dock, and the name of the view in it."""


def parts_of(
    field: FieldPanel, forward: ForwardPanel, reverse: ReversePanel, plots: DiagnosticsPanel, timeline: TimelinePanel,
    docks: Iterable[LateDock],
) -> StageParts:  # fmt: skip
    """The views of the window by the names that chapters and keys give them."""
    by_title = {dock.windowTitle(): dock for dock in docks}

    def taught(title: str, name: str) -> QWidget:
        view: QWidget | None = by_title[title].made().findChild(QWidget, name)
        assert view is not None
        return view

    there: dict[str, QWidget] = {
        "field": field.view, "forward": forward.view, "reverse": reverse.pair, "histogram": plots.place,
        "spectrum": plots.spectrum, "scale_time": plots.scale_time, "schedule": timeline.plot,
    }  # fmt: skip
    later = {part: partial(taught, *where) for part, where in TAUGHT.items()}
    return StageParts(there, later, {part: by_title[title] for part, (title, _) in TAUGHT.items()})


def card_of(view: QWidget) -> CardFrame | None:
    """The card in which a view lies."""
    above = view.parentWidget()
    while above is not None and not isinstance(above, CardFrame):
        above = above.parentWidget()
    return above
