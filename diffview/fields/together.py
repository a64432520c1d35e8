"""What a network makes together: variables of one time, times that follow each other, or both."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diffview.fields.channels import Channel


@dataclass(frozen=True)
class Together:
    """Fields that are made together.

    Attributes:
        channels: further variables, each with a transform of its own.
        frames: times of a sequence; 1: a single time.
        step: days from one time to the next; slices where they have no dates.
        mean: whether the mean over the frames is given, and kept.
        seasonal: whether the fields are departures from the seasonal cycle, in standard deviations of their pixel.
    """

    channels: tuple[Channel, ...] = ()
    frames: int = 1
    step: float = 1.0
    mean: bool = False
    seasonal: bool = False

    @property
    def several(self) -> bool:
        """Whether it is more than one field."""
        return bool(self.channels) or self.frames > 1

    @property
    def means(self) -> int:
        """Channels of the mean that is given."""
        return (1 + len(self.channels)) * self.mean

    def shape(self, ny: int, nx: int) -> tuple[int, ...]:
        """(channels, ny, nx), of a sequence (channels, frames, ny, nx)."""
        return (1 + len(self.channels), *([self.frames] if self.frames > 1 else []), ny, nx)

    @property
    def sentence(self) -> str:
        """What it is, for people."""
        times = f"{self.frames} times that follow each other in steps of {self.step:g}" if self.frames > 1 else ""
        beside = ", ".join(one.condition for one in self.channels)
        made = " and ".join(filter(None, (times, f"{beside} beside the first variable" if beside else "")))
        more = [
            " It is given their mean, and keeps it." if self.mean else "",
            " They are departures from the seasonal cycle." if self.seasonal else "",
        ]
        return f"It makes {made} together.{''.join(more)}"

    @property
    def plain(self) -> dict[str, Any]:
        """It as JSON values."""
        own = {name: getattr(self, name) for name in ("frames", "step", "mean", "seasonal")}
        return {**own, "channels": [one.plain for one in self.channels]}

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "Together":
        """That of such values, whose channels have been read already."""
        return cls(**{**plain, "channels": tuple(plain.get("channels", ()))})


ALONE = Together()
"""A single field."""
