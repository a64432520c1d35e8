"""A lecture on paper: pages of A4 for each chapter, with its sentences, equation, pictures and plots as PDF."""

import math
from functools import cache
from typing import NamedTuple

from PySide6.QtCore import QBuffer, QByteArray, QCoreApplication, QIODevice, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontDatabase,
    QFontMetricsF,
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
)
from PySide6.QtSvg import QSvgRenderer

from diffview.paths import resource
from diffview.story.equation_table import EQUATIONS
from diffview.story.handout import INK, Handout, HandoutChapter, HandoutFigure
from diffview.story.typeset import svg

DPI = 144
MM = DPI / 25.4
MARGIN_MM, GAP_MM = 14.0, 5.0
SIZES = {"title": 22.0, "sentence": 14.0, "small": 9.5, "equation": 22.0}
"""Of letters, in points."""

SHOWN = 4
"""Places of a slider that are printed beside each other."""

ACROSS = 4
"""Most figures of a row."""

TALLEST_MM, LEAST_MM = 84.0, 40.0
"""Of a row of figures; where sentences leave less than the least, they go on overleaf."""

FOOT_MM = 8.0


class _Tile(NamedTuple):
    """What is drawn in a place, its size in its own units, and what stands below it."""

    drawn: QImage | QSvgRenderer
    size: QSizeF
    words: str


