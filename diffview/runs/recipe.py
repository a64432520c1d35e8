"""The recipe says what is asked for: frozen, plain data in a few groups, hashed, written as JSON; see `plan`.

Each value is declared once, in its group: its type, what is allowed, and a sentence about it. Checks, JSON, edits by
name and the flags of the command line read it there. What cannot be had as asked, `resolve` says.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.regions import BY_COUNT, BY_PIXELS
from diffview.fields.transforms import Transform
from diffview.forward.schedules import Linear, Schedule
from diffview.params import (
    FINITE,
    Choice,
    Parameter,
    Range,
    ValueType,
    confirm,
    json_text,
    parameters,
    plain_of,
    shown,
    value_of,
)
from diffview.paths import parse_json
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

VERSION = 2
"""Of the JSON that is written; version 1, which had no groups, is read too."""

GIVEN = "<array>"
"""Stands for the name of a file where the field was given as an array."""

NOT_KEPT = UserError("The recipe was made of an array, which it does not hold.", "Give the array beside it.")

ENDLESS_LEVEL = re.compile(r'("(?:start_)?level": *)Infinity\b')
"""How a start where alpha reaches 0 was written before it was written as a word."""

AUTO = "auto"
"""The transform that is chosen from units and values."""

USUAL_BLOCK = 64
"""Members that are computed at once where nothing else is asked for."""

NAME_LENGTH = 24
"""Most characters of the name of a rival."""

SEED = Range(0, 2**63 - 1)
SHARE = Range(0, 0.5)
STEPS = Range(1, MAX_STEPS)
MEMBERS = Range(1, 1_000_000)
FIRST = Range(0, 2**30)
AT_ONCE = Range(1, 1024)
CHAIN = Range(1, 100_000)
RULE = Range(BY_COUNT, BY_PIXELS)

# -- the groups


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
    region: Annotated[Region | None, REGION, "The rectangle worked on; none: a complete square near the centre."] = None
    transform: Annotated[str, "From physical units to standardised ones; auto: by units and values."] = AUTO
    fitted: Annotated[
        Transform | None, FITTED, "The transform with its numbers, in force while its key is the one asked for."
    ] = None


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
        parent = value_of(Course, plain["parent"], "The recipe's fork")
        return cls(parent=parent, **{key: value for key, value in plain.items() if key != "parent"})


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
    noise: Annotated[int, STREAMS, "Version of the noise streams."] = 1


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
    "It has the values of a course.", write=plain_of, read=lambda plain: value_of(Course, plain, "The recipe's course")
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


@dataclass(frozen=True)
class Reserved(Group):
    """A group that holds nothing as yet; written and read, so that what comes into it needs no other version."""


@dataclass(frozen=True)
class Recipe:
    """What the user asks for. Values are read by group, `recipe.course.seed`, and edited by name, `but(seed=1)`."""

    source: Source = Source()
    course: Course = Course()
    denoiser: DenoiserChoice = DenoiserChoice()
    start: Start = Start()
    guidance: Guidance = Guidance()
    ensemble: Ensemble = Ensemble()
    view: Reserved = Reserved()
    rivals: Rivals = Rivals()
    operators: Reserved = Reserved()
    conditions: Reserved = Reserved()
    frames: Reserved = Reserved()

    @classmethod
    def of(cls, **values: Any) -> "Recipe":
        """The recipe with these values, by name; all others have their defaults."""
        return cls().but(**values)

    def but(self, **values: Any) -> "Recipe":
        """The recipe with these values in the place of its own: single ones by name, or whole groups.

        Raises:
            UserError: if a value is not allowed.
            TypeError: if a recipe has no value of that name.
        """
        groups = {name: values.pop(name) for name in values.keys() & GROUPS.keys()}
        apart: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            if name not in GROUP_OF:
                raise TypeError(f"a recipe has no value {name!r}")
            apart.setdefault(GROUP_OF[name], {})[name] = value
        for group, own in apart.items():
            groups[group] = dataclasses.replace(groups.get(group, getattr(self, group)), **own)
        return dataclasses.replace(self, **groups)

    def of_run(self) -> "Recipe":
        """The recipe that all recipes of one run share.

        It leaves out the rivals, the length of the chain, which only counts rows, and for a run from noise the kind of
        path on which noise is put in.
        """
        apart = {} if self.start.origin == "field" else {"path_mode": Start.path_mode}
        return self.but(rivals=Rivals(), chain_length=1, **apart)

    def to_json(self) -> str:
        """The recipe as JSON text."""
        return json_text({"diffview_recipe": VERSION, **{name: plain_of(getattr(self, name)) for name in GROUPS}})

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """The recipe in JSON text, of this version or an older one.

        What it does not name has its default, or the value of EARLIER, with which it was made.

        Raises:
            UserError: if it is not a recipe, is of a newer version, or a key or value is unknown.
        """
        try:
            plain = parse_json(ENDLESS_LEVEL.sub(r'\1"inf"', text))
        except (ValueError, RecursionError) as error:
            raise UserError(f"This is not JSON: {error}.", "Choose a recipe saved by diffview.") from None
        version = plain.pop("diffview_recipe", None) if isinstance(plain, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise UserError(
                f"This recipe is of version {version}; this diffview reads versions 1 to {VERSION}.",
                "Open it with a newer diffview.",
            )
        if version not in range(1, VERSION + 1):
            raise UserError("This JSON is not a diffview recipe.", f'A recipe has "diffview_recipe": {VERSION}.')
        try:
            groups = _with_earlier(_grouped(plain) if version == 1 else plain)
            for name in groups:
                if name not in GROUPS:
                    raise UserError(f"The recipe has an unknown group, {name!r}.", "It may come from a newer diffview.")
            return cls(**{name: value_of(GROUPS[name], own, f"The recipe's {name}") for name, own in groups.items()})
        except (TypeError, ValueError, AttributeError, KeyError, RecursionError, OverflowError) as error:
            raise UserError(
                f"The recipe has a value of the wrong kind: {error}.", "Compare it with a saved one."
            ) from None


GROUPS: dict[str, type[Any]] = {f.name: type(f.default) for f in dataclasses.fields(Recipe)}
"""The groups of a recipe, by name."""

GROUP_OF = {p.name: group for group, kind in GROUPS.items() for p in parameters(kind)}
"""In which group a value lies, by its name."""

DECLARED: dict[str, Parameter] = {p.name: p for kind in GROUPS.values() for p in parameters(kind)}
"""Every value of a recipe as it was declared, by its name."""

RENAMED = {"start": "origin", "start_level": "level", "guidance": "weight"}
"""Values that had another name in version 1."""


EARLIER: dict[str, dict[str, Any]] = {"denoiser": {"fit_rule": BY_COUNT}}
"""What holds in a recipe that does not name it, as it was written before there was a choice, by group."""


def _with_earlier(groups: dict[str, Any]) -> dict[str, Any]:
    """The groups of a recipe with what held when there was no choice."""
    return {**groups, **{name: {**values, **groups.get(name, {})} for name, values in EARLIER.items()}}


def _grouped(plain: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The groups of a recipe of version 1, whose values lay side by side."""
    groups: dict[str, dict[str, Any]] = {}
    for key, value in plain.items():
        name = RENAMED.get(key, key)
        if name not in GROUP_OF:
            raise UserError(f"The recipe has an unknown key, {key!r}.", "It may come from a newer diffview.")
        groups.setdefault(GROUP_OF[name], {})[name] = value
    return groups


def default_recipe() -> Recipe:
    """What the program starts with: the packaged field, and a complete region of it."""
    return Recipe.of(region=Region(0, 100, 128, 128))
