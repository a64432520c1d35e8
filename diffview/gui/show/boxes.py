"""Points and rectangles without Qt."""

from typing import NamedTuple

Point = tuple[float, float]
"""x to the right, y downwards."""


class Box(NamedTuple):
    """A rectangle: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """x of the right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """y of the lower edge."""
        return self.y + self.height

    @property
    def centre(self) -> Point:
        """The middle."""
        return self.x + self.width / 2, self.y + self.height / 2

    def shifted(self, dx: float, dy: float) -> "Box":
        """Elsewhere, as large."""
        return Box(self.x + dx, self.y + dy, self.width, self.height)
