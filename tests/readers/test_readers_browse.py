"""What the browser asks a file: portions of a group, previews, labels of dimensions, pixels along them, links."""

import h5py
import numpy as np
import pytest
from readers_twins import attach, linked_tree, ramp, real_files, write

from diffview.errors import UserError
from diffview.readers.dates import decoded_dates
from diffview.readers.labels import read_labels, read_series
from diffview.readers.preview import SIDE, preview
from diffview.readers.slices import read_slice
from diffview.readers.tree import follow_link, list_group, search_members

FILL = np.int16(-32768)


def cube(path):
    """[time 3, level 2, lat 20, lon 30], packed, latitude from south to north."""
    values = np.arange(3 * 2 * 20 * 30, dtype=np.int16).reshape(3, 2, 20, 30)
    values[:, :, 0, 0] = FILL
    facts = {"scale_factor": 0.5, "add_offset": 100.0, "_FillValue": FILL, "units": "K"}
    name = write(path, values, facts, "t", chunks=(1, 1, 10, 15), compression="gzip", shuffle=True)
    attach(
        name, "t",
        time=(np.array([0.0, 1.0, 31.0]), {"units": "days since 2001-01-01", "calendar": "noleap"}),
        level=(np.array([850.0, 500.0]), {"units": "hPa"}),
        lat=(np.linspace(-10, 9, 20), {"units": "degrees_north", "standard_name": "latitude"}),
        lon=(np.linspace(0, 29, 30), {"units": "degrees_east", "standard_name": "longitude"}),
    )  # fmt: skip
    return name


@pytest.fixture
def path(tmp_path):
    return cube(tmp_path / "cube.nc")


def test_a_group_comes_in_portions_that_make_the_whole(tmp_path):
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for i in range(25):
            file[f"v{i:02}"] = ramp()
    name = str(tmp_path / "many.h5")
    whole = [node.name for node in list_group(name)]
    portions = [list_group(name, "/", first, 10) for first in (0, 10, 20)]
    assert [len(portion) for portion in portions] == [10, 10, 5]
    assert [node.name for portion in portions for node in portion] == whole


def test_a_node_tells_how_it_is_stored(path):
    node = next(node for node in list_group(path) if node.name == "t")
    assert (node.chunks, node.filters, node.fill) == ((1, 1, 10, 15), ("shuffle", "gzip"), "-32768")
    plain = next(node for node in list_group(path) if node.name == "lat")
    assert (plain.chunks, plain.filters) == ((), ())


def test_a_search_finds_by_all_words_and_survives_cycles(tmp_path):
    name = linked_tree(tmp_path / "links.h5")
    assert [node.path for node in search_members(name, "G v")] == ["/again/v"] or [
        node.path for node in search_members(name, "G v")
    ] == ["/g/v"]
    assert search_members(name, "nothing like it") == ()
    assert len(search_members(name, "", most=3)) == 3


def test_a_link_is_followed_only_to_a_file_that_is_there(tmp_path):
    name = linked_tree(tmp_path / "links.h5")
    with pytest.raises(UserError, match=r"other\.h5, which is not there"):
        follow_link(name, "/external")
    write(tmp_path / "other.h5", ramp())
    assert follow_link(name, "/external") == (str(tmp_path / "other.h5"), "/v")
    with pytest.raises(UserError, match="no link to another file"):
        follow_link(name, "/g")


def test_a_preview_tells_stored_and_physical_numbers(path):
    found = preview(path, "t")
    first = (1 * 2 + 1) * 600  # the middle slice: time 1, level 1
    assert (found.every, found.units) == (1, "K")
    assert found.stored == (first + 1, first + 599)
    assert found.physical == (100 + (first + 1) / 2, 100 + (first + 599) / 2)
    assert found.missing == pytest.approx(1 / 600)
    assert np.isnan(found.values[-1, 0]), "north up: the missing corner lies at the lower left"


