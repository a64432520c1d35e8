"""The film strip and the arithmetic of its layout."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from diffview.fields.colormaps import COLORMAPS
from diffview.gui.show.film_layout import arranged, chosen
from diffview.gui.show.film_rows import FORWARD, PARENT, REVERSE
from diffview.gui.theme import theme
from diffview.gui.widgets.film.film_strip import FilmStrip

LEFT = Qt.MouseButton.LeftButton


@given(st.integers(1, 300), st.integers(1, 60), st.data())
def test_chosen_steps_fit_rise_and_hold_the_current_one(count, room, data):
    current = data.draw(st.none() | st.integers(0, count - 1))
    kept = chosen(count, room, current)
    assert kept == sorted(set(kept))
    assert 1 <= len(kept) <= room
    assert set(kept) <= set(range(count))
    if current is not None:
        assert current in kept
    if current is None and room > 1 and count > 1:
        assert (kept[0], kept[-1]) == (0, count - 1)


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=12), st.booleans())
def test_arranged_places_keep_order_distance_and_bounds(wishes, falling):
    wishes = sorted(wishes, reverse=falling)
    places = arranged(wishes, 50, 0, 1000)
    steps = np.diff(places[::-1] if falling and wishes[0] > wishes[-1] else places)
    assert (steps >= 50 - 1e-6).all()
    assert min(places) >= -1e-6
    assert max(places) <= 1000 + 1e-6


def test_places_that_have_room_are_not_moved_and_pairs_part_evenly():
    assert arranged([100, 300, 700], 50, 0, 1000) == [100, 300, 700]
    assert arranged([500, 500], 50, 0, 1000) == [475, 525]
    assert arranged([500, 490], 50, 0, 1000) == [520, 470]
    assert arranged([], 50, 0, 1000) == []


@pytest.fixture
def strip(qtbot, qapp):
    theme.install(qapp, "dark")
    made = FilmStrip()
    qtbot.addWidget(made)
    made.resize(800, 140)
    made.set_axis(50, 750, 0, 1000)
    made.set_colormap(COLORMAPS["viridis"])
    made.show()
    return made


def pictures(values, level=None):
    return [(v, np.full((8, 8), i * 4 if level is None else level, np.uint8)) for i, v in enumerate(values)]


def test_a_thumbnail_lies_at_its_place_on_the_axis_in_its_colour(strip):
    strip.set_row(FORWARD, pictures([0, 500, 1000], 255))
    box = strip.thumbnail_rect(FORWARD, 1)
    assert abs(box.center().x() - 400) <= 1
    seen = strip.grab().toImage().pixelColor(box.center().toPoint())
    assert seen.getRgb()[:3] == tuple(COLORMAPS["viridis"][255])


def test_many_steps_are_thinned_without_overlap_and_the_tooltip_says_so(strip):
    strip.set_row(REVERSE, pictures(np.linspace(1000, 0, 54)))
    shown = strip.shown(REVERSE)
    assert shown[0] == 0
    assert shown[-1] == 53
    assert len(shown) < 20
    boxes = sorted((strip.thumbnail_rect(REVERSE, i) for i in shown), key=lambda b: b.left())
    assert all(a.right() <= b.left() for a, b in itertools.pairwise(boxes))
    assert "of 54 steps" in strip.tip_at(boxes[0].center().toPoint())
    assert "every" in strip.tip_at(boxes[0].center().toPoint())


def test_a_click_picks_and_a_drag_reaches_every_step(strip):
    strip.set_row(REVERSE, pictures(np.linspace(1000, 0, 54)))
    told = []
    strip.picked.connect(lambda row, index: told.append((row, index)))
    y = int(strip.thumbnail_rect(REVERSE, 0).center().y())
    QTest.mousePress(strip, LEFT, pos=QPoint(795, y))
    for x in range(795, 4, -2):
        QTest.mouseMove(strip, QPoint(x, y))
    QTest.mouseRelease(strip, LEFT, pos=QPoint(4, y))
    assert [row for row, _ in told] == [REVERSE] * len(told)
    assert [index for _, index in told] == list(range(54))
    assert strip.current(REVERSE) == 53


def test_three_rows_that_are_low_are_named_too(strip):
    for row in (FORWARD, PARENT, REVERSE):
        strip.set_row(row, pictures([0, 500, 1000]))
    names = {}
    for height in (240, 90):
        strip.resize(800, height)
        names[height] = [strip.caption(row)[0] for row in (FORWARD, PARENT, REVERSE)]
    assert names == {240: ["forward", "parent", "fork"], 90: ["fwd", "run", "fork"]}


def test_the_rows_are_picked_apart(strip):
    strip.set_row(FORWARD, pictures([0, 500, 1000]))
    strip.set_row(REVERSE, pictures([1000, 500, 0]))
    told = []
    strip.picked.connect(lambda row, index: told.append((row, index)))
    QTest.mouseClick(strip, LEFT, pos=strip.thumbnail_rect(FORWARD, 2).center().toPoint())
    QTest.mouseClick(strip, LEFT, pos=strip.thumbnail_rect(REVERSE, 2).center().toPoint())
    assert told == [(FORWARD, 2), (REVERSE, 2)]


def test_setting_the_current_step_emits_nothing_and_shows_it(strip):
    told = []
    strip.picked.connect(lambda *a: told.append(a))
    strip.set_row(REVERSE, pictures(np.linspace(1000, 0, 54)))
    strip.set_current(REVERSE, 31)
    assert 31 in strip.shown(REVERSE)
    box = strip.thumbnail_rect(REVERSE, 31)
    edge = strip.grab().toImage().pixelColor(int(box.left()), int(box.center().y()))
    assert edge == theme.colour("reverse")
    assert told == []
    strip.set_current(REVERSE, 99)
    assert strip.current(REVERSE) is None


def test_arrows_step_towards_their_side(strip):
    strip.set_row(FORWARD, pictures([0, 500, 1000]))
    strip.set_row(REVERSE, pictures([1000, 500, 0]))
    told = []
    strip.picked.connect(lambda row, index: told.append((row, index)))
    strip.set_current(REVERSE, 1)
    QTest.keyClick(strip, Qt.Key.Key_Left)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Up)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert told == [(REVERSE, 2), (REVERSE, 1), (FORWARD, 0), (FORWARD, 1)]


def test_an_edited_schedule_slides_the_pictures(strip):
    strip.set_row(REVERSE, pictures([900, 500, 100]))
    before = strip.thumbnail_rect(REVERSE, 1).center().x()
    strip.move_row(REVERSE, [900, 600, 100])
    assert strip.thumbnail_rect(REVERSE, 1).center().x() == pytest.approx(before + 70, abs=1)
    with pytest.raises(ValueError, match="2 values for 3"):
        strip.move_row(REVERSE, [1, 2])


def test_empty_rows_teach_and_do_nothing(strip):
    told = []
    strip.picked.connect(lambda *a: told.append(a))
    QTest.mouseClick(strip, LEFT, pos=QPoint(300, 100))
    assert told == []
    assert strip.tip_at(QPoint(300, 100)) == "Run to record the reverse steps"


def test_qimages_are_shown_as_they_are(strip):
    picture = QImage(4, 4, QImage.Format.Format_RGB32)
    picture.fill(0xFF112233)
    strip.set_row(FORWARD, [(500, picture)])
    centre = strip.thumbnail_rect(FORWARD, 0).center().toPoint()
    assert strip.grab().toImage().pixelColor(centre).name() == "#112233"
