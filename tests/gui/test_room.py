"""Room and place: what must be read is always there, and nothing drawn on Earth lies over pure noise."""

import numpy as np
import pytest
from conftest import QUICK

from diffview.fields.numbers import decimal
from diffview.gui.widgets.small.card import CardFrame, ElidedLabel

SIZES = [(1024, 768), (1280, 720), (1920, 1080)]


# -- what must be read


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("t", [0.0, 0.9, 1.0])
def test_mean_and_variance_are_always_there_with_two_decimals(open_window, rest, size, t):
    window = open_window(size=size)
    window.session.look(playhead=t, follow=False)
    rest(window)
    x_t = window.session.frame().x_t
    card = next(card for card in window.diagnostics.findChildren(CardFrame) if "of this region" in card.title())
    label = next(label for label in card.findChildren(ElidedLabel) if label.text() == card.subtitle())
    told = f"mean {decimal(np.mean(x_t), 2)}  variance {decimal(np.var(x_t), 2)}"
    assert label.isVisible() and label.shown_text() == told


# -- coasts


def test_coasts_fade_as_the_field_does_and_are_not_drawn_over_noise(open_window, settle):
    window = open_window(QUICK.but(origin="field", level=2.0))
    settle(window)
    session, forward, reverse = window.session, window.forward.view, window.reverse.view
    strengths = []
    for t in (0.0, 0.25, 0.5):
        session.look(playhead=t, follow=False)
        assert forward.line_strength() == pytest.approx(session.frame().alpha)
        strengths.append(forward.line_strength())
    assert strengths[0] == 1.0 and sorted(strengths, reverse=True) == strengths
    session.look(playhead=1.0)
    assert forward.line_strength() == 0.0 and forward.lines() is None
    window.live.show_step(window.live.shown, window.live.shown.trajectory.nearest(0))
    alpha = float(session.recipe.course.schedule.scale(window.live.step.s))
    assert reverse.line_strength() == pytest.approx(alpha) and 0.1 < alpha < 0.9
    session.look(reverse="x0_hat")
    assert reverse.line_strength() == 1.0
    session.look(reverse="eps_hat")
    assert reverse.line_strength() == 0.0
    session.look(playhead=0.5, reverse="shot_x0")
    settle(window)
    assert reverse.line_strength() == 1.0
    session.look(reverse="shot_diff")
    assert reverse.line_strength() == 0.0
