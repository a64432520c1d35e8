"""What is asked of the sampling thread beside runs: shots, replays, torch; with a thread that only writes down."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import QUICK

from diffview.gui.jobs.asked import REST_MS, Replays, Shots, TorchImport, level_at_playhead
from diffview.gui.session import Session
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.job import FAILED, FINISHED, RUNNING, WAITING


class Asked(SimpleNamespace):
    """A request in the hands of the thread."""

    state = WAITING

    @property
    def active(self):
        return self.state in (WAITING, RUNNING)


class Sampling:
    """Writes down what is asked for."""

    def __init__(self):
        self.shots, self.replays, self.engines, self.models = [], [], 0, SimpleNamespace(engine=None)

    def request_shot(self, plan, s, y, eps):
        self.shots.append(Asked(plan=plan, s=s, y=y, eps=eps))
        return self.shots[-1]

    def request_replay(self, run, index):
        self.replays.append(Asked(of=run, index=index))
        return self.replays[-1]

    def request_engine(self):
        self.engines += 1


@pytest.fixture
def session(qapp):
    made = Session(QUICK, Facts(packaged_field()))
    made.look(reverse="shot_x0", playhead=0.5)
    made.heard = []
    made.told.connect(made.heard.append)
    return made


@pytest.fixture
def sampling():
    return Sampling()


@pytest.fixture
def woken():
    return []


# -- shots


@pytest.fixture
def shots(session, sampling, woken):
    made = Shots(session, sampling, lambda: woken.append(1))
    made.told = []
    made.taken.connect(lambda: made.told.append(made.shot))
    return made


def test_a_shot_is_of_the_forward_state_at_the_playhead(shots, session, sampling, woken):
    shots.take()
    (asked,) = sampling.shots
    assert asked.s == level_at_playhead(session) and shots.active and woken == [1]
    np.testing.assert_array_equal(asked.y, session.forward.y(asked.s))
    np.testing.assert_array_equal(asked.eps, session.forward.eps(asked.s))


def test_no_level_lies_beyond_the_schedule(session):
    session.look(playhead=1.0)
    assert level_at_playhead(session) == pytest.approx(session.recipe.course.schedule.s_max)


def test_the_newest_shot_that_has_come_is_shown(shots, sampling):
    for _ in range(3):
        shots.take()
    assert shots.pull() is None and shots.told == []
    sampling.shots[0].state = sampling.shots[1].state = FINISHED
    assert shots.pull() is sampling.shots[1] is shots.shot and shots.active
    sampling.shots[2].state = FAILED
    assert shots.pull() is sampling.shots[2] and not shots.active, "a failure is shown too"
    assert shots.told == sampling.shots[1:] and shots.pull() is None


def test_without_noise_there_is_nothing_to_denoise(shots, session, sampling):
    shots.take()
    sampling.shots[0].state = FINISHED
    shots.pull()
    session.look(playhead=0.0)
    shots.take()
    assert shots.shot is None and shots.told == [sampling.shots[0], None] and len(sampling.shots) == 1


def test_shots_that_are_forgotten_do_not_come_back(shots, sampling):
    shots.take()
    shots.clear()
    sampling.shots[0].state = FINISHED
    assert not shots.active and shots.pull() is None and shots.shot is None


# -- replays


@pytest.fixture
def replays(session, sampling, woken):
    return Replays(sampling, lambda: woken.append(1))


def test_a_missing_step_is_asked_for_when_the_playhead_rests(replays, sampling, woken, wait):
    assert REST_MS == 150
    replays.want("run", 3)
    replays.want("run", 7)
    assert replays.active and sampling.replays == []
    wait(lambda: len(sampling.replays) == 1)
    asked = sampling.replays[0]
    assert (asked.of, asked.index) == ("run", 7) and woken == [1] and replays.active
    assert replays.pull() is None, "it is not there yet"
    asked.state = FINISHED
    assert replays.pull() is asked and not replays.active and replays.pull() is None


def test_a_replay_that_came_too_late_is_not_wanted(replays, sampling, wait):
    replays.want("run", 7)
    wait(lambda: len(sampling.replays) == 1)
    assert replays.is_wanted(sampling.replays[0])
    replays.want("run", None)
    assert not replays.is_wanted(sampling.replays[0]), "the step on screen is there"
    replays.want("run", 8)
    assert not replays.is_wanted(sampling.replays[0])
    replays.clear()
    assert not replays.active


def test_a_playhead_that_moves_on_asks_for_nothing(replays, sampling, qtbot):
    replays.want("run", 7)
    replays.rest()
    qtbot.wait(2 * REST_MS)
    assert sampling.replays == [] and not replays.active


# -- torch


@pytest.fixture
def torch_import(session, sampling, woken):
    made = TorchImport(session, sampling, lambda: woken.append(1))
    made.told = []
    made.wanted.connect(lambda: made.told.append("wanted"))
    made.loaded.connect(lambda: made.told.append("loaded"))
    return made


def engine(version="2.9", fault=""):
    return SimpleNamespace(version=version, devices=["cpu", "cuda"], fault=fault)


def test_torch_is_asked_for_once_and_then_known(torch_import, session, sampling):
    torch_import.load()
    torch_import.load()
    torch_import.pull()
    assert sampling.engines == 1 and torch_import.active and torch_import.told == ["wanted"]
    sampling.models.engine = engine()
    torch_import.pull()
    torch_import.load()
    assert torch_import.told == ["wanted", "loaded"] and not torch_import.active and sampling.engines == 1
    assert session.facts.torch == "2.9" and session.facts.devices == ("cpu", "cuda") and session.heard == []


def test_a_broken_torch_is_told_with_what_runs_without_it(torch_import, session, sampling):
    torch_import.load()
    sampling.models.engine = engine(None, "libcudart is missing")
    torch_import.pull()
    (said,) = session.heard
    assert said.sentence == "torch cannot be loaded: libcudart is missing." and said.kind == "error"
    assert session.facts.torch is None
