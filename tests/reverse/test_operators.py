"""Operators in their places: values, adjoints, shares, several at once; and the solvers beside dense algebra."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.hidden import hidden_in, rectangles_of
from diffview.models.gaussian import Gaussian
from diffview.models.kriging import krige
from diffview.models.posterior import GaussianPosterior
from diffview.reverse.guidance import Guided, Led
from diffview.reverse.operators import OPERATORS, Area, Blocks, Footprint, Observations, Observed, Pixels, Swath
from diffview.reverse.solvers import DPS, MMPS, SDA, SOLVERS, Exact, PiGDM, conjugate_gradients

RNG = np.random.default_rng(5)
SHAPE = 12, 16
WHERE = np.zeros(SHAPE, bool)
WHERE[2:7, 3:11] = True
PLACED = {
    key: kind(*{"blocks": (4,), "footprint": (4.0, 3)}.get(key, ())).placed(WHERE) for key, kind in OPERATORS.items()
}
LAW = Gaussian.power_law(*SHAPE, 3.0, 1.5, 1.3, 0.4)


def matrix(operator: object, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """A as rows of weights, from what it makes of unit fields."""
    units = np.eye(shape[0] * shape[1]).reshape(-1, *shape)
    return operator.of(units).reshape(len(units), -1).T


@pytest.mark.parametrize("key", OPERATORS)
def test_the_adjoint_is_the_transpose_and_the_share_its_largest_eigenvalue(key: str) -> None:
    """<A x, r> = <x, A^T r> for stacks of fields, on arrays and tensors."""
    torch, operator = pytest.importorskip("torch"), PLACED[key]
    x = RNG.standard_normal((3, 2, *SHAPE))
    r = RNG.standard_normal(operator.of(x).shape)
    assert (operator.of(x) * r).sum() == pytest.approx((x * operator.adjoint(r)).sum(), rel=1e-12)
    a = matrix(operator)
    assert operator.share == pytest.approx(np.linalg.eigvalsh(a @ a.T)[-1], rel=1e-10)
    there = operator.of(torch.from_numpy(x)), operator.adjoint(torch.from_numpy(r))
    for tensor, array in zip(there, (operator.of(x), operator.adjoint(r)), strict=True):
        np.testing.assert_allclose(np.broadcast_to(tensor.numpy(), array.shape), array, rtol=1e-12)


def test_a_footprint_has_its_width_and_keeps_means() -> None:
    a = Footprint(6.0, 4).placed(np.ones((40, 40), bool)).rows
    np.testing.assert_allclose(a.sum(axis=1), 1, rtol=1e-12)
    middle = a[len(a) // 2]
    at = np.interp(np.linspace(0, 39, 39001), np.arange(40), np.log(middle))
    above = np.linspace(0, 39, 39001)[at >= at.max() - np.log(2)]
    assert above[-1] - above[0] == pytest.approx(6.0, abs=0.3), "full width at half maximum"
    assert (np.diff(a @ np.arange(40.0)) > 0).all()


def test_what_needs_an_unknown_pixel_is_not_seen() -> None:
    known, x0 = np.ones(SHAPE, bool), RNG.standard_normal(SHAPE)
    known[0, 0] = False
    blocks = PLACED["blocks"].observed(x0, known)
    assert np.isnan(blocks).sum() == 1 and np.isnan(blocks[0, 0])
    seen = PLACED["footprint"].observed(x0, known)
    assert np.isnan(seen[0, 0]) and not np.isnan(seen[-1, -1])
    np.testing.assert_allclose(seen[-1, -1], PLACED["footprint"].of(x0)[-1, -1], rtol=1e-12)
    assert PLACED["area"].observed(x0, known)[0, 0] == pytest.approx(x0[WHERE].mean(), rel=1e-12)
    known[3, 4] = False
    with pytest.raises(UserError, match="1 pixels of the area"):
        PLACED["area"].observed(x0, known)
    with pytest.raises(UserError, match="wider than the region"):
        Footprint(20.0).placed(WHERE)
    with pytest.raises(UserError, match="Every footprint"):
        PLACED["footprint"].observed(x0, np.zeros(SHAPE, bool))


def three() -> Observations:
    truth = LAW.sample(RNG.standard_normal(SHAPE))
    parts = [(Blocks(4), 0.3, np.ones(SHAPE, bool)), (Swath(), 0.2, WHERE), (Area().placed(~WHERE), 0.1, ~WHERE)]
    return Observations(
        [Observed(a, np.asarray(a.observed(truth, known), float), std) for a, std, known in parts], SHAPE
    )


def dense(seen: Observations) -> np.ndarray:
    """A of all of them."""
    return seen.of(np.eye(SHAPE[0] * SHAPE[1]).reshape(-1, *SHAPE)).T


def test_several_at_once_are_one_vector_with_one_adjoint() -> None:
    torch, seen = pytest.importorskip("torch"), three()
    assert len(seen) == 12 + WHERE.sum() + 1 and (seen.std[:12] == 0.3).all() and seen.std[-1] == 0.1
    x, r = RNG.standard_normal((2, 1, *SHAPE)), RNG.standard_normal((2, 1, len(seen)))
    assert (seen.of(x) * r).sum() == pytest.approx((x * seen.adjoint(r, SHAPE)).sum(), rel=1e-12)
    wide = RNG.standard_normal((2, 1, 15, 20))
    lifted = seen.adjoint(r, (15, 20))
    assert (seen.of(wide) * r).sum() == pytest.approx((wide * lifted).sum(), rel=1e-12)
    assert lifted.shape == wide.shape and not lifted[..., 12:, :].any()
    np.testing.assert_allclose(seen.of(torch.from_numpy(x)).numpy(), seen.of(x), rtol=1e-12)
    np.testing.assert_allclose(seen.adjoint(torch.from_numpy(r), SHAPE).numpy(), seen.adjoint(r, SHAPE), rtol=1e-12)


def test_the_picture_of_a_footprint_is_what_is_seen() -> None:
    seen = three()
    assert (seen.parts[1].footprint(SHAPE) == WHERE).all() and (seen.parts[0].footprint(SHAPE) == 1).all()
    assert (seen.parts[2].footprint(SHAPE) == ~WHERE).all()


def test_the_picture_of_what_is_seen_has_its_values() -> None:
    seen = three()
    blocks, swath, area = (part.picture(SHAPE) for part in seen.parts)
    np.testing.assert_allclose(blocks, seen.parts[0].values.repeat(4, 0).repeat(4, 1))
    np.testing.assert_allclose(swath, seen.parts[1].values)
    np.testing.assert_allclose(area[~WHERE], seen.parts[2].values[0, 0])
    assert np.isnan(area[WHERE]).all()
    np.testing.assert_allclose(seen.picture, np.where(WHERE, swath, blocks), err_msg="pixels lie over means")
    wide = Observed(PLACED["footprint"], PLACED["footprint"].of(np.full(SHAPE, 2.5)), 1.0)
    np.testing.assert_allclose(wide.picture(SHAPE)[4:8, 4:8], 2.5, rtol=1e-9)


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.95))
def test_rectangles_of_a_mask_are_the_mask(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((9, 13)) < share
    parts = rectangles_of(mask)
    assert (hidden_in(parts, Region(0, 0, 9, 13)) == mask).all()
    assert sum(part.ny * part.nx for part in parts) == mask.sum(), "none of them overlap"


def test_rectangles_of_whole_masks_are_few() -> None:
    assert rectangles_of(np.ones((300, 400), bool)) == (Region(0, 0, 300, 400),) and rectangles_of(~WHERE & WHERE) == ()


# -- solvers beside dense algebra


def covariance(s: float | None = None) -> np.ndarray:
    """C, or that of x_0 given y at the level s, as a matrix."""
    power = LAW.power if s is None else LAW.gain(s) * s * s
    units = np.eye(SHAPE[0] * SHAPE[1]).reshape(-1, *SHAPE)
    return np.fft.irfft2(np.fft.rfft2(units) * power, s=SHAPE).reshape(len(units), -1)


@pytest.mark.parametrize("s", [0.1, 1.0, 30.0])
@pytest.mark.parametrize("solver", [SDA(0.5), PiGDM(), MMPS(200), Exact()], ids=lambda s: s.title)
def test_a_solver_adds_what_dense_algebra_says(solver: object, s: float) -> None:
    """s^2 J^T A^T (R + V)^-1 (y_obs - A D) with each one's own V."""
    seen, y = three(), 0.4 + s * RNG.standard_normal((2, 1, *SHAPE))
    a, v = dense(seen), covariance(s)
    estimate = LAW(y, s)
    left = seen.values - seen.of(estimate)
    inside = {
        "SDA": np.diag(0.5 * s * s * seen.share), "ΠGDM": s * s / (1 + s * s) * a @ a.T,
        "MMPS": a @ v @ a.T, "exact": a @ v @ a.T,
    }[solver.title]  # fmt: skip
    u = np.linalg.solve(np.diag(seen.std**2) + inside, left[:, 0].T)
    wanted = estimate + (v @ a.T @ u).T.reshape(2, 1, *SHAPE)
    np.testing.assert_allclose(Guided(LAW, Led(seen, solver))(y, s), wanted, atol=2e-4 * float(np.abs(wanted).max()))


