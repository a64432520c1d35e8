"""What models offer, what samplers need of them, and the sentences where they lack it."""

from dataclasses import replace

import numpy as np
import pytest
from models_twins import small_model

from diffview.fields.field import Field
from diffview.models.capabilities import FORMULA_CAPABILITIES, capabilities_of, card_capabilities, lacks
from diffview.models.choice import Given
from diffview.models.formulas import FORMULAS
from diffview.reverse.parametrisations import adapt
from diffview.reverse.samplers import SAMPLERS, sampler_params
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve

VALUES = np.random.default_rng(0).standard_normal((48, 48)).astype(np.float32).cumsum(0).cumsum(1)


class Own:
    """A user's denoiser."""

    def __call__(self, y: np.ndarray, s: float) -> np.ndarray:
        return y / (1 + s * s)


class OwnJump(Own):
    kind = "consistency"


def test_what_the_formulas_offer_is_what_they_have() -> None:
    for fit in FORMULAS.values():
        assert capabilities_of(fit(VALUES.reshape(9, 16, 16))) == FORMULA_CAPABILITIES


def test_what_the_users_own_offers() -> None:
    assert capabilities_of(Own()) == {"posterior mean"} and capabilities_of(lambda y, s: y) == {"posterior mean"}
    assert capabilities_of(OwnJump()) == {"consistency"}
    assert capabilities_of(adapt(lambda x, t: x, "sample")) == {"posterior mean"}
    learned = replace(adapt(lambda x, t: x, "sample"), learned_variance=True)
    assert capabilities_of(learned) == {"posterior mean", "variance_fraction"}


def test_what_a_network_offers_is_on_its_card(tmp_path) -> None:
    card = small_model(tmp_path)
    assert card_capabilities(card) == {"posterior mean", "vjp"}
    learned = replace(card, network={**card.network, "learned_variance": True}, kind="consistency")
    assert card_capabilities(learned) == {"consistency", "vjp", "variance_fraction"}


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("own", [Own, OwnJump])
def test_resolve_refuses_what_a_model_lacks_and_says_so(sampler: str, own: type) -> None:
    facts = Facts(Field(VALUES, "tb", "K"), given={"mine": Given(own(), "mine")})
    plan = resolve(Recipe.of(model="mine", sampler=sampler), facts)
    fits = own.kind if hasattr(own, "kind") else "posterior mean"
    if SAMPLERS[sampler].needs == (fits,):
        assert plan.refusal is None and plan.lacks(sampler) is None
        return
    assert plan.refusal is not None and plan.refusal.hint.endswith(".")
    assert plan.refusal.sentence.startswith(SAMPLERS[sampler].title) or plan.refusal.sentence.startswith("Mine")
    assert plan.refusal.sentence.endswith(".") and str(plan.lacks(sampler)) == str(plan.refusal)


def test_a_learned_variance_needs_a_network_that_gives_one() -> None:
    wish = Recipe.of(model="gaussian", sampler="ddpm", sampler_params=(("variance", "learned"),))
    plan = resolve(wish, Facts(Field(VALUES, "tb", "K")))
    assert "learned variance" in plan.refusal.sentence and "small or large" in plan.refusal.hint
    info = SAMPLERS["ddpm"]
    offers = {"posterior mean", "variance_fraction"}
    assert lacks(info, sampler_params("ddpm", {"variance": "learned"}), "net", offers) is None
    assert lacks(info, sampler_params("ddpm", {}), "net", {"posterior mean"}) is None
