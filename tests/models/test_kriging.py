"""Simple kriging against dense linear algebra."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import covariance

from diffview.errors import UserError
from diffview.models.gaussian import Gaussian
from diffview.models.kriging import Kriging, conjugate_gradients, krige

RNG = np.random.default_rng


def law_of(ny: int, nx: int, beta: float = 2.5, k0: float = 1.0) -> Gaussian:
    return Gaussian.power_law(ny, nx, beta, k0, 1.2, 0.4)


def dense(law: Gaussian) -> np.ndarray:
    """Its covariance, [pixels, pixels]."""
    _, ny, nx = law.shape
    full = np.fft.fft2(np.fft.irfft2(law.power, s=(ny, nx))).real
    return covariance(full)


def posterior(law: Gaussian, z: np.ndarray, known: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and covariance of all pixels given the known ones, by dense algebra."""
    cov, at = dense(law), known.ravel()
    system = cov[np.ix_(at, at)] + noise**2 * np.eye(at.sum())
    to = np.linalg.solve(system, cov[at]).T
    return law.mean + to @ (z.ravel()[at] - law.mean), cov - to @ cov[at]


@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize(("ny", "nx"), [(6, 6), (5, 8), (7, 4)])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_mean_and_std_are_those_of_dense_algebra(ny: int, nx: int, share: float, noise: float) -> None:
    law, rng = law_of(ny, nx), RNG(3)
    known = rng.random((ny, nx)) < share
    known[0, 0] = True
    z = law.sample(rng.standard_normal((ny, nx)))
    found = krige(np.where(known, z, np.nan), law, noise, std=True)
    mean, cov = posterior(law, z, known, noise)
    np.testing.assert_allclose(found.mean.ravel(), mean, atol=1e-6)
    np.testing.assert_allclose(found.std.ravel() ** 2, np.diag(cov), atol=1e-6)
    assert found.iterations >= 1 and found.residual < 1e-6
    if not noise:
        assert (found.mean[known] == z[known]).all() and (found.std[known] == 0).all()


def test_samples_have_the_posterior_mean_and_covariance() -> None:
    for noise in (0.0, 0.4):
        law, rng, n = law_of(4, 5), RNG(1), 6000
        known = rng.random((4, 5)) < 0.4
        z = law.sample(rng.standard_normal((4, 5)))
        normals = rng.standard_normal((n, 2, 4, 5) if noise else (n, 4, 5))
        drawn = Kriging(law, known, noise).samples(z, normals).reshape(n, -1)
        mean, cov = posterior(law, z, known, noise)
        assert (np.abs(drawn.mean(0) - mean) <= 5 * np.sqrt(np.maximum(np.diag(cov), 1e-16) / n)).all()
        sigma = np.sqrt((np.outer(np.diag(cov), np.diag(cov)) + cov**2).clip(1e-20) / n)
        assert (np.abs(np.cov(drawn.T) - cov) < 5 * sigma + 1e-9).all()
        if not noise:
            assert (drawn[:, known.ravel()] == z[known]).all()


def test_nothing_known_is_the_law_and_everything_known_is_the_field() -> None:
    law = law_of(6, 7)
    z = law.sample(RNG(0).standard_normal((6, 7)))
    none = krige(np.full((6, 7), np.nan), law, std=True)
    assert none.iterations == 0 and none.residual == 0
    np.testing.assert_allclose(none.mean, 0.4, rtol=1e-12)
    np.testing.assert_allclose(none.std, math.sqrt(1.2), rtol=1e-9)
    whole = krige(z, law, std=True)
    assert (whole.mean == z).all() and (whole.std == 0).all()


def test_everything_known_with_noise_is_the_denoiser() -> None:
    """Kriging of y = x_0 + s eps at every pixel is the Wiener gain."""
    law, s = law_of(8, 9), 0.7
    y = law.sample(RNG(0).standard_normal((8, 9))) + s * RNG(1).standard_normal((8, 9))
    found = krige(y, law, s, std=True)
    np.testing.assert_allclose(found.mean, law(y[None, None], s)[0, 0], atol=1e-7)
    np.testing.assert_allclose(found.std**2, law.variance(y[None, None], s)[0, 0], atol=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), share=st.floats(0, 1), beta=st.floats(0, 4), k0=st.floats(0.3, 4),
    noise=st.sampled_from([0.0, 0.05, 1.0]),
)  # fmt: skip
def test_the_error_is_what_no_known_pixel_tells_of(
    seed: int, share: float, beta: float, k0: float, noise: float
) -> None:
    """Whatever the mask: more known pixels never raise the std, and the mean solves the normal equations."""
    law, rng = law_of(5, 6, beta, k0), RNG(seed)
    order = rng.random((5, 6))
    z = law.sample(rng.standard_normal((5, 6)))
    fewer, more = order < share / 2, order < share
    few, many = (krige(np.where(known, z, np.nan), law, noise, std=True) for known in (fewer, more))
    assert (many.std <= few.std + 1e-5).all() and (few.std <= math.sqrt(1.2) + 1e-9).all()
    np.testing.assert_allclose(many.mean.ravel(), posterior(law, z, more, noise)[0], atol=2e-5)


