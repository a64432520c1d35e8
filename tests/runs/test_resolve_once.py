"""resolve: deterministic with any store of fits, and one stage after the other."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np
import pytest
from models_twins import small_model

from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.models.cards import Card
from diffview.models.choice import TrainingCrops
from diffview.runs import resolve as resolving
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import MOST_FITS, Facts, Fits, standardised
from diffview.runs.guiding import GuidedModel
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve

VALUES = np.random.default_rng(0).standard_normal((80, 80)).astype(np.float32).cumsum(0).cumsum(1)
GAPPY = VALUES.copy()
GAPPY[::20, ::20] = np.nan
STACK = np.stack([VALUES[::-1], VALUES[:, ::-1], VALUES.T])
REGION = Region(5, 5, 24, 24)
GAP = (Region(10, 10, 6, 6),)

RECIPES = {
    "noise": Recipe.of(region=REGION, model="gaussian"),
    "local from the field": Recipe.of(region=REGION, model="local", origin="field", level=2.0),
    "data": Recipe.of(region=REGION, model="data", fit_set="crops"),
    "filled": Recipe.of(region=REGION, model="gaussian", sampler="repaint", hidden=GAP),
    "filled, nothing hidden": Recipe.of(region=REGION, model="gaussian", sampler="repaint"),
    "large": Recipe.of(region=Region(5, 5, 48, 48), model="gaussian"),
    "large, filled": Recipe.of(region=Region(5, 5, 48, 48), model="gaussian", sampler="repaint"),
    "guided": Recipe.of(region=REGION, model="gaussian", observe="known", hidden=GAP, clip_low=-100.0),
    "blocks": Recipe.of(region=REGION, model="gaussian", observe="blocks"),
    "limited": Recipe.of(region=REGION, model="local", clip_high=100.0, missing_limit=0.2),
    "held out": Recipe.of(region=REGION, model="gaussian", held_out=0.4, missing_limit=0.1, fit_set="both"),
}


def facts(values: np.ndarray = GAPPY) -> Facts:
    return Facts(Field(values.copy(), "x", "K"), STACK.copy())


def told(plan: Plan) -> tuple[object, ...]:
    """All that a plan says, to be compared."""
    base = plan.base
    crops = None if not isinstance(base, TrainingCrops) else base.crops().tobytes()
    known, filled = (None if part is None else part.tobytes() for part in (plan.known, plan.filled))
    return (
        plan.region, plan.transform, plan.x0.tobytes(), plan.levels, plan.params, plan.device, crops, known, filled,
        plan.capabilities, plan.conditioning, plan.notes, str(plan.refusal), plan.complete, plan.shape,
        None if plan.model is None else plan.model.label,
    )  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_twice(name: str) -> None:
    there = facts()
    first, second, cold = resolve(RECIPES[name], there), resolve(RECIPES[name], there), resolve(RECIPES[name], facts())
    assert told(first) == told(second) == told(cold)
    assert first.model is second.model and (cold.model is None or cold.model is not first.model)


@pytest.fixture(scope="module")
def cold() -> dict[str, tuple[object, ...]]:
    """What the plans say where nothing was resolved before."""
    return {name: told(resolve(recipe, facts())) for name, recipe in RECIPES.items()}


@pytest.mark.parametrize("first", RECIPES)
def test_what_was_resolved_before_makes_no_difference(first: str, cold: dict[str, tuple[object, ...]]) -> None:
    there = facts()
    resolve(RECIPES[first], there)
    assert {name: told(resolve(recipe, there)) for name, recipe in RECIPES.items()} == cold


def test_crops_of_a_run_that_fills_are_none_of_a_run_that_does_not() -> None:
    """They were, as the store had them under a key that did not say so: which plan it gave hung on what came before."""
    there = facts()
    filling, plain = (RECIPES[name] for name in ("large, filled", "large"))
    there = Facts(Field(GAPPY.copy(), "x", "K"))
    assert resolve(filling, there).refusal is None
    assert "no complete 48 x 48 crop" in str(resolve(plain, there).refusal)


# -- the store


def test_a_thing_is_computed_once_and_what_was_asked_last_is_kept() -> None:
    fits, made = Fits(Field(VALUES, "x")), []

    def make(of: Fits, n: int) -> int:
        made.append(n)
        return of.field.values.shape[0] + n

    assert [fits.of(make, n) for n in (1, 2, 1)] == [81, 82, 81] and made == [1, 2]
    for n in range(MOST_FITS - 1):
        fits.of(make, n + 10)
        fits.of(make, 1)
    assert len(fits) == MOST_FITS and made.count(1) == 1, "1 was asked for all the time"
    fits.of(make, 2)
    assert made.count(2) == 2, "2 was not"


def test_what_cannot_be_computed_is_not_kept() -> None:
    fits = Fits(Field(VALUES, "x"))
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fits.of(lambda of: 1 / 0)
    assert len(fits) == 0


def test_new_data_bring_a_new_store_and_nothing_else_does() -> None:
    there = facts()
    through = there.fits.of(standardised, Transform("identity"))
    learnt = there.learn(torch="2.9", devices=("cpu",), cards={})
    assert learnt.fits is there.fits and learnt.fits.of(standardised, Transform("identity")) is through
    for other in (there.learn(stack=None), there.learn(field=there.field)):
        assert other.fits is not there.fits and len(other.fits) == 0 and other.fits.field is there.field
    assert there.learn(stack=None).fits.stack is None


# -- one stage after the other

LEAVES = {"__init__", "facts", "plan", "recipe", "resolve", "observing", "groups", "view"}
"""Modules that every stage reads, and the one that goes through the stages."""


def stays(do: Callable[[], object]) -> list[str]:
    """The modules of runs/ that are entered, in order, each time it is entered from another stage."""
    found: list[str] = []
    folder = Path(resolving.__file__).parent

    def enter(frame: FrameType, event: str, _: object) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.parent == folder and file.stem not in LEAVES and found[-1:] != [file.stem]:
            found.append(file.stem)

    sys.setprofile(enter)
    try:
        do()
    finally:
        sys.setprofile(None)
    return found


STAGES = ["conditioning", "frames_asked", "training_crops", "visited", "guiding"]


@pytest.mark.parametrize("name", RECIPES)
def test_no_stage_is_returned_to(name: str) -> None:
    there = facts()
    empty, full = (stays(lambda: resolve(RECIPES[name], there)) for _ in range(2))
    for entered in (empty, full):
        assert entered == [stage for stage in STAGES if stage in entered] and entered[0] == "conditioning"
    assert ("guiding" in empty) == (RECIPES[name].guidance != Recipe().guidance or "filled" in name)


def test_nor_by_a_network(tmp_path: Path) -> None:
    card: Card = small_model(tmp_path)
    values = np.linspace(0, 30, 32 * 48, dtype=np.float32).reshape(32, 48)
    there = Facts(Field(values, card.quantity, card.units), torch="2.9", cards={"twin": card})
    recipe = Recipe.of(model="twin", origin="field", level=1.0, clip_low=0.0)
    plans: list[Plan] = []
    stages = ["conditioning", "frames_asked", "network_seen", "visited", "guiding"]
    assert stays(lambda: plans.append(resolve(recipe, there))) == stages
    assert plans[0].refusal is None and isinstance(plans[0].model, GuidedModel)
    assert plans[0].conditioning == Conditioning(conditioned=False, fills=False, sees_region=True, guided=True)
