"""Runs in the window: messages, Stop, running again after edits, torch and its devices."""

import importlib.util
import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from conftest import PATIENCE, QUICK
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.fields.numbers import number
from diffview.forward.schedules import make_schedule
from diffview.gui.jobs.playback import FRAME_S
from diffview.gui.jobs.sampling import SamplingRequests
from diffview.models.choice import TrainingCrops
from diffview.runs import requests
from diffview.runs.engine import Engine, load_engine
from diffview.runs.run import run

# the offscreen plugin, of every list that is opened
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")


@pytest.fixture
def model(monkeypatch):
    """Every model is the given one from now on."""

    def use(function):
        monkeypatch.setattr(TrainingCrops, "denoiser", lambda self: function)

    return use


class Slow:
    """A model that waits in every call until it is let go on."""

    def __init__(self):
        self.calls = 0
        self.step = threading.Semaphore(0)

    def __call__(self, y, s):
        self.calls += 1
        assert self.step.acquire(timeout=PATIENCE / 1000)
        return 0.5 * y


@pytest.fixture
def slow(model):
    made = Slow()
    model(made)
    yield made
    made.step.release(10**6)


def raising(error):
    def denoise(y, s):
        raise error

    return denoise


def bar(window):
    return window.message_bar


def test_how_far_a_run_has_come_is_told_while_the_playhead_stays(window, slow, find, wait):
    window.session.look(playhead=1.0, follow=False)
    window.session.edit(model="data", sampler="ddim", steps=8)
    wait(lambda: slow.calls == 1 and window.live.shown is window.live.run)
    for made in (1, 2, 3):
        slow.step.release()
        wait(lambda made=made: f"Running {made} of 8 steps" in find(window, "statusText").text())
        assert window.live.step.index == 0
        wait(lambda made=made: slow.calls == made + 1)


def test_an_error_in_the_thread_reaches_the_message_bar_and_the_log(window, model, settle, wait):
    model(raising(ZeroDivisionError("the model divided by zero")))
    window.session.edit(model="data")
    wait(lambda: bar(window).isVisible())
    settle(window)
    assert "the model divided by zero" in bar(window).text()
    assert "diffview.log" in bar(window).text(), "the message names the log"
    assert bar(window).kind() == "error"
    log = bar(window).text().rsplit(" ", 1)[1].rstrip(".")
    with open(log, encoding="utf-8") as file:
        assert "ZeroDivisionError" in file.read()
    assert window.live.run.state == "failed"


@pytest.mark.parametrize("text", ["CUDA out of memory. Tried to allocate 2 GiB", "MPS backend out of memory"])
def test_a_full_device_says_try_fewer_members(window, model, settle, wait, text):
    model(raising(RuntimeError(text)))
    window.session.edit(model="data")
    wait(lambda: bar(window).isVisible())
    settle(window)
    assert "out of memory" in bar(window).text()
    assert "fewer members" in bar(window).text()


def test_a_full_device_in_a_shot_says_so_too(window, model, settle, wait):
    window.session.look(auto_run=False, playhead=0.4, follow=False)
    before = window.live.run
    model(raising(RuntimeError("CUDA out of memory")))
    window.session.edit(model="data")
    window.session.look(reverse="shot_x0")
    wait(lambda: "fewer members" in bar(window).text())
    settle(window)
    assert window.live.run is before, "it was the shot that said so"
    assert window.live.shot.x0_hat is None


def test_a_device_that_fills_up_in_the_middle_leaves_the_run_so_far(window, model, settle, wait):
    """Its steps can still be scrubbed, and what the window shows is the last of them."""
    calls = []

    def fills_up(y, s):
        calls.append(s)
        if len(calls) > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return 0.5 * y

    model(fills_up)
    window.session.edit(model="data", steps=9)
    wait(lambda: "fewer members" in bar(window).text())
    settle(window)
    run = window.live.run
    assert run.state == "failed" and [step.index for step in run.trajectory.kept] == [0, 1, 2, 3]
    window.session.look(playhead=float(window.live.times(run)[2]), follow=False)
    settle(window)
    assert window.live.step is run.trajectory.kept[2]
    window.session.look(playhead=0.0)
    assert window.live.step is run.trajectory.kept[3]


def test_after_a_failure_the_next_run_works(window, monkeypatch, model, settle, hand, find):
    model(raising(ValueError("once")))
    window.session.edit(model="data")
    settle(window)
    assert window.live.run.state == "failed"
    monkeypatch.undo()
    window.session.edit(model="gaussian", steps=5)
    hand.click(find(window, "runButton"))
    settle(window)
    assert (window.live.run.state, len(window.live.run.trajectory)) == ("finished", 6)


