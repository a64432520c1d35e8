"""The plots of a judged ensemble, each titled, below each other."""

from collections.abc import Mapping

from PySide6.QtWidgets import QWidget

from diffview.gui.show.calibration_words import Curves
from diffview.gui.widgets.plots.score_plots import LinesPlot
from diffview.gui.widgets.small.parts import Heading, column_of, named

PLOTS: Mapping[str, tuple[str, bool, bool]] = {
    "ranks": ("Ranks of the truth (grey: by chance)", False, False),
    "spread": ("Spread and error by scale", True, True),
    "coherence": ("Coherence", True, False),
    "reliability": ("Reliability", False, False),
    "fss": ("Fractions skill score", True, False),
    "spectra": ("Spectra", True, True),
    "moments": ("Moments of block means", True, True),
    "above": ("Above a threshold, by block", True, True),
}
"""By key: its title, and whether either axis is logarithmic."""


class CalibrationViews(QWidget):
    """The plots by key of PLOTS; their names begin with that of the panel that they stand in."""

    def __init__(self, panel: str = "calibration") -> None:
        super().__init__()
        column = column_of(self)
        self.plots: dict[str, LinesPlot] = {}
        self._headings: dict[str, Heading] = {}
        for key, (title, x_log, y_log) in PLOTS.items():
            self._headings[key] = Heading(title)
            self.plots[key] = named(LinesPlot(title, x_log=x_log, y_log=y_log), f"{panel}{key.capitalize()}View")
            for widget in (self._headings[key], self.plots[key]):
                column.addWidget(widget)
        self.plots["ranks"].x_axis.integers = True
        self.show_curves({})

    def show_curves(self, curves: Mapping[str, Curves | None]) -> None:
        """Draw those that are there; no plot is left empty."""
        for key, plot in self.plots.items():
            found = curves.get(key)
            there = found is not None and bool(found.lines)
            self._headings[key].setVisible(there)
            plot.setVisible(there)
            if found is not None and there:
                plot.show_lines(found.lines, found.x, found.y, band=found.band)
