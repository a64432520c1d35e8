"""The part of an image that a widget shows, and the conversion of their pixels."""

import math

from diffview.gui.show.boxes import Box, Point

SMALLEST = 8.0
"""The least side of the part shown, in pixels of the image."""


class Viewport:
    """A part `rect` of an image of size `whole`, centred in a widget of size `widget` and as large as fits.

    Sizes are (width, height).
    """

    def __init__(self) -> None:
        self.whole = 0.0, 0.0
        self.widget = 1.0, 1.0
        self.rect = Box(0, 0, 0, 0)

    def all(self) -> Box:
        """The whole image."""
        return Box(0, 0, *self.whole)

    def pixel(self) -> float:
        """Side of a pixel of the image in pixels of the widget."""
        if self.rect.width <= 0 or self.rect.height <= 0:
            return 1.0
        return min(self.widget[0] / self.rect.width, self.widget[1] / self.rect.height)

    def shown(self) -> Box:
        """`rect`, moved so that the widget shows no empty margin where there is picture to fill it."""
        double = 2 * self.pixel()
        pairs = zip(self.rect.centre, self.widget, self.whole, strict=True)
        dx, dy = (_middle(at, side / double, length) - at for at, side, length in pairs)
        return self.rect.shifted(dx, dy)

    def clamped(self, rect: Box) -> Box:
        """`rect`, no larger than the image and inside it."""
        width, height = min(rect.width, self.whole[0]), min(rect.height, self.whole[1])
        x = min(max(rect.x, 0.0), self.whole[0] - width)
        y = min(max(rect.y, 0.0), self.whole[1] - height)
        return Box(x, y, width, height)

    def zoomed(self, factor: float, about: Point) -> Box:
        """The part shown after a zoom by `factor` that leaves `about` (pixels of the image) where it is."""
        view = self.shown()
        least = min(SMALLEST / min(self.whole), 1.0)
        share = min(max(view.width / self.whole[0] / factor, least), 1.0)
        k = share * self.whole[0] / view.width
        x, y = (at - (at - start) * k for at, start in zip(about, view[:2], strict=True))
        return Box(x, y, view.width * k, view.height * k)

    def to_image(self, at: Point) -> Point:
        """Pixels of the widget -> pixels of the image."""
        pixel, (x, y) = self.pixel(), self.shown().centre
        return (at[0] - self.widget[0] / 2) / pixel + x, (at[1] - self.widget[1] / 2) / pixel + y

    def to_widget(self, at: Point) -> Point:
        """Pixels of the image -> pixels of the widget."""
        pixel, (x, y) = self.pixel(), self.shown().centre
        return (at[0] - x) * pixel + self.widget[0] / 2, (at[1] - y) * pixel + self.widget[1] / 2

    def box_to_widget(self, box: Box) -> Box:
        """Pixels of the image -> pixels of the widget."""
        (left, top), (right, bottom) = self.to_widget(box[:2]), self.to_widget((box.right, box.bottom))
        return Box(left, top, right - left, bottom - top)

    def cell_at(self, at: Point) -> tuple[int, int] | None:
        """(row, column) of the pixel of the image at a point of the widget, None beside the image."""
        x, y = self.to_image(at)
        return (math.floor(y), math.floor(x)) if 0 <= x < self.whole[0] and 0 <= y < self.whole[1] else None


def _middle(centre: float, half: float, length: float) -> float:
    """The centre of a window of half-width `half` kept inside 0..length, or its middle where the window is wider."""
    return length / 2 if 2 * half >= length else min(max(centre, half), length - half)
