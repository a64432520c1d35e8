"""Units as people write them."""

import pytest

from diffview.fields.units import RAIN, WORDS, same_units, squared, written


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


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("degC", "celsius"),
        ("mm/hour", "mm h**-1"),
        ("m s-1", "m s**-1"),
        ("mm/day", "kg m-2 d-1"),
        ("kg m-2 s-1", "kg m**-2 s**-1"),
        ("kg m-2 h-1", "mm/hr"),
        ("kelvin", " K"),
        ("1", ""),
    ],
)
def test_two_spellings_of_one_unit(one, other):
    assert same_units(one, other) and same_units(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("K", "degC"), ("mm/h", "mm/day"), ("mm/s", "mm/h"), ("dBZ", ""), ("m", "mm")]
)
def test_two_units(one, other):
    assert not same_units(one, other) and not same_units(other, one)


def test_a_rain_rate_is_known_as_it_is_written():
    assert all(written(units) == units for units in RAIN)


@pytest.mark.parametrize(
    ("units", "square"), [("K", "K²"), ("°C", "°C²"), ("mm/h", "(mm/h)²"), ("m s⁻¹", "(m s⁻¹)²"), ("", "")]
)
def test_a_square_is_of_the_units_as_a_whole(units, square):
    assert squared(units) == square
