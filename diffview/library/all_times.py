"""Every time of a series or a set, one after the other: each as `sample` with its index makes it, to the bit.

`times_of` says which times there are, and `made_of_times` makes them one by one and puts them along one dimension;
`sample_times` is both for a program, `diffview sample --all-times` for the command line.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.daily import EPOCH
from diffview.fields.field import Region
from diffview.fields.picture import Picture
from diffview.library.keywords import RunValues
from diffview.library.making import (
    Ends,
    NotAsAsked,
    Progress,
    card_of,
    made_by,
    made_here,
    planned,
    usual_recipe,
    with_ways,
)
from diffview.library.opened import Opened, RecipeLike, one_reader, open_field, read_recipe, recipe_of
from diffview.readers.field_series import time_of
from diffview.runs.by_parts import fills_whole
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.writers.exports import Content, Values

if TYPE_CHECKING:
    import xarray

MOST_BYTES = 2**31
"""The largest result, as float32: a file is written of what is in memory."""

TOLD = 4
"""Times that could not be made which are named; of more, their number is said."""

Tell = Callable[[str], None]
PlanAt = Callable[[tuple[int, ...], Region | None], tuple[Plan, Opened]]
"""The plan of an index, and its field; the region is the one to take where none is asked for, None at first."""


@dataclass(frozen=True, eq=False)
class TimeAxis:
    """The times of a variable.

    Attributes:
        picture: a slice of it.
        dim: which of its other dimensions is time.
        texts: of each time, as 1982-01-03.
        days: of each, days since 1970-01-01 in `calendar`.
        calendar: as CF has it.
        first: the place of the first of them along the dimension.
    """

    picture: Picture
    dim: int
    texts: tuple[str, ...]
    days: NDArray[np.float64]
    calendar: str
    first: int = 0

    def __len__(self) -> int:
        return len(self.days)

    def index(self, number: int) -> tuple[int, ...]:
        """The index of a time: that of the picture along all other dimensions."""
        return (*self.picture.index[: self.dim], self.first + number, *self.picture.index[self.dim + 1 :])

    def lacking(self, number: int, why: str) -> str:
        """That a time could not be made, and why."""
        return f"{self.texts[number]} ({why})"

    def alone(self, number: int) -> TimeAxis:
        """One of them."""
        one = slice(number, number + 1)
        return replace(self, texts=self.texts[one], days=self.days[one], first=self.first + number)


def times_of(recipe: Recipe) -> TimeAxis:
    """The times of the variable that a recipe names.

    Raises:
        UserError: if it cannot be read, or has no dimension of dates.
    """
    source = recipe.source
    if source.path is None:
        raise UserError("The field that ships with diffview has a single time.", "Name a file, a folder or a pattern.")
    with one_reader() as reader:
        picture: Picture = reader.call(
            "read_slice", path=source.path, dataset=source.dataset, index=source.index, axes=source.axes
        )
        labels = reader.call("read_labels", path=source.path, dataset=picture.dataset)
    dim, dated = time_of(picture, labels, source.path)
    assert dated.values is not None
    return TimeAxis(picture, dim, dated.texts, dated.values, dated.calendar)


def made_of_times(
    times: TimeAxis,
    plan_at: PlanAt,
    progress: Progress = lambda share: None,
    tell: Tell = lambda said: None,
    ends: Ends = made_here,
) -> tuple[Content, Opened]:
    """What a recipe makes of every time, along a dimension of time, and the field of the first that could be made.

    The seed is the same at every time, so that a member goes on with its own noise. The region is that of the first
    time. A time that cannot be made stays missing, and `tell` is called with which, and why.

    Args:
        times: those of the variable.
        plan_at: the plan of an index, and its field; see `PlanAt`.
        progress: called with the share that is done; it may raise to end it.
        tell: called with what is to be said of the result.
        ends: where the ends of the blocks of a time come from.

    Raises:
        UserError: if no time can be made, the result is too large, or all times would be the same.
    """
    series = _Series(len(times), ends)
    with one_reader():
        for number in range(len(times)):
            series.add(number, times, plan_at)
            progress((number + 1) / len(times))
    content, opened = series.ended(tell)
    when = {"long_name": "time", "standard_name": "time", "units": EPOCH, "calendar": times.calendar, "axis": "T"}
    variables = {"time": Values(("time",), times.days, when), **content.variables}
    comment = f"{content.attributes.get('comment', '')} Every time was made as its index alone, with the same seed."
    return replace(content, variables=variables, attributes={**content.attributes, "comment": comment.strip()}), opened


def sample_times(
    *,
    recipe: RecipeLike | None = None,
    fill: str | None = None,
    progress: Progress = lambda share: None,
    **values: Unpack[RunValues],
) -> xarray.Dataset:
    """Fields made by a model of every time of a file or a set: [time, member, rows, columns], mean and spread.

    Each time is what `sample` with its index gives, to the bit: with the same seed, in the region of the first.

    Args:
        recipe: a Recipe, its JSON, or the name of its file; values given beside it come first.
        fill: "repaint" or "guidance": missing and `hidden` pixels of the region are filled.
        progress: called with the share that is done.
        **values: of the recipe, `path` and `dataset` among them; see `sample`.

    Raises:
        UserError: if something cannot be read, is not allowed, or can be made of no time.

    Example:
        >>> made = diffview.sample_times(path="folder", dataset="sst", level=1.0, region=(0, 0, 16, 16), steps=4)
        >>> made["sst"].dims
        ('time', 'member', 'latitude', 'longitude')
    """
    from diffview.library.datasets import dataset_of

    known = None if recipe is None else read_recipe(recipe)
    card = card_of(values.get("model", (known or Recipe()).denoiser.model))
    asked = with_ways(recipe_of(known or usual_recipe(card), values), values, fill)
    if fills_whole(asked):
        raise UserError("Whole pictures are filled one at a time.", "Name a region.")

    def plan_at(index: tuple[int, ...], region: Region | None) -> tuple[Plan, Opened]:
        at = open_field(asked.but(index=index, region=asked.source.region or region))
        return planned(at, card), at

    return dataset_of(*made_of_times(times_of(asked), plan_at, progress, _warn))


def _warn(sentence: str) -> None:
    warnings.warn(sentence, NotAsAsked, stacklevel=5)


class _Series:
    """What was made of some of so many times, by the variables of the first."""

    def __init__(self, count: int, ends: Ends) -> None:
        self._count, self._ends = count, ends
        self._first: tuple[Content, Opened] | None = None
        self._region: Region | None = None
        self._values: dict[str, NDArray[Any]] = {}
        self._lacking: list[str] = []
        self._said: list[str] = []
        self._why: UserError | None = None

    def add(self, number: int, times: TimeAxis, plan_at: PlanAt) -> None:
        """Make a time."""
        try:
            plan, opened = plan_at(times.index(number), self._region)
            if plan.refusal is not None:
                raise plan.refusal
            check_series(plan, self._count)
            self._check(plan)
            content = made_by(plan, opened, False, lambda share: None, self._said.append, self._ends)[0]
        except UserError as error:
            if isinstance(error, NoSeries):
                raise
            self._why = self._why or error
            self._lacking.append(times.lacking(number, error.sentence))
            return
        if self._first is None:
            self._first, self._region = (content, opened), plan.region
        for name, variable in content.variables.items():
            if _varies(variable):
                self._put(number, name, variable)

    def _check(self, plan: Plan) -> None:
        """Refuse another region than that of the times before."""
        if self._region is not None and plan.region != self._region:
            raise UserError(
                f"Its region would be {plan.region}, and that of the times before is {self._region}.",
                "Name a region that holds data at every time.",
            )

    def _put(self, number: int, name: str, variable: Values) -> None:
        """The values of a variable at a time, physical."""
        values = np.asarray(variable.values if variable.back is None else variable.back.inverse(variable.values))
        if name not in self._values:
            whole = values.dtype.kind in "iu"  # flags have no NaN: what is not made is 0, not generated
            kind = values.dtype if whole else np.dtype(np.float32 if values.ndim > 1 else np.float64)
            self._values[name] = np.full((self._count, *values.shape), 0 if whole else np.nan, kind)
        self._values[name][number] = values

    def ended(self, tell: Tell) -> tuple[Content, Opened]:
        """All of it, and the field of the first time; what is lacking is told."""
        if self._first is None:
            assert self._why is not None
            raise self._why
        if self._lacking:
            tell(lacking_told(self._lacking, self._count))
        for sentence in dict.fromkeys(self._said):
            tell(sentence)
        content, opened = self._first
        made = {
            name: replace(one, dims=("time", *one.dims), values=self._values[name], back=None) if _varies(one) else one
            for name, one in content.variables.items()
        }
        return replace(content, variables=made), opened


class NoSeries(UserError):
    """What ends all times, not one of them."""


def check_series(plan: Plan, count: int) -> None:
    """Refuse what gives no series: the same at every time, or too much of it for so many times in memory.

    Raises:
        NoSeries: then.
    """
    if plan.card is not None and not plan.placed and not plan.card.conditions:
        raise NoSeries(
            f"Nothing of the field goes into this run of {plan.card.name}: every time would be the same.",
            "Start from the field (--start and --s), fill it (--fill), or name a condition.",
        )
    asked = plan.recipe.ensemble
    kept = asked.statistics.count(",") + 1 if asked.statistics else asked.members + 2
    if (size := 4 * count * kept * plan.shape[-2] * plan.shape[-1]) > MOST_BYTES:
        raise NoSeries(
            f"{count:,} times of {kept} pictures take {size / 2**30:.1f} GB.",
            f"There is room for {MOST_BYTES / 2**30:.0f} GB: name a region, fewer members, --statistics "
            "mean,spread, or make each a file of its own with --on.",
        )


def lacking_told(lacking: Sequence[str], count: int) -> str:
    """Which of so many times could not be made, and why: the first few by name."""
    more = len(lacking) - TOLD
    named = "; ".join(lacking[:TOLD]) + (f"; and {more} more" if more > 0 else "")
    return f"{len(lacking)} of {count} times stay missing: {named}."


def _varies(variable: Values) -> bool:
    """Whether a variable differs from time to time: all but the numbers of the members."""
    return variable.dims != ("member",)
