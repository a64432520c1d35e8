"""`diffview verify downscaling`: a conditional network beside other ways back from its block means."""

import argparse
import json
from pathlib import Path

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values
from diffview.errors import UserError
from diffview.params import real_numbers

WAYS = "coarse,one,network,gaussian,sdedit"
RATES = "0.1,1,5"


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--model", required=True, help="a network that was trained with a coarse condition")
    parser.add_argument(
        "--data", required=True, nargs="+", metavar=("FILE", "DATASET"),
        help="with two datasets the first is fitted to, the second is held out; fields of other sizes are cut",
    )  # fmt: skip
    parser.add_argument("--held-out", type=float, default=0.5, help="share held out of a single dataset, 0.5")
    parser.add_argument("--ways", default=WAYS, metavar="A,B", help=f"which ways, {WAYS}")
    parser.add_argument("--cases", type=int, default=64, metavar="N", help="held-out fields, evenly picked (64)")
    add_values(parser, "members", members=16)
    add_values(parser, "steps", "sampler", steps=18, sampler="heun")
    parser.add_argument("--threshold", default=RATES, metavar="X,Y,...", help=f"of the FSS, in units ({RATES})")
    add_values(parser, "seed", seed=0)
    parser.add_argument("--device", default="cpu", help="torch device")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("-o", "--out", type=Path, metavar="OUT.json", help="write all of it to a file, way after way")
    parser.show_examples(
        "diffview verify downscaling --model rain64-from-coarse --data twin.nc rain --ways coarse,gaussian "
        "--threshold 1",
    )
    parser.set_defaults(do=_verify)


def _verify(options: argparse.Namespace) -> None:
    from diffview.learning.from_files import read_verification_set
    from diffview.models.cards import find_card, read_cards
    from diffview.paths import write_text
    from diffview.runs.sampling import Sampling
    from diffview.scores.downscaling import ROUTES, format_routes, score_route, task_of

    ways = [word.strip() for word in options.ways.split(",")]
    if unknown := [way for way in ways if way not in ROUTES]:
        raise UserError(f"There is no way {unknown[0]!r} back.", f"Choose of {', '.join(ROUTES)}.")
    if options.cases < 1:
        raise UserError(f"{options.cases} held-out fields cannot be judged.", "Name at least one.")
    thresholds, report = real_numbers(options.threshold, "thresholds"), options.report
    if options.out is not None:
        fields.check_output(options.out, report)
    card, (file, *datasets) = find_card(options.model), options.data
    data = read_verification_set(card, file, datasets, options.held_out)
    with report.progress("downscaling") as progress:
        task = task_of(
            card, read_cards(), data, cases=options.cases, members=options.members, device=options.device,
            sampling=Sampling(steps=options.steps, seed=options.seed, sampler=options.sampler), progress=progress,
        )  # fmt: skip
        scores = []
        for way in ways:
            scores.append(score_route(way, task, thresholds))
            report.note(f"{scores[-1].title}: CRPS {scores[-1].crps:.4g} {card.units}")
            text = json.dumps([one.plain() for one in scores], indent=2, allow_nan=False)
            if options.out is not None:
                write_text(options.out, text + "\n")
    write_result((text if options.json else format_routes(scores)) + "\n")
