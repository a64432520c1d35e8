"""A panel with a title, a readout and room for small controls."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QVBoxLayout, QWidget

from diffview.gui.show.elided import DOT, in_two, last_fields, with_unit
from diffview.gui.theme import GRID, RADIUS, SEMIBOLD, SMALL_PX, TITLE_PX, theme
from diffview.gui.widgets.ink import ink, write
from diffview.gui.widgets.small.text import set_tip
from diffview.gui.widgets.small.wrapped_row import WrappedRow


class ElidedLabel(QWidget):
    """One line of text in a theme font and colour; cut with an ellipsis, the whole text in the tooltip."""

    def __init__(
        self,
        text: str = "",
        token: str = "dim",
        size: int = SMALL_PX,
        weight: int = QFont.Weight.Normal,
        align: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideRight,
    ) -> None:
        super().__init__()
        self._text, self._token, self._size, self._weight = text, token, size, weight
        self._align, self._elide = align, elide
        self._tip, self._lines = "", 1
        self._fitted: tuple[object, str] = None, ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.follow(self)

    def text(self) -> str:
        """The whole text."""
        return self._text

    def setText(self, text: str) -> None:
        """Show another text; the size hint follows."""
        if text != self._text:
            longer = len(text) != len(self._text)
            self._text = text
            self.setAccessibleName(text)
            if longer:
                self.updateGeometry()
            self._set_tip()
            self.update()

    def set_lines(self, lines: int) -> None:
        """Take the room of one line or of two."""
        if lines != self._lines:
            self._lines = lines
            self.updateGeometry()
            self._set_tip()
            self.update()

    def shown_text(self) -> str:
        """The text as it fits, its two lines apart.

        Cut at the left it loses whole fields between middle dots, in the end all of them.
        Cut in the middle, "name · unit" keeps the unit whole; the name is shortened or left out.
        """
        key = self._text, self.width(), self._lines, self._font()
        if key != self._fitted[0]:
            self._fitted = key, self._fit()
        return self._fitted[1]

    def _fit(self) -> str:
        metrics = QFontMetrics(self._font())
        measure, room = metrics.horizontalAdvance, self.width()
        if self._lines == 2:
            lines = filter(None, in_two(self._text, room, measure))
            return "\n".join(metrics.elidedText(line, self._elide, room) for line in lines)
        if self._elide == Qt.TextElideMode.ElideMiddle and f" {DOT} " in self._text:
            right = Qt.TextElideMode.ElideRight
            return with_unit(self._text, room, measure, lambda name, left: metrics.elidedText(name, right, int(left)))
        if self._elide == Qt.TextElideMode.ElideLeft:
            return last_fields(self._text, room, measure)
        return metrics.elidedText(self._text, self._elide, room)

    def sizeHint(self) -> QSize:
        """The whole text."""
        metrics = QFontMetrics(self._font())
        return QSize(metrics.horizontalAdvance(self._text) + 2, self._lines * metrics.height())

    def minimumSizeHint(self) -> QSize:
        """No width, as high as its lines."""
        return QSize(0, self._lines * QFontMetrics(self._font()).height())

    def _font(self) -> QFont:
        return theme.font(self._size, self._weight, tabular=True)

    def _set_tip(self) -> None:
        tip = self._text if self.shown_text().replace("\n", " ") != self._text else ""
        if tip != self._tip:
            self._tip = tip
            set_tip(self, tip)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Check again whether the text fits."""
        self._set_tip()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the text."""
        painter = QPainter(self)
        painter.setFont(self._font())
        write(
            painter,
            self.rect(),
            self.shown_text(),
            theme.colour(self._token),
            self._align | (Qt.AlignmentFlag.AlignTop if self._lines == 2 else Qt.AlignmentFlag.AlignVCenter),
        )


class CardFrame(QFrame):
    """A rounded panel: title, subtitle at the right, small controls between, content below.

    Signals:
        largeAsked: a double click on the title, or on content that does nothing with it, asks to see it larger.

    Attributes:
        content: the vertical layout below the header.
    """

    largeAsked = Signal()

    def __init__(
        self,
        title: str = "",
        subtitle: str = "",
        accent: str | None = None,
        parent: QWidget | None = None,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideLeft,
    ) -> None:
        """`elide` is how a subtitle is cut that has no room."""
        super().__init__(parent)
        self._accent = accent
        self._title = ElidedLabel(title, "text", TITLE_PX, SEMIBOLD)
        self._title.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self._subtitle = ElidedLabel(subtitle, align=Qt.AlignmentFlag.AlignRight, elide=elide)
        self._subtitle.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._header = QWidget()
        self._flow = WrappedRow(self._header)
        self._flow.addWidget(self._title)
        self._flow.addWidget(self._subtitle)
        self.content = QVBoxLayout()
        self.content.setSpacing(GRID)
        self._column = QVBoxLayout(self)
        self._column.addWidget(self._header, 0, Qt.AlignmentFlag.AlignTop)
        self._column.addLayout(self.content, 1)
        self.setAccessibleName(title)
        theme.changed.connect(self.refit)
        self.refit()

    def title(self) -> str:
        """The title."""
        return self._title.text()

    def set_title(self, text: str) -> None:
        """Another title."""
        self._title.setText(text)

    def subtitle(self) -> str:
        """The readout at the right."""
        return self._subtitle.text()

    def set_subtitle(self, text: str) -> None:
        """Show a readout at the right; cheap enough for every frame."""
        self._subtitle.setText(text)

    def explain(self, text: str) -> None:
        """Say what the title means to who points at the head of the card."""
        set_tip(self._header, text)

    def keep_subtitle(self) -> None:
        """Never cut the readout: it goes below the title where there is no room beside it."""
        self._subtitle.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)

    def add_control(self, widget: QWidget) -> None:
        """Add a small control to the header, after the title; before the card is first shown."""
        widget.setProperty("compact", True)
        self._flow.addWidget(widget)

    def add(self, widget: QWidget, stretch: int = 0) -> QWidget:
        """Add a widget to the content and return it."""
        self.content.addWidget(widget, stretch)
        return widget

    def refit(self) -> None:
        """Take the fonts and lengths of the theme, also after a change of parent."""
        side, gap = theme.px(12), theme.px(GRID)
        self._column.setContentsMargins(side, gap, side, side)
        self._column.setSpacing(gap)
        self._flow.update()
        self.update()

    def header_width(self) -> int:
        """How wide the card is with its title and all controls in one row."""
        margins = self._column.contentsMargins()
        return self._flow.sizeHint().width() + margins.left() + margins.right()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask to see the content larger."""
        self.largeAsked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ground, its border and the accent line, which follows the round corners."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        ink(painter, QPen(theme.colour("line"), 1.0), theme.colour("panel"))
        painter.drawRoundedRect(rect, RADIUS, RADIUS)
        if self._accent is not None:
            outer = QPainterPath()
            outer.addRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)
            below = QPainterPath()
            below.addRoundedRect(QRectF(self.rect()).adjusted(0, 2, 0, 2 * RADIUS), RADIUS, RADIUS)
            painter.fillPath(outer.subtracted(below), theme.colour(self._accent))
