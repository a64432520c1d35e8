"""Equations that are set: outlines of their glyphs where they stand, read from what `tools/make_equations.py` wrote.

Lengths are in 1/1000 of the size of the text, x to the right and y down from the baseline. Colours are roles, so that
one setting serves every appearance; live numbers are set in glyphs of the same font, each in its slot.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import NamedTuple

from diffview.paths import resource
from diffview.story.equation_table import EQUATIONS
from diffview.story.equations import ROLES, SYMBOLS

EM = 1000
"""Units to the size of the text."""


SYMBOL = "symbol."
"""A key that begins so is that of a symbol alone."""


class PlacedGlyph(NamedTuple):
    """A glyph by its name, its origin, its size as a share of the text's, and the role of its colour."""

    glyph: str
    x: float
    y: float
    size: float
    role: str


class PlacedBar(NamedTuple):
    """The line of a fraction or a root, and the role of its colour."""

    x: float
    y: float
    width: float
    height: float
    role: str


class NumberSlot(NamedTuple):
    """Where a live number stands: its name, the box on its baseline, its size as a share of the text's."""

    name: str
    x: float
    y: float
    width: float
    size: float


class PlacedBox(NamedTuple):
    """What a formula takes: from (left, -ascent) so wide, and down to its depth below the baseline."""

    left: float
    width: float
    ascent: float
    depth: float

    @property
    def height(self) -> float:
        """From its top to its foot."""
        return self.ascent + self.depth


@dataclass(frozen=True)
class SetEquation:
    """A formula that is set: its box, and what stands in it."""

    box: PlacedBox
    glyphs: tuple[PlacedGlyph, ...]
    bars: tuple[PlacedBar, ...]
    slots: tuple[NumberSlot, ...]

    def with_numbers(self, texts: Mapping[str, str]) -> tuple[PlacedGlyph, ...]:
        """The glyphs with the texts of the numbers, each in the middle of its slot."""
        numbers = (glyph for slot in self.slots for glyph in _written(slot, texts.get(slot.name, "")))
        return (*self.glyphs, *numbers)


class _Store(NamedTuple):
    outlines: dict[str, str]
    figures: dict[str, tuple[str, float]]
    formulas: dict[str, SetEquation]


@cache
def _store() -> _Store:
    plain = json.loads(resource("equations.json").read_text(encoding="utf-8"))
    formulas = {
        name: SetEquation(
            PlacedBox(*row["box"]),
            tuple(PlacedGlyph(*one) for one in row["glyphs"]),
            tuple(PlacedBar(*one) for one in row["bars"]),
            tuple(NumberSlot(*one) for one in row["slots"]),
        )
        for name, row in plain["formulas"].items()
    }
    return _Store(plain["outlines"], {key: tuple(row) for key, row in plain["figures"].items()}, formulas)


def _written(slot: NumberSlot, text: str) -> list[PlacedGlyph]:
    """The glyphs of a number, smaller where it is wider than its slot."""
    figures = _store().figures
    natural = slot.size * sum(figures[letter][1] for letter in text)
    size = slot.size * min(1.0, slot.width / natural) if text else slot.size
    x, placed = slot.x + max(0.0, slot.width - natural) / 2, []
    for letter in text:
        glyph, advance = figures[letter]
        placed.append(PlacedGlyph(glyph, x, slot.y, size, ""))
        x += size * advance
    return placed


def formula(key: str, live: bool = False) -> SetEquation:
    """The equation of a key, set, or a symbol alone; `live`: with slots for its numbers, if it has such a form."""
    return _store().formulas[f"{key}.live" if live and EQUATIONS[key].live else key]


def words(key: str) -> tuple[str, str]:
    """An equation, or a symbol alone, in plain LaTeX, and what it says."""
    if key.startswith(SYMBOL):
        symbol = SYMBOLS[key.removeprefix(SYMBOL)]
        return symbol.latex, symbol.meaning
    return EQUATIONS[key].plain, EQUATIONS[key].meaning


def outline(glyph: str) -> str:
    """The outline of a glyph as a path of SVG: M, L, Q, C and Z with absolute coordinates in units."""
    return _store().outlines[glyph]


def svg(key: str, colours: Mapping[str, str], texts: Mapping[str, str] | None = None, size: float = 48.0) -> str:
    """The equation as one SVG, `size` pixels its text; `colours`: #rrggbb by token; with `texts` in its live form.

    Every part has its role as its class, for style sheets of a page.
    """
    whole = formula(key, texts is not None)
    scale, (left, wide, ascent, _), high = size / EM, whole.box, whole.box.height
    parts = [
        f'<path class="{glyph.role or "plain"}" fill="{colours[ROLES[glyph.role]]}" d="{outline(glyph.glyph)}"'
        f' transform="translate({glyph.x:g} {glyph.y:g}) scale({glyph.size:g})"/>'
        for glyph in whole.with_numbers(texts or {})
    ]
    parts += [
        f'<rect class="{bar.role or "plain"}" fill="{colours[ROLES[bar.role]]}" x="{bar.x:g}" y="{bar.y:g}"'
        f' width="{bar.width:g}" height="{bar.height:g}"/>'
        for bar in whole.bars
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{escape(EQUATIONS[key].plain)}"'
        f' width="{wide * scale:g}" height="{high * scale:g}" viewBox="{left:g} {-ascent:g} {wide:g} {high:g}">'
        f"{''.join(parts)}</svg>"
    )
