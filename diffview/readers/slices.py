"""Reading one slice of a dataset as a picture."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import h5py
import numpy as np

from diffview.errors import UserError
from diffview.fields.field import Array, Field, Region
from diffview.fields.picture import Picture
from diffview.readers.alive import progress
from diffview.readers.attributes import all_attributes, short, text_attribute
from diffview.readers.base import Coordinate, Variable
from diffview.readers.describe import MOST_VALUES, range_and_mean
from diffview.readers.families import reader_of
from diffview.readers.layout import Layout, image_axes, layout
from diffview.readers.naming import is_column, is_row
from diffview.readers.opening import find_dataset, open_file, reading
from diffview.readers.planes import OUT_OF_RANGE, is_flag, read_plane
from diffview.readers.run_files import last_state, run_kind
from diffview.readers.sides import LARGEST_PICTURE, stored, whole
from diffview.readers.tree import find_in, no_picture, text_of, why_not_plottable
from diffview.readers.undeclared import Ends, without
from diffview.readers.undeclared import note as said

Range = tuple[float, float]

TRIES = 12  # slices that are tried for one with data in it, where the user named none
ONLY_SLICE = "It has no other slice: choose another dataset."
_TRIED = (0.0, 0.5, 1.0, 0.25, 0.75)  # where to look for a slice with data, as a part of the dimension
_LICENCES = ("license", "licence", "terms_of_use", "rights")


def read_slice(
    path: str,
    dataset: str | None = None,
    index: Sequence[int] | None = None,
    axes: Sequence[int] | None = None,
    window: Region | None = None,
    mask: Sequence[float] = (),
) -> Picture:
    """One slice of a dataset: float32, physical units, NaN missing, north up.

    Args:
        path: an HDF5 or netCDF-4 file.
        dataset: path of the dataset; None takes the best one that holds data.
        index: index of every dimension that is not shown, in the order of the file; None takes zeros, or the first
            of a few other slices that holds data.
        axes: which axes of the dataset are the rows and the columns; None takes those that look like a map.
        window: a part of the picture, in its pixels, north up, read as it is; None takes all of it, as an overview
            if it has more than LARGEST_PICTURE pixels.
        mask: physical values that mean missing though the file does not say so, see `Picture.suspects`.

    Raises:
        UserError: if there is no such picture, or it shows nothing.
    """
    with open_file(path) as file:
        if dataset is not None:
            return _first_with_data(file, dataset, index, axes, window, mask)
        first_error: UserError | None = None
        with reading(file, "The tree"):
            candidates = find_in(file)
        for number, node in enumerate(candidates):
            progress(number / len(candidates))
            try:
                picture = _first_with_data(file, node.path, index, axes, window, mask)
            except UserError as error:
                first_error = first_error or error
            else:
                return picture if first_error is None else _instead(picture, file, first_error)
        raise first_error or no_picture(file)


def _instead(picture: Picture, file: h5py.File, why: UserError) -> Picture:
    """A picture that is shown in the place of what would come first in its file, with a note of the reason."""
    reason = why.sentence.replace(f" in {file.filename}", "")
    note = f"{reason} So {picture.dataset} is shown."
    return replace(picture, field=replace(picture.field, notes=(note, *picture.field.notes)))


def variable_of(file: h5py.File, dataset: str) -> Variable:
    """The dataset as a variable of the first reader that claims the file.

    Raises:
        UserError: if there is none, or it cannot be shown as a picture.
    """
    with reading(file, dataset):
        stored = find_dataset(file, dataset)
        reader = reader_of(file)
        why = why_not_plottable(stored)
        if not why:
            return reader.variable(stored)
    raise UserError(
        f"{dataset} in {file.filename} cannot be shown: {why[0].lower()}{why[1:]}", "Choose another dataset."
    )


def _first_with_data(
    file: h5py.File,
    dataset: str,
    index: Sequence[int] | None,
    wanted: Sequence[int] | None,
    window: Region | None,
    mask: Sequence[float],
) -> Picture:
    """The slice asked for; without an index the first of a few that holds more than one value."""
    variable = without(variable_of(file, dataset), tuple(mask))
    with reading(file, dataset):
        along = variable.axis_coordinates()
        axes = _checked_axes(file, variable, wanted) or image_axes(variable.dataset.shape, variable.dims, along)
        if axes is None:
            raise UserError(f"{dataset} in {file.filename} has no two dimensions.", "Choose another dataset.")
        size = variable.dataset.shape[axes[0]], variable.dataset.shape[axes[1]]
        where = f"{dataset} in {file.filename}"
        _check_size(where, size, window)
        arranged = arrange(variable, axes, along, window)
    others = [axis for axis in range(len(variable.dataset.shape)) if axis not in axes]
    sizes = [variable.dataset.shape[axis] for axis in others]
    if index is not None:
        return _picture(file, variable, arranged, checked_index(file, variable, others, index), window)
    first_error: UserError | None = None
    for candidate in (*filter(None, [last_state(variable.dataset)]), *_candidates(sizes)):
        try:
            return _picture(file, variable, arranged, candidate, window)
        except _NothingToSee as error:
            first_error = first_error or UserError(error.sentence, error.hint)
    raise first_error or UserError(f"{dataset} in {file.filename} is empty.", "Choose another dataset.")


def _checked_axes(file: h5py.File, variable: Variable, wanted: Sequence[int] | None) -> tuple[int, int] | None:
    """`wanted` as two axes of the dataset, None for None.

    Raises:
        UserError: if they are not two different axes of at least two values.
    """
    if wanted is None:
        return None
    shape = variable.dataset.shape
    fine = len(set(wanted)) == len(wanted) == 2 and all(0 <= axis < len(shape) and shape[axis] > 1 for axis in wanted)
    if not fine:
        raise UserError(
            f"Axes {tuple(wanted)} of {variable.dataset.name} in {file.filename} make no picture.",
            f"Choose two of its {len(shape)} dimensions with more than one value.",
        )
    return int(wanted[0]), int(wanted[1])


class _NothingToSee(UserError):
    """The slice can be read, but holds no value, or the same everywhere."""


def _candidates(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """A few indices to try: the first slice, then some spread over all dimensions, then over single ones."""
    spread = [tuple(round(part * (size - 1)) for size in sizes) for part in _TRIED]
    single = [
        tuple(round(part * (size - 1)) if axis == moved else 0 for axis, size in enumerate(sizes))
        for moved in range(len(sizes))
        for part in _TRIED[1:]
    ]
    yield from itertools.islice(dict.fromkeys([*spread, *single]), TRIES)


def checked_index(file: h5py.File, variable: Variable, others: Sequence[int], index: Sequence[int]) -> tuple[int, ...]:
    """`index` as whole numbers inside their dimensions.

    Raises:
        UserError: if there are too many, too few, or one is outside.
    """
    where = f"{variable.dataset.name} in {file.filename}"
    names = [f"{variable.dims[axis]} (0 to {variable.dataset.shape[axis] - 1})" for axis in others]
    hint = f"Give one index for each of {', '.join(names)}." if names else "It has no other dimension."
    if len(index) != len(others):
        raise UserError(f"{where} needs {len(others)} indices, not {len(index)}.", hint)
    for axis, value in zip(others, index, strict=True):
        if not 0 <= value < variable.dataset.shape[axis]:
            raise UserError(f"{where} has no index {value} of {variable.dims[axis]}.", hint)
    return tuple(int(value) for value in index)


def _check_size(where: str, size: tuple[int, int], window: Region | None) -> None:
    """Refuse a window that is too large or not inside the picture, and a picture too long for an overview."""
    if window is not None:
        check_window(where, size, window)
        if window.ny * window.nx > LARGEST_PICTURE:
            raise UserError(
                f"A window of {text_of((window.ny, window.nx))} pixels of {where} is too large.",
                f"Choose one of at most {LARGEST_PICTURE // 2**20} million pixels.",
            )
    elif math.prod(side.pixels for side in whole(size)) > LARGEST_PICTURE or math.prod(size) > MOST_VALUES:
        how = "long for a picture" if math.prod(size) <= MOST_VALUES else "large to be gone through"
        raise UserError(f"{where} is too {how}: {text_of(size)} pixels.", "Cut a part of it, for instance with ncks.")


def _picture(
    file: h5py.File, variable: Variable, arranged: Layout, index: tuple[int, ...], window: Region | None
) -> Picture:
    """Read, decode, orient and describe one slice."""
    dataset = variable.dataset
    others = [axis for axis in range(len(dataset.shape)) if axis not in arranged.axes]
    where, ends = f"{dataset.name} in {file.filename}", Ends()
    with reading(file, dataset.name):
        values = np.empty(arranged.pixels, np.float32)
        fixed = dict(zip(others, index, strict=True))
        masked = read_plane(variable, arranged.axes, fixed, arranged.sides, arranged.oriented(values), ends.add)
    others_there = math.prod(dataset.shape[axis] for axis in others) > 1
    try:
        _require_contrast(values, masked, where, variable.units, lambda: _exact_range(variable, arranged, fixed))
    except _NothingToSee as error:
        hint = "Choose another slice." if others_there else ONLY_SLICE
        raise _NothingToSee(error.sentence, error.hint or hint) from None
    other_dims = tuple((variable.dims[axis], dataset.shape[axis]) for axis in others)
    suspects = () if is_flag(variable) else ends.suspects()
    averaged = arranged.sides[0].block > 1
    notes = (
        *_part_notes(variable, arranged, window), *_masked_notes(masked),
        *(said(one, variable.units, averaged) for one in suspects), *variable.remarks, *_plain_note(variable),
        *_table_note(variable, arranged), *arranged.notes,
    )  # fmt: skip
    field = Field(
        values,
        variable.name,
        variable.units,
        _shown_dims(variable.dims, arranged.axes),
        arranged.pixel_km,
        arranged.coords,
        {**_provenance(file, variable, index, other_dims), **_part(arranged, window)},
        notes,
    )
    return Picture(
        field, dataset.name, tuple(dataset.shape), arranged.axes, index, other_dims, arranged.sides[0].block, window,
        tuple(one.value for one in suspects),
    )  # fmt: skip


def _shown_dims(dims: Sequence[str], axes: tuple[int, int]) -> tuple[str, str]:
    """Names of the picture's sides; unnamed ones are row and column of the file, so that a swap shows in them."""
    plain = ("row", "column") if axes[0] < axes[1] else ("column", "row")
    down, across = (
        fallback if dims[axis].startswith("dim_") else dims[axis] for axis, fallback in zip(axes, plain, strict=True)
    )
    return down, across


