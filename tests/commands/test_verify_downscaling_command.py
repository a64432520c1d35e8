"""`diffview verify downscaling`: thresholds and ways that nobody asked for fail no command."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from diffview.cli import main
from diffview.models import cards
from diffview.models.gaussian import Gaussian

SHORT = ("--cases", "3", "--members", "3")
HIGHEST = 4.0


@pytest.fixture
def light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rain of at most 4 mm/h."""
    rain = Gaussian.power_law(64, 64, 3.0, 1.0).sample(np.random.default_rng(0).standard_normal((20, 64, 64)))
    rain = np.maximum(rain, 0) ** 3
    with h5py.File(tmp_path / "light.h5", "w") as file:
        file["rain"] = (rain * (HIGHEST / rain[10:].max())).astype(np.float32)
        file["rain"].attrs["units"] = "mm/h"
    monkeypatch.chdir(tmp_path)
    return tmp_path / "light.h5"


def asked(*words: str) -> list[str]:
    data = ("--model", "rain64-from-coarse", "--data", "light.h5", "rain")
    return ["verify", "downscaling", *data, *SHORT, *words]


def test_rates_that_no_held_out_field_reaches_are_left_out_of_every_way_and_told(light: Path, capsys) -> None:
    assert main(asked("--ways", "gaussian,coarse", "--json")) == 0
    told = capsys.readouterr()
    ways = json.loads(told.out)
    assert [[one["threshold"] for one in way["neighbourhoods"]] for way in ways] == [[0.1, 1.0], [0.1, 1.0]]
    assert "No FSS above 5 mm/h: no held-out field has so much." in told.err


def test_a_rate_that_is_asked_for_is_refused_before_anything_is_drawn(light: Path, capsys) -> None:
    assert main(asked("--ways", "coarse", "--threshold", "1,9", "-o", "scores.json")) == 2
    told = capsys.readouterr().err
    assert "No pixel of the truth lies above 9 mm/h." in told and "Choose a threshold below" in told
    assert "CRPS" not in told and not Path("scores.json").exists()


def test_a_way_without_its_network_is_left_out_unless_it_is_asked_for(light: Path, capsys, monkeypatch) -> None:
    pytest.importorskip("torch")
    alone = {name: card for name, card in cards.read_cards().items() if name != "rain64"}
    monkeypatch.setattr(cards, "read_cards", lambda: alone)
    assert main(asked("--steps", "2", "--json")) == 0
    told = capsys.readouterr()
    assert [one["route"] for one in json.loads(told.out)] == ["coarse", "one", "network", "gaussian"]
    assert "No SDEdit at s*: there is no unconditional network beside rain64-from-coarse." in told.err
    assert main(asked("--ways", "coarse,sdedit")) == 2
    told = capsys.readouterr()
    assert "There is no unconditional network" in told.err and "CRPS" not in told.err
