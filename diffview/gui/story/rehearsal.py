"""A rehearsal: every beat of a lecture is played unattended, and what would fail in the hall is listed."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from PySide6.QtCore import QObject

from diffview.gui.session import Message, Session
from diffview.gui.story.talk import DRAWN, Talk
from diffview.story.place import Place

LEAST_FRAMES = 30
"""Frames a second, below which a beat that is animated stutters."""

PATIENCE_S = 120
"""Seconds that a beat may take beyond its own."""

LONGEST_S = 15 * 60
"""Seconds that the beats of a lecture may take together."""


class Seen(NamedTuple):
    """One chapter, as it was played.

    Attributes:
        title: of the chapter.
        beats: that were played.
        seconds: that they took.
        frames: the fewest frames a second of its animated beats; None without any.
        faults: what went wrong, each as a finished sentence.
    """

    title: str
    beats: int
    seconds: float
    frames: float | None
    faults: tuple[str, ...]

    def words(self, number: int) -> str:
        """What is printed of it."""
        rate = "" if self.frames is None else f", {int(self.frames)} frames/s"
        head = f"{number:2d} {self.title}: {self.beats} beats, {self.seconds:.1f} s{rate}"
        return "\n".join([head, *(f"   {fault}" for fault in self.faults)])


class Rehearsal(QObject):
    """Plays a talk that is on, press by press.

    Args:
        turn: lets the window do what it has to do, for a moment.
        at_rest: whether nothing computes any more.
        looked: called at every place where the clicker is pressed next, with what is shown there.
    """

    def __init__(
        self, talk: Talk, session: Session, turn: Callable[[], None], at_rest: Callable[[], bool],
        looked: Callable[[Place], list[str]] = lambda place: [],
    ) -> None:  # fmt: skip
        super().__init__(talk)
        self._talk, self._session, self._turn, self._at_rest, self._looked = talk, session, turn, at_rest, looked
        self._faults: list[str] = []
        self._changes = 0
        session.told.connect(self._note)
        session.changed.connect(self._count)

    def chapters(self, wanted: Sequence[int] = ()) -> Iterator[tuple[int, Seen]]:
        """Play chapter after chapter, or those wanted, counted from 0; gives the number of each, and what was seen."""
        lecture = self._talk.lecture
        for number in wanted or range(0 if lecture is None else len(lecture.chapters)):
            self._talk.go(number)
            yield number, self._play(number)

    def _play(self, number: int) -> Seen:
        """Play one chapter to its end."""
        talk, rates, began = self._talk, list[float](), time.perf_counter()
        self._faults = []
        self._wait(number)
        last = len(talk.chapter.beats)
        while talk.place.beat < last:
            beat = talk.chapter.beats[talk.place.beat]
            self._changes, start = 0, time.perf_counter()
            talk.next()
            moving = talk.place.beat
            while talk.playing and talk.place.beat == moving and time.perf_counter() - start < beat.lasts + PATIENCE_S:
                self._turn()
            if isinstance(beat, DRAWN) and beat.lasts >= 1:
                rates.append(self._changes / (time.perf_counter() - start))
            self._wait(number)
        if rates and min(rates) < LEAST_FRAMES:
            self._fault(f"An animated beat has {int(min(rates))} frames/s, fewer than {LEAST_FRAMES}.")
        seconds = time.perf_counter() - began
        return Seen(talk.chapter.title, last, seconds, min(rates, default=None), tuple(self._faults))

    def _wait(self, number: int) -> None:
        """Wait until the place stands, and look at it."""
        start, talk = time.perf_counter(), self._talk
        limit = talk.chapter.seconds + PATIENCE_S
        while talk.playing or not self._at_rest():
            self._turn()
            if time.perf_counter() - start > limit:
                self._fault(f"Beat {talk.place.beat} does not come to its end in {limit:.0f} s.")
                break
        if talk.place.chapter != number:
            self._fault("It is left before its end.")
        if (refusal := self._session.plan.refusal) is not None and "reverse" in self._pictures:
            self._fault(f"Beat {talk.place.beat}: {refusal.sentence}")
        for fault in self._looked(talk.place):
            self._fault(fault)

    @property
    def _pictures(self) -> tuple[str, ...]:
        """The pictures on the stage."""
        return () if self._talk.scene is None else self._talk.scene.stage.pictures

    def _fault(self, sentence: str) -> None:
        if sentence not in self._faults:
            self._faults.append(sentence)

    def _note(self, message: Message) -> None:
        if message.kind == "error":
            self._fault(f"Beat {self._talk.place.beat}: {message.sentence}")

    def _count(self) -> None:
        self._changes += 1


def rehearsed(rehearsal: Rehearsal, tell: Callable[[str], None]) -> bool:
    """Play a lecture, tell what was seen of every chapter, and at the end of all; whether nothing went wrong."""
    seen = []
    for number, chapter in rehearsal.chapters():
        seen.append(chapter)
        tell(chapter.words(number + 1))
    seconds, faults = sum(one.seconds for one in seen), sum(len(one.faults) for one in seen)
    rates = [one.frames for one in seen if one.frames is not None]
    rate = f", at least {int(min(rates))} frames/s" if rates else ""
    tell(f"{len(seen)} chapters, {sum(one.beats for one in seen)} beats in {seconds:.0f} s{rate}, {faults} faults.")
    if seconds > LONGEST_S:
        tell(f"They take longer than {LONGEST_S // 60} minutes.")
    return not faults and seconds <= LONGEST_S
