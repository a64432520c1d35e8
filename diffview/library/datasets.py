"""Content as xarray, with units, coordinates and provenance; and arrays of xarray or numpy as fields."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray

from diffview.errors import UserError
from diffview.fields.coarse import fine_coordinate
from diffview.fields.field import Field, Region
from diffview.readers.base import Coordinate
from diffview.readers.layout import SMALLEST_SIDE, Layout, image_axes, layout
from diffview.readers.naming import coordinate_role
from diffview.readers.process import ReaderProcess
from diffview.readers.sides import whole
from diffview.writers.exports import PIXELS, Content, SourceRegion, Values, field_content
from diffview.writers.grid import Grid, pixel_grid
from diffview.writers.quantity import clean

if TYPE_CHECKING:
    from diffview.library.opened import FieldLike, Opened

Variables = Mapping[str, xarray.Variable]

SAID = ("title", "institution", "licence", "long_name", "standard_name")
"""What is known of a field's source that its array keeps as attributes."""

# -- out


def array_of(opened: "Opened") -> xarray.DataArray:
    """An opened field with its coordinates; its attributes say where it comes from."""
    field, source = opened.facts.field, opened.recipe.source
    made = dataset_of(field_content(field, opened.recipe), opened)
    (name,) = made.data_vars
    array: xarray.DataArray = made[name]
    said = {key: text for key in SAID if (text := field.provenance.get(key))}
    own = {"path": source.path or "", "dataset": source.dataset or "", "at": np.array(source.index or (), np.int64)}
    kept = {f"diffview_{key}": value for key, value in own.items() if len(value)}
    array.attrs = {**said, **array.attrs, **kept}
    if field.notes:
        array.attrs["diffview_notes"] = " ".join(field.notes)
    return array


def dataset_of(content: Content, opened: "Opened") -> xarray.Dataset:
    """Content with the coordinates of its region: of the array it was given in, of its file, or of its pixels."""
    dims, coords = _places(content, opened.array)
    variables = {name: _variable(values, dims) for name, values in content.variables.items()}
    known = {word for variable in variables.values() for word in str(variable.attrs.pop("coordinates", "")).split()}
    along = {name for name, variable in variables.items() if variable.dims == (name,)}
    for variable in variables.values():
        if variable.dims[-2:] == dims and "crs" in coords:
            variable.attrs["grid_mapping"] = "crs"
    made = xarray.Dataset(variables, coords, dict(content.attributes))
    made = made.set_coords([name for name in variables if name in known | along])
    decoded: xarray.Dataset = xarray.decode_cf(
        made, mask_and_scale=False, decode_coords=False, decode_timedelta=False, concat_characters=False
    )
    return decoded.load()


def _variable(values: Values, dims: tuple[str, str], coordinate: bool = False) -> xarray.Variable:
    """One variable; pictures are float32, through the inverse of their transform, as `writers.netcdf` writes them."""
    numbers, named = values.values, values.dims
    if named[-2:] == PIXELS:
        named = (*named[:-2], *dims)
        with np.errstate(over="ignore"):  # of pure noise, where the transform is a logarithm
            numbers = numbers if values.back is None else values.back.inverse(np.asarray(numbers))
            if np.issubdtype(numbers.dtype, np.floating) and not coordinate:
                numbers = numbers.astype(np.float32)
    return xarray.Variable(named, numbers, dict(values.attributes))


def _places(content: Content, array: xarray.DataArray | None) -> tuple[tuple[str, str], Variables]:
    """Names of rows and columns, and the coordinates of the region."""
    if content.region is not None and array is not None:
        rows, columns = (str(dim) for dim in array.dims)
        part = array.isel(dict(zip((rows, columns), content.region.region.slices, strict=True)))
        return (rows, columns), {str(name): one.variable for name, one in part.coords.items()}
    grid = _grid(content)
    coords = {name: _variable(values, grid.dims, coordinate=True) for name, values in grid.variables.items()}
    if grid.mapping is not None:
        coords["crs"] = xarray.Variable((), np.int32(0), dict(grid.mapping))
    return grid.dims, coords


def _grid(content: Content) -> Grid:
    """The grid of the pictures; a file is asked for its coordinates by the reader process."""
    if content.region is None or not (content.region.path or content.region.coords):
        return pixel_grid(content.shape, content.pixel_km)
    reader = ReaderProcess()
    try:
        light = Content(content.shape, dict.fromkeys(content.variables), {}, content.pixel_km, content.region)  # type: ignore[arg-type]
        grid: Grid = reader.call("diffview.writers.in_reader:grid_of", content=light)
        return grid
    finally:
        reader.close()


# -- in


def as_array(field: "FieldLike") -> xarray.DataArray:
    """Anything array-like as a DataArray.

    Raises:
        UserError: of a Dataset with several variables, or of what holds no numbers.
    """
    if isinstance(field, xarray.Dataset):
        if len(field.data_vars) != 1:
            names = ", ".join(map(str, field.data_vars)) or "none"
            raise UserError(f"The dataset has the variables {names}.", "Give one of them: dataset[name].")
        return field[next(iter(field.data_vars))]
    if isinstance(field, xarray.DataArray):
        return field
    values = np.asarray(field)
    if values.dtype.kind not in "biuf":
        raise UserError("The array holds no numbers.", "Give numbers [ny, nx], or an xarray.DataArray.")
    outer = ["slice"] if values.ndim == 3 else [f"slice_{i}" for i in range(values.ndim - 2)]
    return xarray.DataArray(values, dims=[*outer, "row", "column"] if values.ndim > 1 else None)


