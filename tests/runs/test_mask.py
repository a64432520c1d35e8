"""Values that mean missing though no file says so: masked in slices, recipes and commands."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from diffview.cli import main
from diffview.library.opened import open_field
from diffview.runs.recipe import Recipe


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Ten slices of temperature, -9999 in a corner of all of them, which no attribute declares."""
    values = np.random.default_rng(0).normal(15, 2, (10, 24, 32)).astype(np.float32)
    values[:, :4, :6] = -9999
    with h5py.File(tmp_path / "a.h5", "w") as made:
        made["sst"] = values
        made["sst"].attrs["units"] = "degC"
    return tmp_path / "a.h5"


def test_the_slice_and_the_other_slices_lose_the_value(file: Path) -> None:
    plain = open_field(Recipe.of(path=str(file), dataset="/sst", index=(0,)))
    assert plain.facts.field.values.min() == plain.facts.stack.min() == -9999
    masked = open_field(Recipe.of(path=str(file), dataset="/sst", index=(0,), mask=(-9999.0,)))
    for values, count in ((masked.facts.field.values, 24), (masked.facts.stack, 9 * 24)):
        assert np.isnan(values).sum() == count and np.nanmin(values) > 0
    assert np.array_equal(masked.facts.field.values[4:], plain.facts.field.values[4:])


def test_a_recipe_keeps_it(file: Path) -> None:
    recipe = Recipe.of(path=str(file), mask=(-9999.0, 1e35))
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe and again.source.mask == (-9999.0, 1e35)
    assert Recipe().source.mask == ()


def test_commands_take_it(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noisy, made = tmp_path / "noisy.nc", tmp_path / "made.nc"
    whole = ("--mask=-9999", "--index", "0")
    assert main(["noise", str(file), "/sst", "--t", "0.1", *whole, "-o", str(noisy)]) == 0
    with xarray.open_dataset(noisy) as seen:
        assert np.isnan(seen.sst.values).sum() == 24 and float(seen.sst.min()) > 0
    fill = ("--fill", str(file), "/sst", "--model", "gaussian", "--steps", "3", "--region", "0,0,24,32")
    assert main(["sample", *fill, *whole, "-o", str(made)]) == 0
    with xarray.open_dataset(made) as seen:
        assert int(seen.generated.sum()) == 24 and float(seen.sst.min()) > 0
        assert Recipe.from_json(seen.attrs["diffview_recipe"]).source.mask == (-9999.0,)
    assert main(["noise", str(file), "/sst", "--t", "0.1", "--mask", "x", "-o", str(noisy)]) == 2
    assert "mask" in capsys.readouterr().err
