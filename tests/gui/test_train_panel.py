"""The training dock under the hand: begin, watch, hold, go on, end, go on from disk, and leave nothing running."""

import json
import math
import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from conftest import running_threads, thread_names
from models_twins import small_model
from PySide6.QtWidgets import QLabel

from diffview.errors import NotWrittenError
from diffview.fields.field import Field, Region
from diffview.fields.numbers import round_up
from diffview.fields.transforms import Transform
from diffview.forward.schedules import make_schedule
from diffview.gui.show import training_words
from diffview.gui.show.lines import decades, smooth
from diffview.gui.widgets.plots.loss_plot import LossPlot
from diffview.learning import painter, watched
from diffview.learning import trainer as trainer_module
from diffview.learning.densities import DENSITIES
from diffview.learning.objective import JUMP, LOSSES
from diffview.learning.orders import PRESETS
from diffview.learning.trainer import Trainer
from diffview.models import cards, checkpoints
from diffview.models.cards import Card

pytestmark = [
    pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)"),
    pytest.mark.timeout(300),
]


@pytest.fixture(autouse=True)
def _own_models(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "user_folder", lambda kind: tmp_path / kind)


@pytest.fixture
def models(tmp_path):
    return tmp_path / "data" / "models"


@pytest.fixture
def dock(window):
    """The dock as a person opens it: from the menu."""
    window.train_dock.toggleViewAction().trigger()
    return window.train_dock


@pytest.fixture
def small(dock, window, hand, find):
    """The smallest network, for some minutes, under the name "tiny"."""
    hand.click(find(window, "trainMoreButton"))
    width = find(window, "trainWidthCombo")
    width.setCurrentIndex(width.findData(8))
    hand.type_number(find(window, "trainBatchSpin"), "4")
    hand.type_number(find(window, "trainMinutesSpin"), "5")
    name = find(window, "trainNameEdit")
    name.selectAll()
    name.insert("tiny")
    name.textEdited.emit("tiny")


def press(window, hand, find, name):
    hand.click(find(window, f"train{name}Button"))


def trained_for(window, steps):
    return lambda: window.trainer.training.newest.step >= steps


def enabled(window, find):
    names = ("Start", "Pause", "Resume", "Stop")
    return [name for name in names if find(window, f"train{name}Button").isEnabled()]


def test_a_training_from_start_to_stop(window, small, hand, find, wait, models):
    assert enabled(window, find) == ["Start"]
    press(window, hand, find, "Start")
    assert enabled(window, find) == ["Pause", "Stop"]
    assert not find(window, "trainLossCombo").isEnabled()
    assert not window.is_idle()
    wait(lambda: len(find(window, "lossView").curve()[0]) >= 3)
    wait(lambda: find(window, "trainPictures").count == 4)
    wait(lambda: len(find(window, "levelLossView").curve()[0]) >= 2)
    assert "training" in thread_names() or not thread_names()

    press(window, hand, find, "Pause")
    wait(lambda: window.trainer.training.state == watched.PAUSED)
    wait(lambda: enabled(window, find) == ["Resume", "Stop"])
    wait(lambda: "Paused tiny" in find(window, "trainStatus").text())
    assert (models / "tiny" / "training.safetensors").is_file()
    held = window.trainer.training.newest.step
    time.sleep(0.3)
    assert window.trainer.training.newest.step == held

    press(window, hand, find, "Resume")
    wait(trained_for(window, held + 2))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    assert window.trainer.training.state == "stopped"
    card = json.loads((models / "tiny" / "model.json").read_text())
    assert card["name"] == "tiny"
    assert card["units"] == window.session.facts.field.units
    assert card["training"]["loss"] == "plain"
    assert "columns from" in card["data"]["split"]
    wait(window.is_idle)
    assert enabled(window, find) == ["Start", "Resume"]
    assert not [m for m in window.heard if m.kind == "error"]


def test_a_kept_training_is_gone_on_with_on_demand_and_never_overwritten(window, small, hand, find, wait, models):
    press(window, hand, find, "Start")
    wait(trained_for(window, 4))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    kept = window.trainer.training.newest.step
    press(window, hand, find, "Resume")
    wait(trained_for(window, kept + 1))
    wait(lambda: any("Going on with tiny at step" in m.sentence for m in window.heard))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    before = (models / "tiny" / "training.safetensors").read_bytes()

    press(window, hand, find, "Start")
    assert find(window, "trainNameEdit").text() == "tiny-2"
    assert any("There is a model called tiny already" in m.sentence for m in window.heard)
    wait(trained_for(window, 1))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    assert (models / "tiny" / "training.safetensors").read_bytes() == before
    assert (models / "tiny-2" / "model.json").is_file()


