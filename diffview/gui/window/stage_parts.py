"""The views of the window that can be on a stage, by the names that chapters and keys give them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from PySide6.QtWidgets import QWidget

from diffview.gui.panels.diagnostics import DiagnosticsPanel
from diffview.gui.panels.field import FieldPanel
from diffview.gui.panels.images import ForwardPanel, ReversePanel
from diffview.gui.panels.timeline import TimelinePanel
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.window.late import LateDock


class StageParts(Mapping[str, QWidget]):
    """The views of the window by the names that chapters and keys give them; what teaches is made when it is asked for.

    Attributes:
        made: those that are there.
    """

    def __init__(self, made: Mapping[str, QWidget], later: Mapping[str, Callable[[], QWidget]]) -> None:
        self.made, self._later = dict(made), later

    def __getitem__(self, name: str) -> QWidget:
        if name not in self.made:
            self.made[name] = self._later[name]()
        return self.made[name]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.made, **self._later})

    def __len__(self) -> int:
        return len({**self.made, **self._later})


TAUGHT = {
    "density": ("Density", "densityTimeView"),
    "bells": ("Density", "stepLawView"),
    "cloud": ("Cloud", "cloudView"),
}
"""Views of the docks that teach: the title of the dock, and the name of the view in it."""


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
    return StageParts(there, {part: partial(taught, *where) for part, where in TAUGHT.items()})


def card_of(view: QWidget) -> CardFrame | None:
    """The card in which a view lies."""
    above = view.parentWidget()
    while above is not None and not isinstance(above, CardFrame):
        above = above.parentWidget()
    return above
