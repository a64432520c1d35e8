"""`verify loss`: a model's loss at every noise level of a schedule, on fields it never saw, and its bound."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.cards import Card
from diffview.denoisers import FORMULAS
from diffview.errors import UserError
from diffview.losses import errors_by_level, variational_bound, walked
from diffview.regions import MOST_CROPS
from diffview.training_sets import TrainingSet, coarse
from diffview.verify import aligned, short

Array = NDArray[np.float32]

ROWS = 16
"""Lines of the table for the terminal, evenly picked."""

PARTS = (("held_out", "held-out"), ("train", "train"))


def evenly(fields: Array, most: int) -> Array:
    """At most so many of the fields, evenly picked."""
    return np.asarray(fields[np.linspace(0, len(fields) - 1, min(most, len(fields))).astype(int)])


def fit_set(data: TrainingSet) -> Array:
    """What a formula is fitted to: at most 1,000 of the fields to train on, those without a missing pixel.

    Raises:
        UserError: if every field has one.
    """
    complete = data.fields[~np.isnan(data.fields).any(axis=(1, 2))]
    if not len(complete):
        raise UserError(
            f"Every field of {data.name} has missing pixels, to which no formula can be fitted.",
            "Choose a network, or smaller fields.",
        )
    return evenly(complete, MOST_CROPS)


def network_errors(card: Card, device: str, fields: Array, levels: Sequence[float], seed: int) -> NDArray[np.float64]:
    """errors_by_level of the network of a card, told the block means of the very fields if it is conditioned."""
    from diffview.models import Trained

    if not card.coarsen:
        return errors_by_level(Trained(card, device).denoiser(), fields, levels, seed)
    found = []
    for field in fields:  # one by one: a network holds one condition
        condition = np.nan_to_num(coarse(field[None], card.transform, card.coarsen)[:, None])
        found.append(errors_by_level(Trained(card, device, condition).denoiser(), field[None], levels, seed))
    return np.concatenate(found, axis=1)


def verify_loss(
    model: str | Card, data: TrainingSet, levels: Sequence[float], count: int = 32, seed: int = 0, device: str = "cpu"
) -> dict[str, Any]:
    """Loss at every level and bound of a model on held-out fields, and on fields it was trained on or fitted to.

    Args:
        model: key of FORMULAS, or the card of a network.
        data: what it is fitted to or was trained on, and what was kept apart, in the model's standardised units.
        levels: of a walk; a last 0 is left out.
        count: fields of either part, evenly picked.
        seed: of the noise, the same at every level.
        device: torch device of a network.

    Returns:
        As JSON has it: "model", "units", "levels", "noise_range" of the model (None: any); and for "held_out" and
        "train" {"fields", "loss", "error", "bound"}: loss is mean |eps - eps_hat|^2, error mean |x_0 - x0_hat|^2 in
        standardised units squared, bound the terms in nats per pixel, and "physical": its total for densities per
        unit of the field (None where a pixel has no density).

    Raises:
        UserError: if nothing is held out, or the levels are not those of a walk.
    """
    if not len(data.held_out):
        raise UserError(f"Nothing of {data.name} is held out.", "Hold out a share of it, as 0.2.")
    if count < 1:
        raise UserError(f"A loss cannot be measured on {count} fields.", "Choose at least one; 32 give a steady loss.")
    s = walked(levels)
    errors_of: Callable[[Array], NDArray[np.float64]]
    if isinstance(model, Card):
        name, noise_range = model.name, list(model.noise_range)
        errors_of, seen = partial(network_errors, model, device, levels=s, seed=seed), data.fields
    else:
        name, noise_range = model, None
        seen = fit_set(data)
        errors_of = partial(errors_by_level, FORMULAS[model](seen), levels=s, seed=seed)
    found: dict[str, Any] = {"model": name, "units": data.units, "levels": list(s), "noise_range": noise_range}
    for part, fields in (("held_out", evenly(data.held_out, count)), ("train", evenly(seen, count))):
        found[part] = _part(data, fields, errors_of(fields), s)
    return found


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
    picked = sorted(set(np.linspace(0, len(levels) - 1, min(ROWS, len(levels))).round().astype(int).tolist()))
    head = ["s", "loss, held-out", "loss, train", "rms error, held-out", ""]
    table = [head]
    for i in picked:
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
