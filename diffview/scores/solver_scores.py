"""Solvers of observations beside the exact posterior: is what they make calibrated?

The prior is Gaussian, so that the posterior given all that the operators see is known; every solver draws members, and
their mean and spread are held against it. No truth is needed: the error of the members' mean m over all truths that
could have been seen so has the mean square |m - mu|^2 + sigma^2, mu and sigma the posterior's.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import corner
from diffview.forward.noise import ERRORS, START, Noise, draw
from diffview.forward.presets import Edm
from diffview.models.gaussian import Gaussian
from diffview.models.posterior import GaussianPosterior
from diffview.reverse.grids import make_levels
from diffview.reverse.guidance import Guided, Led
from diffview.reverse.operators import Area, Blocks, Mask, Observations, Observed, Operator, Swath
from diffview.reverse.samplers import SAMPLERS
from diffview.reverse.solvers import SOLVERS
from diffview.runs.job import Job

Array = NDArray[np.float64]

STANDARD_ERRORS, SHARE = 3.0, 0.99
"""A mean is right where it lies within so many standard errors of the exact one, in so many of the pixels."""

Asked = tuple[str, dict[str, Any]]

ASKED: tuple[Asked, ...] = (
    ("exact", {}), ("mmps", {"iterations": 40}), ("mmps", {}), ("pigdm", {}), ("sda", {}), ("sda", {"gamma": 0.3}),
    ("dps", {}),
)  # fmt: skip
"""Solvers, and settings of them, that are held against the exact posterior."""

RATIO = 0.95, 1.05
"""Between these, spread/skill is right."""


@dataclass(frozen=True)
class SolverScore:
    """What a solver's members are worth beside the exact posterior.

    Attributes:
        solver: key of SOLVERS.
        settings: those of it that are not its own.
        ratio: spread/skill: 1 for a calibrated ensemble, less for an over-confident one.
        error: root mean square of the members' mean less the exact one, in posterior standard deviations.
        within: share of pixels whose mean lies within three standard errors of the exact one.
        calibrated: whether mean and spread are right.
    """

    solver: str
    settings: str
    ratio: float
    error: float
    within: float
    calibrated: bool

    @property
    def title(self) -> str:
        """The solver and its settings."""
        return f"{SOLVERS[self.solver].title} {self.settings}".strip()

    @property
    def verdict(self) -> str:
        """Whether it is calibrated, or why not."""
        if self.calibrated:
            return "calibrated"
        if self.ratio < RATIO[0]:
            return "not calibrated: over-confident"
        return "not calibrated: under-confident" if self.ratio > RATIO[1] else "not calibrated: its mean is off"


def score_members(key: str, members: Array, mean: Array, std: Array, settings: str = "") -> SolverScore:
    """The score of members [M, ny, nx] beside the posterior's mean and standard deviation [ny, nx]."""
    count, made, variance = len(members), members.mean(axis=0), members.var(axis=0, ddof=1)
    off = made - mean
    ratio = float(np.sqrt((count + 1) / count * variance.mean() / (off**2 + std**2).mean()))
    within = float((np.abs(off) <= STANDARD_ERRORS * std / np.sqrt(count)).mean())
    calibrated = within >= SHARE and RATIO[0] <= ratio <= RATIO[1]
    return SolverScore(key, settings, ratio, float(np.sqrt(((off / std) ** 2).mean())), within, calibrated)


def exact_case(seed: int = 0, size: int = 32) -> tuple[Gaussian, Observations]:
    """A red Gaussian field of variance 1 that three operators see at once, each with its own error.

    Means over 4 x 4 pixels with an error of 0.3, an oblique swath of pixels with 0.1, the mean of an area with 0.05.
    """
    prior = Gaussian.power_law(size, size, 3.0, 1.5)
    truth = prior.sample(draw(seed, START, 0, 0, (size, size)).astype(np.float64))
    row, column = np.mgrid[:size, :size]
    swath, area = np.abs(row + column // 2 - 0.7 * size) < 0.1 * size, np.zeros((size, size), bool)
    area[size // 8 : size // 2, size // 8 : size // 2] = True
    parts, everywhere = [], np.ones((size, size), bool)
    operators: tuple[tuple[Operator, float, Mask], ...] = (
        (Blocks(4), 0.3, everywhere), (Swath(), 0.1, swath), (Area().placed(area), 0.05, everywhere),
    )  # fmt: skip
    for place, (operator, std, known) in enumerate(operators):
        values = np.asarray(operator.observed(truth, known), dtype=np.float64)
        parts.append(Observed(operator, values + std * draw(seed, ERRORS, place, 0, values.shape), std))
    return prior, Observations(parts, (size, size))


def score_solvers(
    prior: Gaussian,
    seen: Observations,
    solvers: Sequence[Asked],
    members: int = 200,
    steps: int = 40,
    sampler: str = "heun",
    progress: Callable[[float], None] = lambda share: None,
) -> list[SolverScore]:
    """The scores of several solvers, all of them from the same noise.

    Args:
        prior: on a torus of the size of the field, or a larger one.
        seen: what is seen.
        solvers: key and settings of each.
        members: of each ensemble.
        steps: of its run, on EDM's levels.
        sampler: that draws it.
        progress: called with the share that is done; it may raise to end it.
    """
    posterior, scores = GaussianPosterior(prior, seen), []
    levels = make_levels(Edm(), "karras", steps)
    y0 = levels[0] * Noise(0, (members, *prior.shape))(START, 0).astype(np.float64)
    for place, (key, params) in enumerate(solvers):
        denoise = Guided(prior, Led(seen, SOLVERS[key](**params), levels=tuple(levels)))
        noise = Noise(0, y0.shape, like=y0)
        for step in SAMPLERS[sampler].run(denoise, y0, levels, noise):
            last = step
            progress((place + step.index / steps) / len(solvers))
        made, settings = corner(last.y, *seen.field)[:, 0], ", ".join(f"{k} {v:g}" for k, v in params.items())
        scores.append(score_members(key, made, posterior.mean, posterior.std, settings))
    return scores


def as_json(scores: Sequence[SolverScore]) -> list[dict[str, Any]]:
    """The scores as JSON can hold them, with title and source of each solver."""
    return [{**asdict(one), "title": SOLVERS[one.solver].title, "source": SOLVERS[one.solver].source} for one in scores]


def format_solvers(scores: Sequence[SolverScore]) -> str:
    """The scores as a table for people."""
    lines = [f"{'solver':<22}{'spread/skill':>13}{'error of the mean':>19}{'within 3 s.e.':>15}  verdict"]
    for one in scores:
        numbers = f"{one.ratio:>13.3f}{one.error:>17.3f} σ{100 * one.within:>13.1f} %"
        lines.append(f"{one.title:<22}{numbers}  {one.verdict}")
    return "\n".join(lines)


@dataclass(eq=False)
class SolverCheck(Job):
    """The solvers that are asked for beside the exact posterior, as `diffview verify solvers` has them.

    Attributes:
        members, steps: of each ensemble, and of its run.
        scores: once all of them are there.
    """

    members: int = 200
    steps: int = 40
    scores: tuple[SolverScore, ...] = ()

    def work(self) -> None:
        """Draw with every solver, and score."""
        self.scores = tuple(score_solvers(*exact_case(), ASKED, self.members, self.steps, progress=self.tell))
