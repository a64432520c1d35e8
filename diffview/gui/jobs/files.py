"""Opening whatever a file holds: slices, and beside them models, recipes and schedules."""

from pathlib import Path
from typing import TYPE_CHECKING

from diffview.errors import UserError
from diffview.forward.tables import holds_schedule
from diffview.gui.jobs.choosing import choose_model
from diffview.gui.jobs.slices import Slices
from diffview.gui.session import Message
from diffview.gui.show.schedule_curves import levels_note, taken
from diffview.models.choice import open_card
from diffview.models.formulas import FORMULAS
from diffview.runs.recipe import Recipe
from diffview.runs.recipe_files import read_recipe

if TYPE_CHECKING:
    from diffview.forward.level_settings import Imported


class Files(Slices):
    """The open file, and the models and recipes that are opened beside it."""

    def open_recipe(self, recipe: Recipe, merge: object = None) -> None:
        """Open the slice and the model that a recipe names, and take the recipe."""
        if self._learn_model(recipe.denoiser.model):
            super().open_recipe(recipe, merge)

    def open_model(self, path: str) -> None:
        """Read the card of a network and choose it; its weights are loaded when it is first run."""
        if self._learn_model(path):
            choose_model(self._session, path)

    def _learn_model(self, name: str) -> bool:
        """Whether the session knows the model, after searching a card at that path; a message says why not."""
        facts = self._session.facts
        if name in FORMULAS or name in facts.cards or name in facts.given:
            return True
        try:
            self._session.learn(cards={**facts.cards, name: open_card(Path(name))})
        except UserError as error:
            self._session.tell_error(error)
            return False
        return True

    def take_schedule(self, found: "Imported") -> None:
        """Take what a file holds: its schedule, the levels that it executes, and say where they surprise."""
        session = self._session
        if session.edit(**taken(found)) and (notes := [*found.notes, *filter(None, [levels_note(found)])]):
            session.tell(Message(" ".join(notes), "", "warning" if found.notes else "info"))

    def load_settings(self, path: str) -> None:
        """Open a recipe saved as JSON, or take a schedule saved as a table or by diffusers.

        Raises:
            UserError: if the file holds neither.
        """
        if holds_schedule(Path(path)):
            from diffview.forward.exchange import read_schedule

            self.take_schedule(read_schedule(Path(path), self._session.recipe.course.steps))
            return
        self.open_recipe(read_recipe(Path(path)))
