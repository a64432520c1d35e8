"""One message at a time: a finished sentence, a hint, sometimes a button."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QPropertyAnimation, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QEnterEvent,
    QFontMetricsF,
    QPainter,
    QPaintEvent,
    QTextCharFormat,
    QTextLayout,
    QTextOption,
)
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsOpacityEffect,
    QHBoxLayout,
    QPushButton,
    QSizePolicy,
    QWidget,
)

from diffview.gui.theme import GRID, MEDIUM, theme
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.small.icons import draw_icon, set_icon
from diffview.gui.widgets.small.parts import named, tool_button
from diffview.gui.widgets.small.text import set_tip

KINDS = {"info": ("info", "reverse"), "warning": ("warning", "warn"), "error": ("error", "bad")}
INFO_MS = 6000
_FADE_MS = 250
_MOST_LINES = 3
_ICON_PX = 16

Action = tuple[str, Callable[[], None]]


def _announce(widget: QWidget, text: str) -> None:
    """Have a screen reader say it; PySide's classes for that take longer to load than any other here."""
    from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent

    QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))


class _Message(QWidget):
    """The sentence and its dim hint, wrapped to at most three lines, the last one cut with an ellipsis."""

    def __init__(self) -> None:
        super().__init__()
        self.sentence = self.hint = ""
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def text(self) -> str:
        """Sentence and hint."""
        return f"{self.sentence} {self.hint}".strip()

    def sizeHint(self) -> QSize:
        """One line."""
        metrics = QFontMetricsF(theme.font(weight=MEDIUM))
        return QSize(round(metrics.horizontalAdvance(self.text())) + 8, round(metrics.height()))

    def minimumSizeHint(self) -> QSize:
        """One short line."""
        return QSize(theme.px(120), round(QFontMetricsF(theme.font()).height()))

    def heightForWidth(self, width: int) -> int:
        """The height of the wrapped lines."""
        layout, lines, _ = self._laid_out(width)
        return round(lines * layout.lineAt(0).height()) if lines else self.minimumSizeHint().height()

    def _laid_out(self, width: float, text: str | None = None) -> tuple[QTextLayout, int, bool]:
        """The layout, its lines that are shown, and whether something is cut off."""
        text = self.text() if text is None else text
        layout = QTextLayout(text, theme.font())
        layout.setTextOption(QTextOption(Qt.AlignmentFlag.AlignLeft))
        bold, dim = QTextCharFormat(), QTextCharFormat()
        bold.setForeground(theme.colour("text"))
        bold.setFontWeight(MEDIUM)
        dim.setForeground(theme.colour("dim"))
        split = min(len(self.sentence), len(text))
        ranges = []
        for start, length, form in ((0, split, bold), (split, len(text) - split, dim)):
            part = QTextLayout.FormatRange()
            part.start, part.length, part.format = start, length, form
            ranges.append(part)
        layout.setFormats(ranges)
        layout.beginLayout()
        y, count, end = 0.0, 0, 0
        while count < _MOST_LINES and (line := layout.createLine()).isValid():
            line.setLineWidth(max(width, 1.0))
            line.setPosition(QPointF(0, y))
            y, count, end = y + line.height(), count + 1, line.textStart() + line.textLength()
        layout.endLayout()
        return layout, count, end < len(text)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the lines."""
        painter = QPainter(self)
        layout, lines, cut = self._laid_out(self.width())
        if cut:
            last = layout.lineAt(lines - 1)
            shown = self.text()[: last.textStart() + last.textLength()].rstrip()
            while cut and shown:
                shown = shown[:-1].rstrip()
                layout, lines, cut = self._laid_out(self.width(), shown + "…")
        used = layout.boundingRect().height()
        layout.draw(painter, QPointF(0, max((self.height() - used) / 2, 0.0)))


class MessageBar(QFrame):
    """A bar that is hidden without a message. It never takes the focus; infos disappear by themselves."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind = "info"
        self._callback: Callable[[], None] | None = None
        self._message = _Message()
        self._button = named(QPushButton(), "messageAction")
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.clicked.connect(self._act)
        self._dismiss = tool_button("messageDismiss", "Dismiss the message", "Dismiss")
        self._dismiss.setProperty("flat", True)
        self._dismiss.clicked.connect(self.clear)
        set_icon(self._dismiss, "close", "dim")
        self._row = QHBoxLayout(self)
        self._row.addWidget(self._message, 1)
        self._row.addWidget(self._button)
        self._row.addWidget(self._dismiss)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._fade)
        self._fading: QPropertyAnimation | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def show_message(self, sentence: str, hint: str = "", kind: str = "info", action: Action | None = None) -> None:
        """Show a message in place of the last one; `action` is a label and what to call."""
        self._stop_fading()
        self._kind = kind if kind in KINDS else "info"
        self._message.sentence, self._message.hint = sentence, hint
        self._callback = action[1] if action else None
        self._button.setText(action[0] if action else "")
        self._button.setVisible(action is not None)
        self.setAccessibleName(f"{self._kind}: {self.text()}")
        set_tip(self, self.text())
        self._message.updateGeometry()
        self.update()
        self.show()
        _announce(self, self.text())
        if self._kind == "info" and action is None:
            self._timer.start(INFO_MS)

    def text(self) -> str:
        """The sentence and its hint, or ""."""
        return self._message.text()

    def kind(self) -> str:
        """info, warning or error."""
        return self._kind

    def clear(self) -> None:
        """Remove the message."""
        self._stop_fading()
        self._callback = None
        self._message.sentence = self._message.hint = ""
        self.hide()

    def _act(self) -> None:
        callback = self._callback
        self.clear()
        if callback is not None:
            callback()

    def _fade(self) -> None:
        if self.underMouse():
            self._timer.start(INFO_MS // 3)
            return
        effect = QGraphicsOpacityEffect(self)
        self.setGraphicsEffect(effect)
        self._fading = QPropertyAnimation(effect, b"opacity", self)
        self._fading.setDuration(_FADE_MS)
        self._fading.setStartValue(1.0)
        self._fading.setEndValue(0.0)
        self._fading.finished.connect(self.clear)
        self._fading.start()

    def _stop_fading(self) -> None:
        self._timer.stop()
        if self._fading is not None:
            self._fading.finished.disconnect(self.clear)
            self._fading.stop()
            self._fading.deleteLater()
            self._fading = None
            self.setGraphicsEffect(None)  # type: ignore[arg-type]

    def enterEvent(self, event: QEnterEvent) -> None:
        """Keep the message while the pointer is over it."""
        if self._timer.isActive():
            self._timer.start(INFO_MS)

    def _restyle(self) -> None:
        left = theme.px(12 + _ICON_PX + GRID)
        self._row.setContentsMargins(left, theme.px(4), theme.px(4), theme.px(4))
        self._row.setSpacing(theme.px(GRID))
        self._message.updateGeometry()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, the coloured edge and the icon."""
        name, token = KINDS[self._kind]
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        ink(painter, theme.palette.blend(token, "panel", 0.45), theme.palette.blend(token, "panel", 0.10))
        painter.drawRoundedRect(rect, 6, 6)
        size = theme.px(_ICON_PX)
        box = QRectF(theme.px(12), (self.height() - size) / 2, size, size)
        draw_icon(painter, name, box, theme.colour(token))