def test_a_hole_in_a_large_field_is_quick_to_converge() -> None:
    law = law_of(128, 128, 3.0, 1.5)
    z = law.sample(RNG(0).standard_normal((128, 128)))
    gappy = z.copy()
    gappy[40:90, 30:80] = np.nan
    found = krige(gappy, law)
    assert found.iterations < 100 and found.residual < 1e-7
    edge = np.abs(found.mean - z)[40, 30:80].max()
    assert edge < np.abs(found.mean - z)[65, 30:80].max(), "it knows most at the rim"


def test_conjugate_gradients_end_after_as_many_steps_as_there_are_eigenvalues() -> None:
    values = np.array([[1.0, 4.0, 9.0, 4.0]])
    b = RNG(0).standard_normal((2, 1, 4))
    x, count = conjugate_gradients(lambda x: x * values, lambda r: r, b, 1e-12, 50)
    assert count == 3
    np.testing.assert_allclose(x, b / values, rtol=1e-10)


@pytest.mark.parametrize(("ny", "nx"), [(16, 16), (15, 22)])
def test_the_precision_of_the_gap_gives_what_one_system_a_pixel_gives(
    ny: int, nx: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = np.ones((ny, nx), bool)
    known[3:9, 4:11] = known[12, 0] = False
    kriging = Kriging(law_of(ny, nx, 3.0), known)
    assert kriging.dense
    short = kriging.std()
    monkeypatch.setattr("diffview.models.kriging.DENSE", 10)
    assert not kriging.dense
    np.testing.assert_allclose(short, kriging.std(1e-10), rtol=1e-7)
    assert not Kriging(Gaussian(0.0, np.geomspace(1, 1e-12, 24).reshape(6, 4), 6), known[:6, :6]).dense


def test_its_error_is_in_the_mean_what_its_std_says() -> None:
    """300 fields of the law: the mean square error in the gap is the variance within 4 standard errors."""
    law, rng, n = law_of(16, 16, 3.0), RNG(7), 300
    known = np.ones((16, 16), bool)
    known[5:11, 4:12] = False
    kriging = Kriging(law, known)
    fields = law.sample(rng.standard_normal((n, 16, 16)))
    square = ((kriging.moved(fields)[0] - fields)[:, ~known] ** 2).mean(axis=1)
    assert abs(square.mean() - (kriging.std() ** 2)[~known].mean()) < 4 * square.std() / np.sqrt(n)


def known_half() -> np.ndarray:
    return RNG(5).random((12, 12)) < 0.5


def test_it_can_be_watched_and_ended() -> None:
    law = law_of(12, 12)
    heard = []

    def told(done: int, of: int) -> None:
        heard.append((done, of))
        if len(heard) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        Kriging(law, np.zeros((12, 12), bool)).std(progress=told)
    assert heard == [(64, 144), (128, 144)]
    kriging = Kriging(law, known_half(), watch=lambda: heard.append((0, 0)))
    kriging.moved(law.sample(RNG(0).standard_normal((1, 12, 12))))
    assert len(heard) > 5


def test_what_cannot_be_kriged_is_a_sentence() -> None:
    law = law_of(6, 6)
    for field, noise in (
        (np.zeros((6, 7)), 0.0),
        (np.full((6, 6), np.inf), 0.0),
        (np.zeros(6), 0.0),
        (np.zeros((6, 6)), -1.0),
        (np.zeros((6, 6)), math.nan),
    ):
        with pytest.raises(UserError):
            krige(field, law, noise)
    singular = Gaussian(0.0, np.geomspace(1, 1e-30, 24).reshape(6, 4), 6)
    gappy = RNG(0).standard_normal((6, 6))
    gappy[0, 0] = np.nan
    with pytest.raises(UserError, match="did not converge"):
        krige(gappy, singular)
