"""A widget that shows a part of an image: zoom and pan, and the conversion of pixels."""

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Signal, SignalInstance
from PySide6.QtGui import QMouseEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.show.boxes import Box
from diffview.gui.show.viewport import Viewport
from diffview.gui.theme import theme
from diffview.gui.widgets.staged import Staged

ZOOM = 1.25
"""Of a notch of the wheel."""


class ZoomView(Staged):
    """The view of an image that subclasses draw.

    Signals:
        viewChanged: the user zoomed or panned; the new view rectangle in pixels of the image.
        largeAsked: a double click on the whole image asks to see it as large as can be.
    """

    viewChanged = Signal(QRectF)
    largeAsked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._port = Viewport()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(64, 64)
        self._port.widget = self.width(), self.height()
        theme.changed.connect(self.update)

    def image_size(self) -> tuple[int, int]:
        """Rows and columns of the picture, (0, 0) without one."""
        return round(self._port.whole[1]), round(self._port.whole[0])

    def view_rect(self) -> QRectF:
        """The part of the image that was set to be shown, in pixels of the image."""
        return QRectF(*self._port.rect)

    def seen_rect(self) -> QRectF:
        """The visible part of the image, in its pixels."""
        corners = self.to_image(QPointF()), self.to_image(QPointF(self.width(), self.height()))
        return QRectF(*corners).intersected(QRectF(*self._port.all()))

    def set_view_rect(self, rect: QRectF) -> None:
        """Show this part of the image; emits nothing, so two views can be linked both ways."""
        self._take(Box(rect.x(), rect.y(), rect.width(), rect.height()))

    def reset_view(self) -> None:
        """Show the whole image, as a double click into a part of it does."""
        self._show(self._port.all())

    @property
    def by_hand(self) -> SignalInstance:
        """Emitted when the user shows another part."""
        return self.viewChanged

    def put_aside(self) -> Callable[[], None]:
        """Show the whole image; gives what shows the part that was shown again, if the image is as large then."""
        size, rect = self.image_size(), self.view_rect()
        self._take(self._port.all())

        def bring_back() -> None:
            if self.image_size() == size:
                self.set_view_rect(rect)

        return bring_back

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom by `factor` so that the point `about` (pixels of the widget; the centre if None) stays where it is."""
        if any(self.image_size()):
            at = self.to_image(about or QRectF(self.rect()).center())
            self._show(self._port.zoomed(factor, (at.x(), at.y())))

    def pixel_size(self) -> float:
        """Side of a pixel of the image in pixels of the widget."""
        return self._port.pixel()

    def to_image(self, point: QPointF) -> QPointF:
        """Pixels of the widget -> pixels of the image."""
        return QPointF(*self._port.to_image((point.x(), point.y())))

    def to_widget(self, point: QPointF) -> QPointF:
        """Pixels of the image -> pixels of the widget."""
        return QPointF(*self._port.to_widget((point.x(), point.y())))

    def image_rect(self) -> QRectF:
        """The whole image in pixels of the widget; it may reach beyond the widget."""
        return QRectF(*self._port.box_to_widget(self._port.all()))

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(320, 320)

    def _take(self, rect: Box) -> bool:
        rect = self._port.clamped(rect)
        changed = rect != self._port.rect
        if changed:
            self._port.rect = rect
            self.update()
        return changed

    def _show(self, rect: Box) -> None:
        if self._take(rect):
            self.viewChanged.emit(self.view_rect())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the part shown."""
        self._port.widget = self.width(), self.height()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show the whole image; of the whole image ask to see it larger."""
        if self._port.rect == self._port.all():
            self.largeAsked.emit()
        else:
            self.reset_view()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        steps = event.angleDelta().y() / 120
        if not any(self.image_size()) or not steps:
            event.ignore()
            return
        self.zoom(ZOOM**steps, event.position())
        event.accept()


def link(*views: ZoomView) -> None:
    """Let views of images of one shape zoom and pan together."""

    def follow(rect: QRectF, source: ZoomView) -> None:
        for view in views:
            if view is not source and view.image_size() == source.image_size():
                view.set_view_rect(rect)

    for view in views:
        view.viewChanged.connect(lambda rect, source=view: follow(rect, source))
