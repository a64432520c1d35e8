"""A pullback through one call of a network is asked again and again by conjugate gradients."""

import itertools

import torch

from diffview.fields.field import Field, Region
from diffview.fields.units import written
from diffview.models.cards import find_card
from diffview.models.nets.adapter import pulled_back, with_pullback
from diffview.runs.facts import Facts
from diffview.runs.instruments import Instrument
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run


def test_a_pullback_gives_the_same_as_often_as_it_is_asked() -> None:
    weight = torch.randn(5, 5, generator=torch.Generator().manual_seed(0))
    y = torch.linspace(-1, 1, 5)

    def estimate(x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(weight @ x) * x

    x0_hat, back = with_pullback(estimate, y)
    assert torch.allclose(x0_hat, estimate(y))
    for v in (torch.ones(5), torch.arange(5.0), torch.ones(5)):
        torch.testing.assert_close(back(v), pulled_back(estimate, y, v))


def test_mmps_leads_a_network() -> None:
    card = find_card("rain64")
    rain = card.transform.inverse(torch.linspace(-1, 2, 64 * 64).reshape(64, 64).numpy()).astype("f4")
    facts = Facts(Field(rain, "rain", written(card.units)), torch="", cards={"rain64": card})
    recipe = Recipe.of(
        model="rain64", region=Region(0, 0, 64, 64), steps=2, sampler="heun", grid="karras", solver="mmps",
        solver_params=(("iterations", 3),), instruments=(Instrument("blocks", 0.5, (("size", 16),)),),
    )  # fmt: skip
    plan = resolve(recipe, facts)
    assert plan.refusal is None
    _, step = itertools.islice(run(plan), 2)  # a third one, from so few steps, runs away
    assert step.index == 1 and bool(torch.isfinite(torch.as_tensor(step.y)).all())
