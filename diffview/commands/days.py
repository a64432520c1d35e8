"""`diffview days`: the days of a month from its mean, by a formula that is fitted to daily fields, or by a network."""

import argparse
from dataclasses import replace
from pathlib import Path

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import Report
from diffview.commands.values import add_declared, add_values
from diffview.runs.recipe import DECLARED

NAMED = ("FILE", "DATASET")


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("file", help="monthly means, or daily fields of which the mean is taken")
    parser.add_argument("dataset", nargs="?", help="the variable (the first that looks like a map)")
    parser.add_argument("--month", required=True, metavar="YEAR-MM", help="which month")
    parser.add_argument(
        "--fit", nargs="+", metavar=NAMED, help="daily fields that the law is fitted to (FILE, without the month)"
    )
    parser.add_argument("--model", default="gaussian", metavar="MODEL", help="gaussian, the formula, or a network")
    parser.add_argument(
        "--days", type=int, metavar="N", help="the first N days of the month, whose mean is then the one given (all)"
    )
    add_values(parser, "members", "first_member", "seed", members=1, first_member=0, seed=0)
    add_part(parser)
    parser.add_argument("--periodic", action="store_true", help="opposite edges of the region are neighbours")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.nc", help="the file to write")
    parser.show_examples(
        "diffview days daily.nc sst --month 2003-05 --members 4 -o may.nc",
        "diffview days monthly.nc sst --fit daily.nc sst --month 2004-02 --days 28 -o february.nc",
    )
    parser.set_defaults(do=_days)


def add_part(parser: argparse.ArgumentParser) -> None:
    """The option for a part of all the fields of a series."""
    add_declared(parser, replace(DECLARED["region"], doc="The part of the fields; none: all of them."))


def place_of(words: list[str]) -> tuple[str, str | None]:
    """A file and its variable, None for the best one.

    Raises:
        UserError: if there are more words.
    """
    from diffview.errors import UserError

    if len(words) > 2:
        raise UserError(f"{' '.join(words)} names no variable.", "Write FILE DATASET.")
    return words[0], words[1] if len(words) > 1 else None


def _days(options: argparse.Namespace) -> None:
    from diffview.learning.months import MonthAsked, make_month
    from diffview.writers.sequences import days_content

    report: Report = options.report
    fields.check_output(options.out, report)
    asked = MonthAsked(
        (options.file, options.dataset), options.month, None if options.fit is None else place_of(options.fit),
        options.days, options.members, options.seed, options.first_member, options.region, options.periodic,
        options.model,
    )  # fmt: skip
    with report.progress("making days") as progress:
        made = make_month(asked, progress)
    fields.write(days_content(made), options.out, report)
    report.note(
        f"{options.out}: {len(made.values)} x {len(made.days)} days; the law was learned from {made.law.windows:,} "
        f"sequences of {made.fitted_to}; their mean is kept to {made.kept:.1g} standard deviations."
    )
