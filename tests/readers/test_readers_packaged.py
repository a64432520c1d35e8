"""The field that ships with the program: what the reader makes of its file, without the reader."""

import subprocess
import sys

import numpy as np
import pytest

from diffview.readers.packaged import packaged_field
from diffview.readers.slices import read_slice


def test_the_packaged_field_is_what_the_reader_makes_of_its_file() -> None:
    field = packaged_field()
    read = read_slice(field.provenance["path"]).field
    np.testing.assert_array_equal(field.values, read.values)
    assert (field.name, field.units, field.dims, field.notes) == (read.name, read.units, read.dims, read.notes)
    assert field.pixel_km == pytest.approx(read.pixel_km)
    assert "Crown copyright" in field.provenance["licence"]
    assert np.count_nonzero(field.mask) == 3152


def test_the_packaged_field_needs_no_reader() -> None:
    heavy = "('h5py', 'xarray', 'scipy', 'pandas', 'torch', 'PySide6')"
    code = (
        "import sys; from diffview.readers.packaged import packaged_field; packaged_field(); "
        "import diffview.readers.process; "
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
