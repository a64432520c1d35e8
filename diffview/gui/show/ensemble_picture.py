"""Statistics of the members of a run as pictures of REVERSE: each with its values, its scale and its words."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import number, round_up
from diffview.fields.tiles import place_of, tiled
from diffview.fields.transforms import Transform
from diffview.runs.colour_scale import Scale
from diffview.runs.given import given_of
from diffview.runs.plan import Plan
from diffview.runs.summary import Summary
from diffview.runs.view import View
from diffview.story.words import TERMS

Array = NDArray[np.float32]

MEMBERS, ONE = "members", "one"
"""Keys of the two choices that are no statistic: all members side by side, and one of them."""

ITSELF = Transform("identity")
SPREAD_COLOURS, SHARE_COLOURS = "viridis", "batlow"
ROOM = 1000
"""Positions of the slider."""

LEAST, MOST = 0.01, 0.99
"""Quantiles at the ends of the slider."""


class TileName(NamedTuple):
    """A name at the upper left pixel of one of several pictures."""

    row: int
    column: int
    name: str


class StatisticView(NamedTuple):
    """One statistic on screen.

    Attributes:
        label, tip: of its choice.
        picture: its values [ny, nx], in physical units.
        scale: its scale.
        words: what it is, with units.
    """

    label: str
    tip: str
    picture: Callable[["EnsemblePicture"], NDArray[Any]]
    scale: Callable[["EnsemblePicture"], Scale]
    words: Callable[["EnsemblePicture"], str]


def _span(members: Scale) -> float:
    low, high = (float(members.transform.inverse(z)) for z in members.limits)
    return high - low


def _of_spread(one: "EnsemblePicture") -> Scale:
    """From 0 to a round number that a hundredth of the pixels may exceed: it holds still for a while as a run goes."""
    most = float(np.nanquantile(one.summary.spread, 0.99))
    top = round_up(most) if 0 < most < np.inf else _span(one.members)
    return Scale((0.0, top), ITSELF, one.members.units, SPREAD_COLOURS)


def _of_share(_: "EnsemblePicture") -> Scale:
    return Scale((0.0, 1.0), ITSELF, "", SHARE_COLOURS)


def threshold_of(view: View, members: Scale) -> float:
    """The threshold in force, in physical units: the middle of the colours where none was chosen."""
    low, high = members.limits
    return float(members.transform.inverse((low + high) / 2)) if view.threshold is None else view.threshold


def _above(one: "EnsemblePicture") -> str:
    threshold, (least, most) = threshold_of(one.view, one.members), one.summary.span
    at = f"above {number(threshold)} {one.members.units}".strip()
    if threshold >= most:
        return f"no member is {at}"
    return f"every member is {at}" if threshold < least else f"share {at} of {one.of_all}"


def _of_members(one: "EnsemblePicture") -> Scale:
    return one.members


STATISTICS: dict[str, StatisticView] = {
    "mean": StatisticView(
        "mean", "The mean of all members: smooth, as no member is. A regression gives this",
        lambda one: one.summary.mean, _of_members, lambda one: f"mean of {one.of_all}",
    ),
    "spread": StatisticView(
        "spread", TERMS["spread"].sentence,
        lambda one: one.summary.spread, _of_spread, lambda one: f"spread of {one.of_all}",
    ),
    "above": StatisticView(
        "P(> threshold)", "The share of the members above a threshold, which the slider moves",
        lambda one: one.summary.above(threshold_of(one.view, one.members)), _of_share, _above,
    ),
    "quantile": StatisticView(
        "quantile", "A quantile over the members, which the slider moves",
        lambda one: one.summary.quantile(one.view.quantile), _of_members,
        lambda one: f"quantile {one.view.quantile:.2f} of {one.of_all}",
    ),
    "row": StatisticView(
        "given, made, mean, truth", "What the run was given, one that it made, the mean of all, and the truth",
        lambda one: tiled(np.stack([*one.row().values()])), _of_members, lambda one: "",
    ),
}  # fmt: skip
"""By the key that the view holds."""

CHOICES = (
    (MEMBERS, "all members", "All members side by side; a click shows one"),
    (ONE, "one member", "One member, which the slider chooses"),
    *((key, row.label, row.tip) for key, row in STATISTICS.items()),
)
"""Keys, labels and tooltips of what REVERSE shows of several members."""

FROM_NOISE = "This run was given nothing but noise: start it from the field, condition it, or fill a gap."


class EnsemblePicture(NamedTuple):
    """One statistic of one summary.

    Attributes:
        key: of STATISTICS.
        summary: of the members.
        view: with threshold and quantile.
        members: the scale of the members.
        plan: of the run.
    """

    key: str
    summary: Summary
    view: View
    members: Scale
    plan: Plan

    @property
    def of_all(self) -> str:
        """Of how many members it is, and of how many that are asked for."""
        made, asked = self.summary.count, self.plan.shape[0]
        return f"{made:,} members" if made == asked else f"{made:,} of {asked:,} members"

    @property
    def scale(self) -> Scale:
        """Its scale."""
        return STATISTICS[self.key].scale(self)

    def physical(self) -> NDArray[Any]:
        """Its values [ny, nx], in physical units."""
        return STATISTICS[self.key].picture(self)

    def values(self) -> Array:
        """Its values [ny, nx] as its scale has them."""
        return self.scale.transform(self.physical())

    def words(self) -> str:
        """The badge; "" of several pictures, which have names."""
        return STATISTICS[self.key].words(self)

    def caption(self) -> str:
        """What is said below it and not in its badge, which several pictures leave no room for."""
        return "" if self.words() else f" · {self.of_all}"

    def names(self) -> list[TileName]:
        """The names of pictures beside one another, each at its corner; none of a single picture."""
        if self.key != "row":
            return []
        row = self.row()
        shape = (len(row), *next(iter(row.values())).shape)
        return [TileName(*place_of(i, shape), name) for i, name in enumerate(row)]

    def row(self) -> dict[str, NDArray[Any]]:
        """Pictures beside one another by their names: what was given, a member, the mean, the truth."""
        member = min(self.view.member or 0, len(self.summary.members) - 1)
        made = {"made": self.summary.physical[member], "mean": self.summary.mean}
        given, truth = given_of(self.plan), truth_of(self.plan)
        first = {} if given is None else {"given": given.picture}
        return {**first, **made, **({} if truth is None else {"truth": truth})}


def truth_of(plan: Plan) -> NDArray[np.float64] | None:
    """What was to be made, in physical units: the region that a run came from; None where there is no such."""
    return plan.transform.inverse(plan.x0) if plan.has_truth else None


# -- the slider


def choice_of(view: View) -> str:
    """The key among CHOICES that is in force."""
    return view.statistic or (MEMBERS if view.member is None else ONE)


def looked_at(key: str, view: View) -> dict[str, Any]:
    """What of the view another choice changes."""
    if key in STATISTICS:
        return {"statistic": key}
    return {"statistic": "", "member": (view.member or 0) if key == ONE else None}


def position(view: View, members: Scale, count: int) -> int | None:
    """Where the slider stands, 0 to ROOM; None where there is nothing to choose."""
    key, (low, high) = choice_of(view), members.limits
    if key == "above":
        z = float(members.transform(threshold_of(view, members)))
        share = (z - low) / (high - low)
    elif key == "quantile":
        share = (view.quantile - LEAST) / (MOST - LEAST)
    elif key == ONE and count > 1:
        share = min(view.member or 0, count - 1) / (count - 1)
    else:
        return None
    return round(ROOM * min(max(share, 0.0), 1.0))


def moved_to(at: int, view: View, members: Scale, count: int) -> dict[str, Any]:
    """What of the view a place of the slider changes; whole members, and thresholds as a person would say them."""
    key, (low, high), share = choice_of(view), members.limits, at / ROOM
    if key == "above":
        return {"threshold": _rounded(float(members.transform.inverse(low + share * (high - low))), _span(members))}
    if key == "quantile":
        return {"quantile": round(LEAST + share * (MOST - LEAST), 2)}
    return {"member": round(share * (count - 1))}


def _rounded(value: float, span: float) -> float:
    """A number with as few figures as a slider needs: hundredths of what it spans, or of itself where it is small."""
    size = min(span, abs(value)) or span
    digits = max(0, 2 - int(np.floor(np.log10(size))))
    return round(value, digits)
