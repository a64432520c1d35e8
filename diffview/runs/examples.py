"""Examples that ship with the program: a field, a model that fits it, and an ensemble to look at."""

from collections.abc import Callable
from typing import NamedTuple

from diffview.fields.field import Region
from diffview.forward.schedules import Cosine
from diffview.models.cards import find_card
from diffview.paths import resource
from diffview.runs.recipe import Recipe
from diffview.runs.sampling import scored_course

SEA, RAIN = "sea_surface_temperature.nc", "drawn_rain.nc"
"""Files in resources/, written by tools/make_examples.py."""


class Example(NamedTuple):
    """One example.

    Attributes:
        title, tip: of its menu entry; the tip says where the field is from and which networks fit.
        recipe: makes what is asked for.
    """

    title: str
    tip: str
    recipe: Callable[[], Recipe]


def _drawn_by(model: str, recipe: Recipe) -> Recipe:
    """The recipe with a network that draws as it was scored."""
    return recipe.but(model=model, **scored_course(find_card(model)))


def _clouds() -> Recipe:
    return _drawn_by("bt64", Recipe.of(region=Region(40, 180, 64, 64), members=16))


def _sea() -> Recipe:
    return Recipe.of(
        path=str(resource(SEA)), dataset="/sst", region=Region(0, 220, 18, 96), model="gaussian", schedule=Cosine(),
        sampler="ddpm", origin="field", level=1.0, members=32,
    )  # fmt: skip


def _rain() -> Recipe:
    twin = Recipe.of(path=str(resource(RAIN)), dataset="/rain_drawn_by_rain64", region=Region(0, 0, 64, 64), members=16)
    return _drawn_by("rain64-from-coarse", twin)


EXAMPLES = {
    "clouds": Example(
        "Brightness temperature",
        "Clouds over Europe (SEVIRI, Met Office, Open Government Licence); drawn by bt64, the network that fits",
        _clouds,
    ),
    "sea": Example(
        "Sea surface temperature",
        "Monthly means over the tropics (OSTIA, Met Office, Open Government Licence); a formula: no network fits",
        _sea,
    ),
    "rain": Example(
        "Rain, a twin experiment",
        "A field that rain64 drew is coarsened and brought back by rain64-from-coarse, so that the truth is known",
        _rain,
    ),
}
"""By their keys."""
