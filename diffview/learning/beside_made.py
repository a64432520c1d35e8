"""Channels and sequences made together beside the window: what is read, the run, and what came of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.jointly import JointValues
from diffview.fields.picture import Picture
from diffview.models.cards import Card
from diffview.readers.channels_read import read_jointly
from diffview.readers.process import ReaderProcess
from diffview.runs.facts import Facts, default_region
from diffview.runs.in_blocks import MadeChannel, channels_of, physical_of, together, too_large
from diffview.runs.job import Job
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve

Array = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class MadeTogether:
    """Fields that were made together.

    Attributes:
        plan: that made them.
        start: the state that the run began with, standardised, [members, channels, frames, ny, nx].
        end: that at its end.
    """

    plan: Plan
    start: Array
    end: Array

    @property
    def channels(self) -> list[MadeChannel]:
        """What was made, channel by channel."""
        return channels_of(self.plan)

    def members(self, channel: MadeChannel) -> Array:
        """Members of a channel in its units [members, frames, ny, nx]; NaN where none is made."""
        return _framed(physical_of(self.plan, self.end, channel))

    def noise(self, channel: MadeChannel) -> Array:
        """What the first member of a channel was made of, in standard deviations of the noise [frames, ny, nx]."""
        return np.asarray(_framed(self.start[:1, channel.place] / max(self.plan.levels[0], 1.0))[0])

    def truth(self, channel: MadeChannel) -> Array | None:
        """The open fields of a channel in its units [frames, ny, nx], where the run comes from them; else None."""
        return None if channel.truth is None else np.asarray(_framed(channel.back.inverse(channel.truth)[None])[0])


def _framed(values: Array) -> Array:
    """[members, frames, ny, nx], of a single frame too."""
    return values[:, None] if values.ndim == 3 else values


def jointly_asked(reader: ReaderProcess, recipe: Recipe, picture: Picture, card: Card | None = None) -> JointValues:
    """The region of all slices of the channels that a recipe has made together; those that are given come last.

    Raises:
        UserError: as in `read_jointly`, or if the fields are not to be taken as the file stores them.
    """
    source, asked = recipe.source, recipe.frames
    if asked.refusal is not None:
        raise asked.refusal
    if source.coarsen > 1 or source.refine > 1 or source.window is not None or source.mask:
        raise UserError(
            "Fields that are made together are taken as the file stores them.",
            "Leave coarsen, refine, window and mask out, or make such a file first.",
        )
    channels = [name for name in asked.channels if name not in asked.known]
    usual = Facts(picture.field).fits.of(default_region) if card is None else _middle(picture.size, card.shape[1:])
    region = source.region or usual
    assert source.path is not None
    return read_jointly(reader, source.path, picture, [*channels, *asked.known], region)


def _middle(size: tuple[int, int], sides: tuple[int, ...]) -> Region:
    """A region of these sides in the middle of a picture; all of a smaller one."""
    ny, nx = (min(side, whole) for side, whole in zip(sides, size, strict=True))
    return Region((size[0] - ny) // 2, (size[1] - nx) // 2, ny, nx)


def plan_together(recipe: Recipe) -> Plan:
    """The plan of a recipe that makes several fields, of what is read for it.

    Raises:
        UserError: if a file cannot be read, or its variables and times do not go together.
    """
    source = recipe.source
    if source.path is None:
        raise UserError("The packaged field has no others beside it.", "Open a file with several variables or times.")
    reader = ReaderProcess()
    try:
        picture: Picture = reader.call(
            "read_slice", path=source.path, dataset=source.dataset, index=source.index, axes=source.axes,
            window=source.window, mask=source.mask,
        )  # fmt: skip
        values = jointly_asked(reader, recipe, picture)
    finally:
        reader.close()
    named = recipe.but(dataset=picture.dataset, index=picture.index)
    return resolve(named, Facts(source.at_work(picture.field)).learn(jointly=values))


@dataclass(eq=False)
class TogetherJob(Job):
    """Fields made together, beside the window.

    Attributes:
        recipe: that asks for them.
        made: what came of it, once it is there.
    """

    recipe: Recipe
    made: MadeTogether | None = None

    def work(self) -> None:
        """Read, fit and run."""
        plan = plan_together(self.recipe)
        if (refusal := plan.refusal or too_large(plan)) is not None:
            raise refusal
        self.tell(0.3)
        start: Array | None = None
        for step in together(plan, between=lambda: self.tell(self.done)):
            start = np.asarray(to_numpy(step.y)) if start is None else start
            self.tell(0.3 + 0.7 * step.index / plan.steps)
        assert start is not None
        self.made = MadeTogether(plan, start, np.asarray(to_numpy(step.y)))