def test_closing_the_window_keeps_what_is_learned_and_ends_the_thread(window, small, hand, find, wait, models):
    press(window, hand, find, "Start")
    wait(trained_for(window, 2))
    window.close()
    assert (models / "tiny" / "model.json").is_file()
    assert not window.trainer.active
    assert not running_threads()


@pytest.fixture(params=["learnt", "noise"])
def judged(request, monkeypatch):
    """What is found of the model at its end: its steps depend on the machine, so the limits are moved."""
    monkeypatch.setattr(trainer_module, "LEARNT", math.inf)
    monkeypatch.setattr(painter, "NOISY", math.inf if request.param == "learnt" else 0.0)
    return request.param


def test_it_ends_by_itself_and_says_where_the_model_lies(window, small, judged, hand, find, wait, models):
    hand.type_number(find(window, "trainMinutesSpin"), "0.05")
    press(window, hand, find, "Start")
    wait(lambda: not window.trainer.active)
    assert window.trainer.training.state == "finished"
    said = window.heard[-1]
    if judged == "noise":
        assert (said.kind, said.action[0]) == ("warning", "Use it anyway")
        assert said.sentence.startswith("tiny: What it makes is noise as yet: after ")
    else:
        assert (said.kind, said.action[0], said.sentence) == ("info", "Use it", "tiny is trained.")
    assert str(models / "tiny") in said.hint


def test_the_new_model_is_in_the_list_and_runs(window, small, hand, find, wait, settle):
    press(window, hand, find, "Start")
    wait(trained_for(window, 2))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    assert find(window, "modelCombo").findData("tiny") >= 0
    label, use = window.heard[-1].action
    assert label.startswith("Use it")
    use()
    settle(window)
    wait(lambda: window.live.run.state == "finished")
    assert window.session.recipe.denoiser.model == "tiny"
    assert window.live.step.y.shape[-2:] == (32, 32)


def test_errors_reach_the_window(window, small, hand, find, wait, models):
    models.mkdir(parents=True)
    (models / "tiny").write_text("in the way")
    monkey = find(window, "trainNameEdit")
    press(window, hand, find, "Start")  # a file of this name is not overwritten either
    assert monkey.text() == "tiny-2"
    wait(trained_for(window, 1))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    (models / "tiny-2" / "training.safetensors").write_bytes(b"damaged")
    press(window, hand, find, "Resume")
    wait(lambda: not window.trainer.active)
    assert window.trainer.training.state == "failed"
    assert window.heard[-1].kind == "error"
    assert "safetensors" in window.heard[-1].sentence


def test_other_mistakes_are_logged_and_memory_is_explained(window, small, hand, find, wait, monkeypatch):
    for error, words in (
        (ZeroDivisionError("x"), "ZeroDivisionError"),
        (RuntimeError("out of memory"), "does not suffice"),
    ):

        def fail(*args, error=error, **kwargs):
            raise error

        monkeypatch.setattr(Trainer, "__init__", fail)
        press(window, hand, find, "Start")
        wait(lambda: not window.trainer.active)
        assert words in window.heard[-1].sentence


def test_a_smaller_batch_is_announced(window, small, hand, find, wait, monkeypatch):
    whole = Trainer.advance

    def advance(self):
        if self.batch > 2:
            raise RuntimeError("CUDA out of memory")
        whole(self)

    monkeypatch.setattr(Trainer, "advance", advance)
    press(window, hand, find, "Start")
    wait(lambda: any("ran out of memory with batches of 4" in m.sentence for m in window.heard))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)


def test_pictures_that_memory_does_not_suffice_for_do_not_end_it(window, small, hand, find, wait, monkeypatch):
    def full(*_, **__):
        raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr(painter, "make_levels", full)
    press(window, hand, find, "Start")
    wait(trained_for(window, 8))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    assert window.trainer.training.state == "stopped"
    assert len([m for m in window.heard if "left for the pictures" in m.sentence and m.kind == "warning"]) == 1


