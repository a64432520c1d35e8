"""Formula denoisers against dense linear algebra and direct loops in float64."""

import math
import pickle
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
from oracle import covariance, data_posterior_mean, gaussian_posterior_mean, local_mean

from diffview.models import local
from diffview.models.data import Data
from diffview.models.denoiser import Denoiser
from diffview.models.formulas import FORMULAS
from diffview.models.gaussian import Gaussian, fit_gaussian, fit_power_law
from diffview.models.local import Local, window_radius
from diffview.reverse.samplers import SAMPLERS

RNG = np.random.default_rng


def spectrum(ny: int, nx: int) -> np.ndarray:
    """A red isotropic spectrum on the modes of fft2, [ny, nx]."""
    k = np.hypot(np.fft.fftfreq(ny, 1 / max(ny, nx))[:, None], np.fft.fftfreq(nx, 1 / max(ny, nx))[None])
    return 20 / (1 + (k / 2) ** 2) ** 1.3


def smooth_crops(n: int, ny: int, nx: int, seed: int = 0) -> np.ndarray:
    z = RNG(seed).standard_normal((n, ny, nx))
    return np.fft.ifft2(np.fft.fft2(z) * np.sqrt(spectrum(ny, nx))).real.astype(np.float32)


# gaussian


@pytest.mark.parametrize(("ny", "nx"), [(6, 6), (5, 8), (8, 5)])
@pytest.mark.parametrize("s", [1e-3, 0.3, 1.0, 7.0, 300.0])
def test_gaussian_is_the_dense_posterior_mean(ny: int, nx: int, s: float) -> None:
    full = spectrum(ny, nx)
    denoise = Gaussian(0.4, full[:, : nx // 2 + 1], nx)
    y = 3 * RNG(1).standard_normal((2, 1, ny, nx)) + 0.4
    cov = covariance(full)
    wanted = np.stack([gaussian_posterior_mean(m[0], s, 0.4, cov)[None] for m in y])
    np.testing.assert_allclose(denoise(y, s), wanted, rtol=1e-9, atol=1e-10)
    assert denoise.shape == (1, ny, nx)


@pytest.mark.parametrize("fit", [fit_gaussian, fit_power_law])
def test_a_law_of_white_noise_does_not_change_with_gaps(fit: Callable[..., Gaussian]) -> None:
    rng = np.random.default_rng(5)
    crops = rng.normal(3.0, 2.0, (400, 32, 32)).astype(np.float32)
    gaps = np.where(rng.random(crops.shape) < 0.3, np.float32(np.nan), crops)
    whole, holed = fit(crops), fit(gaps)
    assert abs(holed.mean - 3) < 0.03
    np.testing.assert_allclose(holed.power[4:12, 4:12].mean(), 4.0, rtol=0.03)
    np.testing.assert_allclose(holed.power[4:12, 4:12], whole.power[4:12, 4:12], rtol=0.05)


def test_gaussian_of_white_noise_shrinks_by_one_factor() -> None:
    y = RNG(0).standard_normal((3, 1, 8, 8))
    for s in (0.1, 1.0, 12.0):
        np.testing.assert_allclose(Gaussian(0.0, np.ones((8, 5)), 8)(y, s), y / (1 + s * s), rtol=1e-12, atol=1e-14)


def test_gaussian_without_power_answers_its_mean() -> None:
    import torch

    y = RNG(0).standard_normal((1, 1, 4, 4))
    denoise = Gaussian(0.5, np.zeros((4, 3)), 4)
    for s in (0.0, 1.0):
        np.testing.assert_allclose(denoise(y, s), 0.5)
        np.testing.assert_allclose(denoise(torch.from_numpy(y), s).numpy(), 0.5)


def test_gaussian_samples_have_its_covariance() -> None:
    full = spectrum(4, 6)
    fields = Gaussian(0.4, full[:, :4], 6).sample(RNG(0).standard_normal((20_000, 4, 6)))
    flat = fields.reshape(len(fields), -1)
    cov = covariance(full)
    sigma = np.sqrt((np.outer(np.diag(cov), np.diag(cov)) + cov**2) / len(flat))
    assert (np.abs(np.cov(flat.T) - cov) < 5 * sigma).all()
    assert (np.abs(flat.mean(0) - 0.4) < 5 * np.sqrt(np.diag(cov) / len(flat))).all()


def test_fit_gaussian_recovers_the_spectrum_of_a_gaussian_field() -> None:
    n, side = 600, 32
    full = spectrum(side, side)
    fitted = fit_gaussian(smooth_crops(n, side, side) + np.float32(2.5))
    k = np.hypot(np.fft.fftfreq(side, 1 / side)[:, None], np.fft.rfftfreq(side, 1 / side)[None])
    half = full[:, : side // 2 + 1]
    for ring in range(2, 15):
        here = np.rint(k) == ring
        error = np.mean(fitted.power[here]) / np.mean(half[here]) - 1
        sigma = math.sqrt(2 * 2.25 / (n * 2 * math.pi * ring))
        # the Hann window spreads a mode over its neighbours: on this spectrum by less than 6 % from ring 3 on
        assert abs(error) < 5 * sigma + (0.25 if ring == 2 else 0.06), ring
    assert fitted.power[0, 0] == pytest.approx(full[0, 0], rel=5 * math.sqrt(2 / n))
    assert fitted.mean == pytest.approx(2.5, abs=5 * math.sqrt(full[0, 0] / (side * side * n)))
    assert fitted.nx == side and (fitted.power > 0).all() and type(fitted.mean) is float


def test_fit_gaussian_of_white_noise_is_flat() -> None:
    noise = (3 * RNG(3).standard_normal((1000, 24, 24))).astype(np.float32)
    power = fit_gaussian(noise).power.copy()
    power[0, 0] = 9.0
    np.testing.assert_allclose(power, 9.0, rtol=0.15)  # the first ring lies a few percent low, see test_spectra


def test_fit_gaussian_takes_constant_and_single_crops() -> None:
    assert np.isfinite(fit_gaussian(np.full((3, 16, 16), 2.0, np.float32)).power).all()
    one = fit_gaussian(smooth_crops(1, 16, 16))
    assert np.isfinite(one.power).all() and one.power[0, 0] == one.power.max()


# data


@pytest.mark.parametrize("s", [0.05, 0.3, 1.0, 5.0, 100.0])
def test_data_is_the_softmax_average(s: float) -> None:
    crops = smooth_crops(30, 9, 7)
    y = np.stack([(crops[i] + s * RNG(i).standard_normal((9, 7)))[None] for i in range(4)])
    wanted = np.stack([data_posterior_mean(m[0], s, crops)[None] for m in y])
    np.testing.assert_allclose(Data(crops)(y, s), wanted, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(Data(crops)(y.astype(np.float32), s), wanted, atol=2e-3)


def test_data_weights_are_a_distribution() -> None:
    crops = smooth_crops(30, 8, 8)
    w = Data(crops).weights(RNG(0).standard_normal((5, 1, 8, 8)), 0.7)
    assert w.shape == (5, 30) and (w >= 0).all()
    np.testing.assert_allclose(w.sum(1), 1.0, rtol=1e-12)


def test_data_can_only_give_its_fields_back() -> None:
    crops = smooth_crops(40, 12, 12)
    y = (2 * RNG(9).standard_normal((3, 1, 12, 12))).astype(np.float32)
    given = Data(crops)(y, 0.002)
    for member, out in zip(y, given, strict=True):
        nearest = ((crops - member[0]) ** 2).sum((1, 2)).argmin()
        np.testing.assert_array_equal(out[0], crops[nearest])


def test_data_at_large_noise_is_the_mean_of_its_fields() -> None:
    crops = smooth_crops(40, 12, 12)
    y = RNG(9).standard_normal((1, 1, 12, 12))
    np.testing.assert_allclose(Data(crops)(y, 1e6)[0, 0], crops.mean(0, dtype=np.float64), atol=1e-6)


def test_data_samples_end_on_a_training_field() -> None:
    crops = smooth_crops(12, 8, 8)
    y = (80 * RNG(5).standard_normal((4, 1, 8, 8))).astype(np.float32)
    levels = [*np.geomspace(80, 0.01, 40).tolist(), 0.0]
    for end in list(SAMPLERS["heun"].run(Data(crops), y, levels, lambda *_: None))[-1].y:
        assert np.abs(crops - end[0]).max((1, 2)).min() < 1e-4


# local


@pytest.mark.parametrize("rows", [1, 5, 16])
@pytest.mark.parametrize(("ny", "nx"), [(11, 11), (7, 13), (20, 6)])
@pytest.mark.parametrize("s", [0.05, 0.3, 1.0, 3.0])
def test_local_is_the_softmax_over_windows(
    monkeypatch: pytest.MonkeyPatch, s: float, ny: int, nx: int, rows: int
) -> None:
    monkeypatch.setattr(local, "BLOCK", rows)
    monkeypatch.setattr(local, "CHUNK", rows)
    crops = smooth_crops(12, ny, nx)
    y = (crops[:2] + s * RNG(3).standard_normal((2, ny, nx)))[:, None].astype(np.float32)
    wanted = np.stack([local_mean(m[0], s, crops.astype(np.float64), window_radius(s))[None] for m in y])
    np.testing.assert_allclose(Local(crops)(y, s), wanted, atol=2e-4)


@pytest.mark.parametrize("s", [0.05, 1.0, 3.0])
@pytest.mark.parametrize(("ny", "nx"), [(70, 20), (64, 33)])
def test_local_in_strips_of_rows_is_the_same_to_the_bit(
    monkeypatch: pytest.MonkeyPatch, ny: int, nx: int, s: float
) -> None:
    crops = smooth_crops(80, ny, nx)
    y = (crops[:2] + s * RNG(3).standard_normal((2, ny, nx)))[:, None].astype(np.float32)
    at_once = Local(crops)(y, s)
    for pixels in (1, 40 * local.BLOCK):
        monkeypatch.setattr(local, "STRIP", pixels)
        assert np.array_equal(Local(crops)(y, s), at_once)


def test_what_local_takes_for_a_call_does_not_grow_with_the_rows() -> None:
    def taken(ny: int) -> int:
        crops = RNG(0).standard_normal((local.CHUNK, ny, 256)).astype(np.float32)
        denoise = Local(crops)
        denoise(crops[:1, None], 0.3)  # what is kept for every call
        tracemalloc.start()
        try:
            denoise(crops[:1, None], 0.3)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert taken(1024) < 1.5 * taken(256)


@pytest.mark.parametrize("s", [3.0, 10.0, 200.0])
def test_local_with_windows_over_everything_is_data(s: float) -> None:
    crops = smooth_crops(20, 14, 15)
    assert window_radius(s) >= 14
    y = (crops[:2] + s * RNG(3).standard_normal((2, 14, 15)))[:, None].astype(np.float32)
    np.testing.assert_allclose(Local(crops)(y, s), Data(crops)(y.astype(np.float64), s), atol=1e-4)


def test_windows_shrink_with_the_noise() -> None:
    assert [2 * window_radius(s) + 1 for s in (10.0, 3.0, 1.0, 0.3, 0.05)] == [63, 31, 15, 7, 3]
    assert window_radius(1e-6) == window_radius(0.0) == 1
    radii = [window_radius(s) for s in np.geomspace(1e-3, 1e4, 300)]
    assert radii == sorted(radii) and radii[-1] > 512
    assert window_radius(1e300) > 512


def test_local_composes_what_no_crop_has() -> None:
    """The left half of one crop and the right half of another come back together; `data` must choose."""
    crops = smooth_crops(20, 24, 24)
    y = np.concatenate([crops[0][:, :12], crops[1][:, 12:]], 1)[None, None]
    inside = np.r_[0:8, 16:24]
    np.testing.assert_allclose(Local(crops)(y, 0.1)[0, 0][:, inside], y[0, 0][:, inside], atol=1e-3)
    assert np.abs(Data(crops)(y, 0.1)[0, 0][:, inside] - y[0, 0][:, inside]).max() > 0.5


def test_local_ends_at_the_nearest_crop_without_denormal_weights() -> None:
    """At small s all but one crop have weights that no float32 holds; they are neither NaN nor a warning."""
    crops = smooth_crops(200, 12, 12)
    y = crops[3:4, None] + np.float32(1e-3)
    np.testing.assert_allclose(Local(crops)(y, 1e-4)[0, 0], crops[3], atol=1e-5)


# all


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("s", [0.05, 0.3, 1.0, 40.0])
def test_torch_is_numpy(name: str, s: float) -> None:
    import torch

    crops = smooth_crops(25, 10, 13)
    denoise = FORMULAS[name](crops)
    for dtype, tolerance in [(np.float64, 1e-10), (np.float32, 1e-5)]:
        y = (crops[:3, None] + s * RNG(2).standard_normal((3, 1, 10, 13))).astype(dtype)
        out = denoise(torch.from_numpy(y), s)
        assert out.numpy().dtype == dtype
        np.testing.assert_allclose(out.numpy(), denoise(y, s), rtol=0, atol=tolerance * 10 * max(1, s))


@pytest.mark.parametrize("name", FORMULAS)
def test_the_contract(name: str) -> None:
    crops = smooth_crops(10, 16, 18)
    denoise: Denoiser = FORMULAS[name](crops)
    assert denoise.kind == "posterior mean" and denoise.shape == (1, 16, 18)
    assert denoise.noise_range[0] <= 1e-3 and denoise.noise_range[1] >= 1e4
    for dtype in (np.float32, np.float64):
        y = RNG(2).standard_normal((4, 1, 16, 18)).astype(dtype)
        before = y.copy()
        out = denoise(y, 0.5)
        assert type(out) is np.ndarray and out.dtype == dtype and out.shape == y.shape and np.isfinite(out).all()
        assert (y == before).all() and not np.shares_memory(out, y)
    for s in (1e-4, 1e4):
        assert np.isfinite(denoise(np.float32(s) * RNG(1).standard_normal((1, 1, 16, 18)).astype(np.float32), s)).all()


@pytest.mark.parametrize("name", FORMULAS)
def test_members_do_not_see_each_other(name: str) -> None:
    denoise = FORMULAS[name](smooth_crops(10, 16, 18))
    y = RNG(2).standard_normal((4, 1, 16, 18)).astype(np.float32)
    together = denoise(y, 0.5)
    for i in range(4):
        np.testing.assert_allclose(denoise(y[i : i + 1], 0.5)[0], together[i], atol=2e-6)


@pytest.mark.parametrize("name", FORMULAS)
def test_pickle_gives_the_same_answers(name: str) -> None:
    denoise = FORMULAS[name](smooth_crops(10, 16, 18))
    y = RNG(2).standard_normal((2, 1, 16, 18)).astype(np.float32)
    wanted = denoise(y, 0.5)
    assert (pickle.loads(pickle.dumps(denoise))(y, 0.5) == wanted).all()
