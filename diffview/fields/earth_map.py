"""Where the pixels of a picture lie on Earth, and where the coasts run through it.

A picture has latitude and longitude along its sides, or at every pixel, or a projection with y and x along its sides.
Whichever it is, the answer has one form: latitude and longitude of pixels, and coastlines in pixels.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.coarse import fine_coordinate
from diffview.fields.radar import Site
from diffview.paths import resource

Floats = NDArray[np.floating[Any]]
Array = NDArray[np.float32]

END, HUNDREDTH = -32768, 0.01
"""The number that ends a line in resources/coastlines.npy, and the unit of the others in degrees."""

MOST_PLACES = 2**20
"""Pixels whose latitude and longitude are kept; of larger pictures those of every k-th row and column."""

MARGIN = 32
"""Pixels beyond the picture to which coastlines are followed, so that they leave it where they should."""


@dataclass(frozen=True)
class Projection:
    """The projection whose coordinates y and x of a picture are.

    Attributes:
        crs: text or CF attributes that pyproj.CRS understands.
        metres: of one unit of y and x, in the projection's own unit (1 if they are in that unit).
        origin: (y, x) of the projection where y = x = 0.
        km: of one unit of y and x, for display.
    """

    crs: Any
    metres: float = 1.0
    origin: tuple[float, float] = (0.0, 0.0)
    km: float = 1e-3


@dataclass(frozen=True, eq=False)
class EarthMap:
    """A picture on Earth.

    Attributes:
        latitude, longitude: degrees, [ny, nx] at the middle of every `step`-th pixel; NaN off the Earth.
        step: pixels from one of these points to the next.
        coast: float32 [n, 2], (row, column) in pixels, (0, 0) the outer corner of the first; NaN between lines.
        y, x: coordinates along the sides for rulers [ny], [nx], or None; degrees or km, as `units` says.
        units: "degrees", "km", "sweep" (degrees of azimuth, without a leap, and km of range) or "".
    """

    latitude: Array
    longitude: Array
    step: int
    coast: Array
    y: Floats | None = None
    x: Floats | None = None
    units: str = ""

    def at(self, row: float, column: float) -> tuple[float, float] | None:
        """(latitude, longitude) of a position in pixels, interpolated from the points around it; None off the Earth."""
        latitude, longitude = self._between(np.array([row]), np.array([column]))
        return None if np.isnan(latitude[0, 0]) else (float(latitude[0, 0]), float(longitude[0, 0]))

    def coarsened(self, k: int) -> "EarthMap":
        """The map of the picture whose pixels are blocks of k x k of these, what is left over at the ends cut off."""
        step = 1 if self.step <= k else self.step // k
        ny, nx = (max(1, n * self.step // k) for n in self.latitude.shape)
        latitude, longitude = self._between(*((np.arange(0, n, step) + 0.5) * k for n in (ny, nx)))
        y, x = (
            None if side is None else side[: len(side) // k * k].reshape(-1, k).mean(axis=1)
            for side in (self.y, self.x)
        )
        coast = self.coast / np.float32(k)
        return EarthMap(latitude.astype(np.float32), longitude.astype(np.float32), step, coast, y, x, self.units)

    def refined(self, k: int) -> "EarthMap":
        """The map of the picture in which each of these pixels is a block of k x k."""
        step = self.step * k
        latitude, longitude = self._between(*((np.arange(0, n * step, step) + 0.5) / k for n in self.latitude.shape))
        y, x = (None if side is None else fine_coordinate(side, k) for side in (self.y, self.x))
        coast = self.coast * np.float32(k)
        return EarthMap(latitude.astype(np.float32), longitude.astype(np.float32), step, coast, y, x, self.units)

    def _between(self, rows: Floats, columns: Floats) -> tuple[Floats, Floats]:
        """Latitude and longitude [rows, columns] of positions in pixels, bilinear between the four points around each.

        A point off the Earth counts only where the position is that very point.
        """
        near = []
        for at, size in zip((rows, columns), self.latitude.shape, strict=True):
            index = (at - 0.5) / self.step
            first = np.clip(np.floor(index), 0, max(size - 2, 0)).astype(int)
            near.append(((first, first + 1 - index), (np.minimum(first + 1, size - 1), index - first)))
        total = np.zeros((len(rows), len(columns), 3))
        for (i, down), (j, across) in itertools.product(*near):
            corner = np.ix_(i, j)
            weight = np.multiply.outer(down, across)[..., None]
            if weight.any():
                vectors = weight * unit_vectors(self.latitude[corner], self.longitude[corner])
                total += np.where(weight != 0, vectors, 0.0)
        x, y, z = np.moveaxis(total, -1, 0)
        return np.degrees(np.arctan2(z, np.hypot(x, y))), np.degrees(np.arctan2(y, x))


@cache
def coastlines() -> Array:
    """Natural Earth's coasts, float32 [n, 2], (latitude, longitude) in degrees; NaN between lines."""
    stored = np.load(resource("coastlines.npy"), allow_pickle=False)
    degrees: Array = stored.astype(np.float32) * np.float32(HUNDREDTH)
    degrees[stored[:, 0] == END] = np.nan
    return degrees


