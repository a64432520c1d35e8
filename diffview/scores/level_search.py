"""The grid of N steps with the smallest error: searched on some seeds, judged on others.

The error of a grid is the root mean square difference between what the sampler ends with on it and what a fine run of
Heun's method ends with, both from the same start, over all pixels and seeds, in standardised units. The start s_0 and
the end 0 stay; the N - 1 levels between them are moved: first all together, s_i = (a + (i/(N-1)) (b - a))^rho over rho
and the smallest level b^rho [the family of Karras et al. 2022, eq. 5], then each on its own in ln s. Only what follows
a moved level is computed again.
"""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.forward.noise import Noise
from diffview.reverse.grids import GRIDS, make_levels
from diffview.reverse.samplers import SAMPLERS, Denoise, Step
from diffview.runs.job import PlanJob, Stopped
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe, Rivals
from diffview.runs.run import denoiser_of, on_device, start_state

Array = NDArray[np.floating]

SWEEPS = 4
"""Times that every level is moved on its own; its first move is a quarter of the gap to a neighbour, then half that."""

FINE = 4
"""Steps of the fine run for each of the grid, FEWEST_FINE at least."""

FEWEST_FINE = 64

DRAWN_GRIDS = ("custom",)
"""Grids that the search is not judged beside: they are what it makes."""

RHOS, LOWEST = (2.0, 4.0, 7.0, 12.0), (0.0, 0.35, 0.7, 1.0)
"""Exponents of the grids tried first, and where in ln s between those of the given grids their smallest level lies."""


@dataclass(frozen=True)
class JudgedGrid:
    """A grid, judged: its name, its levels, and its error on seeds that no search has seen."""

    title: str
    levels: tuple[float, ...]
    error: float


class Search:
    """A search for the levels of one plan.

    Attributes:
        best: the levels found so far.
        error: their error on the seeds searched on.
    """

    def __init__(self, plan: Plan, denoise: Denoise, grids: Mapping[str, Sequence[float]], seeds: int = 4) -> None:
        """Set up; nothing is computed yet.

        Args:
            plan: whose model, sampler, start and number of steps are meant.
            denoise: its denoiser.
            grids: levels by name that the result is judged beside; all start at the plan's level and have its steps.
            seeds: how many to search on; as many others are judged on.

        Raises:
            UserError: if the sampler draws noise on its way, or the run has fewer than two steps.
        """
        if (why := unsearchable(plan)) is not None:
            raise why
        info = SAMPLERS[plan.recipe.course.sampler]
        self._plan, self._denoise, self._seeds = plan, denoise, seeds
        self._grids = {title: tuple(levels) for title, levels in grids.items()}
        self._run: Callable[..., Iterator[Step]] = partial(info.run, denoise, **plan.params)
        self.best: tuple[float, ...] = tuple(plan.levels)
        self.error = math.inf

    def run(self) -> Iterator[float]:
        """Search, yielding the share that is done; the caller may stop any time and take `best`."""
        y, truth = self._problem(range(self._seeds))
        first = [*self._grids.values(), *self._family()]
        work = len(first) + SWEEPS * (self.best_count - 1)
        for count, levels in enumerate(first, 1):
            self._take(levels, self._error(self._states(y, levels), truth))
            yield count / work
        states = self._states(y, self.best)
        for sweep in range(SWEEPS):
            share = 0.25 * 0.5**sweep
            for i in range(1, self.best_count):
                states = self._moved(i, share, states, truth)
                yield (len(first) + sweep * (self.best_count - 1) + i) / work

    def judge(self) -> list[JudgedGrid]:
        """Every grid and the one found, on seeds not searched on, the best first."""
        y, truth = self._problem(range(self._seeds, 2 * self._seeds))
        grids = {**self._grids, "found": self.best}
        rows = [JudgedGrid(name, levels, self._error(self._states(y, levels), truth)) for name, levels in grids.items()]
        return sorted(rows, key=lambda row: row.error)

    @property
    def best_count(self) -> int:
        """Levels above 0."""
        return len(self.best) - 1

    def _problem(self, seeds: range) -> tuple[Any, Any]:
        """Starts for these seeds, counted from the recipe's own, and where a fine run ends from them."""
        plan = self._plan
        starts = []
        for seed in seeds:
            recipe = plan.recipe.but(seed=plan.recipe.course.seed + seed, members=1)
            starts.append(start_state(dataclasses.replace(plan, recipe=recipe)))
        y = on_device(np.concatenate(starts), plan.device)
        steps = max(FEWEST_FINE, FINE * plan.steps)
        fine = warped(plan.levels[0], min(levels[-2] for levels in self._grids.values()) / 2, steps, 7.0)
        *_, last = SAMPLERS["heun"].run(self._denoise, y, fine, Noise(0, tuple(y.shape), like=y))
        return y, last.y

    def _family(self) -> Iterator[tuple[float, ...]]:
        smallest = [levels[-2] for levels in self._grids.values()]
        low, high = min(smallest), max(smallest)
        for part in LOWEST if high > low else (0.0,):
            for rho in RHOS:
                yield warped(self.best[0], low * (high / low) ** part, self.best_count, rho)

    def _states(self, y: Any, levels: Sequence[float], after: Step | None = None) -> list[Step]:
        """The steps of a run on these levels, from its start or on from `after`."""
        noise = Noise(0, tuple(y.shape), like=y)
        resume: dict[str, Any] = {} if after is None else {"start": after.index, "history": after.history}
        return list(self._run(y if after is None else after.y, levels, noise, **resume))

    def _error(self, states: Sequence[Step], truth: Any) -> float:
        return math.sqrt(float(((states[-1].y - truth) ** 2).mean()))

    def _take(self, levels: tuple[float, ...], error: float) -> bool:
        better = error < self.error
        if better:
            self.best, self.error = levels, error
        return better

    def _moved(self, i: int, share: float, states: list[Step], truth: Any) -> list[Step]:
        """The states of the best grid after level i was tried higher and lower."""
        log_s = [math.log(s) for s in self.best[:-1]]
        above = log_s[i - 1] - log_s[i]
        below = log_s[i] - log_s[i + 1] if i + 1 < len(log_s) else above
        for step in (share * above, -share * below):
            levels = (*self.best[:i], math.exp(log_s[i] + step), *self.best[i + 1 :])
            tried = states[: i - 1] + self._states(states[0].y, levels, states[i - 1])
            if self._take(levels, self._error(tried, truth)):
                return tried
        return states


