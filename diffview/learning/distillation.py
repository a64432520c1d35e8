"""Consistency distillation: a network learns to jump, in one call, as far as its teacher walks in a whole run.

    y = x_0 + s eps,   y' = y after the teacher's step of Heun from s to s', the next level of its run
    L = mean of sqrt(|f(y, s) - f'(y', s')|^2 + c^2) - c,   |.|^2 a mean over pixels,   c = 0.00054

f' has the weights of f, and passes no gradient on; f(y, s_min) = y. Where L is 0, f(y, s) is the end of the teacher's
run from y. Every level counts alike, since what one jump errs is at most the sum of these differences along the run:
f(y_0, s_0) - y_N = sum of f(y_i, s_i) - f(y_(i+1), s_(i+1)). The network begins as a straight jump along the teacher's
slope, one step of DDIM [Song et al. 2023, arXiv 2303.01469, algorithm 2; the distance, and f' without an average of its
own, as in Song & Dhariwal 2024, arXiv 2310.14189, section 3].
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from diffview.errors import UserError
from diffview.fields.units import same_units
from diffview.learning.objective import mean_known
from diffview.learning.progress import LEARNT, Watched
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.models.cards import Card
from diffview.models.checkpoints import load_model
from diffview.models.nets.unet import UNet, UNetConfig, on_device
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import CONSISTENCY, POSTERIOR_MEAN
from diffview.runs.sampling import noise_schedule

SMOOTH = 0.00054
"""c, below which the distance is square instead of straight [Song & Dhariwal 2024, section 3.3]."""

TEACHER = "teacher."
"""Before the names of the teacher's weights in the state of a training."""


@dataclass(frozen=True, eq=False)
class Jumps:
    """The run of a teacher, and how far a jump is from one that begins a step further down.

    Attributes:
        teacher: gives x0_hat.
        levels: of its run, falling, the last one s_min; [N].
        bfloat16: whether products are made so.
    """

    teacher: UNet
    levels: Tensor
    bfloat16: bool

    def places(self, u: Tensor) -> Tensor:
        """Where in the run steps begin, whole numbers from 0 to N - 2, made of u, uniform in (0, 1)."""
        return (u.to(self.levels.device) * (len(self.levels) - 1)).long().clamp_max(len(self.levels) - 2)

    def square(
        self, net: Any, target: Any, x0: Tensor, eps: Tensor, place: Tensor, extra: Tensor | None, known: Tensor | None
    ) -> Tensor:
        """|f(y, s) - f'(y', s')|^2 of each field, [batch]: f by `net`, f' by `target`, without gradients there."""
        s, below = self.levels[place], self.levels[place + 1]
        y = self._held(x0 + s[:, None, None, None] * eps, known)
        with torch.autocast(y.device.type, torch.bfloat16, enabled=self.bfloat16):
            with torch.no_grad():
                lower = self.stepped(y, s, below, extra, known)
                wanted = target(lower, below, extra)[0].float()
            jumped = net(y, s, extra)[0].float()
        difference: Tensor = jumped - wanted
        return mean_known(difference**2, known)

    def stepped(self, y: Tensor, s: Tensor, below: Tensor, extra: Tensor | None, known: Tensor | None) -> Tensor:
        """The teacher's step of Heun from y at s to `below`, both [batch]."""

        def slope(y: Tensor, s: Tensor) -> Tensor:
            x0_hat: Tensor = self.teacher(y, s, extra)[0]
            return (y - x0_hat.float()) / s[:, None, None, None]

        down, first = (below - s)[:, None, None, None], slope(y, s)
        ahead = self._held(y + down * first, known)
        return self._held(y + down / 2 * (first + slope(ahead, below)), known)

    def straight(self, y: Tensor, s: Tensor, extra: Tensor | None) -> tuple[Tensor, None]:
        """The jump along the teacher's slope, which every distillation begins with."""
        part = (1 - self.levels[-1] / s)[:, None, None, None]
        return y + part * (self.teacher(y, s, extra)[0].float() - y), None

    @staticmethod
    def _held(y: Tensor, known: Tensor | None) -> Tensor:
        y = y if known is None else y * known
        return y.contiguous(memory_format=torch.channels_last)


def distance(square: Tensor) -> Tensor:
    """sqrt(|.|^2 + c^2) - c."""
    return (square + SMOOTH * SMOOTH).sqrt() - SMOOTH


class WatchedJumps(Watched):
    """The mean distance of the jumps of the watched fields, always with the same noise."""

    def __init__(self, watched: Watched, jumps: Jumps) -> None:
        self.held_out, self._jumps = watched.held_out, jumps
        self.x0, self.extra, self.known = watched.x0, watched.extra, watched.known
        self.eps, self.s = watched.eps, watched.s

    def loss(self, net: UNet | None, sigma_data: float) -> float:
        """Of a network; without one, of straight jumps along the teacher's slope."""
        n, f = len(self.s), self._jumps.straight if net is None else net
        place = self._jumps.places((torch.arange(n) + 0.5) / n)
        with torch.no_grad():
            square = self._jumps.square(f, f, self.x0, self.eps, place, self.extra, self.known)
        return float(distance(square).mean())


