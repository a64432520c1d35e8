"""Writing a lecture: states of the window become chapters, which are ordered, edited, saved, carried away and given."""

import re
import shutil

import pytest
from conftest import QUICK
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture, read_lecture


@pytest.fixture
def writing(window, find):
    """A window with its editor open."""
    find(window, "writeLectureAction").trigger()
    return window, find(window, "lectureEditor")


def titles(editor):
    return [editor.list.item(row).text().split("  ")[1] for row in range(editor.list.count())]


def type_in(hand, edit, text):
    hand.type_number(edit, text)  # a text is replaced, and ends with Enter, as a number does


def test_two_states_become_chapters_that_travel_and_are_given(writing, hand, find, wait, tmp_path, monkeypatch, settle):
    window, editor = writing
    assert "Capture begins a lecture" in find(window, "lectureSaid").text()
    hand.click(find(window, "captureButton"))
    type_in(hand, find(window, "chapterTitle"), "Before")
    type_in(hand, find(window, "chapterSentence"), "This is how it begins.")
    window.session.edit(seed=8, steps=5)
    window.session.look(reverse="x0_hat", playhead=0.5, follow=False)
    settle(window)
    hand.click(find(window, "captureButton"))
    type_in(hand, find(window, "chapterTitle"), "After")
    QTest.keyClicks(find(window, "chapterPlot"), "spec")
    QTest.keyClicks(find(window, "chapterEquation"), "closed")
    assert titles(editor) == ["Before", "After"]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "talk"), "Folder (*)"))
    hand.click(find(window, "saveLectureButton"))
    assert str(tmp_path / "talk") in window.settings.recent()
    shutil.move(tmp_path / "talk", tmp_path / "elsewhere")
    first, second = read_lecture(tmp_path / "elsewhere").chapters
    assert first.sentence == "This is how it begins." and first.recipe.course == QUICK.course
    assert (second.recipe.course.seed, second.recipe.course.steps) == (8, 5)
    assert (second.recipe.view.reverse, second.recipe.view.playhead) == ("x0_hat", 0.5)
    assert second.stage.plot == "spectrum" and second.equation == "closed_form"
    window.open_file(str(tmp_path / "elsewhere"))
    talk = window.lecturing.talk
    wait(lambda: talk.on and not talk.playing)
    assert talk.lecture.home == tmp_path / "elsewhere" and talk.chapter.title == "Before"
    talk.end()
    assert window.session.recipe.course.seed == 8


def test_a_lecture_is_saved_as_one_file_opened_again_and_listed(writing, hand, find, tmp_path, monkeypatch):
    window, editor = writing
    hand.click(find(window, "captureButton"))
    type_in(hand, find(window, "chapterTitle"), "Carried")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "talk"), "One file (*.zip)"))
    hand.click(find(window, "saveLectureButton"))
    file = tmp_path / "talk.zip"
    assert read_lecture(file).chapters[0].title == "Carried" and editor.lecture.home == file
    assert window.settings.recent()[0] == str(file)
    assert file.name in [action.text() for action in find(window, "recentMenu").actions()]
    before = file.read_bytes()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "talk.v2"), "One file (*.zip)"))
    type_in(hand, find(window, "chapterTitle"), "Other")
    hand.click(find(window, "saveLectureButton"))
    assert (tmp_path / "talk.v2.zip").is_file() and file.read_bytes() == before, "the other file stays"
    hand.click(find(window, "copyChapterButton"))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(file), ""))
    hand.click(find(window, "openLectureButton"))
    assert titles(editor) == ["Carried"]


@pytest.fixture
def given(window, find, monkeypatch):
    """given(path): Export > Lecture, with this name in its dialog; the lecture has two chapters of words."""
    chapters = (Chapter(title, f"{title} has words alone.", recipe=QUICK, equation="closed_form") for title in "AB")
    window.lecturing.talk.lecture = Lecture("Small", tuple(chapters))

    def ask(path):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
        (lecture,) = (action for action in find(window, "exportButton").menu().actions() if action.text() == "Lecture…")
        lecture.trigger()

    return ask


def test_the_handout_is_made_beside_the_window(window, given, tmp_path, wait):
    page = tmp_path / "talk.html"
    given(tmp_path / "talk.doc")
    assert window.heard[-1].sentence == "talk.doc is neither a page nor paper."
    given(page)
    wait(lambda: window.heard[-1].sentence == f"Saved {page}.")
    assert "B has words alone." in page.read_text("utf-8") and "<svg" in page.read_text("utf-8")


def test_the_handout_on_paper_is_made_beside_the_window_too(window, given, tmp_path, wait):
    """By the same command, which needs no screen for its letters: a sheet for each chapter, by the name of the talk."""
    paper = tmp_path / "talk.PDF"
    given(paper)
    wait(lambda: window.heard[-1].sentence == f"Saved {paper}.")
    assert window.heard[-1].hint == "2 chapters."
    made = paper.read_bytes()
    assert made.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", made)) == 2
    assert "Small".encode("utf-16-be") in made, "the title of the file is that of the lecture"


def test_what_differs_from_the_end_of_a_chapter_is_its_next_beat(writing, hand, find, settle):
    window, editor = writing
    hand.click(find(window, "captureButton"))
    window.session.edit(seed=8)
    settle(window)
    hand.click(find(window, "beatButton"))
    (run, beat) = editor.lecture.chapters[0].beats
    assert run.key == "run" and ("seed", 8) in beat.values
    window.session.look(playhead=editor.lecture.chapters[0].scenes[-1].t, follow=True)
    hand.click(find(window, "beatButton"))
    assert len(editor.lecture.chapters[0].beats) in (2, 3)
    hand.click(find(window, "beatButton"))
    assert find(window, "lectureSaid").text().startswith("Nothing differs from the end of the chapter.")


def test_chapters_are_copied_moved_and_removed_and_the_last_one_stays(writing, hand, find):
    window, editor = writing
    hand.click(find(window, "captureButton"))
    type_in(hand, find(window, "chapterTitle"), "A")
    hand.click(find(window, "copyChapterButton"))
    type_in(hand, find(window, "chapterTitle"), "B")
    assert titles(editor) == ["A", "B"]
    hand.click(find(window, "upButton"))
    hand.click(find(window, "upButton"))
    assert titles(editor) == ["B", "A"]
    hand.click(find(window, "downButton"))
    assert titles(editor) == ["A", "B"]
    hand.click(find(window, "removeChapterButton"))
    hand.click(find(window, "removeChapterButton"))
    assert titles(editor) == ["A"] and "at least one chapter" in find(window, "lectureSaid").text()


def test_a_sentence_without_an_end_is_refused_and_the_chapter_stays(writing, hand, find):
    window, editor = writing
    hand.click(find(window, "captureButton"))
    type_in(hand, find(window, "chapterSentence"), "No end")
    assert "sentence cannot be 'No end'" in find(window, "lectureSaid").text()
    assert editor.lecture.chapters[0].sentence != "No end"
