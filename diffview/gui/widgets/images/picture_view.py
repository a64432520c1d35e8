"""A field as a picture, at any zoom, with drawings over it; `image_view` adds mouse and keys."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets.images import image_paint as paint
from diffview.gui.widgets.images.line_overlay import LineOverlay
from diffview.gui.widgets.images.raster import Raster, Rgb
from diffview.gui.widgets.images.viewport import Viewport


class PictureView(QWidget):
    """A picture of values [ny, nx] in standardised units; row 0 is at the top, a pixel is square.

    Signals:
        viewChanged: the user zoomed or panned; the new view rectangle in pixels of the image.
    """

    viewChanged = Signal(QRectF)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._raster = Raster()
        self._rgb: Rgb | None = None
        self._shrunk: tuple[QSize, QImage] | None = None
        self._port = Viewport()
        self._cross: tuple[int, int] | None = None
        self._overlay = LineOverlay()
        self._placeholder = self._badge = ""
        self._badge_token: str | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(64, 64)
        self._port.widget = QSizeF(self.size())
        self.setAccessibleName("Image")
        theme.changed.connect(self.update)

    # What is shown ----------------------------------------------------------------------------------------------

    def set_image(self, values: NDArray[np.float32] | None, mask: NDArray[np.bool_] | None = None) -> None:
        """Show values [ny, nx], not copied; `mask` (or NaN) marks missing pixels; None empties the view.

        The zoom stays as long as the shape does.
        """
        old = self._shape()
        self._raster.set_values(values, mask)
        if self._shape() != old:
            ny, nx = self._shape() or (0, 0)
            self._port.whole = QSizeF(nx, ny)
            self._port.rect = self._port.all()
            self._cross = None
        self._redraw()

    @property
    def values(self) -> NDArray[np.float32] | None:
        """The values shown [ny, nx], not a copy; None without a picture."""
        return self._raster.values

    def set_levels(self, low: float, high: float) -> None:
        """Take the values of the first and the last colour."""
        if (low, high) != self._raster.limits:
            self._raster.set_limits(low, high)
            self._redraw()

    def levels(self) -> tuple[float, float]:
        """The values of the first and the last colour."""
        return self._raster.limits

    def set_colormap(self, rgb: Rgb) -> None:
        """Take the colours, uint8 [256, 3]."""
        if rgb is not self._rgb:
            self._rgb = rgb
            self._raster.set_table(rgb)
            self._redraw()

    def indices(self) -> NDArray[np.uint8]:
        """The picture as quantised levels 0..255 [ny, nx]; valid until the next change."""
        return self._raster.levels()

    def image(self) -> QImage:
        """A copy of the coloured picture, one pixel a value; missing pixels are transparent."""
        return self._raster.image().copy()

    def value_at(self, row: int, col: int) -> float | None:
        """The value of a pixel, or None where it is missing."""
        values, mask = self._raster.values, self._raster.mask
        if values is None or not (0 <= row < values.shape[0] and 0 <= col < values.shape[1]):
            return None
        return None if mask is not None and mask[row, col] else float(values[row, col])

    @property
    def placeholder(self) -> str:
        """The text of the empty view."""
        return self._placeholder

    def set_placeholder(self, text: str) -> None:
        """Set the text of the empty view; the first line is the title."""
        self._placeholder = text
        self.update()

    def set_badge(self, text: str, token: str | None = None) -> None:
        """Set a small label in the corner, with a dot in the colour of `token`; "" removes it."""
        self._badge, self._badge_token = text, token
        self.update()

    def set_lines(self, lines: NDArray[np.float32] | None) -> None:
        """Draw lines [n, 2] over the picture, (row, column) in its pixels with NaN between them; None removes them."""
        if self._overlay.set_lines(lines):
            self.update()

    def lines(self) -> NDArray[np.float32] | None:
        """The lines drawn over the picture."""
        return self._overlay.lines()

    def image_size(self) -> tuple[int, int]:
        """Rows and columns of the picture, (0, 0) without one."""
        ny, nx = self._shape() or (0, 0)
        return ny, nx

    def set_crosshair(self, row: int | None, col: int | None = None) -> None:
        """Mark a pixel with thin lines; None removes them."""
        self._cross = None if row is None or col is None else (row, col)
        self.update()

    # The view ---------------------------------------------------------------------------------------------------

    def view_rect(self) -> QRectF:
        """The part of the image that was set to be shown, in pixels of the image."""
        return QRectF(self._port.rect)

    def seen_rect(self) -> QRectF:
        """The visible part of the image, in its pixels."""
        corners = self.to_image(QPointF()), self.to_image(QPointF(self.width(), self.height()))
        return QRectF(*corners).intersected(self._port.all())

    def set_view_rect(self, rect: QRectF) -> None:
        """Show this part of the image; emits nothing, so two views can be linked both ways."""
        rect = self._port.clamped(rect)
        if rect != self._port.rect:
            self._port.rect = rect
            self.update()

    def reset_view(self) -> None:
        """Show the whole image, as a double click does."""
        self._show(self._port.all())

    def zoom(self, factor: float, about: QPointF | None = None) -> None:
        """Zoom by `factor` so that the point `about` (pixels of the widget; the centre if None) stays where it is."""
        if not self._empty():
            self._show(self._port.zoomed(factor, self.to_image(about or QRectF(self.rect()).center())))

    def pixel_size(self) -> float:
        """Side of a pixel of the image in pixels of the widget."""
        return self._port.pixel()

    def to_image(self, point: QPointF) -> QPointF:
        """Pixels of the widget -> pixels of the image."""
        return self._port.to_image(point)

    def to_widget(self, point: QPointF) -> QPointF:
        """Pixels of the image -> pixels of the widget."""
        return self._port.to_widget(point)

    def image_rect(self) -> QRectF:
        """The whole image in pixels of the widget; it may reach beyond the widget."""
        return self._port.rect_to_widget(self._port.all())

    def sizeHint(self) -> QSize:
        """A comfortable size."""
        return QSize(320, 320)

    # Inside -----------------------------------------------------------------------------------------------------

    def _shape(self) -> tuple[int, ...]:
        return () if self._raster.values is None else self._raster.values.shape

    def _empty(self) -> bool:
        return self._raster.values is None

    def _show(self, rect: QRectF) -> None:
        rect = self._port.clamped(rect)
        if rect != self._port.rect:
            self._port.rect = rect
            self.update()
            self.viewChanged.emit(QRectF(rect))

    def _redraw(self) -> None:
        self._shrunk = None
        self.update()

    def _picture(self, pixel: float) -> tuple[QImage, float]:
        """The image to draw and its pixels per pixel of the field: averaged first where it is much shrunk."""
        if pixel * self.devicePixelRatioF() > 0.5:
            return self._raster.image(), 1.0
        size = (QRectF(self.image_rect()).size() * self.devicePixelRatioF()).toSize().expandedTo(QSize(1, 1))
        if self._shrunk is None or self._shrunk[0] != size:
            mode = Qt.TransformationMode.SmoothTransformation
            picture = self._raster.image().scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
            self._shrunk = (size, picture)
        return self._shrunk[1], size.width() / self._port.all().width()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the part shown."""
        self._port.widget = QSizeF(self.size())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, then the layers over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("bg"))
        if self._empty():
            paint.placeholder(painter, QRectF(self.rect()), self._placeholder)
        else:
            pixel, image = self.pixel_size(), self.image_rect()
            picture, ratio = self._picture(pixel)
            if picture.hasAlphaChannel():
                paint.no_data(painter, image.intersected(QRectF(self.rect())))
            smooth = pixel * self.devicePixelRatioF() < 1.0
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(image, picture, QRectF(QPointF(), self._port.whole * ratio))
            self._overlay.paint(painter, self._port, image.intersected(QRectF(self.rect())))
            if self._cross is not None:
                row, col = self._cross
                cell = self._port.rect_to_widget(QRectF(col, row, 1, 1))
                paint.crosshair(painter, cell, image.intersected(QRectF(self.rect())))
            self.paint_over(painter)
        paint.badge(painter, QRectF(self.rect()), self._badge, self._badge_token)
        paint.edge(painter, QRectF(self.rect()), self.hasFocus())

    def paint_over(self, painter: QPainter) -> None:
        """Draw over the picture; for subclasses."""


def link(*views: PictureView) -> None:
    """Let views of images of one shape zoom and pan together."""

    def follow(rect: QRectF, source: Any) -> None:
        for view in views:
            if view is not source and view._shape() == source._shape():
                view.set_view_rect(rect)

    for view in views:
        view.viewChanged.connect(lambda rect, source=view: follow(rect, source))
