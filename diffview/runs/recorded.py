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


@dataclass(frozen=True, eq=False)
class Recorded:
    """The steps of a run as they were recorded.

    Attributes:
        s: noise levels [step].
        y: x_t/alpha, standardised [step, member, channel, ny, nx].
        x0_hat: of that y and s; NaN where a step has none.
        transform: to physical units.
        quantity, units, program: of the fields, and what made the run; "" where that is not said.
        truth: standardised [channel, ny, nx], or None.
        schedule: that the run followed, or None where that is not said.
        index: how many steps of the run were made before each of these; more than a step apart where not all were read.
        complete: whether the run came to its end while it was recorded.
    """

    s: NDArray[np.float64]
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

    @property
    def steps(self) -> list[Step]:
        """The steps as those of a run of this program; x0_hat is of the level s_eval, that of the state itself."""
        made = []
        for i, (index, s) in enumerate(zip(self.index, self.s.tolist(), strict=True)):
            x0_hat = None if np.isnan(self.x0_hat[i]).all() else self.x0_hat[i]
            eps_hat = None if x0_hat is None or s == 0 else (self.y[i] - x0_hat) / s
            made.append(Step(index, s, self.y[i], x0_hat, eps_hat, None if x0_hat is None else s))
        return made

    @property
    def errors(self) -> NDArray[np.float64] | None:
        """RMSE of x0_hat to the truth [step], standardised, the mean over the members; None without a truth."""
        if self.truth is None:
            return None
        squares = (np.asarray(self.x0_hat, np.float64) - self.truth) ** 2
        return np.asarray(np.sqrt(squares.mean(axis=(2, 3, 4))).mean(axis=1))

    def physical(self, values: Array) -> Array:
        """Standardised values in physical units."""
        return np.asarray(self.transform.inverse(values))


def run_of(content: Mapping[str, Mapping[str, Any]]) -> Recorded | None:
    """The run of a file as `readers.run_files` reads it; None if it holds none.

    Raises:
        UserError: if what it holds does not fit together.
    """
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
    if y.ndim != 5 or values["x0_hat"].shape != y.shape or not (np.isfinite(s) & (s >= 0)).all():
        raise UserError("The recorded run is damaged: its arrays do not fit together.", "Record it again.")
    text = {name: str(attributes.get(name, "")) for name in ("quantity", "units", "program", "schedule")}
    schedule = text.pop("schedule")
    transform = Transform("standardise", float(attributes["mean"]), float(attributes["std"]))
    return Recorded(
        s, y, values["x0_hat"], transform, **text, truth=values.get("truth"),
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
    alpha = np.array([schedule.scale(float(level)) for level in s], np.float32)
    x_t, x0_hat = (np.asarray(transform(values[name]), np.float32)[:, :, None] for name in ("x_t", "x0_hat"))
    return Recorded(
        s, x_t / alpha[:, None, None, None, None], x0_hat, transform, str(values["quantity"]), str(values["units"]),
        "diffview", None, schedule, tuple(map(int, values["step"])),
    )  # fmt: skip


def _schedule(name: str, alpha_bar: Array | None) -> Schedule | None:
    if alpha_bar is not None:
        return Tabulated.of_betas(1 - alpha_bar / np.concatenate([[1.0], alpha_bar[:-1]]))
    return make_schedule(name) if name in SCHEDULES else None
