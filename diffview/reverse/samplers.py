"""Samplers: generators that walk y = x/alpha down a list of noise levels; see sampler_base for what they share.

sampler_ancestral  DDPM, DDIM, ancestral in s
sampler_ode        Euler, Heun, Heun with churn
sampler_multistep  PLMS, DPM-Solver++ 2M and 2M SDE, UniPC-2
"""

from collections.abc import Mapping
from typing import Any

from diffview.errors import UserError
from diffview.params import checked
from diffview.reverse import sampler_ancestral, sampler_jumps, sampler_multistep, sampler_ode
from diffview.reverse.sampler_base import REGISTERED, Denoise, Info, NoiseFn, Sampler, Step

__all__ = ["SAMPLERS", "Denoise", "Info", "NoiseFn", "Sampler", "Step", "sampler_params"]

_MODULES = (sampler_ancestral, sampler_ode, sampler_multistep, sampler_jumps)

SAMPLERS: dict[str, Info] = {
    key: info for module in _MODULES for key, info in REGISTERED.items() if info.run.__module__ == module.__name__
}
"""Every sampler by its key, which is the name of its function."""


def sampler_params(key: str, params: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters of the sampler `key`, checked.

    Raises:
        UserError: if there is no such sampler, or a parameter is unknown or not allowed.
    """
    if key not in SAMPLERS:
        raise UserError(f"There is no sampler called {key!r}.", f"Choose one of {', '.join(SAMPLERS)}.")
    return checked(SAMPLERS[key].run, params, key)