def test_the_window_runs_what_the_core_runs(window):
    expected = list(run(window.session.plan))
    for ours, theirs in zip(window.live.run.trajectory.kept, expected, strict=True):
        np.testing.assert_array_equal(ours.y, theirs.y)


def test_idle_means_that_the_end_of_the_run_is_on_screen(window, settle):
    window.session.look(playhead=0.0, follow=False)
    for seed in range(1, 6):
        window.session.edit(seed=seed)
        settle(window)
        assert window.live.run.plan.recipe.course.seed == seed
        assert window.live.step is window.live.run.trajectory.last
        assert "Running" not in window.status.left.text()
        assert not window.toolbar.stop.isEnabled()


def test_stop_ends_the_run_after_the_call_it_is_in_and_keeps_it(window, slow, wait, settle, hand, find):
    stop = find(window, "stopButton")
    assert not stop.isEnabled()
    window.session.look(auto_run=False)
    window.session.edit(model="data")
    hand.click(find(window, "runButton"))
    assert stop.isEnabled(), "from the moment a run is asked for"
    slow.step.release(3)
    wait(lambda: slow.calls == 4)
    assert stop.isEnabled()
    hand.click(stop)
    slow.step.release(1)
    settle(window)
    assert slow.calls == 4
    assert not stop.isEnabled()
    assert window.live.run.state == "stopped"
    kept = len(window.live.run.trajectory)
    assert kept in (4, 5)
    assert window.timeline.strip.count(1) == kept


def test_escape_stops_too(window, slow, wait, settle, hand):
    window.session.edit(model="data")
    wait(lambda: slow.calls == 1)
    hand.key(window, Qt.Key.Key_Escape)
    slow.step.release(1)
    settle(window)
    assert (window.live.run.state, slow.calls) == ("stopped", 1)


def test_a_window_closes_in_the_middle_of_a_run(open_window, slow, wait, readers):
    window = open_window(wait=False)
    wait(lambda: slow.calls == 1)
    done = threading.Timer(0.05, slow.step.release)
    done.start()
    window.close()
    done.join()
    assert slow.calls == 1
    assert window.live.run.state == "stopped"
    assert readers() == []


def test_an_edit_runs_again_with_the_same_seed(window, settle, wait):
    first = window.live.run
    window.session.edit(steps=6)
    wait(lambda: window.live.run is not first)
    settle(window)
    assert (window.live.run.plan.steps, window.live.run.plan.recipe.course.seed) == (6, 0)
    np.testing.assert_array_equal(window.live.run.trajectory.kept[0].y, first.trajectory.kept[0].y)


def test_edits_in_quick_succession_run_once(window, settle):
    before, runs = window.live.run, []
    window.live.run_changed.connect(lambda: runs.append(window.live.run))
    for seed in range(1, 9):
        window.session.edit(merge="seed", seed=seed)
    settle(window)
    assert set(runs) == {window.live.run} and window.live.run is not before
    assert window.live.run.plan.recipe.course.seed == 8


def test_an_edit_does_not_run_when_auto_run_is_off(window, settle, find):
    run_before = window.live.run
    find(window, "autoRunAction").trigger()
    assert not window.session.view.auto_run
    window.session.edit(steps=6)
    settle(window)
    assert window.live.run is run_before
    find(window, "autoRunAction").trigger()
    window.session.edit(steps=7)
    settle(window)
    assert window.live.run.plan.steps == 7


def test_after_another_schedule_the_recorded_step_at_the_playhead_is_shown_with_its_level(window, settle):
    """Recorded steps belong to a noise level: on another schedule another one of them lies at the playhead."""
    session, live = window.session, window.live
    session.look(auto_run=False)
    for follow in (False, True):
        session.edit(schedule=make_schedule("linear"))
        session.look(playhead=0.5, follow=follow)
        settle(window)
        live.show_at(0.5)
        before = live.step
        session.edit(schedule=make_schedule("cosine"))
        settle(window)
        times = live.times(live.run)
        step, playhead = live.step, session.view.playhead
        assert step.index == int(np.abs(times - playhead).argmin())
        if follow:
            assert step is before and playhead == pytest.approx(float(times[step.index])), "the playhead goes with it"
        else:
            assert playhead == 0.5 and step is not before
        row = round(float(times[step.index]) * session.recipe.start.chain_length)
        caption = window.reverse.caption
        assert f"t {row} · s {number(step.s)} · step {step.index}/" in caption.toolTip() + caption.text()


def test_the_length_of_the_chain_runs_nothing_again(window, settle):
    before = window.live.run
    window.session.edit(chain_length=500)
    settle(window)
    assert window.live.run is before


def test_what_is_learned_during_a_run_does_not_move_the_playhead(window):
    """Else a run that was started by an edit would end on screen at the step it was at then."""
    live, session = window.live, window.session
    live.show(live.run.trajectory.kept[5], live.run)
    assert session.view.follow and session.view.playhead == 0
    session.learn(earth=None, torch="0")
    assert session.view.playhead == 0


