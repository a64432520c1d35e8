"""A recorded run, of this program or of any other: its states and estimates by noise level, and what they are of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.forward.schedules import SCHEDULES, Schedule, Tabulated, make_schedule
from diffview.reverse.samplers import Step
from diffview.runs.recipe import Recipe

Array = NDArray[np.floating[Any]]

SAME = 1e-9
"""Relative difference of two levels that are one."""


@dataclass(frozen=True, eq=False)
class Recorded:
    """The steps of a run as they were recorded.

    Attributes:
        levels: noise levels of all its steps [step].
        y: x_t/alpha, standardised [step read, member, channel, ny, nx].
        x0_hat: of that y; NaN where a step has none.
        transform: to physical units.
        quantity, units, program: of the fields, and what made the run; "" where that is not said.
        truth: standardised [channel, ny, nx], or None.
        schedule: that the run followed, or None where that is not said.
        index: which of the steps were read, all or every 2nd, 4th, ... and the last.
        numbers: how many steps the program had made at each of them; () where that is `index`.
        recipe: that this program made it by, or None.
        made_at: the level of each x0_hat, where a sampler puts noise in first; None: that of y itself.
        complete: whether the run came to its end while it was recorded.
    """

    levels: NDArray[np.float64]
    y: Array
    x0_hat: Array
    transform: Transform
    quantity: str = ""
    units: str = ""
    program: str = ""
    truth: Array | None = None
    schedule: Schedule | None = None
    index: tuple[int, ...] = ()
    complete: bool = True
    recipe: Recipe | None = None
    made_at: NDArray[np.float64] | None = None

    @property
    def s(self) -> NDArray[np.float64]:
        """The noise levels of the steps that were read."""
        return self.levels[list(self.index)]

    @property
    def stride(self) -> int:
        """Every how many steps one was read."""
        return self.index[1] - self.index[0] if len(self.index) > 1 else 1

    @property
    def steps(self) -> list[Step]:
        """The steps as those of a run of this program, but that x0_hat is of the state itself."""
        made, made_at = [], (self.s if self.made_at is None else self.made_at).tolist()
        for i, (index, s, s_eval) in enumerate(zip(self.index, self.s.tolist(), made_at, strict=True)):
            if np.isnan(self.x0_hat[i]).all():
                made.append(Step(index, s, self.y[i]))
                continue
            known = s > 0 and abs(s_eval - s) <= SAME * s  # else noise was put in, and nothing tells which
            eps_hat = (self.y[i] - self.x0_hat[i]) / s if known else None
            made.append(Step(index, s, self.y[i], self.x0_hat[i], eps_hat, s_eval))
        return made

    @property
    def errors(self) -> NDArray[np.float64] | None:
        """RMSE of x0_hat to the truth [step], standardised, the mean over the members; None without a truth.

        Pixels where the truth is missing do not count.
        """
        if self.truth is None:
            return None
        squares = (np.asarray(self.x0_hat, np.float64) - self.truth) ** 2
        return np.asarray(np.sqrt(squares[:, :, np.isfinite(self.truth)].mean(axis=2)).mean(axis=1))

    def physical(self, values: Array) -> Array:
        """Standardised values in physical units."""
        return np.asarray(self.transform.inverse(values))


def run_of(content: Mapping[str, Mapping[str, Any]]) -> Recorded | None:
    """The run of a file as `readers.run_files` reads it; None if it holds none.

    Raises:
        UserError: if what it holds does not fit together, or could not be read.
    """
    if "refused" in content:
        raise UserError(**content["refused"])
    made = {"record": of_record, "export": of_export}
    kind = next((kind for kind in made if kind in content), None)
    try:
        return None if kind is None else made[kind](content[kind], content["attributes"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:  # of a damaged file
        raise UserError(f"The recorded run is damaged: {error}.", "Record it again.") from None


def of_record(values: Mapping[str, Any], attributes: Mapping[str, Any]) -> Recorded:
    """The run of a file of `diffview.record`, whose datasets and attributes these are.

    Raises:
        UserError: if it holds no steps, or what it holds does not fit together.
    """
    s, y = np.asarray(values["s"], np.float64), values["y"]
    if not len(s):
        raise UserError("The recorded run has no steps.", "It was cut short before the first, or never begun.")
    if y.ndim != 5 or values["x0_hat"].shape != y.shape:
        raise UserError("The recorded run is damaged: its arrays do not fit together.", "Record it again.")
    if len(bad := np.flatnonzero(~(np.isfinite(s) & (s >= 0)))):
        raise UserError(
            f"The noise level of step {bad[0]} of the recorded run is {s[bad[0]]}.",
            "Record s = sigma/alpha, at least 0, with every step; its states can be opened one by one.",
        )
    quantity, units, program, schedule = (
        str(attributes.get(name, "")) for name in ("quantity", "units", "program", "schedule")
    )
    transform = Transform("standardise", float(attributes["mean"]), float(attributes["std"]))
    return Recorded(
        s, y, values["x0_hat"], transform, quantity, units, program, values.get("truth"),
        schedule=_schedule(schedule, values.get("alpha_bar")), index=tuple(map(int, values["index"])),
        complete=bool(values["complete"]),
    )  # fmt: skip


def of_export(values: Mapping[str, Any], attributes: Mapping[str, Any]) -> Recorded:
    """The run of a file of `sample --record` or of File > Export > Run: x_t and x0_hat in physical units.

    Raises:
        UserError: if it does not say how it was made.
    """
    try:
        recipe = Recipe.from_json(attributes["diffview_recipe"].decode())
        transform = Transform.of(json.loads(str(attributes["diffview_transform"])))
    except UserError as error:
        raise UserError(
            f"The recorded run does not say how it was made. {error.sentence}", "Record it again."
        ) from None
    schedule, s = recipe.course.schedule, np.asarray(values["s"], np.float64)
    index = tuple(map(int, values["index"]))
    alpha = np.array([schedule.scale(float(level)) for level in s[list(index)]], np.float32)
    x_t, x0_hat = (np.asarray(transform(values[name]), np.float32)[:, :, None] for name in ("x_t", "x0_hat"))
    truth = None if values["truth"] is None else np.asarray(transform(values["truth"]), np.float32)[None]
    return Recorded(
        s, x_t / alpha[:, None, None, None, None], x0_hat, transform, str(values["quantity"]), str(values["units"]),
        "diffview", truth, schedule, index, recipe=recipe, made_at=values["s_eval"],
    )  # fmt: skip


def _schedule(name: str, alpha_bar: Array | None) -> Schedule | None:
    if alpha_bar is not None:
        return Tabulated.of_betas(1 - alpha_bar / np.concatenate([[1.0], alpha_bar[:-1]]))
    return make_schedule(name) if name in SCHEDULES else None
