"""A field that is coarse as it is, 8 x 8 values and nothing finer, as what a network is given; there is no truth."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

import diffview
from diffview.cli import main
from diffview.errors import UserError
from diffview.fields.coarse import block_mean
from diffview.fields.field import Field, Region
from diffview.models.cards import find_card
from diffview.runs.facts import Facts
from diffview.runs.in_blocks import counted_for
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.scores.run_ensembles import FIELD, NONE, cases_of, usual_truth
from diffview.scores.ways_back import CoarseTask

NAME = "rain64-from-coarse"
VALUES = np.maximum(np.random.default_rng(1).gamma(0.6, 2.0, (8, 8)) - 0.5, 0).astype(np.float32)
UNITS = {"units": "mm h-1", "standard_name": "rainfall_rate"}
LATITUDE, LONGITUDE = 50 - 0.08 * np.arange(8), 4 + 0.08 * np.arange(8)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """8 x 8 values of rain with their coordinates."""
    path = tmp_path / "coarse.nc"
    with h5py.File(path, "w") as made:
        made["rain"] = VALUES
        made["rain"].attrs.update(UNITS)
        for axis, (name, units, values) in enumerate(
            (("latitude", "degrees_north", LATITUDE), ("longitude", "degrees_east", LONGITUDE))
        ):
            made[name] = values
            made[name].attrs["units"] = units
            made[name].make_scale(name)
            made["rain"].dims[axis].attach_scale(made[name])
    return path


def means_of(members: np.ndarray) -> np.ndarray:
    return block_mean(members.astype(float), 8)


def test_a_coarse_file_is_taken_as_the_condition_on_the_command_line(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "fine.nc"
    words = ["sample", "--model", NAME, "--condition", str(file), "rain", "--members", "2", "--steps", "2"]
    assert main([*words, "-o", str(out)]) == 0
    assert "Each value stands for 8 x 8 pixels" in capsys.readouterr().err
    with h5py.File(out) as made:
        assert {"rain", "rain_mean", "rain_coarse"} <= set(made) and not [name for name in made if "truth" in name]
        assert np.abs(means_of(made["rain"][:]) - VALUES).max() < 1e-5
        np.testing.assert_array_equal(made["rain_coarse"][::8, ::8], VALUES)
        np.testing.assert_allclose(made["latitude"][:].reshape(8, 8).mean(axis=1), LATITUDE)
        np.testing.assert_allclose(np.diff(made["longitude"][:]), 0.01)
        recipe = Recipe.from_json(made.attrs["diffview_recipe"])
    again = diffview.sample(recipe=recipe)
    assert recipe.source.refine == 8 and np.abs(means_of(again["rain"].values) - VALUES).max() < 1e-5
    assert main([*words, "--refine", "8", "-o", str(out)]) == 0
    with h5py.File(out) as made:
        np.testing.assert_array_equal(made["rain"][:], again["rain"].values)


def test_a_coarse_array_is_taken_as_the_condition_and_keeps_its_place() -> None:
    coords = {"y": ("y", 100.0 - 8 * np.arange(8), {"units": "km"}), "x": ("x", 8.0 * np.arange(8)), "time": 3}
    array = xarray.DataArray(VALUES, coords, ("y", "x"), "rain", UNITS)
    made = diffview.sample(array, model=NAME, steps=2)
    assert np.abs(means_of(made["rain"].values) - VALUES).max() < 1e-5
    np.testing.assert_allclose(made["y"], 103.5 - np.arange(64))
    assert made["y"].attrs["units"] == "km" and int(made["time"]) == 3
    plain = diffview.sample(xarray.DataArray(VALUES, dims=("y", "x"), attrs=UNITS, name="rain"), model=NAME, steps=2)
    np.testing.assert_array_equal(plain["rain"], made["rain"])
    with pytest.raises(UserError, match="CRPS needs a truth"):
        diffview.sample(array, model=NAME, steps=2, members=2, statistics="crps")


def plan_of(shape: tuple[int, int], **values: object) -> tuple[Facts, object]:
    card = find_card(NAME)
    coarse = np.random.default_rng(2).gamma(0.6, 2.0, shape).astype(np.float32)
    recipe = Recipe.of(model=NAME, refine=8, steps=2, **values)
    facts = Facts(recipe.source.at_work(Field(coarse, card.quantity, card.units)), torch="2", cards={NAME: card})
    return facts, resolve(recipe, facts)


def test_a_region_begins_with_a_whole_block_of_a_larger_coarse_field() -> None:
    for region in (None, Region(3, 5, 64, 64)):
        _, plan = plan_of((9, 11), region=region)
        assert plan.refusal is None and (plan.region.row % 8, plan.region.column % 8) == (0, 0)
        assert (plan.region.ny, plan.region.nx) == (64, 64)
        told = [note.given for note in plan.notes if "begins with a whole block of 8 x 8 pixels" in note.why]
        assert told == ([] if region is None else [f"row {plan.region.row}, column {plan.region.column}"])


def test_nothing_calls_a_coarse_field_the_truth() -> None:
    facts, plan = plan_of((8, 8), members=2)
    assert plan.placed and not plan.has_truth and usual_truth(plan) == NONE
    assert "crps" not in ",".join(map(str, counted_for(plan).asked))
    members = np.zeros((2, 1, 64, 64), np.float32)
    assert cases_of(plan, facts, members).truth is None
    with pytest.raises(UserError, match="coarse as it is"):
        cases_of(plan, facts, members, FIELD)
    with pytest.raises(UserError, match="coarse as it is"):
        CoarseTask(plan, facts, 8).check()


def test_too_few_values_for_a_network_are_refused_as_before() -> None:
    card = find_card(NAME)
    assert [card.stands_for(shape) for shape in ((8, 8), (7, 8), (9, 200), (64, 64), (64, 40))] == [8, 0, 8, 0, 8]
    assert find_card("rain64").stands_for((8, 8)) == 0


def test_ways_back_of_rain_end_with_the_network_that_is_given_its_block_means(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rain, out = tmp_path / "rain.nc", tmp_path / "ways.json"
    diffview.sample(model="rain64", steps=4).to_netcdf(rain, engine="h5netcdf")
    words = ["verify", "ways", str(rain), "precipitation_rate", "--model", NAME, "--members", "2", "--steps", "2"]
    assert main([*words, "-o", str(out)]) == 0
    ways = {way["way"]: way for way in json.loads(out.read_text())["ways"]}
    assert list(ways) == ["coarse", "sdedit", "operator", "network", "exact"]
    assert ways["network"]["title"] == NAME in capsys.readouterr().out
    assert ways["network"]["low_pass"] < 1e-5, "mm/h"
    assert min(ways[key]["low_pass"] for key in ("sdedit", "operator")) > 1e-3


def test_a_formula_that_is_fitted_to_a_coarse_field_says_that_it_learns_its_blocks() -> None:
    values = np.random.default_rng(2).normal(size=(24, 24)).astype(np.float32)
    recipe = Recipe().but(model="gaussian", refine=4, region=Region(0, 0, 32, 32))
    for asked, told in ((recipe, 1), (recipe.but(refine=1), 0), (recipe.but(model=NAME), 0)):
        field = asked.source.at_work(Field(values, "rain", "mm h-1"))
        facts = Facts(field).learn(torch="2", cards={NAME: find_card(NAME)})
        notes = [str(note) for note in resolve(asked.but(region=None), facts).notes]
        assert sum("learns these blocks" in note for note in notes) == told, notes
