"""Colour maps, perceptually uniform and readable without colour vision: name -> uint8 [256, 3].

cmocean (ice_r, thermal, rain, balance: MIT, Thyng et al. 2016), Scientific colour maps (batlow, vik: MIT, Crameri
2018), viridis (CC0, Smith and van der Walt 2015); gray_r is white to black in sRGB. Licences: resources/colormaps.txt.
"""

from collections.abc import Iterator, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from diffview.paths import resource

Rgb = NDArray[np.uint8]

NAMES = ("ice_r", "gray_r", "batlow", "viridis", "thermal", "rain", "vik", "balance")
DIVERGING = ("vik", "balance")
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
_THERMAL = {"k", "kelvin", "degrees_kelvin", "deg_k", "degk"}


def default_for(units: str) -> str:
    """The name of the map that a quantity of these units starts with: cold cloud tops bright, no rain pale."""
    key = " ".join(units.strip().lower().split())
    if key in _THERMAL:
        return "ice_r"
    return "rain" if key in _RAIN else "batlow"
