"""`diffview noise`: a field with noise put in, as a netCDF file."""

import argparse
import sys
from pathlib import Path

from diffview.commands import fields
from diffview.commands.values import add_values
from diffview.errors import UserError


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("file", help="an HDF5 or netCDF-4 file")
    parser.add_argument("dataset", help="the variable")
    fields.add_level(parser, required=True)
    fields.add_schedule(parser)
    parser.add_argument("--chain", action="store_true", help="by the Markov chain; else by the closed form")
    add_values(parser, "seed", "index", "region", "transform", seed=0)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.nc", help="the file to write")
    parser.set_defaults(do=_noise)


def _noise(options: argparse.Namespace) -> None:
    from diffview.fields.field import Region
    from diffview.forward.state import Forward
    from diffview.runs.recipe import AUTO, Recipe
    from diffview.writers.exports import forward_content

    fields.check_folder(options.out)
    schedule = fields.schedule_of(options, Recipe().course.schedule)
    level = fields.level_of(options, schedule)
    opened = fields.open_field(Recipe.of(path=options.file, dataset=options.dataset, index=options.index))
    of = opened.facts.field
    rows, columns = of.values.shape
    region = options.region or Region(0, 0, rows, columns)
    inside = 0 <= region.row <= rows - region.ny and 0 <= region.column <= columns - region.nx
    if not inside or min(region.ny, region.nx) < 1 or level is None:
        raise UserError(
            f"The region does not lie inside the {rows} x {columns} pixels of {options.dataset}.",
            "Write it as row,column,rows,columns.",
        )
    mode = "chain" if options.chain else "closed"
    recipe = opened.recipe.but(
        region=region, schedule=schedule, seed=options.seed, path_mode=mode, transform=options.transform or AUTO
    )
    transform = opened.facts.fitted(recipe)
    x0 = opened.facts.through(transform)[region.slices]
    forward = Forward(x0, schedule, options.seed, mode, of.pixel_km)
    content = forward_content(forward, level[0], of, recipe.but(fitted=transform), transform)
    fields.write(content, options.out)
    sys.stderr.write(f"{options.out}: x_t at t = {level[0]:.6g}, s = {level[1]:.6g}.\n")
