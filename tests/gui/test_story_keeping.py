"""Work is kept: after a kill, a quit or a crash the next start offers to go on where it was."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt

from diffview.forward.schedules import Cosine
from diffview.gui.app import create_window, show_window
from diffview.gui.session import Session
from diffview.gui.settings import Settings
from diffview.gui.show.first_words import offer_of, when
from diffview.gui.window.keeping import Keeping
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.kept_work import KeptWork, files_of, new_name, read_work, write_work
from diffview.runs.recipe import GIVEN, Recipe, default_recipe

KILLED = """
import os, signal, sys
from pathlib import Path
from diffview.forward.schedules import Cosine
from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings
from diffview.runs.kept_work import files_of
app = application()
settings = Settings(Path(sys.argv[1]))
window = create_window(settings=settings)
show_window(window, (1280, 720))
def until(done):
    while not done():
        app.processEvents()
until(lambda: window.live.run is not None)
window.session.edit(model="gaussian", schedule=Cosine(), seed=11)
window.actions_["trainLayoutAction"].trigger()
until(window.is_idle)
window.session.look(playhead=0.37, follow=False, reverse="x0_hat")
folder = settings.work_folder
until(lambda: files_of(folder) and "0.37" in files_of(folder)[0].read_text())
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def start(qtbot, tmp_path):
    """Start the program without a file, with the same settings each time."""
    made = []

    def make(size=(1280, 720)):
        window = create_window(settings=Settings(tmp_path / "mine.ini"))
        made.append(window)
        show_window(window, size)
        window.first_screen.begin()
        qtbot.waitUntil(lambda: window.live.run is not None and window.is_idle(), timeout=240_000)
        window.activateWindow()
        return window

    yield make
    for window in made:
        window.close()
        window.deleteLater()


@pytest.mark.skipif(os.name != "posix", reason="kills as POSIX does")
def test_after_a_kill_the_next_start_goes_on(tmp_path, start, hand, find, wait, settle):
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "mine.ini")], check=False, timeout=240)
    assert ended.returncode == -signal.SIGKILL
    window = start()
    card, button = find(window, "firstCard"), find(window, "goOnButton")
    wait(button.isVisible)
    assert find(window, "goOnAbout").text().startswith("packaged field · today ")
    assert find(window, "goOnAbout").text().endswith("cosine schedule")
    hand.click(button)
    settle(window)
    recipe, view = window.session.recipe, window.session.view
    assert (recipe.course.schedule, recipe.course.seed, recipe.denoiser.model) == (Cosine(), 11, "gaussian")
    assert (view.playhead, view.follow, view.reverse, view.layout) == (0.37, False, "x0_hat", "train")
    assert not card.isVisible() and not window.docks["trainDock"].isHidden()
    window.session.undo()
    assert window.session.recipe.course.seed == 0, "going on can be undone"


def test_an_edited_schedule_is_kept_at_quit_and_a_window_where_nothing_was_done_takes_nothing_away(
    start, find, wait, tmp_path
):
    first = start()
    first.session.edit(schedule=Cosine(), seed=3)
    first.close()
    second = start()
    wait(lambda: find(second, "goOnButton").isVisible())
    second.close()
    third = start()
    wait(lambda: find(third, "goOnButton").isVisible())
    third.actions_["goOnAction"].trigger()
    assert third.session.recipe.course.schedule == Cosine() and third.session.recipe.course.seed == 3


def test_two_windows_at_once_do_not_overwrite_each_other(start, tmp_path):
    first, second = start(), start()
    first.session.edit(seed=21)
    second.session.edit(seed=22)
    second.close()
    third = start()
    third.first_screen.go_on()
    assert third.session.recipe.course.seed == 22, "the work of a window that is still open is not offered"
    first.close()
    seeds = {read_work(file).recipe.course.seed for file in files_of(tmp_path / "mine.work")}
    assert {21, 22} <= seeds


def test_a_file_that_has_gone_is_said(start, find, wait, tmp_path):
    (tmp_path / "mine.work").mkdir()
    write_work(default_recipe().but(path=str(tmp_path / "rain.nc")), tmp_path / "mine.work" / new_name())
    window = start()
    wait(lambda: find(window, "goOnButton").isVisible())
    assert not find(window, "goOnButton").isEnabled() and not window.actions_["goOnAction"].isEnabled()
    assert "rain.nc is not there any more" in find(window, "goOnAbout").text()
    assert "rain.nc" in window.actions_["goOnAction"].toolTip()


