"""The program's icons: strokes on a 24 px grid, tinted by the theme, sharp at any scale."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QIconEngine, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton

from diffview.gui.theme import theme
from diffview.paths import resource

GRID = 24
_WIDTH = 1.8

LINES = resource("icons/figures.txt").read_text(encoding="utf-8").splitlines()
FIGURES = dict(text.split(": ", 1) for text in LINES if not text.startswith("#"))
"""The strokes of every icon by name, in the small language that the file explains."""

NAMES = tuple(FIGURES)


def _traced(figure: str) -> QPainterPath:
    """The path of one figure in that language."""
    path = QPainterPath()
    words = iter(figure.split())
    for word in words:
        count = {"M": 2, "L": 2, "C": 6, "Z": 0, "R": 5, "O": 3}[word]
        v = [float(next(words)) for _ in range(count)]
        if word == "M":
            path.moveTo(v[0], v[1])
        elif word == "L":
            path.lineTo(v[0], v[1])
        elif word == "C":
            path.cubicTo(*v)
        elif word == "R":
            path.addRoundedRect(v[0], v[1], v[2], v[3], v[4], v[4])
        elif word == "O":
            path.addEllipse(QPointF(v[0], v[1]), v[2], v[2])
        else:
            path.closeSubpath()
    return path


def draw_icon(painter: QPainter, name: str, rect: QRectF, colour: QColor) -> None:
    """Draw the icon `name` into `rect`."""
    drawn, _, filled = FIGURES[name].partition("|")
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.topLeft())
    painter.scale(rect.width() / GRID, rect.height() / GRID)
    pen = QPen(colour, _WIDTH, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(_traced(drawn), pen)
    if filled:
        painter.fillPath(_traced(filled), colour)
        painter.strokePath(_traced(filled), QPen(colour, 0.6))
    painter.restore()


class _Engine(QIconEngine):
    """Draws an icon when it is asked for, in the palette then in force: faint where it is disabled."""

    def __init__(self, name: str, token: str) -> None:
        super().__init__()
        self._name, self._token = name, token

    def clone(self) -> QIconEngine:
        """Another that draws the same, for Qt."""
        return _Engine(self._name, self._token)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw into `rect`."""
        token = "faint" if mode is QIcon.Mode.Disabled else self._token
        draw_icon(painter, self._name, QRectF(rect), theme.colour(token))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """A picture of `size` device pixels on a clear ground."""
        picture = QPixmap(size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self.paint(painter, picture.rect(), mode, state)
        painter.end()
        return picture


def set_icon(target: QAbstractButton | QAction, name: str, token: str = "text") -> None:
    """Give a button or an action an icon that follows the theme, drawn when it is seen."""
    target.setIcon(QIcon(_Engine(name, token)))
