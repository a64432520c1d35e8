"""Training a network on fields, a step at a time: draw a noise level, put in noise, learn to take it out."""

import math
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffview.errors import UserError
from diffview.learning.averages import Tracks
from diffview.learning.densities import DENSITIES, Density
from diffview.learning.network import require_fit
from diffview.learning.objective import LOSSES, VARIANCE_WEIGHT, mean_known, noise_error, variance_bound
from diffview.learning.picked import Examples
from diffview.learning.progress import LEARNT, TrainingReport, Watched
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.torchrun import current
from diffview.machine import device_name, fast_bfloat16, sent_to
from diffview.models.cards import Card
from diffview.models.checkpoints import load_model
from diffview.models.nets.unet import UNet, UNetConfig, along, laid_out, on_device
from diffview.reverse.samplers import POSTERIOR_MEAN

BINS = 24
"""Bins of ln s in which the loss is followed."""

LONGEST_WARMUP = 0.1
"""Share of the training after which the learning rate has risen, whatever was asked for."""

WATCHED_EVERY = 50
"""Steps between two looks at the held-out loss, at least."""


class Trainer:
    """A network in training: everything that changes, and one step of it.

    Attributes:
        net, ema: the network, and the moving average of its weights.
        tracks: averages that others can be made of afterwards; None where none are kept.
        step, seconds, samples: steps made, seconds they took and fields they saw, in all sessions.
        curve: (step, loss) of every report; loss_sum, loss_count: of the steps since the last one.
        watched: fields whose loss is followed; watched_curve: (step, that loss of the average).
        density: of the noise levels, over ln s; `highest` is the highest of them.
        noise_range: s between 0.1 and 99.9 % of the draws.
        random, noise: what draws fields and levels, on the CPU, and what draws eps, on the device.
        bins: sums of |eps - eps_hat|^2 over equal parts of ln s and how many there are, [2, BINS], fading.
        origin: name, checksum and steps of the model whose weights it began from; empty if from random ones.
        ranks: this process among those that train together: each draws its share of a batch from its share of the
            fields, with random numbers of its own.
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
        self.ranks = current()
        seed = self.ranks.seed(settings.seed)
        self.random = torch.Generator().manual_seed(seed)  # on the CPU, so that no step waits for the device
        self.noise = torch.Generator(self.device).manual_seed(seed + 1_000_003)  # of another sequence
        self.step, self.seconds, self.samples, self.batch = 0, 0.0, 0, self.ranks.share(settings.batch)
        self._together = self.ranks.together(self.net, self.device)
        self.tracks = Tracks(self.net) if settings.averages else None
        self.origin: Mapping[str, Any] = {}
        self.curve: list[tuple[int, float]] = []
        self.watched_curve: list[tuple[int, float]] = []
        self.highest = settings.highest or max(10 * settings.lowest, 3 * math.sqrt(data.largest_power))
        self.density = DENSITIES[settings.density](settings.lowest, self.highest, settings.schedule)
        self.noise_range = _middle_of(self.density)
        self.bins = torch.zeros(2, BINS, device=self.device)
        self.loss_sum, self.loss_count = torch.zeros((), device=self.device), 0
        mine = slice(self.ranks.rank, None, self.ranks.count)
        self.examples = Examples(data, config, self.device, among=mine)
        self.watched = Watched(data, config, self.density, settings.loss, self.device)
        self.bfloat16 = settings.precision == "bfloat16" or (settings.precision == "auto" and fast_bfloat16(device))

    @classmethod
    def begin_from(cls, card: Card, data: TrainingSet, settings: TrainingSettings, device: str = "cpu") -> "Trainer":
        """Begin with the weights of a model instead of random ones; the fields are standardised as `data` says.

        Raises:
            UserError: if its weights cannot be read, or the fields do not fit its network.
        """
        if card.kind != POSTERIOR_MEAN:
            raise UserError(
                f"{card.name} is a consistency model: it gives the end of a path and not a mean to go on from.",
                "Begin with the weights of the model that it was distilled from.",
            )
        weights = load_model(card)[0]
        trainer = cls(data, weights.config, settings, device)
        for net in (trainer.net, trainer.ema):
            net.load_state_dict(weights.state_dict())
        trainer.origin = cls.origin_of(card)
        return trainer

    @staticmethod
    def origin_of(card: Card) -> dict[str, Any]:
        """What is kept of the model whose weights it begins with."""
        return {"name": card.name, "sha256": card.weights.get("sha256", ""), "steps": card.training.get("steps", 0)}

    def beside(self) -> dict[str, Tensor]:
        """Tensors, beside network, average and optimiser, that it needs to go on."""
        return {} if self.tracks is None else self.tracks.tensors()

    def take_beside(self, tensors: Mapping[str, Tensor]) -> None:
        """Take those of a state that was kept."""
        if self.tracks is not None:
            self.tracks.take(tensors)

    def done(self) -> float:
        """Share of the training that is done, 0 to 1."""
        limit = 60 * self.settings.minutes
        return min(1.0, max(self.step / self.settings.steps, self.seconds / limit if limit else 0.0))

    def rate(self) -> float:
        """The learning rate now: a linear rise over at most a tenth of the training, then half a cosine down to 0."""
        done = self.done()
        rise = min(1.0, max((self.step + 1) / max(1, self.settings.warmup), done / LONGEST_WARMUP))
        return self.settings.rate * rise * 0.5 * (1 + math.cos(math.pi * done))

    def advance(self) -> None:
        """One optimiser step; the loss is kept on the device until `report` asks for it."""
        began = time.perf_counter()
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.loss()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), self.settings.clip, foreach=True)
        self.optimiser.step()
        self._average()
        if self.tracks is not None:
            self.tracks.advance(self.net, self.step + 1)
        self.loss_sum += loss.detach()
        self.loss_count += 1
        self.step += 1
        self.samples += self.batch * self.ranks.count
        self.seconds = self.ranks.agreed(self.seconds + time.perf_counter() - began, self.device)

    def _average(self) -> None:
        half_life = min(self.settings.half_life, 0.1 * (self.step + 1))
        weight = 1 - 0.5 ** (1 / max(half_life, 1e-9))
        with torch.no_grad():
            torch._foreach_lerp_(list(self.ema.parameters()), list(self.net.parameters()), weight)

    def loss(self) -> Tensor:
        """L of a batch that is drawn at random: |eps - eps_hat|^2 as `objective` weights it."""
        config = self.net.config
        x0, extra, known = self._batch()
        log_s = self._levels()
        s = log_s.exp()
        eps = torch.randn(x0.shape, generator=self.noise, device=self.device)
        y = x0 + along(s, x0) * eps
        if known is not None:
            y = y * known
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            x0_hat, logit = self._together(laid_out(y), s, extra)
        error = noise_error(x0, x0_hat.float(), s, known)
        self._count(log_s, error.detach())
        loss: Tensor = (LOSSES[self.settings.loss](s, config.sigma_data) * error).mean()
        if logit is not None:
            s = along(s, x0)
            ratio = torch.rand(s.shape, generator=self.noise, device=self.device) * 0.9 + 0.05
            bound = variance_bound(x0, x0_hat.detach().float(), logit.float(), s, ratio)
            loss = loss + VARIANCE_WEIGHT * mean_known(bound, known).mean()
        return loss

    def _batch(self) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """Fields x_0, the channels beside them (None without), and where they have data (None: all), turned alike."""
        fields, known = self.examples.picked(torch.randint(len(self.examples), (self.batch,), generator=self.random))
        if known is not None:
            fields = torch.cat([fields, known], dim=1)
        turns = int(torch.randint(8, (), generator=self.random))
        fields = turned(fields, turns, self.settings.flips, self.settings.rotations)
        if known is not None:
            fields, known = fields[:, :-1], fields[:, -1:]
        x0, extra = self.examples.split(fields)
        return x0, self.examples.left_out(extra, self.settings.dropout, self.random), known

    def _levels(self) -> Tensor:
        """ln s [batch]."""
        return sent_to(torch.from_numpy(self.density.log_s(self._shares().numpy())).float(), self.device)

    def _shares(self) -> Tensor:
        """Uniform in (0, 1) [batch], one draw in each of as many equal parts as all ranks draw; they take turns."""
        u = torch.rand(self.batch, generator=self.random)
        part = torch.arange(self.batch) * self.ranks.count + self.ranks.rank
        return ((u + part) / (self.batch * self.ranks.count)).clamp(1e-6, 1 - 1e-6)

    def _count(self, log_s: Tensor, loss: Tensor) -> None:
        low, high = math.log(self.settings.lowest), math.log(self.highest)
        bins = ((log_s - low) / (high - low) * BINS).long().clamp(0, BINS - 1)
        self.bins.mul_(0.995)
        self.bins[0].index_add_(0, bins, loss)
        self.bins[1].index_add_(0, bins, torch.ones_like(loss))

    def loss_by_level(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Centres s of the bins, and the recent mean of |eps - eps_hat|^2 there; NaN where nothing was drawn."""
        edges = np.linspace(math.log(self.settings.lowest), math.log(self.highest), BINS + 1)
        total, count = self.bins.cpu().double().numpy()
        mean = np.divide(total, count, out=np.full(BINS, np.nan), where=count > 1e-3)
        return np.exp((edges[1:] + edges[:-1]) / 2), mean

    def report(self, remark: str = "") -> TrainingReport:
        """The progress since the last report; without a step in between its loss is the last one, or NaN.

        Raises:
            UserError: if the loss is not finite.
        """
        loss = self.curve[-1][1] if self.curve else math.nan
        if self.loss_count:
            began = time.perf_counter()
            loss = float(self.ranks.mean(self.loss_sum)) / self.loss_count
            spent = time.perf_counter() - began  # here the steps that were launched are waited for
            self.seconds = self.ranks.agreed(self.seconds + spent, self.device)
            if not math.isfinite(loss):
                raise diverged(self.step)
            self.curve.append((self.step, loss))
        self.loss_sum.zero_()
        self.loss_count = 0
        done = self.done()
        left = self.seconds * (1 - done) / done if done else math.inf
        watched = self._watch() if self.watched.held_out and self.ranks.first else math.nan
        return TrainingReport(self.step, self.seconds, loss, self.rate(), left, self.samples, watched, remark)

    def _watch(self) -> float:
        """The loss of the watched fields by the average of the weights; the last one, if that is not long ago."""
        last = self.watched_curve[-1][0] if self.watched_curve else -WATCHED_EVERY
        if self.step - last >= WATCHED_EVERY or (self.done() >= 1 and self.step > last):
            self.watched_curve.append((self.step, self.watched.loss(self.ema, self.net.config.sigma_data)))
        return self.watched_curve[-1][1]

    def finding(self) -> str:
        """What is to be said of the model so far: that nothing is learnt yet, or "".

        That is so if x0_hat of the watched fields is hardly better than what every network begins with, each pixel of
        y drawn to the mean by sd^2/(sd^2 + s^2).
        """
        begin = self.watched.loss(None, self.net.config.sigma_data)
        now = self.watched.loss(self.ema, self.net.config.sigma_data)
        if now < LEARNT * begin:
            return ""
        whose = "on held-out fields" if self.watched.held_out else "on its fields"
        return (
            f"Nothing is learnt yet: after {self.step} steps the loss {whose} is {now:.3g}, that of a network that "
            f"was never trained is {begin:.3g}. Train it longer."
        )

    def card(self, name: str) -> Card:
        """The card of the model so far."""
        data = self.data
        about: dict[str, Any] = {
            "source": data.source, "licence": data.licence, "split": data.split, "slices": data.slices,
            "fields": data.count, "held_out": data.count_held_out, "sha256": data.fingerprint,
        }  # fmt: skip
        if data.coarsen and (smallest := data.smallest):
            about["smallest"] = smallest
        training = {
            **self.settings.plain(), "highest": self.highest, "steps": self.step,
            "planned_steps": self.settings.steps, "samples": self.samples,
            "seconds": round(self.seconds, 1), "machine": device_name(self.device), "loss_now": self.curve[-1:],
        }  # fmt: skip
        if self.origin:
            training["from"] = dict(self.origin)
        return Card(
            name, data.name, data.units, data.transform, (self.net.config.channels, *data.shape), self.noise_range,
            coarsen=data.coarsen, conditions=data.channels, together=data.together, data=about, training=training,
        )  # fmt: skip


