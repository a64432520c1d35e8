"""The field that a command works on, opened as the window opens it; options and progress common to commands."""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from diffview.commands.words import params_of
from diffview.errors import UserError
from diffview.fields.coarse import at_resolution
from diffview.fields.picture import Picture
from diffview.forward.schedules import SCHEDULES, Schedule, edited, make_schedule
from diffview.forward.tables import read_schedule
from diffview.readers.packaged import packaged_field
from diffview.readers.process import ReaderProcess
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.stack import other_slices, stack_read, stack_wanted

if TYPE_CHECKING:
    from diffview.writers.exports import Content


@dataclass(frozen=True)
class Opened:
    """An opened slice: the recipe completed by it, and the facts about it."""

    recipe: Recipe
    facts: Facts


def open_field(recipe: Recipe) -> Opened:
    """The slice that a recipe names, with the other slices of a small variable, as the window opens it.

    Raises:
        UserError: if it cannot be read.
    """
    source = recipe.source
    path, k, how = source.path, source.coarsen, source.coarsen_by
    if path is None:
        return Opened(recipe, Facts(at_resolution(packaged_field(), k, how)))
    reader = ReaderProcess()
    try:
        picture: Picture = reader.call(
            "read_slice", path=path, dataset=source.dataset, index=source.index, axes=source.axes
        )
        stack = None
        if (wanted := stack_wanted(picture)) is not None:
            stack = stack_read(path, picture, reader.call("read_stack", path=path, **wanted), wanted["limit"])
    finally:
        reader.close()
    named = recipe.but(dataset=picture.dataset, index=picture.index)
    return Opened(named, Facts(at_resolution(picture.field, k, how), other_slices(stack, named, picture)))


def add_schedule(parser: argparse.ArgumentParser) -> None:
    """Options that choose a schedule."""
    parser.add_argument("--schedule", metavar="NAME", help=f"{', '.join(SCHEDULES)}; or a file that was exported")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="of the schedule: beta_end=0.03")


def add_level(parser: argparse.ArgumentParser, required: bool) -> None:
    """Options for the amount of noise: a time of the schedule, or a level."""
    level = parser.add_mutually_exclusive_group(required=required)
    level.add_argument("--t", type=float, metavar="T", help="time of the schedule, 0 to 1")
    level.add_argument("--s", type=float, metavar="S", help="noise level, sigma/alpha")


def schedule_of(options: argparse.Namespace, default: Schedule) -> Schedule:
    """The schedule that the options choose.

    Raises:
        UserError: if there is no such schedule, or a parameter is not allowed.
    """
    params = params_of(options.param, "beta_end=0.03")
    name = options.schedule
    if name is None:
        return edited(default, params) if params else default
    if name not in SCHEDULES and Path(name).suffix.lower() in (".csv", ".json"):
        read = read_schedule(Path(name))
        return edited(read, params) if params else read
    return make_schedule(name, params)


def level_of(options: argparse.Namespace, schedule: Schedule) -> tuple[float, float] | None:
    """(t, s) of the options, None if they name none.

    Raises:
        UserError: if it lies outside the schedule.
    """
    t, s = options.t, options.s
    if t is None and s is None:
        return None
    if t is not None:
        if not 0 <= t <= 1:
            raise UserError(f"t = {t:g} is outside the schedule.", "Choose 0 to 1.")
        return t, float(schedule.noise_level(t))
    most = float(schedule.s_max)
    if not (math.isfinite(s) and 0 <= s <= most):
        raise UserError(f"s = {s:g} is outside the schedule, which reaches s = {most:.4g}.", "Choose less noise.")
    return float(schedule.t_of(s)), s


def check_folder(path: Path) -> None:
    """Refuse a file in a folder that is not there, before any work is done.

    Raises:
        UserError: then.
    """
    if not path.absolute().parent.is_dir() or path.is_dir():
        raise UserError(f"{path} cannot be written: there is no such folder.", "Name a file in a folder that exists.")


class ProgressLine:
    """Progress on stderr: one line that changes on a terminal, a line every tenth elsewhere."""

    def __init__(self, what: str) -> None:
        self._what, self._tenth = what, -1

    def __call__(self, share: float) -> None:
        """Show a share from 0 to 1."""
        live, tenth = sys.stderr.isatty(), int(10 * share)
        if live or tenth > self._tenth:
            self._tenth = max(tenth, self._tenth)
            sys.stderr.write(f"{chr(13) if live else ''}{self._what} {100 * share:3.0f} %{'' if live else chr(10)}")
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the line, if one was begun."""
        if sys.stderr.isatty() and self._tenth >= 0:
            sys.stderr.write("\n")


def write(content: "Content", path: Path) -> None:
    """Write a netCDF file, with its progress.

    Raises:
        UserError: if it cannot be written.
    """
    from diffview.writers.saving import save_netcdf

    with ProgressLine("writing") as progress:
        save_netcdf(content, path, progress)
