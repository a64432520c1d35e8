"""HDF-EOS5 grids and swaths: StructMetadata names the dimensions and places a grid on Earth.

Attributes may have the names of HDF-EOS (Units, ScaleFactor, Offset, MissingValue) beside those of CF.
[NASA, HDF-EOS Library User's Guide, volumes 1 and 2 for HDF-EOS 5.1]
"""

import posixpath
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import h5py
import numpy as np

from diffview.readers.attributes import decoded
from diffview.readers.base import Coordinate
from diffview.readers.cf import CFVariable
from diffview.readers.mappings import GridMapping
from diffview.readers.opening import H5PY_ERRORS, member

_INFORMATION = "HDFEOS INFORMATION"
_ENTRY = re.compile(r"^\s*(\w+)=(.*?)\s*$", re.MULTILINE)
_FIELD = re.compile(r'(?:Data|Geo)FieldName="(.*?)".*?DimList=\((.*?)\)', re.DOTALL)


_SPHERE = (6370997.0, 6370997.0)
_ELLIPSOIDS = {
    0: (6378206.4, 6356583.8), 1: (6378249.145, 6356514.86955), 2: (6377397.155, 6356078.96284),
    4: (6378388.0, 6356911.94613), 5: (6378135.0, 6356750.519915), 8: (6378137.0, 6356752.31414),
    12: (6378137.0, 6356752.314245), 20: (6371228.0, 6371228.0), 21: (6371007.181, 6371007.181),
}  # fmt: skip
"""(semi-major, semi-minor) axis in m by the code of GCTP; any other is the sphere of 6370997 m."""

_AT = "+x_0={x!r} +y_0={y!r}"
_PROJECTIONS = {
    "SNSOID": f"+proj=sinu +lon_0={{p4}} {_AT}",
    "PS": f"+proj=stere +lat_0={{pole}} +lat_ts={{p5}} +lon_0={{p4}} {_AT}",
    "LAMAZ": f"+proj=laea +lat_0={{p5}} +lon_0={{p4}} {_AT}",
    **dict.fromkeys(("CEA", "BCEA"), f"+proj=cea +lat_ts={{p5}} +lon_0={{p4}} {_AT}"),
    "LAMCC": f"+proj=lcc +lat_1={{p2}} +lat_2={{p3}} +lat_0={{p5}} +lon_0={{p4}} {_AT}",
    "UTM": "+proj=utm +zone={zone} {side}",
}
"""[NASA, HDF-EOS Library User's Guide, volume 2, appendix on GCTP; Snyder 1987]"""


def claims(file: h5py.File) -> bool:
    """Files with the groups that the library always writes."""
    return "HDFEOS" in file and _INFORMATION in file


def variable(dataset: h5py.Dataset) -> CFVariable:
    """Fields below HDFEOS; the rest as CF or plain numbers."""
    own = (dataset.name or "").startswith("/HDFEOS/") and len(dataset.shape or ()) > 0
    return EosField(dataset) if own else CFVariable(dataset)


def metadata(file: h5py.File) -> str:
    """StructMetadata.0, .1 ... as one text, "" where it is damaged."""
    information, _ = member(file["/"], _INFORMATION)
    parts = []
    for name in sorted(information) if isinstance(information, h5py.Group) else ():
        item, _ = member(information, name)
        if name.startswith("StructMetadata") and isinstance(item, h5py.Dataset):
            try:
                value = item[()]
            except H5PY_ERRORS:
                continue
            parts.append(decoded(value) if isinstance(value, bytes) else str(value))
    return "".join(parts)


def block_of(text: str, kind: str, name: str) -> str:
    """The part of the metadata about one grid or swath; `kind` is "Grid" or "Swath"."""
    for part in re.split(rf"GROUP={kind.upper()}_\d+\s", text)[1::2]:  # also cut at END_GROUP: every second is a block
        if f'{kind}Name="{name}"' in part:
            return part
    return ""


