"""Instruments in the window: added, set, painted, taken away; the run is led by them, and the band says when."""

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt

from diffview.fields.field import Region
from diffview.gui.window.layouts import RIGHT_WIDTH
from diffview.runs.instruments import Instrument

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


def add(window, find, key):
    """Choose an operator of the menu, as a click on it does."""
    button = find(window, "observeMoreButton")
    window.inspector_dock.widget().ensureWidgetVisible(button)
    titles = {"blocks": "block means", "area": "mean of an area", "footprint": "Gaussian footprints"}
    action = next(action for action in button.menu().actions() if action.text() == titles[key])
    assert action.isEnabled(), action.toolTip()
    action.trigger()


def test_instruments_lead_a_run_and_are_taken_away(window, find, hand, settle):
    settle(window)
    assert not find(window, "solverCombo").isVisible(), "nothing is observed"
    window.session.edit(model="gaussian", region=Region(0, 100, 64, 64))
    settle(window)
    add(window, find, "blocks")
    add(window, find, "footprint")
    settle(window)
    recipe, plan = window.session.recipe, window.session.plan
    assert [one.operator for one in recipe.operators.instruments] == ["blocks", "footprint"]
    values = window.session.facts.field.values[plan.region.slices]
    assert recipe.operators.instruments[0].error == pytest.approx(0.1 * values.std(), rel=0.3), "in kelvin"
    seen = plan.model.led.seen
    assert f"{len(seen)} values are observed" in find(window, "observedText").text()
    run = window.live.run
    assert run.state == "finished"
    off = np.std(seen.values - seen.of(np.asarray(run.trajectory.last.y)))
    assert off < 0.3 * np.std(seen.values)
    error = find(window, "instrumentError0")
    window.inspector_dock.widget().ensureWidgetVisible(error)
    hand.type_number(error, "4")
    assert window.session.recipe.operators.instruments[0].error == 4.0
    combo = find(window, "solverCombo")
    window.inspector_dock.widget().ensureWidgetVisible(combo)
    hand.choose(combo, "exact")
    settle(window)
    assert window.session.recipe.operators.solver == "exact" and window.session.plan.refusal is None
    for _ in range(2):
        away = find(window, "instrumentAway0")
        window.inspector_dock.widget().ensureWidgetVisible(away)
        hand.click(away)
    assert window.session.recipe.operators.instruments == () and not combo.isVisible()
    window.session.undo()
    assert [one.operator for one in window.session.recipe.operators.instruments] == ["footprint"]


def test_an_area_is_drawn_by_hand_and_what_was_painted_as_a_gap_becomes_one(window, find, hand, settle):
    settle(window)
    window.session.edit(model="gaussian")
    settle(window)
    region = window.session.plan.region
    painted = Region(region.row + 4, region.column + 6, 10, 8)
    window.session.edit(hidden=(painted,))
    add(window, find, "area")
    settle(window)
    recipe = window.session.recipe
    assert recipe.guidance.hidden == () and recipe.operators.instruments[0].where == (painted,)
    assert len(window.session.plan.model.led.seen) == 1


def test_an_area_is_dragged_over_forward_part_by_part_and_erased(window, find, hand, settle):
    """Nothing is painted: Add, mean of an area, and the mouse draws it; nothing is hidden by that."""
    settle(window)
    window.session.look(auto_run=False)
    window.session.edit(model="gaussian", region=Region(0, 100, 64, 64))
    settle(window)
    session, layer, before = window.session, window.gaps.forward, window.session.recipe
    add(window, find, "area")
    assert window.gaps.armed and "draw the area" in find(window, "messageBar").text()
    assert session.recipe == before, "nothing is seen before something is drawn"

    def drag(top, left, bottom, right):
        view = window.forward.view
        hand.drag(layer, *(view.to_widget(QPointF(x + 0.5, y + 0.5)) for y, x in ((top, left), (bottom, right))))

    drag(8, 8, 15, 19)
    (one,) = session.recipe.operators.instruments
    assert one.operator == "area" and one.where == (Region(8, 108, 8, 12),) and session.recipe.guidance.hidden == ()
    assert layer.marks()[8:16, 8:20].all() and layer.marks().sum() == 96, "it is seen while it is drawn"
    drag(30, 30, 33, 33)
    (one,) = session.recipe.operators.instruments
    assert one.where == (Region(8, 108, 8, 12), Region(30, 130, 4, 4))
    area = np.zeros((64, 64), bool)
    area[8:16, 8:20] = area[30:34, 30:34] = True
    seen = session.plan.model.led.seen
    np.testing.assert_allclose(seen.values, session.plan.x0[area].mean(), rtol=1e-5)
    session.undo()
    assert [one.where for one in session.recipe.operators.instruments] == [(Region(8, 108, 8, 12),)]
    hand.key(find(window, "timeSlider"), Qt.Key.Key_Escape)
    assert not window.gaps.armed and layer.marks() is None
    session.undo()
    assert session.recipe == before


