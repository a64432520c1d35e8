"""A field as a picture, at any zoom, with drawings over it; `image_view` adds mouse and keys."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from diffview.fields.colormaps import Rgb
from diffview.gui.show.boxes import Box
from diffview.gui.theme import theme
from diffview.gui.widgets.images import image_paint as paint
from diffview.gui.widgets.images.line_overlay import LineOverlay
from diffview.gui.widgets.images.raster import Raster
from diffview.gui.widgets.images.zoom_view import ZoomView

DIMMED = 0.3
"""Opacity of a picture that is not of what is in force."""


class PictureView(ZoomView):
    """A picture of values [ny, nx] in standardised units; row 0 is at the top, a pixel is square."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._raster, self._striped = Raster(), False
        self._rgb: Rgb | None = None
        self._shrunk: tuple[QSize, QImage] | None = None
        self._cross: tuple[int, int] | None = None
        self._overlay = LineOverlay()
        self.placeholder = self._badge = ""
        self._badge_token: str | None = None
        self._dims: set[str] = set()
        self.dimmed = False
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName("Image")

    # What is shown ----------------------------------------------------------------------------------------------

    def set_image(self, values: NDArray[np.float32] | None, mask: NDArray[np.bool_] | None = None) -> None:
        """Show values [ny, nx], not copied; `mask` (or NaN) marks missing pixels; None empties the view.

        The zoom stays as long as the shape does.
        """
        self._raster.set_values(values, mask)
        ny, nx = (0, 0) if values is None else values.shape
        if (ny, nx) != self.image_size():
            self._port.whole = nx, ny
            self._port.rect = self._port.all()
            self._cross = None
            self.updateGeometry()  # a stage that it lies on gives it room by its shape
        self._redraw()

    @property
    def values(self) -> NDArray[np.float32] | None:
        """The values shown [ny, nx], not a copy; None without a picture."""
        return self._raster.values

    def set_levels(self, low: float, high: float, striped: bool = False) -> None:
        """Take the values of the first and the last colour; `striped`: those below the first get stripes."""
        if (low, high, striped) != (*self._raster.limits, self._striped):
            self._striped = striped
            self._raster.set_limits(low, high, striped)
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
        return self._raster.value_at(row, col)

    def set_placeholder(self, text: str) -> None:
        """Set the text of the empty view; the first line is the title."""
        if text != self.placeholder:
            self.placeholder = text
            self.update()

    def set_badge(self, text: str, token: str | None = None) -> None:
        """Set a small label in the corner, with a dot in the colour of `token`; "" removes it."""
        if (text, token) != (self._badge, self._badge_token):
            self._badge, self._badge_token = text, token
            self.update()

    def set_dimmed(self, dimmed: bool, why: str = "departed") -> None:
        """Draw the picture faintly as long as there is a reason, which goes by its name."""
        if dimmed != (why in self._dims):
            self._dims ^= {why}
            self.dimmed = bool(self._dims)
            self.update()

    def set_lines(self, lines: NDArray[np.float32] | None, strength: float = 1.0) -> None:
        """Draw lines [n, 2] over the picture, (row, column) in its pixels with NaN between them; None removes them.

        `strength` is their opacity.
        """
        if self._overlay.set_lines(lines, strength):
            self.update()

    def line_strength(self) -> float:
        """The opacity of the lines drawn over the picture; 0 without any."""
        return self._overlay.strength()

    def lines(self) -> NDArray[np.float32] | None:
        """The lines drawn over the picture."""
        return self._overlay.lines()

    def set_crosshair(self, row: int | None, col: int | None = None) -> None:
        """Mark a pixel with thin lines; None removes them."""
        cross = None if row is None or col is None else (row, col)
        if cross != self._cross:
            self._cross = cross
            self.update()

    def _redraw(self) -> None:
        self._shrunk = None
        self.update()

    def _picture(self, pixel: float) -> tuple[QImage, float]:
        """The image to draw and its pixels per pixel of the field: averaged first where it is much shrunk."""
        if pixel * self.devicePixelRatioF() > 0.5:
            return self._raster.image(), 1.0
        size = (self.image_rect().size() * self.devicePixelRatioF()).toSize().expandedTo(QSize(1, 1))
        if self._shrunk is None or self._shrunk[0] != size:
            mode = Qt.TransformationMode.SmoothTransformation
            picture = self._raster.image().scaled(size, Qt.AspectRatioMode.IgnoreAspectRatio, mode)
            self._shrunk = (size, picture)
        return self._shrunk[1], size.width() / self._port.whole[0]

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, then the layers over it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour("bg"))
        if self._raster.values is None:
            paint.placeholder(painter, QRectF(self.rect()), self.placeholder)
        else:
            pixel, image = self.pixel_size(), self.image_rect()
            picture, ratio = self._picture(pixel)
            seen = image.intersected(QRectF(self.rect()))
            painter.setOpacity(DIMMED if self.dimmed else 1.0)
            if picture.hasAlphaChannel():
                paint.no_data(painter, seen)
            smooth = pixel * self.devicePixelRatioF() < 1.0
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.drawImage(image, picture, QRectF(QPointF(), QSizeF(*self._port.whole) * ratio))
            self._overlay.paint(painter, self._port, seen)
            if self._cross is not None:
                row, col = self._cross
                cell = QRectF(*self._port.box_to_widget(Box(col, row, 1, 1)))
                paint.crosshair(painter, cell, seen)
            self.paint_over(painter)
            painter.setOpacity(1.0)
        paint.badge(painter, QRectF(self.rect()), self._badge, self._badge_token)
        paint.edge(painter, QRectF(self.rect()), self.hasFocus())

    def paint_over(self, painter: QPainter) -> None:
        """Draw over the picture; for subclasses."""
