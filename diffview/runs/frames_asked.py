"""The recipe's group of frames: other variables, and times that follow each other, which are made together."""

from dataclasses import dataclass, replace
from typing import Annotated

from diffview.errors import UserError
from diffview.params import Range, shown
from diffview.runs.groups import Group
from diffview.runs.values import NAMES

MOST_FRAMES = 366

EACH_ONCE = replace(
    NAMES, hint="They are names, each once.", right=lambda value: NAMES.right(value) and len({*value}) == len(value)
)


@dataclass(frozen=True)
class Frames(Group):
    """Which fields are made together with that of the source."""

    channels: Annotated[tuple[str, ...], EACH_ONCE, "Other variables of the file that are made with the field."] = ()
    sequence: Annotated[int, Range(1, MOST_FRAMES), "Times that follow each other and are made together; 1: one."] = 1
    known: Annotated[tuple[str, ...], EACH_ONCE, "Those of the channels that are given, as the file has them."] = ()

    @property
    def refusal(self) -> UserError | None:
        """Why these cannot be made: what is to be given is none of the channels; None if they can."""
        for name in self.known:
            if name not in self.channels:
                hint = f"The channels are {', '.join(self.channels)}." if self.channels else "Name it in channels too."
                return UserError(f"{shown(name)} is to be given, and is none of the channels.", hint)
        return None

    @property
    def several(self) -> bool:
        """Whether more than one field is made together."""
        return bool(self.channels or self.known) or self.sequence > 1
