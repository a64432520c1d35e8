"""Colours and texts of values, for all panels."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from diffview.fields.colormaps import COLORMAPS, Rgb, default_for
from diffview.fields.earth_map import EarthMap
from diffview.fields.field import Field, Region
from diffview.fields.numbers import number
from diffview.fields.transforms import Transform
from diffview.fields.units import written
from diffview.gui.show.moment import InForce
from diffview.reverse.samplers import Step
from diffview.runs.facts import Fits
from diffview.runs.plan import Plan

NOISE_SNR = 0.01
"""Below this signal-to-noise ratio a value has no physical meaning and is marked as noise."""


def colormap(session: InForce) -> Rgb:
    """The colour map in force."""
    return COLORMAPS[field_scale(session).colours]


@dataclass(frozen=True)
class Scale:
    """The scale of a picture: its colours and its physical units.

    Attributes:
        limits: standardised values at the ends of the colours.
        transform: from standardised to physical.
        units: as they are written.
        colours: key of COLORMAPS.
        floor: the physical value below which nothing is ever measured, or None; then the colours begin there.
    """

    limits: tuple[float, float]
    transform: Transform
    units: str
    colours: str
    floor: float | None = None

    def __post_init__(self) -> None:
        low, high = self.limits
        least = low if self.floor is None else float(self.transform(self.floor))
        if low < least < high:
            object.__setattr__(self, "limits", (least, high))

    @property
    def levels(self) -> tuple[float, float, bool]:
        """The values of the first and the last colour, and whether what is below is marked: nothing can be."""
        return *self.limits, self.floor is not None

    def text(self, z: float) -> str:
        """A standardised value in physical units, "263.1 K"; below the floor it is noise."""
        if self.floor is not None and z < float(self.transform(self.floor)) - AT_FLOOR:
            return f"noise (below {self.floor:g} {self.units}".rstrip() + ")"
        value = float(self.transform.inverse(z))
        return f"{number(value if self.floor is None else max(value, self.floor))} {self.units}".strip()


AT_FLOOR = 0.01
"""Standard deviations by which a value can lie below the floor and still be at it."""


STRONG, LOOKED_AT = 0.999, 100_000
"""Share of an amount's pixels that the colours reach to at least, and how many of them are looked at."""


def _least(fits: Fits) -> float:
    return float(np.nanmin(fits.field.values))


def _strong(fits: Fits) -> np.float32:
    values = fits.field.values.ravel()
    return np.float32(np.nanquantile(values[:: max(1, values.size // LOOKED_AT)], STRONG))


def field_scale(session: InForce) -> Scale:
    """The scale of Field and Forward."""
    field, transform, view = session.facts.field, session.plan.transform, session.view
    least = session.facts.fits.of(_least)
    colours = view.colormap or default_for(field.units, f"{field.name} {field.provenance.get('long_name', '')}")
    (low, high), floor = view.limits, floor_of(transform, least)
    if floor is not None:  # amounts have a long tail, and what is strong is what counts
        high = max(high, float(transform(session.facts.fits.of(_strong))))
    return Scale((low, high), transform, written(field.units), colours, floor)


def made_scale(session: InForce, plan: Plan) -> Scale:
    """The scale of what the run of a plan makes: of another quantity than the field's if its model has its own."""
    card, view, own = plan.card, session.view, field_scale(session)
    if card is None:
        return replace(own, transform=plan.made_in)
    made, units = plan.made_in, written(card.units)
    if (made, units) == (own.transform, own.units):
        return own
    return Scale(view.limits, made, units, view.colormap or default_for(card.units, card.quantity), floor_of(made))


def floor_of(transform: Transform, least: float = 0.0) -> float | None:
    """0 where a bent transform, which is for amounts, meets values that are never negative; None elsewhere."""
    return None if transform.linear or least < 0 else 0.0


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


def region_text(region: Region) -> str:
    """Size and position of a region as text: 128 x 128 at row 0, column 100."""
    return f"{region.ny} × {region.nx} at row {region.row}, column {region.column}"


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


GAP = 2
"""Pixels between tiles."""


STRIP = 3
"""Most columns of tiles for each row of them."""


def _across(members: int) -> int:
    """Columns of tiles: as square as can be without a place left empty, which would look like missing data."""
    square = math.ceil(math.sqrt(members))
    whole = (n for n in range(square, members + 1) if members % n == 0 and n * n <= STRIP * members)
    return next(whole, square)


def tiled(members: NDArray[np.float32]) -> NDArray[np.float32]:
    """Members [m, ny, nx] side by side in rows, as square as can be; NaN between them and where there is none."""
    m, ny, nx = members.shape
    across = _across(m)
    down = -(-m // across)
    tiles = np.full((down * (ny + GAP) - GAP, across * (nx + GAP) - GAP), np.nan, dtype=np.float32)
    for i, member in enumerate(members):
        row, column = i // across * (ny + GAP), i % across * (nx + GAP)
        tiles[row : row + ny, column : column + nx] = member
    return tiles


def tile_at(row: int, column: int, members: NDArray[np.float32]) -> int | None:
    """The member whose tile has this pixel, or None."""
    m, ny, nx = members.shape
    across = _across(m)
    i = row // (ny + GAP) * across + column // (nx + GAP)
    inside = row % (ny + GAP) < ny and column % (nx + GAP) < nx
    return i if inside and i < m else None
