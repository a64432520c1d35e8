"""The denoiser of somebody's own program: a function of arrays, or a torch module, told the noise as it asks.

A run calls denoise(y, s) -> x0_hat with y = x_0 + s eps. A function is called so, unless it is said what else it
predicts or is told. A torch module gets tensors of its own dtype and device; what it is told follows from the name of
its second parameter (sigma, or a training step t), and is refused where that leaves it open.
"""

import inspect
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from diffview.errors import UserError, out_of_memory
from diffview.forward.schedules import make_schedule
from diffview.reverse.parametrisations import Adapted, FlowTimes, TableTimes, Times, x0_from_eps

Network = Callable[[Any, float], Any]

PREDICTED = {"x0": "sample", "eps": "epsilon", "v": "v_prediction", "flow": "flow"}
"""What may be predicted, and the key of it in PREDICTIONS."""

TOLD = {
    "sigma": ("s", "sigma", "sigmas", "noise_level", "noise_levels", "level"),
    "t": ("t", "time", "times", "timestep", "timesteps", "step", "steps"),
}
"""What a network may be told, and the names of parameters that say it."""

LIBRARIES = tuple(str(Path(sysconfig.get_paths()[name])) for name in ("stdlib", "purelib", "platlib"))
OURS = str(Path(__file__).resolve().parents[1])


def own_denoiser(
    own: Any, prediction: str | None = None, time: str | None = None, alpha_bar: ArrayLike | str | None = None
) -> "Guarded":
    """A function or a module as denoise(y, s) -> x0_hat, whose errors are told as its own.

    Args:
        own: a function or object that is called, or a torch module.
        prediction: "x0", "eps", "v" or "flow"; None: x0, as far as that is plain.
        time: "sigma": it is called with y and s = sigma/alpha; "t": with x_t = alpha y and the step or time.
        alpha_bar: of its training steps 0, ..., T - 1; or the schedule they were made by ("linear", "cosine").

    Raises:
        UserError: if it cannot be called so, or what it is told or predicts is not plain.
    """
    if not callable(own):
        raise UserError("The denoiser cannot be called.", "Give a function denoise(y, s), or a torch module.")
    module = is_module(own)
    if not module and (prediction, time, alpha_bar) == (None, None, None):
        return Guarded(own, own)
    time = time or _told(own, prediction, alpha_bar)
    prediction = prediction or ("x0" if time == "sigma" else None)
    _require_plain(prediction, time, alpha_bar)
    assert prediction is not None
    network = own
    if module:
        from diffview.models.nets.own_module import OnTensors

        network = OnTensors(own, whole=time == "t" and prediction != "flow")
    if time == "t":
        return Guarded(Adapted(network, PREDICTED[prediction], _times(prediction, alpha_bar)), own)
    if prediction == "x0":
        return Guarded(network, own)
    return Guarded(lambda y, s: x0_from_eps(y, network(y, s), 1.0, s), own)


def is_module(own: Any) -> bool:
    """Whether it is a torch module; asks without importing torch, without which there is none."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(own, torch.nn.Module)


def _told(own: Any, prediction: str | None, alpha_bar: ArrayLike | str | None) -> str:
    """What a network is told beside y, by the name of its second parameter."""
    if prediction == "flow" or alpha_bar is not None:
        return "t"
    if not is_module(own):
        return "sigma"
    named = inspect.signature(own.forward).parameters.values()
    asked = [p for p in named if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(asked) < 2 and not any(p.kind == p.VAR_POSITIONAL for p in named):
        raise UserError(
            f"{type(own).__name__} takes one input: it is not told how much noise there is.",
            "A denoiser is called with y and the noise level; give function(y, s) around it if it needs none.",
        )
    name = asked[1].name if len(asked) > 1 else "*"
    for time, names in TOLD.items():
        if name.lower() in names:
            return time
    raise UserError(
        f"Nothing says what {type(own).__name__} is told: its second parameter is called {name}.",
        'Say time="sigma" if that is the noise level sigma/alpha, time="t" if it is a training step.',
    )


def _require_plain(prediction: str | None, time: str, alpha_bar: ArrayLike | str | None) -> None:
    """Refuse what leaves open how x0_hat follows, or cannot be.

    Raises:
        UserError: then.
    """
    if time not in TOLD:
        raise UserError(f"A network that is told {time!r} is unknown here.", f"Known are {', '.join(TOLD)}.")
    if prediction is None:
        raise UserError(
            "The network is told a training step, and nothing says what it predicts.",
            f"Say prediction=, one of {', '.join(PREDICTED)}.",
        )
    if prediction not in PREDICTED:
        raise UserError(f"A prediction of {prediction!r} is unknown here.", f"Known are {', '.join(PREDICTED)}.")
    if time == "sigma" and prediction in ("v", "flow"):
        raise UserError(
            f"A network that predicts {prediction} is told a time, and not sigma.",
            'Say time="t", and for v alpha_bar= of its training steps.',
        )
    if time == "t" and prediction != "flow" and alpha_bar is None:
        raise UserError(
            "The network is told a training step, and nothing says how much noise there is at which.",
            'Say alpha_bar= of its training steps, or "linear" or "cosine" if those schedules made them.',
        )


def _times(prediction: str, alpha_bar: ArrayLike | str | None) -> Times:
    if prediction == "flow":
        return FlowTimes()
    if isinstance(alpha_bar, str):
        schedule = make_schedule(alpha_bar)
        return TableTimes(schedule.discrete(schedule.rows).alpha_bar)
    return TableTimes(np.asarray(alpha_bar, dtype=np.float64))


class Guarded:
    """A denoiser of somebody's own program: what goes wrong in it is told as theirs, with the line of their code.

    Attributes:
        code: the object as it was given, whose code it is.
    """

    def __init__(self, own: Any, code: Any) -> None:
        """`own` is called."""
        self._own, self.code = own, code

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y at the noise level s.

        Raises:
            UserError: if their code fails, or gives an array of another shape.
        """
        try:
            x0_hat = self._own(y, s)
        except UserError:
            raise
        except Exception as error:
            if out_of_memory(error):
                raise
            raise _theirs(error, self.code) from error
        shape = getattr(x0_hat, "shape", None)
        if shape is None or tuple(shape) != tuple(y.shape):
            gave = type(x0_hat).__name__ if shape is None else f"an array of {tuple(shape)}"
            raise UserError(
                f"The denoiser gave {gave} for y of {tuple(y.shape)}.",
                "It gives x0_hat [members, channels, ny, nx], as many as y.",
            )
        return x0_hat

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._own, name)


def _theirs(error: Exception, code: Any) -> UserError:
    """An error in somebody's own denoiser, with the last line of their code that was reached."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith((OURS, *LIBRARIES))]
    if own:
        place = f" at {own[-1].filename}, line {own[-1].lineno}: {own[-1].line}"
    else:
        function = inspect.unwrap(getattr(code, "forward", code))
        found = getattr(function, "__code__", None)
        place = "" if found is None else f" at {found.co_filename}, line {found.co_firstlineno}"
    said = (str(error).strip().splitlines() or [""])[0]
    return UserError(
        f"Your denoiser failed with {type(error).__name__}{place} ({said}).".replace(" ().", "."),
        "It is called with y [members, channels, ny, nx] and the noise; the error is in your own code, or in how it is "
        "told the noise (prediction=, time=).",
    )