def test_dps_steps_by_the_gradient_of_the_norm() -> None:
    """zeta (1 + s^2)/(1 - s'/s) grad_y(-|y_obs - A D(y)|), by central differences."""
    seen, s, levels, step = three(), 1.5, (4.0, 1.5, 0.6, 0.0), 1e-5
    y = 0.4 + s * RNG.standard_normal((1, 1, *SHAPE))
    change = (Guided(LAW, Led(seen, DPS(0.7), levels=levels))(y, s) - LAW(y, s))[0, 0]
    norm = lambda y: float(np.linalg.norm(seen.values - seen.of(LAW(y, s))))  # noqa: E731
    for place in ((0, 0), (5, 5), (9, 3)):
        at = np.zeros_like(y)
        at[(0, 0, *place)] = step
        slope = (norm(y - at) - norm(y + at)) / (2 * step)
        assert change[place] == pytest.approx(0.7 * (1 + s * s) / (1 - 0.6 / s) * slope, rel=1e-5, abs=1e-8)


def test_strength_and_interval() -> None:
    seen, y = three(), RNG.standard_normal((1, 1, *SHAPE))
    led = Led(seen, SDA(), 1.0, (0.5, 2.0))
    full = Guided(LAW, led)(y, 1.0) - LAW(y, 1.0)
    assert (Guided(LAW, led)(y, 0.4) == LAW(y, 0.4)).all() and (Guided(LAW, led)(y, 2.1) == LAW(y, 2.1)).all()
    half = Guided(LAW, Led(seen, SDA(), 0.5))(y, 1.0) - LAW(y, 1.0)
    np.testing.assert_allclose(half, 0.5 * full, rtol=1e-12)
    assert (Guided(LAW, Led(seen, SDA(), 0.0))(y, 1.0) == LAW(y, 1.0)).all()


