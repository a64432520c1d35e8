"""A small network that learns the points of a shape while one watches: the noise-prediction loss and nothing else.

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps,   t even in (0, 1),   L = mean |eps - eps_hat|^2

as Ho et al. train [2020, algorithm 1], with eps_hat = (y - x0_hat)/s of `models.point_net`.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from diffview.forward.schedules import Schedule
from diffview.models.point_net import PointNet, estimate, first_weights

BATCH, RATE, HALF_LIFE = 512, 3e-3, 150.0
"""Points of a step, the largest learning rate, and steps in which the moving average forgets half."""

CLIP = 1.0
"""Largest norm of the gradient."""

FADE = 2000
"""Steps over which the learning rate falls to a third."""


@dataclass(frozen=True, eq=False)
class Learnt:
    """What is learnt after some steps.

    Attributes:
        net: the average of the weights.
        curve: steps, and the mean loss between them and those before.
    """

    step: int
    net: PointNet
    curve: tuple[NDArray[np.float64], NDArray[np.float64]]


class PointTrainer:
    """Learns the points x_0 [n, d] of standard deviation 1."""

    def __init__(self, points: NDArray[np.floating], schedule: Schedule, seed: int = 0) -> None:
        """Begin with random weights."""
        self._x_0 = torch.from_numpy(np.asarray(points, np.float32))
        self._random = torch.Generator().manual_seed(seed)
        t = (np.arange(4096) + 0.5) / 4096
        s = np.clip(schedule.noise_level(t), 1e-3, schedule.s_max)
        self._ln_s = torch.from_numpy(np.log(s).astype(np.float32))[:, None]
        made = [torch.from_numpy(part) for layer in first_weights(self._x_0.shape[1], seed) for part in layer]
        self._net = [part.requires_grad_() for part in made]
        self._average = [part.detach().clone() for part in made]
        self._optimiser = torch.optim.Adam(self._net, lr=RATE)
        self._losses: list[tuple[int, float]] = []
        self.step = 0

    def learn(self, seconds: float) -> float:
        """Optimiser steps for about so long; gives the mean of their losses back."""
        until, total, first = time.perf_counter() + seconds, 0.0, self.step
        while time.perf_counter() < until or self.step == first:
            for group in self._optimiser.param_groups:
                group["lr"] = RATE / (1 + 2 * self.step / FADE) * min(1.0, (self.step + 1) / 50)
            loss = self.loss()
            self._optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._net, CLIP)
            self._optimiser.step()
            with torch.no_grad():
                share = 1 - 0.5 ** (1 / min(HALF_LIFE, 0.1 * (self.step + 1) + 1))
                torch._foreach_lerp_(self._average, self._net, share)
            total += float(loss.detach())
            self.step += 1
        mean = total / (self.step - first)
        self._losses.append((self.step, mean))
        return mean

    def loss(self) -> Any:
        """L of a batch drawn at random."""
        rows = torch.randint(len(self._x_0), (BATCH,), generator=self._random)
        x_0 = self._x_0[rows]
        ln_s = self._ln_s[torch.randint(len(self._ln_s), (BATCH,), generator=self._random)]
        s = ln_s.exp()
        eps = torch.randn(x_0.shape, generator=self._random)
        x0_hat = estimate(_layers(self._net), x_0 + s * eps, ln_s)
        return (((x_0 - x0_hat) / s) ** 2).mean()

    def learnt(self) -> Learnt:
        """What is learnt so far."""
        parts = [part.detach().numpy().copy() for part in self._average]
        curve = np.array(self._losses, np.float64).reshape(-1, 2)
        return Learnt(self.step, PointNet(_layers(parts)), (curve[:, 0], curve[:, 1]))


def _layers(parts: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip(parts[::2], parts[1::2], strict=True))
