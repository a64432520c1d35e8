"""Schedules as files: CSV and JSON tables of rows, and diffusers' scheduler_config.json with trained_betas.

A table is t, beta, alpha_bar, alpha, sigma, log_snr of the rows i = 1..T; JSON has null where a value is infinite. What
is read back has the same beta and log_snr to the last bit. A config of diffusers holds betas alone: its schedule is
variance preserving, with the same noise levels.
"""

import csv
import io
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from diffview.errors import UserError, cut
from diffview.forward.made import Tabulated, ZeroSnr
from diffview.forward.schedule import FORMS, MOST_STEPS, Array, Schedule, betas_of
from diffview.forward.schedules import make_schedule
from diffview.params import checked, shown
from diffview.paths import parse_json

LOOKED_AT = 2**16
"""Bytes by which a schedule is distinguished from a recipe."""

WORDS = (
    b'"diffview_schedule"', b'"sigma_max"', b'"schedule_type"', b'"sigmas"', b'"beta"', b'"alpha_bar"', b'"log_snr"',
    b'"trained_betas"', b'"beta_schedule"', b"Scheduler",
)  # fmt: skip
"""What a file of JSON with a schedule has one of."""

COLUMNS = ("t", "beta", "alpha_bar", "alpha", "sigma", "log_snr")
AGREE = 1e-4
"""Relative difference beyond which two columns of a table contradict each other."""

NAMED = {"linear": "linear", "scaled_linear": "scaled_linear", "squaredcos_cap_v2": "cosine", "sigmoid": "geodiff"}
"""diffusers' beta_schedule -> ours; its "laplace" passes sqrt(alpha_bar) where alpha_bar is expected."""

RANGED = {"linear", "scaled_linear", "sigmoid"}
"""Those that take beta_start and beta_end."""

LATER = {"beta_start": 0.00085, "beta_end": 0.012}

CHAINS: dict[str, Mapping[str, Any]] = {
    **{f"{name}Scheduler": {} for name in (
        "DDPM", "DDPMParallel", "DDIM", "DDIMParallel", "DDIMInverse", "PNDM", "DPMSolverMultistep",
        "DPMSolverMultistepInverse", "DPMSolverSinglestep", "DEISMultistep", "UniPCMultistep", "SASolver",
        "EulerDiscrete", "EulerAncestralDiscrete", "LMSDiscrete", "RePaint",
    )},
    **{f"{name}Scheduler": LATER for name in (
        "HeunDiscrete", "KDPM2Discrete", "KDPM2AncestralDiscrete", "DPMSolverSDE",
    )},
    **{f"{name}Scheduler": {**LATER, "beta_schedule": "scaled_linear"} for name in ("LCM", "TCD")},
    "UnCLIPScheduler": {"beta_schedule": "squaredcos_cap_v2"},
}  # fmt: skip
"""Schedulers of diffusers that are a chain of betas, and the defaults in which they differ from DDPM's."""

OWN_BETAS = {"UnCLIPScheduler"}
"""Those that pass trained_betas over: they have one schedule, that of their default."""

SAMPLING = {
    "_class_name", "_diffusers_version", "algorithm_type", "clip_sample", "clip_sample_range",
    "corrector_order", "disable_corrector", "dynamic_thresholding_ratio", "euler_at_final", "final_sigmas_type",
    "flow_shift", "interpolation_type", "lambda_min_clipped", "lower_order_final", "original_inference_steps",
    "predict_x0", "prediction_type", "predictor_order", "sample_max_value", "set_alpha_to_one",
    "shift_terminal", "sigma_max", "sigma_min", "skip_prk_steps", "solver_order", "solver_p", "solver_type",
    "steps_offset", "tau_func", "thresholding", "time_shift_type", "timestep_scaling", "timestep_spacing",
    "timestep_type", "use_beta_sigmas", "use_dynamic_shifting", "use_exponential_sigmas", "use_flow_sigmas",
    "use_karras_sigmas", "use_lu_lambdas", "variance_type",
}  # fmt: skip
"""Settings of diffusers' schedulers that do not change the betas."""