def _part(arranged: Layout, window: Region | None) -> dict[str, str]:
    """The part of the plane that a picture shows, for its provenance; empty if all of it, value for value."""
    block = arranged.sides[0].block
    if window is not None:
        rows, columns = (
            f"{start} to {start + n - 1}" for start, n in ((window.row, window.ny), (window.column, window.nx))
        )
        return {"window": f"rows {rows}, columns {columns}"}
    return {"overview": f"{block} x {block} values a pixel"} if block > 1 else {}


def _part_notes(variable: Variable, arranged: Layout, window: Region | None) -> tuple[str, ...]:
    """How a picture shows less than every value, one finished sentence each."""
    size = text_of((variable.dataset.shape[arranged.axes[0]], variable.dataset.shape[arranged.axes[1]]))
    block = arranged.sides[0].block
    if window is not None:
        return (f"A window at full resolution: {_part(arranged, window)['window']} of {size}.",)
    if block == 1:
        return ()
    how = "the value in the middle" if is_flag(variable) else "the mean"
    return (f"An overview: each pixel is {how} of {text_of((block, block))} values, of {size} in the file.",)


def _masked_notes(masked: Mapping[str, int]) -> tuple[str, ...]:
    """How many values were masked and why, one finished sentence each."""
    return tuple(
        f"{count:,} {what} {'value was' if count == 1 else 'values were'} masked."
        for what, count in masked.items()
        if count
    )


