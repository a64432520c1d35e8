"""Schedules without a window: taken from wherever they are kept, checked, and written for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from diffview.forward.exchange import export, imported, read_schedule
from diffview.forward.level_settings import STEPS, Imported
from diffview.forward.lint import Case, Finding, Signal, lint
from diffview.forward.schedules import Schedule
from diffview.library.opened import FieldLike, is_schedule_file, opened_of, schedule_of
from diffview.reverse.grids import make_levels
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve


def schedule(name: Schedule | str | PathLike[str], **params: Any) -> Schedule:
    """A noise schedule, to be given to `noise`, `sample` or `train`: a value, equal to one with the same numbers.

    Args:
        name: a key ("cosine"), the name of one of my schedules, or a file: a table, a config of diffusers, a list of
            sigmas, settings of EDM, PhysicsNeMo or anemoi.
        **params: parameters in the place of its own.

    Raises:
        UserError: if there is none of that name, or a parameter is not allowed.

    Example:
        >>> s = diffview.schedule("linear", beta_end=0.03)
        >>> float(s.alpha_bar(1.0)) < 1e-6, s.discrete(1000).beta.shape
        (True, (1000,))
    """
    return schedule_of(name if isinstance(name, Schedule) else fspath(name), params)


def opened(file: str | PathLike[str] | Mapping[str, Any], steps: int | None = None) -> Imported:
    """The schedule in a file, or in a config as a table, with the levels that it executes and where they surprise.

    Args:
        file: its name, or the table that it would hold.
        steps: of the run, where the file leaves them open (18).

    Raises:
        UserError: if it is none, or has unknown keys.
    """
    import json

    if isinstance(file, Mapping):
        return imported(json.dumps(file), steps)
    return read_schedule(Path(fspath(file)), steps)


def opened_by_name(name: str, params: Mapping[str, Any], steps: int | None = None) -> Imported:
    """What `schedule` takes, with the levels of a file that says which."""
    if not is_schedule_file(name):
        return Imported(schedule_of(name, params))
    found = read_schedule(Path(name), steps)
    return Imported(schedule_of(found.schedule, params), () if params else found.levels, found.notes)


def levels_of(found: Imported, grid: str | None = None, steps: int | None = None) -> tuple[float, ...]:
    """The levels of a run: those that the file executes, or with a grid, or without a file, those of the grid."""
    if found.levels and grid is None:
        return found.levels
    return tuple(make_levels(found.schedule, grid or "uniform", STEPS if steps is None else steps))


def exported(
    of: Schedule | str, form: str = "csv", *, rows: int | None = None, grid: str = "uniform", steps: int = STEPS
) -> str:
    """The text of a file with a schedule for another program.

    Args:
        of: the schedule, or its name.
        form: csv, json, diffusers, diffview, or for the levels of a run sigmas, edm, physicsnemo, anemoi.
        rows: T of the table (that of its own chain).
        grid: which levels a run visits.
        steps: of the run.

    Raises:
        UserError: if the other program's formula does not give these levels.
    """
    taken = schedule_of(of)
    return export(taken, form, taken.rows if rows is None else rows, lambda: make_levels(taken, grid, steps))


def checked(
    of: Schedule | str, field: FieldLike | None = None, *, grid: str = "uniform", steps: int = STEPS,
    levels: Sequence[float] = (), recipe: Recipe | None = None,
) -> list[Finding]:  # fmt: skip
    """The checks of a schedule and the levels of a run, held against a field.

    Args:
        of: the schedule, or its name.
        field: whose scales the noise is held against; None: the one that `recipe` names, the packaged one by default.
        grid: which levels a run visits.
        steps: of the run.
        levels: that a run executes, falling, in the place of those of a grid; no higher than s_max of the schedule.
        recipe: region, transform and file of the field.
    """
    taken = schedule_of(of)
    asked = (recipe or Recipe()).but(schedule=taken, grid=grid, grid_params=(), steps=steps, model="gaussian")
    opened_field = opened_of(field, asked)
    plan = resolve(opened_field.recipe, opened_field.facts)
    visited = [min(s, taken.s_max) for s in levels] or plan.levels  # a file may start a flow at an infinite level
    return lint(case_of(taken, visited, plan, opened_field.facts.field))


def case_of(schedule: Schedule, levels: Any, plan: Any, field: Any) -> Case:
    """The case of a region that a plan has cut out."""
    from diffview.fields.units import written
    from diffview.forward.state import Forward

    power = Forward(plan.x0, schedule, 0, "closed", field.pixel_km).spectrum_x0()
    signal = Signal.of(plan.x0, power, plan.transform, written(field.units))
    return Case(schedule, max(schedule.rows, 2), levels, signal)
