"""Colour bars and readouts tell the quantity and the unit of what is drawn; what cannot be is called noise."""

import h5py
import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPoint
from PySide6.QtTest import QTest

from diffview.fields.transforms import Transform
from diffview.gui.show.looks import field_scale
from diffview.gui.widgets.images.colour_bar import ColourBar
from diffview.paths import resource
from diffview.runs.colour_scale import Scale, floor_of

RAIN64 = Transform("cbrt", 0.5179609896628582, 0.622058303576088)


def bars(window, find):
    return find(window, "colourBar"), find(window, "reverseColourBar")


@pytest.fixture
def raining(open_window, settle):
    """A window on the packaged field in kelvin, with a model that makes rain."""
    window = open_window(QUICK.but(model="rain64", steps=3))
    settle(window)
    assert window.live.shown.plan.card.name == "rain64"
    return window


def test_one_bar_serves_all_pictures_while_they_show_one_quantity(window, find, wait):
    own, made = bars(window, find)
    assert own.isVisible() and not made.isVisible()
    wait(lambda: own.x() > window.reverse.x())
    assert own.accessibleDescription().endswith(" K")


def test_field_and_forward_have_the_colours_of_the_bar_when_the_transform_changes(window, wait, settle):
    """They kept those of the transform before: dry pixels were striped as what cannot be, and rain was too pale."""
    window.open_file(str(resource("drawn_rain.nc")))
    wait(lambda: window.session.facts.field.units.startswith("mm") and window.is_idle())
    seen = []
    for transform in ("standardise", "log1p", "cbrt"):
        window.session.edit(transform=transform)
        settle(window)
        right = field_scale(window.session).levels[:2]
        assert window.field.view.levels() == window.forward.view.levels() == pytest.approx(right), transform
        seen.append(right)
    assert len(set(seen)) == 3


def test_reverse_has_a_bar_of_its_own_while_the_model_makes_another_quantity(raining, find, settle, wait):
    own, made = bars(raining, find)
    wait(lambda: made.isVisible() and own.x() > raining.reverse.x() and own.geometry().bottom() < made.y())
    assert made.accessibleDescription().endswith(" mm/h") and own.accessibleDescription().endswith(" K")
    assert next(value for value, _ in made.ticks()) == 0.0
    high = float(RAIN64.inverse(raining.session.view.limits[1]))
    assert max(value for value, _ in made.ticks()) <= high
    raining.session.edit(model="gaussian")
    settle(raining)
    wait(lambda: not made.isVisible() and own.x() > raining.reverse.x())


def test_the_bar_is_that_of_the_run_on_screen_until_another_has_a_step(raining, find, settle):
    raining.session.look(auto_run=False)
    raining.session.edit(model="gaussian")
    assert raining.live.shown.plan.card.name == "rain64"
    assert bars(raining, find)[1].isVisible()


