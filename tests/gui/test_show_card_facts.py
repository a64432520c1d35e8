"""A network's card in short lines, its verdicts as rows, and why it cannot be verified: made without Qt."""

from types import SimpleNamespace

import numpy as np
import pytest
from moments import in_force

from diffview.fields.transforms import Transform
from diffview.gui.show import card_facts
from diffview.gui.show.card_facts import REASONS, VerdictRow
from diffview.models.cards import Card

PERFECT = (
    "A perfect model, which draws as many fields from the training set itself, meets it in 37 of 100 cases."
)  # fmt: skip


def card(**about):
    given = {
        "name": "twin", "quantity": "toa_brightness_temperature", "units": "K",
        "transform": Transform("standardise", 270.0, 15.0), "shape": (1, 64, 48), "noise_range": (0.01, 20.0),
    }  # fmt: skip
    return Card(**{**given, **about})


def verdict(what, value=1.0, limit=2.0, at_least=False, ok=True, units="K", **more):
    return {"what": what, "value": value, "limit": limit, "at_least": at_least, "ok": ok, "units": units, **more}


# -- the card


def test_a_bare_card_says_its_noise_alone():
    assert card_facts.glance(card()) == [("Noise", "0.01 ≤ s ≤ 20.00, fields through standardise")]
    assert card_facts.title_of(card()) == "toa brightness temperature in K, 64 × 48 pixels"
    assert card_facts.title_of(card(quantity="mask", units="")) == "mask, 64 × 48 pixels"


def test_all_that_a_card_knows_in_lines():
    full = card(
        coarsen=8,
        weights={"parameters": 1_234_567, "dtype": "float16"},
        data={"fields": 12_345, "held_out": 600, "split": "by day", "source": "IMERG", "limits": "One month.",
              "own_steps": "8", "licence": "CC BY 4.0"},
        training={"steps": 900, "batch": 32, "seconds": 150, "loss": "edm", "density": "broad",
                  "machine": "2 core(s), 1 threads", "from": {"name": "rain64", "steps": 400}},
    )  # fmt: skip
    assert card_facts.glance(full) == [
        ("Conditioned on", "the mean over 8 × 8 pixels"),
        ("Weights", "1.2 million, float16"),
        ("Noise", "0.01 ≤ s ≤ 20.00, fields through standardise"),
        ("Trained on", "12\N{THIN SPACE}345 fields"),
        ("Held out", "600 fields, by day"),
        ("Training", "900 steps of 32 fields, 2 min, loss edm, noise broad"),
        ("Begun with", "rain64 after 400 steps"),
        ("Machine", "2 cores, 1 thread"),
        ("Data", "IMERG"),
        ("Limits", "One month."),
        ("Its own steps", "8"),
        ("Licence", "CC BY 4.0"),
    ]


@pytest.mark.parametrize(
    ("training", "text"),
    [
        ({"steps": 5}, "5 steps of ? fields"),
        ({"seconds": 42.4}, "42 s"),
        ({"seconds": 60}, "1 min"),
        ({"loss": "plain"}, "loss plain, noise ?"),
        ({}, None),
        ({"seconds": 0}, None),
    ],
)
def test_a_training_says_what_is_known_of_it(training, text):
    assert dict(card_facts.glance(card(training=training))).get("Training") == text


@pytest.mark.parametrize(
    ("origin", "text"),
    [({"name": "rain64"}, "rain64 after ? steps"), ({"steps": 4}, None), ("rain64", None), (None, None)],
)
def test_whose_weights_it_began_with(origin, text):
    assert dict(card_facts.glance(card(training={"from": origin}))).get("Begun with") == text


def test_weights_without_a_type_have_no_comma():
    assert dict(card_facts.glance(card(weights={"parameters": 2e6})))["Weights"] == "2 million"
    assert "Weights" not in dict(card_facts.glance(card(weights={"dtype": "float32"})))


# -- verdicts


@pytest.mark.parametrize(
    ("what", "group", "shown"),
    [
        ("spectrum to train", "Beside the training fields", "Spectrum"),
        ("quantile 0.99 error to held-out", "Beside fields it never saw", "Quantile 0.99"),
        ("nearest training field, median", "Does it copy?", "Nearest training field"),
        ("CRPS, beside that of one member", "CRPS beside that of", "One member"),
        ("block mean error", "The members", "Block mean error"),
    ],
)
def test_a_verdict_stands_under_its_heading(what, group, shown):
    (row,) = card_facts.rows_of({"verdicts": [verdict(what)]})
    assert (row.group, row.what) == (group, shown)
    assert row.why.startswith(f"{what[0].upper()}{what[1:]}.\n")


@pytest.mark.parametrize(
    ("given", "value", "limit"),
    [
        ({"value": 0.12345, "limit": 3.0, "units": "points"}, "0.123 %", "≤ 3"),
        ({"value": 9.1e-7, "limit": 1e-6, "units": "mm h-1"}, "9.1e−07 mm/h", "≤ 1e−06"),
        ({"value": None, "at_least": True, "units": ""}, "—", "≥ 2"),
    ],
)
def test_values_and_limits_have_three_digits_and_a_unit(given, value, limit):
    (row,) = card_facts.rows_of({"verdicts": [verdict("CRPS", **given)]})
    assert (row.value, row.limit) == (value, limit)


