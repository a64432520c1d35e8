"""The exact step back of a mixture, and its density at every t, against Bayes' rule on a grid."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.models.mixture import Mixture
from diffview.models.shapes import SHAPES, along, shape_law, standard

LAW = Mixture([1, 2], [-1.0, 0.8], [0.02, 0.05])
X = np.linspace(-8, 8, 8001)


def humps(density):
    return int(np.sum((density[1:-1] > density[:-2]) & (density[1:-1] > density[2:]) & (density[1:-1] > 1e-4)))


@pytest.mark.parametrize(("s", "s_before"), [(1.5, 1.45), (1.5, 0.2), (4.0, 0.0)])
def test_step_back_is_bayes_rule(s, s_before):
    y, law = 0.1, LAW.before([0.1], s, s_before)
    density = LAW.seen(X, 1.0, s_before) * np.exp(-0.5 * (y - X) ** 2 / (s * s - s_before**2))
    density /= density.sum() * (X[1] - X[0])
    np.testing.assert_allclose(law.seen(X, 1.0, 0.0), density, rtol=1e-7, atol=1e-9)


def test_small_steps_leave_one_bell_and_large_ones_two_humps():
    assert humps(LAW.before([0.0], 1.5, 1.45).seen(X, 1.0, 0.0)) == 1
    assert humps(LAW.before([0.0], 1.5, 0.1).seen(X, 1.0, 0.0)) == 2


def test_step_back_in_the_plane_has_the_moments_of_the_denoiser():
    rng = np.random.default_rng(0)
    parts = rng.standard_normal((3, 2, 2))
    law = Mixture([1, 1, 3], rng.standard_normal((3, 2)), parts @ parts.swapaxes(1, 2) * 0.2)
    y = np.array([0.3, -0.4])
    back = law.before(y, 1.2, 0.0)  # all the way: x_0 given y
    np.testing.assert_allclose(back.weights @ back.means, law(y.reshape(1, 1, 1, 2), 1.2).ravel(), atol=1e-12)
    apart = back.means - back.weights @ back.means
    total = np.einsum("k,kde->de", back.weights, back.covariances + np.einsum("kd,ke->kde", apart, apart))
    np.testing.assert_allclose(total, 1.2**2 * law.jacobian(y.reshape(1, 1, 1, 2), 1.2)[0], atol=1e-12)


@pytest.mark.parametrize(("alpha", "sigma"), [(1.0, 0.4), (0.6, 0.8), (0.0, 1.0)])
def test_density_at_t(alpha, sigma):
    density = LAW.seen(X, alpha, sigma)
    assert density.sum() * (X[1] - X[0]) == pytest.approx(1, abs=1e-9)
    if alpha:
        y = (X / alpha).reshape(-1, 1, 1, 1)
        np.testing.assert_allclose(density, np.exp(LAW.log_density(y, sigma / alpha)) / alpha, rtol=1e-9)
    else:
        np.testing.assert_allclose(density, np.exp(-X * X / 2) / np.sqrt(2 * np.pi), rtol=1e-12)


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_are_standard(name):
    law = shape_law(SHAPES[name]())
    mean = law.weights @ law.means
    second = law.weights @ (law.means**2) + law.covariances[0].diagonal()
    np.testing.assert_allclose(mean, 0, atol=1e-12)
    assert second.mean() == pytest.approx(1, abs=1e-12)


def test_a_drawing_is_sampled_evenly_along_its_lines():
    line = [(0.0, 0.0), (0.1, 0.0), (3.0, 0.0)]
    at = along([np.array(line), np.array([(0.0, 1.0), (1.0, 1.0)])], 40)
    assert len(at) == 40
    first = at[at[:, 1] == 0]
    assert len(first) == 30
    np.testing.assert_allclose(np.diff(first[:, 0]), 3 / 29)
    with pytest.raises(UserError, match="Nothing is drawn"):
        along([np.array([(1.0, 1.0)])])
    with pytest.raises(UserError, match="one place"):
        standard(np.ones((5, 2)))
