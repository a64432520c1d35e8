"""Training sets: what is left out, standardised, masked and made coarse, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.fields.coarse import block_mean, coarse
from diffview.fields.transforms import Transform
from diffview.learning.sets import TrainingSet, complete, crops_of

rng = np.random.default_rng(0)
FIELDS = rng.normal(280, 5, (20, 8, 12)).astype(np.float32)
NONE = np.empty((0, 8, 12), np.float32)


def made(fields=FIELDS, held_out=NONE, key="standardise", **about):
    return TrainingSet.fit(key, fields, held_out, "sst", "K", **about)


def test_one_transform_fitted_to_what_is_trained_on():
    data = made(FIELDS[:16], FIELDS[16:] + 100)
    assert abs(data.fields.mean()) < 1e-5 and abs(data.fields.std() - 1) < 1e-5
    assert data.held_out.mean() > 10
    np.testing.assert_allclose(data.transform.inverse(data.fields), FIELDS[:16], rtol=1e-6)
    assert data.shape == (8, 12) and data.mask is None and data.condition(data.fields) is None


def test_missing_pixels():
    fields = FIELDS.copy()
    fields[:, 0] = np.nan  # land
    fields[0, 1, 1] = np.inf  # a cloud, now and then
    fields[19, 1:6] = np.nan  # more than half is missing
    data = made(fields)
    assert len(data.fields) == 19
    assert data.mask is not None and data.mask.sum() == 12 and data.mask[0].all()
    assert np.isnan(data.fields[0, 1, 1])


def test_largest_power_of_a_wave():
    """cos of amplitude a has |FFT2|^2/N = a^2 N/4 at its wavenumber, noise of variance 1 has 1 everywhere."""
    wave = np.cos(2 * np.pi * np.arange(12) / 12).astype(np.float32) * np.ones((20, 8, 1), np.float32)
    assert made(wave).largest_power == pytest.approx(2 * 96 / 4, rel=1e-5)


def test_blocks():
    np.testing.assert_array_equal(block_mean(np.arange(16.0).reshape(4, 4), 2), [[2.5, 4.5], [10.5, 12.5]])
    logs = Transform("log1p", 1.0, 2.0)
    x = rng.gamma(1.0, 2.0, (3, 8, 12)).astype(np.float32)
    means = block_mean(x.astype(np.float64), 4)
    seen = logs.inverse(coarse(logs(x), logs, 4))
    np.testing.assert_allclose(seen[:, ::4, ::4], means, rtol=1e-4)
    np.testing.assert_array_equal(seen, seen[:, ::4, ::4].repeat(4, 1).repeat(4, 2))


def test_crops():
    picture = np.arange(48, dtype=np.float32).reshape(6, 8)
    crops = crops_of(picture, (4, 4), 2)
    assert crops.shape == (6, 4, 4)
    np.testing.assert_array_equal(crops[4], picture[2:6, 2:6])
    assert len(crops_of(picture, (6, 6), 1)) == 3
    assert crops_of(picture, (7, 4), 1).shape == (0, 7, 4) and crops_of(picture[:0], (4, 4), 1).shape == (0, 4, 4)
    pair = crops_of(np.stack([picture, -picture]), (6, 4), 4)
    np.testing.assert_array_equal(pair, [picture[:, :4], picture[:, 4:], -picture[:, :4], -picture[:, 4:]])


@given(st.integers(1, 5), st.integers(6, 20), st.integers(6, 20), st.integers(1, 4), st.integers(144, 20_000))
def test_more_crops_than_fit_are_thinned_evenly(n, ny, nx, stride, most):
    stack = np.arange(n * ny * nx, dtype=np.float32).reshape(n, ny, nx)
    every, some = crops_of(stack, (6, 6), stride), crops_of(stack, (6, 6), stride, most)
    step = math.ceil(every.nbytes / most)
    np.testing.assert_array_equal(some, every[::step])
    assert some.nbytes < most + 4 * 36


def test_complete_fields():
    fields = FIELDS.copy()
    fields[3, 0, 0] = fields[5] = np.nan
    assert np.flatnonzero(~complete(fields)).tolist() == [3, 5]


def test_the_fingerprint_is_of_the_values():
    other = FIELDS.copy()
    other[3, 3, 3] += 1
    assert made().fingerprint == made().fingerprint != made(other).fingerprint


@pytest.mark.parametrize(
    ("refused", "word"),
    [
        (lambda: made(FIELDS[:3]), "3 fields"),
        (lambda: made(FIELDS * np.nan), "0 fields"),
        (lambda: made(np.full_like(FIELDS, 7)), "same value"),
        (lambda: made(np.full_like(FIELDS, 7), key="identity"), "same value"),
        (lambda: made(FIELDS, FIELDS[:, :4]), "held-out fields"),
        (lambda: made(-FIELDS, key="log1p"), "not defined"),
        (lambda: made(FIELDS, -FIELDS, key="log1p"), "held-out part"),
        (lambda: made(key="cubic"), "no transform"),
        (lambda: made(coarsen=3), "blocks of 3"),
        (lambda: block_mean(FIELDS, 0), "blocks of 0"),
    ],
)
def test_refusals(refused, word):
    with pytest.raises(UserError) as error:
        refused()
    assert word in error.value.sentence and error.value.sentence.endswith(".") and error.value.hint.endswith(".")
