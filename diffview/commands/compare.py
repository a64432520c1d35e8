"""`diffview compare`: two to four recipes or schedules side by side on the same noise, as a table."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values
from diffview.commands.words import given

if TYPE_CHECKING:
    from diffview.scores.compare_table import Compared

VALUES = ("model", "sampler", "steps", "seed", "region", "level", "device")
"""The values of a recipe that an option replaces in every rival."""


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "rivals", nargs="+", metavar="A.json",
        help="recipes, or schedules by name (also mine) or file; a recipe alone stands for the rivals that it holds",
    )  # fmt: skip
    fields.add_data(parser, "the field they are run and scored on, in the place of that of the first recipe")
    add_values(parser, "model", "sampler", "steps", "seed", "region")
    parser.add_argument(
        "--level", type=float, metavar="S", help="start from the field at this noise level: has a truth"
    )
    add_values(parser, "device")
    parser.add_argument("--fields", type=int, default=32, metavar="N", help="held-out ones to score on; 0: none (32)")
    parser.add_argument("--loss", action="store_true", help="measure the loss of the model, for the cost of the steps")
    parser.add_argument("-o", "--out", type=Path, metavar="TABLE.csv", help="write the table as CSV")
    parser.add_argument("--along", type=Path, metavar="FILE.csv", help="write the errors along every run as CSV")
    parser.add_argument("--json", action="store_true", help="the table as JSON")
    parser.show_examples(
        "diffview compare linear cosine --model gaussian --steps 6 --fields 10 -o table.csv",
        "diffview compare cosine edm --model gaussian --data sst.nc sst --region 0,0,32,32 --level 2 --fields 0",
    )
    parser.set_defaults(do=_compare)


def _compare(options: argparse.Namespace) -> None:
    from diffview.library.comparing import compare
    from diffview.paths import write_text
    from diffview.scores.compare_table import along, to_csv

    for path in filter(None, (options.out, options.along)):
        fields.check_output(path, options.report)
    values = given(options, *VALUES)
    if options.data:
        path, *dataset = options.data
        values |= {"path": path, "dataset": dataset[0] if dataset else None, "index": None}
    with options.report.progress("comparing") as progress:
        found = compare(*options.rivals, fields=options.fields, loss=options.loss, progress=progress, **values)
    for note in found.notes:
        options.report.note(note)
    if options.out is not None:
        write_text(options.out, to_csv(found.table))
    if options.along is not None:
        write_text(options.along, to_csv(along(found)))
    text = json.dumps(found.table, indent=2) if options.json else "\n".join(_lines(found))
    write_result(text + "\n")
    if found.verdict is not None and options.json:
        options.report.note(found.verdict.sentence)


def _lines(found: "Compared") -> list[str]:
    """The table turned on its side for the terminal: a column of each rival; and the verdict."""
    from diffview.scores.printed import aligned

    rows = found.table
    names = dict.fromkeys(name for row in rows for name, value in row.items() if value not in (None, ""))
    table = [[name, *(_cell(row.get(name)) for row in rows)] for name in names]
    return [*aligned(table), *([] if found.verdict is None else ["", found.verdict.sentence])]


def _cell(value: object) -> str:
    from diffview.scores.printed import short

    return short(value) if isinstance(value, float) else "" if value is None else str(value)
