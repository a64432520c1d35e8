"""One pixel of the field along another dimension of its variable."""

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from diffview.fields.units import written
from diffview.gui.session import Session
from diffview.gui.widgets.plots.series_plot import SeriesPlot
from diffview.gui.widgets.small.card import ElidedLabel
from diffview.gui.widgets.small.parts import column_of, named, tool_button


class PixelSeriesBox(QWidget):
    """A plot that is closed with its variable.

    Signals:
        sliceChosen: (dimension, index) that was clicked.
        closed: it is shown no longer.
    """

    sliceChosen = Signal(str, int)
    closed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._of: tuple[object, str] = (None, "")
        self.plot = named(SeriesPlot(), "seriesPlot", "The pixel along the other dimension")
        self.text, close = ElidedLabel(), tool_button("closeSeriesButton", "Close the series", icon="close")
        self.plot.indexChosen.connect(lambda index: self.sliceChosen.emit(self._of[1], index))
        close.setProperty("bare", True)
        close.clicked.connect(self.close_series)
        head = QHBoxLayout()
        head.addWidget(self.text, 1)
        head.addWidget(close)
        column = column_of(self, 0)
        column.addLayout(head)
        column.addWidget(self.plot)
        self.hide()
        session.shows(self._follow, "facts.field", "source.axes", "source.coarsen", "source.refine")

    def _follow(self) -> None:
        """Close where another variable is open."""
        if self._of[0] != _variable(self._session):
            self.close_series()

    def show_series(self, pixel: Any) -> None:
        """Show a pixel along a dimension [diffview.gui.jobs.browser.PixelSeries]."""
        labels, units = pixel.labels, written(self._session.facts.field.units)
        texts, x = ((), None) if labels is None else (labels.texts, labels.values)
        self._of = _variable(self._session), pixel.dim
        self.plot.set_series(pixel.series.values, pixel.series.at, units, texts, x)
        self.plot.set_shown(pixel.index)
        self.text.setText(f"pixel at row {pixel.row}, column {pixel.column} along {pixel.dim}")
        self.show()

    def show_index(self, dim: str, index: int) -> None:
        """Mark the slice on screen."""
        if dim == self._of[1]:
            self.plot.set_shown(index)

    def close_series(self) -> None:
        """Close it."""
        if not self.isHidden():
            self.hide()
            self.closed.emit()


def _variable(session: Session) -> tuple[object, ...]:
    """The variable that a series belongs to, whichever of its slices is shown."""
    source, field = session.recipe.source, session.facts.field
    path, dataset = (field.provenance.get(key) for key in ("path", "dataset"))
    return path, dataset, source.axes, source.coarsen, source.refine, field.values.shape
