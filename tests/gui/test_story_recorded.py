"""Recorded runs in the window: of a loop of plain numpy and of our own command, whole, cut short and without levels."""

from itertools import pairwise

import h5py
import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from diffview.cli import main
from diffview.fields.field import Region
from diffview.forward.schedules import make_schedule
from diffview.gui.show.film_rows import PARENT, REVERSE
from diffview.record import Recorder

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened

MEAN, STD, SIDE = 285.0, 4.0, 32
LEVELS = [*np.geomspace(30.0, 0.05, 11), 0.0]
TRUTH = np.add.outer(np.sin(np.arange(SIDE) / 3), np.cos(np.arange(SIDE) / 5)).astype(np.float32)


def states(members=3):
    """The states and estimates of a loop whose model knows half of the truth: x0_hat is a closed form of y and s."""
    y = (TRUTH + LEVELS[0] * np.random.default_rng(1).standard_normal((members, SIDE, SIDE))).astype(np.float32)
    made = []
    for s, s_next in pairwise(LEVELS):
        x0_hat = (TRUTH / 2 + y / np.float32(2 * (1 + s * s))).astype(np.float32)
        made.append((s, y, x0_hat))
        y = (x0_hat + np.float32(s_next / s) * (y - x0_hat)).astype(np.float32)
    return [*made, (0.0, y, None)]


def record(path, *, steps=12, **about):
    """A file of such a loop, which ended after so many steps."""
    about = {"units": "K", "quantity": "sst", "mean": MEAN, "std": STD, "program": "my loop 1.2", **about}
    recorder = Recorder(path, **about)
    for s, y, x0_hat in states()[:steps]:
        recorder.step(s, y, x0_hat=x0_hat)
    if steps == len(LEVELS):
        recorder.close()
    else:
        recorder.__exit__(KeyError, KeyError(), None)
    return str(path)


@pytest.fixture
def opened(open_window, wait):
    """opened(path): a window in which a file was opened whose run is shown and played to its end."""

    def make(path, **how):
        window = open_window(**how)
        window.open_file(path)
        wait(lambda: window.session.facts.field.provenance.get("path") == path and window.is_idle())
        return window

    return make


def click_film(window, hand, find, row, index):
    strip = find(window, "filmStrip")
    hand.click(strip, strip.thumbnail_rect(row, index).center())


def test_a_loop_of_plain_numpy_is_walked_through(opened, hand, find, badge, tmp_path):
    window = opened(record(tmp_path / "run.h5", truth=TRUTH))
    session, strip, reverse = window.session, find(window, "filmStrip"), find(window, "reverseView")
    assert session.facts.field.units == "K" and session.facts.field.name == "sst"
    np.testing.assert_allclose(session.facts.field.values, MEAN + STD * TRUTH, rtol=1e-6)  # in FIELD and FORWARD
    np.testing.assert_allclose(session.plan.x0, TRUTH, atol=1e-5)
    assert strip.count(REVERSE) == len(LEVELS) and strip.count(PARENT) == 0
    assert strip.rows.name(REVERSE) == "recorded"
    assert window.live.run.trajectory.last.s == 0 and find(window, "ensembleCombo").isVisible()
    for (s, y, x0_hat), index in zip(states()[::4], range(0, len(LEVELS), 4), strict=True):
        hand.click(find(window, "reverseModeControl").button("x_t"))
        click_film(window, hand, find, REVERSE, index)
        alpha = float(session.recipe.course.schedule.scale(s))
        assert reverse.value_at(17, 5) == pytest.approx(alpha * float(y[0, 17, 5]), rel=1e-4, abs=1e-5)
        assert badge(reverse) == "recorded by my loop 1.2"
        hand.click(find(window, "reverseModeControl").button("x0_hat"))
        assert reverse.value_at(17, 5) == pytest.approx(float(x0_hat[0, 17, 5]), rel=1e-4)
    assert "Recorded by my loop 1.2: 11 steps, step 8 shown" in find(window, "statusText").text()
    assert [message.sentence for message in window.heard] == ["A run recorded by my loop 1.2: 3 members of 11 steps."]


