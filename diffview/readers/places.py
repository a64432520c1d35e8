"""The map of a picture, where its pixels lie on Earth; read by the reader process after the picture is on screen."""

from collections.abc import Sequence

from diffview.errors import UserError
from diffview.fields.earth_map import EarthMap, map_of
from diffview.fields.field import Region
from diffview.readers.opening import open_file, reading
from diffview.readers.slices import arrange, variable_of


def read_map(path: str, dataset: str, axes: Sequence[int], window: Region | None = None) -> EarthMap | None:
    """The map of the picture that two axes make, or of a window of it; None where it cannot be located on Earth.

    Raises:
        UserError: if the dataset cannot be read.
    """
    rows, columns = (int(axis) for axis in axes)
    with open_file(path) as file:
        variable = variable_of(file, dataset)
        with reading(file, dataset):
            arranged = arrange(variable, (rows, columns), window=window)
            projection = variable.projection()
    try:
        return map_of(arranged.coords, arranged.pixels, projection)
    except RuntimeError as error:  # of pyproj: an unknown projection
        raise UserError(
            f"The projection of {dataset} in {path} cannot be used: {error}.", "It is shown by km."
        ) from None