@pytest.fixture
def full_disk(monkeypatch):
    """The disk is full while the list that this gives is not empty."""
    write, full = checkpoints.write_bytes, [True]

    def written(path, data):
        if full:
            raise NotWrittenError(f"{path} cannot be written: No space left on device.", "Make room.")
        write(path, data)

    monkeypatch.setattr(checkpoints, "write_bytes", written)
    return full


def test_what_a_full_disk_does_not_take_is_held_until_there_is_room(window, small, hand, find, wait, models, full_disk):
    """Stop, no room; Stop again, still none; room, Resume goes on; Stop writes all of it."""
    press(window, hand, find, "Start")
    wait(lambda: find(window, "trainResumeButton").isEnabled())  # its first steps are written, too
    full_disk.clear()
    press(window, hand, find, "Resume")
    wait(trained_for(window, 8))
    full_disk.append(True)
    press(window, hand, find, "Stop")
    wait(lambda: find(window, "trainStopButton").isEnabled())
    assert find(window, "trainStatus").text().startswith("Not written tiny · step")
    assert window.trainer.active and enabled(window, find) == ["Resume", "Stop"]
    assert "Write" in find(window, "trainStopButton").toolTip()
    told = [m for m in window.heard if "No space left on device. tiny is still in memory" in m.sentence]
    assert told and told[-1].kind == "error"
    press(window, hand, find, "Stop")
    wait(lambda: sum("still in memory" in m.sentence for m in window.heard) > len(told))
    assert window.trainer.training.state == "unsaved"
    step = window.trainer.training.newest.step
    full_disk.clear()
    press(window, hand, find, "Resume")
    wait(trained_for(window, step + 1))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    assert window.trainer.training.state == "stopped"
    assert Card.read(models / "tiny").training["steps"] > step


def test_a_window_with_what_cannot_be_written_closes_at_the_second_try(window, small, hand, find, wait, full_disk):
    full_disk.clear()
    press(window, hand, find, "Start")
    wait(trained_for(window, 4))
    full_disk.append(True)
    assert not window.close() and window.isVisible()
    press(window, hand, find, "Stop")
    wait(lambda: find(window, "trainStopButton").isEnabled())
    assert not window.close() and window.isVisible()
    assert "close once more" in window.heard[-1].hint and window.trainer.training.state == "unsaved"
    assert window.close() and not running_threads()


def test_every_choice_of_the_core_is_offered_with_a_sentence():
    assert set(training_words.LOSSES) == {*LOSSES, JUMP}
    assert set(training_words.DENSITIES) == set(DENSITIES)


def test_nothing_is_built_before_the_dock_is_shown(window):
    assert window.train_dock.isHidden()
    assert window.train_dock.widget() is None


def test_every_disabled_button_says_why(window, dock, find):
    for name in ("Pause", "Resume", "Stop"):
        button = find(window, f"train{name}Button")
        assert not button.isEnabled()
        assert button.toolTip().endswith(".")
    window.session.learn(torch=None)
    assert not find(window, "trainStartButton").isEnabled()
    assert "torch" in find(window, "trainStartButton").toolTip()


def test_a_loss_plot_widens_by_decades_and_never_shrinks(qtbot):
    plot = LossPlot()
    qtbot.addWidget(plot)
    plot.set_curve(np.array([1.0, 2.0, 3.0]), np.array([0.5, np.nan, 0.2]))
    assert (plot.x_axis.high, plot.y_axis.low, plot.y_axis.high) == (100, -1, 0)
    plot.set_curve(np.array([1.0, 130.0]), np.array([0.5, 0.05]))
    assert (plot.x_axis.high, plot.y_axis.low, plot.y_axis.high) == (200, -2, 0)
    plot.set_curve(np.array([1.0, 30.0]), np.array([0.5, 0.4]))
    assert (plot.x_axis.high, plot.y_axis.low) == (200, -2)
    plot.clear()
    assert plot.x_axis.high == 100
    assert len(plot.curve()[0]) == 0


def test_smoothing_and_rounding():
    assert np.allclose(smooth(np.full(50, 0.3)), 0.3)
    assert decades(np.array([0.02, 3.0])) == (-2, 1)
    assert [round_up(v) for v in (101.0, 200.0, 501.0)] == [200, 200, 1000]


