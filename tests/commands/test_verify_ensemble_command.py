"""`diffview verify ensemble`: a file or a recipe, a truth of many kinds, tables, JSON and a file; what is refused."""

import json
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from diffview.cli import main
from diffview.models.gaussian import Gaussian
from diffview.runs.recipe import Recipe

RED = Gaussian.power_law(32, 40, 3.0, 2.0)


def write(path: Path, name: str, values: np.ndarray, first: str, units: str = "K", west: float = 0.0) -> None:
    with netCDF4.Dataset(path, "a" if path.exists() else "w") as file:
        ny, nx = values.shape[-2:]
        for dim, count, line, unit in (
            (first, len(values), np.arange(len(values)), "1"), ("lat", ny, 50 - 0.5 * np.arange(ny), "degrees_north"),
            ("lon", nx, west + 0.5 * np.arange(nx), "degrees_east"),
        ):  # fmt: skip
            if dim not in file.dimensions:
                file.createDimension(dim, count)
                file.createVariable(dim, "f8", (dim,))[:] = line
                file[dim].units = unit
        made = file.createVariable(name, "f4", (first, "lat", "lon"))
        made.units = units
        made[:] = values


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    fields = (280 + 5 * RED.sample(np.random.default_rng(0).standard_normal((15, 32, 40)))).astype(np.float32)
    write(tmp_path / "made.nc", "tb", fields[:8, 4:28, 6:38], "member")
    with netCDF4.Dataset(tmp_path / "made.nc", "a") as file:  # it lies inside the days
        file["lat"][:], file["lon"][:] = 48 - 0.5 * np.arange(24), 3 + 0.5 * np.arange(32)
    write(tmp_path / "days.nc", "tb", fields[8:], "time")
    write(tmp_path / "celsius.nc", "tb", fields[8:] - 273.15, "time", "degC")
    write(tmp_path / "elsewhere.nc", "tb", fields[8:], "time", west=90.0)
    monkeypatch.chdir(tmp_path)
    return fields


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    assert main(["verify", "ensemble", *words]) == code
    told = capsys.readouterr()
    return told.err if code else told.out


def test_another_time_of_a_larger_file_is_the_truth_and_the_others_the_climatology(files, capsys) -> None:
    words = ("made.nc", "--truth", "days.nc", "tb", "--truth-index", "2", "--json", "-o", "scores.json")
    found = json.loads(said(capsys, *words))
    assert found == json.loads(Path("scores.json").read_text())
    members, truth = files[:8, 4:28, 6:38].astype(float), files[10, 4:28, 6:38]
    pairs = np.abs(members[:, None] - members[None]).sum(axis=(0, 1)) / (2 * 8 * 7)
    assert found["crps"] == pytest.approx((np.abs(members - truth).mean(axis=0) - pairs).mean(), rel=1e-6)
    assert [(one["what"], one["fields"]) for one in found["beside"]] == [("climatology", 6), ("one member", 1)]
    assert found["units"] == "K" and found["members"] == 8 and found["in_km"]


def test_the_table_has_every_score_and_a_sentence_for_each(files, capsys) -> None:
    told = said(capsys, "made.nc", "tb", "--truth", "days.nc", "tb", "--truth-index", "2", "--threshold", "282,285")
    for words in ("fair CRPS", "spread/skill", "90 % interval", "member-truth", "FSS above", "forecast of > 285 K",
                  "quantile", "0.999", "of climatology", "This ensemble "):  # fmt: skip
        assert words in told
    assert "fair CRPS" not in said(capsys, "made.nc", "--truth", "none")


def test_a_recipe_makes_its_ensemble_first(files, capsys) -> None:
    made = Recipe.of(path="days.nc", dataset="tb", index=(2,), model="gaussian", steps=3, origin="field", level=1.0)
    Path("r.json").write_text(made.to_json())
    found = json.loads(said(capsys, "--recipe", "r.json", "--members", "3", "--json"))
    assert found["members"] == 3 and found["crps"] > 0 and found["beside"][0]["what"] == "climatology"
    other = json.loads(said(capsys, "--recipe", "r.json", "--members", "3", "--json", "--truth", "days.nc", "tb",
                            "--truth-index", "5"))  # fmt: skip
    assert other["crps"] > found["crps"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("made.nc", "--truth", "elsewhere.nc", "tb"), "their coordinates do not meet"),
        (("made.nc", "--truth", "celsius.nc", "tb"), "The truth is in degC, the members are in K"),
        (("made.nc", "--truth", "field"), "does not hold the field itself, tb_truth"),
        (("days.nc",), "has no variable with a dimension of members"),
        (
            ("made.nc", "--truth", "days.nc", "tb", "--threshold", "900"),
            "No pixel of members or truth lies above 900 K",
        ),
        (("made.nc", "--threshold", "warm"), "'warm' is no list of thresholds"),
        (("made.nc", "--truth", "days.nc", "tb", "--truth-index", "two"), "'two' is no list of indices"),
        ((), "An ensemble comes from a file or from a recipe"),
        (("made.nc", "--members", "4"), "--members has no effect here: it goes with --recipe"),
        (("made.nc", "--truth", "none", "--truth-index", "2"), "--truth-index has no effect here"),
        (("--recipe", "one.json", "--given", "days.nc", "tb"), "--given has no effect here"),
        (("--recipe", "one.json"), "One member has no spread"),
    ],
)
def test_what_cannot_be_judged_is_a_sentence_with_a_hint(words, sentence, files, capsys) -> None:
    Path("one.json").write_text(Recipe.of(path="days.nc", dataset="tb", model="gaussian", steps=2).to_json())
    told = said(capsys, *words, code=2)
    assert sentence in told and len(told.strip().splitlines()) == 2
