"""What is said when the region in force changes although nobody asked for another one."""

from diffview.models.choice import TrainingCrops
from diffview.runs.plan import Plan


def resized(before: Plan, now: Plan) -> tuple[str, str] | None:
    """A sentence and its reason where the region has another size while the same one is asked for; None elsewhere."""
    old, new = before.region, now.region
    same = before.recipe.source.region == now.recipe.source.region
    if not same or (old.ny, old.nx) == (new.ny, new.nx):
        return None
    said = f"The region is now {new.ny} × {new.nx} pixels; it was {old.ny} × {old.nx}."
    return said, _why(now, new.ny * new.nx < old.ny * old.nx)


def _why(plan: Plan, smaller: bool) -> str:
    """Why the region has its size; "" where that is not known."""
    if plan.card is not None:
        return f"{plan.card.name} works on fields of that size."
    if not smaller:
        return "It has its full size again."
    if not isinstance(plan.base, TrainingCrops):
        return ""
    name = plan.base.model
    if plan.base.left_out:
        return f"A run from the field fits `{name}` to crops that share no pixel with it, and needs enough of them."
    return f"So there are enough crops to fit `{name}` to."
