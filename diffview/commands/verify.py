"""`diffview verify`: how good a model is on fields it never saw."""

import argparse
import json
import sys
from pathlib import Path


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    kinds = parser.add_subparsers(title="what", required=True)
    model = kinds.add_parser("model", help="a network's fields beside its training set and held-out fields")
    model.add_argument("--model", required=True, help="a sample model, one of your own, or the folder of one")
    model.add_argument(
        "--data", required=True, nargs="+", metavar=("FILE", "DATASET"),
        help="with two datasets the first is what it was trained on, the second is held out",
    )  # fmt: skip
    model.add_argument("--held-out", type=float, default=0.2, help="share held out of a single dataset, 0.2")
    model.add_argument("--samples", type=int, default=256, help="fields that are made")
    model.add_argument("--steps", type=int, default=18)
    model.add_argument("--seed", type=int, default=0)
    model.add_argument("--device", default="cpu", help="torch device")
    model.add_argument("--json", action="store_true", help="as JSON")
    model.add_argument("--save", action="store_true", help="write the scores into the model's card")
    model.set_defaults(do=_verify_model)


def _verify_model(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from diffview.cards import find_card
    from diffview.training_data import read_verification_set
    from diffview.verify import format_scores, verify_model

    card = find_card(options.model)
    file, *datasets = options.data
    data = read_verification_set(card, file, datasets, options.held_out)
    found = verify_model(card, data, options.samples, options.steps, options.seed, options.device)
    found["settings"]["command"] = (
        f"diffview verify model --model {card.name} --data {' '.join([Path(file).name, *datasets])} "
        f"--samples {options.samples} --steps {options.steps} --seed {options.seed}"
    )
    sys.stdout.write((json.dumps(found, indent=2) if options.json else format_scores(found)) + "\n")
    if options.save:
        replace(card, scores=found).save()
