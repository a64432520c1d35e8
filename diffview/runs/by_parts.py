"""A picture of any size filled by parts: regions that overlap, one after the other, each given what is known by then.

What an earlier part made is known to a later one, so that every member has one field without seams: a sequential
simulation [Gomez-Hernandez & Journel 1993, "Joint sequential simulation of multiGaussian fields"], with regions in the
place of pixels. Parts do not join across the edge of a global map.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import Facts
from diffview.runs.guiding import GuidedModel
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]

SIDE = 96
"""Pixels a side of a part for formulas; a network's is its own size."""

SHARED = 0.25
"""Share of a part that it has in common with the next one."""


@dataclass(frozen=True, eq=False)
class FilledPicture:
    """A picture whose gaps were filled by parts.

    Attributes:
        plan: of one of the parts.
        members: in physical units, float32 [members, ny, nx]; NaN where nothing was to be made or could be.
        filled: the pixels that were made [ny, nx].
        left: those that were to be made, but no part that holds one of them knows a pixel [ny, nx].
        parts: how many runs of a member were made.
        evaluations: calls of the model for a member.
    """

    plan: Plan
    members: Array
    filled: Mask
    left: Mask
    parts: int
    evaluations: int


def fills_whole(recipe: Recipe) -> bool:
    """Whether a recipe asks for the gaps of its whole picture: its run fills, and it names no region.

    Instruments see one region.
    """
    return Conditioning.of(recipe).fills and recipe.source.region is None and not recipe.operators.instruments


def fill_by_parts(
    recipe: Recipe,
    facts: Facts,
    never: Mask | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> FilledPicture:
    """Fill the missing and the hidden pixels of a whole picture.

    Args:
        recipe: of a run that fills; its seed makes one for every part and member.
        facts: the field.
        never: pixels that stay missing, land for one [ny, nx].
        progress: called with the share that is done; it may raise to end it.

    Raises:
        UserError: if there is nothing to fill, or a part cannot be run.
    """
    picture = facts.field.values
    if recipe.ensemble.statistics:
        raise UserError("Statistics are kept of one region, and a whole picture is to be filled.", "Name a region.")
    ny, nx = picture.shape
    never = np.zeros(picture.shape, bool) if never is None else never
    if never.shape != picture.shape:
        raise UserError(
            f"The mask has {never.shape[0]} x {never.shape[1]} pixels, the field {ny} x {nx}.",
            "Name a mask on the same grid.",
        )
    hidden = hidden_in(recipe.guidance.hidden, Region(0, 0, ny, nx))
    known = ~(np.isnan(picture) | hidden)
    wanted = ~known & ~never
    if not wanted.any():
        raise UserError("Nothing of this field is missing that may be filled.", "Hide a part of it.")
    work = _Work.begin(recipe, facts, known, wanted)
    while (region := work.next_part()) is not None:
        work.fill(region)
        progress(work.done / (work.done + len(work.waiting) - 1))
    return work.result(picture)


@dataclass(eq=False)
class _Work:
    """The work so far.

    Attributes:
        plan: of one of the parts, whose model, levels and transform all of them have.
        wanted: what is to be made [ny, nx].
        known: what is known; it grows with every part.
        members: standardised [members, ny, nx].
        waiting: parts that are not filled yet.
        done, evaluations: parts filled, and calls of the model for a member.
    """

    plan: Plan
    wanted: Mask
    known: Mask
    members: Array
    waiting: list[Region]
    done: int = 0
    evaluations: int = 0

    @classmethod
    def begin(cls, recipe: Recipe, facts: Facts, known: Mask, wanted: Mask) -> "_Work":
        """Nothing is filled yet.

        Raises:
            UserError: if the model cannot fill.
        """
        card = facts.cards.get(recipe.denoiser.model)
        size = (SIDE, SIDE) if card is None else (card.shape[1], card.shape[2])
        waiting = [part for part in parts_of(known.shape, size) if wanted[part.slices].any()]
        best = max(waiting, key=lambda part: int(known[part.slices].sum()))
        plan = resolve(recipe.but(region=best, fork=None), facts)
        if plan.refusal is not None:
            raise plan.refusal
        if plan.makes is not None or (card is not None and card.coarsen):
            raise UserError(
                f"{recipe.denoiser.model} makes fields of one place, or of a coarse one: a picture cannot be filled by "
                "parts with it.",
                "Give --region, or choose another model.",
            )
        members = np.repeat(np.where(known, plan.standardised, np.float32(0))[None], recipe.ensemble.members, axis=0)
        return cls(plan, wanted, known.copy(), members, waiting)

    def next_part(self) -> Region | None:
        """The next region that lacks something and knows something; None if there is none."""
        self.waiting = [part for part in self.waiting if (self.wanted & ~self.known)[part.slices].any()]
        return next((part for part in self.waiting if self.known[part.slices].any()), None)

    def fill(self, region: Region) -> None:
        """Make what a region lacks, a member at a time: each knows what it made itself before."""
        known = self.known[region.slices]
        for member, whole in enumerate(self.members):
            here = whole[region.slices]
            for step in run(self._part(region, here, known, member)):
                last = step
            here[...] = np.where(known, here, to_numpy(last.y)[0, 0])
        self.evaluations += last.evaluations
        self.done += 1
        self.known[region.slices] = True

    def _part(self, region: Region, x: Array, known: Mask, member: int) -> Plan:
        """The plan of one part of one member, which is given the `known` pixels of x."""
        plan, model = self.plan, self.plan.model
        first = plan.recipe.ensemble.first_member
        words = (plan.recipe.course.seed, region.row, region.column, first + member)
        seed = int(np.random.SeedSequence(words).generate_state(1)[0])
        if isinstance(model, GuidedModel) and model.led is not None:
            model = replace(model, led=model.led.seeing(x, known))
        recipe = plan.recipe.but(region=region, seed=seed, members=1, first_member=0)
        x0 = np.where(known, x, np.float32(np.nan))
        return replace(plan, recipe=recipe, region=region, model=model, x0=x0, known=known, filled=~known)

    def result(self, picture: Array) -> FilledPicture:
        """In physical units; what was known is as it was in the picture, to the bit."""
        filled = self.wanted & self.known
        physical = self.plan.made_in.inverse(self.members).astype(np.float32)
        members = np.where(filled, physical, np.where(self.wanted, np.float32(np.nan), picture))
        return FilledPicture(self.plan, members, filled, self.wanted & ~self.known, self.done, self.evaluations)


def parts_of(shape: tuple[int, ...], size: tuple[int, int]) -> list[Region]:
    """Regions of one size that cover a picture of `shape`, in reading order, each sharing a part with the next."""
    ny, nx = (min(side, length) for side, length in zip(size, shape, strict=True))
    return [Region(row, column, ny, nx) for row in _starts(shape[0], ny) for column in _starts(shape[1], nx)]


def _starts(length: int, side: int) -> list[int]:
    """Where parts of `side` begin along `length`, evenly, each sharing at least SHARED with the next."""
    count = 1 + math.ceil((length - side) / (side * (1 - SHARED)))
    return [round(start) for start in np.linspace(0, length - side, count)]
