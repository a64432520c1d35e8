"""Denoisers: the posterior mean x0_hat = E[x_0 | y], y = x_0 + s eps, as formulas fitted to crops of a field.

    gaussian   a Wiener gain per wavenumber; exact for a Gaussian random field
    power_law  the same with a spectrum of three numbers, A (k0^2 + k^2)^(-beta/2)
    data       the softmax average over the crops; exact for the finite set, so it can only give the crops back
    local      the same per pixel over a window that shrinks with s; an approximation that composes new fields from
               local pieces
    mixture    a weighted sum of Gaussians over points of a few numbers; exact, for teaching and as an oracle

All are called as `denoise(y, s)` with y [members, channels, ny, nx], finite, and s a Python float, and return x0_hat of
the same kind (array or tensor), shape and dtype. Their derivatives and variances are closed forms too; see `Formula`.
"""

from collections.abc import Callable

from diffview.models.data import Data
from diffview.models.denoiser import Array, Denoiser
from diffview.models.gaussian import Gaussian, fit_gaussian, fit_power_law
from diffview.models.local import Local

GAUSSIANS: dict[str, Callable[..., Gaussian]] = {"gaussian": fit_gaussian, "power_law": fit_power_law}
"""Gaussian priors: they keep a spectrum of their crops and no crop, so they may have seen the field that they restore.

With the shape of a field as second argument they are fitted to crops smaller than that.
"""

FORMULAS: dict[str, Callable[[Array], Denoiser]] = {**GAUSSIANS, "data": Data, "local": Local}
"""Formula denoisers by key: what fits one to crops [n, ny, nx] in standardised units."""
