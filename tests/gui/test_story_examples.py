"""File > Examples: three fields, each with an ensemble of a model that fits it."""

import numpy as np
import pytest
from conftest import QUICK

from diffview.fields.coarse import block_mean
from diffview.runs.examples import EXAMPLES


@pytest.mark.parametrize(("key", "model", "members"), [("clouds", "bt64", 16), ("sea", "gaussian", 32)])
def test_an_example_opens_its_field_with_a_model_that_fits(open_window, find, settle, key, model, members):
    window = open_window(QUICK)
    window.session.look(auto_run=False)
    find(window, f"{key}ExampleAction").trigger()
    settle(window)
    recipe, plan = window.session.recipe, window.session.plan
    assert (recipe.denoiser.model, recipe.ensemble.members) == (model, members) and plan.refusal is None
    assert [note for note in plan.notes if not note.quiet] == []
    said = [message for message in window.heard if message.sentence == f"{EXAMPLES[key].title}."]
    assert said and "Open Government Licence" in said[0].hint
    assert window.session.facts.field.units == "K"


def test_the_twin_experiment_is_given_means_of_a_field_that_a_network_drew_and_knows_the_truth(
    open_window, find, settle
):
    window = open_window(QUICK)
    window.session.look(auto_run=False, pace=0.0)
    find(window, "rainExampleAction").trigger()
    settle(window)
    session = window.session
    assert "drawn by rain64" in window.toolbar.field.text() and "rain64 drew" in EXAMPLES["rain"].tip
    session.edit(members=2, steps=3)
    window.live.start()
    settle(window)
    assert window.live.run.state == "finished" and session.plan.refusal is None
    session.look(statistic="row")
    settle(window)
    given, truth = window.reverse.numbers()[:64, :64], window.reverse.numbers()[-64:, -64:]
    field = session.facts.field.values
    assert np.allclose(truth, field, atol=1e-3) and (field >= 0).all() and (field > 0.1).mean() > 0.3
    assert np.allclose(given, block_mean(field.astype(float), 8).repeat(8, 0).repeat(8, 1), atol=1e-3)
    assert [name for *_, name in find(window, "tileNames").names] == ["given", "made", "mean", "truth"]
