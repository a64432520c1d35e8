"""Conditions from other variables and files: matched by time, aligned, trained with and without, refused by name."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from diffview.errors import UserError
from diffview.fields.channels import Channel, ConditionValues
from diffview.fields.transforms import Transform
from diffview.learning import from_files, slices_read
from diffview.learning.from_files import read_training_set
from diffview.learning.network import config_for
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import save
from diffview.library.making import equipped
from diffview.library.opened import open_field
from diffview.models.cards import Card
from diffview.models.conditions import shown, unmet
from diffview.readers.beside import read_beside
from diffview.runs.conditions_asked import Condition, condition_asked, condition_written
from diffview.runs.guiding import partner_of
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve

N, NY, NX = 24, 16, 20
RAIN = np.random.default_rng(1).gamma(2, 3, (N, NY, NX)).astype(np.float32)
LAND = (np.arange(NX) < 7) * np.ones((NY, 1), np.float32)


def lines(ny: int = NY, nx: int = NX) -> dict[str, Any]:
    """Places of ny x nx pixels of one area."""
    return {
        "lat": ("lat", 10 - 10 * (np.arange(ny) + 0.5) / ny, {"units": "degrees_north"}),
        "lon": ("lon", 10 * (np.arange(nx) + 0.5) / nx, {"units": "degrees_east"}),
    }


def write(path: Path, name: str, values: np.ndarray, hours: np.ndarray | None, units: str = "K", **more: Any) -> str:
    dims = ("lat", "lon") if hours is None else ("time", "lat", "lon")
    coords = lines(*values.shape[-2:]) | more
    if hours is not None:
        coords["time"] = "time", np.asarray(hours, float), {"units": "hours since 2019-06-10"}
    xarray.Dataset({name: (dims, values, {"units": units})}, coords).to_netcdf(path, engine="h5netcdf")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    """Hourly rain; microwave of half its resolution an hour before, in two hours of which it is missing; land."""
    hours = np.arange(N)
    coarse = 300 - RAIN.reshape(N, NY // 2, 2, NX // 2, 2).mean(axis=(2, 4))
    there = np.delete(hours, [5, 9])
    return {
        "rain": write(tmp_path / "rain.nc", "rain", RAIN, hours, "mm h-1"),
        "mw": write(tmp_path / "mw.nc", "tb", coarse[there], there - 1.0),
        "land": write(tmp_path / "land.nc", "land", LAND, None, "1"),
    }


def asked(files: dict[str, str]) -> tuple[Condition, ...]:
    return (Condition("mw", files["mw"], "tb", -60.0), Condition("land", files["land"]))


def beside(files: dict[str, str], *rows: Condition, numbers: tuple[int, ...] = (3,)) -> ConditionValues:
    return read_beside(files["rain"], "/rain", rows, axes=(1, 2), index=(3,), dim=0, numbers=numbers)


# -- matched and aligned


def test_conditions_are_matched_by_time_and_aligned_by_blocks(files: dict[str, str]) -> None:
    found = beside(files, *asked(files), numbers=(3, 5, 6))
    assert found.matched.tolist() == [True, False, True]
    expected = 300 - RAIN[3].reshape(NY // 2, 2, NX // 2, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(found.values[0, 0], expected.repeat(2, 0).repeat(2, 1), rtol=1e-6)
    np.testing.assert_array_equal(found.values[2, 1], LAND)
    assert [(one.condition, one.units, one.static) for one in found.channels] == [
        ("mw", "K", False), ("land", "1", True),
    ]  # fmt: skip


def test_further_dimensions_are_channels(tmp_path: Path, files: dict[str, str]) -> None:
    values = np.random.default_rng(0).normal(size=(N, NY, NX, 3)).astype(np.float32)
    made = xarray.Dataset(
        {"tb": (("time", "lat", "lon", "channel"), values, {"units": "K"})},
        lines() | {"time": ("time", np.arange(float(N)), {"units": "hours since 2019-06-10"})},
    )
    made.to_netcdf(tmp_path / "tbs.nc", engine="h5netcdf")
    found = beside(files, Condition("mw", str(tmp_path / "tbs.nc"), "tb"))
    np.testing.assert_array_equal(found.values[0], np.moveaxis(values[3], -1, 0))
    assert [one.at for one in found.channels] == ["0", "1", "2"]


def test_conditions_of_many_files_are_matched_by_the_dates_in_their_names(tmp_path: Path) -> None:
    for hour in range(3):
        for kind in ("target", "gmi"):
            values = RAIN[hour] if kind == "target" else -RAIN[hour]
            made = xarray.Dataset({kind: (("latitude", "longitude"), values)})
            made.to_netcdf(tmp_path / f"{kind}_2018010500{hour}000.nc", engine="h5netcdf")
    found = read_beside(
        str(tmp_path), "/target/target", [Condition("mw", dataset="/gmi/gmi", minutes=10.0)], axes=(1, 2), index=(0,),
        dim=0, numbers=(0, 1, 2),
    )  # fmt: skip
    assert found.matched.tolist() == [True, True, False]
    np.testing.assert_array_equal(found.values[:2, 0], -RAIN[1:3])


# -- refused


def test_what_never_matches_or_cannot_be_aligned_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    with pytest.raises(UserError, match=r"mw never matches: .* the nearest is 30 minutes away.*time offset"):
        beside(files, Condition("mw", files["mw"], "tb", -30.0))
    odd = write(tmp_path / "odd.nc", "tb", RAIN[:, :6, :8], np.arange(N))
    with pytest.raises(UserError, match=r"mw has 6 x 8 pixels, and the field 16 x 20.*cdo remapbil"):
        beside(files, Condition("mw", odd, "tb"))
    away = {"lat": ("lat", 30 - 10 * (np.arange(NY) + 0.5) / NY, {"units": "degrees_north"})}
    moved = write(tmp_path / "away.nc", "tb", RAIN, np.arange(N), **away)
    with pytest.raises(UserError, match=r"mw lies at other places than the field: its latitude differs.*cdo remapbil"):
        beside(files, Condition("mw", moved, "tb"))
    plain = write(tmp_path / "plain.nc", "rain", RAIN[0], None)
    with pytest.raises(UserError, match=r"nothing says when /rain in .* is of"):
        read_beside(plain, "/rain", [Condition("mw", files["mw"], "tb")], axes=(0, 1), index=())


def test_days_of_two_calendars_are_never_matched(tmp_path: Path) -> None:
    """A number of days since 1970 is another date in each of them."""
    paths = []
    for calendar in ("noleap", "standard"):
        made = xarray.Dataset(
            {"tb": (("time", "lat", "lon"), RAIN, {"units": "K"})},
            lines() | {"time": ("time", np.arange(N), {"units": "days since 2001-01-01", "calendar": calendar})},
        )
        paths.append(str(tmp_path / f"{calendar}.nc"))
        made.to_netcdf(paths[-1], engine="h5netcdf")
    with pytest.raises(UserError, match=r"mw counts its days in the calendar standard, /tb in noleap\..*setcalendar"):
        read_beside(paths[0], "/tb", [Condition("mw", paths[1], "tb")], axes=(1, 2), index=(3,), dim=0, numbers=(3,))


def test_swaths_at_other_places_are_refused(tmp_path: Path) -> None:
    east, north = np.meshgrid(np.linspace(0, 3, NX), np.linspace(2, 0, NY))
    paths = []
    for moved in (0, 0.01, 1):
        places = {"lat": (("y", "x"), north + moved), "lon": (("y", "x"), east)}
        paths.append(str(tmp_path / f"{moved}.nc"))
        xarray.Dataset({"tb": (("y", "x"), RAIN[0])}, places).to_netcdf(paths[-1], engine="h5netcdf")
    beside = [[Condition("mw", path, "tb")] for path in paths]
    assert read_beside(paths[0], "/tb", beside[1], axes=(0, 1), index=()).matched.all()
    with pytest.raises(UserError, match="mw lies at other places than the field: its latitude differs"):
        read_beside(paths[0], "/tb", beside[2], axes=(0, 1), index=())


def test_conditions_in_words() -> None:
    words = ["ir", "a.nc", "tb", "minutes=-30", "group=geo"]
    assert condition_asked(words) == Condition("ir", "a.nc", "tb", -30, "geo")
    assert condition_asked(["land", "."]) == Condition("land")
    assert condition_written(r"ir 'my folder\a.nc' tb minutes=-30") == Condition("ir", r"my folder\a.nc", "tb", -30)
    with pytest.raises(UserError, match=r"A quote in ir 'my a\.nc is not closed"):
        condition_written("ir 'my a.nc")
    with pytest.raises(UserError, match="is no condition"):
        condition_asked(["ir"])
    with pytest.raises(UserError, match="name of its own"):
        Recipe.of(given=(Condition("a"), Condition("a")))


def test_a_recipe_keeps_its_conditions() -> None:
    recipe = Recipe.of(given=(Condition("ir", "a.nc", "tb", -30.0),), off=("mw",))
    assert Recipe.from_json(recipe.to_json()) == recipe
    assert Recipe.from_json('{"diffview_recipe": 2}').conditions == Recipe().conditions


# -- shown to the network


def test_groups_are_shown_whole_or_not_at_all() -> None:
    one = Transform("identity")
    channels = tuple(Channel(name, group, "", "tb", "K", transform=one) for name, group in
                     (("a", "mw"), ("b", "mw"), ("c", "ir")))  # fmt: skip
    z = np.arange(1.0, 13.0, dtype=np.float32).reshape(1, 3, 2, 2)
    z[0, 1, 0, 0] = np.nan
    seen = shown(channels, z)[0]
    assert seen.shape == (5, 2, 2)
    np.testing.assert_array_equal(seen[0], [[0, 2], [3, 4]])
    np.testing.assert_array_equal(seen[3], [[0, 1], [1, 1]])
    np.testing.assert_array_equal(seen[4], np.ones((2, 2)))
    off = shown(channels, z, ["ir"])[0]
    assert not off[2].any() and not off[4].any()
    np.testing.assert_array_equal(off[:2], seen[:2])
    assert unmet("net", channels, None, ["mw", "ir"]) is None


# -- training and sampling


@pytest.fixture
def trained(files: dict[str, str], tmp_path: Path) -> Card:
    data = read_training_set(files["rain"], ["rain"], size=16, held_out=0.25, given=asked(files), transform="log1p")
    assert "2 left out for want of a condition" in data.slices
    trainer = Trainer(data, config_for(data, width=8, multipliers=(1, 1)), TrainingSettings(steps=3, batch=4))
    for _ in range(3):
        trainer.advance()
    save(trainer, tmp_path / "model")
    return Card.read(tmp_path / "model")


def test_fields_and_their_conditions_are_cut_alike(files: dict[str, str]) -> None:
    same = Condition("again", files["rain"], "rain", transform="log1p")
    data = read_training_set(files["rain"], ["rain"], size=8, held_out=0.25, given=[same], transform="log1p")
    assert data.given is not None and data.given_held_out is not None
    np.testing.assert_allclose(data.given[:, 0], data.fields, atol=1e-5)
    np.testing.assert_allclose(data.given_held_out[:, 0], data.held_out, atol=1e-5)


def test_fields_read_a_few_at_a_time_are_the_same(files: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Though nothing matches in some of the parts: those slices are left out."""
    late = write(Path(files["mw"]).with_name("late.nc"), "tb", RAIN[8:16], np.arange(8, 16))
    how: Any = {"size": 16, "held_out": 0.25, "transform": "log1p", "given": [Condition("mw", late, "tb")]}
    whole = read_training_set(files["rain"], ["rain"], **how)
    monkeypatch.setattr(slices_read, "AT_ONCE", 2 * 2 * RAIN[0].nbytes)
    parts = read_training_set(files["rain"], ["rain"], **how)
    np.testing.assert_array_equal(parts.fields, whole.fields)
    assert whole.given is not None and parts.given is not None
    np.testing.assert_array_equal(parts.given, whole.given)
    assert "16 left out for want of a condition" in parts.slices and not len(parts.held_out)


