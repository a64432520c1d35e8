"""A training in a folder: begun, taken to its end, kept on the way, and gone on with bit for bit."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import torch

from diffview.errors import NotWrittenError, UserError, out_of_memory
from diffview.learning.averages import forget_later
from diffview.learning.distillation import Distiller, through
from diffview.learning.network import config_for
from diffview.learning.objective import JUMP, PREDICTED
from diffview.learning.progress import Board, CsvLog, Follower, TrainingReport
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer, diverged
from diffview.models.cards import Card
from diffview.models.checkpoints import State, network_config, save_model
from diffview.paths import LONGEST_STEM, user_folder
from diffview.reverse.samplers import POSTERIOR_MEAN

DIRECTORY = ("model", "training.safetensors")
"""Files in the folder of a model in training: the model so far (its EMA), and the state to go on from."""


# -- to its end


def train(
    trainer: Trainer,
    folder: Path,
    every: int = 50,
    stopped: Callable[[], bool] = lambda: False,
    *,
    tensorboard: bool = False,
) -> Iterator[TrainingReport]:
    """Train to the end, with a report every so many steps and checkpoints on the way; the caller may stop any time.

    What is made before the caller stops, or before an error, is kept: at most one interval is lost to a kill.

    Args:
        trainer: what to train.
        folder: where it is kept; every report is a line of its log.csv.
        every: steps between reports.
        stopped: asked after every step whether to end here.
        tensorboard: whether they are written for TensorBoard too.

    Raises:
        NotWrittenError: if what was made cannot be written at the end: `trainer` has it still, to be saved again.
        UserError: if the loss is not finite, or memory does not suffice for one field.
    """
    _forget_averages(trainer, folder)
    kept, remark, log = time.monotonic(), "", _Log(folder, trainer.step, tensorboard, trainer.ranks.first)
    try:
        while trainer.done() < 1 and not trainer.ranks.any(stopped(), trainer.device):
            try:
                trainer.advance()
            except RuntimeError as error:
                remark = _smaller_batch(trainer, error)
            remark = remark or keep_averages(trainer, folder)
            if trainer.step % every == 0 or (remark and trainer.ranks.count == 1) or trainer.done() >= 1:
                yield log.add(trainer.report(remark))
                remark = ""
            if time.monotonic() - kept >= trainer.settings.checkpoint:
                remark = keep(trainer, folder)
                kept = time.monotonic()
    finally:
        _end(trainer, folder)


def _forget_averages(trainer: Trainer, folder: Path) -> None:
    """Those of later steps than it begins at are of a training that was killed there."""
    if trainer.ranks.first:
        forget_later(folder, trainer.step)


def _end(trainer: Trainer, folder: Path) -> None:
    """Save what was made, if there is anything."""
    if trainer.step:
        save(trainer, folder)
        keep_averages(trainer, folder, last=True)


class _Log:
    """Whatever is told the reports; one that cannot be written ends with a remark, and the training goes on."""

    def __init__(self, folder: Path, step: int, tensorboard: bool, first: bool) -> None:
        self._followers: list[Follower] = [CsvLog(folder, step)] if first else []
        if tensorboard and first:
            self._followers.append(Board(folder, step))

    def add(self, report: TrainingReport) -> TrainingReport:
        """Tell it; returns the report with what there is to say of that."""
        for follower in tuple(self._followers):
            try:
                follower.add(report)
            except NotWrittenError as error:
                self._followers.remove(follower)
                said = f"{report.remark} {error.sentence} The log ends here; the training goes on.".strip()
                report = replace(report, remark=said)
        return report


def _smaller_batch(trainer: Trainer, error: RuntimeError) -> str:
    """Out of memory is answered by half the batch; any other error is not ours."""
    if not out_of_memory(error):
        raise error
    trainer.optimiser.zero_grad(set_to_none=True)
    if trainer.device.type == "cuda":
        torch.cuda.empty_cache()
    if trainer.ranks.count > 1:
        raise UserError(
            f"The memory of process {trainer.ranks.rank} does not suffice for {trainer.batch} fields.",
            "Choose a smaller batch, or more processes.",
        ) from None
    if trainer.batch == 1:
        raise UserError(
            "The device's memory does not suffice even for a batch of one field.", "Choose a smaller network."
        ) from None
    asked, trainer.batch = trainer.batch, trainer.batch // 2
    return f"The device ran out of memory with batches of {asked} fields; they have {trainer.batch} from here on."


# -- kept


def keep(trainer: Trainer, folder: Path) -> str:
    """Save it on the way, and say so if it cannot be: a disk that is full now may have room at the next checkpoint."""
    try:
        save(trainer, folder)
    except NotWrittenError as error:
        return f"{error.sentence} The training goes on; make room before the next checkpoint."
    return ""


def keep_averages(trainer: Trainer, folder: Path, last: bool = False) -> str:
    """Keep averages of the weights where that is asked for and due; what is to be said if they cannot be written."""
    if trainer.tracks is None or not trainer.ranks.first:
        return ""
    try:
        trainer.tracks.keep(folder, trainer.step, last)
    except (NotWrittenError, OSError) as error:
        return f"Averages of the weights are not kept at step {trainer.step}: {error} The training goes on."
    return ""


def save(trainer: Trainer, folder: Path) -> None:
    """Write the state to go on from and the model so far, each whole or not at all; of several ranks the first does.

    Raises:
        UserError: if they cannot be written, or are not finite; what was there stays.
    """
    if not all(bool(torch.isfinite(p).all()) for p in trainer.net.parameters()):
        raise diverged(trainer.step)
    if not trainer.ranks.first:
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotWrittenError(f"{folder} cannot be made: {error.strerror}.", "Choose another folder.") from None
    for name in DIRECTORY:
        for left in folder.glob(f".{name}*.part"):  # of a kill while writing
            left.unlink(missing_ok=True)
    model, state = DIRECTORY
    _state_of(trainer).save(folder / state)
    numbers = None if trainer.data.season is None else trainer.data.season.stacked
    save_model(folder / model, trainer.ema, trainer.card(folder.resolve().name), trainer.data.mask, season=numbers)


def save_later(trainer: Trainer, folder: Path, error: NotWrittenError, ask: Callable[[NotWrittenError], bool]) -> None:
    """Save what could not be written, which is in memory still, as often as `ask` waits for room and says to.

    Raises:
        NotWrittenError: if it says not to.
    """
    while ask(error):
        try:
            save(trainer, folder)
        except NotWrittenError as again:
            error = again
        else:
            return
    raise error


def save_elsewhere(trainer: Trainer, folder: Path, error: NotWrittenError) -> NotWrittenError:
    """Save what could not be written where nobody is there to make room; gives the error that says where it lies.

    That is a new folder among the user's own data, or else among temporary files; if neither has room, `error` stands.
    """
    for place in (user_folder("data") / "rescued", Path(tempfile.gettempdir())):
        other = place / f"{folder.resolve().name[:LONGEST_STEM]}-{uuid4().hex[:8]}"
        try:
            save(trainer, other)
        except NotWrittenError:
            shutil.rmtree(other, ignore_errors=True)
            continue
        words = f"What was learned in {trainer.step} steps is kept whole in {other}."
        return NotWrittenError(
            f"{error.sentence} {words}", f"Make room and move it to {folder}, or go on with it there."
        )
    return error


def _state_of(trainer: Trainer) -> State:
    """All that changes while it trains."""
    tensors = {f"net.{k}": v for k, v in trainer.net.state_dict().items()}
    tensors |= {f"ema.{k}": v for k, v in trainer.ema.state_dict().items()}
    for index, kept in trainer.optimiser.state_dict()["state"].items():
        tensors |= {f"adam.{index}.{k}": torch.as_tensor(v) for k, v in kept.items()}
    tensors |= trainer.beside()
    tensors["random"], tensors["noise"] = trainer.random.get_state(), trainer.noise.get_state()
    tensors["bins"], tensors["loss_sum"] = trainer.bins, trainer.loss_sum
    plain = {
        "step": trainer.step, "seconds": trainer.seconds, "samples": trainer.samples,
        "batch": trainer.batch * trainer.ranks.count, "ranks": trainer.ranks.count,
        "curve": trainer.curve, "loss_count": trainer.loss_count, "watched_curve": trainer.watched_curve,
        "settings": trainer.settings.plain(), "network": asdict(trainer.net.config),
        "fingerprint": trainer.data.fingerprint, "origin": dict(trainer.origin), "teacher": trainer.settings.jumps,
    }  # fmt: skip
    return State(tensors, plain)


# -- gone on with


def resumed(folder: Path, data: TrainingSet, device: str = "cpu", **changed: Any) -> Trainer:
    """The training kept in a folder, to go on on the same data; settings can be changed, its network cannot.

    Raises:
        UserError: if there is none, it is damaged, or was made on other data.
    """
    if not (folder / DIRECTORY[1]).exists():
        raise UserError(f"{folder} holds no training to go on with.", "Begin one, or name another folder.")
    state = State.load(folder / DIRECTORY[1])
    kept = Card.read(folder) if (folder / "model.json").exists() else None
    coarsen = kept.coarsen if kept else data.coarsen
    distils = bool(state.plain.get("teacher"))
    if distils and kept:
        data = through(data, replace(kept, kind=POSTERIOR_MEAN))
    if state.plain.get("fingerprint") != data.fingerprint or coarsen != data.coarsen:
        raise UserError(f"The training in {folder} was made on other data.", "Choose another folder for this data.")
    if changed.get("averages", averages := state.plain.get("settings", {}).get("averages", False)) != averages:
        raise UserError("Averages are kept from the first step on, or not at all.", "Leave them as they were.")
    try:
        config = network_config(state.plain["network"])
        settings = replace(TrainingSettings.from_plain(state.plain["settings"]), **changed)
        trainer = (Distiller if distils else Trainer)(data, config, settings, device)
        _take(trainer, state)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
        if out_of_memory(error):
            raise
        raise UserError(
            f"The training in {folder} is damaged, or of another version: {str(error).splitlines()[0]}.",
            "Train anew in another folder.",
        ) from None
    if "batch" in changed:
        trainer.batch = trainer.ranks.share(trainer.settings.batch)
    return trainer


def _take(trainer: Trainer, state: State) -> None:
    """Go on from this state."""
    tensors, plain = state.tensors, state.plain
    trainer.take_beside(tensors)
    for name, net in (("net.", trainer.net), ("ema.", trainer.ema)):
        net.load_state_dict({k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)})
    adam = trainer.optimiser.state_dict()
    for key, value in tensors.items():
        if key.startswith("adam."):
            _, index, what = key.split(".")
            layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
            adam["state"].setdefault(int(index), {})[what] = value.contiguous(memory_format=layout)
    trainer.optimiser.load_state_dict(adam)
    for kept, generator in ((tensors["random"], trainer.random), (tensors.get("noise"), trainer.noise)):
        same = max(trainer.ranks.count, int(plain.get("ranks", 1))) == 1
        if same and kept is not None and kept.shape == generator.get_state().shape:
            generator.set_state(kept)
        else:  # it was drawn on another kind of device, by several ranks, or by a version that had one state
            generator.manual_seed(trainer.ranks.seed(trainer.settings.seed + int(plain["step"]) + 1))
    trainer.bins.copy_(tensors["bins"])
    trainer.step, trainer.seconds, batch = int(plain["step"]), float(plain["seconds"]), int(plain["batch"])
    trainer.batch = trainer.ranks.share(batch)
    trainer.samples = int(plain.get("samples", trainer.step * batch))  # not counted in old states
    trainer.origin = dict(plain.get("origin", {}))
    if "loss_sum" in tensors:  # not kept by older versions, nor the loss of held-out fields
        trainer.loss_sum.copy_(tensors["loss_sum"])
        trainer.loss_count = int(plain["loss_count"])
    trainer.curve, trainer.watched_curve = (
        [(int(step), float(loss)) for step, loss in plain.get(name, [])] for name in ("curve", "watched_curve")
    )


# -- begun


def trainer_in(
    folder: Path,
    data: TrainingSet,
    settings: Mapping[str, Any],
    sizes: Mapping[str, Any],
    device: str,
    *,
    resume: bool = False,
    origin: Card | None = None,
) -> Trainer:
    """A training in a folder: a new one, of a model's weights if one is given; or the one it holds, settings changed.

    Raises:
        UserError: if the folder holds one already, holds none to resume, or what is asked for does not fit.
    """
    try:
        return _trainer_in(folder, data, settings, sizes, device, resume, origin)
    except RuntimeError as error:
        if not out_of_memory(error):
            raise
        raise UserError(
            "The device's memory does not suffice for the data and this network.",
            "Choose a smaller network or device cpu.",
        ) from None


def _gone_on_with(
    folder: Path, data: TrainingSet, settings: Mapping[str, Any], sizes: Mapping[str, Any], device: str,
    origin: Card | None,
) -> Trainer:  # fmt: skip
    """The training of a folder with other settings; minutes are minutes more, its sizes and origin what they were."""
    trainer = resumed(folder, data, device, **{name: value for name, value in settings.items() if name != "loss"})
    if (loss := settings.get("loss", trainer.settings.loss)) != trainer.settings.loss:
        if JUMP in (loss, trainer.settings.loss):
            raise UserError(
                f"The training in {folder} has the loss {trainer.settings.loss}, and cannot go on with {loss}.",
                "Leave the loss out, or begin anew in another folder.",
            )
        trainer.settings = replace(trainer.settings, loss=loss)
    if origin and trainer.origin.get("name") != origin.name:
        raise UserError(
            "A training that is resumed has begun already: it cannot begin from another model.",
            "Leave out one of the two.",
        )
    if minutes := settings.get("minutes"):
        trainer.settings = replace(trainer.settings, minutes=trainer.seconds / 60 + minutes)
    for name, size in sizes.items():
        if (kept := getattr(trainer.net.config, name)) != size:
            raise UserError(
                f"The network in {folder} has {name} {kept}, not {size}, and cannot change its size.",
                f"Leave {name} out, or train anew in another folder.",
            )
    return trainer


def _trainer_in(
    folder: Path, data: TrainingSet, settings: Mapping[str, Any], sizes: Mapping[str, Any], device: str, resume: bool,
    origin: Card | None,
) -> Trainer:  # fmt: skip
    if sizes and origin and not resume:
        raise UserError("A network cannot change its size while it is trained.", "Leave out its sizes.")
    if resume:
        trainer = _gone_on_with(folder, data, settings, sizes, device, origin)
        if trainer.done() >= 1:
            raise UserError(f"The training in {folder} is finished.", "Ask for more steps, or more minutes.")
        return trainer
    if any((folder / name).exists() for name in ("model.json", DIRECTORY[1])):
        raise UserError(f"{folder} holds a model already.", "Resume it, or choose another folder.")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file.", "Choose a folder.")
    chosen = TrainingSettings(**settings)
    if origin:
        return (Distiller if chosen.jumps else Trainer).begin_from(origin, data, chosen, device)
    if chosen.jumps:
        raise UserError(
            "A consistency model is distilled from a network, and none is named to begin with.",
            "Name one: diffview distil MODEL FILE, or train --from MODEL; in the window, its weights.",
        )
    return Trainer(data, config_for(data, **{"prediction": PREDICTED[chosen.loss], **sizes}), chosen, device)