def table_of(schedule: Schedule, steps: int) -> dict[str, list[float]]:
    """The columns of a chain of T = `steps` rows."""
    chain = schedule.discrete(steps)
    return {name: getattr(chain, name).tolist() for name in COLUMNS}


def to_csv(schedule: Schedule, steps: int) -> str:
    """The table as CSV; every number is written so that it is read back to the last bit."""
    table = table_of(schedule, steps)
    rows = (",".join(map(repr, row)) for row in zip(*table.values(), strict=True))
    return "\n".join([",".join(table), *rows]) + "\n"


def to_json(schedule: Schedule, steps: int) -> str:
    """The table as JSON, null where a value is infinite."""
    table = table_of(schedule, steps)
    return (
        json.dumps({n: [v if math.isfinite(v) else None for v in c] for n, c in table.items()}, allow_nan=False) + "\n"
    )


def to_diffusers(schedule: Schedule, steps: int) -> str:
    """A scheduler_config.json of diffusers' DDPMScheduler with the betas of the chain as trained_betas.

    With zero terminal SNR eps cannot be predicted: prediction_type is then v_prediction.
    """
    betas = schedule.discrete(steps).beta.tolist()
    config = {
        "_class_name": "DDPMScheduler", "num_train_timesteps": steps, "trained_betas": betas, "clip_sample": False,
        "prediction_type": "v_prediction" if betas[-1] == 1 else "epsilon", "rescale_betas_zero_snr": False,
        "timestep_spacing": "trailing",
    }  # fmt: skip
    return json.dumps(config, indent=2, allow_nan=False) + "\n"


FORMATS: dict[str, Callable[[Schedule, int], str]] = {"csv": to_csv, "json": to_json, "diffusers": to_diffusers}


def export_schedule(schedule: Schedule, steps: int, form: str) -> str:
    """The text of a file of the format `form` of FORMATS, with T = `steps` rows.

    Raises:
        UserError: if `steps` is not in 1..100000.
    """
    if not 1 <= steps <= MOST_STEPS:
        raise UserError(f"A table of {steps} rows cannot be made.", f"Choose 1 to {MOST_STEPS}.")
    return FORMATS[form](schedule, steps)


def holds_schedule(path: Path) -> bool:
    """Whether a file looks like a schedule and not like a recipe."""
    plain = b""
    if path.is_file():  # no pipe, of which nobody may be writing
        with path.open("rb") as file:
            plain = file.read(LOOKED_AT)
    listed = plain.lstrip().startswith(b"[")
    known = path.suffix.lower() in (".csv", ".yaml", ".yml") or listed or any(word in plain for word in WORDS)
    return known and b'"diffview_recipe"' not in plain


def import_schedule(text: str) -> Schedule:
    """The schedule that a CSV, a JSON table or a config of diffusers describes.

    Raises:
        UserError: if it is none of them, has unknown or conflicting keys, or numbers that make no schedule.
    """
    if not text.lstrip().startswith(("{", "[")):
        return _from_table(_csv_columns(text))
    try:
        plain = parse_json(text, constants="_class_name" in text)
    except ValueError as error:
        raise UserError(
            f"This is no JSON that can be read: {str(error)[:80]}.", "Choose a schedule saved by diffview."
        ) from None
    if not isinstance(plain, dict):
        raise UserError("This JSON is a list, not a schedule.", f"A table has the columns {', '.join(COLUMNS)}.")
    if "diffview_recipe" in plain:
        raise UserError("This is a recipe, not a schedule.", "Open it with File, Open.")
    if plain.keys() & {"_class_name", "trained_betas", "beta_schedule", "num_train_timesteps"}:
        _check_chain(plain)
        for key in plain:
            if key not in SAMPLING and key not in _BETA_KEYS:
                raise UserError(
                    f"The config has an unknown key, {shown(key)}.", "It may change the schedule; remove it."
                )
        return schedule_of_config(plain)
    return _from_table({name: _numbers(name, column) for name, column in plain.items()})


# -- diffusers

_BETA_KEYS = {
    "num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear",
    "trained_betas": None, "rescale_betas_zero_snr": False,
}  # fmt: skip
"""The settings that determine the betas, with diffusers' defaults."""


