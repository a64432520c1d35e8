"""Derivatives, variances and log-densities of formula denoisers: against numbers, dense algebra and each other."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import covariance

from diffview.errors import UserError
from diffview.models.data import Data
from diffview.models.formulas import FORMULAS
from diffview.models.gaussian import Gaussian, fit_power_law
from diffview.models.local import Local, window_radius
from diffview.models.mixture import Mixture

RNG = np.random.default_rng
NY, NX = 6, 7


def field(seed: int, n: int = 1) -> np.ndarray:
    """Red fields [n, ny, nx], float32."""
    return Gaussian.power_law(NY, NX, 3.0, 1.0).sample(RNG(seed).standard_normal((n, NY, NX))).astype(np.float32)


def mixture(d: int = 2) -> Mixture:
    rng = RNG(4)
    roots = rng.standard_normal((3, d, d))
    return Mixture([1.0, 2.0, 0.5], 2 * rng.standard_normal((3, d)), np.einsum("kde,kfe->kdf", roots, roots))


def made() -> dict[str, tuple[object, np.ndarray]]:
    """Every formula, and a y for it, float64."""
    crops = field(1, 12)
    fields = {name: FORMULAS[name](crops) for name in FORMULAS}
    fields["power law"] = Gaussian.power_law(NY, NX, 2.5, 1.5, 0.8, 0.3)
    # half way between two crops, so that more than one has weight
    y = ((crops[:2] + crops[2:4]) / 2 + 0.01 * RNG(3).standard_normal((2, NY, NX)))[:, None]
    points = {f"mixture {d}-D": (mixture(d), 2 * RNG(5).standard_normal((2, 1, 1, d))) for d in (1, 2, 3)}
    return {name: (denoise, y) for name, denoise in fields.items()} | points


MADE = made()
LEVELS = (0.3, 0.8, 3.0)
EXACT = [name for name in MADE if name != "local"]


def jacobian(denoise, y: np.ndarray, s: float) -> np.ndarray:
    """d x0_hat/dy of one member by central differences, [pixels, pixels]."""
    h = 1e-5
    columns = []
    for i in range(y.size):
        step = np.zeros(y.size)
        step[i] = h
        step = step.reshape(y.shape)
        columns.append(((denoise(y + step, s) - denoise(y - step, s)) / (2 * h)).ravel())
    return np.stack(columns, axis=1)


@pytest.mark.parametrize("s", LEVELS)
@pytest.mark.parametrize("name", MADE)
def test_vjp_divergence_and_variance_are_those_of_the_jacobian(name: str, s: float) -> None:
    denoise, y = MADE[name]
    v = RNG(6).standard_normal(y.shape)
    for i in range(len(y)):
        one = slice(i, i + 1)
        jac = jacobian(denoise, y[one], s)
        np.testing.assert_allclose(denoise.vjp(y, s, v)[i].ravel(), v[i].ravel() @ jac, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(denoise.divergence(y, s)[i], np.trace(jac), rtol=1e-5)
        np.testing.assert_allclose(denoise.variance(y, s)[i].ravel(), s * s * np.diag(jac), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", MADE)
def test_only_the_exact_ones_have_a_symmetric_jacobian(name: str) -> None:
    """Tweedie: J = Cov[x_0 | y]/s^2. `local` is no posterior mean, and its Jacobian shows it."""
    denoise, y = MADE[name]
    a, b = RNG(7).standard_normal((2, *y[:1].shape))
    ab, ba = ((v * denoise.vjp(y[:1], 0.3, u)).sum() for u, v in ((a, b), (b, a)))
    scale = np.abs(denoise.vjp(y[:1], 0.3, a)).sum()
    assert (abs(ab - ba) < 1e-12 * scale) == (name in EXACT), abs(ab - ba) / scale


@pytest.mark.parametrize("name", EXACT)
def test_the_variance_is_that_of_the_posterior(name: str) -> None:
    """The trace of J times s^2 is the mean squared error: E|x_0 - x0_hat|^2 by drawing pairs (x_0, y)."""
    denoise, _ = MADE[name]
    s, count = 0.8, 4000
    z = RNG(8).standard_normal((count, *denoise.shape))
    if isinstance(denoise, Mixture):
        x0 = denoise.sample(count, 9)
    elif isinstance(denoise, Data):
        x0 = denoise.crops.astype(np.float64)[RNG(9).integers(0, len(denoise.crops), count)][:, None]
    else:
        x0 = denoise.sample(RNG(9).standard_normal((count, *denoise.shape)))
    y = x0 + s * z
    error = ((x0 - denoise(y, s)) ** 2).sum((1, 2, 3))
    told = s * s * denoise.divergence(y, s)
    gap = error - told
    assert abs(gap.mean()) < 5 * gap.std() / math.sqrt(count)


@pytest.mark.parametrize("name", [n for n in MADE if hasattr(MADE[n][0], "log_density")])
def test_the_score_is_the_gradient_of_the_log_density(name: str) -> None:
    denoise, y = MADE[name]
    v = RNG(6).standard_normal(y.shape)
    for s in LEVELS:
        h = 1e-5
        slope = (denoise.log_density(y + h * v, s) - denoise.log_density(y - h * v, s)) / (2 * h)
        np.testing.assert_allclose((denoise.score(y, s) * v).sum((1, 2, 3)), slope, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("s", [0.05, *LEVELS, 40.0])
@pytest.mark.parametrize("name", MADE)
def test_tensors_give_the_same(name: str, s: float) -> None:
    import torch

    denoise, y = MADE[name]
    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 2e-4 * max(1.0, 0.5 / s))):
        a = y.astype(dtype)
        v = RNG(6).standard_normal(y.shape).astype(dtype)
        t, u = torch.from_numpy(a), torch.from_numpy(v)
        pairs = [
            (denoise(t, s), denoise(a, s)),
            (denoise.score(t, s) * s, denoise.score(a, s) * s),
            (denoise.vjp(t, s, u), denoise.vjp(a, s, v)),
            (denoise.divergence(t, s), denoise.divergence(a, s)),
            (denoise.variance(t, s), denoise.variance(a, s)),
        ]
        for tensor, array in pairs:
            assert isinstance(tensor, torch.Tensor) and tensor.numpy().dtype == array.dtype == dtype
            np.testing.assert_allclose(tensor.numpy(), array, rtol=tolerance, atol=tolerance * max(1.0, s))


@pytest.mark.parametrize("name", MADE)
def test_nothing_is_written_over(name: str) -> None:
    denoise, y = MADE[name]
    v = RNG(6).standard_normal(y.shape)
    before = y.copy(), v.copy()
    for s in LEVELS:
        denoise(y, s), denoise.vjp(y, s, v), denoise.variance(y, s), denoise.divergence(y, s)
    assert (y == before[0]).all() and (v == before[1]).all()


def test_local_with_its_window_over_everything_has_the_derivatives_of_data() -> None:
    crops, s = field(1, 12), 3.0
    y, v = RNG(2).standard_normal((2, 2, 1, NY, NX))
    assert window_radius(s) >= NX - 1
    for method in ("vjp", "variance", "divergence"):
        more = (v,) if method == "vjp" else ()
        assert (getattr(Local(crops), method)(y, s, *more) == getattr(Data(crops), method)(y, s, *more)).all()


# power law


@settings(max_examples=40, deadline=None)
@given(
    ny=st.integers(1, 20), nx=st.integers(1, 20), beta=st.floats(0, 6), k0=st.floats(0.05, 8), var=st.floats(1e-3, 1e3)
)
def test_a_power_law_has_its_slope_and_variance(ny: int, nx: int, beta: float, k0: float, var: float) -> None:
    law = Gaussian.power_law(ny, nx, beta, k0, var, 0.7)
    assert law.shape == (1, ny, nx) and law.power.shape == (ny, nx // 2 + 1) and (law.power > 0).all()
    full = np.fft.irfft2(law.power, s=(ny, nx))  # the covariance; at no distance it is the variance
    assert full[0, 0] == pytest.approx(var, rel=1e-9)
    if nx >= 4:
        k = np.arange(nx // 2 + 1) * (max(ny, nx) / nx)
        wanted = ((k0**2 + k[1] ** 2) / k0**2) ** (-beta / 2)
        assert law.power[0, 1] / law.power[0, 0] == pytest.approx(wanted, rel=1e-9)


def test_the_power_law_is_that_of_matern() -> None:
    """exp(-r/L) is Matern's covariance with smoothness 1/2: beta = 3 in two dimensions, k0 = 1/(2 pi L)."""
    n, length = 256, 6.0
    law = Gaussian.power_law(n, n, 3.0, n / (2 * math.pi * length))
    cov = np.fft.irfft2(law.power, s=(n, n))
    r = np.arange(1, 24)
    np.testing.assert_allclose(cov[0, r] / cov[0, 1], np.exp(-(r - 1) / length), rtol=0.06)


