"""The numbers behind pictures and curves as text."""

import csv
import io

import numpy as np
import pytest

from diffview.fields.transforms import Transform
from diffview.forward.schedules import Cosine
from diffview.forward.spectra import power
from diffview.forward.state import EDGES, Forward, density
from diffview.writers.columns import columns_text, histogram_table, picture_text, spectrum_table

X0 = np.random.default_rng(0).normal(size=(32, 48)).astype(np.float32)
FORWARD = Forward(X0, Cosine(), 3, pixel_km=(2.0, 2.0))
FRAME = FORWARD.at(0.3)


def read(text, delimiter=","):
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    return {name: np.array([float(row[i]) for row in rows[1:]]) for i, name in enumerate(rows[0])}


def test_a_histogram_is_read_back():
    fitted = Transform("log1p", 0.5, 0.7)
    found = read(columns_text(histogram_table(FRAME, X0, fitted, "mm h-1", FRAME.x_t)))
    assert list(found) == ["z", "value (mm h-1)", "x_0", "x_t", "reverse", "normal"]
    np.testing.assert_allclose(found["x_t"], density(FRAME.x_t), rtol=1e-8)
    np.testing.assert_allclose(fitted(found["value (mm h-1)"]), found["z"], atol=1e-5)
    assert (found["normal"] * np.diff(EDGES)).sum() == pytest.approx(1, abs=1e-5)


def test_a_spectrum_is_read_back():
    found = read(columns_text(spectrum_table(FORWARD, FRAME), "\t"), "\t")
    assert list(found) == ["k (cycles per region)", "wavelength (km)", "alpha x_0", "x_t", "noise floor"]
    np.testing.assert_allclose(found["x_t"], power(FRAME.x_t, FORWARD.rings), rtol=1e-4)
    np.testing.assert_allclose(found["alpha x_0"], FRAME.alpha**2 * power(X0, FORWARD.rings), rtol=1e-7)
    np.testing.assert_allclose(found["noise floor"], FRAME.sigma**2, rtol=1e-8)


def test_no_spectrum_where_too_much_is_missing():
    values = X0.copy()
    values[:16] = np.nan
    forward = Forward(values, Cosine())
    assert spectrum_table(forward, forward.at(0.3)) is None


def test_a_picture_gives_every_float_back_and_leaves_missing_empty():
    values = X0.copy()
    values[3, 5] = np.nan
    rows = [line.split("\t") for line in picture_text(values).splitlines()]
    assert rows[3][5] == ""
    back = np.array([[np.nan if cell == "" else float(cell) for cell in row] for row in rows], np.float32)
    np.testing.assert_array_equal(back, values)
