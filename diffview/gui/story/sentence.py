"""The sentence of a stage, as large as its room allows."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from diffview.gui.theme import FONT, MEDIUM, theme
from diffview.gui.widgets.ink import write
from diffview.gui.widgets.plots.plot_axis import AXIS_PX
from diffview.gui.widgets.staged import Staged

LARGEST = 1.45
"""Size of the text where it has room, of the least size of a text on a stage."""

WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextWordWrap)


class Sentence(Staged):
    """One sentence.

    Attributes:
        text: that sentence; who changes it arranges the stage anew.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.text = ""

    def set_text(self, text: str) -> None:
        """Say another sentence."""
        self.text = text
        self.update()  # its box may stay as it is

    def fitted(self, width: float, most: float) -> tuple[QFont, float]:
        """Its font in a room so wide and at most so high, and the height that it takes; never below the least."""
        least = self.px(AXIS_PX)
        size = LARGEST * least
        while True:
            font = QFont(FONT)
            font.setPixelSize(round(size))
            font.setWeight(QFont.Weight(MEDIUM))
            high = QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 1e6), WRAPPED, self.text).height()
            if high <= most or size <= least:
                return font, high if self.text else 0.0
            size = max(least, 0.95 * size)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write it."""
        painter = QPainter(self)
        painter.setFont(self.fitted(self.width(), self.height() + 1)[0])
        write(painter, self.rect(), self.text, theme.colour("text"), WRAPPED)
