"""The formula strip: off at first, switched on by the View menu, its numbers go with the playhead."""

import pytest
from PySide6.QtCore import Qt

from diffview.story.equation_table import EQUATIONS
from diffview.story.live_numbers import NUMBERS


def keys(window, find):
    return [find(window, name).key for name in ("forwardEquation", "scheduleEquation", "reverseEquation")]


def test_equations_come_by_the_menu_with_the_numbers_under_the_playhead(window, hand, find, wait, settle) -> None:
    strip = find(window, "formulaStrip")
    assert not strip.isVisible()
    find(window, "formulasAction").trigger()
    wait(strip.isVisible)
    assert keys(window, find)[:2] == ["closed_form", "noise_level"]
    for t in (0.2, 0.7):
        window.session.look(playhead=t, follow=False)
        frame = window.session.frame()
        assert find(window, "forwardEquation").texts() == {
            "signal": f"{frame.alpha:.2f}",
            "noise": f"{frame.sigma:.2f}",
        }
        assert find(window, "scheduleEquation").texts()["s"] == NUMBERS["s"].text(frame.s)
    window.session.edit(path_mode="chain")
    assert keys(window, find)[0] == "forward_step"
    window.session.edit(sampler="ddpm")
    assert keys(window, find)[2] == "reverse_step"
    assert find(window, "reverseEquation").toolTip() == EQUATIONS["reverse_step"].meaning
    hand.key(window, Qt.Key.Key_M)
    wait(lambda: not strip.isVisible())


def test_of_one_shot_it_has_the_loss(window, find, wait, settle) -> None:
    find(window, "formulasAction").trigger()
    window.session.look(reverse="shot_eps", playhead=0.5, follow=False)
    settle(window)
    wait(lambda: window.live.shot is not None and window.live.shot.loss is not None)
    assert keys(window, find)[2] == "noise_prediction_loss"
    assert find(window, "reverseEquation").texts() == {"loss": f"{window.live.shot.loss:.3f}"}


@pytest.mark.parametrize("size", [(1024, 768), (1280, 720)])
def test_the_window_is_as_small_as_before(open_window, find, size, rest) -> None:
    window = open_window(size=size)
    rest(window)
    find(window, "formulasAction").trigger()
    rest(window)
    assert window.size().toTuple() == size
    assert window.minimumSizeHint().height() <= 620 + 48
