"""A talk: every beat by the clicker, forwards and back, left by a touch and taken up again, and nothing lost."""

import gc
import json

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from diffview.fields.field import Region
from diffview.gui.app import run_app
from diffview.gui.window.main_window import MainWindow
from diffview.story.beats import (
    AnimateTime,
    ChangeStage,
    HighlightPart,
    MoveHandle,
    PlayRun,
    RevealPart,
    SetValues,
    StartWork,
    WaitBeat,
)
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture, packaged_lecture, write_lecture
from diffview.story.parts import Stage
from diffview.story.place import Place

KEY = Qt.Key
START = QUICK.but(playhead=0.0)
SHORT = 0.05

TWO = Lecture(
    "Two chapters",
    (
        Chapter(
            "Noise", "Noise is added.", stage=Stage(("forward",), "schedule"), recipe=START,
            beats=(
                AnimateTime(t=1.0, seconds=SHORT),
                MoveHandle(point=1, to=(0.4, 0.9), seconds=SHORT),
                HighlightPart(part="forward"),
            ),
        ),
        Chapter(
            "Back", "Noise is removed.", equation="reverse_chain", stage=Stage(("field", "reverse")),
            recipe=START.but(playhead=1.0, seed=4),
            beats=(
                PlayRun(seconds=0.5),
                RevealPart(part="equation"),
                SetValues(values=(("seed", 5),)), WaitBeat(seconds=SHORT), PlayRun(seconds=0.5),
            ),
        ),
    ),
)  # fmt: skip


@pytest.fixture
def talk_window(open_window, tmp_path):
    """A window whose lecture is TWO; not begun yet."""
    write_lecture(TWO, tmp_path / "talk")
    window = open_window()
    window.lecture = tmp_path / "talk"
    return window


def begun(window, wait):
    window.lecturing.start(window.lecture)
    talk = window.lecturing.talk
    wait(lambda: talk.on and not talk.playing)
    return talk


def press(window, hand, wait, key, times=1):
    talk = window.lecturing.talk
    for _ in range(times):
        hand.key(window.timeline.slider, key)
        wait(lambda: not talk.playing)


def stands(window, talk):
    """Whether the window shows the scene that the script has at its place."""
    scene, session = talk.chapter.scenes[talk.place.beat], window.session
    same = session.recipe.course == scene.recipe.course and session.recipe.denoiser == scene.recipe.denoiser
    return same and session.view.playhead == pytest.approx(scene.t) and talk.scene == scene


@pytest.mark.parametrize("key", [KEY.Key_PageDown, KEY.Key_Right, KEY.Key_Space])
def test_the_clicker_plays_beat_after_beat_and_a_wait_goes_on_by_itself(talk_window, hand, wait, key):
    talk = begun(talk_window, wait)
    places = [talk.place]
    for _ in range(7):
        press(talk_window, hand, wait, key)
        assert stands(talk_window, talk), talk.place
        places.append(talk.place)
    assert places == [*((0, n) for n in range(4)), *((1, n) for n in (0, 1, 2, 5))]
    assert talk_window.live.run.state == "finished" and talk_window.live.run.plan.recipe.course.seed == 5
    press(talk_window, hand, wait, key)
    assert talk.place == (1, 5), "the end stays the end"


@pytest.mark.parametrize("key", [KEY.Key_PageUp, KEY.Key_Left])
def test_going_back_undoes_press_after_press(talk_window, hand, wait, key):
    talk = begun(talk_window, wait)
    press(talk_window, hand, wait, KEY.Key_PageDown, 7)
    places = []
    for _ in range(8):
        press(talk_window, hand, wait, key)
        assert stands(talk_window, talk), talk.place
        places.append(talk.place)
    assert places == [*((1, n) for n in (2, 1, 0)), *((0, n) for n in (3, 2, 1, 0, 0))]


def test_nothing_of_the_talk_enters_the_undo_and_the_user_gets_all_back(talk_window, hand, wait, settle):
    window, session = talk_window, talk_window.session
    session.edit(steps=7)
    session.edit(region=Region(30, 100, 64, 64))
    session.edit(seed=9)
    session.undo()
    session.look(playhead=0.25, follow=False, quantity="sigma")
    settle(window)
    had = session.recipe, session.facts, session.view
    talk = begun(window, wait)
    press(window, hand, wait, KEY.Key_PageDown, 5)
    assert not session.can_undo() and not session.can_redo()
    hand.key(window, KEY.Key_Escape)
    assert not talk.on and (session.recipe, session.view) == (had[0], had[2]) and session.facts.field is had[1].field
    session.redo()
    assert session.recipe.course.seed == 9
    session.undo(), session.undo(), session.undo()
    assert session.recipe == QUICK and not session.can_undo()


