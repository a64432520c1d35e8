"""What lies on the schedule plot: its quantities, and where marks and names have room beside the curve."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.gui.show.boxes import Box
from diffview.gui.show.lines import Floats

Points = tuple[Floats, Floats]
"""x and y of a curve, in pixels."""

CROWD_PX = 7.0
NEAR_PX = 3
LABEL_SHARES = (0.30, 0.38, 0.22, 0.46, 0.54, 0.62, 0.70, 0.78, 0.14)
"""Where along a curve its name may stand, the best first."""


@dataclass(frozen=True)
class QuantityAxis:
    """The quantity of the y axis: its name, its fixed range, and whether it is logarithmic."""

    label: str
    low: float
    high: float
    log: bool = False


QUANTITIES = {
    "alpha_bar": QuantityAxis("\u03b1\u0305", 0.0, 1.0),
    "log_snr": QuantityAxis("log-SNR", -12.0, 12.0),
    "sigma": QuantityAxis("\u03c3", 0.0, 1.0),
    "beta": QuantityAxis("\u03b2", 1e-5, 1.0, log=True),
}


def crosses(curve: Points, box: Box) -> bool:
    """Whether a curve comes within 3 px of a box."""
    if not len(curve[0]):
        return False
    heights = np.interp(np.linspace(box.x, box.right, 8), *curve)
    return bool(np.any((heights > box.y - NEAR_PX) & (heights < box.bottom + NEAR_PX)))


def distance(curve: Points, x: float, y: float) -> float:
    """How far a point lies from a curve; infinite without one."""
    if not len(curve[0]):
        return float("inf")
    across = abs(np.interp(x, *curve) - y)
    return float(min(across, np.hypot(curve[0] - x, curve[1] - y).min()))


def beside(curve: Points, width: float, height: float) -> Iterator[Box]:
    """Boxes for a name along a falling curve: right above it, then left below it."""
    for share in LABEL_SHARES if len(curve[0]) else ():
        i = int(share * (len(curve[0]) - 1))
        x, y = float(curve[0][i]), float(curve[1][i])
        yield Box(x + 3, y - height - 3, width, height)
        yield Box(x - width - 3, y + 3, width, height)


def crowded(pixels: Floats) -> NDArray[np.bool_]:
    """Which marks have another one so near that they would overlap."""
    order = np.argsort(pixels)
    gaps = np.diff(pixels[order], prepend=-np.inf, append=np.inf)
    close = np.empty(len(pixels), dtype=bool)
    close[order] = np.minimum(gaps[:-1], gaps[1:]) < CROWD_PX
    return close


def bars(pixels: Floats) -> list[tuple[float, float]]:
    """The first and the last pixel of ticks that touch: Qt takes 16 ms to fill a thousand rectangles side by side."""
    ticks = np.sort(pixels)
    touching = np.split(ticks, np.flatnonzero(np.diff(ticks) > 1) + 1) if len(ticks) else []
    return [(float(bar[0]), float(bar[-1])) for bar in touching]
