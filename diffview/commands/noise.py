"""`diffview noise`: a field with noise put in, as a netCDF file."""

import argparse
from pathlib import Path

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.values import add_values
from diffview.commands.words import schedule_asked


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("file", help="an HDF5 or netCDF-4 file")
    parser.add_argument("dataset", help="the variable")
    fields.add_level(parser, required=True)
    fields.add_schedule(parser)
    parser.add_argument("--chain", action="store_true", help="by the Markov chain; else by the closed form")
    add_values(parser, "seed", "index", "mask", "region", "transform", seed=0)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.nc", help="the file to write")
    parser.show_examples(
        "diffview noise sst.nc sst --t 0.4 --schedule cosine -o noisy.nc",
        "diffview noise sst.nc sst --s 0.7 --chain --seed 3 --region 0,0,32,32 -o chain.nc",
    )
    parser.set_defaults(do=_noise)


def _noise(options: argparse.Namespace) -> None:
    from diffview.library.making import noised
    from diffview.library.opened import level_of, open_field
    from diffview.runs.recipe import AUTO, Recipe

    fields.check_output(options.out, options.report)
    schedule = schedule_asked(options.schedule, options.param, Recipe().course.schedule)
    level = level_of(schedule, options.t, options.s)
    opened = open_field(Recipe.of(
        path=options.file, dataset=options.dataset, index=options.index, mask=options.mask or (),
        region=options.region, schedule=schedule, seed=options.seed, path_mode="chain" if options.chain else "closed",
        transform=options.transform or AUTO,
    ))  # fmt: skip
    fields.write(noised(opened, level), options.out, options.report)
    options.report.note(f"{options.out}: x_t at t = {level[0]:.6g}, s = {level[1]:.6g}.")
