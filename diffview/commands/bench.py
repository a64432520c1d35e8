"""`diffview bench`: measure this program on this machine."""

import argparse

from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--only", metavar="ROW[,ROW]", help="these measurements alone; an unknown name lists them all")
    parser.add_argument("--minutes", type=float, metavar="N", help="how long `soak` uses the window (2)")
    parser.show_examples(
        "diffview bench --quick --only start",
        "diffview bench --only edit,drag --json",
        "diffview bench --only soak --minutes 30",
    )
    parser.set_defaults(do=_bench)


def _bench(options: argparse.Namespace) -> None:
    from diffview.bench import chosen
    from diffview.bench import main as bench

    with options.report.progress("measuring") as progress:
        text = bench(options.json, options.quick, chosen(options.only), progress, options.minutes)
    write_result(text)
