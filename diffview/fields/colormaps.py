"""Colour maps, perceptually uniform and readable without colour vision: name -> uint8 [256, 3].

cmocean (ice_r, thermal, rain, balance: MIT, Thyng et al. 2016), Scientific colour maps (batlow, vik, roma_r: MIT,
Crameri 2018), viridis (CC0, Smith and van der Walt 2015); gray_r is white to black in sRGB. Licences are in
resources/colormaps.txt.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from diffview.paths import resource

Rgb = NDArray[np.uint8]

NAMES = ("ice_r", "gray_r", "batlow", "viridis", "thermal", "rain", "vik", "balance", "roma_r")
DIVERGING = ("vik", "balance", "roma_r")
"""Maps with a neutral middle, for differences and for signal against noise."""


@cache
def _arrays() -> dict[str, Rgb]:
    packed = np.load(resource("colormaps.npy"), allow_pickle=False)
    packed.setflags(write=False)
    return dict(zip(NAMES, packed, strict=True))


class _Table(Mapping[str, Rgb]):
    """Read from its file at the first use."""

    def __getitem__(self, name: str) -> Rgb:
        return _arrays()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


COLORMAPS: Mapping[str, Rgb] = _Table()

_RAIN = {
    "mm/h",
    "mm/hr",
    "mm h-1",
    "mm h**-1",
    "mm hr-1",
    "mm h^-1",
    "mm/day",
    "mm d-1",
    "mm day-1",
    "mm",
    "kg m-2 s-1",
}
_TEMPERATURE = {
    "k", "kelvin", "degrees_kelvin", "deg_k", "degk",
    "c", "°c", "degc", "deg_c", "celsius", "degree_celsius", "degrees_celsius", "degree_c", "degrees_c",
}  # fmt: skip
_BRIGHTNESS = re.compile(r"brightness|radiance|(?<![a-z])(toa|tbb?|bt)(?![a-z])|cloud.?top", re.IGNORECASE)


def default_for(units: str, name: str = "") -> str:
    """The map that a quantity starts with: cold clouds bright, air and sea from blue to red, no rain pale.

    Args:
        units: of the quantity.
        name: as files call it; a brightness temperature is told from others by it.
    """
    key = " ".join(units.strip().lower().split())
    if key in _TEMPERATURE:
        return "ice_r" if _BRIGHTNESS.search(name) else "roma_r"
    return "rain" if key in _RAIN else "batlow"