def test_what_does_not_fit_is_said_beside_the_form(window, find, hand, settle):
    settle(window)
    window.session.edit(model="gaussian")
    settle(window)
    add(window, find, "blocks")
    row = window.inspector_dock.widget().observations.form.rows[0]
    field = row.params.field("size")
    window.inspector_dock.widget().ensureWidgetVisible(field)
    hand.type_number(field, "7")
    assert "blocks of 7" in find(window, "observedText").text()


def test_instruments_of_a_recipe_without_a_row_are_told(window, find, settle):
    many = tuple(Instrument("blocks", 0.5, (("size", size),)) for size in (2, 4, 8, 16, 2, 4, 8, 16))
    window.session.edit(model="gaussian", region=Region(0, 100, 64, 64), instruments=many)
    settle(window)
    seen = window.session.plan.model.led.seen
    assert len(seen) == 2 * (32**2 + 16**2 + 8**2 + 4**2)
    told = find(window, "observedText").text()
    assert told == f"{len(seen)} values are observed. 2 more of the recipe's instruments have no row here."


def test_the_band_in_which_a_run_is_led_is_dragged_on_the_timeline(window, find, hand, settle):
    """Its ends are noise levels, its height the strength; each drag is one edit, and the form follows."""
    settle(window)
    strip, session = find(window, "guidanceStrip"), window.session
    assert not strip.isVisible(), "nothing is observed"
    session.look(auto_run=False)
    session.edit(
        model="gaussian", region=Region(0, 100, 32, 32), instruments=(Instrument("blocks", 1.0, (("size", 8),)),)
    )
    settle(window)
    assert strip.isVisible() and (strip.low, strip.high, strip.strength) == (0, 1, 1)
    before, bar = session.recipe, strip.bar()
    middle = QPointF(bar.center())
    hand.drag(strip, QPointF(bar.right() - 1, middle.y()), middle)
    schedule = session.recipe.course.schedule
    assert session.recipe.operators.led_from == pytest.approx(float(schedule.noise_level(0.5)), rel=0.05)
    assert session.recipe.operators.led_to is None and strip.high == pytest.approx(0.5, abs=0.01)
    assert find(window, "ledFromCheck").isChecked()
    bar = strip.bar()
    hand.drag(strip, QPointF(bar.left() + 1, middle.y()), QPointF(bar.left() + bar.width() / 2, middle.y()))
    assert session.recipe.operators.led_to == pytest.approx(float(schedule.noise_level(0.25)), rel=0.1)
    bar = strip.bar()
    hand.drag(strip, bar.center(), bar.center() - QPointF(0, 40))
    assert session.recipe.operators.strength == pytest.approx(2.0, rel=0.1)
    bar = strip.bar()
    hand.drag(strip, QPointF(bar.right() - 1, middle.y()), QPointF(strip.width() + 40, middle.y()))
    assert session.recipe.operators.led_from is None, "at the end of the axis there is none"
    for _ in range(4):
        session.undo()
    assert session.recipe == before


def test_each_instrument_shows_the_weights_of_one_value_and_how_wide_they_are(window, find, hand, settle):
    settle(window)
    window.session.look(auto_run=False)
    window.session.edit(model="gaussian", region=Region(0, 100, 64, 64))
    add(window, find, "blocks")
    add(window, find, "footprint")
    settle(window)
    inspector = window.inspector_dock.widget()
    needed = inspector.widget().minimumSizeHint().width()
    assert needed <= RIGHT_WIDTH, "nothing is cut off at its right"
    km = window.session.facts.field.pixel_km
    block, beam = (find(window, f"instrumentFootprint{place}") for place in (0, 1))
    assert block.levels.shape == (64, 64) and (block.levels == 255).sum() == 64 and (block.levels > 0).sum() == 64
    assert block.text.text() == f"64 values, each 8 pixels wide, {8 * km[0]:.3g}\N{NO-BREAK SPACE}km"
    assert beam.levels.max() == 255 and 40 <= (beam.levels > 127).sum() <= 60, "pi 4² pixels"
    assert beam.text.text().startswith("256 values, each 8 pixels wide")
    field = window.inspector_dock.widget().observations.form.rows[1].params.field("width")
    window.inspector_dock.widget().ensureWidgetVisible(field)
    hand.type_number(field, "16")
    before = beam.text.text()
    settle(window)
    assert "each 16 pixels wide" in before and (beam.levels > 127).sum() > 150
    window.session.edit(instruments=(Instrument("blocks", 1.0, (("size", 7),)),))
    assert block.levels is None and block.isHidden(), "it does not fit, and sees nothing"
