"""The noise levels that a scheduler_config.json of diffusers really executes, and where that is not what it says.

A class passes over settings of other classes without a word, starts below the last row of its chain with "leading"
spacing, ends above 0, or steps to another level than the next step begins at. The rules are those of diffusers 0.42,
in float64; a test holds them to that program itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from diffview.errors import UserError, cut
from diffview.forward.schedule import MOST_STEPS, Array, Schedule
from diffview.forward.tables import OWN_BETAS, schedule_of_config
from diffview.forward.walks import (
    BY_LEVEL,
    EDMS,
    FINAL,
    FLOWS,
    NO_RUN,
    OF_ITSELF,
    RANGE,
    SIGMAS,
    WALKS,
    WATCHED,
    Walk,
    by_final_sigmas,
    number_of,
    of_unipc,
    word_of,
)
from diffview.params import shown

LEAST_ALPHA_BAR = 2.0**-24
"""What stands for zero terminal SNR in the classes that walk down noise levels."""

RHO, BETA_SHAPE = 7.0, 0.6
"""rho of use_karras_sigmas, whatever the config says; both shapes of use_beta_sigmas."""


@dataclass(frozen=True)
class Executed:
    """What a config does in a run of N steps.

    Attributes:
        levels: N + 1 noise levels, falling: at which a step begins, and that of what is returned. A method that asks
            the network between them too asks it at more.
        ends: the N levels that the steps go to; those of `levels` from the second on, unless a class errs.
        notes: finished sentences, where that is not what the config says.
    """

    levels: tuple[float, ...]
    ends: tuple[float, ...]
    notes: tuple[str, ...] = ()


SILENT = {
    "steps_offset": 0, "flow_shift": 1.0, "shift": 1.0, "interpolation_type": "linear", "final_sigmas_type": "zero",
    "set_alpha_to_one": True, "lambda_min_clipped": -np.inf,
}  # fmt: skip
"""Values of settings that change nothing, so that nobody need be told that they are passed over."""


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
    understood = f"Known are {', '.join(key.removesuffix('Scheduler') for key in (*WALKS, *BY_LEVEL))}."
    if name in NO_RUN:
        raise UserError(f"{name} {NO_RUN[name]}.", understood)
    raise UserError(f"Which levels {name} executes is not known here.", understood)


def _walked(name: str, config: Mapping[str, Any], steps: int) -> tuple[Array, Array]:
    """Levels of a chain of betas, and where the steps go."""
    walk = WALKS[name]
    counts = walk.heeds | (RANGE if _spans(name, config, walk.heeds) else set())
    heeded = {**walk.usual, **{key: value for key, value in config.items() if key in counts}}
    s = _chain(walk, config)
    at = _visited(walk, heeded, s, steps)
    rows = len(s)
    levels = np.interp(at, np.arange(rows), s) if walk.between else s[at.astype(int)]
    levels = _converted(walk, heeded, s[::-1] if walk.whole else levels, levels, rows)
    levels = np.append(levels, walk.last(heeded, levels, float(s[0])))
    ends = levels[1:].copy()
    if walk.strides is not None:
        first = walk.strides(heeded)
        to = at.astype(int)[first:] - rows // steps
        ends[first:] = np.where(to >= 0, s[to.clip(0)], levels[-1])
    return levels, ends


def _schedule(walk: Walk, config: Mapping[str, Any]) -> Schedule:
    """The schedule, without zero terminal SNR where the class passes that over; what is predicted is not asked."""
    ignored = {} if "rescale_betas_zero_snr" in walk.heeds else {"rescale_betas_zero_snr": False}
    return schedule_of_config({**config, "prediction_type": "v_prediction", "use_flow_sigmas": False, **ignored})


def _chain(walk: Walk, config: Mapping[str, Any]) -> Array:
    """Noise levels of the rows of the chain."""
    schedule = _schedule(walk, config)
    s = np.exp(-schedule.discrete(schedule.rows).log_snr / 2)
    if walk.between and np.isinf(s[-1]):
        s[-1] = np.sqrt((1 - LEAST_ALPHA_BAR) / LEAST_ALPHA_BAR)
    return s


def _visited(walk: Walk, config: Mapping[str, Any], s: Array, steps: int) -> Array:
    """The rows that a run visits, counted from 0; they need not be whole."""
    rows, offset = len(s), config.get("steps_offset", 0)
    if not walk.between and steps > rows:
        raise UserError(f"No more steps can be taken than the chain has rows, {rows}.", "Choose fewer steps.")
    if type(offset) is not int or not 0 <= offset < rows:
        raise UserError(f"steps_offset = {shown(offset)} leads off the chain.", f"It is a whole number below {rows}.")
    lowest = number_of(config, "lambda_min_clipped", -np.inf)
    last = rows - int(np.searchsorted(-np.log(s)[::-1], lowest))
    at = walk.rows(config, steps, rows, last)
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
    return _along(np.linspace(0, 1, steps), high, low, rho)


def _along(ramp: Array, high: float, low: float, rho: float) -> Array:
    top, bottom = high ** (1 / rho), low ** (1 / rho)
    return np.asarray((top + ramp * (bottom - top)) ** rho)


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
    if walk.last is of_unipc:
        sigma = np.linspace(1, 1 / rows, steps + 1)[:-1]
    else:
        sigma = np.flip(1 - np.linspace(1, 1 / rows, steps + 1))[:-1]
    sigma = shift * sigma / (1 + (shift - 1) * sigma)
    if walk.last is of_unipc and abs(sigma[0] - 1) < 1e-6:
        sigma[0] -= 1e-6
    return np.asarray(sigma / (1 - sigma))


def _of_edm_config(name: str, config: Mapping[str, Any], steps: int) -> tuple[Array, Array]:
    usual, *ends = EDMS[name]
    low, high = (number_of(config, key, end) for key, end in zip(("sigma_min", "sigma_max"), ends, strict=True))
    rho = number_of(config, "rho", RHO)
    if not 0 < low < high:
        raise UserError(f"The levels of {name} go from {high:g} to {low:g}.", "Correct sigma_min and sigma_max.")
    if BY_LEVEL[name] >= FINAL:
        kind = word_of(config, "sigma_schedule", (usual, *({"karras", "exponential"} - {usual})))
        levels = karras(high, low, steps, rho) if kind == "karras" else _exponential(low, high, steps)[::-1]
        levels = np.append(levels, by_final_sigmas(config, levels, float(levels[-1])))
    else:
        levels = np.append(_consistent(config, high, low, steps, rho), low)
    return levels, levels[1:]


def _consistent(config: Mapping[str, Any], high: float, low: float, steps: int, rho: float) -> Array:
    """The levels of a consistency model: some of the T, 40 if it says nothing else, that it was taught at."""
    rows = config.get("num_train_timesteps", 40)
    if type(rows) is not int or not max(2, steps) <= rows <= MOST_STEPS:
        raise UserError(f"{steps} steps cannot be taken of {shown(rows)} levels.", "Correct num_train_timesteps.")
    return _along(np.arange(steps) * (rows // steps) / (rows - 1), high, low, rho)


def _of_flow_config(name: str, config: Mapping[str, Any], steps: int) -> tuple[Array, Array]:
    """Levels of a flow, whose lowest time is shifted twice."""
    for key in ("use_dynamic_shifting", "invert_sigmas", "shift_terminal"):
        if config.get(key):
            raise UserError(f"{name} with {key} is not understood here.", "Export its sigmas as a list, and open that.")
    rows, shift = number_of(config, "num_train_timesteps", 1000.0), number_of(config, "shift", 1.0)

    def shifted(sigma: Any) -> Any:
        return shift * sigma / (1 + (shift - 1) * sigma)

    sigma = shifted(np.linspace(shifted(1.0), shifted(1 / rows), steps))
    asked = [key for key in sorted(SIGMAS & BY_LEVEL[name]) if config.get(key)]
    if asked:
        sigma = RAMPS[asked[0]](float(sigma[0]), float(sigma[-1]), steps)
    with np.errstate(divide="ignore"):
        levels = np.append(sigma / (1 - sigma), 0.0)
    return levels, levels[1:]


# -- words


def _notes(name: str, config: Mapping[str, Any], levels: Array, ends: Array) -> list[str]:
    """Where what is executed is not what the config says."""
    walk, said = WALKS.get(name), []
    heeds = walk.heeds if walk is not None else BY_LEVEL[name]
    usual = {**SILENT, **({} if walk is None else walk.usual)}
    given = {key for key, value in config.items() if value is not None and value != usual.get(key, False)}
    watched = WATCHED | ({"trained_betas"} if name in OWN_BETAS else set())
    passed_over = sorted(key for key in given & watched - heeds if not (key in RANGE and _spans(name, config, heeds)))
    if passed_over:
        said.append(f"{name} passes over {', '.join(passed_over)}.")
    if config.get("trained_betas") is not None and name not in OWN_BETAS:
        others = [key for key in ("beta_schedule", "beta_start", "beta_end") if config.get(key) is not None]
        if others:
            verb = "says" if len(others) == 1 else "say"
            said.append(f"trained_betas are what counts; {', '.join(others)} {verb} nothing.")
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
    if np.isinf(top) and walk.between:
        said.append(f"Zero terminal SNR is kept at s = {np.sqrt(1 / LEAST_ALPHA_BAR - 1):.0f}, not infinite.")
    elif levels[0] < top * (1 - 1e-9):
        left = 1 / np.sqrt(1 + levels[0] ** 2)
        said.append(
            f"A run starts at s = {levels[0]:.4g}, below the end of the chain, {top:.4g}: pure noise is taken for a "
            f"field with sqrt(alpha_bar) = {left:.2g} of its signal."
        )
    return said
