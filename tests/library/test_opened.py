"""Fields of files and arrays, and recipes from wherever they are kept."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray

import diffview
from diffview.fields.field import Field, Region
from diffview.forward.schedules import make_schedule
from diffview.library.datasets import picture_of
from diffview.library.keywords import RunValues
from diffview.library.opened import opened_of, read_recipe, recipe_of, schedule_of
from diffview.params import parameters
from diffview.readers.packaged import packaged_field
from diffview.runs.recipe import DECLARED, Recipe
from diffview.runs.view import View

TIMES = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "datetime64[ns]")


def waves(ny: int = 24, nx: int = 32) -> np.ndarray:
    """A smooth picture in K, with one value missing."""
    y, x = np.mgrid[:ny, :nx]
    values = (280 + 5 * np.sin(y / 3) * np.cos(x / 4) + y / 10).astype(np.float32)
    values[0, 0] = np.nan
    return values


def map_of(south_up: bool = False, transposed: bool = False) -> xarray.DataArray:
    """Three days of that picture on latitude and longitude."""
    values = np.stack([waves() + day for day in range(3)])
    coords = {"time": TIMES, "lat": np.linspace(60, 48.5, 24), "lon": np.linspace(0, 15.5, 32)}
    attrs = {"units": "K", "long_name": "sea surface temperature", "standard_name": "sea_surface_temperature"}
    made = xarray.DataArray(values, coords, ("time", "lat", "lon"), "sst", attrs)
    made["lat"].attrs["units"], made["lon"].attrs["units"] = "degrees_north", "degrees_east"
    made = made.isel(lat=slice(None, None, -1)) if south_up else made
    return made.transpose("time", "lon", "lat") if transposed else made


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "sst.nc"
    map_of(south_up=True).to_netcdf(path, engine="h5netcdf")
    return path


def test_the_field_that_ships_opens_without_a_name() -> None:
    field = diffview.open()
    assert isinstance(field, xarray.DataArray) and field.dims == ("y", "x") and field.dtype == np.float32
    assert np.array_equal(field.values, packaged_field().values, equal_nan=True)
    assert field.attrs["units"] == "K" and field.attrs["licence"].startswith("Open Government Licence")
    assert field["crs"].attrs["grid_mapping_name"] == "stereographic"
    assert field["latitude"].shape == field.shape and float(field["latitude"][0, 128]) > 60
    assert np.issubdtype(field["time"].dtype, np.datetime64)


def test_a_slice_comes_north_up_with_its_time(file: Path) -> None:
    field = diffview.open(file, "sst", index=(1,))
    assert field.dims == ("latitude", "longitude") and field.name == "sst"
    assert np.array_equal(field.values, waves() + 1, equal_nan=True)
    assert np.allclose(field["latitude"], np.linspace(60, 48.5, 24))
    assert field["time"].values == TIMES[1] and field["time"].ndim == 0
    assert field.attrs["units"] == "K" and field.attrs["standard_name"] == "sea_surface_temperature"
    assert field.attrs["diffview_path"] == str(file) and list(field.attrs["diffview_at"]) == [1]


def test_without_names_the_best_variable_is_taken(file: Path) -> None:
    assert diffview.open(str(file)).attrs["diffview_dataset"] == "/sst"
    assert diffview.open([file]).equals(diffview.open(file))


@pytest.mark.parametrize(
    ("paths", "word"),
    [
        (["a.nc", "b.nc"], "a.nc does not exist, and 1 more"),
        ([], "No file was named"),
        ("data/*.nc", "pattern"),
        ("none.nc", "none.nc"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence(paths: object, word: str) -> None:
    with pytest.raises(diffview.UserError, match=word) as caught:
        diffview.open(paths)  # type: ignore[arg-type]
    assert caught.value.sentence.endswith(".") and caught.value.hint


@pytest.mark.parametrize(
    "turned", [{}, {"south_up": True}, {"transposed": True}, {"south_up": True, "transposed": True}]
)
def test_an_array_of_xarray_is_turned_as_a_file_is(turned: dict[str, bool], tmp_path: Path) -> None:
    array = map_of(**turned).isel(time=2)
    array.drop_encoding().to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    there = opened_of(diffview.open(tmp_path / "a.nc"), Recipe()).facts.field
    field, kept = picture_of(array)
    assert np.array_equal(field.values, there.values, equal_nan=True) and kept.dims == ("lat", "lon")
    assert (field.units, field.name, field.pixel_km, field.circular) == (there.units, "sst", there.pixel_km, False)
    assert {name: list(c) for name, c in field.coords.items()} == {name: list(c) for name, c in there.coords.items()}
    assert kept["time"].values == TIMES[2]


def test_latitude_and_longitude_of_every_pixel_turn_an_array_too() -> None:
    lat, lon = np.mgrid[40:52:0.5, 0:16:0.5]
    array = xarray.DataArray(waves(), {"lat": (("a", "b"), lat), "lon": (("a", "b"), lon)}, ("a", "b"))
    field, kept = picture_of(array)
    assert field.values[-1, 0] != field.values[-1, 0] and float(kept["lat"][0, 0]) == 51.5
    assert field.pixel_km is not None and abs(field.pixel_km[0] - 55.6) < 0.1


def test_numbers_of_any_kind_are_a_field_and_infinite_ones_missing() -> None:
    values = waves().astype(np.float64)
    values[3, 4] = np.inf
    opened = opened_of(values, Recipe())
    assert opened.facts.field.values.dtype == np.float32 and np.isnan(opened.facts.field.values[3, 4])
    assert opened.recipe.source.path == "<array>" and values[3, 4] == np.inf
    given = Field(waves(), "mine", "K")
    assert opened_of(given, Recipe()).facts.field is given
    assert opened_of(map_of().isel(time=0).to_dataset(), Recipe()).facts.field.name == "sst"


@pytest.mark.parametrize(
    "array",
    [np.zeros(5), np.zeros((4, 40)), map_of(), np.full((20, 20), "a"), xarray.Dataset(), np.zeros((20, 20), complex)],
)
def test_what_is_no_picture_is_a_sentence(array: object) -> None:
    with pytest.raises(diffview.UserError) as caught:
        opened_of(array, Recipe())  # type: ignore[arg-type]
    assert caught.value.sentence.endswith(".") and caught.value.hint


def test_an_unchanged_slice_is_known_again_and_a_changed_one_is_not(file: Path) -> None:
    field = diffview.open(file, "sst", index=(1,))
    again = opened_of(field, Recipe())
    assert (again.recipe.source.path, again.recipe.source.index) == (str(file), (1,))
    assert again.facts.stack is not None and len(again.facts.stack) == 2
    for changed in (field + 0.5, field[2:20, 4:30], field.rename(latitude="lat")[::-1]):
        assert opened_of(changed.assign_attrs(field.attrs), Recipe()).recipe.source.path == "<array>"


def test_an_array_is_not_coarsened_on_the_way() -> None:
    with pytest.raises(diffview.UserError, match="resolution"):
        opened_of(waves(), Recipe.of(coarsen=2))


def test_a_recipe_made_of_an_array_says_that_it_lacks_it() -> None:
    made = diffview.noise(waves(), t=0.5)
    with pytest.raises(diffview.UserError, match="array, which it does not hold"):
        diffview.noise(t=0.5, recipe=made.attrs["diffview_recipe"])
    again = diffview.noise(waves(), t=0.5, recipe=made.attrs["diffview_recipe"])
    assert again["x_t"].equals(made["x_t"])


def test_recipes_are_read_from_all_that_holds_one(tmp_path: Path) -> None:
    recipe = Recipe.of(seed=7, model="gaussian")
    (tmp_path / "r.json").write_text(recipe.to_json(), encoding="utf-8")
    for form in (recipe, recipe.to_json(), json.loads(recipe.to_json()), tmp_path / "r.json", str(tmp_path / "r.json")):
        assert read_recipe(form) == recipe
    with pytest.raises(diffview.UserError, match="cannot be read"):
        read_recipe(tmp_path / "none.json")


def test_values_are_written_in_plain_words() -> None:
    plain = recipe_of(
        None, {"region": (1, 2, 16, 20), "schedule": "cosine", "sampler_params": {"eta": 0.5}, "index": [3]}
    )
    assert plain == Recipe.of(
        region=Region(1, 2, 16, 20), schedule=make_schedule("cosine"), sampler_params=(("eta", 0.5),), index=(3,)
    )
    assert recipe_of(plain, {"hidden": [(0, 0, 4, 4)], "region": None}) == plain.but(
        hidden=(Region(0, 0, 4, 4),), region=None
    )
    with pytest.raises(diffview.UserError):
        recipe_of(None, {"seed": -1})


def test_schedules_by_name_and_file(tmp_path: Path) -> None:
    from diffview.forward.tables import export_schedule

    assert schedule_of("linear", {"beta_end": 0.03}) == make_schedule("linear", {"beta_end": 0.03})
    assert schedule_of(make_schedule("linear"), {"beta_end": 0.03}) == make_schedule("linear", {"beta_end": 0.03})
    text = export_schedule(make_schedule("cosine"), 50, "csv")
    (tmp_path / "c.csv").write_text(text, encoding="utf-8")
    assert schedule_of(str(tmp_path / "c.csv")).rows == 50
    with pytest.raises(diffview.UserError, match="no schedule called"):
        schedule_of("cosin")


def test_the_keywords_are_values_of_a_recipe() -> None:
    keywords = RunValues.__annotations__
    reserved = {"axes", "window", "fitted", "fork", "noise", "fit_rule", "others", "called", "place"}
    reserved |= {p.name for p in parameters(View)}
    assert set(DECLARED) - set(keywords) == reserved and set(keywords) <= set(DECLARED)