def test_histogram_spectrum_and_members_are_those_of_the_recorded_state(opened, hand, find, settle, tmp_path):
    window = opened(record(tmp_path / "run.h5", truth=TRUTH))
    summary = window.summaries.summary
    end = states()[-1][1]
    np.testing.assert_allclose(summary.mean, MEAN + STD * end.mean(axis=0), rtol=1e-5)
    assert summary.spectrum is not None and summary.values is not None
    hand.choose(find(window, "ensembleCombo"), "spread")
    settle(window)
    spread = STD * end.std(axis=0, ddof=1)
    assert window.reverse.numbers()[3, 4] == pytest.approx(float(spread[3, 4]), rel=1e-4)


def test_a_run_of_ours_stands_beside_it_and_either_is_shown(opened, hand, find, settle, badge, tmp_path):
    window = opened(record(tmp_path / "run.h5", truth=TRUTH))
    recorded, strip = window.live.run, find(window, "filmStrip")
    hand.click(find(window, "runButton"))
    settle(window)
    assert window.live.run is not recorded and window.live.run.plan.shape == (3, 1, SIDE, SIDE)
    assert strip.rows.name(PARENT) == "recorded" and strip.rows.name(REVERSE) == "reverse"
    assert strip.count(PARENT) == len(LEVELS) and strip.count(REVERSE) == window.live.run.plan.steps + 1
    click_film(window, hand, find, PARENT, strip.shown(PARENT)[-1])
    assert window.live.shown is recorded and badge(find(window, "reverseView")) == "recorded by my loop 1.2"
    click_film(window, hand, find, REVERSE, strip.shown(REVERSE)[0])
    assert window.live.shown is window.live.run


def test_it_can_be_neither_forked_nor_exported_as_ours(opened, find, tmp_path):
    window = opened(record(tmp_path / "run.h5"))
    for name in ("forkAction", "exportRunAction", "exportEnsembleAction"):
        assert not find(window, name).isEnabled()
    assert "recorded" in find(window, "forkAction").toolTip()


