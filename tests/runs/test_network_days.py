"""Days and sequences by a network: as a recipe, a command and the library have them, from files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import diffview
from diffview.cli import main
from diffview.errors import UserError
from diffview.learning.sequence_sets import SequencesAsked, read_sequences
from diffview.learning.training import save, trainer_in
from diffview.models.cards import Card
from tests.daily_twins import LAND as SOUTH_UP
from tests.daily_twins import SHAPE, write_daily

FRAMES = 28
LAND = SOUTH_UP[::-1]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with daily fields of two years, their monthly means, and a network begun on them."""
    folder = tmp_path_factory.mktemp("days")
    write_daily(folder / "daily.nc", 731, "2003-01-01")
    write_daily(folder / "monthly.nc", 731, "2003-01-01", monthly=True)
    asked = SequencesAsked(sequence=FRAMES, mean=True, season=True)
    data = read_sequences(str(folder / "daily.nc"), ["sst"], asked)
    sizes = {"width": 8, "multipliers": (1, 2), "fold": 2}
    trainer = trainer_in(folder / "net", data, {"steps": 2, "batch": 2}, sizes, "cpu")
    trainer.advance()
    torch.manual_seed(0)
    with torch.no_grad():
        for p in trainer.ema.parameters():
            p.add_(0.05 * torch.randn_like(p))
    save(trainer, folder / "net")
    return folder


def days_of(place: Path, **asked: Any) -> Any:
    values = {"month": "2003-03", "days": FRAMES, "members": 2, "model": str(place / "net"), **asked}
    return diffview.days(place / "daily.nc", "sst", **values)


def test_days_by_a_network_keep_the_mean_stay_off_the_land_and_come_from_their_own_noise(place: Path) -> None:
    made = days_of(place)
    values = made["sst"].values
    assert values.shape == (2, FRAMES, *SHAPE) and np.isnan(values[..., LAND]).all()
    assert not np.isnan(values[..., ~LAND]).any()
    off = np.abs(values.mean(1, dtype=np.float64) - made["sst_mean"].values)[:, ~LAND]
    assert off.max() < 1e-5
    assert "a network, net, trained on sequences of 28 days" in made.attrs["comment"]
    second = days_of(place, members=1, first_member=1)["sst"].values
    np.testing.assert_allclose(second[0], values[1], atol=2e-4)
    assert np.nanmax(np.abs(values[0] - values[1])) > 0.1


def test_a_month_may_have_three_days_more_and_monthly_means_are_enough(place: Path) -> None:
    made = diffview.days(place / "monthly.nc", "sst", month="2004-03", model=str(place / "net"))
    assert made["sst"].shape == (1, 31, *SHAPE)
    off = made["sst"].values.mean(1, dtype=np.float64) - made["sst_mean"].values
    assert np.nanmax(np.abs(off)) < 1e-5


def test_the_command_writes_the_same(place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "march.nc"
    words = ["days", str(place / "daily.nc"), "sst", "--month", "2003-03", "--days", "28", "--members", "2"]
    assert main([*words, "--model", str(place / "net"), "-o", str(out)]) == 0
    np.testing.assert_array_equal(diffview.open(out, "sst", index=(1, 3)).values, days_of(place)["sst"].values[1, 3])


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"days": 20}, "25 to 31 can be made"), ({"fit": "daily.nc"}, "was trained already"),
     ({"periodic": True}, "was trained already"), ({"model": "sst32"}, "makes no days from their mean"),
     ({"region": (0, 0, 8, 8)}, "makes 16 x 20 pixels, and the mean has 8 x 8")],
)  # fmt: skip
def test_days_that_the_network_cannot_make_are_refused(place: Path, asked: dict[str, Any], said: str) -> None:
    if "fit" in asked:
        asked = {"fit": place / "daily.nc"}
    with pytest.raises(UserError, match=said):
        days_of(place, **asked)


def sampled(place: Path, **values: Any) -> Any:
    asked = {"model": str(place / "net"), "path": str(place / "daily.nc"), "dataset": "sst", "index": (100,), **values}
    names = ("path", "dataset", "index")
    recipe = diffview.Recipe.of(**{name: asked.pop(name) for name in names}, sequence=FRAMES, steps=4)
    return diffview.sample(recipe=recipe, **asked)


def test_a_recipe_makes_the_sequence_that_begins_at_the_open_field_with_its_mean(place: Path) -> None:
    made = sampled(place, members=2, seed=1)
    assert made["sst"].dims[:2] == ("member", "time") and made["sst"].shape == (2, FRAMES, *SHAPE)
    truth = made["sst_truth"].values
    np.testing.assert_allclose(truth[:, ~LAND], _file(place)[100 : 100 + FRAMES][:, ~LAND], atol=1e-4)
    off = np.abs(made["sst"].values.mean(1) - truth.mean(0))[:, ~LAND]
    assert off.max() < 1e-3 and np.isnan(made["sst"].values[..., LAND]).all()


@pytest.mark.parametrize(
    ("asked", "said"),
    [({"sequence": 5}, "sequences of 5 times are asked for"), ({"channels": ("sst",)}, "makes sst"),
     ({"index": (720,)}, "does not begin a sequence"), ({"statistics": "mean"}, "Statistics are not kept"),
     ({"region": (0, 0, 8, 8)}, "makes 16 x 20 pixels, and the region has 8 x 8")],
)  # fmt: skip
def test_sequences_that_the_network_cannot_make_are_refused(place: Path, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match=said):
        sampled(place, **asked)


def test_single_fields_are_refused_with_where_it_is_used(place: Path) -> None:
    with pytest.raises(UserError, match="makes sequences of 28 times of sst together"):
        sampled(place, sequence=1)


def test_a_mean_of_another_place_is_refused(place: Path, tmp_path: Path) -> None:
    made = write_daily(tmp_path / "warm.nc", 60, "2003-01-01")
    import netCDF4

    with netCDF4.Dataset(tmp_path / "warm.nc", "a") as file:
        file["sst"][:] = np.where(np.isnan(made), -999, made + 100)
    with pytest.raises(UserError, match="standard deviations from the season"):
        diffview.days(tmp_path / "warm.nc", "sst", month="2003-01", days=28, model=str(place / "net"))


def test_days_of_a_network_are_scored_beside_the_formula(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from diffview.fields.daily import day_named
    from diffview.readers.field_series import read_field_series
    from diffview.runs.network_days import network_days
    from diffview.scores.day_scores import DaysTask, verify_days

    series = read_field_series(str(place / "daily.nc"), "sst", None, lambda share: None)
    law = network_days(str(place / "net"), series.of.field, FRAMES)
    found = verify_days(DaysTask(*series.since(day_named("2004-08-01", "standard")), FRAMES, 2, law=law))
    assert found.windows == Card.read(place / "net").data["fields"] and found.cases == 5
    assert found.kept < 1e-9 and np.isfinite(found.crps) and np.isfinite(found.made.changes).all()


def test_the_command_judges_the_days_that_a_training_holds_out(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["verify", "days", "--data", str(place / "daily.nc"), "sst", "--model", str(place / "net")]
    assert main([*words, "--members", "2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["gaussian", "gaussian, periodic", "net"]
    assert "the last 146 slices" in Card.read(place / "net").data["split"]  # of 731: from number 585 on
    assert {one["tested"] for one in found.values()} == {"2004-08-08 to 2004-12-25"}  # five times 28 days


def _file(place: Path) -> np.ndarray:
    from diffview.readers.field_series import read_field_series

    return np.asarray(read_field_series(str(place / "daily.nc"), "sst", None, lambda share: None).values)
