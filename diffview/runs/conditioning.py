"""What of its region a run is given beside noise, as a recipe asks for it."""

from typing import NamedTuple

from diffview.reverse.operators import BY_PIXEL
from diffview.reverse.samplers import KNOWN_PIXELS, SAMPLERS
from diffview.runs.recipe import Recipe


class Conditioning(NamedTuple):
    """What of the region goes into a run, and whether anything is done to its model.

    Attributes:
        conditioned: it is given pixels of the region on its way, by its sampler or by what guides it.
        fills: it is given them one by one, so that it makes up what is missing or hidden.
        sees_region: it starts from the region, or is conditioned on it.
        guided: its model is guided, mixed or limited.
    """

    conditioned: bool
    fills: bool
    sees_region: bool
    guided: bool

    @classmethod
    def of(cls, recipe: Recipe) -> "Conditioning":
        """What a recipe asks for."""
        info, asked = SAMPLERS.get(recipe.course.sampler), recipe.guidance
        by_sampler = info is not None and KNOWN_PIXELS in info.needs
        seen = {asked.observe, *(one.operator for one in recipe.operators.instruments)} - {""}
        conditioned = by_sampler or bool(seen)
        limited = (asked.clip_low, asked.clip_high) != (None, None)
        return cls(
            conditioned,
            by_sampler or bool(seen & set(BY_PIXEL)),
            conditioned or recipe.start.origin == "field",
            bool(seen) or asked.weight != 1 or limited,
        )
