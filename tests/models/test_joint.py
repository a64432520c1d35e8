"""The Gaussian law of several fields at once against dense linear algebra, and its fit on fields of a known law."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.models.gaussian import Gaussian
from diffview.models.joint import JointGaussian, fit_joint
from diffview.reverse.guidance import Guided, Led
from diffview.reverse.operators import Observations, Observed, TimeMean
from diffview.reverse.samplers import SAMPLERS
from diffview.reverse.solvers import Exact

RNG = np.random.default_rng
SIZES = [(4, 4), (3, 4), (4, 3)]


def law(ny: int, nx: int, outer: tuple[int, ...] = (3,), seed: int = 0) -> JointGaussian:
    """A law whose components are correlated and displaced against each other: x = sum of kernels over white noise."""
    c = int(np.prod(outer))
    kernels = RNG(seed).standard_normal((c, c + 1, ny, nx)) * np.exp(-np.arange(ny)[:, None] / 2 - np.arange(nx) / 3)
    modes = np.fft.rfft2(kernels).transpose(2, 3, 0, 1)
    return JointGaussian(np.arange(c)[:, None, None] / 2.0, modes @ modes.conj().swapaxes(-1, -2), nx, outer)


def dense(of: JointGaussian) -> np.ndarray:
    """Cov of all components and pixels [c ny nx, c ny nx], by a sum over all modes of fft2."""
    ny, nx, c = len(of.spectrum), of.nx, of.spectrum.shape[-1]
    row, column = (a.ravel() for a in np.mgrid[:ny, :nx])
    total = np.zeros((c, ny * nx, c, ny * nx), complex)
    for ky in range(ny):
        for kx in range(nx):
            s = of.spectrum[ky, kx] if kx <= nx // 2 else of.spectrum[-ky % ny, nx - kx].conj()
            wave = np.exp(2j * np.pi * (ky * row / ny + kx * column / nx)) / np.sqrt(ny * nx)
            total += s[:, None, :, None] * wave[None, :, None, None] * wave.conj()
    assert np.abs(total.imag).max() < 1e-10
    return total.real.reshape(c * ny * nx, c * ny * nx)


def mean_of(of: JointGaussian) -> np.ndarray:
    return np.broadcast_to(of.mean, (len(of.mean), len(of.spectrum), of.nx)).ravel()


@pytest.mark.parametrize(("ny", "nx"), SIZES)
@pytest.mark.parametrize("s", [1e-3, 0.4, 1.0, 30.0])
def test_it_is_the_dense_posterior_mean_with_its_derivatives(ny: int, nx: int, s: float) -> None:
    of = law(ny, nx)
    cov, mean = dense(of), mean_of(of)
    y = 2 * RNG(1).standard_normal((2, 3, ny, nx))
    jacobian = cov @ np.linalg.inv(cov + s * s * np.eye(len(cov)))
    wanted = (mean + (y.reshape(2, -1) - mean) @ jacobian.T).reshape(y.shape)
    np.testing.assert_allclose(of(y, s), wanted, rtol=1e-8, atol=1e-9)
    v = RNG(2).standard_normal(y.shape)
    np.testing.assert_allclose(of.vjp(y, s, v), (v.reshape(2, -1) @ jacobian).reshape(y.shape), rtol=1e-7, atol=1e-9)
    variance = np.broadcast_to((s * s * np.diag(jacobian)).reshape(3, ny, nx), y.shape)
    np.testing.assert_allclose(of.variance(y, s), variance, rtol=1e-8)
    np.testing.assert_allclose(of.divergence(y, s), [np.trace(jacobian)] * 2, rtol=1e-8)
    assert of.shape == (3, ny, nx)


@pytest.mark.parametrize("outer", [(2,), (1, 3), (2, 2)])
def test_channels_and_frames_are_the_same_law_on_tensors_too(outer: tuple[int, ...]) -> None:
    torch, of = pytest.importorskip("torch"), law(4, 6, outer)
    y = RNG(3).standard_normal((2, *outer, 4, 6))
    flat = law(4, 6, (int(np.prod(outer)),))(y.reshape(2, -1, 4, 6), 0.7)
    np.testing.assert_allclose(of(y, 0.7), flat.reshape(y.shape), rtol=1e-12)
    np.testing.assert_allclose(of(torch.from_numpy(y), 0.7).numpy(), of(y, 0.7), rtol=1e-10, atol=1e-12)
    assert of(y.astype(np.float32), 0.7).dtype == np.float32
    assert of.shape == (*outer, 4, 6)


def test_a_single_component_is_the_law_of_one_field() -> None:
    power = RNG(4).random((6, 4)) + 0.1
    power[4:, 0], power[4:, -1] = power[1:3, 0][::-1], power[1:3, -1][::-1]
    one = JointGaussian(np.full((1, 1, 1), 0.3), power[..., None, None].astype(complex), 6, (1,))
    y = RNG(5).standard_normal((2, 1, 6, 6))
    np.testing.assert_allclose(one(y, 0.5), Gaussian(0.3, power, 6)(y, 0.5), rtol=1e-10)
    np.testing.assert_allclose(one.along(np.ones(1)).power, power)


def test_samples_have_its_covariance_to_rounding() -> None:
    of = law(3, 4, (1, 2))
    units = np.eye(24).reshape(24, 1, 2, 3, 4)
    rows = (of.sample(units) - of.sample(0 * units)).reshape(24, 24)
    np.testing.assert_allclose(rows.T @ rows, dense(of), rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(of.sample(0 * units[:1]).ravel(), mean_of(of), atol=1e-12)


WEIGHTS = {"channels": np.eye(3)[1:], "mean": TimeMean(3).weights, "twice the same": np.ones((2, 3))}


@pytest.mark.parametrize("std", [0.0, 0.3])
@pytest.mark.parametrize("key", WEIGHTS)
def test_what_is_known_at_every_pixel_is_dense_conditioning(key: str, std: float) -> None:
    of, weights = law(3, 4), WEIGHTS[key]
    known = of.given(weights, std)
    cov, mean, b = dense(of), mean_of(of), np.kron(weights, np.eye(12))
    x = (of.sample(RNG(6).standard_normal((1, 3, 3, 4))))[0].ravel()
    values = b @ x
    gain = cov @ b.T @ np.linalg.pinv(b @ cov @ b.T + std**2 * np.eye(len(b)), rcond=1e-10, hermitian=True)
    wanted, left = mean + gain @ (values - b @ mean), cov - gain @ b @ cov
    seen = values.reshape(-1, 3, 4)
    np.testing.assert_allclose(known.mean(seen[None])[0].ravel(), wanted, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(known.std, np.sqrt(np.diag(left).reshape(3, 12).mean(1).clip(0)), atol=1e-7)
    conditioned = known.law(seen)
    np.testing.assert_allclose(dense(conditioned), left, atol=1e-8)
    units = np.eye(36).reshape(36, 3, 3, 4)
    no_error = known.samples(seen, units) - known.samples(seen, 0 * units)
    if std == 0:
        rows = no_error.reshape(36, 36)
        np.testing.assert_allclose(rows.T @ rows, left, atol=1e-8)
        kept = np.einsum("qc,ncyx->nqyx", weights, known.samples(seen, RNG(7).standard_normal((5, 3, 3, 4))))
        np.testing.assert_allclose(kept, np.broadcast_to(seen, kept.shape), atol=1e-9)


def test_a_run_down_the_law_given_the_mean_keeps_the_mean() -> None:
    """The conditional law is a denoiser: the probability-flow ODE leaves what is known alone, and ends on the law."""
    of = law(4, 4, (1, 3))
    mean = np.asarray(RNG(8).standard_normal((1, 4, 4)))
    denoise = of.given(TimeMean(3).weights).law(mean)
    y = 50.0 * RNG(9).standard_normal((2, 1, 3, 4, 4))
    *_, last = SAMPLERS["ddim"].run(denoise, y, [*np.geomspace(50, 0.01, 30), 0.0], lambda *_: 0)
    np.testing.assert_allclose(last.y.mean(2), np.broadcast_to(mean, (2, 1, 4, 4)), atol=1e-10)


def test_the_exact_solver_of_a_time_mean_is_the_closed_form() -> None:
    """TimeMean among the operators, the joint law as prior: x0_hat led by `exact` is that of the conditional law."""
    of, operator = law(4, 4, (1, 3)), TimeMean(3)
    x0 = of.sample(RNG(10).standard_normal((1, 1, 3, 4, 4)))[0, 0]
    values = operator.observed(x0, np.ones((4, 4), bool))
    np.testing.assert_allclose(values, x0.mean(0))
    seen = Observations([Observed(operator, values, 0.2)], (4, 4))
    led = Guided(of, Led(seen, Exact()))
    y, s = 2 * RNG(11).standard_normal((2, 1, 3, 4, 4)), 0.8
    wanted = of.given(operator.weights, 0.2).law(values[None])(y, s)
    np.testing.assert_allclose(led(y, s), wanted, atol=1e-7)


def test_the_time_mean_has_its_adjoint_and_its_share() -> None:
    torch, operator = pytest.importorskip("torch"), TimeMean(5)
    x, r = RNG(12).standard_normal((2, 1, 5, 3, 4)), RNG(13).standard_normal((2, 1, 3, 4))
    assert (operator.of(x) * r).sum() == pytest.approx((x * operator.adjoint(r)).sum(), rel=1e-12)
    np.testing.assert_allclose(operator.of(operator.adjoint(r)), operator.share * r)
    np.testing.assert_array_equal(operator.adjoint(torch.from_numpy(r)).numpy(), operator.adjoint(r))
    np.testing.assert_allclose(operator.of(torch.from_numpy(x)).numpy(), operator.of(x))


def test_a_time_mean_is_missing_where_a_frame_is() -> None:
    known = np.ones((3, 4), bool)
    known[0, 1] = False
    x0 = np.where(known, RNG(14).standard_normal((5, 3, 4)), np.nan)
    np.testing.assert_array_equal(np.isnan(TimeMean(5).observed(x0, known)), ~known)
    with pytest.raises(UserError, match="5 frames was asked for one of 4"):
        TimeMean(5).observed(x0[:4], known)
    with pytest.raises(UserError, match="No pixel is known"):
        TimeMean(5).observed(x0, ~known & known)


# fitted


def windows_of(n: int, frames: int, ny: int, nx: int, rho: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Windows [n, 1, frames, ny, nx] of an AR(1) of red fields, and the spectrum of one frame."""
    k = np.hypot(np.fft.fftfreq(ny, 1 / ny)[:, None], np.fft.rfftfreq(nx, 1 / nx)[None])
    power = 20 / (1 + (k / 2) ** 2) ** 1.3
    z = Gaussian(0.0, power, nx).sample(RNG(seed).standard_normal((n, frames, ny, nx)))
    for day in range(1, frames):
        z[:, day] = rho * z[:, day - 1] + np.sqrt(1 - rho * rho) * z[:, day]
    return z[:, None] + 1.5, power


