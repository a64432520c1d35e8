"""A network in the window: chosen, run, its members, its trained range, one shot, and where it does not fit."""

import dataclasses
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import QUICK, layer
from PySide6.QtCore import QPointF

from diffview.fields.field import Region
from diffview.fields.tiles import tile_at, tiled
from diffview.gui.widgets.plots.schedule_items import Band
from diffview.library.showing import shown_of
from diffview.models.choice import Given
from diffview.models.own import own_denoiser
from diffview.runs.recipe import Course
from diffview.runs.sampling import scored_course

sys.path.insert(0, str(Path(__file__).parents[1]))
from models_twins import small_model


@pytest.fixture
def network_window(open_window, tmp_path):
    """A window that knows a small network besides the formulas."""
    window = open_window()
    cards = {"twin": small_model(tmp_path / "models"), "rain": small_model(tmp_path / "models", "rain", units="mm/h")}
    window.session.learn(cards=cards)
    return window


def choose(window, name):
    """Take a model from the list, as a hand does."""
    combo = window.toolbar.model
    index = combo.findData(name)
    assert index >= 0
    combo.setCurrentIndex(index)
    combo.activated.emit(index)


def test_a_network_is_chosen_and_runs_by_itself(network_window, settle):
    choose(network_window, "twin")
    settle(network_window)
    run = network_window.live.run
    assert run.state == "finished" and run.plan.device == "cpu" and run.trajectory.last.y.shape == (1, 1, 16, 16)
    said = network_window.status.left.text()
    assert "twin on cpu" in said and "starts at s = 20" in said


def test_the_trained_range_is_a_band_on_the_timeline(network_window, settle):
    choose(network_window, "twin")
    settle(network_window)
    band = layer(network_window.timeline.plot, Band)
    low, high = band.span
    schedule = network_window.session.recipe.course.schedule
    assert float(schedule.noise_level(high)) == pytest.approx(20.0, rel=1e-3) and low < 0.02
    choose(network_window, "gaussian")
    settle(network_window)
    assert band.span is None


def test_members_are_tiled_and_a_click_enlarges_one(network_window, settle, hand):
    choose(network_window, "twin")
    network_window.session.edit(members=4)
    settle(network_window)
    network_window.session.look(playhead=0.0, follow=False)
    settle(network_window)
    view = network_window.reverse.view
    assert network_window.reverse.picture.values().shape == (34, 34)
    hand.click(view, view.to_widget(QPointF(25, 5)))
    assert network_window.session.view.member == 1
    assert np.array_equal(network_window.reverse.picture.values(), network_window.live.step.y[1, 0])
    hand.click(view, view.to_widget(QPointF(8, 8)))
    assert network_window.session.view.member == 1 and network_window.session.view.pixels == Region(8, 8, 1, 1)


def test_one_shot_gives_a_loss_with_a_network(network_window, settle):
    choose(network_window, "twin")
    network_window.session.look(reverse="shot_eps", playhead=0.3, follow=False)
    settle(network_window)
    assert network_window.live.shot.loss > 0
    assert "mean |ε − ε̂|²" in network_window.reverse.caption.toolTip() + network_window.reverse.caption.text()


def test_a_network_for_another_quantity_makes_its_own_and_refuses_the_field(network_window, settle):
    choose(network_window, "rain")
    settle(network_window)
    assert network_window.live.run.state == "finished"
    network_window.toolbar.start.changed.emit("field")
    network_window.live.start()
    assert any("the open field is in K" in message.sentence for message in network_window.heard)


def test_a_network_of_another_quantity_is_told_however_it_came_into_force(open_window, rain, settle, badge, tmp_path):
    """By its folder, from a recipe, at the start, and where another field is opened under it."""
    small_model(tmp_path / "mine", "model", quantity="precipitation_rate", units="mm/h")
    folder, said = str(tmp_path / "mine"), "model makes precipitation_rate in mm/h; the open field is in K."
    window = open_window()
    window.open_file(folder)
    settle(window)
    assert window.heard[-1].sentence == said and "fields of its own, from noise" in window.heard[-1].hint
    assert window.message_bar.isVisible() and said in window.message_bar.text()
    assert badge(window.reverse.view) == "made by the model: precipitation rate"
    window.session.edit(steps=5)
    settle(window)
    assert said in window.message_bar.text(), "it holds as long as it is so"
    window.open_file(rain, "/precip_rate")
    settle(window)
    assert said not in window.message_bar.text() and badge(window.reverse.view) == "made by the model"
    window.heard.clear()
    window.actions_["packagedAction"].trigger()
    settle(window)
    assert said not in " ".join(message.sentence for message in window.heard), "with the field came its own recipe"
    window.heard.clear()
    window.open_recipe(QUICK.but(model=folder))
    settle(window)
    assert [message.sentence for message in window.heard] == [said]
    window.open_file(rain, "/wind")
    settle(window)
    assert window.heard[-1].sentence == "model makes precipitation_rate in mm/h; the open field is in m s⁻¹."
    at_start = open_window(QUICK.but(model="rain64", region=None, steps=2))
    assert "rain64 makes precipitation_rate in mm/h; the open field is in K." in at_start.message_bar.text()


