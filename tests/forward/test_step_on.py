"""One step of the chain against the page of the theory, and its noise against standard normals."""

import numpy as np
import pytest

from diffview.forward import ddpm
from diffview.forward.schedules import make_schedule
from diffview.forward.state import Forward
from diffview.forward.step_on import StepOn

X_0 = np.random.default_rng(2).standard_normal((64, 96)).astype(np.float32)


@pytest.mark.parametrize("key", ["linear", "cosine", "ve", "flow"])
@pytest.mark.parametrize("rows", [(0.3, 0.299), (0.6, 0.2), (0.9, 0.0)])
def test_x_t_of_x_before(key, rows):
    schedule = make_schedule(key, {})
    forward = Forward(X_0, schedule, 5, "chain")
    s, s_before = (float(schedule.noise_level(t)) for t in rows)
    seen = StepOn.of(forward, s_before, s)
    np.testing.assert_allclose(seen.x_t, forward.at(rows[0]).x_t, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(seen.kept * seen.x_before + seen.std * seen.z, seen.x_t, rtol=1e-4, atol=1e-4)
    if key in ("linear", "cosine"):
        beta = ddpm.beta(1 / (1 + s * s), 1 / (1 + s_before**2))
        assert seen.kept**2 == pytest.approx(1 - beta, rel=1e-6)
        assert seen.std**2 == pytest.approx(beta, rel=1e-6)
        np.testing.assert_allclose(ddpm.step(seen.x_before, beta, seen.z), seen.x_t, rtol=1e-4, atol=1e-4)
    n = X_0.size
    assert abs(seen.z.mean()) < 5 / np.sqrt(n)
    assert abs(seen.z.var() - 1) < 5 * np.sqrt(2 / n)
    if s_before:
        assert abs(np.mean(seen.z * forward.eps(s_before))) < 5 / np.sqrt(n)  # independent of what was there


def test_missing_stays_missing():
    x_0 = X_0.copy()
    x_0[3, 4] = np.nan
    seen = StepOn.of(Forward(x_0, make_schedule("linear", {}), 5, "chain"), 0.5, 0.7)
    assert np.isnan(seen.x_t[3, 4]) and np.isnan(seen.x_before[3, 4])
    assert np.isnan(seen.x_t).sum() == 1
