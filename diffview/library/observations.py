"""Instruments in plain words: what a command line, a table or a caller says of one operator."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import rectangles_of
from diffview.params import checked
from diffview.reverse.operators import OPERATORS
from diffview.runs.instruments import Instrument

EXAMPLE = '{"operator": "blocks", "size": 8, "error": 0.5}'


def instrument_of(said: Instrument | Mapping[str, Any]) -> Instrument:
    """The instrument that is said.

    Args:
        said: it itself, or `operator`, a key of OPERATORS; `error`, in the field's unit; `where`, one rectangle (row,
            column, ny, nx) of the slice or several, or `mask`, an array of the slice's shape that is true where it
            looks; and the settings of the operator by their names.

    Raises:
        UserError: if there is no such operator, its error is missing, or a value is not allowed.
    """
    if isinstance(said, Instrument):
        return said
    rest = dict(said)
    operator, error = rest.pop("operator", None), rest.pop("error", None)
    if operator not in OPERATORS:
        raise UserError(f"There is no operator called {operator!r}.", f"Choose one of {', '.join(OPERATORS)}.")
    if error is None:
        raise UserError(
            f"Nobody says how large the error of the {OPERATORS[operator].title} is.",
            f"Give it in the field's unit, as in {EXAMPLE}.",
        )
    try:
        error = float(error)
        where = _rectangles(rest.pop("where", ()))
    except (TypeError, ValueError):
        raise UserError(
            f"The {OPERATORS[operator].title} have an error or a place that is no number.", f"Write it as in {EXAMPLE}."
        ) from None
    if (mask := rest.pop("mask", None)) is not None:
        where = (*where, *rectangles_of(np.asarray(mask, dtype=bool)))
        if not where:
            raise UserError("The mask is true nowhere.", "Name one that is above 0.5 where the instrument looks.")
    kind = OPERATORS[operator]
    params = {key: value for key, value in checked(kind, rest, operator).items() if key in rest}
    return Instrument(operator, error, tuple(params.items()), where)


def _rectangles(said: Any) -> tuple[Region, ...]:
    """Rectangles from one of four numbers, or several."""
    single = isinstance(said, Region) or (len(said) == 4 and np.ndim(said[0]) == 0 and not isinstance(said[0], Region))
    each = [said] if single else said
    return tuple(one if isinstance(one, Region) else Region(*(int(n) for n in one)) for one in each)
