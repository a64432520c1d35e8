"""`diffview bench`: measure this program on this machine."""

import argparse


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--only", metavar="ROW[,ROW]", help="these measurements alone; an unknown name lists them all")
    parser.set_defaults(do=_bench)


def _bench(options: argparse.Namespace) -> None:
    from diffview.bench import chosen
    from diffview.bench import main as bench

    bench(as_json=options.json, quick=options.quick, only=chosen(options.only))
