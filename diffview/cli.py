"""The command line. Exit status: 0 good, 2 bad input with one sentence and a hint on stderr, 1 a bug."""

import argparse
import gc
import json
import math
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffview import __version__
from diffview.errors import UserError

if TYPE_CHECKING:
    from diffview.recipe import Recipe
    from diffview.training import Trainer

COMMANDS = ("gui", "schedule", "train", "verify", "info", "bench", "about")


def main(argv: Sequence[str] | None = None) -> int:
    """Do what the command line says; the exit status."""
    # one core is the window's; must be said before numpy is imported
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 1) - 1)))
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] not in (*COMMANDS, "-h", "--help", "--version"):
        words = ["gui", *words]
    options = _parser().parse_args(words)
    try:
        return int(options.do(options) or 0)
    except UserError as error:
        sys.stderr.write(f"diffview: {error.sentence}\n")
        if error.hint:
            sys.stderr.write(f"  {error.hint}\n")
        return 2
    except BrokenPipeError:  # whoever read our output has enough of it
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="diffview", description="See, tune and run diffusion models on Earth-observation fields."
    )
    parser.add_argument("--version", action="version", version=f"diffview {__version__}")
    commands = parser.add_subparsers(title="commands", required=True)
    _add_gui(commands.add_parser("gui", help="open the window (the default command)"))
    _add_schedule(commands.add_parser("schedule", help="print a noise schedule as a table"))
    _add_train(commands.add_parser("train", help="train a network on the slices of a file"))
    _add_verify(commands.add_parser("verify", help="how good a model is on fields it never saw"))
    info = commands.add_parser("info", help="say what is in a file, or in one of its variables")
    info.add_argument("file")
    info.add_argument("dataset", nargs="?")
    info.add_argument("--json", action="store_true", help="as JSON")
    info.set_defaults(do=_info)
    bench = commands.add_parser("bench", help="measure this program on this machine")
    bench.add_argument("--json", action="store_true", help="as JSON")
    bench.add_argument("--quick", action="store_true", help="fewer repetitions")
    bench.set_defaults(do=_bench)
    about = commands.add_parser("about", help="version, parts and licences")
    about.set_defaults(do=_about)
    return parser


