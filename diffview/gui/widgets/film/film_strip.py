"""The film strip under the mouse and the keys; `film_view` draws it."""

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip, QWidget

from diffview.gui.widgets.film.film_view import FilmView
from diffview.gui.widgets.small.text import literal


class FilmStrip(FilmView):
    """A film strip whose steps are picked by click, drag and arrows.

    Signals:
        picked: the user clicked or dragged to step `index` of row `row`.
        menuAsked: the user asked for the menu of step `index` of row `row`, at a point of the screen.
    """

    picked = Signal(int, int)
    menuAsked = Signal(int, int, QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dragging: int | None = None
        self._scrub: list[tuple[float, int]] = []
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def event(self, event: QEvent) -> bool:
        """A tooltip says what a thumbnail is."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), literal(self.tip_at(event.pos())), self)
            return True
        return bool(super().event(event))

    def tip_at(self, point: QPoint) -> str:
        """The tooltip at a point."""
        return self.rows.tip(point.x(), point.y(), self._scrub)

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
            self._active = self.rows.beside(row, 1 if key == Qt.Key.Key_Down else -1)
            self.update()
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right) and state.pictures:
            self._pick(row, state.stepped(key == Qt.Key.Key_Right))
        else:
            super().keyPressEvent(event)
