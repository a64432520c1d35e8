"""Radial spectra against a double loop over modes, and the law of white noise."""

import math
from importlib import import_module

import numpy as np
import pytest
from oracle import hann, ring_power

from diffview.forward.brownian import ForwardPath
from diffview.forward.noise import drawing_threads
from diffview.forward.schedules import Cosine
from diffview.forward.spectra import (
    LARGE,
    ForwardSpectrum,
    log10_snr,
    noise_floor_crossing,
    power,
    rings,
    seen_power,
    transform,
)  # fmt: skip


def field(ny: int, nx: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.cumsum(np.cumsum(rng.standard_normal((ny, nx)), 0), 1).astype(np.float32) / 10 + 3


@pytest.mark.parametrize(
    ("ny", "nx", "pixel_km"),
    [
        (16, 16, None),
        (17, 17, None),
        (16, 24, None),
        (25, 18, None),
        (16, 16, (2.0, 1.0)),
        (12, 20, (1.0, 3.5)),
        (33, 20, (0.9, 1.4)),
        (16, 16, (4.01, 4.01)),
        (64, 64, (2.3, 2.3)),
        (114, 87, (19.81, 5.26)),  # a wavenumber of 56 that float64 makes 55.999...
    ],
)
def test_ring_means_against_a_double_loop(ny: int, nx: int, pixel_km: tuple[float, float] | None) -> None:
    x = field(ny, nx)
    grid = rings(ny, nx, pixel_km)
    height, width = pixel_km or (1.0, 1.0)
    wanted = ring_power(x, height, width)
    longest = max(ny * height, nx * width)
    # the last ring that lies whole inside the wavenumbers of both axes
    count = math.floor(min((ny - 1) // 2 * longest / (ny * height), nx // 2 * longest / (nx * width)) + 1e-9)
    np.testing.assert_array_equal(grid.k, np.arange(1, count + 1))
    np.testing.assert_allclose(power(x, grid), [wanted[k] for k in range(1, count + 1)], rtol=2e-4)
    if pixel_km:
        np.testing.assert_allclose(grid.wavelength_km, longest / grid.k)
    else:
        assert grid.wavelength_km is None


@pytest.mark.parametrize("s", [0.05, 1.0, 30.0])
def test_white_noise_has_p_of_s2(s: float) -> None:
    """E P(k) = s^2 (1 - |W(k)|^2/(N sum w^2)): taking out the mean costs only the first two rings a little."""
    ny, nx, n = 32, 40, 400
    grid = rings(ny, nx)
    noise = (s * np.random.default_rng(1).standard_normal((n, ny, nx))).astype(np.float32)
    measured = np.mean([power(x, grid) for x in noise], axis=0)
    w = np.outer(hann(ny), hann(nx))
    lost = dict.fromkeys(range(60), 0.0)
    for k, values in _ring_values(np.abs(np.fft.fft2(w)) ** 2 / (ny * nx * (w**2).sum())).items():
        lost[k] = float(np.mean(values))
    wanted = s * s * (1 - np.array([lost[int(k)] for k in grid.k]))
    modes = np.array([2 * np.pi * k * min(ny, nx) / max(ny, nx) for k in grid.k])
    sigma = np.sqrt(2 * 2.25 / (n * modes))  # neighbouring modes of a Hann window are correlated
    assert (np.abs(measured / wanted - 1) < 5 * sigma).all()
    assert wanted[2:] == pytest.approx(s * s) and wanted[0] > 0.88 * s * s


def _ring_values(on_modes: np.ndarray) -> dict[int, list[float]]:
    ny, nx = on_modes.shape
    longest = max(ny, nx)
    values: dict[int, list[float]] = {}
    for i in range(ny):
        for j in range(nx):
            ky, kx = min(i, ny - i) * longest / ny, min(j, nx - j) * longest / nx
            values.setdefault(round(math.hypot(ky, kx)), []).append(on_modes[i, j])
    return values


@pytest.mark.parametrize(("k", "axis"), [(5, 0), (5, 1), (11, 0), (23, 1)])
def test_a_cosine_lies_in_its_ring(k: int, axis: int) -> None:
    i = np.arange(64)
    wave = np.cos(2 * np.pi * k * i / 64 + 0.3)
    x = np.broadcast_to(wave[:, None] if axis == 0 else wave, (64, 64)).astype(np.float32)
    p = power(x, rings(64, 64))
    assert p.argmax() == k - 1
    assert p[k - 2 : k + 1].sum() > 0.999 * p.sum(), "a Hann window leaks one ring to each side only"


def test_pixels_that_are_not_square_give_circles_in_km() -> None:
    """32 rows of 4 km and 128 columns of 1 km span 128 km both: the waves of 16 km along each axis share a ring."""
    grid = rings(32, 128, (4.0, 1.0))
    rows, columns = np.mgrid[:32, :128].astype(np.float32)
    down = power(np.cos(2 * np.pi * rows * 4 / 16), grid)
    across = power(np.cos(2 * np.pi * columns / 16), grid)
    assert down.argmax() == across.argmax() == 7
    assert grid.wavelength_km[7] == pytest.approx(16.0)


def test_the_transform_holds_all_of_the_windowed_variance() -> None:
    x = field(20, 30)
    f = np.abs(transform(x, rings(20, 30))) ** 2
    twice = np.r_[1.0, np.full(14, 2.0), 1.0]
    w = np.outer(hann(20), hann(30))
    parseval = (((x - x.mean(dtype=np.float64)) * w) ** 2).sum() / (w**2).sum()
    assert (f * twice).sum() / 600 == pytest.approx(parseval, rel=1e-5)


def test_missing_pixels_are_filled_with_the_mean() -> None:
    x = field(24, 24)
    x[3:6, 7:9] = np.nan
    filled = np.where(np.isnan(x), np.nanmean(x.astype(np.float64)), x).astype(np.float32)
    np.testing.assert_allclose(power(x, rings(24, 24)), power(filled, rings(24, 24)), rtol=1e-5)
    assert np.isnan(x).any(), "the field itself is not touched"


@pytest.mark.parametrize("mode", ["closed", "chain"])
def test_the_forward_spectrum_is_that_of_the_actual_x_t(mode: str) -> None:
    grid, x0 = rings(48, 64, (2.0, 1.5)), field(48, 64)
    path = ForwardPath(3, (48, 64), mode)
    for t in (1e-3, 0.2, 0.6, 1.0):
        alpha, sigma = (float(c) for c in Cosine()(t))
        eps = path.eps_at(sigma / alpha)
        x_t = (alpha * x0.astype(np.float64) + sigma * eps).astype(np.float32)
        np.testing.assert_allclose(
            ForwardSpectrum.of(x0, eps, grid).at(alpha, sigma), power(x_t, grid), rtol=1e-5, atol=1e-5 * alpha**2
        )


def test_signal_to_noise() -> None:
    p, s = np.array([100.0, 10.0, 1.0, 0.1]), np.array([0.1, 1.0, 10.0])
    np.testing.assert_allclose(log10_snr(p, s), [[4, 2, 0], [3, 1, -1], [2, 0, -2], [1, -1, -3]], atol=1e-12)


def test_a_power_law_crosses_the_noise_floor_at_its_exact_scale() -> None:
    """P = 100/k^2 meets a floor of 4 at k = 5, and 3 at 10/sqrt 3 between the rings, both exactly in log-log."""
    k = np.arange(1.0, 64.0)
    floors = np.array([1e-9, 4.0, 3.0, 1.0, 0.25, 1e9])
    crossing = noise_floor_crossing(np.log10(100 / k[:, None] ** 2 / floors), k)
    assert np.isnan(crossing[0]), "the smallest scale stands above it"
    np.testing.assert_allclose(crossing[1:], [5, 10 / np.sqrt(3), 10, 20, 1], rtol=1e-12)


def test_where_power_rises_again_the_last_crossing_counts() -> None:
    k = np.array([1.0, 2.0, 4.0, 8.0])
    crossing = noise_floor_crossing(np.log10([[5.0], [0.1], [10.0], [0.1]]), k)
    np.testing.assert_allclose(crossing, [4 * 2**0.5], rtol=1e-12)


@pytest.mark.parametrize("shape", [(96, 130), (300, 256)])
def test_the_power_for_the_screen_is_the_power_but_for_the_last_bits(shape: tuple[int, int]) -> None:
    x, grid = np.random.default_rng(5).standard_normal(shape, np.float32), rings(*shape)
    x[3, 4:9] = np.nan
    for _ in range(2):  # the second time by the other FFT, for the larger one
        assert np.allclose(seen_power(x, grid), power(x, grid), rtol=1e-4)
        if x.size >= LARGE:
            drawing_threads().submit(import_module, "scipy.fft").result()
