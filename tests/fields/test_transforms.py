"""Transforms: exact inverses, fitted numbers, and what they refuse."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from diffview.errors import UserError
from diffview.fields.transforms import TRANSFORMS, Transform, choose_transform
from diffview.fields.units import written

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


SCALED = [key for key, shape in TRANSFORMS.items() if shape.scaled]

FORMULAS = {"standardise": lambda x: x, "log1p": lambda x: np.log(1 + x), "cbrt": lambda x: x ** (1 / 3)}


@pytest.mark.parametrize("key", FORMULAS)
def test_the_formula(key: str) -> None:
    g = FORMULAS[key](RAIN.astype(np.float64))
    fitted = Transform.fit(key, RAIN)
    np.testing.assert_allclose((fitted.mean, fitted.std), (g.mean(), g.std()), rtol=1e-9)
    np.testing.assert_allclose(fitted(RAIN), (g - g.mean()) / g.std(), atol=1e-6)


@pytest.mark.parametrize("key", SCALED)
@pytest.mark.parametrize("values", [RAIN, KELVIN, KELVIN * 1e-12], ids=["rain", "kelvin", "tiny"])
def test_fitted_values_have_mean_0_and_std_1(key: str, values: np.ndarray) -> None:
    z = Transform.fit(key, values)(values).astype(np.float64)
    assert abs(z.mean()) < 1e-5 and abs(z.std() - 1) < 1e-5


def test_an_anomaly_keeps_its_units() -> None:
    fitted = Transform.fit("anomaly", KELVIN)
    mean = KELVIN.mean(dtype=np.float64)
    assert fitted.std == 1 and fitted.linear and not Transform.fit("cbrt", RAIN).linear
    np.testing.assert_allclose(fitted(KELVIN), KELVIN - mean, atol=1e-4)


@given(x=arrays(np.float64, (30,), elements=st.floats(-1e3, 1e5)), floor=st.floats(1e-8, 1e3))
def test_log10_floor_is_exact_for_every_number(x: np.ndarray, floor: float) -> None:
    """Above the floor the logarithm, below it its tangent: nothing is cut off, 0 comes back as 0."""
    shape = TRANSFORMS["log10 floor"]
    g = shape.forward(x, (floor,))
    np.testing.assert_allclose(shape.inverse(g, (floor,)), x, rtol=1e-9, atol=1e-12 * floor)
    np.testing.assert_allclose(g[x >= floor], np.log10(x[x >= floor]), atol=1e-12)
    h = 1e-6 * floor
    left, right = np.diff(shape.forward(np.array([floor - h, floor, floor + h]), (floor,))) / h
    assert left == pytest.approx(right, rel=1e-4), "one slope on both sides"


def test_the_floor_is_a_quantile_of_the_wet_values() -> None:
    fitted = Transform.fit("log10 floor", RAIN)
    assert fitted.numbers == (pytest.approx(np.quantile(RAIN[RAIN > 0], 0.01)),)
    assert fitted.inverse(fitted(0.0)) == pytest.approx(0, abs=1e-6 * fitted.numbers[0])


@given(x=arrays(np.float64, (30,), elements=st.floats(-1e4, 1e4)))
def test_quantile_normal_is_exact_beyond_the_ends_too(x: np.ndarray) -> None:
    numbers = Transform.fit("quantile normal", RAIN).numbers
    shape = TRANSFORMS["quantile normal"]
    np.testing.assert_allclose(shape.inverse(shape.forward(x, numbers), numbers), x, rtol=1e-9, atol=1e-9)
    z = np.clip(x, -50, 50)
    np.testing.assert_allclose(shape.forward(shape.inverse(z, numbers), numbers), z, rtol=1e-9, atol=1e-9)


def test_quantile_normal_makes_normal_scores() -> None:
    """Kolmogorov's distance to N(0, 1) is that of the knots; without ties the scaling after it is about none."""
    from scipy import stats

    fitted = Transform.fit("quantile normal", np.float32(np.random.default_rng(3).gamma(0.3, 4.0, 20000)))
    assert abs(fitted.mean) < 0.01 and fitted.std == pytest.approx(1, abs=0.01)
    fresh = np.random.default_rng(4).gamma(0.3, 4.0, 20000)
    assert stats.kstest(fitted(fresh) * fitted.std + fitted.mean, "norm").statistic < 0.015
    half = len(fitted.numbers) // 2
    assert 60 < half < 70 and (np.diff(fitted.numbers[:half]) > 0).all() and (np.diff(fitted.numbers[half:]) > 0).all()


