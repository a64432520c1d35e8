"""Ticks of rulers and bars, without a widget."""

import numpy as np
import pytest

from diffview.gui.show.ticks import RulerSide


def test_a_side_has_its_coordinates_at_the_middles_and_goes_on_beyond_them() -> None:
    side = RulerSide(np.array([10.0, 12.0, 15.0]), "km")
    assert [side.value(at) for at in (0.5, 1.5, 2.0, 0.0, 3.0)] == [10.0, 12.0, 13.5, 9.0, 16.5]


def test_ticks_of_a_side_are_round_and_lie_where_their_coordinate_is() -> None:
    side = RulerSide(np.arange(100) * 2.5, "km")
    ticks = side.ticks(0.0, 100.0, 5.0)
    assert [text for _, text in ticks] == ["0", "50", "100", "150", "200"]
    assert [side.value(at) for at, _ in ticks] == pytest.approx([0.0, 50.0, 100.0, 150.0, 200.0], abs=1e-9)


@pytest.mark.parametrize(
    ("kind", "middles", "texts"),
    [("latitude", np.linspace(50, 40, 11), ["40° N", "45° N", "50° N"]),
     ("longitude", np.linspace(-10, 10, 21), ["10° W", "0°", "10° E"]),
     ("azimuth", np.linspace(340, 380, 41), ["340°", "350°", "0°", "10°", "20°"]),
     ("index", np.arange(4.0), ["0", "1", "2", "3"])],
)  # fmt: skip
def test_every_kind_has_its_steps_and_words(kind: str, middles: np.ndarray, texts: list[str]) -> None:
    most = 100.0 if kind == "index" else 4.2 if kind == "azimuth" else 2.3
    assert [text for _, text in RulerSide(middles, kind).ticks(0.0, len(middles), most)] == texts


def test_a_side_that_is_unknown_or_has_no_room_has_no_ticks() -> None:
    for side, most in (
        (RulerSide(np.full(9, np.nan), "km"), 4.0),
        (RulerSide(np.arange(1.0), "km"), 4.0),
        (RulerSide(np.arange(9.0), "km"), 0.0),
    ):
        assert side.ticks(0.0, 9.0, most) == []
