"""Small pictures of the steps, forward above reverse, over the axis of the timeline; a fork below the run it leaves."""

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.fields.colormaps import Rgb
from diffview.gui.show.film_rows import GUTTER_PX, PARENT, REVERSE, FilmRows
from diffview.gui.theme import theme
from diffview.gui.widgets.film import film_paint as paint
from diffview.gui.widgets.film.film_paint import Picture, Thumbnails

_ROW_PX, _TALLEST_PX = 52, 76


class FilmView(QWidget):
    """Rows of thumbnails, each tied by a thin line to its value on an axis that the caller sets."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = FilmRows(lambda: (self.width(), self.height()), theme.px)
        self._thumbnails = Thumbnails()
        self._active = REVERSE
        self._fork: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Film strip")
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_axis(self, left_px: float, right_px: float, low: float, high: float) -> None:
        """The axis value `low` lies at x = left_px, `high` at x = right_px, both in pixels of this widget."""
        if (left_px, right_px, low, high) != self.rows.axis:
            self.rows.axis = (left_px, right_px, low, high)
            self._lay_out()

    def name_rows(self, names: tuple[str, ...]) -> None:
        """What the rows are called; a row that is a fork says so beside its parent."""
        if names != self.rows.names:
            self.rows.names = names
            self.update()

    def set_row(
        self, row: int, items: Sequence[tuple[float, Picture]], numbers: Sequence[int] = (), total: int = 0
    ) -> None:
        """Replace a row by its steps in order: (axis value, quantised levels uint8 [ny, nx] or a QImage).

        `numbers` says which steps of a run they are, `total` which is its last; without them they are all there are.
        """
        state, rows = self.rows[row], self.rows.order
        state.values, state.numbers, state.total = [float(value) for value, _ in items], list(numbers), total
        state.pictures = [picture for _, picture in items]
        if items:
            first = items[0][1]
            state.shape = (first.height(), first.width()) if isinstance(first, QImage) else first.shape
        if state.current is not None and state.current >= len(items):
            state.current = None
        self._thumbnails.keep(self.rows.pictures())
        if self.rows.order != rows:
            self._restyle()
        self._lay_out()

    def move_row(self, row: int, values: Sequence[float]) -> None:
        """Give the pictures of a row other axis values, as when the schedule is edited."""
        if len(values) != len(self.rows[row].pictures):
            raise ValueError(f"{len(values)} values for {len(self.rows[row].pictures)} pictures")
        self.rows[row].values = [float(value) for value in values]
        self._lay_out()

    def count(self, row: int) -> int:
        """Number of pictures of a row; not all need to be shown."""
        return len(self.rows[row].pictures)

    def current(self, row: int) -> int | None:
        """The highlighted step of a row."""
        return self.rows[row].current

    def set_current(self, row: int, index: int | None) -> None:
        """Highlight a step; emits nothing."""
        state = self.rows[row]
        if index is not None and not 0 <= index < len(state.pictures):
            index = None
        if index != state.current:
            state.current = index
            self._lay_out()

    def set_fork(self, index: int | None) -> None:
        """The step of PARENT at which the run in REVERSE leaves it; it always has a thumbnail."""
        self._fork = index
        self.set_current(PARENT, index)

    def set_colormap(self, rgb: Rgb) -> None:
        """Take the colours of quantised pictures, uint8 [256, 3]."""
        self._thumbnails.set_colormap(rgb)
        self.update()

    def shown(self, row: int) -> list[int]:
        """The steps that have a thumbnail."""
        self.rows.arrange()
        return list(self.rows[row].shown)

    def thumbnail_rect(self, row: int, index: int) -> QRectF:
        """Rectangle of the thumbnail of a shown step."""
        return QRectF(*self.rows.box_of(row, index))

    def sizeHint(self) -> QSize:
        """As many rows as there are."""
        return QSize(theme.px(480), self.rows.height_of(_ROW_PX))

    def minimumSizeHint(self) -> QSize:
        """Low rows."""
        return QSize(theme.px(160), len(self.rows.order) * theme.px(24 + GUTTER_PX))

    def caption(self, row: int) -> tuple[str, float]:
        """The name that stands at a row, "" where it is too low for any, and its length."""
        return paint.caption(self.rows, row)

    def _restyle(self) -> None:
        self._thumbnails.clear()
        self.setMaximumHeight(self.rows.height_of(_TALLEST_PX))
        self.updateGeometry()
        self._lay_out()

    def _lay_out(self) -> None:
        self.rows.changed()
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A new size is a new layout."""
        self.rows.changed()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw all rows."""
        self.rows.arrange()
        painter, ratio = QPainter(self), self.devicePixelRatioF()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in self.rows.order:
            paint.paint_name(painter, self.rows, row, self.height())
            if self.rows[row].pictures:
                paint.paint_row(painter, self.rows, row, lambda picture, box: self._thumbnails.of(picture, box, ratio))
                paint.paint_jumps(painter, self.rows, row)
                if self.hasFocus() and row == self._active:
                    paint.paint_focus(painter, self.rows, row)
            else:
                paint.paint_empty(painter, self.rows, row, self.width())
        paint.paint_fork(painter, self.rows, self._fork)
