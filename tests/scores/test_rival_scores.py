"""What is known of rivals, their scores on held-out fields, and the sentence about them."""

import math
from dataclasses import replace
from functools import cache
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.forward.schedules import Custom, Linear, VarianceExploding, make_schedule
from diffview.learning.loss_by_level import exact_errors
from diffview.library.opened import open_field
from diffview.models.gaussian import Gaussian
from diffview.runs.recipe import Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.rivals import added, alone, rivals_of
from diffview.scores.confidence import Ranking, ranked, spectral_score
from diffview.scores.metrics import mean_spectrum
from diffview.scores.rival_facts import DECADES, RivalFacts, facts_of, steps_cost
from diffview.scores.rival_scores import ranking_of, reason, verdict, ways_of
from diffview.scores.scoreboard import Draw, Scoreboard
from diffview.scores.subject import open_subject

BAD, GOOD = Linear(chain_steps=250), make_schedule("edm", {"sigma_max": 400.0})


def of(*schedules: object, **values: object) -> Recipe:
    recipe = default_recipe().but(model="gaussian", region=Region(40, 120, 64, 64), schedule=schedules[0], **values)
    for schedule in schedules[1:]:
        recipe = recipe.but(**added(recipe, schedule=schedule))
    return recipe


@cache
def opened() -> object:
    return open_field(of(BAD)).facts


def facts(recipe: Recipe) -> list[RivalFacts]:
    return [facts_of(rival, resolve(alone(recipe, rival), opened()), opened()) for rival in rivals_of(recipe)]


# -- before anything is run


def test_the_terminal_snr_is_that_of_the_schedule_and_of_the_largest_scale() -> None:
    (bad,) = facts(of(BAD))
    alpha_bar = float(np.prod(1 - BAD.betas()))
    assert bad.alpha_bar_end == pytest.approx(alpha_bar) and bad.end_snr == pytest.approx(
        10 * math.log10(alpha_bar / (1 - alpha_bar))
    )
    assert bad.largest_snr == pytest.approx(bad.end_snr + 10 * math.log10(bad.signal.power[0]))
    (cosine,) = facts(of(make_schedule("zero_snr", {"of": "cosine"})))
    assert cosine.end_snr == -math.inf == cosine.largest_snr and cosine.alpha_bar_end == 0


def test_the_terminal_snr_of_a_scale_depends_on_the_resolution() -> None:
    """The same field with every pixel doubled along both sides has four times the power at every scale."""
    (one,) = facts(of(BAD))
    wider = np.repeat(np.repeat(one.plan.x0, 2, 0), 2, 1)
    power = mean_spectrum(wider[None])
    assert 10 * math.log10(power[0] / one.signal.power[0]) == pytest.approx(20 * math.log10(2), abs=0.1)


def test_the_time_in_each_decade_is_that_of_the_schedule() -> None:
    even = VarianceExploding(sigma_min=0.01, sigma_max=100.0)
    (known,) = facts(of(even, grid="log_snr"))
    assert sum(known.decades) == pytest.approx(1) and len(known.decades) == len(DECADES) - 1
    s = even.noise_level(np.linspace(0, 1, 100_001))
    inner = [float(np.mean((s > low) & (s <= high))) for low, high in pairwise(DECADES)]
    assert known.decades == pytest.approx(inner, abs=1e-4)
    assert known.decades[1:5] == pytest.approx([known.decades[1]] * 4, rel=0.05), "geometric levels: as much in each"


def test_a_schedule_that_is_matched_to_the_spectrum_spends_as_much_on_every_octave() -> None:
    (known,) = facts(of(make_schedule("edm")))
    ends = [known.octaves[0].high_s, *(octave.low_s for octave in known.octaves)]
    t = np.linspace(0.9, 0.1, len(ends))
    knots = [(float(at), -2 * math.log(level)) for at, level in sorted(zip(t, ends, strict=True))]
    matched = Custom(knots=(*knots, (1.0, knots[-1][1] - 4.0)))
    (found,) = facts(of(matched))
    assert [octave.time for octave in found.octaves] == pytest.approx([0.8 / len(found.octaves)] * len(found.octaves))
    assert [(octave.low, octave.high) for octave in found.octaves] == [(2.0**i, 2.0 ** (i + 1)) for i in range(5)]


def test_the_steps_of_an_octave_are_spread_over_what_they_cross() -> None:
    (known,) = facts(of(make_schedule("edm"), grid="log_snr", steps=40))
    levels = np.array(known.plan.levels[:-1])
    for octave in known.octaves:
        inside = np.mean((levels > octave.low_s) & (levels <= octave.high_s))
        assert octave.steps == pytest.approx(inside, abs=1.5 / 40)
    assert known.idle == pytest.approx(sum(known_idle(known)) / 40)


def known_idle(known: RivalFacts) -> tuple[int, int]:
    powers = known.signal.powers
    above = sum(s >= 10 * math.sqrt(powers.max()) for s in known.plan.levels[1:])
    return above, sum(s <= 0.1 * math.sqrt(powers[powers > 0].min()) for s in known.plan.levels[:-1])


