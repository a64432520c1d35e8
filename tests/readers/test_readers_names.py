"""Pure rules of the readers: what names and units mean, what looks like a fill value, what an attribute says."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from readers_twins import ramp, write

from diffview.fields.field import Region
from diffview.readers import attributes, naming, undeclared
from diffview.readers.base import Decoded
from diffview.readers.cf import CFVariable
from diffview.readers.quality import percent, rated, shares_of_levels
from diffview.readers.sides import FEWEST_PIXELS, LARGEST_PICTURE, OVERVIEW, Side, block_of, stored, whole
from diffview.readers.undeclared import Suspect

# --- roles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "standard_name", "units", "role"),
    [
        ("lat", "", "", "latitude"),
        ("XLAT_M", "", "", "latitude"),
        ("nav_lat", "", "", "latitude"),
        ("gphit", "", "", "latitude"),
        ("TLAT", "", "", "latitude"),
        ("lat_rho", "", "", "latitude"),
        ("Latitude of Observation Point for 89A", "", "", "latitude"),
        ("geolon", "", "", "longitude"),
        ("glamt", "", "", "longitude"),
        ("XLONG_U", "", "", "longitude"),
        ("v", "latitude", "", "latitude"),
        ("v", "", "degrees north", "latitude"),
        ("v", "", "degree_E", "longitude"),
        ("lon", "", "degrees_north", "longitude"),  # a slip of the provider: the name is right
        ("lat", "", "degrees_east", "latitude"),
        ("rlat", "grid_latitude", "degrees", "y"),
        ("x", "projection_x_coordinate", "m", "x"),
        ("easting", "", "m", "x"),
        ("YC", "", "m", "y"),
        ("temperature", "", "K", ""),
        ("plat", "", "", ""),
    ],
)
def test_what_a_coordinate_is(name: str, standard_name: str, units: str, role: str) -> None:
    assert naming.coordinate_role(name, standard_name, units) == role


@pytest.mark.parametrize(
    ("dim", "row", "column"),
    [
        ("lat", True, False), ("nscan1", True, False), ("DimAlongTrack", True, False), ("nlat", True, False),
        ("lon", False, True), ("npixel1", False, True), ("DimCrossTrack", False, True), ("nrayHS", False, True),
        ("x", False, True), ("y", True, False), ("time", False, False), ("level", False, False),
    ],
)  # fmt: skip
def test_which_dimension_runs_down_and_which_across(dim: str, row: bool, column: bool) -> None:
    assert (naming.is_row(dim), naming.is_column(dim)) == (row, column)


@pytest.mark.parametrize(
    ("name", "standard_name", "units", "answer"),
    [
        ("lat_bnds", "", "", True),
        ("time", "time", "days since 2000-01-01", True),
        ("t", "", "hours since 1970-01-01", True),
        ("longitude", "", "degrees_east", True),
        ("x", "projection_x_coordinate", "m", False),
        ("sst", "sea_surface_temperature", "K", False),
    ],
)
def test_coordinates_are_no_pictures(name: str, standard_name: str, units: str, answer: bool) -> None:
    assert naming.is_coordinate(name, standard_name, units) is answer


@pytest.mark.parametrize(
    ("name", "helper"),
    [("quality_level", True), ("DQF", True), ("sst_dtime", True), ("solarZenithAngle", True), ("sst_error", True),
     ("analysed_sst", False), ("precipitation", False), ("timeless", False), ("flagship", False)],
)  # fmt: skip
def test_what_only_describes_another_variable(name: str, helper: bool) -> None:
    assert naming.is_helper(name) is helper


@pytest.mark.parametrize(
    ("name", "place"),
    [("analysed_sst", 0), ("sst", 0), ("sea_surface_temperature", 0), ("sea_surface_skin_temperature", 0),
     ("DBZH", 1), ("reflectivity", 1), ("reflectivity_horizontal", 1), ("t2m", 2), ("tas", 2), ("air_temperature", 2),
     ("sst_anomaly", 3), ("reflectivity_v", 3), ("differential_reflectivity", 3), ("sp", 3), ("t2m_C", 3)],
)  # fmt: skip
def test_the_main_variable_of_a_product(name: str, place: int) -> None:
    assert naming.headline(name) == place


# --- values that nobody declared -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "looks"),
    [(-9999.0, True), (999.9, True), (8888.0, True), (65535.0, True), (-32768.0, True), (1e20, True), (9.9e36, True),
     (-99.0, False), (0.0, False), (1000.0, False), (255.0, True), (254.0, False), (-111.1, True), (112.1, False)],
)  # fmt: skip
def test_what_looks_like_a_fill_value(value: float, looks: bool) -> None:
    assert undeclared.looks_like_fill(value) is looks


def picture(*strange: float) -> Any:
    values = np.linspace(260.0, 300.0, 400).astype(np.float32)
    values[: len(strange)] = strange
    return values.reshape(20, 20)


@pytest.mark.parametrize(
    ("strange", "found"),
    [
        ((), ()),
        ((-9999.0,), (Suspect(-9999.0, 1),)),
        ((-9999.0, -9999.0, 9999.0), (Suspect(9999.0, 1), Suspect(-9999.0, 2))),
        ((330.0,), ()),  # far, but nobody writes that for missing
        ((255.0,), ()),  # the end of a type, but near the others
        ((np.nan, 1e20), (Suspect(float(np.float32(1e20)), 1),)),
    ],
)
def test_values_far_from_all_others_are_asked_about(strange: tuple[float, ...], found: tuple[Suspect, ...]) -> None:
    assert sorted(undeclared.of_picture(picture(*strange))) == sorted(found)


@pytest.mark.parametrize("parts", [1, 2, 7, 400])
def test_they_are_the_same_however_the_values_come(parts: int) -> None:
    """Every value lies in some block; what is an end of a block need not be one of the picture."""
    values = picture(-9999.0, -9999.0, np.nan, 1e20, 290.0, 277.7).ravel()
    values = np.concatenate([values, np.full(5, 999.0, np.float32), [np.nan]])
    expected = {(-9999.0, 2), (float(np.float32(1e20)), 1), (999.0, 5)}
    for order in (values, values[::-1], np.random.default_rng(0).permutation(values)):
        ends = undeclared.Ends()
        for block in np.array_split(order, parts):
            ends.add(block)
        assert set(ends.suspects()) == expected == set(undeclared.of_picture(values))
    ends = undeclared.Ends()
    for block in (np.array([255.0, 254.0]), np.array([255.0]), np.array([0.0, 120.0]), np.array([])):
        ends.add(block)
    assert ends.suspects() == (), "the end of bytes, beside the others"


def test_a_picture_of_nothing_else_has_no_suspect() -> None:
    assert undeclared.of_picture(np.full((4, 4), -9999.0, np.float32)) == ()
    assert undeclared.of_picture(np.full((4, 4), np.nan, np.float32)) == ()


@pytest.mark.parametrize(
    ("suspect", "units", "begins"),
    [(Suspect(-9999.0, 1), "K", "1 value is -9999 K, far"), (Suspect(1e20, 12345), "", "12,345 values are 1e+20, far")],
)
def test_a_suspect_in_words(suspect: Suspect, units: str, begins: str) -> None:
    assert undeclared.note(suspect, units).startswith(begins)
    assert undeclared.note(suspect, units, averaged=True).endswith(
        "masked; until then the means here are made with it."
    )


def test_what_the_user_calls_missing_is_missing() -> None:
    class Whole:
        name = "v"

        def read(self, part: tuple[int | slice, ...]) -> Decoded:
            return Decoded(np.array([1.0, -9999.0, 0.1])[part])

    whole_one: Any = Whole()
    assert undeclared.without(whole_one, ()) is whole_one
    masked = undeclared.without(whole_one, (-9999.0, 0.1))
    np.testing.assert_array_equal(masked.read((slice(None),)).values, [1.0, np.nan, np.nan])
    assert masked.name == "v"


# --- attributes ------------------------------------------------------------------------------------------------------


def test_attributes_are_plain_values(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp())
    with h5py.File(path, "a") as file:
        item = file["v"]
        item.attrs.update({
            "text": np.bytes_("degrees\x00"), "latin": np.bytes_("°C".encode("latin-1")),
            "one": np.array([3], np.int16),
            "many": np.array([1.0, 2.5]), "words": np.array([b"a", b"b"]), "numbers": "1, 2.5 3", "none": np.empty(0),
            "ref": item.ref, "empty": h5py.Empty("f4"), "NAME": "hidden",
        })  # fmt: skip
        assert attributes.text_attribute(item, "text") == "degrees"
        assert attributes.text_attribute(item, "latin") == "°C"
        assert attributes.text_attribute(item, "words") == "a b"
        assert attributes.text_attribute(item, "one") == attributes.text_attribute(item, "absent") == ""
        assert attributes.raw_attribute(item, "one") == 3 and attributes.raw_attribute(item, "one").dtype == np.int16
        assert [attributes.raw_attribute(item, name) for name in ("ref", "empty", "none", "absent")] == [None] * 4
        assert attributes.number_attributes(item, "many") == (1.0, 2.5)
        assert attributes.number_attributes(item, "numbers") == (1.0, 2.5, 3.0)
        assert attributes.number_attributes(item, "text") == attributes.number_attributes(item, "ref") == ()
        assert attributes.all_attributes(item) == {
            "text": "degrees", "latin": "°C", "one": "3", "many": "[1. , 2.5]", "words": "[b'a', b'b']",
            "numbers": "1, 2.5 3",
        }  # fmt: skip


def test_long_texts_are_cut_and_huge_attributes_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.h5", ramp(), {"long": "x" * 1000, "huge": np.zeros(300)})
    monkeypatch.setattr(attributes, "MAX_BYTES", 2000)
    with h5py.File(path) as file:
        shown = attributes.all_attributes(file["v"])
    assert list(shown) == ["long"] and len(shown["long"]) == attributes.MAX_TEXT and shown["long"].endswith("x…")
    assert attributes.short("x" * attributes.MAX_TEXT) == "x" * attributes.MAX_TEXT


# --- sides of a picture ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "stop", "block"), [(0, 10, 1), (3, 13, 3), (0, 11, 3), (5, 9, 4), (2, 9, 2)])
def test_a_stretch_is_cut_into_pixels_that_cover_it(start: int, stop: int, block: int) -> None:
    side = Side(start, stop, block)
    counts = np.diff(side.starts, append=stop)
    assert side.starts[0] == start and counts.sum() == stop - start
    assert set(counts[:-1]) <= {block}
    if len(counts) > 1:
        assert block / 2 <= counts[-1] <= 1.5 * block
    assert len(range(*side.middle.indices(stop))) >= side.pixels


def test_large_planes_are_shown_as_an_overview() -> None:
    assert block_of((5792, 5792)) == 1 and LARGEST_PICTURE >= 5792 * 5792
    block = block_of((20000, 20000))
    assert block == 10 and (20000 // block) ** 2 <= OVERVIEW
    assert block_of((2 * FEWEST_PIXELS, 10**8)) == 2, "a narrow one keeps some rows"
    assert whole((100, 200)) == (Side(0, 100, 1), Side(0, 200, 1))


@pytest.mark.parametrize(
    ("flips", "rows", "columns"),
    [((False, False), (2, 7), (3, 7)), ((True, False), (3, 8), (3, 7)), ((True, True), (3, 8), (13, 17))],
)
def test_a_window_of_a_turned_picture_lies_elsewhere_in_the_file(
    flips: tuple[bool, bool], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    first, second = stored(Region(2, 3, 5, 4), (10, 20), flips)
    assert ((first.start, first.stop), (second.start, second.stop)) == (rows, columns)


# --- quality ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "total", "text"),
    [(0, 10, "0 %"), (1, 1000, "under 1 %"), (1, 100, "1 %"), (2, 3, "67 %"), (3, 3, "100 %")],
)
def test_a_small_share_is_not_none(count: int, total: int, text: str) -> None:
    assert percent(count, total) == text


def test_shares_of_levels_begin_with_the_best() -> None:
    levels = np.array([5.0] * 7 + [4.0] * 2 + [0.0])
    assert shares_of_levels(levels, {5: "best"}) == "5 (best): 70 %, 4: 20 %, 0: 10 %"


def test_only_values_that_are_there_are_rated(tmp_path: Path) -> None:
    values = ramp()
    values[0] = np.nan
    levels = np.tile(np.arange(12.0), (10, 1))
    levels[:, 0] = np.nan
    path = write(tmp_path / "a.h5", values)
    write(tmp_path / "a.h5", levels, name="q")
    write(tmp_path / "a.h5", np.zeros((2, 10, 12)), name="stack")
    with h5py.File(path) as file:
        variables = {name: CFVariable(file[name]) for name in ("v", "q", "stack")}
        found = rated(variables["v"], variables["q"])
        assert rated(variables["stack"], variables["q"]) is None, "more than one picture"
    assert found is not None and sorted(found) == sorted(np.tile(np.arange(1.0, 12.0), 9))