# log densities


@pytest.mark.parametrize("s", [0.0, 0.4])
@pytest.mark.parametrize(("ny", "nx"), [(4, 5), (5, 4), (1, 6)])
def test_the_log_density_of_a_gaussian_is_that_of_its_covariance(ny: int, nx: int, s: float) -> None:
    from scipy.stats import multivariate_normal

    law = Gaussian.power_law(ny, nx, 2.0, 1.0, 1.3, 0.4)
    rows, columns = np.mgrid[:ny, :nx]
    cov1 = np.fft.irfft2(law.power, s=(ny, nx))
    dense = np.array(
        [np.roll(cov1, (i, j), (0, 1)).ravel() for i, j in zip(rows.ravel(), columns.ravel(), strict=True)]
    )
    dense += s * s * np.eye(ny * nx)
    y = RNG(1).standard_normal((3, 1, ny, nx))
    wanted = multivariate_normal(np.full(ny * nx, 0.4), dense).logpdf(y.reshape(3, -1))
    np.testing.assert_allclose(law.log_density(y, s), wanted, rtol=1e-9)
    entropy = multivariate_normal(np.full(ny * nx, 0.4), dense).entropy() / (ny * nx)
    assert law.entropy(s) == pytest.approx(entropy, rel=1e-9)


def test_a_mode_without_variance_has_all_or_nothing() -> None:
    flat = Gaussian(0.5, np.zeros((4, 3)), 4)
    y = np.full((2, 1, 4, 4), 0.5)
    y[1, 0, 0, 0] = 0.6
    assert flat.log_density(y, 0.0).tolist() == [0.0, -math.inf]
    assert flat.entropy() == -math.inf


