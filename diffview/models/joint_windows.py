"""Where the denoiser of several fields comes from: windows of them, that a formula is fitted to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.models.data import Data
from diffview.models.denoiser import Denoiser
from diffview.models.joint import fit_joint
from diffview.models.joint_local import JointLocal

Array = NDArray[np.float32]

GIVING_BACK: dict[str, Callable[[Array], Denoiser]] = {"data": Data, "local": JointLocal}

JOINT = ("gaussian", *GIVING_BACK)
"""Formulas of several fields at once."""


@dataclass(frozen=True, eq=False)
class JointWindows:
    """Windows of several fields, and those of a window's channels that are given.

    Attributes:
        model: one of JOINT.
        windows: standardised [n, channels, ny, nx] or [n, channels, frames, ny, nx]; NaN missing.
        channels: how many of the first channels are made; the others are given.
        given: the standardised values of those [q, ny, nx], every frame of a channel after the other; or None.
    """

    model: str
    windows: Array
    channels: int = 1
    given: Array | None = None

    @property
    def label(self) -> str:
        """For the status line."""
        return f"{self.model} on {len(self.windows)} windows"

    @property
    def sentence(self) -> str:
        """How many windows of what."""
        _, channels, *frames, ny, nx = self.windows.shape
        of = f"{channels} channels" if channels > 1 else "one variable"
        of += f" by {frames[0]} times" if frames else ""
        known = "" if self.given is None else f" {channels - self.channels} of the channels are given."
        edges = " Opposite edges are neighbours." if self.model == "gaussian" else ""
        apart = "none of which shares a time with the field"
        return f"Fitted to {len(self.windows)} windows of {of} of {ny} × {nx} pixels, {apart}.{known}{edges}"

    def denoiser(self) -> Denoiser:
        """The denoiser fitted to the windows.

        Raises:
            UserError: if there are too few of them.
        """
        if self.model in GIVING_BACK:
            return GIVING_BACK[self.model](self._complete())
        law = fit_joint(self.windows)
        if self.given is None:
            return law
        components = law.spectrum.shape[-1]
        return law.given(np.eye(components)[components - len(self.given) :]).law(self.given.astype(np.float64))

    def _complete(self) -> Array:
        """The windows without a gap, 0 where none of them has a value."""
        missing = np.isnan(self.windows)
        whole = self.windows[~(missing & ~missing.all(0)).any(axis=tuple(range(1, missing.ndim)))]
        if not len(whole):
            raise UserError(
                f"No window is complete, and {self.model} gives windows back as they are.",
                "Choose a smaller region, fewer times, or gaussian.",
            )
        return np.nan_to_num(whole)
