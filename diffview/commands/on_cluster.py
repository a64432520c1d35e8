"""`diffview sample --on`: an ensemble in blocks, on this machine or beyond it, into a store that is gone on with."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from diffview.commands.parsing import Parser
from diffview.commands.reporting import Report, spoken
from diffview.errors import UserError
from diffview.library.opened import Opened

if TYPE_CHECKING:
    from diffview.cluster.driver import JobOrder
    from diffview.cluster.standing import Standing
    from diffview.library.all_times import PlanAt, TimeAxis
    from diffview.runs.plan import Plan


def add(parser: Parser) -> None:
    """Declare the option."""
    parser.add_argument(
        "--on", metavar="WHERE", help="make blocks of members, or of --all-times each, at several places, into the "
        "folder of -o, and go on with those that are missing there: local:2 (workers), tcp://HOST:8786 (a Dask "
        "scheduler), slurm:QUEUE, pbs:QUEUE, here",
    )  # fmt: skip


def sample_on(options: argparse.Namespace, plan: "Plan", opened: Opened) -> None:
    """Make the members of a plan where the options say.

    Raises:
        UserError: if they cannot be made, or some of them failed.
        KeyboardInterrupt: if that was pressed; what is made is kept.
    """
    from diffview.cluster.beginning import order_for

    if options.record:
        raise UserError("Steps are kept of members that are made at once.", "Leave --record or --on out.")
    if plan.jointly is not None:
        raise UserError("Blocks of members are of single fields.", "Leave --on, or --channels and --sequence, out.")
    _drive(options, lambda: order_for(plan, opened.facts.field, options.out, options.on, sys.argv[1:]))


def times_on(options: argparse.Namespace, times: "TimeAxis", plan_at: "PlanAt") -> None:
    """Make every time where the options say, each as a netCDF file in the folder of -o.

    Raises:
        UserError: if none can be made, or some of them failed.
        KeyboardInterrupt: if that was pressed; what is made is kept.
    """
    from diffview.cluster.netcdf_parts import NetcdfParts
    from diffview.library.times_in_parts import tell_parts, times_order

    _drive(options, lambda: times_order(times, plan_at, options.out, options.on, sys.argv[1:]))
    tell_parts(NetcdfParts(options.out), times, options.report.note)


def _drive(options: argparse.Namespace, order: "Callable[[], JobOrder]") -> None:
    """Have a job done where the options say, and say how it ended.

    Raises:
        UserError: if it cannot be done, or some of its blocks failed.
        KeyboardInterrupt: if that was pressed; what is made is kept.
    """
    from diffview.cluster.driver import Driver
    from diffview.cluster.engines import engine_of
    from diffview.runs.job import FAILED, FINISHED

    report, folder = options.report, options.out
    engine = engine_of(options.on)  # before the folder is made: a place that is none leaves nothing
    try:
        driver = Driver(order(), engine)
        try:
            ended = driver.run(lambda standing: _show(report, standing))
        except KeyboardInterrupt:
            report.clear()
            report.note(f"Stopped: {_got_to(driver.standing)} in {folder}; the same command goes on.")
            raise
    finally:
        engine.close()
    report.clear()
    if ended.state == FAILED:
        number, why = next(iter(ended.failed.items()))
        raise UserError(
            f"{len(ended.failed)} of {ended.blocks} blocks failed; block {number}: {why}",
            f"What is made is in {folder}; the same command makes what is missing.",
        )
    what = "is" if ended.state == FINISHED else "cancelled:"
    report.note(f"{folder} {what} {_got_to(ended)}, {ended.rate:.3g} members/s at last.")


def _show(report: Report, standing: "Standing") -> None:
    left = "" if standing.left is None else f", {spoken(standing.left)} left"
    failed = f", {len(standing.failed)} failed" if standing.failed else ""
    at = f"{standing.rate:.3g} members/s on {standing.workers} workers"
    report.show(f"sampling: block {standing.done_count} of {standing.blocks}, {at}{left}{failed}")


def _got_to(standing: "Standing") -> str:
    return f"{standing.done_count} of {standing.blocks} blocks, {standing.made:,} of {standing.members:,} members"
