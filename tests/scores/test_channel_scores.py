"""Rain from channels by the exact conditional law: in which order the ways come, and what a sensor is worth."""

from pathlib import Path

import numpy as np
import pytest
import xarray
from readers_twins import SHARED

from diffview.errors import UserError
from diffview.learning.from_files import read_parted_set
from diffview.learning.sets import TrainingSet
from diffview.learning.synthetic import CHANNELS
from diffview.models.gaussian import Gaussian
from diffview.scores.channel_scores import WAYS, ChannelTask, made_of, score_channels, switched
from diffview.writers.saving import save_netcdf
from diffview.writers.sequences import channels_content


@pytest.fixture(scope="module")
def task() -> ChannelTask:
    """Rain whose logarithm is a red field."""
    law = Gaussian.power_law(32, 32, 3.0, 2.0, 0.25, 0.8)
    rain = np.expm1(law.sample(np.random.default_rng(0).standard_normal((260, 32, 32))).clip(0)).astype(np.float32)
    data = TrainingSet.fit("log1p", rain[:200], rain[200:], "rain", "mm h-1")
    return ChannelTask(data, cases=30, members=12)


def test_members_beat_climatology_and_the_estimate_which_beats_regression(task: ChannelTask) -> None:
    scores = score_channels(task, (1.0,))
    crps = {way: found.crps for way, found in scores.items()}
    assert [*crps] == [*WAYS]
    assert crps["gaussian"] < crps["estimate"] < crps["regression"] and crps["gaussian"] < 0.8 * crps["climatology"]
    found = scores["gaussian"].calibration
    assert found is not None and found.dispersion is not None
    assert abs(np.nanmean(found.scales.among - found.scales.with_truth)) < 0.05
    assert found.dispersion.ratio == pytest.approx(1, abs=0.2)


def test_rain_is_never_negative_and_a_member_is_its_number(task: ChannelTask) -> None:
    members = made_of(task)
    assert members.shape == (12, 30, 32, 32) and members.min() >= 0
    np.testing.assert_array_equal(made_of(task), members)
    assert np.corrcoef(members.mean(0).ravel(), task.truth.ravel())[0, 1] > 0.6


def test_spread_grows_when_a_sensor_is_switched_off(task: ChannelTask) -> None:
    spreads = switched(task)
    assert [*spreads] == ["all", *(f"without {name}" for name in CHANNELS)]
    assert all(spread > spreads["all"] for name, spread in spreads.items() if name != "all")
    alone = ChannelTask(task.data, ("microwave8", "infrared"), cases=30, members=12)
    assert spreads["without microwave15"] == pytest.approx(switched(alone)["all"], rel=1e-9)
    assert switched(ChannelTask(task.data, ("infrared",))).keys() == {"all"}


def test_a_file_calls_its_channels_synthetic(task: ChannelTask, tmp_path: Path) -> None:
    channels = dict(zip(task.names, np.moveaxis(task.seen, 1, 0), strict=True))
    content = channels_content("rain", "mm h-1", channels, made_of(task), task.truth)
    save_netcdf(content, tmp_path / "rain.nc")
    with xarray.open_dataset(tmp_path / "rain.nc") as file:
        for name in CHANNELS:
            assert "SYNTHETIC" in file[f"synthetic_{name}"].long_name and file[f"synthetic_{name}"].units == "K"
        assert file.rain.dims[:2] == ("member", "case") and "no satellite saw them" in file.attrs["comment"]
        np.testing.assert_allclose(file.rain.mean("member"), file.rain_mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(file.rain_truth, task.truth, rtol=1e-6)


def test_too_few_are_refused(task: ChannelTask) -> None:
    with pytest.raises(UserError, match="1 members of 5 fields are no ensemble"):
        score_channels(ChannelTask(task.data, cases=5, members=1))


def test_real_rain_keeps_the_order() -> None:
    path = SHARED / "packs" / "mrms_wet64.h5"
    if not path.exists():
        pytest.skip("../shared/data/packs/mrms_wet64.h5 is absent")
    data = read_parted_set(str(path), ["train/precip_rate", "test/precip_rate"], 0.0)
    scores = score_channels(ChannelTask(data, cases=16, members=6), (1.0,))
    assert scores["gaussian"].crps < scores["regression"].crps < scores["climatology"].crps
