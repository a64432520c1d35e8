"""The equations of what is on screen, and their numbers at the playhead."""

from diffview.gui.show.moment import InForce
from diffview.runs.requests import Shot
from diffview.story.live_numbers import numbers_at, texts

PATH_EQUATIONS = {"closed": "closed_form", "chain": "forward_step"}
"""The equation of FORWARD by the mode of its path."""

SAMPLER_EQUATIONS = {"ddpm": "reverse_step", "ddim": "ddim", "heun": "heun", "repaint": "repaint"}
"""The equation of a step of the run by its sampler."""

ANY_SAMPLER = "probability_flow"
"""What all others follow, each in its way."""


def equations_of(session: InForce) -> tuple[str, str, str]:
    """The keys of the equations of FORWARD, of the schedule, and of REVERSE."""
    recipe = session.recipe
    reverse = SAMPLER_EQUATIONS.get(recipe.course.sampler, ANY_SAMPLER)
    if session.view.one_shot:
        reverse = "noise_prediction_loss"
    return PATH_EQUATIONS[recipe.start.path_mode], "noise_level", reverse


def numbers_of(session: InForce, shot: Shot | None) -> dict[str, str]:
    """The numbers at the playhead as they are written; the loss is that of one shot."""
    recipe = session.recipe
    numbers = numbers_at(recipe.course.schedule, session.view.playhead, recipe.start.chain_length)
    loss = shot.loss if shot is not None and session.view.one_shot else None
    return texts(numbers if loss is None else numbers | {"loss": loss})
