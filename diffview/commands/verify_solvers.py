"""`diffview verify solvers`: what each solver of observations makes, beside the exact posterior of a Gaussian field."""

import argparse
import json

from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values


def add(parser: Parser) -> None:
    """Declare the options."""
    add_values(parser, "sampler", "steps", sampler="heun", steps=40)
    parser.add_argument("--members", type=int, default=200, help="of each ensemble (200)")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.show_examples(
        "diffview verify solvers --members 50 --steps 12",
        "diffview verify solvers --members 20 --steps 8 --json",
    )
    parser.set_defaults(do=_verify_solvers)


def _verify_solvers(options: argparse.Namespace) -> None:
    from diffview.errors import UserError
    from diffview.scores.solver_scores import ASKED, as_json, exact_case, format_solvers, score_solvers

    if options.members < 2:
        raise UserError("A spread needs two members at least.", "Give --members 200.")
    prior, seen = exact_case()
    with options.report.progress("solving") as progress:
        scores = score_solvers(prior, seen, ASKED, options.members, options.steps, options.sampler, progress)
    write_result((json.dumps(as_json(scores)) if options.json else format_solvers(scores)) + "\n")
