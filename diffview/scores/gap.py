"""Gaps filled by a run, kriging beside it, and what both are worth where the truth is known.

A run fills a gap when it is given the rest of its region: the pixels that are neither missing nor hidden. Kriging under
the Gaussian prior of the same field is the baseline. Hidden pixels have a truth, which neither the run nor the prior
has seen (the numbers of the transform have: they are fitted to the whole slice); missing ones have none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.forward.noise import START, Noise
from diffview.models.capabilities import VJP
from diffview.models.choice import TrainingCrops
from diffview.models.gaussian import Gaussian
from diffview.models.kriging import Kriging
from diffview.reverse.samplers import POSTERIOR_MEAN, SAMPLERS
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import Facts
from diffview.runs.job import Job
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.scores.metrics import crps, spread_skill

if TYPE_CHECKING:
    from diffview.writers.exports import Values

Array = NDArray[np.floating]

DRAWS = 64
"""Samples of the kriging law, for scores that need an ensemble."""

BATCH = 16
"""Draws that are made side by side."""

FEW = 64
"""Pixels of a gap up to which their standard deviations take one system each: no more work than the draws."""

DRAWS_FORK = 2**62
"""Fork of the draws' noise, so that no run shares it."""

NO_GAP = "Drag over Forward or Field to paint a gap, or open a field with missing pixels."
"""What to do where nothing is missing or hidden."""

PLAIN_SAMPLER = "ddim"
"""The sampler that a run which fills nothing goes back to."""


class Way(NamedTuple):
    """A way to fill gaps: its title, what it does in one sentence, and what it sets in a recipe."""

    title: str
    sentence: str
    values: Mapping[str, Any]


FILLINGS: dict[str, Way] = {
    "repaint": Way(
        "RePaint",
        "RePaint keeps the known pixels exactly, and walks up and down the noise so that the gap fits to them.",
        {"sampler": "repaint", "sampler_params": (), "observe": "", "observe_params": ()},
    ),
    "guidance": Way(
        "guidance",
        "Guidance pulls every estimate towards the known pixels through the model; they are met closely, not exactly.",
        {"sampler": "heun", "sampler_params": (), "observe": "known", "observe_params": ()},
    ),
}
"""By key."""


def way_of(recipe: Recipe) -> str:
    """The key in FILLINGS of how a recipe fills gaps, "" if it does not."""
    if not Conditioning.of(recipe).fills:
        return ""
    return "guidance" if recipe.guidance.observe or recipe.operators.instruments else "repaint"


def filling(recipe: Recipe, way: str = "repaint") -> dict[str, Any]:
    """What to replace in a recipe so that its run fills gaps in this way; nothing if it does already."""
    if way_of(recipe) == way:
        return {}
    return {**FILLINGS[way].values, "origin": "noise", "level": None, "fork": None}


def not_filling(recipe: Recipe) -> dict[str, Any]:
    """What to replace in a recipe so that its run fills no gaps; the gaps stay."""
    if not Conditioning.of(recipe).fills:
        return {}
    sampler = PLAIN_SAMPLER if SAMPLERS[recipe.course.sampler].needs != (POSTERIOR_MEAN,) else recipe.course.sampler
    kept = recipe.course.sampler_params if sampler == recipe.course.sampler else ()
    return {"sampler": sampler, "sampler_params": kept, "observe": "", "observe_params": (), "instruments": ()}


def lacks(plan: Plan, way: str) -> UserError | None:
    """Why the model of a plan cannot fill in this way; None if it can, or if only a gap is lacking."""
    needed = {"repaint": SAMPLERS["repaint"].needs[:1], "guidance": (POSTERIOR_MEAN, VJP)}[way]
    if all(need in plan.capabilities for need in needed):
        return None
    name = plan.recipe.denoiser.model
    if VJP in needed and POSTERIOR_MEAN in plan.capabilities:
        return UserError(f"Guidance goes back through the model, and {name} does not offer that.", "Choose RePaint.")
    return UserError(f"{name} gives no posterior mean to fill gaps with.", "Choose another model.")


def kriging_plan(plan: Plan, facts: Facts) -> Plan:
    """The plan whose model is the Gaussian law that kriging takes: same region, transform and known pixels."""
    request = plan.recipe.but(
        model="gaussian", region=plan.region, transform=plan.transform.key, fitted=plan.transform, fork=None,
        device="auto", weight=1.0, clip_low=None, clip_high=None, instruments=(), **FILLINGS["repaint"].values,
    )  # fmt: skip
    return resolve(request, facts)


