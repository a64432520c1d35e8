"""Options of several commands that choose fields, a schedule and a noise level, and the file that a command writes."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffview.commands.reporting import Report
from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES, Schedule
from diffview.library.opened import level_of
from diffview.paths import plain_target

if TYPE_CHECKING:
    from diffview.writers.exports import Content


def add_data(parser: argparse.ArgumentParser, what: str, held_out: float | None = None, required: bool = False) -> None:
    """Options for a file with one dataset or two; `what` says what becomes of them."""
    how: dict[str, Any] = {"required": True} if required else {"default": []}
    parser.add_argument("--data", nargs="+", metavar=("FILE", "DATASET"), help=what, **how)
    if held_out is not None:
        words = f"share held out of a single dataset, {held_out}"
        parser.add_argument("--held-out", type=float, default=held_out, help=words)


def add_given(parser: argparse.ArgumentParser, doc: str) -> None:
    """The option that names conditions."""
    parser.add_argument(
        "--given", nargs="+", action="append", default=[], metavar=("NAME", "FILE VARIABLE minutes=M group=G"), help=doc
    )


def add_schedule(parser: argparse.ArgumentParser) -> None:
    """Options that choose a schedule."""
    parser.add_argument("--schedule", metavar="NAME", help=f"{', '.join(SCHEDULES)}; or a file that was exported")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="of the schedule: beta_end=0.03")


def add_level(parser: argparse.ArgumentParser, required: bool) -> None:
    """Options for the amount of noise: a time of the schedule, or a level."""
    level = parser.add_mutually_exclusive_group(required=required)
    level.add_argument("--t", type=float, metavar="T", help="time of the schedule, 0 to 1")
    level.add_argument("--s", type=float, metavar="S", help="noise level, sigma/alpha")


def level_asked(options: argparse.Namespace, schedule: Schedule) -> tuple[float, float] | None:
    """(t, s) of the options, None if they name none.

    Raises:
        UserError: if it lies outside the schedule.
    """
    if options.t is None and options.s is None:
        return None
    return level_of(schedule, options.t, options.s)


def check_output(path: Path, report: Report) -> None:
    """Refuse a file that cannot be written, and say that one will be replaced, before any work is done.

    Raises:
        UserError: if there is no such folder, or something else than a plain file is there.
    """
    if not path.absolute().parent.is_dir():
        raise UserError(f"{path} cannot be written: there is no such folder.", "Name a file in a folder that exists.")
    if plain_target(path).exists():
        report.note(f"{path} is there, and will be replaced.")


def write(content: "Content", path: Path, report: Report) -> None:
    """Write a netCDF file, with its progress.

    Raises:
        UserError: if it cannot be written.
    """
    from diffview.writers.saving import save_netcdf

    with report.progress("writing") as progress:
        save_netcdf(content, path, progress)
