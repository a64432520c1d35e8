"""Choosing a model: with it the course is set where the one in force is no way for it, which is told."""

from collections.abc import Collection
from typing import Any

from diffview.errors import UserError
from diffview.gui.session import Message, Session
from diffview.models.capabilities import FORMULA_CAPABILITIES, capabilities_of, card_capabilities, lacks
from diffview.models.cards import Card
from diffview.reverse.samplers import CONSISTENCY, KNOWN_PIXELS, SAMPLERS
from diffview.runs.facts import Facts
from diffview.runs.recipe import Course, Recipe
from diffview.runs.sampling import scored_course


def choose_model(session: Session, name: str) -> bool:
    """Take a model, and a course that it can run where it cannot run the one in force, as one edit, which is told."""
    before, card = session.recipe.course, session.facts.cards.get(name)
    called = name if card is None else card.name
    refusal = _refused(before, called, _able(session.facts, name, card))
    if not session.edit(model=name, **({} if refusal is None else _possible(session.recipe, card))):
        return False
    if refusal is not None:
        session.tell(_told(refusal, before, session.recipe))
    return True


def _able(facts: Facts, name: str, card: Card | None) -> Collection[str]:
    """What a model offers samplers; pixels to fill come by hiding some."""
    own = capabilities_of(facts.given[name].own) if name in facts.given else FORMULA_CAPABILITIES
    return {KNOWN_PIXELS, *(own if card is None else card_capabilities(card))}


def _refused(course: Course, called: str, able: Collection[str]) -> UserError | None:
    return lacks(SAMPLERS[course.sampler], dict(course.sampler_params), called, able)


def _possible(recipe: Recipe, card: Card | None) -> dict[str, Any]:
    """The parts of a recipe that a model can run: as after its distillation, or with the usual settings."""
    if card is not None and card.kind == CONSISTENCY:
        return scored_course(card)
    if CONSISTENCY not in SAMPLERS[recipe.course.sampler].needs:
        return {"sampler_params": ()}  # it was one of them that asked for more
    usual = Course()
    return {"sampler": usual.sampler, "sampler_params": (), "steps": usual.steps}


def _told(refusal: UserError, before: Course, recipe: Recipe) -> Message:
    now = recipe.course
    if before.sampler == now.sampler:
        said = f"{SAMPLERS[now.sampler].title} has its usual settings. Undo takes both back."
        return Message(refusal.sentence, said)
    was, will = (f"{SAMPLERS[one.sampler].title} in {one.steps} step{'s' * (one.steps != 1)}" for one in (before, now))
    said = f"The run is set to {will}{' from noise' * (recipe.start.origin == 'noise')}, instead of {was}."
    return Message(refusal.sentence, f"{said} Undo takes both back.")
