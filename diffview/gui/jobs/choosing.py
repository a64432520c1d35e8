"""Choosing a model: with it the course is set where the one in force is no way for it, which is told."""

from typing import Any

from diffview.gui.session import Message, Session
from diffview.models.capabilities import card_capabilities, lacks
from diffview.models.cards import Card
from diffview.reverse.samplers import CONSISTENCY, SAMPLERS
from diffview.runs.recipe import Course, Recipe
from diffview.runs.sampling import scored_course


def choose_model(session: Session, name: str) -> bool:
    """Take a model, and for one that jumps the course that it is drawn with, as one edit; a message says so."""
    before, card = session.recipe.course, session.facts.cards.get(name)
    course = {} if card is None else jumping_course(session.recipe, card)
    if not session.edit(model=name, **course):
        return False
    if card is not None and course:
        session.tell(_told(card.name, before, session.recipe.course))
    return True


def jumping_course(recipe: Recipe, card: Card) -> dict[str, Any]:
    """The parts of a recipe that draw from a consistency model, where the sampler in force cannot; else none."""
    if card.kind != CONSISTENCY:
        return {}
    why = lacks(SAMPLERS[recipe.course.sampler], {}, card.name, card_capabilities(card))
    return {} if why is None else scored_course(card)


def _told(name: str, before: Course, now: Course) -> Message:
    was, will = (f"{SAMPLERS[one.sampler].title} in {one.steps} step{'s' * (one.steps != 1)}" for one in (before, now))
    said = f"{name} is a consistency model: it jumps to the end of the path instead of giving a mean to step by."
    return Message(said, f"The run is set to {will} from noise, instead of {was}. Undo takes both back.")