def _add_gui(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", help="an HDF5 or netCDF-4 file, or a recipe (.json)")
    parser.add_argument("dataset", nargs="?", help="the variable to show")
    parser.add_argument("--recipe", type=Path, help="settings saved by diffview")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"), help="where models compute")
    parser.add_argument("--present", action="store_true", help="full screen, for a talk")
    parser.add_argument("--shot", type=Path, metavar="OUT.png", help="write a picture of the window and end")
    parser.add_argument("--size", type=_size, default=(1600, 1000), help="size of the picture, 1600x1000")
    parser.add_argument("--after", choices=("paint", "run"), default="run", help="take the picture after this")
    parser.add_argument("--theme", choices=("dark", "light", "system"), help="appearance of the picture")
    parser.add_argument("--t", type=float, help="playhead of the picture, 0 to 1")
    parser.set_defaults(do=_gui)


def _size(text: str) -> tuple[int, int]:
    try:
        width, height = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size such as 1600x1000") from None
    if not (320 <= width <= 8000 and 240 <= height <= 8000):
        raise argparse.ArgumentTypeError(f"{text} is not between 320x240 and 8000x8000")
    return width, height


def _gui(options: argparse.Namespace) -> int:
    gc.disable()  # while the window is made nothing becomes garbage, and looking for it takes a tenth of the time
    try:
        return _open_window(options)
    finally:
        gc.enable()


def _open_window(options: argparse.Namespace) -> int:
    recipe = _wished(options)
    from diffview.gui.app import run_app, take_shot

    if options.shot is not None:
        take_shot(options.shot, options.size, options.after, recipe, mode=options.theme, playhead=options.t)
        return 0
    return run_app(recipe, options.present)


def _wished(options: argparse.Namespace) -> "Recipe | None":
    """The recipe that the words ask for: a saved one, with FILE, DATASET and --device in the place of its own."""
    from dataclasses import replace

    from diffview.recipe import Recipe, default_recipe

    file = options.file
    saved = options.recipe
    if saved is None and file is not None and file.lower().endswith(".json"):
        saved, file = Path(file), None
    recipe = None
    if saved is not None:
        try:
            recipe = Recipe.from_json(saved.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"The recipe {saved} cannot be read: {error}.", "Check the name.") from None
    if file is not None:
        wished = recipe or Recipe()
        if wished.path != file:
            wished = replace(wished, path=file, dataset=None, index=None, region=None)
        recipe = replace(wished, dataset=options.dataset or wished.dataset)
    if options.device is not None:
        recipe = replace(recipe or default_recipe(), device=options.device)
    return recipe


def _add_schedule(parser: argparse.ArgumentParser) -> None:
    from diffview.schedules import SCHEDULES

    parser.add_argument("name", nargs="?", help=", ".join(SCHEDULES) + "; or a file that was exported")
    parser.add_argument("--list", action="store_true", help="every schedule with its formula and source")
    parser.add_argument("--steps", type=int, help="T, rows of the table, at most 100000 (1000; those of a file)")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter, as beta_end=0.03")
    parser.add_argument(
        "--format", choices=("csv", "json", "diffusers"), default="csv",
        help="json: null where a value is infinite; diffusers: a scheduler_config.json with trained_betas",
    )  # fmt: skip
    parser.set_defaults(do=_schedule)


def _schedule(options: argparse.Namespace) -> None:
    from diffview.schedule_files import export_schedule, read_schedule
    from diffview.schedules import SCHEDULES, edited, make_schedule

    if options.list:
        for key, kind in SCHEDULES.items():
            sys.stdout.write(f"{key:14} {kind.title}\n{'':14} {kind.formula}\n{'':14} {kind.source}\n")
        return
    if options.name is None:
        raise UserError("No schedule is named.", "Name one, or a file; --list tells all.")
    params = _params(options.param, "beta_end=0.03")
    if options.name not in SCHEDULES and Path(options.name).suffix.lower() in (".csv", ".json"):
        schedule = read_schedule(Path(options.name))
        schedule = edited(schedule, params) if params else schedule
        steps = schedule.rows if options.steps is None else options.steps
    else:
        schedule = make_schedule(options.name, params)
        steps = 1000 if options.steps is None else options.steps
    sys.stdout.write(export_schedule(schedule, steps, options.format))


def _params(words: Sequence[str], example: str) -> dict[str, Any]:
    """Parameters from words such as beta_end=0.03."""
    params = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise UserError(f"{word!r} is not a parameter.", f"Write it as {example}.")
        params[key] = _value(word, value)
    return params


def _value(word: str, value: str) -> Any:
    """A list is written as JSON; the schedule knows how to read everything else."""
    if not value.startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise UserError(f"{word[:60]!r} is not complete.", "Write a list as knots=[[0.5, 1.0], [1.0, -3.0]].") from None


TRAINING = {
    "steps": "optimiser steps", "minutes": "end after this time, if it comes first", "batch": "fields a step",
    "rate": "largest learning rate", "loss": "edm or plain", "density": "broad, uniform, edm or schedule: how noise "
    "levels are drawn", "schedule": "name of the schedule for --density schedule", "seed": "of all random numbers",
    "precision": "auto, float32 or bfloat16",
}  # fmt: skip
"""Settings of a training that have an option of their own; a test holds them against training.Settings."""


NETWORK = {
    "width": "channels of the network's first level (32)",
    "padding": "zeros, or circular: left and right edges meet, as on a global map",
}
"""Sizes of a network that have an option of their own; a test holds them against nets.unet.UNetConfig."""


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", help="an HDF5 or netCDF-4 file")
    parser.add_argument("dataset", nargs="*", help="variables of one quantity; none: the best one of the file")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="MODEL_DIR", help="folder of the model")
    parser.add_argument("--resume", action="store_true", help="go on with the training that MODEL_DIR holds")
    for name, doc in TRAINING.items():
        parser.add_argument(f"--{name}", metavar="X", help=doc)
    parser.add_argument("--flips", action="store_true", default=None, help="mirror the fields at random")
    parser.add_argument("--rotations", action="store_true", default=None, help="turn them by 90 degrees at random")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="another setting, as half_life=500")
    parser.add_argument("--size", type=int, default=64, help="largest side of a field; larger slices are cut (64)")
    parser.add_argument("--held-out", type=float, default=0.2, metavar="SHARE", help="never trained on (0.2)")
    parser.add_argument(
        "--transform", default="standardise", metavar="KEY", help="from physical units to the network's"
    )
    parser.add_argument("--coarsen", type=int, default=0, metavar="N", help="condition: the mean over N x N pixels")
    for name, doc in NETWORK.items():
        parser.add_argument(f"--{name}", metavar="X", help=doc)
    parser.add_argument(
        "--learned-variance", action="store_true", default=None, help="the network learns the variance of a step too"
    )
    parser.add_argument(
        "--network", action="append", default=[], metavar="K=V",
        help="another size of it: multipliers=1,2,3 (of the width, one a level), blocks, fold or attention",
    )  # fmt: skip
    parser.add_argument("--device", default="auto", metavar="auto|cpu|cuda|mps", help="where it is trained")
    parser.set_defaults(do=_train)


