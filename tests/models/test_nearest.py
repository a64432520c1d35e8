"""The nearest of a set of fields: against a double loop, with holes, and as the limit of their denoiser."""

import numpy as np
import pytest

from diffview.models.data import Data, nearest

NAN = np.float32(np.nan)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_the_nearest_is_that_of_a_double_loop(missing):
    a, b = normal(9, 5, 6).astype(np.float32), normal(13, 5, 6, seed=1).astype(np.float32)
    for x, seed in ((a, 2), (b, 3)):
        x[np.random.default_rng(seed).random(x.shape) < missing] = NAN
    apart = np.sqrt([[np.nanmean((x.astype(np.float64) - y) ** 2) for y in b] for x in a])
    index, distance = nearest(a, b)
    assert index.tolist() == apart.argmin(axis=1).tolist()
    np.testing.assert_allclose(distance, apart.min(axis=1), rtol=1e-6)


@pytest.mark.parametrize("holes", [False, True])
def test_a_copy_is_at_distance_0_exactly(holes):
    train = 100 + normal(20, 8, 8).astype(np.float32)
    if holes:
        train[:, 2:4] = NAN
        train[5, 0, 0] = NAN
    index, distance = nearest(train[3:7], train)
    assert index.tolist() == [3, 4, 5, 6] and distance.tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(nearest(train[3:4] + 1, train[3:4])[1], 1, rtol=1e-5)


def test_nothing_shared_is_no_distance():
    one, two = np.full((1, 2, 2), NAN), np.zeros((1, 2, 2))
    assert np.isnan(nearest(one, two)[1]).all()
    assert np.isnan(nearest(two, two[:0])[1]).all()


def test_the_nearest_is_where_the_denoiser_of_the_fields_goes_without_noise():
    fields = normal(13, 5, 6, seed=1).astype(np.float32)
    y = fields[[4, 9]] + np.float32(0.01)
    x0_hat = Data(fields)(y[:, None], 1e-3)[:, 0]
    np.testing.assert_array_equal(x0_hat, fields[nearest(y, fields)[0]])
