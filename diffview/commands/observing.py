"""Options of `diffview sample` that say what instruments see of the field, and how a run is led by it."""

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.commands.parsing import Parser
from diffview.commands.values import add_values
from diffview.commands.words import given, params_of
from diffview.errors import UserError
from diffview.library.observations import instrument_of
from diffview.library.opened import Opened, open_field
from diffview.runs.recipe import Recipe

IN_THE_MASK = 0.5
"""Value above which a pixel of a mask counts: masks of land are 0 or 1, or shares."""

VALUES = ("solver", "strength", "led_from", "led_to")
"""Values of the group of operators that an option replaces."""


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--observe", nargs="+", action="append", default=[], metavar=("OPERATOR", "K=V"),
        help="what sees the field (known, blocks, footprint, area, swath), its error=E in the field's unit, where="
        "ROW,COLUMN,NY,NX or mask=[FILE:]VARIABLE, and its settings, as size=8; several times for several at once",
    )  # fmt: skip
    add_values(parser, "solver")
    parser.add_argument("--solver-param", action="append", default=[], metavar="K=V", help="of it, as iterations=20")
    add_values(parser, "strength", "led_from", "led_to")
    parser.add_argument(
        "--disturbed", action="store_true", help="add errors of that size to what is seen: a twin experiment"
    )


def asked(options: argparse.Namespace, recipe: Recipe) -> Recipe:
    """The recipe with its solver and its band as the options say; the instruments come with the field.

    Raises:
        UserError: if a value is not allowed.
    """
    changes: dict[str, Any] = given(options, *VALUES)
    if "solver" in changes:
        changes["solver_params"] = ()
    if options.solver_param:
        kept = () if "solver" in changes else recipe.operators.solver_params
        changes["solver_params"] = tuple({**dict(kept), **_checked(options, recipe)}.items())
    if options.disturbed:
        changes["disturbed"] = True
    return recipe.but(**changes)


def _checked(options: argparse.Namespace, recipe: Recipe) -> dict[str, Any]:
    """The settings of the solver that were given, in their types."""
    from diffview.params import checked
    from diffview.reverse.solvers import SOLVERS

    key, words = options.solver or recipe.operators.solver, params_of(options.solver_param, "iterations=20")
    typed = checked(SOLVERS[key], words, key)
    return {name: typed[name] for name in words}


def instruments_asked(options: argparse.Namespace, opened: Opened) -> Opened:
    """The field with a recipe that has the instruments of the options.

    Raises:
        UserError: if one of them is not allowed, or a mask lies on another grid.
    """
    if not options.observe:
        return opened
    made = tuple(instrument_of(_said(words, opened)) for words in options.observe)
    return Opened(opened.recipe.but(instruments=made), opened.facts, opened.array)


def _said(words: Sequence[str], opened: Opened) -> dict[str, Any]:
    """One instrument as a table."""
    said: dict[str, Any] = {"operator": words[0]}
    where = []
    for word in words[1:]:
        for key, value in params_of([word], "error=0.5").items():
            if key == "where":
                where.append([int(n) for n in value.split(",")] if _is_place(value) else _no_place(value))
            elif key == "mask":
                *path, variable = value.rsplit(":", 1)
                said["mask"] = mask_of(path[0] if path else opened.recipe.source.path, variable, opened)
            else:
                said[key] = value
    return {**said, "where": where} if where else said


def _is_place(value: str) -> bool:
    parts = value.split(",")
    return len(parts) == 4 and all(part.strip().isdigit() for part in parts)


def _no_place(value: str) -> list[int]:
    raise UserError(f"{value!r} is no rectangle.", "Write where=ROW,COLUMN,NY,NX.")


def mask_of(path: str | None, variable: str, opened: Opened | None = None) -> NDArray[np.bool_]:
    """Where a variable of a file is above 0.5 [ny, nx].

    Raises:
        UserError: if it cannot be read, or lies on another grid than what is opened.
    """
    values = open_field(Recipe.of(path=path, dataset=variable)).facts.field.values
    if opened is not None and values.shape != opened.facts.field.values.shape:
        ny, nx = opened.facts.field.values.shape
        raise UserError(
            f"The mask {variable} has {values.shape[0]} x {values.shape[1]} pixels, the field {ny} x {nx}.",
            "Name a mask on the same grid.",
        )
    return np.asarray(np.nan_to_num(values) > IN_THE_MASK)
