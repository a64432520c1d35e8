"""Schedules and levels in and out of other programs: k-diffusion's sigmas, EDM, PhysicsNeMo, anemoi, diffusers.

What is read is a schedule and, where the file says which levels a run visits, those too, with notes where they are not
what it seems to say. What is written as settings of another program is exact or refused: its own formula must give the
levels back.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diffview.errors import UserError
from diffview.forward.executed import executed, karras
from diffview.forward.level_settings import STEPS, Imported, block_of, of_settings, of_sigmas, ramp
from diffview.forward.presets import Flow
from diffview.forward.schedule import Array, Schedule
from diffview.forward.schedules import make_schedule, schedule_params
from diffview.forward.tables import FORMATS, export_schedule, import_schedule
from diffview.forward.walks import BY_LEVEL, EDMS, NO_RUN, WALKS, number_of
from diffview.params import json_text, shown
from diffview.paths import parse_json, parse_yaml, read_text

SAME = 1e-9
"""Relative difference below which levels are the same."""


def read_schedule(path: Path, steps: int | None = None) -> Imported:
    """What is in a file.

    Raises:
        UserError: if it cannot be read, or is none of the formats; see `imported`.
    """
    return imported(read_text(path, "a schedule", "Check the name."), steps)


def imported(text: str, steps: int | None = None) -> Imported:
    """What a text holds: a table, a schedule of diffview, a list of sigmas, or the settings of another program.

    Args:
        text: CSV, JSON, YAML, or numbers, one a line.
        steps: of the run whose levels are asked for, where the text leaves that open (18).

    Raises:
        UserError: if it is none of them, has unknown or conflicting keys, or numbers that make no schedule.
    """
    plain = _parsed(text)
    if isinstance(plain, list):
        return of_sigmas(plain)
    if isinstance(plain, dict):
        for has, read in READERS:
            if has(plain):
                return read(plain, steps)
    if YAML.search(text) and not text.lstrip().startswith(("{", "[")):
        raise UserError("These settings hold no noise levels that are understood here.", HOW)
    return Imported(import_schedule(text))


YAML = re.compile(r"^\s*(?:-|(?:- )?[A-Za-z_]\w*:)(?:\s|$)", re.MULTILINE)
"""A line that is one of YAML: a key and a colon, or an entry of a list. A table has no such line."""

HOW = "Settings have sigma_max and sigma_min, schedule_type, or _class_name."


def _parsed(text: str) -> Any:
    """JSON, YAML, or the numbers of a list of lines; None for a table, and where `import_schedule` says what is wrong.

    Raises:
        UserError: if it is damaged YAML.
    """
    try:
        if text.lstrip().startswith(("{", "[")):
            plain = parse_json(text, constants="_class_name" in text)
            return plain if isinstance(plain, dict) or _numbers(plain) else None
        if YAML.search(text):
            plain = parse_yaml(text)
            return plain if isinstance(plain, dict) or _numbers(plain) else None
        lines = [line for line in text.replace(",", "\n").split() if line]
        return [float(line) for line in lines] or None
    except ValueError as error:
        if YAML.search(text) and not text.lstrip().startswith(("{", "[")):
            raise UserError(f"This is no YAML: {str(error)[:120]}.", HOW) from None
        return None


def _numbers(plain: Any) -> bool:
    return isinstance(plain, list) and bool(plain) and all(type(v) in (int, float) for v in plain)


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
        low, high = (number_of(plain, key, end) for key, end in zip(("sigma_min", "sigma_max"), ends, strict=True))
        schedule = ramp(str(plain.get("sigma_schedule", kind)), low, high, number_of(plain, "rho", 7.0))
        return Imported(schedule, levels, notes)
    if name in BY_LEVEL:
        return Imported(Flow(number_of(plain, "shift", 1.0)), levels, notes)
    if plain.get("use_flow_sigmas") and name in WALKS:
        return Imported(Flow(number_of(plain, "flow_shift", 1.0)), levels, notes)
    return Imported(import_schedule(json.dumps(plain)), levels, notes)


READERS: tuple[tuple[Callable[[Mapping[str, Any]], bool], Callable[[Mapping[str, Any], int | None], Imported]], ...] = (
    (lambda plain: "diffview_schedule" in plain, _of_diffview),
    (
        lambda plain: bool(plain.keys() & {"_class_name", "trained_betas", "beta_schedule", "num_train_timesteps"}),
        _of_diffusers,
    ),
    (lambda plain: _numbers(plain.get("sigmas")) and len(plain) == 1, lambda plain, _: of_sigmas(plain["sigmas"])),
    (lambda plain: block_of(plain) is not None, lambda plain, steps: of_settings(block_of(plain) or plain, steps)),
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
