"""Lines over a picture: thinned without moving, kept while nothing changes, quick even with all coasts."""

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter

from diffview.fields.earth_map import coastlines
from diffview.gui.show.outlines import thinned
from diffview.gui.show.viewport import Viewport
from diffview.gui.widgets.images import line_overlay
from diffview.gui.widgets.images.line_overlay import LineOverlay

NAN = [np.nan, np.nan]


def ink(overlay, port):
    """The picture that the overlay paints."""
    image = QImage(400, 300, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    overlay.paint(painter, port, QRectF(0, 0, 400, 300))
    painter.end()
    return np.frombuffer(image.constBits(), np.uint8).reshape(300, 400, 4).copy()


@pytest.fixture
def port(qapp):
    found = Viewport()
    found.widget = found.whole = 400.0, 300.0
    found.rect = found.all()
    return found


def test_points_that_fall_together_are_one_and_ends_stay():
    fine = np.linspace(10, 20, 1001)
    line = np.stack([fine, fine], axis=1)
    found = thinned(np.concatenate([line, [NAN], line + 30]), (100.0, 100.0))
    assert len(found) < 60
    ends = np.flatnonzero(np.isnan(found[:, 0]))
    assert len(ends) == 1
    np.testing.assert_allclose(found[[0, ends[0] - 1, ends[0] + 1, -1]], [[10, 10], [20, 20], [40, 40], [50, 50]])
    whole = found[~np.isnan(found[:, 0])]
    assert np.all(np.hypot(*np.diff(whole[: ends[0]], axis=0).T) <= 1.0)


def test_what_lies_outside_goes_and_what_crosses_stays():
    far = np.array([[500.0, 500.0], [600.0, 700.0], [650.0, 900.0]])
    across = np.array([[-900.0, 50.0], [900.0, 50.0]])
    found = thinned(np.concatenate([far, [NAN], across, [NAN], far]), (100.0, 100.0))
    np.testing.assert_array_equal(found[~np.isnan(found[:, 0])], across)
    assert np.isnan(found[:, 0]).sum() <= 3


def test_a_thinned_coast_looks_like_the_whole_one(port):
    lines = (coastlines() * np.array([-1, 1], np.float32) + np.array([90, 180], np.float32)) * np.float32(1.1)
    overlay = LineOverlay()
    overlay.set_lines(lines.astype(np.float32))
    thin = ink(overlay, port)[..., 3] > 100
    wanted = np.zeros((300, 400), bool)
    places = lines[~np.isnan(lines[:, 0])]
    rows, columns = np.floor(places).astype(int).T
    wanted[np.clip(rows, 0, 299), np.clip(columns, 0, 399)] = True
    assert (thin & wanted).sum() > 0.97 * wanted.sum()


def test_all_coasts_are_thinned_and_drawn_once(port, monkeypatch):
    lines = (coastlines() * np.array([-1, 1], np.float32) + np.array([90, 180], np.float32)).astype(np.float32)
    drawn = []

    def watched(*arguments):
        drawn.append(thinned(*arguments))
        return drawn[-1]

    monkeypatch.setattr(line_overlay, "thinned", watched)
    overlay = LineOverlay()
    assert overlay.set_lines(lines)
    first = ink(overlay, port)
    assert not overlay.set_lines(lines.copy())
    assert all((ink(overlay, port) == first).all() for _ in range(10))
    assert len(drawn) == 1  # then it is a picture
    assert len(drawn[0]) < len(lines) / 2
    assert overlay.set_lines(lines + 1)
    assert overlay.set_lines(None)


def test_lines_are_thinner_on_a_small_picture_and_paler_with_less_strength(port):
    overlay = LineOverlay()
    overlay.set_lines(np.array([[20.0, 0.0], [20.0, 400.0]], np.float32))
    large = ink(overlay, port)[:, 200, 3].astype(int).sum()
    overlay.set_lines(overlay.lines(), 0.5)
    assert ink(overlay, port)[:, 200, 3].astype(int).sum() == pytest.approx(0.5 * large, rel=0.05)
    overlay.set_lines(overlay.lines(), 1.0)
    port.widget = port.whole
    small = QRectF(0, 0, 120, 60)
    image = QImage(120, 60, QImage.Format.Format_ARGB32)
    image.fill(0)
    painter = QPainter(image)
    overlay.paint(painter, port, small)
    painter.end()
    assert 0 < sum(image.pixelColor(60, y).alpha() for y in range(60)) < 0.7 * large
    overlay.set_lines(overlay.lines(), 0.0)
    assert overlay.strength() == 0.0 and not ink(overlay, port).any()
