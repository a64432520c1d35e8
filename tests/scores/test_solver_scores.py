"""Solvers beside the exact posterior: what is calibrated is found to be, and what is not is not."""

import json

import numpy as np
import pytest

from diffview.models.posterior import GaussianPosterior
from diffview.scores.solver_scores import as_json, exact_case, format_solvers, score_members, score_solvers


def test_draws_of_the_posterior_are_calibrated_and_narrower_ones_are_not() -> None:
    prior, seen = exact_case()
    posterior, rng = GaussianPosterior(prior, seen), np.random.default_rng(1)
    assert len(seen.parts) == 3
    drawn = posterior.samples(rng.standard_normal((200, 32, 32)), rng.standard_normal((200, len(seen))))
    score = score_members("exact", drawn, posterior.mean, posterior.std)
    assert score.calibrated and score.ratio == pytest.approx(1, abs=0.02) and score.error < 0.1
    narrow = score_members("sda", posterior.mean + 0.7 * (drawn - posterior.mean), posterior.mean, posterior.std)
    assert not narrow.calibrated and narrow.ratio == pytest.approx(0.7 * score.ratio, abs=0.01)
    moved = score_members("dps", drawn + posterior.std, posterior.mean, posterior.std)
    assert not moved.calibrated and moved.error == pytest.approx(1, abs=0.1) and moved.within < 0.01
    table = format_solvers([score, narrow, moved])
    assert table.splitlines()[1].endswith("  calibrated") and "over-confident" in table.splitlines()[2]
    assert json.loads(json.dumps(as_json([score])))[0]["title"] == "exact"


def test_the_exact_solver_is_calibrated_with_three_operators_and_mmps_becomes_it() -> None:
    """200 members: their mean within three standard errors, spread/skill between 0.95 and 1.05."""
    prior, seen = exact_case()
    asked = [("exact", {}), ("mmps", {"iterations": 40}), ("sda", {})]
    exact, mmps, sda = score_solvers(prior, seen, asked, members=200, steps=30)
    assert exact.calibrated and 0.95 <= exact.ratio <= 1.05 and exact.within >= 0.99
    assert mmps.ratio == pytest.approx(exact.ratio, abs=0.01) and mmps.calibrated
    assert not sda.calibrated and sda.error > 3 * exact.error
