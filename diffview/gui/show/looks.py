"""Colours and texts of values, for all panels."""

import math

import numpy as np
from numpy.typing import NDArray

from diffview.fields.colormaps import COLORMAPS, Rgb
from diffview.fields.earth_map import EarthMap
from diffview.fields.field import Field, Region
from diffview.fields.units import written
from diffview.gui.show.moment import InForce
from diffview.reverse.samplers import Step
from diffview.runs.colour_scale import Scale, scale_of_field, scale_of_made
from diffview.runs.facts import Fits
from diffview.runs.plan import Plan

NOISE_SNR = 0.01
"""Below this signal-to-noise ratio a value has no physical meaning and is marked as noise."""


def colormap(session: InForce) -> Rgb:
    """The colour map in force."""
    return COLORMAPS[field_scale(session).colours]


def field_scale(session: InForce) -> Scale:
    """The scale of Field and Forward."""
    view = session.view
    return scale_of_field(session.facts, session.plan.transform, view.limits, view.colormap)


def made_scale(session: InForce, plan: Plan) -> Scale:
    """The scale of what the run of a plan makes: of another quantity than the field's if its model has its own."""
    view = session.view
    return scale_of_made(session.facts, session.plan.transform, plan, view.limits, view.colormap)


def quantity_name(field: Field) -> str:
    """A field's name and units as text: toa brightness temperature · K."""
    name = field.name.replace("_", " ").strip() or "field"
    return f"{name} · {units}" if (units := written(field.units)) else name


def tidied(value: float, size: float) -> float:
    """`value` rounded to the precision of float32 values as large as `size`: 0 instead of -8.5e-10."""
    return round(value, 6 - math.floor(math.log10(size))) + 0.0 if size else value


def is_noise(s: float) -> bool:
    """Whether a field of unit variance at the noise level s is noise rather than signal."""
    return s * s > 1 / NOISE_SNR


def field_share(alpha: float, s: float) -> float:
    """How strongly what belongs to the field, as its coasts, shows in x_t: alpha, and not at all in noise."""
    return 0.0 if is_noise(s) else alpha


def _coast(_: Fits, earth: EarthMap, region: Region | None, k: int) -> NDArray[np.float32]:
    corner = np.array([0, 0] if region is None else [region.row, region.column], np.float32)
    return (earth.coast - corner) / np.float32(k)


def coast(session: InForce, region: Region | None, k: int = 1) -> NDArray[np.float32] | None:
    """Coasts in pixels of a region, or of every k-th pixel of the slice; None where they are not known or wanted."""
    earth = session.facts.earth
    if earth is None or not session.view.coast or not len(earth.coast):
        return None
    return session.facts.fits.of(_coast, earth, region, k)


def state(step: Step, session: InForce) -> NDArray[np.float32]:
    """The state of a run in the units of x_t: alpha y of the member shown, [ny, nx]; NaN where nothing is made."""
    return np.float32(session.recipe.course.schedule.scale(step.s)) * made(step.y, session)[member_of(step, session)]


def estimate(step: Step, session: InForce) -> NDArray[np.float32]:
    """x0_hat of the member shown; at the start, before the first call of the model, the state."""
    return state(step, session) if step.x0_hat is None else made(step.x0_hat, session)[member_of(step, session)]


def made(y: NDArray[np.float32], session: InForce) -> NDArray[np.float32]:
    """Members [m, ny, nx] of [m, channels, ny, nx]; NaN where the model makes nothing, as on land for sea fields."""
    makes, members = session.plan.makes, y[:, 0]
    if makes is None or makes.shape != members.shape[1:]:
        return members
    return np.where(makes, members, np.float32(np.nan))


def member_of(step: Step, session: InForce) -> int:
    """The member shown large, or the first where all are."""
    return min(session.view.member or 0, len(step.y) - 1)
