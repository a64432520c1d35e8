"""The session: the one object that holds recipe and view and announces their changes; undo and redo."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal

from diffview.errors import UserError
from diffview.gui.show.history import Edited, History
from diffview.gui.show.moment import Change, InForce, Moment, reader
from diffview.gui.show.news import news
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.view import View


class Message(NamedTuple):
    """A message of the message bar: a finished sentence, a hint, its kind, and an optional (label, callable)."""

    sentence: str
    hint: str = ""
    kind: str = "info"
    action: tuple[str, Callable[[], None]] | None = None


class Aside(NamedTuple):
    """All of a state of the session, with the edits that can be undone in it: what is put aside for another."""

    recipe: Recipe
    facts: Facts
    view: View
    history: History


class Session(QObject, InForce):
    """Recipe, facts, plan and view in force.

    Signals:
        changed: a Change was made: an edit, another view, something learned, or an edit refused.
        told: a Message is to be shown.
    """

    changed = Signal(object)
    told = Signal(object)

    def __init__(self, recipe: Recipe, facts: Facts, view: View | None = None) -> None:
        super().__init__()
        self._history = History()
        seen = _looked_at(recipe, view or View())
        self.now = Moment.of(recipe.without_view, facts, seen)

    @property
    def kept(self) -> Recipe:
        """What is kept of all this: the settled recipe, with the view."""
        return self.plan.settled.but(view=self.view)

    def shows(self, show: Callable[[], object], *names: str, at_once: bool = True) -> None:
        """Call `show` after every change that touches one of the names, see Change; `at_once`: and now."""
        for name in names:
            reader(name)(self.now)  # a misspelt one would never be touched
        self.changed.connect(lambda change: show() if change.touched(*names) else None)
        if at_once:
            show()

    def edit(self, merge: object = None, **changes: Any) -> bool:
        """Replace parts of the recipe; edits with the same `merge` that follow each other are one undo.

        Returns False, with a message and everything as it was, if the recipe cannot be so.
        """
        return self.edit_checked(lambda: changes, merge)

    def edit_checked(self, make: Callable[[], dict[str, Any]], merge: object = None) -> bool:
        """Like edit, with changes whose making may raise a UserError."""
        try:
            return self._take(Edited(self.recipe.but(**make()), self.facts), merge)
        except UserError as error:
            return self.refuse(error)

    def end_merge(self) -> None:
        """Let the next edit be an undo of its own."""
        self._history.end_merge()

    def open(self, recipe: Recipe, facts: Facts, merge: object = None) -> bool:
        """Take another field and a recipe for it, which can be undone like any edit, and the view if it has one."""
        try:
            return self._take(Edited(recipe, facts), merge)
        except UserError as error:
            return self.refuse(error)

    def refuse(self, error: UserError) -> bool:
        """Refuse an edit: the controls show the old state again, a message says why; returns False."""
        self.changed.emit(Change(self.now, self.now))
        self.tell_error(error)
        return False

    def learn(self, **facts: Any) -> None:
        """Take new facts about this machine or this field; not an edit."""
        self._show(Moment.of(self.recipe, self.facts.learn(**facts), self.view, self.now))

    def look(self, **what: Any) -> None:
        """Change the view; one that cannot be so is refused, as an edit is."""
        try:
            view = replace(self.view, **what)
            if view != self.view:
                self._show(Moment.of(self.recipe, self.facts, view, self.now))
        except UserError as error:
            self.refuse(error)

    def exchange(self, other: Aside) -> Aside:
        """Take another state, which is no edit, and return the one in force; what is known of the machine stays.

        Raises:
            UserError: if it cannot be resolved; all is as it was.
        """
        now, known = Aside(self.recipe, self.facts, self.view, self._history), self.facts
        facts = other.facts.learn(torch=known.torch, devices=known.devices, cards=known.cards, given=known.given)
        moment = Moment.of(other.recipe.without_view, facts, other.view, self.now)
        self._history = other.history
        self._show(moment)
        return now

    def can_undo(self) -> bool:
        """Whether there is an edit to take back."""
        return bool(self._history.undoable)

    def can_redo(self) -> bool:
        """Whether there is an edit to make again."""
        return bool(self._history.redoable)

    def undo(self) -> None:
        """Take the last edit back."""
        self._return_to(self._history.undo(Edited(self.recipe, self.facts)))

    def redo(self) -> None:
        """Make the edit again that was taken back."""
        self._return_to(self._history.redo(Edited(self.recipe, self.facts)))

    def tell(self, message: Message) -> None:
        """Show a message."""
        self.told.emit(message)

    def tell_error(self, error: UserError, action: tuple[str, Callable[[], None]] | None = None) -> None:
        """Show an error and its hint."""
        self.told.emit(Message(error.sentence, error.hint, "error", action))

    def _return_to(self, state: Edited | None) -> None:
        if state is not None:
            self._show(Moment.of(*state, self.view, self.now))

    def _take(self, asked: Edited, merge: object) -> bool:
        before, view = Edited(self.recipe, self.facts), _looked_at(asked.recipe, self.view)
        state = asked._replace(recipe=asked.recipe.without_view)
        if state != before or view != self.view:
            moment = Moment.of(*state, view, self.now)
            if state != before:
                self._history.remember(before, state, merge)
            self._show(moment)
        return True

    def _show(self, moment: Moment) -> None:
        before, self.now = self.now, moment
        self.changed.emit(Change(before, moment))
        if (said := news(before, moment)) is not None:
            self.tell(Message(*said))


def _looked_at(recipe: Recipe, view: View) -> View:
    """The view that a recipe asks for, in the layout in force where it names none; `view` if it asks for none."""
    if not recipe.view.says:
        return view
    return recipe.view if recipe.view.layout else replace(recipe.view, layout=view.layout, docks=view.docks)
