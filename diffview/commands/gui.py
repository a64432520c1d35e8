"""`diffview gui`, the default command: the window, or a picture of it."""

import argparse
import gc
from pathlib import Path
from typing import TYPE_CHECKING

from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values
from diffview.commands.words import one_source
from diffview.errors import UserError

if TYPE_CHECKING:
    from diffview.runs.recipe import Recipe


PACKAGED = Path()
"""Stands for the lecture that comes with diffview."""

ENSEMBLE = ("members", "one", "mean", "spread", "above", "quantile", "row")
"""What REVERSE can show of several members."""


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("file", nargs="?", help="a file, a folder or a pattern of names, or a recipe (.json)")
    parser.add_argument("dataset", nargs="*", help="the variable to show; or more files, and then the variable")
    parser.add_argument("--recipe", type=Path, help="settings saved by diffview")
    add_values(parser, "device")
    parser.add_argument(
        "--present", nargs="?", type=Path, const=PACKAGED, metavar="LECTURE",
        help="the lecture, full screen: a folder, a file, or the one that comes with diffview",
    )  # fmt: skip
    parser.add_argument(
        "--screen", type=int, default=0, metavar="N", help="number of the screen of a talk; usually the second"
    )
    parser.add_argument("--check", action="store_true", help="with --present: play every beat unattended, and report")
    parser.add_argument("--shot", type=Path, metavar="OUT.png", help="write a picture of the window and end")
    parser.add_argument("--size", type=_size, default=(1600, 1000), help="size of the picture, 1600x1000")
    parser.add_argument("--after", choices=("paint", "run"), default="run", help="take the picture after this")
    parser.add_argument("--theme", choices=("dark", "light", "system"), help="appearance of the picture")
    parser.add_argument("--t", type=float, help="playhead of the picture, 0 to 1")
    parser.add_argument("--ensemble", choices=ENSEMBLE, help="what the picture shows of several members")
    parser.show_examples(
        "diffview",
        "diffview sst.nc sst",
        "diffview folder sst",
        "diffview sst.nc --shot window.png --size 1280x720 --after paint --theme light",
    )
    parser.set_defaults(do=_gui)


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1600x1000") from None
    if not (320 <= width <= 8000 and 240 <= height <= 8000):
        raise argparse.ArgumentTypeError(f"{text} is not between 320x240 and 8000x8000")
    return width, height


def _gui(options: argparse.Namespace) -> int:
    gc.disable()  # nothing becomes garbage while the window is made, and a tenth of that time goes into looking for it
    try:
        return _open_window(options)
    finally:
        gc.enable()


def _open_window(options: argparse.Namespace) -> int:
    recipe = _asked_for(options)
    from diffview.gui.lean import import_qt

    import_qt()
    from diffview.gui.app import check_lecture, run_app, take_shot

    if options.shot is not None:
        take_shot(options.shot, options.size, options.after, recipe, options.theme, options.t, options.ensemble)
        return 0
    asked = options.present
    lecture = None if asked == PACKAGED else asked
    if options.check:
        if asked is None:
            raise UserError("There is nothing to check.", "Name a lecture: --present --check.")
        return check_lecture(lecture, options.size, options.theme, lambda line: write_result(line + "\n"))
    return run_app(recipe, lecture, asked is not None, options.screen)


def _asked_for(options: argparse.Namespace) -> "Recipe | None":
    """The recipe that the options ask for: a saved one, in which FILE, DATASET and --device replace its own."""
    from diffview.runs.recipe import Recipe, default_recipe
    from diffview.runs.recipe_files import read_recipe

    file, dataset = (None, None) if options.file is None else one_source(options.file, options.dataset)
    saved = options.recipe
    if saved is None and file is not None and file.lower().endswith(".json"):
        saved, file = Path(file), None
    recipe = None
    if saved is not None:
        recipe = read_recipe(saved)
    if file is not None:
        asked = recipe or Recipe()
        if asked.source.path != file:
            asked = asked.but(path=file, dataset=None, index=None, region=None, fitted=None)
        recipe = asked.but(dataset=dataset or asked.source.dataset)
    if options.device is not None:
        recipe = (recipe or default_recipe()).but(device=options.device)
    return recipe
