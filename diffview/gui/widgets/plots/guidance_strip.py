"""Where on the noise axis a run is led by observations, and how strongly: a band whose ends and height are dragged."""

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.fields.numbers import number
from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.ink import ink, write

HEIGHT_PX, BAR_PX, HANDLE_PX, REACH_PX = 22, 14, 5, 9
DOUBLING_PX = 40
"""Pixels up that double the strength."""

APART = 0.01
"""Share of the axis that lies between the ends at least."""

FROM, TO = "led_from", "led_to"
"""The upper and the lower end."""


class GuidanceStrip(QWidget):
    """A bar under the timeline, on its axis.

    Signals:
        endMoved: FROM or TO, and its share of the axis, 0 to 1.
        strengthMoved: the strength that it is pulled to.
        dropped: what was dragged was let go.
    """

    endMoved = Signal(str, float)
    strengthMoved = Signal(float)
    dropped = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.low, self.high, self.strength = 0.0, 1.0, 1.0
        self._left = self._right = 0.0
        self._held = ""
        self._pressed, self._before = QPointF(), 1.0
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.setFixedHeight(theme.px(HEIGHT_PX))
        self.update()

    def set_axis(self, left: float, right: float) -> None:
        """Take the pixels in which the axis begins and ends."""
        self._left, self._right = left, right
        self.update()

    def show_band(self, low: float, high: float, strength: float) -> None:
        """Show the ends as shares of the axis, and the strength; emits nothing."""
        self.low, self.high, self.strength = low, high, strength
        self.setAccessibleDescription(f"strength {number(strength)}")
        self.update()

    def bar(self) -> QRectF:
        """The band in pixels."""
        wide, high = self._right - self._left, theme.px(BAR_PX)
        left = self._left + self.low * wide
        return QRectF(left, (self.height() - high) / 2, max((self.high - self.low) * wide, 2.0), high)

    def _at(self, x: float) -> str:
        """What a press at x takes hold of."""
        bar, reach = self.bar(), theme.px(REACH_PX)
        near = {FROM: abs(x - bar.right()), TO: abs(x - bar.left())}
        end = min(near, key=near.__getitem__)
        return end if near[end] <= reach else "strength" if bar.left() < x < bar.right() else ""

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of an end, or of the band."""
        if event.button() is Qt.MouseButton.LeftButton:
            self._held, self._pressed, self._before = self._at(event.position().x()), event.position(), self.strength

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what is held, or show by the cursor what a press would take."""
        at = event.position()
        if not self._held:
            shapes = {"": Qt.CursorShape.ArrowCursor, "strength": Qt.CursorShape.SizeVerCursor}
            self.setCursor(shapes.get(self._at(at.x()), Qt.CursorShape.SizeHorCursor))
        elif self._held == "strength":
            self.strengthMoved.emit(float(self._before * 2 ** ((self._pressed.y() - at.y()) / theme.px(DOUBLING_PX))))
        else:
            share = (at.x() - self._left) / max(self._right - self._left, 1.0)
            least, most = (self.low + APART, 1.0) if self._held == FROM else (0.0, self.high - APART)
            self.endMoved.emit(self._held, min(max(share, least), most))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._held and event.button() is Qt.MouseButton.LeftButton:
            self._held = ""
            self.dropped.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The axis, the band, its handles and its strength."""
        painter, palette, bar = QPainter(self), theme.palette, self.bar()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        ink(painter, None, palette.colour("edge"))
        for left, right in ((self._left, bar.left()), (bar.right(), self._right)):  # not through the words in the bar
            painter.drawRect(QRectF(left, self.height() / 2 - 1, right - left, 2))
        painter.setBrush(palette.colour("reverse", 70))
        painter.drawRoundedRect(bar, 4, 4)
        radius = theme.px(HANDLE_PX)
        painter.setBrush(palette.colour("reverse"))
        for x in (bar.left(), bar.right()):
            painter.drawEllipse(QPointF(x, bar.center().y()), radius, radius)
        painter.setFont(theme.font(SMALL_PX - 1, tabular=True))
        write(painter, bar, f"led, strength {number(self.strength)}", palette.colour("text"))
