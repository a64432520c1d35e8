"""The recipe says what is wished: frozen, plain data, hashed, written as JSON; see `plan` for what is made of it."""

import dataclasses
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.forward.schedules import Linear, Schedule, make_schedule, schedule_params
from diffview.params import Choice, Numbers, parameters
from diffview.reverse.grids import GRIDS

Array = NDArray[np.float32]
Settings = tuple[tuple[str, Any], ...]

RESOLUTIONS = Choice(("mean", "stride"))
FIT_SETS = Choice(("auto", "crops", "slices", "both"))
STARTS = Choice(("noise", "field"))
PATH_MODES = Choice(("closed", "chain"))
DEVICES = Choice(("auto", "cpu", "cuda", "mps"))
DRAWN = {p.name for grid in GRIDS.values() for p in parameters(grid) if isinstance(p.allowed, Numbers)}
"""Settings of grids that are lists of numbers."""

AUTO = "auto"
"""The transform that is chosen from units and values."""

MOST_SHARE = 0.5
"""Of a crop's pixels that may be missing, and of a slice that may be held out."""

PARAMS = ("grid_params", "sampler_params", "observe_params")

CHOICES = {
    "start": STARTS, "path_mode": PATH_MODES, "device": DEVICES, "coarsen_by": RESOLUTIONS, "fit_set": FIT_SETS
}  # fmt: skip
COUNTS = {"coarsen": 64, "chain_length": 100_000, "steps": 10_000, "members": 64, "seed": 2**63 - 1}


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_level(value: Any) -> bool:
    return value is None or (isinstance(value, (int, float)) and float(value) > 0)  # inf: where alpha reaches 0


def _is_region(value: Any) -> bool:
    return value is None or all(type(n) is int for n in dataclasses.astuple(value))


def _are_axes(value: Any) -> bool:
    return value is None or (len(value) == 2 and all(type(n) is int for n in value))


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_limit(value: Any) -> bool:
    return value is None or _is_finite(value)


def _is_share(value: Any) -> bool:
    return _is_finite(value) and 0 <= value <= MOST_SHARE


def _are_regions(value: Any) -> bool:
    return isinstance(value, tuple) and all(isinstance(v, Region) and _is_region(v) for v in value)


def _are_settings(value: Any) -> bool:
    return all(isinstance(v, (str, int, float)) for _, v in value)


def _are_grid_settings(value: Any) -> bool:
    plain = [pair for pair in value if pair[0] not in DRAWN]
    drawn = [v for name, v in value if name in DRAWN]
    return _are_settings(plain) and all(isinstance(v, tuple) and _are_settings(enumerate(v)) for v in drawn)


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "path": (lambda value: value is None or _is_text(value), "It is a text."),
    "missing_limit": (_is_share, "Choose a share of the pixels from 0 to 0.5."),
    "held_out": (_is_share, "Choose a share of the slice from 0 to 0.5."),
    "dataset": (lambda value: value is None or _is_text(value), "It is a text."),
    "axes": (_are_axes, "They are two whole numbers."),
    "model": (_is_text, "It is the name of a model."),
    "transform": (_is_text, "It is a text."),
    "fitted": (lambda value: value is None or isinstance(value, Transform), "It has a key, mean, std and numbers."),
    "grid": (_is_text, "It is a text."),
    "sampler": (_is_text, "It is a text."),
    "window": (_is_region, "It has a row, a column, ny and nx, in whole pixels."),
    "region": (_is_region, "It has a row, a column, ny and nx, in whole pixels."),
    "guidance": (_is_finite, "Choose a number; 1 is the plain conditional model."),
    "clip_low": (_is_limit, "Choose a number in the field's unit, or none."),
    "clip_high": (_is_limit, "Choose a number in the field's unit, or none."),
    "observe": (_is_text, "It is a text."),
    "observe_params": (_are_settings, "They are numbers and texts."),
    "hidden": (_are_regions, "They are rectangles with a row, a column, ny and nx, in whole pixels."),
    "grid_params": (_are_grid_settings, "They are numbers and texts."),
    "sampler_params": (_are_settings, "They are numbers and texts."),
    "start_level": (_is_level, "Choose a noise level above 0."),
    "fork": (lambda value: value is None or isinstance(value, Fork), "It has a step, a number and a parent."),
}

