"""The place in a lecture: forwards and back over every beat, kept over a crash, and never outside."""

import json

import pytest

from diffview.story.beats import RevealPart, WaitBeat
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture, packaged_lecture
from diffview.story.place import Place, PlaceFile, following, goes_on, inside, preceding

PRESS, PAUSE = RevealPart(), WaitBeat()


def lecture(*chapters):
    return Lecture("L", tuple(Chapter(f"C{i}", "It is.", beats=beats) for i, beats in enumerate(chapters)))


def walk(of, step, place):
    found = [place]
    while (place := step(of, place)) is not None:
        found.append(place)
    return found


def test_forwards_every_beat_comes_once():
    of = packaged_lecture()
    every = [(i, k) for i, chapter in enumerate(of.chapters) for k in range(len(chapter.beats) + 1)]
    assert walk(of, following, Place()) == every


def test_back_it_stops_where_the_clicker_was_pressed():
    of = lecture((PRESS, PAUSE, PRESS, PRESS), (PRESS,))
    assert [goes_on(of.chapters[0], k) for k in range(5)] == [False, True, True, False, False]
    assert walk(of, preceding, Place(1, 1)) == [(1, 1), (1, 0), (0, 4), (0, 3), (0, 0)]


def test_back_from_every_place_of_the_packaged_lecture_comes_to_its_beginning():
    of = packaged_lecture()
    back = walk(of, preceding, Place(len(of.chapters) - 1, len(of.chapters[-1].beats)))
    assert back[-1] == Place() and back == sorted(back, reverse=True)
    assert not any(goes_on(of.chapters[place.chapter], place.beat) and place.beat for place in back)


@pytest.mark.parametrize(
    ("asked", "given"),
    [((0, 1), (0, 1)), ((0, 9), (0, 2)), ((7, 0), (1, 0)), ((7, 7), (1, 1)), ((-1, -1), (0, 0))],
)
def test_a_place_that_was_edited_away_is_the_nearest_there_is(asked, given):
    assert inside(lecture((PRESS, PRESS), (PRESS,)), Place(*asked)) == given


def test_a_place_is_kept_and_forgotten(tmp_path):
    file = PlaceFile(tmp_path / "talk.json")
    assert file.kept() is None
    file.forget()
    for home in (None, tmp_path / "talk.zip"):
        file.keep(home, Place(3, 2))
        assert file.kept() == (home, (3, 2))
    file.forget()
    assert file.kept() is None and not (tmp_path / "talk.json").exists()


def test_what_cannot_be_kept_or_understood_ends_no_talk(tmp_path):
    PlaceFile(tmp_path / "gone" / "talk.json").keep(None, Place())
    file = tmp_path / "talk.json"
    good = {"lecture": None, "chapter": 1, "beat": 2}
    for plain in ([], {}, {**good, "beat": "2"}, {**good, "chapter": 1.0}, {**good, "lecture": 4}):
        file.write_text(json.dumps(plain))
        assert PlaceFile(file).kept() is None
    file.write_text(json.dumps(good))
    assert PlaceFile(file).kept() == (None, (1, 2))
