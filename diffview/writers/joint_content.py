"""The content of a file of fields that were made together: each channel in its own units, its frames along time."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.fields.daily import EPOCH
from diffview.fields.transforms import Transform
from diffview.reverse.samplers import Step
from diffview.runs.in_blocks import channels_of, physical_of
from diffview.runs.plan import Back, Jointly, Plan
from diffview.runs.statistics import Streamed
from diffview.writers.counted_content import counted_words, statistics_of
from diffview.writers.exports import PIXELS, Content, Values, content_of, members_of, recorded, recorded_axes
from diffview.writers.quantity import WrittenQuantity, quantity_of


def joint_content(plan: Plan, last: Step) -> Content:
    """Members of every channel that was made, [member, y, x] or [member, frame, y, x], and the channels given.

    Frames lie along `time` where the run comes from fields of a date, else along `frame`, as days after the first.
    """
    made = _jointly(plan)
    along = _along(made)
    variables = {"member": members_of(plan.shape[0], plan.recipe.ensemble.first_member), **_axes(made, along)}
    for one in channels_of(plan):
        what = quantity_of(made.fields[one.place])
        variables |= _members(what, physical_of(plan, np.asarray(last.y), one).astype(np.float32), along)
    return _content(plan, made, {**variables, **_open_fields(made, along)})


def joint_statistics_content(plan: Plan, streamed: Sequence[Streamed]) -> Content:
    """Statistics of every channel that was made, [y, x] or [frame, y, x], whose members were not kept."""
    made = _jointly(plan)
    along = _along(made)
    variables = _axes(made, along)
    for one, sums in zip(channels_of(plan), streamed, strict=True):
        variables |= statistics_of(quantity_of(made.fields[one.place]), sums, along)
    content = _content(plan, made, {**variables, **_open_fields(made, along)})
    comment = f"{content.attributes['comment']} {counted_words(plan, streamed[0])}"
    return replace(content, attributes={**content.attributes, "comment": comment})


def joint_run_content(plan: Plan, steps: Sequence[Step]) -> Content:
    """The recorded steps of a run: NAME_x_t and NAME_x0_hat of every channel that was made, [step, member, ...]."""
    made = _jointly(plan)
    along = _along(made)
    dims = ("step", "member", *along, *PIXELS)
    variables = {**recorded_axes(plan, steps), **_axes(made, along)}
    for one in channels_of(plan):
        what = quantity_of(made.fields[one.place])
        said = ("x_t", "the state of the run"), ("x0_hat", "estimate of the clean field")
        for (name, words), values in zip(said, recorded(plan, steps, one.place), strict=True):
            kept = np.where(made.there[one.place], values, np.float32(np.nan))
            variables[f"{what.name}_{name}"] = _through(dims, kept, what.cf(words, coordinates="t s"), one.back)
    content = _content(plan, made, {**variables, **_open_fields(made, along)})
    return replace(content, attributes={**content.attributes, "title": f"A run: {content.attributes['title']}"})


def _jointly(plan: Plan) -> Jointly:
    assert plan.jointly is not None
    return plan.jointly


def _along(made: Jointly) -> tuple[str, ...]:
    """The dimension of the frames, if there are several."""
    if len(made.shape) <= 3:
        return ()
    return ("time",) if made.placed and made.calendar else ("frame",)


def _axes(made: Jointly, along: tuple[str, ...]) -> dict[str, Values]:
    return {name: _axis(made, name) for name in along}


def _open_fields(made: Jointly, along: tuple[str, ...]) -> dict[str, Values]:
    """The open fields that a run comes from: the truth of what was made, and what was given."""
    variables: dict[str, Values] = {}
    for i, field in enumerate(made.fields if made.placed and made.x0 is not None else ()):
        assert made.x0 is not None
        what = quantity_of(field)
        name = f"{what.name}_truth" if i < made.made else what.name
        said = what.cf("the field itself") if i < made.made else what.cf("given to the run")
        variables[name] = _through((*along, *PIXELS), made.x0[i], said, made.backs[i])
    return variables


def _through(dims: tuple[str, ...], z: NDArray[np.float32], said: Mapping[str, Any], back: Back) -> Values:
    """Standardised values that are written in physical units: part by part, or, of a season, all dates at once."""
    if isinstance(back, Transform):
        return Values(dims, z, said, back)
    return Values(dims, back.inverse(z).astype(np.float32), said)


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
