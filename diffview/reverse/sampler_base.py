"""What all samplers share: the Step they yield, the table they stand in, and what they declare there.

    sampler(denoise, y, levels, noise, *, start=0, history=(), **params) -> Iterator[Step]

`denoise(y, s) -> x0_hat` is the posterior mean; `levels` is always the whole list of N + 1 falling floats whose last
is 0; `noise(stream, index)` gives standard normals like y. Step 0 is the start. Whoever calls decides what to keep,
draw or stop: `sampler(denoise, st.y, levels, noise, start=st.index, history=st.history)` continues bit for bit.
The same lines run on numpy arrays and torch tensors; every coefficient is a Python float, so dtypes stay.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from diffview.params import parameters

POSTERIOR_MEAN = "posterior mean"
CONSISTENCY = "consistency"
VARIANCE_FRACTION = "variance_fraction"
KNOWN_PIXELS = "known pixels"


@dataclass(frozen=True, eq=False)
class Step:
    """One state of a run.

    Attributes:
        index: number of steps made; 0 is the start.
        s: the level y is at.
        y: x/alpha at that level, [members, channels, ny, nx].
        x0_hat, eps_hat: of the step's first evaluation, made at s_eval on the y before the step; None at the start.
        s_eval: the level of that evaluation.
        evaluations: denoiser calls from level 0 of this run to here.
        history: what a multistep sampler must remember to go on: floats and arrays like y.
    """

    index: int
    s: float
    y: Any
    x0_hat: Any = None
    eps_hat: Any = None
    s_eval: float | None = None
    evaluations: int = 0
    history: tuple[Any, ...] = ()


Denoise = Callable[[Any, float], Any]
NoiseFn = Callable[[int, int], Any]
Sampler = Callable[..., Iterator[Step]]
Params = Mapping[str, Any]
Walk = Callable[[int, Params], Sequence[int]]


@dataclass(frozen=True)
class Info:
    """What a sampler declares.

    Attributes:
        run: the generator; its name is its key.
        title: for people.
        order: of convergence: of the states of an ODE sampler, of the law of a stochastic one.
        per_step: denoiser calls of a step that does not end at s = 0; that one is of first order and takes one.
        stochastic: it can draw noise on its way; see `draws`.
        needs: what it needs beside y and s, as of the constants of this module; see `needed`.
        silent: the parameter that at 0 leaves a stochastic sampler without noise, or "".
        also: (parameter, value, need): a need that comes with a setting.
        extra: denoiser calls of a run of more than one step, beside those of its steps.
        walk: the place in `levels` of every state of a run of N steps, for a sampler that does not just go down.
    """

    run: Sampler
    title: str
    order: int
    per_step: int = 1
    stochastic: bool = False
    needs: tuple[str, ...] = (POSTERIOR_MEAN,)
    silent: str = ""
    also: tuple[tuple[str, Any, str], ...] = ()
    extra: int = 0
    walk: Walk | None = None

    def places(self, steps: int, params: Params | None = None) -> Sequence[int]:
        """The place in `levels` of every state of a run down `steps` levels: 0, 1, ... N, unless it walks upwards.

        What `params` does not name has its default.
        """
        if self.walk is None:
            return range(steps + 1)
        return self.walk(steps, {**{p.name: p.default for p in parameters(self.run)}, **(params or {})})

    def evaluations(self, steps: int, params: Params | None = None) -> int:
        """Denoiser calls of a whole run down `steps` levels with these parameters."""
        made = len(self.places(steps, params)) - 1
        return self.per_step * (made - 1) + 1 + (self.extra if made > 1 else 0)

    def draws(self, params: Params) -> bool:
        """Whether a run with these parameters draws noise on its way."""
        return self.stochastic and not (self.silent and params.get(self.silent) == 0)

    def needed(self, params: Params) -> tuple[str, ...]:
        """What a run with these parameters needs."""
        return (*self.needs, *(need for name, value, need in self.also if params.get(name) == value))


REGISTERED: dict[str, Info] = {}
"""Every sampler that has been imported, by its key, which is the name of its function; see samplers.SAMPLERS."""


def register(title: str, order: int, **declared: Any) -> Callable[[Sampler], Sampler]:
    """A decorator that enters a sampler into REGISTERED; `declared` as in Info."""

    def enter(run: Sampler) -> Sampler:
        REGISTERED[run.__name__] = Info(run, title, order, **declared)
        return run

    return enter


def interpolate(y: Any, x0_hat: Any, r: float) -> Any:
    """r y + (1 - r) x0_hat; x0_hat itself at r = 0."""
    return r * y + (1 - r) * x0_hat if r else x0_hat