COURSE = ("schedule", "grid", "grid_params", "steps", "sampler", "sampler_params", "seed", "fork")
"""What says which way a run takes from its start; the start itself, the field and the model are all else."""


@dataclass(frozen=True)
class Fork:
    """Where a run leaves another: up to step `step` it is the parent's, from there on the recipe's own course holds.

    Attributes:
        step: the last step that both have.
        parent: whose COURSE is the parent's; all else is the recipe's own, so that the parent of a fork that was given
            another region or model is a run on that.
        number: fork id in the key of the noise, (seed, number); 0 goes on with the noise of the seed.
    """

    step: int
    parent: "Recipe"
    number: int = 0

    def __post_init__(self) -> None:
        for name, most in (("step", COUNTS["steps"]), ("number", 2**63 - 1)):
            value = getattr(self, name)
            if type(value) is not int or not 0 <= value <= most:
                raise UserError(f"A fork cannot have {name} = {value!r}.", f"Choose a whole number from 0 to {most}.")

    @classmethod
    def of(cls, recipe: "Recipe", step: int, number: int = 0) -> "Fork":
        """A fork of the run of `recipe`."""
        return cls(step, Recipe(**{name: getattr(recipe, name) for name in COURSE}), number)

    @property
    def course(self) -> dict[str, Any]:
        """What to replace in a recipe to have the parent's."""
        return {name: getattr(self.parent, name) for name in COURSE}


@dataclass(frozen=True)
class Recipe:
    """What the user wishes, as plain data.

    Attributes:
        path, dataset, index: the slice: a file (None: the packaged field), a variable, the fixed indices of its other
            dimensions.
        axes: which axes of the variable are the rows and the columns; None: those that look like a map.
        window: the part of the slice that is read, in its own pixels; None: all of it.
        coarsen, coarsen_by: the working resolution: pixels a side that become one, by their mean or by the first of
            them (stride); 1: as stored.
        region: the rectangle worked on; None: a complete square near the centre.
        transform: key of TRANSFORMS, or "auto": chosen from units and values.
        fitted: the transform with its numbers, as fitted to the chosen data; None: fitted to the shown slice. It is
            in force while its key is the one that is wished.
        schedule: alpha and sigma over t.
        chain_length: T, the rows of the chain that slider and Markov steps count.
        grid, grid_params, steps: which levels a run visits.
        sampler, sampler_params: how it steps.
        model: key of FORMULAS, or the name of a network or of a denoiser that was given.
        fit_set: what formula models are fitted to: crops of this slice, the region in other slices, both, or
            whichever is larger (auto).
        missing_limit: share of a crop's pixels that may be missing where a law is fitted; the other formulas give crops
            back and take complete ones.
        held_out: share of the fit set that no formula is fitted to: the right columns of the slice, the last slices.
        seed, members: the run's noise, and how many fields it makes.
        start: "noise", or "field": the region at the noise level start_level (None: the grid's highest).
        path_mode: "closed" or "chain".
        device: "auto" (formulas on numpy), "cpu", "cuda" or "mps" (torch).
        fork: the run it leaves on its way; None: it goes its own from the start.
        guidance: weight w of the condition, eps_u + w (eps_c - eps_u); 1 is the plain conditional model.
        clip_low, clip_high: limits of x0_hat in physical units, or None.
        observe, observe_params: key of guidance.OBSERVATIONS that a run is guided by, or "".
        hidden: rectangles of the slice that a run which is told known pixels is not told, although the field has them.
    """

    path: str | None = None
    dataset: str | None = None
    index: tuple[int, ...] | None = None
    axes: tuple[int, int] | None = None
    window: Region | None = None
    coarsen: int = 1
    coarsen_by: str = "mean"
    region: Region | None = None
    transform: str = AUTO
    fitted: Transform | None = None
    schedule: Schedule = Linear()
    chain_length: int = 1000
    grid: str = "uniform"
    grid_params: Settings = ()
    steps: int = 18
    sampler: str = "ddim"
    sampler_params: Settings = ()
    model: str = "local"
    fit_set: str = "auto"
    missing_limit: float = 0.0
    held_out: float = 0.0
    seed: int = 0
    members: int = 1
    start: str = "noise"
    start_level: float | None = None
    path_mode: str = "closed"
    device: str = "auto"
    fork: Fork | None = None
    guidance: float = 1.0
    clip_low: float | None = None
    clip_high: float | None = None
    observe: str = ""
    observe_params: Settings = ()
    hidden: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed.options:
                raise UserError(
                    f"{name} cannot be {getattr(self, name)!r}.", f"Choose one of {', '.join(allowed.options)}."
                )
        for name, most in COUNTS.items():
            value, least = getattr(self, name), 0 if name == "seed" else 1
            if type(value) is not int or not least <= value <= most:
                raise UserError(f"{name} = {value!r} cannot be used.", f"Choose a whole number from {least} to {most}.")
        for name, (fine, hint) in KINDS.items():
            if not fine(getattr(self, name)):
                raise UserError(f"{name} = {getattr(self, name)!r} cannot be used.", hint)

    def to_json(self) -> str:
        """The recipe as JSON text."""
        return json.dumps({"diffview_recipe": 1, **self._plain()}, indent=2)

    def _plain(self) -> dict[str, Any]:
        """Its values as JSON has them."""
        plain: dict[str, Any] = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        plain["schedule"] = {"key": self.schedule.key, **schedule_params(self.schedule)}
        plain["fitted"] = None if self.fitted is None else self.fitted.plain
        for name in ("region", "window"):
            part: Region | None = getattr(self, name)
            plain[name] = None if part is None else dataclasses.asdict(part)
        plain["hidden"] = [dataclasses.asdict(region) for region in self.hidden]
        for name in PARAMS:
            plain[name] = dict(getattr(self, name))
        if (fork := self.fork) is not None:
            course = fork.parent._plain()
            parent = {name: course[name] for name in COURSE}
            plain["fork"] = {"step": fork.step, "number": fork.number, "parent": parent}
        return plain

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """The recipe in JSON text; what it does not name keeps its default.

        Raises:
            UserError: if it is not a recipe, or a key or value is unknown.
        """
        try:
            plain = json.loads(text)
        except ValueError as error:
            raise UserError(f"This is not JSON: {error}.", "Choose a recipe saved by diffview.") from None
        if not isinstance(plain, dict) or plain.pop("diffview_recipe", None) != 1:
            raise UserError("This JSON is not a diffview recipe.", 'A recipe has "diffview_recipe": 1.')
        try:
            return cls(**_typed(plain))
        except (TypeError, ValueError, AttributeError, KeyError, RecursionError, OverflowError) as error:
            raise UserError(
                f"The recipe has a value of the wrong kind: {error}.", "Compare it with a saved one."
            ) from None


