"""What widgets of several small pictures share: a height that follows from the width, and frames of pictures."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets.ink import ink
from diffview.gui.widgets.staged import Staged

GAP, WORDS = 6, 17
"""Pixels: gap between pictures, height of a line of words."""

USUAL, LEAST = 280, 160
"""Pixels: width as in a dock, and the smallest."""


class FramedPictures(Staged):
    """Pictures in frames; the kinds of it say their `heightForWidth`, and paint."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.follow(self)

    def sizeHint(self) -> QSize:
        """As for a dock."""
        return self._of_width(theme.px(USUAL))

    def minimumSizeHint(self) -> QSize:
        """Small pictures."""
        return self._of_width(theme.px(LEAST))

    def _of_width(self, width: int) -> QSize:
        return QSize(width, self.heightForWidth(width))


def paint_framed(painter: QPainter, box: QRectF, image: QImage | None) -> None:
    """A picture in a box, as large as its shape allows; an empty frame where there is none yet."""
    if image is None or image.isNull():
        ink(painter, None, theme.colour("raised"))
        painter.drawRoundedRect(box, 4, 4)
        return
    scale = min(box.width() / image.width(), box.height() / image.height())
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, scale < 1)
    painter.drawImage(QRectF(box.left(), box.top(), image.width() * scale, image.height() * scale), image)
