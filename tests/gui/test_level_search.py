"""Searching the levels of a run: offered on the timeline, taken, undone, forgotten when the recipe changes."""

import numpy as np
import pytest
from conftest import layer

from diffview.forward.schedules import Edm
from diffview.gui.widgets.plots.schedule_items import RunLevels
from diffview.scores.level_search import LevelSearch, Search, standard_grids

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


@pytest.fixture
def searched(window, hand, find, wait, settle):
    """A window that has searched the levels of a short run of Heun's method."""
    assert window.session.edit(schedule=Edm(), grid="karras", sampler="heun", steps=6)
    settle(window)
    hand.click(find(window, "searchLevelsButton"))
    assert window.search.active
    wait(lambda: not window.search.active)
    return window


def test_what_is_found_is_offered_taken_and_undone(searched, hand, find, settle):
    session, plot = searched.session, find(searched, "scheduleEditor")
    before, rows = session.recipe, searched.search.rows
    assert rows[0].title == "found" and len(rows) == 1 + len(standard_grids(session.plan))
    offered = session.recipe.course.schedule.noise_level(layer(plot, RunLevels).offered)
    np.testing.assert_allclose(offered, rows[0].levels[:-1], rtol=1e-6)
    hand.click(find(searched, "takeLevelsButton"))
    assert session.recipe.course.grid == "custom"
    np.testing.assert_allclose(session.plan.levels, rows[0].levels)
    settle(searched)
    find(searched, "undoAction").trigger()
    assert session.recipe == before
    settle(searched)


def test_its_errors_are_those_of_the_core_in_kelvin(searched, find):
    plan = searched.session.plan
    search = Search(plan, plan.model.denoiser(), standard_grids(plan))
    for _ in search.run():
        pass
    expected = {row.title: row.error for row in search.judge()}
    assert {row.title: row.error for row in searched.search.rows} == pytest.approx(expected, rel=1e-5)
    from PySide6.QtWidgets import QLabel

    texts = [label.text() for label in find(searched, "gridScores").findChildren(QLabel) if label.isVisible()]
    assert f"{plan.transform.std * expected['found']:.2f} K" in texts


def test_what_was_found_is_dropped(searched, hand, find):
    hand.click(find(searched, "dropLevelsButton"))
    assert not searched.search.rows and not len(layer(find(searched, "scheduleEditor"), RunLevels).offered)


def test_another_recipe_forgets_it(searched, find, settle):
    assert searched.session.edit(steps=7)
    assert not searched.search.rows and not len(layer(find(searched, "scheduleEditor"), RunLevels).offered)
    settle(searched)


def test_a_sampler_that_draws_noise_cannot_be_searched(window, find, settle):
    assert window.session.edit(sampler="ddpm")
    button = find(window, "searchLevelsButton")
    assert not button.isEnabled() and "draws noise" in button.toolTip()
    settle(window)


def test_a_stopped_search_is_judged(window, wait):
    job = LevelSearch(window.session.plan)
    job.stopping = True
    job.work()
    assert 0 < job.done < 0.2 and job.rows, "after its first grid"
