"""What of its region a run was given, as a picture: block means, known pixels, or the field with noise put in."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.coarse import coarse
from diffview.forward.brownian import ForwardPath
from diffview.runs.guiding import GuidedModel
from diffview.runs.plan import Plan


class GivenPicture(NamedTuple):
    """A picture [ny, nx] in physical units, NaN where nothing was given, and what it is in few words."""

    picture: NDArray[np.float64]
    words: str


def given_of(plan: Plan) -> GivenPicture | None:
    """What a run was given of its region beside noise; None if nothing.

    Observations that guide it come before known pixels, and those before the field that it started from.
    """
    x0, model, card = plan.x0, plan.model, plan.card
    inverse = plan.made_in.inverse
    if card is not None and card.coarsen:
        k = card.coarsen
        return GivenPicture(inverse(coarse(x0[None], plan.transform, k)[0]), f"means of {k} × {k} pixels")
    if isinstance(model, GuidedModel) and model.led is not None:
        return GivenPicture(inverse(model.led.seen.picture), "what was observed")
    if plan.known is not None:
        return GivenPicture(inverse(np.where(plan.known, x0, np.float32(np.nan))), "known pixels")
    if plan.recipe.start.origin == "field":
        s, start, course = plan.levels[0], plan.recipe.start, plan.recipe.course
        member = plan.recipe.ensemble.first_member
        noise = ForwardPath(course.seed, x0.shape, start.path_mode, member, course.noise)(s)
        alpha = float(course.schedule.scale(s))
        return GivenPicture(inverse(np.float32(alpha) * (x0 + noise)), f"the field with noise, s {s:.3g}")
    return None
