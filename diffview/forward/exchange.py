"""Schedules and levels in and out of other programs: k-diffusion's sigmas, EDM, PhysicsNeMo, anemoi, diffusers.

What is read is a schedule and, where the file says which levels a run visits, those too, with notes where they are not
what it seems to say. What is written as settings of another program is exact or refused: its own formula must give the
levels back.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diffview.errors import UserError
from diffview.forward.executed import executed, karras
from diffview.forward.made import Tabulated
from diffview.forward.presets import Edm, Flow, VarianceExploding
from diffview.forward.schedule import Array, Schedule, betas_of
from diffview.forward.schedules import make_schedule, schedule_params
from diffview.forward.tables import FORMATS, export_schedule, import_schedule
from diffview.forward.walks import BY_LEVEL, EDMS, NO_RUN, WALKS, number_of
from diffview.params import json_text, shown
from diffview.paths import parse_json, read_text

STEPS = 18
"""Steps of a run where a file does not say."""

SAMPLER = {
    "S_churn", "S_min", "S_max", "S_noise", "solver", "sampler", "type", "alpha", "epsilon_s", "C_1", "C_2", "M",
    "schedule", "scaling", "sigma_data",
}  # fmt: skip
"""Settings of those programs that say how a run steps, not at which levels."""

SAME = 1e-9
"""Relative difference below which levels are the same."""


@dataclass(frozen=True)
class Imported:
    """What a file holds.

    Attributes:
        schedule: alpha and sigma over t.
        levels: that a run with it executes, falling; () where the file says none.
        notes: finished sentences, where that is not what the file seems to say.
    """

    schedule: Schedule
    levels: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


def read_schedule(path: Path, steps: int | None = None) -> Imported:
    """What is in a file.

    Raises:
        UserError: if it cannot be read, or is none of the formats; see `imported`.
    """
    return imported(read_text(path, "a schedule", "Check the name."), steps)


def imported(text: str, steps: int | None = None) -> Imported:
    """What a text holds: a table, a schedule of diffview, a list of sigmas, or the settings of another program.

    Args:
        text: CSV, JSON, or numbers, one a line.
        steps: of the run whose levels are asked for, where the text leaves that open (18).

    Raises:
        UserError: if it is none of them, has unknown or conflicting keys, or numbers that make no schedule.
    """
    plain = _parsed(text)
    if isinstance(plain, list):
        return _of_sigmas(plain)
    if isinstance(plain, dict):
        for has, read in READERS:
            if has(plain):
                return read(plain, steps)
    return Imported(import_schedule(text))


def _parsed(text: str) -> Any:
    """JSON, or the numbers of a list of lines; None for a table, and where `import_schedule` says what is wrong."""
    try:
        if text.lstrip().startswith(("{", "[")):
            plain = parse_json(text, constants="_class_name" in text)
            return plain if isinstance(plain, dict) or _numbers(plain) else None
        lines = [line for line in text.replace(",", "\n").split() if line]
        return [float(line) for line in lines] or None
    except (ValueError, RecursionError):
        return None


def _numbers(plain: Any) -> bool:
    return isinstance(plain, list) and bool(plain) and all(type(v) in (int, float) for v in plain)


# -- lists of levels


def _of_sigmas(sigmas: Sequence[float]) -> Imported:
    """The schedule whose rows are these levels, variance exploding, with t uniform over them."""
    levels = np.asarray(sigmas, dtype=np.float64)
    notes = () if levels[-1] == 0 else ("The list does not end at 0; a run here ends there.",)
    above = levels[:-1] if levels[-1] == 0 else levels
    rises = np.flatnonzero(~(np.diff(above, append=0.0) < 0))
    if not len(above) or len(rises) or not np.isfinite(above).all():
        where = f" at number {int(rises[0]) + 1}" if len(rises) else ""
        raise UserError(f"The sigmas do not fall{where}.", "List them from the highest down, 0 last.")
    s = above[::-1]
    rows = zip(betas_of(s).tolist(), (-2 * np.log(s)).tolist(), strict=True)
    return Imported(Tabulated(table=tuple(rows), form="ve"), (*above.tolist(), 0.0), notes)


# -- settings of other programs


def _of_diffview(plain: Mapping[str, Any], steps: int | None) -> Imported:
    inner = plain["diffview_schedule"]
    unknown = plain.keys() - {"diffview_schedule", "name"}
    if not isinstance(inner, dict) or unknown:
        raise UserError("This schedule of diffview is damaged.", "Save it again, or choose another file.")
    return Imported(make_schedule(inner.get("key", ""), {key: v for key, v in inner.items() if key != "key"}))


def _of_diffusers(plain: Mapping[str, Any], steps: int | None) -> Imported:
    """A scheduler_config.json: the schedule as it says, the levels as they are executed."""
    name = plain.get("_class_name", "DDPMScheduler")
    if not isinstance(name, str):
        raise UserError(f"The class of this scheduler is {shown(name)}, which is no name.", "Choose another file.")
    notes: tuple[str, ...] = ()
    levels: tuple[float, ...] = ()
    if name in WALKS or name in BY_LEVEL:
        rows = plain.get("num_train_timesteps", 1000)
        done = executed(
            plain, min(STEPS if steps is None else steps, rows) if type(rows) is int and rows > 0 else STEPS
        )
        levels, notes = done.levels, done.notes
    else:
        why = f"{name} {NO_RUN[name]}" if name in NO_RUN else f"Which levels {name} executes is not known here"
        notes = (f"{why}; the grid says which are taken.",)
    if name in EDMS:
        kind, *ends = EDMS[name]
        return Imported(_ramp(plain, plain.get("sigma_schedule", kind), (ends[0], ends[1])), levels, notes)
    if name in BY_LEVEL:
        return Imported(Flow(number_of(plain, "shift", 1.0)), levels, notes)
    if plain.get("use_flow_sigmas") and name in WALKS:
        return Imported(Flow(number_of(plain, "flow_shift", 1.0)), levels, notes)
    return Imported(import_schedule(json.dumps(plain)), levels, notes)


def _of_edm(plain: Mapping[str, Any], steps: int | None) -> Imported:
    """The settings of EDM's generate, and of PhysicsNeMo's samplers, which have a discretization besides."""
    known = {"sigma_min", "sigma_max", "rho", "num_steps", "discretization"}
    kinds = {"edm": ("karras", (0.002, 80.0)), "ve": ("exponential", (0.02, 100.0))}
    kind = plain.get("discretization", "edm")
    if not isinstance(kind, str) or kind not in kinds:
        raise UserError(f"The discretization {shown(kind)} is not understood here.", f"Known are {', '.join(kinds)}.")
    return _settings(plain, known, *kinds[kind], steps)


def _of_anemoi(plain: Mapping[str, Any], steps: int | None) -> Imported:
    """A noise scheduler of anemoi: karras, exponential or linear in sigma; a block that holds one is looked into."""
    for block in ("noise_scheduler", "sampling_schedule", "inference_defaults", "diffusion"):
        if isinstance(inner := plain.get(block), dict):
            return _of_anemoi(inner, steps)
    kind = plain.get("schedule_type")
    if kind not in ("karras", "exponential", "linear"):
        raise UserError(
            f"The schedule_type {shown(kind)} is not understood here.", "Known are karras, exponential and linear."
        )
    return _settings(plain, {"schedule_type", "sigma_min", "sigma_max", "rho", "num_steps"}, kind, (0.02, 100.0), steps)


def _settings(
    plain: Mapping[str, Any], known: set[str], kind: str, usual: tuple[float, float], steps: int | None
) -> Imported:
    unknown = sorted(plain.keys() - known - SAMPLER)
    if unknown:
        raise UserError(f"The settings have an unknown key, {shown(unknown[0])}.", "It may change levels; remove it.")
    count = plain.get("num_steps", STEPS) if steps is None else steps
    if type(count) is not int or not 1 <= count <= 10_000:
        raise UserError(f"num_steps = {shown(count)} cannot be used.", "Choose a whole number to 10000.")
    schedule = _ramp(plain, kind, usual)
    passed_over = sorted(plain.keys() & SAMPLER)
    notes = [f"{', '.join(passed_over)} say how a run steps: choose that here by the sampler."] if passed_over else []
    if steps is not None and plain.get("num_steps") not in (None, steps):
        notes.append(f"It says {plain['num_steps']} steps; these are {steps}.")
    return Imported(schedule, _ramp_levels(schedule, count), tuple(notes))


def _ramp(plain: Mapping[str, Any], kind: str, usual: tuple[float, float]) -> Schedule:
    """The schedule of levels from sigma_max to sigma_min: of rho for Karras', of equal factors, or of equal steps."""
    low, high = (number_of(plain, key, end) for key, end in zip(("sigma_min", "sigma_max"), usual, strict=True))
    if kind == "exponential":
        return VarianceExploding(low, high)
    return Edm(low, high, 1.0 if kind == "linear" else number_of(plain, "rho", 7.0))


