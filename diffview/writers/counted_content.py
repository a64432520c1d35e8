"""The content of files of members that were counted: statistics in the place of the members, in physical units."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from diffview.fields.field import Field
from diffview.runs.plan import Plan
from diffview.runs.statistics import Statistic, Streamed
from diffview.writers.exports import PIXELS, Array, Content, Values, made_content, members_of
from diffview.writers.quantity import WrittenQuantity, quantity_of

_STATISTICS = {
    "mean": ("mean", "mean over the members", "realization: mean"),
    "spread": ("spread", "spread over the members", "realization: standard_deviation"),
    "p>": ("above_{}", "share of the members above {} {units}", ""),
    "q": ("quantile_{}", "quantile {} over the members", ""),
    "crps": ("crps", "fair continuous ranked probability score against the field", ""),
}
"""Name of a statistic's variable, its long name, and its cell_methods, by its kind."""


def statistics_content(plan: Plan, of: Field, streamed: Streamed) -> Content:
    """Statistics of an ensemble [y, x] whose members were not kept, in physical units."""
    what = quantity_of(of, plan)
    variables = statistics_of(what, streamed)
    content = made_content(
        f"{streamed.count} made by {plan.recipe.denoiser.model}: {what.long_name}", variables, plan, of
    )
    comment = f"{content.attributes['comment']} {counted_words(plan, streamed)}"
    return replace(content, attributes={**content.attributes, "comment": comment})


def statistics_of(what: WrittenQuantity, streamed: Streamed, along: tuple[str, ...] = ()) -> dict[str, Values]:
    """Statistics of a quantity [y, x] as variables, by name; `along`: dimensions before those of the pixels."""
    return dict(_of_statistic(what, one, streamed.result(one), along) for one in streamed.asked)


def counted_words(plan: Plan, streamed: Streamed) -> str:
    """Which members were counted, and how exact quantiles are, as sentences."""
    first = plan.recipe.ensemble.first_member
    kept = f"Members {first} to {first + streamed.count - 1} were made in blocks of {plan.recipe.ensemble.at_once}"
    if streamed.histograms is None:
        return f"{kept}; of them statistics were kept."
    bins = len(streamed.histograms.edges) - 1
    return (
        f"{kept}; of them statistics were kept. Quantiles come from a histogram of {bins} bins at every pixel, and are "
        "exact to one of them."
    )


def _of_statistic(
    what: WrittenQuantity, statistic: Statistic, values: Array, along: tuple[str, ...] = ()
) -> tuple[str, Values]:
    """The name of a statistic's variable, and the variable."""
    name, long_name, method = _STATISTICS[statistic.kind]
    number = f"{statistic.number:g}"
    words = long_name.format(number, units=what.units).strip()
    more = {"cell_methods": method} if method else {}
    attributes = what.cf(words, **more)
    if statistic.kind == "p>":
        attributes = {"long_name": attributes["long_name"], "units": "1", "threshold": statistic.number}
    elif "units_metadata" in attributes and statistic.kind in ("spread", "crps"):
        attributes["units_metadata"] = "temperature: difference"
    number = number.replace("-", "minus_").replace(".", "_").replace("+", "")
    return f"{what.name}_{name.format(number)}", Values((*along, *PIXELS), values, attributes)


def awaited_content(plan: Plan, of: Field, asked: Sequence[Statistic]) -> tuple[Content, str, dict[Statistic, str]]:
    """What is there before any member is made: members [member, y, x] and statistics [y, x], all missing.

    The arrays are views of one number: they take no memory, however many members are to come.

    Returns:
        The content, the name of the members in it, and those of the statistics.
    """
    what, first, count = quantity_of(of, plan), plan.recipe.ensemble.first_member, plan.shape[0]
    none = np.broadcast_to(np.float32(np.nan), (count, *plan.shape[2:]))
    found = {statistic: _of_statistic(what, statistic, none[0]) for statistic in asked}
    variables = {
        "member": members_of(count, first),
        what.name: Values(("member", *PIXELS), none, what.cf()),
        **dict(found.values()),
    }
    title = f"{count} made by {plan.recipe.denoiser.model}: {what.long_name}"
    return (
        made_content(title, variables, plan, of),
        what.name,
        {statistic: name for statistic, (name, _) in found.items()},
    )
