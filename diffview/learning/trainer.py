"""Training a network on fields: draw a noise level, add noise, learn to take it out; keep it, and go on with it."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffview.errors import NotWrittenError, UserError, out_of_memory
from diffview.learning.densities import DENSITIES
from diffview.learning.network import config_for, extra_channels, require_fit
from diffview.learning.objective import VARIANCE_WEIGHT, mean_known, turned, variance_bound
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import LOSSES, TrainingSettings
from diffview.machine import device_name, fast_bfloat16, sent_to
from diffview.models.cards import Card
from diffview.models.checkpoints import State, load_model, network_config, save_model
from diffview.models.nets.unet import UNet, UNetConfig, on_device

BINS = 24
"""Bins of ln s in which the loss is followed."""

DIRECTORY = ("model", "training.safetensors")
"""Files in the folder of a model in training: the model so far (its EMA), and the state to go on from."""


@dataclass(frozen=True)
class TrainingReport:
    """How far a training is: step, seconds, the mean loss since the last report, rate, seconds left, and a remark."""

    step: int
    seconds: float
    loss: float
    rate: float
    left: float
    remark: str = ""


class Trainer:
    """A network in training: everything that changes, and one step of it.

    Attributes:
        net, ema: the network, and the moving average of its weights.
        step, seconds, samples: steps made, seconds they took and fields they saw, in all sessions.
        curve: (step, loss) of every report.
        density: of the noise levels, over ln s; `highest` is the highest of them.
        noise_range: s between 0.1 and 99.9 % of the draws.
        origin: name, checksum and steps of the model whose weights it began from; empty if from random ones.
    """

    def __init__(self, data: TrainingSet, config: UNetConfig, settings: TrainingSettings, device: str = "cpu") -> None:
        """Begin anew.

        Raises:
            UserError: if the fields do not fit the network, or the settings do not fit the fields.
        """
        require_fit(data, config)
        if settings.rotations and config.padding == "circular":
            raise UserError(
                "Fields whose left and right edges meet cannot be turned by 90 degrees.", "Switch the rotations off."
            )
        self.data, self.settings, self.device = data, settings, torch.device(device)
        torch.manual_seed(settings.seed)
        self.net = on_device(UNet(config), self.device)
        self.ema = on_device(UNet(config), self.device).eval().requires_grad_(False)
        self.ema.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.Adam(self.net.parameters(), lr=settings.rate, betas=(0.9, 0.99))
        self.random = torch.Generator().manual_seed(settings.seed)  # on the CPU, so that no step waits for the device
        self.noise = torch.Generator(self.device).manual_seed(settings.seed + 1_000_003)  # of another sequence
        self.step, self.seconds, self.samples, self.batch = 0, 0.0, 0, settings.batch
        self.origin: Mapping[str, Any] = {}
        self.curve: list[tuple[int, float]] = []
        self.highest = settings.highest or max(10 * settings.lowest, 3 * math.sqrt(data.largest_power))
        self.density = DENSITIES[settings.density](settings.lowest, self.highest, settings.schedule)
        draws = np.exp(self.density.log_s((np.arange(100_000) + 0.5) / 100_000))
        self.noise_range = (float(np.quantile(draws, 0.001)), float(np.quantile(draws, 0.999)))
        if not self.noise_range[0] < self.noise_range[1]:
            raise UserError(
                f"All noise levels of the training would be {self.noise_range[0]:g}.",
                "Choose other limits, or another schedule.",
            )
        self._loss_sum = torch.zeros((), device=self.device)
        self._loss_count = 0
        self._bins = torch.zeros(2, BINS, device=self.device)
        self._fields = torch.from_numpy(np.nan_to_num(data.fields))[:, None]
        extra = extra_channels(data, config)
        if extra is not None:
            self._fields = torch.cat([self._fields, torch.from_numpy(extra)], dim=1)
        missing = torch.from_numpy(~np.isnan(data.fields)) if data.mask is not None else None
        self._known = None if missing is None else missing[:, None].to(self.device)
        self._fields = self._fields.to(self.device)
        self.bfloat16 = settings.precision == "bfloat16" or (settings.precision == "auto" and fast_bfloat16(device))

    @classmethod
    def begin_from(cls, card: Card, data: TrainingSet, settings: TrainingSettings, device: str = "cpu") -> "Trainer":
        """Begin with the weights of a model instead of random ones; the fields are standardised as `data` says.

        Raises:
            UserError: if its weights cannot be read, or the fields do not fit its network.
        """
        weights = load_model(card)[0]
        trainer = cls(data, weights.config, settings, device)
        for net in (trainer.net, trainer.ema):
            net.load_state_dict(weights.state_dict())
        trainer.origin = {
            "name": card.name, "sha256": card.weights.get("sha256", ""), "steps": card.training.get("steps", 0)
        }  # fmt: skip
        return trainer

    def done(self) -> float:
        """Share of the training that is done, 0 to 1."""
        limit = 60 * self.settings.minutes
        return min(1.0, max(self.step / self.settings.steps, self.seconds / limit if limit else 0.0))

    def rate(self) -> float:
        """The learning rate now: a linear rise, then half a cosine down to 0."""
        rise = min(1.0, (self.step + 1) / max(1, self.settings.warmup))
        return self.settings.rate * rise * 0.5 * (1 + math.cos(math.pi * self.done()))

    def advance(self) -> None:
        """One optimiser step; the loss is kept on the device until `report` asks for it."""
        began = time.perf_counter()
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.zero_grad(set_to_none=True)
        loss = self._loss()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.settings.clip, foreach=True)
        self.optimiser.step()
        self._average()
        self._loss_sum += loss.detach()
        self._loss_count += 1
        self.step += 1
        self.samples += self.batch
        self.seconds += time.perf_counter() - began

    def _average(self) -> None:
        half_life = min(self.settings.half_life, 0.1 * (self.step + 1))
        weight = 1 - 0.5 ** (1 / max(half_life, 1e-9))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.net.parameters()), weight)

    def _loss(self) -> Tensor:
        config, batch = self.net.config, self.batch
        index = sent_to(torch.randint(len(self._fields), (batch,), generator=self.random), self.device)
        known = None if self._known is None else self._known[index].to(torch.float32)
        fields = torch.cat([self._fields[index]] + ([] if known is None else [known]), dim=1)
        turns = int(torch.randint(8, (), generator=self.random))
        fields = turned(fields, turns, self.settings.flips, self.settings.rotations)
        if known is not None:
            fields, known = fields[:, :-1], fields[:, -1:]
        x0, extra = fields[:, : config.channels], fields[:, config.channels :]
        u = torch.rand(batch, generator=self.random)
        u = (u + torch.arange(batch)) / batch  # one draw in each of `batch` equal parts
        u = u.clamp(1e-6, 1 - 1e-6)
        log_s = sent_to(torch.from_numpy(self.density.log_s(u.numpy())).float(), self.device)
        s = log_s.exp()
        eps = torch.randn(x0.shape, generator=self.noise, device=self.device)
        y = x0 + s[:, None, None, None] * eps
        if known is not None:
            y = y * known
        y = y.contiguous(memory_format=torch.channels_last)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            x0_hat, logit = self.net(y, s, extra if extra.shape[1] else None)
        each = mean_known((x0_hat.float() - x0) ** 2, known)
        self._count(log_s, each.detach() / (s * s))
        loss: Tensor = (LOSSES[self.settings.loss](s, config.sigma_data) * each).mean()
        if logit is not None:
            s = s[:, None, None, None]
            ratio = torch.rand(s.shape, generator=self.noise, device=self.device) * 0.9 + 0.05
            bound = variance_bound(x0, x0_hat.detach().float(), logit.float(), s, ratio)
            loss = loss + VARIANCE_WEIGHT * mean_known(bound, known).mean()
        return loss

    def _count(self, log_s: Tensor, loss: Tensor) -> None:
        low, high = math.log(self.settings.lowest), math.log(self.highest)
        place = ((log_s - low) / (high - low) * BINS).long().clamp(0, BINS - 1)
        self._bins.mul_(0.995)
        self._bins[0].index_add_(0, place, loss)
        self._bins[1].index_add_(0, place, torch.ones_like(loss))

    def loss_by_level(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centres s of the bins, and mean |eps - eps_hat|^2 there lately; NaN where nothing was drawn."""
        edges = np.linspace(math.log(self.settings.lowest), math.log(self.highest), BINS + 1)
        total, count = self._bins.cpu().double().numpy()
        mean = np.divide(total, count, out=np.full(BINS, np.nan), where=count > 1e-3)
        return np.exp((edges[1:] + edges[:-1]) / 2), mean

    def report(self, remark: str = "") -> TrainingReport:
        """What was made since the last report; without a step in between its loss is the last one, or NaN.

        Raises:
            UserError: if the loss is not finite.
        """
        loss = self.curve[-1][1] if self.curve else math.nan
        if self._loss_count:
            began = time.perf_counter()
            loss = float(self._loss_sum) / self._loss_count
            self.seconds += time.perf_counter() - began  # here the steps that were launched are waited for
            if not math.isfinite(loss):
                raise _diverged(self.step)
            self.curve.append((self.step, loss))
        self._loss_sum.zero_()
        self._loss_count = 0
        done = self.done()
        left = self.seconds * (1 - done) / done if done else math.inf
        return TrainingReport(self.step, self.seconds, loss, self.rate(), left, remark)

    # -- keeping

    def card(self, name: str) -> Card:
        """The card of the model so far."""
        data = self.data
        about = {
            "source": data.source, "licence": data.licence, "split": data.split,
            "fields": len(data.fields), "held_out": len(data.held_out), "sha256": data.fingerprint,
        }  # fmt: skip
        training = {
            **self.settings.plain(), "highest": self.highest, "steps": self.step,
            "planned_steps": self.settings.steps, "samples": self.samples,
            "seconds": round(self.seconds, 1), "machine": device_name(self.device), "loss_now": self.curve[-1:],
        }  # fmt: skip
        if self.origin:
            training["from"] = dict(self.origin)
        return Card(
            name, data.name, data.units, data.transform, (1, *data.shape), self.noise_range,
            coarsen=data.coarsen, data=about, training=training,
        )  # fmt: skip

    def save(self, folder: Path) -> None:
        """Write the state to go on from and the model so far, each whole or not at all.

        Raises:
            UserError: if they cannot be written, or are not finite; what was there stays.
        """
        if not all(bool(torch.isfinite(p).all()) for p in self.net.parameters()):
            raise _diverged(self.step)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise NotWrittenError(f"{folder} cannot be made: {error.strerror}.", "Choose another folder.") from None
        for name in DIRECTORY:
            for left in folder.glob(f".{name}*.part"):  # of a kill while writing
                left.unlink(missing_ok=True)
        tensors = {f"net.{k}": v for k, v in self.net.state_dict().items()}
        tensors |= {f"ema.{k}": v for k, v in self.ema.state_dict().items()}
        for index, kept in self.optimiser.state_dict()["state"].items():
            tensors |= {f"adam.{index}.{k}": torch.as_tensor(v) for k, v in kept.items()}
        tensors["random"], tensors["noise"] = self.random.get_state(), self.noise.get_state()
        tensors["bins"] = self._bins
        plain = {
            "step": self.step, "seconds": self.seconds, "samples": self.samples, "batch": self.batch,
            "curve": self.curve,
            "settings": self.settings.plain(), "network": asdict(self.net.config),
            "fingerprint": self.data.fingerprint, "origin": dict(self.origin),
        }  # fmt: skip
        model, state = DIRECTORY
        State(tensors, plain).save(folder / state)
        save_model(folder / model, self.ema, self.card(folder.resolve().name), self.data.mask)

    @classmethod
    def resume(cls, folder: Path, data: TrainingSet, device: str = "cpu", **changed: Any) -> "Trainer":
        """The training kept in a folder, to go on on the same data; settings can be changed, its network cannot.

        Raises:
            UserError: if there is none, it is damaged, or was made on other data.
        """
        if not (folder / DIRECTORY[1]).exists():
            raise UserError(f"{folder} holds no training to go on with.", "Begin one, or name another folder.")
        state = State.load(folder / DIRECTORY[1])
        coarsen = Card.read(folder).coarsen if (folder / "model.json").exists() else data.coarsen
        if state.plain.get("fingerprint") != data.fingerprint or coarsen != data.coarsen:
            raise UserError(f"The training in {folder} was made on other data.", "Choose another folder for this data.")
        try:
            settings = TrainingSettings.from_plain(state.plain["settings"])
            trainer = cls(data, network_config(state.plain["network"]), replace(settings, **changed), device)
            trainer._take(state)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError) as error:
            if out_of_memory(error):
                raise
            raise UserError(
                f"The training in {folder} is damaged, or of another version: {str(error).splitlines()[0]}.",
                "Train anew in another folder.",
            ) from None
        if "batch" in changed:
            trainer.batch = trainer.settings.batch
        return trainer

    def _take(self, state: State) -> None:
        """Go on from this state."""
        tensors, plain = state.tensors, state.plain
        for name, net in (("net.", self.net), ("ema.", self.ema)):
            net.load_state_dict({k.removeprefix(name): v for k, v in tensors.items() if k.startswith(name)})
        adam = self.optimiser.state_dict()
        for key, value in tensors.items():
            if key.startswith("adam."):
                _, index, what = key.split(".")
                layout = torch.channels_last if value.ndim == 4 else torch.contiguous_format
                adam["state"].setdefault(int(index), {})[what] = value.contiguous(memory_format=layout)
        self.optimiser.load_state_dict(adam)
        for kept, generator in ((tensors["random"], self.random), (tensors.get("noise"), self.noise)):
            if kept is not None and kept.shape == generator.get_state().shape:
                generator.set_state(kept)
            else:  # it was drawn on another kind of device, or by a version that had one state
                generator.manual_seed(self.settings.seed + int(plain["step"]) + 1)
        self._bins.copy_(tensors["bins"])
        self.step, self.seconds, self.batch = int(plain["step"]), float(plain["seconds"]), int(plain["batch"])
        self.samples = int(plain.get("samples", self.step * self.batch))  # not counted in old states
        self.origin = dict(plain.get("origin", {}))
        self.curve = [(int(step), float(loss)) for step, loss in plain["curve"]]