@dataclass(frozen=True, eq=False)
class KrigedGap:
    """The gap of a plan filled by kriging, standardised.

    Attributes:
        mean: the posterior mean, float32 [ny, nx]; known pixels are as they were; NaN where the run makes nothing.
        std: the posterior standard deviation [ny, nx], 0 at known pixels.
        draws: samples of the posterior [n, ny, nx].
        exact: whether std is; else it is that of the draws.
        law: what the Gaussian law was fitted to.
    """

    mean: Array
    std: Array
    draws: Array
    exact: bool
    law: str

    def member(self, seed: int) -> Array:
        """The draw shown for a seed, [ny, nx]."""
        return np.asarray(self.draws[seed % len(self.draws)])


def krige_gap(
    plan: Plan, law_plan: Plan, draws: int = DRAWS, progress: Callable[[float], None] = lambda share: None
) -> KrigedGap:
    """Kriging of the unknown pixels of a plan.

    Args:
        plan: that fills a gap.
        law_plan: see `kriging_plan`.
        draws: samples of the posterior.
        progress: called with the share that is done; it may raise to end it.

    Raises:
        UserError: if the law cannot be fitted, or the system cannot be solved.
    """
    if law_plan.model is None or plan.known is None:
        raise law_plan.refusal or UserError("Nothing is to be filled.", "Hide a part of the region.")
    law = law_plan.model.denoiser()
    assert isinstance(law, Gaussian) and isinstance(law_plan.model, TrainingCrops)
    done, law = [0.1], law.embedded(plan.circular)
    kriging = Kriging(law, plan.known, watch=lambda: progress(done[0]))
    z = np.where(plan.known, plan.x0, 0.0).astype(np.float64)
    mean = kriging.moved(z[None])[0][0]
    made = []
    for first in range(0, draws, BATCH):
        done[0] = 0.3 + 0.5 * first / draws
        members = range(first, min(first + BATCH, draws))
        shape, course = (len(members), *law.shape[1:]), plan.recipe.course
        normals = Noise(course.seed, shape, first, DRAWS_FORK, version=course.noise)(START, 0)
        made.append(kriging.samples(z, normals.astype(np.float64), 1e-4).astype(np.float32))
    samples = np.concatenate(made)
    exact = kriging.dense or int(np.count_nonzero(~plan.known)) <= FEW
    std = kriging.std() if exact else np.sqrt(np.mean((samples - mean) ** 2, axis=0))
    progress(1.0)
    if plan.makes is not None:  # as the run, it says nothing of land
        mean, std, samples = (np.where(plan.makes, values, np.float32(np.nan)) for values in (mean, std, samples))
    return KrigedGap(mean.astype(np.float32), std.astype(np.float32), samples, exact, law_plan.model.sentence)


class Score(NamedTuple):
    """What a filling is worth inside the gap, in physical units.

    Attributes:
        rmse: of the estimate: the mean of the members, or the one there is.
        crps: fair; of one member the absolute error.
        spread: of the members, as `metrics.spread_skill` has it; None of one member.
        ratio: spread over the error of the members' mean: 1 for a reliable ensemble; None of one member.
        members: how many.
        pixels: with a truth.
    """

    rmse: float
    crps: float
    spread: float | None
    ratio: float | None
    members: int
    pixels: int


def score_words(who: str, score: Score, units: str) -> str:
    """A score as a line: "model: RMSE 0.3 K, CRPS 0.2 K, spread/skill 0.9, 4 members, 120 pixels"."""
    ratio = "" if score.ratio is None else f", spread/skill {score.ratio:.3g}"
    numbers = f"RMSE {score.rmse:.4g} {units}, CRPS {score.crps:.4g} {units}{ratio}"
    return f"{who}: {numbers}, {score.members} members, {score.pixels} pixels"


def gap_score(members: Array, truth: Array, gap: NDArray[np.bool_], estimate: Array | None = None) -> Score | None:
    """The score of members [M, ny, nx] against the truth [ny, nx] where `gap` is and the truth is not missing.

    All in physical units. `estimate` [ny, nx] is what is taken for RMSE instead of the mean of the members. None if
    the gap has no truth.
    """
    where = gap & ~np.isnan(truth)
    if not where.any():
        return None
    inside, y = np.asarray(members, np.float64)[:, where], truth[where].astype(np.float64)
    best = inside.mean(axis=0) if estimate is None else estimate[where]
    several = spread_skill(inside, y) if len(inside) > 1 else None
    return Score(
        float(np.sqrt(np.mean((best - y) ** 2))),
        float(crps(inside, y).mean()),
        None if several is None else several.spread,
        None if several is None else several.ratio,
        len(inside),
        int(where.sum()),
    )


