"""Settings of a training: everything a person chooses, as one checked, frozen value; without torch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from diffview.errors import UserError
from diffview.forward.schedules import Linear, Schedule, make_schedule, schedule_params
from diffview.learning.densities import DENSITIES
from diffview.learning.objective import JUMP, LOSSES
from diffview.params import Choice, Range, checked, parameters

LOG = "log.csv"
"""Name of the log of a training, in its folder."""


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes:
        schedule: for the density `schedule`: t is uniform on its part between the lowest and the highest level.
    """

    loss: Annotated[str, Choice((*LOSSES, JUMP)), "weight of the error over s, or how far jumps differ"] = "edm"
    density: Annotated[str, Choice(tuple(DENSITIES)), "how noise levels are drawn"] = "broad"
    steps: Annotated[int, Range(1, 10**8), "optimiser steps"] = 20_000
    minutes: Annotated[float, Range(0.0, 1e6), "end after this time if that comes first; 0: no limit"] = 0.0
    batch: Annotated[int, Range(1, 4096), "fields a step"] = 32
    rate: Annotated[float, Range(1e-8, 1.0, log=True), "largest learning rate"] = 1e-3
    warmup: Annotated[int, Range(0, 10**6), "steps over which the rate rises, at most a tenth of the training"] = 300
    half_life: Annotated[float, Range(0.0, 1e6), "of the moving average of the weights, in steps"] = 300.0
    clip: Annotated[float, Range(1e-3, 1e6), "largest norm of the gradient"] = 1.0
    lowest: Annotated[float, Range(1e-6, 1e6, log=True), "lowest noise level"] = 0.01
    highest: Annotated[float, Range(0.0, 1e6), "highest noise level; 0: 3 sqrt(max P) of the data"] = 0.0
    dropout: Annotated[float, Range(0.0, 0.9), "share of the fields that each group of conditions is left out of"] = 0.1
    flips: Annotated[bool, "mirror the fields at random"] = False
    rotations: Annotated[bool, "turn the fields by 90 degrees at random"] = False
    run: Annotated[int, Range(3, 1000), "levels of the teacher's run that one jump learns (consistency)"] = 18
    averages: Annotated[bool, "keep averages of the weights, of which any length can be made"] = False
    precision: Annotated[str, Choice(("auto", "float32", "bfloat16")), "of the products"] = "auto"
    checkpoint: Annotated[float, Range(1.0, 1e5), "seconds between checkpoints"] = 120.0
    seed: Annotated[int, Range(0, 2**62)] = 0
    schedule: Schedule = Linear()

    def __post_init__(self) -> None:
        given = {p.name: getattr(self, p.name) for p in parameters(type(self))}
        for name, value in checked(type(self), given, "A training").items():
            object.__setattr__(self, name, value)
        if 0 < self.highest <= self.lowest:
            raise UserError(
                f"The highest noise level, {self.highest:g}, is not above the lowest, {self.lowest:g}.",
                "Choose a higher one, or 0 for one that suits the data.",
            )

    def plain(self) -> dict[str, Any]:
        """The settings as JSON values."""
        schedule = {"key": self.schedule.key, **schedule_params(self.schedule)}
        return {**{p.name: getattr(self, p.name) for p in parameters(type(self))}, "schedule": schedule}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> "TrainingSettings":
        """The settings from JSON values."""
        params = dict(plain["schedule"])
        return cls(**{**plain, "schedule": make_schedule(params.pop("key"), params)})

    @property
    def jumps(self) -> bool:
        """Whether it is a distillation, of a network that learns to jump."""
        return self.loss == JUMP


def settings_of(words: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments for TrainingSettings from words of a command line or a form: {"steps": "100", "schedule": "cosine"}.

    Raises:
        UserError: if there is no such setting, or a word is not a value of it.
    """
    words = dict(words)
    schedule = {"schedule": words.pop("schedule")} if "schedule" in words else {}
    if schedule and isinstance(schedule["schedule"], str):
        schedule = {"schedule": make_schedule(schedule["schedule"], {})}
    values = checked(TrainingSettings, words, "A training")
    return under_schedule({name: values[name] for name in words} | schedule)


def under_schedule(values: dict[str, Any]) -> dict[str, Any]:
    """The settings of a training that names a schedule: noise levels are drawn on it, t uniformly.

    Raises:
        UserError: if another density is named beside it, which would have no use for it.
    """
    if "schedule" not in values:
        return values
    density = values.get("density", "schedule")
    if density != "schedule":
        raise UserError(
            f"The density {density} draws noise levels on no schedule, and one is named.",
            "Leave the schedule out, or choose the density schedule.",
        )
    return {**values, "density": "schedule"}