def test_a_floating_dock_survives(start, wait, settle):
    first = start((1600, 900))
    dock = first.docks["modelDock"]
    dock.show()
    dock.setFloating(True)
    dock.setGeometry(QRect(QPoint(120, 140), dock.size()))
    settle(first)
    first.close()
    window = create_window(settings=first.settings)
    show_window(window)
    settle(window)
    assert window.docks["modelDock"].isFloating() and not window.docks["modelDock"].isHidden()
    window.close()
    window.deleteLater()


def test_hints_go_away_when_they_are_done_and_do_not_come_back(start, hand, find, wait, settle):
    window = start()
    card = window.first_screen.card
    assert card.isVisible() and len(card.hints()) == 3
    find(window, "timeSlider").setValue(400)
    assert [row.objectName() for row in card.hints()] == ["dragHint", "runHint"]
    hand.key(window, Qt.Key.Key_R)
    settle(window)
    assert [row.objectName() for row in card.hints()] == ["dragHint"]
    window.close()
    again = start()
    card = again.first_screen.card
    assert [row.objectName() for row in card.hints()] == ["dragHint"]
    again.session.edit(schedule=Cosine())
    assert not card.isVisible()


@pytest.mark.parametrize("size", [(1024, 768), (1280, 720), (1920, 1080)])
def test_the_card_lies_over_the_field_and_moves_nothing(start, rest, find, size):
    window = start(size)
    card, field = window.first_screen.card, window.field
    rest(window)
    assert field.parentWidget().rect().contains(card.geometry())
    assert card.geometry().left() > field.geometry().left() and card.width() < max(field.width(), 220)
    places = [(panel, panel.geometry()) for panel in (window.field, window.forward, window.timeline)]
    for row in card.hints():
        assert card.rect().contains(row.geometry())
    lecture = find(window, "lectureActionButton")
    needed = max(lecture.fontMetrics().horizontalAdvance(line) for line in lecture.text().split("\n"))
    assert needed < lecture.width()
    find(window, "firstCardClose").click()
    rest(window)
    assert not card.isVisible() and all(panel.geometry() == before for panel, before in places)


# -- the pieces


def test_the_words_of_an_offer():
    now = time.mktime((2024, 5, 3, 14, 2, 0, 0, 0, -1))
    assert when(now, now) == "today 14:02" and when(now - 86400, now) == "yesterday 14:02"
    assert when(now - 3 * 86400, now) == "30 April 14:02" and when(now - 366 * 86400, now) == "3 May 2023 14:02"
    assert offer_of(KeptWork(Recipe(), now), now) == ("packaged field · today 14:02 · linear schedule", "")


def test_a_file_below_home_is_named_from_there(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / new_name()
    write_work(Recipe.of(path=str(tmp_path / "a" / "b.nc")), file)
    assert '"~/a/b.nc"' in file.read_text()
    monkeypatch.setenv("HOME", "/somewhere")
    assert read_work(file).source == str(Path("/somewhere/a/b.nc"))


def test_what_is_no_work_is_passed_over(tmp_path):
    for content in ("", "{}", '{"diffview_work": 9, "saved": 1, "recipe": {}}', "[1]", '{"diffview_work": 1}'):
        (tmp_path / "1-1.json").write_text(content)
        assert read_work(tmp_path / "1-1.json") is None
    write_work(Recipe.of(path=GIVEN), tmp_path / "1-1.json")
    assert read_work(tmp_path / "1-1.json") is None


def test_a_folder_that_cannot_be_written_costs_one_sentence(tmp_path, wait, qtbot):
    (tmp_path / "mine.work").write_text("in the way")
    session = Session(default_recipe().but(model="gaussian"), Facts(packaged_field()))
    told = []
    session.told.connect(told.append)
    keeping = Keeping(session, Settings(tmp_path / "mine.ini"), None)
    keeping.begin()
    session.edit(seed=2)
    wait(lambda: len(told) > 0)
    session.edit(seed=3)
    qtbot.wait(1500)
    keeping.close()
    assert [message.sentence.startswith("The work of this window is not kept: ") for message in told] == [True]


def test_what_a_lecture_shows_is_not_kept_as_work(start, wait, settle, tmp_path):
    window = start()
    window.session.edit(seed=31)
    window.actions_["lectureAction"].trigger()
    wait(lambda: window.lecturing.talk.on)
    assert not window.first_screen.card.isVisible()
    window.session.edit(seed=99)
    folder = tmp_path / "mine.work"
    wait(lambda: bool(files_of(folder)) and read_work(files_of(folder)[0]) is not None)
    assert read_work(files_of(folder)[0]).recipe.course.seed == 31
    window.close()
    assert read_work(files_of(folder)[0]).recipe.course.seed == 31
