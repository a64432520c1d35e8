"""A plot over the noise axis with a playhead: drag it, or click anywhere, to scrub."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPainterPath
from PySide6.QtWidgets import QWidget

from diffview.fields.numbers import decimal
from diffview.gui.theme import LIGHT, SEMIBOLD, Palette, theme
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.plots.plot_axis import AXIS_PX, pen, plot_font
from diffview.gui.widgets.plots.plot_base import Overlay, PlotBase

GRIP_PX = 6.0
TAG_HEIGHT = 17.0
TAG_REACH = 64.0
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}


class Playhead(Overlay):
    """A vertical line with a tag that has its value; hollow while it does not follow the run."""

    def __init__(self, plot: "TimePlot", tagged: bool) -> None:
        super().__init__(plot, z=50)
        self.tagged = tagged
        self.text = ""
        self.detached = False
        self.hovered = False

    def bounds(self) -> QRectF:
        """A strip around the line, as wide as the tag may reach."""
        half = theme.px(TAG_REACH) if self.tagged else theme.stroke(4.0)
        return QRectF(-half, 0, 2 * half, self.plot.height())

    def tag_rect(self) -> QRectF:
        """The tag, in the item's own pixels, kept inside the widget and beside what stands in its row."""
        width = QFontMetricsF(self._font()).horizontalAdvance(self.text) + theme.stroke(14)
        x = self.pos().x()
        left = max(min(-width / 2, self.plot.width() - 1 - width - x), self.plot.tags_from() - x)
        height = theme.px(TAG_HEIGHT)
        return QRectF(left, self.plot.plot_rect.top() - height - 4, width, height)

    def draw(self, painter: QPainter, palette: Palette) -> None:
        """Line, then tag; without a tag it crosses a pale map, and is dark with a light rim in either theme."""
        box = self.plot.plot_rect
        width = 2.0 if self.hovered or self.plot.hasFocus() else 1.5
        ends = QPointF(0, box.top() - 2 * self.tagged), QPointF(0, box.bottom())
        if not self.tagged:
            painter.setPen(pen(LIGHT, "panel", width + 2, 170))
            painter.drawLine(*ends)
        line = pen(palette if self.tagged else LIGHT, "text", width)
        line.setCapStyle(Qt.PenCapStyle.FlatCap)
        if self.detached:
            line.setDashPattern([3, 3])
        painter.setPen(line)
        painter.drawLine(*ends)
        if self.tagged:
            self._draw_tag(painter, palette, self.tag_rect())

    def _draw_tag(self, painter: QPainter, palette: Palette, tag: QRectF) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(tag, 4, 4)
        beak = QPainterPath()
        beak.moveTo(-4, tag.bottom() - 1)
        beak.lineTo(4, tag.bottom() - 1)
        beak.lineTo(0, tag.bottom() + 4)
        beak.closeSubpath()
        ink(
            painter,
            pen(palette, "reverse", 2.0) if self.plot.hasFocus() else pen(palette, "text", 1.0),
            palette.colour("panel" if self.detached else "text"),
        )
        painter.drawPath(shape.united(beak))
        painter.setPen(palette.colour("text" if self.detached else "panel"))
        painter.setFont(self._font())
        painter.drawText(tag, Qt.AlignmentFlag.AlignCenter, self.text)

    @staticmethod
    def _font() -> QFont:
        return plot_font(AXIS_PX, SEMIBOLD)


