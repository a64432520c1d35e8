"""`diffview average`: a model whose weights are averaged over another part of its training."""

import argparse
from pathlib import Path

from diffview.commands.parsing import Parser


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("model", type=Path, help="the folder of a training with --averages")
    parser.add_argument(
        "--length",
        type=float,
        required=True,
        metavar="X",
        help="of the average, as a share of the training: 0.03 to 0.25",
    )
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="MODEL_DIR", help="folder of the new model")
    parser.show_examples("diffview average averaged-sst --length 0.15 -o longer")
    parser.set_defaults(do=_average)


def _average(options: argparse.Namespace) -> None:
    from diffview.learning.averages import averaged

    card = averaged(options.model, options.length, options.out)
    options.report.note(
        f"{card.name} has the weights of {options.model} averaged over {options.length:g} of its steps."
    )
