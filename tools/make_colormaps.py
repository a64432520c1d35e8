"""Write resources/colormaps.npy: uint8 [name, 256, 3] in the order of diffview.fields.colormaps.NAMES.

Needs the package `cmap` (pip install cmap), which the program itself does not.
"""

import sys

import numpy as np
from cmap import Colormap

from diffview.fields.colormaps import NAMES
from diffview.paths import resource

SOURCES = {
    "ice_r": "cmocean:ice_r",
    "batlow": "crameri:batlow",
    "viridis": "bids:viridis",
    "thermal": "cmocean:thermal",
    "rain": "cmocean:rain",
    "vik": "crameri:vik",
    "balance": "cmocean:balance",
    "roma_r": "crameri:roma_r",
}


def colours(name: str) -> np.ndarray:
    """The 256 colours of one map, uint8 [256, 3]."""
    if name == "gray_r":
        return np.repeat(np.arange(255, -1, -1, dtype=np.uint8)[:, None], 3, axis=1)
    return np.round(Colormap(SOURCES[name]).lut(256)[:, :3] * 255).astype(np.uint8)


def main() -> int:
    """Write the file."""
    np.save(resource("colormaps.npy"), np.stack([colours(name) for name in NAMES]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
