"""The simulation of tools/make_turbulence.py: exact decay, what is conserved, its order, and the file it writes."""

import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

TOOLS = str(Path(__file__).parents[1] / "tools")


@pytest.fixture
def tool(monkeypatch):
    monkeypatch.syspath_prepend(TOOLS)
    import make_turbulence

    return make_turbulence


def waves(size, k):
    """cos(k x) + cos(k y): all of one wavelength, so that u . grad omega = 0."""
    x = np.arange(size) * 2 * np.pi / size
    return np.cos(k * x)[None] + np.cos(k * x)[:, None]


def test_waves_of_one_length_decay_as_the_linear_terms_say(tool):
    flow = tool.Flow(32, viscosity=0.01, drag=0.1, forcing=0.0)
    flow.omega = np.fft.rfft2(waves(32, 4))
    for _ in range(50):
        flow.step(0.04)
    np.testing.assert_allclose(flow.vorticity, np.exp(-(0.01 * 16 + 0.1) * 2) * waves(32, 4), atol=1e-12)


def test_energy_and_enstrophy_are_kept_without_friction(tool):
    flow = tool.Flow(32, viscosity=0.0, drag=0.0, forcing=0.0, seed=3)
    energy, enstrophy, begin = flow.energy, flow.enstrophy, flow.vorticity
    for _ in range(100):
        flow.step(0.01)
    assert flow.energy == pytest.approx(energy, rel=1e-8) and flow.enstrophy == pytest.approx(enstrophy, rel=1e-8)
    assert np.abs(flow.vorticity - begin).max() > 0.1
    assert abs(flow.vorticity.mean()) < 1e-12


def test_a_step_is_of_fourth_order(tool):
    def after(steps):
        flow = tool.Flow(32, viscosity=0.01, forcing=0.0, seed=5)
        for _ in range(steps):
            flow.step(0.8 / steps)
        return flow.vorticity

    best = after(128)
    coarse, fine = (np.abs(after(steps) - best).max() for steps in (8, 16))
    assert 3.6 < np.log2(coarse / fine) < 4.6


def test_the_two_runs_of_a_file(tool, tmp_path, monkeypatch):
    """Of their own sizes, finite, without a mean, and the same again by the same command."""
    made = []
    for name in ("a.h5", "b.h5"):
        line = [
            "make_turbulence",
            str(tmp_path / name),
            "--fields",
            "2",
            "--fine",
            "32",
            "--coarse",
            "16",
            "--dt",
            "0.1",
        ]
        monkeypatch.setattr(sys, "argv", line)
        tool.main()
        with h5py.File(tmp_path / name) as file:
            made.append({key: file[key][:] for key in file})
    assert made[0]["omega_fine"].shape == (2, 32, 32) and made[0]["omega_coarse"].shape == (2, 16, 16)
    for key, values in made[0].items():
        assert np.isfinite(values).all() and abs(values.mean()) < 1e-5 and values.std() > 0.1
        np.testing.assert_array_equal(values, made[1][key])
