"""Transforms: exact inverses, fitted numbers, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diffview.errors import UserError
from diffview.transforms import TRANSFORMS, Transform

RAIN = np.random.default_rng(0).gamma(0.4, 5.0, (40, 50)).astype(np.float32) * (
    np.random.default_rng(1).random((40, 50)) < 0.5
)
KELVIN = np.random.default_rng(2).normal(280, 15, (40, 50)).astype(np.float32)


@pytest.mark.parametrize("key", TRANSFORMS)
@given(x=arrays(np.float64, (20,), elements=st.floats(0.0, 400.0)), scale=st.sampled_from([1e-6, 1.0, 1e4]))
def test_the_inverse_is_exact(key: str, x: np.ndarray, scale: float) -> None:
    fitted = Transform.fit(key, RAIN * np.float32(scale))
    x = x * scale
    z = fitted(x)
    assert z.dtype == np.float32 and fitted.inverse(z).dtype == np.float64
    # float32 holds z to 6e-8 of its size; the inverse stretches that by its slope
    h = 6e-8 * (np.abs(z).astype(np.float64) + 1e-30)
    stretched = np.abs(fitted.inverse(z + h) - fitted.inverse(z - h)) + 1e-12 * np.abs(x)
    assert (np.abs(fitted.inverse(z) - x) <= stretched + 1e-9 * scale).all()


FORMULAS = {"standardise": lambda x: x, "log1p": lambda x: np.log(1 + x), "cbrt": lambda x: x ** (1 / 3)}


@pytest.mark.parametrize("key", FORMULAS)
def test_the_formula(key: str) -> None:
    g = FORMULAS[key](RAIN.astype(np.float64))
    fitted = Transform.fit(key, RAIN)
    np.testing.assert_allclose((fitted.mean, fitted.std), (g.mean(), g.std()), rtol=1e-9)
    np.testing.assert_allclose(fitted(RAIN), (g - g.mean()) / g.std(), atol=1e-6)


@pytest.mark.parametrize("key", [key for key in TRANSFORMS if key != "identity"])
@pytest.mark.parametrize("values", [RAIN, KELVIN, KELVIN * 1e-12], ids=["rain", "kelvin", "tiny"])
def test_fitted_values_have_mean_0_and_std_1(key: str, values: np.ndarray) -> None:
    z = Transform.fit(key, values)(values).astype(np.float64)
    assert abs(z.mean()) < 1e-5 and abs(z.std() - 1) < 1e-5


def test_identity_changes_nothing() -> None:
    fitted = Transform.fit("identity", KELVIN)
    assert (fitted(KELVIN) == KELVIN).all() and (fitted.inverse(KELVIN) == KELVIN).all()


@pytest.mark.parametrize("key", TRANSFORMS)
def test_missing_stays_missing_and_is_not_counted(key: str) -> None:
    values = RAIN.copy()
    values[::3] = np.nan
    fitted = Transform.fit(key, values)
    assert (np.isnan(fitted(values)) == np.isnan(values)).all()
    assert (np.isnan(fitted.inverse(fitted(values))) == np.isnan(values)).all()
    assert fitted == Transform.fit(key, values[~np.isnan(values)])


@pytest.mark.parametrize("key", TRANSFORMS)
def test_transforms_rise(key: str) -> None:
    assert (np.diff(Transform.fit(key, RAIN)(np.linspace(0, 90, 200))) > 0).all()


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("sqrt", RAIN),
        ("standardise", np.full((3, 3), np.nan, np.float32)),
        ("standardise", np.full((30, 30), 273.15, np.float32)),
        ("standardise", np.zeros((3, 3), np.float32)),
        ("cbrt", np.full((3, 3), -1e-12, np.float32)),
        ("log1p", np.full((3, 3), 7.0, np.float32)),
        ("log1p", KELVIN - 273.15),
        ("standardise", np.empty((0, 4), np.float32)),
    ],
)
def test_what_cannot_be_fitted_is_a_user_error(key: str, values: np.ndarray) -> None:
    with pytest.raises(UserError) as caught:
        Transform.fit(key, values, "Precipitation")
    assert key == "sqrt" or "Precipitation" in caught.value.sentence
