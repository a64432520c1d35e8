"""diffview verify model, on a small network and small files."""

import json
from dataclasses import replace

import h5py
import numpy as np
import pytest
from models_twins import small_model

from diffview.cli import main
from diffview.models.cards import Card


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "fields.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as out:
        for name, n in (("train", 40), ("test", 20)):
            out[name] = (270 + 15 * rng.normal(size=(n, 16, 16))).astype(np.float32)
            out[name].attrs["units"] = "K"
    return path


def verify(tmp_path, file, *words, **about):
    card = small_model(tmp_path / "m", "model", **about)
    return main(["verify", "model", "--model", str(card.file.parent), "--data", str(file), *words,
                 "--samples", "16", "--steps", "3"])  # fmt: skip


def test_two_datasets_are_trained_on_and_held_out(tmp_path, file, capsys):
    assert verify(tmp_path, file, "train", "test", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["kind"] == "samples" and {row["what"] for row in found["rows"]} and "--samples 16" in str(found)


def test_the_scores_go_into_the_card(tmp_path, file, capsys):
    assert verify(tmp_path, file, "train", "--held-out", "0.4", "--save") == 0
    assert "diffview verify model" in str(Card.read(tmp_path / "m").scores["settings"]["command"])
    assert "nearest" in capsys.readouterr().out


def test_the_sampler_and_its_settings(tmp_path, file, capsys):
    words = ("--sampler", "churn", "--sampler-param", "S_churn=2")
    assert verify(tmp_path, file, "train", "test", *words, "--json") == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert settings["sampler"] == "churn" and settings["params"]["S_churn"] == 2
    assert settings["command"].endswith("--steps 3 --seed 0 --sampler churn --sampler-param S_churn=2.0")
    assert verify(tmp_path, file, "train", "test", "--sampler", "repaint") == 2
    assert "fills the missing" in capsys.readouterr().err


def test_it_draws_as_the_card_was_scored(tmp_path, file, capsys):
    card = small_model(tmp_path / "m", "model")
    replace(card, scores={"settings": {"sampler": "churn", "steps": 2, "params": {"S_churn": 3}}}).save()
    words = ["verify", "model", "--model", str(card.file.parent), "--data", str(file), "train", "--samples", "16"]
    for options, ends in (
        ((), "--steps 2 --seed 0 --sampler churn --sampler-param S_churn=3.0"),
        (
            ("--steps", "3", "--sampler-param", "S_churn=1"),
            "--steps 3 --seed 0 --sampler churn --sampler-param S_churn=1.0",
        ),
        (("--sampler", "ddim"), "--steps 2 --seed 0 --sampler ddim"),
    ):
        assert main([*words, *options, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["settings"]["command"].endswith(ends)


def test_another_unit_is_a_sentence(tmp_path, file, capsys):
    assert verify(tmp_path, file, "train", units="mm h-1") == 2
    assert "these fields are in K" in capsys.readouterr().err


def test_no_such_model(file, capsys):
    assert main(["verify", "model", "--model", "nix", "--data", str(file)]) == 2
    assert "There is no model called 'nix'" in capsys.readouterr().err