def _diverged(step: int) -> UserError:
    return UserError(
        f"The training came to what is not a number by step {step}; it is not saved.",
        "Choose a smaller learning rate, and resume from what was saved before, or begin anew.",
    )


def train(
    trainer: Trainer, folder: Path, every: int = 50, stopped: Callable[[], bool] = lambda: False
) -> Iterator[TrainingReport]:
    """Train to the end, with a report every so many steps and checkpoints on the way; the caller may stop any time.

    What is made before the caller stops, or before an error, is kept: at most one interval is lost to a kill.

    Args:
        trainer: what to train.
        folder: where it is kept.
        every: steps between reports.
        stopped: asked after every step whether to end here.

    Raises:
        NotWrittenError: if what was made cannot be written at the end: `trainer` has it still, to be saved again.
        UserError: if the loss is not finite, or memory does not suffice for one field.
    """
    kept = time.monotonic()
    remark = ""
    try:
        while trainer.done() < 1 and not stopped():
            try:
                trainer.advance()
            except RuntimeError as error:
                remark = _smaller_batch(trainer, error)
            if trainer.step % every == 0 or remark or trainer.done() >= 1:
                yield trainer.report(remark)
                remark = ""
            if time.monotonic() - kept >= trainer.settings.checkpoint:
                remark = keep(trainer, folder)
                kept = time.monotonic()
    finally:
        if trainer.step:
            trainer.save(folder)