def pdf_of(handout: Handout) -> bytes:
    """The handout as PDF; its letters are letters, its equations and plots lines."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    _application()
    writer = QPdfWriter(buffer)
    writer.setResolution(DPI)
    writer.setTitle(handout.title)
    writer.setCreator("diffview")
    page = QPageSize(QPageSize.PageSizeId.A4)
    writer.setPageLayout(QPageLayout(page, QPageLayout.Orientation.Landscape, QMarginsF(0, 0, 0, 0)))
    painter = QPainter(writer)
    for number, chapter in enumerate(handout.chapters, 1):
        if number > 1:
            writer.newPage()
        _Sheet(painter, writer, handout.title).draw(number, chapter)
    painter.end()
    return bytes(buffer.data().data())


@cache
def _application() -> QCoreApplication:
    """The application of Qt that letters need, with the font of the program; without a window it needs no screen."""
    application = QGuiApplication.instance() or QGuiApplication(["diffview", "-platform", "offscreen"])
    for weight in ("Regular", "SemiBold"):
        QFontDatabase.addApplicationFont(str(resource(f"fonts/Inter-{weight}.otf")))
    return application


class _Sheet:
    """The page of a chapter, drawn from its top, and those overleaf."""

    def __init__(self, painter: QPainter, writer: QPdfWriter, title: str) -> None:
        self._painter, self._writer, self._title, margin = painter, writer, title, MARGIN_MM * MM
        page = QRectF(0, 0, writer.width(), writer.height())
        self._room = page.adjusted(margin, margin, -margin, -margin)
        self._y = self._room.top()

    def draw(self, number: int, chapter: HandoutChapter) -> None:
        """All of a chapter."""
        first, *others = chapter.sentences
        self._write(f"{number}  {chapter.title}", "title", "text", bold=True)
        self._write(first, "sentence", "text")
        if (equation := EQUATIONS.get(chapter.equation)) is not None:
            self._set(chapter.equation)
            self._write(equation.meaning, "small", "dim")
        below = [(sentence, "small", "text") for sentence in others] + [
            (note, "small", "dim") for note in chapter.notes
        ]
        tiles = [tile for figure in chapter.figures for tile in _tiles(figure)]
        foot, least = self._room.bottom() - FOOT_MM * MM, math.ceil(len(tiles) / ACROSS) * LEAST_MM * MM
        bottom = foot - sum(self._height(*words[:2]) + GAP_MM * MM / 2 for words in below)
        self._show(tiles, bottom if bottom - self._y >= least else foot)
        for words, size, token in below:
            if self._y + self._height(words, size) > foot:
                self._footer()
                self._writer.newPage()
                self._y = self._room.top()
            self._write(words, size, token)
        self._footer()

    def _font(self, size: str, bold: bool = False) -> QFont:
        font = QFont("Inter")
        font.setPixelSize(round(SIZES[size] * DPI / 72))
        font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
        return font

    def _height(self, text: str, size: str, bold: bool = False) -> float:
        metrics = QFontMetricsF(self._font(size, bold), self._painter.device())
        return metrics.boundingRect(self._room, int(Qt.TextFlag.TextWordWrap), text).height()

    def _write(self, text: str, size: str, token: str, bold: bool = False) -> None:
        """A paragraph; what stands in it is text."""
        self._painter.setFont(self._font(size, bold))
        self._painter.setPen(QColor(INK[token]))
        height = self._height(text, size, bold)
        box = QRectF(self._room.left(), self._y, self._room.width(), height)
        self._painter.drawText(box, int(Qt.TextFlag.TextWordWrap), text)
        self._y += height + GAP_MM * MM / 2

    def _set(self, key: str) -> None:
        """An equation."""
        renderer = QSvgRenderer(QByteArray(svg(key, INK, size=SIZES["equation"] * DPI / 72).encode()))
        size = QSizeF(renderer.defaultSize())
        scale = min(1.0, self._room.width() / size.width())
        renderer.render(self._painter, QRectF(self._room.left(), self._y, size.width() * scale, size.height() * scale))
        self._y += size.height() * scale + GAP_MM * MM / 2

    def _show(self, tiles: list[_Tile], bottom: float) -> None:
        """The figures in rows, as large as there is room for."""
        if not tiles:
            return
        rows = math.ceil(len(tiles) / ACROSS)
        across, gap = math.ceil(len(tiles) / rows), GAP_MM * MM
        words = self._height("x", "small") * 1.2
        width = (self._room.width() - (across - 1) * gap) / across
        height = min(TALLEST_MM * MM, (bottom - self._y - (rows - 1) * gap) / rows - words)
        for i, tile in enumerate(tiles):
            x = self._room.left() + i % across * (width + gap)
            y = self._y + i // across * (height + words + gap)
            scale = min(width / tile.size.width(), height / tile.size.height())
            box = QRectF(x, y, tile.size.width() * scale, tile.size.height() * scale)
            if isinstance(tile.drawn, QImage):
                self._painter.drawImage(box, tile.drawn)
            else:
                tile.drawn.render(self._painter, box)
            self._painter.setFont(self._font("small"))
            self._painter.setPen(QColor(INK["dim"]))
            metrics = QFontMetricsF(self._font("small"), self._painter.device())
            text = metrics.elidedText(tile.words, Qt.TextElideMode.ElideRight, width)
            self._painter.drawText(QRectF(x, box.bottom(), width, words), int(Qt.AlignmentFlag.AlignVCenter), text)
        self._y += rows * (height + words) + (rows - 1) * gap + gap / 2

    def _footer(self) -> None:
        self._painter.setFont(self._font("small"))
        self._painter.setPen(QColor(INK["dim"]))
        self._painter.drawText(self._room, int(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight), self._title)


def _tiles(figure: HandoutFigure) -> list[_Tile]:
    """What of a figure stands on paper: places of a slider, the last picture of a film, a plot."""
    if figure.plot:
        drawn = QSvgRenderer(QByteArray(figure.plot.encode()))
        return [_Tile(drawn, drawn.viewBoxF().size(), figure.caption)]
    if len(figure.pictures) > 1:
        last = len(figure.pictures) - 1
        places = dict.fromkeys(math.ceil(i * last / (SHOWN - 1)) for i in range(SHOWN))
        return [_tile(figure.pictures[at], figure.words[at]) for at in places]
    return [_tile(figure.last or picture, figure.caption) for picture in figure.pictures]


def _tile(picture: bytes, words: str) -> _Tile:
    from diffview.writers.films.encoding import unpacked

    pixels = unpacked(picture)
    height, width, _ = pixels.shape
    image = QImage(pixels.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    return _Tile(image, QSizeF(width, height), words)