def test_a_value_that_is_often_there_has_one_score() -> None:
    from scipy.special import ndtri

    values = np.array([0.0] * 60 + list(np.linspace(1, 5, 40)))
    fitted = Transform.fit("quantile normal", values)
    assert (fitted.numbers[0], fitted.numbers[len(fitted.numbers) // 2]) == (
        0.0,
        pytest.approx(ndtri(0.3)),
    )


def test_two_values_are_enough_for_quantiles() -> None:
    fitted = Transform.fit("quantile normal", np.array([1.0, 3.0, 3.0], np.float32))
    np.testing.assert_allclose(fitted.inverse(fitted([0.0, 1.0, 2.0, 3.0, 7.0])), [0, 1, 2, 3, 7], atol=1e-5)


@pytest.mark.parametrize("key", TRANSFORMS)
def test_numbers_are_stored_and_read(key: str) -> None:
    fitted = Transform.fit(key, RAIN)
    assert Transform.of(json.loads(json.dumps(fitted.plain))) == fitted
    assert hash(fitted) == hash(Transform.of(fitted.plain))


@pytest.mark.parametrize("key", TRANSFORMS)
def test_on_tensors_it_is_the_same_function(key: str) -> None:
    torch = pytest.importorskip("torch")
    from diffview.models.nets.adapter import SHAPES

    numbers = Transform.fit(key, RAIN).numbers
    shape, (forward, inverse) = TRANSFORMS[key], SHAPES[key]
    x = np.concatenate([np.linspace(0, 90, 500), [-0.4, -0.1, 500.0]])
    g = shape.forward(x, numbers)
    np.testing.assert_allclose(forward(torch.from_numpy(x)[None], numbers)[0].numpy(), g, rtol=1e-9, atol=1e-12)
    back = inverse(torch.from_numpy(g)[None], numbers)[0].numpy()
    np.testing.assert_allclose(back, shape.inverse(g, numbers), rtol=1e-9, atol=1e-9)


def test_noise_beyond_what_a_float_can_say_is_infinite() -> None:
    for key in ("log1p", "log10 floor"):
        assert Transform.fit(key, RAIN).inverse([1e4])[0] == np.inf


@pytest.mark.parametrize(
    ("values", "units", "key", "word"),
    [
        (RAIN, "mm h-1", "log1p", "zero"),
        (RAIN / 3.6e6, "kg m-2 s-1", "log10 floor", "zero"),
        (np.exp(np.random.default_rng(5).normal(0, 1.2, 5000)), "mg m-3", "log1p", "skewness"),
        (KELVIN, "K", "standardise", "vary little"),
        (280 + RAIN, "K", "standardise", "vary little"),
        (np.random.default_rng(6).uniform(0, 1, 5000), "1", "standardise", "long tail"),
        (KELVIN - 273, "degC", "standardise", "below 0"),
        (np.full(9, np.nan), "K", "standardise", ""),
        (np.full(9, 3.0), "K", "standardise", ""),
    ],
)
def test_the_default_comes_from_values_and_units(values: np.ndarray, units: str, key: str, word: str) -> None:
    chosen, why = choose_transform(np.float32(values), units)
    assert chosen == key and word in why and (why.endswith(".") or not why)
    assert key == "standardise" or written(units) in why


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
        ("log10 floor", KELVIN - 273.15),
        ("quantile normal", np.zeros((3, 3), np.float32)),
        ("anomaly", np.full((3, 3), 7.0, np.float32)),
        ("standardise", np.empty((0, 4), np.float32)),
    ],
)
def test_what_cannot_be_fitted_is_a_user_error(key: str, values: np.ndarray) -> None:
    with pytest.raises(UserError) as caught:
        Transform.fit(key, values, "Precipitation")
    assert key == "sqrt" or "Precipitation" in caught.value.sentence


@pytest.mark.parametrize("mean, std", [(1e308, 1e-320), (0, 1e308), (0, 1e-320), (1e38, 1), (10**400, 1), (0, 10**400)])
def test_numbers_of_a_file_that_float32_cannot_square_are_refused(mean, std):
    with pytest.raises((ValueError, OverflowError)):
        Transform.of({"key": "standardise", "mean": mean, "std": std})
