"""The step on screen, its playing at a pace, and what a layout does with the room of a window; without a thread."""

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPoint, QRect, QSize

from diffview.fields.field import Region
from diffview.gui.jobs import playback
from diffview.gui.jobs.playback import Playback
from diffview.gui.session import Session
from diffview.gui.theme import theme
from diffview.gui.window.layouts import (
    EARTH,
    EXPLORE,
    LAYOUTS,
    LOW,
    PLOTS,
    TEACHING,
    WIDE,
    DockLayout,
    WindowRoom,
    placed_inside,
)
from diffview.readers.packaged import packaged_field
from diffview.reverse.samplers import Step
from diffview.runs.facts import Facts


class Trajectory:
    """Steps that were made, of which some may be thinned out of the record."""

    def __init__(self, steps):
        self.steps = list(steps)

    def __len__(self):
        return self.steps[-1].index + 1

    def nearest(self, index):
        return min(self.steps, key=lambda step: abs(step.index - index))


class FakeRun:
    """A run of some levels; hashable as runs are."""

    def __init__(self, plan, recorded, active=False):
        self.plan, self.active, self.recorded_by = plan, active, ""
        self.trajectory = Trajectory(Step(i, plan.visited[i], None) for i in recorded)


@pytest.fixture
def session(qapp):
    return Session(QUICK.but(steps=4), Facts(packaged_field()))


@pytest.fixture
def play(session, monkeypatch):
    """A playback on a clock of its own, with what it told."""
    made = Playback(session)
    made.now, made.told, made.lacked = 0.0, [], []
    monkeypatch.setattr(playback.time, "perf_counter", lambda: made.now)
    made.stepped.connect(lambda: made.told.append(made.step.index))
    made.missed.connect(lambda run, index: made.lacked.append(index))
    return made


def run_of(session, *recorded, active=False):
    return FakeRun(session.plan, recorded or range(5), active)


def test_steps_belong_to_their_noise_levels_on_any_schedule(play, session):
    run = run_of(session)
    times = play.times(run)
    assert len(times) == 5 and (np.diff(times) < 0).all() and times[-1] == 0
    np.testing.assert_allclose(
        session.recipe.course.schedule.noise_level(times[:-1]), session.plan.visited[:-1], rtol=1e-6
    )
    assert play.times(run) is times
    session.edit(schedule=type(session.recipe.course.schedule)(beta_end=0.05))
    assert play.times(run) is not times and play.times(run)[1] < times[1], "on a steeper one they come earlier"


def test_the_step_nearest_to_the_playhead_is_shown_and_once(play, session):
    run = run_of(session)
    play.play(run, playing=False)
    for t in (1.0, 0.99, 0.0):
        play.show_at(t)
    assert play.told == [0, 4] and play.shown is run and play.lacked == [None] * 3


def test_where_a_run_was_several_times_the_last_is_shown_unless_another_is_on_screen(play, session):
    session.edit(sampler="repaint", origin="noise", hidden=(Region(60, 140, 12, 16),), steps=12)
    run = run_of(session, *range(session.plan.steps + 1))
    times = play.times(run)
    again = max((np.flatnonzero(times == t) for t in np.unique(times)), key=len)
    assert len(again) > 2
    play.play(run, playing=False)
    play.show_at(float(times[again[0]]) + 1e-4)
    assert play.step.index == again[-1]
    play.show_step(run, run.trajectory.nearest(again[1]))
    play.show_at(float(times[again[0]]))
    assert play.step.index == again[1]


def test_a_step_that_was_thinned_out_is_asked_for_once_the_run_has_ended(play, session):
    times = play.times(run_of(session))
    for active, lacked in ((False, [2]), (True, [None])):
        play.lacked.clear()
        play.play(run_of(session, 0, 4, active=active), playing=False)
        play.show_at(float(times[2]))
        assert play.lacked == lacked and play.step.index in (0, 4)


def test_a_run_is_played_at_its_pace_and_the_playhead_goes_along(play, session):
    session.look(pace=4.0, follow=True)
    run = run_of(session)
    play.play(run, playing=True)
    ended = []
    for play.now in (0.0, 1.1, 1.2, 3.5, 4.0):
        ended.append(play.advance(active=False))
    assert play.told == [0, 1, 3, 4] and ended == [False, False, False, False, True] and not play.playing
    assert session.view.playhead == 0.0


