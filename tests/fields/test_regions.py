"""Regions and crops, against brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.regions import (
    BY_COUNT,
    BY_PIXELS,
    FEWEST_CROPS,
    MOST_CROPS,
    STRIDE,
    crops_for,
    missing_counts,
    most_complete,
    most_crops,
    nearest_complete,
    shrunk,
    starting_region,
    summed,
    with_enough_crops,
)


def test_a_region_in_words_is_its_size_and_place() -> None:
    assert str(Region(0, 100, 128, 64)) == "128 × 64 at row 0, column 100"


def holes(rows: int, columns: int, share: float = 0.01, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((rows, columns)) < share


@pytest.mark.parametrize(("ny", "nx"), [(1, 1), (3, 5), (20, 30), (20, 1)])
def test_missing_counts(ny: int, nx: int) -> None:
    mask = holes(20, 30, 0.3)
    wanted = [[mask[r : r + ny, c : c + nx].sum() for c in range(31 - nx)] for r in range(21 - ny)]
    np.testing.assert_array_equal(missing_counts(summed(mask), ny, nx), wanted)


@pytest.mark.parametrize("seed", range(4))
def test_most_complete_is_the_best_and_then_the_nearest(seed: int) -> None:
    mask, near = holes(40, 56, 0.05, seed), (13.0, 41.0)
    best = min(
        (mask[r : r + 16, c : c + 16].sum(), np.hypot(r + 8 - near[0], c + 8 - near[1]))
        for r in range(25)
        for c in range(41)
    )
    region = most_complete(summed(mask), 16, near)
    assert mask[region.slices].sum() == best[0]
    assert np.hypot(region.row + 8 - near[0], region.column + 8 - near[1]) == pytest.approx(best[1])


def test_most_complete_stays_in_the_centre_of_a_whole_field() -> None:
    assert most_complete(summed(np.zeros((200, 300), bool))) == Region(36, 86, 128, 128)
    assert most_complete(summed(np.zeros((50, 300), bool))) == Region(0, 125, 50, 50)


@given(st.tuples(*[st.integers(8, 40)] * 2), st.tuples(*[st.floats(-9, 50, width=16)] * 2), st.integers(1, 8))
def test_nothing_missing_is_the_same_question_with_a_short_answer(
    size: tuple[int, int], near: tuple[float, float], side: int
) -> None:
    places = [(r, c) for r in range(size[0] - side + 1) for c in range(size[1] - side + 1)]
    best = min(places, key=lambda at: ((at[0] + side / 2 - near[0]) ** 2 + (at[1] + side / 2 - near[1]) ** 2, at))
    table = summed(np.zeros(size, bool))
    assert most_complete(table, side, near) == Region(*best, side, side)
    row, column = int(near[0]), int(near[1])
    nearest = min(places, key=lambda at: (at[0] - row) ** 2 + (at[1] - column) ** 2)
    assert nearest_complete(table, Region(row, column, side, side)) == Region(*nearest, side, side)


@pytest.mark.parametrize("seed", range(4))
def test_nearest_complete(seed: int) -> None:
    mask, region = holes(40, 56, 0.01, seed), Region(20, 30, 8, 12)
    complete = [(r, c) for r in range(33) for c in range(45) if not mask[r : r + 8, c : c + 12].any()]
    found = nearest_complete(summed(mask), region)
    assert (found.ny, found.nx) == (8, 12) and (found.row, found.column) in complete
    assert np.hypot(found.row - 20, found.column - 30) == min(np.hypot(r - 20, c - 30) for r, c in complete)
    assert nearest_complete(summed(np.ones((40, 56), bool)), region) is None
    assert nearest_complete(summed(np.zeros((7, 56), bool)), region) is None


@settings(max_examples=60)
@given(st.tuples(*[st.integers(0, 12)] * 4), st.tuples(*[st.integers(1, 9)] * 4))
def test_overlap_is_a_shared_pixel(at: tuple[int, ...], size: tuple[int, ...]) -> None:
    a, b = Region(at[0], at[1], size[0], size[1]), Region(at[2], at[3], size[2], size[3])
    pixels = [{(r, c) for r in range(x.row, x.row + x.ny) for c in range(x.column, x.column + x.nx)} for x in (a, b)]
    assert a.overlaps(b) == b.overlaps(a) == bool(pixels[0] & pixels[1])


@pytest.mark.parametrize("leave_out", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_crops(seed: int, leave_out: bool) -> None:
    mask, region = holes(61, 90, 0.002, seed), Region(17, 22, 16, 20)
    wanted = []
    for r in range(0, 61 - 16 + 1, STRIDE):
        for c in range(0, 90 - 20 + 1, STRIDE):
            apart = r + 16 <= 17 or r >= 33 or c + 20 <= 22 or c >= 42
            if not mask[r : r + 16, c : c + 20].any() and (apart or not leave_out):
                wanted.append(Region(r, c, 16, 20))
    found = crops_for(summed(mask), region, leave_out)
    assert found == wanted and len(found) > 5
    assert all(type(n) is int for crop in found for n in (crop.row, crop.column))


@pytest.mark.parametrize("leave_out", [False, True])
def test_at_most_1000_crops_spread_over_the_field(leave_out: bool) -> None:
    region = Region(150, 150, 32, 32)
    crops = crops_for(summed(np.zeros((400, 500), bool)), region, leave_out)
    assert len(crops) == MOST_CROPS == len(set(crops))
    assert all(crop.row % STRIDE == crop.column % STRIDE == 0 for crop in crops)
    corners = np.array([(crop.row, crop.column) for crop in crops])
    assert corners.min() == 0 and corners[:, 0].max() == 368 and corners[:, 1].max() == 468
    quarters = np.histogram2d(corners[:, 0], corners[:, 1], bins=2)[0]
    assert quarters.min() > 150
    assert not (leave_out and any(crop.overlaps(region) for crop in crops))


def test_a_region_with_enough_crops_stays() -> None:
    region = Region(10, 30, 24, 40)
    assert with_enough_crops(summed(np.zeros((200, 200), bool)), region, True)[0] == region


@pytest.mark.parametrize(("ny", "nx"), [(64, 64), (60, 64), (90, 80)])
def test_a_region_shrinks_to_the_largest_that_leaves_50(ny: int, nx: int) -> None:
    mask, region = np.zeros((120, 130), bool), Region(20, 30, ny, nx)
    smaller, crops = with_enough_crops(summed(mask), region, True)
    fits = [len(crops_for(summed(mask), shrunk(region, size), True)) >= 50 for size in range(16, min(ny, nx), 8)]
    sizes = [size for size, fit in zip(range(16, min(ny, nx), 8), fits, strict=True) if fit]
    assert smaller == shrunk(region, max(sizes)) and len(crops) >= FEWEST_CROPS
    assert not any(crop.overlaps(smaller) for crop in crops)
    middle = (region.row + ny / 2, region.column + nx / 2)
    assert (
        abs(smaller.row + smaller.ny / 2 - middle[0]) <= 0.5 and abs(smaller.column + smaller.nx / 2 - middle[1]) <= 0.5
    )


def test_where_nothing_is_left_the_user_is_told() -> None:
    with pytest.raises(UserError, match="Fewer than 50"):
        with_enough_crops(summed(np.ones((100, 100), bool)), Region(0, 0, 64, 64), False)
    with pytest.raises(UserError):
        with_enough_crops(summed(np.zeros((20, 20), bool)), Region(0, 0, 16, 16), True)


def noise(mask: np.ndarray) -> np.ndarray:
    """White noise where a mask has data."""
    return np.where(mask, np.nan, np.random.default_rng(0).standard_normal(mask.shape)).astype(np.float32)


def test_starts_with_the_largest_complete_square_near_the_centre() -> None:
    mask = np.zeros((100, 300), bool)
    assert starting_region(summed(mask), noise(mask)) == Region(0, 100, 100, 100)
    mask[::40, :] = True  # whole bands of 39 rows are left
    region = starting_region(summed(mask), noise(mask))
    assert (region.ny, region.nx) == (36, 36)
    assert not mask[region.slices].any()
    assert 40 < region.row < 80


def test_starts_where_there_is_something_to_see() -> None:
    mask = np.zeros((400, 900), bool)
    values = noise(mask)
    values[:, 200:] = 0.001  # the night side
    region = starting_region(summed(mask), values)
    assert region.ny == 128 and 100 < region.column < 200, "the nearest place that has some contrast"
    values[:] = 5.0
    assert starting_region(summed(mask), values) == Region(136, 386, 128, 128), "there is none: the centre"


def test_starts_with_the_most_complete_square_where_none_is_complete() -> None:
    mask = np.zeros((200, 200), bool)
    mask[::10, ::10] = True
    assert starting_region(summed(mask), noise(mask)).ny == 128


@pytest.mark.parametrize(("ny", "nx", "rule", "most"), [
    (128, 128, BY_PIXELS, 1000), (256, 256, BY_PIXELS, 256), (256, 128, BY_PIXELS, 512), (512, 512, BY_PIXELS, 64),
    (2048, 512, BY_PIXELS, 50), (512, 512, BY_COUNT, 1000), (16, 16, BY_PIXELS, 1000),
])  # fmt: skip
def test_large_crops_are_fewer_by_the_rule_of_pixels(ny: int, nx: int, rule: int, most: int) -> None:
    region, table = Region(0, 0, ny, nx), summed(np.zeros((2400, 2400), bool))
    assert most_crops(region, rule) == most == len(crops_for(table, region, False, rule=rule))
    assert len(with_enough_crops(table, region, False, rule=rule)[1]) == most
