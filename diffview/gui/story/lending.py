"""Views of the window that are shown elsewhere for a while, and come back to their place."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLayout, QWidget

from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.ink import write


class Away(QWidget):
    """Stands where a view was, as large, and says where it is."""

    def __init__(self, lent: QWidget, where: str) -> None:
        super().__init__()
        self._where, self._hints = where, (lent.sizeHint(), lent.minimumSizeHint())
        self.setSizePolicy(lent.sizePolicy())
        self.setMinimumSize(lent.minimumSize())
        self.setMaximumSize(lent.maximumSize())
        theme.follow(self)

    def sizeHint(self) -> QSize:
        """That of the view."""
        return self._hints[0]

    def minimumSizeHint(self) -> QSize:
        """That of the view."""
        return self._hints[1]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Say where it is."""
        painter = QPainter(self)
        painter.setFont(theme.font(SMALL_PX))
        write(painter, self.rect(), self._where, theme.colour("faint"))


class Loan:
    """One view that was taken out of its layout.

    Attributes:
        view: that view.
    """

    def __init__(self, view: QWidget, where: str) -> None:
        """`where` is said in its place."""
        self.view, self._hidden = view, view.isHidden()
        self._home, self._stand_in = view.parentWidget(), Away(view, where)
        layout = None if self._home is None else _layout_of(self._home.layout(), view)
        if layout is None:
            raise LookupError(f"{view.objectName() or view} lies in no layout")
        self._layout = layout
        self._layout.replaceWidget(view, self._stand_in, Qt.FindChildOption.FindDirectChildrenOnly)
        self._stand_in.setVisible(not self._hidden)

    def bring_back(self) -> None:
        """Put the view where it was."""
        set_stage_scale(self.view, 0.0)
        self._layout.replaceWidget(self._stand_in, self.view, Qt.FindChildOption.FindDirectChildrenOnly)
        self.view.setParent(self._home)
        self.view.setVisible(not self._hidden)
        self._stand_in.setParent(None)
        self._stand_in.deleteLater()


def _layout_of(layout: QLayout | None, widget: QWidget) -> QLayout | None:
    """The layout, this one or one inside, in which a widget lies itself."""
    if layout is None or layout.indexOf(widget) >= 0:
        return layout
    items = (layout.itemAt(index) for index in range(layout.count()))
    inner = (None if item is None else item.layout() for item in items)
    return next((found for one in inner if one is not None and (found := _layout_of(one, widget))), None)


def set_stage_scale(view: QWidget, scale: float) -> None:
    """Give a view, and all that is inside, a zoom of its own; 0 takes it away."""
    for widget in (view, *view.findChildren(QWidget)):
        change: Callable[[float], None] | None = getattr(widget, "set_stage_scale", None)
        if change is not None:
            change(scale)
