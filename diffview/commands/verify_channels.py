"""`diffview verify channels`: rain from synthetic channels by a formula, beside climatology and regression."""

import argparse
import json
from pathlib import Path

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values
from diffview.params import real_numbers


def add(parser: Parser) -> None:
    """Declare the options."""
    what = "rain; with two datasets the second is held out"
    fields.add_data(parser, what, held_out=0.3, required=True)
    parser.add_argument("--channels", metavar="A,B", help="which synthetic channels are given (all)")
    parser.add_argument("--cases", type=int, default=64, metavar="N", help="held-out fields, evenly picked (64)")
    add_values(parser, "members", "seed", members=16, seed=0)
    parser.add_argument("--size", type=int, default=64, help="largest side of the fields (64)")
    parser.add_argument("--threshold", metavar="X,Y,...", help="of the FSS, in units (those that suit the fields)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT.nc", help="write channels, members, mean and truth, too")
    parser.show_examples(
        "diffview verify channels --data twin.nc rain --threshold 1",
        "diffview verify channels --data twin.nc rain --channels infrared --threshold 1 --json",
    )
    parser.set_defaults(do=_verify)


def _verify(options: argparse.Namespace) -> None:
    import numpy as np

    from diffview.learning.from_files import read_parted_set
    from diffview.learning.synthetic import CHANNELS
    from diffview.scores.channel_scores import ChannelTask, score_channels, switched
    from diffview.scores.downscaling import format_routes
    from diffview.scores.printed import aligned, short
    from diffview.writers.sequences import channels_content

    if options.out is not None:
        fields.check_output(options.out, options.report)
    asked = () if options.threshold is None else real_numbers(options.threshold, "thresholds")
    file, *datasets = options.data
    data = read_parted_set(file, datasets, options.held_out, size=options.size)
    names = tuple(CHANNELS) if options.channels is None else tuple(options.channels.split(","))
    with options.report.progress("rain from channels") as progress:
        task = ChannelTask(data, names, options.cases, options.members, options.seed, progress)
        scores, spreads = score_channels(task, asked), switched(task)
    if options.out is not None:
        channels = dict(zip(names, np.moveaxis(task.seen, 1, 0), strict=True))
        content = channels_content(data.name, data.units, channels, task.made, task.truth)
        fields.write(content, options.out, options.report)
    plain = {"channels": [*names], "synthetic": True, "ways": [one.plain() for one in scores.values()], "off": spreads}
    table = [["standard deviation of rain given its channels", ""], *([k, short(v)] for k, v in spreads.items())]
    words = [
        f"SYNTHETIC channels, computed from the rain itself: {', '.join(names)}.", "",
        format_routes([*scores.values()]), "", *aligned(table),
    ]  # fmt: skip
    write_result((json.dumps(plain, indent=2, allow_nan=False) if options.json else "\n".join(words)) + "\n")
