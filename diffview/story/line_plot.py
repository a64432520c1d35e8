"""A plot of a few curves as SVG, for pages: axes with round numbers, names beside the curves."""

import base64
import math
from collections.abc import Sequence
from typing import NamedTuple
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.fields.numbers import compact, multiples, power_text, round_up

WIDTH, HEIGHT = 560, 300
LEFT, TOP, RIGHT, BOTTOM = 64, 16, 16, 44
TICKS = 6
DECADES = 8
"""Powers of ten below the largest value that an axis of powers shows at most."""


class PlotCurve(NamedTuple):
    """One curve: its name, its points, and its colour as #rrggbb."""

    name: str
    x: ArrayLike
    y: ArrayLike
    colour: str


class PlotAxis(NamedTuple):
    """One axis: what it counts, and whether in powers of ten."""

    title: str
    log: bool = False


class Ground(NamedTuple):
    """A picture below the curves: PNG, and the values at its ends, which are those of the axes."""

    png: bytes
    x: tuple[float, float]
    y: tuple[float, float]


def line_svg(
    curves: Sequence[PlotCurve], x: PlotAxis, y: PlotAxis, ink: str = "#69727f", ground: Ground | None = None
) -> str:
    """The curves as one SVG; points that are not finite, or not above 0 on an axis of powers, break a curve."""
    xs = [_scaled(curve.x, x.log) for curve in curves]
    ys = [_scaled(curve.y, y.log) for curve in curves]
    spans = _span(xs, x.log), _span(ys, y.log)
    if ground is not None:
        spans = _span([_scaled(ground.x, x.log)], x.log), _span([_scaled(ground.y, y.log)], y.log)
    ys = [_inside(values, spans[1]) for values in ys]
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def px(value: float) -> float:
        return LEFT + (value - spans[0][0]) / (spans[0][1] - spans[0][0]) * across

    def py(value: float) -> float:
        return TOP + (spans[1][1] - value) / (spans[1][1] - spans[1][0]) * down

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-size="13" fill="{ink}">',
        *_grounded(ground, across, down),
        f'<path d="M{LEFT} {TOP}V{TOP + down}H{WIDTH - RIGHT}" fill="none" stroke="{ink}"/>',
    ]
    for value, text in _ticks(*spans[0], x.log):
        parts.append(f'<text x="{px(value):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{escape(text)}</text>')
    for value, text in _ticks(*spans[1], y.log):
        parts.append(f'<text x="{LEFT - 6}" y="{py(value) + 4:.1f}" text-anchor="end">{escape(text)}</text>')
    parts.append(f'<text x="{LEFT + across / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(x.title)}</text>')
    parts.append(f'<text transform="translate(14 {TOP + down / 2}) rotate(-90)" text-anchor="middle">'
                 f'{escape(y.title)}</text>')  # fmt: skip
    for i, (curve, across_x, along_y) in enumerate(zip(curves, xs, ys, strict=True)):
        path = _path([(px(a), py(b)) if math.isfinite(a + b) else None for a, b in zip(across_x, along_y, strict=True)])
        parts.append(f'<path d="{path}" fill="none" stroke="{curve.colour}" stroke-width="2"/>')
        parts.append(f'<text x="{WIDTH - RIGHT - 4}" y="{TOP + 14 + 17 * i}" text-anchor="end" fill="{curve.colour}">'
                     f'{escape(curve.name)}</text>')  # fmt: skip
    return "".join(parts) + "</svg>"


def _grounded(ground: Ground | None, across: float, down: float) -> list[str]:
    """The picture below the curves, stretched over the plot."""
    if ground is None:
        return []
    data = base64.b64encode(ground.png).decode()
    return [
        f'<image x="{LEFT}" y="{TOP}" width="{across}" height="{down}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{data}"/>'
    ]


def _scaled(values: ArrayLike, log: bool) -> NDArray[np.float64]:
    plain = np.asarray(values, np.float64)
    if not log:
        return np.where(np.isfinite(plain), plain, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(plain > 0, np.log10(plain), np.nan)


def _span(every: list[NDArray[np.float64]], log: bool) -> tuple[float, float]:
    known = np.concatenate([np.empty(0), *every])
    known = known[np.isfinite(known)]
    if not len(known):
        return 0.0, 1.0
    low, high = float(known.min()), float(known.max())
    if log:
        low = max(low, high - DECADES)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _inside(values: NDArray[np.float64], span: tuple[float, float]) -> NDArray[np.float64]:
    """The values, not known where they lie beyond the axis."""
    return np.where((values >= span[0]) & (values <= span[1]), values, np.nan)


def _ticks(low: float, high: float, log: bool) -> list[tuple[float, str]]:
    if log:
        step = max(1, math.ceil((high - low) / TICKS))
        decades = range(math.ceil(low), math.floor(high) + 1)
        return [(float(e), power_text(1, e, plain=False)) for e in decades if e % step == 0]
    even = multiples(round_up((high - low) / TICKS), low, high)
    return [(value, compact(value, 4) if value else "0") for value in even]


def _path(points: list[tuple[float, float] | None]) -> str:
    """Straight lines through points, begun anew after every None."""
    words, begun = [], False
    for point in points:
        if point is not None:
            words.append(f"{'L' if begun else 'M'}{point[0]:.1f} {point[1]:.1f}")
        begun = point is not None
    return "".join(words)
