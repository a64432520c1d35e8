"""The content of a file of fields that were made together: each channel in its own units, its frames along time."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diffview.fields.daily import EPOCH
from diffview.reverse.samplers import Step
from diffview.runs.plan import Jointly, Plan
from diffview.writers.exports import PIXELS, Content, Values, content_of, members_of
from diffview.writers.quantity import WrittenQuantity, quantity_of


def joint_content(plan: Plan, last: Step) -> Content:
    """Members of every channel that was made, [member, y, x] or [member, frame, y, x], and the channels given.

    Frames lie along `time` where the run comes from fields of a date, else along `frame`, as days after the first.
    """
    made = plan.jointly
    assert made is not None
    along: tuple[str, ...] = ()
    if len(made.shape) > 3:
        along = ("time",) if made.placed and made.calendar else ("frame",)
    variables = {"member": members_of(plan.shape[0], plan.recipe.ensemble.first_member)}
    for name in along:
        variables[name] = _axis(made, name)
    for i, field in enumerate(made.fields):
        what = quantity_of(field)
        back, there = made.transforms[i], made.there[i]
        if i < made.made:
            values = np.where(there, np.asarray(last.y)[:, i], np.float32(np.nan))
            variables |= _members(what, back.inverse(values).astype(np.float32), along)
        if made.placed and made.x0 is not None:
            name = f"{what.name}_truth" if i < made.made else what.name
            said = what.cf("the field itself") if i < made.made else what.cf("given to the run")
            variables[name] = Values((*along, *PIXELS), made.x0[i], said, back)
    return _content(plan, made, variables)


def _members(what: WrittenQuantity, made: NDArray[np.float32], along: tuple[str, ...]) -> dict[str, Values]:
    """The members of a channel, and of several their mean and spread."""
    variables = {what.name: Values(("member", *along, *PIXELS), made, what.cf())}
    if len(made) > 1:
        for name, values, method in (
            ("mean", made.mean(axis=0, dtype=np.float64), "mean"),
            ("spread", made.std(axis=0, ddof=1, dtype=np.float64), "standard_deviation"),
        ):
            attributes = what.cf(f"{name} over the members", cell_methods=f"realization: {method}")
            if "units_metadata" in attributes and name == "spread":
                attributes["units_metadata"] = "temperature: difference"
            variables[f"{what.name}_{name}"] = Values((*along, *PIXELS), values, attributes)
    return variables


def _axis(made: Jointly, name: str) -> Values:
    """The frames: their dates, or how long after the first they are."""
    if name == "time":
        said = {"long_name": "time", "standard_name": "time", "units": EPOCH, "calendar": made.calendar, "axis": "T"}
        return Values((name,), np.asarray(made.days, np.float64), said)
    after = np.asarray(made.days - made.days[0], np.float64)
    return Values((name,), after, {"long_name": "after the first frame", "units": "days" if made.calendar else "1"})


def _content(plan: Plan, made: Jointly, variables: dict[str, Values]) -> Content:
    recipe, of = plan.recipe, made.fields[0]
    names = ", ".join(field.name for field in made.fields[: made.made])
    frames = f", {made.shape[1]} times" if len(made.shape) > 3 else ""
    label = recipe.denoiser.model if plan.model is None else plan.model.label
    title = f"{plan.shape[0]} made together by {label}: {names}{frames}"
    place = plan.region if made.placed else None
    content = content_of(title, variables, of, plan.settled, plan.transform, plan.shape, place)
    given = ", ".join(field.name for field in made.fields[made.made :])
    if given:
        start = f"Given were {given}."
    elif recipe.start.origin == "field":
        start = f"It started from the fields noised to s = {plan.levels[0]:.6g}."
    else:
        start = "It has no place on Earth, and no date."
    more = {
        "comment": f"Every pixel was made by the model. {start}", "diffview_model": label,
        "diffview_sampler": recipe.course.sampler, "diffview_fit": "" if plan.model is None else plan.model.sentence,
    }  # fmt: skip
    return replace(content, attributes={**content.attributes, **{key: text for key, text in more.items() if text}})
