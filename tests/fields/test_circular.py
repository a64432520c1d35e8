"""Whole latitude circles, whose left and right edges meet, told by their longitudes."""

import numpy as np

from diffview.fields.field import Field


def circle(columns: int, step: float, first: float = 0.0) -> dict[str, object]:
    return {"coords": {"longitude": (first + step * np.arange(columns)).astype(np.float32)}}


def test_a_field_that_goes_once_around_the_earth_is_circular() -> None:
    ones = np.ones((20, 72), np.float32)
    assert Field(ones, "t", **circle(72, 5.0, 2.5)).circular
    assert Field(ones, "t", **circle(72, -5.0, 177.5)).circular
    leaping = (circle(72, 5.0)["coords"]["longitude"] + 180) % 360 - 180
    assert Field(ones, "t", coords={"longitude": leaping}).circular
    for columns, step in ((72, 4.9), (72, 2.5), (72, 10.0)):
        assert not Field(ones, "t", **circle(columns, step)).circular
    twice = np.r_[circle(71, 360 / 71)["coords"]["longitude"], 360.0]
    assert not Field(ones, "t", coords={"longitude": twice}).circular, "the first meridian stands at both ends"
    for coords in (
        {},
        {"longitude": np.ones((20, 72))},
        {"longitude": np.ones(20)},
        {"longitude": np.full(72, np.nan)},
    ):
        assert not Field(ones, "t", coords=coords).circular
