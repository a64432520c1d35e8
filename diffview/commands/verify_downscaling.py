"""`diffview verify downscaling`: a conditional network beside other ways back from its block means."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import Report, write_result
from diffview.commands.values import add_values
from diffview.errors import UserError
from diffview.params import real_numbers

if TYPE_CHECKING:
    from diffview.scores.downscaling import Task

WAYS = "coarse,one,network,gaussian,sdedit"


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--model", required=True, help="a network that was trained with a coarse condition")
    what = "with two datasets the first is fitted to, the second is held out; fields of other sizes are cut"
    fields.add_data(parser, what, held_out=0.5, required=True)
    parser.add_argument("--ways", metavar="A,B", help=f"which ways ({WAYS}; sdedit where its network is there)")
    parser.add_argument("--cases", type=int, default=64, metavar="N", help="held-out fields, evenly picked (64)")
    add_values(parser, "members", members=16)
    add_values(parser, "steps", "sampler", steps=18, sampler="heun")
    parser.add_argument("--threshold", metavar="X,Y,...", help="of the FSS, in units (those that suit the fields)")
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
    from diffview.fields.units import written
    from diffview.learning.from_files import read_verification_set
    from diffview.models.cards import find_card, read_cards
    from diffview.paths import write_text
    from diffview.runs.sampling import Sampling
    from diffview.scores.downscaling import format_routes, score_route, task_of

    if options.cases < 1:
        raise UserError(f"{options.cases} held-out fields cannot be judged.", "Name at least one.")
    report = options.report
    asked = () if options.threshold is None else real_numbers(options.threshold, "thresholds")
    if options.out is not None:
        fields.check_output(options.out, report)
    card, (file, *datasets) = find_card(options.model), options.data
    data = read_verification_set(card, file, datasets, options.held_out)
    with report.progress("downscaling") as progress:
        task = task_of(
            card, read_cards(), data, cases=options.cases, members=options.members, device=options.device,
            sampling=Sampling(steps=options.steps, seed=options.seed, sampler=options.sampler), progress=progress,
        )  # fmt: skip
        ways, thresholds = _ways(options.ways, task, report), _thresholds(asked, task, report)
        scores = []
        for way in ways:
            scores.append(score_route(way, task, thresholds))
            report.note(f"{scores[-1].title}: CRPS {scores[-1].crps:.4g} {written(card.units)}")
            text = json.dumps([one.plain() for one in scores], indent=2, allow_nan=False)
            if options.out is not None:
                write_text(options.out, text + "\n")
    write_result((text if options.json else format_routes(scores)) + "\n")


def _ways(words: str | None, task: "Task", report: Report) -> list[str]:
    """The ways that are asked for, or all that can be gone; what is left out of all is said."""
    from diffview.scores.downscaling import ROUTES, route_of

    if words is None:
        ways = [way for way, route in ROUTES.items() if task.plain is not None or not route.plain]
        if left := [ROUTES[way].title for way in ROUTES if way not in ways]:
            report.note(f"No {', '.join(left)}: there is no unconditional network beside {task.card.name}.")
        return ways
    ways = [word.strip() for word in words.split(",")]
    for way in ways:
        route_of(way, task)
    return ways


def _thresholds(asked: Sequence[float], task: "Task", report: Report) -> tuple[float, ...]:
    """The thresholds that are asked for, or the usual ones that the held-out fields exceed; the others are said."""
    from diffview.fields.units import written
    from diffview.scores.calibration import thresholds_for, usual_thresholds

    truth, units = task.truth, task.card.units
    found = thresholds_for(truth, units, asked)
    if not asked and (left := [f"{t:g}" for t in usual_thresholds(truth, units) if t not in found]):
        report.note(f"No FSS above {' and '.join(left)} {written(units)}: no held-out field has so much.")
    return found
