"""An ensemble made in blocks of members: any number of them in the memory of one block, in parts made anywhere.

A network gives a member other last bits in a batch of another size [convolutions add in another order], so that blocks
have one size, which belongs to the recipe, and begin at multiples of it. Then the members of a part are those that the
whole has, to the bit.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import joined, to_numpy
from diffview.errors import UserError
from diffview.fields.field import Field
from diffview.fields.transforms import Transform
from diffview.reverse.samplers import Denoise, Step
from diffview.runs.groups import Ensemble
from diffview.runs.plan import Back, Plan
from diffview.runs.run import denoiser_of, run
from diffview.runs.statistics import Streamed, check_spread, fixed_edges, statistics_asked

Array = NDArray[np.float32]


MOST_KEPT = 2**25
"""Values of all members of a state that a window keeps: 128 MiB, of which a step has several."""


COUNTED = "mean,spread,q0.05,q0.5,q0.95"
"""What is counted of members that a window does not keep; the CRPS too, where there is a truth."""


def too_large(plan: Plan) -> UserError | None:
    """Why not even the members that are computed at once can be kept and shown; None if they can."""
    _, *outer, ny, nx = plan.shape
    members, most = blocks_of(plan)[0].shape[0], MOST_KEPT // (prod(outer) * ny * nx)
    if members <= most:
        return None
    few = max(1, most)
    return UserError(
        f"{members:,} members of {ny} x {nx} pixels at once do not fit into the window's memory; {most:,} do.",
        f"Choose at most {few:,}, or have them made in small blocks and counted: diffview sample --block {few} "
        f"--members {plan.shape[0]} --statistics mean,spread --recipe R.json -o OUT.nc.",
    )


def kept_of(plan: Plan) -> Plan:
    """The plan of the members that a window keeps: all where they fit into its memory, else the first block."""
    members, channels, ny, nx = plan.shape
    return plan if members * channels * ny * nx <= MOST_KEPT else blocks_of(plan)[0]


def counted_for(plan: Plan) -> Streamed:
    """What a window counts of members that it does not keep, of nothing yet."""
    asked = statistics_asked(COUNTED + (",crps" if plan.has_truth else ""))
    truth = plan.transform.inverse(plan.x0) if plan.has_truth else None
    return Streamed(asked, fixed_edges(plan.made_in, plan.shape[2] * plan.shape[3]), truth)


def counting(plan: Plan, counted: Streamed) -> Plan:
    """The plan that asks for what was counted, of as many members: what `diffview sample` makes the same with."""
    asked = ",".join(map(str, counted.asked))
    return replace(plan, recipe=plan.recipe.but(statistics=asked, members=counted.count))


def blocks_of(plan: Plan) -> list[Plan]:
    """The plans of the blocks of members, in order; the plan itself where they are made at once."""
    parts = parts_of(plan.recipe.ensemble)
    return [plan] if len(parts) == 1 else [of_members(plan, *part) for part in parts]


def parts_of(asked: Ensemble) -> list[tuple[int, int]]:
    """(first member, members) of every block of an ensemble, in order."""
    end, size = asked.first_member + asked.members, asked.at_once
    return [(first, min(size, end - first)) for first in range(asked.first_member, end, size)]


def of_members(plan: Plan, first: int, members: int) -> Plan:
    """The same run of other members."""
    recipe = plan.recipe.but(first_member=first, members=members)
    return replace(plan, recipe=recipe, parent=plan.parent and of_members(plan.parent, first, members))


def together(
    plan: Plan, denoise: Denoise | None = None, after: Step | None = None, between: Callable[[], None] = lambda: None
) -> Iterator[Step]:
    """The steps of a run of all members: those of its blocks, which go in step and are joined.

    Args:
        plan: of all members.
        denoise: its denoiser; None: it is fitted or loaded.
        after: a step of it that it goes on from; None: from its start.
        between: called after every step of a block; it may raise to end it.

    Raises:
        UserError: if the plan cannot be run.
    """
    blocks = blocks_of(plan)
    if len(blocks) == 1:
        yield from run(plan, denoise, after)
        return
    denoise = denoiser_of(plan) if denoise is None else denoise
    ends = list(accumulate(block.shape[0] for block in blocks))
    starts = (
        None if after is None else _part(after, end - b.shape[0], end) for b, end in zip(blocks, ends, strict=True)
    )
    walks = [run(block, denoise, start) for block, start in zip(blocks, starts, strict=True)]
    while True:
        steps = []
        for walk in walks:
            if (step := next(walk, None)) is None:
                return
            steps.append(step)
            between()
        yield _joined(steps)


def _part(step: Step, first: int, end: int) -> Step:
    """The same step of some of its members."""
    return _of_arrays(step, lambda take: take(step)[first:end])


def _joined(steps: list[Step]) -> Step:
    """The same step of all members; what a step and its history share is joined once."""
    known: dict[tuple[int, ...], Any] = {}

    def join(take: Callable[[Step], Any]) -> Any:
        parts = [take(step) for step in steps]
        key = tuple(map(id, parts))
        if key not in known:
            known[key] = joined(parts)
        return known[key]

    return _of_arrays(steps[0], join)


def _of_arrays(like: Step, made: Callable[[Callable[[Step], Any]], Any]) -> Step:
    """A step whose arrays are `made` of what takes them from steps like this one."""

    def past(i: int) -> Any:
        return like.history[i] if isinstance(like.history[i], float) else made(lambda step: step.history[i])

    return replace(
        like,
        y=made(lambda step: step.y),
        x0_hat=None if like.x0_hat is None else made(lambda step: step.x0_hat),
        eps_hat=None if like.eps_hat is None else made(lambda step: step.eps_hat),
        history=tuple(map(past, range(len(like.history)))),
    )


def last_steps(
    plan: Plan, denoise: Denoise | None = None, progress: Callable[[float], None] = lambda share: None
) -> Iterator[Step]:
    """The last step of every block, in order; its state is an array.

    Args:
        plan: of all members.
        denoise: its denoiser; None: it is fitted or loaded.
        progress: called with the share of all steps that is done; it may raise to end it.

    Raises:
        UserError: if the plan cannot be run.
    """
    denoise = denoiser_of(plan) if denoise is None else denoise
    blocks = blocks_of(plan)
    for i, block in enumerate(blocks):
        for step in run(block, denoise):
            progress((i + step.index / plan.steps) / len(blocks))
            last = step
        yield replace(last, y=to_numpy(last.y))


class MadeChannel(NamedTuple):
    """One channel of what a run makes.

    Attributes:
        place: of its state [members, channels, ...].
        field: a slice that names it and its unit; None: the field of the run.
        back: the transform whose inverse gives its physical values.
        makes: the pixels that are made [ny, nx], or None for all.
        truth: the open fields, standardised, where the run comes from them; else None.
    """

    place: int
    field: Field | None
    back: Back
    makes: NDArray[np.bool_] | None
    truth: Array | None


def channels_of(plan: Plan) -> list[MadeChannel]:
    """What a run makes, channel by channel: one field, or those that are made together."""
    made = plan.jointly
    if made is None:
        return [MadeChannel(0, None, plan.made_in, plan.makes, plan.x0 if plan.has_truth else None)]
    truth = made.x0 if made.placed else None
    return [
        MadeChannel(i, made.fields[i], made.backs[i], made.there[i], None if truth is None else truth[i])
        for i in range(made.made)
    ]


def physical_of(plan: Plan, y: Array, channel: MadeChannel | None = None) -> NDArray[np.float64]:
    """A channel of members in physical units [members, ..., ny, nx] of a state [members, channels, ..., ny, nx].

    NaN where none is made. Without a channel it is the first.
    """
    one = channels_of(plan)[0] if channel is None else channel
    made = one.back.inverse(y[:, one.place])
    return made if one.makes is None else np.where(one.makes, made, np.nan)


def streamed_for(plan: Plan, truth: NDArray[np.floating] | None = None, channel: MadeChannel | None = None) -> Streamed:
    """The statistics that the recipe of a plan asks for, of nothing yet.

    Args:
        plan: of all members.
        truth: the field of the region in physical units, where the run comes from it.
        channel: what they are of; None: the first.

    Raises:
        UserError: if a statistic is unknown, or cannot be had of so few members or without a truth.
    """
    asked = statistics_asked(plan.recipe.ensemble.statistics)
    for statistic in asked:
        check_spread(statistic, plan.recipe.ensemble.members)
    back = (channels_of(plan)[0] if channel is None else channel).back
    assert isinstance(back, Transform)
    return Streamed(asked, fixed_edges(back, prod(plan.shape[2:])), truth)


def unmet(streamed: Streamed, units: str) -> Iterator[str]:
    """Sentences about thresholds that lie outside all that was made."""
    for statistic in streamed.asked:
        if statistic.kind == "p>" and not streamed.low <= statistic.number < streamed.high:
            side = "Every member is" if statistic.number < streamed.low else "No member is"
            yield (
                f"{side} above {statistic.number:g} {units}".rstrip()
                + f" anywhere: the members go from {streamed.low:.4g} to {streamed.high:.4g} {units}".rstrip()
                + "; choose a threshold between."
            )
