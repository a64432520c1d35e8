"""The field that a command works on, opened as the window opens it; options and progress common to commands."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from diffview.commands.words import params_of
from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES, Schedule
from diffview.library.opened import level_of, schedule_of

if TYPE_CHECKING:
    from diffview.writers.exports import Content


def add_schedule(parser: argparse.ArgumentParser) -> None:
    """Options that choose a schedule."""
    parser.add_argument("--schedule", metavar="NAME", help=f"{', '.join(SCHEDULES)}; or a file that was exported")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="of the schedule: beta_end=0.03")


def add_level(parser: argparse.ArgumentParser, required: bool) -> None:
    """Options for the amount of noise: a time of the schedule, or a level."""
    level = parser.add_mutually_exclusive_group(required=required)
    level.add_argument("--t", type=float, metavar="T", help="time of the schedule, 0 to 1")
    level.add_argument("--s", type=float, metavar="S", help="noise level, sigma/alpha")


def schedule_asked(options: argparse.Namespace, default: Schedule) -> Schedule:
    """The schedule that the options choose.

    Raises:
        UserError: if there is no such schedule, or a parameter is not allowed.
    """
    params = params_of(options.param, "beta_end=0.03")
    return schedule_of(default if options.schedule is None else options.schedule, params)


def level_asked(options: argparse.Namespace, schedule: Schedule) -> tuple[float, float] | None:
    """(t, s) of the options, None if they name none.

    Raises:
        UserError: if it lies outside the schedule.
    """
    if options.t is None and options.s is None:
        return None
    return level_of(schedule, options.t, options.s)


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
