"""Small pictures of the steps, forward above reverse, over the axis of the timeline; a fork below the run it leaves."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
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
from diffview.gui.widgets.film_layout import arranged, chosen
from diffview.gui.widgets.raster import Rgb, indexed_image

Picture = NDArray[np.uint8] | QImage
FORWARD, REVERSE, PARENT = 0, 1, 2
"""Rows; PARENT is there while the run in REVERSE is a fork, between the two others."""

_TOKENS = ("forward", "reverse", "reverse")
_NAMES = ("forward", "reverse", "parent")
_SHORT = ("fwd", "rev", "run")
"""What they are called in rows too low for their names."""
_EMPTY = ("Open a field to see it drown in noise", "Run to record the reverse steps", "")
_GUTTER_PX = 10
_GAP_PX = 6
_ROW_PX = 52
_TALLEST_PX = 76
_NAME_PX = 10


@dataclass
class _Row:
    """What one row shows, and where."""

    values: list[float] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    current: int | None = None
    empty: str = ""
    shown: list[int] = field(default_factory=list)
    boxes: list[QRectF] = field(default_factory=list)


class FilmStrip(QWidget):
    """Rows of thumbnails, each tied by a thin line to its place on an axis that the caller sets.

    Signals:
        picked: the user clicked or dragged to step `index` of row `row`.
        menuAsked: the user asked what can be done with step `index` of row `row`, at a point of the screen.
    """

    picked = Signal(int, int)
    menuAsked = Signal(int, int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows = tuple(_Row(empty=text) for text in _EMPTY)
        self._axis: tuple[float, float, float, float] | None = None
        self._rgb: Rgb = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
        self._pixmaps: dict[tuple[int, int, int], tuple[Picture, QPixmap]] = {}
        self._active = REVERSE
        self._fork: int | None = None
        self._dirty = True
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
        if (left_px, right_px, low, high) != self._axis:
            self._axis = (left_px, right_px, low, high)
            self._lay_out()

    def set_row(self, row: int, items: Sequence[tuple[float, Picture]]) -> None:
        """Replace a row by its steps in order: (axis value, quantised levels uint8 [ny, nx] or a QImage)."""
        state, rows = self._rows[row], self._order
        state.values = [float(value) for value, _ in items]
        state.pictures = [picture for _, picture in items]
        if state.current is not None and state.current >= len(items):
            state.current = None
        kept = {id(picture) for r in self._rows for picture in r.pictures}
        self._pixmaps = {key: found for key, found in self._pixmaps.items() if key[0] in kept}
        if self._order != rows:
            self._restyle()
        self._lay_out()

    def move_row(self, row: int, values: Sequence[float]) -> None:
        """Give the pictures of a row other axis values, as when the schedule is edited."""
        if len(values) != len(self._rows[row].pictures):
            raise ValueError(f"{len(values)} values for {len(self._rows[row].pictures)} pictures")
        self._rows[row].values = [float(value) for value in values]
        self._lay_out()

    def count(self, row: int) -> int:
        """How many pictures a row has; not all need to be shown."""
        return len(self._rows[row].pictures)

    def current(self, row: int) -> int | None:
        """The highlighted step of a row."""
        return self._rows[row].current

    def set_current(self, row: int, index: int | None) -> None:
        """Highlight a step; emits nothing."""
        state = self._rows[row]
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
        """What an empty row says."""
        self._rows[row].empty = text
        self.update()

    def shown(self, row: int) -> list[int]:
        """The steps that have a thumbnail."""
        self._arrange()
        return list(self._rows[row].shown)

    def thumbnail_rect(self, row: int, index: int) -> QRectF:
        """Where the thumbnail of a shown step lies."""
        self._arrange()
        state = self._rows[row]
        return QRectF(state.boxes[state.shown.index(index)])

    def sizeHint(self) -> QSize:
        """As many rows as there are."""
        return QSize(theme.px(480), self._height_of(_ROW_PX))

    def minimumSizeHint(self) -> QSize:
        """Low rows."""
        return QSize(theme.px(160), len(self._order) * theme.px(24 + _GUTTER_PX))

    @property
    def _order(self) -> tuple[int, ...]:
        """The rows from the top."""
        return (FORWARD, PARENT, REVERSE) if self._rows[PARENT].pictures else (FORWARD, REVERSE)

    def _height_of(self, row_px: int) -> int:
        count = len(self._order)
        return count * theme.px(row_px + _GUTTER_PX) + (count - 1) * theme.px(_GAP_PX)

    # Layout -----------------------------------------------------------------------------------------------------

    def _restyle(self) -> None:
        self._pixmaps.clear()
        self.setMaximumHeight(self._height_of(_TALLEST_PX))
        self.updateGeometry()
        self._lay_out()

    def _lay_out(self) -> None:
        self._dirty = True
        self.update()

    def event(self, event: QEvent) -> bool:
        """A new size is a new layout; a tooltip says what a thumbnail is."""
        if event.type() == QEvent.Type.Resize:
            self._dirty = True
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos()), self)
            return True
        return bool(super().event(event))

    def _x_of(self, value: float) -> float:
        left, right, low, high = self._axis or (0.0, float(self.width()), 0.0, 1.0)
        return left + (value - low) / ((high - low) or 1.0) * (right - left)

    def _band(self, row: int) -> QRectF:
        """The row without its gutter."""
        gutter, gap, count = theme.px(_GUTTER_PX), theme.px(_GAP_PX), len(self._order)
        height = (self.height() - (count - 1) * gap - count * gutter) / count
        place = self._order.index(row) if row in self._order else 0
        return QRectF(0, gutter + place * (height + gutter + gap), self.width(), max(height, 4.0))

    def _arrange(self) -> None:
        if not self._dirty:
            return
        self._dirty = False
        for row, state in enumerate(self._rows):
            band = self._band(row)
            if not state.pictures:
                state.shown, state.boxes = [], []
                continue
            side = min(int(band.height()) - 2, self.width() // 3)
            ny, nx = _shape(state.pictures[0])
            width = max(round(side * min(max(nx / max(ny, 1), 0.5), 2.0)), 4)
            gap = theme.px(_GAP_PX) - 2
            ends = [self._x_of(value) for value in (state.values[0], state.values[-1])]
            span = abs(ends[1] - ends[0]) + 2 * width  # a picture lies near its place, or it is left out
            room = max(int((min(self.width() - 2, span) + gap) // (width + gap)), 1)
            state.shown = chosen(len(state.pictures), room, state.current)
            wishes = [self._x_of(state.values[i]) for i in state.shown]
            low, high = 1 + width / 2, self.width() - 1 - width / 2
            centres = arranged(wishes, width + gap, low, high)
            state.boxes = [QRectF(round(c - width / 2), round(band.y()) + 1, width, side) for c in centres]

    def _index_at(self, row: int, x: float) -> int | None:
        """The step under `x`, between thumbnails too: every step can be reached by dragging."""
        self._arrange()
        state = self._rows[row]
        if not state.shown:
            return None
        places = self._scrub or self._places(state)
        between = round(float(np.interp(x, [p for p, _ in places], [i for _, i in places])))
        inside = (i for box, i in zip(state.boxes, state.shown, strict=True) if box.left() <= x <= box.right())
        return between if self._scrub else next(inside, between)

    def _places(self, state: _Row) -> list[tuple[float, int]]:
        """(x, step) of the thumbnails, from the left."""
        return sorted(zip((box.center().x() for box in state.boxes), state.shown, strict=True))

    def _row_at(self, y: float) -> int:
        above = theme.px(_GUTTER_PX)
        return next(
            row for row in (*reversed(self._order), FORWARD) if row == FORWARD or y >= self._band(row).y() - above
        )

    def tip_at(self, point: QPoint) -> str:
        """The tooltip at a point: the step and, where steps are left out, how many are shown."""
        row = self._row_at(point.y())
        state, index = self._rows[row], self._index_at(row, point.x())
        if index is None:
            return state.empty
        text = f"{self._name(row).capitalize()} step {index} of {len(state.pictures) - 1}, at {state.values[index]:.6g}"
        if len(state.shown) < len(state.pictures):
            text += f"\nShown: {_share(state.shown, len(state.pictures))}. Drag to reach every step."
        return text

    # Painting ---------------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both rows."""
        self._arrange()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row in self._order:
            state = self._rows[row]
            self._paint_name(painter, row)
            if state.pictures:
                self._paint_row(painter, row, state)
            else:
                self._paint_empty(painter, row, state)
        self._paint_fork(painter)

    def _name(self, row: int) -> str:
        return "fork" if row == REVERSE and PARENT in self._order else _NAMES[row]

    def _paint_fork(self, painter: QPainter) -> None:
        """Where the fork leaves its parent: from the step they share to the first of its own."""
        parent, own = self._rows[PARENT], self._rows[REVERSE]
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
        room = self._band(row).height() + theme.px(_GUTTER_PX)
        for name in (long, long if long == "fork" else _SHORT[row]):
            if (length := metrics.horizontalAdvance(name)) <= room:
                return name, length
        return "", 0.0

    def _paint_name(self, painter: QPainter, row: int) -> None:
        """The row's name, upright at the left edge, where it or its short form fits."""
        band, font = self._band(row), theme.font(_NAME_PX)
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

    def _paint_row(self, painter: QPainter, row: int, state: _Row) -> None:
        accent, band = theme.colour(_TOKENS[row]), self._band(row)
        top = band.y() - theme.px(_GUTTER_PX)
        for pass_current in (False, True):
            for box, index in zip(state.boxes, state.shown, strict=True):
                if (index == state.current) != pass_current:
                    continue
                pen = QPen(accent, 1.5) if pass_current else QPen(theme.colour(_TOKENS[row], 110), 1.0)
                painter.setPen(pen)
                x = self._x_of(state.values[index])
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

    def _paint_empty(self, painter: QPainter, row: int, state: _Row) -> None:
        left, right = (self._axis[0], self._axis[1]) if self._axis else (1.0, self.width() - 1.0)
        box = self._band(row).adjusted(0, 1, 0, -1)
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
        found = self._pixmaps.get(key)
        if found is None:
            image = picture if isinstance(picture, QImage) else indexed_image(picture, self._rgb)
            small = image.width() < width
            mode = Qt.TransformationMode.FastTransformation if small else Qt.TransformationMode.SmoothTransformation
            made = QPixmap.fromImage(image.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, mode))
            made.setDevicePixelRatio(ratio)
            found = self._pixmaps[key] = (picture, made)
        return found[1]

    # Mouse and keys ---------------------------------------------------------------------------------------------

    def _pick(self, row: int, index: int | None) -> None:
        if index is not None and index != self._rows[row].current:
            self.set_current(row, index)
            self.picked.emit(row, index)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go to a step."""
        if event.button() == Qt.MouseButton.LeftButton:
            row = self._active = self._row_at(event.position().y())
            index = self._index_at(row, event.position().x())
            self._dragging, self._scrub = row, self._places(self._rows[row])  # thumbnails may change while dragging
            self._pick(row, index)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub along the row."""
        row = self._row_at(event.position().y()) if self._dragging is None else self._dragging
        self.setCursor(Qt.CursorShape.PointingHandCursor if self._rows[row].pictures else Qt.CursorShape.ArrowCursor)
        if self._dragging is not None:
            self._pick(self._dragging, self._index_at(self._dragging, event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._dragging, self._scrub = None, []

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of a step: the one under the pointer, or by key the highlighted one."""
        row, index = self._active, self._rows[self._active].current
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            row = self._row_at(event.pos().y())
            index = self._index_at(row, event.pos().x())
        if index is not None:
            self.menuAsked.emit(row, index, event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right step towards that side, up and down change the row."""
        key, row = event.key(), self._active
        state = self._rows[row]
        if key in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            place = self._order.index(row) + (1 if key == Qt.Key.Key_Down else -1)
            self._active = self._order[min(max(place, 0), len(self._order) - 1)]
            self.update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and state.pictures:
            rising = state.values[-1] >= state.values[0]
            step = 1 if (key == Qt.Key.Key_Right) == rising else -1
            start = 0 if state.current is None else state.current + step
            self._pick(row, min(max(start, 0), len(state.pictures) - 1))
        else:
            super().keyPressEvent(event)


def _shape(picture: Picture) -> tuple[int, int]:
    return (picture.height(), picture.width()) if isinstance(picture, QImage) else picture.shape


def _share(shown: Sequence[int], count: int) -> str:
    """How much of a row is shown, in words."""
    every = max(round((count - 1) / max(len(shown) - 1, 1)), 1)
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(every % 10 if every % 100 not in (11, 12, 13) else 0, "th")
    return f"every {every}{suffix} of {count} steps" if every > 1 else f"{len(shown)} of {count} steps"
