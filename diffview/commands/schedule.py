"""`diffview schedule`: a noise schedule as a table."""

import argparse

from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.errors import UserError


def add(parser: Parser) -> None:
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
    parser.show_examples(
        "diffview schedule cosine --steps 1000",
        "diffview schedule linear --param beta_end=0.03 --format diffusers",
        "diffview schedule --list",
    )
    parser.set_defaults(do=_schedule)


def _schedule(options: argparse.Namespace) -> None:
    write_result(_list() if options.list else _table(options))


def _list() -> str:
    """Every schedule with its formula and source."""
    from diffview.forward.schedules import SCHEDULES

    rows = (
        f"{key:14} {kind.title}\n{'':14} {kind.formula}\n{'':14} {kind.source}\n" for key, kind in SCHEDULES.items()
    )
    return "".join(rows)


def _table(options: argparse.Namespace) -> str:
    """The schedule that is named, as a table."""
    from diffview.commands.words import schedule_asked
    from diffview.forward.schedules import Linear
    from diffview.forward.tables import export_schedule

    if options.name is None:
        raise UserError("No schedule is named.", "Name one, or a file; --list shows all.")
    schedule = schedule_asked(options.name, options.param, Linear())
    steps = schedule.rows if options.steps is None else options.steps
    return export_schedule(schedule, steps, options.format)