def picture_of(array: xarray.DataArray) -> tuple[Field, xarray.DataArray]:
    """A field of an array of two dimensions, others of length one left out; and that array, turned as the field is.

    Raises:
        UserError: if it has another number of dimensions, or is smaller than 8 x 8.
    """
    turned, arranged = turned_of(array)
    if turned.ndim != 2:
        raise _no_picture(array)
    return field_of(turned, arranged), turned


def turned_of(array: xarray.DataArray) -> tuple[xarray.DataArray, Layout]:
    """An array [..., rows, columns] with north up and east to the right, and the layout of its pictures.

    Rows and columns are found by names and attributes of the coordinates, as in a file.

    Raises:
        UserError: if it has no two dimensions of at least 8 numbers.
    """
    flat = array.squeeze()
    if flat.dtype.kind not in "biuf" or flat.ndim < 2:
        raise _no_picture(array)
    known = [one for name in flat.coords if (one := _coordinate(flat, name)) is not None]
    lines = [c for c in known if len(c.axes) == 1]
    axes = image_axes(flat.shape, [str(dim) for dim in flat.dims], lines)
    if axes is None or min(size := (flat.shape[axes[0]], flat.shape[axes[1]])) < SMALLEST_SIDE:
        raise _no_picture(array)
    plane = [_turned(c, axes) for c in known if set(c.axes) == set(axes) and c.role in ("latitude", "longitude")]
    arranged = layout(axes, whole(size), [c for c in lines if c.axes[0] in axes], plane)
    rows, columns = flat.dims[axes[0]], flat.dims[axes[1]]
    back = slice(None, None, -1)
    flips = {dim: back for dim, flip in ((rows, arranged.flip_rows), (columns, arranged.flip_columns)) if flip}
    return flat.transpose(..., rows, columns).isel(flips), arranged


def refined_array(array: xarray.DataArray, k: int) -> xarray.DataArray:
    """An array [rows, columns] each of whose values stands for k x k pixels; coordinates that are no numbers go."""
    coords = {
        name: (one.dims, fine_coordinate(one.values, k), one.attrs) if one.ndim else one
        for name, one in array.coords.items()
        if not one.ndim or (one.dtype.kind in "iuf" and one.dims in ((*array.dims,), array.dims[:1], array.dims[1:]))
    }
    values = array.values.repeat(k, axis=0).repeat(k, axis=1)
    return xarray.DataArray(values, coords, array.dims, array.name, array.attrs)


def _no_picture(array: xarray.DataArray) -> UserError:
    shape = ", ".join(f"{name} {n}" for name, n in array.sizes.items())
    return UserError(
        f"An array of {shape or 'no dimensions'} ({array.dtype}) is no picture.",
        f"Give numbers [rows, columns] with at least {SMALLEST_SIDE} pixels a side: array.isel(...) takes a slice.",
    )


def field_of(picture: xarray.DataArray, arranged: Layout) -> Field:
    """The field of an array [rows, columns] with north up."""
    values = picture.values.astype(np.float32)
    values[~np.isfinite(values)] = np.nan
    attrs = picture.attrs
    said = {key: str(attrs[key]) for key in SAID if key in attrs}
    rows, columns = (str(dim) for dim in picture.dims)
    return Field(
        values, str(picture.name or "array"), str(attrs.get("units", "")), (rows, columns), arranged.pixel_km,
        arranged.coords, said, arranged.notes,
    )  # fmt: skip


def slices_of(array: xarray.DataArray) -> tuple[Field, Content]:
    """A field of the first slice that holds a number, and all of them as the content of a file.

    Raises:
        UserError: if it has no two dimensions of at least 8 numbers, or holds no number.
    """
    turned, arranged = turned_of(array)
    others = turned.dims[:-2]
    filled = np.isfinite(turned.values).any(axis=(-2, -1))
    if not filled.any():
        raise UserError("Every value of the array is missing.", "Give an array with numbers in it.")
    at = np.unravel_index(int(filled.argmax()), filled.shape) if others else ()
    field = field_of(turned.isel(dict(zip(others, at, strict=True))), arranged)
    name = clean(field.name)
    about = {key: text for key, text in {"units": field.units, **field.provenance}.items() if text}
    values = np.where(np.isfinite(turned.values), turned.values, np.nan).astype(np.float32)
    variables = {name: Values((*map(str, others), *PIXELS), values, about)}
    for dim in others:
        line = xarray.conventions.encode_cf_variable(turned[dim].variable)
        if line.dtype.kind in "iuf":
            variables[str(dim)] = Values((str(dim),), line.values, line.attrs)
    whole_slice = SourceRegion("", name, Region(0, 0, *field.values.shape), field.coords)
    return field, Content(field.values.shape, variables, {}, field.pixel_km, whole_slice)


def _coordinate(array: xarray.DataArray, name: Any) -> Coordinate | None:
    """A coordinate along the sides of an array; None if it is none, or no number."""
    one = array.coords[name]
    if one.dtype.kind not in "iuf" or not 1 <= one.ndim <= 2:
        return None
    units = str(one.attrs.get("units", ""))
    role = coordinate_role(str(name), str(one.attrs.get("standard_name", "")), units)
    axes = tuple(array.dims.index(dim) for dim in one.dims)
    return Coordinate(str(name), role, axes, one.values.astype(np.float64), units)


def _turned(coordinate: Coordinate, axes: tuple[int, int]) -> Coordinate:
    """A coordinate of both sides, rows first."""
    if coordinate.axes == axes:
        return coordinate
    return Coordinate(coordinate.name, coordinate.role, axes, coordinate.values.T, coordinate.units)