def default_recipe() -> Recipe:
    """What the program starts with: the packaged field, and a complete region of it."""
    return Recipe(region=Region(0, 100, 128, 128))


def _whole_numbers(plain: list[Any]) -> tuple[int, ...]:
    return tuple(int(i) for i in plain)


_OPTIONAL: dict[str, Callable[[Any], Any]] = {
    "region": lambda plain: Region(**plain),
    "window": lambda plain: Region(**plain),
    "fitted": Transform.of,
    "index": _whole_numbers,
    "axes": _whole_numbers,
    "hidden": lambda plain: tuple(Region(**region) for region in plain),
}
"""Values that may be absent, and what makes them of JSON."""


def _typed(plain: dict[str, Any]) -> dict[str, Any]:
    """Recipe arguments from JSON values."""
    known = {f.name for f in dataclasses.fields(Recipe)}
    for key in plain:
        if key not in known:
            raise UserError(f"The recipe has an unknown key, {key!r}.", "It may come from a newer diffview.")
    typed = dict(plain)
    if plain.get("fork") is not None:
        fork = dict(plain["fork"])
        typed["fork"] = Fork.of(Recipe(**_typed(fork.pop("parent"))), **fork)
    if "schedule" in plain:
        params = dict(plain["schedule"])
        typed["schedule"] = make_schedule(params.pop("key"), params)
    for name, kind in _OPTIONAL.items():
        if plain.get(name) is not None:
            typed[name] = kind(plain[name])
    for name in PARAMS:
        if name in plain:
            typed[name] = tuple((k, tuple(v) if isinstance(v, list) else v) for k, v in plain[name].items())
    return typed
