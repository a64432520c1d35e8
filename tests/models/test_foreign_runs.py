"""Runs of other people's networks, beside diffusers' own pipeline."""

import sys
from pathlib import Path

import pytest
import torch

from diffview.forward.schedules import Cosine, Linear, ZeroSnr
from diffview.models.foreign import foreign_card
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

sys.path.insert(0, str(Path(__file__).parents[1]))
from diffusers_twins import ddim_by_both, edited, one_thread, saved  # noqa: F401

diffusers = pytest.importorskip("diffusers")

CASES = {
    "noise, held to 1": (Linear(), {}),
    "noise, held to 0.5": (Linear(), {"clip_sample_range": 0.5}),
    "noise, thresholded": (Linear(), {"thresholding": True, "sample_max_value": 3.0}),
    "the field, free": (
        Cosine(),
        {"prediction_type": "sample", "beta_schedule": "squaredcos_cap_v2", "clip_sample": False},
    ),
    "v without a signal at the end": (
        ZeroSnr(Linear()),
        {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_sixteen_members_of_ddim_are_those_of_their_own_pipeline(tmp_path, monkeypatch, case):
    """The pictures have 256 grey levels; betas are multiplied in float32 there and in float64 here."""
    schedule, settings = CASES[case]
    ours, theirs = ddim_by_both(tmp_path, monkeypatch, schedule, **settings)
    assert ours.shape == (16, 1, 16, 16) and float(theirs.std()) > 0.1
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-4)


def planned(folder, **wishes):
    facts = Facts(packaged_field(), cards={"theirs": foreign_card(folder)})
    return resolve(Recipe.of(model="theirs", steps=3, **wishes), facts)


def test_a_run_within_limits_says_so(tmp_path):
    saved(tmp_path, diffusers.DDPMScheduler())
    plan = planned(tmp_path)
    *_, last = run(plan)
    assert float(last.y.abs().max()) <= 1
    note = next(note for note in plan.notes if "limits" in note.why)
    assert "held to ±1, as DDPMScheduler says (clip_sample)" in note.given
    assert "(clip_sample)" in plan.model.sentence
    edited(tmp_path, "scheduler/scheduler_config.json", clip_sample=False)
    plan = planned(tmp_path)
    *_, last = run(plan)
    assert float(last.y.abs().max()) > 1 and not any("limits" in note.why for note in plan.notes)


def test_two_networks_in_folders_of_one_name_are_two(tmp_path):
    """They were one: the second ran with the weights of the first."""
    cards = {}
    for place, clip in (("a", True), ("b", False)):
        saved(tmp_path / place / "net", diffusers.DDPMScheduler(clip_sample=clip))
        cards[place] = foreign_card(tmp_path / place / "net")
    facts = Facts(packaged_field(), cards=cards)
    first, second = (resolve(Recipe.of(model=name, steps=3), facts).model for name in "ab")
    assert first.card is cards["a"] and second.card is cards["b"]


def test_a_consistency_model_is_sampled_in_one_step(tmp_path):
    saved(tmp_path, diffusers.CMStochasticIterativeScheduler())
    assert "needs a posterior mean" in planned(tmp_path).refusal.hint
    plan = planned(tmp_path, sampler="consistency")
    assert plan.refusal is None
    *_, last = run(plan)
    assert float(last.y.abs().max()) <= 1
