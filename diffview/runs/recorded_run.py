"""A recorded run shown as one of this program that has finished, and what is asked for beside it."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np

from diffview.fields.field import Region
from diffview.reverse.grids import MAX_STEPS
from diffview.reverse.samplers import Step, sampler_params
from diffview.reverse.trajectory import Trajectory
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import Facts
from diffview.runs.job import FINISHED
from diffview.runs.plan import Plan
from diffview.runs.recipe import AUTO, Recipe
from diffview.runs.recorded import Recorded
from diffview.runs.requests import Models, Run

UNNAMED = "another program"
WHOLE = "gaussian"
"""The formula that can be fitted to one field as large as what it makes."""


def recorded_run(facts: Facts, now: Plan) -> Run | None:
    """The run that the open file holds, beside the plan in force; None if it holds none.

    Its levels are its own, no model of ours made it, and of several channels it is that of the state on screen.
    """
    of, channel = facts.recorded, channel_of(facts)
    if of is None:
        return None
    run = Run(_plan_of(of, now, channel), Models(), recorded_by=of.program or UNNAMED)
    run.trajectory = Trajectory.of((_channel(step, channel) for step in of.steps), of.stride)
    run.state = FINISHED
    return run


def channel_of(facts: Facts) -> int:
    """The channel of the state on screen; the first where something else is."""
    at = dict(part.split(" = ") for part in facts.field.provenance.get("index", "").split(", ") if " = " in part)
    return int(at.get("channel", 0))


def _channel(step: Step, channel: int) -> Step:
    def of(part: Any) -> Any:
        return None if part is None else np.asarray(part[:, channel : channel + 1], np.float32)

    return replace(step, y=of(step.y), x0_hat=of(step.x0_hat), eps_hat=of(step.eps_hat))


def _plan_of(of: Recorded, now: Plan, channel: int) -> Plan:
    """The plan in force with all that is of the recorded run: what was found by a model or of a region is left out."""
    _, members, _, ny, nx = of.y.shape
    recipe = now.recipe.but(
        fork=None, sampler="ddim", sampler_params=(), members=members, observe="", operators=Recipe.operators,
        origin="noise" if of.truth is None else "field",
    )  # fmt: skip
    x0 = now.standardised if of.truth is None else np.asarray(of.truth[channel], np.float32)
    return replace(
        now, recipe=recipe, levels=of.levels.tolist(), params=sampler_params("ddim", {}), model=None, card=None,
        conditioning=Conditioning.of(recipe), transform=of.transform, region=Region(0, 0, ny, nx), x0=x0, notes=(),
        refusal=None, complete=None, parent=None, known=None, filled=None, windows=(), circular=False,
    )  # fmt: skip


def asked_beside(of: Recorded, recipe: Recipe, known: Collection[str], anew: bool) -> Recipe:
    """What is asked for beside a recorded run: the same field, whole and standardised as it was.

    Args:
        of: the run.
        recipe: that asks for a picture of its file; with numbers of a transform it was made beside the run already.
        known: the networks that can be chosen.
        anew: whether the file was just opened: then the way of the run is taken too, as far as it says.
    """
    if recipe.source.fitted is None:
        recipe = recipe.but(region=Region(0, 0, *of.y.shape[3:]), transform=AUTO, fitted=of.transform)
    if not anew:
        return recipe
    own = "" if of.recipe is None else of.recipe.denoiser.model
    steps = min(max(1, len(of.levels) - 1), MAX_STEPS)
    recipe = recipe.but(fork=None, steps=steps, members=of.y.shape[1], model=own if own in known else WHOLE)
    if of.recipe is not None:
        recipe = recipe.but(course=of.recipe.but(fork=None).course)
        return recipe if of.truth is None else recipe.but(start=of.recipe.start)
    return recipe if of.schedule is None else recipe.but(schedule=of.schedule)


def said_of(of: Recorded) -> tuple[str, str]:
    """What a recorded run is, and what of it is not there, as sentences; and what can be done with it."""
    steps, members = len(of.levels) - 1, of.y.shape[1]
    made = f"{members} member{'' if members == 1 else 's'} of {steps} step{'' if steps == 1 else 's'}"
    said = [f"A run recorded by {of.program or UNNAMED}: {made}."]
    if not of.complete:
        said.append(f"It was cut short, at the noise level {of.levels[-1]:.3g}: what it did is shown.")
    if of.stride > 1:
        said.append(f"It takes much memory: one step in {of.stride} was read.")
    return " ".join(said), "Run (R) makes one of diffview's own beside it; the dock Rivals compares them."
