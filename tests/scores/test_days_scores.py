"""Scores of made days: distances beside scipy's, baselines, and the figures of real fields."""

from dataclasses import replace

import numpy as np
import pytest
from daily_twins import daily_series
from readers_twins import SHARED
from scipy.stats import ks_2samp

from diffview.errors import UserError
from diffview.fields.daily import day_named
from diffview.readers.field_series import read_field_series
from diffview.scores.day_scores import DaysTask, format_days, kolmogorov_smirnov, verify_days


def test_the_distance_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((50, 3, 2)), rng.standard_normal((80, 3, 2)).round(1) + 0.3
    wanted = [[ks_2samp(one[:, i, j], other[:, i, j]).statistic for j in range(2)] for i in range(3)]
    np.testing.assert_allclose(kolmogorov_smirnov(one, other), wanted, atol=1e-12)


@pytest.fixture(scope="module")
def scores():
    series = daily_series(3000)
    return {p: verify_days(DaysTask(*series.since(2400), 6, 8, 0, p)) for p in (False, True)}


@pytest.mark.parametrize("periodic", [False, True])
def test_days_of_the_law_itself_cannot_be_told_from_real_ones(scores, periodic: bool) -> None:
    """An AR(1) of red fields is Gaussian: every score of the made days is that of the real ones."""
    found = scores[periodic]
    assert found.cases == 100 and found.kept < 1e-9
    assert found.ratio == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(found.made.lags[:2], found.test.lags[:2], atol=0.05)
    np.testing.assert_allclose(found.made.changes, found.test.changes, rtol=0.1)
    assert abs(found.made.kurtosis) < 0.15 and abs(found.test.kurtosis) < 0.15
    assert found.crps < found.crps_of_mean / 1.2 and found.crps == pytest.approx(found.crps_of_years, rel=0.1)
    assert found.made.spell == pytest.approx(found.test.spell, rel=0.1) and found.test.distance == 0
    assert found.made.distance < found.other.distance


def test_a_change_from_day_to_day_is_counted_in_units(scores) -> None:
    """1.5 sqrt(2 (1 - rho)) times the normal quantile at 0.995."""
    assert scores[True].test.changes[0] == pytest.approx(1.5 * np.sqrt(0.4) * 2.576, rel=0.06)
    assert scores[True].test.seam == pytest.approx(1, abs=0.1) and scores[True].made.seam > 1.2


def test_scores_are_plain_and_printed(scores) -> None:
    plain = scores[True].plain()
    assert plain["made"]["ks"] == pytest.approx(scores[True].made.distance, rel=1e-3)
    text = format_days({"gaussian": scores[False], "gaussian, periodic": scores[True]})
    assert "sst: 100 sequences of 6 days" in text and "0.999 quantile of |change|" in text and "degC" in text


def test_too_little_to_test_is_refused() -> None:
    series = daily_series(300)
    with pytest.raises(UserError, match="1 sequences of 28 days"):
        verify_days(DaysTask(*series.since(260)))
    with pytest.raises(UserError, match="and 1 members"):
        verify_days(replace(DaysTask(*series.since(200)), members=1))


def test_real_days_have_the_figures_that_were_measured_before() -> None:
    """OISST off Tasmania, 2010 to 2016 by a law of 1982 to 2009: within a tenth of an independent measurement."""
    path = SHARED / "packs" / "oisst_tasman_daily.h5"
    if not path.exists():
        pytest.skip("../shared/data/packs/oisst_tasman_daily.h5 is absent")
    series = read_field_series(str(path), "sst")
    found = verify_days(DaysTask(*series.since(day_named("2010-01-01", series.calendar)), members=6, periodic=True))
    assert found.cases == 91 and found.kept < 1e-3
    np.testing.assert_allclose(found.made.lags, (0.834, 0.428, -0.003), rtol=0.1, atol=0.01)
    np.testing.assert_allclose(found.test.lags, (0.845, 0.445, -0.011), rtol=0.02, atol=0.005)
    np.testing.assert_allclose((found.crps, found.crps_of_mean), (0.284, 0.393), rtol=0.03)
    np.testing.assert_allclose(found.made.changes, (0.68, 0.87), rtol=0.1)
    np.testing.assert_allclose(found.test.changes, (0.92, 1.46), rtol=0.02)
    assert found.made.distance < 1.1 * 0.031 and found.other.distance == pytest.approx(0.271, rel=0.02)
    assert abs(found.made.kurtosis) < 0.2 and found.test.kurtosis == pytest.approx(4.3, rel=0.02)
