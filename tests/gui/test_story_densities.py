"""Densities over ln s below the schedule: they follow hand, model and axis, and nothing else repaints them."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import layer
from PySide6.QtCore import QEvent, QObject, QPointF

from diffview.forward.schedules import Flow, VarianceExploding, make_schedule
from diffview.gui.settings import Settings
from diffview.gui.show import schedule_curves
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.plots.density_strip import DensityStrip
from diffview.gui.widgets.plots.schedule_items import Handles
from diffview.learning.densities import training_density

sys.path.insert(0, str(Path(__file__).parents[1]))
from models_twins import small_model

TRAINING = {"loss": "plain", "density": "uniform", "lowest": 0.02, "highest": 20.0, "schedule": {"key": "linear"}}


@pytest.fixture
def strip(window, find):
    shown = find(window, "densityStrip")
    assert shown.isVisible()
    return shown


def choose(window, name):
    combo = window.toolbar.model
    combo.setCurrentIndex(combo.findData(name))
    combo.activated.emit(combo.currentIndex())


def cells(window):
    """Edges of the cells of the strip on its axis, and ln s there."""
    edges, log_s, _ = schedule_curves.densities(TimeScale.of(window.session), window.session.plan.levels, None)
    return edges, log_s


def mass(window, strip, key):
    """What lies under a curve, over the levels that are shown."""
    return float(np.sum(strip.density(key) * np.diff(cells(window)[1])))


class Paints(QObject):
    """Counts the paints of a widget."""

    count = 0

    def eventFilter(self, watched, event):
        self.count += event.type() is QEvent.Type.Paint
        return False


# -- in the window


def test_the_curves_follow_a_dragged_point(window, hand, find, settle, wait, strip):
    plot = find(window, "scheduleEditor")
    start = plot.to_pixel(*layer(plot, Handles).points[2])
    seen = [(strip.density("schedule"), strip.density("grid"))]
    hand.press(plot, start)
    for way in ((-20, -15), (-60, -30), (40, -60)):
        hand.move(plot, start + QPointF(*way))
        wait(lambda: not np.array_equal(strip.density("schedule"), seen[-1][0]))  # not with each frame of a drag
        seen.append((strip.density("schedule"), strip.density("grid")))
    hand.release(plot, start + QPointF(40, -60))
    for old, new in itertools.pairwise(seen):
        assert not np.array_equal(old[0], new[0]) and not np.array_equal(old[1], new[1])
    assert mass(window, strip, "schedule") == pytest.approx(1 - 1e-3, abs=1e-9)
    window.session.undo()
    wait(lambda: np.array_equal(strip.density("schedule"), seen[0][0]))
    settle(window)


def test_a_network_brings_its_training_and_a_formula_takes_it_away(window, settle, strip, tmp_path):
    assert strip.density("training") is None
    assert strip.accessibleDescription() == "no training: a formula"
    cards = {
        "twin": small_model(tmp_path / "models", training=TRAINING),
        "terse": small_model(
            tmp_path / "models", "terse", training={key: TRAINING[key] for key in TRAINING if key != "loss"}
        ),
        "mute": small_model(tmp_path / "models", "mute"),
    }
    window.session.learn(cards=cards)
    choose(window, "twin")
    np.testing.assert_allclose(strip.density("training"), training_density(TRAINING, cells(window)[1]))
    assert mass(window, strip, "training") == pytest.approx(1.0, abs=1e-9)
    assert "draws (uniform, plain loss)" in strip.toolTip()
    settle(window)
    choose(window, "terse")
    assert mass(window, strip, "training") == pytest.approx(1.0, abs=1e-9)
    assert "draws (uniform)" in strip.toolTip(), "a card need not name its loss"
    settle(window)
    choose(window, "mute")
    assert strip.density("training") is None
    assert strip.accessibleDescription() == "training: not known"
    settle(window)
    choose(window, "gaussian")
    assert strip.density("training") is None
    assert strip.accessibleDescription() == "no training: a formula"
    settle(window)


def test_the_pointer_reads_the_densities(window, hand, settle, strip):
    window.session.edit(schedule=Flow())
    settle(window)
    middle = QPointF(strip.x_of(0.5), strip.height() / 2)  # t = 1/2: s = 1, dt/d ln s = 1/4
    hand.mouse(strip, QEvent.Type.MouseMove, middle)
    words = strip.readout()
    assert words == "s = 1.0: schedule 0.25, grid 0.25 per unit of ln s"
    assert strip.accessibleDescription() == words
    hand.mouse(strip, QEvent.Type.MouseMove, QPointF(1, middle.y()))
    assert strip.readout() == "", "left of the axis nothing is read"


def test_it_lies_on_the_axis_of_the_plot(window, hand, find, settle, strip):
    plot = find(window, "scheduleEditor")
    window.session.edit(schedule=VarianceExploding())
    for axis in ("t", "ln_s"):
        hand.click(find(window, "axisControl").button(axis))
        for value in (plot.x_axis.low, (plot.x_axis.low + plot.x_axis.high) / 2, plot.x_axis.high):
            at = strip.mapToGlobal(QPointF(strip.x_of(value), 0.0)).x()
            assert at == pytest.approx(plot.mapToGlobal(plot.to_pixel(value, 0.0)).x(), abs=1.0)
        flat = 1 / np.log(50.0 / 0.01)
        np.testing.assert_allclose(strip.density("schedule"), flat, rtol=1e-9, err_msg=f"per unit of ln s over {axis}")
    settle(window)


@pytest.mark.parametrize("key", ["flow", "sigmoid", "custom", "cosine"])
def test_both_axes_hold_the_same(window, hand, find, settle, strip, key):
    window.session.edit(schedule=make_schedule(key))
    held = []
    for axis in ("t", "ln_s"):
        hand.click(find(window, "axisControl").button(axis))
        edges, log_s = cells(window)
        assert (np.diff(edges) >= 0).all() and np.isfinite(log_s).all()
        held.append((mass(window, strip, "schedule"), mass(window, strip, "grid")))
    beyond = 1 - float(window.session.recipe.course.schedule.t_of(window.session.recipe.course.schedule.s_max))
    np.testing.assert_allclose(held[0], held[1], atol=beyond + 1e-9)
    settle(window)


def test_it_is_not_painted_for_the_playhead(window, qapp, settle, find, strip):
    settle(window)
    qapp.processEvents()
    paints = Paints()
    strip.installEventFilter(paints)
    for row in range(0, 1000, 50):
        find(window, "timeSlider").setValue(row)
        qapp.processEvents()
    assert paints.count == 0
    window.session.edit(schedule=Flow())
    qapp.processEvents()
    assert paints.count > 0
    settle(window)


def test_it_is_switched_off_and_on_and_that_is_no_edit(window, hand, find, strip, settle):
    undo = window.session.can_undo()
    hand.click(find(window, "densityButton"))
    assert not strip.isVisible() and not find(window, "densitiesAction").isChecked()
    window.session.edit(schedule=Flow())
    find(window, "densitiesAction").trigger()
    assert strip.isVisible() and find(window, "densityButton").isChecked()
    assert strip.density("schedule").max() == pytest.approx(0.25, abs=1e-3), "it has caught up"
    window.session.undo()
    assert window.session.can_undo() == undo
    assert window.session.view.densities
    settle(window)


def test_a_low_window_starts_without_it_and_has_room_for_it(open_window, find, hand, settle):
    window = open_window(size=(1280, 720))
    strip = find(window, "densityStrip")
    assert not strip.isVisible()
    hand.click(find(window, "densityButton"))
    assert strip.isVisible()
    needed = window.minimumSizeHint()
    assert needed.width() <= 1280 and needed.height() <= 720
    settle(window)


def test_the_choice_is_remembered(open_window, hand, find, tmp_path):
    window = open_window()
    hand.click(find(window, "densityButton"))
    window.close()
    assert not Settings(tmp_path / "settings-0.ini").view().densities


# -- the widget alone


@pytest.fixture
def alone(qtbot):
    strip = DensityStrip()
    qtbot.addWidget(strip)
    strip.resize(420, strip.sizeHint().height())
    strip.set_axis(10.0, 410.0, 0.0, 1.0)
    return strip


def show(strip, height):
    edges = np.linspace(0, 1, 401)
    strip.set_densities(edges, edges - 0.5, {"schedule": np.full(400, height)})


@pytest.mark.parametrize(("height", "top"), [(0.15, 0.2), (0.2, 0.2), (0.21, 0.3), (7.0, 10.0), (4000.0, 4000.0)])
def test_the_axis_ends_where_the_curve_fits(alone, height, top):
    show(alone, height)
    assert alone.top == top


def test_a_curve_stands_at_its_height(alone):
    """The ground below the curve is filled, the ground above it is not."""
    show(alone, 0.1)  # half of the axis, which ends at 0.2
    box, picture = alone.plot_rect(), alone.grab().toImage()
    column = [picture.pixelColor(200, y) for y in range(picture.height())]
    middle = round(box.center().y())
    above, below = column[middle - 6], column[middle + 6]
    assert below != above and column[middle + 10] == below and column[middle - 10] == above


def test_it_is_empty_before_it_is_told_anything(alone):
    alone.grab()
    assert alone.readout() == "" and alone.density("schedule") is None
