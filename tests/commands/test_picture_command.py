"""`diffview sample --fill` without a region: a whole picture, with land that stays missing."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

import diffview
from diffview.cli import main
from diffview.runs.recipe import Recipe

QUICK = ("--model", "power_law", "--steps", "4", "--members", "2", "--seed", "5")


@pytest.fixture
def sea(tmp_path: Path) -> Path:
    """Temperature of 110 x 150 pixels, land on the right, clouds missing, a mask of land in it and in another file."""
    random = np.random.default_rng(0)
    values = random.standard_normal((110, 150)).cumsum(0).cumsum(1) * 0.02 + 290
    land = np.zeros((110, 150), np.float32)
    land[20:60, 110:] = 0.9
    land[60:64, 110:] = 0.4  # more sea than land
    values[land > 0] = values[30:50, 10:60] = np.nan
    path = tmp_path / "sea.h5"
    for name in ("sea.h5", "mask.h5"):
        with h5py.File(tmp_path / name, "w") as file:
            if name == "sea.h5":
                file["sst"] = values.astype(np.float32)
                file["sst"].attrs["units"] = "K"
            file["land"] = land
            file["small"] = land[:64, 60:]
    return path


def told(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


@pytest.mark.parametrize("beside", [True, False])
def test_a_whole_picture_is_filled_and_land_stays_missing(
    sea: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], beside: bool
) -> None:
    out = tmp_path / "out.nc"
    mask = ("land",) if beside else (str(tmp_path / "mask.h5"), "land")
    assert main(["sample", "--fill", str(sea), "sst", "--never-fill", *mask, *QUICK, "-o", str(out)]) == 0
    said = told(capsys)
    assert "1,160 pixels were filled in 2 parts." in said and "2 fields" in said and "RMSE" not in said
    with xarray.open_dataset(out) as seen, h5py.File(sea) as file:
        values, land = file["sst"][()], file["land"][()] > 0.5
        missing = np.isnan(values)
        assert seen.sst.shape == (2, 110, 150) and (seen.generated.values.astype(bool) == missing & ~land).all()
        assert np.isnan(seen.sst.values[:, land]).all() and np.isfinite(seen.sst.values[:, ~land]).all()
        assert (seen.sst.values[:, ~missing] == values[~missing]).all()
        np.testing.assert_array_equal(seen.sst_truth, values)
        np.testing.assert_allclose(seen.sst_mean, seen.sst.mean("member"), rtol=1e-6)
        recipe = Recipe.from_json(seen.attrs["diffview_recipe"])
    (tmp_path / "r.json").write_text(recipe.to_json())
    again = ["sample", "--recipe", str(tmp_path / "r.json"), "--never-fill", *mask, "-o", str(tmp_path / "again.nc")]
    assert main(again) == 0
    field = diffview.open(sea, "sst")
    by_library = diffview.sample(
        field, fill="repaint", never=land, model="power_law", steps=4, members=2, seed=5, sampler_params={}
    )
    with xarray.open_dataset(tmp_path / "again.nc") as twice, xarray.open_dataset(out) as once:
        assert np.array_equal(twice.sst, once.sst, equal_nan=True)
        assert np.array_equal(by_library.sst, once.sst, equal_nan=True)
    assert recipe.source.region is None and recipe.ensemble.members == 2 and recipe.course.seed == 5


def test_the_library_refuses_what_does_not_go_together_too(sea: Path) -> None:
    field = diffview.open(sea, "sst")
    asked = {"fill": "repaint", "model": "power_law", "steps": 2}
    with pytest.raises(diffview.UserError, match="Steps are kept of one region"):
        diffview.sample(field, record=True, **asked)
    with pytest.raises(diffview.UserError, match="for whole pictures"):
        diffview.sample(field, never=np.zeros((110, 150)), region=(0, 0, 64, 64), **asked)


def test_hidden_pixels_are_judged(sea: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.nc"
    hide = ("--hide", "80,20,10,30")
    assert main(["sample", "--fill", str(sea), "sst", "--never-fill", "land", *hide, *QUICK, "-o", str(out)]) == 0
    line = next(line for line in told(capsys).splitlines() if line.startswith("model: "))
    with xarray.open_dataset(out) as seen:
        there = np.isfinite(seen.sst_truth.values) & (seen.generated.values == 1)
        rmse = float(np.sqrt(((seen.sst_mean - seen.sst_truth).values[there] ** 2).mean()))
    assert there.sum() == 300 and float(line.split()[2]) == pytest.approx(rmse, rel=2e-3) and "300 pixels" in line


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (("--record",), "--record is for one region"),
        (("--fit", "SEA", "sst"), "--fit is for one region"),
        (("--never-fill", "small"), "The mask has 64 x 90 pixels"),
        (("--never-fill", "a", "b", "c"), "takes a variable, or a file"),
        (("--never-fill", "nothing"), "nothing"),
        (("--never-fill", "land", "--region", "0,0,64,64"), "for whole pictures"),
    ],
)
def test_what_does_not_go_together_is_a_sentence(
    sea: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], word: str
) -> None:
    asked = [str(sea) if word == "SEA" else word for word in words]
    assert main(["sample", "--fill", str(sea), "sst", *asked, *QUICK, "-o", str(tmp_path / "out.nc")]) == 2
    said = told(capsys)
    assert word in said and "Traceback" not in said and not (tmp_path / "out.nc").exists()