def test_a_fit_finds_an_autoregressive_sequence_of_red_fields() -> None:
    """S_ij(k) = P(k) rho^|i - j|, not periodic in time; the error of a mean over n windows is 1/sqrt(n) of it."""
    windows, power = windows_of(400, 4, 16, 12, 0.8)
    of = fit_joint(windows)
    lags = 0.8 ** np.abs(np.subtract.outer(np.arange(4), np.arange(4)))
    error = of.spectrum / power[..., None, None] - lags
    error[0, 0] = 0
    assert np.abs(error).max() < 6 / np.sqrt(400) and np.sqrt((np.abs(error) ** 2).mean()) < 1.1 / np.sqrt(400)
    assert of.spectrum[0, 0, 0, 3].real == pytest.approx(power[0, 0] * 0.8**3, rel=0.25)
    np.testing.assert_allclose(of.mean, 1.5, atol=5 * np.sqrt(power[0, 0] / (16 * 12 * 400)))
    assert of.shape == (1, 4, 16, 12) and of.part(2).shape == (1, 2, 16, 12)
    np.testing.assert_array_equal(of.part(2).spectrum, of.spectrum[..., :2, :2])


def test_a_fit_keeps_how_channels_are_displaced() -> None:
    """A channel that is the other one moved by a pixel has the phase of that move at every wavenumber."""
    windows, _ = windows_of(200, 1, 8, 8, 0.0)
    pair = np.concatenate([windows[:, 0], np.roll(windows[:, 0], 1, axis=-1)], axis=1)
    of = fit_joint(pair)
    phase = np.exp(2j * np.pi * np.arange(5) / 8)
    wanted = of.spectrum[..., 0, 0] * phase
    wanted[0, 0] = of.spectrum[0, 0, 0, 1]
    np.testing.assert_allclose(of.spectrum[..., 0, 1], wanted, rtol=1e-9)
    truth = pair[0]
    made = of.given(np.eye(2)[1:]).mean(truth[None, 1:])[0, 0]
    np.testing.assert_allclose(made, truth[0], atol=1e-6)