class TimePlot(PlotBase):
    """x is t in [0, 1], written as 0..T, or ln s; the playhead stands on it."""

    playheadMoved = Signal(float)

    def __init__(
        self, name: str, margins: tuple[int, int, int, int], tagged: bool, parent: QWidget | None = None
    ) -> None:
        """Name and margins as in PlotBase; `tagged` gives the playhead its tag."""
        super().__init__(name, margins, parent)
        self.chain_length = 1000
        self.x_kind = "t"
        self.playhead = Playhead(self, tagged)
        self.playhead_x = 0.0
        self._grip: float | None = None
        self.set_x_axis("t")

    def set_chain_length(self, length: int) -> None:
        """Write t = 1 as `length`."""
        if length != self.chain_length:
            self.chain_length = length
            self.set_x_axis(self.x_kind, self.x_axis.low, self.x_axis.high)

    def set_x_axis(self, kind: str, low: float = 0.0, high: float = 1.0) -> None:
        """Take x as "t" or "ln_s" over [low, high]; every x, in or out, is in these units."""
        factor = float(self.chain_length) if kind == "t" else 1.0
        asked, now = (kind, low, high, factor), (self.x_kind, self.x_axis.low, self.x_axis.high, self.x_axis.factor)
        if asked == now and self.x_axis.integers == (kind == "t"):
            return
        self.x_kind = kind
        self.x_axis.integers = kind == "t"
        self.x_axis.factor = factor
        self.set_ranges(x=(low, high))
        self.set_playhead(self.playhead_x)
        self.axisChanged.emit()

    def set_playhead(self, x: float) -> None:
        """Move the playhead to x."""
        text, pixel = self.x_text(x), round(self.to_pixel(x, self.y_axis.low).x()) + 0.5
        self.playhead_x = x
        if (text, pixel) != (self.playhead.text, self.playhead.pos().x()):
            self.playhead.text = text
            self.playhead.setPos(pixel, 0)
            self.playhead.update()

    def set_detached(self, detached: bool) -> None:
        """Draw the playhead hollow: it does not follow the run."""
        self.playhead.detached = detached
        self.playhead.update()

    def x_text(self, x: float) -> str:
        """A position on the axis as text: "t 420" or "ln s -0.31"."""
        if self.x_kind == "t":
            return f"t {decimal(x * self.chain_length)}"
        return f"ln s {decimal(x, 2)}"

    def tags_from(self) -> float:
        """Where the row of the tag begins, in pixels."""
        return 1.0

    def lay_out(self) -> None:
        """Keep the playhead on its value."""
        super().lay_out()
        self.playhead.prepareGeometryChange()
        self.set_playhead(self.playhead_x)

    # -- scrubbing

    def on_playhead(self, point: QPointF) -> bool:
        """Whether a press at `point` grabs the line or its tag."""
        tag = self.playhead.tag_rect().translated(self.playhead.pos())
        near = abs(point.x() - self.playhead.pos().x()) <= GRIP_PX
        return near or (self.playhead.tagged and tag.contains(point))

    def start_scrub(self, point: QPointF) -> None:
        """Grab the playhead, or move it to `point`."""
        held = self.on_playhead(point)
        self._grip = self.playhead.pos().x() - point.x() if held else 0.0
        if not held:
            self.scrub(point)

    def scrub(self, point: QPointF) -> None:
        """Move with the pointer, inside the axis."""
        x, _ = self.from_pixel(QPointF(point.x() + (self._grip or 0.0), point.y()))
        self.jump(x)

    def jump(self, x: float) -> None:
        """Move to x, clipped to the axis, and signal it."""
        x = min(max(x, self.x_axis.low), self.x_axis.high)
        if x != self.playhead_x:
            self.set_playhead(x)
            self.playheadMoved.emit(x)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Left button: scrub."""
        if event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.start_scrub(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Scrub, or show what a press would do."""
        if self._grip is not None:
            self.scrub(event.position())
        else:
            self.hover(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the scrub."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._grip = None
            self.hover(event.position())
        event.accept()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Count as a second press."""
        self.mousePressEvent(event)

    def hover(self, point: QPointF) -> None:
        """Show by cursor and weight what is under the pointer."""
        over = self.on_playhead(point)
        self.viewport().setCursor(Qt.CursorShape.SizeHorCursor if over else Qt.CursorShape.ArrowCursor)
        if over != self.playhead.hovered:
            self.playhead.hovered = over
            self.playhead.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the plot has the focus."""
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the focus is lost."""
        super().focusOutEvent(event)
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and Right step by 1/T (10/T with Shift), Home and End jump."""
        key = Qt.Key(event.key())
        span = self.x_axis.high - self.x_axis.low
        steps = 10 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1
        if key in STEPS:
            nearest = round((self.playhead_x - self.x_axis.low) * self.chain_length / span)
            self.jump(self.x_axis.low + (nearest + STEPS[key] * steps) * span / self.chain_length)
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.jump(self.x_axis.low if key is Qt.Key.Key_Home else self.x_axis.high)
        else:
            event.ignore()