def _ramp_levels(schedule: Schedule, steps: int) -> tuple[float, ...]:
    """N levels from the top to sigma_min, evenly in the t of the schedule, then 0."""
    t = np.linspace(1.0, 0.0, steps) if steps > 1 else np.ones(1)
    levels = schedule.noise_level(t)
    ends = schedule_params(schedule)
    levels[0] = ends["sigma_max"]
    if steps > 1:
        levels[-1] = ends["sigma_min"]  # s(0) = 0 by definition
    return (*levels.tolist(), 0.0)


READERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any], int | None], Imported]], ...] = (
    (lambda plain: "diffview_schedule" in plain, _of_diffview),
    (
        lambda plain: bool(plain.keys() & {"_class_name", "trained_betas", "beta_schedule", "num_train_timesteps"}),
        _of_diffusers,
    ),
    (lambda plain: _numbers(plain.get("sigmas")) and len(plain) == 1, lambda plain, _: _of_sigmas(plain["sigmas"])),
    (
        lambda plain: bool(
            plain.keys() & {"schedule_type", "noise_scheduler", "sampling_schedule", "inference_defaults", "diffusion"}
        ),
        _of_anemoi,
    ),
    (lambda plain: bool(plain.keys() & {"sigma_max", "sigma_min", "rho", "discretization"}), _of_edm),
)
"""Whether a table of JSON is of a program, and what reads it."""


