"""The session: the one object that holds recipe and view and announces their changes; undo and redo."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from diffview.errors import UserError
from diffview.forward.state import Forward, Frame
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve

UNDO_DEPTH, UNDO_FIELDS = 200, 8
"""The most edits, and different fields among them, that can be undone."""


@dataclass(frozen=True)
class View:
    """The view: saved in the settings, never undone.

    Attributes:
        playhead: t in [0, 1].
        follow: whether the playhead moves with a live run.
        reverse: mode of REVERSE, a key of reverse_modes.MODES, SHOTS or BESIDE.
        auto_run: whether a run starts again after an edit.
        pace: seconds a finished run takes to play, 0 as it comes.
        whole_slice: whether FORWARD shows the whole slice instead of the region.
        quantity, axis: of the schedule plot.
        densities: whether those of schedule, grid and training over ln s are shown below it.
        colormap: key of COLORMAPS, "" for the default of the units.
        limits: standardised values at the ends of the colour bar.
        member: the member shown large, or None: all of them, tiled.
        coast: whether coastlines are drawn over pictures that lie on Earth.
    """

    playhead: float = 1.0
    follow: bool = True
    reverse: str = "x_t"
    auto_run: bool = True
    pace: float = 3.0
    whole_slice: bool = False
    quantity: str = "alpha_bar"
    axis: str = "t"
    densities: bool = True
    colormap: str = ""
    limits: tuple[float, float] = (-2.5, 2.5)
    member: int | None = None
    coast: bool = True

    @property
    def one_shot(self) -> bool:
        """Whether REVERSE shows one call of the model on the forward x_t."""
        return self.reverse.startswith("shot")

    @property
    def beside(self) -> bool:
        """Whether REVERSE shows a comparison with a filled gap."""
        return self.reverse.startswith("beside")


class Message(NamedTuple):
    """A message of the message bar: a finished sentence, a hint, its kind, and an optional (label, callable)."""

    sentence: str
    hint: str = ""
    kind: str = "info"
    action: tuple[str, Callable[[], None]] | None = None


class _State(NamedTuple):
    recipe: Recipe
    facts: Facts


class Session(QObject):
    """Recipe, facts, plan and view; `changed(old, new)` after every edit, `viewed(old, new)` after a change of view."""

    changed = Signal(object, object)
    viewed = Signal(object, object)
    told = Signal(object)

    def __init__(self, recipe: Recipe, facts: Facts, view: View | None = None) -> None:
        super().__init__()
        self._state = _State(recipe, facts)
        self._view = view or View()
        self._undo: list[_State] = []
        self._redo: list[_State] = []
        self._merge: object = None
        self._frame: tuple[tuple[Forward, float], Frame] | None = None
        self._plan = self._resolve(self._state)
        self._forward = self._make_forward(None)

    @property
    def recipe(self) -> Recipe:
        """The recipe in force."""
        return self._state.recipe

    @property
    def facts(self) -> Facts:
        """The facts: field, stack, models and devices."""
        return self._state.facts

    @property
    def plan(self) -> Plan:
        """The plan: the recipe resolved with the facts."""
        return self._plan

    @property
    def view(self) -> View:
        """The view in force."""
        return self._view

    @property
    def forward(self) -> Forward:
        """The forward state of the plan."""
        return self._forward

    def frame(self) -> Frame:
        """x_t at the playhead, computed once for all panels."""
        key = (self._forward, self._view.playhead)
        if self._frame is None or self._frame[0] != key:
            self._frame = key, self._forward.at(self._view.playhead)
        return self._frame[1]

    def edit(self, merge: object = None, **changes: Any) -> bool:
        """Replace parts of the recipe; edits with the same `merge` that follow each other are one undo.

        Returns False, with a message and everything as it was, if the recipe cannot be so.
        """
        try:
            return self._take(_State(self.recipe.but(**changes), self.facts), merge)
        except UserError as error:
            return self.refuse(error)

    def edit_checked(self, make: Callable[[], dict[str, Any]], merge: object = None) -> bool:
        """Like edit, with changes whose making may raise a UserError."""
        try:
            changes = make()
        except UserError as error:
            return self.refuse(error)
        return self.edit(merge, **changes)

    def end_merge(self) -> None:
        """Let the next edit be an undo of its own."""
        self._merge = None

    def open(self, recipe: Recipe, facts: Facts, merge: object = None) -> bool:
        """Take another field and a recipe for it; can be undone like any edit."""
        try:
            return self._take(_State(recipe, facts), merge)
        except UserError as error:
            return self.refuse(error)

    def refuse(self, error: UserError) -> bool:
        """Refuse an edit: the controls show the old state again, a message says why; returns False."""
        self.changed.emit(self.recipe, self.recipe)
        self.tell_error(error)
        return False

    def learn(self, **facts: Any) -> None:
        """Take new facts about this machine or this field; not an edit."""
        state = self._state._replace(facts=self.facts.learn(**facts))
        self._show(state, self.recipe)

    def look(self, **what: Any) -> None:
        """Change the view."""
        old, new = self._view, replace(self._view, **what)
        if new == old:
            return
        self._view = new
        if new.one_shot != old.one_shot:
            try:
                plan = self._resolve(self._state)
            except UserError as error:
                self._view = old
                self.tell_error(error)
                return
            self._show(self._state, self.recipe, plan)
        self.viewed.emit(old, new)

    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._undo)

    def can_redo(self) -> bool:
        """Whether there is an edit to make again."""
        return bool(self._redo)

    def undo(self) -> None:
        """Take the last edit back."""
        self._step(self._undo, self._redo)

    def redo(self) -> None:
        """Make the edit again that was taken back."""
        self._step(self._redo, self._undo)

    def tell(self, message: Message) -> None:
        """Show a message."""
        self.told.emit(message)

    def tell_error(self, error: UserError, action: tuple[str, Callable[[], None]] | None = None) -> None:
        """Show an error and its hint."""
        self.told.emit(Message(error.sentence, error.hint, "error", action))

    def _step(self, source: list[_State], target: list[_State]) -> None:
        if source:
            state = source.pop()
            target.append(self._state)
            self._merge = None
            known = self.facts
            kept = state.facts.learn(torch=known.torch, devices=known.devices, cards=known.cards, given=known.given)
            self._show(state._replace(facts=kept), self.recipe)

    def _take(self, state: _State, merge: object) -> bool:
        if state == self._state:
            return True
        plan = self._resolve(state)
        if merge is None or merge != self._merge:
            self._remember(state)
        self._merge = merge
        self._redo.clear()
        self._show(state, self.recipe, plan)
        return True

    def _remember(self, new: _State) -> None:
        """Keep the state in force for undo; of other fields only the last few, without their fits."""
        state = self._state
        if new.facts.field is not state.facts.field:
            state = state._replace(facts=state.facts.learn(field=state.facts.field))
        self._undo = [*self._undo[1 - UNDO_DEPTH :], state]
        fields: list[object] = []
        for kept in reversed(self._undo):
            if not any(kept.facts.field is field for field in fields):
                fields.append(kept.facts.field)
        if len(fields) > UNDO_FIELDS:
            oldest = fields[UNDO_FIELDS - 1]
            first = next(i for i, kept in enumerate(self._undo) if kept.facts.field is oldest)
            self._undo = self._undo[first:]

    def _show(self, state: _State, old: Recipe, plan: Plan | None = None) -> None:
        self._state = state
        before = self._plan.notes
        self._plan = plan or self._resolve(state)
        self._forward = self._make_forward(self._forward)
        self.changed.emit(old, state.recipe)
        news = [note for note in self._plan.notes if note not in before and not note.quiet]
        if news:
            given = " ".join(f"Asked: {note.asked}. Given: {note.given}." for note in news)
            self.tell(Message(" ".join(note.why for note in news), given, "warning"))

    def _resolve(self, state: _State) -> Plan:
        recipe = state.recipe
        if self._view.one_shot:  # one shot sees the field itself: the honesty rule holds as for a start from it
            level = recipe.start.level if recipe.start.origin == "field" else None
            recipe = recipe.but(origin="field", level=level)
        return resolve(recipe, state.facts)

    def _make_forward(self, like: Forward | None) -> Forward:
        course, mode = self.recipe.course, self.recipe.start.path_mode
        return Forward(self._plan.x0, course.schedule, course.seed, mode, self.facts.field.pixel_km, like)
