"""`diffview verify channels`: rain from real or synthetic channels by a formula, beside climatology and regression."""

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
    fields.add_given(parser, "a real channel, matched by time; without any they are computed from the rain: synthetic")
    parser.add_argument("--channels", metavar="A,B", help="which of the channels are given (all)")
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

    from diffview.learning.from_files import read_parted_set, read_training_set
    from diffview.runs.conditions_asked import condition_asked
    from diffview.scores.channel_scores import ChannelTask, score_channels, switched
    from diffview.scores.channel_sheet import shares_of
    from diffview.scores.downscaling import format_routes
    from diffview.scores.printed import aligned, short
    from diffview.writers.sequences import channels_content

    if options.out is not None:
        fields.check_output(options.out, options.report)
    asked = () if options.threshold is None else real_numbers(options.threshold, "thresholds")
    file, *datasets = options.data
    if options.given:
        beside = tuple(map(condition_asked, options.given))
        data = read_training_set(file, datasets, size=options.size, held_out=options.held_out, given=beside)
    else:
        data = read_parted_set(file, datasets, options.held_out, size=options.size)
    names = () if options.channels is None else tuple(options.channels.split(","))
    with options.report.progress("rain from channels") as progress:
        task = ChannelTask(data, names, options.cases, options.members, options.seed, progress)
        scores, spreads = score_channels(task, asked), switched(task)
    if options.out is not None:
        channels = {name: (np.asarray(task.seen[:, i]), task.units[i]) for i, name in enumerate(task.names)}
        content = channels_content(data.name, data.units, channels, task.made, task.truth, task.synthetic)
        fields.write(content, options.out, options.report)
    plain = {
        "channels": [*task.names], "synthetic": task.synthetic, "ways": [one.plain() for one in scores.values()],
        "off": spreads, "histogram": shares_of(task, task.made),
    }  # fmt: skip
    table = [["standard deviation of rain given its channels", ""], *([k, short(v)] for k, v in spreads.items())]
    whose = "SYNTHETIC channels, computed from the rain itself" if task.synthetic else "Channels, matched by time"
    words = [f"{whose}: {', '.join(task.names)}.", "", format_routes([*scores.values()]), "", *aligned(table)]
    write_result((json.dumps(plain, indent=2, allow_nan=False) if options.json else "\n".join(words)) + "\n")