# -- out


def to_plain(schedule: Schedule, name: str = "") -> str:
    """The schedule in its own parameters: read back, it is the same value."""
    own = {"key": schedule.key, **schedule_params(schedule)}
    return json_text({"diffview_schedule": own, **({"name": name} if name else {})}) + "\n"


def to_sigmas(levels: Sequence[float]) -> str:
    """A list of k-diffusion's sigmas: the levels of a run, falling, 0 last."""
    return json.dumps(list(levels), allow_nan=False) + "\n"


def to_edm(levels: Sequence[float]) -> str:
    """The settings of EDM's generate whose levels these are."""
    high, low, rho = _karras_of(levels)
    return json_text({"num_steps": len(levels) - 1, "sigma_min": low, "sigma_max": high, "rho": rho}) + "\n"


def to_physicsnemo(levels: Sequence[float]) -> str:
    """The settings of PhysicsNeMo's samplers whose levels these are."""
    ends = {"num_steps": len(levels) - 1, "sigma_min": levels[-2], "sigma_max": levels[0]}
    if _is_geometric(levels):
        plain: dict[str, Any] = {**ends, "discretization": "ve"}
    else:
        plain = {**json.loads(to_edm(levels)), "discretization": "edm"}
    return json_text({**plain, "schedule": "linear", "scaling": "none"}) + "\n"


