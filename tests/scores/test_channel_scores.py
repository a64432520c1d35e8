"""Rain from channels by the exact conditional law: in which order the ways come, and what a sensor is worth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray
from readers_twins import SHARED

from diffview.errors import UserError
from diffview.fields.channels import Channel
from diffview.learning.from_files import read_parted_set
from diffview.learning.sets import GivenFields, TrainingSet
from diffview.learning.synthetic import CHANNELS
from diffview.models.gaussian import Gaussian
from diffview.scores.channel_scores import WAYS, ChannelTask, made_of, score_channels, switched
from diffview.scores.channel_sheet import make_sheet, sensors_of
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
    channels = {name: (task.seen[:, i], task.units[i]) for i, name in enumerate(task.names)}
    content = channels_content("rain", "mm h-1", channels, made_of(task), task.truth)
    save_netcdf(content, tmp_path / "rain.nc")
    with xarray.open_dataset(tmp_path / "rain.nc") as file:
        for name in CHANNELS:
            assert "SYNTHETIC" in file[f"synthetic_{name}"].long_name and file[f"synthetic_{name}"].units == "K"
        assert file.rain.dims[:2] == ("member", "case") and "no satellite saw them" in file.attrs["comment"]
        np.testing.assert_allclose(file.rain.mean("member"), file.rain_mean, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(file.rain_truth, task.truth, rtol=1e-6)


@pytest.fixture(scope="module")
def real() -> ChannelTask:
    """The same rain with two channels of a file: 300 K less twice the rain's logarithm, with gaps, and pure noise."""
    law = Gaussian.power_law(32, 32, 3.0, 2.0, 0.25, 0.8)
    rng = np.random.default_rng(3)
    rain = np.expm1(law.sample(rng.standard_normal((130, 32, 32))).clip(0)).astype(np.float32)
    noise = rng.standard_normal((2, *rain.shape))
    seen = np.stack([300 - 2 * np.log1p(rain) + noise[0], noise[1]], axis=1).astype(np.float32)
    seen[[3, 110], 0, 5, 5] = np.nan
    named = Channel("tb", "imager", "0", "tb", "K"), Channel("nothing", "sounder", "", "noise", "1")
    given = GivenFields(named, seen[:100], seen[100:], {})
    data = TrainingSet.fit("log1p", rain[:100], rain[100:], "rain", "mm h-1", beside=given)
    return ChannelTask(data, cases=30, members=8)


def test_channels_of_a_file_are_given_in_their_units_and_complete(real: ChannelTask) -> None:
    assert not real.synthetic and real.names == ("tb 0", "nothing") and real.units == ("K", "1")
    assert real.seen.shape == (29, 2, 32, 32) and len(real.training) == 99, "one field of each has a gap"
    back = 300 - 2 * np.log1p(real.truth)
    assert np.std(real.seen[:, 0] - back) == pytest.approx(1, abs=0.05), "K, matched with the rain"
    assert len(ChannelTask(real.data, ("nothing",), cases=30).truth) == 30
    spreads = switched(real)
    assert spreads["without nothing"] == pytest.approx(spreads["all"], rel=0.02)
    assert spreads["without tb 0"] > 1.2 * spreads["all"]
    with pytest.raises(UserError, match="There is no channel 'infrared'") as refused:
        ChannelTask(real.data, ("infrared",))
    assert "tb 0, nothing" in refused.value.hint


def test_a_sheet_widens_when_its_sensor_is_off_and_says_so(real: ChannelTask) -> None:
    whole, without = make_sheet(real), make_sheet(real, ("imager",))
    assert sensors_of(real) == ("imager", "sounder") and without.names == ("nothing",)
    np.testing.assert_array_equal(whole.members, made_of(real))
    assert whole.spread == whole.least_spread == without.least_spread < without.spread
    assert without.members.std(0, ddof=1).mean() > 1.2 * whole.members.std(0, ddof=1).mean()
    assert len(make_sheet(real, ("imager", "sounder")).names) == 0, "nothing given: the law of rain"
    assert make_sheet(real, ("imager", "sounder")).spread == pytest.approx(1, abs=0.1)
    shares = whole.histogram()
    for name in ("members", "mean", "truth"):
        assert sum(shares[name]) + shares["below"][name] == pytest.approx(1, abs=1e-3)
    with pytest.raises(UserError, match="There is no sensor 'radar' to switch off"):
        make_sheet(real, ("radar",))


def test_channels_that_are_never_whole_are_refused(real: ChannelTask) -> None:
    gone = np.full_like(real.data.given_held_out, np.nan)
    with pytest.raises(UserError, match="No held-out field is complete, its channels among them, of 30"):
        _ = ChannelTask(replace(real.data, given_held_out=gone)).truth


def test_synthetic_channels_are_of_rain_in_whatever_unit(task: ChannelTask) -> None:
    """Saturation is at rates in mm/h: a rate in mm a day is seen as the same rain; what is no rain is refused."""
    data = task.data
    daily = np.asarray(data.transform.inverse(data.fields)) * 24, np.asarray(data.transform.inverse(data.held_out)) * 24
    per_day = ChannelTask(TrainingSet.fit("log1p", *daily, "rain", "mm day-1"), cases=30, members=12)
    np.testing.assert_allclose(per_day.seen, task.seen, atol=0.01)
    with pytest.raises(UserError, match="sst in K is no rain") as refused:
        ChannelTask(replace(data, name="sst", units="K"))
    assert "--given" in refused.value.hint


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
