"""A layer over an image view that names pictures which lie beside one another in it."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QPointF, Qt
from PySide6.QtGui import QPainter, QPaintEvent

from diffview.gui.theme import theme
from diffview.gui.widgets.images.image_paint import pill
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.staged import Staged

INSET_PX = 4

Name = tuple[int, int, str]
"""Row and column of the upper left pixel of a picture, and its name."""


class NameLayer(Staged):
    """Lies over a view, follows its zoom and leaves the mouse to it.

    Attributes:
        names: what is written.
    """

    def __init__(self, view: ImageView) -> None:
        super().__init__(view)
        self._view = view
        self.names: tuple[Name, ...] = ()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        view.installEventFilter(self)
        self.setGeometry(view.rect())
        theme.changed.connect(self.update)

    def set_names(self, names: Sequence[Name]) -> None:
        """Write these; none of a single picture."""
        if tuple(names) != self.names:
            self.names = tuple(names)
            self.setAccessibleDescription(", ".join(name for _, _, name in names))
            self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the view."""
        if event.type() is QEvent.Type.Resize:
            self.setGeometry(self._view.rect())
        return False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Every name at the corner of its picture."""
        painter, inset = QPainter(self), theme.px(INSET_PX)
        for row, column, name in self.names:
            at = self._view.to_widget(QPointF(column, row)) + QPointF(inset, inset)
            pill(painter, at, name, Qt.AlignmentFlag.AlignLeft)
