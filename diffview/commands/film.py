"""`diffview film`: noise put in, a run or its members as a film, without a window."""

import argparse
from pathlib import Path

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.values import add_declared, add_values
from diffview.commands.words import given
from diffview.params import parameters
from diffview.writers.films.film_settings import FilmSettings

CHANGES = ("model", "members", "steps", "sampler", "seed", "region")
"""Values of the recipe that an option replaces."""


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("recipe", nargs="?", help="settings saved by diffview; none: those of the packaged field")
    add_declared(parser, *parameters(FilmSettings))
    add_values(parser, *CHANGES)
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT",
                        help="the file to write; it ends with .webp, .gif, .avif or, with ffmpeg, .mp4")  # fmt: skip
    parser.show_examples(
        "diffview film -o noise.webp --seconds 4",
        "diffview film r.json --what both --size 960x540 --fps 15 -o both.gif",
        "diffview film --what members --model gaussian --members 6 -o members.avif",
    )
    parser.set_defaults(do=_film)


def _film(options: argparse.Namespace) -> None:
    from diffview.library.filming import filmed
    from diffview.library.opened import open_field, recipe_of
    from diffview.machine import FFMPEG
    from diffview.runs.recipe import default_recipe
    from diffview.writers.films.encoding import check_format

    report, out = options.report, options.out
    settings = FilmSettings(**given(options, *(p.name for p in parameters(FilmSettings))))
    fields.check_output(out, report)
    check_format(out, settings)
    recipe = recipe_of(options.recipe or default_recipe(), given(options, *CHANGES))
    with report.progress("filming") as progress:
        said = filmed(open_field(recipe), settings, out, progress)
    for sentence in said:
        report.note(sentence)
    if out.suffix.lower() == ".mp4":
        report.detail(FFMPEG)
    width, height = settings.size
    report.note(f"{out}: {settings.count} pictures of {width} x {height} in {settings.seconds:g} s.")