def _check_chain(config: Mapping[str, Any]) -> str:
    """The name of the class of a config, if it is a chain of betas.

    Raises:
        UserError: if not.
    """
    name = cut(str(config.get("_class_name", "DDPMScheduler")), 60)
    if name not in CHAINS or config.get("use_flow_sigmas"):
        known = ", ".join(key.removesuffix("Scheduler") for key in CHAINS)
        by_level = "Flow" in name or "EDM" in name or name in CHAINS
        raise UserError(
            f"{name}{' with use_flow_sigmas' if name in CHAINS else ''} is no chain of betas that is known here.",
            "Choose flow or edm here." if by_level else f"Known are {known}.",
        )
    return name


def schedule_of_config(config: Mapping[str, Any]) -> Schedule:
    """The schedule that diffusers makes of a scheduler_config.json; settings of sampling are passed over.

    Raises:
        UserError: if its class is not a chain of betas, they are not allowed, or two settings contradict each other.
    """
    name = _check_chain(config)
    given = {key: config.get(key, default) for key, default in {**_BETA_KEYS, **CHAINS[name]}.items()}
    if name in OWN_BETAS:
        given["trained_betas"] = None
    steps, betas = given["num_train_timesteps"], given["trained_betas"]
    if type(steps) is not int or not 1 <= steps <= MOST_STEPS:
        raise UserError(
            f"num_train_timesteps = {shown(steps)} cannot be used.", f"It is a whole number to {MOST_STEPS}."
        )
    if betas is not None:
        schedule = _of_trained(betas, steps if "num_train_timesteps" in config else None)
    elif not isinstance(given["beta_schedule"], str) or given["beta_schedule"] not in NAMED:
        raise UserError(
            f"The beta_schedule {shown(given['beta_schedule'])} is unknown here.", f"Known: {', '.join(NAMED)}."
        )
    else:
        params = {"chain_steps": steps}
        if given["beta_schedule"] in RANGED:
            params |= {"beta_start": given["beta_start"], "beta_end": given["beta_end"]}
        schedule = make_schedule(NAMED[given["beta_schedule"]], params)
    rescaled = given["rescale_betas_zero_snr"]
    if rescaled not in (None, False, True):
        raise UserError("rescale_betas_zero_snr is neither true nor false.", "Correct it in the config.")
    if not rescaled:
        return schedule
    if config.get("prediction_type", "epsilon") == "epsilon":
        raise UserError(
            "rescale_betas_zero_snr conflicts with the prediction type epsilon: at zero SNR eps says nothing of x_0.",
            "Such a network predicts v_prediction or sample.",
        )
    return ZeroSnr(schedule)


def _of_trained(betas: Any, steps: int | None) -> Schedule:
    numbers = _numbers("trained_betas", betas)
    if steps is not None and steps != len(numbers):
        raise UserError(
            f"num_train_timesteps = {steps} conflicts with {len(numbers)} trained_betas.", "Make the two agree."
        )
    outside = np.flatnonzero(~((numbers > 0) & ((numbers < 1) | (np.arange(len(numbers)) == len(numbers) - 1))))
    if len(outside) or numbers[-1] > 1:
        i = int(outside[0]) if len(outside) else len(numbers) - 1
        raise UserError(f"beta = {numbers[i]:g} in row {i + 1} is not between 0 and 1.", "Only the last may be 1.")
    return Tabulated.of_betas(numbers)


# -- tables


def _csv_columns(text: str) -> dict[str, Array]:
    try:
        head, *rows = [row for row in csv.reader(io.StringIO(text)) if row]
    except (ValueError, csv.Error):
        raise UserError(
            "This is no table of a schedule: it is empty.", f"Its first line is {','.join(COLUMNS)}."
        ) from None
    names = [name.strip() for name in head]
    if not set(names) & set(COLUMNS):
        raise UserError("This is no table of a schedule.", f"Its first line is {','.join(COLUMNS)}.")
    if len(set(names)) < len(names):
        raise UserError("The table has two columns of one name.", "Remove one.")
    for i, row in enumerate(rows):
        if len(row) != len(names):
            raise UserError(f"Row {i + 1} of the table has {len(row)} values, not {len(names)}.", "Complete it.")
    return {name: _numbers(name, [row[i] for row in rows]) for i, name in enumerate(names)}


