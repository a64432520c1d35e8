"""The ensemble that a run has made, and what it can be judged by: the field, what the model was given, other fields."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.coarse import coarse
from diffview.fields.field import Region
from diffview.fields.regions import crops_for
from diffview.learning.sets import complete, evenly
from diffview.runs.facts import Facts
from diffview.runs.in_blocks import physical_of
from diffview.runs.job import Job
from diffview.runs.plan import Plan
from diffview.scores.calibration import MOST_CLIMATE, Calibration, EnsembleCases, calibrate

Array = NDArray[np.float32]

FIELD, NONE = "field", "none"
"""Truths: the field itself; nothing."""

COARSE = UserError(
    "The field is coarse as it is: it is what the members were given, and no truth.",
    "Judge them without a truth, or by a fine field.",
)


def usual_truth(plan: Plan) -> str:
    """The field where a run is given something of it; nothing where it makes fields from noise, or from means alone."""
    return FIELD if plan.has_truth and _same_quantity(plan) else NONE


def _same_quantity(plan: Plan) -> bool:
    """Whether a run makes the quantity of the field."""
    return plan.card is None or plan.transform == plan.card.transform


def cases_of(plan: Plan, facts: Facts, y: Any, truth: str | Array = "") -> EnsembleCases:
    """The members at the end of a run y [members, channels, ny, nx], as one case.

    Of a run that fills a gap only what it made is judged. The climatology is the region in the other slices, or else
    the crops of the slice that share no pixel with it.

    Args:
        plan: of the run.
        facts: of its field.
        y: standardised.
        truth: FIELD or NONE; "": `usual_truth`; or the truth of the region itself [ny, nx].

    Raises:
        UserError: if the run makes another quantity than the field, there is one member, or nothing can be judged.
    """
    field, region = facts.field, plan.region
    asked = usual_truth(plan) if isinstance(truth, str) and not truth else truth
    members = physical_of(plan, np.asarray(y))
    if isinstance(asked, str) and asked == NONE:
        card = plan.card
        other = card is not None and not _same_quantity(plan)
        name, units = (card.quantity, card.units) if card is not None and other else (field.name, field.units)
        return EnsembleCases(members[:, None], name=name, units=units, pixel_km=None if other else field.pixel_km)
    if isinstance(asked, str) and plan.recipe.source.refine > 1:
        raise COARSE
    if not _same_quantity(plan):
        raise UserError(
            f"{plan.recipe.denoiser.model} makes another quantity than {field.name or 'the field'}.",
            "Judge it without a truth, or open a field of its quantity.",
        )
    wanted = field.values[region.slices] if isinstance(asked, str) else asked
    given = None
    if plan.card is not None and plan.card.coarsen:
        given = plan.made_in.inverse(coarse(plan.x0[None], plan.made_in, plan.card.coarsen))
    return EnsembleCases(
        members[:, None], wanted[None], given, climatology_of(facts, region), plan.filled, field.name, field.units,
        field.pixel_km,
    )  # fmt: skip


def climatology_of(facts: Facts, region: Region) -> Array | None:
    """Other complete fields of the region's size in physical units, at most 128, evenly picked; None without two."""
    if facts.stack is not None:
        others = facts.stack[(slice(None), *region.slices)]
        others = others[complete(others)]
        if len(others) > 1:
            return evenly(others, MOST_CLIMATE)
    crops = crops_for(facts.table, region, True)
    if len(crops) < 2:
        return None
    picked = [crops[i] for i in np.linspace(0, len(crops) - 1, min(MOST_CLIMATE, len(crops))).astype(int)]
    return np.stack([facts.field.values[crop.slices] for crop in picked])


@dataclass(eq=False)
class CalibrationCheck(Job):
    """The judgement of one ensemble.

    Attributes:
        plan: of the run that made it.
        facts: of its field.
        y: the fields at its end [members, channels, ny, nx].
        truth: FIELD, NONE, or "": what is usual.
        thresholds: of events; none: those that suit the field.
        found: what was found, or None.
    """

    plan: Plan
    facts: Facts
    y: Any
    truth: str = ""
    thresholds: tuple[float, ...] = ()
    found: Calibration | None = None

    def work(self) -> None:
        """Judge; ties are broken by the seed of the run."""
        cases = cases_of(self.plan, self.facts, self.y, self.truth)
        self.found = calibrate(cases, self.thresholds, self.plan.recipe.course.seed, self.tell)
