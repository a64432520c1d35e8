"""Conditions from other variables: what a network is shown of them beside the noise, channel by channel.

Each group of channels, a sensor, has one channel more: 1 where all of it is there, 0 where a value is missing or the
group is switched off. Where a group is not there, its channels are 0, as in training where groups are left out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.channels import Channel, ConditionValues
from diffview.fields.transforms import Transform, choose_transform
from diffview.fields.units import same_units, written

Array = NDArray[np.float32]


def groups_of(channels: Sequence[Channel]) -> tuple[str, ...]:
    """The groups, in the order of their first channels."""
    return tuple(dict.fromkeys(one.group for one in channels))


def shown_count(channels: Sequence[Channel]) -> int:
    """How many channels a network is shown of them: one more for each group."""
    return len(channels) + len(groups_of(channels))


def fitted(channels: Sequence[Channel], values: Array, asked: Mapping[str, str]) -> tuple[Channel, ...]:
    """The channels with transforms fitted to values [n, channels, ny, nx].

    Args:
        channels: without transforms.
        values: those that are trained on.
        asked: key of the transform of a condition, by its name; the one that suits the values where none is named.
    """
    made = []
    for at, one in enumerate(channels):
        own = values[:, at]
        key = asked.get(one.condition) or choose_transform(own, one.units)[0]
        made.append(replace(one, transform=Transform.fit(key, own, one.condition)))
    return tuple(made)


def standardised(channels: Sequence[Channel], values: Array) -> Array:
    """Physical values [n, channels, ny, nx] through the transforms of the channels."""
    made = np.empty(values.shape, np.float32)
    for at, one in enumerate(channels):
        assert one.transform is not None
        made[:, at] = one.transform(values[:, at])
    return made


def shown(channels: Sequence[Channel], z: Array, off: Collection[str] = ()) -> Array:
    """What a network is shown of standardised values [n, channels, ny, nx]: them, and where each group is there."""
    there = ~np.isnan(z)
    values, present = np.nan_to_num(z), []
    for group in groups_of(channels):
        own = [at for at, one in enumerate(channels) if one.group == group]
        whole = there[:, own].all(axis=1, keepdims=True) & (group not in off)
        values[:, own] *= whole
        present.append(whole.astype(np.float32))
    return np.concatenate([values, *present], axis=1)


def unmet(
    name: str, wanted: Sequence[Channel], beside: ConditionValues | None, off: Collection[str]
) -> UserError | None:
    """Why what lies beside a field is not what the network `name` is given; None if it is.

    A group that is switched off need not be there.
    """
    there = {} if beside is None else {(one.condition, one.at): one for one in beside.channels}
    for one in wanted:
        if one.group in off:
            continue
        found = there.get((one.condition, one.at))
        what = f"{one.condition}{f' ({one.at})' if one.at else ''}"
        unit = written(one.units) or "1"
        if found is None:
            said = f"{name} is given {what}, {one.quantity} in {unit}, and it is not there."
            return UserError(said, f"Name it among the conditions as {one.condition}, or switch {one.group} off.")
        if not same_units(found.units, one.units):
            said = f"{name} is given {what} in {unit}; here it is in {written(found.units) or '1'}."
            return UserError(said, f"Choose another variable for {one.condition}, or switch {one.group} off.")
        if found.minutes != one.minutes:
            said = f"{name} is given {what} {one.minutes:g} minutes after the field; here it is {found.minutes:g}."
            return UserError(said, "Set its time offset to that.")
    return None


def of_network(
    wanted: Sequence[Channel], beside: ConditionValues | None, at: tuple[slice, slice], off: Collection[str]
) -> Array:
    """What a network is shown of the first slice, in a part of it: [1, channels, ny, nx]."""
    rows, columns = (part.stop - part.start for part in at)
    values = np.full((1, len(wanted), rows, columns), np.nan, np.float32)
    there = {} if beside is None else {(one.condition, one.at): n for n, one in enumerate(beside.channels)}
    for n, one in enumerate(wanted):
        if beside is not None and (one.condition, one.at) in there:
            values[0, n] = beside.values[(0, there[one.condition, one.at], *at)]
    return shown(wanted, standardised(wanted, values), off)
