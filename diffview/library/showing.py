"""The window, opened from a program or a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from diffview.library.opened import FieldLike


def show(field: FieldLike, denoiser: Callable[[Any, float], Any] | None = None, units: str = "") -> int:
    """Open the window on one's own array and one's own denoiser; returns when it is closed.

    Args:
        field: values [ny, nx], NaN where missing, row 0 at the top; or a Field.
        denoiser: called as `denoiser(y, s)` with y float32 [members, 1, ny, nx] in standardised units, finite, and s
            a float; gives x0_hat of the same kind and shape. None: the formula denoisers.
        units: of the array.

    Raises:
        UserError: if the array is not a picture, or there is no screen.
    """
    from diffview.gui.app import run_app, shown_facts

    return run_app(None, facts=shown_facts(field, denoiser, units))
