"""`diffview train`: a network on the slices of a file."""

import argparse
import math
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffview.commands.days import add_part
from diffview.commands.fields import add_given
from diffview.commands.parsing import Parser
from diffview.commands.reporting import Report, spoken
from diffview.commands.words import given, params_of
from diffview.errors import NotWrittenError

if TYPE_CHECKING:
    from diffview.learning.trainer import Trainer

TRAINING = {
    "steps": "optimiser steps", "minutes": "end after this time, if it comes first", "batch": "fields a step",
    "rate": "largest learning rate", "loss": "edm, plain, v or flow",
    "density": "broad, uniform, edm, flow, logit-normal or schedule: how noise levels are drawn",
    "schedule": "train under a schedule, by name or file: t is drawn uniformly on it", "seed": "of all random numbers",
    "precision": "auto, float32 or bfloat16",
}  # fmt: skip
"""Settings of a training that have an option of their own; a test compares them with `TrainingSettings`."""


NETWORK = {
    "width": "channels of the network's first level (32)",
    "padding": "zeros, or circular: left and right edges meet, as on a global map",
}
"""Sizes of a network that have an option of their own; a test compares them with `UNetConfig`."""


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("file", help="an HDF5 or netCDF-4 file")
    parser.add_argument("dataset", nargs="*", help="variables of one quantity; none: the best one of the file")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="MODEL_DIR", help="folder of the model")
    parser.add_argument("--resume", action="store_true", help="go on with the training that MODEL_DIR holds")
    parser.add_argument(
        "--from", dest="origin", metavar="MODEL", help="begin with the weights of a sample model, or of one of your own"
    )
    for name, doc in TRAINING.items():
        parser.add_argument(f"--{name}", metavar="X", help=doc)
    add_course(parser)
    parser.add_argument("--size", type=int, default=64, help="largest side of a field; larger slices are cut (64)")
    parser.add_argument(
        "--transform", metavar="KEY",
        help="from physical units to the network's (that of the model in --from, else the one that suits the values)",
    )  # fmt: skip
    parser.add_argument("--coarsen", type=int, default=0, metavar="N", help="condition: the mean over N x N pixels")
    add_given(parser, "condition: another variable at the times of the field; FILE may be . for the same")
    _add_together(parser)
    _add_network(parser)
    parser.show_examples(
        "diffview train sst.nc sst -o sst-model --minutes 30",
        "diffview train sst.nc sst -o sst-model --resume",
        "diffview train sst.nc sst -o under-cosine --schedule cosine --loss plain",
        "diffview train daily.nc sst -o days --sequence 28 --mean --season --steps 4 --batch 2 --width 8 --device cpu",
        "diffview train sst.nc sst -o small --steps 4 --batch 4 --size 16 --width 8 --device cpu",
    )
    parser.set_defaults(do=_train)


def add_course(parser: Parser) -> None:
    """Options of every training: what of the file is taken, and where and how it is learnt."""
    parser.add_argument("--flips", action="store_true", default=None, help="mirror the fields at random")
    parser.add_argument("--rotations", action="store_true", default=None, help="turn them by 90 degrees at random")
    parser.add_argument(
        "--averages", action="store_true", default=None, help="keep averages of the weights, for diffview average"
    )
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="another setting, as half_life=500")
    parser.add_argument("--held-out", type=float, default=0.2, metavar="SHARE", help="never trained on (0.2)")
    parser.add_argument(
        "--at", action="append", default=[], metavar="DIM=I",
        help="only slice I along a dimension; all slices along the others are used",
    )  # fmt: skip
    parser.add_argument("--quantity", default="", metavar="NAME", help="what variables of several names are together")
    parser.add_argument("--tensorboard", action="store_true", help="write the log for TensorBoard beside log.csv")
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps", help="where it is trained")


def _add_together(parser: Parser) -> None:
    """Options for fields that are made together."""
    parser.add_argument(
        "--channels", default="", metavar="NAME,NAME", help="other variables of the file that are made with the field"
    )
    parser.add_argument("--sequence", type=int, default=1, metavar="N", help="N times that follow each other (1)")
    parser.add_argument("--mean", action="store_true", help="the mean over the sequence is given, and kept")
    parser.add_argument("--season", action="store_true", help="what is learned are departures from the seasonal cycle")
    parser.add_argument("--test-from", default="", metavar="DATE", help="first day of a sequence that is held out")
    add_part(parser)


def _add_network(parser: Parser) -> None:
    """Options for the sizes of the network."""
    for name, doc in NETWORK.items():
        parser.add_argument(f"--{name}", metavar="X", help=doc)
    parser.add_argument(
        "--learned-variance", action="store_true", default=None, help="the network learns the variance of a step too"
    )
    parser.add_argument(
        "--network", action="append", default=[], metavar="K=V",
        help="another size of it: multipliers=1,2,3 (of the width, one a level), blocks, fold or attention",
    )  # fmt: skip


