"""A row of small widgets that goes on in another row where it is too long."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from diffview.gui.theme import GRID, theme

LINE_PX = 26
"""Height of a row."""


class WrappedRow(QLayout):
    """Widgets at their least width, row by row; what expands takes the rest of its row, and stays the last.

    The widget that has this layout is as high as its rows.
    """

    def __init__(self, of: QWidget) -> None:
        super().__init__(of)
        self._of, self._items = of, list[QLayoutItem]()
        self.setContentsMargins(0, 0, 0, 0)
        self.setSpacing(GRID // 2)

    def addItem(self, item: QLayoutItem) -> None:
        """Add an item before the one that expands."""
        ended = bool(self._items) and bool(self._items[-1].expandingDirections() & Qt.Orientation.Horizontal)
        self._items.insert(len(self._items) - ended, item)

    def count(self) -> int:
        """How many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """An item; None past the end."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take an item out; None past the end."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """Sideways."""
        return Qt.Orientation.Horizontal

    def sizeHint(self) -> QSize:
        """All in one row."""
        return QSize(self._width(self._shown()), theme.px(LINE_PX))

    def minimumSize(self) -> QSize:
        """As wide as the widest."""
        return QSize(max((_least(item) for item in self._shown()), default=0), theme.px(LINE_PX))

    def setGeometry(self, rect: QRect) -> None:
        """Place the widgets."""
        super().setGeometry(rect)
        rows = self._rows(rect.width())
        line = theme.px(LINE_PX)
        for i, row in enumerate(rows):
            x, top = rect.x(), rect.y() + i * (line + self.spacing())
            for item in row:
                height = min(line, item.sizeHint().height())
                expands = bool(item.expandingDirections() & Qt.Orientation.Horizontal)
                width = max(_least(item), rect.right() + 1 - x) if expands else _least(item)
                item.setGeometry(QRect(x, top + (line - height) // 2, width, height))
                x += width + self.spacing()
        height = len(rows) * (line + self.spacing()) - self.spacing()
        if self._of.height() != height:
            self._of.setFixedHeight(height)

    def _shown(self) -> list[QLayoutItem]:
        return [item for item in self._items if not item.isEmpty()]

    def _width(self, row: list[QLayoutItem]) -> int:
        widths = [width for width in map(_least, row) if width]  # a text that may be cut to nothing needs no gap
        return sum(widths) + self.spacing() * max(0, len(widths) - 1)

    def _rows(self, width: int) -> list[list[QLayoutItem]]:
        rows: list[list[QLayoutItem]] = [[]]
        for item in self._shown():
            if rows[-1] and self._width([*rows[-1], item]) > width:
                rows.append([])
            rows[-1].append(item)
        return rows


def _least(item: QLayoutItem) -> int:
    return item.minimumSize().width()
