"""The role of a variable by its names, units and attributes: latitude or row, coordinate or measurement."""

import re

from diffview.readers.base import Role

_ROLE_OF_STANDARD_NAME: dict[str, Role] = {
    "latitude": "latitude",
    "longitude": "longitude",
    "grid_latitude": "y",  # of a rotated pole: degrees, but not those of the Earth
    "grid_longitude": "x",
    "projection_y_coordinate": "y",
    "projection_x_coordinate": "x",
    "projection_y_angular_coordinate": "y",
    "projection_x_angular_coordinate": "x",
}
_NORTH = re.compile(r"degrees?_?(n|north)$", re.IGNORECASE)
_EAST = re.compile(r"degrees?_?(e|east)$", re.IGNORECASE)
# XLAT_M of WRF, lat_rho of ROMS, TLAT of POP, nav_lat and gphit of NEMO, geolat of MOM, "Latitude of Observation Point
# for 89A" of AMSR2
_BEFORE, _BEHIND = "(nav_?|x|geo_?|cell_?|[tuv])?", "(_(am|pm|rho|psi|[ctuvfmd]))?( of .*)?$"
_LATITUDE = re.compile(rf"({_BEFORE}lat(itude)?s?|gphi[tuvf]){_BEHIND}", re.IGNORECASE)
_LONGITUDE = re.compile(rf"({_BEFORE}lon(g|gitude)?s?|glam[tuvf]){_BEHIND}", re.IGNORECASE)
_Y = ("y", "yc", "northing", "rlat", "grid_latitude")
_X = ("x", "xc", "easting", "rlon", "grid_longitude")
_COUNT = r"(n|n_|num_?|number_of_|dim_?|phony_)?"
_ROW = re.compile(
    _COUNT + r"(lats?|latitudes?|r_?lat|nav_lat|y|yc|y_?dim|ydim|rows?|scans?|scan_?lines?|lines?|northings?|j|"
    r"south_?north|along_?track|grid_?latitude|coadsy|projection_y_coordinate|grid_?rows?)$",
    re.IGNORECASE,
)
_COLUMN = re.compile(
    _COUNT + r"(lons?|longitudes?|r_?lon|nav_lon|x|xc|x_?dim|xdim|cols?|columns?|rays?|pixels?|pixel_?ev|"
    r"ground_?pixels?|eastings?|i|west_?east|(x|cross)_?track|grid_?longitude|coadsx|samples?|elements?|fovs?|beams?|"
    r"projection_x_coordinate|grid_?col(umn)?s?)$",
    re.IGNORECASE,
)
_BOUNDS = re.compile(r"(_bnds|_bounds|_vertices|_corners?)$|^(bounds|vertices)_", re.IGNORECASE)
_HELPER = re.compile(
    r"(^|_)(flags?|dqf|qf|quality|qc|qa|mask|dtime|time|count|counts|nobs|uncertainty|error|std|stdev|stddev|"
    r"standard_deviation|deviation|angle|azimuth|zenith|elevation|bands?|sensor|index|precision|distance|housekeeping|"
    r"telemetry|voltage|iterations|convergence|confidence|probability|status)(_|\d|$)",
    re.IGNORECASE,
)
_HEADLINES = (
    r"(analysed_|l3s?_)?sst$|(surface|sea_surface(_\w+)?)_temperature$",
    r"(corrected_)?reflectivity(_h|_horizontal)?$|DBZH?$",
    r"(t2m|2t|tas|air_temperature(_2m)?|temperature_2m)$",
)
_SWATH = re.compile(r"(HS|MS|NS|FS)?\d*$")  # "nrayHS", "npixel1": the swath that a dimension belongs to
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def coordinate_role(name: str, standard_name: str, units: str) -> Role:
    """The role of a coordinate variable; words of the CF conventions count before units, units before the name."""
    role = _ROLE_OF_STANDARD_NAME.get(standard_name.lower())
    if role:
        return role
    units = units.strip().replace(" ", "_")
    if _NORTH.match(units) and not _LONGITUDE.match(name):
        return "latitude"
    if _EAST.match(units) and not _LATITUDE.match(name):
        return "longitude"
    if _LATITUDE.match(name):
        return "latitude"
    if _LONGITUDE.match(name):
        return "longitude"
    return "y" if name.lower() in _Y else "x" if name.lower() in _X else ""


def is_row(dim: str) -> bool:
    """Whether a dimension has a name of rows ("lat", "nscan1", "DimAlongTrack")."""
    return bool(_ROW.match(_SWATH.sub("", dim.strip("_"), count=1)))


def is_column(dim: str) -> bool:
    """Whether a dimension has a name of columns ("lon", "npixel1", "DimCrossTrack")."""
    return bool(_COLUMN.match(_SWATH.sub("", dim.strip("_"), count=1)))


def is_coordinate(name: str, standard_name: str, units: str) -> bool:
    """Whether a variable is a coordinate in space or time, or the bounds of one."""
    if _BOUNDS.search(name) or standard_name.lower() in ("time", "altitude", "depth"):
        return True
    return " since " in units or coordinate_role(name, standard_name, units) not in ("", "x", "y")


def headline(name: str) -> int:
    """The place of a variable among the main ones of products, 0 first, beside winds and corrections of the same size.

    All others come after them.
    """
    found = (place for place, names in enumerate(_HEADLINES) if re.match(names, name, re.IGNORECASE))
    return next(found, len(_HEADLINES))


def is_helper(name: str) -> bool:
    """Whether a variable describes another one (flags, quality, uncertainty, angles, times)."""
    return bool(_HELPER.search(_CAMEL.sub("_", name)))
