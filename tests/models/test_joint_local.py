"""`local` of several fields: of one it is `Local`, of large windows `data`; its derivative is that of differences."""

import numpy as np
import pytest

from diffview.models.data import Data
from diffview.models.joint_local import JointLocal
from diffview.models.local import Local

RNG = np.random.default_rng(2)
CROPS = RNG.standard_normal((9, 2, 3, 12, 10)).cumsum(-1).astype(np.float32) / 3


@pytest.mark.parametrize("s", [0.1, 0.5, 1.2, 40.0])
def test_of_one_component_it_is_local(s: float) -> None:
    crops, y = CROPS[:, 0, :1], CROPS[:2, 1, :1] + np.float32(s) * RNG.standard_normal((2, 1, 12, 10), dtype=np.float32)
    one, other = JointLocal(crops), Local(crops[:, 0])
    np.testing.assert_allclose(one(y, s), other(y, s), atol=3e-4)
    np.testing.assert_allclose(one.variance(y, s), other.variance(y, s), atol=3e-3)
    np.testing.assert_allclose(one.vjp(y, s, y), other.vjp(y, s, y), atol=2e-2)


def test_every_component_is_weighed_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeated in three frames a field has three times the distance: the same as at the level s/sqrt(3)."""
    monkeypatch.setattr("diffview.models.joint_local.window_radius", lambda s: 2)
    monkeypatch.setattr("diffview.models.local.window_radius", lambda s: 2)
    crops, y = CROPS[:, 0, 0], CROPS[:1, 1, :1] + 0.1
    thrice = JointLocal(np.repeat(crops[:, None, None], 3, axis=2))(np.repeat(y[:, :, None], 3, axis=2), 0.9)
    for frame in range(3):
        np.testing.assert_allclose(thrice[:, :, frame], Local(crops)(y, 0.9 / np.sqrt(3)), atol=1e-3)


def test_where_the_window_is_all_it_is_data() -> None:
    y = CROPS[:2] + 20 * RNG.standard_normal(CROPS[:2].shape).astype(np.float32)
    assert JointLocal(CROPS).shape == Data(CROPS).shape == (2, 3, 12, 10)
    for name, more in (("__call__", ()), ("variance", ()), ("vjp", (y,))):
        np.testing.assert_array_equal(getattr(JointLocal(CROPS), name)(y, 20.0, *more),
                                      getattr(Data(CROPS), name)(y, 20.0, *more))  # fmt: skip


def test_tensors_give_what_arrays_give() -> None:
    torch = pytest.importorskip("torch")
    y = CROPS[:2] + np.float32(0.1)
    for name, more in (("__call__", ()), ("variance", ()), ("vjp", (y,))):
        arrays = getattr(JointLocal(CROPS), name)(y, 0.7, *more)
        tensors = getattr(JointLocal(CROPS), name)(torch.as_tensor(y), 0.7, *map(torch.as_tensor, more))
        np.testing.assert_allclose(tensors.numpy(), arrays, atol=1e-4)


@pytest.mark.parametrize("s", [0.6, 1.5])
def test_the_derivative_is_that_of_differences(s: float) -> None:
    model, crops = JointLocal(CROPS), CROPS.astype(np.float64)
    y = crops[:1] + 0.2 * RNG.standard_normal(crops[:1].shape)
    v, u = RNG.standard_normal((2, *y.shape))
    ahead, behind = (model(y + h * u, s) for h in (1e-4, -1e-4))
    along = ((ahead - behind) / 2e-4 * v).sum()
    assert abs((model.vjp(y, s, v) * u).sum() - along) < 1e-4 * max(1, abs(along))
    unit = np.zeros_like(y)
    unit[0, 1, 2, 5, 4] = 1
    assert abs(s * s * model.vjp(y, s, unit)[0, 1, 2, 5, 4] - model.variance(y, s)[0, 1, 2, 5, 4]) < 1e-6
