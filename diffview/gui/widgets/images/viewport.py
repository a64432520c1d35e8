"""The part of an image that a widget shows, and the conversion of their pixels. No painting, no widget."""

from PySide6.QtCore import QPointF, QRectF, QSizeF

SMALLEST = 8.0
"""The least side of the part shown, in pixels of the image."""


class Viewport:
    """A part `rect` of an image of size `whole`, centred in a widget of size `widget` and as large as fits."""

    def __init__(self) -> None:
        self.whole = QSizeF()
        self.widget = QSizeF(1, 1)
        self.rect = QRectF()

    def all(self) -> QRectF:
        """The whole image."""
        return QRectF(0, 0, self.whole.width(), self.whole.height())

    def pixel(self) -> float:
        """Side of a pixel of the image in pixels of the widget."""
        if self.rect.isEmpty():
            return 1.0
        return min(self.widget.width() / self.rect.width(), self.widget.height() / self.rect.height())

    def shown(self) -> QRectF:
        """`rect`, moved so that the widget shows no empty margin where there is picture to fill it."""
        half, centre = self.widget / (2 * self.pixel()), self.rect.center()
        x = _middle(centre.x(), half.width(), self.whole.width())
        y = _middle(centre.y(), half.height(), self.whole.height())
        return self.rect.translated(x - centre.x(), y - centre.y())

    def clamped(self, rect: QRectF) -> QRectF:
        """`rect`, no larger than the image and inside it."""
        width, height = min(rect.width(), self.whole.width()), min(rect.height(), self.whole.height())
        x = min(max(rect.x(), 0.0), self.whole.width() - width)
        y = min(max(rect.y(), 0.0), self.whole.height() - height)
        return QRectF(x, y, width, height)

    def zoomed(self, factor: float, about: QPointF) -> QRectF:
        """The part shown after a zoom by `factor` that leaves `about` (pixels of the image) where it is."""
        view = self.shown()
        least = min(SMALLEST / min(self.whole.width(), self.whole.height()), 1.0)
        share = min(max(view.width() / self.whole.width() / factor, least), 1.0)
        k = share * self.whole.width() / view.width()
        corner = about - (about - view.topLeft()) * k
        return QRectF(corner, view.size() * k)

    def to_image(self, point: QPointF) -> QPointF:
        """Pixels of the widget -> pixels of the image."""
        return (point - self._centre()) / self.pixel() + self.shown().center()

    def to_widget(self, point: QPointF) -> QPointF:
        """Pixels of the image -> pixels of the widget."""
        return (point - self.shown().center()) * self.pixel() + self._centre()

    def rect_to_widget(self, rect: QRectF) -> QRectF:
        """Pixels of the image -> pixels of the widget."""
        return QRectF(self.to_widget(rect.topLeft()), self.to_widget(rect.bottomRight()))

    def _centre(self) -> QPointF:
        return QPointF(self.widget.width() / 2, self.widget.height() / 2)


def _middle(centre: float, half: float, length: float) -> float:
    """The centre of a window of half-width `half` kept inside 0..length, or its middle where the window is wider."""
    return length / 2 if 2 * half >= length else min(max(centre, half), length - half)
