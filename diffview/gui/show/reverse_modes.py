"""Modes of REVERSE, as tables: of a run, of one shot, and the comparisons with a filled gap."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.fields.tiles import tiled
from diffview.fields.transforms import Transform
from diffview.gui.show.looks import made
from diffview.gui.show.moment import InForce
from diffview.reverse.samplers import Step
from diffview.runs.plan import Plan
from diffview.story.words import TERMS

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Mode:
    """One mode: its label, its tooltip, and its picture from a step, a shot or a kriged gap.

    Attributes:
        diverging: whether it is a noise and not a field.
        limits: standardised values at the ends of its colours, None for those in force.
    """

    label: str
    tip: str
    picture: Callable[[Any, InForce], Array | None]
    diverging: bool = False
    limits: tuple[float, float] | None = None


MOST_TILES = 64
"""Members that are shown side by side: of more nothing could be seen."""


def shown_member(members: Array | None, session: InForce) -> Array | None:
    """One member [ny, nx], or the first of them tiled."""
    member = session.view.member
    if members is None:
        return None
    if len(members) == 1 or member is not None:
        return members[min(member or 0, len(members) - 1)]
    return tiled(members[:MOST_TILES])


def _state(step: Step, session: InForce) -> Array:
    return np.float32(session.recipe.course.schedule.scale(step.s)) * made(step.y, session)


def _estimate(step: Step, session: InForce) -> Array:
    return _state(step, session) if step.x0_hat is None else made(step.x0_hat, session)


def _eps_hat(step: Step, session: InForce) -> Array | None:
    return None if step.eps_hat is None else made(step.eps_hat, session)


MEMBERS: dict[str, Callable[[Step, InForce], Array | None]] = {
    "x_t": _state, "x0_hat": _estimate, "eps_hat": _eps_hat
}  # fmt: skip
"""All members [m, ny, nx] of a step, standardised, by the mode that shows them."""


def members_shown(key: str, step: Step, session: InForce, plan: Plan) -> tuple[Array, Transform] | None:
    """The members of a step in a mode, and what makes them physical, a noise as it is; None where there are none."""
    members = MEMBERS[key](step, session)
    return None if members is None else (members, Transform("identity") if MODES[key].diverging else plan.made_in)


def _mode(key: str, label: str, tip: str, diverging: bool = False) -> Mode:
    return Mode(label, tip, lambda step, session: shown_member(MEMBERS[key](step, session), session), diverging)


def _shot_x0(shot: Any, session: InForce) -> Array | None:
    return None if shot.x0_hat is None else made(shot.x0_hat[None, None], session)[0]


def _difference(shot: Any) -> Array | None:
    return None if shot.eps_hat is None else shot.eps - shot.eps_hat


MODES: dict[str, Mode] = {
    "x_t": _mode("x_t", "xₜ", f"The state of the run. {TERMS['x_t'].sentence}"),
    "x0_hat": _mode("x0_hat", "x̂₀", f"The clean field. {TERMS['x0_hat'].sentence}"),
    "eps_hat": _mode("eps_hat", "ε̂", f"The noise in x_t. {TERMS['x0_hat'].sentence}", diverging=True),
}
SHOTS: dict[str, Mode] = {
    "shot_x0": Mode("x̂₀", "The estimate of the clean field in one call on the forward x_t", _shot_x0),
    "shot_eps": Mode("ε | ε̂", "The true noise, and the model's", lambda shot, _: shot.eps_hat, diverging=True),
    "shot_diff": Mode("ε−ε̂", "The error of the estimated noise", lambda shot, _: _difference(shot), diverging=True),
}
BESIDE: dict[str, Mode] = {
    "beside_mean": Mode(
        "kriging",
        "The gap by simple kriging (optimal interpolation): the best estimate under a Gaussian prior",
        lambda kriged, _: kriged.mean,
    ),
    "beside_draw": Mode(
        "draw", "One draw from the posterior of kriging, as a member of a run is one of the model",
        lambda kriged, session: kriged.member(session.recipe.course.seed),
    ),
    "beside_std": Mode(
        "std", "The standard deviation of kriging: its uncertainty", lambda kriged, _: kriged.std, limits=(0.0, 1.0)
    ),
    "beside_truth": Mode("truth", "The field itself, hidden pixels included", lambda _, session: session.plan.x0),
}  # fmt: skip


class Kind(NamedTuple):
    """A kind of modes: label, tooltip and table."""

    label: str
    tip: str
    modes: Mapping[str, Mode]


KINDS: dict[str, Kind] = {
    "run": Kind("run", "The recorded run at the playhead's noise level", MODES),
    "shot": Kind("one shot", "One call of the model on the forward x_t at the playhead", SHOTS),
    "beside": Kind("compare", "The filled gap beside kriging and the truth", BESIDE),
}
"""Kinds by the prefix of the keys of their modes; those of a run have none."""

LIKE = {
    "x_t": "x0",
    "x0_hat": "x0",
    "eps_hat": "eps",
    "shot_x0": "x0_hat",
    "shot_eps": "eps_hat",
    "shot_diff": "eps_hat",
}
"""The mode of a shot that corresponds to a mode of a run, and the reverse."""


def kind_of(key: str) -> str:
    """The key in KINDS of a mode."""
    return next((kind for kind, row in KINDS.items() if key in row.modes), "run")


def mode_of(key: str) -> Mode:
    """The mode of a key."""
    return KINDS[kind_of(key)].modes[key]


def turned_to(kind: str, key: str) -> str:
    """The mode of another kind that corresponds to the one on screen."""
    if kind_of(key) == kind:
        return key
    if kind == "beside":
        return "beside_mean"
    if kind == "shot":
        return f"shot_{LIKE.get(key, 'x0')}"
    return LIKE.get(key, "x_t")


BADGES = {
    "beside_mean": "outlined: made by kriging",
    "beside_draw": "outlined: one draw of kriging",
    "beside_std": "std of kriging",
    "beside_truth": "the field, hidden pixels included",
}
"""Badges of the comparisons."""
