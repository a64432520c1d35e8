"""From the plan of an ensemble to the order of a driver: its store is made, or taken up again."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from diffview.cluster.block import Work, versions
from diffview.cluster.driver import JobOrder
from diffview.cluster.standing import at_work
from diffview.cluster.store import Store, StoreLayout, described
from diffview.errors import UserError
from diffview.fields.field import Field
from diffview.models.choice import TrainingCrops
from diffview.params import plain_of
from diffview.runs.in_blocks import streamed_for
from diffview.runs.plan import Plan
from diffview.runs.recipe import GROUPS
from diffview.runs.statistics import check_spread, statistics_asked
from diffview.writers.counted_content import awaited_content

NOT_ASKED = ("view", "rivals")
"""Groups of a recipe that no member depends on."""

ALWAYS = "mean,spread"
"""Statistics of members that are kept."""


def order_for(plan: Plan, of: Field, folder: Path, on: str = "", words: Sequence[str] = ()) -> JobOrder:
    """The order to make the members of a plan into a folder.

    Args:
        plan: of all members.
        of: the open field.
        folder: of the store; what a job of the same recipe left there is gone on with.
        on: where blocks are made, as it was asked for.
        words: the command line that goes on with it.

    Raises:
        UserError: if the plan cannot be run, the store cannot be made or is another job's, or one is at work on it.
    """
    if plan.refusal is not None:
        raise plan.refusal
    require_idle(folder)
    kept, members = not plan.recipe.ensemble.statistics, plan.recipe.ensemble.members
    asked = statistics_asked(plan.recipe.ensemble.statistics or (ALWAYS if members > 1 else ""))
    for statistic in asked:
        check_spread(statistic, members)
    text = ",".join(map(str, asked))
    streamed = streamed_for(_asking(plan, text), of.values[plan.region.slices] if plan.has_truth else None)
    content, name, names = awaited_content(plan, of, asked)
    job = job_of(plan)
    store = Store(folder.absolute())
    if not store.exists:
        content = described(content)
    store.begin(StoreLayout(content, name if kept else "", min(members, plan.recipe.ensemble.at_once), job))
    work = Work(plan, str(store.folder), key_of(job), job["versions"])
    return JobOrder(work, store, streamed, {str(statistic): n for statistic, n in names.items()}, on, tuple(words))


def require_idle(folder: Path) -> None:
    """Refuse a folder that a driver is at work on."""
    if at_work(folder):
        raise UserError(f"A job is at work on {folder} already.", "Wait for it, or look at it in the window.")


def key_of(job: Mapping[str, Any]) -> str:
    """A short text that tells a job from others."""
    return hashlib.sha256(json.dumps(job, sort_keys=True).encode()).hexdigest()[:16]


def _asking(plan: Plan, statistics: str) -> Plan:
    return replace(plan, recipe=plan.recipe.but(statistics=statistics))


def job_of(plan: Plan) -> dict[str, Any]:
    """What tells a job from others: the values of its settled recipe, and all else that its bits depend on."""
    recipe = plan.settled.of_run()
    groups = (plain_of(getattr(recipe, name)) for name in GROUPS if name not in NOT_ASKED)
    values = {name: value for group in groups for name, value in group.items()}
    fit = plan.base.place if isinstance(plan.base, TrainingCrops) else ("", "")
    weights = "" if plan.card is None else str(plan.card.weights.get("sha256", ""))
    own = {"versions": versions(plan.card is not None), "fitted_to": list(fit), "weights": weights}
    plain: dict[str, Any] = json.loads(json.dumps({**values, **own}))  # as it comes back from the disk
    return plain
