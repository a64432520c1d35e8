"""What a film shows, how large and how long it is: declared once, for the command line, the window and programs."""

from dataclasses import dataclass
from typing import Annotated, Any

from diffview.errors import UserError
from diffview.params import Choice, Range, ValueType, confirm

LEAST, MOST = 64, 4096
"""Pixels of a side of a film."""


def _is_size(value: Any) -> bool:
    return len(value) == 2 and all(type(side) is int and LEAST <= side <= MOST for side in value)


SIZE = ValueType(
    f"Choose {LEAST} to {MOST} pixels a side.", _is_size, list, tuple, "WIDTHxHEIGHT",
    lambda text: tuple(int(side) for side in text.lower().replace("×", "x").split("x")),
)  # fmt: skip

WHATS = {
    "forward": "noise put in",
    "reverse": "a run: x_t and x0_hat",
    "both": "noise put in and the run at equal noise",
    "members": "the run of every member",
}
"""What a film can show."""


@dataclass(frozen=True)
class FilmSettings:
    """What a film shows, and how."""

    what: Annotated[
        str, Choice(tuple(WHATS)), f"What it shows: {'; '.join(f'{key}: {doc}' for key, doc in WHATS.items())}."
    ] = "forward"  # fmt: skip
    size: Annotated[tuple[int, int], SIZE, "Pixels of its pictures."] = (1280, 720)
    fps: Annotated[int, Range(1, 60), "Pictures a second."] = 20
    seconds: Annotated[float, Range(0.05, 600), "How long it lasts."] = 6.0
    hold: Annotated[float, Range(0, 60), "Seconds of it for which the last picture stays."] = 1.0
    quality: Annotated[int, Range(1, 100), "Of the pictures: less makes a smaller file; 100 loses nothing in WebP."] = (
        80
    )
    theme: Annotated[str, Choice(("dark", "light")), "Its ground."] = "dark"
    scale: Annotated[bool, "Colour bar in the field's units, and a bar of kilometres."] = True
    caption: Annotated[bool, "Quantity, schedule, sampler, seed and model below the pictures."] = True

    def __post_init__(self) -> None:
        """Refuse what is not allowed.

        Raises:
            UserError: then.
        """
        confirm(self, "The film")
        if self.count < 2:
            raise UserError("A film has at least two pictures.", "Make it longer, or give it more pictures a second.")
        if self.hold > self.seconds - 1 / self.fps:
            hint = "Choose a shorter hold, or a longer film."
            raise UserError(f"The last picture cannot stay {self.hold:g} s of a film of {self.seconds:g} s.", hint)

    @property
    def count(self) -> int:
        """How many pictures it has."""
        return round(self.fps * self.seconds)

    @property
    def places(self) -> list[float]:
        """Where along its course each picture lies, from 0 to 1; at 1 it stays."""
        moving = max(2, self.count - round(self.fps * self.hold))
        return [min(i / (moving - 1), 1.0) for i in range(self.count)]
