"""The plan of a run that makes several fields together: channels of one time, or a sequence of times."""

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.jointly import JointValues
from diffview.fields.transforms import Transform, choose_transform
from diffview.models.capabilities import FORMULA_CAPABILITIES, lacks
from diffview.models.joint_windows import JOINT, JointWindows
from diffview.reverse.samplers import SAMPLERS, sampler_params
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import Facts, x0_of
from diffview.runs.frames_asked import Frames
from diffview.runs.plan import Jointly, Note, Plan
from diffview.runs.recipe import AUTO, Recipe

Array = NDArray[np.float32]


def alone(asked: Frames) -> Note:
    """What is said where the other fields were not read: the window shows single ones."""
    times = f"{asked.sequence} times" if asked.sequence > 1 else ""
    beside = f"{', '.join(asked.channels)} beside it" if asked.channels else ""
    why = "Fields that are made together are made in the dock Together, or by diffview sample."
    return Note(" and ".join(filter(None, (times, beside))) or "channels that are given", "the field alone", why)


def plan_jointly(
    recipe: Recipe, facts: Facts, values: JointValues, levels: list[float], notes: tuple[Note, ...]
) -> Plan:
    """The plan of a run that makes several fields together; their region is the one that was read.

    Args:
        recipe: that asks for several.
        facts: about the open field.
        values: of all slices.
        levels: of the run.
        notes: what of it is not as asked.

    Raises:
        UserError: if the transform of the open field cannot be fitted.
    """
    fields, windows = None, None
    params = sampler_params(recipe.course.sampler, dict(recipe.course.sampler_params))
    refusal = _refused(recipe, values)
    transform, region = facts.fitted(recipe), values.region
    if refusal is None:
        try:
            transform = _of_series(recipe, values)
            fields, windows = _jointly_of(recipe, values, transform)
        except UserError as error:
            refusal = error
    lacking = lacks(SAMPLERS[recipe.course.sampler], params, recipe.denoiser.model, FORMULA_CAPABILITIES)
    return Plan(
        recipe, region, transform, facts.through(transform), facts.fits.of(x0_of, transform, region), levels, params,
        "numpy", windows, FORMULA_CAPABILITIES, Conditioning.of(recipe), None, notes,
        refusal or lacking or recipe.ensemble.refusal, jointly=fields,
    )  # fmt: skip


def _refused(recipe: Recipe, values: JointValues) -> UserError | None:
    """Why several fields cannot be made together as a recipe asks; None if they can."""
    asked, model = recipe.frames, recipe.denoiser.model
    if asked.refusal is not None:
        return asked.refusal
    seen = Conditioning.of(recipe)
    if model not in JOINT:
        return UserError(
            f"{model} makes single fields, and several are to be made together.",
            f"Choose one of {', '.join(JOINT)}, or leave channels and sequence out.",
        )
    for meant, sentence, hint in (
        (seen.guided or seen.conditioned, "What is observed leads single fields, and several are to be made together.",
         "Channels that are known are named by known; days of a known mean are made by diffview days."),
        (asked.known and model != "gaussian", f"{model} cannot be given channels.", "Choose gaussian."),
    ):  # fmt: skip
        if meant:
            return UserError(sentence, hint)
    if not len(values.others(asked.sequence)):
        return UserError(
            f"There is no other sequence of {asked.sequence} times in equal steps to fit to.",
            "Ask for a shorter sequence, or open a longer series; a sequence spans no missing time.",
        )
    return None


def _jointly_of(recipe: Recipe, values: JointValues, transform: Transform) -> tuple[Jointly, JointWindows]:
    """The fields that are made together, and what their denoiser is fitted to.

    Args:
        recipe: not refused.
        values: of all slices.
        transform: of the open field.

    Raises:
        UserError: if a transform cannot be fitted, or a channel that is given or a start has gaps.
    """
    asked, frames = recipe.frames, recipe.frames.sequence
    others = (_transform_of(values, channel) for channel in range(1, len(values.fields)))
    transforms = transform, *others
    firsts = values.firsts(frames)
    windows = _through(values.sequences(values.others(frames), frames), transforms)
    own = _through(values.sequences(np.array([values.at]), frames), transforms)[0] if values.at in firsts else None
    there: NDArray[np.bool_] = ~np.asarray(np.isnan(values.values).all(axis=0))
    placed = bool(asked.known) or recipe.start.origin == "field"
    if placed and own is None:
        raise UserError(
            f"The open field does not begin a sequence of {frames} times in equal steps.",
            "Choose an earlier time (index), or a shorter sequence.",
        )
    made = len(values.fields) - len(asked.known)
    given = None
    if asked.known and own is not None:
        given = own[made:].reshape(-1, *own.shape[-2:])
        _require_whole(given, ", ".join(asked.known))
    if recipe.start.origin == "field" and own is not None:
        gaps = there if frames == 1 else np.broadcast_to(there[:, None], own.shape)
        _require_whole(own[gaps], values.fields[0].name)
    first = values.at if own is not None else int(firsts[0])
    days = values.days[first : first + frames]
    fields = Jointly(
        values.fields, transforms, made, windows.shape[1:], own, there, days, values.calendar, placed
    )  # fmt: skip
    return fields, JointWindows(recipe.denoiser.model, windows, made, given)


def _of_series(recipe: Recipe, values: JointValues) -> Transform:
    """The transform of the open channel, fitted to all of its slices, or with the numbers that the recipe brings."""
    source = recipe.source
    if source.fitted is not None and source.transform in (AUTO, source.fitted.key):
        return source.fitted
    return _transform_of(values, 0, None if source.transform == AUTO else source.transform)


def _transform_of(values: JointValues, channel: int, key: str | None = None) -> Transform:
    of, field = values.values[:, channel], values.fields[channel]
    return Transform.fit(key or choose_transform(of, field.units)[0], of, field.name or "The field")


def _through(windows: NDArray[np.float32], transforms: tuple[Transform, ...]) -> Array:
    """Every channel of windows through its transform."""
    return np.stack([transform(windows[:, i]) for i, transform in enumerate(transforms)], axis=1).astype(np.float32)


def _require_whole(values: Array, name: str) -> None:
    if missing := int(np.isnan(values).sum()):
        raise UserError(
            f"{name} has {missing} missing pixels in the region.", "Choose another time, or a region without gaps."
        )
