"""The scores of a filled gap in words: a sentence and a table."""

from collections.abc import Callable

from diffview.fields.numbers import number
from diffview.fields.units import written
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.scores.gap import Score, gap_of, with_truth

Rows = list[tuple[str, str, str, str]]
"""A head and rows: name, what it says, of the model, of kriging."""

SCORES: tuple[tuple[str, str, Callable[[Score], str]], ...] = (
    (
        "RMSE", "Of the mean of the members. One member alone has up to √2 times the error of their mean.",
        lambda score: number(score.rmse),
    ),
    (
        "CRPS", "Fair continuous ranked probability score; of one member its absolute error",
        lambda score: number(score.crps),
    ),
    (
        "spread/skill", "1 for a reliable ensemble, below 1 for one that is too sure",
        lambda score: "—" if score.ratio is None else number(score.ratio),
    ),
    ("members", "Of the run, and draws of the kriging law", lambda score: f"{score.members}"),
)  # fmt: skip
"""Name, what it says, and its text."""


def units_of(plan: Plan, facts: Facts) -> str:
    """The units of the scores."""
    return written(facts.field.units if plan.card is None else plan.card.units)


def score_sentence(plan: Plan, facts: Facts, model: Score | None, kriging: Score | None) -> str:
    """The scores in few words; "" while there are none."""
    if gap_of(plan) is not None and not with_truth(plan):
        return "no truth in the gap: its pixels are missing"
    named = (("model", model), ("kriging", kriging))
    found = [f"{name} {number(score.rmse)}" for name, score in named if score is not None]
    return f"gap RMSE: {', '.join(found)} {units_of(plan, facts)}".strip() if found else ""


def score_rows(plan: Plan, facts: Facts, model: Score | None, kriging: Score | None) -> Rows:
    """The scores inside the gap; none where there is no truth, "…" where one is not there yet."""
    if not with_truth(plan) or (model is None and kriging is None):
        return []
    unit = units_of(plan, facts)
    head = (f"in the gap, {unit}" if unit else "in the gap", "Against the values that were hidden", "model", "kriging")

    def told(name: str, text: Callable[[Score], str], score: Score | None) -> str:
        return text(score) if score is not None else "" if name == "members" else "…"

    return [head, *((name, tip, told(name, text, model), told(name, text, kriging)) for name, tip, text in SCORES)]


def filling_note(plan: Plan, fault: str, law: str | None, share: float | None) -> str:
    """A sentence on the scores, or their absence, and on kriging.

    Args:
        plan: that fills a gap.
        fault: why there is no kriging, or "".
        law: what the Gaussian law was fitted to; None before there is kriging.
        share: of kriging that is done; None if it does not work.
    """
    gap = gap_of(plan)
    if gap is None:
        return ""
    if fault:
        return f"No kriging beside it: {fault}"
    parts = []
    if not with_truth(plan):
        parts.append("These pixels are missing in the field: there is no truth to score the filling against.")
    elif with_truth(plan) < int(gap.sum()):
        parts.append("Scored where a value was hidden; the other pixels are missing in the field.")
    if law is None:
        return " ".join([*parts, "Kriging is computed" + ("" if share is None else f" {100 * share:.0f} %") + "…"])
    parts += ["Kriging, or optimal interpolation: exact under a Gaussian prior that has no edges.", law]
    if plan.recipe.guidance.hidden:
        parts.append("No crop shows a hidden pixel.")
    return " ".join(parts)
