"""`diffview sample --all-times`: what is made of one time, made of every time of a file or a set."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from diffview.commands import fields, on_cluster
from diffview.commands.parsing import Parser
from diffview.commands.reporting import Report
from diffview.errors import UserError

if TYPE_CHECKING:
    from diffview.fields.field import Region
    from diffview.library.opened import Opened
    from diffview.runs.plan import Plan


def add(parser: Parser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--all-times", action="store_true", help="every time of the file or the set, each as its --index alone gives it"
    )


@dataclass(frozen=True, eq=False)
class PlanOf:
    """The plan of options with an index, and its field; a worker is given it too.

    Attributes:
        options: of the command.
        at_index: the plan and the field of options with an index.
    """

    options: argparse.Namespace
    at_index: "Callable[[argparse.Namespace], tuple[Plan, Opened]]"

    def __call__(self, index: tuple[int, ...], region: "Region | None") -> "tuple[Plan, Opened]":
        """Those of an index; the region is the one to take where none is asked for."""
        asked = {**vars(self.options), "index": index, "region": self.options.region or region}
        return self.at_index(argparse.Namespace(**asked))


def sample_all(
    options: argparse.Namespace, opened: "Opened", at_index: "Callable[[argparse.Namespace], tuple[Plan, Opened]]"
) -> None:
    """Make every time of the field that the options open, and write all of them into one file, or with --on one each.

    Args:
        options: of the command.
        opened: one of the times.
        at_index: the plan and the field of options with an index.

    Raises:
        UserError: if they do not go together, or no time can be made.
    """
    from diffview.library.all_times import made_of_times, times_of
    from diffview.runs.by_parts import fills_whole

    report: Report = options.report
    if options.record:
        raise UserError("Steps are kept of one time.", "Leave --record or --all-times out.")
    if opened.recipe.frames.sequence > 1:
        raise UserError("A sequence is of several times already.", "Leave --sequence or --all-times out.")
    if fills_whole(opened.recipe):
        raise UserError("Whole pictures are filled one at a time.", "Name a --region, or leave --all-times out.")

    plan_at = PlanOf(options, at_index)
    times = times_of(opened.recipe)
    if options.on is not None:
        on_cluster.times_on(options, times, plan_at)
        return
    with report.progress("sampling") as progress:
        content, _ = made_of_times(times, plan_at, progress, report.note)
    fields.write(content, options.out, report)
    report.note(f"{options.out}: {len(times):,} times, {times.texts[0]} to {times.texts[-1]}.")
