"""A race of samplers: how far from the truth each ends, for how many calls of the model.

All start from the same states y at one noise level. A sampler that draws no noise follows the probability-flow ODE,
whose end is known: in closed form for a Gaussian field, else from a fine run of Heun's method on the same model. One
that draws noise has no one end; it follows the reverse SDE along one Brownian path V(s^2), the step from s to s' taking
z = (V(s^2) - V(s'^2))/sqrt(s^2 - s'^2), whatever the grid. Its truth is a fine run of its own along the same path
(strong error). The error is the root mean square difference over all pixels and members, in standardised units.
"""

import math
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.fields.units import written
from diffview.forward.brownian import ForwardPath
from diffview.forward.noise import STEP, Noise, cast_like
from diffview.forward.schedules import Schedule
from diffview.models.capabilities import capabilities_of, lacks
from diffview.models.gaussian import Gaussian
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS, Denoise, Info, Step, sampler_params
from diffview.runs.facts import Facts
from diffview.runs.job import PlanJob
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import denoiser_of, on_device, start_state
from diffview.scores.level_search import warped

EVALUATIONS = (6, 10, 18, 34, 66, 130)
"""Calls of the model that a race is run for, where nothing else is asked."""

FINE, FEWEST_FINE = 4, 128
"""Steps of a fine run over those of the longest raced, and at least."""

RACERS = 4
"""Fields of a plan that race at once."""

RACE_SIDES = 64, 32, 16
"""Their sides, where the model does not say: larger ones race the same, slowly; smaller ones where land leaves few."""

EVEN_END = 0.05
"""Noise level at which a race without the last jump ends, where the schedule goes that low."""

REVERSE_PATHS = 2**32
"""Number of the first path that reverse runs follow: no forward path has so high a member."""

EXACT, FINE_RUN, OWN_RUN = "closed form", "fine Heun run", "fine run of its own on the same path"


@dataclass(frozen=True)
class Track:
    """What all runs have in common.

    Attributes:
        y: the start, [members, channels, ny, nx], at `top`.
        top: its noise level.
        schedule, grid, grid_params: which levels a run of N steps visits.
        seed: of the Brownian path.
        end: None: a run goes down to s = 0 on the levels of the grid; a number: to this level on levels uniform in
            ln s, without the last jump, so that the orders show.
    """

    y: Any
    top: float
    schedule: Schedule
    grid: str = "karras"
    grid_params: tuple[tuple[str, Any], ...] = ()
    seed: int = 0
    end: float | None = None

    def levels(self, steps: int) -> list[float]:
        """The levels of a run of this many steps, from `top`."""
        if self.end is not None:
            return [self.top, *np.geomspace(self.top, self.end, steps + 1)[1:].tolist()]
        levels = make_levels(self.schedule, self.grid, steps, self.top, **dict(self.grid_params))
        return [self.top, *levels[1:]]

    def fine(self, steps: int) -> list[float]:
        """Levels of a fine run."""
        if self.end is not None:
            return self.levels(steps)
        return list(warped(self.top, min(self.levels(steps)[-2], self.schedule.s_min) / 2, steps, 7.0))


@dataclass(frozen=True)
class Point:
    """One run: sampler, its steps and calls of the model, its error in standardised units, and what that is against."""

    sampler: str
    steps: int
    evaluations: int
    error: float
    seconds: float
    truth: str


class PathNoise:
    """The noise of a run along one Brownian path, on whatever levels; [members, channels, ny, nx] like `like`."""

    def __init__(self, seed: int, levels: Sequence[float], like: Any) -> None:
        members, *shape = like.shape
        self._levels, self._like, self._shape = levels, like, tuple(shape)
        self._paths = [_Path(seed, tuple(shape), "chain", REVERSE_PATHS + m) for m in range(members)]
        self._last: tuple[float, NDArray[np.float32]] | None = None

    def __call__(self, stream: int, index: int) -> Any:
        """Standard normals of a step, the increment of the path over it.

        Raises:
            UserError: for noise that is no step down the levels: a path does not say what it is.
        """
        if stream != STEP:
            raise UserError("It goes upwards on its way, which is no step along a path.", "Set that to 0.")
        high, low = self._levels[index], self._levels[index + 1]
        scale = np.float32(1 / math.sqrt(high * high - low * low))
        above = self._last[1] if self._last is not None and self._last[0] == high else self._at(high)
        self._last = low, self._at(low)
        return cast_like((above - self._last[1]) * scale, self._like)

    def _at(self, s: float) -> NDArray[np.float32]:
        return np.stack([path(s) for path in self._paths])


