"""What the window of ways back shows: pictures, rows of scores, and curves."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.numbers import figures
from diffview.gui.show.lines import Line
from diffview.gui.show.rival_words import TOKENS
from diffview.scores.ways_back import CoarseTask, WayBack

Array = NDArray[np.float64]

MAPS = (
    ("member", "member", "One member of each way, beside the coarse field and the truth"),
    ("mean", "mean", "The mean of the members: smooth where they disagree"),
    ("error", "error", "The mean less the truth"),
    ("spread", "spread", "The standard deviation of the members"),
)

HEAD = ("", "", "CRPS", "spread/skill", "block means off", "spectrum, dB")
TIPS = {
    "coarse": "The block means as they are: nothing is made",
    "sdedit": "A run from the coarse field with noise put in up to t*: drag it",
    "operator": "A run from noise, led by the block means as an instrument sees them",
    "network": "A network that was trained to be given block means",
    "exact": "The posterior of the Gaussian field of this spectrum: it is solved, not sampled approximately",
}
COLOURS: Mapping[str, str] = dict(zip(("sdedit", "operator", "network", "exact"), TOKENS, strict=True))
"""Token of the colour of every way."""


class ShownMap(NamedTuple):
    """A picture: its name, the token of its colour, values [ny, nx] in units, and words."""

    name: str
    token: str
    values: Array
    words: str


def _error(way: WayBack, task: CoarseTask) -> Array:
    return way.members.mean(0) - task.truth


def _spread(way: WayBack, _: CoarseTask) -> Array:
    return way.members.std(0, ddof=1) if len(way.members) > 1 else np.zeros(way.members.shape[1:])


_OF: Mapping[str, Callable[[WayBack, CoarseTask], Array]] = {
    "member": lambda way, _: way.members[0],
    "mean": lambda way, _: way.members.mean(0),
    "error": _error,
    "spread": _spread,
}


def pictures(key: str, ways: Sequence[WayBack], task: CoarseTask, units: str) -> list[ShownMap]:
    """The map of every way by a key of MAPS; the truth last, where a field is shown."""
    made = [
        ShownMap(
            way.title, COLOURS.get(way.key, "dim"), _OF[key](way, task), f"CRPS {figures(way.crps)} {units}".rstrip()
        )
        for way in ways
        if key != "spread" or way.key != "coarse"
    ]
    return [*made, ShownMap("truth", "text", task.truth, "")] if key in ("member", "mean") else made


def limits(key: str, shown: Sequence[ShownMap]) -> tuple[float, float]:
    """The ends of the colours of errors, around 0, and of spreads, in units."""
    most = max((float(np.nanquantile(np.abs(one.values), 0.99)) for one in shown), default=1.0) or 1.0
    return (-most, most) if key == "error" else (0.0, most)


def rows(ways: Sequence[WayBack], units: str) -> list[tuple[str, ...]]:
    """The table of scores, the head first; none without ways."""
    if not ways:
        return []
    after = f" {units}" if units else ""
    return [
        HEAD,
        *(
            (
                way.title, TIPS[way.key], f"{figures(way.crps)}{after}",
                "" if len(way.members) < 2 else figures(way.spread_skill, 2),
                f"{figures(way.off, 2)}{after}", figures(way.distance, 2),
            )
            for way in ways
        ),
    ]  # fmt: skip


def curves(ways: Sequence[WayBack]) -> list[Line]:
    """Spread over error of every way by wavenumber, beside 1, which a perfect ensemble has."""
    lines = []
    for way in ways:
        if len(way.members) > 1:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.sqrt(way.scales.spread / way.scales.error)
            lines.append(Line(way.title, COLOURS.get(way.key, "dim"), way.scales.k, ratio))
    if lines:
        lines.append(Line("perfect", "dim", lines[0].x[[0, -1]], np.ones(2)))
    return lines


def level_words(s: float, t: float, length: int) -> str:
    """A noise level in words."""
    return f"t* {round(t * length)} · s* {s:.3g}"
