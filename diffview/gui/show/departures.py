"""What was made earlier and is still on screen: what of it is not in force any more, and what it may stand beside."""

from diffview.fields.field import Field
from diffview.models.choice import mismatch
from diffview.runs.plan import Plan


def departure(made: Plan, now: Plan) -> str:
    """In what a plan whose run is on screen differs from the one in force: "another model"; "" if in nothing seen.

    Edits that the next run shows by its course, as those of levels or of the seed, are none. No model here made a
    recorded run.
    """
    if made.region != now.region:
        return "another region"
    if made.model is not None and made.recipe.denoiser.model != now.recipe.denoiser.model:
        return "another model"
    return "" if made.transform == now.transform else "another transform"


def why_apart(made: Plan, now: Plan, field: Field) -> str:
    """Why what a plan made shares no axes with the open field, as a sentence; "" if it does.

    It was made earlier, or is of another quantity or unit.
    """
    if other := departure(made, now):
        return f"The run on screen is of {other}."
    return "" if made.card is None else mismatch(made.card, field)
