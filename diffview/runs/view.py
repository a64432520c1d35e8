"""The recipe's group of the view: what a person looks at, which no run depends on."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from diffview.fields.colormaps import NAMES
from diffview.fields.field import Region
from diffview.forward.edits import QUANTITIES
from diffview.models.shapes import BELLS, MOST_BELLS, SHAPES, Bell
from diffview.params import FINITE, Choice, Range, ValueType
from diffview.runs.groups import Group
from diffview.runs.values import REGION

LIMITS = (-2.5, 2.5)
"""Standardised values at the ends of the colours where nothing else is asked for."""

REVERSES = (
    "x_t", "x0_hat", "eps_hat", "shot_x0", "shot_eps", "shot_diff",
    "beside_mean", "beside_draw", "beside_std", "beside_truth",
)  # fmt: skip
"""What REVERSE can show: of a run, of one call of the model on the forward x_t, and beside a filled gap."""

STATISTICS_SHOWN = ("", "mean", "spread", "above", "quantile", "row")
"""What stands in the place of the members; nothing: they themselves."""

AXES_SHOWN = ("t", "ln_s")
"""The axes of the timeline."""

PART = re.compile(r"[a-z0-9_ -]{0,40}")
"""Names of layouts and docks: what there is, only the window knows."""


def _are_limits(value: Any) -> bool:
    return len(value) == 2 and all(type(v) in (int, float) for v in value) and -1e6 <= value[0] < value[1] <= 1e6


def _read_limits(plain: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in plain)


ENDS = ValueType("They are two numbers, the lower first.", _are_limits, list, _read_limits)
LAYOUT = ValueType("It is the name of a layout, as explore.", lambda value: PART.fullmatch(value) is not None)
DOCKS = ValueType(
    "They are names of docks, as inspector.",
    lambda value: all(isinstance(one, str) and PART.fullmatch(one) for one in value), list,
    lambda plain: plain if isinstance(plain, str) else tuple(plain),
)  # fmt: skip


DRAWN = "drawn"
"""The cloud that is drawn by hand."""

FARTHEST, MOST_POINTS = 10.0, 20_000
"""How far from 0 what is taught with lies at most, and points of a drawing."""

Point = tuple[float, float]
Line = tuple[Point, ...]


def _are_bells(value: Any) -> bool:
    return 0 < len(value) <= MOST_BELLS and all(
        len(one) == 3 and one[0] > 0 and abs(one[1]) <= FARTHEST and 0 < one[2] <= FARTHEST for one in value
    )


def _are_lines(value: Any) -> bool:
    near = all(len(at) == 2 and all(abs(x) <= FARTHEST for x in at) for line in value for at in line)
    return near and sum(map(len, value)) <= MOST_POINTS


def _nested(plain: Any) -> Any:
    """JSON's lists as tuples, its numbers as floats."""
    return tuple(map(_nested, plain)) if isinstance(plain, (list, tuple)) else float(plain)


def _listed(value: Any) -> Any:
    return [_listed(one) for one in value] if isinstance(value, tuple) else value


BELL_LIST = ValueType(
    f"They are 1 to {MOST_BELLS} lists [weight above 0, mean, standard deviation above 0].",
    _are_bells, _listed, _nested,
)  # fmt: skip
LINE_LIST = ValueType(
    f"They are lists of places [x, y], none beyond {FARTHEST:g}, and no more than {MOST_POINTS:,} in all.",
    _are_lines, _listed, _nested,
)  # fmt: skip


@dataclass(frozen=True)
class View(Group):
    """The view: saved, never undone; one that has nothing but defaults says nothing, and leaves what is on screen.

    Chain or closed form is `path_mode` of the start, the rival in force is the recipe itself.
    """

    playhead: Annotated[float, Range(0.0, 1.0), "t of the playhead."] = 1.0
    follow: Annotated[bool, "Whether the playhead goes with a run."] = True
    reverse: Annotated[str, Choice(REVERSES), "What REVERSE shows."] = "x_t"
    auto_run: Annotated[bool, "Whether a run starts again after an edit."] = True
    pace: Annotated[float, Range(0.0, 600.0), "Seconds in which a finished run is played; 0: as it comes."] = 3.0
    loop: Annotated[bool, "Whether the playhead, once played to its end, begins again."] = False
    whole_slice: Annotated[bool, "Whether FORWARD shows the whole slice in the place of the region."] = False
    quantity: Annotated[str, Choice(tuple(QUANTITIES)), "What is plotted of the schedule."] = "alpha_bar"
    axis: Annotated[str, Choice(AXES_SHOWN), "Over what: t, or the logarithm of the noise level."] = "t"
    densities: Annotated[bool, "Whether those of schedule, grid and training are plotted over ln s below it."] = True
    colormap: Annotated[str, Choice(("", *NAMES)), "The colours; nothing: those that the units have."] = ""
    limits: Annotated[tuple[float, float], ENDS, "Standardised values at the ends of the colours."] = LIMITS
    member: Annotated[int | None, Range(0, 1_000_000), "The member that is shown large; none: all, tiled."] = None
    statistic: Annotated[str, Choice(STATISTICS_SHOWN), "What is shown in the place of members; nothing: they."] = ""
    threshold: Annotated[
        float | None, FINITE, "Above which members are counted, in the field's unit; none: the middle of the colours."
    ] = None
    quantile: Annotated[float, Range(0.0, 1.0), "The quantile over the members that is shown."] = 0.9
    pixels: Annotated[
        Region | None, REGION, "Pixels of the region whose members are shown as a histogram; none: no such."
    ] = None
    coast: Annotated[bool, "Whether coastlines are drawn over pictures that lie on Earth."] = True
    formulas: Annotated[bool, "Whether the equations of what is shown stand above the timeline."] = False
    bells: Annotated[
        tuple[Bell, ...], BELL_LIST, "The law of one number that is taught with: weight, mean, standard deviation."
    ] = BELLS
    cloud: Annotated[str, Choice((*SHAPES, DRAWN)), "The shape of the points in the plane."] = "moons"
    cloud_lines: Annotated[tuple[Line, ...], LINE_LIST, "The lines of one drawn by hand."] = ()
    cloud_way: Annotated[str, Choice(("spread", "return")), "Whether the points spread, or return."] = "spread"
    cloud_score: Annotated[
        str, Choice(("exact", "learnt")), "Whether they return by the exact score, or by what is learnt."
    ] = "exact"
    film: Annotated[int, Range(0, 99), "Which network of a training that is a film; beyond the last one: the last."] = 0
    layout: Annotated[str, LAYOUT, "The layout of the window; nothing: as it is."] = ""
    docks: Annotated[
        tuple[str, ...] | None, DOCKS, "The open docks by name, those in front first; none: those of the layout."
    ] = None

    @property
    def says(self) -> bool:
        """Whether it says anything."""
        return self != type(self)()

    @property
    def one_shot(self) -> bool:
        """Whether REVERSE shows one call of the model on the forward x_t."""
        return self.reverse.startswith("shot")

    @property
    def beside(self) -> bool:
        """Whether REVERSE shows a comparison with a filled gap."""
        return self.reverse.startswith("beside")
