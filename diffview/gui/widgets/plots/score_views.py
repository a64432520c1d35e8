"""The plots of a verification, each titled, below each other."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from PySide6.QtWidgets import QWidget

from diffview.fields.units import written
from diffview.gui.widgets.plots.plot_axis import Floats
from diffview.gui.widgets.plots.score_plots import AxisMark, Line, LinesPlot, QuantileBar, RangesPlot
from diffview.gui.widgets.small.parts import Heading, column_of, named

Plot = TypeVar("Plot", bound=QWidget)

QUANTILES = ("0.5", "0.9", "0.99", "0.999")
LEAST_LOSS, LEAST_SHARE = 1e-4, 1e-6
SAMPLES = (("samples", "samples", "reverse"), ("held-out", "held_out", "text"), ("training", "train", "dim"))
MEMBERS = (("members", "members", "reverse"), ("truth", "truth", "text"), ("block means", "told", "dim"))
SCALES = (("spread of the members", "spread", "reverse"), ("error of their mean", "error", "text"))
"""Lines: the name on screen, the key in the card, the token of the colour."""


def array(values: Sequence[float | None]) -> Floats:
    """Numbers of a card; NaN where it has none."""
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def lines_of(
    curve: Mapping[str, Any], names: Sequence[tuple[str, str, str]], x: str, steps: bool = False
) -> list[Line]:
    """The lines of a curve of the card, those that it has."""
    below = curve.get("below") or {}
    return [
        Line(name, token, array(curve[x]), array(curve[key]), steps, below.get(key))
        for name, key, token in names
        if key in curve
    ]


def quantile_marks(scores: Mapping[str, Any]) -> list[AxisMark]:
    """Marks at the quantiles: with text for those of the held-out fields, ticks for the others."""
    values = {row["what"]: row for row in scores.get("rows", ())}
    marks = []
    for level in QUANTILES:
        row = values.get(f"quantile {level}", {})
        if row.get("held_out") is not None:
            marks.append(AxisMark(row["held_out"], "text", level))
            others = [(row.get(key), token) for _, key, token in SAMPLES if key != "held_out"]
            marks += [AxisMark(value, token) for value, token in others if value is not None]
    return marks


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
                lines_of(curves["spectrum"], names, "k"), wave, "power", band=_band(curves["spectrum"]))),
            "Histogram": ("histogram" in curves, lambda: self._draw_histogram(scores, names, units)),
            "Error at each noise level": ("loss_by_level" in scores, lambda: self.loss.show_lines(
                lines_of(scores["loss_by_level"], SAMPLES, "levels"), "noise level s", "|ε − ε̂|²", floor=LEAST_LOSS)),
            "Nearest training field": ("nearest" in curves or "rows" in scores, lambda: self._draw_nearest(scores)),
            "Rank of the truth among the members": ("ranks" in curves, lambda: self._draw_ranks(curves["ranks"])),
            "Spread and error by scale": ("scales" in curves, lambda: self.scales.show_lines(
                lines_of(curves["scales"], SCALES, "k"), wave, "power")),
        }  # fmt: skip
        for title, (there, draw) in draws.items():
            for widget in self._plots[title]:
                widget.setVisible(there)
            if there:
                draw()

    def _draw_histogram(self, scores: Mapping[str, Any], names: Sequence[tuple[str, str, str]], units: str) -> None:
        curve = scores["curves"]["histogram"]
        self.histogram.x_axis.log = bool(curve.get("below"))
        lines = lines_of(curve, names, "edges", steps=True)
        self.histogram.show_lines(lines, units, "share of pixels", quantile_marks(scores), LEAST_SHARE)

    def _draw_nearest(self, scores: Mapping[str, Any]) -> None:
        nearest = scores.get("curves", {}).get("nearest")
        if nearest is None:  # an older card has the medians only
            row: Mapping[str, Any] = next((row for row in scores["rows"] if row["what"] == "nearest neighbour"), {})
            keys = {"samples": "samples_train", "held_out": "train_held_out", "blocks": "blocks"}
            nearest = {name: [row[key]] for name, key in keys.items() if row.get(key) is not None}
        names = (*SAMPLES[:2], ("two blocks", "blocks", "dim"))
        rows = [QuantileBar(name, token, tuple(nearest[key])) for name, key, token in names if key in nearest]
        self.nearest.show_rows(rows, "distance, standard deviations")

    def _draw_ranks(self, ranks: Sequence[float | None]) -> None:
        shares = array(ranks)
        edges = np.arange(len(shares) + 1) - 0.5
        flat = Line("perfect", "dim", edges[[0, -1]], np.full(2, 1 / len(shares)))
        truth = Line("truth", "reverse", edges, shares, steps=True)
        self.ranks.x_axis.integers = True
        self.ranks.show_lines([truth, flat], "members below the truth", "share")


def _band(curve: Mapping[str, Any]) -> tuple[Floats, Floats, Floats] | None:
    """The band between the spectra of the two blocks."""
    return (array(curve["k"]), array(curve["one"]), array(curve["two"])) if {"one", "two"} <= curve.keys() else None
