"""The colours of a picture, and the physical values that they stand for."""

from dataclasses import dataclass, replace

import numpy as np

from diffview.fields.colormaps import default_for
from diffview.fields.numbers import number
from diffview.fields.transforms import Transform
from diffview.fields.units import written
from diffview.runs.facts import Facts, Fits
from diffview.runs.plan import Plan
from diffview.runs.view import LIMITS


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


def scale_of_field(
    facts: Facts, transform: Transform, limits: tuple[float, float] = LIMITS, colours: str = ""
) -> Scale:
    """The scale of the field and its forward states.

    Args:
        facts: with the field.
        transform: of the field.
        limits: standardised values at the ends of the colours.
        colours: key of COLORMAPS, "" for that of the units.
    """
    field, (low, high), least = facts.field, limits, facts.fits.of(_least)
    name = f"{field.name} {field.provenance.get('long_name', '')}"
    floor = floor_of(transform, least)
    if floor is not None:  # amounts have a long tail, and what is strong is what counts
        high = max(high, float(transform(facts.fits.of(_strong))))
    return Scale((low, high), transform, written(field.units), colours or default_for(field.units, name), floor)


def scale_of_made(
    facts: Facts, transform: Transform, plan: Plan, limits: tuple[float, float] = LIMITS, colours: str = ""
) -> Scale:
    """The scale of what the run of a plan makes: of another quantity than the field's if its model has its own.

    The other arguments are those of `scale_of_field`.
    """
    card, own = plan.card, scale_of_field(facts, transform, limits, colours)
    if card is None:
        return replace(own, transform=plan.made_in)
    made, units = plan.made_in, written(card.units)
    if (made, units) == (own.transform, own.units):
        return own
    return Scale(limits, made, units, colours or default_for(card.units, card.quantity), floor_of(made))


def floor_of(transform: Transform, least: float = 0.0) -> float | None:
    """0 where a bent transform, which is for amounts, meets values that are never negative; None elsewhere."""
    return None if transform.linear or least < 0 else 0.0
