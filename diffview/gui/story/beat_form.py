"""The beats of a chapter in a form: chosen in a list, ordered, added and removed, each with the fields it declares."""

import json
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QListWidget, QVBoxLayout, QWidget

from diffview.errors import UserError
from diffview.gui.show.beat_words import beat_words
from diffview.gui.show.param_words import label_for, tip_for
from diffview.gui.widgets.small.parts import add_choices, combo, line, named, push_button, show_key
from diffview.params import Choice, Parameter, parameters, plain_of
from diffview.paths import parse_json
from diffview.story.beats import BEATS, Beat, WaitBeat, beat_of

KEY = "do"


class BeatForm(QWidget):
    """The beats of one chapter.

    Attributes:
        beats: as they are now.

    Signals:
        edited: they are others; who hears it shows them anew, or says why they cannot be.
        refused: what was typed is no value, a UserError.
    """

    edited = Signal(object)
    refused = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.beats: tuple[Beat, ...] = ()
        self.list = named(QListWidget(), "beatList", "Beats")
        self.kind = combo("beatKind", "What the beat does")
        add_choices(self.kind, [(key, key, (kind.__doc__ or "").splitlines()[0]) for key, kind in BEATS.items()])
        self._fields: dict[str, QLineEdit | QComboBox] = {}
        self._kind_shown = ""
        self._form = QFormLayout()
        right = QVBoxLayout()
        right.addWidget(self.kind)
        right.addLayout(self._form)
        right.addStretch(1)
        right.addLayout(self._tools())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.list, 1)
        row.addLayout(right, 1)
        self.list.currentRowChanged.connect(self._show_beat)
        self.kind.activated.connect(self._change_kind)

    def _tools(self) -> QHBoxLayout:
        tools: dict[str, tuple[str, str, Callable[[], object]]] = {
            "addBeatButton": ("Add", "A pause behind the chosen beat, which may become something else", self._add),
            "beatUpButton": ("Up", "Earlier", lambda: self._move(-1)),
            "beatDownButton": ("Down", "Later", lambda: self._move(1)),
            "removeBeatButton": ("Remove", "Without this beat", self._remove),
        }
        made = []
        for name, (text, tip, do) in tools.items():
            button = push_button(name, text, text, tip)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, do=do: do())
            made.append(button)
        return line(*made)

    @property
    def row(self) -> int:
        """The chosen beat, -1 without any."""
        return self.list.currentRow()

    def set_beats(self, beats: tuple[Beat, ...], row: int | None = None) -> None:
        """Show the beats of a chapter; emits nothing."""
        row = self.row if row is None else row
        self.beats = beats
        with QSignalBlocker(self.list):
            self.list.clear()
            self.list.addItems([f"{number}  {beat_words(beat)}" for number, beat in enumerate(beats, 1)])
            self.list.setCurrentRow(min(max(row, 0), len(beats) - 1))
        self._show_beat()

    # -- edits

    def _put(self, beats: list[Beat], row: int) -> None:
        self.set_beats(self.beats, row)
        self.edited.emit(tuple(beats))
        if self.row != row and row < len(self.beats):
            self.list.setCurrentRow(row)

    def _add(self) -> None:
        at = self.row + 1
        self._put([*self.beats[:at], WaitBeat(), *self.beats[at:]], at)

    def _move(self, by: int) -> None:
        to = self.row + by
        if self.row >= 0 and 0 <= to < len(self.beats):
            left = [*self.beats[: self.row], *self.beats[self.row + 1 :]]
            self._put([*left[:to], self.beats[self.row], *left[to:]], to)

    def _remove(self) -> None:
        if self.row >= 0:
            self._put([*self.beats[: self.row], *self.beats[self.row + 1 :]], max(self.row - 1, 0))

    def _change_kind(self) -> None:
        """Another kind of beat, with its usual values and what was to be said."""
        kind = BEATS[self.kind.currentData()]
        if self.row >= 0 and type(self.beats[self.row]) is not kind:
            self._replace({KEY: kind.key, "say": self.beats[self.row].say})

    def _take(self) -> None:
        """Take what is in the fields."""
        if self.row >= 0:
            kind = BEATS[self._kind_shown]
            self._replace({KEY: kind.key, **{p.name: self._value(p) for p in parameters(kind)}})

    def _replace(self, plain: dict[str, Any]) -> None:
        try:
            beat = beat_of(plain)
        except (UserError, ValueError, TypeError, AttributeError, KeyError, OverflowError) as error:
            told = error if isinstance(error, UserError) else UserError("That is no value.", "Write it as it was.")
            self.refused.emit(told)
            return
        if beat != self.beats[self.row]:
            self._put([*self.beats[: self.row], beat, *self.beats[self.row + 1 :]], self.row)

    def _value(self, p: Parameter) -> Any:
        """What a field says, as JSON can hold it."""
        field = self._fields[p.name]
        if isinstance(field, QComboBox):
            return field.currentData()
        if p.type is str:
            return field.text()
        try:
            return parse_json(field.text() or "null")
        except ValueError:
            return field.text()

    # -- shows

    def _show_beat(self) -> None:
        """Show the chosen beat in its fields."""
        there = 0 <= self.row < len(self.beats)
        self.kind.setEnabled(there)
        key = self.beats[self.row].key if there else ""
        if key != self._kind_shown:
            self._build_fields(key)
        if not there:
            return
        show_key(self.kind, key)
        plain = plain_of(self.beats[self.row])
        for name, field in self._fields.items():
            value = plain[name]
            if isinstance(field, QComboBox):
                show_key(field, value)
            else:
                field.setText(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
                field.setCursorPosition(0)

    def _build_fields(self, key: str) -> None:
        """Fields for what a kind of beats declares."""
        self._kind_shown = key
        while self._form.rowCount():
            self._form.removeRow(0)
        self._fields = {}
        for p in parameters(BEATS[key]) if key else ():
            field: QLineEdit | QComboBox
            if isinstance(p.allowed, Choice):
                field = combo(f"beat_{p.name}", label_for(p.name), tip_for(p))
                add_choices(field, [(one, one or "none", "") for one in p.allowed.options])
                field.activated.connect(self._take)
            else:
                field = named(QLineEdit(), f"beat_{p.name}", label_for(p.name), tip_for(p))
                field.editingFinished.connect(self._take)
            self._fields[p.name] = field
            self._form.addRow(label_for(p.name), field)