def unit_vectors(latitude: Floats, longitude: Floats) -> NDArray[np.float64]:
    """(cos b cos l, cos b sin l, sin b) of latitude b and longitude l in degrees, [..., 3]."""
    b, l = np.radians(latitude, dtype=np.float64), np.radians(longitude, dtype=np.float64)  # noqa: E741 (as in books)
    return np.stack([np.cos(b) * np.cos(l), np.cos(b) * np.sin(l), np.sin(b)], axis=-1)


def map_of(coords: Mapping[str, Floats], shape: tuple[int, int], projection: Any = None) -> EarthMap | None:
    """The map of a picture, or None where its coordinates do not say where on Earth it lies.

    Args:
        coords: coordinates of the picture as `Field.coords` has them, oriented like it.
        shape: its rows and columns.
        projection: an object with `crs`, whatever pyproj.CRS takes, `metres` of a unit of y and x, and `origin` (y, x)
            in the projection's own units, where y = x = 0; or the Site of a radar; None if there is none.
    """
    if isinstance(projection, Site):
        azimuth, ranges = coords.get("azimuth"), coords.get("range")
        known = azimuth is not None and ranges is not None and (len(azimuth), len(ranges)) == shape
        return _swept(azimuth, ranges, projection) if known and azimuth is not None and ranges is not None else None
    latitude, longitude = coords.get("latitude"), coords.get("longitude")
    if latitude is not None and longitude is not None:
        if latitude.shape == shape[:1] and longitude.shape == shape[1:]:
            return _along_sides(latitude.astype(np.float64), longitude.astype(np.float64))
        if latitude.shape == longitude.shape == shape:
            return _at_pixels(latitude, longitude, coords)
    y, x = coords.get("y"), coords.get("x")
    if projection is not None and y is not None and x is not None and (len(y), len(x)) == shape:
        return _projected(y.astype(np.float64), x.astype(np.float64), projection)
    return None


