"""How the schedulers of diffusers walk down: which settings a class heeds, which rows it visits, and where it ends."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from diffview.errors import UserError
from diffview.forward.schedule import MOST_STEPS, S_LIMIT, Array
from diffview.params import shown

Config = Mapping[str, Any]

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
class Walk:
    """How a class walks.

    Attributes:
        rows: which a run visits, from its settings, the steps, the rows of the chain, and how many clipping leaves.
        heeds: the settings that it reads; those of WATCHED that are not among them it passes over.
        last: from the settings, the levels and that of row 1 to the level of what is returned.
        usual: its defaults where they are not "linspace", 0 and true.
        whole: whether use_karras_sigmas and its like span the whole chain, not only the rows visited.
        between: whether rows need not be whole.
        strides: from which step on a step goes T // N rows down, wherever the next one begins; None: none does.
    """

    rows: Callable[[Config, int, int, int], Array]
    heeds: frozenset[str]
    last: Callable[[Config, Array, float], float]
    usual: Config = field(default_factory=dict)
    whole: bool = False
    between: bool = True
    strides: Callable[[Config], int] | None = None


# -- which rows, counted from 0


def _spaced(config: Config, known: Mapping[str, Array]) -> Array:
    return known[word_of(config, "timestep_spacing", ("linspace", "leading", "trailing"))]


def _rounded(config: Config, steps: int, rows: int, last: int) -> Array:
    """Whole rows from the last to the first."""
    return _spaced(config, {
        "linspace": np.linspace(0, rows - 1, steps).round()[::-1],
        "leading": (np.arange(steps) * (rows // steps))[::-1].astype(float) + config.get("steps_offset", 0),
        "trailing": np.arange(rows, 0, -rows / steps).round() - 1,
    })  # fmt: skip


def _between(config: Config, steps: int, rows: int, last: int) -> Array:
    """As those, but "linspace" is not rounded: the levels lie between rows."""
    if config.get("timestep_spacing") in (None, "linspace"):
        return np.linspace(0, rows - 1, steps)[::-1]
    return _rounded(config, steps, rows, last)


def _but_one(config: Config, steps: int, rows: int, last: int) -> Array:
    """One more row than steps, of which the first row is left out."""
    leading = (np.arange(steps + 1) * (last // (steps + 1)))[::-1][:-1].astype(float)
    return _spaced(config, {
        "linspace": np.linspace(0, last - 1, steps + 1).round()[::-1][:-1],
        "leading": leading + config.get("steps_offset", 0),
        "trailing": np.arange(last, 0, -rows / steps).round() - 1,
    })  # fmt: skip


def _of_pndm(config: Config, steps: int, rows: int, last: int) -> Array:
    """Whole rows; what the first three steps of Runge and Kutta ask between them is no level of the run."""
    if steps < 4 and not config.get("skip_prk_steps"):
        raise UserError(
            f"PNDM cannot take {steps} steps: the first three are of Runge and Kutta, and diffusers asks for a fourth.",
            "Take 4 or more, or set skip_prk_steps.",
        )
    return _rounded(config, steps, rows, last)


def _distilled(config: Config, steps: int, rows: int, last: int) -> Array:
    """N of the rows of the steps that the network was distilled from."""
    of = config["original_inference_steps"]
    if type(of) is not int or not 1 <= of <= rows:
        raise UserError(
            f"original_inference_steps = {shown(of)} cannot be taken in a chain of {rows} rows.",
            f"It is a whole number to {rows}.",
        )
    if steps > of:
        raise UserError(f"{steps} steps are more than the {of} of original_inference_steps.", "Choose as many at most.")
    taught = np.arange(of, 0, -1) * (rows // of) - 1
    return np.asarray(taught[np.floor(np.linspace(0, of, steps, endpoint=False)).astype(int)], dtype=np.float64)


def _ends_included(config: Config, steps: int, rows: int, last: int) -> Array:
    """Whole rows, always from the last to the first."""
    if steps < 2:
        raise UserError("UnCLIP cannot take one step: it divides by their number less one.", "Take 2 or more.")
    return np.asarray((np.arange(steps) * ((rows - 1) / (steps - 1))).round()[::-1], dtype=np.float64)


# -- where a run ends


def _at_zero(config: Config, levels: Array, first: float) -> float:
    return 0.0


def _at_first(config: Config, levels: Array, first: float) -> float:
    return first


def by_final_sigmas(config: Config, levels: Array, first: float) -> float:
    """At `first` with final_sigmas_type "sigma_min", else at 0."""
    return first if word_of(config, "final_sigmas_type", ("zero", "sigma_min")) == "sigma_min" else 0.0


def of_unipc(config: Config, levels: Array, first: float) -> float:
    """The last level once more, or that of row 1, or 0."""
    converted = any(config.get(key) for key in (*SIGMAS, "use_flow_sigmas"))
    return by_final_sigmas(config, levels, float(levels[-1]) if converted else first)


def _above_zero(config: Config, levels: Array, first: float) -> float:
    """Level of row 1, or the last level once more."""
    return float(levels[-1]) if any(config.get(key) for key in (*SIGMAS, "use_flow_sigmas")) else first


def _by_alpha(config: Config, levels: Array, first: float) -> float:
    return 0.0 if config.get("set_alpha_to_one", True) else first


LEADING = {"timestep_spacing": "leading"}
_DDPM = Walk(_rounded, SPACED | ZERO | {"variance_type"}, _at_zero, LEADING, between=False)
_DDIM = Walk(
    _rounded, SPACED | ZERO | {"set_alpha_to_one"}, _by_alpha, LEADING, between=False, strides=lambda config: 0
)
_CLIPPED = frozenset({"lambda_min_clipped", "variance_type"})
_PLAIN = Walk(_between, SPACED | SIGMAS, _at_zero)
_TAUGHT = LEADING | {"original_inference_steps": 50}
_DISTILLED = ZERO | {"original_inference_steps"}

WALKS: dict[str, Walk] = {
    "DDPMScheduler": _DDPM, "DDPMParallelScheduler": _DDPM, "DDIMScheduler": _DDIM, "DDIMParallelScheduler": _DDIM,
    "EulerDiscreteScheduler": Walk(
        _between, SPACED | SIGMAS | RANGE | ZERO | FINAL | {"interpolation_type"}, by_final_sigmas
    ),
    "EulerAncestralDiscreteScheduler": Walk(_between, SPACED | ZERO, _at_zero),
    "LMSDiscreteScheduler": _PLAIN, "HeunDiscreteScheduler": _PLAIN, "KDPM2DiscreteScheduler": _PLAIN,
    "KDPM2AncestralDiscreteScheduler": _PLAIN, "DPMSolverSDEScheduler": _PLAIN,
    "DPMSolverMultistepScheduler": Walk(
        _but_one, SPACED | SIGMAS | FLOW | ZERO | FINAL | _CLIPPED | {"use_lu_lambdas"}, by_final_sigmas, whole=True
    ),
    "DPMSolverSinglestepScheduler": Walk(_but_one, SIGMAS | FLOW | FINAL | _CLIPPED, by_final_sigmas, whole=True),
    "DEISMultistepScheduler": Walk(_but_one, SPACED | SIGMAS | FLOW, _above_zero, whole=True),
    "SASolverScheduler": Walk(_but_one, SPACED | SIGMAS | FLOW | _CLIPPED, _above_zero, whole=True),
    "UniPCMultistepScheduler": Walk(
        _but_one, SPACED | SIGMAS | RANGE | FLOW | ZERO | FINAL, of_unipc, whole=True
    ),
    "PNDMScheduler": Walk(
        _of_pndm, SPACED | {"set_alpha_to_one", "skip_prk_steps"}, _by_alpha, LEADING | {"set_alpha_to_one": False},
        between=False, strides=lambda config: 1 if config.get("skip_prk_steps") else 3,
    ),
    "LCMScheduler": Walk(_distilled, _DISTILLED, _at_zero, _TAUGHT, between=False),
    "TCDScheduler": Walk(_distilled, _DISTILLED, _at_first, _TAUGHT, between=False),
    "UnCLIPScheduler": Walk(_ends_included, frozenset({"variance_type"}), _at_zero, between=False),
}  # fmt: skip
"""The classes of diffusers whose levels follow from a chain of betas."""

EDMS = {
    "EDMEulerScheduler": ("karras", 0.002, 80.0), "EDMDPMSolverMultistepScheduler": ("karras", 0.002, 80.0),
    "CosineDPMSolverMultistepScheduler": ("exponential", 0.3, 500.0),
    "CMStochasticIterativeScheduler": ("karras", 0.002, 80.0),
}  # fmt: skip
"""Classes that are given their levels: which, and the lowest and the highest, where the settings do not say."""

FLOWS = {"FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler", "FlowMatchLCMScheduler"}

BY_LEVEL = {
    **dict.fromkeys(EDMS, RANGE | FINAL | {"rho"}),
    "CMStochasticIterativeScheduler": RANGE | {"rho"},
    **dict.fromkeys(FLOWS, SIGMAS | {"shift"}),
    "FlowMatchHeunDiscreteScheduler": frozenset({"shift"}),
}
"""What those, and flows, heed."""

OF_ITSELF = {"LMSDiscreteScheduler", "DPMSolverSDEScheduler"}
"""Classes whose Karras levels span their own, whatever sigma_min and sigma_max say."""

_INVERSE = "walks from a field up to noise: no run here does that"
NO_RUN = {
    "DDIMInverseScheduler": _INVERSE, "DPMSolverMultistepInverseScheduler": _INVERSE,
    "RePaintScheduler": "goes up and down between its levels, which is no list of them that falls",
}  # fmt: skip
"""Why a class has no levels of a run."""


# -- settings


ALLOWED = {
    "num_train_timesteps": (1, MOST_STEPS), "shift": (0.01, 100.0), "flow_shift": (0.01, 100.0), "rho": (1.0, 20.0),
    "sigma_min": (0.0, S_LIMIT), "sigma_max": (0.0, S_LIMIT), "lambda_min_clipped": (-np.inf, np.inf),
    "sigma_transition": (0.0, S_LIMIT), "epsilon_s": (1e-12, 0.5), "rho_high": (1.0, 20.0), "rho_low": (1.0, 20.0),
    "C_1": (0.0, 1.0), "C_2": (0.0, 1.0),
}  # fmt: skip
"""Between which numbers settings lie."""


def number_of(config: Config, key: str, usual: float) -> float:
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


def word_of(config: Config, key: str, known: tuple[str, ...]) -> str:
    """A setting that is one of a few words, the first where it is not given.

    Raises:
        UserError: if it is none of them.
    """
    given = config.get(key)
    if given is not None and given not in known:
        raise UserError(f"{key} cannot be {shown(given)}.", f"diffusers knows {', '.join(known)}.")
    return known[0] if given is None else str(given)
