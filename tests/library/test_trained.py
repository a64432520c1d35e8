"""Networks trained and verified from a program."""

import json
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import xarray

import diffview
from diffview.learning.from_files import Cut
from diffview.learning.network import OF_THE_DATA
from diffview.learning.sequence_sets import SequencesAsked
from diffview.learning.settings import TrainingSettings
from diffview.library.keywords import TrainingValues
from diffview.models.nets.unet import UNetConfig

SMALL = {"steps": 4, "batch": 4, "size": 16, "width": 8, "multipliers": (1, 2), "warmup": 1, "device": "cpu", "seed": 3}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "tb.nc"
    y, x = np.mgrid[:16, :16]
    waves = np.random.default_rng(0).normal(size=(60, 2))
    values = np.float32([280 + 5 * np.sin(y / 3 + a) * np.cos(x / 4 + b) for a, b in waves])
    xarray.DataArray(values, dims=("time", "y", "x"), name="tb", attrs={"units": "K"}).to_netcdf(
        path, engine="h5netcdf"
    )
    return path


@pytest.fixture(scope="module")
def log(file: Path) -> xarray.Dataset:
    return diffview.train(file, "tb", out=file.parent / "net", **SMALL)


def test_a_training_gives_its_log_and_its_model(log: xarray.Dataset, file: Path) -> None:
    assert int(log["step"][-1]) == 4 and np.isfinite(log["loss"]).all() and log["rate"].dims == ("step",)
    assert log.attrs["diffview_model"] == str(file.parent / "net") and log.attrs["diffview_seed"] == "3"
    assert json.loads(log.attrs["diffview_model_card"])["units"] == "K"
    made = diffview.sample(model=log.attrs["diffview_model"], members=2, steps=2)
    fields_made = next(iter(made.data_vars.values()))
    assert fields_made.shape == (2, 16, 16) and np.isfinite(fields_made).all() and fields_made.attrs["units"] == "K"


def test_a_training_goes_on(log: xarray.Dataset, file: Path) -> None:
    with pytest.raises(diffview.UserError, match="finished"):
        diffview.train(file, "tb", out=log.attrs["diffview_model"], resume=True, device="cpu", size=16)
    with pytest.raises(diffview.UserError, match="holds a model already"):
        diffview.train(file, "tb", out=log.attrs["diffview_model"], **SMALL)


def test_a_network_is_verified(log: xarray.Dataset, file: Path) -> None:
    shares: list[float] = []
    scores = diffview.verify(log.attrs["diffview_model"], file, "tb", samples=8, steps=2, progress=shares.append)
    assert {"value", "limit", "chance", "ok"} <= set(scores) and scores.sizes["check"] == 2 and shares
    assert bool((scores["ok"] <= (scores["value"] <= scores["limit"]) | scores["at_least"]).all())
    assert json.loads(scores.attrs["diffview_scores"])["settings"]["steps"] == 2


@pytest.mark.parametrize(("model", "word"), [("gaussian", "formula"), ("none", "none")])
def test_what_cannot_be_verified_is_a_sentence(model: str, word: str, file: Path) -> None:
    with pytest.raises(diffview.UserError, match=word):
        diffview.verify(model, file, "tb")


def test_the_keywords_of_a_training_are_those_that_there_are() -> None:
    known = {f.name for kind in (Cut, UNetConfig, TrainingSettings) for f in fields(kind)} - set(OF_THE_DATA)
    known |= {f.name for f in fields(SequencesAsked)}
    assert set(TrainingValues.__annotations__) == (known - {"sigma_data"}) | {"transform", "device", "resume", "origin"}
