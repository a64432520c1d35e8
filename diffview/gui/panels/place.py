"""The members at the place that was picked in REVERSE: a pixel by a click, an area by a drag."""

import numpy as np
from PySide6.QtWidgets import QStackedWidget, QWidget

from diffview.fields.field import Region
from diffview.fields.numbers import number
from diffview.gui.jobs.ensemble import Summaries
from diffview.gui.session import Session
from diffview.gui.show.ensemble_picture import truth_of
from diffview.gui.show.lines import Floats
from diffview.gui.show.reverse_picture import ReversePicture
from diffview.gui.widgets.plots.sample_plot import SamplePlot
from diffview.gui.widgets.small.parts import named
from diffview.runs.given import given_of


class PlaceView(QStackedWidget):
    """A plot, and in its place the histogram of the members wherever one is picked.

    Attributes:
        sample: that histogram.
    """

    def __init__(self, session: Session, sums: Summaries, picture: ReversePicture, usual: QWidget) -> None:
        super().__init__()
        self._session, self._sums, self._picture = session, sums, picture
        self.sample = named(SamplePlot(), "sampleView", "Members at the place that was picked")
        for plot in (usual, self.sample):
            self.addWidget(plot)

    def show_place(self) -> str:
        """Show the members there; what it says of them in a line, "" where no place is picked."""
        place, summary = self._session.view.pixels, self._sums.summary
        sample = None if place is None or summary is None else summary.sample(place)
        self.setCurrentIndex(int(sample is not None))
        if place is None or sample is None or summary is None:
            return ""
        plan, units = self._picture.plan, self._picture.scale_of_members().units
        given, truth = given_of(plan), truth_of(plan)
        marks = {
            "mean": sample.mean,
            "given": None if given is None else _mean(given.picture, place),
            "truth": None if truth is None else _mean(truth, place),
        }
        self.sample.set_sample(sample.edges, sample.counts.astype(np.float64), units, marks)
        told = f"{place_text(place)}: {number(sample.mean)} ± {number(sample.spread)} {units}".rstrip()
        return told if sample.members == summary.count else f"{told}, of the first {sample.members} members"


def _mean(picture: Floats, place: Region) -> float | None:
    part = picture[place.slices]
    return float(part.mean()) if part.size and not np.isnan(part).any() else None


def place_text(place: Region) -> str:
    """Where it is, in pixels of the region."""
    if place.ny == place.nx == 1:
        return f"row {place.row}, column {place.column}"
    return str(place)