def test_the_readout_has_the_unit_of_what_is_drawn(raining, find, hand, wait):
    view, bar = find(raining, "reverseView"), find(raining, "reverseColourBar")
    bare = bar.grab().toImage()
    QTest.mouseMove(view, QPoint(view.width() // 2, 60))
    wait(lambda: "reverse" in raining.status.right.text())
    said = raining.status.right.text()
    assert "mm/h" in said.split("reverse ")[1]  # rain, or "noise (below 0 mm/h)"
    assert bar.grab().toImage() != bare, "the value is marked on it"


def test_noises_have_a_bar_in_standard_deviations(window, find):
    window.session.look(reverse="eps_hat")
    made = find(window, "reverseColourBar")
    assert made.isVisible() and made.accessibleDescription().endswith(" std")
    assert [value for value, _ in made.ticks()] == [-2.0, 0.0, 2.0]
    window.session.look(reverse="x_t")
    assert not made.isVisible()


def test_below_the_floor_a_scale_says_noise():
    scale = Scale((-2.5, 2.5), RAIN64, "mm/h", "rain", floor=0.0)
    dry = float(RAIN64(0.0))
    assert scale.text(dry - 0.5) == "noise (below 0 mm/h)"
    assert scale.text(dry - 0.001) == "0.00 mm/h"  # what rounding makes of no rain
    assert scale.text(float(RAIN64(2.5))) == "2.50 mm/h"
    assert Scale((-2.5, 2.5), Transform("standardise", 280.0, 20.0), "K", "ice").text(-1.0) == "260.0 K"


def test_only_bent_transforms_of_what_is_never_negative_have_a_floor():
    assert floor_of(RAIN64) == 0.0
    assert floor_of(Transform("log1p", 0.1, 0.3), least=0.0) == 0.0
    assert floor_of(RAIN64, least=-3.0) is None  # a cube root of winds
    assert floor_of(Transform("standardise", 0.1, 0.3), least=0.0) is None


@pytest.fixture
def rain_bar(qtbot):
    bar = ColourBar()
    qtbot.addWidget(bar)
    bar.resize(80, 300)
    bar.set_scale(-2.5, 2.5, lambda z: float(RAIN64.inverse(z)), lambda x: float(RAIN64(x)), "mm/h")
    return bar


def test_the_end_of_a_bar_below_which_nothing_can_be_is_striped(rain_bar):
    dry = float(RAIN64(0.0))
    rain_bar.set_scale(dry, 2.5, lambda z: float(RAIN64.inverse(z)), lambda x: float(RAIN64(x)), "mm/h")
    assert min(value for value, _ in rain_bar.ticks()) >= 0
    plain = rain_bar.grab().toImage()
    rain_bar.set_striped(True)
    striped, bar = rain_bar.grab().toImage(), rain_bar.bar_rect()
    everywhere = ((x, y) for x in range(striped.width()) for y in range(striped.height()))
    differ = [at for at in everywhere if plain.pixel(*at) != striped.pixel(*at)]
    assert differ and all(bar.left() <= x <= bar.right() and y >= int(bar.bottom()) for x, y in differ)


def test_rain_read_in_noise_is_called_noise(open_window, tmp_path, find, wait, settle):
    path = tmp_path / "rain.h5"
    rng = np.random.default_rng(0)
    with h5py.File(path, "w") as file:
        rain = np.where(rng.random((32, 32)) < 0.6, 0.0, rng.gamma(1.0, 2.0, (32, 32))).astype(np.float32)
        file.create_dataset("precip_rate", data=rain).attrs["units"] = "mm/h"
    window = open_window(path=str(path))
    settle(window)
    low, _, striped = field_scale(window.session).levels
    assert striped and low == pytest.approx(float(window.session.plan.transform(0.0)))
    assert window.forward.view.levels() == field_scale(window.session).limits
    strong = float(window.session.plan.transform(np.float32(np.quantile(rain, 0.999))))
    assert field_scale(window.session).limits[1] == pytest.approx(max(2.5, strong)), "strong rain has its own colours"
    assert "striped pixels are noise" in find(window, "colourBar").toolTip()
    window.session.look(playhead=0.3, follow=False)
    z = window.forward.view.values
    row, column = np.argwhere(z == z.min())[0]
    window.forward.view.hovered.emit(int(row), int(column))
    assert "xₜ noise (below 0 mm/h)" in window.status.right.text()


def test_a_limit_of_rain_begins_at_no_rain_also_where_the_field_is_no_rain(raining, find):
    assert find(raining, "clipLowSpin").value() == 0.0


def test_one_shot_of_another_quantity_says_why_there_is_none(raining, find, settle):
    raining.session.look(playhead=0.5, follow=False, reverse="shot_x0")
    settle(raining)
    said = raining.reverse.caption.text()
    assert "rain64 makes precipitation_rate" in said and "playhead" not in said
    raining.session.look(playhead=0.0)
    assert raining.reverse.caption.text() == "Move the playhead above t = 0."


@pytest.mark.parametrize("reverse", ["x_t", "shot_eps"])
def test_a_second_bar_leaves_a_small_window_on_its_screen(open_window, appear, settle, rest, reverse):
    window = open_window(QUICK.but(model="rain64", steps=3), size=(1280, 720))
    settle(window)
    window.session.look(reverse=reverse, playhead=0.5, follow=False)
    appear(window, "reverseColourBar")
    rest(window)
    assert not window.plots_dock.isHidden()
    assert window.minimumSizeHint().width() <= 1280 and window.width() == 1280