class _Path(ForwardPath):
    """A path that is walked from one end to the other needs few knots at a time."""

    CACHE_BYTES = 8 * 2**20


def steps_for(info: Info, params: Mapping[str, Any], evaluations: int, to_zero: bool = True) -> int:
    """Most steps that take at most so many calls of the model, at least 1; without the last to 0, which takes one."""
    more = 0 if to_zero else 1
    steps = 1
    while info.evaluations(steps + 1 + more, params) - more <= evaluations:
        steps += 1
    return steps


class Race:
    """A race; `run` yields as it goes on.

    Attributes:
        track: where all run.
        samplers: with their parameters, those that race.
        lost: why a sampler fell out, by key.
    """

    def __init__(
        self,
        denoise: Denoise,
        track: Track,
        samplers: Mapping[str, Mapping[str, Any]],
        evaluations: Sequence[int] = EVALUATIONS,
    ) -> None:
        """Set up; nothing is computed yet.

        Args:
            denoise: the model; for a `Gaussian` the truth is exact, and arrays race in double precision.
            track: where all run.
            samplers: keys of SAMPLERS with their parameters.
            evaluations: calls of the model; a run takes as many steps as they allow.

        Raises:
            UserError: if there is no such sampler or parameter, or a number of evaluations below 1.
        """
        if not samplers or not evaluations or min(evaluations) < 1:
            raise UserError("A race needs a sampler and numbers of evaluations from 1 on.", "Choose some.")
        self.samplers = {key: sampler_params(key, params) for key, params in samplers.items()}
        self.lost = {key: why for key, params in self.samplers.items() if (why := why_not(denoise, key, params))}
        if isinstance(denoise, Gaussian) and isinstance(track.y, np.ndarray):
            track = replace(track, y=track.y.astype(np.float64))
        self._denoise, self.track = denoise, track
        self._runs = [
            (key, steps_for(SAMPLERS[key], self.samplers[key], most, track.end is None))
            for most in sorted(set(evaluations))
            for key in self.samplers
            if key not in self.lost
        ]
        if not self._runs:
            raise UserError(next(iter(self.lost.values())), "Choose other samplers.")
        self._runs = list(dict.fromkeys(self._runs))
        most = max(steps for _, steps in self._runs)
        self._fine = max(FEWEST_FINE, FINE * most)
        self._done, self._work = 0, 1

    @property
    def exact(self) -> bool:
        """Whether the end of the ODE is known in closed form."""
        return isinstance(self._denoise, Gaussian)

    def run(self) -> Iterator[tuple[float, Point | None]]:
        """Run all, the shortest first: the share that is done, and the run that has just ended, if one has.

        The caller may stop at any time.
        """
        self._done = 0
        truths = yield from self._find_truths()
        for key, steps in self._runs:
            if key not in truths:
                self._done += steps
                continue
            truth, name = truths[key]
            started = time.perf_counter()
            last = yield from self._walk(key, self.track.levels(steps))
            seconds = time.perf_counter() - started
            apart = last.y - truth
            off = math.sqrt(float((apart * apart).mean()))
            yield self._share(), Point(key, steps, last.evaluations, off, seconds, name)

    def _find_truths(self) -> Generator[tuple[float, None], None, dict[str, tuple[Any, str]]]:
        """Where each sampler should end, and what says so."""
        racing = {key: params for key, params in self.samplers.items() if key not in self.lost}
        drawing = [key for key, params in racing.items() if SAMPLERS[key].draws(params)]
        still = [key for key in racing if key not in drawing]
        fine = self.track.fine(self._fine)
        runs = len(drawing) + (bool(still) and not self.exact)
        self._work = runs * self._fine + sum(steps for _, steps in self._runs)
        truths: dict[str, tuple[Any, str]] = {}
        if still and isinstance(self._denoise, Gaussian):
            y, track = self.track.y, self.track
            end = self._denoise.flow(to_numpy(y), track.top, track.end or 0.0)
            truths |= dict.fromkeys(still, (cast_like(end, y), EXACT))
        elif still:
            last = yield from self._walk("heun", fine)
            truths |= dict.fromkeys(still, (last.y, FINE_RUN))
        for key in drawing:
            try:
                last = yield from self._walk(key, fine)
            except UserError as error:
                self.lost[key] = f"{error.sentence} {error.hint}"
            else:
                truths[key] = last.y, OWN_RUN
        return truths

    def _walk(self, key: str, levels: list[float]) -> Generator[tuple[float, None], None, Step]:
        """The last step of a run on these levels."""
        y, info = self.track.y, SAMPLERS[key]
        params = self.samplers[key] if key in self.samplers else sampler_params(key, {})
        along = info.draws(params)
        noise = PathNoise(self.track.seed, levels, y) if along else Noise(self.track.seed, tuple(y.shape), like=y)
        steps = info.run(self._denoise, y, levels, noise, **params)
        last = next(steps)
        for step in steps:
            last = step
            self._done += 1
            yield self._share(), None
        return last

    def _share(self) -> float:
        return min(1.0, self._done / self._work)


