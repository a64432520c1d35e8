"""What every widget draws with: a pen and a brush at once, words in a box, a part of the painter, a kept picture."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QRect, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPixmap

CENTRE = Qt.AlignmentFlag.AlignCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def ink(painter: QPainter, line: QPen | QColor | None = None, fill: QBrush | QColor | None = None) -> None:
    """Draw outlines with `line` and areas with `fill` from now on; without one there is none."""
    painter.setPen(Qt.PenStyle.NoPen if line is None else line)
    painter.setBrush(Qt.BrushStyle.NoBrush if fill is None else fill)


def dashed(pen: QPen, *lengths: float) -> QPen:
    """A pen with dashes and gaps, in widths of its line."""
    pen.setDashPattern(lengths)
    return pen


def write(
    painter: QPainter, box: QRectF | QRect, text: str, colour: QColor, align: Qt.AlignmentFlag | int = CENTRE
) -> None:
    """Write in a box."""
    painter.setPen(colour)
    painter.drawText(box, align, text)


@contextmanager
def inside(painter: QPainter, box: QRectF) -> Iterator[None]:
    """Draw smoothly and only in a box, and leave the painter as it was."""
    painter.save()
    painter.setClipRect(box)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    yield
    painter.restore()


def blank(size: QSize | QSizeF, ratio: float) -> QPixmap:
    """A clear picture of `size` pixels at `ratio` device pixels each."""
    picture = QPixmap((QSizeF(size) * ratio).toSize().expandedTo(QSize(1, 1)))
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    return picture


class KeptPicture:
    """A picture that is drawn anew only when what it depends on changes."""

    def __init__(self) -> None:
        self._drawn: tuple[object, QPixmap] | None = None

    def forget(self) -> None:
        """Draw anew at the next call: what is drawn is another thing."""
        self._drawn = None

    def of(self, key: object, size: QSize | QSizeF, ratio: float, draw: Callable[[QPainter], None]) -> QPixmap:
        """The picture that `draw` makes on a clear ground of `size`; `key`: all that it depends on."""
        whole = key, size.toTuple(), ratio
        if self._drawn is None or self._drawn[0] != whole:
            picture = blank(size, ratio)
            painter = QPainter(picture)
            draw(painter)
            painter.end()
            self._drawn = whole, picture
        return self._drawn[1]
