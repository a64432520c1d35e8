"""The groups of a recipe: each value is declared once, with its type, what is allowed, and a sentence about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from diffview.errors import UserError
from diffview.fields.coarse import at_resolution, refined
from diffview.fields.field import Field, Region
from diffview.fields.regions import BY_COUNT, BY_PIXELS
from diffview.fields.transforms import Transform
from diffview.forward.normals import NEWEST
from diffview.forward.schedules import Linear, Schedule
from diffview.params import FINITE, Choice, Range, ValueType, confirm, plain_of, shown, value_of
from diffview.reverse.grids import MAX_STEPS
from diffview.runs.values import (
    AXES,
    FITTED,
    INDEX,
    LEVEL,
    MASK,
    REGION,
    REGIONS,
    SCHEDULE,
    SETTINGS,
    STATISTICS,
    STREAMS,
    Settings,
)

AUTO = "auto"
"""The transform that is chosen from units and values."""

USUAL_BLOCK = 64
"""Members that are computed at once where nothing else is asked for."""

NAME_LENGTH = 24
"""Most characters of the name of a rival."""

SEED = Range(0, 2**63 - 1)
SHARE = Range(0, 0.5)
OVERLAP = Range(0, 0.75)
STEPS = Range(1, MAX_STEPS)
MEMBERS = Range(1, 1_000_000)
FIRST = Range(0, 2**30)
AT_ONCE = Range(1, 1024)
CHAIN = Range(1, 100_000)
RULE = Range(BY_COUNT, BY_PIXELS)


class Group:
    """Values that are declared here and nowhere else; a value that is not allowed is refused when it is made."""

    def __post_init__(self) -> None:
        """Refuse it.

        Raises:
            UserError: then.
        """
        confirm(self, "The recipe")


@dataclass(frozen=True)
class Source(Group):
    """The slice, the part of it that is worked on, and its way to standardised units."""

    path: Annotated[str | None, "The file; none: the packaged field."] = None
    dataset: Annotated[str | None, "The variable; none: the first that looks like a map."] = None
    index: Annotated[tuple[int, ...] | None, INDEX, "The fixed indices of the variable's other dimensions."] = None
    axes: Annotated[
        tuple[int, int] | None, AXES, "Axes of the variable that are rows and columns; none: as in a map."
    ] = None
    window: Annotated[Region | None, REGION, "The part of the slice that is read, in its own pixels; none: all."] = None
    mask: Annotated[tuple[float, ...], MASK, "Values that mean missing though the file does not say so."] = ()
    coarsen: Annotated[int, Range(1, 64), "Pixels a side that become one; 1: as stored."] = 1
    coarsen_by: Annotated[str, Choice(("mean", "stride")), "How: by their mean, or by the first of them."] = "mean"
    refine: Annotated[int, Range(1, 64), "Pixels a side that each value is the mean of: a coarse field; 1: none."] = 1
    region: Annotated[Region | None, REGION, "The rectangle worked on; none: a complete square near the centre."] = None
    transform: Annotated[str, "From physical units to standardised ones; auto: by units and values."] = AUTO
    fitted: Annotated[
        Transform | None, FITTED, "The transform with its numbers, in force while its key is the one asked for."
    ] = None

    def at_work(self, stored: Field) -> Field:
        """A field as stored at the resolution that is worked at.

        Raises:
            UserError: if it would be too small, or too large.
        """
        return refined(at_resolution(stored, self.coarsen, self.coarsen_by), self.refine)


@dataclass(frozen=True)
class Fork(Group):
    """Where a run leaves another: up to step `step` the parent's course holds, from there on the recipe's own.

    All but the course is the recipe's own, so that the parent of a fork that was given another region or model is a
    run on that.
    """

    step: Annotated[int, Range(0, MAX_STEPS), "The last step that both have."]
    parent: "Course"
    number: Annotated[int, SEED, "Fork id in the key of the noise, (seed, number); 0: the noise of the seed."] = 0

    @property
    def plain(self) -> dict[str, Any]:
        """It as JSON can hold it."""
        return {**plain_of(self), "parent": plain_of(self.parent)}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Fork":
        """The fork of which `plain` was made.

        Raises:
            UserError: if a key is unknown, or a value not allowed.
        """
        parent = value_of(Course, {**EARLIER_COURSE, **plain["parent"]}, "The recipe's fork")
        return cls(parent=parent, **{key: value for key, value in plain.items() if key != "parent"})


EARLIER_COURSE: dict[str, Any] = {"noise": 1}
"""What a course has that does not name it, as it was written before there was a choice."""

FORK = ValueType("It has a step, a number and a parent.", write=lambda value: value.plain, read=Fork.of)


@dataclass(frozen=True)
class Course(Group):
    """Which way a run takes from its start down to s = 0; field, model and the start itself are all else."""

    schedule: Annotated[Schedule, SCHEDULE, "alpha and sigma over t."] = Linear()
    grid: Annotated[str, "Which noise levels a run visits."] = "uniform"
    grid_params: Annotated[Settings, SETTINGS, "Settings of the grid."] = ()
    steps: Annotated[int, STEPS, "Steps of a run."] = 18
    sampler: Annotated[str, "How a run steps."] = "ddim"
    sampler_params: Annotated[Settings, SETTINGS, "Settings of the sampler."] = ()
    seed: Annotated[int, SEED, "Seed of the noise."] = 0
    fork: Annotated[Fork | None, FORK, "The run it leaves on its way; none: it goes its own from the start."] = None
    noise: Annotated[int, STREAMS, "Version of the noise: how normals are made of the random bits of a seed."] = NEWEST


@dataclass(frozen=True)
class DenoiserChoice(Group):
    """What x0_hat comes from."""

    model: Annotated[str, "A formula (gaussian, data, local), a network or its folder, or a denoiser given."] = "local"
    fit_set: Annotated[
        str, Choice(("auto", "crops", "slices", "both")),
        "What a formula is fitted to: crops of the slice, the region in other slices, both, or whichever is larger.",
    ] = "auto"  # fmt: skip
    missing_limit: Annotated[float, SHARE, "Share of a crop that may be missing; only a Gaussian takes such crops."] = (
        0.0
    )
    held_out: Annotated[
        float, SHARE, "Share that no formula is fitted to: the right columns of the slice, the last slices."
    ] = 0.0
    fit_rule: Annotated[
        int, RULE, "How many crops are taken: 1: at most 1,000; 2: no more than have 17 million pixels, or are 50."
    ] = BY_PIXELS
    overlap: Annotated[
        float,
        OVERLAP,
        "Share that windows of a network have in common on a region larger than its fields; 0: one window.",
    ] = 0.0
    device: Annotated[str, Choice(("auto", "cpu", "cuda", "mps")), "Where models compute; auto: formulas on numpy."] = (
        "auto"
    )


@dataclass(frozen=True)
class Start(Group):
    """How noise is put in, and whether a run starts from noise or from the region with noise put in."""

    origin: Annotated[str, Choice(("noise", "field")), "What a run starts from."] = "noise"
    level: Annotated[float | None, LEVEL, "Noise level of a start from the field; none: the grid's highest."] = None
    path_mode: Annotated[str, Choice(("closed", "chain")), "In one jump with one noise, or step by step."] = "closed"
    chain_length: Annotated[int, CHAIN, "T, the rows of the chain that slider and Markov steps count."] = 1000


@dataclass(frozen=True)
class Guidance(Group):
    """What is done to the model on the way, and which pixels of the region are kept from it."""

    weight: Annotated[
        float, FINITE, "Weight w of the condition, eps_u + w (eps_c - eps_u); 1: the conditional model."
    ] = 1.0
    clip_low: Annotated[float | None, FINITE, "Lower limit of x0_hat, in the field's unit."] = None
    clip_high: Annotated[float | None, FINITE, "Upper limit of x0_hat, in the field's unit."] = None
    observe: Annotated[str, "What a run is guided by: a key of OBSERVATIONS, or nothing."] = ""
    observe_params: Annotated[Settings, SETTINGS, "Settings of it."] = ()
    hidden: Annotated[
        tuple[Region, ...], REGIONS, "Rectangles of the slice that are kept from a run, although the field has them."
    ] = ()


@dataclass(frozen=True)
class Ensemble(Group):
    """Which fields a run makes."""

    members: Annotated[int, MEMBERS, "Fields that are made."] = 1
    first_member: Annotated[
        int, FIRST, "Number of the first of them: each has its own noise, in whatever part it is made."
    ] = 0
    block: Annotated[
        int | None, AT_ONCE, "Members that are computed at once, and parts begin at multiples of it; none: up to 64."
    ] = None
    statistics: Annotated[
        str, STATISTICS, "All that is kept of the members, as mean,spread,p>5,q0.9; none: they themselves."
    ] = ""

    @property
    def at_once(self) -> int:
        """Members that are computed at once."""
        return self.block or USUAL_BLOCK

    @property
    def refusal(self) -> UserError | None:
        """Why these fields cannot be made: they begin inside a block; None if they can."""
        if not (inside := self.first_member % self.at_once):
            return None
        return UserError(
            f"Members are made in blocks of {self.at_once}, and number {self.first_member} lies inside one of them.",
            f"Begin at {self.first_member - inside}, or choose a block that divides {self.first_member}.",
        )


COURSE = ValueType(
    "It has the values of a course.", write=plain_of,
    read=lambda plain: value_of(Course, {**EARLIER_COURSE, **plain}, "The recipe's course"),
)  # fmt: skip


@dataclass(frozen=True)
class Rival(Group):
    """A way to run under a name: all in which it may differ from the others; field, start and gaps are shared."""

    name: Annotated[str, "What it is called."]
    course: Annotated[Course, COURSE, "Its way from noise."] = Course()
    model: Annotated[str, "Its x0_hat, as of the denoiser."] = DenoiserChoice.model
    weight: Annotated[float, FINITE, "Its weight w of the condition."] = Guidance.weight


RIVALS = ValueType(
    "They are at most three, each with a name of its own.",
    lambda value: len(value) <= 3 and all(isinstance(one, Rival) for one in value),
    lambda value: [plain_of(one) for one in value],
    lambda plain: tuple(value_of(Rival, one, "A rival") for one in plain),
)


@dataclass(frozen=True)
class Rivals(Group):
    """Up to four named ways to run: the one in force IS the recipe, so that any edit of it is one of that rival."""

    others: Annotated[tuple[Rival, ...], RIVALS, "Those that are not in force, in their order."] = ()
    called: Annotated[str, "Name of the one in force."] = "A"
    place: Annotated[int, Range(0, 3), "How many of the others stand before the one in force."] = 0

    def __post_init__(self) -> None:
        """Refuse rivals that could not be told apart, and a place that is none.

        Raises:
            UserError: then.
        """
        super().__post_init__()
        names = [self.called, *(rival.name for rival in self.others)]
        if len(set(names)) < len(names) or not all(0 < len(name.strip()) <= NAME_LENGTH for name in names):
            raise UserError(
                f"The rivals cannot be called {', '.join(map(shown, names))}.",
                f"Give each a name of its own, of 1 to {NAME_LENGTH} characters.",
            )
        if self.place > len(self.others):
            raise UserError(f"There is no place {self.place} among {len(names)} rivals.", "Count them from 0.")