def _plain_note(variable: Variable) -> tuple[str, ...]:
    """A sentence where neither the reader nor the file says what the numbers are."""
    if variable.units or all_attributes(variable.dataset) or not all(dim.startswith("dim_") for dim in variable.dims):
        return ()
    return ("Plain numbers: nothing in the file says what they are.",)


def _table_note(variable: Variable, arranged: Layout) -> tuple[str, ...]:
    """A sentence where the sides have names that are none of places."""
    sides = [variable.dims[axis] for axis in arranged.axes]
    unnamed = any(name.startswith("dim_") for name in sides)
    if arranged.coords or unnamed or any(is_row(name) or is_column(name) for name in sides):
        return ()
    return (f"A table over {sides[0]} and {sides[1]}, not a map: its sides are no places.",)


def _require_contrast(
    values: Array, masked: Mapping[str, int], where: str, units: str, exact: Callable[[], Range]
) -> None:
    """Refuse a slice that holds no value, or one value everywhere: it cannot be standardised.

    Args:
        values: the picture.
        masked: how many of its values were masked, by reason.
        where: name of the slice, for the sentence.
        units: of the values.
        exact: the least and greatest value before they were rounded to single precision.
    """
    missing = np.isnan(values)
    if missing.all():
        outside = masked.get(OUT_OF_RANGE, 0)
        if outside and outside == sum(masked.values()):
            raise _NothingToSee(
                f"{where} cannot be shown: all {outside:,} values lie outside the valid range that the file declares.",
                "Its valid_range, valid_min or valid_max may be in other units than the values: mend it (ncatted).",
            )
        raise _NothingToSee(f"{where} cannot be shown: every value of this slice is missing.")
    low = float(values.min(initial=np.inf, where=~missing))
    if low == float(values.max(initial=-np.inf, where=~missing)):
        least, most = exact() if low else (low, low)
        if least < most:
            what = f"its values run from {least:.17g} to {most:.17g} {units}".rstrip()
            raise _NothingToSee(
                f"{where} cannot be shown: {what}, too close together for single precision.",
                "Subtract a constant from them first.",
            )
        what = f"{low:g} {units}".rstrip()
        raise _NothingToSee(f"{where} cannot be shown: every value is the same ({what}).")


