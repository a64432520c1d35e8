"""A table of rivals, a column of each; a click on a column chooses it.

Where columns beside the labels would cut a number, every label stands on a line of its own above its row.
"""

from collections.abc import Sequence
from itertools import accumulate, islice

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from diffview.gui.show.rival_words import TOKENS, FactCell, FactRow
from diffview.gui.theme import SEMIBOLD, SMALL_PX, theme
from diffview.gui.widgets.ink import LEFT, RIGHT, ink, write
from diffview.gui.widgets.small.text import literal

LINE, HEAD, LABELS, GAP, CELL_GAP = 18, 26, 104, 2, 2
"""Pixels: height of a line and of the names, width of labels beside their rows, gaps between columns and in a cell."""


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
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.follow(self)

    def set_table(self, names: Sequence[str], place: int, rows: Sequence[FactRow]) -> None:
        """Show rows of rivals with these names, of which the one at `place` is in force."""
        shown = tuple(names), place, tuple(rows)
        if shown == (self._names, self._place, self._rows):
            return
        before = self.heightForWidth(self.width())
        self._names, self._place, self._rows = shown
        self.setAccessibleDescription(f"{names[place]} is in force, of {', '.join(names)}")
        if self.heightForWidth(self.width()) != before:
            self.updateGeometry()
        self.update()

    def texts(self) -> dict[str, tuple[str, ...]]:
        """The texts of the cells by the label of their row, as they are shown."""
        return {row.label: tuple(cell.text for cell in row.cells) for row in self._rows}

    def column(self, place: int) -> QRectF:
        """The pixels of the column of a rival."""
        left, count = 0 if self.stacked(self.width()) else theme.px(LABELS), max(1, len(self._names))
        width = (self.width() - left) / count
        return QRectF(left + place * width, 0, width, self.height())

    def stacked(self, width: int) -> bool:
        """Whether labels stand above their rows in a table of this width: beside them a number would be cut."""
        room = (width - theme.px(LABELS)) / max(1, len(self._names)) - theme.px(GAP) - theme.px(2 * CELL_GAP)
        metrics = QFontMetricsF(self._cell_font())
        numbers = (cell.text for row in self._rows for cell in row.cells if any(map(str.isdigit, cell.text)))
        return any(metrics.horizontalAdvance(text) > room for text in numbers)

    def heightForWidth(self, width: int) -> int:
        """The names and all rows."""
        return theme.px(HEAD) + sum(self._heights(width)) + theme.px(GAP)

    def sizeHint(self) -> QSize:
        """The names and all rows, as wide as the table is."""
        return QSize(theme.px(240), self.heightForWidth(self.width()))

    minimumSizeHint = sizeHint

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Labels go above their rows, or return beside them."""
        super().resizeEvent(event)
        if self.stacked(event.oldSize().width()) != self.stacked(event.size().width()):
            self.updateGeometry()

    def _heights(self, width: int) -> list[int]:
        """The height of every row."""
        lines = 2 if self.stacked(width) else 1
        return [theme.px(LINE) * (1 if row.head else lines) for row in self._rows]

    def _cell_font(self) -> QFont:
        return theme.font(SMALL_PX - 1, tabular=True)

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
        place, top = self._place_at(point), theme.px(HEAD)
        if point.y() < top:
            return "" if place is None else f"Click: {self._names[place]} comes into force"
        ends = accumulate(self._heights(self.width()), initial=top)
        row = next((row for row, end in zip(self._rows, islice(ends, 1, None), strict=True) if point.y() < end), None)
        if row is None:
            return ""
        cell = "" if place is None else row.cells[place].tip
        return f"{row.label}: {row.tip}" + (f"\n{cell}" if cell else "")

    # -- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, then row by row."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place, name in enumerate(self._names):
            self._paint_name(painter, place, name)
        painter.setFont(self._cell_font())
        top, stacked, columns = theme.px(HEAD), self.stacked(self.width()), self._columns()
        for row, height in zip(self._rows, self._heights(self.width()), strict=True):
            whole = row.head or stacked
            box = QRectF(0, top, (self.width() if whole else theme.px(LABELS)) - theme.px(GAP), theme.px(LINE))
            label = painter.fontMetrics().elidedText(row.label, Qt.TextElideMode.ElideRight, int(box.width()))
            write(painter, box, label, theme.colour("text" if row.head else "dim"), LEFT)
            for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
                inner = QRectF(column.left(), top + height - theme.px(LINE), column.width(), theme.px(LINE))
                self._paint_cell(painter, inner.adjusted(theme.px(GAP), 0, 0, 0), cell, TOKENS[place])
            top += height

    def _columns(self) -> list[QRectF]:
        return [self.column(place) for place in range(len(self._names))]

    def _paint_cell(self, painter: QPainter, box: QRectF, cell: FactCell, token: str) -> None:
        gap = theme.px(CELL_GAP)
        if cell.share is not None:
            bar = QRectF(box.left(), box.top() + 2, box.width() * min(1.0, max(0.0, cell.share)), box.height() - 4)
            painter.fillRect(bar, theme.colour(token, 60))
        metrics = QFontMetricsF(painter.font())
        text = metrics.elidedText(cell.text, Qt.TextElideMode.ElideRight, box.width() - gap)
        write(painter, box.adjusted(0, 0, -gap, 0), text, theme.colour(cell.token), RIGHT)

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
