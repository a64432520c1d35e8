"""The monotone cubic, against scipy's to the bit."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import PchipInterpolator

from diffview.forward.monotone import pchip

HEIGHTS = st.lists(st.floats(-60, 60, width=32), min_size=2, max_size=12)


@given(HEIGHTS, st.integers(0, 2**32 - 1))
def test_it_is_scipys_to_the_bit(heights: list[float], seed: int) -> None:
    x = np.cumsum(np.random.default_rng(seed).uniform(1e-3, 1.0, len(heights)))
    np.testing.assert_array_equal(pchip(x.tolist(), heights), PchipInterpolator(x, heights).c)


@pytest.mark.parametrize("heights", [(3.0, 1.0), (5.0, 5.0, 5.0), (9.0, 8.9, -9.0, -9.1), (0.0, 1.0, 0.0, 1.0)])
def test_it_overshoots_nowhere(heights: tuple[float, ...]) -> None:
    x = list(range(len(heights)))
    c = pchip(x, heights)
    u = np.linspace(0, 1, 101)
    for piece, ends in zip(c.T, itertools.pairwise(heights), strict=True):
        values = np.polyval(piece, u)
        assert values.min() >= min(ends) - 1e-12 and values.max() <= max(ends) + 1e-12
        assert values[[0, -1]] == pytest.approx(ends)


def test_a_curve_with_points_needs_no_scipy_which_takes_a_second_to_import() -> None:
    curve = "import sys; from diffview.forward.schedules import Custom; Custom().t_of([0.1, 5.0])"
    code = f"{curve}; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