@pytest.mark.parametrize("key", SOLVERS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_solvers_keep_dtypes_and_both_libraries_agree(key: str, dtype: str) -> None:
    torch, seen = pytest.importorskip("torch"), three()
    y = (1.5 * RNG.standard_normal((2, 1, *SHAPE))).astype(dtype)
    guided = Guided(LAW, Led(seen, SOLVERS[key](), levels=(3.0, 1.5, 0.5, 0.0)))
    ours, theirs = guided(y, 1.5), guided(torch.from_numpy(y), 1.5)
    assert ours.dtype == y.dtype and str(theirs.dtype) == f"torch.{dtype}"
    np.testing.assert_allclose(theirs.numpy(), ours, atol=2e-3 if dtype == "float32" else 1e-6)


def test_conjugate_gradients_solve_and_leave_what_is_solved() -> None:
    a = RNG.standard_normal((2, 7, 7))
    a = a @ a.transpose(0, 2, 1) + np.eye(7)
    b = RNG.standard_normal((2, 7))
    x = conjugate_gradients(lambda p: np.einsum("nij,nj->ni", a, p), b, 1e-12, 50)
    np.testing.assert_allclose(x, np.linalg.solve(a, b[..., None])[..., 0], rtol=1e-8)
    assert not conjugate_gradients(lambda p: p, b * 0, 1e-12, 50).any()


# -- the exact posterior


def test_the_posterior_is_that_of_dense_algebra() -> None:
    seen = three()
    a, c = dense(seen), covariance()
    gain = c @ a.T @ np.linalg.inv(a @ c @ a.T + np.diag(seen.std**2))
    posterior = GaussianPosterior(LAW, seen)
    mean = LAW.mean + gain @ (seen.values - LAW.mean * a.sum(axis=1))
    np.testing.assert_allclose(posterior.mean.ravel(), mean, atol=1e-9)
    np.testing.assert_allclose(posterior.std.ravel() ** 2, np.diag(c - gain @ a @ c), atol=1e-9)
    n = 4000
    drawn = posterior.samples(RNG.standard_normal((n, *SHAPE)), RNG.standard_normal((n, len(seen))))
    assert np.abs((drawn.mean(0) - posterior.mean) / posterior.std).max() < 5 / np.sqrt(n)
    assert np.abs(drawn.var(0) / posterior.std**2 - 1).max() < 6 * np.sqrt(2 / n)


def test_iterations_give_what_factors_give_and_say_where_they_do_not_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = three()
    expected = GaussianPosterior(LAW, seen).mean
    monkeypatch.setattr("diffview.reverse.solvers.DENSE", 0)
    np.testing.assert_allclose(GaussianPosterior(LAW, seen).mean, expected, atol=1e-6)
    monkeypatch.setattr("diffview.reverse.solvers.MOST_ITERATIONS", 3)
    with pytest.raises(UserError, match=r"did not converge: a residual of .* is left after 3 iterations"):
        _ = GaussianPosterior(LAW, seen).mean
    posterior = Guided(LAW, Led(seen, Exact()))
    y = RNG.standard_normal((1, 1, *SHAPE))
    monkeypatch.setattr("diffview.reverse.solvers.WORTH_FACTORS", 0)
    with pytest.raises(UserError, match="did not converge"):
        posterior(y, 1.0)


def test_the_posterior_of_pixels_is_kriging() -> None:
    field = np.where(WHERE, LAW.sample(RNG.standard_normal(SHAPE)), np.nan)
    wide = LAW.embedded()
    seen = Observations([Observed(Pixels(), field, 0.3)], SHAPE)
    beside, posterior = krige(field, wide, 0.3, std=True), GaussianPosterior(wide, seen)
    np.testing.assert_allclose(posterior.mean, beside.mean, atol=1e-6)
    np.testing.assert_allclose(posterior.std, beside.std, atol=1e-4)
