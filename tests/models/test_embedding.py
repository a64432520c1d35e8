"""A Gaussian field as a part of a larger torus: its covariance by sums of cosines, kriging and guidance by matrices."""

import numpy as np
import pytest
from oracle import covariance_inside

from diffview.arrays import corner, surrounded
from diffview.models.data import Data
from diffview.models.gaussian import Gaussian, PowerLaw, fit_gaussian, fit_power_law, wavenumbers
from diffview.models.kriging import Kriging, krige
from diffview.models.local import Local
from diffview.reverse.guidance import BlockMean, Clipped, Guided, KnownPixels, Led, embedded

RNG = np.random.default_rng
PRIORS = {
    "short": Gaussian.power_law(24, 24, 3.0, 4.0, 1.2, 0.4),
    "long": Gaussian.power_law(24, 24, 3.0, 0.3, 1.2, 0.4),
    "steep": Gaussian.power_law(24, 24, 5.0, 1.5, 1.2, 0.4),
    "wide": Gaussian.power_law(12, 30, 2.5, 2.0, 1.2, 0.4),
}
EDGE = np.ones((24, 24), bool)
EDGE[:6, 8:16] = EDGE[14:17, 20:] = False


def posterior(prior: Gaussian, z: np.ndarray, known: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of all pixels of a field on the torus of the prior given the known ones, by dense algebra."""
    cov, at = covariance_inside(prior.power, prior.nx, *known.shape), known.ravel()
    to = np.linalg.solve(cov[np.ix_(at, at)] + noise**2 * np.eye(at.sum()), cov[at]).T
    variance = np.diag(cov) - np.einsum("ij,ij->i", to, cov[:, at])
    return (prior.mean + to @ (z.ravel()[at] - prior.mean)).reshape(known.shape), variance.reshape(known.shape)


@pytest.mark.parametrize("key", PRIORS)
def test_the_torus_is_larger_by_the_correlation_length_but_no_distance_is_cut_short(key: str) -> None:
    prior = PRIORS[key]
    wide = prior.embedded()
    for axis, (part, whole) in enumerate(zip(prior.shape[1:], wide.shape[1:], strict=True)):
        along = covariance_inside(wide.power, wide.nx, *((part + 1, 1) if axis == 0 else (1, part + 1)))[0]
        far = np.flatnonzero(np.abs(along[: whole - part + 1]) >= 0.02 * along[0])
        assert part < whole <= 2.25 * part
        assert whole >= 2 * part or whole - part >= far[-1], "opposite edges are correlated by 1 %, give or take"
    assert wide.mean == prior.mean and wide.embedded is not None


def test_distant_pixels_are_as_far_apart_as_they_look() -> None:
    """On its own torus the first and the last row are neighbours; embedded they have the covariance of 23 rows."""
    prior = PRIORS["short"]
    own, wide = (covariance_inside(p.power, p.nx, 24, 1) / p.power.mean() for p in (prior, prior.embedded()))
    assert own[0, 23] == pytest.approx(own[0, 1]) and own[0, 1] > 0.5 * own[0, 0]
    assert abs(wide[0, 23]) < 0.01 * wide[0, 0] and wide[0, 1] > 0.5 * wide[0, 0]
    circular = prior.embedded(circular=True)
    assert circular.nx == 24 and circular.shape[1] > 24
    along = covariance_inside(circular.power, 24, 1, 24)
    assert along[0, 23] == pytest.approx(along[0, 1])


def test_between_the_modes_of_a_field_the_logarithm_of_its_power_is_linear_and_a_power_law_is_one() -> None:
    crops = PRIORS["steep"].sample(RNG(0).standard_normal((50, 24, 24))).astype(np.float32)
    prior = fit_gaussian(crops)
    k = wavenumbers(24, 24) / 24
    np.testing.assert_allclose(prior.power_at(k), prior.power, rtol=1e-9)
    halves = prior.power_at(np.array([0.25, 0.5, 0.75]) / 24)
    ends = np.log(prior.power[0, 0]), np.log(prior.power[0, 1])
    np.testing.assert_allclose(np.log(halves), np.interp([0.25, 0.5, 0.75], [0, 1], ends), rtol=1e-9)
    law = fit_power_law(crops, (48, 48))
    assert isinstance(law, PowerLaw)
    np.testing.assert_allclose(law.power_at(wavenumbers(48, 48) / 48), law.power, rtol=1e-12)
    wide, twice = law.embedded(), wavenumbers(*law.embedded().shape[1:])
    formula = law.amplitude * (law.k0**2 + (24 * twice / max(wide.shape)) ** 2) ** (-law.beta / 2)
    np.testing.assert_allclose(wide.power, formula, rtol=1e-9)


def test_white_noise_stays_white_and_a_field_without_power_stays_its_mean() -> None:
    white = Gaussian(0.3, np.full((10, 7), 2.0), 12).embedded()
    assert white.shape == (1, 12, 15) and white.power == pytest.approx(2.0)
    assert np.abs(Gaussian(0.3, np.zeros((10, 7)), 12).embedded().power).max() < 1e-20


@pytest.mark.parametrize("dense", [2500, 0])
@pytest.mark.parametrize("noise", [0.0, 0.3])
@pytest.mark.parametrize("key", ["short", "long", "steep"])
def test_kriging_of_an_edge_gap_is_that_of_dense_algebra(
    key: str, noise: float, dense: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mean and variance of 24 x 24 pixels under the covariance that does not wrap, by matrices and by iterations."""
    monkeypatch.setattr("diffview.models.kriging.DENSE", dense)
    wide = PRIORS[key].embedded()
    z = corner(wide.sample(RNG(3).standard_normal(wide.shape[1:])), 24, 24)
    kriging = Kriging(wide, EDGE, noise)
    assert kriging.dense == (dense > 0)
    mean, variance = posterior(wide, z, EDGE, noise)
    found, iterations, _ = kriging.moved(z[None], 1e-10)
    assert (iterations == 0) == (dense > 0)
    np.testing.assert_allclose(found[0], mean, atol=1e-6)
    np.testing.assert_allclose(kriging.std(1e-8) ** 2, variance, atol=1e-6)
    if not noise and dense:
        whole = krige(np.where(EDGE, z, np.nan), wide, std=True)
        assert (whole.mean[EDGE] == z[EDGE]).all() and (whole.std[EDGE] == 0).all()
        np.testing.assert_allclose(whole.std[~EDGE] ** 2, variance[~EDGE], atol=1e-6)


def test_samples_of_the_posterior_have_its_mean_and_spread() -> None:
    wide, n = PRIORS["short"].embedded(), 3000
    z = corner(wide.sample(RNG(3).standard_normal(wide.shape[1:])), 24, 24)
    for noise in (0.0, 0.4):
        normals = RNG(1).standard_normal((n, 2, *wide.shape[1:]) if noise else (n, *wide.shape[1:]))
        drawn = Kriging(wide, EDGE, noise).samples(z, normals)
        mean, variance = posterior(wide, z, EDGE, noise)
        gap = ~EDGE
        assert np.abs((drawn.mean(0) - mean)[gap] / np.sqrt(variance[gap] / n)).max() < 5
        assert np.abs(drawn.var(0)[gap] / variance[gap] - 1).max() < 5 * np.sqrt(2 / n)


def test_a_gap_at_one_edge_learns_nothing_from_the_other() -> None:
    """3 standard deviations on the six last rows moved the first row of the gap by half of that, on the own torus."""
    prior = PRIORS["short"]
    z = corner(prior.embedded().sample(RNG(5).standard_normal(prior.embedded().shape[1:])), 24, 24)
    other = z + 3 * (np.arange(24) >= 18)[:, None]
    moved = {}
    for name, torus in (("own", prior), ("larger", prior.embedded())):
        means = Kriging(torus, EDGE).moved(np.stack([z, other]))[0]
        moved[name] = np.abs(means[1] - means[0])[0, 8:16].max()
    assert moved["own"] > 1.0 and moved["larger"] < 0.02


@pytest.mark.parametrize("observation", [KnownPixels(0.1, 0.5), BlockMean(4, 0.1, 0.5)], ids=lambda o: o.title)
@pytest.mark.parametrize("s", [0.1, 1.0, 20.0])
def test_a_guided_prior_is_that_of_dense_algebra(observation: KnownPixels | BlockMean, s: float) -> None:
    """D' = D + s^2/(std^2 + gamma share s^2) J A^T (obs - A D) on the torus around 12 x 12 observed pixels."""
    prior = Gaussian.power_law(12, 12, 3.0, 2.0, 1.2, 0.4)
    wide, known = prior.embedded(), np.ones((12, 12), bool)
    known[:3, 4:9] = False
    x0 = RNG(2).standard_normal((12, 12))
    observed = observation.observed(x0, known)
    guided = embedded(Guided(prior, Led.by(observation, observed)))
    rows, columns = guided.shape[1:]
    assert guided.shape == wide.shape and (rows, columns) != (12, 12)
    y = s * RNG(4).standard_normal((1, 1, rows, columns))
    cov = covariance_inside(wide.power, wide.nx, rows, columns)
    gain = cov @ np.linalg.inv(cov + s * s * np.eye(len(cov)))
    estimate = (wide.mean + gain @ (y.ravel() - wide.mean)).reshape(rows, columns)
    left = np.nan_to_num(observed - observation.of(estimate[:12, :12]))
    pull = surrounded(observation.adjoint(left), rows, columns)
    weight = s * s / (observation.std**2 + observation.gamma * observation.share * s * s)
    wanted = estimate + weight * (gain @ pull.ravel()).reshape(rows, columns)
    np.testing.assert_allclose(guided(y, s)[0, 0], wanted, atol=1e-6)
    clipped = embedded(Clipped(Guided(prior, Led.by(observation, observed)), -0.2, 0.7))
    np.testing.assert_allclose(clipped(y, s)[0, 0], wanted.clip(-0.2, 0.7), atol=1e-6)


def test_what_does_not_wrap_stays_as_it_is() -> None:
    crops = RNG(0).standard_normal((6, 8, 8)).astype(np.float32)
    mine = lambda y, s: y  # noqa: E731 - a denoiser of the user's
    for denoise in (
        Data(crops),
        Local(crops),
        Guided(Data(crops), Led.by(KnownPixels(), crops[0])),
        Clipped(mine, 0, 1),
        mine,
    ):
        assert embedded(denoise) is denoise


def test_corners_and_surroundings() -> None:
    torch = pytest.importorskip("torch")
    for kind in (np.asarray, torch.as_tensor):
        y = kind(np.arange(24, dtype=np.float32).reshape(1, 1, 4, 6))
        whole = surrounded(y, 5, 7)
        assert whole.shape == (1, 1, 5, 7) and whole.dtype == y.dtype and type(whole) is type(y)
        assert (corner(whole, 4, 6) == y).all() and float(whole.sum()) == float(y.sum())
        assert surrounded(y, 4, 6) is y
