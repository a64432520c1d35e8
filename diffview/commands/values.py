"""Flags that are values of a recipe, made from where those are declared: name, type, what is allowed, sentence."""

import argparse
from functools import partial
from typing import Any

from diffview.params import Choice, Parameter, ValueType
from diffview.runs.recipe import DECLARED


def add_values(parser: argparse.ArgumentParser, *names: str, **defaults: Any) -> None:
    """Declare a flag for each of these values of a recipe; one that is not given has its default here, or None."""
    for name in names:
        _add_flag(parser, DECLARED[name], defaults.get(name), defaults.get(name))


def add_declared(parser: argparse.ArgumentParser, *declared: Parameter) -> None:
    """Declare a flag for each of these parameters, with its default told; one that is not given is None."""
    for parameter in declared:
        _add_flag(parser, parameter, None, parameter.default)


def _add_flag(parser: argparse.ArgumentParser, declared: Parameter, default: Any, told: Any) -> None:
    """A flag; a truth value has one that denies it too."""
    name = f"--{declared.name.replace('_', '-')}"
    if declared.type is bool:
        words = f"{_help(declared)} ({'yes' if told else 'no'})"
        parser.add_argument(name, action=argparse.BooleanOptionalAction, default=default, help=words)
        return
    owner = parser.prog.split()[-1]
    shown = "x".join(map(str, told)) if isinstance(told, tuple) else told
    parser.add_argument(
        name, type=partial(declared.check, owner=owner), default=default, metavar=_spelling(declared),
        help=_help(declared) + ("" if told is None else f" ({shown})"),
    )  # fmt: skip


def _spelling(declared: Parameter) -> str | None:
    """What stands for the value in the help; None: its name."""
    if isinstance(declared.allowed, ValueType):
        return declared.allowed.spelt or None
    if isinstance(declared.allowed, Choice):
        return "|".join(declared.allowed.options)
    return {int: "N", float: "X"}.get(declared.type)


def _help(declared: Parameter) -> str:
    """The sentence as the other lines of help are written."""
    return declared.doc[0].lower() + declared.doc[1:].rstrip(".")
