"""Independent answers for tests: closed forms and brute force, written without the code that they check."""

import math
import warnings
from types import ModuleType

import numpy as np


def diffusers_schedulers() -> ModuleType:
    """The schedulers of diffusers, whose import warns about things that are not ours."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import diffusers.schedulers.scheduling_ddim
        import diffusers.schedulers.scheduling_ddpm
        import diffusers.schedulers.scheduling_dpmsolver_multistep
        import diffusers.schedulers.scheduling_unipc_multistep
    return diffusers.schedulers


class DiagonalGaussian:
    """Independent pixels x_0 ~ N(mu, power): posterior mean, and the exact flow of the probability-flow ODE."""

    def __init__(self, mu, power):
        self.mu, self.power, self.calls = mu, power, 0

    def __call__(self, y, s):
        self.calls += 1
        return self.mu + self.power / (self.power + s * s) * (y - self.mu)

    def flow(self, y, s, s_next):
        """y(s') = mu + (y - mu) sqrt((P + s'^2)/(P + s^2))."""
        return self.mu + (y - self.mu) * np.sqrt((self.power + s_next**2) / (self.power + s**2))


class DiagonalMixture:
    """Independent pixels x_0 ~ sum_k w_k N(mu_k, variance_k): posterior mean, and the flow by an independent solver."""

    def __init__(self, weights, means, variances):
        self.parts = list(zip(weights, means, variances, strict=True))

    def __call__(self, y, s):
        shares = [w * np.exp(-((y - m) ** 2) / (2 * (v + s * s))) / math.sqrt(v + s * s) for w, m, v in self.parts]
        means = [m + v / (v + s * s) * (y - m) for _, m, v in self.parts]
        return sum(r * m for r, m in zip(shares, means, strict=True)) / sum(shares)

    def flow(self, y, s, s_next):
        """The solution of dy/d ln s = y - x0_hat at s', by DOP853."""
        from scipy.integrate import solve_ivp

        slope = lambda u, y: y - self(y, math.exp(u))  # noqa: E731
        ends = (math.log(s), math.log(s_next))
        return solve_ivp(slope, ends, y.ravel(), "DOP853", rtol=1e-12, atol=1e-12).y[:, -1].reshape(y.shape)


def covariance(power_full):
    """[ny nx, ny nx] covariance of a stationary periodic field with the power [ny, nx] on the modes of fft2."""
    ny, nx = power_full.shape
    row, column = (a.ravel() for a in np.mgrid[:ny, :nx])
    total = np.zeros((ny * nx, ny * nx))
    for ky in range(ny):
        for kx in range(nx):
            phase = 2 * np.pi * (ky * row / ny + kx * column / nx)
            total += power_full[ky, kx] * np.cos(phase[:, None] - phase[None, :])
    return total / (ny * nx)


def gaussian_posterior_mean(y, s, mean, cov):
    """mean + C (C + s^2 I)^-1 (y - mean) of y [ny, nx], by dense linear algebra."""
    flat = y.ravel().astype(np.float64) - mean
    return (mean + cov @ np.linalg.solve(cov + s * s * np.eye(len(cov)), flat)).reshape(y.shape)


def data_posterior_mean(y, s, crops):
    """Softmax average over crops [n, ny, nx] of y [ny, nx], pixel by pixel in float64."""
    distance = [math.fsum(((y.astype(np.float64) - x) ** 2).ravel()) for x in crops.astype(np.float64)]
    w = np.exp(-(np.array(distance) - min(distance)) / (2 * s * s))
    return np.tensordot(w / w.sum(), crops.astype(np.float64), 1)


def local_mean(y, s, crops, radius):
    """The softmax average per pixel over a window cut at the edges, by loops over pixels and crops."""
    n, ny, nx = crops.shape
    out = np.empty((ny, nx))
    for row in range(ny):
        for column in range(nx):
            window = (
                slice(max(0, row - radius), min(ny, row + radius + 1)),
                slice(max(0, column - radius), min(nx, column + radius + 1)),
            )
            d = np.array([((y[window].astype(np.float64) - crops[i][window]) ** 2).sum() for i in range(n)])
            w = np.exp(-(d - d.min()) / (2 * s * s))
            out[row, column] = (w * crops[:, row, column]).sum() / w.sum()
    return out


def hann(n):
    """Periodic Hann window sampled at the centres of n cells."""
    return np.array([0.5 - 0.5 * math.cos(2 * math.pi * (i + 0.5) / n) for i in range(n)])


def ring_power(x, height=1.0, width=1.0):
    """P(k) for k = 1, 2, ... cycles per longest side, by a double loop over all modes of fft2."""
    ny, nx = x.shape
    w = np.outer(hann(ny), hann(nx))
    f = np.fft.fft2((x.astype(np.float64) - x.mean(dtype=np.float64)) * w)
    longest = max(ny * height, nx * width)
    rings = {}
    for i in range(ny):
        for j in range(nx):
            ky = (i if i < (ny + 1) // 2 else i - ny) * longest / (ny * height)
            kx = (j if j < (nx + 1) // 2 else j - nx) * longest / (nx * width)
            rings.setdefault(round(math.hypot(ky, kx)), []).append(abs(f[i, j]) ** 2 / (w**2).sum())
    return {k: float(np.mean(v)) for k, v in rings.items()}


def within_5_sigma(sample, variance):
    """Whether mean and variance of independent normals agree with N(0, variance) within 5 standard errors."""
    sample = np.asarray(sample, dtype=np.float64).ravel()
    n = sample.size
    return abs(sample.mean()) < 5 * math.sqrt(variance / n) and abs((sample**2).mean() / variance - 1) < 5 * math.sqrt(
        2 / n
    )


def correlation(a, b):
    """Correlation coefficient of two arrays."""
    return float(np.corrcoef(np.asarray(a, np.float64).ravel(), np.asarray(b, np.float64).ravel())[0, 1])


def covariance_inside(power, columns, ny, nx):
    """[ny nx, ny nx] covariance of the first rows and columns of a stationary field on a torus, by sums of cosines.

    `power` [rows, columns//2 + 1] is that of the torus on the modes of rfft2; its distances are never taken around it.
    """
    rows = len(power)
    weight = np.where((np.arange(power.shape[1]) == 0) | (2 * np.arange(power.shape[1]) == columns), 1.0, 2.0)
    down = np.exp(2j * np.pi * np.outer(np.arange(-ny + 1, ny), np.arange(rows)) / rows)
    across = np.exp(2j * np.pi * np.outer(np.arange(power.shape[1]), np.arange(-nx + 1, nx)) / columns)
    by_distance = (down @ (power * weight) @ across).real / (rows * columns)
    row, column = (a.ravel() for a in np.mgrid[:ny, :nx])
    return by_distance[row[:, None] - row + ny - 1, column[:, None] - column + nx - 1]