@dataclass(frozen=True, eq=False)
class EosField(CFVariable):
    """One field of a grid or a swath."""

    @cached_property
    def _block(self) -> str:
        parts = self.dataset.name.strip("/").split("/")  # HDFEOS, GRIDS, name of the grid, Data Fields, name
        kind = {"GRIDS": "Grid", "SWATHS": "Swath"}.get(parts[1] if len(parts) > 2 else "")
        return block_of(metadata(self.dataset.file), kind, parts[2]) if kind else ""

    @cached_property
    def _entries(self) -> dict[str, str]:
        return {key: value.strip('"') for key, value in reversed(_ENTRY.findall(self._block))}

    @property
    def dims(self) -> tuple[str, ...]:
        """Names of the dimensions from DimList, else by CF."""
        for name, dims in _FIELD.findall(self._block):
            listed = tuple(part.strip().strip('"') for part in dims.split(","))
            if name == posixpath.basename(self.dataset.name) and len(listed) == self.dataset.ndim:
                return listed
        return super().dims

    @cached_property
    def mapping(self) -> GridMapping:
        """The projection of a grid in metres, else as CF says."""
        text = gctp_text(self._entries.get("Projection", ""), self._numbers("ProjParams"),
                         self._numbers("SphereCode"), self._numbers("ZoneCode"))  # fmt: skip
        return GridMapping({}, text) if text else super().mapping

    def axis_coordinates(self) -> tuple[Coordinate, ...]:
        """Of a grid: by its corners, degrees or metres of its projection, where XDim and YDim are named."""
        upper_left, lower_right = (self._pair(name) for name in ("UpperLeftPointMtrs", "LowerRightMtrs"))
        axes: dict[str, int] = {name: self.dims.index(name) for name in ("YDim", "XDim") if name in self.dims}
        if upper_left is None or lower_right is None or len(axes) < len(("YDim", "XDim")):
            return super().axis_coordinates()
        (left, top), (right, bottom) = upper_left, lower_right
        degrees = self._entries.get("Projection", "").endswith("_GEO")
        origin = self._entries.get("GridOrigin", "")  # the corner of the first pixel
        if origin.endswith(("_LL", "_LR")):
            top, bottom = bottom, top
        if origin.endswith(("_UR", "_LR")):
            left, right = right, left
        lines = (("YDim", top, bottom), ("XDim", left, right))
        coordinates = []
        for name, first, last in lines:
            ends = [_degrees(end) for end in (first, last)] if degrees else [first, last]
            count = self.dataset.shape[axes[name]]
            values = ends[0] + (np.arange(count) + 0.5) * (ends[1] - ends[0]) / count
            y = name == "YDim"
            role: Any = ("latitude" if y else "longitude") if degrees else ("y" if y else "x")
            units = ("degrees_north" if y else "degrees_east") if degrees else "m"
            coordinates.append(Coordinate(role, role, (axes[name],), values, units))
        return tuple(coordinates)

    def _pair(self, name: str) -> tuple[float, float] | None:
        match self._numbers(name):
            case (x, y):
                return x, y
        return None

    def _numbers(self, name: str) -> tuple[float, ...]:
        """The numbers of an entry, () if it is absent or holds something else."""
        try:
            return tuple(float(part) for part in self._entries.get(name, "").strip("()").split(","))
        except ValueError:
            return ()


def gctp_text(
    name: str, numbers: tuple[float, ...], sphere: tuple[float, ...] = (), zone: tuple[float, ...] = ()
) -> str:
    """A projection of GCTP as text for PROJ; "" for one that is not known.

    Args:
        name: "HE5_GCTP_SNSOID".
        numbers: its 13 parameters, angles packed as DDDMMMSSS.SS.
        sphere: the code of an ellipsoid, where the parameters name none.
        zone: of UTM, negative in the south.
    """
    p = [*numbers, *[0.0] * 13]
    wanted = _PROJECTIONS.get(name.rpartition("_")[2], "")
    if not wanted:
        return ""
    long, short = p[0], p[1]
    if not long or "utm" in wanted:
        long, short = _ELLIPSOIDS.get(int(sphere[0]) if sphere else -1, _SPHERE)
    if abs(short) < 1:  # the square of an eccentricity, nothing for a sphere
        short = long * float(np.sqrt(1 - abs(short)))
    pole = 90.0 if _degrees(p[5]) >= 0 else -90.0
    angles = {f"p{i}": f"{_degrees(p[i]):.12g}" for i in range(2, 6)}
    number = int(zone[0]) if zone else 0
    side = "+south" if number < 0 else ""
    text = wanted.format(**angles, pole=pole, zone=abs(number), side=side, x=p[6], y=p[7])
    return f"{text} +a={long!r} +b={short!r} +units=m"


def _degrees(packed: float) -> float:
    """Degrees from DDDMMMSSS.SS, the packed angles of the projection library."""
    sign, packed = np.sign(packed), abs(packed)
    whole, rest = divmod(packed, 1e6)
    minutes, seconds = divmod(rest, 1e3)
    return float(sign * (whole + minutes / 60 + seconds / 3600))
