"""diffview verify race: scoreboards and races from the command line."""

import csv
import json

import h5py
import numpy as np
import pytest
from models_twins import small_model

from diffview.cli import main
from diffview.scores.scoreboard import ANOTHER


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("race") / "fields.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as out:
        for name, n in (("train", 40), ("test", 20)):
            out[name] = (270 + 15 * rng.normal(size=(n, 16, 16))).astype(np.float32)
            out[name].attrs["units"] = "K"
    return path


QUICK = ["--grids", "karras", "--samplers", "heun", "--steps", "4", "--samples", "4", "--members", "2"]


def race(file, *words, model="gaussian"):
    """The words before the first option are datasets."""
    datasets = [word for i, word in enumerate(words) if not any(w.startswith("-") for w in words[: i + 1])]
    options = words[len(datasets) :]
    return main(["verify", "race", "--model", model, *QUICK, "--size", "16", *options, "--data", str(file), *datasets])


def test_a_scoreboard_of_a_formula(file, tmp_path, capsys):
    out = tmp_path / "rows.csv"
    assert race(file, "train", "--held-out", "0.4", "--steps", "3,6", "--json", "--csv", str(out)) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["units"] == "K" and [row["what"] for row in found["rows"]] == [ANOTHER, "run", "run"]
    assert [row["evaluations"] for row in found["rows"]] == [None, 5, 11]
    table = list(csv.DictReader(out.read_text().splitlines()))
    assert [float(row["spectrum (dB)"]) for row in table] == [row["spectrum"] for row in found["rows"]]


def test_rows_are_told_as_they_are_finished_and_sorted_at_the_end(file, capsys):
    assert race(file, "train", "--held-out", "0.4", "--steps", "2,12", "--samplers", "ddim", "--start-level", "1") == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert "crps" in lines[0] and lines[2].startswith(ANOTHER) and len(lines) == 5
    assert [line.split("  ")[-1].split(":")[0] for line in told.err.splitlines()] == [
        ANOTHER, "edm karras ddim 2", "edm karras ddim 12",
    ]  # fmt: skip


def test_a_formula_on_two_datasets(file, capsys):
    assert race(file, "train", "test", "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert len(rows) == 2 and not rows[1]["why"]


def test_a_network_on_two_datasets(file, tmp_path, capsys):
    folder = small_model(tmp_path / "m", "model").file.parent
    assert race(file, "train", "test", "--json", model=str(folder)) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert len(rows) == 2 and rows[1]["spectrum"] > 0 and not rows[1]["why"]


def test_errors_against_evaluations(file, tmp_path, capsys):
    out = tmp_path / "errors.csv"
    words = ["--errors", "--evaluations", "6,24", "--samplers", "euler,heun", "--csv", str(out)]
    assert race(file, "train", *words, "--json") == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert {(row["sampler"], row["evaluations"]) for row in rows} == {
        ("euler", 6), ("euler", 24), ("heun", 5), ("heun", 23)
    }  # fmt: skip
    assert {row["truth"] for row in rows} == {"closed form"} and {row["units"] for row in rows} == {"K"}
    assert len(list(csv.DictReader(out.read_text().splitlines()))) == 4
    assert race(file, "train", "--errors", "--evaluations", "6", "--end", "0.1") == 0
    assert "log-uniform to s = 0.1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--grids", "leading"], "no grid called 'leading'"), (["--samplers", "warp"], "no sampler called 'warp'"),
        (["--schedules", "nix"], "no schedule"), (["--steps", "9,x"], "'9,x' is no list of steps"),
        (["--steps", ""], "'' is no list of steps"), (["--samples", "0"], "cannot be drawn"),
        (["--held-out", "0"], "0 held-out fields"), (["--start-level", "-1"], "cannot start at s = -1"),
        (["--errors", "--evaluations", "0"], "'0' is no list of evaluations"),
    ],
)  # fmt: skip
def test_bad_words_are_sentences(file, capsys, words, sentence):
    assert race(file, "train", *words) == 2
    assert sentence in capsys.readouterr().err


def test_a_network_without_data_is_a_sentence(capsys):
    assert main(["verify", "race", "--model", "bt64"]) == 2
    assert "No data are named" in capsys.readouterr().err