def test_the_cost_of_steps_is_the_bound_above_that_of_infinitely_many() -> None:
    prior = Gaussian.power_law(16, 16, 3.0, 2.0)
    s = np.geomspace(100, 0.01, 400)
    loss = SimpleNamespace(levels=s, error=exact_errors(prior, s.tolist()))
    few, many = (steps_cost(loss, [*np.geomspace(50, 0.02, n), 0.0]) for n in (10, 160))
    assert few > 10 * many > 0, "steps of first order cost in proportion to their size"
    weights = 0.5 * np.diff(1 / np.geomspace(50, 0.02, 10) ** 2)
    steps = float(np.sum(weights * exact_errors(prior, np.geomspace(50, 0.02, 10).tolist())[:-1]))
    fine = np.geomspace(50, 0.02, 20_001)
    area = float(np.trapezoid(exact_errors(prior, fine.tolist()) / fine**2, -np.log(fine)))
    assert few == pytest.approx(steps - area, rel=1e-3)


# -- scored


@cache
def scored(recipe: Recipe, samples: int = 32, seed: int = 0) -> tuple[Scoreboard, Ranking]:
    rivals = rivals_of(recipe)
    plan = resolve(alone(recipe, rivals[0]), opened())
    board = Scoreboard(open_subject(plan, opened()), ways_of(rivals), Draw(samples, seed=seed))
    for _ in board.run():
        pass
    return board, ranking_of(board, rivals, seed)


def test_the_score_of_a_rival_is_that_of_its_row() -> None:
    recipe = of(BAD, GOOD, sampler="heun")
    board, order = scored(recipe)
    rows = [row for _, row in Scoreboard.run(board) if row is not None][1:]
    assert dict(zip(order.names, order.scores, strict=True)) == pytest.approx(
        {name: row.spectrum for name, row in zip("AB", rows, strict=True)}
    )
    assert order.gap("A", "B").told and order.fields == 32


def test_the_sentence_names_the_better_and_the_reason() -> None:
    recipe = of(
        Linear(chain_steps=60), make_schedule("edm", {"sigma_max": 60.0}), grid="karras", steps=32, sampler="heun"
    )
    board, order = scored(recipe)
    assert order.names == ("B", "A")
    said = verdict(order, facts(recipe), board, "K").sentence
    assert said.startswith(
        f"B has {order.scores[0]:.2f} dB of log-spectral distance to held-out fields, better than A ("
    )
    assert "A starts at s = " in said and "which leaves out" in said and said.endswith(").")


def test_equals_are_not_told_apart_and_how_many_fields_would_tell_is_said() -> None:
    recipe = of(GOOD, replace(GOOD, sigma_max=400.0001))
    board, order = scored(recipe)
    made = verdict(order, facts(recipe), board, "K")
    assert made.reason == "" or order.gaps[0].told
    same = ranked({"A": board.parts[1].powers, "B": board.parts[1].powers}, spectral_score(board.real.mean(axis=0)))
    said = verdict(same, facts(recipe), board, "K").sentence
    assert "not told apart from B" in said and "p = 1)" in said and "because" not in said


def test_a_rival_that_idles_is_said_to() -> None:
    good, idle = facts(
        of(make_schedule("edm", {"sigma_max": 60.0}), make_schedule("edm", {"sigma_max": 1e5}), grid="log_snr")
    )
    good, idle = replace_start(good), replace_start(idle)
    said = reason(good, idle)
    assert f"{100 * idle.idle:.2g}" != f"{100 * good.idle:.2g}"
    assert said == (f"B spends {100 * idle.idle:.2g} % of its steps where nothing drowns (A {100 * good.idle:.2g} %)")


def replace_start(known: RivalFacts) -> RivalFacts:
    """The same without octaves, so that only what idles can be a reason."""
    return replace(
        known, case=replace(known.case, from_noise=False, signal=replace(known.signal, power=known.signal.power[:1]))
    )


def test_with_a_truth_the_score_is_the_crps_of_the_cases() -> None:
    recipe = of(GOOD, make_schedule("cosine"))
    rivals = rivals_of(recipe)
    subject = open_subject(resolve(alone(recipe, rivals[0]), opened()), opened())
    board = Scoreboard(subject, ways_of(rivals), Draw(48, 4, start_level=1.0))
    rows = [row for _, row in board.run() if row is not None]
    order = ranking_of(board, rivals)
    assert order.fields == 12
    assert dict(zip(order.names, order.scores, strict=True)) == pytest.approx({"A": rows[1].crps, "B": rows[2].crps})
    assert "K of CRPS" in verdict(order, facts(recipe), board, "K").sentence


# -- what cannot be scored


def test_what_cannot_be_scored_together_is_a_sentence() -> None:
    recipe = of(BAD, GOOD)
    a, b = rivals_of(recipe)
    for rivals, sentence in (
        ((a,), "One way to run has no order."),
        ((a, replace(b, model="data")), "The rivals have different models: A gaussian, B data."),
        ((a, replace(b, weight=2.0)), "The scoreboard runs a model without guidance."),
        ((a, replace(a, name="C", course=replace(a.course, seed=5))), "A and C run the same way"),
    ):
        with pytest.raises(UserError, match=sentence) as caught:
            ways_of(rivals)
        assert caught.value.hint.endswith(".")


def test_too_few_fields_are_a_sentence_and_the_rows_stay() -> None:
    recipe = of(BAD, GOOD)
    few = Scoreboard(open_subject(facts(recipe)[0].plan, opened()), ways_of(rivals_of(recipe)), Draw(6))
    rows = [row for _, row in few.run() if row is not None]
    with pytest.raises(UserError, match="6 fields cannot tell rivals apart"):
        ranking_of(few, rivals_of(recipe))
    assert all(row.spectrum is not None for row in rows)