@pytest.mark.parametrize(("unseen", "verdict"), [(0.8, "1 of 4 are copies"), (math.nan, "no field is held out")])
def test_a_memorising_model_is_told_from_one_that_is_not(window, dock, wait, tmp_path, unseen, verdict):
    fields = np.zeros((4, 16, 16), np.float32)
    pictures = painter.Pictures(fields, fields, np.array([0.1, 0.9, 0.8, 0.9]), unseen, 7)
    order = SimpleNamespace(folder=tmp_path / "tiny", again=True)

    class Painted(watched.Training):
        def work(self):
            self.put(pictures=pictures)

    window.trainer.begin(lambda: Painted(order))
    wait(lambda: not window.trainer.active)
    said = [label.text() for label in window.train_dock.widget().findChildren(QLabel)]
    assert any(verdict in text for text in said)


def test_a_recipe_has_its_schedule_in_the_order(window, dock, find):
    schedule = make_schedule("cosine", {})
    window.session.edit(schedule=schedule)
    density = find(window, "trainDensityCombo")
    density.setCurrentIndex(density.findData("schedule"))
    order = window.train_dock.widget().form.order("x", again=False)
    assert order.schedule is schedule
    assert order.density == "schedule"
    assert order.transform == "standardise"


def test_the_region_in_other_slices_is_trained_on_where_there_are_enough(window, hand, find, wait, models):
    values = window.session.facts.field.values
    noise = np.random.default_rng(0).normal(size=(12, 1, 1)).astype(np.float32)
    window.session.learn(stack=values + noise)
    window.session.edit(region=Region(40, 120, 32, 32))
    window.train_dock.toggleViewAction().trigger()
    data = find(window, "trainDataCombo")
    assert data.currentData() == "slices"
    assert not find(window, "trainSizeCombo").isEnabled()
    assert "32 × 32" in find(window, "trainSizeCombo").toolTip()
    assert find(window, "trainSizeCombo").placeholderText() == "32 × 32 pixels"
    assert find(window, "trainSizeCombo").currentIndex() == -1  # and not one of the sizes of crops
    data.setCurrentIndex(data.findData("crops"))
    data.activated.emit(data.currentIndex())
    assert find(window, "trainSizeCombo").currentData() == 32 and find(window, "trainSizeCombo").isEnabled()
    data.setCurrentIndex(data.findData("slices"))
    data.activated.emit(data.currentIndex())
    press(window, hand, find, "Start")
    wait(trained_for(window, 1))
    assert (window.trainer.training.newest.fields, window.trainer.training.newest.held_out) == (10, 2)
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)


def test_a_training_begins_with_the_weights_of_a_model(window, small, hand, find, wait, models, tmp_path):
    card = small_model(tmp_path / "elsewhere", "parent", units="K", transform=Transform("cbrt", 6.4, 0.1))
    told = replace(card, coarsen=2), replace(card, kind="consistency"), replace(card, network={"diffusers": "x"})
    cards = {"parent": card, **{f"no{i}": other for i, other in enumerate(told)}}
    window.session.learn(cards=cards)
    origin, width = find(window, "trainOriginCombo"), find(window, "trainWidthCombo")
    assert [origin.itemData(i) for i in range(origin.count())] == ["", "parent"]
    origin.setCurrentIndex(1)
    origin.activated.emit(1)
    assert not width.isEnabled() and "cannot change its size" in width.toolTip()
    press(window, hand, find, "Start")
    wait(trained_for(window, 2))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    kept = Card.read(models / "tiny")
    assert kept.training["from"]["sha256"] == card.weights["sha256"] and kept.network == card.network
    assert kept.transform.key == "cbrt"
    origin.setCurrentIndex(0)
    origin.activated.emit(0)
    assert width.isEnabled() and width.currentData() == 8


def test_fields_are_mirrored_and_turned_on_demand(window, small, hand, find, wait, models):
    hand.click(find(window, "trainTurnedCheck"))
    press(window, hand, find, "Start")
    wait(trained_for(window, 2))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    training = Card.read(models / "tiny").training
    assert training["flips"] and training["rotations"]


def test_a_field_too_small_to_train_on_says_so(window, find, dock):
    values = np.random.default_rng(0).normal(size=(24, 24)).astype(np.float32)
    window.session.open(window.session.recipe.but(region=None), window.session.facts.learn(field=Field(values, "x")))
    button = find(window, "trainStartButton")
    assert not button.isEnabled()
    assert "no eight complete crops" in button.toolTip()