def unsearchable(plan: Plan) -> UserError | None:
    """Why the levels of a plan cannot be searched; None if they can."""
    info = SAMPLERS[plan.recipe.course.sampler]
    if info.draws(plan.params):
        return UserError(
            f"{info.title} draws noise at every step, so that two grids do not end alike.",
            "Choose a sampler that draws none, such as DDIM with eta = 0 or Heun.",
        )
    if plan.parent is not None:
        return UserError("A fork starts on its way, where nothing is searched.", "Return to the run it leaves.")
    if plan.steps < 2:
        return UserError("A run of one step has no level to move.", "Choose more steps.")
    return plan.refusal


def standard_grids(plan: Plan) -> dict[str, list[float]]:
    """Every grid that a formula gives, as the plan would start on it, by key."""
    keys = [key for key in GRIDS if key not in DRAWN_GRIDS]
    return {key: make_levels(plan.recipe.course.schedule, key, plan.steps, plan.levels[0]) for key in keys}


def levels_apart(recipe: Recipe) -> Recipe:
    """The recipe without what says which levels are visited, without the seed, which the search chooses, and rivals."""
    return recipe.but(rivals=Rivals(), grid="uniform", grid_params=(), seed=0, members=1, path_mode="closed")


def warped(top: float, lowest: float, steps: int, rho: float) -> tuple[float, ...]:
    """`steps` levels from top to lowest, even in s^(1/rho), then 0."""
    levels = np.linspace(top ** (1 / rho), lowest ** (1 / rho), steps) ** rho
    return (top, *levels[1:].tolist(), 0.0)


@dataclass(eq=False)
class LevelSearch(PlanJob):
    """One search for the levels of a plan.

    Attributes:
        rows: the grids, judged, the best first; empty until then.
    """

    rows: tuple[JudgedGrid, ...] = ()

    def work(self) -> None:
        """Search, and judge what was found; a search that is stopped is judged too."""
        search = Search(self.plan, denoiser_of(self.plan), standard_grids(self.plan))
        try:
            for done in search.run():
                self.tell(done)
        except Stopped:
            if not math.isfinite(search.error):
                raise
        self.rows = tuple(search.judge())