def _middle_of(density: Density) -> tuple[float, float]:
    """s between 0.1 and 99.9 % of the draws.

    Raises:
        UserError: if they are all the same.
    """
    draws = np.exp(density.log_s((np.arange(100_000) + 0.5) / 100_000))
    low, high = (float(np.quantile(draws, share)) for share in (0.001, 0.999))
    if not low < high:
        raise UserError(
            f"All noise levels of the training would be {low:g}.", "Choose other limits, or another schedule."
        )
    return low, high


def turned(fields: Tensor, turns: int, flips: bool, rotations: bool) -> Tensor:
    """Fields [batch, ..., ny, nx], mirrored and turned as a whole as far as that is allowed; turns: 0 to 7."""
    if flips and turns & 1:
        fields = fields.flip(-1)
    if flips and turns & 2:
        fields = fields.flip(-2)
    if rotations and not flips:
        return torch.rot90(fields, turns % 4, [-2, -1])
    if rotations and turns & 4:
        fields = fields.transpose(-2, -1)
    return fields


def diverged(step: int) -> UserError:
    """What is said of a training whose numbers are none any more."""
    return UserError(
        f"The training has become not a number by step {step}; it is not saved.",
        "Choose a smaller learning rate, and resume from what was saved before, or begin anew.",
    )
