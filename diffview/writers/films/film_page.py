"""Drawing the pictures of a film: panels, their colours, numbers that change, and what is said below them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from diffview.errors import UserError
from diffview.fields.bar_ticks import bar_ticks
from diffview.fields.colormaps import COLORMAPS
from diffview.fields.numbers import compact, round_up
from diffview.fields.quantised import Quantised
from diffview.paths import resource
from diffview.runs.colour_scale import Scale
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.reels import FORWARD, FilmFrame, FilmReel, Panel

Rgb = NDArray[np.uint8]

INKS = {
    "dark": {"ground": "#14171c", "text": "#e6e9ef", "dim": "#8b94a3", "line": "#414a58", "none": "#2a2f3a",
             "forward": "#f2a93b", "reverse": "#4cc2e6"},
    "light": {"ground": "#ffffff", "text": "#1d232b", "dim": "#69727f", "line": "#b6bec9", "none": "#dfe3e8",
              "forward": "#c77700", "reverse": "#0a7ea4"},
}  # fmt: skip
"""Colours of the two grounds; "none" is that of missing pixels, which are hatched."""

DESIGN_PX, LEAST_TEXT_PX = 720.0, 10
"""The height for which lengths are given, and the smallest text."""
HATCH_PX = 6
SMALLEST_PANEL_PX, BAR_PX = 24, 104


class Rectangle(NamedTuple):
    """Pixels of a film: left, top, width, height."""

    x: int
    y: int
    width: int
    height: int


@lru_cache(maxsize=16)
def font_of(px: int, weight: str = "Regular") -> ImageFont.FreeTypeFont:
    """The font that ships with the program."""
    return ImageFont.truetype(str(resource(f"fonts/Inter-{weight}.otf")), px)


def elided(text: str, width: float, font: ImageFont.FreeTypeFont) -> str:
    """A text that fits into a width."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


