"""What the tests of samplers share: every sampler with telling parameters, denoisers it can run on, a run."""

import math
from dataclasses import dataclass

import numpy as np
from oracle import DiagonalGaussian

from diffview.arrays import namespace
from diffview.forward.noise import Noise, cast_like
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import SAMPLERS, Step

SHAPE = (2, 1, 4, 4)
POWER = np.geomspace(0.3, 30, 16).reshape(4, 4)
LEVELS = [*np.geomspace(80, 0.05, 17).tolist(), 0.0]
VARIANTS = [
    ("ddpm", {}),
    ("ddpm", {"variance": "large"}),
    ("ddpm", {"variance": "learned"}),
    ("ddim", {}),
    ("ddim", {"eta": 0.6}),
    ("ddim", {"eta": 1.0}),
    ("ancestral", {}),
    ("ancestral", {"eta": 1.5}),
    ("euler", {}),
    ("heun", {}),
    ("churn", {"S_churn": 0.0}),
    ("churn", {"S_churn": 6.0, "S_min": 0.0, "S_max": 100.0}),
    ("plms", {}),
    ("dpmpp_2m", {}),
    ("dpmpp_2m_sde", {}),
    ("dpmpp_2m_sde", {"eta": 0.0}),
    ("unipc", {}),
    ("consistency", {}),
    ("repaint", {}),
    ("repaint", {"jump": 1, "resamplings": 2}),
]
IDS = [f"{name}-{'-'.join(map(str, params.values()))}" for name, params in VARIANTS]


class Learned(DiagonalGaussian):
    """Independent Gaussian pixels, whose variance fraction depends on the pixel."""

    def variance_fraction(self, y: object, s: float) -> object:
        return 1 / (1 + namespace(y).exp(-0.3 * y / (1 + s)))


@dataclass(eq=False)
class Stationary(Gaussian):
    """A formula that also gives a variance fraction."""

    def variance_fraction(self, y: object, s: float) -> object:
        return 1 / (1 + namespace(y).exp(-0.3 * y / (1 + s)))


def model() -> Learned:
    return Learned(0.7, POWER)


def formula(ny: int = 4, nx: int = 4) -> Stationary:
    """A stationary field, as the program fits it; arrays and tensors."""
    k = np.hypot(np.fft.fftfreq(ny, 1 / nx)[:, None], np.fft.rfftfreq(nx, 1 / nx)[None])
    return Stationary(0.2, 30 / (1 + k**2), nx)


class Jump(Stationary):
    """The exact map along the probability-flow ODE of a stationary Gaussian field, down to s_min."""

    kind = "consistency"
    noise_range = (0.02, math.inf)

    def __call__(self, y: object, s: float) -> object:
        """Mean + (y - mean) sqrt((P + s_min^2)/(P + s^2)) in every mode."""
        fft, low = namespace(y).fft, self.noise_range[0]
        gain = cast_like(np.sqrt((self.power + low * low) / (self.power + s * s)), y)
        return self.mean + fft.irfft2(fft.rfft2(y - self.mean) * gain, s=y.shape[-2:])


def for_sampler(name: str, ny: int = 4, nx: int = 4) -> Stationary:
    """A denoiser of the kind that the sampler needs."""
    found = formula(ny, nx)
    return Jump(found.mean, found.power, nx) if name == "consistency" else found


def start(dtype: type = np.float64, seed: int = 0, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return (80 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)


def known_like(y: object) -> tuple[object, object]:
    """The left half of the pixels, and values there."""
    mask = np.zeros(y.shape[-2:], bool)
    mask[:, : y.shape[-1] // 2] = True
    values = np.random.default_rng(5).standard_normal(y.shape[-2:])
    like = cast_like(values, y)
    return (mask if isinstance(y, np.ndarray) else like.new_tensor(mask).bool()), like


def walk(name: str, denoise: object, y: object, levels: list[float], seed: int = 0, **params: object) -> list[Step]:
    noise = Noise(seed, tuple(y.shape), like=y)
    if name == "repaint":
        params = {"known": known_like(y), **params}
    return list(SAMPLERS[name].run(denoise, y, levels, noise, **params))


def geometric(count: int) -> list[float]:
    """`count` steps of equal size in ln s from 80 to 0.05, without the jump to 0."""
    return np.geomspace(80, 0.05, count + 1).tolist()
