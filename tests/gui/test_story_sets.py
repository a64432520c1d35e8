"""Many files as one set in the window: opened by folder, dropped together, stepped through by hand, refused."""

import numpy as np
import pytest
import xarray
from test_story_files import drop, errors

from diffview.gui.show.first_words import offer_of
from diffview.readers.many import one_name
from diffview.runs.kept_work import KeptWork

NY, NX, DAYS = 40, 48, 7


def field_of(day):
    return np.random.default_rng(day).normal(280, 5, (NY, NX)).cumsum(1).astype(np.float32)


def write_day(day, file):
    made = xarray.Dataset(
        {"sst": (("time", "lat", "lon"), field_of(day)[None], {"units": "K"})},
        {"time": ("time", [float(day)], {"units": "days since 2001-01-01"}),
         "lat": ("lat", np.linspace(-10.0, 10.0, NY), {"units": "degrees_north"}),
         "lon": ("lon", np.linspace(0.0, 30.0, NX), {"units": "degrees_east"})},
    )  # fmt: skip
    made.to_netcdf(file, engine="h5netcdf")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "days"
    place.mkdir()
    for day in range(DAYS):
        write_day(day, place / f"sst_{day:02}.nc")
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


def test_a_month_of_days_opened_together_has_a_name_longer_than_any_file_and_is_kept(window, settle, tmp_path):
    files = [tmp_path / f"sea_surface_temperature_{day:02}.nc" for day in range(31)]
    for day, file in enumerate(files):
        write_day(day, file)
    assert len(one_name(files).rpartition("/")[2]) > 255, "the longest name that a disk takes"
    drop(window, *map(str, files))
    settle(window)
    assert errors(window) == [] and window.files.picture.shape == (31, NY, NX)
    offer = offer_of(KeptWork(window.session.kept, 0.0), 0.0)
    assert offer.why_not == "" and offer.words.startswith("31 files, sea_surface_temperature_00.nc … · ")
    files[4].unlink()
    gone = offer_of(KeptWork(window.session.kept, 0.0), 0.0).why_not
    assert gone.startswith(f"{files[4]} does not exist.")


def test_files_that_differ_are_listed_and_the_picture_stays(window, folder, settle):
    before = window.session.facts.field
    (folder / "sst_99.nc").write_bytes(b"notes")
    window.open_file(str(folder))
    settle(window)
    assert window.session.facts.field is before
    (said,) = errors(window)
    assert "1 of the 8 files" in said and "sst_99.nc is a text file" in said