def to_anemoi(levels: Sequence[float]) -> str:
    """The noise scheduler of anemoi whose levels these are."""
    ends: dict[str, Any] = {"sigma_max": levels[0], "sigma_min": levels[-2], "num_steps": len(levels) - 1}
    if _is_geometric(levels):
        return json_text({"schedule_type": "exponential", **ends}) + "\n"
    _, _, rho = _karras_of(levels)
    kind: dict[str, Any] = {"schedule_type": "linear"} if rho == 1 else {"schedule_type": "karras", "rho": rho}
    return json_text({**kind, **ends}) + "\n"


LEVEL_FORMATS: dict[str, Callable[[Sequence[float]], str]] = {
    "sigmas": to_sigmas, "edm": to_edm, "physicsnemo": to_physicsnemo, "anemoi": to_anemoi,
}  # fmt: skip
"""Formats that hold the levels of a run."""

ALL_FORMATS = (*FORMATS, "diffview", *LEVEL_FORMATS)


def export(schedule: Schedule, form: str, rows: int, levels: Callable[[], Sequence[float]]) -> str:
    """The text of a file of one of ALL_FORMATS: rows of the schedule's chain, or levels of a run.

    Raises:
        UserError: if there is no such format, or the other program's formula does not give these levels.
    """
    if form == "diffview":
        return to_plain(schedule)
    if form in FORMATS:
        return export_schedule(schedule, rows, form)
    if form not in LEVEL_FORMATS:
        raise UserError(f"There is no format called {form!r}.", f"Choose one of {', '.join(ALL_FORMATS)}.")
    return LEVEL_FORMATS[form](levels())


def levels_text(levels: Sequence[float], form: str) -> str:
    """The levels of a run as a csv table of steps, or in one of LEVEL_FORMATS.

    Raises:
        UserError: if the format holds no levels.
    """
    if form == "csv":
        return "step,s\n" + "".join(f"{i},{s!r}\n" for i, s in enumerate(levels))
    if form not in LEVEL_FORMATS:
        raise UserError(
            f"The format {form} holds a schedule, not the levels of a run.",
            f"Choose one of csv, {', '.join(LEVEL_FORMATS)}; or leave --levels out.",
        )
    return LEVEL_FORMATS[form](levels)


def _is_geometric(levels: Sequence[float]) -> bool:
    above = np.asarray(levels[:-1])
    return len(above) > 2 and np.allclose(above, np.geomspace(above[0], above[-1], len(above)), rtol=SAME, atol=0)


def _karras_of(levels: Sequence[float]) -> tuple[float, float, float]:
    """sigma_max, sigma_min and rho of Karras' levels; of two levels or fewer any rho does, and 7 is taken.

    Raises:
        UserError: if they are none.
    """
    above = np.asarray(levels[:-1])
    high, low = float(above[0]), float(above[-1])
    if len(above) < 3:
        return high, low, 7.0
    least, most, middle = 1.0, 100.0, len(above) // 2
    for _ in range(200):  # a larger rho has smaller levels between the ends
        rho = (least + most) / 2
        least, most = (rho, most) if karras(high, low, len(above), rho)[middle] > above[middle] else (least, rho)
    rho = next((float(r) for r in (round(rho), round(rho, 6)) if _fits(above, high, low, float(r))), rho)
    if not _fits(above, high, low, rho):
        off = np.abs(karras(high, low, len(above), rho) / above - 1)
        raise UserError(
            f"These levels are not Karras': the nearest, rho = {rho:.3g}, miss level {int(off.argmax()) + 1} by "
            f"{off.max():.0%}.",
            "Export them as sigmas, which may be any; or choose the Karras grid.",
        )
    return high, low, rho


def _fits(above: Array, high: float, low: float, rho: float) -> bool:
    return np.allclose(karras(high, low, len(above), rho), above, rtol=SAME, atol=0)
