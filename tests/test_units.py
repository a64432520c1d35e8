"""Units as people write them."""

import pytest

from diffview.units import WORDS, written


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("m s**-1", "m s⁻¹"),
        ("m s-1", "m s⁻¹"),
        ("m s^-1", "m s⁻¹"),
        ("kg m-2 s-1", "kg m⁻² s⁻¹"),
        ("m3 m-3", "m³ m⁻³"),
        ("W m-2 sr-1 um-1", "W m⁻² sr⁻¹ µm⁻¹"),
        ("mm h-1", "mm/h"),
        ("mm/h", "mm/h"),
        ("degC", "°C"),
        ("kelvin", "K"),
        ("K", "K"),
        ("percent", "%"),
        ("1", ""),
        ("", ""),
        ("m1", "m"),
        (" dBZ ", "dBZ"),
        ("um", "µm"),
        ("hours since 1900-01-01 00:00:0.0", "hours since 1900-01-01 00:00:0.0"),
        ("10^-3 kg", "10^-3 kg"),
        ("code table 4.2", "code table 4.2"),
    ],
)
def test_units_for_the_screen(stored, shown):
    assert written(stored) == shown


def test_what_is_written_is_written_the_same_again():
    for units in (*WORDS, "m s**-1", "kg m-2 s-1"):
        assert written(written(units)) == written(units)
