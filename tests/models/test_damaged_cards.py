"""Every leaf and branch of a good card, damaged in every way: a sentence, or a card that everything can be asked of."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field
from diffview.learning.densities import training_density
from diffview.models.cards import Card, cards
from diffview.models.choice import Trained, mismatch
from diffview.models.plain import LONGEST
from diffview.runs.sampling import Sampling

sys.path.insert(0, str(Path(__file__).parents[1]))
from damage import damaged, is_a_sentence

GOOD = {name: json.loads(cards()[name].with_suffix(".json").read_text()) for name in ("rain64", "rain64-from-coarse")}
FIELD = Field(np.zeros((16, 16), np.float32), "sst", "degC")


def texts(value):
    if isinstance(value, dict):
        return [text for key, inner in value.items() for text in (key, *texts(inner))]
    if isinstance(value, list | tuple):
        return [text for inner in value for text in texts(inner)]
    return [value] if isinstance(value, str) else []


def ask(card):
    """What the command line and the Qt-free rooms ask of a card."""
    told = Trained(card, "cpu").sentence, mismatch(card, FIELD), str(card.limits_met), Sampling.scored(card).words
    try:
        training_density(card.training, np.linspace(-3, 3, 5))
    except UserError as error:
        assert is_a_sentence(error)
    inside = [card.name, card.units, *(t for part in (card.data, card.scores, card.training) for t in texts(part))]
    assert all(len(text) <= LONGEST and text.isprintable() for text in inside)
    assert all(len(text) < 5000 and text.isprintable() for text in told)
    assert Card.read(card.file) == card


@pytest.mark.parametrize("name", GOOD)
def test_every_place_of_a_card_damaged_in_every_way(tmp_path, name):
    path, refused = tmp_path / "sea.json", 0
    for what, plain in damaged(GOOD[name]):
        path.write_text(json.dumps(plain))
        try:
            card = Card.read(path)
        except UserError as error:
            refused += 1
            assert is_a_sentence(error) and "sea.json" in error.sentence, what
        else:
            ask(card)
    assert refused > 500