def test_ones_own_array_and_denoiser(open_window, settle):
    values = np.random.default_rng(0).normal(280, 10, (48, 64))
    values[0, 0] = np.inf
    called = []

    def mine(y, s):
        called.append(s)
        return y / (1 + s * s)

    facts = shown_of(values, "K").facts.learn(given={"yours": Given(own_denoiser(mine))})
    window = open_window()
    window.session.open(window.session.recipe.but(model="yours", region=None), facts)
    settle(window)
    window.live.start()
    settle(window)
    assert called and window.live.run.state == "finished" and np.isnan(facts.field.values[0, 0])


@pytest.mark.parametrize("members", [1, 2, 5, 9, 64])
def test_every_tile_is_found_again(members):
    values = np.arange(members, dtype=np.float32)[:, None, None] * np.ones((1, 3, 4), np.float32)
    picture = tiled(values)
    for row in range(picture.shape[0]):
        for column in range(picture.shape[1]):
            member = tile_at(row, column, values)
            assert np.isnan(picture[row, column]) if member is None else picture[row, column] == member


def test_the_folder_of_a_model_is_opened(open_window, settle, tmp_path):
    card = small_model(tmp_path / "mine", "model")
    window = open_window()
    window.open_file(str(tmp_path / "mine"))
    settle(window)
    assert window.session.recipe.denoiser.model == str(tmp_path / "mine") and window.session.plan.card == card
    assert (
        window.live.run.state == "finished"
        and window.toolbar.model.currentText() == "model · toa brightness temperature"
    )


def test_a_folder_without_a_model_is_a_sentence_and_nothing_changes(open_window, tmp_path):
    window = open_window()
    before = window.session.recipe
    window.open_file(str(tmp_path))
    assert window.session.recipe == before and "has no card" in window.heard[-1].sentence


def test_the_transform_of_a_network_is_shown_and_not_to_be_chosen(network_window, settle):
    choose(network_window, "twin")
    settle(network_window)
    panel = network_window.data_dock.widget()
    assert not panel.transform.isEnabled() and panel.transform.currentData() == "standardise"
    assert "mean 270" in panel.numbers.text()
    choose(network_window, "gaussian")
    settle(network_window)
    assert panel.transform.isEnabled()


@pytest.fixture
def rain(tmp_path):
    rng = np.random.default_rng(0)
    values = np.where(rng.random((80, 96)) < 0.5, 0.0, rng.gamma(1.0, 2.0, (80, 96))).astype(np.float32)
    with h5py.File(tmp_path / "rain.h5", "w") as file:
        file["precip_rate"] = values
        file["precip_rate"].attrs["units"] = "mm/h"
        file["wind"] = values - 3
        file["wind"].attrs["units"] = "m s-1"
    return str(tmp_path / "rain.h5")


def test_a_beginner_who_opens_rain_is_offered_the_network_that_draws_it(open_window, rain, hand, find, settle):
    window = open_window(QUICK.but(steps=3))
    window.open_file(rain, "/precip_rate")
    settle(window)
    button = find(window, "offeredNetworkButton")
    assert button.text() == "Draw with rain64" and "precipitation rate in mm/h" in button.toolTip()
    window.inspector.ensureWidgetVisible(button)
    hand.click(button)
    settle(window)
    assert window.session.recipe.denoiser.model == "rain64" and window.live.run.state == "finished"
    assert window.live.run.plan.shape[-2:] == (64, 64)
    assert not button.isVisible(), "the network is in force"
    window.session.undo()
    assert window.session.recipe.denoiser.model == "gaussian" and button.isVisible()
    window.open_file(rain, "/wind")
    settle(window)
    assert not button.isVisible()


