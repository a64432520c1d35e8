"""The values of the pixel under the pointer, in words."""

from typing import NamedTuple

from diffview.fields.numbers import number
from diffview.gui.show.looks import field_scale, is_noise
from diffview.gui.show.moment import InForce
from diffview.reverse.samplers import Step
from diffview.runs.colour_scale import Scale


class Pixel(NamedTuple):
    """Position and standardised values of a pixel.

    Attributes:
        row, column: in the picture.
        x0, x_t, reverse: its values, None where it has none or they are not shown.
        made: the scale of REVERSE, None of a noise.
        where: its place on Earth as text, or "".
        origin: where the value of REVERSE comes from, if a gap is filled.
    """

    row: int
    column: int
    x0: float | None
    x_t: float | None = None
    reverse: float | None = None
    made: Scale | None = None
    where: str = ""
    origin: str = ""


def pixel_text(pixel: Pixel, session: InForce, step: Step | None) -> str:
    """Position and values of a pixel: standardised, and in physical units unless they are noise."""
    field, at = field_scale(session), f"row {pixel.row}, column {pixel.column}"
    parts = [f"{pixel.where}  ({at})" if pixel.where else at]
    parts.append("no data" if pixel.x0 is None else f"x₀ {field.text(pixel.x0)}")
    if pixel.x_t is not None:
        noise = is_noise(session.frame().s)
        parts.append(f"xₜ {number(pixel.x_t)} (noise)" if noise else f"xₜ {field.text(pixel.x_t)}")
    if pixel.reverse is not None:
        state = session.view.reverse == "x_t" and step is not None and is_noise(step.s)
        shown = f"{number(pixel.reverse)} (noise)" if pixel.made is None or state else pixel.made.text(pixel.reverse)
        if pixel.origin:  # the end is cut first
            parts.insert(1, f"reverse {shown} ({pixel.origin})")
        else:
            parts.append(f"reverse {shown}")
    return "   ".join(parts)
