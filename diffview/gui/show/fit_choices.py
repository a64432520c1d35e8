"""The choices of what formulas are fitted to and networks are laid over: their texts and tooltips."""

from typing import Any

from diffview.fields.numbers import percent

Choices = dict[Any, tuple[str, str]]
"""The text and the tooltip of every value."""

FIT_SETS: Choices = {
    "auto": ("as it suits", "Other slices where there are any and the slice is small, else crops of this one"),
    "crops": ("crops of this slice", "Crops of this slice, of the size of the region"),
    "slices": ("other slices", "The region in other slices of this variable; never the one shown"),
    "both": ("crops and other slices", "Crops of this slice, and the region in other slices"),
}
MISSING = (
    "Up to {} of a crop may be missing: missing pixels count as the mean of the others, and its power is divided by "
    "the share that is known"
)
HELD = (
    "Held out: nothing is fitted to the right {} of the slice, or to the last of the slices; the loss in the Model "
    "panel is measured there"
)


def shares(none: tuple[str, str], text: str, tip: str, values: tuple[float, ...]) -> Choices:
    """No share, and the others in per cent."""
    return {0.0: none, **{share: (text.format(percent(share)), tip.format(percent(share))) for share in values}}


LIMITS = shares(("none", "No pixel of a crop may be missing"), "≤ {}", MISSING, (0.05, 0.1, 0.2, 0.5))
HELD_OUT = shares(("hold none", "Nothing is held out"), "hold {}", HELD, (0.1, 0.2, 0.3))

LAID = (
    "A region larger than the network's fields is covered by windows that share at least {} of their side; x̂₀ is their "
    "mean there at every step. A step takes as many calls as there are windows"
)
OVERLAPS = shares(
    ("one window", "The region has the size of the network's fields"), "windows that share {}", LAID, (0.25, 0.5)
)
