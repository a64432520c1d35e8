"""A model's loss at every noise level, its bound, and the part of the data that both are measured on.

`verify loss` measures on held-out fields and beside them on fields the model was trained on or fitted to; the window on
what is held out of the open field, else on the open region under several noises.
"""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.regions import MOST_CROPS
from diffview.fields.transforms import Transform
from diffview.learning.loss_by_level import Bound, errors_by_level, exact_bound, exact_errors, variational_bound, walked
from diffview.learning.sets import complete, evenly
from diffview.models.choice import TrainingCrops
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import CONSISTENCY
from diffview.runs.facts import Facts
from diffview.runs.job import PlanJob
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe, Rivals
from diffview.runs.resolve import resolve
from diffview.runs.run import denoiser_of
from diffview.scores.printed import aligned, short
from diffview.scores.subject import MakeDenoise, Subject

Fields = NDArray[np.float32]
Array = NDArray[np.float64]

ROWS = 16
"""Lines of the table for the terminal, evenly picked."""

PARTS = (("held_out", "held-out"), ("train", "train"))

DRAWS = 8
"""Held-out fields, or noises of the open region, that the window measures on."""

MOST_LEVELS, FEWEST_LEVELS = 64, 17
"""Levels of a longer run are thinned to so many; between those of a shorter one others are looked at for the curve."""

HELD_OUT, REGION = "held out", "this region"
"""What the window measures on."""


@dataclass(frozen=True, eq=False)
class Part:
    """The part of the data that a loss is measured on.

    Attributes:
        what: it is, for people.
        fields: standardised [n, ny, nx]; NaN where missing.
        transform: theirs.
        conditions: the condition of each, [n, 1, ny, nx]; None for a model without one.
    """

    what: str
    fields: Fields
    transform: Transform
    conditions: Fields | None = None


@dataclass(frozen=True, eq=False)
class Loss:
    """What was measured on a part of the data.

    Attributes:
        part: it was measured on.
        levels: noise levels, falling.
        error: mean |x_0 - x0_hat|^2 at each, over the pixels and the fields, in standardised units squared.
        bound: over the levels of a walk, nats per pixel of the standardised field.
        physical: its total for densities per unit of the field; NaN where a pixel has none.
        law: of a Gaussian prior, the loss on fields of its own at each level; None of other models.
        law_bound: the bound of such fields, nats per pixel.
    """

    part: Part
    levels: Array
    error: Array
    bound: Bound
    physical: float
    law: Array | None = None
    law_bound: float | None = None

    @property
    def loss(self) -> Array:
        """mean |eps - eps_hat|^2 at each level: error/s^2, no unit."""
        return self.error / np.square(self.levels)

    @property
    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        physical = self.physical if math.isfinite(self.physical) else None
        return {
            "fields": len(self.part.fields), "loss": self.loss.tolist(), "error": self.error.tolist(),
            "bound": {**self.bound.plain, "physical": physical},
        }  # fmt: skip


def measure_loss(
    make: MakeDenoise,
    part: Part,
    walk: Sequence[float],
    between: Sequence[float] = (),
    seed: int = 0,
    progress: Callable[[float], None] = lambda done: None,
) -> Loss:
    """The loss of a model on a part of the data, and its bound.

    Args:
        make: the denoiser for a condition; with conditions it is made for each field, one by one.
        part: of the data.
        walk: the noise levels of the bound, falling, without a last 0.
        between: other levels at which the loss is measured too.
        seed: of the noise, the same at every level.
        progress: called with the share that is done; it may raise to end it.

    Raises:
        UserError: if no field has a pixel that is not missing.
    """
    s = sorted({*walk, *between}, reverse=True)
    fields, conditions = part.fields, part.conditions
    if conditions is None:
        errors = errors_by_level(make(None), fields, s, seed, progress)
    else:
        pairs = zip(np.nan_to_num(conditions)[:, None], fields[:, None], strict=True)
        errors = np.concatenate([errors_by_level(make(c), field, s, seed) for c, field in pairs], axis=1)
    squares = np.nanmean(np.square(fields, dtype=np.float64), axis=(1, 2))
    bound = variational_bound(errors[[s.index(level) for level in walk]], squares, walk)
    slope = float(part.transform.log_slope(part.transform.inverse(fields[~np.isnan(fields)])).mean())
    physical = bound.total - slope if math.isfinite(slope) else math.nan
    return Loss(part, np.array(s), np.nanmean(errors, axis=1), bound, physical)


# -- of a model and its data


def verify_loss(name: str, subject: Subject, levels: Sequence[float], count: int = 32, seed: int = 0) -> dict[str, Any]:
    """Loss at every level and bound of a model on held-out fields, and on fields it was trained on or fitted to.

    Args:
        name: of the model.
        subject: the model and its data, in its standardised units.
        levels: of a walk; a last 0 is left out.
        count: fields of either part, evenly picked.
        seed: of the noise.

    Returns:
        As JSON has it: "model", "units", "levels", "noise_range" of the model (None: any); and for "held_out" and
        "train" what `Loss.plain` has: "fields", "loss", "error" and "bound".

    Raises:
        UserError: if nothing is held out, the levels are not those of a walk, or the model is a consistency model.
    """
    if subject.kind == CONSISTENCY:
        raise UserError(
            f"{name} is a consistency model: it gives the end of a path and not a mean, which alone has this loss.",
            "Choose another model.",
        )
    if not len(subject.data.held_out):
        raise UserError(f"Nothing of {subject.data.name} is held out.", "Hold out a share of it, as 0.2.")
    if count < 1:
        raise UserError(f"A loss cannot be measured on {count} fields.", "Choose at least one; 32 give a steady loss.")
    s = walked(levels)
    parts = {key: measure_loss(subject.make, part, s, seed=seed).plain for key, part in _parts(subject, count).items()}
    noise_range = None if subject.noise_range is None else list(subject.noise_range)
    return {"model": name, "units": subject.data.units, "levels": list(s), "noise_range": noise_range, **parts}