@pytest.mark.parametrize("s", [0.0, 0.4])
def test_the_log_density_of_a_mixture_is_that_of_scipy(s: float) -> None:
    from scipy.stats import multivariate_normal

    law = mixture(2)
    y = RNG(1).standard_normal((6, 1, 1, 2))
    parts = [
        w * multivariate_normal(m, c + s * s * np.eye(2)).pdf(y[:, 0, 0])
        for w, m, c in zip(law.weights, law.means, law.covariances, strict=True)
    ]
    np.testing.assert_allclose(law.log_density(y, s), np.log(np.sum(parts, axis=0)), rtol=1e-9)


def test_a_mixture_of_one_is_its_gaussian() -> None:
    law = Gaussian.power_law(3, 4, 2.0, 1.0)
    dense = covariance(np.abs(np.fft.fft2(np.fft.irfft2(law.power, s=(3, 4)))))
    one = Mixture([5.0], np.zeros((1, 12)), dense[None])
    y = RNG(1).standard_normal((2, 1, 3, 4))
    points = y.reshape(2, 1, 1, 12)
    np.testing.assert_allclose(one(points, 0.7).ravel(), law(y, 0.7).ravel(), rtol=1e-9)
    np.testing.assert_allclose(one.log_density(points, 0.7), law.log_density(y, 0.7), rtol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    mu=st.lists(st.floats(-5, 5), min_size=1, max_size=4), var=st.floats(1e-3, 4), s=st.floats(0.05, 20),
    y=st.floats(-8, 8),
)  # fmt: skip
def test_a_mixture_in_one_dimension_is_its_integral(mu: list[float], var: float, s: float, y: float) -> None:
    """E[x_0 | y] by adding up over a fine grid of x_0."""
    law = Mixture(np.ones(len(mu)), mu, np.full(len(mu), var))
    x = np.linspace(min([*mu, y]) - 12, max([*mu, y]) + 12, 40_001)
    log_p = -((y - x) ** 2) / (2 * s * s) + np.logaddexp.reduce([-((x - m) ** 2) / (2 * var) for m in mu])
    p = np.exp(log_p - log_p.max())
    assert law(np.full((1, 1, 1, 1), y), s)[0, 0, 0, 0] == pytest.approx((p * x).sum() / p.sum(), abs=1e-3)


