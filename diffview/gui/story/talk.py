"""A talk: plays the beats of a lecture in the window, goes back, is left by a touch, and gives the user all back."""

from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QObject, QTimer, Signal

from diffview.gui.jobs.live import Live
from diffview.gui.session import Aside, Session
from diffview.gui.show.history import History
from diffview.gui.story.scenery import Scenery
from diffview.gui.story.touches import Touches
from diffview.story.beats import AnimateTime, Beat, MoveHandle, PlayRun, Scene, StartWork, WaitBeat
from diffview.story.chapter import Chapter
from diffview.story.lecture import Lecture
from diffview.story.place import Place, PlaceFile, following, goes_on, inside, preceding

TICK_MS = 16
DRAWN = AnimateTime, MoveHandle
"""Beats that are drawn scene by scene."""

AT_WORK = 0.6
"""Seconds after which work that has ended ends its beat, if it is that long: it may not have begun before."""


class Talk(QObject):
    """Where a lecture is, and what is on its stage.

    Attributes:
        lecture: that is played; the packaged one is read when a talk first begins.
        place: the chapter, and how many of its beats have been played or are being played.
        scene: how the stage stands now, in the middle of a beat too.
        black: whether the stage is black.
        left: whether the audience sees what somebody has touched, and no longer the script.
        works: says whether what a beat has begun is at work.
        touches: what somebody touches meanwhile.

    Signals:
        staged: `scene` changed, or what is said beside it: draw.
        switched: the talk began or ended.
        asked: the work of this part is to begin.
    """

    staged = Signal()
    switched = Signal(bool)
    asked = Signal(str)

    def __init__(self, session: Session, live: Live, scenery: Scenery, file: PlaceFile, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._live, self._scenery, self._file = session, live, scenery, file
        self.lecture: Lecture | None = None
        self.place = Place()
        self.scene: Scene | None = None
        self.black = self.left = False
        self.works: Callable[[], bool] = lambda: False
        self._aside: Aside | None = None
        self._beat: Beat | None = None
        self._onward = False
        self._clock = QElapsedTimer()
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        scenery.stood.connect(self._start_beat)
        self.touches = Touches(session, live, scenery)
        self.touches.left.connect(self._leave)

    # -- what is on

    @property
    def on(self) -> bool:
        """Whether a talk is on."""
        return self._aside is not None

    @property
    def chapter(self) -> Chapter:
        """The chapter on stage."""
        assert self.lecture is not None
        return self.lecture.chapters[self.place.chapter]

    @property
    def playing(self) -> bool:
        """Whether a beat is being played, or its scene not there yet."""
        return self._beat is not None or not self._scenery.stands

    def begin(self, lecture: Lecture, place: Place | None = None) -> None:
        """Put a lecture on, at a place or where it was left last."""
        if lecture != self.lecture:
            self.lecture, self.place = lecture, Place()
        self.place = inside(lecture, self.place if place is None else place)
        if self._aside is None:
            now = self._session
            self._aside = now.exchange(Aside(now.recipe, now.facts, now.view, History()))
            self.switched.emit(True)
        self._stand(self.place)

    def end(self) -> None:
        """Give the user all back, and keep the place for when the talk goes on."""
        if self._aside is None:
            return
        self._rest()
        aside, self._aside = self._aside, None
        self._live.stop()
        self._scenery.drop()
        self._session.exchange(aside)
        self._file.forget()
        self.black = self.left = False
        self.switched.emit(False)

    # -- the clicker

    def next(self) -> None:
        """Play the next beat; what is being played is at its end then; after a touch return to the script first."""
        if self.lecture is None or self._came_back():
            return
        after = following(self.lecture, self.place)
        if after is None:
            self._stand(self.place)
        elif after.chapter != self.place.chapter:
            self._stand(after)
        else:
            self._play(after)

    def back(self) -> None:
        """Undo the last press of the clicker; after a touch return to the script first."""
        if self.lecture is None or self._came_back():
            return
        before = preceding(self.lecture, self.place)
        self._stand(self.place if before is None else before, onward=False)

    def go(self, chapter: int) -> None:
        """Begin a chapter."""
        if self.lecture is not None:
            self._stand(inside(self.lecture, Place(chapter)))

    def toggle_black(self) -> None:
        """Black the stage, or show it again."""
        self.black = not self.black
        self.staged.emit()

    # -- playing

    def _came_back(self) -> bool:
        """Return to the script if it was left, or show the stage again if it is black; whether there was need to."""
        if self.black:
            self.toggle_black()
            return True
        if self.left:
            self._stand(self.place, onward=False)
            return True
        return False

    def _stand(self, place: Place, onward: bool = True) -> None:
        """Show at once how the stage stands at a place; going `onward`, a wait that begins there is played."""
        self._rest()
        self._onward = onward
        self._show(place, place.beat)

    def _play(self, place: Place) -> None:
        """Play the beat that leads to a place."""
        self._rest()
        beat = self.chapter.beats[place.beat - 1]
        self._beat = beat if isinstance(beat, (*DRAWN, PlayRun, WaitBeat, StartWork)) else None
        self._onward = True
        at_once = self._beat is None or isinstance(beat, StartWork)
        self._show(place, place.beat if at_once else place.beat - 1)

    def _rest(self) -> None:
        """Play nothing any more."""
        self._timer.stop()
        self._beat = None
        self.left = False
        self.touches.forget()

    def _show(self, place: Place, scene: int) -> None:
        """Be at a place, and show this scene of its chapter as soon as its field is there, see `_start_beat`."""
        self.place = place
        if self.lecture is not None:
            self._file.keep(self.lecture.home, place)
        self.scene = self.chapter.scenes[scene]
        self._scenery.show(self.scene)

    def _start_beat(self) -> None:
        """The scene stands: begin the beat that was asked for, or the one that follows by itself."""
        if self._aside is None:
            return
        if isinstance(self._beat, StartWork):
            self.asked.emit(self._beat.part)
        self.staged.emit()
        if isinstance(self._beat, PlayRun):
            self._scenery.run(self._beat.seconds)
        if self._beat is not None:
            self._clock.start()
            self._timer.start()
        else:
            self._go_on()

    def _tick(self) -> None:
        """Draw the beat as far as it is, or end it."""
        beat, before = self._beat, self.chapter.scenes[self.place.beat - 1]
        if beat is None:
            self._timer.stop()
            return
        share = min(self._clock.elapsed() / 1000 / max(beat.lasts, 1e-3), 1.0)
        if isinstance(beat, PlayRun):
            if self._live.running:
                return
        elif share < 1.0 and (not isinstance(beat, StartWork) or self.works() or share * beat.lasts < AT_WORK):
            if isinstance(beat, DRAWN):
                self.scene = beat.during(before, share)
                self._scenery.draw(self.scene)
            return
        self._timer.stop()
        self._beat = None
        self.scene = self.chapter.scenes[self.place.beat]
        self._scenery.draw(self.scene)
        self.staged.emit()
        self._go_on()

    def _go_on(self) -> None:
        """Play the next beat if it is one that follows by itself."""
        if self._onward and goes_on(self.chapter, self.place.beat):
            self._play(self.place._replace(beat=self.place.beat + 1))

    def _leave(self) -> None:
        """The audience sees what somebody has touched: nothing is played any more."""
        if self._aside is not None and not self.left:
            self._rest()
            self.left = True
            self.staged.emit()
