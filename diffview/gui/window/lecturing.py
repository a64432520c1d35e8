"""The lecture in the window: begun, left and gone on with, by menu, key and clicker."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from diffview.errors import UserError
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.handout import HandoutMaker
from diffview.gui.jobs.live import Live
from diffview.gui.session import Message, Session
from diffview.gui.story.clicker import Clicker
from diffview.gui.story.scenery import Scenery
from diffview.gui.story.talk import Talk
from diffview.story.lecture import Lecture, packaged_lecture, read_lecture, write_lecture
from diffview.story.one_file import SUFFIX
from diffview.story.place import Place, PlaceFile

if TYPE_CHECKING:
    from diffview.gui.story.editor import LectureEditor


FOLDER = "Folder"
SAVED = f"One file (*.zip);;{FOLDER} (*)"
LECTURES = "Lectures (*.zip *.json);;All files (*)"
HANDOUTS = "Page (*.html);;Paper (*.pdf)"


class Keep(NamedTuple):
    """Where the place in a talk is kept, and what remembers a lecture that was saved."""

    place: Path
    remember: Callable[[Path], None]


class Lecturing(QObject):
    """Begins and ends talks.

    Attributes:
        talk: plays the lecture.
    """

    def __init__(
        self, session: Session, live: Live, files: Files, handouts: HandoutMaker, keep: Keep, window: QWidget
    ) -> None:
        """`keep` has the file of the place in a talk, and remembers a lecture among what was opened last."""
        super().__init__(window)
        self._session, self._file = session, PlaceFile(keep.place)
        self._handouts, self._remember, self._window = handouts, keep.remember, window
        self._editor: LectureEditor | None = None
        self.talk = Talk(session, live, Scenery(session, live, files, self), self._file, self)
        talk = self.talk
        does = {"next": talk.next, "back": talk.back, "toggle": talk.end, "black": talk.toggle_black}
        self._clicker = Clicker(does, talk.touches.touch, self)
        talk.switched.connect(self._clicker.set_on)

    def toggle(self) -> None:
        """Begin the lecture, go on with it where it was left, or leave it."""
        if self.talk.on:
            self.talk.end()
        else:
            self.start()

    def start(self, path: Path | None = None) -> None:
        """Begin a lecture, or the one that was on last; a talk that was cut short goes on at its beat."""
        kept = self._file.kept()
        lecture, place = self.talk.lecture, None
        try:
            if path is not None:
                lecture = read_lecture(path)
            elif lecture is None:
                lecture = packaged_lecture() if kept is None or kept.home is None else read_lecture(kept.home)
        except UserError as error:
            other = None if path is not None else ("Begin the one that ships", lambda: self.begin(packaged_lecture()))
            self._session.tell_error(error, other)  # the place stays: a stick may come back
            return
        if kept is not None and kept.home == lecture.home:
            place = kept.place
        self.begin(lecture, place)

    def begin(self, lecture: Lecture, place: Place | None = None) -> None:
        """Put a lecture on, at a place or where it was left last."""
        self.talk.begin(lecture, place)

    # -- writing one

    def write(self) -> None:
        """Show the lecture that is being written."""
        if self._editor is None:
            from diffview.gui.story.editor import LectureEditor

            self._editor = LectureEditor(lambda: self._session.kept, self._window)
            self._editor.startAsked.connect(self._start_written)
            self._editor.openAsked.connect(self._ask_open)
            self._editor.saveAsked.connect(self._ask_save)
            if self.talk.lecture is not None:
                self._editor.set_lecture(self.talk.lecture)
        self._editor.show()
        self._editor.raise_()

    def _start_written(self, chapter: int) -> None:
        if self._editor is not None and self._editor.lecture is not None:
            self._editor.hide()
            self.begin(self._editor.lecture, Place(chapter))

    def export(self, parent: QWidget) -> None:
        """Ask for a file, and make the handout of the lecture that was on last."""
        path, _ = QFileDialog.getSaveFileName(parent, "Save the handout", "lecture.html", HANDOUTS)
        if path:
            self._make_handout(self.talk.lecture or packaged_lecture(), Path(path))

    def _make_handout(self, lecture: Lecture, path: Path) -> None:
        try:
            self._handouts.start(lecture, path)
        except UserError as error:
            self._session.tell_error(error)

    def _ask_open(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._editor, "Open lecture", "", LECTURES)
        if path and self._editor is not None:
            self._editor.set_lecture(read_lecture(Path(path)))

    def _ask_save(self) -> None:
        if self._editor is None or self._editor.lecture is None:
            raise UserError("There is no chapter to save.", "Capture one first.")
        path, kind = QFileDialog.getSaveFileName(self._editor, "Save the lecture", "lecture.zip", SAVED)
        if path:
            asked = Path(path)
            named = FOLDER in kind or asked.is_dir() or asked.suffix.lower() == SUFFIX
            file = asked if named else Path(f"{path}{SUFFIX}")
            self._editor.set_lecture(write_lecture(self._editor.lecture, file))
            self._remember(file)

    def offer(self) -> None:
        """Offer to go on with a talk that was cut short."""
        kept = self._file.kept()
        if kept is not None:
            said = f"A talk was cut short at chapter {kept.place.chapter + 1}, beat {kept.place.beat}."
            self._session.tell(Message(said, "F5 goes on there.", action=("Go on", self.start)))

    def close(self) -> None:
        """The window is closed: a talk ends in order."""
        self.talk.end()