def test_a_training_leaves_groups_out_and_its_card_says_what_it_is_given(trained: Card) -> None:
    assert [(one.condition, one.minutes, one.static) for one in trained.conditions] == [
        ("mw", -60.0, False), ("land", 0.0, True),
    ]  # fmt: skip
    assert trained.shown == 4 == trained.network["cond_channels"]
    assert Card.read(trained.file).conditions == trained.conditions
    assert trained.training["dropout"] == 0.1


def test_a_network_with_conditions_is_not_verified_without_them(trained: Card, files: dict[str, str]) -> None:
    with pytest.raises(UserError, match="is given mw, land, which are not read where networks are verified"):
        from_files.read_verification_set(trained, files["rain"], ["rain"], 0.25)


def plan_of(card: Card, files: dict[str, str], **values: Any) -> Any:
    recipe = Recipe.of(**{"path": files["rain"], "dataset": "rain", "index": (3,), "given": asked(files), **values})
    recipe = recipe.but(model=card.name, steps=2)
    opened = open_field(recipe)
    return resolve(opened.recipe, equipped(recipe, card, opened.facts))


def test_sensors_are_switched_off_and_guidance_mixes_with_nothing_given(trained: Card, files: dict[str, str]) -> None:
    on, off = plan_of(trained, files), plan_of(trained, files, off=("mw",))
    assert on.refusal is None and on.model.condition.shape == (1, 4, 16, 16)
    assert on.model.condition[0, 2].all()
    assert not off.model.condition[0, [0, 2]].any()
    np.testing.assert_array_equal(on.model.condition[0, 1], off.model.condition[0, 1])
    assert partner_of(trained, {}) == trained.name, "the window offers the weight"
    mixed = plan_of(trained, files, weight=2.0)
    y = np.random.default_rng(0).normal(size=(1, 1, 16, 16)).astype(np.float32)
    parts = [part.denoiser()(y, 1.0) for part in mixed.model.parts]
    assert not mixed.model.parts[1].condition.any()
    np.testing.assert_allclose(mixed.model.denoiser()(y, 1.0), parts[1] + 2 * (parts[0] - parts[1]), atol=1e-5)


def test_a_network_refuses_a_field_without_its_conditions_by_name(trained: Card, files: dict[str, str]) -> None:
    said = plan_of(trained, files, given=asked(files)[1:]).refusal
    assert said.sentence == f"{trained.name} is given mw, tb in K, and it is not there."
    assert "switch mw off" in said.hint
    assert plan_of(trained, files, given=asked(files)[1:], off=("mw",)).refusal is None
    late = (Condition("mw", files["mw"], "tb", 0.0), asked(files)[1])
    assert "60 minutes" in plan_of(trained, files, given=late).refusal.sentence.replace("-60", "60")
