"""Run, Make coarse and bring back, by the mouse: ways beside one another, a level that is offered or dragged."""

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPointF

from diffview.fields.coarse import block_mean
from diffview.fields.field import Region

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")

RECIPE = QUICK.but(model="gaussian", region=Region(40, 120, 32, 32), members=4, steps=4)


@pytest.fixture
def dialog(open_window, find, settle):
    """The window of ways back, with what one press of its button made."""
    window = open_window(RECIPE)
    window.live.start()
    settle(window)
    find(window, "downscaleAction").trigger()
    dialog = window.findChild(object, "downscaleDialog")
    assert dialog.isVisible() and not dialog.job.ways
    dialog.factor.set_key("4")
    dialog.button.click()
    settle(window)
    return dialog


def rows(dialog):
    return {row[0]: row[2:] for row in dialog.table.rows()[1:]}


def test_a_press_brings_the_region_back_by_every_way_there_is(dialog, find, hand, settle):
    assert list(dialog.job.ways) == ["coarse", "sdedit", "operator", "exact"]
    assert "was trained to be given means over 4 × 4 pixels" in dialog.says.text()
    assert list(rows(dialog)) == ["coarse field", "SDEdit", "by operator", "gaussian, exact"]
    assert all(cells[0].endswith(" K") for cells in rows(dialog).values()) and rows(dialog)["coarse field"][2] == "0 K"
    names = [one.name for one in dialog.pictures.pictures]
    assert names == ["coarse field", "SDEdit", "by operator", "gaussian, exact", "truth"]
    task, way = dialog.job.task, dialog.job.ways["exact"]
    assert np.allclose(block_mean(way.members, 4).mean(0), block_mean(task.truth, 4), atol=0.2 * task.truth.std())
    hand.click(dialog.map.button("error"))
    assert [one.name for one in dialog.pictures.pictures] == names[:-1]
    hand.click(dialog.map.button("spread"))
    assert [one.name for one in dialog.pictures.pictures] == names[1:-1]
    assert [line.name for line in dialog.scales.lines] == [*names[1:-1], "perfect"]


def test_a_level_that_is_offered_or_dragged_goes_that_way_alone_again(dialog, find, hand, settle):
    window, job = dialog.parent(), dialog.job
    parting = next(one for one in job.offered if one.key == "parting")
    assert dialog.level.playhead_x == pytest.approx(parting.t) and dialog.offers.key() == "parting"
    exact, first = job.ways["exact"], job.ways["sdedit"]
    hand.click(dialog.offers.button("low_pass"))
    settle(window)
    least = next(one for one in job.offered if one.key == "low_pass")
    assert job.task.level == least.s and f"s* {least.s:.3g}" in dialog.level_says.text()
    assert job.ways["exact"] is exact and job.ways["sdedit"] is not first
    assert job.ways["sdedit"].low_pass < first.low_pass
    plot = dialog.level
    start, end = (plot.to_pixel(t, 0.5) for t in (least.t, 0.6))
    hand.drag(plot.viewport(), QPointF(start.x(), start.y()), QPointF(end.x(), end.y()))
    assert job.active and not plot.isEnabled(), "a second drag would go nowhere"
    settle(window)
    assert plot.isEnabled() and dialog.offers.key() == "", "none of the levels that are offered"
    schedule = window.session.recipe.course.schedule
    assert job.task.level == pytest.approx(float(schedule.noise_level(plot.playhead_x)))
    assert plot.playhead_x == pytest.approx(0.6, abs=0.02)
    assert job.ways["sdedit"].low_pass > first.low_pass and job.ways["exact"] is exact


def test_what_was_found_of_another_region_is_shown_no_longer(dialog, hand, settle):
    window, job = dialog.parent(), dialog.job
    window.session.edit(region=Region(60, 140, 32, 32))
    settle(window)
    assert not job.ways and not dialog.table.rows() and not dialog.pictures.isVisible() and not dialog.level.isVisible()
    hand.click(dialog.button)
    settle(window)
    assert job.task.plan.region == Region(60, 140, 32, 32) and dialog.pictures.isVisible()
    assert dialog.offers.key() == "parting" and len(rows(dialog)) == 4


def test_a_region_that_has_no_whole_blocks_is_refused_with_a_sentence(dialog, settle):
    window = dialog.parent()
    window.session.edit(region=Region(40, 120, 30, 30))
    settle(window)
    dialog.button.click()
    settle(window)
    assert any("cannot be cut into blocks of 4" in message.sentence for message in window.heard)