def _step(shape: tuple[int, int]) -> int:
    """Every how many rows and columns latitude and longitude are kept."""
    step = 1
    while -(-shape[0] // step) * -(-shape[1] // step) > MOST_PLACES:
        step += 1
    return step


def _along_sides(latitude: Floats, longitude: Floats) -> EarthMap:
    """Latitude down, longitude across; both may be unevenly spaced, and longitude may pass the date line."""
    longitude = np.unwrap(longitude, period=360.0)
    step = _step((len(latitude), len(longitude)))
    grid = np.meshgrid(latitude[::step], longitude[::step], indexing="ij")
    lat, lon = coastlines().T.astype(np.float64)
    start = min(longitude[0], longitude[-1]) - abs(longitude[-1] - longitude[0]) / (2 * max(1, len(longitude) - 1))
    lines = [np.stack([position(lat, latitude), position(shifted, longitude)], axis=1)
             for shifted in (start + (lon - start) % 360.0, start - 360.0 + (lon - start) % 360.0)]  # fmt: skip
    coast = np.concatenate([_cut(line, (len(latitude), len(longitude))) for line in lines])
    return EarthMap(
        grid[0].astype(np.float32), grid[1].astype(np.float32), step, coast, latitude, longitude, "degrees"
    )  # fmt: skip


def position(values: Floats, side: Floats) -> Floats:
    """Where values lie along a side, in pixels from its outer edge; beyond it by the step at that end.

    `side` is the monotonic coordinate of the middle of every pixel.
    """
    pixels = np.arange(len(side)) + 0.5
    if len(side) < 2 or np.isnan(side).any():
        return np.full(np.shape(values), np.nan)
    if side[0] > side[-1]:
        side, pixels = side[::-1], pixels[::-1]
    within: Floats = np.interp(values, side, pixels)
    slopes = [(pixels[1] - pixels[0]) / (side[1] - side[0]), (pixels[-1] - pixels[-2]) / (side[-1] - side[-2])]
    from_below = np.where(values < side[0], pixels[0] + (values - side[0]) * slopes[0], within)
    return np.asarray(np.where(values > side[-1], pixels[-1] + (values - side[-1]) * slopes[1], from_below))


def _projected(y: Floats, x: Floats, projection: Any) -> EarthMap | None:
    """y and x of a projection, by pyproj."""
    import pyproj

    cf = isinstance(projection.crs, Mapping)
    crs = pyproj.CRS.from_cf(dict(projection.crs)) if cf else pyproj.CRS(projection.crs)
    if crs.geodetic_crs is None:
        return None
    turn = pyproj.Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    origin_y, origin_x = projection.origin
    own_y, own_x = y * projection.metres + origin_y, x * projection.metres + origin_x
    step = _step((len(y), len(x)))
    grid_y, grid_x = np.meshgrid(own_y[::step], own_x[::step], indexing="ij")
    longitude, latitude = turn.transform(grid_x, grid_y, direction="INVERSE")
    off = ~np.isfinite(longitude) | ~np.isfinite(latitude)
    latitude[off] = longitude[off] = np.nan
    lat, lon = coastlines().T.astype(np.float64)
    coast_x, coast_y = turn.transform(lon, lat)
    back = turn.transform(coast_x, coast_y, direction="INVERSE")  # some projections fold the far side of the Earth in
    lost = ~np.isfinite(coast_x) | (np.abs(back[1] - lat) > 0.1)
    coast_x[lost] = coast_y[lost] = np.nan
    coast = _cut(np.stack([position(coast_y, own_y), position(coast_x, own_x)], axis=1), (len(y), len(x)))
    return EarthMap(
        latitude.astype(np.float32), longitude.astype(np.float32), step, coast,
        np.abs(y - y[0]) * projection.km, np.abs(x - x[0]) * projection.km, "km",
    )  # fmt: skip


def _swept(azimuth: Floats, ranges: Floats, site: Site) -> EarthMap:
    """Rays down, gates across; a coast goes to the ray it lies on, and leaves the picture where the turn ends."""
    turn = np.unwrap(azimuth.astype(np.float64), period=360.0)
    step = _step((len(turn), len(ranges)))
    latitude, longitude = site.geographic(turn[::step], ranges[::step])
    coast_turn, coast_far = site.polar(*coastlines().T)
    middle = (turn[0] + turn[-1]) / 2
    coast_turn = middle - 180.0 + (coast_turn - middle + 180.0) % 360.0
    line = np.stack([position(coast_turn, turn), position(coast_far, site.ground(ranges))], axis=1)
    line[(line < 0).any(axis=1) | (line[:, 0] > len(turn)) | (line[:, 1] > len(ranges))] = np.nan
    coast = _cut(line, (len(turn), len(ranges)))
    return EarthMap(
        latitude.astype(np.float32), longitude.astype(np.float32), step, coast, turn, ranges * 1e-3, "sweep"
    )


def _at_pixels(latitude: Floats, longitude: Floats, coords: Mapping[str, Floats]) -> EarthMap | None:
    """Latitude and longitude at every pixel, perhaps with gaps: each vertex of a coast goes to its nearest pixel."""
    shape = latitude.shape
    step = _step((shape[0], shape[1]))
    lat, lon = latitude[::step, ::step], longitude[::step, ::step]
    known = np.isfinite(lat) & np.isfinite(lon) & (np.abs(lat) <= 90)
    if min(lat.shape) < 2 or known.sum() < 4:
        return None
    lat, lon = np.where(known, lat, np.nan), np.where(known, lon, np.nan)
    coast = _cut(_nearest(coastlines(), unit_vectors(lat, lon), known, step), (shape[0], shape[1]))
    return EarthMap(lat.astype(np.float32), lon.astype(np.float32), step, coast)


def _nearest(line: Array, points: NDArray[np.float64], known: NDArray[np.bool_], step: int) -> NDArray[np.float64]:
    """Vertices (latitude, longitude) in pixels: nearest point, then one Newton step; NaN far from every point.

    The step solves min |p + a dp/drow + b dp/dcolumn - v| for the vertex v, with p its nearest point.
    """
    from scipy.spatial import cKDTree  # here: the import takes a third of a second

    rows, columns = np.nonzero(known)
    tree = cKDTree(points[rows, columns])
    spacing = _spacing(points)
    vertices = unit_vectors(line[:, 0], line[:, 1])
    pixels = np.full((len(line), 2), np.nan)
    real = np.flatnonzero(np.isfinite(vertices[:, 0]))
    distance, index = tree.query(vertices[real], distance_upper_bound=3 * spacing)
    near = np.isfinite(distance)
    real, i, j = real[near], rows[index[near]], columns[index[near]]
    centre = points[i, j]
    down = _difference(points, i, j, 0)
    across = _difference(points, i, j, 1)
    rest = vertices[real] - centre
    dd, ss, ds = (down * down).sum(-1), (across * across).sum(-1), (down * across).sum(-1)
    rd, rs = (rest * down).sum(-1), (rest * across).sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = dd * ss - ds * ds
        a, b = (rd * ss - rs * ds) / area, (rs * dd - rd * ds) / area
    inside = (np.abs(a) <= 1.5) & (np.abs(b) <= 1.5)
    pixels[real[inside]] = np.stack([(i + a) * step + 0.5, (j + b) * step + 0.5], axis=1)[inside]
    return pixels


def _spacing(points: NDArray[np.float64]) -> float:
    """The larger usual distance between neighbours, down or across, as a chord of the unit sphere."""
    steps = [np.linalg.norm(np.diff(points, axis=axis), axis=-1) for axis in (0, 1)]
    return float(max(np.nanpercentile(step, 90) for step in steps if np.isfinite(step).any()))


def _difference(
    points: NDArray[np.float64], i: NDArray[np.intp], j: NDArray[np.intp], axis: int
) -> NDArray[np.float64]:
    """Half the difference of the neighbours after and before; the whole one-sided one where one of them is missing."""
    size = points.shape[axis]
    at = [i, j]
    before, after = list(at), list(at)
    before[axis], after[axis] = np.maximum(at[axis] - 1, 0), np.minimum(at[axis] + 1, size - 1)
    here, low, high = points[i, j], points[before[0], before[1]], points[after[0], after[1]]
    low = np.where(np.isfinite(low), low, here)
    high = np.where(np.isfinite(high), high, here)
    span = (low != here).any(-1).astype(float) + (high != here).any(-1)
    return np.asarray((high - low) / np.maximum(span, 1.0)[:, None])


def _cut(line: Floats, shape: tuple[int, int]) -> Array:
    """The parts of a line in pixels that lie in or near a picture; NaN between them, none leaps across it."""
    margin = np.minimum(MARGIN, np.array(shape))
    inside = np.isfinite(line).all(axis=1) & (line > -margin).all(axis=1) & (line < shape + margin).all(axis=1)
    leap = np.zeros(len(line), bool)
    with np.errstate(invalid="ignore"):
        leap[1:] = (np.abs(np.diff(line, axis=0)) > np.array(shape) / 2).any(axis=1)
    kept = np.where(inside[:, None], line, np.nan)
    if leap.any():
        kept = np.insert(kept, np.flatnonzero(leap), np.nan, axis=0)
    empty: NDArray[np.bool_] = np.isnan(kept[:, 0])
    kept = kept[~(empty & np.roll(empty, 1))]
    touches = np.isfinite(kept).all(axis=1).any()
    return kept.astype(np.float32) if touches else np.empty((0, 2), np.float32)


def projected(crs: str, latitude: float, longitude: float) -> tuple[float, float]:
    """(y, x) of a latitude and longitude in the units of a projection."""
    import pyproj

    own = pyproj.CRS(crs)
    x, y = pyproj.Transformer.from_crs(own.geodetic_crs, own, always_xy=True).transform(longitude, latitude)
    return float(y), float(x)
