"""`diffview sample --fill` without a region: the gaps of a whole picture, filled by parts."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from diffview.commands import fields
from diffview.commands.observing import mask_of
from diffview.commands.reporting import Report
from diffview.errors import UserError
from diffview.library.opened import Opened

if TYPE_CHECKING:
    from diffview.runs.by_parts import FilledPicture


def fill_picture(options: argparse.Namespace, opened: Opened) -> None:
    """Fill, write and report.

    Raises:
        UserError: if the options do not go together, or it cannot be done.
    """
    from diffview.runs.by_parts import fill_by_parts
    from diffview.writers.exports import filled_content

    if options.record or options.fit is not None:
        raise UserError(
            f"{'--record' if options.record else '--fit'} is for one region, and a whole picture is to be filled.",
            "Give --region, or leave it out.",
        )
    never = None if options.never_fill is None else _never(options.never_fill, opened.recipe.source.path)
    report = options.report
    with report.progress("sampling") as progress:
        made = fill_by_parts(opened.recipe, opened.facts, never, progress)
    fields.write(filled_content(made, opened.facts.field), options.out, report)
    _say(made, opened, options.out, report)


def _never(words: Sequence[str], beside: str | None) -> NDArray[np.bool_]:
    """Where a variable of a file, or of the one that is filled, is above 0.5."""
    if len(words) > 2:
        raise UserError("--never-fill takes a variable, or a file and a variable.", "Write --never-fill FILE MASK.")
    path, dataset = (beside, words[0]) if len(words) == 1 else words
    return mask_of(path, dataset)


def _say(made: "FilledPicture", opened: Opened, out: Path, report: Report) -> None:
    """Report what was filled and what could not be, and the score where the field has the truth."""
    from diffview.fields.units import written
    from diffview.scores.gap import gap_score, score_words

    lines = [f"{int(made.filled.sum()):,} pixels were filled in {made.parts} parts."]
    if made.left.any():
        lines.append(f"{int(made.left.sum()):,} stay missing: nothing around them is known.")
    if (score := gap_score(made.members, opened.facts.field.values, made.filled)) is not None:
        lines.append(score_words("model", score, written(opened.facts.field.units)))
    lines.append(f"{out}: {len(made.members)} fields, {made.evaluations} calls of the model each.")
    report.note("\n".join(lines))
