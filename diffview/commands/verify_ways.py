"""`diffview verify ways`: one field made coarse and brought back, by several ways beside one another."""

import argparse
import json
from pathlib import Path

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values
from diffview.commands.words import given
from diffview.paths import write_text

VALUES = ("model", "region", "index", "transform", "members", "steps", "sampler", "grid", "seed", "device")


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("file", nargs="?", help="a file; none: the packaged field")
    parser.add_argument("dataset", nargs="?", help="the variable")
    parser.add_argument("--factor", type=int, default=8, metavar="K", help="pixels a side of a block, 2 to 16 (8)")
    parser.add_argument("--s", type=float, metavar="S", help="from which SDEdit starts (where the spectra part)")
    parser.add_argument("--ways", metavar="A,B", help="which ways: sdedit, operator, network, exact (all there are)")
    add_values(parser, *VALUES)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT.json", help="write all of it to a file, too")
    parser.show_examples(
        "diffview verify ways sst.nc sst --factor 4 --model gaussian --region 0,0,32,32 --members 4 --steps 6",
        "diffview verify ways sst.nc sst --factor 8 --model gaussian --region 0,0,32,32 --members 4 --steps 6 "
        "--ways sdedit,exact --s 0.8 --json",
    )
    parser.set_defaults(do=_verify)


def _verify(options: argparse.Namespace) -> None:
    from diffview.fields.units import written
    from diffview.library.downscaled import gone_back, task_of
    from diffview.scores.ways_back import format_ways, plain_ways

    if options.out is not None:
        fields.check_output(options.out, options.report)
    source = {"path": options.file, "dataset": options.dataset}
    values = {name: value for name, value in (source | given(options, *VALUES)).items() if value is not None}
    ways = [] if options.ways is None else [word.strip() for word in options.ways.split(",")]
    task = task_of(None, options.factor, options.s, values)  # type: ignore[arg-type]
    with options.report.progress("downscaling") as progress:
        back = gone_back(task, ways, progress)
    text = json.dumps(plain_ways(back), indent=2, allow_nan=False)
    if options.out is not None:
        write_text(options.out, text + "\n")
    write_result((text if options.json else format_ways(back, written(task.facts.field.units))) + "\n")
