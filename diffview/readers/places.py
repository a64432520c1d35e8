"""Where the pixels of a picture lie on Earth: the reader process works it out, after the picture is on screen."""

from collections.abc import Sequence

from diffview.errors import UserError
from diffview.maps import EarthMap, map_of
from diffview.readers.opening import open_file, reading
from diffview.readers.slices import arrange, variable_of


def read_map(path: str, dataset: str, axes: Sequence[int]) -> EarthMap | None:
    """The map of the picture that two axes of a dataset make; None where the file does not place it on Earth.

    Raises:
        UserError: if the dataset cannot be read.
    """
    rows, columns = (int(axis) for axis in axes)
    with open_file(path) as file:
        variable = variable_of(file, dataset)
        with reading(file, dataset):
            shape = (variable.dataset.shape[rows], variable.dataset.shape[columns])
            coords = arrange(variable, (rows, columns)).coords
            projection = variable.projection()
    try:
        return map_of(coords, shape, projection)
    except RuntimeError as error:  # pyproj's own: a projection it does not know
        raise UserError(
            f"The projection of {dataset} in {path} cannot be used: {error}.", "It is shown by km."
        ) from None
