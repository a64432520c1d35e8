"""Days made for a mean: the mean is kept, missing stays missing, and the law is that of the series."""

from dataclasses import replace

import numpy as np
import pytest
from daily_twins import LAND, RHO, SHAPE, daily_series

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.models.days import DaysLaw

FRAMES = 6


@pytest.fixture(scope="module")
def laws() -> dict[bool, DaysLaw]:
    series = daily_series(3000)
    return {periodic: DaysLaw.fit(series, FRAMES, periodic) for periodic in (False, True)}


@pytest.mark.parametrize("periodic", [False, True])
def test_the_mean_is_kept_to_rounding_and_land_stays_missing(laws: dict[bool, DaysLaw], periodic: bool) -> None:
    series = daily_series(FRAMES, seed=9)
    mean = series.values.mean(0, dtype=np.float64)
    made = laws[periodic].members(mean, series.fractions, 5)
    assert made.shape == (5, FRAMES, *SHAPE)
    np.testing.assert_array_equal(np.isnan(made), np.broadcast_to(LAND, made.shape))
    np.testing.assert_allclose(made.mean(1)[:, ~LAND], np.broadcast_to(mean[~LAND], (5, (~LAND).sum())), atol=1e-9)


@pytest.mark.parametrize("periodic", [False, True])
def test_days_have_the_correlation_of_the_autoregressive_law_given_the_mean(
    laws: dict[bool, DaysLaw], periodic: bool
) -> None:
    """The covariance of days given their mean, from rho^|i - j|, at a pixel: C - C w w^T C/(w^T C w)."""
    law, mean = laws[periodic], np.where(LAND, np.nan, 15.0)
    made = law.cycle.anomalies(law.members(mean, np.zeros(FRAMES), 400), np.zeros(FRAMES))
    inside = made[..., ~LAND] - made[..., ~LAND].mean(0)
    found = np.einsum("nip,njp->ij", inside, inside) / (inside.shape[0] * inside.shape[2])
    cov = RHO ** np.abs(np.subtract.outer(np.arange(FRAMES), np.arange(FRAMES)))
    seen = cov.mean(0)
    np.testing.assert_allclose(found, cov - np.outer(seen, seen) / seen.mean(), atol=0.06)


def test_a_member_does_not_hang_on_how_many_there_are(laws: dict[bool, DaysLaw]) -> None:
    mean, f = np.where(LAND, np.nan, 14.0), np.linspace(0, 0.02, FRAMES)
    whole = laws[False].members(mean, f, 4, seed=3)
    np.testing.assert_array_equal(laws[False].members(mean, f, 2, seed=3, first=2), whole[2:])
    assert np.abs(laws[False].members(mean, f, 1, seed=4)[0] - whole[0])[..., ~LAND].max() > 0.1


def test_the_edges_of_a_periodic_region_meet_and_those_of_another_do_not(laws: dict[bool, DaysLaw]) -> None:
    mean = np.where(LAND, np.nan, 15.0)
    steps = {}
    for periodic, law in laws.items():
        made = law.members(mean, np.zeros(FRAMES), 60)[:, :, 6:]
        inner = np.abs(made[..., 10] - made[..., 9]).mean()
        steps[periodic] = np.abs(made[..., 0] - made[..., -1]).mean() / inner
    assert steps[True] < 1.2 and steps[False] > 1.5


def test_a_law_of_fewer_days_is_a_part_of_it(laws: dict[bool, DaysLaw]) -> None:
    part = laws[True].part(3)
    mean = np.where(LAND, np.nan, 15.0)
    assert part.frames == 3 and part.members(mean, np.zeros(3), 1).shape == (1, 3, *SHAPE)
    assert laws[True].part(FRAMES) is laws[True]


def test_a_day_without_data_leaves_its_windows_out() -> None:
    series = daily_series(400)
    series.values[100] = np.nan
    whole = DaysLaw.fit(daily_series(400), 3)
    holed = DaysLaw.fit(series, 3)
    assert np.isfinite(holed.joint.spectrum).all()
    np.testing.assert_allclose(holed.joint.spectrum[0, 1, 0, 0], whole.joint.spectrum[0, 1, 0, 0], rtol=0.1)


def test_what_cannot_be_made_is_refused(laws: dict[bool, DaysLaw]) -> None:
    with pytest.raises(UserError, match="not of the region"):
        laws[True].members(np.zeros((3, 3)), np.zeros(FRAMES), 1)
    with pytest.raises(UserError, match=r"known at no pixel.*every one of its days"):
        laws[True].members(np.full(SHAPE, np.nan), np.zeros(FRAMES), 1)
    with pytest.raises(UserError, match="a field every 30 days"):
        DaysLaw.fit(daily_series(60, days=30 * np.arange(60)), 3)
    with pytest.raises(UserError, match="at least two"):
        DaysLaw.fit(daily_series(60), 1)
    with pytest.raises(UserError, match="too few for a law of 20 fields"):
        DaysLaw.fit(daily_series(60), 20)


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (7, 2)])
def test_a_law_in_space_needs_room_or_edges_that_meet(size: tuple[int, int]) -> None:
    series = daily_series(400)
    ny, nx = size
    small = replace(series, values=series.values[:, 8 : 8 + ny, 8 : 8 + nx], region=Region(8, 8, ny, nx))
    with pytest.raises(UserError, match=rf"{ny} x {nx} pixels are too small.*neighbours"):
        DaysLaw.fit(small, 3)
    made = DaysLaw.fit(small, 3, periodic=True).members(np.full(size, 15.0), np.zeros(3), 2)
    np.testing.assert_allclose(made.mean(1), 15.0, atol=1e-9)
