"""Ensembles judged from Python: of arrays, of what `sample` gave, of files; truths placed, named and refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray

import diffview
from diffview.models.gaussian import Gaussian

RED = Gaussian.power_law(32, 32, 3.0, 2.0)
GAP = {"fill": "repaint", "hidden": [(60, 140, 10, 10)], "region": (40, 120, 32, 32), "steps": 4, "members": 6}


def drawn(count: int) -> np.ndarray:
    return 280 + 5 * RED.sample(np.random.default_rng(0).standard_normal((count, 32, 32)))


@pytest.fixture(scope="module")
def filled() -> xarray.Dataset:
    return diffview.sample(model="gaussian", **GAP)


def test_numbers_are_judged_and_told_as_xarray() -> None:
    fields = drawn(9)
    found = diffview.verify_ensemble(fields[1:], truth=fields[0], thresholds=(282.0,), seed=3)
    assert found["ranks"].sizes == {"rank": 9} and float(found["ranks"].sum()) == pytest.approx(1)
    assert found["fss"].sizes == {"threshold": 1, "width": 5} and found["coverage"].sizes == {"level": 2}
    told = json.loads(found.attrs["diffview_scores"])
    assert told["crps"] == pytest.approx(float(found["crps"])) and told["seed"] == 3
    assert str(found["findings"].sel(finding="spread").values).startswith("This ensemble ")
    assert "crps_climatology" not in found
    more = diffview.verify_ensemble(
        fields[1:5], truth=fields[0], climatology=fields[5:], given=np.full((32, 32), 280.0)
    )
    assert {"crps_climatology", "crps_condition", "crps_one_member"} <= set(more)


def test_what_sample_gave_is_judged_by_the_field_it_was_given(filled: xarray.Dataset) -> None:
    found = diffview.verify_ensemble(filled)
    name = "toa_brightness_temperature"
    hidden = filled["generated"] == 1
    alone = diffview.verify_ensemble(filled[name].where(hidden), truth=filled[f"{name}_truth"])
    assert float(found["crps"]) == float(alone["crps"]) > 0
    assert json.loads(found.attrs["diffview_scores"])["points"] == int(hidden.sum()) == 100
    assert np.isfinite(found["power_members"]).all()
    assert found["crps"].attrs["units"] == "K" and "ranks" not in diffview.verify_ensemble(filled, truth="none")


def test_the_file_says_the_same_and_its_truth_may_be_a_larger_field(filled: xarray.Dataset, tmp_path: Path) -> None:
    path = tmp_path / "made.nc"
    filled.to_netcdf(path, engine="h5netcdf")
    told = json.loads(diffview.verify_ensemble(path).attrs["diffview_scores"])
    assert told["crps"] == pytest.approx(float(diffview.verify_ensemble(filled)["crps"]), rel=1e-6)
    assert told["points"] == 100
    days = xarray.DataArray(
        drawn(5), dims=("time", "latitude", "longitude"), name="sst",
        coords={"latitude": 40 + 0.25 * np.arange(32)[::-1], "longitude": np.arange(32) * 0.25}, attrs={"units": "K"},
    )  # fmt: skip
    part = days[1:, 4:28, 8:32].rename(time="member")
    found = diffview.verify_ensemble(part, truth=days[0])
    direct = diffview.verify_ensemble(part.values, truth=days[0, 4:28, 8:32].values)
    assert float(found["crps"]) == pytest.approx(float(direct["crps"]))
    upside_down = diffview.verify_ensemble(part[:, ::-1], truth=days[0])
    assert float(upside_down["crps"]) == pytest.approx(float(direct["crps"]))


def test_members_of_a_file_are_placed_on_a_truth_in_numbers(tmp_path: Path) -> None:
    fields = xarray.DataArray(
        drawn(5), dims=("member", "latitude", "longitude"), name="sst",
        coords={"latitude": 40 - 0.25 * np.arange(32), "longitude": np.arange(32) * 0.25}, attrs={"units": "K"},
    )  # fmt: skip
    fields.latitude.attrs["units"], fields.longitude.attrs["units"] = "degrees_north", "degrees_east"
    part, truth = fields[1:, 4:28, 8:32], fields[0].drop_attrs(deep=False).assign_attrs(units="K")
    part.to_netcdf(tmp_path / "part.nc", engine="h5netcdf")
    found = diffview.verify_ensemble(tmp_path / "part.nc", truth=truth)
    direct = diffview.verify_ensemble(part.values, truth=truth[4:28, 8:32].values)
    assert float(found["crps"]) == pytest.approx(float(direct["crps"]))
    with pytest.raises(diffview.UserError, match="their coordinates do not meet"):
        diffview.verify_ensemble(tmp_path / "part.nc", truth=truth[:24, :24])
    with pytest.raises(diffview.UserError, match="The truth is in degC, the members are in K"):
        diffview.verify_ensemble(tmp_path / "part.nc", truth=truth.assign_attrs(units="degC"))


def test_what_cannot_be_judged_is_said() -> None:
    fields = drawn(4)
    for arguments, words in (
        ({"ensemble": fields[:1]}, "One member has no spread"),
        ({"ensemble": fields[0]}, "An ensemble of 2 dimensions was given"),
        ({"ensemble": fields, "truth": fields[0, :20]}, "The truth has 20 x 32 pixels"),
        ({"ensemble": fields, "truth": "field"}, "There is no truth 'field' beside an array"),
        ({"ensemble": fields, "truth": np.full((32, 32), np.nan)}, "The truth has no value"),
        ({"ensemble": xarray.Dataset({"a": ("x", [1.0])})}, "no variable with a dimension of members"),
    ):
        with pytest.raises(diffview.UserError, match=words) as error:
            diffview.verify_ensemble(**arguments)
        assert error.value.hint
