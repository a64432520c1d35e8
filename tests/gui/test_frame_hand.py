"""The hand on a frame, without a widget: what a press holds, what a drag and an arrow make of it."""

from PySide6.QtCore import QPoint, QPointF, QRect, QSize

from diffview.gui.widgets.images.frame_hand import FrameHand

BOUNDS = QSize(200, 100)


def hand(frame=QRect(40, 20, 32, 32)):  # noqa: B008 (never changed)
    one = FrameHand()
    one.frame = QRect(frame)
    one.limits = 16, 64
    return one


def test_a_press_inside_moves_the_frame_as_far_as_the_image_goes():
    one = hand()
    one.press(QPointF(50, 30), 3.0, False)
    assert one.drag(QPointF(60, 25), QPointF(10.4, -5.4), BOUNDS) and one.frame == QRect(50, 15, 32, 32)
    assert not one.drag(QPointF(60, 25), QPointF(10.2, -5.2), BOUNDS), "the same pixel is no news"
    one.drag(QPointF(900, 900), QPointF(850, 870), BOUNDS)
    assert one.frame == QRect(168, 68, 32, 32) and one.changing
    assert one.release() and not one.changing


def test_what_comes_back_to_where_it_was_has_not_been_dropped():
    one = hand()
    one.press(QPointF(50, 30), 3.0, False)
    one.drag(QPointF(60, 30), QPointF(10, 0), BOUNDS)
    one.drag(QPointF(50, 30), QPointF(0, 0), BOUNDS)
    assert not one.release()


def test_a_corner_keeps_the_opposite_one_and_a_press_beside_it_holds_nothing():
    one = hand()
    one.press(QPointF(40, 20), 3.0, False)
    one.drag(QPointF(30, 15), QPointF(-10, -5), BOUNDS)
    assert one.frame == QRect(30, 10, 42, 42) and one.release()
    one.press(QPointF(150, 90), 3.0, False)
    assert one.grip is None and not one.drag(QPointF(160, 90), QPointF(10, 0), BOUNDS) and not one.release()


def test_shift_or_the_drawing_mode_draws_another_frame():
    for one, anew in ((hand(), True), (hand(), False)):
        one.drawing = not anew
        one.press(QPointF(100.4, 50.4), 3.0, anew)
        assert one.draws
        one.drag(QPointF(120, 55), QPointF(20, 5), BOUNDS)
        assert one.frame == QRect(100, 50, 20, 20) and one.release() and one.draws is not anew


def test_arrows_move_it_or_its_lower_right_corner():
    one = hand()
    assert one.nudge(QPoint(10, 0), False, BOUNDS) and one.frame == QRect(50, 20, 32, 32) and one.changing
    assert one.nudge(QPoint(1, 0), True, BOUNDS) and one.frame == QRect(50, 20, 33, 33)
    assert not FrameHand().nudge(QPoint(1, 0), False, BOUNDS), "there is none"
