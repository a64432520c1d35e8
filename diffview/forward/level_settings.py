"""The settings of EDM, PhysicsNeMo and anemoi: which levels a run of theirs visits, by their published formulas.

EDM's `discretization`, and the `schedule_type` of anemoi-models, name a formula for N levels between sigma_max and
sigma_min; 0 comes last. Settings are often a block of a larger file, which is looked for.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import atan, exp, log, sin, sqrt
from typing import Any

import numpy as np

from diffview.errors import UserError
from diffview.forward.made import Tabulated
from diffview.forward.presets import Edm, VarianceExploding
from diffview.forward.schedule import Array, Schedule, betas_of
from diffview.forward.walks import number_of
from diffview.params import shown

STEPS = 18
"""Steps of a run where a file does not say."""

SAMPLER = {
    "S_churn", "S_min", "S_max", "S_noise", "solver", "sampler", "type", "alpha", "epsilon_s", "C_1", "C_2", "M",
    "schedule", "scaling", "sigma_data",
}  # fmt: skip
"""Settings of those programs that say how a run steps, not at which levels, unless a formula reads them."""


@dataclass(frozen=True)
class Imported:
    """What a file holds.

    Attributes:
        schedule: alpha and sigma over t.
        levels: that a run with it executes, falling; () where the file says none.
        notes: finished sentences, where that is not what the file seems to say.
    """

    schedule: Schedule
    levels: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


Plain = Mapping[str, Any]
Made = tuple[Schedule, Sequence[float]]


@dataclass(frozen=True)
class LevelFormula:
    """How N levels follow from settings.

    Attributes:
        make: from the settings, sigma_min, sigma_max and N to the schedule and the levels above 0, falling.
        ends: sigma_min and sigma_max where the settings do not say.
        reads: settings that it reads besides.
        note: what people should know.
    """

    make: Callable[[Plain, float, float, int], Made]
    ends: tuple[float, float]
    reads: frozenset[str] = frozenset()
    note: str = ""


# -- schedules of levels


def of_sigmas(sigmas: Sequence[float]) -> Imported:
    """The schedule whose rows are these levels, variance exploding, with t uniform over them.

    Raises:
        UserError: if they do not fall.
    """
    levels = np.asarray(sigmas, dtype=np.float64)
    notes = () if levels[-1] == 0 else ("The list does not end at 0; a run here ends there.",)
    above = levels[:-1] if levels[-1] == 0 else levels
    rises = np.flatnonzero(~(np.diff(above, append=0.0) < 0))
    if not len(above) or len(rises) or not np.isfinite(above).all():
        where = f" at number {int(rises[0]) + 1}" if len(rises) else ""
        raise UserError(f"The sigmas do not fall{where}.", "List them from the highest down, 0 last.")
    s = above[::-1]
    rows = zip(betas_of(s).tolist(), (-2 * np.log(s)).tolist(), strict=True)
    return Imported(Tabulated(table=tuple(rows), form="ve"), (*above.tolist(), 0.0), notes)


def ramp(kind: str, low: float, high: float, rho: float = 7.0) -> Schedule:
    """The schedule of levels from high to low: of rho for Karras', of equal factors, or of equal steps."""
    if kind == "exponential":
        return VarianceExploding(low, high)
    return Edm(low, high, 1.0 if kind == "linear" else rho)


def _ramp_levels(schedule: Schedule, low: float, high: float, steps: int) -> Made:
    """N levels from the top to sigma_min, evenly in the t of the schedule."""
    levels = schedule.noise_level(np.linspace(1.0, 0.0, steps) if steps > 1 else np.ones(1))
    levels[0] = high
    if steps > 1:
        levels[-1] = low  # s(0) = 0 by definition
    return schedule, levels.tolist()


def _listed(levels: Array) -> Made:
    """Levels of a formula that is no schedule here: their own one is the table of them."""
    return of_sigmas([*levels.tolist(), 0.0]).schedule, levels.tolist()


# -- formulas


def _karras(plain: Plain, low: float, high: float, steps: int) -> Made:
    return _ramp_levels(ramp("karras", low, high, number_of(plain, "rho", 7.0)), low, high, steps)


def _exponential(plain: Plain, low: float, high: float, steps: int) -> Made:
    return _ramp_levels(ramp("exponential", low, high), low, high, steps)


def _linear(plain: Plain, low: float, high: float, steps: int) -> Made:
    return _ramp_levels(ramp("linear", low, high), low, high, steps)


def _cosine(plain: Plain, low: float, high: float, steps: int) -> Made:
    """alpha_bar = cos^2 of an angle that falls evenly, so that sigma is its tangent; the offset s cancels."""
    return _listed(np.tan(np.linspace(atan(high), atan(low), steps)))


