"""One step seen in the window: its pictures are those of the run and of the chain, by the page of the theory."""

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPointF

from diffview.forward import ddpm
from diffview.gui.show.looks import state
from diffview.reverse.step_back import where_from

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")


@pytest.fixture
def stepping(open_window, settle, qtbot):
    """stepping(t): a window with a DDPM run, the dock of one step in front, the playhead at t."""

    def make(t, recipe=QUICK, **values):
        window = open_window(recipe.but(sampler="ddpm", steps=12, **values))
        window.docks["onestepDock"].toggleViewAction().trigger()
        qtbot.waitUntil(lambda: window.docks["onestepDock"].widget() is not None)
        window.session.look(playhead=t, follow=False)
        settle(window)
        qtbot.wait(20)
        return window

    return make


def pictures(window, find, name, count):
    return [find(window, f"{name}{i}").values for i in range(count)]


def test_the_four_pictures_are_the_step_that_the_sampler_made(stepping, find):
    window = stepping(0.5)
    session, step = window.session, window.live.step
    x_t, x0_hat, mean, x_before = pictures(window, find, "stepBackView", 4)
    np.testing.assert_array_equal(x_t, state(step, session))
    run = window.live.shown
    after = run.trajectory.nearest(step.index + 1)
    np.testing.assert_array_equal(x0_hat, after.x0_hat[0, 0])
    np.testing.assert_array_equal(x_before, state(after, session))
    bars = 1 / (1 + step.s**2), 1 / (1 + after.s**2)
    np.testing.assert_allclose(mean, ddpm.posterior_mean(x_t, x0_hat, *bars), rtol=1e-4, atol=1e-5)
    sigma = float(ddpm.sigma_theta(*bars)) ** 0.5
    noise = (x_before - mean) / sigma
    assert abs(noise.mean()) < 5 / 64 and abs(noise.var() - 1) < 5 * np.sqrt(2) / 64
    assert f"{sigma:.3f} z" in find(window, "stepBackWords").text()


def test_the_three_pictures_are_one_step_of_the_chain(stepping, find):
    window = stepping(0.5)
    x_before, noise, x_t = pictures(window, find, "stepOnView", 3)
    s, s_before = window.live.step.s, window.live.shown.trajectory.nearest(window.live.step.index + 1).s
    beta = ddpm.beta(1 / (1 + s * s), 1 / (1 + s_before**2))
    np.testing.assert_allclose((1 - beta) ** 0.5 * x_before + noise, x_t, rtol=1e-4, atol=1e-4)
    assert abs(noise.var() / beta - 1) < 0.1
    assert f"{beta**0.5:.3f} ε" in find(window, "stepOnWords").text()


def test_a_click_picks_the_pixel_whose_density_is_drawn(stepping, find, hand, wait):
    window = stepping(0.5)
    view, plot = find(window, "stepOnView2"), find(window, "stepDensityView")
    x_before, _, x_t = pictures(window, find, "stepOnView", 3)
    hand.click(view, view.to_widget(QPointF(9.5, 20.5)))
    wait(lambda: "Row 20, column 9" in find(window, "stepPixelWords").text())
    s, s_before = window.live.step.s, window.live.shown.trajectory.nearest(window.live.step.index + 1).s
    x_0 = window.session.forward.x0[20, 9]
    mean, std = where_from(float(x_t[20, 9]), float(x_0), s, s_before, window.session.recipe.course.schedule)
    chain = plot.lines[0]
    assert chain.x[np.argmax(chain.y)] == pytest.approx(mean, abs=0.05 * std)
    assert chain.y.max() == pytest.approx(1 / (std * np.sqrt(2 * np.pi)), rel=1e-3)
    assert plot.marks[0].x == pytest.approx(float(x_before[20, 9]))


def test_the_last_step_draws_no_noise(stepping, find):
    window = stepping(0.0)
    _, x0_hat, mean, x_before = pictures(window, find, "stepBackView", 4)
    np.testing.assert_array_equal(x_before, x0_hat)
    np.testing.assert_array_equal(mean, x0_hat)
    assert "no noise" in find(window, "stepBackWords").text()


def test_a_sampler_without_such_a_mean_says_so(stepping, find, wait):
    window = stepping(0.5)
    window.session.edit(sampler="churn", sampler_params=())
    window.live.start()
    window.session.look(playhead=0.5, follow=False)
    wait(lambda: "has no mean" in find(window, "stepBackWords").text())
    assert find(window, "stepBackView0").values is None
