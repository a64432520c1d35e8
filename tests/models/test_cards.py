"""Cards: there and back, found by name, and a sentence for every way they can be damaged."""

import json
import os

import pytest

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.models import cards as cards_module
from diffview.models.cards import Card, cards, find_card, read_cards

CARD = Card("sea", "sst", "degC", Transform("standardise", 15.0, 4.0), (1, 16, 32), (0.01, 40.0), coarsen=8)


def written(folder, **changed):
    plain = {**json.loads(CARD.to_json()), **changed}
    (folder / "sea.json").write_text(json.dumps({k: v for k, v in plain.items() if v is not ...}), encoding="utf-8")
    return folder / "sea"


@pytest.mark.parametrize("suffix", ["", ".json", ".safetensors"])
@pytest.mark.parametrize("name", ["sea", "sea.v1.5"])
def test_there_and_back(tmp_path, name, suffix):
    (tmp_path / f"{name}.json").write_text(CARD.to_json(), encoding="utf-8")
    card = Card.read(tmp_path / (name + suffix))
    assert card == CARD and card.file == tmp_path / name
    card.save()
    assert Card.read(tmp_path / name) == CARD


def test_the_folder_of_a_model(tmp_path):
    (tmp_path / "model.json").write_text(CARD.to_json(), encoding="utf-8")
    assert Card.read(tmp_path).file == tmp_path / "model"


@pytest.mark.parametrize(
    "changed",
    [
        {"name": 3},
        {"units": None},
        {"kind": "score"},
        {"transform": "log1p"},
        {"transform": {"key": "log2", "mean": 0, "std": 1}},
        {"transform": {"key": "log1p", "mean": 0}},
        {"transform": {"key": "log1p", "mean": "a", "std": 1}},
        {"transform": {"key": "log1p", "mean": 0, "std": 0}},
        {"transform": {"key": "log1p", "mean": 0, "std": 1e308}},
        {"transform": {"key": "log1p", "mean": 1e308, "std": 1e-320}},
        {"shape": [1, 16]},
        {"shape": [1, 0, 16]},
        {"shape": [1, float("inf"), 16]},
        {"noise_range": [1.0, 0.5]},
        {"noise_range": [0.1, float("inf")]},
        {"noise_range": 4},
        {"coarsen": 5},
        {"coarsen": -8},
        {"coarsen": "eight"},
        {"weights": ["abc"]},
        {"network": 3},
        {"weights": {"parameters": "many"}},
        {"weights": {"parameters": 10**400}},
        {"scores": {"verdicts": 3}},
        {"scores": {"verdicts": [{"ok": True}]}},
        {"scores": {"verdicts": None}},
        {"scores": {"curves": {"spectrum": {"k": [1, 2], "samples": [1]}}}},
        {"scores": {"verdicts": [[]]}},
        {"units": ...},
        {"transform": ...},
        {"diffview_model": 2},
        {"file": "/etc/passwd"},
        {"colour": "blue"},
    ],
)
def test_values_of_the_wrong_kind(tmp_path, changed):
    with pytest.raises(UserError) as error:
        Card.read(written(tmp_path, **changed))
    assert error.value.sentence.endswith(".") and error.value.hint and "sea.json" in error.value.sentence


def test_scores_of_older_cards_have_the_words_of_today(tmp_path):
    verdict = {"what": "wet share error to train", "value": 1, "limit": 3, "at_least": False, "units": "", "ok": True}
    scores = {"rows": [{"what": "wet share", "units": "%", "samples": 9.0}], "verdicts": [verdict]}
    read = Card.read(written(tmp_path, scores=scores)).scores
    assert read["rows"][0]["what"] == "wet-pixel fraction"
    assert read["verdicts"][0]["what"] == "wet-pixel fraction error to train"


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "[" * 100_000, '{"diffview_model": 1}', "\x00"])
def test_not_a_card(tmp_path, text):
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(UserError):
        Card.read(tmp_path / "x")


def test_only_plain_files_of_sensible_size_are_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.json")
    with pytest.raises(UserError, match="a pipe or a device, not a card"):
        Card.read(tmp_path / "pipe")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(10**8)
    with pytest.raises(UserError, match="100 MB, which is too much for a card"):
        Card.read(tmp_path / "large")


def test_no_card(tmp_path):
    with pytest.raises(UserError, match="has no card"):
        Card.read(tmp_path)
    with pytest.raises(UserError, match="has no card"):
        Card.read(tmp_path / "nothing")


def test_found_by_name(tmp_path, monkeypatch):
    sample, own = tmp_path / "sample", tmp_path / "own"
    monkeypatch.setattr(cards_module, "sample_models", lambda: sample)
    monkeypatch.setattr(cards_module, "user_folder", lambda _: own)
    sample.mkdir()
    for name in ("sea", "land"):
        (sample / f"{name}.json").write_text(CARD.to_json(), encoding="utf-8")
    (own / "models" / "sea").mkdir(parents=True)
    (own / "models" / "sea" / "model.json").write_text(CARD.to_json(), encoding="utf-8")
    (sample / "bad.json").write_text("{}", encoding="utf-8")
    assert set(cards()) == {"sea", "land", "bad"} and set(read_cards()) == {"sea", "land"}
    assert find_card("land").file == sample / "land"
    assert find_card("sea").file == own / "models" / "sea" / "model"
    assert find_card(str(sample / "land")).file == sample / "land"
    assert find_card(str(own / "models" / "sea")).file == own / "models" / "sea" / "model"
    for name in ("", "ice", "x" * 5000, "a\x00b"):
        with pytest.raises(UserError, match="no model called"):
            find_card(name)
