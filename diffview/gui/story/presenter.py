"""The presenter's line: what only the speaker sees while the stage is on another screen."""

from PySide6.QtCore import QElapsedTimer, QTime, QTimer
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from diffview.gui.show.beat_words import beat_words
from diffview.gui.story.talk import Talk
from diffview.gui.theme import GRID, SEMIBOLD
from diffview.gui.widgets.small.card import CardFrame, ElidedLabel
from diffview.gui.widgets.small.parts import line
from diffview.story.place import following

LARGE_PX = 20


class PresenterLine(CardFrame):
    """Clock and time of the talk, the chapter, the next beat, and what may be said."""

    def __init__(self, talk: Talk) -> None:
        super().__init__("On the stage", accent="good")
        self.setObjectName("presenterLine")
        self._talk, self._since = talk, QElapsedTimer()
        self.time = ElidedLabel(token="text", size=LARGE_PX, weight=SEMIBOLD)
        self.next, self.say = ElidedLabel(token="text", size=LARGE_PX), ElidedLabel()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self.time.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        column.addLayout(line(self.time, self.next, wide=(self.next,)))  # one row: the window below has little room
        column.addWidget(self.say)
        self.add(body)
        self._second = QTimer(self, interval=1000)
        self._second.timeout.connect(self._tell_time)
        talk.staged.connect(self.tell)
        self.hide()

    def set_on(self, on: bool) -> None:
        """Show it for as long as the talk lasts, or hide it."""
        if on and not self._second.isActive():
            self._since.start()
            self._second.start()
        elif not on:
            self._second.stop()
        self.setVisible(on)

    def tell(self) -> None:
        """Tell where the talk is, and what comes next."""
        talk = self._talk
        if not talk.on or talk.lecture is None:
            return
        chapter, place = talk.chapter, talk.place
        said = f"{place.chapter + 1} of {len(talk.lecture.chapters)}: {chapter.title}"
        self.set_title(f"{said} · beat {place.beat} of {len(chapter.beats)}")
        aside = "black · " if talk.black else "off the script, Page Down returns · " if talk.left else ""
        self.next.setText(f"{aside}next: {self._coming()}")
        beat = chapter.beats[place.beat - 1] if place.beat else None
        self.say.setText((chapter.say if beat is None else beat.say) or chapter.sentence)
        self._tell_time()

    def _coming(self) -> str:
        """What the next press does."""
        talk = self._talk
        after = None if talk.lecture is None else following(talk.lecture, talk.place)
        if talk.lecture is None or after is None:
            return "the end"
        chapter = talk.lecture.chapters[after.chapter]
        if after.chapter != talk.place.chapter:
            return f"chapter {after.chapter + 1}, {chapter.title}"
        return beat_words(chapter.beats[after.beat - 1])

    def _tell_time(self) -> None:
        minutes, seconds = divmod(self._since.elapsed() // 1000, 60)
        self.time.setText(f"{QTime.currentTime().toString('HH:mm')} · {minutes}:{seconds:02d} since the start")