def _numbers(name: str, values: Any) -> Array:
    """float64 of a list; null is minus infinity, as it is in the last row of log_snr.

    Raises:
        UserError: if it is not a list of 1 to 100,000 numbers.
    """
    if not isinstance(values, list) or not 1 <= len(values) <= MOST_STEPS:
        raise UserError(f"{name} is not a list of numbers.", f"Give 1 to {MOST_STEPS} numbers.")
    try:
        return np.array([-math.inf if v is None else float(v) for v in values])
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{name} has something that is not a number.", "Give numbers only.") from None


def _from_table(columns: Mapping[str, Array]) -> Schedule:
    """The rows of a table: its noise level from log_snr, alpha_bar, sigma/alpha or beta; the others must agree."""
    for name in columns:
        if name not in COLUMNS:
            raise UserError(f"The table has an unknown column, {shown(name)}.", f"Known: {', '.join(COLUMNS)}.")
    if len({len(column) for column in columns.values()}) > 1:
        raise UserError("The columns of the table differ in length.", "Every row has a value in each.")
    log_snr = next((of(columns) for needs, of in LEVELS if needs <= columns.keys()), None)
    if log_snr is None:
        raise UserError("The table does not say how much noise there is.", "Give log_snr, alpha_bar or beta.")
    with np.errstate(over="ignore"):
        s = np.exp(-log_snr / 2)
    if "beta" not in columns and ((np.diff(log_snr) >= 0).any() or np.isnan(log_snr).any()):
        raise UserError("The noise of the table does not grow from row to row.", "Sort it by t.")
    beta = columns["beta"] if "beta" in columns else betas_of(s)
    form = _form_of(columns, s)
    rows = zip(beta.tolist(), log_snr.tolist(), strict=True)
    params = checked(Tabulated, {"form": form}, "table")
    schedule = Tabulated(table=tuple(rows), **params)
    _agree(columns, schedule)
    return schedule


def _of_alpha_bar(columns: Mapping[str, Array]) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(columns["alpha_bar"]) - np.log1p(-columns["alpha_bar"]))


def _of_alpha(columns: Mapping[str, Array]) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * np.log(columns["alpha"] / columns["sigma"]))


def _of_beta(columns: Mapping[str, Array]) -> Array:
    schedule = _of_trained(columns["beta"].tolist(), None)
    return schedule.discrete(schedule.rows).log_snr


LEVELS: tuple[tuple[set[str], Callable[[Mapping[str, Array]], Array]], ...] = (
    ({"log_snr"}, lambda columns: columns["log_snr"]),
    ({"alpha_bar"}, _of_alpha_bar),
    ({"alpha", "sigma"}, _of_alpha),
    ({"beta"}, _of_beta),
)
"""Columns that the noise level is read from, the most exact first."""


def _form_of(columns: Mapping[str, Array], s: Array) -> str:
    """The form whose alpha is that of the table; variance preserving where it has none.

    Raises:
        UserError: if there is none.
    """
    if "alpha" not in columns:
        return "vp"
    for form, alpha in FORMS.items():
        if np.allclose(columns["alpha"], alpha(s), rtol=AGREE, atol=1e-9):
            return form
    raise UserError(
        "The column alpha conflicts with the noise level of the table.",
        "alpha^2 + sigma^2 = 1, alpha + sigma = 1, or alpha = 1, in every row.",
    )


def _agree(columns: Mapping[str, Array], schedule: Tabulated) -> None:
    chain = schedule.discrete(schedule.rows)
    for name in columns.keys() - {"beta", "log_snr"}:
        off = np.flatnonzero(~np.isclose(columns[name], getattr(chain, name), rtol=AGREE, atol=1e-9))
        if len(off):
            raise UserError(
                f"The column {name} conflicts with the noise level in row {int(off[0]) + 1}.", "Remove one of the two."
            )
