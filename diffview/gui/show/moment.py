"""What is in force at one time (Moment), and what differs between two times (Change)."""

import dataclasses
from functools import cache
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from diffview.forward.state import Forward, Frame
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.view import View


class Moment(NamedTuple):
    """All that is in force: what is asked for, what there is, what follows from both, and how it is looked at.

    Attributes:
        recipe: what is asked for; its view is that of the moment, and says nothing here.
        facts: field, stack, models and devices.
        plan: the recipe resolved with the facts.
        forward: the forward state of the plan; the same object as long as x_0, schedule and noise are the same.
        view: how it is looked at.
    """

    recipe: Recipe
    facts: Facts
    plan: Plan
    forward: Forward
    view: View

    @classmethod
    def of(cls, recipe: Recipe, facts: Facts, view: View, last: "Moment | None" = None) -> "Moment":
        """The moment of a recipe, facts and a view; what `last` has of it already is taken from there.

        Raises:
            UserError: if the recipe cannot be resolved with these facts.
        """
        plan = _plan_of(recipe, facts, view, last)
        made = None if last is None else last._replace(recipe=recipe, facts=facts, plan=plan, view=view)
        if last is not None and made is not None and not Change(last, made).touched(*OF_FORWARD):
            return made
        course = recipe.course
        like = None if last is None else last.forward
        pixel_km, mode = facts.field.pixel_km, recipe.start.path_mode
        forward = Forward(plan.x0, course.schedule, course.seed, mode, pixel_km, like, course.noise)
        return cls(recipe, facts, plan, forward, view)


OF_FORWARD = ("plan.x0", "course.schedule", "course.seed", "course.noise", "start.path_mode", "facts.field")
"""What the forward state is made of."""


def _plan_of(recipe: Recipe, facts: Facts, view: View, last: Moment | None) -> Plan:
    """The plan; the last one with another seed where nothing else differs, as no part of a plan depends on that."""
    if view.one_shot:  # one shot sees the field itself: the honesty rule holds as for a start from it
        level = recipe.start.level if recipe.start.origin == "field" else None
        recipe = recipe.but(origin="field", level=level)
    if last is not None and facts is last.facts:
        known = last.plan
        if recipe == known.recipe:
            return known
        if recipe.but(seed=known.recipe.course.seed) == known.recipe:
            return dataclasses.replace(known, recipe=recipe)
    return resolve(recipe, facts)


class Change:
    """What happened between two moments.

    A name is that of a part of a moment ("forward", "view"), of an attribute of one ("plan.region", "facts.field",
    "view.playhead"), or of a group or a value of the recipe ("course", "course.seed").

    Attributes:
        old, new: the moments; one and the same where all is to be shown again, as after an edit that was refused.
    """

    def __init__(self, old: Moment, new: Moment) -> None:
        self.old, self.new = old, new
        self._known: dict[str, bool] = {}

    def touched(self, *names: str) -> bool:
        """Whether one of these is another now."""
        if self.old is self.new:
            return True
        known = self._known
        for name in names:
            if name not in known:
                known[name] = _differ(reader(name)(self.old), reader(name)(self.new))
            if known[name]:
                return True
        return False


@cache
def reader(name: str) -> "attrgetter[Any]":
    """What reads the thing of a name from a moment."""
    head = name.partition(".")[0]
    return attrgetter(name if head in Moment._fields else f"recipe.{name}")


def _differ(old: Any, new: Any) -> bool:
    """Arrays are told apart by what they are, not by their values; all else by what it is equal to."""
    return old is not new and (isinstance(old, np.ndarray) or isinstance(new, np.ndarray) or old != new)


FORESEEN = 2
"""Places ahead of the playhead at which noise is drawn before they are reached."""


class InForce:
    """Reads the parts of the moment in force by name.

    Attributes:
        now: that moment.
    """

    now: Moment
    _frame: tuple[tuple[Forward, float], Frame] | None = None

    @property
    def recipe(self) -> Recipe:
        """The recipe."""
        return self.now.recipe

    @property
    def facts(self) -> Facts:
        """The facts: field, stack, models and devices."""
        return self.now.facts

    @property
    def plan(self) -> Plan:
        """The plan: the recipe resolved with the facts."""
        return self.now.plan

    @property
    def view(self) -> View:
        """The view."""
        return self.now.view

    @property
    def forward(self) -> Forward:
        """The forward state of the plan."""
        return self.now.forward

    def frame(self) -> Frame:
        """x_t at the playhead, computed once for all who ask."""
        forward, t = key = (self.now.forward, self.now.view.playhead)
        if self._frame is None or self._frame[0] != key:
            before, self._frame = self._frame, (key, forward.at(t))
            if before is not None and before[0][0] is forward:
                for steps in range(1, FORESEEN + 1):  # a hand mostly goes on as it goes
                    forward.foresee(t + steps * (t - before[0][1]))
        return self._frame[1]