def _pieces(plain: Plain, low: float, high: float, steps: int) -> Made:
    """Two pieces that meet at sigma_transition, each with its share of the steps."""
    meet = number_of(plain, "sigma_transition", 10.0)
    if not low < meet < high:
        raise UserError(
            f"The pieces meet at sigma_transition = {meet:g}, which is not between {low:g} and {high:g}.",
            "Correct sigma_transition.",
        )
    below = plain.get("num_steps_low")
    below = steps // 2 if below is None else below
    above = plain.get("num_steps_high")
    above = steps - below if above is None and type(below) is int else above
    if not (type(below) is int and type(above) is int and min(below, above) >= 1 and below + above == steps):
        raise UserError(
            f"num_steps_high = {shown(above)} and num_steps_low = {shown(below)} do not make {steps} steps.",
            "Correct the two; each is 1 or more.",
        )
    rho = number_of(plain, "rho", 7.0)
    top = _piece(plain, "high", "exponential", (meet, high), above + 1, rho)
    return _listed(np.append(top, _piece(plain, "low", "karras", (low, meet), below, rho)[1:]))


def _piece(plain: Plain, side: str, usual: str, ends: tuple[float, float], steps: int, rho: float) -> Array:
    kind = plain.get(f"{side}_schedule_type", usual)
    if kind not in ("karras", "exponential"):
        raise UserError(f"{side}_schedule_type cannot be {shown(kind)}.", "Known are karras and exponential.")
    own = number_of(plain, f"rho_{side}", rho)
    return np.array(_ramp_levels(ramp(kind, *ends, own), *ends, steps)[1])


def _vp(plain: Plain, low: float, high: float, steps: int) -> Made:
    """sigma^2 + 1 = exp(beta_d t^2/2 + beta_min t), t from 1 to epsilon_s evenly [Karras et al. 2022, table 1]."""
    least = number_of(plain, "epsilon_s", EPSILON)
    if plain.get("sigma_min") is None:
        low = sqrt(np.expm1(BETA_D * least**2 / 2 + BETA_MIN * least))
    slope = 2 * (log(low**2 + 1) / least - log(high**2 + 1)) / (least - 1)
    t = np.linspace(1.0, least, _two(steps))
    return _listed(np.sqrt(np.expm1(slope * t**2 / 2 + (log(high**2 + 1) - slope / 2) * t)))


def _iddpm(plain: Plain, low: float, high: float, steps: int) -> Made:
    """N of the M levels of the improved DDPM between the two [Karras et al. 2022, table 1]."""
    count, least, offset = plain.get("M", 1000), number_of(plain, "C_1", 0.001), number_of(plain, "C_2", 0.008)
    if type(count) is not int or not 2 <= count <= 100_000:
        raise UserError(f"M = {shown(count)} cannot be used.", "Choose a whole number from 2 to 100000.")
    angle = 0.5 * np.pi * np.arange(count + 1) / count / (offset + 1)
    known = np.zeros(count + 1)
    for j in range(count, 0, -1):  # u_(j-1)^2 + 1 = (u_j^2 + 1) f, the small f - 1 without cancellation
        more, less = sin(angle[j]) ** 2, sin(angle[j - 1]) ** 2
        if less > least * more:
            over = sin(angle[j] + angle[j - 1]) * sin(angle[j] - angle[j - 1]) / less
        else:
            over = 1 / max(least, 1e-12) - 1
        known[j - 1] = sqrt(known[j] ** 2 * (1 + over) + over)
    between = known[(known >= low) & (known <= high)]
    if len(between) < _two(steps):
        raise UserError(f"Between {low:g} and {high:g} there are fewer of the M levels than steps.", "Take a larger M.")
    return _listed(between[np.round((len(between) - 1) / (steps - 1) * np.arange(steps)).astype(int)])


def _two(steps: int) -> int:
    if steps < 2:
        raise UserError("Such levels are made of two steps or more.", "Choose more steps.")
    return steps


BETA_D, BETA_MIN, EPSILON = 19.9, 0.1, 1e-3
"""The VP of Song et al. 2021, as EDM takes it."""

_VP_ENDS = sqrt(np.expm1(BETA_D * EPSILON**2 / 2 + BETA_MIN * EPSILON)), sqrt(exp(BETA_D / 2 + BETA_MIN) - 1)
_OF_PIECES = frozenset({
    "sigma_transition", "high_schedule_type", "low_schedule_type", "num_steps_high", "num_steps_low", "rho_high",
    "rho_low",
})  # fmt: skip
ANEMOI = (0.02, 100.0)

