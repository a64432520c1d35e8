"""Likelihoods by the probability-flow ODE, against closed forms; Jacobians of the transforms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.fields.transforms import TRANSFORMS, Transform
from diffview.models.data import Data
from diffview.models.gaussian import Gaussian
from diffview.models.mixture import Mixture
from diffview.reverse.likelihood import in_physical_units, log_density

RNG = np.random.default_rng


def gaussian() -> tuple[Gaussian, np.ndarray]:
    law = Gaussian.power_law(6, 7, 3.0, 1.0, 1.0, 0.3)
    return law, law.sample(RNG(1).standard_normal((3, 1, 6, 7)))


def mixture() -> tuple[Mixture, np.ndarray]:
    law = Mixture([0.7, 0.3], [[-1.5, 0.0], [2.0, 1.0]], [[[0.3, 0.1], [0.1, 0.2]], [[0.5, 0.0], [0.0, 0.1]]])
    return law, law.sample(8, 2)


def data() -> tuple[Data, np.ndarray]:
    crops = RNG(3).standard_normal((5, 2, 3)).astype(np.float32)
    return Data(crops), crops[:3, None] + 0.4 * RNG(4).standard_normal((3, 1, 2, 3))


@pytest.mark.parametrize("s", [0.02, 0.3, 2.0])
@pytest.mark.parametrize("make", [gaussian, mixture])
def test_the_ode_gives_the_closed_form(make, s: float) -> None:
    law, y = make()
    np.testing.assert_allclose(log_density(law, y, s, steps=256), law.log_density(y, s), atol=2e-4)


def test_that_of_data_too_where_its_fields_still_overlap() -> None:
    law, y = data()
    np.testing.assert_allclose(log_density(law, y, 0.5, steps=512), law.log_density(y, 0.5), atol=2e-3)


def test_the_error_falls_with_the_fourth_power_of_the_steps() -> None:
    law, y = gaussian()
    exact = law.log_density(y, 0.1)
    counts = np.array([32, 64, 128])
    errors = [np.abs(log_density(law, y, 0.1, 100.0, int(n)) - exact).max() for n in counts]
    order = -np.polyfit(np.log(counts), np.log(errors), 1)[0]
    assert order == pytest.approx(4.0, abs=0.3), errors


def test_densities_integrate_to_one() -> None:
    law = Mixture([0.6, 0.4], [-1.0, 1.5], [0.2, 0.5])
    x = np.linspace(-9, 9, 1801)
    for p in (law.log_density(x[:, None, None, None], 0.2), log_density(law, x[:, None, None, None], 0.2)):
        assert np.trapezoid(np.exp(p), x) == pytest.approx(1.0, abs=1e-4)


def test_data_is_the_mixture_of_its_fields() -> None:
    crops = RNG(3).standard_normal((5, 2, 3)).astype(np.float32)
    same = Mixture(np.ones(5), crops.reshape(5, 6).astype(float), np.zeros((5, 6, 6)))
    y = RNG(4).standard_normal((4, 1, 2, 3))
    for s in (0.3, 2.0):
        wanted = same.log_density(y.reshape(4, 1, 1, 6), s)
        np.testing.assert_allclose(Data(crops).log_density(y, s), wanted, rtol=1e-10)


@pytest.mark.parametrize("key", TRANSFORMS)
def test_slopes_are_those_of_the_transforms(key: str) -> None:
    """By central differences, so that a new transform must bring its own."""
    transform = Transform.fit(key, RNG(0).gamma(2.0, 3.0, 400))
    x, h = np.linspace(0.05, 30.0, 97), 1e-6  # no knot of its pieces among them
    ends = (TRANSFORMS[key].forward(at, transform.numbers) for at in (x + h, x - h))
    slope = np.subtract(*ends) / (2 * h) / transform.std
    np.testing.assert_allclose(transform.log_slope(x), np.log(slope), atol=1e-6)


def test_the_cube_root_has_no_density_at_dry_pixels() -> None:
    assert Transform("cbrt", 0.0, 1.0).log_slope(np.array([0.0]))[0] == math.inf


@settings(max_examples=30, deadline=None)
@given(mean=st.floats(-2, 2), std=st.floats(0.1, 3), s=st.floats(0.2, 2))
def test_in_physical_units_densities_still_integrate_to_one(mean: float, std: float, s: float) -> None:
    law, transform = Mixture([1.0], [0.0], [1.0]), Transform("log1p", mean, std)
    z = np.linspace(-40, 40, 40_001)
    x = transform.inverse(z)
    keep = (x > -1) & (x < 1e12)
    z, x = z[keep], x[keep]
    log_p = in_physical_units(law.log_density(z[:, None, None, None], s), x[:, None], transform)
    assert np.trapezoid(np.exp(log_p), x) == pytest.approx(1.0, abs=1e-3)


def test_what_cannot_be_integrated_is_a_sentence() -> None:
    law, y = gaussian()
    for s, s_max, steps in ((0.0, 10.0, 8), (2.0, 1.0, 8), (0.1, 10.0, 0), (math.nan, 1.0, 4)):
        with pytest.raises(UserError):
            log_density(law, y, s, s_max, steps)
