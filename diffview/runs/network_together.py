"""The plan of a run by a network that makes several fields together, beside those that formulas make."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import Channel
from diffview.fields.field import Field, Region
from diffview.fields.jointly import JointValues
from diffview.fields.seasons import SeasonalCycle
from diffview.fields.units import same_units, written
from diffview.machine import torch_is_missing
from diffview.models.capabilities import card_capabilities, lacks
from diffview.models.cards import Card
from diffview.models.choice import Trained, mismatch, own_season
from diffview.reverse.samplers import SAMPLERS, sampler_params
from diffview.runs.conditioning import Conditioning
from diffview.runs.facts import Facts
from diffview.runs.plan import Jointly, Note, Plan
from diffview.runs.recipe import Recipe

Array = NDArray[np.float32]

LONGER = 3
"""Times more or fewer than it was trained on that a network is asked for: months have 28 to 31 days."""

FARTHEST = 12.0
"""Standard deviations from the season beyond which a mean is of another place than the network."""


class NetworkAt(NamedTuple):
    """Where and how a network is run: its card, the device, and the levels of the run."""

    card: Card
    device: str
    levels: list[float]


def plan_network(recipe: Recipe, work: NetworkAt, facts: Facts, values: JointValues, notes: tuple[Note, ...]) -> Plan:
    """The plan of a network that makes the fields of a file; their region is the one that was read.

    Args:
        recipe: that names the network.
        work: the network.
        facts: about the open field.
        values: of all slices.
        notes: what of it is not as asked.
    """
    card, refusal, fields = work.card, (facts.torch is None and torch_is_missing(work.card.name)) or None, None
    refusal = refusal or _refused(recipe, card, values)
    if refusal is None:
        try:
            fields = _fields_of(recipe, card, values)
        except UserError as error:
            refusal = error
    return network_plan(recipe, work, values.region, fields, refusal, notes)


def network_plan(
    recipe: Recipe, work: NetworkAt, region: Region, fields: Jointly | None, refusal: UserError | None = None,
    notes: tuple[Note, ...] = (),
) -> Plan:  # fmt: skip
    """The plan of fields that a network makes together, given their mean where it is given one."""
    card, nothing = work.card, np.zeros((region.ny, region.nx), np.float32)
    params = sampler_params(recipe.course.sampler, dict(recipe.course.sampler_params))
    model = None
    if fields is not None and refusal is None:
        known = np.asarray(fields.there.all(0)) if card.network.get("mask") else None
        mean = None if fields.mean is None else np.nan_to_num(fields.mean)[None].astype(np.float32)
        model = Trained(card, work.device, mean, known)
    able = card_capabilities(card)
    lacking = lacks(SAMPLERS[recipe.course.sampler], params, card.name, able)
    return Plan(
        recipe, region, card.transform, nothing, nothing, work.levels, params, work.device, model, able,
        Conditioning.of(recipe), card, notes, refusal or lacking or recipe.ensemble.refusal, jointly=fields,
    )  # fmt: skip


def of_season(
    season: SeasonalCycle, mean: NDArray[np.floating], fractions: NDArray[np.float64], name: str
) -> NDArray[np.float64]:
    """The departure of a mean over days [ny, nx] from the season, in standard deviations of the pixel.

    Raises:
        UserError: if it lies so far from the season that it is of another place or unit.
    """
    z = (mean - season.at(fractions).mean(0)) / season.std
    if not np.isfinite(z).any():
        raise UserError("The mean is known at no pixel that the network makes.", "Choose another month or region.")
    if (reached := float(np.nanmedian(np.abs(z)))) > FARTHEST:
        raise UserError(
            f"The mean lies {reached:.0f} standard deviations from the season that {name} knows.",
            "It was trained on one region: give a mean of that place, in its units.",
        )
    return np.asarray(z, np.float64)


def channels_of(card: Card) -> tuple[Channel, ...]:
    """All channels that it makes, the first with the names of the card itself."""
    first = Channel(card.quantity, card.quantity, "", card.quantity, card.units, transform=card.transform)
    return first, *card.together.channels


def times_refused(card: Card, frames: int) -> UserError | None:
    """Why so many times cannot be made; None if they can."""
    made = card.together.frames
    if (frames == 1) != (made == 1) or abs(frames - made) > LONGER:
        few = f", and {made - LONGER} to {made + LONGER} can be made" if made > 1 else ""
        return UserError(
            f"{card.name} was trained on {_times(made)}{few}; {_times(frames)} are asked for.",
            f"Ask for a sequence of {made}." if made > 1 else "Leave the sequence out.",
        )
    return None


def several_at_once(card: Card) -> UserError:
    """What is said of such a network where single fields are made, as in the window."""
    made, few = card.together, " and ".join([card.quantity, *(one.condition for one in card.together.channels)])
    what = f"sequences of {made.frames} times of {few}" if made.frames > 1 else few
    ways = "View > Layout > Earth makes days of a month by it; " if made.mean and made.frames > 1 else ""
    return UserError(
        f"{card.name} makes {what} together, and single fields are shown here.",
        f"{ways}diffview sample --model {card.name} makes them into a file.",
    )


def _times(count: int) -> str:
    return f"sequences of {count} times" if count > 1 else "single times"


def _refused(recipe: Recipe, card: Card, values: JointValues) -> UserError | None:
    """Why the network cannot make these fields together; None if it can."""
    asked, seen, size = recipe.frames, Conditioning.of(recipe), (values.region.ny, values.region.nx)
    names = tuple(one.condition for one in card.together.channels)
    if (refusal := times_refused(card, asked.sequence)) is not None:
        return refusal
    for meant, sentence, hint in (
        (asked.known, f"{card.name} makes all of its channels and cannot be given one.",
         "Choose gaussian, or a network that was trained with conditions."),
        (seen.guided or seen.conditioned, "What is observed leads single fields, and several are to be made together.",
         "Leave what is observed out; a mean over times is given to a network that was trained with it."),
        (recipe.ensemble.statistics and card.together.seasonal, "Statistics are not kept of departures from a season.",
         "Leave statistics out, and take them of the members."),
        (asked.channels != names, f"{card.name} makes {', '.join((card.quantity, *names))}; here are "
         f"{', '.join(one.name for one in values.fields)}.", f"Ask for the channels {','.join(names) or 'of none'}."),
        (size != card.shape[1:], f"{card.name} makes {card.shape[1]} x {card.shape[2]} pixels, and the region has "
         f"{size[0]} x {size[1]}.", "Take a region of that size."),
        (card.conditions, f"{card.name} is given {card.conditions and card.conditions[0].condition}, which is not read "
         "beside fields that are made together.", "Use it where it was trained."),
    ):  # fmt: skip
        if meant:
            return UserError(sentence, hint)
    if apart := mismatch(card, values.fields[0]):
        return UserError(apart, "Open a field of that quantity and unit.")
    return next(filter(None, map(_other_units, channels_of(card), values.fields)), None)


def _other_units(channel: Channel, field: Field) -> UserError | None:
    if same_units(channel.units, field.units):
        return None
    own, other = written(channel.units) or "1", written(field.units) or "1"
    return UserError(f"{channel.condition} is made in {own}; in the file it is in {other}.", "Convert it first.")


def _fields_of(recipe: Recipe, card: Card, values: JointValues) -> Jointly:
    """The fields that are made, with the open ones, standardised, and their mean.

    Raises:
        UserError: if the open field begins no sequence and is needed, or there are no dates for a season.
    """
    frames, season = recipe.frames.sequence, own_season(card)
    if card.together.seasonal and (season is None or not values.calendar):
        raise UserError(
            f"{card.name} makes departures from a season, and "
            + ("its weights bring none." if season is None else f"{values.fields[0].name} has no dates."),
            "Copy the model again." if season is None else "Open a file with dates.",
        )
    firsts = values.firsts(frames)
    own = values.at in firsts
    placed = card.together.mean or recipe.start.origin == "field"
    if not own and (placed or not len(firsts)):
        raise UserError(
            f"The open field does not begin a sequence of {frames} times in equal steps.",
            "Choose an earlier time (index).",
        )
    first = values.at if own else int(firsts[0])
    days = values.days[first : first + frames]
    transforms = tuple(one.transform or card.transform for one in channels_of(card))
    open_ones = values.sequences(np.array([first]), frames)[0]
    there: NDArray[np.bool_] = ~np.asarray(np.isnan(open_ones).any(1) if frames > 1 else np.isnan(open_ones))
    made = Jointly(
        values.fields, transforms, len(transforms), (len(transforms), *open_ones.shape[1:]), None, there, days,
        values.calendar, placed, season,
    )  # fmt: skip
    x0 = made.standardised(open_ones)
    mean = np.where(there, x0.mean(1), np.nan) if card.together.mean else None
    return made.but(x0 if placed else None, mean)
