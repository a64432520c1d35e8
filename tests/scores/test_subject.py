"""What is scored: formulas fitted to complete fields, and the set that a network was trained on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.learning.sets import TrainingSet, evenly
from diffview.models.cards import Card
from diffview.models.gaussian import fit_gaussian
from diffview.scores.subject import formula, set_trained_on

FIELDS = np.random.default_rng(0).standard_normal((12, 8, 8)).astype(np.float32)
OTHER = np.random.default_rng(1).standard_normal((12, 8, 8)).astype(np.float32)


def made(fields: np.ndarray) -> TrainingSet:
    return TrainingSet(fields[:8], fields[8:], Transform("identity"), "tb", "K")


def card(**about: object) -> Card:
    plain = Card("net", "tb", "K", Transform("identity"), (1, 8, 8), (0.02, 80.0), file=Path("net"))
    return replace(plain, data={"sha256": made(FIELDS).fingerprint}, **about)


def too_small() -> TrainingSet:
    raise UserError("The field is too small.", "Choose another.")


def test_the_set_of_a_network_is_the_one_with_its_fingerprint() -> None:
    asked = []

    def then(fields: np.ndarray) -> TrainingSet:
        asked.append(fields)
        return made(fields)

    found = set_trained_on(card(), [too_small, lambda: then(OTHER), lambda: then(FIELDS), lambda: then(OTHER)])
    assert (found.fields == FIELDS[:8]).all() and len(asked) == 2, "nothing is made after it"


def test_other_sets_are_refused_with_where_the_scores_come_from() -> None:
    with pytest.raises(UserError, match="is not what net was trained on") as caught:
        set_trained_on(card(), [too_small, lambda: made(OTHER)])
    assert "Open the file" in caught.value.hint
    known = card(scores={"settings": {"command": "diffview verify model --model net"}})
    with pytest.raises(UserError) as caught:
        set_trained_on(known, [])
    assert caught.value.hint == "Its scores come from: diffview verify model --model net"


def test_a_formula_is_fitted_to_the_complete_fields_of_a_set() -> None:
    holed = FIELDS.copy()
    holed[2, 0, 0] = holed[9, 3, 3] = np.nan
    subject = formula("gaussian", made(holed))
    fitted = subject.make(None)
    np.testing.assert_array_equal(fitted.power, fit_gaussian(np.delete(FIELDS[:8], 2, axis=0)).power)
    assert len(subject.data.held_out) == 3 and subject.noise_range is None
    with pytest.raises(UserError, match="missing pixels"):
        formula("gaussian", made(np.where(np.indices(holed.shape)[1] == 0, np.nan, holed)))


def test_evenly_keeps_the_ends_and_no_more_than_there_are() -> None:
    assert evenly(np.arange(10.0), 4).tolist() == [0.0, 3.0, 6.0, 9.0]
    assert evenly(np.arange(3.0), 9).tolist() == [0.0, 1.0, 2.0]
