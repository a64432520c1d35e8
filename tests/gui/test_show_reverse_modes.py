"""The modes of REVERSE: what each makes of a step, a shot or a kriged gap, and which belong to one another."""

from types import SimpleNamespace

import numpy as np
import pytest
from moments import in_force

from diffview.fields.tiles import GAP
from diffview.gui.show import reverse_modes
from diffview.gui.show.reverse_modes import BADGES, BESIDE, KINDS, LIKE, MODES, SHOTS
from diffview.reverse.samplers import Step
from diffview.runs.view import View

EVERY = {**MODES, **SHOTS, **BESIDE}


def members(*levels):
    """Constant members [m, 1, 64, 64]."""
    return np.array(levels, np.float32)[:, None, None, None] * np.ones((1, 1, 64, 64), np.float32)


@pytest.mark.parametrize(("key", "kind"), [(key, kind) for kind, row in KINDS.items() for key in row.modes])
def test_every_mode_knows_its_kind(key, kind):
    assert reverse_modes.kind_of(key) == kind
    assert reverse_modes.mode_of(key) is EVERY[key]


def test_what_nobody_knows_is_taken_for_a_mode_of_the_run():
    assert reverse_modes.kind_of("of an older version") == "run"


def test_the_view_and_the_table_agree_on_the_kinds():
    for key in EVERY:
        view = View(reverse=key)
        assert (view.one_shot, view.beside) == (key in SHOTS, key in BESIDE)


@pytest.mark.parametrize(
    ("kind", "key", "turned"),
    [
        ("run", "eps_hat", "eps_hat"),
        ("shot", "x_t", "shot_x0"),
        ("shot", "x0_hat", "shot_x0"),
        ("shot", "eps_hat", "shot_eps"),
        ("shot", "beside_std", "shot_x0"),
        ("run", "shot_x0", "x0_hat"),
        ("run", "shot_eps", "eps_hat"),
        ("run", "shot_diff", "eps_hat"),
        ("run", "beside_truth", "x_t"),
        ("beside", "x_t", "beside_mean"),
        ("beside", "shot_diff", "beside_mean"),
        ("beside", "beside_std", "beside_std"),
    ],
)
def test_another_kind_shows_what_corresponds(kind, key, turned):
    assert reverse_modes.turned_to(kind, key) == turned
    assert reverse_modes.kind_of(turned) == kind


def test_there_and_back_is_the_same_for_all_that_both_kinds_have():
    for key in ("x0_hat", "eps_hat"):
        assert reverse_modes.turned_to("run", reverse_modes.turned_to("shot", key)) == key
    assert set(LIKE) == {*MODES, *SHOTS} and set(BADGES) == set(BESIDE)


def test_noises_have_the_diverging_colours_and_only_they():
    assert [key for key, mode in EVERY.items() if mode.diverging] == ["eps_hat", "shot_eps", "shot_diff"]
    assert [key for key, mode in EVERY.items() if mode.limits] == ["beside_std"]
    assert BESIDE["beside_std"].limits == (0.0, 1.0)


def test_the_state_is_y_in_the_units_of_x_t():
    session = in_force()
    step = Step(3, 2.0, members(4.0))
    alpha = float(session.recipe.course.schedule.scale(2.0))
    assert alpha == pytest.approx(1 / np.sqrt(5)), "a variance-preserving schedule"
    np.testing.assert_allclose(MODES["x_t"].picture(step, session), 4.0 * alpha, rtol=1e-6)
    state, estimate = (MODES[key].picture(step, session) for key in ("x_t", "x0_hat"))
    np.testing.assert_array_equal(estimate, state, "before the first call of the model")
    assert MODES["eps_hat"].picture(step, session) is None


def test_estimates_are_shown_as_they_are():
    session = in_force()
    step = Step(3, 2.0, members(4.0), x0_hat=members(0.25), eps_hat=members(-1.5))
    assert (MODES["x0_hat"].picture(step, session) == 0.25).all()
    assert (MODES["eps_hat"].picture(step, session) == -1.5).all()


def test_members_are_tiled_until_one_is_chosen():
    step = Step(3, 2.0, members(0.0, 0.0, 0.0), x0_hat=members(1.0, 2.0, 3.0))
    tiles = MODES["x0_hat"].picture(step, in_force())
    assert tiles.shape == (64, 3 * 64 + 2 * GAP)
    assert [tiles[0, 0], tiles[0, 64 + GAP], tiles[-1, -1]] == [1.0, 2.0, 3.0]
    assert np.isnan(tiles[0, 64]), "a gap between the tiles"
    for asked, shown in ((0, 1.0), (2, 3.0), (9, 3.0)):
        one = MODES["x0_hat"].picture(step, in_force(View(member=asked)))
        assert one.shape == (64, 64) and (one == shown).all()


def test_one_shot_shows_the_estimates_and_their_error():
    ones = np.ones((64, 64), np.float32)
    shot = SimpleNamespace(x0_hat=2 * ones, eps=3 * ones, eps_hat=5 * ones)
    shown = {key: float(mode.picture(shot, in_force())[0, 0]) for key, mode in SHOTS.items()}
    assert shown == {"shot_x0": 2.0, "shot_eps": 5.0, "shot_diff": -2.0}
    none = SimpleNamespace(x0_hat=None, eps=ones, eps_hat=None)
    assert [mode.picture(none, in_force()) for mode in SHOTS.values()] == [None, None, None]


def test_beside_a_filled_gap_stand_kriging_its_draw_and_the_truth():
    session = in_force(seed=7)
    draws = np.arange(4)
    kriged = SimpleNamespace(mean="mean", std="std", member=lambda seed: draws[seed % 4])
    assert BESIDE["beside_mean"].picture(kriged, session) == "mean"
    assert BESIDE["beside_std"].picture(kriged, session) == "std"
    assert BESIDE["beside_draw"].picture(kriged, session) == 3, "the draw of the seed of the run"
    assert BESIDE["beside_truth"].picture(kriged, session) is session.plan.x0