def test_mixture_samples_have_its_moments() -> None:
    law = mixture(2)
    x = law.sample(40_000)[:, 0, 0]
    mean = law.weights @ law.means
    apart = law.means - mean
    cov = np.einsum("k,kde->de", law.weights, law.covariances + apart[:, :, None] * apart[:, None])
    assert np.abs(x.mean(0) - mean).max() < 5 * math.sqrt(cov.max() / len(x))
    np.testing.assert_allclose(np.cov(x.T), cov, atol=0.05 * cov.max())


@pytest.mark.parametrize(
    ("weights", "means", "covariances"),
    [
        ([1.0, 1.0], [0.0], [1.0]),
        ([1.0, -1.0], [0.0, 1.0], [1.0, 1.0]),
        ([1.0], [math.nan], [1.0]),
        ([1.0], [[0.0, 0.0]], [[[1.0, 2.0], [0.0, 1.0]]]),
        ([1.0], [[0.0, 0.0]], [[[1.0, 2.0], [2.0, 1.0]]]),
        ([], [], []),
    ],
)
def test_what_is_no_mixture_is_a_sentence(weights: list, means: list, covariances: list) -> None:
    with pytest.raises(UserError) as caught:
        Mixture(weights, means, covariances)
    assert caught.value.hint


@pytest.mark.parametrize(("beta", "k0"), [(2.0, 2.0), (3.0, 1.0), (11 / 3, 3.0)])
def test_a_fitted_power_law_finds_the_three_numbers(beta: float, k0: float) -> None:
    """From 200 fields of the law itself; the Hann window smooths the first rings a little."""
    law = Gaussian.power_law(48, 48, beta, k0, 1.0, 0.4)
    fitted = fit_power_law(law.sample(RNG(0).standard_normal((200, 48, 48))).astype(np.float32))
    assert fitted.mean == pytest.approx(0.4, abs=0.1)
    k = np.arange(3, 24)
    np.testing.assert_allclose(fitted.power[0, k], law.power[0, k], rtol=0.15)
    slope = np.log(fitted.power[0, 23] / fitted.power[0, 12]) / np.log(law.power[0, 23] / law.power[0, 12])
    assert slope == pytest.approx(1.0, abs=0.05)
    assert fitted.beta == pytest.approx(beta, abs=0.25)
    by_its_numbers = fitted.amplitude * (fitted.k0**2 + k**2.0) ** (-fitted.beta / 2)
    np.testing.assert_allclose(fitted.power[0, k], by_its_numbers, rtol=1e-9)


def test_a_fitted_power_law_is_one_also_of_what_is_none() -> None:
    white = RNG(1).standard_normal((30, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(fit_power_law(white).power, 1.0, rtol=0.25)
    for crops in (np.full((3, 16, 16), 2.0, np.float32), white[:1], white[:, :8]):
        assert np.isfinite(fit_power_law(crops).power).all() and (fit_power_law(crops).power > 0).all()