def test_as_it_comes_the_newest_step_is_shown(play, session):
    session.look(pace=0.0, follow=True)
    play.play(run_of(session), playing=True)
    assert play.advance(active=False) and play.told == [4]


def test_without_following_the_playhead_stays(play, session):
    session.look(pace=0.0, follow=False, playhead=0.9)
    run = run_of(session)
    play.play(run, playing=True)
    play.advance(active=False)
    assert session.view.playhead == 0.9 and play.step.index == int(np.abs(play.times(run) - 0.9).argmin())
    play.follow()
    assert session.view.playhead == pytest.approx(float(play.times(run)[play.step.index]))


def test_a_computing_run_is_not_drawn_too_often(play, session):
    session.look(pace=0.0, follow=True)
    play.play(run_of(session, 0, 1, 2, active=True), playing=True)
    play.now = 1.0
    assert not play.advance(active=True)
    play.run.trajectory.steps.append(Step(3, session.plan.visited[3], None))
    play.now += playback.FRAME_S / 2
    play.advance(active=True)
    assert play.told == [2], "its thread needs the interpreter too"
    play.now += playback.FRAME_S
    play.advance(active=True)
    assert play.told == [2, 3] and play.playing


def test_a_step_of_another_run_can_be_shown_and_all_forgotten(play, session):
    parent = run_of(session)
    play.show_step(parent, parent.trajectory.nearest(2))
    assert play.told == [2] and play.shown is parent and play.run is None and not session.view.follow
    assert session.view.playhead == pytest.approx(float(play.times(parent)[2]))
    play.clear()
    assert play.step is None and play.shown is None and not play.advance(active=False)


# -- layouts


@pytest.mark.parametrize(("name", "layout"), LAYOUTS.items())
def test_every_dock_has_its_place_in_every_layout_and_room(name, layout):
    docks = {"dataDock", "inspectorDock", "trainDock", "modelDock", "scoreboardDock", "raceDock", PLOTS}
    docks |= {"rivalsDock", "calibrationDock", *TEACHING, *EARTH}
    for wide in (True, False):
        for low in (True, False):
            left, right = layout.sides(WindowRoom(wide, low))
            assert set(left) | set(right) == docks and not set(left) & set(right) and len(left + right) == len(docks)
            assert bool(left) is wide, "without room on both sides all are at the right"
    assert layout.first == (layout.left[0], layout.right[0])


def test_the_plots_lie_in_front_where_a_layout_explores():
    assert LAYOUTS[EXPLORE].front[0] == PLOTS and LAYOUTS[EXPLORE].sides(WindowRoom(True, True))[1][0] == PLOTS
    plain = DockLayout(("a",), ("b",))
    assert plain.front == ("a", "b") and plain.sides(WindowRoom(False, True)) == ((), ("a", "b", PLOTS))


@pytest.mark.parametrize(
    ("width", "height", "room"),
    [(WIDE, LOW, (True, False)), (WIDE - 1, LOW - 1, (False, True)), (1920, 1080, (True, False))],
)
def test_the_room_in_a_window(width, height, room):
    assert WindowRoom.of(QSize(width, height)) == WindowRoom(*room)


def test_a_zoomed_window_is_low_sooner():
    theme.set_scale(1.5)
    try:
        assert WindowRoom.of(QSize(1920, 1080)).low
    finally:
        theme.set_scale(1.0)


@pytest.mark.parametrize(
    ("frame", "inner"),
    [
        (QRect(10, 10, 400, 300), QRect(14, 40, 392, 266)),  # inside: it stays
        (QRect(-50, -20, 400, 300), QRect(4, 30, 392, 266)),
        (QRect(700, 500, 400, 300), QRect(604, 330, 392, 266)),
        (QRect(0, 0, 2000, 1000), QRect(4, 30, 992, 566)),
    ],
)
def test_a_window_and_its_frame_lie_on_the_screen(frame, inner):
    room = QRect(0, 0, 1000, 600)
    of_frame = QRect(frame.topLeft() + QPoint(4, 30), frame.size() - QSize(8, 34))
    assert placed_inside(room, frame, of_frame) == inner
