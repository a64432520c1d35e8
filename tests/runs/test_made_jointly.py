"""Several fields made together by a run: closed forms, exact sets, names, units, dates, gaps, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray
from daily_twins import LAND, SHAPE, write_pair

import diffview
from diffview import cli
from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.library.opened import open_field
from diffview.models.joint import fit_joint
from diffview.readers import field_series
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run, start_state

GONE, DAYS = 40, 60
SEA = (0, 5, 16, 15)
RUN = {"dataset": "sst", "model": "gaussian", "steps": 4, "members": 3, "seed": 1}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    path = tmp_path_factory.mktemp("pair") / "pair.nc"
    return path, write_pair(path, DAYS, GONE)


def recipe_of(path: Path, **values: object) -> Recipe:
    return Recipe.of(**{"path": str(path), **RUN, "region": Region(*SEA), **values})


def test_a_channel_that_says_all_gives_the_field_back(pair: tuple[Path, np.ndarray]) -> None:
    """ice = -2 (sst - 15): given it, no member differs from the field itself."""
    path, values = pair
    made = diffview.sample(path=path, region=SEA, channels=["ice"], known=["ice"], index=(7,), **RUN)
    truth = values[7, 0, :, 5:]
    assert made.sst.dims == ("member", "latitude", "longitude") and made.sst.units != made.ice.units == "%"
    np.testing.assert_allclose(made.sst, np.broadcast_to(truth, (3, *truth.shape)), atol=2e-3)
    np.testing.assert_allclose(made.sst_truth, truth, atol=1e-4)
    np.testing.assert_allclose(made.ice, values[7, 1, :, 5:], atol=1e-4)
    assert "Given were ice" in made.attrs["comment"] and float(made.sst_spread.max()) < 1e-3


def test_a_run_ends_where_the_flow_of_the_law_does(pair: tuple[Path, np.ndarray]) -> None:
    """Along the probability flow a mode of eigenvalue w goes from s to 0 by the factor sqrt(w/(w + s^2))."""
    asked = recipe_of(pair[0], sequence=3, steps=150, sampler="heun", members=1, channels=("ice",), seed=4)
    opened = open_field(asked)
    plan = resolve(opened.recipe, opened.facts)
    assert plan.shape == (1, 2, 3, 16, 15) and plan.refusal is None
    *_, last = run(plan)
    law = fit_joint(plan.model.windows)  # type: ignore[union-attr]
    w, v = np.linalg.eigh(law.spectrum)
    mean, s = law.mean.reshape(1, 2, 3, 1, 1), plan.levels[0]
    modes = np.moveaxis(np.fft.rfft2((start_state(plan) - mean).reshape(6, 16, 15)), 0, -1)[..., None]
    root = np.sqrt(np.maximum(w, 0) / (np.maximum(w, 0) + s * s))[..., None]
    ends = v @ (root * (v.conj().swapaxes(-1, -2) @ modes))
    exact = np.fft.irfft2(np.moveaxis(ends[..., 0], -1, 0), s=(16, 15)).reshape(1, 2, 3, 16, 15) + mean
    assert np.abs(last.y - exact).max() < 0.02 * exact.std()


def test_data_gives_whole_sequences_of_the_file_back(pair: tuple[Path, np.ndarray]) -> None:
    path, values = pair
    asked = {**RUN, "model": "data", "steps": 8, "members": 4}
    made = diffview.sample(path=path, sequence=4, region=SEA, channels=["ice"], **asked)
    both = np.stack([made.sst, made.ice], 2)  # [member, frame, channel, ...]
    windows = {first: values[first : first + 4, :, :, 5:] for first in range(DAYS - 3)}
    for member in both:
        apart = {first: np.abs(member - window).max() for first, window in windows.items()}
        first = min(apart, key=apart.__getitem__)
        assert apart[first] < 1e-3 and not first < GONE < first + 4, "no sequence spans the missing day"
        assert first >= 4, "none shares a time with the open field"


def test_local_makes_sequences_whose_channels_go_together(pair: tuple[Path, np.ndarray]) -> None:
    """ice = -2 (sst - 15) in every sequence of the file, and all channels of a pixel have the same weights."""
    asked = {**RUN, "model": "local", "steps": 9, "region": SEA}
    made = diffview.sample(path=pair[0], sequence=3, channels=["ice"], **asked)
    np.testing.assert_allclose(made.ice, -2 * (made.sst - 15), atol=5e-3)
    there = pair[1][:, 0, :, 5:]
    assert (made.sst <= there.max(0) + 1e-3).all() and (made.sst >= there.min(0) - 1e-3).all(), "weights of sum 1"


def test_a_start_from_the_fields_has_their_dates_and_gaps(pair: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    """The command writes what the library gives, in the calendar of the file; land stays missing in its channel."""
    path, values = pair
    words = ["--steps", "4", "--members", "3", "--seed", "1", "--s", "0.5", "--channels", "ice", "--sequence", "3"]
    words += ["--index", "36", "--region", "0,0,16,20", "-o", str(tmp_path / "o.nc")]
    assert cli.main(["sample", "--model", "gaussian", "--start", str(path), "sst", *words]) == 0
    asked = {**RUN, "region": (0, 0, *SHAPE), "index": (36,)}
    made = diffview.sample(path=path, level=0.5, channels=["ice"], sequence=3, **asked)
    with xarray.open_dataset(tmp_path / "o.nc", decode_times=xarray.coders.CFDatetimeCoder(use_cftime=True)) as file:
        assert file.sst.dims == ("member", "time", "latitude", "longitude") and file.time.dt.calendar == "noleap"
        assert [str(day)[:10] for day in file.time.values] == ["2001-02-06", "2001-02-07", "2001-02-08"]
        np.testing.assert_array_equal(file.sst, made.sst)
        np.testing.assert_array_equal(np.isnan(file.sst), np.broadcast_to(LAND[::-1], (3, 3, *SHAPE)))
        assert not np.isnan(file.ice).any() and file.ice.units == "%"
        np.testing.assert_allclose(file.sst_truth, values[36:39, 0], atol=1e-3)
    recipe = Recipe.from_json(made.attrs["diffview_recipe"])
    assert (recipe.frames.channels, recipe.frames.sequence) == (("ice",), 3)
    again = diffview.sample(recipe=made.attrs["diffview_recipe"])
    np.testing.assert_array_equal(again.sst, made.sst)


def test_statistics_of_channels_and_days_are_those_of_their_members(pair: tuple[Path, np.ndarray]) -> None:
    """In blocks of two, and land stays missing: mean, spread, share, quantile and CRPS of every channel and day."""
    asked = {**RUN, "members": 7, "block": 2, "region": (0, 0, *SHAPE), "index": (36,), "channels": ["ice"]}
    asked |= {"path": pair[0], "sequence": 3, "level": 0.5}
    made = diffview.sample(**asked)
    with pytest.warns(UserWarning, match="ice: No member is above 15 % anywhere"):
        found = diffview.sample(statistics="mean,spread,p>15,q0.5,crps", **asked)
    assert "sst" not in found and found.sst_mean.dims == made.sst.dims[1:] == ("time", "latitude", "longitude")
    assert "Members 0 to 6 were made in blocks of 2; of them statistics were kept." in found.attrs["comment"]
    for name in ("sst", "ice"):
        members = made[name].values.astype(np.float64)
        np.testing.assert_allclose(found[f"{name}_mean"], members.mean(0), rtol=1e-5, atol=1e-4)
        np.testing.assert_allclose(found[f"{name}_spread"], members.std(0, ddof=1), rtol=1e-3, atol=1e-4)
        above = np.where(np.isnan(members).any(0), np.nan, (members > 15).mean(0))
        np.testing.assert_allclose(found[f"{name}_above_15"], above, atol=1e-6)
        truth = made[f"{name}_truth"].values
        gone = np.isnan(truth)
        in_blocks = np.mean([np.abs(member - truth) for member in members], axis=0)
        pairs = [np.abs(members[i] - members[i + 1]) for i in (0, 2, 4)]  # the last block has one member
        np.testing.assert_allclose(
            found[f"{name}_crps"].values[~gone], (in_blocks - np.mean(pairs, axis=0) / 2)[~gone], rtol=1e-3, atol=1e-4
        )
    assert np.isnan(found.sst_mean.values[:, LAND[::-1]]).all() and not np.isnan(found.ice_mean).any()
    assert found.sst_mean.units == made.sst.units != found.ice_mean.units


def test_a_record_keeps_every_step_of_every_channel_and_day(pair: tuple[Path, np.ndarray], tmp_path: Path) -> None:
    asked = {**RUN, "path": pair[0], "region": SEA, "index": (36,), "channels": ["ice"], "sequence": 3, "level": 0.5}
    made, steps = diffview.sample(**asked), diffview.sample(record=True, **asked)
    assert steps.sst_x_t.dims == ("step", "member", "time", "latitude", "longitude") and steps.step.values.tolist() == [
        *range(5)
    ]
    np.testing.assert_allclose(steps.sst_x_t[-1], made.sst, atol=1e-4)  # the last state is what was made
    np.testing.assert_allclose(steps.ice_x_t[-1], made.ice, atol=1e-4)
    assert np.isnan(steps.sst_x0_hat[0]).all() and not np.isnan(steps.sst_x0_hat[1:]).any()
    assert steps.s[0] == pytest.approx(0.5) and steps.s[-1] == 0 and steps.attrs["title"].startswith("A run: 3 made")
    words = ["--steps", "4", "--members", "3", "--seed", "1", "--s", "0.5", "--channels", "ice", "--sequence", "3"]
    words += ["--index", "36", "--region", "0,5,16,15", "--record", "-o", str(tmp_path / "o.nc")]
    assert cli.main(["sample", "--model", "gaussian", "--start", str(pair[0]), "sst", *words]) == 0
    with xarray.open_dataset(tmp_path / "o.nc", decode_times=False) as file:
        np.testing.assert_array_equal(file.ice_x0_hat, steps.ice_x0_hat)


def test_a_sequence_from_noise_has_no_date(pair: tuple[Path, np.ndarray]) -> None:
    made = diffview.sample(path=pair[0], sequence=3, region=SEA, **RUN)
    assert made.sst.dims == ("member", "frame", "y", "x") and made.frame.values.tolist() == [0, 1, 2]
    assert made.frame.units == "days" and "no date" in made.attrs["comment"]
    one = {**RUN, "members": 1, "block": 1, "region": SEA, "sequence": 3}
    parts = [diffview.sample(path=pair[0], first_member=member, **one) for member in range(3)]
    np.testing.assert_allclose(np.concatenate([part.sst for part in parts]), made.sst, atol=1e-4)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"channels": ("coarse",)}, "coarse has time 60, 16 x 10 pixels"),
        ({"known": ("ice",)}, "'ice' is to be given, and is none of the channels"),
        ({"sequence": 70}, "no other sequence of 70 times"),
        ({"sequence": 4, "level": 0.5, "origin": "field", "index": (38,)}, "does not begin a sequence of 4 times"),
        ({"channels": ("ice",), "known": ("ice",), "model": "data"}, "cannot be given channels"),
        ({"sequence": 2, "model": "power_law"}, "power_law makes single fields"),
        ({"sequence": 2, "statistics": "crps"}, "A CRPS needs a truth"),
        ({"sequence": 2, "hidden": (Region(2, 8, 3, 3),), "sampler": "repaint"}, "leads single fields"),
        ({"sequence": 2, "mask": (1.0,)}, "as the file stores them"),
        ({"sequence": 2, "level": 0.5, "origin": "field", "region": Region(0, 0, 16, 20), "dataset": "sst"}, None),
    ],
)
def test_what_cannot_be_made_together_is_refused(pair: tuple[Path, np.ndarray], values: dict, sentence: str) -> None:
    asked = recipe_of(pair[0], **values)
    if sentence is None:  # land is missing at all times: it stays so
        assert resolve(asked, open_field(asked).facts).refusal is None
        return
    with pytest.raises(UserError, match=sentence) as error:
        diffview.sample(recipe=asked)
    assert error.value.hint


def test_channels_that_are_given_have_no_gaps(pair: tuple[Path, np.ndarray]) -> None:
    with pytest.raises(UserError, match="sst has 20 missing pixels"):
        diffview.sample(
            path=pair[0], region=(0, 0, *SHAPE), channels=["sst"], known=["sst"], **{**RUN, "dataset": "ice"}
        )


def test_what_does_not_fit_into_memory_is_refused_before_it_is_read(
    pair: tuple, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_series, "MOST_BYTES", 2 * DAYS * 4 * 16 * 15 - 1)
    with pytest.raises(UserError, match=r"120 fields of 16 x 15 pixels take 0\.0 GB"):
        diffview.sample(path=pair[0], region=SEA, channels=["ice"], **RUN)
    assert diffview.sample(path=pair[0], region=SEA, sequence=2, **RUN).sst.shape == (3, 2, 16, 15)


def test_a_single_slice_has_nothing_to_fit_to(tmp_path: Path) -> None:
    write_pair(tmp_path / "one.nc", 1, None)
    with pytest.raises(UserError, match="single slice"):
        diffview.sample(path=tmp_path / "one.nc", region=SEA, sequence=2, **RUN)


def test_where_they_are_not_shown_it_is_said(pair: tuple[Path, np.ndarray]) -> None:
    """The panes, which show single fields, make one of them, and say what makes all."""
    opened = open_field(recipe_of(pair[0], dataset="ice", region=Region(0, 0, 16, 16)))
    asked = opened.recipe.but(sequence=5, channels=("sst",))
    plan = resolve(asked, opened.facts.learn(jointly=None))
    assert plan.refusal is None and plan.shape == resolve(opened.recipe, opened.facts).shape
    (note,) = (note for note in plan.notes if "in the dock Together, or by diffview sample" in note.why)
    assert (note.asked, note.given) == ("5 times and sst beside it", "the field alone")


def test_an_array_has_no_other_times(pair: tuple[Path, np.ndarray]) -> None:
    for field in (pair[1][0, 1], None):
        with pytest.raises(UserError, match="are made of a file") as error:
            diffview.sample(field, model="gaussian", sequence=2, steps=2)
        assert error.value.hint


def test_a_recipe_holds_them() -> None:
    with pytest.raises(UserError, match="each once"):
        Recipe.of(channels=("ice", "ice"))
    plain = json.loads(Recipe.of(channels=("ice",), sequence=4).to_json())
    assert plain["frames"] == {"channels": ["ice"], "sequence": 4, "known": []}
    assert Recipe.from_json(json.dumps({**plain, "frames": {}})).frames == Recipe().frames, "as it was written before"
