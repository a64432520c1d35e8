"""Ways back from coarse fields to fine ones, each judged on held-out fields whose block means alone were known.

The same block means go to all of them: as they are (the coarse field), to a conditional network, to SDEdit, that starts
an unconditional network from the coarse field noised to s* [Meng et al. 2022, arXiv 2108.01073; Hess et al. 2025], and
to the exact posterior of the Gaussian field with the spectrum of the training fields. The latter is given the block
means of the standardised field, for which it is exact.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.coarse import block_mean, coarse
from diffview.forward.noise import START, Noise, draw
from diffview.learning.sets import TrainingSet, complete, evenly
from diffview.models.cards import Card
from diffview.models.gaussian import fit_gaussian
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.guiding import partner_of
from diffview.runs.sampling import USUAL, Sampling, noise_schedule
from diffview.scores import metrics
from diffview.scores.calibration import Calibration, EnsembleCases, as_plain, calibrate, thresholds_for
from diffview.scores.exceedance import Neighbourhoods, fractions_skill
from diffview.scores.printed import aligned, short
from diffview.scores.scales import by_scale
from diffview.scores.tails import Tail, tail
from diffview.scores.verify import BATCH, CASES, MEMBERS, Downscaled, draw_ensembles

Array = NDArray[np.floating]
Progress = Callable[[float], None]

FADED = 0.5
"""k* is the smallest wavenumber at which the coarse field has less than this share of the power of the fine ones."""

MOST_FITTED = 1000
"""Training fields that the Gaussian law is fitted to, evenly picked."""


@dataclass(frozen=True, eq=False)
class Task:
    """Held-out fields of which the block means are known.

    Attributes:
        card: of the conditional network.
        plain: of the unconditional one of the same fields, or None.
        data: training and held-out fields through the card's transform.
        cases, members: how many fields, and members of each.
        sampling: how networks draw.
        device: torch device.
        progress: called with the share of a way that is done; it may raise to end it.
    """

    card: Card
    plain: Card | None
    data: TrainingSet
    cases: int = CASES
    members: int = MEMBERS
    sampling: Sampling = USUAL
    device: str = "cpu"
    progress: Progress = lambda share: None

    @cached_property
    def truth(self) -> Array:
        """The held-out fields, evenly picked, physical [n, ny, nx].

        Raises:
            UserError: if there is none without missing pixels.
        """
        held = self.data.held_out[complete(self.data.held_out)]
        if not len(held):
            raise UserError("No held-out field is complete.", "Hold out more, or take smaller crops.")
        return np.asarray(self.data.transform.inverse(evenly(held, self.cases)))

    @cached_property
    def made(self) -> Downscaled:
        """What the conditional network makes."""
        return draw_ensembles(self.card, self.truth, self.sampling, self.members, self.device, self.progress)

    @cached_property
    def given(self) -> Array:
        """The block means as fields, physical [n, ny, nx]."""
        factor = self.card.coarsen
        return np.asarray(block_mean(self.truth, factor).repeat(factor, axis=-2).repeat(factor, axis=-1))

    @cached_property
    def start_level(self) -> float:
        """s* = sqrt(P(k*)) of the standardised training fields, k* where they fade when only block means are left.

        Raises:
            UserError: if they fade nowhere.
        """
        fields = evenly(self.data.fields[complete(self.data.fields)], MOST_FITTED)
        fine = metrics.mean_spectrum(fields)
        faded = metrics.mean_spectrum(coarse(fields, self.card.transform, self.card.coarsen)) < FADED * fine
        if not faded.any():
            raise UserError("Coarse fields have all the power of fine ones at every scale.", "Coarsen them more.")
        return float(np.sqrt(fine[int(faded.argmax())]))


def _coarse(task: Task) -> Array:
    return task.given[None]


def _one(task: Task) -> Array:
    return task.made.finished[:1]


def _network(task: Task) -> Array:
    return task.made.finished


def _gaussian(task: Task) -> Array:
    """Members of the exact posterior given the block means of the standardised truth; see the module."""
    data, factor, transform = task.data, task.card.coarsen, task.card.transform
    law = fit_gaussian(evenly(data.fields[complete(data.fields)], MOST_FITTED)).embedded()
    ny, nx = data.shape
    rows, columns = law.shape[1:]
    blocks = np.eye(ny // factor * (nx // factor)).reshape(-1, ny // factor, nx // factor)
    spread = np.zeros((len(blocks), rows, columns))
    spread[:, :ny, :nx] = blocks.repeat(factor, axis=1).repeat(factor, axis=2) / factor**2
    across = np.fft.irfft2(np.fft.rfft2(spread) * law.power, s=(rows, columns))[:, :ny, :nx]
    gain = np.linalg.solve(block_mean(across, factor).reshape(len(blocks), -1), across.reshape(len(blocks), -1))
    members = np.empty((task.members, *task.truth.shape))
    for case, truth in enumerate(transform(task.truth)):
        numbers = range(case * task.members, (case + 1) * task.members)
        normals = np.stack([draw(task.sampling.seed, START, 0, m, (rows, columns)) for m in numbers])
        free = law.sample(normals.astype(np.float64))[:, :ny, :nx]
        misfit = (block_mean(truth[None], factor) - block_mean(free, factor)).reshape(task.members, -1)
        members[:, case] = transform.inverse(free + (misfit @ gain).reshape(free.shape))
        task.progress((case + 1) / len(task.truth))
    return members


def _sdedit(task: Task) -> Array:
    """Members of the unconditional network, started from the coarse field noised to s*."""
    from diffview.models.nets.adapter import Network

    assert task.plain is not None
    network, transform, top = Network.of(task.plain, task.device), task.plain.transform, task.start_level
    levels = make_levels(noise_schedule(task.plain), "karras", task.sampling.steps, top)
    starts = transform(task.given).repeat(task.members, axis=0)[:, None].astype(np.float32)
    drawn = []
    for first in range(0, len(starts), BATCH):
        some = starts[first : first + BATCH]
        noise = Noise(task.sampling.seed, some.shape, first)
        y = some + noise(START, 0) * np.float32(levels[0])
        for step in SAMPLERS[task.sampling.sampler].run(network, y, levels, noise, **task.sampling.params):
            y = step.y
        drawn.append(transform.inverse(np.asarray(y[:, 0], dtype=np.float32)))
        task.progress((first + len(some)) / len(starts))
    return np.concatenate(drawn).reshape(-1, task.members, *task.truth.shape[1:]).swapaxes(0, 1)


class Route(NamedTuple):
    """A way back: its title, what makes its members [M, n, ny, nx], and whether it needs the unconditional network."""

    title: str
    make: Callable[[Task], Array]
    plain: bool = False


ROUTES: dict[str, Route] = {
    "coarse": Route("coarse field", _coarse),
    "one": Route("one member", _one),
    "network": Route("network", _network),
    "gaussian": Route("gaussian, exact", _gaussian),
    "sdedit": Route("SDEdit at s*", _sdedit, True),
}
"""By key."""


@dataclass(frozen=True, eq=False)
class RouteScore:
    """What a way is worth.

    Attributes:
        route, title: key in ROUTES, and its title.
        members, cases: how many.
        crps: fair; of one member the absolute error; in units.
        spectrum: log-spectral distance of the members from the truth, dB.
        neighbourhoods: of each threshold.
        tail: quantiles of the members.
        calibration: all of an ensemble; None of one member.
    """

    route: str
    title: str
    members: int
    cases: int
    crps: float
    spectrum: float
    neighbourhoods: tuple[Neighbourhoods, ...]
    tail: Tail
    calibration: Calibration | None

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        made: dict[str, Any] = as_plain(self)
        return made


def task_of(card: Card, cards: dict[str, Card], data: TrainingSet, **how: Any) -> Task:
    """The task of a conditional network, with the unconditional one of the same fields, if there is one.

    Raises:
        UserError: if the network is not conditioned on block means.
    """
    if not card.coarsen:
        raise UserError(
            f"{card.name} is given nothing coarse.", "Name a network that was trained with a coarse condition."
        )
    partner = partner_of(card, cards)
    return Task(card, None if partner is None else cards[partner], data, **how)


def format_routes(scores: Sequence[RouteScore]) -> str:
    """What the ways are worth, as a table for the terminal."""
    first = scores[0]
    at = [(i, j) for i, one in enumerate(first.neighbourhoods) for j in sorted({0, min(2, len(one.widths) - 1)})]
    head = ["CRPS", "skill", "spread/skill", "by chance", "p of ranks", "90 %", "coherence", "spectrum", "q 0.999"]
    of = [(first.neighbourhoods[i].threshold, first.neighbourhoods[i].widths[j]) for i, j in at]
    table = [["", *head, *(f"FSS > {short(threshold)} at {width}" for threshold, width in of)]]
    for one in scores:
        table.append([
            one.title, short(one.crps), short(1 - one.crps / first.crps), *_ensemble_cells(one.calibration),
            short(one.spectrum), short(float(one.tail.values[-1])),
            *(short(float(one.neighbourhoods[i].scores[j])) for i, j in at),
        ])  # fmt: skip
    return "\n".join(aligned(table))


def _ensemble_cells(found: Calibration | None) -> list[str]:
    """Spread/skill, what it is by chance, p of the ranks, coverage in per cent, member-member less member-truth."""
    if found is None or found.dispersion is None or found.ranks is None:
        return ["-"] * 5
    spread, apart = found.dispersion, found.scales.among - found.scales.with_truth
    return [short(spread.ratio), spread.by_chance(short), short(found.ranks.p), short(100 * found.coverage[0.9]),
            f"{float(np.nanmean(apart)):+.2f}"]  # fmt: skip


def route_of(key: str, task: Task) -> Route:
    """A way of ROUTES.

    Raises:
        UserError: if there is no such way, or it lacks the unconditional network.
    """
    if key not in ROUTES:
        raise UserError(f"There is no way {key!r} back.", f"Choose of {', '.join(ROUTES)}.")
    if ROUTES[key].plain and task.plain is None:
        raise UserError(f"There is no unconditional network beside {task.card.name}.", f"Leave {key} out.")
    return ROUTES[key]


def score_route(key: str, task: Task, thresholds: Sequence[float] = ()) -> RouteScore:
    """Make the members of a way, and judge them.

    Args:
        key: of ROUTES.
        task: what is known and held out.
        thresholds: of the FSS, in units; none: those that suit the held-out fields, of every way the same.

    Raises:
        UserError: as `route_of`, or if no held-out field exceeds a threshold.
    """
    route, truth, units = route_of(key, task), task.truth, task.card.units
    thresholds = thresholds_for(truth, units, thresholds)
    members = route.make(task)
    found = None
    if len(members) > 1:
        climate = task.data.transform.inverse(task.data.fields[complete(task.data.fields)])
        cases = EnsembleCases(members, truth, task.given, climate, None, task.card.quantity, units)
        found = calibrate(cases, thresholds, task.sampling.seed)
    title = route.title if key != "network" else task.card.name
    return way_score(key, title, members, truth, thresholds, found, task.sampling.seed)


def way_score(
    key: str,
    title: str,
    members: Array,
    truth: Array,
    thresholds: Sequence[float],
    found: Calibration | None,
    seed: int,
) -> RouteScore:
    """What members [M, n, ny, nx] of a truth are worth; `found` of an ensemble, None of a single member."""
    scales = by_scale(members, truth)
    return RouteScore(
        key, title, len(members), len(truth), float(metrics.crps(members, truth).mean()),
        metrics.log_spectral_distance(scales.members, scales.truth),
        found.neighbourhoods if found is not None and thresholds
        else tuple(fractions_skill(members, truth, threshold) for threshold in thresholds),
        tail(members.reshape(-1, *truth.shape[1:]), seed=seed), found,
    )  # fmt: skip
