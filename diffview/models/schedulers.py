"""How the schedulers of diffusers train: what a network is told, what it predicts and within which limits, by class.

A class that is not in CONVENTIONS is refused by its name. A setting that a class of diffusers passes over is passed
over here too: a config often has settings of another class that it was made from.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.forward.schedule import MOST_STEPS, S_LIMIT
from diffview.forward.tables import CHAINS, schedule_of_config
from diffview.models.plain import Rule, flag, listed, maybe, number, text, whole
from diffview.reverse.parametrisations import PREDICTIONS, FlowTimes, LevelTimes, TableTimes, Threshold, Times

Config = Mapping[str, Any]

SCHEDULER: Mapping[str, Rule] = {
    "_class_name": text, "prediction_type": text, "predict_epsilon": flag, "variance_type": maybe(text),
    "num_train_timesteps": whole(1, MOST_STEPS),
    "beta_start": number(0, 1), "beta_end": number(0, 1), "beta_schedule": text,
    "trained_betas": maybe(listed(number(0, 1), 1, MOST_STEPS)), "rescale_betas_zero_snr": maybe(flag),
    "clip_sample": maybe(flag), "clip_sample_range": number(1e-6, 1e30), "clip_denoised": maybe(flag),
    "thresholding": maybe(flag), "dynamic_thresholding_ratio": number(0, 1), "sample_max_value": number(1e-6, 1e30),
    "timestep_spacing": text, "steps_offset": whole(), "timestep_type": text, "use_flow_sigmas": maybe(flag),
    "invert_sigmas": maybe(flag), "sigma_data": number(1e-6, 1e6), "sigma_min": maybe(number(0, S_LIMIT)),
    "sigma_max": maybe(number(0, S_LIMIT)),
}  # fmt: skip
"""What is read of a scheduler_config.json."""

CLIPS = {
    **{f"{name}Scheduler": ("clip_sample", True) for name in (
        "DDPM", "DDPMParallel", "DDIM", "DDIMParallel", "DDIMInverse", "UnCLIP", "RePaint",
    )},
    "HeunDiscreteScheduler": ("clip_sample", False),
    "CMStochasticIterativeScheduler": ("clip_denoised", True),
}  # fmt: skip
"""Classes that clip, the setting that says it, and what holds where it is not given."""

THRESHOLDS = {f"{name}Scheduler" for name in (
    "DDPM", "DDPMParallel", "DDIM", "DDIMParallel", "DPMSolverMultistep", "DPMSolverMultistepInverse",
    "DPMSolverSinglestep", "DEISMultistep", "UniPCMultistep", "SASolver", "EDMDPMSolverMultistep",
)}  # fmt: skip
"""Classes that heed thresholding."""


@dataclass(frozen=True)
class Convention:
    """What a network was trained to.

    Attributes:
        prediction: key of PREDICTIONS, or of PRECONDITIONS.
        times: what it was told at which noise level.
        kind: of its card.
        limits: x0_hat is held between these when its own scheduler samples; or None.
        learned_variance: its scheduler reads a variance between the two limits of a step.
        notes: what people should know, for the card.
    """

    prediction: str
    times: Times
    kind: str = "posterior mean"
    limits: Threshold | None = None
    learned_variance: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)


def convention_of(name: str, kind: str, config: Config) -> Convention:
    """How a scheduler of the class `kind` trains; `config` has been checked by SCHEDULER, `name` is the model's.

    Raises:
        UserError: if the class, its prediction or its schedule is not understood.
    """
    if kind not in CONVENTIONS:
        known = ", ".join(key.removesuffix("Scheduler") for key in CONVENTIONS)
        raise UserError(
            f"{name} was trained for {kind}, which is not understood here"
            f"{f': it needs {NEEDS[kind]}' if kind in NEEDS else ''}.",
            f"Understood are {known}.",
        )
    return CONVENTIONS[kind](name, {"_class_name": kind, **config})


def alpha_bar_of(config: Config) -> NDArray[np.float64]:
    """alpha_bar of every training step, float64 [T], from a scheduler_config.json; 0 at the end with zero terminal SNR.

    Raises:
        UserError: if its schedule is unknown, or beta is not in (0, 1).
    """
    schedule = schedule_of_config(config)
    return schedule.discrete(schedule.rows).alpha_bar


def _chain(name: str, config: Config) -> Convention:
    """A chain of betas, or with use_flow_sigmas a flow in its clothes."""
    if config.get("use_flow_sigmas"):
        return _flow(name, config)
    old = "epsilon" if config.get("predict_epsilon", True) else "sample"  # before October 2022
    prediction = _prediction(name, config, {"original_sample": "sample"}, old)
    times: Times = TableTimes(alpha_bar_of(config))
    if config.get("timestep_type") == "continuous" and prediction == "v_prediction":
        low, high = times.noise_range
        ends = config.get("sigma_min") or low, config.get("sigma_max") or high
        return Convention("edm_v", LevelTimes("edm_v", *ends, sigma_data=1.0), notes=_notes(config, None))
    limits = _limits(config)
    learned = config.get("variance_type") == "learned_range"
    return Convention(prediction, times, limits=limits, learned_variance=learned, notes=_notes(config, limits))


def _prediction(name: str, config: Config, others: Mapping[str, str], usual: str = "epsilon") -> str:
    """What the config says is predicted, by its name here."""
    given = config.get("prediction_type", usual)
    prediction = others.get(given, given)
    if prediction not in PREDICTIONS or (prediction == "flow") != (usual == "flow"):
        along = " along a flow" if usual == "flow" else ""
        raise UserError(f"{name} predicts {given!r}{along}.", f"Known are {', '.join(PREDICTIONS)}.")
    return prediction


def _flow(name: str, config: Config) -> Convention:
    """A straight line between data and noise, x0_hat = x - t u."""
    if config.get("invert_sigmas"):
        raise UserError(
            f"{name} counts the times of its flow from the noise (invert_sigmas), which is not understood here.",
            "Choose a network whose time is 0 at the data.",
        )
    prediction = _prediction(name, config, {"flow_prediction": "flow"}, "flow")
    limits = _limits(config)
    times = FlowTimes(float(config.get("num_train_timesteps", 1000)))
    return Convention(prediction, times, limits=limits, notes=_notes(config, limits))


def _levels(rule: str, name: str, config: Config, usual: tuple[float, float]) -> LevelTimes:
    low, high = (config.get(key) or end for key, end in zip(("sigma_min", "sigma_max"), usual, strict=True))
    if not 0 < low < high:
        raise UserError(
            f"The noise levels of {name} go from {low:g} to {high:g}.", "Correct its scheduler_config.json."
        )
    return LevelTimes(rule, low, high, float(config.get("sigma_data", 0.5)))


def _edm(name: str, config: Config) -> Convention:
    """EDM's preconditioning around F or around -F."""
    rules = {"epsilon": "edm", "v_prediction": "edm_v"}
    given = config.get("prediction_type", "epsilon")
    if given not in rules:
        raise UserError(f"{name} predicts {given!r} with EDM's preconditioning.", f"Known are {', '.join(rules)}.")
    limits = _limits(config)
    times = _levels(rules[given], name, config, (0.002, 80.0))
    return Convention(times.rule, times, limits=limits, notes=_notes(config, limits))