def test_a_preview_is_strided_and_leaves_large_packed_slices_alone(tmp_path):
    found = preview(write(tmp_path / "a.h5", ramp(300, 500)), "v")
    assert found.every == -(-500 // SIDE)
    np.testing.assert_array_equal(found.values, ramp(300, 500)[::6, ::6])
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file.create_dataset("v", (6000, 6000), "f4", chunks=(500, 500))
    with pytest.raises(UserError, match="too large"):
        preview(str(tmp_path / "b.h5"), "v")


def test_labels_are_dates_levels_and_hemispheres(path):
    found = read_labels(path, "t")
    assert found["time"].texts == ("2001-01-01", "2001-01-02", "2001-02-01")
    assert found["time"].dates
    np.testing.assert_allclose(np.diff(found["time"].values), [1, 30])
    assert found["level"].texts == ("850 hPa", "500 hPa")
    assert found["lat"].texts[0] == "10° S"
    assert found["lon"].texts[-1] == "29° E"


def test_channel_names_label_their_dimension(tmp_path):
    name = write(tmp_path / "c.h5", np.zeros((3, 9, 9), np.float32) + ramp(9, 9), {"coordinates": "band"})
    with h5py.File(name, "a") as file:
        file["band"] = np.array([b"red", b"green", b"blue"])
        file["band"].make_scale("band")
        file["v"].dims[0].attach_scale(file["band"])
    assert read_labels(name, "v")["band"].texts == ("red", "green", "blue")


def test_times_between_days_have_hours_and_nonsense_is_not_decoded():
    texts, days = decoded_dates(np.array([0.0, 6.0, np.nan]), "hours since 1999-12-31", "standard")
    assert texts == ("1999-12-31 00:00", "1999-12-31 06:00", "missing")
    assert days[1] - days[0] == pytest.approx(0.25)
    assert decoded_dates(np.array([1.0]), "fortnights since long ago", "standard") is None


def test_a_time_that_rounding_moved_off_midnight_is_that_midnight():
    """The soil moisture of ESA CCI for 1 January 2000 is stamped 40 microseconds early."""
    texts, days = decoded_dates(np.array([10956.9999999995, 10958.0]), "days since 1970-01-01", "standard")
    assert texts == ("2000-01-01", "2000-01-02") and days[0] < 10957
    assert decoded_dates(np.array([0.4, 0.6]), "seconds since 2000-01-01", "360_day")[0][1] == "2000-01-01 00:00:01"


def test_a_pixel_along_a_dimension(path):
    picture = read_slice(path, "t", (0, 1))
    series = read_series(path, "t", axes=picture.axes, index=(0, 1), dim=0, row=4, column=7)
    stored = np.array([(time * 2 + 1) * 600 + 15 * 30 + 7 for time in range(3)])  # row 4 from the north is 15 stored
    np.testing.assert_allclose(series.values, 100 + stored / 2)
    np.testing.assert_array_equal(series.at, [0, 1, 2])
    missing = read_series(path, "t", axes=picture.axes, index=(0, 1), dim=0, row=19, column=0)
    assert np.isnan(missing.values).all()


def test_other_axes_make_other_pictures(path):
    picture = read_slice(path, "t", (1, 3), axes=(0, 3))
    assert picture.field.dims == ("time", "lon")
    assert picture.other_dims == (("level", 2), ("lat", 20))
    np.testing.assert_allclose(picture.field.values[2], 100 + ((2 * 2 + 1) * 600 + 3 * 30 + np.arange(30)) / 2)
    turned = read_slice(path, "t", (1, 3), axes=(3, 0))
    np.testing.assert_array_equal(turned.field.values, picture.field.values.T)
    for wrong in ((0, 0), (0, 9), (1,)):
        with pytest.raises(UserError, match="make no picture"):
            read_slice(path, "t", None, axes=wrong)


@pytest.mark.parametrize("path", [p for p in real_files("h5") if p.stat().st_size < 5e6], ids=lambda p: p.name[:24])
def test_real_files_have_previews_and_labels_or_say_why_not(path):
    try:
        picture = read_slice(str(path))
    except UserError:
        return
    found = preview(str(path), picture.dataset)
    assert max(found.values.shape) <= SIDE
    labels = read_labels(str(path), picture.dataset)
    for dim, known in labels.items():
        assert all(known.texts), dim