def _train(options: argparse.Namespace) -> None:
    words = _given(options, *TRAINING, "flips", "rotations") | _params(options.param, "half_life=500")
    sizes = _given(options, *NETWORK, "learned_variance") | _params(options.network, "multipliers=1,2,3")
    try:
        _train_with(options, words, sizes)
    except KeyboardInterrupt:
        sys.stdout.write("Stopped before the first step.\n")


def _given(options: argparse.Namespace, *names: str) -> dict[str, Any]:
    return {name: getattr(options, name) for name in names if getattr(options, name) is not None}


def _train_with(options: argparse.Namespace, words: dict[str, Any], sizes: dict[str, Any]) -> None:
    from diffview.training import trainer_in
    from diffview.training_data import read_training_set
    from diffview.training_devices import train_device
    from diffview.training_network import sizes_of
    from diffview.training_settings import settings_of

    settings, sizes, device = settings_of(words), sizes_of(sizes), train_device(options.device)
    data = read_training_set(
        options.file, options.dataset, size=options.size, transform=options.transform, held_out=options.held_out,
        coarsen=options.coarsen,
    )  # fmt: skip
    trainer = trainer_in(options.out, data, settings, sizes, device, resume=options.resume)
    ny, nx = data.shape
    sys.stdout.write(f"{data.name}: {len(data.fields)} fields of {ny} x {nx} pixels, {len(data.held_out)} held out.\n")
    sys.stdout.flush()
    _train_to_the_end(trainer, options.out)


def _train_to_the_end(trainer: "Trainer", folder: Path) -> None:
    """Print how it goes; the first Ctrl+C ends it after the step it is in, a second one at once."""
    from diffview.training import train

    pressed: list[int] = []

    def stop(number: int, _: object) -> None:
        pressed.append(number)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, stop) or signal.SIG_DFL
    try:
        for now in train(trainer, folder, stopped=lambda: bool(pressed)):
            left = "?" if math.isinf(now.left) else f"{now.left / 60:.1f} min"
            numbers = f"step {now.step}  loss {now.loss:.4f}  rate {now.rate:.2g}  left {left}"
            sys.stdout.write("\n".join(filter(None, (now.remark, numbers))) + "\n")
            sys.stdout.flush()
    finally:
        signal.signal(signal.SIGINT, before)
    if trainer.done() < 1:
        sys.stdout.write(f"Stopped at step {trainer.step}; what was learned is in {folder}, --resume goes on.\n")
    else:
        sys.stdout.write(f"Trained to step {trainer.step}; the model is in {folder}.\n")


def _add_verify(parser: argparse.ArgumentParser) -> None:
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


def _info(options: argparse.Namespace) -> None:
    from diffview.readers.process import ReaderProcess

    reader = ReaderProcess()
    try:
        told = reader.call("describe", path=options.file, dataset=options.dataset)
    finally:
        reader.close()
    if options.json:
        sys.stdout.write(json.dumps(told) + "\n")
    elif "tree" in told:
        for node in told["tree"]:
            shape = " x ".join(str(n) for n in node["shape"])
            sys.stdout.write(f"{node['path']}  {shape}  {node['dtype']}  {node['units']}".rstrip() + "\n")
    else:
        for key, value in told.items():
            sys.stdout.write(f"{key:8} {value}\n")


def _bench(options: argparse.Namespace) -> None:
    from diffview.bench import main as bench

    bench(as_json=options.json, quick=options.quick)


def _about(_: argparse.Namespace) -> None:
    from diffview.about import about_lines

    sys.stdout.write("\n".join(about_lines()) + "\n")
