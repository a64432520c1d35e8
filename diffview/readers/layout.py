"""The layout of a picture: which axes of a dataset it has, their direction and the pixel size. No file is touched."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from diffview.readers.base import KM_PER_UNIT, Coordinate
from diffview.readers.naming import is_column, is_row
from diffview.readers.sides import Side

SMALLEST_SIDE = 8  # pixels; thinner axes are channels, bands, corners, not the side of a picture
KM_PER_DEGREE = 111.195  # of a great circle on a sphere of 6371 km
Floats = NDArray[np.floating[Any]]
_Float = TypeVar("_Float", bound=np.floating[Any])
FARTHEST = 720.0
"""Longitudes are counted on past 360, but not past this."""

SAMPLES = 200
"""Rows and columns whose distances tell the usual one."""

_NORTHWARD, _EASTWARD = ("latitude", "y"), ("longitude", "x")
_POLAR = ("azimuth", "range")


@dataclass(frozen=True, eq=False)
class Layout:
    """How a stored slice becomes a picture.

    Attributes:
        axes: the axes of the dataset that become (rows, columns).
        sides: the part of each that is shown, and how many values a pixel stands for.
        flip_rows, flip_columns: whether the stored direction is reversed, so that north is up and east is right.
        coords: coordinates of the picture, oriented like it, keyed latitude, longitude, y, x, azimuth, range.
        pixel_km: (height, width) of a usual pixel in km, or None.
        notes: what was assumed, one finished sentence each.
    """

    axes: tuple[int, int]
    sides: tuple[Side, Side]
    flip_rows: bool = False
    flip_columns: bool = False
    coords: dict[str, Floats] = field(default_factory=dict)
    pixel_km: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()

    @property
    def pixels(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return self.sides[0].pixels, self.sides[1].pixels

    def oriented(self, values: NDArray[_Float]) -> NDArray[_Float]:
        """`values` [..., rows, columns] in stored direction, north up; a view, its own inverse."""
        rows = slice(None, None, -1) if self.flip_rows else slice(None)
        columns = slice(None, None, -1) if self.flip_columns else slice(None)
        return values[..., rows, columns]


def image_axes(
    shape: Sequence[int], dims: Sequence[str], coordinates: Sequence[Coordinate] = ()
) -> tuple[int, int] | None:
    """The axes that become (rows, columns): by coordinates, by names, else the last two; None below two dimensions."""
    if len(shape) < 2:  # a picture has two sides
        return None
    rows = {axis for c in coordinates if c.role in _NORTHWARD for axis in c.axes}
    columns = {axis for c in coordinates if c.role in _EASTWARD for axis in c.axes}
    rows = rows or {axis for axis, name in enumerate(dims) if is_row(name)}
    columns = columns or {axis for axis, name in enumerate(dims) if is_column(name)}
    if rows and columns and rows.isdisjoint(columns):
        return max(rows), max(columns)
    last_two = (len(shape) - 2, len(shape) - 1)
    wide = [axis for axis, size in enumerate(shape) if size >= SMALLEST_SIDE]
    if all(axis in wide for axis in last_two) or len(wide) < len(last_two):
        return last_two
    return wide[-2], wide[-1]


def layout(
    axes: tuple[int, int],
    sides: tuple[Side, Side],
    along: Sequence[Coordinate],
    plane: Sequence[Coordinate],
    flips: tuple[bool, bool] | None = None,
) -> Layout:
    """The layout of a picture.

    Args:
        axes: of the dataset, those of rows and columns.
        sides: the part of them that is shown.
        along: 1-D coordinates along whole axes.
        plane: 2-D ones, of every pixel.
        flips: whether rows and columns are reversed, where that is known already.
    """
    along = [replace(c, values=sides[c.axes == axes[1:]].at_pixels(c.values)) for c in along]
    if any(c.role in _POLAR for c in along):
        return _sweep(axes, sides, along)
    latitude, longitude, unknown = _known_places(plane)
    placed = latitude is not None and longitude is not None
    lines = [c for c in along if not (placed and c.role in ("latitude", "longitude"))]  # of a grid, only nominal
    row = next((c for c in lines if c.axes == axes[:1] and c.role in _NORTHWARD), None)
    column = next((c for c in lines if c.axes == axes[1:] and c.role in _EASTWARD), None)
    flips = flips or (
        _falls(-row.values) if row else latitude is not None and _southward_up(latitude),
        _falls(column.values) if column else longitude is not None and _westward(longitude),
    )
    turned = Layout(axes, sides, *flips)
    flat = (("latitude", latitude), ("longitude", longitude))
    coords = {role: np.ascontiguousarray(turned.oriented(v)) for role, v in flat if v is not None}
    for line, flip in zip((row, column), flips, strict=True):
        if line:
            coords[line.role] = line.values[::-1].copy() if flip else line.values
    notes = [c.note for c in (row, column, *plane) if c is not None and c.note]
    if not placed and not (row and column):
        notes.insert(0, "Shown by index: no coordinate says where north is.")
    if unknown:
        notes.append(f"{unknown:,} pixels have no place: what the file gives there is no latitude and longitude.")
    return replace(turned, coords=coords, pixel_km=_pixel_km(row, column, coords), notes=tuple(notes))


def _known_places(plane: Sequence[Coordinate]) -> tuple[Floats | None, Floats | None, int]:
    """Latitude and longitude of every pixel, NaN where one of them is none, and how many numbers that took away.

    Nobody declares every fill value: a latitude is at most 90, and no two pixels lie at the very same (0, 0).
    """
    places = {c.role: c.values for c in plane}
    latitude, longitude = places.get("latitude"), places.get("longitude")
    if latitude is None or longitude is None or latitude.shape != longitude.shape:
        return latitude, longitude, 0
    with np.errstate(invalid="ignore"):
        unknown = ~((np.abs(latitude) <= 90.0) & (np.abs(longitude) <= FARTHEST))
        origin = (latitude == 0) & (longitude == 0)
    if np.count_nonzero(origin) > 1:
        unknown |= origin
    wrong = unknown & np.isfinite(latitude) & np.isfinite(longitude)
    if unknown.any():
        latitude, longitude = (np.where(unknown, values.dtype.type(np.nan), values) for values in (latitude, longitude))
    return latitude, longitude, int(np.count_nonzero(wrong))


def _sweep(axes: tuple[int, int], sides: tuple[Side, Side], along: Sequence[Coordinate]) -> Layout:
    """Rays and gates as they are stored: a pixel has no one size in km, since rays part."""
    lines: dict[str, Coordinate] = {c.role: c for c in along if c.role in _POLAR}
    azimuth, ranges = (lines.get(role) for role in _POLAR)
    if azimuth is None or ranges is None or (azimuth.axes, ranges.axes) != (axes[:1], axes[1:]):
        return Layout(axes, sides, notes=("A radar sweep with its axes chosen by hand: it is shown by index.",))
    gate, turn = _step(ranges.values), _step(np.unwrap(azimuth.values.astype(np.float64), period=360.0))
    wide = np.radians(turn) * float(ranges.values[-1]) * 1e-3
    note = (
        f"A radar sweep: azimuth runs down, range runs right; gates are {gate:.4g} m long, "
        f"rays {turn:.3g}° and at the far end {wide:.2g} km apart, so that pixels have no one size."
    )
    return Layout(axes, sides, coords={role: lines[role].values for role in _POLAR}, notes=(note,))


def _falls(values: Floats) -> bool:
    """Whether most steps of a 1-D coordinate go down; the jump of a longitude at the date line is one step of many."""
    steps = np.diff(values)
    return bool(np.nansum(np.sign(steps)) < 0)


def _southward_up(latitude: Floats) -> bool:
    """Whether the first row of a 2-D latitude lies south of the last; rows without any value are passed over."""
    filled = np.flatnonzero(np.isfinite(latitude).any(axis=1))
    if filled.size == 0:
        return False
    return bool(np.nanmean(latitude[filled[0]]) < np.nanmean(latitude[filled[-1]]))


def _westward(longitude: Floats) -> bool:
    """Whether a 2-D longitude mostly falls from column to column, steps taken on the circle."""
    steps = np.diff(longitude, axis=1)
    steps = (steps + 180.0) % 360.0 - 180.0
    return bool(np.nansum(np.sign(steps)) < 0)


def _pixel_km(
    row: Coordinate | None, column: Coordinate | None, coords: dict[str, Floats]
) -> tuple[float, float] | None:
    """(height, width) of a usual pixel in km: by projection, by degrees, or by 2-D latitude and longitude."""
    size = None
    if row and column:
        scales = [KM_PER_UNIT.get(c.units.strip().lower()) for c in (row, column)]
        if scales[0] and scales[1]:
            size = _step(row.values) * scales[0], _step(column.values) * scales[1]
        elif row.role == "latitude" or row.units.startswith("degree"):
            parallel = float(np.cos(np.radians(row.values[row.values.size // 2])))
            size = _step(row.values) * KM_PER_DEGREE, _step(column.values) * KM_PER_DEGREE * parallel
    if size is None and "latitude" in coords and "longitude" in coords and coords["latitude"].ndim > 1:
        size = _between_neighbours(coords["latitude"], coords["longitude"])
    return size if size and all(np.isfinite(side) and side > 0 for side in size) else None


def _step(values: Floats) -> float:
    """The usual distance between neighbours of a 1-D coordinate."""
    steps = np.abs(np.diff(values.astype(np.float64)))
    steps = steps[np.isfinite(steps)]
    return float(np.median(steps)) if steps.size else float("nan")


def _between_neighbours(latitude: Floats, longitude: Floats) -> tuple[float, float] | None:
    """The usual (median) great-circle distance between neighbours, down and across, in km.

    Of all the picture: the middle of a swath may be its gap, and have no place at all.
    """
    if longitude.shape != latitude.shape or min(latitude.shape) < 2:
        return None
    points = np.radians(np.stack([latitude, longitude]).astype(np.float64))
    i, j = (np.unique(np.linspace(0, n - 2, SAMPLES).astype(int)) for n in latitude.shape)
    here = points[:, i[:, None], j]
    steps = (_great_circle(here, points[:, (i + down)[:, None], j + across]) for down, across in ((1, 0), (0, 1)))
    down, across = (float(np.median(step[known])) if (known := np.isfinite(step)).any() else np.nan for step in steps)
    return down, across


def _great_circle(a: Floats, b: Floats) -> Floats:
    """Distance in km of places (latitude, longitude) [2, ...] in radians, by the haversine formula."""
    half = np.sin((b - a) / 2) ** 2
    angle = 2 * np.arcsin(np.sqrt(half[0] + np.cos(a[0]) * np.cos(b[0]) * half[1]))
    return np.asarray(np.degrees(angle)) * KM_PER_DEGREE
