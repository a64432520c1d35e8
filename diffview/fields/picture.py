"""A picture: one slice of a dataset, and what it is a slice of."""

from dataclasses import dataclass

from diffview.fields.field import Field, Region


@dataclass(frozen=True, eq=False)
class Picture:
    """One slice of a dataset.

    Attributes:
        field: the slice, in physical units, north up, NaN missing.
        dataset: its path in the file.
        shape: shape of the whole dataset.
        axes: which axes of the dataset are the rows and the columns of the picture.
        index: the fixed index of every other dimension, in the order of the file.
        other_dims: (name, size) of those dimensions.
        block: values of the dataset along each side of a pixel: 1, or more in an overview.
        window: the part of the whole picture that was read, in its own pixels and north up; None: all of it.
        suspects: values that look like fill values though nothing calls them missing; `read_slice` masks them if asked.
    """

    field: Field
    dataset: str
    shape: tuple[int, ...]
    axes: tuple[int, int]
    index: tuple[int, ...]
    other_dims: tuple[tuple[str, int], ...]
    block: int = 1
    window: Region | None = None
    suspects: tuple[float, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the whole picture."""
        return self.shape[self.axes[0]], self.shape[self.axes[1]]
