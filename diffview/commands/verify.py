"""`diffview verify`: how good a model is on fields it never saw."""

import argparse
import json
from pathlib import Path

from diffview.commands import (
    fields,
    verify_channels,
    verify_days,
    verify_downscaling,
    verify_ensemble,
    verify_race,
    verify_solvers,
    verify_ways,
)
from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.commands.values import add_values


def add(parser: Parser) -> None:
    """Declare the options."""
    kinds = parser.add_subparsers(title="what", required=True)
    model = kinds.add_parser("model", help="a network's fields beside its training set and held-out fields")
    model.add_argument("--model", required=True, help="a sample model, one of your own, or the folder of one")
    what = "with two datasets the first is what it was trained on, the second is held out"
    fields.add_data(model, what, held_out=0.2, required=True)
    model.add_argument("--samples", type=int, default=256, help="fields that are made")
    add_values(model, "steps", "sampler")
    model.add_argument("--sampler-param", action="append", default=[], metavar="K=V", help="of it, as S_churn=10")
    add_values(model, "seed", seed=0)
    model.add_argument("--device", default="cpu", help="torch device")
    model.add_argument("--json", action="store_true", help="as JSON")
    model.add_argument("--save", action="store_true", help="write the scores into the model's card")
    model.show_examples(
        "diffview verify model --model sst-model --data sst.nc sst --save",
        "diffview verify model --model sst-model --data sst.nc sst --samples 64 --sampler churn --steps 9",
    )
    model.set_defaults(do=_verify_model)
    verify_race.add(kinds.add_parser("race", help="schedules x grids x samplers x steps, scored on held-out fields"))
    verify_ensemble.add(kinds.add_parser("ensemble", help="whether an ensemble is calibrated, beside a truth"))
    verify_downscaling.add(
        kinds.add_parser("downscaling", help="ways back from coarse fields to fine ones, on held-out fields")
    )
    verify_ways.add(kinds.add_parser("ways", help="one field made coarse and brought back, by several ways"))
    verify_channels.add(kinds.add_parser("channels", help="rain from synthetic channels by a formula"))
    verify_days.add(kinds.add_parser("days", help="days made from a month's mean, beside real days"))
    verify_solvers.add(kinds.add_parser("solvers", help="solvers of observations beside the exact posterior"))
    _add_loss(kinds.add_parser("loss", help="a model's loss at every noise level, and its variational bound"))


def _add_loss(loss: Parser) -> None:
    loss.add_argument("--model", required=True, help="a formula (gaussian, data, local, ...) or a network, as above")
    what = (
        "a formula is fitted to what is not held out; of two datasets, the second is held out; a formula without data "
        "has the packaged field"
    )
    fields.add_data(loss, what, held_out=0.2)
    loss.add_argument("--schedule", help="whose noise levels, as in `diffview schedule` (linear)")
    loss.add_argument("--param", action="append", default=[], metavar="K=V", help="of the schedule, as beta_end=0.03")
    add_values(loss, "grid", "steps", grid="uniform", steps=100)
    loss.add_argument("--fields", type=int, default=32, help="fields of either part, evenly picked (32)")
    loss.add_argument("--size", type=int, default=64, help="largest side of a formula's fields (64)")
    add_values(loss, "seed", seed=0)
    loss.add_argument("--device", default="cpu", help="torch device of a network")
    loss.add_argument("--json", action="store_true", help="as JSON")
    loss.show_examples(
        "diffview verify loss --model gaussian --steps 20",
        "diffview verify loss --model data --data sst.nc sst --size 16 --steps 20 --json",
    )
    loss.set_defaults(do=_verify_loss)


def _verify_loss(options: argparse.Namespace) -> None:
    from diffview.commands.words import schedule_asked
    from diffview.forward.schedules import Linear
    from diffview.reverse.grids import make_levels
    from diffview.scores.loss import as_json, format_loss, verify_loss
    from diffview.scores.subject import scored

    schedule = schedule_asked(options.schedule, options.param, Linear())
    levels = make_levels(schedule, options.grid, options.steps)
    model = scored(options.model, options.data, size=options.size, held_out=options.held_out, device=options.device)
    loss = verify_loss(options.model, model, levels, options.fields, options.seed)
    write_result((as_json(loss) if options.json else format_loss(loss)) + "\n")


def _verify_model(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from diffview.commands.words import params_of
    from diffview.learning.from_files import read_verification_set
    from diffview.models.cards import find_card
    from diffview.runs.sampling import Sampling
    from diffview.scores.printed import format_scores
    from diffview.scores.verify import verify_model

    card = find_card(options.model)
    usual = Sampling.scored(card)
    params = {**({} if options.sampler else usual.params), **params_of(options.sampler_param, "S_churn=10")}
    sampling = Sampling(
        options.samples, options.steps or usual.steps, options.seed, options.sampler or usual.sampler, params
    ).of(card)
    file, *datasets = options.data
    data = read_verification_set(card, file, datasets, options.held_out)
    with options.report.progress("verifying") as progress:
        scores = verify_model(card, data, sampling, options.device, progress)
    scores["settings"]["command"] = (
        f"diffview verify model --model {card.name} --data {' '.join([Path(file).name, *datasets])} {sampling.words}"
    )
    if options.save:
        replace(card, scores=scores).save()
    write_result((json.dumps(scores, indent=2) if options.json else format_scores(scores)) + "\n")