def beside_run(plan: Plan, facts: Facts, kriged: KrigedGap, y: Array) -> "dict[str, Values]":
    """Kriging and the scores of both, as variables for the file of a run that filled a gap."""
    from diffview.writers.exports import gap_variables

    back: Transform = plan.made_in
    draws = back.inverse(kriged.draws)
    linear = back.linear and kriged.exact
    mean = back.inverse(kriged.mean) if back.linear else draws.mean(axis=0)
    std = back.inverse(kriged.mean + kriged.std) - mean if linear else draws.std(axis=0, ddof=1)
    both = {"model": run_score(plan, facts, y), "kriging": kriging_score(plan, facts, kriged)}
    scores = {
        who: {
            name: value
            for name, value in (
                ("rmse", score.rmse), ("crps", score.crps), ("spread", score.spread), ("spread_skill", score.ratio)
            )
            if value is not None
        }
        for who, score in both.items() if score is not None
    }  # fmt: skip
    return gap_variables(plan, facts.field, (mean, std), scores)


def truth_of(plan: Plan, facts: Facts) -> Array:
    """The region in physical units, NaN where the field has no value, [ny, nx]."""
    return np.asarray(facts.field.values[plan.region.slices])


def run_score(plan: Plan, facts: Facts, y: Array) -> Score | None:
    """The score of the fields at the end of a run that fills a gap, y [members, channels, ny, nx]."""
    if plan.filled is None:
        return None
    return gap_score(plan.made_in.inverse(np.asarray(y)[:, 0]), truth_of(plan, facts), plan.filled)


def kriging_score(plan: Plan, facts: Facts, kriged: KrigedGap) -> Score | None:
    """That of kriging: its estimate is the exact mean where the transform is linear, else the mean of the draws."""
    if plan.filled is None:
        return None
    back: Transform = plan.made_in
    estimate = back.inverse(kriged.mean) if back.linear else None
    return gap_score(back.inverse(kriged.draws), truth_of(plan, facts), plan.filled, estimate)


# -- of the plan in force


def gap_of(plan: Plan) -> NDArray[np.bool_] | None:
    """The pixels that a plan fills [ny, nx]; None if there are none."""
    filled = plan.filled
    return filled if filled is not None and filled.any() and plan.refusal is None else None


def with_truth(plan: Plan) -> int:
    """How many pixels of the gap have a value that was hidden; the others are missing in the field."""
    gap = gap_of(plan)
    return 0 if gap is None else int((gap & ~np.isnan(plan.x0)).sum())


def gap_key(plan: Plan, facts: Facts) -> object:
    """What kriging of the gap of a plan and its scores depend on; None without a gap."""
    gap, chosen, recipe = gap_of(plan), plan.recipe.denoiser, plan.recipe
    fit = (chosen.fit_set, chosen.missing_limit, chosen.held_out, chosen.fit_rule, recipe.guidance.hidden)
    return None if gap is None else (facts.field, plan.transform, plan.region, gap.tobytes(), fit, recipe.course.seed)


@dataclass(eq=False)
class GapScoring(Job):
    """The scores of a filled gap, and kriging of it.

    Attributes:
        plan: that fills the gap.
        law_plan: see `kriging_plan`.
        facts: of the field.
        end: the fields at the end of a run of the plan [members, channels, ny, nx], or None.
        kriged: of the gap, if it is there yet.
        model, kriging: the scores; None where there are none.
    """

    plan: Plan
    law_plan: Plan
    facts: Facts
    end: Any = None
    kriged: KrigedGap | None = None
    model: Score | None = None
    kriging: Score | None = None

    def work(self) -> None:
        """The score of the run first, which is quick."""
        if self.end is not None:
            self.model = run_score(self.plan, self.facts, self.end)
        if self.kriged is None:
            self.kriged = krige_gap(self.plan, self.law_plan, progress=self.tell)
        self.kriging = kriging_score(self.plan, self.facts, self.kriged)
