"""The coordinates of the pictures in a netCDF file, by the CF conventions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.earth_map import Projection
from diffview.fields.radar import Site
from diffview.writers.exports import PIXELS, Values

Floats = NDArray[np.floating[Any]]

DEGREES = {"latitude": ("degrees_north", "Y"), "longitude": ("degrees_east", "X")}
SWEEP = {"azimuth": "degree", "range": "m"}


@dataclass(frozen=True, eq=False)
class Grid:
    """The two dimensions of the pictures and their coordinates.

    Attributes:
        dims: names of rows and columns.
        variables: coordinates, by name.
        mapping: CF attributes of the projection, or None.
        coordinates: names of those that are not along one dimension.
    """

    dims: tuple[str, str]
    variables: Mapping[str, Values]
    mapping: Mapping[str, Any] | None = None
    coordinates: tuple[str, ...] = ()

    def dims_of(self, variable: Values) -> tuple[str, ...]:
        """The dimensions of a variable, those of a picture by their names here."""
        return (*variable.dims[:-2], *self.dims) if variable.dims[-2:] == PIXELS else variable.dims

    def attributes_of(self, name: str, variable: Values) -> dict[str, Any]:
        """The attributes of a variable: a picture that is no coordinate names its own, and its projection."""
        attributes = dict(variable.attributes)
        if variable.dims[-2:] == PIXELS and name not in self.variables:
            known = " ".join(filter(None, (attributes.pop("coordinates", ""), *self.coordinates)))
            attributes |= {"coordinates": known} if known else {}
            attributes |= {"grid_mapping": "crs"} if self.mapping is not None else {}
        return attributes


def pixel_grid(shape: tuple[int, int], pixel_km: tuple[float, float] | None) -> Grid:
    """Rows and columns in km, or counted, from the lower left corner: y rises upwards, as on maps."""
    ny, nx = shape
    high, wide = pixel_km or (1.0, 1.0)
    units, what = ("km", "distance") if pixel_km else ("1", "pixels")
    sides = (
        ("y", np.arange(ny - 1, -1, -1) * float(high), "from the lower edge"),
        ("x", np.arange(nx) * float(wide), "from the left edge"),
    )
    variables = {
        name: Values((name,), values, {"long_name": f"{what} {where}", "units": units}) for name, values, where in sides
    }
    return Grid(PIXELS, variables)


def earth_grid(
    coords: Mapping[str, Floats], shape: tuple[int, int], units: Mapping[str, str], projection: Projection | Site | None
) -> Grid | None:
    """The grid of a picture with these coordinates, oriented like it; None where they are not enough for one.

    Args:
        coords: as `Field.coords` has them.
        shape: rows and columns of the picture.
        units: of the coordinates, as written in their file.
        projection: of y and x, or the site of a radar.
    """
    sides = {name: values for name, values in coords.items() if values.ndim == 1}
    for dims in (("latitude", "longitude"), ("azimuth", "range")):
        if all(name in sides and len(sides[name]) == n for name, n in zip(dims, shape, strict=True)):
            if dims[0] in DEGREES:
                return Grid(dims, {name: _degrees(name, sides[name], (name,)) for name in dims})
            return _sweep(sides["azimuth"], sides["range"], projection if isinstance(projection, Site) else None)
    variables: dict[str, Values] = {}
    mapping = None
    degrees = {name: coords[name] for name in DEGREES if name in coords and coords[name].shape == shape}
    if all(name in sides and len(sides[name]) == n for name, n in zip(PIXELS, shape, strict=True)):
        y, x = sides["y"], sides["x"]
        if not isinstance(projection, Projection):
            variables = {name: _plain(name, sides[name], units.get(name, "")) for name in PIXELS}
        else:
            y, x = (o + v * projection.metres for o, v in zip(projection.origin, (y, x), strict=True))
            crs = _crs(projection.crs)
            mapping, computed = _mapping(crs), _degrees_of(crs, y, x)
            metres = _unit(crs) * _of_ellipsoid(crs)
            variables = {name: _projected(name, values * metres) for name, values in (("y", y), ("x", x))}
            degrees = degrees or computed
    variables |= {name: _degrees(name, values, PIXELS) for name, values in degrees.items()}
    return Grid(PIXELS, variables, mapping, tuple(degrees)) if variables else None


def _degrees(name: str, values: Floats, dims: tuple[str, ...]) -> Values:
    units, axis = DEGREES[name]
    attributes = {"long_name": name, "standard_name": name, "units": units}
    return Values(dims, values, attributes | ({"axis": axis} if len(dims) == 1 else {}))


def _sweep(azimuth: Floats, ranges: Floats, site: Site | None) -> Grid:
    """Azimuth and range, and latitude and longitude of every gate where the site of the radar is known.

    CF wants a monotonic coordinate: the azimuth of a sweep that does not begin in the north goes on past 360.
    """
    sides = {"azimuth": np.unwrap(azimuth, period=360.0), "range": ranges}
    variables = {name: _swept(name, values, (name,)) for name, values in sides.items()}
    if site is None:
        return Grid(("azimuth", "range"), variables)
    degrees = dict(zip(DEGREES, site.geographic(azimuth, ranges), strict=True))
    variables |= {name: _degrees(name, values, ("azimuth", "range")) for name, values in degrees.items()}
    return Grid(("azimuth", "range"), variables, coordinates=tuple(degrees))


def _swept(name: str, values: Floats, dims: tuple[str, ...]) -> Values:
    return Values(dims, values, {"long_name": f"{name} of the radar sweep", "units": SWEEP[name]})


def _plain(name: str, values: Floats, units: str) -> Values:
    return Values((name,), values, {"long_name": f"{name} coordinate", "units": units or "1"})


def _projected(name: str, metres: Floats) -> Values:
    names = {"long_name": f"{name} coordinate of projection", "standard_name": f"projection_{name}_coordinate"}
    return Values((name,), metres, {**names, "units": "m", "axis": name.upper()})


def _crs(of: Any) -> Any:
    from pyproj import CRS

    return CRS.from_cf(dict(of)) if isinstance(of, Mapping) else CRS(of)


def _unit(crs: Any) -> float:
    """Metres of the unit that a projection says y and x are in."""
    return float(crs.axis_info[0].unit_conversion_factor) if crs.axis_info else 1.0


def _of_ellipsoid(crs: Any) -> float:
    """1000 where a file gives the axes of the Earth in km, as if they were metres: all other lengths are in km then."""
    return 1e3 if crs.ellipsoid is not None and crs.ellipsoid.semi_major_metre < 1e5 else 1.0


def _mapping(crs: Any) -> dict[str, Any]:
    """CF attributes of a projection, in metres."""
    mapping: dict[str, Any] = crs.to_cf()
    unit, scale = _unit(crs), _of_ellipsoid(crs)
    if mapping.get("grid_mapping_name") == "polar_stereographic":  # CF wants it, and pyproj leaves it out
        north = mapping.get("standard_parallel", 90.0) > 0
        mapping.setdefault("latitude_of_projection_origin", 90.0 if north else -90.0)
    if unit * scale != 1:  # the text says lengths in its own unit; the other attributes say all that it does
        mapping.pop("crs_wkt", None)
        lengths = {"semi_major_axis": scale, "semi_minor_axis": scale, "perspective_point_height": scale}
        lengths |= {"false_easting": unit * scale, "false_northing": unit * scale}
        mapping |= {name: mapping[name] * factor for name, factor in lengths.items() if name in mapping}
    return mapping


def _degrees_of(crs: Any, y: Floats, x: Floats) -> dict[str, Floats]:
    """Latitude and longitude of y and x in the projection's own units, NaN off the Earth."""
    from pyproj import Transformer

    to_degrees = Transformer.from_crs(crs, crs.geodetic_crs or 4326, always_xy=True)
    longitude, latitude = to_degrees.transform(*np.meshgrid(x, y))
    off = ~(np.isfinite(latitude) & np.isfinite(longitude))
    return {"latitude": np.where(off, np.nan, latitude), "longitude": np.where(off, np.nan, longitude)}
