"""What can be on a stage: at most two pictures and one plot beside a sentence and an equation, by name."""

from dataclasses import dataclass
from typing import Annotated, Any

from diffview.params import ValueType, confirm, plain_of, value_of

PICTURES = ("field", "forward", "reverse", "crops", "by_data", "by_local", "by_network")
"""What a stage can show as a picture; the last three: fields that a model makes, each above the nearest crop."""

PLOTS = ("schedule", "histogram", "spectrum", "scale_time", "density", "bells", "cloud", "training", "race")
"""What it can show as a plot."""

WORDS = ("sentence", "equation")
"""What else is on it."""

PARTS = (*PICTURES, *PLOTS, *WORDS)
"""All that can be revealed and pointed at."""

WORKING = ("cloud", "race")
"""Plots of work that a beat can begin: a network that learns points, samplers that race."""

MOST_PICTURES = 2


def _list_of(names: tuple[str, ...], most: int) -> ValueType:
    def right(value: Any) -> bool:
        return len(value) <= most and len(set(value)) == len(value) and set(value) <= set(names)

    return ValueType(f"Choose at most {most} of {', '.join(names)}.", right, list, tuple)


PICTURE_LIST = _list_of(PICTURES, MOST_PICTURES)
PLOT = ValueType(f"Choose one of {', '.join(PLOTS)}, or none.", lambda value: value in ("", *PLOTS))


@dataclass(frozen=True)
class Stage:
    """What an audience sees beside the sentence and the equation: at most two pictures and one plot."""

    pictures: Annotated[tuple[str, ...], PICTURE_LIST, "The pictures, from the left."] = ()
    plot: Annotated[str, PLOT, "The plot; none: there is none."] = ""

    def __post_init__(self) -> None:
        """Refuse a part that there is not.

        Raises:
            UserError: then.
        """
        confirm(self, "The stage")

    @property
    def parts(self) -> frozenset[str]:
        """All that can be pointed at while it is shown."""
        return frozenset({*self.pictures, self.plot, *WORDS}) - {""}


STAGE = ValueType("It has pictures and a plot.", write=plain_of, read=lambda plain: value_of(Stage, plain, "The stage"))
