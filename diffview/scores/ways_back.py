"""Ways back from one coarse field, beside one another: by SDEdit from t*, by operator, by a network, exactly.

The region is coarsened to means over k x k pixels, or is so coarse as it lies there. SDEdit starts a run from it with
noise put in, up to s [Meng et al. 2022, arXiv 2108.01073]: the more noise, the more of the fine scales is made anew and
the less of the coarse ones is kept. Three levels are offered: where the spectra part [Hess et al. 2025,
arXiv 2403.02774], and of a few that are tried the one nearest to the fine spectrum and the one that keeps means best.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.coarse import block_mean, coarse
from diffview.models.choice import mismatch
from diffview.runs.engine import load_engine
from diffview.runs.facts import Facts
from diffview.runs.guiding import partner_of
from diffview.runs.in_blocks import last_steps, physical_of
from diffview.runs.instruments import Instrument
from diffview.runs.job import Job
from diffview.runs.plan import Plan
from diffview.runs.recipe import Guidance, Recipe
from diffview.runs.resolve import resolve
from diffview.scores import metrics
from diffview.scores.printed import aligned, short
from diffview.scores.scales import ByScale, by_scale

Array = NDArray[np.float64]
Progress = Callable[[float], None]

FACTORS = 2, 16
"""Pixels a side that become one: the least and the most."""

FADED = 0.5
"""The spectra part where the coarse field has less than this share of the power of the fine one."""

TRIED, TRIED_MEMBERS = 7, 4
"""Noise levels that are tried, evenly in ln s, and members of each."""

LOWEST, HIGHEST = 1 / 8, 8.0
"""The levels that are tried, in those where the spectra part."""

ERROR = 0.02
"""Error of the block means that an operator observes, in standard deviations of the region."""


@dataclass(frozen=True, eq=False)
class CoarseTask:
    """One coarse field, and how it is brought back.

    Attributes:
        plan: of the region, with the model in force.
        facts: of the field.
        factor: pixels a side of a block.
        members: of each way.
        level: noise level s from which SDEdit starts; None: where the spectra part.
    """

    plan: Plan
    facts: Facts
    factor: int
    members: int = 16
    level: float | None = None

    def check(self) -> None:
        """Refuse what cannot be brought back.

        Raises:
            UserError: if field, region, blocks, members or level are none with which this can be done.
        """
        if self.plan.recipe.source.refine > 1:
            raise UserError(
                "The field is coarse as it is, and there is no fine one to bring back.",
                "Give it to a conditional network, or start a run from it.",
            )
        low, high = FACTORS
        if not low <= self.factor <= high:
            raise UserError(f"Blocks of {self.factor} pixels a side are not made.", f"Choose {low} to {high}.")
        block_mean(self.plan.x0, self.factor)
        if np.isnan(self.plan.x0).any():
            raise UserError("The region has missing pixels, whose block means nobody knows.", "Move the region.")
        if self.members < 2:
            raise UserError("One member has no spread.", "Ask for 16 members.")
        highest = float(self.plan.recipe.course.schedule.noise_level(1.0))
        if self.level is not None and not 0 < self.level <= highest:
            raise UserError(f"SDEdit cannot start from s = {self.level:g}.", f"Choose s above 0, up to {highest:.3g}.")

    @property
    def truth(self) -> Array:
        """The region itself, physical [ny, nx]."""
        return self.plan.transform.inverse(self.plan.x0)

    @property
    def start(self) -> NDArray[np.float32]:
        """The coarse field, standardised [ny, nx]: its means are of physical values."""
        return np.asarray(coarse(self.plan.x0[None], self.plan.transform, self.factor)[0], np.float32)

    @property
    def given(self) -> Array:
        """The coarse field, physical [ny, nx]."""
        means = block_mean(self.truth, self.factor)
        return np.asarray(means.repeat(self.factor, axis=0).repeat(self.factor, axis=1))

    @property
    def parting(self) -> float:
        """s* = sqrt(P(k*)), k* the smallest wavenumber at which the coarse field has lost half of its power.

        Raises:
            UserError: if it has lost it nowhere.
        """
        fine, left = (metrics.mean_spectrum(field[None]) for field in (self.plan.x0, self.start))
        faded = left < FADED * fine
        if not faded.any():
            raise UserError("The coarse field has all the power of the fine one at every scale.", "Coarsen it more.")
        return float(np.sqrt(fine[int(faded.argmax())]))

    def bare(self, **values: Any) -> Recipe:
        """The recipe of the plan without what it is guided by, for so many members, with these values."""
        kept = {"weight": 1.0, "observe": "", "observe_params": (), "hidden": Guidance().hidden, "instruments": ()}
        more = {"members": self.members, "first_member": 0, "statistics": "", "fork": None, "region": self.plan.region}
        return self.plan.recipe.but(**{**kept, **more, **values})

    def low_pass_error(self, members: Array) -> float:
        """Root mean square of the block means of members [M, ny, nx] less those that were given, in units."""
        means = block_mean(members, self.factor) - block_mean(self.truth, self.factor)
        return float(np.sqrt(np.square(means).mean()))

    def distance(self, members: Array) -> float:
        """Log-spectral distance of members [M, ny, nx] from the fine field, in standardised units, dB."""
        made = metrics.mean_spectrum(self.plan.transform(members))
        return metrics.log_spectral_distance(made, metrics.mean_spectrum(self.plan.x0[None]))


# -- the ways


def unconditional(task: CoarseTask) -> str:
    """The model of SDEdit and of operators: the one in force, or the partner of a network that is given block means.

    Raises:
        UserError: if there is no such partner.
    """
    name, card = task.plan.recipe.denoiser.model, task.plan.card
    if card is None or not card.coarsen:
        return name
    if (partner := partner_of(card, dict(task.facts.cards))) is None:
        raise UserError(f"There is no unconditional network beside {name}.", "Choose another model.")
    return partner


def sdedit_plan(task: CoarseTask, level: float | None = None, members: int | None = None) -> Plan:
    """The run from the coarse field with noise put in up to a level; None: that of the task."""
    s = level or task.level or task.parting
    recipe = task.bare(model=unconditional(task), origin="field", level=s, members=members or task.members)
    return replace(resolve(recipe, task.facts), x0=task.start)


def _operator_plan(task: CoarseTask) -> Plan:
    return resolve(task.bare(model=unconditional(task), instruments=_means(task), origin="noise"), task.facts)


def _exact_plan(task: CoarseTask) -> Plan:
    return resolve(task.bare(model="gaussian", instruments=_means(task), solver="exact", origin="noise"), task.facts)


def _means(task: CoarseTask) -> tuple[Instrument, ...]:
    """The block means as an instrument sees them."""
    error = ERROR * (float(task.truth.std()) or 1.0)
    return (Instrument("blocks", error, (("size", task.factor),)),)


def _network_plan(task: CoarseTask) -> Plan:
    """The run of a network that was trained to be given such block means: the one in force, or any that fits.

    Raises:
        UserError: if there is none, or no torch.
    """
    region, own = task.plan.region, task.plan.recipe.denoiser.model
    fitting = [
        name
        for name, card in task.facts.cards.items()
        if card.coarsen == task.factor
        and card.shape[1:] == (region.ny, region.nx)
        and not mismatch(card, task.facts.field)
    ]
    if not fitting:
        raise UserError(
            f"No network here was trained to be given means over {task.factor} × {task.factor} pixels of this quantity "
            f"on {region.ny} × {region.nx} pixels.",
            "Train one with --coarsen.",
        )
    load_engine().device("cpu")  # refused where torch is not installed
    return resolve(task.bare(model=own if own in fitting else fitting[0], origin="noise"), task.facts)


WAYS: Mapping[str, tuple[str, Callable[[CoarseTask], Plan]]] = {
    "sdedit": ("SDEdit", sdedit_plan),
    "operator": ("by operator", _operator_plan),
    "network": ("conditional network", _network_plan),
    "exact": ("gaussian, exact", _exact_plan),
}
"""Title, and the plan of the run, by key."""


def made_by(plan: Plan, progress: Progress) -> Array:
    """The members of a plan, physical [M, ny, nx].

    Raises:
        UserError: if it cannot be run.
    """
    return np.concatenate([physical_of(plan, step.y) for step in last_steps(plan, progress=progress)])


@dataclass(frozen=True, eq=False)
class WayBack:
    """What a way back is worth for one field.

    Attributes:
        key, title: of the way.
        members: physical [M, ny, nx].
        crps, spread_skill: fair, over all pixels, beside the truth.
        low_pass: root mean square error of the block means, in units.
        distance: log-spectral distance of the members from the truth, dB.
        scales: spread and error by scale.
    """

    key: str
    title: str
    members: Array
    crps: float
    spread_skill: float
    low_pass: float
    distance: float
    scales: ByScale

    @property
    def off(self) -> float:
        """The error of the block means; 0 below a millionth of the CRPS, where it is the rounding of float32 alone."""
        return self.low_pass if self.low_pass > 1e-6 * self.crps else 0.0


def judged(task: CoarseTask, key: str, title: str, members: Array) -> WayBack:
    """What members are worth beside the region itself."""
    truth = task.truth
    ratio = metrics.spread_skill(members, truth).ratio if len(members) > 1 else float("nan")
    scales = by_scale(members[:, None], truth[None], task.facts.field.pixel_km)
    crps, low_pass = float(metrics.crps(members, truth).mean()), task.low_pass_error(members)
    return WayBack(key, title, members, crps, ratio, low_pass, task.distance(members), scales)


# -- from which level


class TriedLevel(NamedTuple):
    """A noise level s that was tried, its t, the log-spectral distance to the fine field and the low-pass error."""

    s: float
    t: float
    distance: float
    low_pass: float


class Offered(NamedTuple):
    """A level that is offered: its key, what it is called, s and t."""

    key: str
    title: str
    s: float
    t: float


def try_levels(task: CoarseTask, progress: Progress = lambda share: None) -> list[TriedLevel]:
    """Members from a few levels around the one where the spectra part, falling."""
    schedule, middle = task.plan.recipe.course.schedule, task.parting
    top = min(HIGHEST * middle, float(schedule.noise_level(1.0)))
    tried = []
    for i, s in enumerate(np.geomspace(top, LOWEST * middle, TRIED).tolist()):
        plan = sdedit_plan(task, s, min(TRIED_MEMBERS, task.members))
        members = made_by(plan, lambda share, i=i: progress((i + share) / TRIED))  # type: ignore[misc]
        t = float(schedule.t_of(s))
        tried.append(TriedLevel(s, t, task.distance(members), task.low_pass_error(members)))
    return tried


def offered(task: CoarseTask, tried: list[TriedLevel]) -> tuple[Offered, ...]:
    """The three levels that are offered."""
    parting = task.parting
    nearest, kept = (min(tried, key=lambda one: getattr(one, name)) for name in ("distance", "low_pass"))
    return (
        Offered("parting", "spectra part", parting, float(task.plan.recipe.course.schedule.t_of(parting))),
        Offered("distance", "nearest spectrum", nearest.s, nearest.t),
        Offered("low_pass", "block means kept best", kept.s, kept.t),
    )


@dataclass(eq=False)
class WaysBack:
    """All ways back from one coarse field.

    Attributes:
        task: the field.
        keys: of the ways.
        tried, offered: noise levels, once they have been tried; they are not tried again where they are given.
        ways: those that are done, the coarse field itself first.
        refused: why another one cannot be gone, by its key.
    """

    task: CoarseTask
    keys: tuple[str, ...] = tuple(WAYS)
    tried: tuple[TriedLevel, ...] = ()
    offered: tuple[Offered, ...] = ()
    ways: tuple[WayBack, ...] = ()
    refused: tuple[tuple[str, str], ...] = ()

    def go(self, progress: Progress = lambda share: None) -> None:
        """Try levels, go every way, and judge it; `progress` is called with the share done, and may raise to end it.

        Raises:
            UserError: if the region cannot be made coarse.
        """
        task, begun = self.task, int(not self.tried)
        task.check()
        parts = len(self.keys) + begun
        if not self.tried:
            self.tried = tuple(try_levels(task, lambda share: progress(share / parts)))
        self.offered = offered(task, list(self.tried))
        self.ways = (judged(task, "coarse", "coarse field", task.given[None]),)
        for i, key in enumerate(self.keys, begun):
            self._go(key, lambda share, i=i: progress((i + share) / parts))  # type: ignore[misc]

    def _go(self, key: str, progress: Progress) -> None:
        title, plan_of = WAYS[key]
        try:
            plan = plan_of(self.task)
            members = made_by(plan, progress)
        except UserError as error:
            self.refused = (*self.refused, (key, f"{title}: {error}"))
            return
        title = plan.recipe.denoiser.model if key == "network" else title
        self.ways = (*self.ways, judged(self.task, key, title, members))


@dataclass(eq=False)
class GoingBack(Job):
    """The same, beside the window."""

    back: WaysBack

    @property
    def network(self) -> bool:
        """Whether the model in force is a network."""
        return self.back.task.plan.card is not None

    @property
    def mark(self) -> Any:
        """What differs whenever there is something new to show."""
        return super().mark, len(self.back.ways), len(self.back.offered)

    def work(self) -> None:
        """Go."""
        self.back.go(self.tell)


def format_ways(back: WaysBack, units: str) -> str:
    """The ways as a table for the terminal, and the levels below it."""
    head = ["", f"CRPS, {units}", "spread/skill", f"block means off by, {units}", "spectrum, dB"]
    rows = [
        [one.title, *(short(value) for value in (one.crps, one.spread_skill, one.off, one.distance))]
        for one in back.ways
    ]
    levels = [f"{one.title}: t* {one.t:.3f}, s* {one.s:.3g}" for one in back.offered]
    return "\n".join([*aligned([head, *rows]), "", *levels, *(why for _, why in back.refused)])


def plain_ways(back: WaysBack) -> dict[str, Any]:
    """All of it as JSON can hold it, without the members."""
    curves = ("k", "members", "truth", "spread", "error")
    return {
        "factor": back.task.factor,
        "levels": [one._asdict() for one in back.tried],
        "offered": [one._asdict() for one in back.offered],
        "ways": [
            {
                **{name: finite(getattr(one, name)) for name in ("crps", "spread_skill", "low_pass", "distance")},
                "way": one.key, "title": one.title, "members": len(one.members),
                "scales": {name: [finite(v) for v in getattr(one.scales, name)] for name in curves},
            }
            for one in back.ways
        ],
        "refused": dict(back.refused),
    }  # fmt: skip


def finite(value: float) -> float | None:
    """A number, or None where there is none."""
    return float(value) if np.isfinite(value) else None
