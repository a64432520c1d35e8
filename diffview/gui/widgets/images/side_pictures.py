"""Two to four pictures side by side, each under its name and above its words."""

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from diffview.gui.theme import SEMIBOLD, SMALL_PX, theme
from diffview.gui.widgets.images.framed import GAP, WORDS, FramedPictures, paint_framed
from diffview.gui.widgets.ink import LEFT, write

NARROW = 420
"""Width below which three or four pictures stand in two rows, where no other is named."""


class SidePicture(NamedTuple):
    """A picture with its name, the token of its colour, and words; None where there is no picture yet."""

    name: str
    token: str
    image: QImage | None
    words: str = ""


class SidePictures(FramedPictures):
    """Pictures of one size; three or four stand in two rows where there is less than `narrow` room for them."""

    def __init__(self, parent: QWidget | None = None, narrow: int = NARROW) -> None:
        super().__init__(parent)
        self._narrow = narrow
        self.pictures: tuple[SidePicture, ...] = ()

    def show_pictures(self, pictures: Sequence[SidePicture]) -> None:
        """Show pictures in their order."""
        another = len(pictures) != len(self.pictures)
        self.pictures = tuple(pictures)
        self.setAccessibleDescription(", ".join(f"{one.name}: {one.words}" for one in pictures))
        if another:
            self.updateGeometry()
        self.update()

    def _columns(self, width: int) -> int:
        count = max(2, len(self.pictures))
        return 2 if width < theme.px(self._narrow) and count > 2 else count

    def side(self, width: int) -> float:
        """The side of a picture in a widget of this width."""
        columns = self._columns(width)
        return (width - (columns - 1) * theme.px(GAP)) / columns

    def heightForWidth(self, width: int) -> int:
        """Rows of squares with a line of words above and below each."""
        rows = -(-max(2, len(self.pictures)) // self._columns(width))
        return round(rows * (self.side(width) + 2 * theme.px(WORDS) + theme.px(GAP)))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Names, pictures or empty frames, words."""
        painter = QPainter(self)
        side, line, columns = self.side(self.width()), theme.px(WORDS), self._columns(self.width())
        for place, one in enumerate(self.pictures):
            row, column = divmod(place, columns)
            left, top = column * (side + theme.px(GAP)), row * (side + 2 * line + theme.px(GAP))
            painter.setFont(theme.font(SMALL_PX, SEMIBOLD))
            write(painter, QRectF(left, top, side, line), one.name, theme.colour(one.token), LEFT)
            paint_framed(painter, QRectF(left, top + line, side, side), one.image)
            painter.setFont(theme.font(SMALL_PX - 1, tabular=True))
            words = QFontMetricsF(painter.font()).elidedText(one.words, Qt.TextElideMode.ElideRight, side)
            write(painter, QRectF(left, top + line + side, side, line), words, theme.colour("dim"), LEFT)
