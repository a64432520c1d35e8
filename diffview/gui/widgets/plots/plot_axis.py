"""Painted axes: a line, ticks, labels that never overlap, faint grid lines, and the words of a legend."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPen

from diffview.gui.show.lines import Floats
from diffview.gui.show.ticks import PLAIN_DECADES, AxisRoom, Tick, linear_ticks, log_ticks
from diffview.gui.theme import GRID, MEDIUM, RADIUS, SMALL_PX, Palette, theme
from diffview.gui.widgets.ink import ink, write

AXIS_PX = SMALL_PX - 1
TICK_PX = 4
MINOR_TICK_PX = 2
LABEL_GAP = 5
LABEL_ROW = 16


def plot_font(pixels: int = AXIS_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """The font of axes and annotations, with digits of one width so that moving numbers do not jump."""
    return theme.font(pixels, weight, tabular=True)


def pen(palette: Palette, token: str, width: float = 1.0, alpha: int = 255) -> QPen:
    """A solid round-joined pen in a colour of the palette."""
    made = QPen(palette.colour(token, alpha), theme.stroke(width))
    made.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    made.setCapStyle(Qt.PenCapStyle.RoundCap)
    return made


@dataclass
class Axis:
    """One axis. View coordinate u stands for offset + factor u, the log10 of the value if `log`."""

    side: str
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    integers: bool = False
    offset: float = 0.0
    factor: float = 1.0
    label: str = ""
    grid: bool = True
    line: bool = True
    labels: bool = True
    plain: tuple[float, float] = PLAIN_DECADES
    _place: tuple[QRectF, QRectF] | None = field(default=None, init=False)
    _ticks: list[tuple[Tick, float]] | None = field(default=None, init=False)

    @property
    def horizontal(self) -> bool:
        """Whether it lies below the plot."""
        return self.side == "bottom"

    def lay_out(self, box: QRectF, bounds: QRectF) -> None:
        """Take the rectangle `box` of the plot inside a widget `bounds`: the ticks are chosen anew."""
        self._place, self._ticks = (box, bounds), None

    @property
    def ticks(self) -> list[tuple[Tick, float]]:
        """Every tick with its pixel, chosen at the first access: many layouts are never seen."""
        if self._ticks is None:
            self._ticks = [] if self._place is None else self._chosen(*self._place)
        return self._ticks

    @ticks.setter
    def ticks(self, ticks: list[tuple[Tick, float]]) -> None:
        self._ticks = ticks

    def _chosen(self, box: QRectF, bounds: QRectF) -> list[tuple[Tick, float]]:
        room = self._room(box, bounds)
        low, high = sorted((self.offset + self.factor * u) for u in (self.low, self.high))
        made = log_ticks(low, high, room) if self.log else linear_ticks(low, high, room, self.integers)
        return [(t, room.position(t.value)) for t in made]

    @property
    def span(self) -> tuple[object, ...]:
        """Everything that determines positions and texts of the ticks."""
        return self.log, self.low, self.high, self.label, self.offset, self.factor

    def span_scales(self, k: Floats, wavelength_km: Floats | None) -> float:
        """Span log10 k of the rings k > 0, written in km where wavelengths are known.

        Returns k times wavelength in km, 0 without wavelengths.
        """
        rings = k[k > 0]
        self.log, self.low, self.high = True, float(np.log10(rings[0])), float(np.log10(rings[-1]))
        self.label, self.offset, self.factor = "wavenumber, cycles per region", 0.0, 1.0
        if wavelength_km is None:
            return 0.0
        lengths = np.sort(rings * np.asarray(wavelength_km, dtype=float)[k > 0])
        wave = float(lengths[len(lengths) // 2])  # np.median would load numpy.ma: 15 ms of the start
        self.label, self.offset, self.factor = "wavelength, km", float(np.log10(wave)), -1.0
        return wave

    def label_rects(self, box: QRectF, bounds: QRectF) -> list[tuple[str, QRectF]]:
        """Every tick label with its rectangle."""
        room = self._room(box, bounds)
        metrics = QFontMetricsF(plot_font())
        height = metrics.height()
        rects: list[tuple[str, QRectF]] = []
        if not self.labels:
            return rects
        for tick, at in self.ticks:
            if tick.text and self.horizontal:
                start, stop = room.span(tick)
                rects.append((tick.text, QRectF(start, box.bottom() + LABEL_GAP, stop - start, height)))
            elif tick.text:
                width = metrics.horizontalAdvance(tick.text)
                top = max(min(at - height / 2, bounds.bottom() - height), bounds.top())
                left = box.left() - theme.stroke(LABEL_GAP) - 1 - width
                rects.append((tick.text, QRectF(left, top, width, height)))
        return rects

    def paint(self, painter: QPainter, box: QRectF, bounds: QRectF, palette: Palette) -> None:
        """Draw grid lines, the axis line, ticks, tick labels and the axis label."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        grid, major, minor = (
            pen(palette, "line", alpha=120),
            pen(palette, "dim", alpha=150),
            pen(palette, "dim", alpha=110),
        )
        for tick, at in self.ticks:
            if tick.text and self.grid:
                painter.setPen(grid)
                painter.drawLine(*self._segment(at, box, inside=True))
            if self.line:
                painter.setPen(major if tick.text else minor)
                painter.drawLine(
                    *self._segment(at, box, inside=False, length=theme.stroke(TICK_PX if tick.text else MINOR_TICK_PX))
                )
        if self.line:
            painter.setPen(pen(palette, "line"))
            end = box.bottomRight() if self.horizontal else box.topLeft()
            painter.drawLine(box.bottomLeft(), end)
        painter.setFont(plot_font())
        painter.setPen(palette.colour("dim"))
        for text, rect in self.label_rects(box, bounds):
            painter.drawText(rect.adjusted(-2, 0, 2, 0), Qt.AlignmentFlag.AlignCenter, text)
        self._paint_label(painter, box, bounds)

    def label_for(self, length: float) -> str:
        """The label that fits in a length: all of it, "wavelength, km", or its unit, or nothing."""
        metrics = QFontMetricsF(plot_font())
        words = self.label, self.label.partition(", ")[2]
        return next((text for text in words if text and metrics.horizontalAdvance(text) <= length), "")

    def _paint_label(self, painter: QPainter, box: QRectF, bounds: QRectF) -> None:
        row = theme.px(LABEL_ROW)
        along = box.width() if self.horizontal else box.height()
        across = bounds.bottom() - box.bottom() if self.horizontal else box.left()
        text = self.label_for(along)
        if not text or across < 2 * row:
            return
        if self.horizontal:
            rect = QRectF(bounds.left(), bounds.bottom() - row - 1, bounds.width(), row)
            rect.moveCenter(QPointF(max(box.center().x(), rect.width() / 2 - box.left()), rect.center().y()))
            painter.drawText(rect, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignVCenter, text)
            return
        painter.save()
        painter.translate(bounds.left() + row / 2 + 1, box.center().y())
        painter.rotate(-90)
        rect = QRectF(-box.height(), -row / 2, 2 * box.height(), row)
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _segment(self, at: float, box: QRectF, *, inside: bool, length: float = 0.0) -> tuple[QPointF, QPointF]:
        at = round(at)
        if self.horizontal:
            return QPointF(at, box.bottom() + length), QPointF(at, box.top() if inside else box.bottom())
        return QPointF(box.left() - length, at), QPointF(box.right() if inside else box.left(), at)

    def _room(self, box: QRectF, bounds: QRectF) -> AxisRoom:
        metrics = QFontMetricsF(plot_font())
        start, stop = (box.left(), box.right()) if self.horizontal else (box.bottom(), box.top())
        scale = (stop - start) / (self.high - self.low)

        def position(value: float) -> float:
            return start + ((value - self.offset) / self.factor - self.low) * scale

        if self.horizontal:
            spacing = theme.px(24) if self.log else max(theme.px(44), box.width() / 16)
            ends = bounds.left(), bounds.right()
            return AxisRoom(position, metrics.horizontalAdvance, ends, theme.px(10), spacing, self.plain)
        height = metrics.height()
        return AxisRoom(position, lambda _: height, (bounds.top(), bounds.bottom()), 3.0, theme.px(20), self.plain)