def keep(trainer: Trainer, folder: Path) -> str:
    """Save it on the way, and say so if it cannot be: a disk that is full now may have room at the next checkpoint."""
    try:
        trainer.save(folder)
    except NotWrittenError as error:
        return f"{error.sentence} The training goes on; make room before the next checkpoint."
    return ""


def _smaller_batch(trainer: Trainer, error: RuntimeError) -> str:
    """Out of memory is answered by half the batch; any other error is not ours."""
    if not out_of_memory(error):
        raise error
    trainer.optimiser.zero_grad(set_to_none=True)
    if trainer.device.type == "cuda":
        torch.cuda.empty_cache()
    if trainer.batch == 1:
        raise UserError(
            "The device's memory does not suffice even for a batch of one field.", "Choose a smaller network."
        ) from None
    asked, trainer.batch = trainer.batch, trainer.batch // 2
    return f"The device ran out of memory with batches of {asked} fields; they have {trainer.batch} from here on."


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


def _trainer_in(
    folder: Path, data: TrainingSet, settings: Mapping[str, Any], sizes: Mapping[str, Any], device: str, resume: bool,
    origin: Card | None,
) -> Trainer:  # fmt: skip
    if resume and origin:
        raise UserError(
            "A training that is resumed has begun already: it cannot begin from another model.",
            "Leave out one of the two.",
        )
    if sizes and (resume or origin):
        raise UserError("A network cannot change its size while it is trained.", "Leave out its sizes.")
    if resume:
        trainer = Trainer.resume(folder, data, device, **settings)
        if trainer.done() >= 1:
            raise UserError(f"The training in {folder} is finished.", "Ask for more steps, or more minutes.")
        return trainer
    if any((folder / name).exists() for name in ("model.json", DIRECTORY[1])):
        raise UserError(f"{folder} holds a model already.", "Resume it, or choose another folder.")
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file.", "Choose a folder.")
    if origin:
        return Trainer.begin_from(origin, data, TrainingSettings(**settings), device)
    return Trainer(data, config_for(data, **sizes), TrainingSettings(**settings), device)
