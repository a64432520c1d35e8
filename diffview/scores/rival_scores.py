"""Which rival is better on held-out fields, how sure that is, and why: by the scoreboard, in one sentence."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from diffview.errors import UserError
from diffview.fields.numbers import number, percent
from diffview.fields.units import written
from diffview.forward.lint import LEFT_OUT
from diffview.runs.plan import Plan
from diffview.runs.recipe import Rival
from diffview.runs.rivals import differing, words_of
from diffview.scores.confidence import Gap, Ranking, mean_score, ranked, spectral_score
from diffview.scores.metrics import mean_of
from diffview.scores.rival_facts import RivalFacts
from diffview.scores.scoreboard import MEMBERS, BoardRun, Combination, Draw, Scoreboard

LEAST_REASON = 1.25
"""How many times as much of what is bad the worse rival has, from which on that is called a reason."""


def ways_of(rivals: Sequence[Rival]) -> list[Combination]:
    """How the scoreboard runs each of the rivals.

    Raises:
        UserError: if there are fewer than two, or what tells them apart is nothing that a scoreboard runs.
    """
    if len(rivals) < 2:
        raise UserError("One way to run has no order.", "Add a rival, then score both.")
    names = differing(rivals)
    if "model" in names:
        models = ", ".join(f"{rival.name} {rival.model}" for rival in rivals)
        raise UserError(
            f"The rivals have different models: {models}. Each would be scored on fields of its own.",
            "Give them one model; runs of different models are compared side by side.",
        )
    if any(rival.weight != 1 for rival in rivals):
        raise UserError("The scoreboard runs a model without guidance.", "Set w to 1 for every rival.")
    if (fork := next((rival.name for rival in rivals if rival.course.fork is not None), None)) is not None:
        raise UserError(f"{fork} is a fork, which has no way of its own from noise.", "Return to the run it leaves.")
    ways = [_way(rival) for rival in rivals]
    if len(set(ways)) == 1:
        raise UserError(
            f"{_listed([rival.name for rival in rivals])} run the same way: their scores would be equal.",
            "Give one of them another schedule, sampler, grid or number of steps; all are scored from one seed.",
        )
    return ways


def _way(rival: Rival) -> Combination:
    course = rival.course
    return Combination(
        course.schedule, course.grid, course.sampler, course.steps, course.grid_params, course.sampler_params
    )


def draw_of(plan: Plan, fields: int) -> Draw:
    """What each rival draws to be scored on so many held-out fields: of a field that is a truth, several members.

    Args:
        plan: of the run of one of them: they share start and seed.
        fields: held-out ones.
    """
    start, seed = plan.recipe.start, plan.recipe.course.seed
    level = start.level if start.origin == "field" else None
    has_truth = level is not None or (plan.card is not None and plan.card.coarsen > 0)
    return Draw(fields * MEMBERS if has_truth else fields, start_level=level, seed=seed)


def ranking_of(board: Scoreboard, rivals: Sequence[Rival], seed: int = 0) -> Ranking:
    """The order of rivals by what a scoreboard of their `ways_of` has drawn: by CRPS with a truth, else by spectra.

    Raises:
        UserError: as `ranked`, or if one of them could not be run.
    """
    found = {rival.name: board.parts[number] for number, rival in enumerate(rivals, 1) if number in board.parts}
    if missing := [rival.name for rival in rivals if rival.name not in found]:
        raise UserError(f"{' and '.join(missing)} could not be scored: see the row.", "Change it, then score again.")
    crps = {name: parts.crps for name, parts in found.items()}
    by_case = {name: own[:, None] for name, own in crps.items() if own is not None}
    if len(by_case) == len(found):
        return ranked(by_case, mean_score, seed)
    return ranked({name: parts.powers for name, parts in found.items()}, spectral_score(mean_of(board.real)), seed)


# -- in words


@dataclass(frozen=True)
class Verdict:
    """Which rival is best, how sure that is, and why.

    Attributes:
        ranking: the order.
        measure: what a score is, as "dB of log-spectral distance".
        reason: why the best is better than the worst, a clause; "" where nothing of what is known of them says so.
    """

    ranking: Ranking
    measure: str
    reason: str = ""

    @property
    def sentence(self) -> str:
        """All of it."""
        order, gaps = self.ranking, [self.ranking.gap(self.ranking.names[0], name) for name in self.ranking.names[1:]]
        best, others = order.names[0], [*zip(order.names[1:], order.scores[1:], gaps, strict=True)]
        told = [f"{name} ({number(score)}, {_chance(gap)})" for name, score, gap in others if gap.told]
        alike = [f"{name} ({number(score)}, {_chance(gap)})" for name, score, gap in others if not gap.told]
        head = f"{best} has {number(order.scores[0])} {self.measure}"
        parts = []
        if told:
            parts.append(f"better than {_listed(told)}" + (f": {self.reason}" if self.reason else ""))
        if alike:
            parts.append(f"not told apart from {_listed(alike)} by {order.fields} fields{self._more(gaps)}")
        return f"{head}, {'; '.join(parts)}."

    def _more(self, gaps: Sequence[Gap]) -> str:
        """How many fields would tell the nearest one apart."""
        wanted = min((self.ranking.needed(gap) for gap in gaps if not gap.told), default=math.inf)
        if not math.isfinite(wanted) or wanted > 100_000:
            return ""
        return f"; about {math.ceil(max(wanted, self.ranking.fields + 1) / 8) * 8} would, if they stay as far apart"


def verdict(ranking: Ranking, facts: Sequence[RivalFacts], board: Scoreboard, units: str) -> Verdict:
    """The verdict about rivals that a board has scored, in units of its fields, with the reason that they show most."""
    by_case = any(parts.crps is not None for parts in board.parts.values())
    measure = f"{written(units)} of CRPS".strip() if by_case else "dB of log-spectral distance to held-out fields"
    known = {of.name: _as_scored(of, board) for of in facts}
    best, *others = ranking.names
    worst = next((name for name in reversed(others) if ranking.gap(best, name).told), "")
    return Verdict(ranking, measure, reason(known[best], known[worst]) if worst else "")


@dataclass(eq=False)
class RivalBoard(BoardRun):
    """A scoreboard of rivals.

    Attributes:
        known: what is known of each, in the order of the ways to run.
        found: which is best; None until it is told.
    """

    known: Sequence[RivalFacts] = ()
    found: Verdict | None = None

    def work(self) -> None:
        """Score, then tell which is best."""
        super().work()
        assert self.board is not None
        order = ranking_of(self.board, [of.rival for of in self.known], self.draw.seed)
        self.found = verdict(order, self.known, self.board, self.units)


def _as_scored(of: RivalFacts, board: Scoreboard) -> RivalFacts:
    """What is known of a rival on the fields that were scored, which are smaller than the region."""
    case = replace(of.case, signal=board.signal, levels=board.levels(_way(of.rival)))
    return replace(of, case=case)


def reason(best: RivalFacts, worst: RivalFacts) -> str:
    """Why one rival is better than another, by what of the worse one stands out most; "" if nothing does."""
    found = [made for check in REASONS if (made := check(best, worst)) is not None and made[0] >= LEAST_REASON]
    if found:
        return max(found)[1]
    names = differing((best.rival, worst.rival))
    return f"they differ in {words_of(best.rival, names)} against {words_of(worst.rival, names)}" if names else ""


Reason = tuple[float, str]


def _starts_low(best: RivalFacts, worst: RivalFacts) -> Reason | None:
    """The start leaves out what still stands above the noise."""
    left, least = worst.left_out, best.left_out
    if left is None or least is None or left <= LEFT_OUT:
        return None
    said = f"{worst.name} starts at s = {number(worst.start)}, which leaves out {percent(left, 2)} of a scale"
    return left / max(least, LEFT_OUT), f"{said} ({best.name} {percent(least, 2)})"


def _idles(best: RivalFacts, worst: RivalFacts) -> Reason | None:
    """Steps that do nothing are missing where something drowns."""
    wasted, less = worst.idle, best.idle
    if wasted is None or less is None:
        return None
    said = f"{worst.name} spends {percent(wasted, 2)} of its steps where nothing drowns"
    return (1 - less) / max(1 - wasted, 1e-3), f"{said} ({best.name} {percent(less, 2)})"


def _hurries(best: RivalFacts, worst: RivalFacts) -> Reason | None:
    """An octave of scale that it starts above is crossed in too few steps."""
    rows = [
        (ours, theirs) for ours, theirs in zip(best.octaves, worst.octaves, strict=True) if theirs.high_s < worst.start
    ]
    if not rows:
        return None
    ours, theirs = max(rows, key=lambda row: row[0].steps / max(row[1].steps, 1e-3))
    counts = [of.steps * octave.steps for of, octave in ((best, ours), (worst, theirs))]
    said = f"{worst.name} has {counts[1]:.1f} steps for the scales of {ours.low:g} to {ours.high:g} cycles a field"
    return counts[0] / max(counts[1], 0.1), f"{said} ({best.name} {counts[0]:.1f})"


REASONS: tuple[Callable[[RivalFacts, RivalFacts], Reason | None], ...] = (_starts_low, _idles, _hurries)


def _chance(gap: Gap) -> str:
    return "p < 0.001" if gap.p < 1e-3 else f"p = {gap.p:.2g}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