def test_the_errors_along_both_runs_are_drawn_over_s(opened, hand, find, wait, settle, tmp_path):
    window = opened(record(tmp_path / "run.h5", truth=TRUTH))
    hand.key(find(window, "timeSlider"), Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    window.rivals_dock.show()
    window.rivals_dock.raise_()
    settle(window)
    plot = find(window, "rivalErrorPlot")
    (line,) = plot.lines
    estimates = [(s, x0_hat) for s, _, x0_hat in states() if x0_hat is not None]
    rms = [np.sqrt(np.square(x0_hat - TRUTH, dtype=np.float64).mean()) for _, x0_hat in estimates]
    assert line.name == "my loop 1.2" and line.x.tolist() == [s for s, _ in estimates]
    np.testing.assert_allclose(line.y, STD * np.array(rms), rtol=1e-5)
    buttons = find(window, "rivalPicture").findChildren(QAbstractButton)
    hand.click(next(button for button in buttons if button.text() == "difference"))
    (alone,) = find(window, "rivalPictures").pictures
    assert (alone.name, alone.image, alone.words) == ("my loop 1.2", None, ""), "the rival in force has not run"
    hand.click(find(window, "compareButton"))
    wait(lambda: not window.compared.active)
    assert [side.name for side in window.compared.sides] == ["A"]
    shown = find(window, "rivalPictures").pictures
    assert [picture.name for picture in shown] == ["A", "my loop 1.2"]
    assert shown[0].words == "all others minus this" and shown[1].words.startswith("rms ")


def test_without_a_truth_the_last_state_of_the_first_member_is_the_field(opened, tmp_path):
    window = opened(record(tmp_path / "run.h5"))
    np.testing.assert_allclose(window.session.facts.field.values, MEAN + STD * states()[-1][1][0], rtol=1e-6)
    assert window.session.recipe.source.index == (len(LEVELS) - 1, 0, 0)
    assert window.live.run.plan.placed is False


def test_another_channel_of_the_file_is_another_channel_of_the_run(opened, wait, tmp_path):
    two = np.stack([TRUTH, 2 * TRUTH[::-1]])[None]
    with Recorder(tmp_path / "run.h5") as recorder:
        for s in (2.0, 0.0):
            recorder.step(s, two * (1 + s))
    window = opened(str(tmp_path / "run.h5"))
    for channel in (0, 1):
        window.files.step_to("channel", channel)
        wait(lambda at=(1, 0, channel): window.session.recipe.source.index == at and window.is_idle())
        np.testing.assert_allclose(window.live.run.trajectory.kept[0].y, 3 * two[:, channel : channel + 1], rtol=1e-6)


def test_a_run_that_was_cut_short_says_so_and_what_is_there_is_shown(opened, find, tmp_path):
    window = opened(record(tmp_path / "run.h5", steps=6, truth=TRUTH))
    assert find(window, "filmStrip").count(REVERSE) == 6
    (said,) = window.heard
    assert said.kind == "warning", said
    assert f"cut short, at the noise level {LEVELS[5]:.3g}" in said.sentence
    assert window.live.run.trajectory.last.s == pytest.approx(LEVELS[5])


@pytest.mark.parametrize(("spoil", "sentence"), [
    (lambda file: file.pop("s"), "has no noise levels"),
    (lambda file: file["s"].__setitem__(4, np.nan), "The noise level of step 4 of the recorded run is nan"),
    (lambda file: file.attrs.__setitem__("diffview_record", 7), "version 7"),
])  # fmt: skip
def test_a_run_without_levels_is_a_sentence_and_its_states_are_shown(opened, find, tmp_path, spoil, sentence):
    path = record(tmp_path / "run.h5")
    with h5py.File(path, "a") as file:
        spoil(file)
    window = opened(path)
    (said,) = window.heard
    assert said.kind == "error" and sentence in said.sentence and said.hint.endswith(".")
    np.testing.assert_allclose(window.session.facts.field.values, MEAN + STD * states()[-1][1][0], rtol=1e-6)
    assert not window.live.run.recorded_by  # a run of ours on what is shown


def test_its_schedule_is_taken_and_its_steps_lie_on_it(opened, tmp_path):
    cosine = make_schedule("cosine")
    window = opened(record(tmp_path / "run.h5", schedule="cosine"))
    assert window.session.recipe.course.schedule == cosine
    np.testing.assert_allclose(
        window.live.times(window.live.run), np.atleast_1d(cosine.t_of(np.array(LEVELS))), atol=1e-12
    )


def test_undo_brings_the_field_before_back_and_redo_the_recorded_run(opened, hand, find, settle, tmp_path):
    window = opened(record(tmp_path / "run.h5", truth=TRUTH))
    recorded = window.live.run.trajectory.kept[0].y
    hand.key(window.timeline.slider, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    assert window.session.facts.recorded is None and not window.live.run.recorded_by
    hand.key(
        window.timeline.slider, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    settle(window)
    assert window.live.run.recorded_by == "my loop 1.2"
    assert np.array_equal(window.live.run.trajectory.kept[0].y, recorded)


def test_a_run_recorded_by_our_command_is_opened_with_its_way_and_repeats(opened, hand, find, settle, tmp_path):
    out = str(tmp_path / "ours.nc")
    words = ["sample", "--model", "rain64", "--members", "2", "--steps", "5", "--seed", "3", "--record", "-o", out]
    assert main([*words, "-q"]) == 0
    window = opened(out, recipe=QUICK.but(region=Region(0, 0, 64, 64)))
    course = window.session.recipe.course
    assert (course.steps, course.seed, course.schedule.key) == (
        5,
        3,
        "edm",
    ) and window.session.plan.card.name == "rain64"
    recorded = window.live.run
    assert recorded.recorded_by == "diffview" and len(recorded.trajectory) == 6
    hand.click(find(window, "runButton"))
    settle(window)
    for step, again in zip(recorded.trajectory.kept, window.live.run.trajectory.kept, strict=True):
        assert step.s == pytest.approx(again.s)
        apart = np.abs(step.y - again.y).max() / (1 + step.s)
        assert apart < 2e-3, (step.index, apart)  # through a file in mm/h, where noise is bent far up
    for step, after in zip(recorded.trajectory.kept, window.live.run.trajectory.kept[1:], strict=False):
        assert step.s_eval == pytest.approx(after.s_eval)  # an estimate belongs to the state that it was made of
        np.testing.assert_allclose(step.x0_hat, after.x0_hat, atol=2e-3)
