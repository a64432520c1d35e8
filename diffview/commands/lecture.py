"""`diffview lecture`: what an audience takes home of a lecture, as one page of HTML or as a PDF."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.errors import UserError

if TYPE_CHECKING:
    from diffview.runs.recipe import Recipe
    from diffview.writers.films.reels import Filmed


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("lecture", nargs="?", type=Path, help="its folder or file; none: the one that ships")
    parser.add_argument("--html", type=Path, metavar="OUT.html", help="one page that needs no network and no server")
    parser.add_argument(
        "--pdf", type=Path, metavar="OUT.pdf", help="the same on paper, a sheet or more for each chapter"
    )
    parser.add_argument("--pack", type=Path, metavar="OUT.zip", help="the lecture as one file, with its small fields")
    parser.show_examples(
        "diffview lecture chapter.json --html talk.html", "diffview lecture chapter.json --pdf talk.pdf"
    )
    parser.set_defaults(do=_lecture)


def _lecture(options: argparse.Namespace) -> None:
    from diffview.gui.show.race_figure import race_figure
    from diffview.paths import write_bytes
    from diffview.story.handout_page import page_of
    from diffview.story.leave_behind import handout_of
    from diffview.story.lecture import packaged_lecture, read_lecture, write_lecture
    from diffview.story.one_file import SUFFIX

    report, outputs = options.report, [path for path in (options.html, options.pdf, options.pack) if path is not None]
    if not outputs:
        raise UserError("Nothing is asked for.", "Name a file: --html talk.html, --pdf talk.pdf, --pack talk.zip.")
    if options.pack is not None and options.pack.suffix.lower() != SUFFIX:
        raise UserError(f"{options.pack} is no name of a lecture in one file.", f"End its name with {SUFFIX}.")
    for path in outputs:
        fields.check_output(path, report)
    lecture = packaged_lecture() if options.lecture is None else read_lecture(options.lecture)
    if options.pack is not None:
        packed = write_lecture(lecture, options.pack)
        report.note(f"{packed.home}: {len(lecture.chapters)} chapters.")
    wanted = [path for path in (options.html, options.pdf) if path is not None]
    if not wanted:
        return
    with report.progress("making the handout") as progress:
        handout = handout_of(lecture, _opened, progress, race_figure)
    for chapter in handout.chapters:
        for note in chapter.notes:
            report.note(f"{chapter.title}: {note}")
    for path in wanted:
        if path == options.html:
            data = page_of(handout).encode()
        else:
            from diffview.gui.story.handout_pdf import pdf_of

            data = pdf_of(handout)
        write_bytes(path, data)
        report.note(f"{path}: {len(handout.chapters)} chapters, {len(data) / 1e6:.1f} MB.")


def _opened(recipe: "Recipe") -> "Filmed":
    from diffview.library.filming import filmed_of
    from diffview.library.opened import open_field

    return filmed_of(open_field(recipe))
