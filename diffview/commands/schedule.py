"""`diffview schedule`: a noise schedule as a table."""

import argparse
import sys
from pathlib import Path

from diffview.commands.words import params_of
from diffview.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    from diffview.forward.schedules import SCHEDULES

    parser.add_argument("name", nargs="?", help=", ".join(SCHEDULES) + "; or a file that was exported")
    parser.add_argument("--list", action="store_true", help="every schedule with its formula and source")
    parser.add_argument("--steps", type=int, help="T, rows of the table, at most 100000 (1000; those of a file)")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter, as beta_end=0.03")
    parser.add_argument(
        "--format", choices=("csv", "json", "diffusers"), default="csv",
        help="json: null where a value is infinite; diffusers: a scheduler_config.json with trained_betas",
    )  # fmt: skip
    parser.set_defaults(do=_schedule)


def _schedule(options: argparse.Namespace) -> None:
    from diffview.forward.schedules import SCHEDULES, edited, make_schedule
    from diffview.forward.tables import export_schedule, read_schedule

    if options.list:
        for key, kind in SCHEDULES.items():
            sys.stdout.write(f"{key:14} {kind.title}\n{'':14} {kind.formula}\n{'':14} {kind.source}\n")
        return
    if options.name is None:
        raise UserError("No schedule is named.", "Name one, or a file; --list shows all.")
    params = params_of(options.param, "beta_end=0.03")
    if options.name not in SCHEDULES and Path(options.name).suffix.lower() in (".csv", ".json"):
        schedule = read_schedule(Path(options.name))
        schedule = edited(schedule, params) if params else schedule
        steps = schedule.rows if options.steps is None else options.steps
    else:
        schedule = make_schedule(options.name, params)
        steps = 1000 if options.steps is None else options.steps
    sys.stdout.write(export_schedule(schedule, steps, options.format))
