"""The loss measured on the open region in words and in lines."""

import math
from collections.abc import Mapping
from typing import Any

from diffview.fields.numbers import decimal, figures
from diffview.fields.units import written
from diffview.gui.show.lines import Line, array
from diffview.models.choice import Trained, TrainingCrops
from diffview.runs.plan import Plan
from diffview.scores.loss import HELD_OUT, Loss

UNMEASURED = (
    "How well the model separates noise and field at every noise level of the run, on the region that is open; and the "
    "bound on −ln p that follows from it."
)
WEIGHTING = (
    "The loss counts every pixel of ε alike, as DDPM's simple loss does; times s² it is the error of x̂₀. Weighted by "
    "d ln s it is the bound: with fine steps the area under it over ln s is the term of the steps. Nats are "
    "for a density of the standardised field, unless a unit is named; ± is over the noises."
)
FITTED = {
    True: " It was fitted to crops that share no pixel with the region.",
    False: " It was fitted to crops of the same field, the region among them.",
}
"""Sentences by whether the region was left out."""

BOUND = "−ln p per pixel, nats"


def lines_of_found(found: Loss, scores: Mapping[str, Any]) -> list[Line]:
    """The loss, beside that of a field of the model's own Gaussian prior, or of the held-out fields of its card."""
    lines = [Line(found.part.what, "reverse", found.levels, found.loss)]
    if found.law is not None:
        lines.append(Line("a field of its prior", "dim", found.levels, found.law))
    card = scores.get("loss_by_level")
    if card and "held_out" in card:
        lines.append(Line("held-out fields", "text", array(card["levels"]), array(card["held_out"])))
    return lines


def about_found(found: Loss, plan: Plan) -> str:
    """What was measured, and on which fields, as a sentence."""
    steps, walked = len(plan.levels) - 1, len(found.bound.levels)
    walk = f"{walked} of the run's {steps}" if walked < steps else f"the run's {steps}"
    count, ny, nx = found.part.fields.shape
    if found.part.what == HELD_OUT:
        return f"{count} held-out fields of {ny} × {nx} pixels, each under a noise of its own at {walk} levels."
    seen = ""
    if isinstance(plan.model, TrainingCrops):
        seen = FITTED[plan.model.left_out]
    elif isinstance(plan.model, Trained):
        seen = " Whether the network was trained on it is not known here."
    return f"{ny} × {nx} pixels under {count} noises each of {walk} levels.{seen}"


def bound_rows(found: Loss, units: str) -> list[tuple[str, str]]:
    """The terms of the bound and what follows from them, in nats per pixel; the bound itself comes first."""
    bound = found.bound
    spread = f" ± {bound.spread:.1g}" if math.isfinite(bound.spread) else ""
    rows = [
        (BOUND, f"≤ {_nats(bound.total)}{spread}"),
        (f"left at s = {bound.levels[0]:.3g}", _nats(bound.prior)),
        ("the steps", _nats(sum(bound.steps))),
        (f"the last, s = {bound.levels[-1]:.3g}", _nats(bound.last)),
    ]
    if math.isfinite(found.physical):
        rows.append((f"as a density per {written(units) or '1'}", _nats(found.physical)))
    if found.law_bound is not None:
        rows.append(("a field of its prior", _nats(found.law_bound)))
    return rows


def _nats(value: float) -> str:
    """Three significant digits from 1 on, two decimals below, with a real minus sign."""
    return decimal(value, 2) if abs(value) < 100 else figures(value, 4)
