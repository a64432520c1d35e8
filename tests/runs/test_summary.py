"""What all members of a step say together, against numpy over the same members."""

import numpy as np
import pytest

from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.forward.spectra import power, rings
from diffview.forward.state import density
from diffview.runs.summary import Summary

RAIN = Transform("log1p", 0.4, 0.8)
Z = np.random.default_rng(5).standard_normal((37, 16, 20)).astype(np.float32)


def summed(members: np.ndarray = Z, back: Transform = RAIN) -> Summary:
    summary = Summary(members, back, rings(16, 20))
    summary.run()
    assert summary.error is None and summary.state == "finished"
    return summary


def test_mean_and_spread_are_of_physical_values_and_not_of_standardised_ones() -> None:
    summary, physical = summed(), RAIN.inverse(Z)
    assert np.array_equal(summary.mean, physical.mean(0)) and np.array_equal(summary.spread, physical.std(0, ddof=1))
    assert np.abs(summary.mean - RAIN.inverse(Z.mean(0))).max() > 0.1


@pytest.mark.parametrize("threshold", [-2.0, 0.3, 1.0, 99.0])
def test_the_share_above_a_threshold(threshold: float) -> None:
    summary = summed()
    assert np.allclose(summary.above(threshold), (summary.physical > threshold).mean(0), atol=1e-7)


@pytest.mark.parametrize("q", [0.0, 0.01, 0.5, 0.9, 1.0])
def test_a_quantile_is_numpys(q: float) -> None:
    summary = summed()
    assert np.allclose(summary.quantile(q), np.quantile(summary.physical.astype(float), q, axis=0), rtol=1e-12)


def test_a_sample_is_of_one_pixel_or_of_the_mean_of_an_area() -> None:
    summary = summed()
    pixel, area = summary.sample(Region(3, 4, 1, 1)), summary.sample(Region(2, 3, 5, 6))
    assert pixel is not None and area is not None
    one, many = summary.physical[:, 3, 4].astype(float), summary.physical[:, 2:7, 3:9].astype(float).mean((1, 2))
    for sample, values in ((pixel, one), (area, many)):
        assert sample.counts.sum() == 37 and np.array_equal(sample.counts, np.histogram(values, sample.edges)[0])
        assert sample.mean == pytest.approx(values.mean()) and sample.spread == pytest.approx(values.std(ddof=1))
        assert (sample.edges[0], sample.edges[-1]) == pytest.approx((values.min(), values.max()))
    assert area.spread < pixel.spread


def test_no_sample_is_taken_outside_of_the_members() -> None:
    """A place that was picked stays picked when the region becomes smaller."""
    summary = summed()
    ny, nx = summary.mean.shape
    assert summary.sample(Region(ny - 2, nx - 2, 2, 2)) is not None
    for outside in (Region(ny, 0, 1, 1), Region(0, nx, 1, 1), Region(ny - 2, 0, 3, 3), Region(90, 90, 5, 5)):
        assert summary.sample(outside) is None


def test_what_is_missing_stays_missing() -> None:
    members = Z.copy()
    members[:, 2, 3] = np.nan
    summary = summed(members)
    for picture in (summary.mean, summary.spread, summary.above(0.1), summary.quantile(0.5)):
        assert np.isnan(picture[2, 3]) and np.isnan(picture).sum() == 1
    assert summary.sample(Region(2, 3, 1, 1)) is None
    assert summary.sample(Region(2, 2, 1, 3)).counts.sum() == 37


def test_members_are_a_band_and_their_mean_is_smooth_below_it() -> None:
    summary, grid = summed(), rings(16, 20)
    spectra, densities = np.stack([power(z, grid) for z in Z]), np.stack([density(z) for z in Z])
    for band, curves in ((summary.spectrum, spectra), (summary.values, densities)):
        assert np.allclose(band.low, np.quantile(curves, 0.05, axis=0))
        assert np.allclose(band.high, np.quantile(curves, 0.95, axis=0))
    mean = RAIN(summary.mean)
    assert np.array_equal(summary.spectrum.mean, power(mean, grid))
    assert (summary.spectrum.mean < summary.spectrum.low).all(), "white members have a mean with 1/37 of their power"