class Distiller(Trainer):
    """A network that learns to jump; see the module for what it learns.

    Attributes:
        jumps: the teacher and its run.
    """

    def __init__(self, data: TrainingSet, config: UNetConfig, settings: TrainingSettings, device: str = "cpu") -> None:
        """Begin with random weights; `begin_from` takes those of a teacher, `take_beside` those that were kept."""
        super().__init__(data, config, settings, device)
        teacher = on_device(UNet(replace(config, least=0.0)), self.device).eval().requires_grad_(False)
        levels = make_levels(settings.schedule, "karras", settings.run)[:-1]
        there = torch.tensor(levels, dtype=torch.float32, device=self.device)
        self.jumps = Jumps(teacher, there, self.bfloat16)
        self.noise_range = config.least, levels[0]
        self.watched = WatchedJumps(self.watched, self.jumps)

    @classmethod
    def begin_from(cls, card: Card, data: TrainingSet, settings: TrainingSettings, device: str = "cpu") -> "Distiller":
        """Distil the network of a card, over the noise levels that it was trained on, on fields through its transform.

        Raises:
            UserError: if it cannot be distilled, its weights cannot be read, or the fields are not of its kind.
        """
        data = through(data, card)
        net = load_model(card)[0]
        if net.config.learned_variance:
            raise UserError(
                f"{card.name} has learned the variance of its steps, and a jump has none.",
                "Distil a network without a learned variance.",
            )
        schedule = noise_schedule(card)
        settings = replace(
            settings, schedule=schedule, density="schedule", lowest=schedule.s_min, highest=schedule.s_max
        )
        distiller = cls(data, replace(net.config, least=schedule.s_min), settings, device)
        for of in (distiller.net, distiller.ema, distiller.jumps.teacher):
            of.load_state_dict(net.state_dict())
        distiller.origin = cls.origin_of(card)
        return distiller

    def loss(self) -> Tensor:
        """L of a batch that is drawn at random."""
        x0, extra, known = self._batch()
        place = self.jumps.places(self._shares())
        eps = torch.randn(x0.shape, generator=self.noise, device=self.device)
        square = self.jumps.square(self._together, self.net, x0, eps, place, extra, known)
        self._count(self.jumps.levels[place].log(), square.detach())
        return distance(square).mean()

    def finding(self) -> str:
        """That its jumps are hardly better than straight ones yet, or ""."""
        begin, now = (self.watched.loss(net, self.net.config.sigma_data) for net in (None, self.ema))
        if now < LEARNT * begin:
            return ""
        return (
            f"Nothing is learnt yet: after {self.step} steps jumps are {now:.3g} from those a step further down, "
            f"straight ones along the teacher's slope {begin:.3g}. Distil it longer."
        )

    def card(self, name: str) -> Card:
        """The card of the model so far."""
        return replace(super().card(name), kind=CONSISTENCY)

    def beside(self) -> dict[str, Tensor]:
        """The teacher's weights, and the averages."""
        return super().beside() | {
            f"{TEACHER}{name}": tensor for name, tensor in self.jumps.teacher.state_dict().items()
        }

    def take_beside(self, tensors: Mapping[str, Tensor]) -> None:
        """Take the teacher's weights, and the averages."""
        super().take_beside(tensors)
        kept = {name.removeprefix(TEACHER): tensor for name, tensor in tensors.items() if name.startswith(TEACHER)}
        self.jumps.teacher.load_state_dict(kept)


def through(data: TrainingSet, card: Card) -> TrainingSet:
    """The fields as the network of a card sees them, in its standardised units.

    Raises:
        UserError: if it is a consistency model already, or is made for other fields or conditions.
    """
    if card.kind != POSTERIOR_MEAN:
        raise UserError(f"{card.name} jumps to the end already.", "Distil the network that it comes from.")
    if card.together.several:
        raise UserError(f"{card.name} makes several fields together.", "Distil a network of single fields.")
    if not same_units(card.units, data.units) or card.shape != (1, *data.shape):
        of, have = (f"{ny} x {nx} pixels in {units or 'no units'}" for (ny, nx), units in
                    ((card.shape[1:], card.units), (data.shape, data.units)))  # fmt: skip
        raise UserError(f"{card.name} makes fields of {of}; these have {have}.", "Distil it on fields of its own kind.")
    if (card.coarsen, card.conditions) != (data.coarsen, data.channels):
        raise UserError(f"{card.name} is given other conditions than these fields have.", "Give it the same ones.")
    if data.transform == card.transform:
        return data
    train, held_out = (card.transform(data.transform.inverse(part)) for part in (data.fields, data.held_out))
    return replace(data, fields=train, held_out=held_out, transform=card.transform)
