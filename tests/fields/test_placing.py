"""Where one field lies on the grid of another."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.placing import place_on


def field(ny: int, nx: int, **coords: np.ndarray) -> Field:
    return Field(np.zeros((ny, nx), np.float32), "sst", "K", coords=coords)


def lines(ny: int = 20, nx: int = 20, south: float = 40.0, west: float = -10.0) -> dict[str, np.ndarray]:
    return {"latitude": south + 0.25 * np.arange(ny)[::-1], "longitude": west + 0.25 * np.arange(nx)}


def test_a_part_of_a_square_grid_is_found_by_its_lines() -> None:
    whole = lines()
    part = {"latitude": whole["latitude"][3:11].astype(np.float32), "longitude": whole["longitude"][7:15]}
    assert place_on(field(8, 8, **part), field(20, 20, **whole)) == Region(3, 7, 8, 8)


def test_a_part_of_a_swath_is_found_by_its_planes() -> None:
    rng = np.random.default_rng(0)
    whole = {"latitude": rng.normal(size=(12, 15)), "longitude": rng.normal(size=(12, 15))}
    part = {name: c[2:9, 5:15] for name, c in whole.items()}
    assert place_on(field(7, 10, **part), field(12, 15, **whole)) == Region(2, 5, 7, 10)


def test_without_coordinates_only_the_same_size_will_do() -> None:
    assert place_on(field(8, 9), field(8, 9, **lines(8, 9))) == Region(0, 0, 8, 9)
    with pytest.raises(
        UserError, match="The truth has 20 x 20 pixels and the members have 8 x 9, and neither"
    ) as error:
        place_on(field(8, 9), field(20, 20))
    assert error.value.hint == "Name a truth on the same grid."


def test_the_same_size_elsewhere_is_refused() -> None:
    with pytest.raises(UserError, match=r"condition has 20 x 20 pixels .* their coordinates do not meet"):
        place_on(field(20, 20, **lines(west=5.0)), field(20, 20, **lines()), "condition")
    with pytest.raises(UserError, match="do not meet"):  # it begins inside and goes on beyond
        place_on(field(20, 20, **lines(west=-8.0)), field(20, 20, **lines()))
    with pytest.raises(UserError, match="do not meet"):  # another step
        other = {"latitude": 40 + 0.25 * np.arange(20)[::-1], "longitude": -10 + 0.5 * np.arange(20)}
        place_on(field(20, 20, **other), field(20, 20, **lines()))
