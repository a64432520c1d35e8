"""The plots of a verification, each titled, below each other."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from PySide6.QtWidgets import QWidget

from diffview.fields.units import written
from diffview.gui.show.lines import (
    MEMBERS,
    SAMPLES,
    SCALES,
    Names,
    band_of,
    lines_of,
    nearest_bars,
    quantile_marks,
    rank_lines,
)
from diffview.gui.widgets.plots.score_plots import LinesPlot, RangesPlot
from diffview.gui.widgets.small.parts import Heading, column_of, named

Plot = TypeVar("Plot", bound=QWidget)

LEAST_LOSS, LEAST_SHARE = 1e-4, 1e-6


class ScoreViews(QWidget):
    """The plots of the scores of a card."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = column_of(self)
        self._plots: dict[str, tuple[QWidget, QWidget]] = {}
        self.spectrum = self._plot("Power spectrum", LinesPlot("Spectra of samples and fields", x_log=True))
        self.histogram = self._plot("Histogram", LinesPlot("Histograms of samples and fields"))
        self.loss = self._plot("Error at each noise level", LinesPlot("Loss by noise level", x_log=True))
        self.nearest = self._plot("Nearest training field", RangesPlot("Distances to training fields"))
        self.ranks = self._plot("Rank of the truth among the members", LinesPlot("Ranks", y_log=False))
        self.ranks.x_axis.integers = True
        self.scales = self._plot("Spread and error by scale", LinesPlot("Spread and error", x_log=True))

    def _plot(self, title: str, plot: Plot) -> Plot:
        named(plot, "model" + title.split(maxsplit=1)[0] + "View")
        self._plots[title] = Heading(title), plot
        for widget in self._plots[title]:
            self._column.addWidget(widget)
        return plot

    def show_scores(self, scores: Mapping[str, Any]) -> None:
        """Draw the curves that the card has; an older one has fewer, and no plot is left empty."""
        curves: Mapping[str, Any] = scores.get("curves", {})
        units = written(scores.get("units", ""))
        names = MEMBERS if scores.get("kind") == "ensemble" else SAMPLES
        wave = "wavenumber, cycles per pixel"
        draws: dict[str, tuple[bool, Callable[[], None]]] = {
            "Power spectrum": ("spectrum" in curves, lambda: self.spectrum.show_lines(
                lines_of(curves["spectrum"], names, "k"), wave, "power", band=band_of(curves["spectrum"]))),
            "Histogram": ("histogram" in curves, lambda: self._draw_histogram(scores, names, units)),
            "Error at each noise level": ("loss_by_level" in scores, lambda: self.loss.show_lines(
                lines_of(scores["loss_by_level"], SAMPLES, "levels"), "noise level s", "|ε − ε̂|²", floor=LEAST_LOSS)),
            "Nearest training field": ("nearest" in curves or "rows" in scores, lambda: self.nearest.show_rows(
                nearest_bars(scores), "distance, standard deviations")),
            "Rank of the truth among the members": ("ranks" in curves, lambda: self.ranks.show_lines(
                rank_lines(curves["ranks"]), "members below the truth", "share")),
            "Spread and error by scale": ("scales" in curves, lambda: self.scales.show_lines(
                lines_of(curves["scales"], SCALES, "k"), wave, "power")),
        }  # fmt: skip
        for title, (there, draw) in draws.items():
            for widget in self._plots[title]:
                widget.setVisible(there)
            if there:
                draw()

    def _draw_histogram(self, scores: Mapping[str, Any], names: Names, units: str) -> None:
        curve = scores["curves"]["histogram"]
        self.histogram.x_axis.log = bool(curve.get("below"))
        lines = lines_of(curve, names, "edges", steps=True)
        self.histogram.show_lines(lines, units, "share of pixels", quantile_marks(scores), LEAST_SHARE)
