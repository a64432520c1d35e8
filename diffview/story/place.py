"""The place in a lecture: how the clicker goes on and back, and the small file that remembers it over a crash."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from diffview.errors import UserError
from diffview.paths import read_json, write_text
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture


class Place(NamedTuple):
    """Which chapter, and how many of its beats have been played, both counted from 0."""

    chapter: int = 0
    beat: int = 0


def goes_on(chapter: Chapter, beat: int) -> bool:
    """Whether after so many beats the next is played by itself: a wait, or what follows one."""
    beats = chapter.beats
    return beat < len(beats) and (beats[beat].by_itself or (beat > 0 and beats[beat - 1].by_itself))


def following(lecture: Lecture, place: Place) -> Place | None:
    """The place after the next beat, or at the beginning of the next chapter; None at the end of the lecture."""
    if place.beat < len(lecture.chapters[place.chapter].beats):
        return place._replace(beat=place.beat + 1)
    return Place(place.chapter + 1) if place.chapter + 1 < len(lecture.chapters) else None


def preceding(lecture: Lecture, place: Place) -> Place | None:
    """The place where the clicker was before it was pressed last; None at the beginning of the lecture.

    From the beginning of a chapter that is the end of the one before.
    """
    chapter = lecture.chapters[place.chapter]
    for beat in range(place.beat - 1, -1, -1):
        if not goes_on(chapter, beat) or beat == 0:
            return place._replace(beat=beat)
    if place.chapter == 0:
        return None
    return Place(place.chapter - 1, len(lecture.chapters[place.chapter - 1].beats))


def inside(lecture: Lecture, place: Place) -> Place:
    """The place itself, or the nearest that the lecture has: it may have been edited since."""
    chapter = min(max(place.chapter, 0), len(lecture.chapters) - 1)
    return Place(chapter, min(max(place.beat, 0), len(lecture.chapters[chapter].beats)))


class Kept(NamedTuple):
    """A talk that was under way: its lecture (None: the one that comes with the program), and the place in it."""

    home: Path | None
    place: Place


class PlaceFile:
    """The file in which a talk under way is kept, written whole or not at all; there is none when no talk is on."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def keep(self, home: Path | None, place: Place) -> None:
        """Remember the place; a disk that is full or may not be written to does not end a talk."""
        plain = {"lecture": None if home is None else str(home), "chapter": place.chapter, "beat": place.beat}
        with suppress(UserError, OSError):
            write_text(self._path, json.dumps(plain))

    def forget(self) -> None:
        """The talk has ended."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def kept(self) -> Kept | None:
        """The talk that was under way; None if there was none, or if it cannot be understood."""
        try:
            plain: dict[str, Any] = read_json(self._path, "the place in a talk")
            home, chapter, beat = plain["lecture"], plain["chapter"], plain["beat"]
        except (UserError, KeyError):
            return None
        if type(chapter) is not int or type(beat) is not int or not isinstance(home, str | None):
            return None
        return Kept(None if home is None else Path(home), Place(chapter, beat))
