"""Denoisers: the posterior mean x0_hat = E[x_0 | y], y = x_0 + s eps, as formulas fitted to crops of a field.

    gaussian   a Wiener gain per wavenumber; exact for a Gaussian random field
    power_law  the same with a spectrum of three numbers, A (k0^2 + k^2)^(-beta/2)
    data       the softmax average over the crops; exact for the finite set, so it can only give the crops back
    local      the same per pixel over a window that shrinks with s; an approximation that composes new fields from
               local pieces
    mixture    a weighted sum of Gaussians over points of a few numbers; exact, for teaching and as an oracle

All of them are called as `denoise(y, s)` with y [members, channels, ny, nx], finite, and s a Python float, and answer
with an array or tensor of the same kind and dtype. What else they can, they can exactly, in closed form and on either
kind of array; see `Formula`.
"""

from collections.abc import Callable

from diffview.models.data import Data
from diffview.models.denoiser import Array, Denoiser
from diffview.models.gaussian import Gaussian, fit_gaussian, fit_power_law
from diffview.models.local import Local

LAWS: dict[str, Callable[..., Gaussian]] = {"gaussian": fit_gaussian, "power_law": fit_power_law}
"""Formulas that keep a spectrum of their crops and no crop: they may have seen the field that they restore.

Told the shape of a field as well, they are fitted to crops smaller than that.
"""

FORMULAS: dict[str, Callable[[Array], Denoiser]] = {**LAWS, "data": Data, "local": Local}
"""Fits of the formula denoisers to crops [n, ny, nx] in standardised units."""
