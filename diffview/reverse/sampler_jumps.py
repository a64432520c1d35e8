"""Samplers that jump: consistency to the end of the path and back up, RePaint back up to fill gaps."""

from collections.abc import Iterator, Sequence
from math import sqrt
from typing import Annotated, Any

from diffview.arrays import namespace
from diffview.errors import UserError
from diffview.forward.noise import JUMP, KNOWN, STEP
from diffview.params import Range
from diffview.reverse.sampler_ancestral import reverse_std
from diffview.reverse.sampler_base import (
    CONSISTENCY,
    KNOWN_PIXELS,
    POSTERIOR_MEAN,
    Denoise,
    NoiseFn,
    Params,
    Step,
    interpolate,
    register,
)


@register("Consistency", order=0, stochastic=True, needs=(CONSISTENCY,))
def consistency(
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
) -> Iterator[Step]:
    """y' = f(y, s) + sqrt(s'^2 - s_min^2) z, where f jumps along the probability-flow ODE to s_min.

    f is `denoise` of a consistency model, s_min the lower end of its noise_range (0 if it has none). One step is one
    call; more of them trade calls for quality, and no order of convergence belongs to that [Song et al. 2023,
    arXiv 2303.01469, algorithm 1].
    """
    yield Step(start, levels[start], y, history=history)
    s_min = float(getattr(denoise, "noise_range", (0.0,))[0])
    for i in range(start, len(levels) - 1):
        s, s_next = levels[i], levels[i + 1]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        y = x0_hat + sqrt(s_next**2 - s_min**2) * noise(STEP, i) if s_next > s_min else x0_hat
        yield Step(i + 1, s_next, y, x0_hat, eps_hat, s, i + 1)


def _walk(steps: int, params: Params) -> list[int]:
    """0, 1, ... N, but the first `resamplings - 1` times that a turning point is reached, `jump` places back up.

    Turning points are the last place but one and every `jump` places before it, as long as there is room to jump
    [RePaint's get_schedule_jump]. A turn costs no state of its own: the walk goes on from where it jumped to.
    """
    jump, again = params["jump"], params["resamplings"] - 1
    turns = dict.fromkeys(range(steps - 1, jump - 1, -jump), again)
    places, at = [0], 0
    while at < steps:
        at += 1
        if turns.get(at, 0) > 0:
            turns[at] -= 1
            at -= jump
        places.append(at)
    return places


@register("RePaint", order=1, stochastic=True, needs=(POSTERIOR_MEAN, KNOWN_PIXELS), walk=_walk)
def repaint(  # noqa: PLR0913 - what every sampler has, and what is known
    denoise: Denoise,
    y: Any,
    levels: Sequence[float],
    noise: NoiseFn,
    *,
    start: int = 0,
    history: tuple[Any, ...] = (),
    known: tuple[Any, Any] | None = None,
    jump: Annotated[int, Range(1, 1000), "steps that a jump goes back up"] = 5,
    resamplings: Annotated[int, Range(1, 100), "times that each stretch is walked; 1 never jumps"] = 4,
) -> Iterator[Step]:
    """DDPM's step in the unknown pixels, y_known + s' z in the known ones; jumps back up, so that both fit together.

    A jump is y + sqrt(s_up^2 - s^2) z, made at the end of the step that reaches a turning point, so that every Step
    has one evaluation; `_walk` says where [Lugmayr et al. 2022, arXiv 2201.09865, algorithm 1, in y = x/alpha].
    Step.index counts steps made, and Step k is at levels[SAMPLERS["repaint"].places(N, params)[k]]. `known` is
    (mask, values), both broadcastable to y: true where a pixel is known, and the clean values, finite everywhere.

    Raises:
        UserError: if no known pixels are given.
    """
    if known is None:
        raise UserError("RePaint was given no known pixels.", "Hide a part of the region, and start from the rest.")
    mask, values = known
    where = namespace(y).where
    places = _walk(len(levels) - 1, {"jump": jump, "resamplings": resamplings})
    yield Step(start, levels[places[start]], y, history=history)
    for k in range(start, len(places) - 1):
        s, s_next, s_end = levels[places[k]], levels[places[k] + 1], levels[places[k + 1]]
        x0_hat = denoise(y, s)
        eps_hat = (y - x0_hat) / s
        std = reverse_std(denoise, y, s, s_next, "small") if s_next else 0.0
        y = interpolate(y, x0_hat, (s_next / s) ** 2)
        if s_next:
            y = where(mask, values + s_next * noise(KNOWN, k), y + std * noise(STEP, k))
        else:
            y = where(mask, values, y)
        if s_end > s_next:
            y = y + sqrt(s_end**2 - s_next**2) * noise(JUMP, k)
        yield Step(k + 1, s_end, y, x0_hat, eps_hat, s, k + 1)
