"""`diffview distil`: a network that jumps in one call to where a model walks in a whole run."""

import argparse
from pathlib import Path

from diffview.commands.fields import add_given
from diffview.commands.parsing import Parser
from diffview.commands.train import TRAINING, add_course, train_in_peace
from diffview.commands.words import given, params_of

SETTINGS = ("steps", "minutes", "batch", "rate", "seed", "precision")
"""Of `train.TRAINING`; loss and levels are those of a distillation."""


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("model", help="the network to learn from: a sample model, or the folder of one of your own")
    parser.add_argument("file", help="fields of its quantity: an HDF5 or netCDF-4 file")
    parser.add_argument("dataset", nargs="*", help="variables of one quantity; none: the best one of the file")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="MODEL_DIR", help="folder of the new model")
    parser.add_argument("--resume", action="store_true", help="go on with the distillation that MODEL_DIR holds")
    for name in SETTINGS:
        parser.add_argument(f"--{name}", metavar="X", help=TRAINING[name])
    parser.add_argument("--run", metavar="N", help="levels of the run of Heun that one jump learns (18)")
    add_course(parser)
    add_given(parser, "what the model is given, as in its training")
    parser.show_examples(
        "diffview distil rain64 twin.nc rain -o rain-jumps --minutes 30",
        "diffview distil rain64 twin.nc rain -o rain-jumps --resume --minutes 30",
    )
    parser.set_defaults(do=_distil)


def _distil(options: argparse.Namespace) -> None:
    from diffview.models.cards import find_card

    card = find_card(options.model)
    options.origin, options.transform = options.model, card.transform.key
    options.together = None
    options.size, options.coarsen = max(card.shape[1:]), card.coarsen
    words = given(options, *SETTINGS, "run", "flips", "rotations", "averages") | params_of(
        options.param, "half_life=500"
    )
    train_in_peace(options, {**words, "loss": "consistency"}, {})
