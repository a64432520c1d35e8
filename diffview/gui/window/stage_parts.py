"""The views of the window that can be on a stage, by the names that chapters and keys give them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Protocol, cast

from PySide6.QtWidgets import QWidget

from diffview.gui.panels.diagnostics import DiagnosticsPanel
from diffview.gui.panels.field import FieldPanel
from diffview.gui.panels.images import ForwardPanel, ReversePanel
from diffview.gui.panels.timeline import TimelinePanel
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.window.late import LateDock
from diffview.story.parts import WORKING


class WorkingPanel(Protocol):
    """A panel whose work a lecture can begin."""

    @property
    def begun(self) -> bool:
        """Whether its work has been begun, and what it has found is shown."""

    @property
    def works(self) -> bool:
        """Whether it is at work."""

    def begin(self) -> None:
        """Begin it anew, as its button does."""

    def rest(self) -> None:
        """End it."""


class StageParts(Mapping[str, QWidget]):
    """The views of the window by the names that chapters and keys give them; what teaches is made when it is asked for.

    Attributes:
        made: those that are there.
    """

    def __init__(
        self, made: Mapping[str, QWidget], later: Mapping[str, Callable[[], QWidget]],
        workers: Mapping[str, Callable[[], WorkingPanel]],
    ) -> None:  # fmt: skip
        self.made, self._later, self._workers = dict(made), later, workers
        self._begun: dict[str, WorkingPanel] = {}

    def __getitem__(self, name: str) -> QWidget:
        if name not in self.made:
            self.made[name] = self._later[name]()
        return self.made[name]

    def begin(self, name: str, anew: bool = False) -> None:
        """Begin the work of a part, unless it has been; `anew` in any case."""
        worker = self._begun[name] = self._workers[name]()
        if anew or not worker.begun:
            worker.begin()

    def works(self) -> bool:
        """Whether work that was begun here goes on."""
        return any(worker.works for worker in self._begun.values())

    def rest(self) -> None:
        """End the work that was begun here."""
        while self._begun:
            self._begun.popitem()[1].rest()

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
    return StageParts(there, later, {part: partial(_working, by_title[TAUGHT[part][0]]) for part in WORKING})


def _working(dock: LateDock) -> WorkingPanel:
    return cast(WorkingPanel, dock.made())


def card_of(view: QWidget) -> CardFrame | None:
    """The card in which a view lies."""
    above = view.parentWidget()
    while above is not None and not isinstance(above, CardFrame):
        above = above.parentWidget()
    return above
