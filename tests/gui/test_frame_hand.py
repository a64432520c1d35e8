"""Frames and the hand on a frame, without a widget: what a press holds, what a drag and an arrow make of it."""

import pytest

from diffview.gui.show.frame_hand import FrameHand, Grip, RegionFrame, Rules, grip_at

BOUNDS = 200, 100


def hand():
    one = FrameHand()
    one.frame = RegionFrame(40, 20, 32, 32)
    one.limits = 16, 64
    return one


def test_a_press_inside_moves_the_frame_as_far_as_the_image_goes():
    one = hand()
    one.press((50, 30), 3.0, False)
    assert one.drag((60, 25), (10.4, -5.4), BOUNDS) and one.frame == RegionFrame(50, 15, 32, 32)
    assert not one.drag((60, 25), (10.2, -5.2), BOUNDS), "the same pixel is no news"
    one.drag((900, 900), (850, 870), BOUNDS)
    assert one.frame == RegionFrame(168, 68, 32, 32) and one.changing
    assert one.release() and not one.changing


def test_what_comes_back_to_where_it_was_has_not_been_dropped():
    one = hand()
    one.press((50, 30), 3.0, False)
    one.drag((60, 30), (10, 0), BOUNDS)
    one.drag((50, 30), (0, 0), BOUNDS)
    assert not one.release()


def test_a_corner_keeps_the_opposite_one_and_a_press_beside_it_holds_nothing():
    one = hand()
    one.press((40, 20), 3.0, False)
    one.drag((30, 15), (-10, -5), BOUNDS)
    assert one.frame == RegionFrame(30, 10, 42, 42) and one.release()
    one.press((150, 90), 3.0, False)
    assert one.grip is None and not one.drag((160, 90), (10, 0), BOUNDS) and not one.release()


def test_shift_or_the_drawing_mode_draws_another_frame():
    for one, anew in ((hand(), True), (hand(), False)):
        one.drawing = not anew
        one.press((100.4, 50.4), 3.0, anew)
        assert one.draws
        one.drag((120, 55), (20, 5), BOUNDS)
        assert one.frame == RegionFrame(100, 50, 20, 20) and one.release() and one.draws is not anew


def test_arrows_move_it_or_its_lower_right_corner():
    one = hand()
    assert one.nudge((10, 0), False, BOUNDS) and one.frame == RegionFrame(50, 20, 32, 32) and one.changing
    assert one.nudge((1, 0), True, BOUNDS) and one.frame == RegionFrame(50, 20, 33, 33)
    assert not FrameHand().nudge((1, 0), False, BOUNDS), "there is none"


def test_corners_edges_and_the_inside_are_told_apart():
    frame = RegionFrame(20, 10, 40, 30)
    grips = {(20, 10): Grip(-1, -1), (60, 40): Grip(1, 1), (60, 25): Grip(1, 0), (20, 25): Grip(-1, 0),
             (40, 10): Grip(0, -1), (40, 40): Grip(0, 1), (40, 25): Grip(0, 0), (80, 25): None}  # fmt: skip
    assert {at: grip_at(frame, at, 4.0) for at in grips} == grips


@pytest.mark.parametrize(
    ("grip", "shift", "expected"),
    [
        (Grip(1, 0), (7, 5), RegionFrame(20, 10, 47, 30)),
        (Grip(-1, 0), (7, 5), RegionFrame(27, 10, 33, 30)),
        (Grip(0, 1), (7, 5), RegionFrame(20, 10, 40, 35)),
        (Grip(0, -1), (7, -5), RegionFrame(20, 5, 40, 35)),
        (Grip(1, 1), (500, 500), RegionFrame(20, 10, 80, 40)),
    ],
)
def test_an_edge_moves_one_side_and_a_corner_two(grip, shift, expected):
    assert Rules((100, 50), square=False).resized(RegionFrame(20, 10, 40, 30), grip, shift) == expected


def test_a_square_follows_the_edge_that_is_dragged():
    assert Rules((99, 99)).resized(RegionFrame(0, 0, 40, 40), Grip(1, 0), (-10, 3)) == RegionFrame(0, 0, 30, 30)


@pytest.mark.parametrize("end", [(70, 60), (10, 60), (70, 5), (10, 5)])
def test_a_frame_is_drawn_in_any_direction(end):
    frame = Rules((100, 80), square=False).drawn((40, 30), end)
    assert (frame.width, frame.height) == (abs(end[0] - 40), abs(end[1] - 30))
    assert 40 in (frame.x, frame.x + frame.width) and 30 in (frame.y, frame.y + frame.height)


def test_a_drawn_frame_keeps_its_limits_and_stays_inside():
    assert Rules((100, 80), square=False).drawn((95, 75), (97, 77)) == RegionFrame(84, 64, 16, 16)
    assert Rules((100, 80), False, (4, 32)).drawn((0, 0), (90, 70)) == RegionFrame(0, 0, 32, 32)
