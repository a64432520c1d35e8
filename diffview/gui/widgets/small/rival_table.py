"""A table of rivals, a column of each; a click on a column chooses it."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from diffview.gui.show.rival_words import TOKENS, FactRow
from diffview.gui.theme import SEMIBOLD, SMALL_PX, theme
from diffview.gui.widgets.ink import LEFT, RIGHT, ink, write
from diffview.gui.widgets.small.text import literal

LINE, HEAD, LABELS, GAP = 18, 26, 104, 4
"""Pixels: height of a row and of the names, width of the labels, and gap between columns."""


class RivalTable(QWidget):
    """Names above the columns, the one in force with a bar in its colour.

    Signals:
        chosen: the place of the rival whose column was clicked.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._names: tuple[str, ...] = ()
        self._rows: tuple[FactRow, ...] = ()
        self._place = 0
        self._over: int | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.follow(self)

    def set_table(self, names: Sequence[str], place: int, rows: Sequence[FactRow]) -> None:
        """Show rows of rivals with these names, of which the one at `place` is in force."""
        shown = tuple(names), place, tuple(rows)
        if shown == (self._names, self._place, self._rows):
            return
        taller = len(rows) != len(self._rows)
        self._names, self._place, self._rows = shown
        self.setAccessibleDescription(f"{names[place]} is in force, of {', '.join(names)}")
        if taller:
            self.updateGeometry()
        self.update()

    def texts(self) -> dict[str, tuple[str, ...]]:
        """The texts of the cells by the label of their row, as they are shown."""
        return {row.label: tuple(cell.text for cell in row.cells) for row in self._rows}

    def column(self, place: int) -> QRectF:
        """The pixels of the column of a rival."""
        left, count = theme.px(LABELS), max(1, len(self._names))
        width = (self.width() - left) / count
        return QRectF(left + place * width, 0, width, self.height())

    def sizeHint(self) -> QSize:
        """The names and all rows."""
        return QSize(theme.px(240), theme.px(HEAD) + len(self._rows) * theme.px(LINE) + theme.px(GAP))

    minimumSizeHint = sizeHint

    # -- the mouse

    def _place_at(self, point: QPointF) -> int | None:
        return next((i for i in range(len(self._names)) if self.column(i).contains(point)), None)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show by the cursor that a click chooses."""
        over = self._place_at(event.position())
        self.setCursor(Qt.CursorShape.ArrowCursor if over is None else Qt.CursorShape.PointingHandCursor)
        if over != self._over:
            self._over = over
            self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """The pointer went away."""
        self._over = None
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the rival of the column."""
        place = self._place_at(event.position())
        if place is None or event.button() is not Qt.MouseButton.LeftButton:
            event.ignore()
            return
        self.chosen.emit(place)

    def event(self, event: QEvent) -> bool:
        """Tell what a row means, and what a cell holds."""
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            if tip := self.tip_at(QPointF(event.pos())):
                QToolTip.showText(event.globalPos(), literal(tip), self)
            else:
                QToolTip.hideText()
            return True
        return super().event(event)

    def tip_at(self, point: QPointF) -> str:
        """The tooltip of a point."""
        line, place = int((point.y() - theme.px(HEAD)) // theme.px(LINE)), self._place_at(point)
        if point.y() < theme.px(HEAD):
            return "" if place is None else f"Click: {self._names[place]} comes into force"
        if line >= len(self._rows):
            return ""
        row = self._rows[line]
        cell = "" if place is None else row.cells[place].tip
        return f"{row.label}: {row.tip}" + (f"\n{cell}" if cell else "")

    # -- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, then row by row."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, name in enumerate(self._names):
            self._paint_name(painter, place, name)
        painter.setFont(theme.font(SMALL_PX - 1, tabular=True))
        metrics = QFontMetricsF(painter.font())
        top, height = theme.px(HEAD), theme.px(LINE)
        for row in self._rows:
            box = QRectF(0, top, (self.width() if row.head else theme.px(LABELS)) - theme.px(GAP), height)
            label = metrics.elidedText(row.label, Qt.TextElideMode.ElideRight, box.width())
            write(painter, box, label, theme.colour("text" if row.head else "dim"), LEFT)
            for place, cell in enumerate(row.cells):
                inner = self.column(place).adjusted(theme.px(GAP), 0, 0, 0)
                inner = QRectF(inner.left(), top, inner.width(), height)
                if cell.share is not None:
                    bar = QRectF(inner.left(), top + 2, inner.width() * min(1.0, max(0.0, cell.share)), height - 4)
                    painter.fillRect(bar, theme.colour(TOKENS[place], 60))
                text = metrics.elidedText(cell.text, Qt.TextElideMode.ElideRight, inner.width() - theme.px(3))
                write(painter, inner.adjusted(0, 0, -theme.px(3), 0), text, theme.colour(cell.token), RIGHT)
            top += height

    def _paint_name(self, painter: QPainter, place: int, name: str) -> None:
        column, token = self.column(place), TOKENS[place]
        box = QRectF(column.left() + theme.px(GAP), 2, column.width() - theme.px(GAP), theme.px(HEAD) - 6)
        in_force = place == self._place
        ink(painter, None, theme.colour(token, 70 if in_force else 25 if place == self._over else 0))
        painter.drawRoundedRect(box, 4, 4)
        if in_force:
            painter.fillRect(QRectF(box.left(), box.bottom() - 1, box.width(), 2), theme.colour(token))
        painter.setFont(theme.font(SMALL_PX, SEMIBOLD))
        text = QFontMetricsF(painter.font()).elidedText(name, Qt.TextElideMode.ElideRight, box.width() - theme.px(14))
        ink(painter, None, theme.colour(token))
        painter.drawEllipse(QPointF(box.left() + theme.px(7), box.center().y()), theme.px(3), theme.px(3))
        write(painter, box.adjusted(theme.px(14), 0, 0, 0), text, theme.colour("text"), LEFT)
