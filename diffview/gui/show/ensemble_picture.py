"""Statistics of the members of a run as pictures of REVERSE: each with its values, its scale and its words."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import number
from diffview.fields.transforms import Transform
from diffview.gui.show.looks import Scale
from diffview.gui.show.moment import View
from diffview.runs.summary import Summary

Array = NDArray[np.float32]

MEMBERS, ONE = "members", "one"
"""Keys of the two choices that are no statistic: all members side by side, and one of them."""

ITSELF = Transform("identity")
WIDEST = 0.3
"""Spread at the upper end of its colours, as a share of what the colours of the members span."""

SPREAD_COLOURS, SHARE_COLOURS = "viridis", "batlow"
ROOM = 1000
"""Positions of the slider."""

LEAST, MOST = 0.01, 0.99
"""Quantiles at the ends of the slider."""


class StatisticView(NamedTuple):
    """One statistic on screen.

    Attributes:
        label, tip: of its button.
        picture: its values [ny, nx], in physical units.
        scale: its scale, from that of the members.
        words: what it is of so many members, with units.
    """

    label: str
    tip: str
    picture: Callable[[Summary, View, Scale], NDArray[Any]]
    scale: Callable[[Scale], Scale]
    words: Callable[[View, Scale], str]


def _span(members: Scale) -> float:
    low, high = (float(members.transform.inverse(z)) for z in members.limits)
    return high - low


def _of_spread(members: Scale) -> Scale:
    return Scale((0.0, WIDEST * _span(members)), ITSELF, members.units, SPREAD_COLOURS)


def _of_share(members: Scale) -> Scale:
    return Scale((0.0, 1.0), ITSELF, "", SHARE_COLOURS)


def threshold_of(view: View, members: Scale) -> float:
    """The threshold in force, in physical units: the middle of the colours where none was chosen."""
    low, high = members.limits
    return float(members.transform.inverse((low + high) / 2)) if view.threshold is None else view.threshold


def _above(view: View, members: Scale) -> str:
    return f"share above {number(threshold_of(view, members))} {members.units}".strip()


STATISTICS: dict[str, StatisticView] = {
    "mean": StatisticView(
        "mean", "The mean of all members: smooth, as no member is. A regression gives this",
        lambda summary, view, members: summary.mean, lambda members: members, lambda view, members: "mean",
    ),
    "spread": StatisticView(
        "spread", "The standard deviation over the members, in the field's unit",
        lambda summary, view, members: summary.spread, _of_spread, lambda view, members: "spread",
    ),
    "above": StatisticView(
        "P >", "The share of the members above a threshold, which the slider moves",
        lambda summary, view, members: summary.above(threshold_of(view, members)), _of_share, _above,
    ),
    "quantile": StatisticView(
        "q", "A quantile over the members, which the slider moves",
        lambda summary, view, members: summary.quantile(view.quantile), lambda members: members,
        lambda view, members: f"quantile {view.quantile:.2f}",
    ),
}  # fmt: skip
"""By the key that the view holds."""

CHOICES = (
    (MEMBERS, "all", "All members side by side; a click shows one"),
    (ONE, "one", "One member, which the slider chooses"),
    *((key, row.label, row.tip) for key, row in STATISTICS.items()),
)
"""Keys, labels and tooltips of what REVERSE shows of several members."""

ALONE = "One member has no mean and no spread: raise Members in the toolbar."


class EnsemblePicture(NamedTuple):
    """One statistic of one summary.

    Attributes:
        key: of STATISTICS.
        summary: of the members.
        view: with threshold and quantile.
        members: the scale of the members.
    """

    key: str
    summary: Summary
    view: View
    members: Scale

    @property
    def scale(self) -> Scale:
        """Its scale."""
        return STATISTICS[self.key].scale(self.members)

    def physical(self) -> NDArray[Any]:
        """Its values [ny, nx], in physical units."""
        return STATISTICS[self.key].picture(self.summary, self.view, self.members)

    def values(self) -> Array:
        """Its values [ny, nx] as its scale has them."""
        return self.scale.transform(self.physical())

    def words(self) -> str:
        """The badge: which statistic of how many members."""
        said = STATISTICS[self.key].words(self.view, self.members)
        if self.key == "above" and (side := self._beyond()):
            return f"{side} above {number(threshold_of(self.view, self.members))} {self.members.units}".rstrip()
        return f"{said} of {len(self.summary.members)} members"

    def _beyond(self) -> str:
        """Which side of all members the threshold lies on; "" if it lies among them."""
        threshold, ordered = threshold_of(self.view, self.members), self.summary.ordered
        low, high = float(np.nanmin(ordered[0])), float(np.nanmax(ordered[-1]))
        return "no member is" if threshold >= high else "every member is" if threshold < low else ""


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


def of_noise(members: Scale) -> Scale:
    """The scale of members that are a noise and no field."""
    return replace(members, transform=ITSELF)
