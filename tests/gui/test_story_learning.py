"""The film of a learning in the window: scrubbed by the slider and on the curve, its pictures beside their crops."""

import numpy as np
import pytest

from diffview.fields.numbers import number
from diffview.learning.film import UNSEEN, film_crops
from diffview.learning.sets import evenly

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")


@pytest.fixture
def learning(window, qtbot, wait):
    """A window with the dock in front, all of whose models have been run."""
    window.docks["learningDock"].toggleViewAction().trigger()
    qtbot.waitUntil(lambda: window.docks["learningDock"].widget() is not None)
    wait(window.is_idle)
    return window


def test_a_training_is_scrubbed_and_the_pictures_follow(learning, find, hand, wait):
    window = learning
    plot, slider = find(window, "learningPlot"), find(window, "learningSlider")
    network = find(window, "learningNetworkView")
    assert network.count == find(window, "learningDataView").count == find(window, "learningLocalView").count == 4
    before = network.grab().toImage()
    place = plot.to_pixel(*plot.stops.places[4])
    hand.click(plot.viewport(), place)
    assert window.session.view.film == 4 and slider.value() == 4
    assert find(window, "learningStep").text() == "After 3,200 steps"
    assert network.grab().toImage() != before
    slider.setValue(0)
    assert window.session.view.film == 0 and plot.stops.chosen == 0
    assert network.grab().toImage() == before


def test_data_says_that_it_gives_copies(learning, find):
    assert find(learning, "learningDataView").accessibleDescription() == "a copy, a copy, a copy, a copy"
    assert "copy" not in find(learning, "learningNetworkView").accessibleDescription()
    data = film_crops()
    mirrored = np.concatenate([data.fields[:, ::down, ::on] for down in (1, -1) for on in (1, -1)])
    apart = [np.sqrt(((mirrored - one) ** 2).mean((1, 2)).min()) for one in evenly(data.held_out, UNSEEN)]
    assert f"held-out fields lie {number(float(np.median(apart)))} away" in find(learning, "learningDistances").text()


def test_another_seed_is_another_noise(learning, find, wait):
    window = learning
    before = find(window, "learningNetworkView").accessibleDescription()
    window.session.edit(seed=5)
    wait(lambda: window.is_idle() and find(window, "learningLocalView").count == 4)
    assert find(window, "learningNetworkView").accessibleDescription() != before
    assert np.isfinite(
        [float(x) for x in find(window, "learningNetworkView").accessibleDescription().split(", ")]
    ).all()