def _consistency(name: str, config: Config) -> Convention:
    limits = _limits(config)
    times = _levels("consistency", name, config, (0.002, 80.0))
    return Convention("consistency", times, "consistency", limits, notes=_notes(config, limits))


def _score(name: str, config: Config) -> Convention:
    return Convention("score", _levels("score", name, config, (0.01, 1348.0)), notes=_notes(config, None))


def _limits(config: Config) -> Threshold | None:
    kind = config["_class_name"]
    if kind in THRESHOLDS and config.get("thresholding"):
        return Threshold(config.get("sample_max_value", 1.0), config.get("dynamic_thresholding_ratio", 0.995))
    if kind in CLIPS and config.get(*CLIPS[kind]):
        return Threshold(config.get("clip_sample_range", 1.0))
    return None


def _notes(config: Config, limits: Threshold | None) -> dict[str, str]:
    """What is said of the limits, and of the steps that its own scheduler takes."""
    notes = {}
    if limits is not None:
        kind = config["_class_name"]
        setting = "thresholding" if limits.quantile else CLIPS[kind][0]
        notes["limits"] = f"{limits.words}, as {kind} says ({setting})"
    if "timestep_spacing" in config:
        offset = f" from step {config['steps_offset']}" if config.get("steps_offset") else ""
        notes["own_steps"] = f"{config['timestep_spacing']}{offset}; here the grid says which steps are taken"
    return notes


CONVENTIONS: dict[str, Callable[[str, Config], Convention]] = {
    **{kind: _chain for kind in CHAINS if kind not in ("LCMScheduler", "TCDScheduler")},
    "FlowMatchEulerDiscreteScheduler": _flow,
    "FlowMatchHeunDiscreteScheduler": _flow,
    "LTXEulerAncestralRFScheduler": _flow,
    "EDMEulerScheduler": _edm,
    "EDMDPMSolverMultistepScheduler": _edm,
    "CMStochasticIterativeScheduler": _consistency,
    "ScoreSdeVeScheduler": _score,
}
"""How the schedulers of a class train their networks."""

NEEDS = {
    "LCMScheduler": "the jumps of latent consistency models, which end at their own steps",
    "TCDScheduler": "the jumps of trajectory consistency models, which end at their own steps",
    "FlowMatchLCMScheduler": "the jumps of a distilled flow, which end at their own steps",
    "CogVideoXDDIMScheduler": "the shift of its signal-to-noise ratio (snr_shift_scale)",
    "CogVideoXDPMScheduler": "the shift of its signal-to-noise ratio (snr_shift_scale)",
    "DDPMWuerstchenScheduler": "a cosine of continuous times, which it is told as they are",
    "IPNDMScheduler": "betas that are the sine of the time, with alpha the cosine",
    "KarrasVeScheduler": "fields between 0 and 1 and half the noise level as the time",
    "SCMScheduler": "the angles of TrigFlow",
    "VQDiffusionScheduler": "tokens instead of pixels",
}
"""What it would take to run the networks of a class that is not understood."""
