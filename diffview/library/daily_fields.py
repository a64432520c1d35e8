"""The days of a month from its mean, as xarray: what `diffview days` writes into a file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING, Any, Unpack

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.library.keywords import DaysValues
from diffview.library.opened import Opened, source_name
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe

if TYPE_CHECKING:
    import xarray

Paths = str | PathLike[str] | Sequence[str | PathLike[str]]


def days(
    path: Paths,
    dataset: str | None = None,
    *,
    month: str,
    fit: Paths | tuple[Paths, str] | None = None,
    progress: Callable[[float], None] = lambda share: None,
    **values: Unpack[DaysValues],
) -> xarray.Dataset:
    """The days of a month, by a formula or a network, with the mean that is given: [member, time, rows, columns].

    The dates are those of the calendar of the file; where the mean is missing, the days are.

    Args:
        path: monthly means, or daily fields of which the mean is taken: a file, or many as one set.
        dataset: the variable; None: the best one.
        month: as 2003-05.
        fit: daily fields that the law is fitted to, or (path, dataset) of them; None: those of `path`, all but the
            month itself.
        progress: called with the share that is done.
        **values: days (only the first so many of the month), members, seed, first_member, region as (row, column, ny,
            nx), periodic (whether opposite edges of the region meet), model ("gaussian", the formula, or a network).

    Raises:
        UserError: if something cannot be read, or does not go together.

    Example:
        >>> made = diffview.days("daily.nc", "sst", month="2003-05", members=4, seed=0)
        >>> made["sst"].dims
        ('member', 'time', 'latitude', 'longitude')
    """
    from diffview.learning.months import MonthAsked, make_month
    from diffview.library.datasets import dataset_of
    from diffview.writers.sequences import days_content

    named: dict[str, Any] = {("first" if name == "first_member" else name): value for name, value in values.items()}
    if (region := values.get("region")) is not None and not isinstance(region, Region):
        named["region"] = Region(*map(int, region))
    made = make_month(MonthAsked(_place(path, dataset), month, _fitted(fit, dataset), **named), progress)
    return dataset_of(days_content(made), Opened(Recipe(), Facts(made.of.field)))


def _place(path: Paths, dataset: str | None) -> tuple[str, str | None]:
    name = source_name(path)
    if name is None:
        raise UserError("No file was named.", "Name monthly means, or daily fields.")
    return name, dataset


def _fitted(fit: Any, dataset: str | None) -> tuple[str, str | None] | None:
    """Daily fields by their path, of the same variable, or by path and variable; None for None."""
    if isinstance(fit, tuple):
        return _place(fit[0], fit[1])
    return None if fit is None else _place(fit, dataset)
