"""Flags that are values of a recipe, made from where those are declared: name, type, what is allowed, sentence."""

import argparse
from functools import partial
from typing import Any

from diffview.params import Choice, Parameter, ValueType
from diffview.runs.recipe import DECLARED


def add_values(parser: argparse.ArgumentParser, *names: str, **defaults: Any) -> None:
    """Declare a flag for each of these values of a recipe; one that is not given has its default here, or None."""
    owner = parser.prog.split()[-1]
    for name in names:
        declared, default = DECLARED[name], defaults.get(name)
        parser.add_argument(
            f"--{name.replace('_', '-')}", type=partial(declared.check, owner=owner), default=default,
            metavar=_spelling(declared), help=_help(declared) + ("" if default is None else f" ({default})"),
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