@pytest.mark.parametrize(("leave", "enter"), [(KEY.Key_F5, KEY.Key_F5), (KEY.Key_Escape, KEY.Key_F5)])
def test_both_keys_toggle_and_never_lose_the_place(talk_window, hand, wait, leave, enter):
    talk = begun(talk_window, wait)
    press(talk_window, hand, wait, KEY.Key_PageDown, 2)
    hand.key(talk_window, leave)
    assert not talk.on and not talk_window.isFullScreen()
    hand.key(talk_window, enter)
    wait(lambda: talk.on and not talk.playing)
    assert talk.place == (0, 2) and stands(talk_window, talk)


def test_touching_anything_leaves_the_script_and_the_clicker_returns_to_the_same_beat(
    talk_window, hand, wait, find, settle
):
    window, talk = talk_window, begun(talk_window, wait)
    press(window, hand, wait, KEY.Key_PageDown)
    slider = find(window, "timeSlider")
    hand.drag(slider, slider.rect().center())
    assert talk.left and window.session.view.playhead < 1
    window.session.edit(seed=77)
    assert window.session.can_undo(), "what is touched can be undone meanwhile"
    press(window, hand, wait, KEY.Key_PageDown)
    assert not talk.left and talk.place == (0, 1) and stands(window, talk)
    press(window, hand, wait, KEY.Key_PageDown)
    assert talk.place == (0, 2)


def test_a_touch_in_the_middle_of_a_beat_stops_it(talk_window, hand, wait, find):
    window, talk = talk_window, begun(talk_window, wait)
    chapter = Chapter("Long", "It takes long.", recipe=START, beats=(AnimateTime(t=1.0, seconds=50.0),))
    talk.begin(Lecture("Long", (chapter,)))
    wait(lambda: not talk.playing)
    hand.key(window, KEY.Key_PageDown)
    wait(lambda: window.session.view.playhead > 0)
    slider = find(window, "timeSlider")
    hand.drag(slider, slider.rect().center())
    assert talk.left and not talk.playing
    hand.key(window, KEY.Key_PageDown)
    assert window.session.view.playhead == 1.0 and not talk.left


@pytest.mark.parametrize("key", [KEY.Key_Period, KEY.Key_B])
def test_black_is_toggled_and_the_next_press_only_shows_the_stage_again(talk_window, hand, wait, key):
    talk = begun(talk_window, wait)
    hand.key(talk_window, key)
    assert talk.black
    hand.key(talk_window, key)
    assert not talk.black
    hand.key(talk_window, key)
    press(talk_window, hand, wait, KEY.Key_PageDown)
    assert not talk.black and talk.place == (0, 0)


def test_page_keys_scrub_only_outside_a_talk(talk_window, hand, wait):
    window = talk_window
    window.session.look(playhead=0.5, follow=False)
    hand.key(window.timeline.slider, KEY.Key_PageDown)
    assert window.session.view.playhead == pytest.approx(0.55)
    talk = begun(window, wait)
    press(window, hand, wait, KEY.Key_PageDown)
    assert talk.place == (0, 1)


def test_a_talk_that_was_killed_goes_on_at_its_beat(talk_window, open_window, hand, wait, tmp_path, monkeypatch):
    window, talk = talk_window, begun(talk_window, wait)
    file = window.settings.beside("talk.json")
    press(window, hand, wait, KEY.Key_PageDown, 5)
    killed = file.read_text()
    assert json.loads(killed) == {"lecture": str(window.lecture), "chapter": 1, "beat": 1}
    talk.end()
    assert not file.exists(), "a talk that was ended is not taken up again"
    other = open_window()
    other.settings.beside("talk.json").write_text(killed)
    other.offer_talk()
    said = other.heard[-1]
    assert said.sentence == "A talk was cut short at chapter 2, beat 1." and said.action[0] == "Go on"
    said.action[1]()
    wait(lambda: other.lecturing.talk.on and not other.lecturing.talk.playing)
    assert other.lecturing.talk.place == Place(1, 1) and stands(other, other.lecturing.talk)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"lecture": 3, "chapter": 0, "beat": 0}', '{"chapter": "x"}'])
def test_a_damaged_file_of_the_place_is_no_talk(window, wait, text):
    window.settings.beside("talk.json").write_text(text)
    window.lecturing.offer()
    assert [said for said in window.heard if "talk" in said.sentence] == []


def test_a_lecture_that_cannot_be_read_is_told_and_nothing_begins(window, tmp_path):
    window.lecturing.start(tmp_path / "none")
    assert not window.lecturing.talk.on and "is not there" in window.heard[-1].sentence


def test_a_talk_whose_lecture_is_gone_leaves_the_one_that_ships(window, hand, wait, tmp_path):
    file = window.settings.beside("talk.json")
    file.write_text(json.dumps({"lecture": str(tmp_path / "gone.zip"), "chapter": 1, "beat": 1}))
    hand.key(window, KEY.Key_F5)
    said = window.heard[-1]
    assert "gone.zip is not there." in said.sentence and not window.lecturing.talk.on and file.exists()
    said.action[1]()
    talk = window.lecturing.talk
    wait(lambda: talk.on and not talk.playing)
    assert talk.lecture == packaged_lecture() and talk.place == (0, 0)
    talk.end()
    assert not file.exists()


