"""The case of the schedule lint, made from the session."""

from diffview.fields.units import written
from diffview.forward.lint import Case, ScoredRun, Signal
from diffview.gui.show.moment import InForce
from diffview.models.cards import Card
from diffview.models.choice import mismatch
from diffview.reverse.samplers import SAMPLERS


def case_of(session: InForce) -> Case:
    """The schedule and the run in force, for the region; without a signal where the run makes other fields."""
    recipe, plan = session.recipe, session.plan
    card = plan.card
    return Case(
        recipe.course.schedule, recipe.start.chain_length, plan.levels,
        _signal(session) if card is None or not mismatch(card, session.facts.field) else None,
        None if card is None else card.noise_range, recipe.start.origin == "noise",
        None if card is None or "settings" not in card.scores else _scored(session, card),
    )  # fmt: skip


def _scored(session: InForce, card: Card) -> ScoredRun:
    """How the scored fields of a card were drawn, beside the run in force."""
    from diffview.runs.sampling import Sampling  # only a network needs it

    recipe, plan = session.recipe, session.plan
    sampling = Sampling.scored(card)
    course = sampling.course(card)
    now = recipe.but(sampler_params=tuple(plan.params.items()))
    drawn, run = (
        f"{SAMPLERS[sampler].title}, {steps} steps"
        for sampler, steps in ((sampling.sampler, sampling.steps), (recipe.course.sampler, recipe.course.steps))
    )
    if drawn == run:
        run = "the same sampler on other levels, or with other settings"
    return ScoredRun(card.name, drawn, run, {} if now.but(**course) == now else course)


def _signal(session: InForce) -> Signal | None:
    """The region's spectrum and mean; None where it has none."""
    plan = session.plan
    return Signal.of(plan.x0, session.forward.spectrum_x0(), plan.transform, written(session.facts.field.units))
