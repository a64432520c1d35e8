"""Small pictures of the steps, forward above reverse, over the axis of the timeline; a fork below the run it leaves."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.film.film_rows import GUTTER_PX, PARENT, REVERSE, FilmRow, FilmRows, Picture
from diffview.gui.widgets.images.raster import Rgb, indexed_image
from diffview.gui.widgets.small.text import literal

_TOKENS = ("forward", "reverse", "reverse")
_NAMES = ("forward", "reverse", "parent")
_SHORT = ("fwd", "rev", "run")
"""Names in rows too low for the full ones."""
_EMPTY = ("Open a field to see noise put into it", "Run to record the reverse steps", "")
_ROW_PX, _TALLEST_PX, _NAME_PX = 52, 76, 10


class FilmStrip(QWidget):
    """Rows of thumbnails, each tied by a thin line to its value on an axis that the caller sets.

    Signals:
        picked: the user clicked or dragged to step `index` of row `row`.
        menuAsked: the user asked for the menu of step `index` of row `row`, at a point of the screen.
    """

    picked = Signal(int, int)
    menuAsked = Signal(int, int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = FilmRows(_EMPTY, self.size)
        self._rgb: Rgb = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        self._pixmaps: dict[tuple[int, int, int], tuple[Picture, QPixmap]] = {}
        self._active = REVERSE
        self._fork: int | None = None
        self._dragging: int | None = None
        self._scrub: list[tuple[float, int]] = []
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName("Film strip")
        theme.changed.connect(self._restyle)
        self._restyle()

    def set_axis(self, left_px: float, right_px: float, low: float, high: float) -> None:
        """The axis value `low` lies at x = left_px, `high` at x = right_px, both in pixels of this widget."""
        if (left_px, right_px, low, high) != self.rows.axis:
            self.rows.axis = (left_px, right_px, low, high)
            self._lay_out()

    def set_row(self, row: int, items: Sequence[tuple[float, Picture]]) -> None:
        """Replace a row by its steps in order: (axis value, quantised levels uint8 [ny, nx] or a QImage)."""
        state, rows = self.rows[row], self.rows.order
        state.values = [float(value) for value, _ in items]
        state.pictures = [picture for _, picture in items]
        if state.current is not None and state.current >= len(items):
            state.current = None
        kept = {id(picture) for picture in self.rows.pictures()}
        self._pixmaps = {key: known for key, known in self._pixmaps.items() if key[0] in kept}
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
        self._rgb = rgb
        self._pixmaps.clear()
        self.update()

    def set_empty_text(self, row: int, text: str) -> None:
        """Set the text of an empty row."""
        self.rows[row].empty = text
        self.update()

    def shown(self, row: int) -> list[int]:
        """The steps that have a thumbnail."""
        self.rows.arrange()
        return list(self.rows[row].shown)

    def thumbnail_rect(self, row: int, index: int) -> QRectF:
        """Rectangle of the thumbnail of a shown step."""
        self.rows.arrange()
        state = self.rows[row]
        return QRectF(state.boxes[state.shown.index(index)])

    def sizeHint(self) -> QSize:
        """As many rows as there are."""
        return QSize(theme.px(480), self.rows.height_of(_ROW_PX))

    def minimumSizeHint(self) -> QSize:
        """Low rows."""
        return QSize(theme.px(160), len(self.rows.order) * theme.px(24 + GUTTER_PX))

    # Layout -----------------------------------------------------------------------------------------------------

    def _restyle(self) -> None:
        self._pixmaps.clear()
        self.setMaximumHeight(self.rows.height_of(_TALLEST_PX))
        self.updateGeometry()
        self._lay_out()

    def _lay_out(self) -> None:
        self.rows.changed()
        self.update()

    def event(self, event: QEvent) -> bool:
        """A new size is a new layout; a tooltip says what a thumbnail is."""
        if event.type() == QEvent.Type.Resize:
            self.rows.changed()
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), literal(self.tip_at(event.pos())), self)
            return True
        return bool(super().event(event))

    def tip_at(self, point: QPoint) -> str:
        """The tooltip at a point: the step and, where steps are left out, how many are shown."""
        row = self.rows.row_at(point.y())
        state, index = self.rows[row], self.rows.index_at(row, point.x(), self._scrub)
        if index is None:
            return state.empty
        text = f"{self._name(row).capitalize()} step {index} of {len(state.pictures) - 1}, at {state.values[index]:.6g}"
        if len(state.shown) < len(state.pictures):
            text += f"\nShown: {_share(state.shown, len(state.pictures))}. Drag to reach every step."
        return text

    # Painting ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both rows."""
        self.rows.arrange()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in self.rows.order:
            state = self.rows[row]
            self._paint_name(painter, row)
            if state.pictures:
                self._paint_row(painter, row, state)
            else:
                self._paint_empty(painter, row, state)
        self._paint_fork(painter)

    def _name(self, row: int) -> str:
        return "fork" if row == REVERSE and PARENT in self.rows.order else _NAMES[row]

    def _paint_fork(self, painter: QPainter) -> None:
        """Where the fork leaves its parent: from the step they share to the first of its own."""
        parent, own = self.rows[PARENT], self.rows[REVERSE]
        if self._fork not in parent.shown or not own.boxes:
            return
        start = parent.boxes[parent.shown.index(self._fork)]
        end = own.boxes[own.shown.index(0)] if 0 in own.shown else own.boxes[0]
        pen = QPen(theme.colour("reverse"), 1.5)
        pen.setDashPattern([2, 2])
        painter.setPen(pen)
        low, high = QPointF(start.center().x(), start.bottom()), QPointF(end.center().x(), end.top())
        painter.drawLine(low, high)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("reverse"))
        painter.drawEllipse(low, theme.px(3), theme.px(3))

    def caption(self, row: int) -> tuple[str, float]:
        """The name that stands at a row, "" where it is too low for any, and its length."""
        metrics = QFontMetricsF(theme.font(_NAME_PX))
        long = self._name(row)
        room = self.rows.band(row).height() + theme.px(GUTTER_PX)
        for name in (long, long if long == "fork" else _SHORT[row]):
            if (length := metrics.horizontalAdvance(name)) <= room:
                return name, length
        return "", 0.0

    def _paint_name(self, painter: QPainter, row: int) -> None:
        """The row's name, upright at the left edge, where it or its short form fits."""
        band, font = self.rows.band(row), theme.font(_NAME_PX)
        name, length = self.caption(row)
        if not name:
            return
        painter.save()
        painter.setFont(font)
        painter.setPen(theme.colour(_TOKENS[row]))
        painter.translate(0, min(band.center().y(), self.height() - length / 2 - 1))  # the lowest ends at the edge
        painter.rotate(-90)
        room = QRectF(-band.height(), 0, 2 * band.height(), theme.px(_NAME_PX + 3))
        painter.drawText(room, Qt.AlignmentFlag.AlignCenter, name)
        painter.restore()

    def _paint_row(self, painter: QPainter, row: int, state: FilmRow) -> None:
        accent, band = theme.colour(_TOKENS[row]), self.rows.band(row)
        top = band.y() - theme.px(GUTTER_PX)
        for pass_current in (False, True):
            for box, index in zip(state.boxes, state.shown, strict=True):
                if (index == state.current) != pass_current:
                    continue
                pen = QPen(accent, 1.5) if pass_current else QPen(theme.colour(_TOKENS[row], 110), 1.0)
                painter.setPen(pen)
                x = self.rows.x_of(state.values[index])
                painter.drawLine(QPointF(x, top), QPointF(x, top + 2))
                painter.drawLine(QPointF(x, top + 2), QPointF(box.center().x(), box.top()))
                painter.drawPixmap(box.toRect(), self._pixmap(state.pictures[index], box))
                painter.setBrush(Qt.BrushStyle.NoBrush)
                if pass_current:
                    painter.setPen(QPen(accent, 2.0))
                    painter.drawRoundedRect(box.adjusted(0, 0, 0, 0), 3, 3)
        if self.hasFocus() and row == self._active:
            painter.setPen(QPen(theme.colour(_TOKENS[row], 130), 1.0))
            painter.drawRoundedRect(band.adjusted(0.5, -0.5, -0.5, 0.5), 4, 4)

    def _paint_empty(self, painter: QPainter, row: int, state: FilmRow) -> None:
        left, right = (self.rows.axis[0], self.rows.axis[1]) if self.rows.axis else (1.0, self.width() - 1.0)
        box = self.rows.band(row).adjusted(0, 1, 0, -1)
        box = QRectF(left + 0.5, round(box.y()) + 0.5, right - left - 1, round(box.height()) - 1)
        pen = QPen(theme.colour("line"), 1.0)
        pen.setDashPattern([4, 4])
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box, 4, 4)
        font = theme.font(SMALL_PX)
        painter.setFont(font)
        width = QFontMetricsF(font).horizontalAdvance(state.empty)
        radius = theme.px(3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour(_TOKENS[row], 170))
        painter.drawEllipse(QPointF(box.center().x() - width / 2 - 3 * radius, box.center().y()), radius, radius)
        painter.setPen(theme.colour("dim"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, state.empty)

    def _pixmap(self, picture: Picture, box: QRectF) -> QPixmap:
        ratio = self.devicePixelRatioF()
        width, height = round(box.width() * ratio), round(box.height() * ratio)
        key = (id(picture), width, height)
        known = self._pixmaps.get(key)
        if known is None:
            image = picture if isinstance(picture, QImage) else indexed_image(picture, self._rgb)
            small = image.width() < width
            mode = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
            made = QPixmap.fromImage(image.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, mode))
            made.setDevicePixelRatio(ratio)
            known = self._pixmaps[key] = (picture, made)
        return known[1]

    # Mouse and keys ---------------------------------------------------------------------------------------------

    def _pick(self, row: int, index: int | None) -> None:
        if index is not None and index != self.rows[row].current:
            self.set_current(row, index)
            self.picked.emit(row, index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to a step."""
        if event.button() == Qt.MouseButton.LeftButton:
            row = self._active = self.rows.row_at(event.position().y())
            index = self.rows.index_at(row, event.position().x())
            self._dragging, self._scrub = row, self.rows.centres(row)  # thumbnails may change while dragging
            self._pick(row, index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub along the row."""
        row = self.rows.row_at(event.position().y()) if self._dragging is None else self._dragging
        self.setCursor(Qt.CursorShape.PointingHandCursor if self.rows[row].pictures else Qt.CursorShape.ArrowCursor)
        if self._dragging is not None:
            self._pick(self._dragging, self.rows.index_at(self._dragging, event.position().x(), self._scrub))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._dragging, self._scrub = None, []

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of a step: the one under the pointer, or by key the highlighted one."""
        row, index = self._active, self.rows[self._active].current
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            row = self.rows.row_at(event.pos().y())
            index = self.rows.index_at(row, event.pos().x())
        if index is not None:
            self.menuAsked.emit(row, index, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right step towards that side, up and down change the row."""
        key, row = event.key(), self._active
        state = self.rows[row]
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            index = self.rows.order.index(row) + (1 if key == Qt.Key.Key_Down else -1)
            self._active = self.rows.order[min(max(index, 0), len(self.rows.order) - 1)]
            self.update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and state.pictures:
            rising = state.values[-1] >= state.values[0]
            step = 1 if (key == Qt.Key.Key_Right) == rising else -1
            start = 0 if state.current is None else state.current + step
            self._pick(row, min(max(start, 0), len(state.pictures) - 1))
        else:
            super().keyPressEvent(event)


def _share(shown: Sequence[int], count: int) -> str:
    """How much of a row is shown, in words."""
    every = max(round((count - 1) / max(len(shown) - 1, 1)), 1)
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(every % 10 if every % 100 not in (11, 12, 13) else 0, "th")
    return f"every {every}{suffix} of {count} steps" if every > 1 else f"{len(shown)} of {count} steps"