Items = Sequence[tuple[str, str]]
STROKE_PX, STROKE_GAP, ITEM_GAP = 12, 6, 14
"""Pixels of a legend: the stroke of a word, the gap after the stroke, and the gap between words."""


def legend_rows(items: Items, width: float) -> list[list[tuple[str, str]]]:
    """Words (text, token) in as few rows as fit in a width, in order."""
    metrics = QFontMetricsF(plot_font(AXIS_PX, MEDIUM))
    rows: list[list[tuple[str, str]]] = [[]]
    used = 0.0
    for text, token in items:
        needed = metrics.horizontalAdvance(text) + theme.stroke(STROKE_PX + STROKE_GAP)
        gap = theme.stroke(ITEM_GAP) if rows[-1] else 0.0
        if rows[-1] and used + gap + needed > width:
            rows.append([])
            used, gap = 0.0, 0.0
        used += needed + gap
        rows[-1].append((text, token))
    return rows


def paint_legend(
    painter: QPainter, right: float, top: float, items: Items, palette: Palette, column: bool = False
) -> None:
    """Write coloured words (text, token) right-aligned in a row or column, each with a stroke of its colour."""
    font = plot_font(AXIS_PX, MEDIUM)
    metrics = QFontMetricsF(font)
    painter.setFont(font)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    x, height = right, metrics.height()
    long, thick, gap = (theme.stroke(length) for length in (STROKE_PX, 2, STROKE_GAP))
    for text, token in items if column else reversed(items):
        width = metrics.horizontalAdvance(text)
        write(painter, QRectF(x - width - 1, top, width + 2, height), text, palette.colour(token))
        stroke = QRectF(x - width - gap - long, top + (height - thick) / 2, long, thick)
        parts = (0.0, 7 / 12) if token == "dim" else (0.0,)  # the dim ones are the dashed ones
        for start in parts:
            end = (start - 7 / 12) * long if len(parts) > 1 else 0
            painter.fillRect(stroke.adjusted(start * long, 0, end, 0), palette.colour(token))
        x, top = (right, top + height) if column else (stroke.left() - theme.stroke(ITEM_GAP), top)


def paint_message(painter: QPainter, box: QRectF, message: str, palette: Palette) -> None:
    """A sentence in the middle of an empty plot."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    font = plot_font(SMALL_PX)
    flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
    inner = box.adjusted(GRID * 2, GRID, -GRID * 2, -GRID)
    text = QFontMetricsF(font).boundingRect(inner, int(flags), message)
    ink(painter, pen(palette, "line"), palette.colour("raised"))
    painter.drawRoundedRect(text.adjusted(-12, -7, 12, 7), RADIUS, RADIUS)
    painter.setPen(palette.colour("text"))
    painter.setFont(font)
    painter.drawText(inner, int(flags), message)