def _train(options: argparse.Namespace) -> None:
    from diffview.learning.sequence_sets import SequencesAsked

    words = given(options, *TRAINING, "flips", "rotations", "averages") | params_of(options.param, "half_life=500")
    sizes = given(options, *NETWORK, "learned_variance") | params_of(options.network, "multipliers=1,2,3")
    options.together = SequencesAsked(
        tuple(filter(None, options.channels.split(","))), options.sequence, options.mean, options.season,
        options.held_out, options.test_from, options.region,
    )  # fmt: skip
    train_in_peace(options, words, sizes)


def train_in_peace(options: argparse.Namespace, words: dict[str, Any], sizes: dict[str, Any]) -> None:
    """Train as the options, the settings and the sizes in words say; Ctrl+C is no error."""
    try:
        _train_with(options, words, sizes)
    except KeyboardInterrupt:
        options.report.note("Stopped before the first step.")


def _train_with(options: argparse.Namespace, words: dict[str, Any], sizes: dict[str, Any]) -> None:
    from diffview.learning.from_files import read_training_set
    from diffview.learning.network import sizes_of
    from diffview.learning.sequence_sets import read_sequences
    from diffview.learning.settings import settings_of
    from diffview.learning.torchrun import join, leave
    from diffview.learning.training import trainer_in
    from diffview.library.opened import schedule_of
    from diffview.machine import train_device
    from diffview.models.cards import Card, find_card
    from diffview.runs.conditions_asked import condition_asked

    if "schedule" in words:
        words["schedule"] = schedule_of(words["schedule"])
    settings, sizes, device = settings_of(words), sizes_of(sizes), train_device(options.device)
    ranks = join(device)
    if not ranks.first:
        options.report.loudness = -1
    origin = find_card(options.origin) if options.origin else None
    begun = Card.read(options.out) if options.resume and (options.out / "model.json").is_file() else origin
    transform = options.transform or (begun.transform.key if begun else None)
    cut = {
        "size": options.size, "held_out": options.held_out, "coarsen": options.coarsen, "quantity": options.quantity,
        "given": tuple(map(condition_asked, options.given)), "at": params_of(options.at, "level=3"),
    }  # fmt: skip
    if options.together is not None and options.together.several:
        data = read_sequences(options.file, options.dataset, options.together, transform=transform, **cut)
    else:
        data = read_training_set(options.file, options.dataset, transform=transform, readers=ranks, **cut)
    trainer = trainer_in(options.out, data, settings, sizes, device, resume=options.resume, origin=origin)
    ny, nx = data.shape
    what = f"sequences of {data.together.frames} fields" if data.firsts is not None else "fields"
    options.report.note(f"{data.name}: {data.count} {what} of {ny} x {nx} pixels, {data.count_held_out} held out.")
    options.report.note(f"Of {data.slices}, {data.split}.")
    if ranks.count > 1:
        options.report.note(f"{ranks.count} processes train together, {trainer.batch} fields of each step in each.")
    options.report.note(data.chosen or f"Transform: {data.transform.key}.")
    _train_to_the_end(trainer, options.out, options.tensorboard, options.report)
    leave()


def _train_to_the_end(trainer: "Trainer", folder: Path, tensorboard: bool, report: Report) -> None:
    """Train and say how far it is; the first Ctrl+C ends it after the current step, a second one at once."""
    from diffview.learning.training import save_elsewhere, save_later, train

    pressed: list[int] = []
    loss = ""

    def stop(number: int, _: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop) or signal.SIG_DFL
    try:
        for now in train(trainer, folder, stopped=lambda: bool(pressed), tensorboard=tensorboard):
            if now.remark:
                report.note(now.remark)
            left = "" if math.isinf(now.left) else f", {spoken(now.left)} left"
            held_out = "" if math.isnan(now.held_out) else f", held-out {now.held_out:.4f}"
            loss = f", loss {now.loss:.4f}{held_out}"
            report.show(f"training: step {now.step}{loss}, rate {now.rate:.2g}{left}")
    except NotWrittenError as error:
        signal.signal(signal.SIGINT, before)
        report.clear()
        if sys.stdin is None or not sys.stdin.isatty():
            raise save_elsewhere(trainer, folder, error) from None
        save_later(trainer, folder, error, _ask_for_room)
    finally:
        signal.signal(signal.SIGINT, before)
    if finding := trainer.finding():
        report.note(finding)
    if trainer.done() < 1:
        report.note(f"Stopped at step {trainer.step}{loss}; the model so far is in {folder}, --resume goes on.")
    else:
        report.note(f"Trained to step {trainer.step}{loss}; the model is in {folder}.")


def _ask_for_room(error: NotWrittenError) -> bool:
    """At a terminal: wait until the user has made room and presses Enter; False for Ctrl+C."""
    words = "The model is still in memory: make room, then press Enter; Ctrl+C gives it up."
    sys.stderr.write(f"{error.sentence} {words}\n")
    try:
        sys.stdin.readline()
    except KeyboardInterrupt:
        return False
    return True
