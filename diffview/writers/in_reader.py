"""Writing netCDF files in the reader process, which may touch HDF5: it adds coordinates and checksum of the source."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.coarse import coarse_coordinate, fine_coordinate
from diffview.fields.daily import EPOCH
from diffview.fields.earth_map import Projection
from diffview.fields.radar import Site
from diffview.paths import new_file
from diffview.readers.alive import progress
from diffview.readers.attributes import text_attribute
from diffview.readers.base import Coordinate
from diffview.readers.labels import calendar_of, fixed_coordinates, labels_of
from diffview.readers.layout import image_axes
from diffview.readers.opening import find_nearby, open_file
from diffview.readers.slices import arrange, variable_of
from diffview.writers.exports import Content, SourceRegion, Values
from diffview.writers.grid import Grid, earth_grid, pixel_grid
from diffview.writers.quantity import clean

BLOCK = 2**22
DOWN = ("latitude", "y", "azimuth")
"""Coordinates that run along the rows."""

Floats = NDArray[np.floating[Any]]


def save_netcdf(path: str, content: Content, arrays: Mapping[str, str], report: str) -> None:
    """Write a netCDF-4 file.

    Args:
        path: the file.
        content: of the file; the values of its variables are in the files `arrays`, by the variable's name.
        arrays: names of .npy files.
        report: a file whose length in bytes becomes the percentage that is done.

    Raises:
        UserError: if it cannot be written; an older file of that name stays as it was.
    """
    from diffview.writers.netcdf import netcdf_image

    variables = {
        name: replace(v, values=np.load(arrays[name], mmap_mode="r")) if name in arrays else v
        for name, v in content.variables.items()
    }
    grid, attributes = described(content)
    with Path(report).open("ab", buffering=0) as percent:

        def show(share: float) -> None:
            percent.write(b"." * max(0, int(100 * share) - percent.tell()))
            progress()

        filled = replace(content, variables=variables, attributes=attributes)
        image = netcdf_image(filled, grid, show)
    new_file(Path(path), image)


def described(content: Content) -> tuple[Grid, dict[str, Any]]:
    """The grid of its pictures, and its attributes with the size of a pixel and the checksums of what it came from."""
    attributes = {**content.attributes, **_spacing(content.pixel_km)}
    for name, source in (("source", content.source), ("fit", content.fitted_to)):
        if source and os.path.isfile(source):
            attributes[f"diffview_{name}_sha256"] = checksum(Path(source))
    return grid_of(content), attributes


def _spacing(pixel_km: tuple[float, float] | None) -> dict[str, float]:
    return {} if pixel_km is None else {"pixel_height_km": float(pixel_km[0]), "pixel_width_km": float(pixel_km[1])}


def checksum(path: Path) -> str:
    """SHA-256 of a file, "" if it cannot be read."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                progress()
    except OSError:
        return ""
    return digest.hexdigest()


def grid_of(content: Content) -> Grid:
    """The grid of a region by the coordinates of its file, with its time and level; by pixels where it has none."""
    source = content.region
    if source is None:
        return pixel_grid(content.shape, content.pixel_km)
    coords: dict[str, Floats] = dict(source.coords)
    units: dict[str, str] = {}
    fixed: dict[str, Values] = {}
    projection: Projection | Site | None = None
    try:
        with open_file(source.path) as file:
            variable = variable_of(file, source.dataset)
            along = variable.axis_coordinates()
            units = {c.role: c.units for c in along if c.role}
            projection = variable.projection()
            axes = source.axes or image_axes(variable.dataset.shape, variable.dims, along)
            if axes is not None:
                lines = fixed_coordinates(variable.dataset, along, axes, source.index)
                fixed = {_name(line): _scalar(variable.dataset, line) for line in lines}
            if not coords and axes is not None:
                whole = arrange(variable, axes, along).coords
                coords = {
                    name: fine_coordinate(coarse_coordinate(values, source.coarsen), source.refine)
                    for name, values in whole.items()
                }
    except UserError:  # it is gone, or there never was a file: the coordinates that are known have to do
        pass
    parts = {name: _part(name, values, source) for name, values in coords.items()}
    grid = earth_grid(parts, content.shape, units, projection) or pixel_grid(content.shape, content.pixel_km)
    fixed = {name: values for name, values in fixed.items() if name not in {*content.variables, *grid.variables}}
    return replace(grid, variables={**grid.variables, **fixed}, coordinates=(*grid.coordinates, *fixed))


def _name(coordinate: Coordinate) -> str:
    return coordinate.name if coordinate.name == "time" else clean(coordinate.name)


def _scalar(dataset: h5py.Dataset, coordinate: Coordinate) -> Values:
    """One value of a coordinate as a variable of its own; times count from 1970."""
    labels = labels_of(dataset, coordinate)
    value = np.array(coordinate.values[0] if labels.values is None else labels.values[0], np.float64)
    if labels.dates:
        calendar = calendar_of(dataset, coordinate.name)
        attributes = {"long_name": coordinate.name, "standard_name": "time", "units": EPOCH, "calendar": calendar}
        return Values((), value, attributes)
    own = find_nearby(dataset, coordinate.name)
    kept = {} if own is None else {name: text_attribute(own, name) for name in ("standard_name", "positive")}
    attributes = {"long_name": coordinate.name, "units": coordinate.units or "1", **kept}
    return Values((), value, {name: text for name, text in attributes.items() if text})


def _part(name: str, values: Floats, source: SourceRegion) -> Floats:
    """The region of a coordinate along the rows, along the columns, or of both."""
    rows, columns = source.region.slices
    whole = np.asarray(values, np.float64)
    return whole[rows, columns] if whole.ndim == 2 else whole[rows if name in DOWN else columns]
