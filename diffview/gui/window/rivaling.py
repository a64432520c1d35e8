"""Adding, dropping and flipping rivals: edits of the recipe, undone and saved as any other."""

from collections.abc import Callable
from functools import partial
from typing import Any

from diffview.gui.actions import Actions
from diffview.gui.session import Session
from diffview.runs.recipe import Recipe
from diffview.runs.rivals import MOST, added, dropped, flipped, rivals_of


class Rivaling:
    """The actions that change the rivals, grey where they cannot."""

    def __init__(self, session: Session, actions: Actions) -> None:
        self._session, self._actions = session, actions
        session.shows(self._show, "rivals")

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Those actions, by name."""
        edits: dict[str, Callable[[Recipe], dict[str, Any]]] = {
            "addRivalAction": added,
            "dropRivalAction": lambda recipe: dropped(recipe, recipe.rivals.place),
            "flipRivalAction": flipped,
            "flipBackAction": partial(flipped, by=-1),
        }
        return {name: partial(self._edit, change) for name, change in edits.items()}

    def _edit(self, change: Callable[[Recipe], dict[str, Any]]) -> None:
        session = self._session
        session.end_merge()
        session.edit_checked(lambda: change(session.recipe))

    def _show(self) -> None:
        """Enable them, or say why not."""
        count = len(rivals_of(self._session.recipe))
        self._actions.show("addRivalAction", f"There are {MOST} rivals already." if count >= MOST else "")
        for name in ("dropRivalAction", "flipRivalAction", "flipBackAction"):
            self._actions.show(name, "There is no other rival yet: add one first." if count < 2 else "")