class FilmPage:
    """The layout of a film; `draw` gives one picture.

    Attributes:
        boxes: where the pixels of each panel lie.
        reduced: whether a pixel of the film shows several of a panel.
    """

    def __init__(self, reel: FilmReel, settings: FilmSettings) -> None:
        """Lay it out.

        Raises:
            UserError: if the panels do not fit.
        """
        self._reel, self._settings, self._ink = reel, settings, INKS[settings.theme]
        self._unit = min(settings.size[0] / (DESIGN_PX * 16 / 9), settings.size[1] / DESIGN_PX)
        self._small, self._large = self._text(17), self._text(24)
        self._line = round(self._small * 1.5)
        self._bars = tuple(dict.fromkeys(panel.scale for panel in reel.panels)) if settings.scale else ()
        self.boxes = self._laid_out()
        self._right = max(box.x + box.width for box in self.boxes)
        self.reduced = any(box.height < panel.shape[0] for box, panel in zip(self.boxes, reel.panels, strict=True))
        self._pictures = [_quantised(panel.scale) for panel in reel.panels]
        self._hatch = self._hatched()
        self._ground = self._drawn_ground()
        self._last: tuple[FilmFrame, Rgb] | None = None

    def draw(self, frame: FilmFrame) -> Rgb:
        """One picture, uint8 [height, width, 3]; of the same frame the same object."""
        if self._last is not None and self._last[0] is frame:
            return self._last[1]
        image = self._ground.copy()
        for box, picture, values in zip(self.boxes, self._pictures, frame.values, strict=True):
            if values is None:
                continue
            picture.set_values(values)
            self._paste(image, picture.pixels(), box)
        draw, margin = ImageDraw.Draw(image), self._px(24)
        font = font_of(self._large, "Medium")
        words = elided(frame.words, image.width - 2 * margin, font)
        draw.text((margin, self._px(20)), words, self._ink["text"], font)
        self._draw_playhead(draw, frame.t)
        self._last = frame, np.asarray(image)
        return self._last[1]

    @property
    def drawn(self) -> Rgb:
        """The picture that was drawn last."""
        assert self._last is not None
        return self._last[1]

    # -- layout

    def _px(self, length: float) -> int:
        return max(1, round(length * self._unit))

    def _text(self, px: float) -> int:
        return max(LEAST_TEXT_PX, round(px * self._unit))

    def _laid_out(self) -> list[Rectangle]:
        """The boxes of the panels, each a whole number of pixels for a pixel of the field, or as large as it can be."""
        (width, height), reel, line = self._settings.size, self._reel, self._line
        margin, gap = self._px(24), self._px(16)
        self._below = self._px(26) + 2 * line * self._settings.caption
        top = self._px(20) + round(self._large * 1.6)
        rows = -(-len(reel.panels) // reel.columns)
        whole = width - 2 * margin - len(self._bars) * self._px(BAR_PX)
        room_x = (whole - (reel.columns - 1) * gap) // reel.columns
        under = line if self._settings.scale and any(panel.km for panel in reel.panels) else 0
        room_y = (height - self._below - margin - top) // rows - line - under - (gap if rows > 1 else 0)
        if min(room_x, room_y) < SMALLEST_PANEL_PX:
            what = f"{width} x {height} pixels have no room for the pictures of the film ({len(reel.panels)})."
            raise UserError(what, "Choose a larger size, fewer members, or no caption and no scale.")
        sizes = [_fitted(panel.shape, room_x, room_y) for panel in reel.panels]
        pitch_x, pitch_y = max(w for w, _ in sizes) + gap, max(h for _, h in sizes) + line + under + gap
        left = margin + max(0, whole - (reel.columns * pitch_x - gap)) // 2
        above = top + line + max(0, height - self._below - margin - top - (rows * pitch_y - gap)) // 2
        return [
            Rectangle(left + i % reel.columns * pitch_x, above + i // reel.columns * pitch_y, *size)
            for i, size in enumerate(sizes)
        ]

    # -- what stays

    def _drawn_ground(self) -> Image.Image:
        """All that is the same in every picture."""
        image = Image.new("RGB", self._settings.size, self._ink["ground"])
        draw = ImageDraw.Draw(image)
        for box, panel in zip(self.boxes, self._reel.panels, strict=True):
            self._draw_title(draw, box, panel)
        self._draw_kilometres(draw)
        for i, scale in enumerate(self._bars):
            self._draw_bar(image, draw, i, scale)
        self._draw_timeline(draw)
        if self._settings.caption:
            font, y = font_of(self._small), image.height - self._px(10) - 2 * self._line
            for words in self._reel.caption:
                text = elided(words, image.width - 2 * self._px(24), font)
                draw.text((self._px(24), y), text, self._ink["dim"], font)
                y += self._line
        return image

    def _draw_title(self, draw: ImageDraw.ImageDraw, box: Rectangle, panel: Panel) -> None:
        font = font_of(self._small, "SemiBold")
        draw.text((box.x, box.y - self._line), elided(panel.title, box.width, font), self._ink[panel.side], font)
        draw.rectangle((box.x - 1, box.y - 1, box.x + box.width, box.y + box.height), outline=self._ink["line"])

    def _draw_kilometres(self, draw: ImageDraw.ImageDraw) -> None:
        """A length on Earth below the first panel of which it is known."""
        known = ((box, p) for box, p in zip(self.boxes, self._reel.panels, strict=True) if p.km)
        first = next(known, None)
        if first is None or not self._settings.scale:
            return
        box, panel = first
        zoom, font = box.width / panel.shape[1], font_of(self._small)
        assert panel.km is not None
        length = round_up(panel.shape[1] * panel.km / 8)
        right, y = box.x + round(length / panel.km * zoom), box.y + box.height + self._line // 2 + self._px(2)
        draw.line((box.x, y, right, y), self._ink["text"], self._px(2))
        for x in (box.x, right):
            draw.line((x, y - self._px(4), x, y + self._px(4)), self._ink["text"], self._px(2))
        draw.text((right + self._px(8), y), f"{compact(length)} km", self._ink["dim"], font, anchor="lm")

    def _draw_bar(self, image: Image.Image, draw: ImageDraw.ImageDraw, i: int, scale: Scale) -> None:
        """The colours of a scale with round physical numbers; values beyond its ends have the colours there."""
        font, top = font_of(self._small), min(box.y for box in self.boxes)
        bottom = max(box.y + box.height for box in self.boxes)
        left = self._right + self._px(24) + i * self._px(BAR_PX)
        width, height = self._px(16), bottom - top
        colours = COLORMAPS[scale.colours][np.linspace(255, 0, height).round().astype(int)]
        image.paste(Image.fromarray(np.repeat(colours[:, None], width, axis=1)), (left, top))
        draw.rectangle((left - 1, top - 1, left + width, bottom), outline=self._ink["line"])
        low, high = scale.limits

        def y_of(physical: float) -> float:
            return bottom - (float(scale.transform(physical)) - low) / (high - low) * height

        ends = sorted(float(scale.transform.inverse(z)) for z in scale.limits)
        for value in bar_ticks(ends[0], ends[1], y_of, 2.2 * self._line):
            y = round(y_of(value))
            draw.line((left + width + 1, y, left + width + self._px(5), y), self._ink["dim"])
            label = compact(value, small=1e-4)
            draw.text((left + width + self._px(9), y), label, self._ink["dim"], font, anchor="lm")
        draw.text((left, top - self._line), elided(scale.units, self._px(84), font), self._ink["dim"], font)

    def _draw_timeline(self, draw: ImageDraw.ImageDraw) -> None:
        left, right, y = self._timeline()
        font = font_of(self._small)
        draw.line((left, y, right, y), self._ink["line"], self._px(3))
        draw.text((left - self._px(14), y), "x₀", self._ink["dim"], font, anchor="rm")
        draw.text((right + self._px(14), y), "noise", self._ink["dim"], font, anchor="lm")

    def _timeline(self) -> tuple[int, int, int]:
        """Left and right end of the axis of t, and its height."""
        width, height = self._settings.size
        font = font_of(self._small)
        left = self._px(38) + round(font.getlength("x₀"))
        return left, width - self._px(38) - round(font.getlength("noise")), height - self._below

    def _draw_playhead(self, draw: ImageDraw.ImageDraw, t: float) -> None:
        left, right, y = self._timeline()
        x, radius = round(left + t * (right - left)), self._px(7)
        colour = self._ink[FORWARD if self._settings.what == FORWARD else "reverse"]
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour)

    # -- pixels

    def _paste(self, image: Image.Image, pixels: NDArray[np.uint32], box: Rectangle) -> None:
        """The pixels of a panel; missing ones are hatched."""
        channels = np.stack([pixels >> shift & 255 for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
        small, size = Image.fromarray(channels), (box.width, box.height)
        way = Image.Resampling.BOX if box.height < pixels.shape[0] else Image.Resampling.NEAREST
        missing = pixels == 0
        if missing.any():
            image.paste(self._hatch.crop((0, 0, *size)), (box.x, box.y))
            small.putalpha(Image.fromarray(np.where(missing, np.uint8(0), np.uint8(255))))
            known = small.resize(size, way)  # where several lie in one, the mean colour of those that are there
            image.paste(known, (box.x, box.y), known.getchannel("A").point(lambda share: 255 * (share > 127)))
        else:
            image.paste(small.resize(size, way), (box.x, box.y))

    def _hatched(self) -> Image.Image:
        """The ground of missing pixels: a colour of no map, with a faint hatch."""
        image = Image.new("RGB", self._settings.size, self._ink["none"])
        draw, step, height = ImageDraw.Draw(image), self._px(HATCH_PX), image.height
        for x in range(-height, image.width, step):
            draw.line((x, height, x + height, 0), self._ink["line"])
        return image


def _quantised(scale: Scale) -> Quantised:
    """What turns values into colours as the window does."""
    picture = Quantised()
    picture.set_table(COLORMAPS[scale.colours])
    picture.set_limits(*scale.levels)
    return picture


def _fitted(shape: tuple[int, int], width: int, height: int) -> tuple[int, int]:
    """Width and height of a panel of (ny, nx) in a room: a multiple of its pixels, or what keeps its sides' ratio."""
    ny, nx = shape
    zoom = min(width / nx, height / ny)
    if zoom >= 1:
        return nx * int(zoom), ny * int(zoom)
    return max(1, round(nx * zoom)), max(1, round(ny * zoom))