DISCRETIZATIONS = {
    "edm": LevelFormula(_karras, (0.002, 80.0)), "ve": LevelFormula(_exponential, (0.02, 100.0)),
    "vp": LevelFormula(_vp, _VP_ENDS, frozenset({"epsilon_s"})),
    "iddpm": LevelFormula(_iddpm, (0.002, 81.0), frozenset({"C_1", "C_2", "M"})),
}  # fmt: skip
"""Those of EDM's sampler of ablations, and of PhysicsNeMo."""

SCHEDULE_TYPES = {
    "karras": LevelFormula(_karras, ANEMOI), "exponential": LevelFormula(_exponential, ANEMOI),
    "linear": LevelFormula(_linear, ANEMOI),
    "cosine": LevelFormula(
        _cosine, ANEMOI, frozenset({"s"}), "Early versions of anemoi-models ran their cosine from low to high levels; "
        "these are those of the mended one.",
    ),
    "experimental_sampler": LevelFormula(_pieces, ANEMOI, _OF_PIECES),
}  # fmt: skip
"""Those of anemoi-models."""

CLASSES = {"EDMNoiseScheduler": "edm", "VENoiseScheduler": "ve", "IDDPMNoiseScheduler": "iddpm"}
"""The discretization of a class of PhysicsNeMo, by the last word of a `_target_`."""


# -- reading

LEVELS = frozenset({"sigma_max", "sigma_min", "rho", "discretization"})
BLOCKS = frozenset({
    "noise_scheduler", "noise_scheduler_params", "sampling_schedule", "inference_defaults", "diffusion", "model",
    "training", "inference", "generation", "predict_kwargs", "sampler", "sampler_args", "sampler_params", "params",
    "config",
})  # fmt: skip
"""In which blocks of a larger file the settings are looked for."""

DEEPEST = 6


def block_of(plain: Any) -> Plain | None:
    """The settings in a file, wherever they lie: those of anemoi by their schedule_type, else those of EDM; or None."""
    for says in (frozenset({"schedule_type"}), LEVELS):
        level: list[Plain] = [plain]
        for _ in range(DEEPEST):
            level = [one for one in level if isinstance(one, dict)]
            if found := next((one for one in level if says & one.keys()), None):
                return found
            level = [value for one in level for key, value in one.items() if key in BLOCKS]
    return None


def of_settings(plain: Plain, steps: int | None) -> Imported:
    """The schedule and the levels of settings.

    Raises:
        UserError: if their formula is unknown, they hold unknown keys, or numbers that make no levels.
    """
    if "schedule_type" in plain:
        where, table, usual = "schedule_type", SCHEDULE_TYPES, ""
    else:
        target = str(plain.get("_target_", "")).rpartition(".")[2]
        where, table, usual = "discretization", DISCRETIZATIONS, CLASSES.get(target, target) or "edm"
    kind = plain.get(where, usual)
    if not isinstance(kind, str) or kind not in table:
        raise UserError(f"The {where} {shown(kind)} is not understood here.", f"Known are {', '.join(table)}.")
    formula = table[kind]
    reads = {where, "sigma_min", "sigma_max", "rho", "num_steps", "_target_"} | formula.reads
    unknown = sorted(map(str, plain.keys() - reads - SAMPLER))
    if unknown:
        raise UserError(f"The settings have an unknown key, {shown(unknown[0])}.", "It may change levels; remove it.")
    count = plain.get("num_steps", STEPS) if steps is None else steps
    if type(count) is not int or not 1 <= count <= 10_000:
        raise UserError(f"num_steps = {shown(count)} cannot be used.", "Choose a whole number to 10000.")
    low, high = (number_of(plain, key, end) for key, end in zip(("sigma_min", "sigma_max"), formula.ends, strict=True))
    if not 0 < low < high:
        raise UserError(f"The levels would go from {high:g} to {low:g}.", "Correct sigma_min and sigma_max.")
    schedule, levels = formula.make(plain, low, high, count)
    return Imported(schedule, (*levels, 0.0), tuple(_notes(plain, formula, steps)))


def _notes(plain: Plain, formula: LevelFormula, steps: int | None) -> list[str]:
    """What is said of settings besides their levels."""
    passed_over = sorted(plain.keys() & SAMPLER - formula.reads)
    verb = "says" if len(passed_over) == 1 else "say"
    said = [f"{', '.join(passed_over)} {verb} how a run steps: choose that here by the sampler."] if passed_over else []
    if steps is not None and plain.get("num_steps") not in (None, steps):
        said.append(f"It says {plain['num_steps']} steps; these are {steps}.")
    return said + ([formula.note] if formula.note else [])
