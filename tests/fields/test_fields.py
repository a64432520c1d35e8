"""Working resolution: means and strides of blocks, exact, with missing pixels, and what becomes of the coordinates."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.coarse import at_resolution, coarse_coordinate, coarsened, fine_coordinate, refined
from diffview.fields.field import Field
from diffview.readers.sides import Side

NAN = np.float32(np.nan)


def test_coordinates_of_coarse_pixels_end_a_turn_and_pass_metres() -> None:
    np.testing.assert_array_equal(coarse_coordinate(np.array([355.0, 357.0, 359.0, 1.0]), 2), [356.0, 359.0])
    np.testing.assert_array_equal(coarse_coordinate(np.array([177.0, 179.0, 179.5, -179.5]), 2), [178.0, 179.5])
    np.testing.assert_array_equal(coarse_coordinate(np.array([5000.0, 4000.0, 3000.0, 2000.0]), 2), [4500.0, 2500.0])
    near = np.array([750.0, 250.0, -250.0, -750.0])  # of a grid of 500 m around its origin
    np.testing.assert_array_equal(coarse_coordinate(near, 2), [500.0, -500.0])
    np.testing.assert_array_equal(coarse_coordinate(near, 4), [0.0])
    np.testing.assert_array_equal(Side(0, 4, 2).at_pixels(np.array([5000.0, 4000.0, 3000.0, 2000.0])), [4500.0, 2500.0])


def test_means_count_where_half_of_a_block_is_there():
    values = np.array([[1, 3, 5, NAN, 9], [5, 7, NAN, NAN, 9], [0, NAN, 2, 2, 9]], np.float32)
    np.testing.assert_array_equal(coarsened(values, 2, "mean"), [[4, NAN]])
    np.testing.assert_array_equal(coarsened(values, 2, "stride"), [[1, 5]])
    half = np.array([[1, NAN], [NAN, 4]], np.float32)
    np.testing.assert_array_equal(coarsened(half, 2, "mean"), [[2.5]])


def test_means_of_a_stack_are_the_means_of_its_pictures():
    stack = np.random.default_rng(0).normal(280, 10, (5, 64, 96)).astype(np.float32)
    found = coarsened(stack, 4, "mean")
    np.testing.assert_allclose(found, stack.reshape(5, 16, 4, 24, 4).mean(axis=(2, 4)), rtol=1e-6)
    np.testing.assert_array_equal(found[3], coarsened(stack[3], 4, "mean"))


def test_a_field_says_what_became_of_it():
    values = np.random.default_rng(0).normal(280, 10, (66, 96)).astype(np.float32)
    coords = {"latitude": np.linspace(60, 27.5, 66), "longitude": np.arange(96.0)}
    field = Field(values, "tb", "K", pixel_km=(2.0, 3.0), coords=coords, notes=("A note.",))
    found = at_resolution(field, 4, "mean")
    assert found.values.shape == (16, 24)
    assert found.pixel_km == (8.0, 12.0)
    assert found.notes == ("A note.", "Each pixel is the mean of 4 x 4 stored ones.")
    np.testing.assert_allclose(found.coords["latitude"], coords["latitude"][:64].reshape(16, 4).mean(axis=1))
    np.testing.assert_allclose(found.coords["longitude"], np.arange(24) * 4 + 1.5)
    assert at_resolution(field, 1, "mean") is field


def test_a_resolution_that_leaves_too_little_is_refused():
    field = Field(np.zeros((64, 64), np.float32), "tb", "K")
    with pytest.raises(UserError, match="only 8 x 8"):
        at_resolution(field, 8, "stride")


def test_the_coordinates_of_a_coarse_field_are_refined_and_their_means_are_its_own():
    latitude, longitude = np.linspace(60, 53, 8), np.arange(8.0) * 0.5 + 4
    found = fine_coordinate(latitude, 4)
    np.testing.assert_allclose(found.reshape(8, 4).mean(axis=1), latitude)
    np.testing.assert_allclose(np.diff(found), -0.25)
    both = fine_coordinate(latitude[:, None] + longitude, 4)
    np.testing.assert_allclose(both, found[:, None] + fine_coordinate(longitude, 4))
    np.testing.assert_array_equal(fine_coordinate(np.array([7.0]), 2), [7.0, 7.0])


@pytest.mark.parametrize(
    ("ends", "fine"),
    [([358.0, 0.0, 2.0], [357.5, 358.5, 359.5, 0.5, 1.5, 2.5]), ([178.0, -180.0], [177.5, 178.5, 179.5, -179.5])],
)
def test_fine_coordinates_go_the_short_way_where_a_turn_ends(ends, fine):
    np.testing.assert_allclose(fine_coordinate(np.array(ends), 2), fine)


def test_each_value_of_a_coarse_field_stands_for_a_block_whose_mean_it_is():
    values = np.random.default_rng(0).normal(280, 10, (8, 9)).astype(np.float32)
    field = Field(values, "tb", "K", pixel_km=(8.0, 16.0), coords={"y": np.arange(8.0) * 8}, notes=("A note.",))
    found = refined(field, 8)
    np.testing.assert_array_equal(coarsened(found.values, 8, "stride"), values)
    np.testing.assert_array_equal(found.values[8:16, 16:24], np.full((8, 8), values[1, 2]))
    assert found.pixel_km == (1.0, 2.0) and len(found.notes) == 2 and "8 x 8 pixels" in found.notes[1]
    np.testing.assert_allclose(found.coords["y"], np.arange(64) - 3.5)
    assert refined(field, 1) is field
    with pytest.raises(UserError, match="576,000 x"):
        refined(Field(np.broadcast_to(np.float32(0), (9000, 9000)), "tb", "K"), 64)