@pytest.mark.parametrize("origin", ["noise", "field"])
def test_the_kind_of_path_runs_again_only_what_starts_from_it(window, settle, hand, find, origin):
    window.session.edit(origin=origin)
    settle(window)
    before = window.live.run
    hand.click(find(window, "pathModeControl").button("chain"))
    settle(window)
    assert window.session.recipe.start.path_mode == "chain"
    assert (window.live.run is before) is (origin == "noise")


def test_run_repeats_the_seed_and_shift_takes_the_next(window, settle, hand, find):
    button, first = find(window, "runButton"), window.live.run
    hand.click(button)
    settle(window)
    assert window.live.run is not first
    np.testing.assert_array_equal(window.live.run.trajectory.last.y, first.trajectory.last.y)
    QTest.keyClick(window, Qt.Key.Key_R, Qt.KeyboardModifier.ShiftModifier)
    settle(window)
    assert window.live.run.plan.recipe.course.seed == 1
    assert not np.array_equal(window.live.run.trajectory.last.y, first.trajectory.last.y)
    assert find(window, "seedSpin").value() == 1


def test_while_it_plays_every_picture_is_at_the_level_of_the_run(open_window, settle):
    window = open_window(pace=0.8)
    seen = []
    window.live.stepped.connect(lambda: seen.append((window.live.step, window.session.frame())))
    window.live.start()
    settle(window)
    assert len(seen) >= 3
    assert seen[-1][0].index == 18
    for step, frame in seen:
        assert frame.s == pytest.approx(step.s, rel=1e-6)


def test_a_hand_on_the_playhead_detaches_it_and_the_run_goes_on(window, slow, wait, settle, find):
    window.session.edit(model="data")
    window.live.start()
    slow.step.release(2)
    wait(lambda: slow.calls == 3 and window.live.step.index >= 1)
    slider = find(window, "timeSlider")
    slider.setValue(300)
    assert not window.session.view.follow
    slow.step.release(10**5)
    settle(window)
    assert slider.value() == 300
    assert window.live.run.state == "finished"
    places = [float(window.session.recipe.course.schedule.t_of(s)) for s in window.live.run.plan.levels]
    assert window.live.step.index == int(np.abs(np.array(places) - 0.3).argmin())


# -- torch


def test_without_torch_its_devices_are_grey_and_say_why(window, monkeypatch, wait, find):
    monkeypatch.setattr(requests, "load_engine", lambda: Engine(None, {}))
    combo = find(window, "deviceCombo")
    assert window.live.torch.engine is None
    combo.showPopup()
    wait(lambda: window.live.torch.engine is not None)
    combo.hidePopup()
    for key in ("cpu", "cuda", "mps"):
        item = combo.model().item(combo.findData(key))
        assert not item.isEnabled()
        assert item.toolTip() == "torch is not installed."
    assert combo.model().item(combo.findData("auto")).isEnabled()
    window.session.edit(device="cpu")
    assert window.session.plan.device == "numpy"
    assert "torch is not installed" in bar(window).text()


