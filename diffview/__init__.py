"""diffview: see, tune and run diffusion models on Earth-observation fields.

>>> import diffview
>>> field = diffview.open("sst.nc", "analysed_sst")            # xarray.DataArray: one slice, north up, units, time
>>> noisy = diffview.noise(field, t=0.4, schedule="cosine")    # xarray.Dataset: x_0, x_t and eps
>>> made = diffview.sample(field, model="gaussian", members=8) # [member, y, x], mean and spread
>>> again = diffview.sample(recipe=made.attrs["diffview_recipe"])  # the same to the bit
>>> diffview.show(field)                                       # the window

The names of `dir(diffview)` are all of it: `open`, `schedule`, `noise`, `sample`, `sample_times`, `days`, `film`,
`compare`, `downscale`, `train`, `verify`, `verify_ensemble`, `show`, `recorded` for runs of any program, the `Recipe`
that says what is asked for, and `UserError`, the one error that is meant to be read. None of them loads what it does
not need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diffview.errors import UserError
    from diffview.library.all_times import sample_times
    from diffview.library.calibrated import verify_ensemble
    from diffview.library.comparing import compare
    from diffview.library.daily_fields import days
    from diffview.library.downscaled import downscale
    from diffview.library.filming import film
    from diffview.library.making import noise, sample
    from diffview.library.opened import open
    from diffview.library.recording import recorded
    from diffview.library.scheduled import schedule
    from diffview.library.showing import show
    from diffview.library.trained import train, verify
    from diffview.runs.recipe import Recipe

__version__ = "0.1.0"

__all__ = [
    "Recipe",
    "UserError",
    "__version__",
    "compare",
    "days",
    "downscale",
    "film",
    "noise",
    "open",
    "recorded",
    "sample",
    "sample_times",
    "schedule",
    "show",
    "train",
    "verify",
    "verify_ensemble",
]

_HOMES = {
    "compare": "library.comparing",
    "days": "library.daily_fields",
    "downscale": "library.downscaled",
    "film": "library.filming",
    "open": "library.opened",
    "noise": "library.making",
    "recorded": "library.recording",
    "sample": "library.making",
    "sample_times": "library.all_times",
    "schedule": "library.scheduled",
    "show": "library.showing",
    "train": "library.trained",
    "verify": "library.trained",
    "verify_ensemble": "library.calibrated",
    "Recipe": "runs.recipe",
    "UserError": "errors",
}
"""The module of each name, which is imported when the name is first used."""


if not TYPE_CHECKING:  # to a type checker any name would be there

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'diffview' has no attribute {name!r}; it offers {', '.join(__all__)}")
        return getattr(import_module(f"diffview.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
