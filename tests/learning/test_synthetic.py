"""Synthetic channels: what they see of known rain, and what their noise hangs on."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.learning.synthetic import CHANNELS, Infrared, Microwave, channels_of


def test_a_microwave_channel_of_even_rain_is_its_formula() -> None:
    channel = Microwave(8.0, 2.0)
    for rain in (0.0, 1.0, 50.0):
        wanted = 280 - 60 * (1 - np.exp(-rain / 2))
        np.testing.assert_allclose(channel.of(np.full((20, 24), rain)), wanted, rtol=1e-12)


def test_a_footprint_has_its_full_width_at_half_maximum() -> None:
    """Far from saturation the response to one wet pixel is the footprint."""
    rain = np.zeros((65, 65))
    rain[32, 32] = 1e-3
    seen = 280 - Microwave(12.0, 8.0).of(rain)
    line = np.interp(np.linspace(0, 64, 6401), np.arange(65), seen[32])
    above = np.linspace(0, 64, 6401)[line >= line.max() / 2]
    assert above[-1] - above[0] == pytest.approx(12.0, abs=0.2)


def test_cloud_tops_lie_to_the_east_of_the_rain_and_are_larger() -> None:
    rain = np.zeros((65, 65))
    rain[32, 30] = 1e-3
    seen = 290 - Infrared().of(rain)
    weights = seen / seen.sum()
    assert (weights * np.arange(65)).sum() == pytest.approx(33, abs=0.05)
    assert (weights * np.arange(65)[:, None]).sum() == pytest.approx(32, abs=0.05)
    assert np.sqrt((weights * (np.arange(65) - 33) ** 2).sum()) > 6


def test_noise_has_its_size_and_stays_when_another_channel_is_switched_off() -> None:
    dry = np.zeros((40, 64, 64))
    every = channels_of(dry, tuple(CHANNELS), seed=3)
    assert every.shape == (40, 3, 64, 64)
    for i, (name, channel) in enumerate(CHANNELS.items()):
        assert every[:, i].std() == pytest.approx(channel.noise, rel=0.05 if channel.correlated == 0 else 0.15)
        np.testing.assert_array_equal(channels_of(dry, [name], seed=3)[:, 0], every[:, i])
    np.testing.assert_array_equal(channels_of(dry[:2], ["infrared"], 3, first=7)[:, 0], every[7:9, 2])
    red = every[:, 2] - every[:, 2].mean()
    assert (red[..., 1:] * red[..., :-1]).mean() / (red**2).mean() > 0.95


@pytest.mark.parametrize(
    ("names", "words"), [(("radar",), "no synthetic channel 'radar'"), ((), "No channel is named")]
)
def test_what_is_no_channel_is_refused(names: tuple[str, ...], words: str) -> None:
    with pytest.raises(UserError, match=words):
        channels_of(np.zeros((1, 8, 8)), names)