def test_how_often_a_perfect_model_meets_a_limit_is_told():
    rows = [card_facts.rows_of({"verdicts": [verdict("CRPS", chance=c)]})[0] for c in (0.371, None, "often")]
    assert rows[0].why.endswith(f"\n{PERFECT}")
    assert not any("perfect" in row.why for row in rows[1:])


def test_every_reason_is_reached_by_its_name():
    for what, reason in REASONS.items():
        (row,) = card_facts.rows_of({"verdicts": [verdict(what)]})
        assert reason in row.why, what
    (row,) = card_facts.rows_of({"verdicts": [verdict("a new measure")]})
    assert row.why == "A new measure."


def test_rows_of_one_heading_stand_together():
    verdicts = [verdict("spectrum to train"), verdict("CRPS"), verdict("quantile 0.99 error to train")]
    rows = card_facts.rows_of({"verdicts": verdicts})
    assert [row.group for row in rows] == ["Beside the training fields"] * 2 + ["CRPS beside that of"]


def test_numbers_without_a_verdict_are_shown_unless_one_judges_them():
    scores = {"crps": 0.5, "block_mean_relative_error": 0.01, "spread_skill": None, "units": "kelvin"}
    why = REASONS["block mean error"]
    assert card_facts.rows_of(scores)[1] == VerdictRow("The members", "Block mean error", "0.01", "", None, why)
    judged = card_facts.rows_of({**scores, "verdicts": [verdict("CRPS, beside that of one member")]})
    assert [row.what for row in judged] == ["One member", "Block mean error"]


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        ({}, "not verified yet"),
        ({"crps": 0.5}, "verified, without limits"),
        ({"verdicts": [verdict("a"), verdict("b", ok=False), verdict("c", ok=None)]}, "1 of 2 limits met"),
    ],
)
def test_limits_in_words(scores, text):
    assert card_facts.limits_text(card(scores=scores)) == text


# -- where scores come from, what a call costs, how to verify


@pytest.mark.parametrize(
    ("scores", "text"),
    [
        ({}, ""),
        ({"counts": {"samples": 64, "held_out": 30, "train": 60}},
         "64 samples beside 30 held-out and 60 training fields."),
        ({"counts": {"cases": 5, "members": 8}, "settings": {"sampler": "heun", "steps": 18, "seed": 0}},
         "8 members for each of 5 held-out fields; heun, 18 steps, seed 0."),
        ({"curves": {"spectrum": {"one": [1.0]}}}, "the grey band lies between two halves of the training fields."),
    ],
)  # fmt: skip
def test_how_scores_were_made(scores, text):
    assert card_facts.source_of(scores) == text


def ended(evaluations=10, seconds=0.5, members=1, device="cpu", active=False):
    last = SimpleNamespace(evaluations=evaluations, y=np.zeros((members, 1, 4, 4)))
    plan = SimpleNamespace(device=device)
    return SimpleNamespace(active=active, trajectory=SimpleNamespace(last=last), seconds=seconds, plan=plan)


@pytest.mark.parametrize(
    ("run", "text"),
    [
        (ended(), "In its last run here a call took 50.00 ms, on the CPU."),
        (ended(members=4, device="cuda"), "In its last run here a call took 50.00 ms for 4 members, on the GPU."),
        (ended(device="mps", seconds=12.0), "In its last run here a call took 1200 ms, on Apple's GPU."),
        (ended(active=True), ""),
        (ended(evaluations=0), ""),
        (ended(seconds=0.0), ""),
    ],
)
def test_the_time_of_a_call(run, text):
    assert card_facts.speed_of(run) == text
    run.trajectory.last = None
    assert card_facts.speed_of(run) == ""


@pytest.mark.parametrize(
    ("path", "dataset", "data"),
    [("", "", "FILE"), ("a.nc", "", "a.nc"), ("my file.nc", "a b", '"my file.nc" "a b"'), ("", "sst", "FILE sst")],
)
def test_the_command_that_verifies(path, dataset, data):
    assert card_facts.command_of(card(), path, dataset) == f"diffview verify model --model twin --data {data} --save"


def test_why_a_model_cannot_be_verified():
    torch, none = (in_force(known={"torch": version}).facts for version in ("2.9", None))
    formulas = "Formulas and your own denoisers have no card to verify."
    assert card_facts.why_unverifiable(None, torch, "") == formulas
    assert card_facts.why_unverifiable(card(network={"diffusers": 1}), torch, "") == card_facts.FOREIGN
    assert card_facts.why_unverifiable(card(), none, "") == "Networks need torch, which is not installed."
    assert card_facts.why_unverifiable(card(), torch, "A race runs.") == "A race runs."
    assert card_facts.why_unverifiable(card(), torch, "") == ""
    assert card_facts.why_unverifiable(card(quantity="rain", units="mm h-1"), torch, "") != ""
