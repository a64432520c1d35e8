"""Layers and small pictures: gaps dragged by hand, lines, rulers, strips, pairs; views that zoom together."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from diffview.fields.colormaps import COLORMAPS
from diffview.gui.theme import DARK, theme
from diffview.gui.widgets.images.gap_layer import GapLayer, area, outline
from diffview.gui.widgets.images.image_paint import pill
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.line_overlay import LineOverlay
from diffview.gui.widgets.images.pair_grid import PairGrid
from diffview.gui.widgets.images.picture_view import PictureView
from diffview.gui.widgets.images.ruler import Ruler
from diffview.gui.widgets.images.strip_view import STEP, StripView
from diffview.gui.widgets.images.zoom_view import ZOOM, link

SHOWN = (400, 400)

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen one, of every window
LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton


@pytest.fixture
def view(shown):
    """40 x 40 pixels of ten pixels each."""
    made = shown(ImageView())
    made.set_colormap(COLORMAPS["ice_r"])
    made.set_image(np.zeros((40, 40), np.float32))
    return made


def colours(widget):
    image = widget.grab().toImage()
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}


def send(widget, kind, point, button=NONE, held=NONE, keys=Qt.KeyboardModifier.NoModifier):
    at = QPointF(*point)
    QApplication.sendEvent(widget, QMouseEvent(kind, at, QPointF(widget.mapToGlobal(at)), button, held, keys))


def drag(widget, start, end, button=LEFT, keys=Qt.KeyboardModifier.NoModifier):
    send(widget, QEvent.Type.MouseButtonPress, start, button, button, keys)
    send(widget, QEvent.Type.MouseMove, end, NONE, button, keys)
    send(widget, QEvent.Type.MouseButtonRelease, end, button, NONE, keys)


# -- gaps


@pytest.fixture
def layer(view):
    made = GapLayer(view, "warn", hatched=True)
    made.told = []
    made.dragged.connect(lambda rect, erases: made.told.append((rect, erases)))
    made.show()
    made.set_armed(True)
    return made


def test_a_rectangle_has_all_pixels_that_the_drag_touches(layer):
    drag(layer, (15, 25), (78, 42))
    assert layer.told == [(QRect(1, 2, 7, 3), False)]
    drag(layer, (78, 42), (15, 25))
    assert layer.told[1] == layer.told[0], "backwards it is the same"


@pytest.mark.parametrize(
    ("button", "keys", "erases"),
    [(RIGHT, Qt.KeyboardModifier.NoModifier, True), (LEFT, Qt.KeyboardModifier.ShiftModifier, True),
     (LEFT, Qt.KeyboardModifier.NoModifier, False)],
)  # fmt: skip
def test_the_right_button_and_shift_erase(layer, button, keys, erases):
    drag(layer, (15, 15), (25, 25), button, keys)
    assert layer.told == [(QRect(1, 1, 2, 2), erases)]


def test_a_rectangle_ends_at_the_edge_and_a_click_is_one_pixel(layer):
    drag(layer, (355, 395), (5000, 5000))
    drag(layer, (5, 5), (5, 5))
    assert [rect for rect, _ in layer.told] == [QRect(35, 39, 5, 1), QRect(0, 0, 1, 1)]


def test_other_buttons_and_an_empty_view_drag_nothing(layer, view):
    drag(layer, (15, 15), (25, 25), Qt.MouseButton.MiddleButton)
    view.set_image(None)
    drag(layer, (15, 15), (25, 25))
    assert layer.told == [] and not layer.grab().isNull()


def test_marks_are_hatched_and_a_drag_says_its_size(layer):
    assert layer.marks() is None and DARK.warn not in colours(layer)
    mask = np.zeros((40, 40), bool)
    mask[10:20, 10:30] = True
    layer.set_marks(mask)
    assert layer.marks() is mask and DARK.warn in colours(layer)
    send(layer, QEvent.Type.MouseButtonPress, (15, 15), RIGHT, RIGHT)
    assert DARK.text in colours(layer), "what erases is drawn in another colour"
    send(layer, QEvent.Type.MouseButtonRelease, (15, 15), RIGHT)
    layer.set_marks(np.zeros((40, 40), bool))
    assert layer.marks() is None and DARK.warn not in colours(layer)


def test_an_unarmed_layer_leaves_the_mouse_to_the_view_and_follows_its_size(layer, view):
    assert layer.armed() and not layer.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    layer.set_armed(False)
    assert not layer.armed() and layer.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    view.resize(300, 200)
    QApplication.processEvents()
    assert layer.geometry() == view.rect()


def test_paths_of_marked_pixels():
    mask = np.zeros((3, 4), bool)
    mask[1, 1:3] = True
    assert area(mask).boundingRect() == outline(mask).boundingRect() == QRectF(1, 1, 2, 1)
    assert outline(np.zeros((3, 4), bool)).isEmpty() and area(np.zeros((3, 4), bool)).isEmpty()


# -- lines over a picture


def test_lines_that_are_the_same_change_nothing():
    overlay, line = LineOverlay(), np.array([[1, 1], [2, 2]], np.float32)
    assert overlay.set_lines(line) and not overlay.set_lines(line.copy())
    assert overlay.set_lines(line, 0.5) and overlay.strength() == 0.5, "another opacity is a change"
    assert overlay.set_lines(line, 0.0) and overlay.lines() is None and overlay.strength() == 0.0
    assert not overlay.set_lines(np.empty((0, 2), np.float32), 0.0)


def test_a_picture_shows_its_lines_badge_and_crosshair(shown):
    view = shown(PictureView())
    view.set_colormap(COLORMAPS["ice_r"])
    view.set_image(np.zeros((40, 40), np.float32))
    before = view.grab().toImage()
    view.set_lines(np.array([[0, 20], [40, 20]], np.float32))
    assert view.line_strength() == 1.0 and view.grab().toImage().pixelColor(200, 100) != before.pixelColor(200, 100)
    view.set_lines(None)
    view.set_crosshair(10, 30)
    assert view.lines() is None and view.grab().toImage() != before
    view.set_crosshair(None)
    assert view.grab().toImage() == before
    view.set_dimmed(dimmed=True)
    assert view.dimmed and view.grab().toImage() != before


def test_levels_and_values_of_a_picture(shown):
    view = shown(PictureView())
    assert view.values is None and view.image_size() == (0, 0)
    values = np.array([[0.0, 1.0], [np.nan, 0.5]], np.float32)
    view.set_colormap(COLORMAPS["ice_r"])
    view.set_levels(0.0, 1.0)
    view.set_image(values)
    assert view.levels() == (0.0, 1.0) and view.values is values
    assert [view.value_at(0, 1), view.value_at(1, 0)] == [1.0, None]
    assert (view.indices()[0, 0], view.indices()[0, 1]) == (0, 255)
    image = view.image()
    assert image.size() == QSize(2, 2) and image.pixelColor(0, 1).alpha() == 0
    assert image.pixelColor(1, 0).getRgb()[:3] == tuple(COLORMAPS["ice_r"][-1])


# -- zoom


def test_zooming_keeps_the_point_under_the_pointer(view):
    told = []
    view.viewChanged.connect(told.append)
    at = QPointF(100, 300)
    before = view.to_image(at)
    view.zoom(2.0, at)
    after = view.to_image(at)
    assert (after.x(), after.y()) == pytest.approx((before.x(), before.y())) and view.pixel_size() == 20
    assert view.seen_rect() == QRectF(5, 15, 20, 20) == told[-1]
    view.reset_view()
    assert told[-1] == QRectF(0, 0, 40, 40) and ZOOM == 1.25


def test_linked_views_of_another_shape_stay_where_they_are(shown):
    views = [shown(ImageView()) for _ in range(3)]
    for view, side in zip(views, (40, 40, 50), strict=True):
        view.set_image(np.zeros((side, side), np.float32))
    link(*views)
    views[0].zoom(2.0)
    assert views[1].view_rect() == views[0].view_rect() == QRectF(10, 10, 20, 20)
    assert views[2].view_rect() == QRectF(0, 0, 50, 50)


# -- rulers


def test_a_ruler_follows_the_zoom_of_its_view(shown, view):
    ruler = shown(Ruler(view, horizontal=True), 400, 15)
    assert ruler.ticks() == []
    ruler.set_side(np.arange(40.0), 1, "km")
    assert ruler.accessibleName() == "Horizontal axis: km"
    assert ruler.ticks() == [(5.0 + 100 * i, f"{10 * i}") for i in range(4)]
    view.set_view_rect(QRectF(0, 0, 10, 10))
    assert ruler.ticks() == [(20.0 + 80 * i, f"{2 * i}") for i in range(5)], "pixels are 40 wide, labels 58 apart"
    assert not ruler.grab().isNull()


def test_a_vertical_ruler_names_hemispheres_and_strides(shown, view):
    ruler = shown(Ruler(view, horizontal=False), 40, 400)
    ruler.set_side(70.0 - np.arange(80.0), 2, "latitude")
    ticks = {text: at for at, text in ruler.ticks()}
    assert ticks["60° N"] == pytest.approx(10.5 / 2 * 10) and ticks["0°"] == pytest.approx(70.5 / 2 * 10)
    assert ruler.sizeHint() == QSize(theme.px(40), 0) and not ruler.grab().isNull()


# -- a strip of a long picture


@pytest.fixture
def strip(shown):
    made = StripView()
    made.moves, made.ends = [], []
    made.moved.connect(made.moves.append)
    made.released.connect(lambda: made.ends.append(1))
    made.set_image(QImage(4, 100, QImage.Format.Format_RGB32))
    made.set_band(0.2, 0.4)
    return shown(made, 30, 200)


def test_a_press_moves_the_band_there_and_a_drag_along(strip):
    assert strip.vertical() and strip.band() == (0.2, 0.4)
    drag(strip, (15, 100), (15, 150))
    drag(strip, (15, 10), (15, -50))
    assert strip.moves == [0.5, 0.75, 0.05, 0.0] and len(strip.ends) == 2
    send(strip, QEvent.Type.MouseButtonPress, (15, 50), RIGHT, RIGHT)
    assert len(strip.moves) == 4


def test_arrows_move_the_band_along_the_strip(strip):
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Left):
        QTest.keyClick(strip, key)
    assert strip.moves == pytest.approx([0.3 + STEP, 0.3 - STEP]) and len(strip.ends) == 2


def test_a_wide_picture_lies_down(strip, shown):
    strip.set_image(QImage(100, 4, QImage.Format.Format_RGB32))
    assert not strip.vertical() and strip.sizeHint().width() > strip.sizeHint().height()
    strip.resize(200, 30)
    drag(strip, (50, 15), (100, 15))
    assert strip.moves == [0.25, 0.5]
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert strip.moves[-1] == pytest.approx(0.3 + STEP)
    assert DARK.forward in colours(strip), "the band is drawn"
    assert strip.minimumSizeHint() == QSize(theme.px(30), theme.px(30))


# -- pairs


def test_pairs_lie_above_each_other_with_words_below(shown):
    grid = shown(PairGrid(("made", "nearest"), 4), 320, 220)
    assert grid.count == 0 and DARK.raised in colours(grid)
    table = COLORMAPS["ice_r"]
    above, below = np.zeros((2, 8, 8), np.float32), np.ones((2, 8, 8), np.float32)
    grid.set_pairs(above, below, [("0.20", "warn"), ("0.60", "dim")], (0.0, 1.0), table)
    assert grid.count == 2 and grid.accessibleDescription() == "0.20, 0.60"
    ends = {"#{:02x}{:02x}{:02x}".format(*table[i]) for i in (0, -1)}
    assert ends <= colours(grid)
    grid.clear()
    assert grid.count == 0 and grid.accessibleDescription() == "" and not ends <= colours(grid)


def test_pairs_are_as_high_as_their_width_lets_them(shown):
    grid = PairGrid(("made", "nearest"), 4)
    shown(grid)
    words = 3 * theme.px(17) + theme.px(6)
    assert grid.heightForWidth(218) == 100 + words, "four pictures of 50 with gaps of 6"
    assert grid.heightForWidth(5000) == 2 * theme.px(112) + words
    assert grid.sizeHint().height() == grid.heightForWidth(theme.px(280))


@pytest.mark.parametrize("room", range(240, 440, 20))
def test_a_long_badge_keeps_its_words_inside(shown, room):
    picture = QImage(600, 300, QImage.Format.Format_Grayscale8)
    with theme.on_stage(2.5):
        picture.fill(theme.colour("panel"))
        painter = QPainter(picture)
        words = "share above 13.06 mm/h of 16 members"
        box = pill(painter, QPointF(20, 20), words, Qt.AlignmentFlag.AlignLeft, "reverse", room).toRect()
        painter.end()
        edge = theme.px(4)
    assert box.width() <= room + 1
    grey = np.frombuffer(picture.constBits(), np.uint8).reshape(300, -1)[:, :600].astype(int)
    ground = grey[0, 0]
    written = abs(grey - ground) > 4  # the veil is of the colour of the ground
    assert written[20 : box.bottom(), 20 : box.right() - edge].any()
    assert not written[:, box.right() - edge :].any() and not written[box.bottom() :].any()