def test_a_fit_does_not_change_with_what_is_missing_of_white_noise() -> None:
    rng = RNG(15)
    white = rng.normal(0.0, 2.0, (1500, 2, 8, 8))
    holed = np.where(np.arange(8) < 2, np.nan, white)
    of = fit_joint(holed).spectrum
    inner = of[1:, 1:]
    assert np.abs(inner[..., 0, 1]).max() < 4 * 6 / np.sqrt(1500)
    np.testing.assert_allclose(inner[..., 0, 0].real.mean(), 4.0, rtol=0.03)


def test_without_wrapping_the_torus_is_larger_and_one_frame_is_the_fit_of_one_field() -> None:
    windows, power = windows_of(300, 2, 16, 16, 0.8)
    of = fit_joint(windows, (32, 32))
    assert of.shape == (1, 2, 32, 32) and np.abs(of.spectrum.imag).max() == 0
    assert (np.linalg.eigvalsh(of.spectrum) > 0).all()
    at = slice(4, 10), 0  # 2 to 5 cycles per 16 pixels, on the even rows
    np.testing.assert_allclose(of.spectrum[4:10:2, 0, 0, 0].real, power[2:5, 0], rtol=0.25)
    np.testing.assert_allclose((of.spectrum[at][..., 0, 1] / of.spectrum[at][..., 0, 0]).real, 0.8, atol=0.05)
    np.testing.assert_allclose(of.spectrum[..., 0, 0], of.spectrum[..., 1, 1], rtol=0.2)


def test_too_few_windows_and_too_many_frames_are_refused() -> None:
    with pytest.raises(UserError, match="3 windows are too few for a law of 4 fields"):
        fit_joint(np.zeros((3, 1, 4, 8, 8)))
    with pytest.raises(UserError, match=r"take 5\.0 GB"):
        fit_joint(np.broadcast_to(0.0, (2, 1, 400, 64, 64)))
