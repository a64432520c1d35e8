"""A scoreboard: schedules x grids x samplers x steps of one model, scored on held-out fields.

The held-out fields are parted, in the order of space or time, into those that runs are scored against and others. The
row "another real sample" scores the others in the place of a run: what it has is as good as any run can be told to be.

Of a run: the log-spectral distance in dB; quantiles of all pixels minus those of the held-out fields, in their units;
wet pixels minus theirs, in points; the seconds and calls of the model it took; and where there is a truth, a condition
or a start from it, the fair CRPS of members against it, mean over all pixels, in units of the field.
"""

import csv
import io
import math
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import UserError
from diffview.forward.lint import Signal
from diffview.forward.noise import START, Noise, cast_like
from diffview.forward.schedules import Schedule
from diffview.learning.sets import FEWEST, evenly
from diffview.models.capabilities import capabilities_of, lacks
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS, sampler_params
from diffview.runs.job import Job
from diffview.runs.values import Settings
from diffview.scores import metrics
from diffview.scores.generated import wet_threshold
from diffview.scores.printed import aligned, short
from diffview.scores.subject import Subject
from diffview.scores.verify import BATCH

Array = NDArray[np.float32]

ANOTHER = "another real sample"
SAMPLES, MEMBERS = 32, 4
"""Fields that a row makes, and of those with one truth."""

MOST_REAL = 256
"""Held-out fields that are scored against, evenly picked."""

MOST_ROWS = 1000


@dataclass(frozen=True)
class Combination:
    """One way to run: schedule, grid, sampler, steps; settings of grid and sampler are their defaults but for those."""

    schedule: Schedule
    grid: str
    sampler: str
    steps: int
    grid_params: Settings = ()
    sampler_params: Settings = ()


@dataclass(frozen=True)
class BoardRow:
    """One line of the board; None where there is no number.

    Attributes:
        what: "run", or ANOTHER.
        schedule, grid, sampler: keys; "" for real fields.
        steps, evaluations: of a run; calls of the model for one batch.
        spectrum: log-spectral distance, dB.
        q50, q90, q99, q999: quantiles minus those of the held-out fields, in units of the field.
        wet: wet pixels minus theirs, points.
        crps: of members against the truth, in units of the field.
        seconds: that drawing took.
        why: why there are no scores, or "".
    """

    what: str
    schedule: str = ""
    grid: str = ""
    sampler: str = ""
    steps: int | None = None
    evaluations: int | None = None
    spectrum: float | None = None
    q50: float | None = None
    q90: float | None = None
    q99: float | None = None
    q999: float | None = None
    wet: float | None = None
    crps: float | None = None
    seconds: float | None = None
    why: str = ""


COLUMNS = tuple(field.name for field in fields(BoardRow))


def combinations(
    schedules: Sequence[Schedule], grids: Sequence[str], samplers: Sequence[str], steps: Sequence[int]
) -> list[Combination]:
    """All ways to run, in order.

    Raises:
        UserError: if there are none, or more than 1000.
    """
    ways = [Combination(*parts) for parts in product(schedules, grids, samplers, steps)]
    if not 0 < len(ways) <= MOST_ROWS:
        raise UserError(
            f"A scoreboard of {len(ways)} runs cannot be made.",
            f"Choose schedules, grids, samplers and steps for 1 to {MOST_ROWS} of them.",
        )
    return ways


@dataclass(frozen=True)
class Draw:
    """What each way of running makes.

    Attributes:
        samples: fields.
        members: of them with one truth, where there is one.
        start_level: noise level at which held-out fields are started from; None: from noise.
        seed: of all noise.
    """

    samples: int = SAMPLES
    members: int = MEMBERS
    start_level: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if self.samples < 1 or self.members < 1:
            raise UserError(f"{self.samples} samples of {self.members} members cannot be drawn.", "Draw at least one.")
        if self.start_level is not None and not 0 < self.start_level < math.inf:
            raise UserError(f"A run cannot start at s = {self.start_level:g}.", "Choose a noise level above 0.")


DRAW = Draw()


@dataclass(frozen=True, eq=False)
class Parts:
    """What the scores of a row are made of, field by field.

    Attributes:
        powers: the spectrum of every field [n, n_k], standardised units squared.
        crps: of every case, in units of the field [cases]; None without a truth.
    """

    powers: NDArray[np.float64]
    crps: NDArray[np.float64] | None = None


