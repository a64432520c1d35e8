"""Many files as one set in the window: opened by folder, dropped together, stepped through by hand, refused."""

import numpy as np
import pytest
import xarray
from test_story_files import drop, errors

from diffview.readers.many import one_name

NY, NX, DAYS = 40, 48, 7


def field_of(day):
    return np.random.default_rng(day).normal(280, 5, (NY, NX)).cumsum(1).astype(np.float32)


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "days"
    place.mkdir()
    for day in range(DAYS):
        made = xarray.Dataset(
            {"sst": (("time", "lat", "lon"), field_of(day)[None], {"units": "K"})},
            {"time": ("time", [float(day)], {"units": "days since 2001-01-01"}),
             "lat": ("lat", np.linspace(-10.0, 10.0, NY), {"units": "degrees_north"}),
             "lon": ("lon", np.linspace(0.0, 30.0, NX), {"units": "degrees_east"})},
        )  # fmt: skip
        made.to_netcdf(place / f"sst_{day:02}.nc", engine="h5netcdf")
    return place


def test_a_folder_opens_as_one_set_and_is_stepped_through(window, folder, hand, find, settle, wait, monkeypatch):
    monkeypatch.setattr("diffview.gui.window.opening.QFileDialog.getExistingDirectory", lambda *a, **k: str(folder))
    find(window, "openFolderAction").trigger()
    settle(window)
    wait(lambda: bool(window.browser.labels))
    assert errors(window) == []
    field = window.session.facts.field
    assert field.units == "K" and window.files.picture.shape == (DAYS, NY, NX)
    assert window.session.facts.stack.shape == (DAYS - 1, NY, NX), "the other days are there to be fitted to"
    at = window.session.recipe.source.index[0]
    np.testing.assert_array_equal(field.values, field_of(at)[::-1])
    hand.click(find(window, "sliceOn_time"))
    settle(window)
    np.testing.assert_array_equal(window.session.facts.field.values, field_of(at + 1)[::-1])
    assert window.data_dock.widget().slice.rows[0].label.text() == f"2001-01-0{at + 2}"
    assert window.data_dock.widget().tree.file.text() == "days"


def test_files_dropped_together_are_one_set(window, folder, settle):
    files = [str(folder / f"sst_{day:02}.nc") for day in (4, 1)]
    drop(window, *files)
    settle(window)
    assert errors(window) == []
    assert window.files.picture.shape == (2, NY, NX) and window.files.path == one_name(files)
    assert window.data_dock.widget().tree.file.text() == "2 files, sst_04.nc …"


def test_files_that_differ_are_listed_and_the_picture_stays(window, folder, settle):
    before = window.session.facts.field
    (folder / "sst_99.nc").write_bytes(b"notes")
    window.open_file(str(folder))
    settle(window)
    assert window.session.facts.field is before
    (said,) = errors(window)
    assert "1 of the 8 files" in said and "sst_99.nc is a text file" in said
