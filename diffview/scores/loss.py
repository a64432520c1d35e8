"""`verify loss`: a model's loss at every noise level of a schedule, on fields it never saw, and its bound."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.regions import MOST_CROPS
from diffview.learning.loss_by_level import errors_by_level, variational_bound, walked
from diffview.learning.sets import TrainingSet, complete
from diffview.reverse.samplers import CONSISTENCY
from diffview.scores.printed import aligned, short
from diffview.scores.scoreboard import picked
from diffview.scores.subject import Subject

Array = NDArray[np.float32]

ROWS = 16
"""Lines of the table for the terminal, evenly picked."""

PARTS = (("held_out", "held-out"), ("train", "train"))


def verify_loss(name: str, found: Subject, levels: Sequence[float], count: int = 32, seed: int = 0) -> dict[str, Any]:
    """Loss at every level and bound of a model on held-out fields, and on fields it was trained on or fitted to.

    Args:
        name: of the model.
        found: the model and its data, in its standardised units.
        levels: of a walk; a last 0 is left out.
        count: fields of either part, evenly picked.
        seed: of the noise, the same at every level.

    Returns:
        As JSON has it: "model", "units", "levels", "noise_range" of the model (None: any); and for "held_out" and
        "train" {"fields", "loss", "error", "bound"}: loss is mean |eps - eps_hat|^2, error mean |x_0 - x0_hat|^2 in
        standardised units squared, bound the terms in nats per pixel, and "physical": its total for densities per
        unit of the field (None where a pixel has no density).

    Raises:
        UserError: if nothing is held out, the levels are not those of a walk, or the model is a consistency model.
    """
    data = found.data
    if found.kind == CONSISTENCY:
        raise UserError(
            f"{name} is a consistency model: it gives the end of a path and not a mean, which alone has this loss.",
            "Choose another model.",
        )
    if not len(data.held_out):
        raise UserError(f"Nothing of {data.name} is held out.", "Hold out a share of it, as 0.2.")
    if count < 1:
        raise UserError(f"A loss cannot be measured on {count} fields.", "Choose at least one; 32 give a steady loss.")
    s = walked(levels)
    formula = found.noise_range is None
    seen = picked(data.fields[complete(data.fields)], MOST_CROPS) if formula else data.fields
    told: dict[str, Any] = {"model": name, "units": data.units, "levels": list(s)}
    told["noise_range"] = None if found.noise_range is None else list(found.noise_range)
    for part, fields in (("held_out", picked(data.held_out, count)), ("train", picked(seen, count))):
        told[part] = _part(data, fields, _errors(found, fields, s, seed), s)
    return told


def _errors(found: Subject, fields: Array, s: Sequence[float], seed: int) -> NDArray[np.float64]:
    """errors_by_level; a model that is told block means is told those of the very field, one by one."""
    if not found.data.coarsen:
        return errors_by_level(found.make(None), fields, s, seed)
    alone = []
    for i in range(len(fields)):
        condition = found.data.condition(fields[i : i + 1])
        denoise = found.make(None if condition is None else np.nan_to_num(condition))
        alone.append(errors_by_level(denoise, fields[i : i + 1], s, seed))
    return np.concatenate(alone, axis=1)


def _part(data: TrainingSet, fields: Array, errors: NDArray[np.float64], s: Sequence[float]) -> dict[str, Any]:
    with np.errstate(invalid="ignore"):
        squares = np.nanmean(np.where(np.isnan(fields), np.nan, fields.astype(np.float64) ** 2), axis=(1, 2))
    bound = variational_bound(errors, squares, s)
    error = np.nanmean(errors, axis=1)
    slope = float(np.nanmean(data.transform.log_slope(data.transform.inverse(fields))))
    physical = bound.total - slope if np.isfinite(slope) else None
    loss = error / np.square(s)
    return {
        "fields": len(fields), "loss": loss.tolist(), "error": error.tolist(),
        "bound": {**bound.plain, "physical": physical},
    }  # fmt: skip


def format_loss(found: Mapping[str, Any]) -> str:
    """What `verify_loss` found as an aligned table for the terminal."""
    levels, low_high = found["levels"], found["noise_range"]
    shown = sorted(set(np.linspace(0, len(levels) - 1, min(ROWS, len(levels))).round().astype(int).tolist()))
    head = ["s", "loss, held-out", "loss, train", "rms error, held-out", ""]
    table = [head]
    for i in shown:
        outside = low_high is not None and not low_high[0] <= levels[i] <= low_high[1]
        losses = [short(found[part]["loss"][i]) for part, _ in PARTS]
        rms = short(found["held_out"]["error"][i] ** 0.5)
        table.append([short(levels[i]), *losses, rms, "outside of its training" if outside else "std"])
    bounds = [["bound, nats per pixel", *(name for _, name in PARTS), ""]]
    for key, what in (
        ("L_T", "L_T: what is left at the highest s"), ("sum of L_t-1", "the steps: loss x d ln s"),
        ("L_0", "L_0: the last step"), ("total", "-ln p of a pixel is at most"), ("standard error", "standard error"),
        ("physical", "the same per unit of the field"),
    ):  # fmt: skip
        unit = f"density per {found['units'] or '1'}" if key == "physical" else ""
        bounds.append([what, *(short(found[part]["bound"][key]) for part, _ in PARTS), unit])
    counts = ", ".join(f"{found[part]['fields']} {name}" for part, name in PARTS)
    return "\n".join([
        f"{found['model']}: {counts} fields, {len(levels)} noise levels",
        "loss = mean |eps - eps_hat|^2, no unit (the weighting of noise prediction); rms error of x0_hat in std", "",
        *aligned(table), "", *aligned(bounds),
    ])  # fmt: skip


def as_json(found: Mapping[str, Any]) -> str:
    """The same as JSON text; null for what is not a number."""
    return json.dumps(_finite(found), indent=2)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
