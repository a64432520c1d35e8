"""Channels of conditions: other variables that lie beside a field, on its grid and at its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from diffview.fields.transforms import Transform

Array = NDArray[np.float32]


class Asked(Protocol):
    """A condition as it is asked for; see `runs.conditions_asked.Condition`."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def path(self) -> str:
        """Its file; "" for that of the field."""

    @property
    def dataset(self) -> str:
        """The variable; "" for the best one."""

    @property
    def minutes(self) -> float:
        """Its time, after that of the field."""

    @property
    def sensor(self) -> str:
        """The group that it belongs to."""


@dataclass(frozen=True)
class Channel:
    """One channel of a condition.

    Attributes:
        condition: name of the condition that it belongs to.
        group: what is switched on and off together: a sensor.
        at: its place along the variable's further dimensions, "" if there are none.
        quantity, units: what it is.
        minutes: its time, after that of the field.
        static: whether it has no time.
        transform: from physical units to those the network sees; None before it was fitted.
    """

    condition: str
    group: str
    at: str
    quantity: str
    units: str
    minutes: float = 0.0
    static: bool = False
    transform: Transform | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """It as JSON values."""
        fitted = None if self.transform is None else self.transform.plain
        return {**{name: getattr(self, name) for name in _PLAIN}, "transform": fitted}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Channel":
        """The channel of such values.

        Raises:
            KeyError, TypeError, ValueError: if they are not those of one.
        """
        return cls(**{name: plain[name] for name in _PLAIN}, transform=Transform.of(plain["transform"]))


_PLAIN = ("condition", "group", "at", "quantity", "units", "minutes", "static")


@dataclass(frozen=True, eq=False)
class ConditionValues:
    """What lies beside slices of a field, on its grid.

    Attributes:
        values: physical, float32 [n, channels, ny, nx], north up, NaN missing.
        channels: what they are.
        matched: for which of the n slices every condition was found.
    """

    values: Array
    channels: tuple[Channel, ...]
    matched: NDArray[np.bool_]