def test_a_missing_torch_is_an_answer_and_not_an_error(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    assert load_engine() == Engine(None, {})


def test_opening_the_list_of_devices_loads_torch_and_a_run_on_it_agrees(window, wait, settle, hand, find):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    settle(window)
    combo, ours = find(window, "deviceCombo"), window.live.run
    told = []
    window.live.torch.wanted.connect(lambda: told.append(window.status.left.text()))
    assert window.live.torch.engine is None
    combo.showPopup()
    assert told
    assert "loading torch" in window.status.left.text()
    wait(lambda: window.live.torch.engine is not None)
    combo.hidePopup()
    assert "loading torch" not in window.status.left.text()
    assert window.session.facts.torch
    hand.choose(combo, "cpu")
    wait(lambda: window.live.run is not ours)
    settle(window)
    assert window.session.recipe.denoiser.device == window.live.run.plan.device == "cpu"
    np.testing.assert_allclose(window.live.run.trajectory.last.y, ours.trajectory.last.y, atol=1e-5)
    before = window.live.run
    window.session.edit(model="local")
    assert window.session.plan.device == "cpu" and combo.model().item(combo.findData("cpu")).isEnabled()
    wait(lambda: window.live.run is not before)
    settle(window)
    on_torch = window.live.run
    window.session.edit(device="auto")
    wait(lambda: window.live.run is not on_torch)
    settle(window)
    assert (on_torch.plan.device, window.live.run.plan.device) == ("cpu", "numpy")
    ends = on_torch.trajectory.last.y, window.live.run.trajectory.last.y
    assert np.sqrt(np.mean((ends[0] - ends[1]) ** 2)) < 2e-3  # near a tie of two crops, single pixels differ by more


def test_a_thread_that_never_started_closes(qapp):
    SamplingRequests().close()


# -- thinned runs


def test_resting_on_a_thinned_step_shows_it_exactly(open_window, monkeypatch, find, settle):
    steps = 60
    one = 3 * 64 * 64 * 4
    monkeypatch.setattr("diffview.reverse.trajectory.BOUND", 9 * one)
    window = open_window(QUICK.but(sampler="ddpm", steps=steps))
    run_ = window.live.run
    assert run_.state == "finished" and run_.trajectory.stride >= 8
    index = run_.trajectory.stride + 3
    places = window.live.times(run_)
    window.session.look(playhead=float(places[index]), follow=False)
    assert window.live.step.index != index, "nothing to compute again"
    settle(window)
    assert window.live.step.index == index
    exact = list(run(run_.plan))[index]
    np.testing.assert_array_equal(window.live.step.y, exact.y)
    np.testing.assert_array_equal(window.live.step.x0_hat, exact.x0_hat)
    assert f"step {index}/{steps}" in window.reverse.caption.text()


def test_an_edit_while_a_shorter_run_has_no_step_yet(window, settle):
    """The step on screen belongs to an earlier, longer run: its place is asked of that run."""
    window.session.edit(steps=40)
    settle(window)
    assert window.live.step.index == 40
    window.session.edit(steps=5)
    window.live.start()
    assert window.live.shown is not window.live.run and window.live.step.index == 40
    window.session.edit(chain_length=500)
    assert "step 40/40" in window.reverse.caption.text()
    settle(window)
    assert window.live.shown is window.live.run and "step 5/5" in window.reverse.caption.text()


def test_stop_ends_the_playing_of_a_run_that_is_already_made(window, wait, settle, hand, find):
    window.session.look(pace=10.0)
    stop = find(window, "stopButton")
    hand.click(find(window, "runButton"))
    live = window.live
    wait(lambda: live.run.state == "finished" and live.shown is live.run and live.step.index >= 1)
    assert stop.isEnabled() and window.live.step.index < window.live.run.plan.steps
    hand.click(stop)
    index = window.live.step.index
    settle(window)
    assert window.live.step.index == index and not stop.isEnabled()
    assert window.live.run.state == "finished" and len(window.live.run.trajectory) == window.live.run.plan.steps + 1


def test_resting_and_then_running_with_fewer_steps(open_window, monkeypatch, settle):
    monkeypatch.setattr("diffview.reverse.trajectory.BOUND", 9 * 3 * 64 * 64 * 4)
    window = open_window(QUICK.but(sampler="ddpm", steps=60))
    run_ = window.live.run
    window.session.look(playhead=float(window.live.times(run_)[run_.trajectory.stride + 3]), follow=False)
    window.session.edit(steps=5)
    window.live.start()
    settle(window)
    assert not window.message_bar.text() and window.live.step.index == 5


def test_a_broken_torch_is_said_and_the_thread_goes_on(window, monkeypatch, settle):
    broken = Engine(None, {}, "OSError: libtorch_cpu.so: cannot open shared object file")
    monkeypatch.setattr(requests, "load_engine", lambda: broken)
    window.live.torch.load()
    settle(window)
    assert "torch cannot be loaded: OSError" in window.message_bar.text()
    window.live.start()
    settle(window)
    assert window.live.run.state == "finished"


def test_a_shot_of_the_old_field_is_not_shown_on_a_new_one(window, settle):
    window.session.look(reverse="shot_x0", playhead=0.4, follow=False)
    settle(window)
    old = window.live.shot
    assert old is not None
    other = replace(window.session.facts.field, values=window.session.facts.field.values[:, ::-1].copy())
    window.session.open(QUICK.but(region=None), replace(window.session.facts, field=other))
    window.live.tick()
    assert window.live.shot is not old
    settle(window)
    assert window.live.shot is not None and window.live.shot.plan is window.session.plan


def test_a_fast_run_is_drawn_at_the_rate_of_a_film_and_to_its_end(window, model, settle):
    settle(window)
    window.session.look(auto_run=False)
    drawn = []
    window.live.stepped.connect(lambda: drawn.append((window.live.step.index, time.perf_counter())))
    model(lambda y, s: (time.sleep(0.003), 0.5 * y)[1])
    window.session.edit(model="data", steps=200)
    window.live.start()
    settle(window)
    assert window.live.step.index == drawn[-1][0] == 200
    assert [index for index, _ in drawn] == sorted(index for index, _ in drawn)
    times = [at for index, at in drawn[:-1] if index > 1]
    assert 5 < len(times) <= (times[-1] - times[0]) / FRAME_S + 2
