"""Rivals compared from end to end: what is known of each, its run, its score, and all of it as a table.

The window shows the same parts one by one; the command line and the library have them from here.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from diffview.errors import UserError
from diffview.fields.units import written
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.rivals import different_lengths, differing, words_of
from diffview.scores.compare import ComparedRun, Comparison, plans_of, same_noise
from diffview.scores.loss import Loss, loss_plan, plan_loss
from diffview.scores.race import error_size
from diffview.scores.rival_facts import DECADES, RivalFacts, facts_of
from diffview.scores.rival_scores import Verdict, draw_of, ranking_of, verdict, ways_of
from diffview.scores.scoreboard import BoardRow, Scoreboard
from diffview.scores.subject import open_subject

Tell = Callable[[float], None]
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """What a comparison of rivals has found.

    Attributes:
        facts: what is known of each before it is run.
        sides: its run.
        rows: its row on the scoreboard; empty where it was not scored.
        verdict: which is best, how sure that is and why; None where that cannot be told.
        notes: what is to be known of the comparison, as finished sentences.
        error: the size of one standardised unit of error, and its unit.
    """

    facts: tuple[RivalFacts, ...]
    sides: tuple[ComparedRun, ...]
    rows: tuple[BoardRow, ...]
    verdict: Verdict | None
    notes: tuple[str, ...]
    error: tuple[float, str]

    @property
    def table(self) -> list[Row]:
        """A row of each rival, the best first where that is known, else in their order; None where there is nothing."""
        made: list[Row] = [self._row(i) for i in range(len(self.facts))]
        if self.verdict is None:
            return made
        order = self.verdict.ranking.names
        return sorted(made, key=lambda row: order.index(row["name"]))

    def _row(self, i: int) -> dict[str, Any]:
        known, side, course = self.facts[i], self.sides[i], self.facts[i].rival.course
        one, units = self.error
        names = differing([of.rival for of in self.facts])
        return {
            "name": known.name, "differs": words_of(known.rival, names), "schedule": course.schedule.key,
            "rows T": course.schedule.rows, "grid": course.grid, "sampler": course.sampler, "steps": course.steps,
            "seed": course.seed, "model": known.rival.model, "alpha_bar at T": known.alpha_bar_end,
            "SNR at T (dB)": _finite(known.end_snr), "SNR of the largest scale at T (dB)": _finite(known.largest_snr),
            "start s": known.start, "left out of a scale": known.left_out, "idle steps": known.idle,
            "questionable": " ".join(finding.key for finding in known.findings),
            **{f"time {name}": share for name, share in zip(decade_names(), known.decades, strict=True)},
            **{f"time k {octave.low:g} to {octave.high:g}": octave.time for octave in known.octaves},
            "cost of steps (nats per pixel)": known.cost, **self._score(i),
            f"error to the truth ({units})": None if side.to_truth is None else one * side.to_truth,
            f"error to a fine run ({units})": None if side.to_fine is None else one * side.to_fine,
            "evaluations": side.evaluations, "seconds": side.seconds,
        }  # fmt: skip

    def _score(self, i: int) -> dict[str, Any]:
        """What its fields are worth beside held-out ones: the best has no p, as it is the one compared with."""
        found: dict[str, Any] = {"spectrum (dB)": self.rows[i].spectrum if self.rows else None}
        if self.rows and self.rows[i].crps is not None:
            found["CRPS"] = self.rows[i].crps
        if self.verdict is None:
            return found | {"standard error": None, "p beside the best": None, "fields": None}
        order, name = self.verdict.ranking, self.facts[i].name
        place = order.names.index(name)
        p = order.gap(order.names[0], name).p if place else None
        return found | {"standard error": order.errors[place], "p beside the best": p, "fields": order.fields}


def decade_names() -> list[str]:
    """The decades of s by which time is counted, as "s 0.1 to 1"."""
    inner = [f"s {low:g} to {high:g}" for low, high in pairwise(DECADES[1:-1])]
    return [f"s below {DECADES[1]:g}", *inner, f"s above {DECADES[-2]:g}"]


def compare_rivals(
    recipe: Recipe, facts: Facts, fields: int = 0, loss: bool = False, tell: Tell = lambda _: None
) -> Compared:
    """Run the rivals of a recipe side by side, and score them on held-out fields of the open file.

    Args:
        recipe: with its rivals; where they start from the field there is a truth.
        facts: the open field.
        fields: held-out ones that each is scored on; 0: nothing is scored.
        loss: whether the loss of each model is measured, for the cost of steps.
        tell: called with the share that is done; may raise to end it.

    Raises:
        UserError: if they cannot be run.
    """
    planned = plans_of(recipe, facts)
    rivals = [rival for rival, _ in planned]
    losses = _losses(recipe, planned, facts) if loss else {}
    known = tuple(facts_of(rival, plan, facts, losses.get(plan.recipe.denoiser.model)) for rival, plan in planned)
    job = _Told(planned, tell=tell if not fields else lambda share: tell(share / 2))
    job.run()
    if job.error is not None:
        raise job.error
    notes = [different_lengths(rivals), _sentence(same_noise([plan for _, plan in planned]))]
    notes += [f"{side.name}: {side.why_not_fine}" for side in job.sides if side.why_not_fine]
    rows: tuple[BoardRow, ...] = ()
    found = None
    try:
        if fields:
            ways, draw = ways_of(rivals), draw_of(planned[0][1], fields)
            board = Scoreboard(open_subject(planned[0][1], facts), ways, draw)
            rows = _rows(board, lambda share: tell(0.5 + share / 2))
            notes += [f"{rival.name}: {row.why}" for rival, row in zip(rivals, rows, strict=True) if row.why]
            found = verdict(ranking_of(board, rivals, draw.seed), known, board, facts.field.units)
    except UserError as error:
        notes.append(f"{error.sentence} {error.hint}")
    plan = planned[0][1]
    units = facts.field.units if plan.card is None else plan.card.units
    size = error_size(plan.made_in, written(units))
    return Compared(known, job.sides, rows, found, tuple(note for note in notes if note), size)


class _Told(Comparison):
    """A comparison that is done here, and tells how far it is."""

    def __init__(self, planned: Any, tell: Tell) -> None:
        super().__init__(planned)
        self._told = tell

    def tell(self, done: float) -> None:
        super().tell(done)
        self._told(done)


def _losses(recipe: Recipe, planned: Any, facts: Facts) -> dict[str, Loss]:
    """The loss of every model among the rivals, by its name."""
    models = dict.fromkeys(rival.model for rival, _ in planned)
    return {model: plan_loss(loss_plan(recipe.but(model=model, weight=1.0), facts)) for model in models}


def _rows(board: Scoreboard, tell: Tell) -> tuple[BoardRow, ...]:
    """The rows of the scoreboard without that of real fields."""
    rows = []
    for share, row in board.run():
        tell(share)
        if row is not None:
            rows.append(row)
    return tuple(rows[1:])


def _sentence(clause: str) -> str:
    return clause and f"The runs have {clause}."


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


# -- as text


def to_csv(rows: Iterable[Row]) -> str:
    """The rows as CSV, numbers in full; empty where there is nothing."""
    rows = list(rows)
    columns = dict.fromkeys(name for row in rows for name in row)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(["" if row.get(name) is None else row[name] for name in columns] for row in rows)
    return out.getvalue()


def along(compared: Compared) -> list[Row]:
    """The errors along every run: x0_hat to the truth, as a perfect sampler has it, and the state to a fine run."""
    one, units = compared.error
    found: list[Row] = []
    for side in compared.sides:
        curves = (
            ("x0_hat to the truth", side.s, side.rmse), ("perfect sampler", side.s, side.expected),
            ("state to a fine run", side.plan.levels, side.fine),
        )  # fmt: skip
        for what, s, values in curves:
            pairs = zip(s, [] if values is None else values, strict=False)
            found += [
                {"name": side.name, "what": what, "s": at, f"rms ({units})": one * float(value)}
                for at, value in pairs if math.isfinite(value)
            ]  # fmt: skip
    return found
