"""`diffview verify ensemble`: whether the members of a file, or those that a recipe makes, are calibrated."""

import argparse
import json
from pathlib import Path

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values
from diffview.commands.words import given
from diffview.errors import UserError
from diffview.params import real_numbers, whole_numbers

NAMED = ("FILE", "DATASET")


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "source", nargs="*", metavar="FILE DATASET", help="a file with members, as `diffview sample` writes it; the "
        "variable need not be named if there is one with members",
    )  # fmt: skip
    parser.add_argument("--recipe", type=Path, metavar="R.json", help="make the ensemble by this recipe instead")
    add_values(parser, "members")
    parser.add_argument(
        "--truth", nargs="+", metavar=NAMED, help="field, none, or a variable on the same grid or a larger one, of "
        "another file or of this one (the field that a run was given, where it is there)",
    )  # fmt: skip
    parser.add_argument("--truth-index", metavar="I,J,...", help="which slice of the truth's variable: another time")
    parser.add_argument("--given", nargs="+", metavar=NAMED, help="what the model was given, as a field, so named too")
    parser.add_argument("--threshold", metavar="X,Y,...", help="of events, in the field's units (those that suit it)")
    add_values(parser, "seed", seed=0)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT.json", help="write all of it to a file, too")
    parser.show_examples(
        "diffview verify ensemble made.nc --truth none",
        "diffview verify ensemble made.nc sst --truth sst.nc sst --truth-index 4 --threshold 15 -o scores.json",
        "diffview verify ensemble --recipe r.json --members 4 --truth none --json",
    )
    parser.set_defaults(do=_verify)


def _verify(options: argparse.Namespace) -> None:
    from diffview.library.calibrated import Truth, file_cases, made_cases
    from diffview.paths import write_text
    from diffview.scores.calibration import calibrate
    from diffview.scores.printed import format_calibration

    source, wanted = options.source, Truth(_truth(options.truth), _whole(options.truth_index))
    beside = None if options.given is None else Truth(options.given)
    if len(source) > 2 or bool(source) == (options.recipe is not None):
        raise UserError("An ensemble comes from a file or from a recipe.", "Name FILE DATASET, or --recipe R.json.")
    for option, value, needs in (
        ("--members", options.members if source else None, "--recipe"),
        ("--given", None if source else options.given, "FILE DATASET with members"),
        ("--truth-index", None if wanted.named else options.truth_index, "--truth [FILE] DATASET"),
    ):
        if value is not None:
            raise UserError(f"{option} has no effect here: it goes with {needs}.", "Leave it out.")
    if options.out is not None:
        fields.check_output(options.out, options.report)
    thresholds = () if options.threshold is None else real_numbers(options.threshold, "thresholds")
    with options.report.progress("verifying") as progress:
        if source:
            cases = file_cases(source[0], source[1] if len(source) > 1 else None, wanted, beside)
        else:
            cases = made_cases(options.recipe, given(options, "members"), wanted, progress)
        found = calibrate(cases, thresholds, options.seed, progress)
    text = json.dumps(found.plain(), indent=2, allow_nan=False)
    if options.out is not None:
        write_text(options.out, text + "\n")
    write_result((text if options.json else format_calibration(found)) + "\n")


def _truth(words: list[str] | None) -> object:
    """The words of --truth: one that means none or the field, one or two names."""
    if words is not None and len(words) > 2:
        raise UserError(f"{' '.join(words)} names no truth.", "Write --truth none, --truth DATASET or FILE DATASET.")
    return words if words is None or len(words) > 1 or words[0] not in ("none", "field") else words[0]


def _whole(text: str | None) -> tuple[int, ...] | None:
    """Indices of other dimensions."""
    return None if text is None else tuple(whole_numbers(text, "indices", least=0))
