"""The program's icons: strokes on a 24 px grid, tinted by the theme, sharp at any scale."""

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QAction, QColor, QIcon, QIconEngine, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton

from diffview.gui.theme import theme

GRID = 24
_WIDTH = 1.8

# M x y: move, L x y: line, C x1 y1 x2 y2 x y: curve, Z: close, R x y w h r: rounded rectangle, O x y r: circle;
# after "|" the figures are filled instead of drawn.
_FIGURES = {
    "open": "M 2.5 18.5 L 2.5 5.5 L 8.5 5.5 L 10.5 8 L 18 8 L 18 11 M 2.5 18.5 L 5.5 11 L 21 11 L 18 18.5 Z",
    "run": "| M 7 4.2 L 19.5 12 L 7 19.8 Z",
    "play": "M 7 4.5 L 19 12 L 7 19.5 Z",
    "pause": "| R 6 5 4 14 1.2 R 14 5 4 14 1.2",
    "stop": "| R 5.5 5.5 13 13 2",
    "undo": "M 8 4.5 L 3.5 9 L 8 13.5 M 3.5 9 L 14 9 C 18 9 20.5 11.5 20.5 14.5 C 20.5 17.5 18 20 14 20 L 9 20",
    "redo": "M 16 4.5 L 20.5 9 L 16 13.5 M 20.5 9 L 10 9 C 6 9 3.5 11.5 3.5 14.5 C 3.5 17.5 6 20 10 20 L 15 20",
    "present": "R 3 4 18 12 1.5 M 12 16 L 12 20 M 8 20.5 L 16 20.5",
    "cpu": "R 6 6 12 12 2 R 9.5 9.5 5 5 0.8 M 9 6 L 9 3 M 15 6 L 15 3 M 9 21 L 9 18 M 15 21 L 15 18"
    " M 6 9 L 3 9 M 6 15 L 3 15 M 21 9 L 18 9 M 21 15 L 18 15",
    "gpu": "R 3 6 18 10.5 1.5 O 12 11.25 2.8 M 6 20 L 6 16.5 M 10 20 L 10 16.5 M 14 20 L 14 16.5",
    "export": "M 12 3.5 L 12 14.5 M 7.5 10.5 L 12 15 L 16.5 10.5 M 4 16.5 L 4 20 L 20 20 L 20 16.5",
    "compare": "R 3.5 5 17 14 1.5 M 12 3 L 12 21",
    "dice": "R 4 4 16 16 3 | O 8.5 8.5 1.5 O 15.5 15.5 1.5 O 12 12 1.5",
    "back": "M 14.5 5.5 L 8 12 L 14.5 18.5",
    "next": "M 9.5 5.5 L 16 12 L 9.5 18.5",
    "swap": "M 4 8.5 L 19.5 8.5 M 15.5 4.5 L 19.5 8.5 L 15.5 12.5 M 20 15.5 L 4.5 15.5"
    " M 8.5 11.5 L 4.5 15.5 L 8.5 19.5",
    "crop": "M 7 2.5 L 7 17 L 21.5 17 M 2.5 7 L 17 7 L 17 21.5",
    "frame": "M 3.5 8 L 3.5 3.5 L 8 3.5 M 16 3.5 L 20.5 3.5 L 20.5 8 M 20.5 16 L 20.5 20.5 L 16 20.5"
    " M 8 20.5 L 3.5 20.5 L 3.5 16 M 12 8 L 12 16 M 8 12 L 16 12",
    "close": "M 6 6 L 18 18 M 18 6 L 6 18",
    "info": "O 12 12 9 M 12 11 L 12 16.5 | O 12 7.6 1.15",
    "warning": "M 12 3.5 L 21.5 20 L 2.5 20 Z M 12 10 L 12 14.5 | O 12 17.2 1.15",
    "error": "O 12 12 9 M 12 7 L 12 13 | O 12 16.4 1.15",
    "done": "O 12 12 9 M 7.8 12.4 L 10.8 15.4 L 16.4 9.2",
    "reset": "M 4.5 4 L 4.5 9.5 L 10 9.5 M 4.8 9.2 C 6.2 6 9 4 12.3 4 C 16.8 4 20.3 7.6 20.3 12"
    " C 20.3 16.4 16.8 20 12.3 20 C 9.2 20 6.5 18.3 5.2 15.6",
    "link": "M 10 14 L 14 10 M 11 7.5 L 13.5 5 C 15 3.5 17.6 3.5 19 5 C 20.5 6.5 20.5 9 19 10.5 L 16.5 13"
    " M 13 16.5 L 10.5 19 C 9 20.5 6.5 20.5 5 19 C 3.5 17.5 3.5 15 5 13.5 L 7.5 11",
    "follow": "O 12 12 4 O 12 12 9 M 12 1.5 L 12 5 M 12 19 L 12 22.5 M 1.5 12 L 5 12 M 19 12 L 22.5 12",
    "gap": "R 3.5 3.5 17 17 2 M 8 8 L 11 8 M 13 8 L 16 8 M 16 11 L 16 13 M 16 16 L 13 16 M 11 16 L 8 16 M 8 13 L 8 11",
    "field": "R 3.5 3.5 17 17 2 M 3.5 15 L 9 10 L 13 14 L 16 11.5 L 20.5 15.5 | O 15.3 8.2 1.6",
}
NAMES = tuple(_FIGURES)


def _traced(figure: str) -> QPainterPath:
    """The path of one figure in the small language above."""
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
    drawn, _, filled = _FIGURES[name].partition("|")
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
