"""Numbers as people read and write them."""

import math

import pytest

from diffview.fields.numbers import (
    GROUP,
    MINUS,
    compact,
    decimal,
    degree_text,
    figures,
    multiples,
    number,
    percent,
    position_text,
    power_text,
    round_steps,
    round_up,
    two_figures,
    typed,
)


def test_decimals_have_a_true_minus_and_groups() -> None:
    assert [decimal(v) for v in (-2, 9999, 25_000)] == [f"{MINUS}2", "9999", f"25{GROUP}000"]
    assert [decimal(-0.04, 1), decimal(0.25, 2)] == ["0.0", "0.25"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0.00"), (263.14, "263.1"), (-1.5, "−1.50"), (1234.5, "1234"), (0.00002, "2.0e−5"), (3e5, "3.0e5"),
     (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "—")],
)  # fmt: skip
def test_numbers_have_about_three_figures(value: float, text: str) -> None:
    assert number(value) == text


def test_numbers_without_needless_digits() -> None:
    assert [compact(v) for v in (0, -2.5, 0.123456789, 80.0, 1e-4, 2e7)] == [
        "0",
        "−2.5",
        "0.123457",
        "80",
        "1e−4",
        "2e7",
    ]
    assert [compact(v, small=1e-4) for v in (5e-4, 1e-9)] == ["0.0005", "1e−9"]
    assert [figures(v) for v in (0.735, 15.0, 9.1e-7, None)] == ["0.735", "15", "9.1e−07", "—"]


@pytest.mark.parametrize(("value", "text"), [(0.367, "0.37"), (3.0, "3"), (3.71, "3.7"), (368.0, "370"), (0.0, "0")])
def test_two_figures(value: float, text: str) -> None:
    assert two_figures(value) == text


def test_two_figures_of_a_noise_level_keep_their_zero() -> None:
    assert [two_figures(v, 4, trim=False) for v in (0.8, 3.0, 80.0, 1e-7)] == ["0.80", "3.0", "80", "0.0000"]


def test_shares_are_per_cent_without_powers_of_ten() -> None:
    assert [percent(v) for v in (0.1, 0.0025, 1.0, 0.12345)] == ["10 %", "0.25 %", "100 %", "12.3 %"]
    assert [percent(v, 2) for v in (0.004, 0.0996, 0.123, 0.996)] == ["0.4 %", "10 %", "12 %", "100 %"]


def test_powers_use_superscripts() -> None:
    assert [power_text(1, 4, False), power_text(1, -3, False), power_text(2, 5, False)] == ["10⁴", "10⁻³", "2·10⁵"]
    assert [power_text(1, e, False) for e in (0, 1)] == ["1", "10"]
    assert [power_text(5, e, True) for e in (-2, 0, 2)] == ["0.05", "5", "500"]


def test_what_is_typed_may_have_a_comma_or_a_true_minus() -> None:
    assert [typed(t) for t in (" 1,5 ", "−2e-3", "7")] == [1.5, -0.002, 7.0]
    with pytest.raises(ValueError, match="could not convert"):
        typed("seven")


def test_round_numbers() -> None:
    assert [round_up(v) for v in (0.9, 1.0, 1.1, 2.1, 5.1, 0.03)] == [1.0, 1.0, 2.0, 5.0, 10.0, 0.05]
    assert round_up(2.1, (1.0, 2.0, 2.5, 5.0)) == 2.5
    steps = round_steps(0.03)
    assert [next(steps) for _ in range(4)] == [(0.05, 2), (0.1, 1), (0.2, 1), (0.5, 1)]
    assert multiples(0.5, -1.0, 0.7) == [-1.0, -0.5, 0.0, 0.5] and multiples(10, 1, 9) == []


def test_degrees_have_their_hemisphere() -> None:
    shown = [degree_text(v, north) for v, north in ((-170.0, False), (190.0, False), (180.0, False), (-0.0, True))]
    assert shown == ["170° W", "170° W", "180°", "0°"]
    assert position_text(61.256, -12.4) == "61.26° N, 12.40° W"
