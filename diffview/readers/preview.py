"""A preview of a dataset before it is opened: a small picture, and the range of its numbers."""

from dataclasses import dataclass

import numpy as np

from diffview.errors import UserError
from diffview.fields.field import Array
from diffview.readers.layout import image_axes
from diffview.readers.opening import open_file, reading
from diffview.readers.packing import amplitude
from diffview.readers.slices import arrange, variable_of

SIDE = 96
"""Most rows and columns of the small picture."""

MOST_BYTES = 64 * 2**20
"""The largest slice that is previewed where it is chunked and has to be unpacked whole."""


@dataclass(frozen=True, eq=False)
class Preview:
    """Every k-th pixel of one slice.

    Attributes:
        values: float32 [at most 96, at most 96], physical, north up, NaN missing.
        stored: least and greatest stored number among those with a value; None if there is none.
        physical: the same after decoding.
        units: of the physical values.
        every: k.
        missing: share of the pixels looked at that are missing.
    """

    values: Array
    stored: tuple[float, float] | None
    physical: tuple[float, float] | None
    units: str
    every: int
    missing: float


def preview(path: str, dataset: str) -> Preview:
    """The middle slice of a dataset, read with strides.

    Raises:
        UserError: if it is no picture, or too large for a preview.
    """
    with open_file(path) as file:
        variable = variable_of(file, dataset)
        found = variable.dataset
        with reading(file, dataset):
            along = variable.axis_coordinates()
            axes = image_axes(found.shape, variable.dims, along) or (0, 1)
            sides = [found.shape[axis] for axis in axes]
            if found.chunks and sides[0] * sides[1] * found.dtype.itemsize > MOST_BYTES:
                raise UserError(f"{dataset} in {path} is too large for a small picture.", "Open it.")
            every = max(1, -(-max(sides) // SIDE))
            part = tuple(
                slice(None, None, every) if axis in axes else size // 2 for axis, size in enumerate(found.shape)
            )
            raw, decoded = amplitude(np.asarray(found[part])), variable.read(part)
            values = decoded.values.T if axes[0] > axes[1] else decoded.values
            laid, units = arrange(variable, axes, along), variable.units
    good = ~np.isnan(decoded.values)
    physical = _range(decoded.values[good])
    stored = _range(raw[good]) if raw.shape == good.shape else None
    with np.errstate(over="ignore"):
        small = np.ascontiguousarray(laid.oriented(values), dtype=np.float32)
    small[np.isinf(small)] = np.nan
    return Preview(small, stored, physical, units, every, float(1 - good.mean()) if good.size else 1.0)


def _range(values: np.ndarray) -> tuple[float, float] | None:
    return (float(values.min()), float(values.max())) if values.size else None