def _parts(subject: Subject, count: int) -> dict[str, Part]:
    """Held-out fields, and fields the model was trained on; a formula is fitted to complete ones."""
    data, seen = subject.data, subject.data.fields
    if subject.noise_range is None:
        seen = evenly(seen[complete(seen)], MOST_CROPS)
    fields = {"held_out": evenly(data.held_out, count), "train": evenly(seen, count)}
    return {key: Part(what, fields[key], data.transform, data.condition(fields[key])) for key, what in PARTS}


# -- of the model of a recipe


def loss_recipe(recipe: Recipe) -> Recipe:
    """The recipe that a loss belongs to: without what changes a run and not what the model says of the region.

    It starts from the field, so that `data` and `local` leave out the crops that share a pixel with the region.
    """
    return recipe.but(
        sampler="ddim", sampler_params=(), seed=0, members=1, path_mode="closed", origin="field", level=None,
        chain_length=1000, fork=None, rivals=Rivals(),
    )  # fmt: skip


def loss_plan(recipe: Recipe, facts: Facts) -> Plan:
    """The plan whose region, levels and model a loss is measured with.

    Raises:
        UserError: if there can be none.
    """
    plan = resolve(loss_recipe(recipe), facts)
    if plan.refusal is not None:
        raise plan.refusal
    return plan


def region_part(plan: Plan) -> Part:
    """Fields that the model of a plan is not fitted to, each under its own noise; else the region under several."""
    held = plan.model.held if isinstance(plan.model, TrainingCrops) else None
    if held is not None:
        return Part(HELD_OUT, evenly(held.crops(), DRAWS), plan.made_in)
    return Part(REGION, np.repeat(plan.x0[None], DRAWS, axis=0), plan.made_in)


def thinned(levels: Sequence[float]) -> tuple[float, ...]:
    """The levels of a walk for its bound, evenly thinned if they are many; without a last 0."""
    s = walked(levels)
    return tuple(s[i] for i in np.linspace(0, len(s) - 1, min(MOST_LEVELS, len(s))).round().astype(int))


def plan_loss(plan: Plan, progress: Callable[[float], None] = lambda done: None) -> Loss:
    """The loss of the model of a plan on `region_part`; of a Gaussian prior beside that on fields of its own.

    Raises:
        UserError: if the plan cannot be run, or every pixel is missing.
    """
    denoise, walk = denoiser_of(plan), thinned(plan.levels)
    between = np.geomspace(walk[0], walk[-1], FEWEST_LEVELS).tolist() if len(walk) < FEWEST_LEVELS else ()
    loss = measure_loss(lambda condition: denoise, region_part(plan), walk, between, progress=progress)
    if not isinstance(denoise, Gaussian):
        return loss
    law = exact_errors(denoise, loss.levels.tolist()) / np.square(loss.levels)
    return replace(loss, law=law, law_bound=exact_bound(denoise, walk).total)


@dataclass(eq=False)
class LossCheck(PlanJob):
    """One measurement of a model's loss.

    Attributes:
        found: what it gave, or None.
    """

    found: Loss | None = None

    def work(self) -> None:
        """Look at the region under noise of every level."""
        self.found = plan_loss(self.plan, self.tell)


# -- for the terminal


def format_loss(result: Mapping[str, Any]) -> str:
    """What `verify_loss` found as an aligned table for the terminal."""
    levels, low_high = result["levels"], result["noise_range"]
    shown = sorted(set(np.linspace(0, len(levels) - 1, min(ROWS, len(levels))).round().astype(int).tolist()))
    head = ["s", "loss, held-out", "loss, train", "rms error, held-out", ""]
    table = [head]
    for i in shown:
        outside = low_high is not None and not low_high[0] <= levels[i] <= low_high[1]
        losses = [short(result[part]["loss"][i]) for part, _ in PARTS]
        rms = short(result["held_out"]["error"][i] ** 0.5)
        table.append([short(levels[i]), *losses, rms, "outside of its training" if outside else "std"])
    bounds = [["bound, nats per pixel", *(name for _, name in PARTS), ""]]
    for key, what in (
        ("L_T", "L_T: what is left at the highest s"), ("sum of L_t-1", "the steps: loss x d ln s"),
        ("L_0", "L_0: the last step"), ("total", "-ln p of a pixel is at most"), ("standard error", "standard error"),
        ("physical", "the same per unit of the field"),
    ):  # fmt: skip
        unit = f"density per {result['units'] or '1'}" if key == "physical" else ""
        bounds.append([what, *(short(result[part]["bound"][key]) for part, _ in PARTS), unit])
    counts = ", ".join(f"{result[part]['fields']} {name}" for part, name in PARTS)
    return "\n".join([
        f"{result['model']}: {counts} fields, {len(levels)} noise levels",
        "loss = mean |eps - eps_hat|^2, no unit (the weighting of noise prediction); rms error of x0_hat in std", "",
        *aligned(table), "", *aligned(bounds),
    ])  # fmt: skip


def as_json(result: Mapping[str, Any]) -> str:
    """The same as JSON text; null for what is not a number."""
    return json.dumps(_finite(result), indent=2)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