def _exact_range(variable: Variable, arranged: Layout, fixed: Mapping[int, int]) -> Range:
    """The least and the greatest value of a slice that holds one."""
    within = {axis: slice(index, index + 1) for axis, index in fixed.items()}
    within |= {axis: slice(side.start, side.stop) for axis, side in zip(arranged.axes, arranged.sides, strict=True)}
    _, numbers = range_and_mean(variable, [within[axis] for axis in sorted(within)])
    return numbers["min"] or 0.0, numbers["max"] or 0.0


def _provenance(
    file: h5py.File, variable: Variable, index: Sequence[int], other_dims: Sequence[tuple[str, int]]
) -> dict[str, str]:
    """The provenance of a slice, as text."""
    dataset = variable.dataset
    units = text_attribute(dataset, "units")  # in other units it is another quantity: a reflectance of a radiance
    parts = {
        "path": file.filename,
        "dataset": dataset.name,
        "index": ", ".join(f"{name} = {i}" for (name, _), i in zip(other_dims, index, strict=True)),
        "long_name": text_attribute(dataset, "long_name"),
        "standard_name": text_attribute(dataset, "standard_name") if units in ("", variable.units) else "",
        "title": text_attribute(file, "title"),
        "source": text_attribute(file, "source"),
        "institution": text_attribute(file, "institution"),
        "licence": next(filter(None, (text_attribute(file, name) for name in _LICENCES)), ""),
        "run": run_kind(file),
    }
    kept = ("path", "dataset", "index")
    return {key: text if key in kept else short(text) for key, text in parts.items() if text or key in kept}


def check_window(where: str, size: tuple[int, int], region: Region) -> None:
    """Refuse a region that has no pixels, or some outside a picture of `size`."""
    if min(region.ny, region.nx) < 1 or not (
        0 <= region.row <= size[0] - region.ny and 0 <= region.column <= size[1] - region.nx
    ):
        raise UserError(f"The region does not lie inside {where}.", "Move or shrink the region.")


def arrange(
    variable: Variable,
    axes: tuple[int, int],
    along: Sequence[Coordinate] | None = None,
    window: Region | None = None,
) -> Layout:
    """The layout of the picture that these axes make: all of it, in blocks if it is large, or a window of it."""
    size = variable.dataset.shape[axes[0]], variable.dataset.shape[axes[1]]
    along = [c for c in (variable.axis_coordinates() if along is None else along) if c.axes[0] in axes]
    sides = whole(size)
    natural = layout(axes, sides, along, variable.plane_coordinates(axes, (sides[0].middle, sides[1].middle)))
    if window is None:
        return natural
    flips = natural.flip_rows, natural.flip_columns
    sides = stored(window, size, flips)
    return layout(axes, sides, along, variable.plane_coordinates(axes, (sides[0].middle, sides[1].middle)), flips)