def why_not(denoise: Denoise, key: str, params: Mapping[str, Any]) -> str:
    """Why a sampler cannot race on a model; "" if it can."""
    info = SAMPLERS[key]
    if info.path is not None:
        return f"{info.title} goes upwards on its way, which is no step along a path."
    refusal = lacks(info, params, "the model", capabilities_of(denoise))
    return "" if refusal is None else refusal.sentence


def error_size(transform: Transform, units: str) -> tuple[float, str]:
    """What one standardised unit of error is, and in which units; it has one size where the transform is linear."""
    return (transform.std, units) if transform.linear and units else (1.0, "standard deviations")


# -- of a recipe


def race_plan(recipe: Recipe, facts: Facts, region: Region) -> Plan:
    """A plan that can be raced on: in the middle of a region, of at most 64 x 64 pixels.

    Of less where no larger crops can be fitted to.

    Raises:
        UserError: if there are none at all.
    """
    fault: UserError | None = None
    for side in RACE_SIDES:
        ny, nx = min(region.ny, side), min(region.nx, side)
        middle = Region(region.row + (region.ny - ny) // 2, region.column + (region.nx - nx) // 2, ny, nx)
        try:
            plan = resolve(recipe.but(members=RACERS, fork=None, region=middle), facts)
        except UserError as error:
            fault = error
        else:
            if plan.refusal is None:
                return plan
            fault = plan.refusal
    assert fault is not None
    raise fault


def even_end(plan: Plan) -> float:
    """The noise level at which a race of a plan ends that shows the orders, without the last jump."""
    lowest = max(EVEN_END, plan.recipe.course.schedule.s_min, 0.0 if plan.card is None else plan.card.noise_range[0])
    return min(lowest, plan.levels[0] / 2)


def plan_race(plan: Plan, samplers: Sequence[str], evaluations: Sequence[int], end: float | None = None) -> Race:
    """The race of a plan: on its model and levels, from its start; `end` is that of its `Track`.

    Raises:
        UserError: if the plan cannot be run, or there is nothing to race.
    """
    course = plan.recipe.course
    y = on_device(start_state(plan), plan.device)
    track = Track(y, plan.levels[0], course.schedule, course.grid, course.grid_params, course.seed, end)
    return Race(denoiser_of(plan), track, {key: {} for key in samplers}, evaluations)


@dataclass(frozen=True)
class RaceRequest:
    """What to race: samplers, calls of the model, on the run's levels or (`even`) on log-uniform ones."""

    samplers: tuple[str, ...]
    evaluations: tuple[int, ...]
    exact: bool
    even: bool


@dataclass(eq=False)
class RaceRun(PlanJob):
    """One race.

    Attributes:
        plan: whose model, start and levels it is about.
        points: the runs that have ended.
        lost: why samplers fell out, by key.
        units: what one standardised unit of error is, and in which units.
    """

    request: RaceRequest
    units: tuple[float, str]
    points: tuple[Point, ...] = ()
    lost: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: RaceRequest, recipe: Recipe, facts: Facts, region: Region) -> "RaceRun":
        """The race in a region with the model of a recipe, or where `exact` with the Gaussian prior.

        Raises:
            UserError: as `race_plan`.
        """
        plan = race_plan(recipe.but(model="gaussian") if request.exact else recipe, facts, region)
        units = facts.field.units if plan.card is None else plan.card.units
        return cls(plan, request, error_size(plan.made_in, written(units)))

    @property
    def end(self) -> float | None:
        """Noise level at which it ends; None: on the run's levels, at 0."""
        return even_end(self.plan) if self.request.even else None

    @property
    def mark(self) -> Any:
        """What there is to show, and how many runs have ended."""
        return super().mark, len(self.points)

    def work(self) -> None:
        """Race; what has ended when it is stopped is kept."""
        race = plan_race(self.plan, self.request.samplers, self.request.evaluations, self.end)
        for done, point in race.run():
            self.lost = dict(race.lost)
            if point is not None:
                self.points = (*self.points, point)
            self.tell(done)
