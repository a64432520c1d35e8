"""`diffview verify days`: days made from a mean, beside real days that the law was not fitted to."""

import argparse
import json
from pathlib import Path

from diffview.commands import fields
from diffview.commands.days import add_part, place_of
from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values
from diffview.errors import UserError


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--data", nargs="+", required=True, metavar=("FILE", "DATASET"), help="daily fields")
    parser.add_argument("--test-from", metavar="DATE", help="first day that is held out, as 2010-01-01")
    parser.add_argument("--held-out", type=float, default=0.2, help="else the share that is held out, 0.2")
    parser.add_argument("--frames", type=int, default=28, metavar="N", help="days of a sequence (28)")
    parser.add_argument("--model", metavar="MODEL", help="a network that makes the days too, beside the formula")
    add_values(parser, "members", "seed", members=16, seed=0)
    add_part(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT.json", help="write all of it to a file, too")
    parser.show_examples(
        "diffview verify days --data daily.nc sst --frames 7",
        "diffview verify days --data daily.nc sst --test-from 2004-01-01 --frames 7 --members 4 --json",
    )
    parser.set_defaults(do=_verify)


def _verify(options: argparse.Namespace) -> None:
    from diffview.fields.daily import day_named
    from diffview.learning.sets import held_slices
    from diffview.models.days import LawOfDays
    from diffview.paths import write_text
    from diffview.readers.field_series import read_field_series
    from diffview.runs.network_days import network_days
    from diffview.scores.day_scores import DaysTask, format_days, verify_days

    if options.out is not None:
        fields.check_output(options.out, options.report)
    if not 0 < options.held_out < 1:
        raise UserError(f"A share of {options.held_out:g} cannot be held out.", "Choose one between 0 and 1.")
    with options.report.progress("reading") as progress:
        series = read_field_series(*place_of(options.data), options.region, progress)
    if options.test_from is None:
        day = int(series.days[len(series) - held_slices(len(series), options.held_out)])  # as a network is trained
    else:
        day = day_named(options.test_from, series.calendar)
    found = {}
    laws: dict[str, tuple[bool, LawOfDays | None]] = {"gaussian": (False, None), "gaussian, periodic": (True, None)}
    if options.model is not None:
        law = network_days(options.model, series.of.field, options.frames)
        laws[law.work.card.name] = False, law
    for title, (periodic, given) in laws.items():
        with options.report.progress(title) as progress:
            task = DaysTask(*series.since(day), options.frames, options.members, options.seed, periodic, given)
            found[title] = verify_days(task, progress)
    text = json.dumps({title: one.plain() for title, one in found.items()}, indent=2, allow_nan=False)
    if options.out is not None:
        write_text(options.out, text + "\n")
    write_result((text if options.json else format_days(found)) + "\n")
