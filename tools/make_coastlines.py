"""Write resources/coastlines.npy from Natural Earth: int16 [n, 2], (latitude, longitude) in hundredths of a degree.

Natural Earth's land at 1:50 million (public domain) comes from the npm package world-atlas (`npm pack world-atlas`), as
TopoJSON: arcs of integer steps. A row of -32768 ends a line. The edges of the map itself (the 180th meridian, the
parallel that closes Antarctica) are no coast and are left out.

Usage: python tools/make_coastlines.py package/land-50m.json
"""

import json
import sys
from pathlib import Path

import numpy as np

from diffview.fields.earth_map import END, HUNDREDTH
from diffview.paths import resource

MAP_EDGE = 179.99
CLOSING = -89.9


def lines(topology: dict) -> list[np.ndarray]:
    """The arcs as (latitude, longitude) in degrees, cut where they run along the edge of the map."""
    scale, origin = np.array(topology["transform"]["scale"]), np.array(topology["transform"]["translate"])
    found = []
    for arc in topology["arcs"]:
        lon, lat = (np.cumsum(np.array(arc), axis=0) * scale + origin).T
        edge = (np.abs(lon) > MAP_EDGE) | (lat < CLOSING)
        along = edge[:-1] & edge[1:]
        pieces = np.split(np.stack([lat, lon], axis=1), np.flatnonzero(along) + 1)
        found += [piece for piece in pieces if len(piece) > 1]
    return found


def main(path: str) -> int:
    """Write the file."""
    rows = []
    for line in lines(json.loads(Path(path).read_text(encoding="utf-8"))):
        rows += [np.round(line / HUNDREDTH).astype(np.int16), np.full((1, 2), END, np.int16)]
    np.save(resource("coastlines.npy"), np.concatenate(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
