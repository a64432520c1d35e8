"""Writing a lecture: its chapters in a list, captured from the window, reordered, edited and copied."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from diffview.errors import UserError
from diffview.gui.story.beat_form import BeatForm
from diffview.gui.theme import theme
from diffview.gui.widgets.small.parts import add_choices, combo, line, named, push_button, say, show_key, words
from diffview.runs.recipe import Recipe
from diffview.story.beats import LONGEST_SENTENCE, Beat
from diffview.story.chapter import LONGEST_TITLE, Chapter, beat_to, captured
from diffview.story.equation_table import EQUATIONS
from diffview.story.lecture import Lecture
from diffview.story.parts import PICTURES, PLOTS, Stage

FIRST = "Say in one sentence what is to be seen."
"""The sentence of a chapter that was just captured."""

WIDTH, HEIGHT = 860, 680
"""In which a whole sentence can be read."""

NAMES = {"": "none", **{part: part for part in (*PICTURES, *PLOTS)}}


class LectureEditor(QDialog):
    """A lecture that is being written.

    Attributes:
        lecture: as it is now; None before its first chapter.

    Signals:
        startAsked: the lecture is to begin at this chapter.
        openAsked, saveAsked: another lecture is to be opened, or this one saved.
    """

    startAsked = Signal(int)
    openAsked = Signal()
    saveAsked = Signal()

    def __init__(self, state: Callable[[], Recipe], parent: QWidget) -> None:
        """`state` gives what is in the window now, with its view."""
        super().__init__(parent)
        self.setWindowTitle("Lecture")
        self.setObjectName("lectureEditor")
        self._state = state
        self.lecture: Lecture | None = None
        self.list = named(QListWidget(), "chapterList", "Chapters")
        self._build_form()
        said = self.said = words("", "lectureSaid")
        said.setWordWrap(True)
        self.beats = BeatForm()
        self.beats.edited.connect(self._take_beats)
        self.beats.refused.connect(lambda error: say(said, str(error)))
        layout = QVBoxLayout(self)
        layout.addWidget(self.list)
        layout.addLayout(self._buttons(self._chapter_tools()))
        layout.addLayout(self._form)
        layout.addWidget(self.beats, 1)
        layout.addWidget(self.said)
        layout.addLayout(self._buttons(self._lecture_tools()))
        self.list.currentRowChanged.connect(self._show_chapter)
        self.resize(theme.px(WIDTH), theme.px(HEIGHT))
        self._show(0)

    def _build_form(self) -> None:
        self.title = named(QLineEdit(maxLength=LONGEST_TITLE), "chapterTitle", "Title")
        self.sentence = named(QLineEdit(maxLength=LONGEST_SENTENCE), "chapterSentence", "Sentence")
        self.pictures = combo("pictureOne", "First picture"), combo("pictureTwo", "Second picture")
        self.plot, self.equation = combo("chapterPlot", "Plot"), combo("chapterEquation", "Equation")
        for box, parts in (*((box, PICTURES) for box in self.pictures), (self.plot, PLOTS)):
            add_choices(box, [(part, NAMES[part], "") for part in ("", *parts)])
        add_choices(self.equation, [("", "none", ""), *((key, key, one.meaning) for key, one in EQUATIONS.items())])
        self._form = QFormLayout()
        self._form.addRow("Title", self.title)
        self._form.addRow("Sentence", self.sentence)
        self._form.addRow("Pictures", line(*self.pictures))
        self._form.addRow("Plot", self.plot)
        self._form.addRow("Equation", self.equation)
        for edit in (self.title, self.sentence):
            edit.editingFinished.connect(self._take)
        for box in (*self.pictures, self.plot, self.equation):
            box.activated.connect(self._take)

    def _chapter_tools(self) -> dict[str, tuple[str, str, Callable[[], object]]]:
        return {
            "captureButton": ("Capture", "This state of the window as another chapter", self.capture),
            "beatButton": ("Add a beat", "What differs from the end of the chapter, as its next beat", self.add_beat),
            "copyChapterButton": ("Copy", "The chapter once more", self._copy),
            "upButton": ("Up", "Earlier", lambda: self._move(-1)),
            "downButton": ("Down", "Later", lambda: self._move(1)),
            "removeChapterButton": ("Remove", "Without this chapter", self._remove),
        }

    def _lecture_tools(self) -> dict[str, tuple[str, str, Callable[[], object]]]:
        return {
            "openLectureButton": ("Open…", "Another lecture", self.openAsked.emit),
            "saveLectureButton": (
                "Save as…",
                "One file, or a folder, that travels with its fields",
                self.saveAsked.emit,
            ),
            "startLectureButton": ("Start", "Begin at this chapter", lambda: self.startAsked.emit(self._row)),
        }

    def _buttons(self, tools: dict[str, tuple[str, str, Callable[[], object]]]) -> QHBoxLayout:
        made: list[QPushButton] = []
        for name, (text, tip, do) in tools.items():
            button = push_button(name, text, text, tip)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, do=do: self._try(do))
            made.append(button)
        return line(*made)

    @property
    def _row(self) -> int:
        return max(self.list.currentRow(), 0)

    def set_lecture(self, lecture: Lecture) -> None:
        """Show another lecture."""
        self.lecture = lecture
        self._show(0)

    # -- edits

    def capture(self) -> None:
        """This state of the window as a chapter behind the chosen one."""
        number = 1 if self.lecture is None else len(self.lecture.chapters) + 1
        made = captured(self._state(), f"Chapter {number}", FIRST)
        if self.lecture is None:
            self.lecture = Lecture("My lecture", (made,))
            self._show(0)
        else:
            self._put(self.lecture.inserted(self._row + 1, made), self._row + 1)

    def add_beat(self) -> None:
        """What differs now from the end of the chapter, as its next beat."""
        if self.lecture is not None:
            chapter = self._chapter(self.lecture)
            added = replace(chapter, beats=(*chapter.beats, beat_to(chapter, self._state())))
            self._put(self.lecture.replaced(self._row, added), self._row)

    def _copy(self) -> None:
        if self.lecture is not None:
            self._put(self.lecture.inserted(self._row + 1, self._chapter(self.lecture)), self._row + 1)

    def _move(self, by: int) -> None:
        if self.lecture is not None and 0 <= self._row + by < len(self.lecture.chapters):
            self._put(self.lecture.moved(self._row, self._row + by), self._row + by)

    def _remove(self) -> None:
        if self.lecture is not None:
            self._put(self.lecture.removed(self._row), max(self._row - 1, 0))

    def _take(self) -> None:
        """Take what is in the form."""
        if self.lecture is not None:
            self._try(self._take_form)

    def _take_form(self) -> None:
        if self.lecture is None:
            return
        asked = dict.fromkeys(str(box.currentData()) for box in self.pictures if box.currentData())
        edited = replace(
            self._chapter(self.lecture), title=self.title.text(), sentence=self.sentence.text(),
            stage=Stage(tuple(asked), str(self.plot.currentData())), equation=str(self.equation.currentData()),
        )  # fmt: skip
        self._put(self.lecture.replaced(self._row, edited), self._row)

    def _take_beats(self, beats: tuple[Beat, ...]) -> None:
        """Take other beats, if they can be played one after the other."""
        lecture = self.lecture
        if lecture is not None:
            self._try(
                lambda: self._put(lecture.replaced(self._row, replace(self._chapter(lecture), beats=beats)), self._row)
            )

    def _try(self, do: Callable[[], object]) -> None:
        """Do it, or say why it cannot be done."""
        try:
            do()
        except UserError as error:
            say(self.said, str(error))

    # -- shows

    def _put(self, lecture: Lecture, row: int) -> None:
        self.lecture = lecture
        self._show(row)

    def _chapter(self, lecture: Lecture) -> Chapter:
        return lecture.chapters[self._row]

    def _show(self, row: int) -> None:
        """Show the chapters, with one of them chosen."""
        chapters = () if self.lecture is None else self.lecture.chapters
        with QSignalBlocker(self.list):
            self.list.clear()
            self.list.addItems([f"{number}  {chapter.title}" for number, chapter in enumerate(chapters, 1)])
            self.list.setCurrentRow(row if chapters else -1)
        self._show_chapter()

    def _show_chapter(self) -> None:
        """Show the chosen chapter in the form."""
        there = self.lecture is not None
        for widget in (self.title, self.sentence, *self.pictures, self.plot, self.equation):
            widget.setEnabled(there)
        if self.lecture is None:
            self.beats.set_beats(())
            say(self.said, "Capture begins a lecture with what is in the window.")
            return
        chapter = self._chapter(self.lecture)
        self.title.setText(chapter.title)
        self.sentence.setText(chapter.sentence)
        self.sentence.setCursorPosition(0)
        for box, part in zip(self.pictures, (*chapter.stage.pictures, "", "")[:2], strict=True):
            show_key(box, part)
        show_key(self.plot, chapter.stage.plot)
        show_key(self.equation, chapter.equation)
        self.beats.set_beats(chapter.beats)
        say(self.said, f"{len(chapter.beats)} beats, {chapter.seconds:g} s.")
