"""The image view: exact colours, zoom and pan under real events, linked views, the frame."""

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.quantised import BAND
from diffview.gui.theme import theme
from diffview.gui.widgets.images.image_paint import pill
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.raster import Raster, indexed_image
from diffview.gui.widgets.images.zoom_view import link

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
SHIFT, CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier


def mouse(view, kind, at, button=NONE, held=NONE):
    at = QPointF(*at)
    where = QPointF(view.mapToGlobal(at))
    QApplication.sendEvent(view, QMouseEvent(kind, at, where, button, held, Qt.KeyboardModifier.NoModifier))


def drag(view, *points):
    mouse(view, QEvent.Type.MouseMove, points[0])
    mouse(view, QEvent.Type.MouseButtonPress, points[0], LEFT, LEFT)
    for point in points[1:]:
        mouse(view, QEvent.Type.MouseMove, point, NONE, LEFT)
    mouse(view, QEvent.Type.MouseButtonRelease, points[-1], LEFT)


def wheel(view, at, notches):
    at = QPointF(*at)
    event = QWheelEvent(
        at, QPointF(view.mapToGlobal(at)), QPoint(), QPoint(0, 120 * notches), NONE, Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(view, event)


def heard(signal):
    got = []
    signal.connect(lambda *a: got.append(a))
    return got


def make(qtbot, values, size=(400, 400)):
    view = ImageView()
    qtbot.addWidget(view)
    view.resize(*size)
    view.set_levels(-2.5, 2.5)
    view.set_colormap(COLORMAPS["viridis"])
    view.set_image(values)
    view.show()
    return view


@pytest.fixture
def ramp():
    return np.linspace(-3, 3, 100 * 100, dtype=np.float32).reshape(100, 100)


@pytest.fixture
def view(qtbot, ramp):
    return make(qtbot, ramp)


def test_every_pixel_has_exactly_its_colour(view, ramp):
    picture = view.grab().toImage()
    level = np.clip(np.floor((ramp.astype(float) + 2.5) / 5 * 255 + 0.5), 0, 255).astype(int)
    assert (np.abs(view.indices().astype(int) - level) <= 1).all()
    for row, col in [(3, 4), (50, 50), (96, 20), (60, 97)]:
        r, g, b = COLORMAPS["viridis"][view.indices()[row, col]].tolist()
        assert picture.pixelColor(4 * col + 2, 4 * row + 2) == QColor(r, g, b)


def test_values_beyond_the_limits_take_the_end_colours(view):
    assert view.indices()[0, 0] == 0
    assert view.indices()[-1, -1] == 255


def test_missing_pixels_show_the_ground_and_no_colour_of_the_map(qtbot, ramp):
    holes = ramp.copy()
    holes[20:40, 20:40] = np.nan
    view = make(qtbot, holes)
    picture = view.grab().toImage()
    ground = {theme.colour("no_data").rgb()}
    seen = {picture.pixel(x, y) for x in range(90, 150) for y in range(90, 150)}
    assert ground <= seen
    table = {QColor(*rgb).rgb() for rgb in COLORMAPS["viridis"].tolist()}
    assert not seen & table
    assert view.value_at(25, 25) is None
    assert view.value_at(0, 0) == pytest.approx(-3)
    assert view.image().pixelColor(25, 25).alpha() == 0


def test_a_mask_hides_finite_values(qtbot, ramp):
    mask = np.zeros_like(ramp, dtype=bool)
    mask[:10] = True
    view = make(qtbot, None)
    view.set_image(ramp, mask)
    assert view.value_at(5, 5) is None
    assert view.value_at(50, 5) is not None


def test_the_picture_keeps_its_shape(qtbot):
    view = make(qtbot, np.zeros((50, 100), np.float32))
    assert view.image_rect() == QRectF(0, 100, 400, 200)


def test_a_wheel_zooms_about_the_pointer(view):
    before = view.to_image(QPointF(300, 120))
    changed = heard(view.viewChanged)
    wheel(view, (300, 120), 3)
    after = view.to_image(QPointF(300, 120))
    assert (after - before).manhattanLength() < 1e-9
    assert view.pixel_size() == pytest.approx(4 * 1.25**3)
    assert changed == [(view.view_rect(),)]


def test_zooming_out_ends_with_the_whole_image_and_says_so_once(view):
    wheel(view, (200, 200), 2)
    changed = heard(view.viewChanged)
    wheel(view, (10, 10), -9)
    wheel(view, (10, 10), -9)
    assert view.view_rect() == QRectF(0, 0, 100, 100)
    assert len(changed) == 1


def test_a_drag_pans_and_a_double_click_shows_everything(view):
    view.zoom(2)
    start = view.view_rect()
    drag(view, (200, 200), (160, 180), (120, 160))
    assert view.view_rect().topLeft() - start.topLeft() == QPointF(10, 5)
    QTest.mouseDClick(view, LEFT, pos=QPoint(200, 200))
    assert view.view_rect() == QRectF(0, 0, 100, 100)


def test_panning_stops_at_the_edge(view):
    view.zoom(2)
    drag(view, (200, 200), (390, 390), (1000, 1000))
    assert view.view_rect() == QRectF(0, 0, 50, 50)


def test_a_wide_view_fills_its_sides_and_shows_no_margin(qtbot, ramp):
    view = make(qtbot, ramp, (800, 400))
    view.zoom(4, QPointF(210, 200))
    assert view.image_rect().left() == pytest.approx(0)
    assert view.image_rect().right() >= 800


def test_linked_views_move_together_without_a_loop(qtbot, ramp):
    a, b = make(qtbot, ramp), make(qtbot, -ramp)
    link(a, b)
    told = [heard(a.viewChanged), heard(b.viewChanged)]
    wheel(a, (100, 100), 4)
    assert a.view_rect() == b.view_rect() != QRectF(0, 0, 100, 100)
    wheel(b, (300, 100), 1)
    assert a.view_rect() == b.view_rect()
    assert [len(t) for t in told] == [1, 1]


def test_the_zoom_stays_while_the_shape_does(view, ramp):
    view.zoom(3)
    zoomed = view.view_rect()
    view.set_image(ramp * 2)
    assert view.view_rect() == zoomed
    view.set_image(ramp[:64, :64])
    assert view.view_rect() == QRectF(0, 0, 64, 64)


def test_the_pointer_tells_its_pixel_and_when_it_leaves(qtbot):
    view = make(qtbot, np.zeros((50, 100), np.float32))
    over, gone = heard(view.hovered), heard(view.left)
    mouse(view, QEvent.Type.MouseMove, (9, 109))
    assert over == [(2, 2)]
    mouse(view, QEvent.Type.MouseMove, (9, 50))
    assert gone == [()]
    clicked = heard(view.clicked)
    QTest.mouseClick(view, LEFT, pos=QPoint(399, 299))
    QTest.mouseClick(view, LEFT, pos=QPoint(399, 399))
    assert clicked == [(49, 99)]


def test_a_crosshair_is_drawn_and_leaves_its_pixel_free(view):
    plain = view.grab().toImage()
    view.set_crosshair(50, 50)
    crossed = view.grab().toImage()
    assert crossed.pixel(20, 202) != plain.pixel(20, 202)
    assert crossed.pixel(202, 202) == plain.pixel(202, 202)
    view.set_crosshair(None)
    assert view.grab().toImage() == plain


@pytest.fixture
def framed(qtbot):
    view = make(qtbot, np.zeros((200, 200), np.float32))
    view.set_frame(QRect(50, 60, 40, 40))
    return view


def test_a_frame_is_dragged_and_dropped(framed):
    moved, dropped = heard(framed.frameMoved), heard(framed.frameDropped)
    drag(framed, (140, 160), (150, 160), (180, 140))
    assert framed.frame() == QRect(70, 50, 40, 40)
    assert [m[0] for m in moved] == [QRect(55, 60, 40, 40), QRect(70, 50, 40, 40)]
    assert dropped == [(QRect(70, 50, 40, 40),)]


def test_a_frame_stays_inside_the_image(framed):
    drag(framed, (140, 160), (1000, -500))
    assert framed.frame() == QRect(160, 0, 40, 40)


def test_a_corner_resizes_a_square_and_keeps_the_other_corner(framed):
    drag(framed, (180, 200), (220, 210))
    assert framed.frame() == QRect(50, 60, 60, 60)
    drag(framed, (100, 120), (400, 400))
    assert framed.frame() == QRect(94, 104, 16, 16)
    drag(framed, (220, 240), (3000, 3000))
    assert framed.frame() == QRect(94, 104, 96, 96)


def test_a_rectangle_changes_each_side_alone(framed):
    framed.set_frame(QRect(50, 60, 40, 40), square=False)
    drag(framed, (100, 200), (60, 220))
    assert framed.frame() == QRect(30, 60, 60, 50)


def test_a_frame_is_never_larger_than_512(qtbot):
    view = make(qtbot, np.zeros((800, 800), np.float32))
    view.set_frame(QRect(0, 0, 64, 64))
    drag(view, (32, 32), (380, 380))
    assert view.frame() == QRect(0, 0, 512, 512)


def test_arrow_keys_nudge_the_frame_and_drop_it_when_let_go(framed):
    dropped = heard(framed.frameDropped)
    QTest.keyClick(framed, Qt.Key.Key_Right)
    QTest.keyClick(framed, Qt.Key.Key_Up, SHIFT)
    assert framed.frame() == QRect(51, 50, 40, 40)
    QTest.keyClick(framed, Qt.Key.Key_Right, CTRL)
    assert framed.frame() == QRect(51, 50, 41, 41)
    assert len(dropped) == 3


def test_setting_a_frame_emits_nothing_and_a_click_in_it_drops_nothing(framed):
    moved, dropped = heard(framed.frameMoved), heard(framed.frameDropped)
    framed.set_frame(QRect(0, 0, 20, 20))
    QTest.mouseClick(framed, LEFT, pos=QPoint(10, 10))
    assert moved == dropped == []


def test_the_pointer_shows_what_can_be_held(framed):
    mouse(framed, QEvent.Type.MouseMove, (140, 160))
    assert framed.cursor().shape() == Qt.CursorShape.SizeAllCursor
    mouse(framed, QEvent.Type.MouseMove, (100, 120))
    assert framed.cursor().shape() == Qt.CursorShape.SizeFDiagCursor
    mouse(framed, QEvent.Type.MouseMove, (180, 120))
    assert framed.cursor().shape() == Qt.CursorShape.SizeBDiagCursor
    mouse(framed, QEvent.Type.MouseMove, (390, 390))
    assert framed.cursor().shape() == Qt.CursorShape.ArrowCursor


def test_keys_zoom_and_pan(view):
    QTest.keyClicks(view, "+")
    assert view.pixel_size() == pytest.approx(5)
    before = view.view_rect()
    QTest.keyClick(view, Qt.Key.Key_Right)
    assert view.view_rect().x() > before.x()
    QTest.keyClicks(view, "-0")
    assert view.view_rect() == QRectF(0, 0, 100, 100)


def test_an_empty_view_speaks_and_takes_no_harm(qtbot):
    view = make(qtbot, None)
    bare = view.grab().toImage()
    view.set_placeholder("No field yet\nOpen a file.")
    assert view.grab().toImage() != bare
    wheel(view, (100, 100), 1)
    drag(view, (100, 100), (200, 200))
    QTest.keyClick(view, Qt.Key.Key_Right)
    QTest.mouseDClick(view, LEFT)
    assert view.view_rect().isEmpty()


def test_a_badge_and_the_focus_are_seen(view):
    bare = view.grab().toImage()
    view.set_badge("noise", "forward")
    assert view.grab().toImage() != bare


def test_a_badge_that_is_wider_than_its_picture_takes_more_lines():
    ground = QImage(400, 200, QImage.Format.Format_RGB32)
    painter = QPainter(ground)
    text = "share above 13.06 mm per day of 16 members"
    one = pill(painter, QPointF(8, 8), text, Qt.AlignmentFlag.AlignLeft, "reverse")
    several = pill(painter, QPointF(8, 8), text, Qt.AlignmentFlag.AlignLeft, "reverse", room=0.6 * one.width())
    painter.end()
    assert several.width() <= 0.6 * one.width() and 1.5 * one.height() < several.height() < 3 * one.height()


def test_a_large_picture_is_averaged_when_shrunk(qtbot):
    checks = np.indices((1600, 1600)).sum(0) % 2 * 4.0 - 2.0
    view = make(qtbot, checks.astype(np.float32))
    view.set_colormap(COLORMAPS["gray_r"])
    grey = view.grab().toImage().pixelColor(200, 200).red()
    assert abs(grey - 127) < 6


def test_a_raster_refuses_nonsense():
    raster = Raster()
    with pytest.raises(ValueError, match="low must be below high"):
        raster.set_limits(1, 1)
    with pytest.raises(ValueError, match="256"):
        raster.set_table(np.zeros((3, 256), np.uint8))
    assert raster.image().isNull()


def test_a_raster_larger_than_a_band_has_the_same_levels_and_colours():
    values = np.random.default_rng(0).normal(size=(700, 900)).astype(np.float32)
    values[690:, 5] = np.nan
    assert values.size > 2 * BAND
    raster = Raster()
    raster.set_limits(-2.0, 3.0)
    raster.set_table(COLORMAPS["viridis"])
    raster.set_values(values)
    wanted = np.clip((np.nan_to_num(values) + 2.0) * 51.0 + 0.5, 0, 255).astype(int)
    assert np.abs(raster.levels().astype(int) - np.where(np.isnan(values), 0, wanted)).max() <= 1  # float32 rounds
    image = raster.image()
    for row, column in ((0, 0), (350, 899), (699, 6)):
        assert image.pixelColor(column, row).getRgb()[:3] == tuple(COLORMAPS["viridis"][raster.levels()[row, column]])
    assert image.pixelColor(5, 695).alpha() == 0


def test_an_indexed_image_owns_its_pixels():
    image = indexed_image(np.array([[0, 255]], np.uint8), COLORMAPS["viridis"])
    assert [image.pixelColor(x, 0).getRgb()[:3] for x in (0, 1)] == [(68, 1, 84), (253, 231, 37)]
