"""Set the theory's equations, and write resources/equations.json: outlines of glyphs and where they stand.

    python tools/make_equations.py

Needs ziamath (pip install ziamath), which the program itself does not: with what is written it starts without, and
draws equations at any size. The glyphs are those of STIX Two Math.
"""

import hashlib
import json
import re
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from typing import Any

import ziamath

from diffview.paths import resource, write_text
from diffview.story.equation_table import EQUATIONS
from diffview.story.equations import SYMBOLS, Symbol, spelt
from diffview.story.live_numbers import NUMBERS, UNKNOWN
from diffview.story.typeset import EM, SYMBOL

SIZE = 100
"""The size at which ziamath sets: its coordinates have three decimals."""

FIGURES = f"0123456789.\N{MINUS SIGN}\N{INFINITY}{UNKNOWN}"
SVG = "{http://www.w3.org/2000/svg}"
LINK = "{http://www.w3.org/1999/xlink}href"
Marks = dict[str, tuple[str, str]]
"""{colour in the SVG: ("role", role) or ("number", name)}."""


def main() -> int:
    """Write the file."""
    write_text(resource("equations.json"), made())
    return 0


def made() -> str:
    """What the file holds."""
    ziamath.config.svg2 = True
    outlines: dict[str, str] = {}
    formulas = {}
    for key, equation in EQUATIONS.items():
        formulas[key] = {"latex": equation.latex, **_set(equation.latex, outlines)}
        if equation.live:
            formulas[f"{key}.live"] = {"latex": equation.live, **_set(equation.live, outlines)}
    for name in SYMBOLS:
        latex = f"<{name}>"
        formulas[f"{SYMBOL}{name}"] = {"latex": latex, **_set(latex, outlines)}
    figures = {letter: _figure(letter, outlines) for letter in FIGURES}
    store = {"outlines": dict(sorted(outlines.items())), "figures": figures, "formulas": formulas}
    return "".join(_lines(store))


def _lines(store: dict[str, Any]) -> Iterator[str]:
    """JSON with one row a line, so that a change of one equation is a change of one line."""
    yield "{\n"
    for index, (name, rows) in enumerate(store.items()):
        body = ",\n".join(f"{json.dumps(key)}:{json.dumps(row, separators=(',', ':'))}" for key, row in rows.items())
        yield f'"{name}":{{\n{body}\n}}{"," if index < len(store) - 1 else ""}\n'
    yield "}\n"


def _set(latex: str, outlines: dict[str, str]) -> dict[str, Any]:
    """A formula: its box, its glyphs, its bars and the slots of its numbers."""
    marks: Marks = {}

    def coloured(mark: tuple[str, str], tex: str) -> str:
        colour = f"#0000{len(marks) + 1:02x}"
        marks[colour] = mark
        return rf"{{\color{{{colour}}}{{{tex}}}}}"

    def symbol(one: Symbol) -> str:
        return coloured(("role", one.role), one.latex) if one.role else one.latex

    def number(name: str) -> str:
        return coloured(("number", name), NUMBERS[name].widest.replace("\N{MINUS SIGN}", "{-}"))

    drawing = Drawing(spelt(latex, symbol, number), outlines)
    row: dict[str, Any] = {"box": drawing.box, "glyphs": [], "bars": [], "slots": []}
    slots: dict[str, list[Any]] = {}
    for glyph, colour, (x, y, size) in drawing.glyphs():
        kind, name = marks.get(colour, ("role", ""))
        if kind == "role":
            row["glyphs"].append([glyph, x, y, size, name])
        else:
            width = size * sum(advance(drawing.latex.font, letter) for letter in NUMBERS[name].widest)
            slots.setdefault(colour, [name, x, y, round(width, 1), size])
    row["bars"] = [[*place, marks.get(colour, ("role", ""))[1]] for colour, place in drawing.bars()]
    return row | {"slots": list(slots.values())}


class Drawing:
    """What ziamath makes of a formula, in units, with glyphs called by their outlines."""

    def __init__(self, latex: str, outlines: dict[str, str]) -> None:
        """New outlines are added to `outlines`."""
        self.latex = ziamath.Latex(latex, size=SIZE)
        self._tree = ET.fromstring(self.latex.svg())
        left, top, width, height = (_units(part) for part in self._tree.attrib["viewBox"].split())
        self.box = [left, width, -top, round(height + top, 1)]
        self._symbols: dict[str, tuple[str, list[float]]] = {}
        for symbol in self._tree.iter(f"{SVG}symbol"):
            outline = _in_units(" ".join(path.attrib["d"] for path in symbol.iter(f"{SVG}path")))
            if outline:
                name = hashlib.sha256(outline.encode()).hexdigest()[:6]
                outlines[name] = outline
                self._symbols[symbol.attrib["id"]] = name, [float(part) for part in symbol.attrib["viewBox"].split()]

    def glyphs(self) -> Iterator[tuple[str, str, tuple[float, float, float]]]:
        """Each glyph: its name, its colour, its origin, and its size as a share of the text's."""
        for use in self._tree.iter(f"{SVG}use"):
            of = use.attrib[LINK if LINK in use.attrib else "href"][1:]
            if of not in self._symbols:
                continue  # a space
            name, box = self._symbols[of]
            scale = float(use.attrib["height"]) / box[3]  # pixels to a unit of the symbol, whose text has 12
            x, y = (float(use.attrib[part]) - scale * start for part, start in zip("xy", box, strict=False))
            yield name, use.attrib["fill"], (_units(x), _units(y), round(scale * 12 / SIZE, 4))

    def bars(self) -> Iterator[tuple[str, list[float]]]:
        """The colour of each bar, and its place."""
        for bar in self._tree.iter(f"{SVG}rect"):
            yield bar.attrib["fill"], [_units(bar.attrib[part]) for part in ("x", "y", "width", "height")]


def _in_units(path: str) -> str:
    """An outline with whole coordinates: a text of 12 pixels has glyphs with three decimals."""
    whole = re.sub(r"-?\d+(\.\d+)?", lambda number: f"{round(float(number[0]) * EM / 12)}", path)
    return " ".join(whole.split())


def _figure(letter: str, outlines: dict[str, str]) -> list[Any]:
    """A glyph of a number, and its advance in units."""
    drawing = Drawing(rf"\text{{{letter}}}", outlines)
    return [next(drawing.glyphs())[0], advance(drawing.latex.font, letter)]


def advance(font: Any, letter: str) -> float:
    """How far a letter of a number moves on, in units."""
    return float(font.glyph_fromid(font.glyphindex(letter)).advance() * EM / font.info.layout.unitsperem)


def _units(pixels: str | float) -> float:
    return round(float(pixels) * EM / SIZE, 1)


if __name__ == "__main__":
    sys.exit(main())