def test_the_dock_opens_with_three_fields_and_the_theorys_loss(window, dock, find, hand):
    form = dock.widget().form
    rows = ("trainPresetCombo", "trainDataCombo", "trainMinutesSpin")
    hidden = [f"train{name}" for name in ("LossCombo", "DensityCombo", "SizeCombo", "BatchSpin", "WidthCombo")]
    assert all(find(window, name).isVisible() for name in rows)
    assert not any(find(window, name).isVisible() for name in hidden)
    assert all(find(window, name).width() > 0.7 * form.width() for name in rows), "the names take what they need"
    loss = find(window, "trainLossCombo")
    assert loss.itemData(0) == "plain" == form.order("x", again=False).loss
    hand.click(find(window, "trainMoreButton"))
    assert all(find(window, name).isVisible() for name in (*rows, *hidden))
    hand.click(find(window, "trainMoreButton"))
    assert not any(find(window, name).isVisible() for name in hidden)


def test_a_lecture_is_one_choice_and_any_other_setting_is_ones_own(window, dock, find, hand):
    hand.choose(find(window, "trainPresetCombo"), "lecture")
    order = dock.widget().form.order("x", again=False)
    preset = PRESETS["lecture"]
    assert (order.minutes, order.batch, order.width) == (1.0, preset.batch, preset.width)
    hand.type_number(find(window, "trainMinutesSpin"), "3")
    assert find(window, "trainPresetCombo").currentIndex() == -1
    hand.type_number(find(window, "trainMinutesSpin"), "1")
    assert find(window, "trainPresetCombo").currentData() == "lecture"


def test_curve_and_pictures_of_a_training_are_in_sight_together(open_window, hand, find, wait, rest):
    window = open_window(size=(1280, 720))
    window.train_dock.toggleViewAction().trigger()
    wait(lambda: window.train_dock.widget() is not None)
    hand.choose(find(window, "trainPresetCombo"), "lecture")
    press(window, hand, find, "Start")
    wait(lambda: find(window, "trainPictures").count == 4)
    rest(window)
    for view in (find(window, "lossView").viewport(), find(window, "trainPictures")):
        assert view.visibleRegion().boundingRect().height() >= 0.9 * view.height()
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)


@pytest.mark.parametrize(("scale", "noisy"), [(1.0, False), (3.0, True)])
def test_pictures_are_noise_while_small_scales_have_too_much_power(scale, noisy):
    rng = np.random.default_rng(0)
    smooth_ones = np.cumsum(np.cumsum(rng.standard_normal((20, 32, 32)), axis=1), axis=2).astype(np.float32)
    smooth_ones /= smooth_ones.std()
    white = rng.standard_normal((20, 32, 32)).astype(np.float32)
    assert painter.small_scales(white) == pytest.approx(32 * 32, rel=0.05)
    rough = scale**2 * painter.small_scales(smooth_ones) / painter.small_scales(smooth_ones)
    pictures = painter.Pictures(white, white, np.zeros(4), 1.0, 36, rough)
    assert bool(pictures.finding) == noisy and ("36 steps" in pictures.finding) == noisy


def test_a_model_is_distilled_and_used_in_one_step(window, small, hand, find, wait, models):
    """The loss consistency needs a model under Weights; what comes of it jumps, and Use it sets the run to that."""
    press(window, hand, find, "Start")
    wait(trained_for(window, 3))
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    hand.choose(find(window, "trainLossCombo"), "consistency")
    start = find(window, "trainStartButton")
    assert not start.isEnabled() and "under Weights" in start.toolTip()
    hand.choose(find(window, "trainOriginCombo"), "tiny")
    assert start.isEnabled()
    press(window, hand, find, "Start")
    wait(trained_for(window, 2))
    wait(lambda: find(window, "trainPictures").count == 4)
    press(window, hand, find, "Stop")
    wait(lambda: not window.trainer.active)
    card = json.loads((models / "tiny-2" / "model.json").read_text())
    assert (card["kind"], card["training"]["from"]["name"]) == ("consistency", "tiny")
    message = next(m for m in reversed(window.heard) if m.action is not None and "tiny-2" in m.sentence)
    message.action[1]()
    plan = window.session.plan
    assert (plan.recipe.denoiser.model, plan.recipe.course.sampler, plan.recipe.course.steps) == (
        "tiny-2", "consistency", 1,
    )  # fmt: skip
    assert plan.refusal is None
    assert not [m for m in window.heard if m.kind == "error"]