def test_views_that_teach_are_made_for_the_stage_and_drawn_on_it(window, find, wait):
    chapter = Chapter("Law", "Where it came from.", stage=Stage((), "bells"), recipe=QUICK.but(playhead=0.4))
    window.lecturing.begin(Lecture("L", (chapter,)))
    talk, stage = window.lecturing.talk, window.staging.stage
    wait(lambda: not talk.playing)
    bells = stage.findChild(QWidget, "stepLawView")
    assert bells is not None and bells.isVisible()
    assert [text for text, _ in bells.legend_items()] == ["small step", "large step"]
    talk.end()
    assert stage.findChild(QWidget, "stepLawView") is None


def begun_on(window, wait, *beats, plot, pictures=(), recipe=QUICK):
    chapter = Chapter("Work", "It is begun.", stage=Stage(pictures, plot), recipe=recipe, beats=beats)
    window.lecturing.begin(Lecture("L", (chapter,)))
    talk = window.lecturing.talk
    wait(lambda: not talk.playing)
    return talk


def test_a_beat_begins_a_learning_that_is_watched_and_ends_with_the_talk(window, hand, find, wait, monkeypatch):
    monkeypatch.setattr("diffview.gui.jobs.points.LEARN_S", 1.0)
    learnt = QUICK.but(cloud_score="learnt", cloud_way="return", playhead=0.0, steps=4)
    talk = begun_on(window, wait, StartWork(part="cloud", seconds=30), plot="cloud", recipe=learnt)
    cloud = find(window.staging.stage, "cloudView")
    assert cloud.isVisible() and cloud.width() == pytest.approx(cloud.height(), abs=1), "a plane is not squeezed"
    hand.key(window, KEY.Key_PageDown)
    learner = window.docks["cloudDock"].widget()
    wait(lambda: learner.works)
    wait(lambda: not talk.playing)
    assert learner.begun and not learner.works, "the beat ends with the work, before its time"
    spread = np.hypot(*cloud.swarm.points.T)
    assert 0.1 < np.median(spread) < 3 and cloud.swarm.token == "reverse"
    hand.key(window, KEY.Key_PageUp)
    hand.key(window, KEY.Key_PageDown)
    wait(lambda: learner.works)
    talk.end()
    wait(lambda: not learner.works)
    assert window.session.view.cloud_score == "exact", "the user has the own view back"


def test_a_talk_that_begins_behind_a_race_races(window, wait, find):
    small = QUICK.but(region=Region(0, 100, 32, 32))
    talk = begun_on(window, wait, StartWork(part="race", seconds=0.0), plot="race", recipe=small)
    talk.begin(talk.lecture, Place(0, 1))
    plot = find(window.staging.stage, "racePlot")
    wait(lambda: any(lane.shown for lane in plot.lanes))
    talk.end()


def test_what_models_make_stands_on_the_stage_above_the_nearest_crops_and_is_scrubbed(window, wait, find):
    beats = SetValues(values=(("film", 5),)), ChangeStage(pictures=("crops", "by_data"))
    talk = begun_on(window, wait, *beats, plot="training", pictures=("by_network",))
    stage = window.staging.stage
    made = find(stage, "learningNetworkView")
    wait(lambda: made.count == 4 and window.is_idle())
    first = made.accessibleDescription()
    talk.next()
    wait(lambda: made.count == 4 and made.accessibleDescription() != first)
    assert find(stage, "learningPlot").stops.chosen == 5
    talk.next()
    data, crops = (find(stage, name) for name in ("learningDataView", "learningCropsView"))
    wait(lambda: data.accessibleDescription() == "a copy, a copy, a copy, a copy")
    assert data.isVisible() and not made.isVisible() and crops.values is not None
    talk.end()


def test_a_talk_of_the_command_begins_when_the_window_has_started(tmp_path, qtbot, wait, monkeypatch):
    write_lecture(TWO, tmp_path / "talk")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    seen = []

    def execute(*_):
        (window,) = (one for one in QApplication.topLevelWidgets() if isinstance(one, MainWindow) and one.isVisible())
        window.painted.connect(lambda: seen.append("painted"))
        talk = window.lecturing.talk
        talk.switched.connect(lambda on: seen.append(("talk", on)))
        wait(lambda: talk.on and not talk.playing)
        assert gc.isenabled(), "the end of the start, which is the first paint, collects garbage again"
        window.close()
        window.deleteLater()
        return 0

    monkeypatch.setattr(QApplication, "exec", execute)
    gc.disable()
    try:
        assert run_app(None, tmp_path / "talk", present=True) == 0
    finally:
        gc.enable()
    assert seen[-1] == ("talk", False) and set(seen[:2]) == {"painted", ("talk", True)}
