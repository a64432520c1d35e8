"""An equation of the theory, drawn as outlines: crisp at any size, in the colours in force, with live numbers."""

from collections.abc import Callable, Mapping
from functools import cache

from PySide6.QtCore import QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QTransform
from PySide6.QtWidgets import QSizePolicy, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets.staged import Staged
from diffview.story.equations import ROLES
from diffview.story.typeset import EM, PlacedGlyph, SetEquation, formula, outline, words

DRAWS: dict[str, tuple[int, Callable[..., None]]] = {
    "M": (2, QPainterPath.moveTo),
    "L": (2, QPainterPath.lineTo),
    "Q": (4, QPainterPath.quadTo),
    "C": (6, QPainterPath.cubicTo),
    "Z": (0, QPainterPath.closeSubpath),
}
"""The commands of an outline: how many numbers each takes, and what it does."""


@cache
def glyph_path(glyph: str) -> QPainterPath:
    """The outline of a glyph, in units from its origin."""
    path, words = QPainterPath(), iter(outline(glyph).split())
    path.setFillRule(Qt.FillRule.WindingFill)
    for command in words:
        count, draw = DRAWS[command]
        draw(path, *(float(next(words)) for _ in range(count)))
    return path


def paint_equation(
    painter: QPainter, at: tuple[float, float], size: float, whole: SetEquation, texts: Mapping[str, str]
) -> None:
    """Draw an equation whose text is `size` high with its box from the point `at`, in the palette in force."""
    palette = theme.palette
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(*at)
    painter.scale(size / EM, size / EM)
    painter.translate(-whole.box.left, whole.box.ascent)
    for glyph in whole.with_numbers(texts):
        painter.fillPath(_placed(glyph), palette.colour(ROLES[glyph.role]))
    for bar in whole.bars:
        painter.fillRect(QRectF(bar.x, bar.y, bar.width, bar.height), palette.colour(ROLES[bar.role]))
    painter.restore()


def _placed(glyph: PlacedGlyph) -> QPainterPath:
    place = QTransform.fromTranslate(glyph.x, glyph.y).scale(glyph.size, glyph.size)
    return place.map(glyph_path(glyph.glyph))


class EquationView(Staged):
    """Shows one equation in the middle, as large as its text may be and the widget has room.

    Attributes:
        key: of the equation, "" for none.
    """

    def __init__(self, text_px: float, parent: QWidget | None = None) -> None:
        """`text_px` is the size of the text in design pixels."""
        super().__init__(parent)
        self.key, self._live = "", False
        self._text_px = text_px
        self._texts: Mapping[str, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.follow(self)

    def set_equation(self, key: str, live: bool = False) -> None:
        """Show the equation of a key, `live`: in the form with numbers; "" shows none."""
        if (key, live) != (self.key, self._live):
            self.key, self._live = key, live
            latex, meaning = words(key) if key else ("", "")
            self.setAccessibleName(latex)
            self.setAccessibleDescription(meaning)
            self.updateGeometry()
            self.update()

    def set_numbers(self, texts: Mapping[str, str]) -> None:
        """Show numbers in their slots; cheap enough for every frame."""
        shown = {slot.name: texts.get(slot.name, "") for slot in self._formula().slots} if self.key else {}
        if shown != self._texts:
            self._texts = shown
            self.update()

    def texts(self) -> Mapping[str, str]:
        """The numbers shown."""
        return self._texts

    def set_text_px(self, text_px: float) -> None:
        """Take another size of the text."""
        if text_px != self._text_px:
            self._text_px = text_px
            self.updateGeometry()
            self.update()

    def text_px(self) -> float:
        """The size at which the text is drawn, in pixels: smaller than asked for where the room is narrow."""
        if not self.key:
            return 0.0
        natural, asked = self._natural(), self.px(self._text_px)
        return asked * min(1.0, self.width() / natural.width(), self.height() / natural.height())

    def sizeHint(self) -> QSize:
        """All of it at the size asked for."""
        return self._natural().toSize() if self.key else QSize(0, 0)

    def minimumSizeHint(self) -> QSize:
        """Half as wide: it shrinks to its room."""
        return self.sizeHint() / 2

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the equation in the middle."""
        if not self.key:
            return
        whole, size = self._formula(), self.text_px()
        share = size / EM
        across, down = whole.box.width * share, whole.box.height * share
        at = (self.width() - across) / 2, (self.height() - down) / 2
        paint_equation(QPainter(self), at, size, whole, self._texts)

    def _formula(self) -> SetEquation:
        return formula(self.key, self._live)

    def _natural(self) -> QSizeF:
        whole, share = self._formula(), self.px(self._text_px) / EM
        return QSizeF(whole.box.width * share + 1, whole.box.height * share + 1)