def test_a_network_whose_folder_was_renamed_is_offered_by_its_key(open_window, rain, hand, find, settle):
    """The list knows it by its folder; its card still has the name that it was trained under."""
    window = open_window(QUICK.but(steps=3))
    card = window.session.facts.cards["rain64"]
    window.session.learn(cards={"renamed": card})
    window.open_file(rain, "/precip_rate")
    settle(window)
    button = find(window, "offeredNetworkButton")
    window.inspector.ensureWidgetVisible(button)
    hand.click(button)
    settle(window)
    assert window.session.recipe.denoiser.model == "renamed" and window.live.run.state == "finished"


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened
def test_a_consistency_model_is_chosen_with_the_course_that_it_can_run(open_window, tmp_path, hand, find, settle):
    """In the list as after its distillation: sampler, steps and levels are set, which is told, and one undo."""
    window = open_window(QUICK.but(sampler="heun", steps=6))
    card = small_model(tmp_path / "models", "jump", kind="consistency")
    window.session.learn(cards={"jump": card, "twin": small_model(tmp_path / "models")})
    settle(window)
    before = window.session.recipe
    hand.choose(find(window, "modelCombo"), "jump")
    settle(window)
    plan, told = window.session.plan, window.heard[-1]
    assert plan.refusal is None and window.live.run.state == "finished"
    assert plan.recipe.but(model=before.denoiser.model, **scored_course(card)) == before.but(**scored_course(card))
    assert (plan.recipe.course.sampler, plan.recipe.course.steps) == ("consistency", 1)
    assert "Jump is a consistency model" in told.sentence and told.kind == "info"
    assert "Consistency in 1 step from noise, instead of Heun in 6 steps" in told.hint
    window.session.edit(steps=3)
    window.session.edit(model="gaussian", sampler="ddim")
    window.session.edit(sampler="heun")
    hand.choose(find(window, "modelCombo"), "twin")
    assert window.session.recipe.course.sampler == "heun", "a posterior mean takes any way that is chosen"
    window.session.edit(model="gaussian")
    hand.choose(find(window, "modelCombo"), "jump")
    window.session.edit(steps=3)
    hand.choose(find(window, "modelCombo"), "jump")
    assert window.session.recipe.course.steps == 3, "a way that it can run stays"
    for _ in range(2):
        window.session.undo()
    assert window.session.recipe.denoiser.model == "gaussian" and window.session.recipe.course.sampler == "heun"
    settle(window)


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened
def test_a_formula_chosen_after_a_consistency_model_brings_a_sampler_that_it_can_use(
    open_window, tmp_path, hand, find, settle
):
    """Consistency stayed in force, nothing ran, and the hint had to be followed by hand."""
    window = open_window(QUICK.but(sampler="heun", steps=6))
    window.session.learn(cards={"jump": small_model(tmp_path / "models", "jump", kind="consistency")})
    hand.choose(find(window, "modelCombo"), "jump")
    settle(window)
    hand.choose(find(window, "modelCombo"), "gaussian")
    settle(window)
    plan, told, usual = window.session.plan, window.heard[-1], Course()
    assert plan.refusal is None and window.live.run.state == "finished" and plan.recipe.denoiser.model == "gaussian"
    assert (plan.recipe.course.sampler, plan.recipe.course.steps) == (usual.sampler, usual.steps)
    assert "gaussian gives a posterior mean" in told.sentence and told.kind == "info"
    assert f"DDIM in {usual.steps} steps from noise, instead of Consistency in 1 step" in told.hint
    window.session.undo()
    assert (window.session.recipe.denoiser.model, window.session.recipe.course.sampler) == ("jump", "consistency")
    settle(window)


@pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")
def test_a_formula_chosen_after_a_network_with_a_learned_variance_brings_the_usual_one(
    open_window, tmp_path, hand, find, settle
):
    window = open_window(QUICK.but(steps=6))
    card = small_model(tmp_path / "models", "wide")
    card = dataclasses.replace(card, network={**card.network, "learned_variance": True})
    window.session.learn(cards={"wide": card})
    window.session.edit(model="wide", sampler="ddpm", sampler_params=(("variance", "learned"),))
    hand.choose(find(window, "modelCombo"), "gaussian")
    settle(window)
    course, told = window.session.recipe.course, window.heard[-1]
    assert window.session.plan.refusal is None and window.live.run.state == "finished"
    assert (course.sampler, course.sampler_params, course.steps) == ("ddpm", (), 6)
    assert "learned variance" in told.sentence and "DDPM has its usual settings" in told.hint


def test_the_model_dock_offers_it_too_and_the_list_says_what_networks_make(window, hand, find, settle, appear):
    window.model_dock.toggleViewAction().trigger()
    window.model_dock.raise_()
    assert appear(window, "modelOfferButton").text() == "Draw with bt64"
    combo = find(window, "modelCombo")
    titles = [combo.itemText(i) for i in range(combo.count())]
    assert "rain64 · precipitation rate" in titles and "rain64-from-coarse · precipitation rate" in titles


def test_a_network_fills_a_region_that_is_larger_than_its_fields(network_window, settle, hand, find):
    window = network_window
    window.session.edit(region=Region(60, 60, 16, 16))
    choose(window, "twin")
    settle(window)
    overlap, view = find(window, "overlapCombo"), window.field.view
    assert overlap.currentData() == 0.0 and overlap.isVisibleTo(window.inspector)
    overlap.setCurrentIndex(overlap.findData(0.5))
    overlap.activated.emit(overlap.findData(0.5))
    settle(window)
    frame = view.frame()
    corner = view.to_widget(QPointF(frame.right(), frame.bottom()))
    hand.drag(view, corner, *(corner + view.to_widget(QPointF(n, n)) - view.to_widget(QPointF(0, 0)) for n in (4, 16)))
    settle(window)
    plan, run = window.session.plan, window.live.run
    assert (plan.region.ny, plan.region.nx) == (32, 32) and len(plan.windows) == 9
    assert run.state == "finished" and run.trajectory.last.y.shape == (1, 1, 32, 32)
    assert "9 windows cover the region" in window.inspector.fit_text.text()
    choose(window, "gaussian")
    settle(window)
    assert not overlap.isVisibleTo(window.inspector)
