"""The noise levels that a scheduler_config.json of diffusers really executes, and where that is not what it says.

A class passes over settings of other classes without a word, starts below the last row of its chain with "leading"
spacing, ends above 0, or steps to another level than the next step begins at. The rules are those of diffusers 0.42,
in float64; a test holds them to that program itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from diffview.errors import UserError, cut
from diffview.forward.schedule import MOST_STEPS, S_LIMIT, Array, Schedule
from diffview.forward.tables import schedule_of_config
from diffview.params import shown

LEAST_ALPHA_BAR = 2.0**-24
"""What stands for zero terminal SNR in the classes that walk down noise levels."""

RHO, BETA_SHAPE = 7.0, 0.6
"""rho of use_karras_sigmas, whatever the config says; both shapes of use_beta_sigmas."""

SPACED = frozenset({"timestep_spacing", "steps_offset"})
SIGMAS = frozenset({"use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas"})
RANGE = frozenset({"sigma_min", "sigma_max"})
FLOW = frozenset({"use_flow_sigmas", "flow_shift"})
ZERO, FINAL = frozenset({"rescale_betas_zero_snr"}), frozenset({"final_sigmas_type"})

WATCHED = {
    *SPACED, *SIGMAS, *RANGE, *FLOW, *ZERO, *FINAL, "set_alpha_to_one", "use_lu_lambdas", "interpolation_type",
    "lambda_min_clipped", "variance_type", "rho", "shift",
}  # fmt: skip
"""Settings that change which levels a run visits, or how it steps, in some class."""


@dataclass(frozen=True)
class Executed:
    """What a config does in a run of N steps.

    Attributes:
        levels: N + 1 noise levels: at which the network is asked, falling, and that of what is returned.
        ends: the N levels that the steps go to; those of `levels` from the second on, unless a class errs.
        notes: finished sentences, where that is not what the config says.
    """

    levels: tuple[float, ...]
    ends: tuple[float, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Walk:
    """How a class walks.

    Attributes:
        spacing: key of SPACINGS.
        heeds: the settings of WATCHED that it reads; all others it passes over.
        last: from the config, the levels and that of row 1 to the level of what is returned.
        usual: its defaults where they are not "linspace" and 0.
        whole: whether use_karras_sigmas and its like span the whole chain, not only the rows visited.
    """

    spacing: str
    heeds: frozenset[str]
    last: Callable[[Mapping[str, Any], Array, float], float]
    usual: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False


# -- which rows


def _rounded(steps: int, rows: int, last: int, offset: int) -> dict[str, Array]:
    """Whole rows from the last to the first."""
    return {
        "linspace": np.linspace(0, rows - 1, steps).round()[::-1],
        "leading": (np.arange(steps) * (rows // steps))[::-1].astype(float) + offset,
        "trailing": np.arange(rows, 0, -rows / steps).round() - 1,
    }


def _between(steps: int, rows: int, last: int, offset: int) -> dict[str, Array]:
    """As those, but "linspace" is not rounded: the levels lie between rows."""
    return {**_rounded(steps, rows, last, offset), "linspace": np.linspace(0, rows - 1, steps)[::-1]}


def _but_one(steps: int, rows: int, last: int, offset: int) -> dict[str, Array]:
    """One more row than steps, of which the first row is left out."""
    return {
        "linspace": np.linspace(0, last - 1, steps + 1).round()[::-1][:-1],
        "leading": (np.arange(steps + 1) * (last // (steps + 1)))[::-1][:-1].astype(float) + offset,
        "trailing": np.arange(last, 0, -rows / steps).round() - 1,
    }


SPACINGS = {"rounded": _rounded, "between": _between, "but_one": _but_one}


# -- where a run ends


def _at_zero(config: Mapping[str, Any], levels: Array, first: float) -> float:
    return 0.0


def _by_final_sigmas(config: Mapping[str, Any], levels: Array, first: float) -> float:
    return first if _word(config, "final_sigmas_type", ("zero", "sigma_min")) == "sigma_min" else 0.0


def _of_unipc(config: Mapping[str, Any], levels: Array, first: float) -> float:
    converted = any(config.get(key) for key in (*SIGMAS, "use_flow_sigmas"))
    return _by_final_sigmas(config, levels, float(levels[-1]) if converted else first)


def _of_edm(config: Mapping[str, Any], levels: Array, first: float) -> float:
    return _by_final_sigmas(config, levels, float(levels[-1]))


def _above_zero(config: Mapping[str, Any], levels: Array, first: float) -> float:
    """Level of row 1, or the last level once more."""
    return float(levels[-1]) if any(config.get(key) for key in (*SIGMAS, "use_flow_sigmas")) else first


def _by_alpha(config: Mapping[str, Any], levels: Array, first: float) -> float:
    return 0.0 if config.get("set_alpha_to_one", True) else first


LEADING = {"timestep_spacing": "leading"}
_DDPM = Walk("rounded", SPACED | ZERO | {"variance_type"}, _at_zero, LEADING)
_DDIM = Walk("rounded", SPACED | ZERO | {"set_alpha_to_one"}, _by_alpha, LEADING)
_CLIPPED = frozenset({"lambda_min_clipped", "variance_type"})
_PLAIN = Walk("between", SPACED | SIGMAS, _at_zero)

WALKS: dict[str, Walk] = {
    "DDPMScheduler": _DDPM, "DDPMParallelScheduler": _DDPM, "DDIMScheduler": _DDIM, "DDIMParallelScheduler": _DDIM,
    "EulerDiscreteScheduler": Walk(
        "between", SPACED | SIGMAS | RANGE | ZERO | FINAL | {"interpolation_type"}, _by_final_sigmas
    ),
    "EulerAncestralDiscreteScheduler": Walk("between", SPACED | ZERO, _at_zero),
    "LMSDiscreteScheduler": _PLAIN, "HeunDiscreteScheduler": _PLAIN, "KDPM2DiscreteScheduler": _PLAIN,
    "KDPM2AncestralDiscreteScheduler": _PLAIN,
    "DPMSolverMultistepScheduler": Walk(
        "but_one", SPACED | SIGMAS | FLOW | ZERO | FINAL | _CLIPPED | {"use_lu_lambdas"}, _by_final_sigmas, whole=True
    ),
    "DPMSolverSinglestepScheduler": Walk(
        "but_one", SIGMAS | FLOW | FINAL | _CLIPPED, _by_final_sigmas, whole=True
    ),
    "DEISMultistepScheduler": Walk("but_one", SPACED | SIGMAS | FLOW, _above_zero, whole=True),
    "SASolverScheduler": Walk("but_one", SPACED | SIGMAS | FLOW | _CLIPPED, _above_zero, whole=True),
    "UniPCMultistepScheduler": Walk(
        "but_one", SPACED | SIGMAS | RANGE | FLOW | ZERO | FINAL, _of_unipc, whole=True
    ),
}  # fmt: skip
"""The classes of diffusers whose levels follow from a chain of betas."""

EDMS = {"EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"}
FLOWS = {"FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler"}
SILENT = {
    "steps_offset": 0, "flow_shift": 1.0, "shift": 1.0, "interpolation_type": "linear", "final_sigmas_type": "zero",
    "set_alpha_to_one": True, "lambda_min_clipped": -np.inf,
}  # fmt: skip
"""Values of settings that change nothing, so that nobody need be told that they are passed over."""

OF_ITSELF = {"LMSDiscreteScheduler"}
"""Classes whose Karras levels span their own, whatever sigma_min and sigma_max say."""

BY_LEVEL = {
    **dict.fromkeys(EDMS, RANGE | FINAL | {"rho"}),
    "FlowMatchEulerDiscreteScheduler": SIGMAS | {"shift"},
    "FlowMatchHeunDiscreteScheduler": frozenset({"shift"}),
}


def executed(config: Mapping[str, Any], steps: int) -> Executed:
    """The levels of a run of `steps` steps with a scheduler_config.json.

    Raises:
        UserError: if its class, or a setting, is not understood.
    """
    name = cut(str(config.get("_class_name", "DDPMScheduler")), 60)
    if not 1 <= steps <= 10_000:
        raise UserError(f"A run of {steps} steps cannot be made.", "Choose 1 to 10000 steps.")
    for make, known in ((_walked, WALKS.keys()), (_of_edm_config, EDMS), (_of_flow_config, FLOWS)):
        if name in known:
            levels, ends = make(name, config, steps)
            return Executed(tuple(levels.tolist()), tuple(ends.tolist()), tuple(_notes(name, config, levels, ends)))
    understood = ", ".join(key.removesuffix("Scheduler") for key in (*WALKS, *sorted(EDMS | FLOWS)))
    raise UserError(f"Which levels {name} executes is not known here.", f"Known are {understood}.")


def _walked(name: str, config: Mapping[str, Any], steps: int) -> tuple[Array, Array]:
    """Levels of a chain of betas, and where the steps go."""
    walk = WALKS[name]
    counts = walk.heeds | (RANGE if _spans(name, config, walk.heeds) else set())
    heeded = {**walk.usual, **{key: value for key, value in config.items() if key in counts}}
    s = _chain(walk, config)
    at = _visited(walk, heeded, s, steps)
    rows = len(s)
    levels = s[at.astype(int)] if walk.spacing == "rounded" else np.interp(at, np.arange(rows), s)
    levels = _converted(walk, heeded, s[::-1] if walk.whole else levels, levels, rows)
    levels = np.append(levels, walk.last(heeded, levels, float(s[0])))
    if not name.startswith("DDIM"):
        return levels, levels[1:]
    to = at.astype(int) - rows // steps
    return levels, np.where(to >= 0, s[to.clip(0)], levels[-1])


def _schedule(walk: Walk, config: Mapping[str, Any]) -> Schedule:
    """The schedule, without zero terminal SNR where the class passes that over; what is predicted is not asked."""
    ignored = {} if "rescale_betas_zero_snr" in walk.heeds else {"rescale_betas_zero_snr": False}
    return schedule_of_config({**config, "prediction_type": "v_prediction", "use_flow_sigmas": False, **ignored})


def _chain(walk: Walk, config: Mapping[str, Any]) -> Array:
    """Noise levels of the rows of the chain."""
    schedule = _schedule(walk, config)
    s = np.exp(-schedule.discrete(schedule.rows).log_snr / 2)
    if walk.spacing != "rounded" and np.isinf(s[-1]):
        s[-1] = np.sqrt((1 - LEAST_ALPHA_BAR) / LEAST_ALPHA_BAR)
    return s


def _visited(walk: Walk, config: Mapping[str, Any], s: Array, steps: int) -> Array:
    """The rows that a run visits, counted from 0; they need not be whole."""
    rows, offset = len(s), config.get("steps_offset", 0)
    if walk.spacing == "rounded" and steps > rows:
        raise UserError(f"No more steps can be taken than the chain has rows, {rows}.", "Choose fewer steps.")
    if type(offset) is not int or not 0 <= offset < rows:
        raise UserError(f"steps_offset = {shown(offset)} leads off the chain.", f"It is a whole number below {rows}.")
    lowest = number_of(config, "lambda_min_clipped", -np.inf)
    last = rows - int(np.searchsorted(-np.log(s)[::-1], lowest))
    spacing = _word(config, "timestep_spacing", ("linspace", "leading", "trailing"))
    at = SPACINGS[walk.spacing](steps, rows, last, offset)[spacing]
    if at[0] > rows - 1:
        raise UserError(f"Row {at[0]:.0f} lies outside a chain of {rows} rows.", "Take a smaller steps_offset.")
    return at


def _converted(walk: Walk, config: Mapping[str, Any], span: Array, levels: Array, rows: int) -> Array:
    """The levels by use_karras_sigmas and its like, if one is set."""
    steps = len(levels)
    asked = [key for key in (*sorted(SIGMAS), "use_lu_lambdas", "use_flow_sigmas") if config.get(key)]
    if len([key for key in asked if key in SIGMAS]) > 1:
        raise UserError(f"{' and '.join(asked)} are both set, which diffusers refuses.", "Set one of them.")
    if config.get("interpolation_type") == "log_linear" and not asked:
        return np.exp(np.linspace(np.log(levels[0]), np.log(levels[-1]), steps + 1))[:-1]
    if not asked:
        return levels
    if asked == ["use_flow_sigmas"]:
        return _flow_levels(walk, number_of(config, "flow_shift", 1.0), steps, rows)
    high, low = number_of(config, "sigma_max", float(span[0])), number_of(config, "sigma_min", float(span[-1]))
    if not 0 < low < high:
        raise UserError(f"The levels would go from {high:g} to {low:g}.", "Correct sigma_min and sigma_max.")
    return RAMPS[asked[0]](high, low, steps)


def karras(high: float, low: float, steps: int, rho: float = RHO) -> Array:
    """N levels from high to low, s^(1/rho) falling evenly [Karras et al. 2022, eq. 5]."""
    top, bottom = high ** (1 / rho), low ** (1 / rho)
    return np.asarray((top + np.linspace(0, 1, steps) * (bottom - top)) ** rho)


def _exponential(high: float, low: float, steps: int) -> Array:
    return np.exp(np.linspace(np.log(high), np.log(low), steps))


def _by_beta(high: float, low: float, steps: int) -> Array:
    from scipy.special import betaincinv

    return np.asarray(low + betaincinv(BETA_SHAPE, BETA_SHAPE, 1 - np.linspace(0, 1, steps)) * (high - low))


RAMPS: dict[str, Callable[[float, float, int], Array]] = {
    "use_karras_sigmas": karras, "use_exponential_sigmas": _exponential, "use_lu_lambdas": _exponential,
    "use_beta_sigmas": _by_beta,
}  # fmt: skip


def _flow_levels(walk: Walk, shift: float, steps: int, rows: int) -> Array:
    """s = sigma/(1 - sigma) of use_flow_sigmas, sigma shifted."""
    if walk.last is _of_unipc:
        sigma = np.linspace(1, 1 / rows, steps + 1)[:-1]
    else:
        sigma = np.flip(1 - np.linspace(1, 1 / rows, steps + 1))[:-1]
    sigma = shift * sigma / (1 + (shift - 1) * sigma)
    if walk.last is _of_unipc and abs(sigma[0] - 1) < 1e-6:
        sigma[0] -= 1e-6
    return np.asarray(sigma / (1 - sigma))


def _of_edm_config(name: str, config: Mapping[str, Any], steps: int) -> tuple[Array, Array]:
    low, high = number_of(config, "sigma_min", 0.002), number_of(config, "sigma_max", 80.0)
    rho = number_of(config, "rho", RHO)
    if not 0 < low < high:
        raise UserError(f"The levels of {name} go from {high:g} to {low:g}.", "Correct sigma_min and sigma_max.")
    kind = _word(config, "sigma_schedule", ("karras", "exponential"))
    levels = karras(high, low, steps, rho) if kind == "karras" else _exponential(low, high, steps)[::-1]
    levels = np.append(levels, _of_edm(config, levels, 0.0))
    return levels, levels[1:]


def _of_flow_config(name: str, config: Mapping[str, Any], steps: int) -> tuple[Array, Array]:
    """Levels of a flow, whose lowest time is shifted twice."""
    for key in ("use_dynamic_shifting", "invert_sigmas", "shift_terminal"):
        if config.get(key):
            raise UserError(f"{name} with {key} is not understood here.", "Export its sigmas as a list, and open that.")
    rows, shift = number_of(config, "num_train_timesteps", 1000.0), number_of(config, "shift", 1.0)

    def shifted(sigma: Any) -> Any:
        return shift * sigma / (1 + (shift - 1) * sigma)

    sigma = shifted(np.linspace(shifted(1.0), shifted(1 / rows), steps))
    asked = [key for key in sorted(SIGMAS) if config.get(key)] if name == "FlowMatchEulerDiscreteScheduler" else []
    if asked:
        sigma = RAMPS[asked[0]](float(sigma[0]), float(sigma[-1]), steps)
    with np.errstate(divide="ignore"):
        levels = np.append(sigma / (1 - sigma), 0.0)
    return levels, levels[1:]


# -- words


ALLOWED = {
    "num_train_timesteps": (1, MOST_STEPS), "shift": (0.01, 100.0), "flow_shift": (0.01, 100.0), "rho": (1.0, 20.0),
    "sigma_min": (0.0, S_LIMIT), "sigma_max": (0.0, S_LIMIT), "lambda_min_clipped": (-np.inf, np.inf),
}  # fmt: skip
"""Between which numbers settings lie."""


def number_of(config: Mapping[str, Any], key: str, usual: float) -> float:
    """A setting that is a number of ALLOWED, `usual` where it is not given.

    Raises:
        UserError: if it is none, or outside.
    """
    given, (low, high) = config.get(key), ALLOWED[key]
    if given is None:
        return usual
    if type(given) not in (int, float) or not low <= given <= high:
        raise UserError(f"{key} cannot be {shown(given)}.", f"It is a number from {low:g} to {high:g}.")
    return float(given)


def _word(config: Mapping[str, Any], key: str, known: tuple[str, ...]) -> str:
    """A setting that is one of a few words, the first where it is not given."""
    given = config.get(key)
    if given is not None and given not in known:
        raise UserError(f"{key} cannot be {shown(given)}.", f"diffusers knows {', '.join(known)}.")
    return known[0] if given is None else str(given)


def _notes(name: str, config: Mapping[str, Any], levels: Array, ends: Array) -> list[str]:
    """Where what is executed is not what the config says."""
    walk, said = WALKS.get(name), []
    heeds = walk.heeds if walk is not None else BY_LEVEL[name]
    given = {key for key, value in config.items() if value is not None and value != SILENT.get(key, False)}
    passed_over = sorted(key for key in given & WATCHED - heeds if not (key in RANGE and _spans(name, config, heeds)))
    if passed_over:
        said.append(f"{name} passes over {', '.join(passed_over)}.")
    if config.get("trained_betas") is not None:
        others = [key for key in ("beta_schedule", "beta_start", "beta_end") if config.get(key) is not None]
        if others:
            said.append(f"trained_betas are what counts; {', '.join(others)} say nothing.")
    if walk is not None:
        said += _of_rows(walk, config, levels)
    elif name in FLOWS and number_of(config, "shift", 1.0) != 1:
        said.append(f"The lowest level is shifted twice: it is s = {levels[-2]:.3g}.")
    if levels[-1] > 0:
        said.append(f"It returns a field that still holds noise, s = {levels[-1]:.3g}.")
    off = np.flatnonzero(~np.isclose(ends, levels[1:], rtol=1e-9))
    if len(off):
        said.append(
            f"{len(off)} of {len(ends)} steps end at another level than the next begins at: the first goes to "
            f"s = {ends[off[0]]:.3g}, where the network is told s = {levels[off[0] + 1]:.3g}."
        )
    return said


def _spans(name: str, config: Mapping[str, Any], heeds: frozenset[str]) -> bool:
    """Whether sigma_min and sigma_max count: wherever one of SIGMAS does, though not every class declares them."""
    asked = [key for key in SIGMAS & heeds if config.get(key)]
    return bool(asked) and not (asked == ["use_karras_sigmas"] and name in OF_ITSELF)


def _of_rows(walk: Walk, config: Mapping[str, Any], levels: Array) -> list[str]:
    """Where a walk down a chain begins."""
    said = []
    top = float(_schedule(walk, config).noise_level(1.0))
    if np.isinf(top) and walk.spacing != "rounded":
        said.append(f"Zero terminal SNR is kept at s = {np.sqrt(1 / LEAST_ALPHA_BAR - 1):.0f}, not infinite.")
    elif levels[0] < top * (1 - 1e-9):
        left = 1 / np.sqrt(1 + levels[0] ** 2)
        said.append(
            f"A run starts at s = {levels[0]:.4g}, below the end of the chain, {top:.4g}: pure noise is taken for a "
            f"field with sqrt(alpha_bar) = {left:.2g} of its signal."
        )
    return said
