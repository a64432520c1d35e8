"""The beats of a chapter are added, changed, ordered and removed in a form; what cannot be played stays out."""

import pytest
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from diffview.story.beats import BEATS, AnimateTime, HighlightPart, SetValues, TellSentence, WaitBeat, plain_beat
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture
from diffview.story.parts import Stage

BEFORE = (AnimateTime(t=0.4, seconds=2.0), SetValues(values=(("seed", 3),)), TellSentence(sentence="So it is."))


@pytest.fixture
def form(window, find):
    """The form of a chapter with three beats, in the editor."""
    find(window, "writeLectureAction").trigger()
    editor = find(window, "lectureEditor")
    chapter = Chapter("One", "It is.", stage=Stage(("forward",)), recipe=QUICK, beats=BEFORE)
    editor.set_lecture(Lecture("L", (chapter, Chapter("Two", "It was."))))
    return editor.beats


def written(form):
    """The beats of the lecture that is being written."""
    return form.window().lecture.chapters[0].beats


def choose(hand, find, form, name, key):
    box = find(form, name)
    box.setCurrentIndex(box.findData(key))
    box.activated.emit(box.currentIndex())


def type_in(find, form, name, text):
    field = find(form, name)
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_a_number_of_a_beat_is_typed_and_one_that_is_none_is_told(form, find, window):
    assert [form.list.item(row).text() for row in range(3)] == [
        "1  the playhead moves to t = 0.4", "2  other values: seed", "3  “So it is.”",
    ]  # fmt: skip
    type_in(find, form, "beat_t", "0.7")
    assert written(form)[0] == AnimateTime(t=0.7, seconds=2.0)
    type_in(find, form, "beat_t", "7")
    assert "t = 7 is outside 0 to 1" in find(window, "lectureSaid").text() and written(form)[0].t == 0.7
    type_in(find, form, "beat_t", "soon")
    assert written(form)[0].t == 0.7


def test_values_of_the_recipe_are_typed_by_name(form, find, window):
    form.list.setCurrentRow(1)
    assert find(form, "beat_values").text() == '{"seed": 3}'
    type_in(find, form, "beat_values", '{"seed": 5, "steps": 9}')
    assert dict(written(form)[1].values) == {"seed": 5, "steps": 9}
    type_in(find, form, "beat_say", "Other noise.")
    assert written(form)[1].say == "Other noise."
    type_in(find, form, "beat_values", '{"sedd": 5}')
    assert "no value 'sedd'" in find(window, "lectureSaid").text() and dict(written(form)[1].values)["seed"] == 5


@pytest.mark.parametrize("text", ['{"schedule": {}}', '{"fork": {}}', "[" * 20000, '{"seed": NaN}', "3", "[]"])
def test_what_is_no_value_is_told_whatever_it_is(form, find, window, text):
    form.list.setCurrentRow(1)
    field = find(form, "beat_values")
    field.setText(text)
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert "no value" in find(window, "lectureSaid").text() and written(form)[1] == BEFORE[1]


def test_a_point_that_no_number_holds_is_told(form, find, hand, window):
    choose(hand, find, form, "beatKind", "move")
    type_in(find, form, "beat_to", f"[1{'0' * 400}, 1]")
    assert "That is no value." in find(window, "lectureSaid").text()


def test_beats_are_added_changed_into_another_kind_ordered_and_removed(form, find, hand, window):
    hand.click(find(form, "addBeatButton"))
    assert written(form)[1] == WaitBeat() and form.row == 1
    choose(hand, find, form, "beatKind", "highlight")
    choose(hand, find, form, "beat_part", "forward")
    assert written(form)[1] == HighlightPart(part="forward")
    hand.click(find(form, "beatUpButton"))
    assert written(form)[0] == HighlightPart(part="forward") and form.row == 0
    hand.click(find(form, "beatDownButton"))
    hand.click(find(form, "removeBeatButton"))
    assert written(form) == BEFORE


def test_what_cannot_be_played_on_this_stage_is_refused_by_its_beat(form, find, hand, window):
    hand.click(find(form, "addBeatButton"))
    choose(hand, find, form, "beatKind", "highlight")
    choose(hand, find, form, "beat_part", "reverse")
    assert "Beat 2: reverse is not on the stage." in find(window, "lectureSaid").text()
    assert written(form)[1] == HighlightPart()


def test_another_chapter_has_its_own_beats(form, find):
    form.window().list.setCurrentRow(1)
    assert form.list.count() == 0 and not form.kind.isEnabled() and form.row == -1


@pytest.mark.parametrize("key", sorted(set(BEATS) - {"animate", "start", "tell"}))
def test_every_kind_can_be_chosen_and_is_written_as_it_was(form, find, hand, key):
    choose(hand, find, form, "beatKind", key)
    assert plain_beat(written(form)[0]) == {"do": key}
