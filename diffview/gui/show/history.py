"""The edits that can be undone, and those that can be made again."""

from typing import NamedTuple

from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe

UNDO_DEPTH, UNDO_FIELDS = 200, 8
"""The most edits, and different fields among them, that can be undone."""


class Edited(NamedTuple):
    """What an edit changes."""

    recipe: Recipe
    facts: Facts


class History:
    """States before and after the one in force."""

    def __init__(self) -> None:
        self.undoable: list[Edited] = []
        self.redoable: list[Edited] = []
        self._merge: object = None

    def end_merge(self) -> None:
        """Let the next edit be an undo of its own."""
        self._merge = None

    def remember(self, old: Edited, new: Edited, merge: object) -> None:
        """An edit is made; with the same `merge` as the one before it is part of that."""
        if merge is None or merge != self._merge:
            self._keep(old, new)
        self._merge = merge
        self.redoable.clear()

    def _keep(self, old: Edited, new: Edited) -> None:
        """Keep the state before an edit; of other fields only the last few, without their fits."""
        if new.facts.field is not old.facts.field:
            old = old._replace(facts=old.facts.learn(field=old.facts.field))
        self.undoable = [*self.undoable[1 - UNDO_DEPTH :], old]
        fields: list[object] = []
        for kept in reversed(self.undoable):
            if not any(kept.facts.field is field for field in fields):
                fields.append(kept.facts.field)
        if len(fields) > UNDO_FIELDS:
            oldest = fields[UNDO_FIELDS - 1]
            first = next(i for i, kept in enumerate(self.undoable) if kept.facts.field is oldest)
            self.undoable = self.undoable[first:]

    def undo(self, now: Edited) -> Edited | None:
        """The state before the last edit; None if there is none."""
        return self._step(self.undoable, self.redoable, now)

    def redo(self, now: Edited) -> Edited | None:
        """The state after the edit that was undone last; None if there is none."""
        return self._step(self.redoable, self.undoable, now)

    def _step(self, source: list[Edited], target: list[Edited], now: Edited) -> Edited | None:
        """Go to the next state of `source`; what is known of the machine by now stays known."""
        if not source:
            return None
        target.append(now)
        self._merge = None
        state, known = source.pop(), now.facts
        kept = state.facts.learn(torch=known.torch, devices=known.devices, cards=known.cards, given=known.given)
        return state._replace(facts=kept)
