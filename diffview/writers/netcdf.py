"""netCDF-4 files by the CF conventions, written with h5netcdf into memory: the disk sees them whole or not at all."""

import io
from collections.abc import Callable
from typing import Any

import h5netcdf
import numpy as np

from diffview.writers.exports import PIXELS, Content, Values
from diffview.writers.grid import Grid

CONVENTIONS = "CF-1.11"
COMPRESSED = 4096
"""Values from which on a variable is compressed."""


def netcdf_image(content: Content, grid: Grid, progress: Callable[[float], None] = lambda share: None) -> bytes:
    """The bytes of the file.

    Args:
        content: of the file.
        grid: the coordinates of its pictures.
        progress: called with the share that is done.
    """
    buffer = io.BytesIO()
    variables = {**grid.variables, **content.variables}
    total = sum(v.values.size for v in variables.values())
    with h5netcdf.File(buffer, "w") as file:
        file.attrs["Conventions"] = CONVENTIONS
        for name, text in content.attributes.items():
            file.attrs[name] = text
        if grid.mapping is not None:
            crs = file.create_variable("crs", (), np.int32)
            crs[...] = 0
            for name, value in grid.mapping.items():
                crs.attrs[name] = value
        done = 0
        for name, variable in variables.items():
            _write(file, name, variable, grid, lambda n, done=done: progress((done + n) / total))  # type: ignore[misc]
            done += variable.values.size
    return buffer.getvalue()


def _write(file: Any, name: str, variable: Values, grid: Grid, progress: Callable[[int], None]) -> None:
    """One variable, picture by picture; pictures of a field as float32, NaN where missing."""
    values, shape, coordinate = variable.values, variable.values.shape, name in grid.variables
    picture = variable.dims[-2:] == PIXELS
    dims = grid.dims_of(variable)
    for dim, size in zip(dims, shape, strict=True):
        if dim not in file.dimensions:
            file.dimensions[dim] = size
    floating = np.issubdtype(values.dtype, np.floating)
    kind = np.dtype(np.float32) if picture and floating and not coordinate else values.dtype
    storage: dict[str, Any] = {"fillvalue": kind.type(np.nan)} if picture and floating else {}
    if values.size >= COMPRESSED:
        chunks = (*(1 for _ in shape[:-2]), *shape[-2:]) if picture else shape
        storage |= {"compression": "gzip", "compression_opts": 1, "shuffle": True, "chunks": chunks}
    made = file.create_variable(name, dims, kind, **storage)
    for done, at in enumerate(np.ndindex(shape[:-2]) if picture else [()], 1):
        part = np.asarray(values[at])
        with np.errstate(over="ignore"):  # of pure noise, where the transform is a logarithm
            made[(*at, ...)] = (part if variable.back is None else variable.back.inverse(part)).astype(kind)
        progress(done * part.size)
    for key, value in grid.attributes_of(name, variable).items():
        made.attrs[key] = value
