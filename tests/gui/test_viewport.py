"""The part of an image that is shown, without a widget."""

import pytest

from diffview.gui.show.boxes import Box
from diffview.gui.show.viewport import SMALLEST, Viewport


@pytest.fixture
def port() -> Viewport:
    """An image of 200 x 100 in a widget of 400 x 400: 2 pixels to one."""
    made = Viewport()
    made.whole, made.widget = (200.0, 100.0), (400.0, 400.0)
    made.rect = made.all()
    return made


def test_the_whole_image_lies_in_the_middle(port: Viewport) -> None:
    assert port.pixel() == 2.0 and port.shown() == Box(0, 0, 200, 100)
    assert port.box_to_widget(port.all()) == Box(0, 100, 400, 200)
    assert port.to_image((0, 100)) == (0, 0) and port.to_widget((200, 100)) == (400, 300)
    assert Viewport().pixel() == 1.0, "of nothing"


@pytest.mark.parametrize(
    ("at", "cell"), [((0, 100), (0, 0)), ((399, 299), (99, 199)), ((10, 99), None), ((401, 200), None)]
)
def test_the_pixel_under_a_point(port: Viewport, at: tuple[float, float], cell: tuple[int, int] | None) -> None:
    assert port.cell_at(at) == cell


def test_a_zoom_leaves_its_point_where_it_is(port: Viewport) -> None:
    about = port.to_image((300.0, 220.0))
    port.rect = port.zoomed(4.0, about)
    assert port.rect.width == 50.0 and port.to_widget(about) == pytest.approx((300.0, 220.0))
    port.rect = port.zoomed(1e9, about)
    assert min(port.rect.width, port.rect.height) == pytest.approx(SMALLEST)


def test_the_part_shown_stays_inside_and_fills_the_widget(port: Viewport) -> None:
    assert port.clamped(Box(-5, 90, 20, 20)) == Box(0, 80, 20, 20)
    assert port.clamped(Box(0, 0, 999, 999)) == port.all()
    port.rect = Box(0, 0, 50, 25)  # 8 pixels to one: the widget sees 50 x 50, so the part is moved down
    assert port.shown() == Box(0, 12.5, 50, 25)
