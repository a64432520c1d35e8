"""The recipe says what is asked for: frozen, plain data in a few groups, hashed, written as JSON; see `plan`.

Each value is declared once, in its group, see `groups`. Checks, JSON, edits by name and the flags of the command line
read it there. What cannot be had as asked, `resolve` says.
"""

import dataclasses
import re
from dataclasses import dataclass
from typing import Any

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.regions import BY_COUNT
from diffview.params import Parameter, json_text, parameters, plain_of, value_of
from diffview.paths import TOO_DEEP, parse_json
from diffview.runs.conditions_asked import Conditions
from diffview.runs.frames_asked import Frames
from diffview.runs.groups import (
    AUTO,
    CHAIN,
    EARLIER_COURSE,
    MEMBERS,
    STEPS,
    Course,
    DenoiserChoice,
    Ensemble,
    Fork,
    Guidance,
    Rival,
    Rivals,
    Source,
    Start,
)
from diffview.runs.instruments import Operators
from diffview.runs.view import View

__all__ = [
    "AUTO", "CHAIN", "DECLARED", "GIVEN", "GROUPS", "GROUP_OF", "MEMBERS", "NOT_KEPT", "RENAMED", "STEPS", "Course",
    "DenoiserChoice", "Fork", "Guidance", "Recipe", "Rival", "Rivals", "Source", "default_recipe",
]  # fmt: skip

VERSION = 2
"""Of the JSON that is written; version 1, which had no groups, is read too."""

GIVEN = "<array>"
"""Stands for the name of a file where the field was given as an array."""

NOT_KEPT = UserError("The recipe was made of an array, which it does not hold.", "Give the array beside it.")

ENDLESS_LEVEL = re.compile(r'("(?:start_)?level": *)Infinity\b')
"""How a start where alpha reaches 0 was written before it was written as a word."""


@dataclass(frozen=True)
class Recipe:
    """What the user asks for. Values are read by group, `recipe.course.seed`, and edited by name, `but(seed=1)`."""

    source: Source = Source()
    course: Course = Course()
    denoiser: DenoiserChoice = DenoiserChoice()
    start: Start = Start()
    guidance: Guidance = Guidance()
    ensemble: Ensemble = Ensemble()
    view: View = View()
    rivals: Rivals = Rivals()
    operators: Operators = Operators()
    conditions: Conditions = Conditions()
    frames: Frames = Frames()

    @classmethod
    def of(cls, **values: Any) -> "Recipe":
        """The recipe with these values, by name; all others have their defaults."""
        return cls().but(**values)

    def but(self, **values: Any) -> "Recipe":
        """The recipe with these values in the place of its own: single ones by name, or whole groups.

        Raises:
            UserError: if a value is not allowed.
            TypeError: if a recipe has no value of that name.
        """
        groups = {name: values.pop(name) for name in values.keys() & GROUPS.keys()}
        apart: dict[str, dict[str, Any]] = {}
        for name, value in values.items():
            if name not in GROUP_OF:
                raise TypeError(f"a recipe has no value {name!r}")
            apart.setdefault(GROUP_OF[name], {})[name] = value
        for group, own in apart.items():
            groups[group] = dataclasses.replace(groups.get(group, getattr(self, group)), **own)
        return dataclasses.replace(self, **groups)

    @property
    def without_view(self) -> "Recipe":
        """The recipe with a view that says nothing: no run depends on it."""
        return self.but(view=Recipe.view) if self.view.says else self

    def of_run(self) -> "Recipe":
        """The recipe that all recipes of one run share.

        It leaves out the view, the rivals, the length of the chain, which only counts rows, and for a run from noise
        the kind of path on which noise is put in.
        """
        apart = {} if self.start.origin == "field" else {"path_mode": Start.path_mode}
        return self.but(view=Recipe.view, rivals=Recipe.rivals, chain_length=1, **apart)

    def to_json(self) -> str:
        """The recipe as JSON text; a view that says nothing is written so."""
        groups = {name: plain_of(getattr(self, name)) for name in GROUPS}
        return json_text({"diffview_recipe": VERSION, **groups, "view": groups["view"] if self.view.says else {}})

    @classmethod
    def from_json(cls, text: str) -> "Recipe":
        """The recipe in JSON text, of this version or an older one.

        What it does not name has its default, or the value of EARLIER, with which it was made.

        Raises:
            UserError: if it is not a recipe, is of a newer version, or a key or value is unknown.
        """
        try:
            plain = parse_json(ENDLESS_LEVEL.sub(r'\1"inf"', text))
        except ValueError as error:
            raise UserError(
                f"This is no JSON that can be read: {error}.", "Choose a recipe saved by diffview."
            ) from None
        version = plain.pop("diffview_recipe", None) if isinstance(plain, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise UserError(
                f"This recipe is of version {version}; this diffview reads versions 1 to {VERSION}.",
                "Open it with a newer diffview.",
            )
        if version not in range(1, VERSION + 1):
            raise UserError("This JSON is not a diffview recipe.", f'A recipe has "diffview_recipe": {VERSION}.')
        try:
            groups = _with_earlier(_grouped(plain) if version == 1 else plain)
            for name in groups:
                if name not in GROUPS:
                    raise UserError(f"The recipe has an unknown group, {name!r}.", "It may come from a newer diffview.")
            return cls(**{name: value_of(GROUPS[name], own, f"The recipe's {name}") for name, own in groups.items()})
        except RecursionError:
            raise UserError(f"The recipe cannot be read: {TOO_DEEP}.", "Compare it with a saved one.") from None
        except (TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
            raise UserError(
                f"The recipe has a value of the wrong kind: {error}.", "Compare it with a saved one."
            ) from None


GROUPS: dict[str, type[Any]] = {f.name: type(f.default) for f in dataclasses.fields(Recipe)}
"""The groups of a recipe, by name."""

GROUP_OF = {p.name: group for group, kind in GROUPS.items() for p in parameters(kind)}
"""In which group a value lies, by its name."""

DECLARED: dict[str, Parameter] = {p.name: p for kind in GROUPS.values() for p in parameters(kind)}
"""Every value of a recipe as it was declared, by its name."""

RENAMED = {"start": "origin", "start_level": "level", "guidance": "weight"}
"""Values that had another name in version 1."""


EARLIER: dict[str, dict[str, Any]] = {"course": EARLIER_COURSE, "denoiser": {"fit_rule": BY_COUNT}}
"""What holds in a recipe that does not name it, as it was written before there was a choice, by group."""


def _with_earlier(groups: dict[str, Any]) -> dict[str, Any]:
    """The groups of a recipe with what held when there was no choice."""
    return {**groups, **{name: {**values, **groups.get(name, {})} for name, values in EARLIER.items()}}


def _grouped(plain: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The groups of a recipe of version 1, whose values lay side by side."""
    groups: dict[str, dict[str, Any]] = {}
    for key, value in plain.items():
        name = RENAMED.get(key, key)
        if name not in GROUP_OF:
            raise UserError(f"The recipe has an unknown key, {key!r}.", "It may come from a newer diffview.")
        groups.setdefault(GROUP_OF[name], {})[name] = value
    return groups


def default_recipe() -> Recipe:
    """What the program starts with: the packaged field, and a complete region of it."""
    return Recipe.of(region=Region(0, 100, 128, 128))