class Scoreboard:
    """The rows of one model; `run` yields them as they are finished.

    Attributes:
        parts: of the rows that have scores, by their number.
        real: spectra of the held-out fields that are scored against [n, n_k].
        signal: the power of these fields at every scale.
    """

    def __init__(self, subject: Subject, ways: Sequence[Combination], draw: Draw = DRAW) -> None:
        """Set up; nothing is computed yet.

        Args:
            subject: the model, and its data, of which `held_out` is scored against.
            ways: how to run; none starts above the noise that the model was trained on.
            draw: what each makes.

        Raises:
            UserError: if there are too few held-out fields, or nothing to draw.
        """
        data = subject.data
        if len(data.held_out) < 2 * FEWEST:
            raise UserError(
                f"There are {len(data.held_out)} held-out fields; a scoreboard needs {2 * FEWEST}: "
                "to score against, and another real sample.",
                "Hold out more, or take smaller crops.",
            )
        self._subject, self._data, self._ways, self._draw = subject, data, tuple(ways), draw
        half = len(data.held_out) // 2
        real, others = data.held_out[:half], data.held_out[half:]
        self._truth: Array | None = None
        self._count = draw.samples
        if data.coarsen > 0 or draw.start_level is not None:
            self._truth = evenly(real, max(1, draw.samples // draw.members))
            self._count = len(self._truth) * draw.members
        self._others = evenly(others, self._count)
        self._real = data.transform.inverse(evenly(real, MOST_REAL))
        self._wet = wet_threshold(data.units, self._real)
        standardised = data.transform(self._real)
        self.real = metrics.spectra(standardised)
        self._spectrum = metrics.mean_of(self.real)
        means = np.nanmean(standardised, axis=(1, 2), dtype=np.float64)
        unit = abs(float(data.transform.inverse(1.0)) - float(data.transform.inverse(0.0)))
        pixels = int(np.prod(data.shape))
        self.signal = Signal(self._spectrum, math.sqrt(float(np.mean(means**2))), pixels, unit, data.units)
        self.parts: dict[int, Parts] = {}

    def run(self) -> Iterator[tuple[float, BoardRow | None]]:
        """The share that is done, and the row that has just been finished, if one has; the caller may stop at any time.

        The first row is that of real fields.
        """
        self._warm()
        yield 0.0, self._scored(BoardRow(ANOTHER), 0, self._others, self._climate())
        for number, way in enumerate(self._ways):
            row = BoardRow("run", way.schedule.key, way.grid, way.sampler, way.steps)
            started = time.perf_counter()
            try:
                made = yield from self._drawn(way, number)
            except UserError as error:
                row = replace(row, why=error.sentence)
            else:
                drawn, evaluations = made
                row = replace(row, evaluations=evaluations, seconds=time.perf_counter() - started)
                row = self._scored(row, number + 1, drawn, drawn)
            yield (number + 1) / len(self._ways), row

    def _warm(self) -> None:
        """Load the model and call it once, so that no run pays for that."""
        if not self._data.coarsen:
            y = Noise(0, (min(BATCH, self._count), 1, *self._data.shape), like=self._subject.like)(START, 0)
            self._subject.make(None)(y, 1.0)

    def _climate(self) -> Array | None:
        """Other real fields as the members of every case: what is known without a model."""
        if self._truth is None:
            return None
        rng = np.random.default_rng(self._draw.seed)
        return self._others[rng.integers(0, len(self._others), self._count)]

    def _drawn(self, way: Combination, number: int) -> Generator[tuple[float, None], None, tuple[Array, int]]:
        """Standardised fields [n, ny, nx] that a way of running makes, and the calls of the model for a batch.

        With a truth, member after member of the first case, then of the second, ...
        """
        params = sampler_params(way.sampler, dict(way.sampler_params))
        levels = self.levels(way)
        places = SAMPLERS[way.sampler].places(len(levels) - 1, params)
        truth = None if self._truth is None else self._truth.repeat(self._draw.members, axis=0)
        drawn, evaluations = [], 0
        for first in range(0, self._count, BATCH):
            some = slice(first, min(first + BATCH, self._count))
            shape = (some.stop - first, 1, *self._data.shape)
            condition = None
            if truth is not None and (blocks := self._data.condition(truth[some])) is not None:
                condition = np.nan_to_num(blocks)
            denoise = self._subject.make(condition)
            if (refusal := lacks(SAMPLERS[way.sampler], params, "the model", capabilities_of(denoise))) is not None:
                raise refusal
            noise = Noise(self._draw.seed, shape, first, like=self._subject.like)
            y = noise(START, 0) * levels[0]
            if truth is not None and self._draw.start_level is not None:
                y = y + cast_like(np.nan_to_num(truth[some])[:, None], self._subject.like)
            for step in SAMPLERS[way.sampler].run(denoise, y, levels, noise, **params):
                y, evaluations = step.y, step.evaluations
                share = (first + step.index / len(places) * shape[0]) / self._count
                yield (number + min(1.0, share)) / len(self._ways), None
            finished = getattr(denoise, "finished", None)
            drawn.append(to_numpy(y if finished is None else finished(y))[:, 0])
        made = np.concatenate(drawn)
        if self._data.mask is not None:
            made[:, self._data.mask] = np.nan
        return made, evaluations

    def levels(self, way: Combination) -> list[float]:
        """The noise levels of a run: no higher than the schedule, the start and what the model was trained on."""
        trained = self._subject.noise_range
        limits = [way.schedule.s_max, self._draw.start_level, None if trained is None else trained[1]]
        top = min(limit for limit in limits if limit is not None)
        return make_levels(way.schedule, way.grid, way.steps, top, **dict(way.grid_params))

    def _scored(self, row: BoardRow, number: int, drawn: Array, members: Array | None) -> BoardRow:
        """The row, by its number, with the scores of standardised fields, and of members of the cases."""
        if not np.isfinite(drawn[~np.isnan(drawn)]).all() or np.isnan(drawn).all():
            return replace(row, why="It gave values that are not finite.")
        back = self._data.transform.inverse
        physical = back(drawn)
        apart = metrics.quantiles(physical) - metrics.quantiles(self._real)
        names = ("q50", "q90", "q99", "q999")
        measured: dict[str, float] = dict(zip(names, (float(q) for q in apart), strict=True))
        powers, by_case = metrics.spectra(self._data.transform(physical)), None
        measured["spectrum"] = metrics.log_spectral_distance(metrics.mean_of(powers), self._spectrum)
        if self._wet is not None:
            wet = metrics.wet_pixel_fraction(physical, self._wet) - metrics.wet_pixel_fraction(self._real, self._wet)
            measured["wet"] = 100 * wet
        if members is not None and self._truth is not None:
            ensemble = back(members).reshape(len(self._truth), self._draw.members, *self._data.shape).swapaxes(0, 1)
            crps = metrics.crps(ensemble, back(self._truth))
            measured["crps"], by_case = float(np.nanmean(crps)), np.nanmean(crps, axis=(1, 2))
        self.parts[number] = Parts(powers, by_case)
        known: dict[str, Any] = {name: value for name, value in measured.items() if math.isfinite(value)}
        return replace(row, **known)


@dataclass(eq=False)
class BoardRun(Job):
    """One scoreboard.

    Attributes:
        name: of the model.
        subject: cuts the fields, and fits or loads the model.
        of_network: whether that is a network.
        rows: those that are finished.
        units: of the field.
        split: how the held-out fields were kept apart.
        board: what makes the rows, once there are fields.
    """

    name: str
    subject: Callable[[], Subject]
    ways: Sequence[Combination]
    draw: Draw
    of_network: bool
    rows: tuple[BoardRow, ...] = ()
    units: str = ""
    split: str = ""
    board: Scoreboard | None = None

    @property
    def network(self) -> bool:
        """Whether the model is a network."""
        return self.of_network

    @property
    def mark(self) -> Any:
        """What there is to show, and how many rows."""
        return super().mark, len(self.rows)

    def work(self) -> None:
        """Score; the rows that are finished when it is stopped are kept."""
        subject = self.subject()
        self.units, self.split = subject.data.units, subject.data.split
        self.board = Scoreboard(subject, self.ways, self.draw)
        for done, row in self.board.run():
            if row is not None:
                self.rows = (*self.rows, row)
            self.tell(done)


def to_csv(rows: Sequence[BoardRow], units: str) -> str:
    """The rows as CSV, numbers in full; the columns in units of the field say so."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([f"{name} ({unit})" if (unit := unit_of(name, units)) else name for name in COLUMNS])
    for row in rows:
        writer.writerow(["" if value is None else value for value in astuple(row)])
    return out.getvalue()


def to_plain(rows: Sequence[BoardRow], units: str) -> dict[str, Any]:
    """The rows as JSON has them."""
    return {"units": units, "rows": [asdict(row) for row in rows]}


def unit_of(column: str, units: str) -> str:
    """The unit of a column of a board of fields in `units`."""
    fixed: Mapping[str, str] = {"spectrum": "dB", "wet": "points", "seconds": "s"}
    return units if column in ("q50", "q90", "q99", "q999", "crps") else fixed.get(column, "")


def to_lines(rows: Sequence[BoardRow], units: str) -> list[str]:
    """The rows as an aligned table for the terminal, a heading above it."""
    shown = [name for name in COLUMNS if name not in ("what", "why")]
    shown = [name for name in shown if name in COLUMNS[:6] or any(getattr(row, name) is not None for row in rows)]
    table = [["", *shown], ["", *(unit_of(name, units) for name in shown)]]
    for row in rows:
        cells = [row.what if row.what != "run" else ""]
        for name in shown:
            value = getattr(row, name)
            cells.append(value if isinstance(value, str) else str(value or "") if name in SIZES else short(value))
        table.append(cells)
    whys = [f"{row.schedule} {row.grid} {row.sampler} {row.steps}: {row.why}" for row in rows if row.why]
    return [*aligned(table), *whys]


SIZES = ("steps", "evaluations")
"""Columns of whole numbers."""
