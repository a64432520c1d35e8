"""Channels of satellites computed from rain, for want of real ones: always called synthetic.

They have what makes the real ones hard: a footprint far wider than a pixel and a signal that saturates (microwave), or
one that sees cloud tops, larger than the rain below, displaced, and with errors that are alike over distances
(infrared). No radiative transfer is computed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.forward.noise import ERRORS, draw

Array = NDArray[np.floating]

FULL_WIDTH = np.sqrt(8 * np.log(2))
"""Full width at half maximum of a Gaussian, in standard deviations."""


@dataclass(frozen=True)
class Microwave:
    """T = warm - depth (1 - exp(-F R/R0)) + e: rain R over a Gaussian footprint F, saturating, with white noise e.

    Attributes:
        width: full width of the footprint at half maximum, pixels.
        saturation: R0, in the unit of the rain.
        warm, depth: brightness temperature without rain, and how much it falls, K.
        noise: standard deviation of e, K.
    """

    width: float
    saturation: float
    warm: float = 280.0
    depth: float = 60.0
    noise: float = 1.0
    correlated: ClassVar[float] = 0.0

    def of(self, rain: Array) -> Array:
        """What it sees of one field [ny, nx] without noise, K."""
        from scipy.ndimage import gaussian_filter  # where it is needed

        seen = gaussian_filter(rain.astype(np.float64), self.width / FULL_WIDTH, mode="nearest")
        return np.asarray(self.warm - self.depth * (1 - np.exp(-seen / self.saturation)))


@dataclass(frozen=True)
class Infrared:
    """T = warm - depth (1 - exp(-C/R0)) + e: cloud tops C, rain spread out, smoothed and displaced; e is correlated.

    Attributes:
        spread: side of the square whose largest rain counts, pixels.
        smooth: standard deviation of the Gaussian after that, pixels.
        shift: columns by which cloud tops lie to the east of their rain.
        saturation: R0, in the unit of the rain.
        warm, depth: brightness temperature without rain, and how much it falls, K.
        noise: standard deviation of e, K.
        correlated: standard deviation of the Gaussian that makes e alike over distances, pixels.
    """

    spread: int = 9
    smooth: float = 6.0
    shift: int = 3
    saturation: float = 10.0
    warm: float = 290.0
    depth: float = 50.0
    noise: float = 2.0
    correlated: float = 6.0

    def of(self, rain: Array) -> Array:
        """What it sees of one field [ny, nx] without noise, K."""
        from scipy.ndimage import gaussian_filter, maximum_filter, shift

        tops = gaussian_filter(maximum_filter(rain.astype(np.float64), self.spread, mode="nearest"), self.smooth)
        moved = shift(tops, (0, self.shift), order=0, mode="nearest")
        return np.asarray(self.warm - self.depth * (1 - np.exp(-moved / self.saturation)))


Channel = Microwave | Infrared

CHANNELS: Mapping[str, Channel] = {
    "microwave8": Microwave(8.0, 2.0), "microwave15": Microwave(15.0, 8.0), "infrared": Infrared(),
}  # fmt: skip
"""By key; all of them synthetic."""


def channels_of(rain: Array, names: Sequence[str], seed: int = 0, first: int = 0) -> Array:
    """Synthetic channels [n, channels, ny, nx] of complete rain fields [n, ny, nx], in K.

    The noise of a channel hangs on its place in CHANNELS and on the number of the field, which counts from `first`, and
    on nothing else: a channel stays what it is when others are switched off.

    Raises:
        UserError: if there is no such channel, or none is named.
    """
    if not names or (unknown := [name for name in names if name not in CHANNELS]):
        what = f"There is no synthetic channel {unknown[0]!r}." if names else "No channel is named."
        raise UserError(what, f"Choose of {', '.join(CHANNELS)}.")
    made = np.empty((len(rain), len(names), *rain.shape[1:]))
    for place, name in enumerate(names):
        channel, number = CHANNELS[name], list(CHANNELS).index(name)
        for i, field in enumerate(rain):
            noise = draw(seed, ERRORS, number, first + i, field.shape)
            made[i, place] = channel.of(field) + channel.noise * _alike(noise, channel.correlated)
    return made


def _alike(noise: Array, width: float) -> Array:
    """White noise made alike over distances, of variance 1 far from the edges."""
    if width == 0:
        return noise
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(noise.astype(np.float64), width, mode="wrap") * (2 * np.sqrt(np.pi) * width))
