"""The scores of a filled gap in words."""

import numpy as np
import pytest
from moments import in_force

from diffview.fields.field import Field, Region
from diffview.gui.show import gap_words
from diffview.scores.gap import Score, gap_of, with_truth

ONE = Score(1.5, 0.75, None, None, 1, 40)
MANY = Score(0.123456, 0.25, 0.3, 0.987, 8, 40)
LAW = "Fitted to 12 crops."
GAP = (Region(10, 10, 4, 5),)
HOLE = (slice(12, 16), slice(12, 20))
"""It shares 2 rows of 3 pixels with the hidden rectangle."""

KRIGING = "Kriging, or optimal interpolation: exact under a Gaussian prior that has no edges."


def filled(hidden=GAP, hole=False, units="kelvin", sampler="repaint"):
    """A plan that fills what is hidden and missing in a field, and its facts."""
    values = (280 + 5 * np.random.default_rng(0).standard_normal((80, 80))).astype(np.float32)
    if hole:
        values[HOLE] = np.nan
    field = Field(values, "sst", units)
    session = in_force(field=field, region=Region(0, 0, 64, 64), hidden=hidden, sampler=sampler, steps=4)
    return session.plan, session.facts


def test_the_gap_is_what_is_hidden_and_what_is_missing():
    plan, _ = filled()
    assert (int(gap_of(plan).sum()), with_truth(plan)) == (20, 20)
    plan, _ = filled(hole=True)
    assert (int(gap_of(plan).sum()), with_truth(plan)) == (20 + 32 - 6, 14)
    assert gap_of(filled(sampler="ddim")[0]) is None


@pytest.mark.parametrize(
    ("model", "kriging", "text"),
    [
        (None, None, ""),
        (ONE, None, "gap RMSE: model 1.50 K"),
        (None, MANY, "gap RMSE: kriging 0.12 K"),
        (ONE, MANY, "gap RMSE: model 1.50, kriging 0.12 K"),
    ],
)
def test_scores_in_few_words(model, kriging, text):
    assert gap_words.score_sentence(*filled(), model, kriging) == text


def test_without_a_truth_there_are_no_scores_and_a_reason():
    plan, facts = filled(hidden=(), hole=True)
    assert gap_words.score_sentence(plan, facts, ONE, None) == "no truth in the gap: its pixels are missing"
    assert gap_words.score_rows(plan, facts, ONE, MANY) == []


def test_without_a_unit_none_is_written():
    plan, facts = filled(units="")
    assert gap_words.score_sentence(plan, facts, ONE, None) == "gap RMSE: model 1.50"
    assert gap_words.score_rows(plan, facts, ONE, None)[0][0] == "in the gap"


def test_scores_as_a_table():
    plan, facts = filled()
    assert gap_words.score_rows(plan, facts, None, None) == []
    rows = gap_words.score_rows(plan, facts, ONE, MANY)
    assert [(name, model, kriging) for name, _, model, kriging in rows] == [
        ("in the gap, K", "model", "kriging"),
        ("RMSE", "1.50", "0.12"),
        ("CRPS", "0.75", "0.25"),
        ("spread/skill", "—", "0.99"),
        ("members", "1", "8"),
    ]
    assert all(tip and not tip.endswith(" ") for _, tip, _, _ in rows)


@pytest.mark.parametrize(("model", "kriging", "column"), [(ONE, None, 3), (None, MANY, 2)])
def test_a_score_that_is_on_its_way_is_shown_as_dots(model, kriging, column):
    rows = gap_words.score_rows(*filled(), model, kriging)[1:]
    assert [row[column] for row in rows] == ["…", "…", "…", ""]


@pytest.mark.parametrize(
    ("fault", "law", "share", "note"),
    [
        ("Too many pixels.", None, None, "No kriging beside it: Too many pixels."),
        ("", None, None, "Kriging is computed…"),
        ("", None, 0.256, "Kriging is computed 26 %…"),
        ("", LAW, None, f"{KRIGING} {LAW} No crop shows a hidden pixel."),
    ],
)
def test_what_is_said_of_kriging(fault, law, share, note):
    assert gap_words.filling_note(filled()[0], fault, law, share) == note


def test_the_note_says_what_has_a_truth():
    half = gap_words.filling_note(filled(hole=True)[0], "", LAW, None)
    assert half.startswith("Scored where a value was hidden; the other pixels are missing in the field. Kriging,")
    none = gap_words.filling_note(filled(hidden=(), hole=True)[0], "", LAW, None)
    assert none == (
        f"These pixels are missing in the field: there is no truth to score the filling against. {KRIGING} {LAW}"
    )
    assert gap_words.filling_note(filled(sampler="ddim")[0], "", LAW, None) == "", "it fills nothing"
