"""An ensemble in the window, by the mouse: members in the toolbar, all of them, one, mean, spread, share, quantile."""

import h5py
import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QPoint, QPointF, QRect, Qt
from PySide6.QtTest import QTest

from diffview.fields.field import Region
from diffview.fields.numbers import number
from diffview.gui.widgets.small.card import CardFrame
from diffview.runs.in_blocks import last_steps
from diffview.scores.gap import filling

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened

SMALL = QUICK.but(region=Region(40, 120, 64, 64), members=12, steps=4)


@pytest.fixture
def ensemble(open_window, settle):
    """A window with the ended run of an ensemble."""
    window = open_window(SMALL)
    window.live.start()
    settle(window)
    return window


def choose(window, find, settle, key):
    """Choose from the list as the one does who clicks an entry of it."""
    combo = find(window, "ensembleCombo")
    index = combo.findData(key)
    assert combo.isVisible() and combo.model().item(index).isEnabled()
    combo.setCurrentIndex(index)
    combo.activated.emit(index)
    settle(window)


def slide(window, find, settle, share):
    """Put the slider where a hand would."""
    slider = find(window, "ensembleSlider")
    at = QPoint(round(share * (slider.width() - 1)), slider.height() // 2)
    slider.setValue(round(share * slider.maximum()))
    assert slider.isVisible() and slider.rect().contains(at)
    settle(window)


def physical(window):
    run = window.live.run
    return run.plan.made_in.inverse(run.trajectory.last.y[:, 0])


def badge(window):
    return window.reverse.picture.words().badge


def test_members_are_chosen_in_the_toolbar_and_a_single_one_has_the_room_for_its_picture(
    open_window, find, hand, settle
):
    window = open_window(SMALL.but(members=1))
    window.live.start()
    settle(window)
    control, spin = find(window, "ensembleCombo"), find(window, "membersSpin")
    assert not control.isVisible() and spin.isVisible() and spin.maximum() == 1024
    spin.setFocus()
    spin.selectAll()
    QTest.keyClicks(spin, "5")
    QTest.keyClick(spin, Qt.Key.Key_Return)
    settle(window)
    assert window.session.recipe.ensemble.members == 5 and len(window.live.step.y) == 5
    assert control.isVisible() and control.currentData() == "members"
    hand.choose(control, "spread")
    settle(window)
    assert window.session.view.statistic == "spread" and badge(window) == "spread of 5 members"


def test_mean_spread_share_and_quantile_are_numpys_in_physical_units(ensemble, find, settle):
    window, members = ensemble, physical(ensemble)
    for key, wanted in (
        ("mean", members.mean(0)),
        ("spread", members.std(0, ddof=1)),
        ("quantile", np.quantile(members, 0.9, axis=0)),
    ):
        choose(window, find, settle, key)
        assert np.allclose(window.reverse.numbers(), wanted, rtol=1e-6), key
        assert "12 members" in badge(window)
    assert badge(window) == "quantile 0.90 of 12 members"
    slide(window, find, settle, 0.5)
    assert np.allclose(window.reverse.numbers(), np.quantile(members, 0.5, axis=0), rtol=1e-6)
    choose(window, find, settle, "above")
    slide(window, find, settle, 0.55)
    threshold = window.session.view.threshold
    assert np.allclose(window.reverse.numbers(), (members.astype("f4") > np.float32(threshold)).mean(0))
    assert f"share above {number(threshold)} K of 12 members" == badge(window)
    slide(window, find, settle, 1.0)
    assert badge(window).startswith("no member is above") and not window.reverse.numbers().any()


def test_each_statistic_has_its_scale_in_a_slot_that_moves_nothing(ensemble, find, settle, rest):
    window = ensemble
    parts = [window.field, window.forward, window.reverse, window.reverse.view, window.timeline, window.diagnostics]

    def places():
        return [QRect(part.mapTo(window, QPoint(0, 0)), part.size()) for part in parts]

    rest(window)
    before = places()
    for key, second in (("one", False), ("mean", False), ("spread", True), ("above", True), ("quantile", False)):
        choose(window, find, settle, key)
        rest(window)
        assert places() == before, key
        assert find(window, "reverseColourBar").isVisible() is second, key
    choose(window, find, settle, "spread")
    scale = window.reverse.picture.scale()
    assert scale.units == "K" and scale.limits[0] == 0 and scale.text(3.0).endswith("K")
    window.session.look(limits=(-0.1, 0.1))  # colours of the members in which nearly every spread is too large
    settle(window)
    spread = window.reverse.numbers()
    assert (spread <= window.reverse.picture.scale().limits[1]).mean() > 0.97, "a saturated picture says nothing"
    choose(window, find, settle, "above")
    assert window.reverse.picture.scale().limits == (0, 1)


def test_one_member_is_chosen_by_the_slider_and_a_click_on_a_tile(ensemble, find, settle):
    window = ensemble
    choose(window, find, settle, "one")
    slide(window, find, settle, 1.0)
    assert window.session.view.member == 11 and np.allclose(window.reverse.numbers(), physical(window)[11])
    assert "member 12 of 12" in window.reverse.caption.text()
    choose(window, find, settle, "members")
    assert window.session.view.member is None and "12 members" in window.reverse.caption.text()


def test_a_statistic_follows_the_run_step_by_step_and_the_playhead(ensemble, find, settle):
    window = ensemble
    choose(window, find, settle, "spread")
    spreads = []
    for step in window.live.run.trajectory.kept[1:]:
        window.live.show_step(window.live.run, step)
        settle(window)
        alpha = float(window.session.recipe.course.schedule.scale(step.s))
        members = window.live.run.plan.made_in.inverse(np.float32(alpha) * step.y[:, 0])
        assert np.allclose(window.reverse.numbers(), members.std(0, ddof=1), rtol=1e-5)
        spreads.append(float(window.reverse.numbers().mean()))
    assert len(set(spreads)) == len(spreads)


def test_what_a_pixel_says_is_in_the_unit_of_the_statistic(ensemble, find, settle):
    window = ensemble
    choose(window, find, settle, "spread")
    window.reverse.view.hovered.emit(10, 20)
    assert f"{number(float(window.reverse.numbers()[10, 20]))} K" in window.status.right.text()
    choose(window, find, settle, "above")
    window.reverse.view.hovered.emit(10, 20)
    assert f"{number(float(window.reverse.numbers()[10, 20]))} K" not in window.status.right.text()


def test_many_members_show_sixty_four_side_by_side_and_say_of_how_many(open_window, find, settle):
    window = open_window(SMALL.but(members=70, region=Region(40, 120, 32, 32), steps=2))
    window.live.start()
    settle(window)
    assert len(window.live.step.y) == 70 and "64 of 70 members" in window.reverse.caption.text()
    assert window.reverse.view.values.shape == (8 * 34 - 2, 8 * 34 - 2)
    choose(window, find, settle, "mean")
    assert np.allclose(window.reverse.numbers(), physical(window).mean(0), rtol=1e-6)


def test_members_beyond_what_fits_are_counted_said_so_and_exported(
    open_window, find, hand, settle, monkeypatch, tmp_path
):
    """The first block is kept; mean, spread, share, quantile and the histogram of a pixel are of all members."""
    monkeypatch.setattr("diffview.runs.in_blocks.MOST_KEPT", 64 * 32 * 32)
    window = open_window(SMALL.but(members=150, region=Region(40, 120, 32, 32), steps=2))
    window.live.start()
    settle(window)
    run = window.live.run
    plan, back = run.plan, run.plan.made_in.inverse
    all_ = np.concatenate([back(step.y[:, 0]) for step in last_steps(plan)])
    assert run.error is None and len(window.live.step.y) == 64 and len(all_) == 150
    assert "150 counted, 64 kept" in window.reverse.caption.text()
    assert "150 of 150 members counted" in window.status.left.text()
    width = 16 * plan.made_in.std / 512
    for key, wanted, near in (
        ("mean", all_.mean(0), 1e-4),
        ("spread", all_.std(0, ddof=1), 1e-4),
        ("quantile", np.quantile(all_, 0.9, axis=0, method="inverted_cdf"), width),
    ):
        choose(window, find, settle, key)
        assert np.abs(window.reverse.numbers() - wanted).max() <= near, key
        assert "150 members" in badge(window) and "64" not in badge(window)
    choose(window, find, settle, "above")
    window.session.look(threshold=float(np.median(all_)))
    settle(window)
    low, high = ((all_ > np.median(all_) + side * width).mean(0) for side in (1, -1))
    share = window.reverse.numbers()
    assert (low - 1e-6 <= share).all() and (share <= high + 1e-6).all()
    hand.click(window.reverse.view, over(window.reverse.view, 10, 20))
    settle(window)
    card = window.diagnostics.findChildren(CardFrame)[0]
    there = all_[:, 10, 20]
    assert card.subtitle() == f"row 10, column 20: {number(there.mean())} ± {number(there.std(ddof=1))} K"
    monkeypatch.setattr(
        "diffview.gui.window.sharing.QFileDialog.getSaveFileName", lambda *_: (str(tmp_path / "counted.nc"), "")
    )
    find(window, "exportEnsembleAction").trigger()
    settle(window)
    with h5py.File(tmp_path / "counted.nc") as file:
        name = next(name for name in file if name.endswith("_spread"))
        assert np.allclose(file[name][...], all_.std(0, ddof=1), rtol=1e-3)
        assert "Members 0 to 149" in file.attrs["comment"]


# -- a place, and what was given


@pytest.fixture
def returned(open_window, settle):
    """A window with the run of an ensemble that came from the field."""
    window = open_window(SMALL.but(origin="field", level=0.6, sampler="ddpm", members=16))
    window.live.start()
    settle(window)
    return window


def over(view, row, column):
    return view.to_widget(QPointF(column + 0.5, row + 0.5))


def test_a_click_on_a_pixel_gives_the_histogram_of_the_members_there(returned, find, hand, settle):
    window, members = returned, physical(returned)
    choose(window, find, settle, "mean")
    sample, view = find(window, "sampleView"), window.reverse.view
    assert not sample.isVisible() and find(window, "histogramView").isVisible()
    hand.click(view, over(view, 30, 40))
    settle(window)
    assert sample.isVisible() and window.session.view.pixels == Region(30, 40, 1, 1)
    there = members[:, 30, 40].astype("f4").astype(float)
    truth = window.session.facts.field.values[40 + 30, 120 + 40]
    assert sample.marks["mean"] == pytest.approx(there.mean(), rel=1e-6)
    assert sample.marks["truth"] == pytest.approx(truth, rel=1e-5) and "given" in sample.marks
    card = next(card for card in window.diagnostics.findChildren(CardFrame) if card.title() == "Members")
    assert card.subtitle() == f"row 30, column 40: {number(there.mean())} ± {number(there.std(ddof=1))} K"
    assert [name for name, _ in sample.legend_items()] == ["mean", "given", "truth"]
    hand.click(view, over(view, 30, 40))
    settle(window)
    assert window.session.view.pixels is None and not sample.isVisible()


def test_a_drag_gives_the_mean_over_an_area(returned, find, hand, settle):
    window, members = returned, physical(returned)
    choose(window, find, settle, "spread")
    view = window.reverse.view
    hand.drag(view, over(view, 9.5, 19.5), over(view, 21.5, 35.5))
    settle(window)
    place = window.session.view.pixels
    assert place == Region(10, 20, 12, 16)
    there = members.astype("f4")[(slice(None), *place.slices)].astype(float).mean((1, 2))
    assert find(window, "sampleView").marks["mean"] == pytest.approx(there.mean(), rel=1e-6)
    assert "12 × 16 at row 10, column 20" in window.diagnostics.findChildren(CardFrame)[0].subtitle()


def test_a_row_shows_what_was_given_one_that_was_made_the_mean_and_the_truth(returned, find, settle):
    window, members = returned, physical(returned)
    choose(window, find, settle, "row")
    assert badge(window) == "" and "16 members" in window.reverse.caption.text()
    assert [name for *_, name in find(window, "tileNames").names] == ["given", "made", "mean", "truth"]
    shown = window.reverse.numbers()
    assert shown.shape == (2 * 64 + 2, 2 * 64 + 2), "as large as the card lets them be"
    given, made, mean, truth = (shown[r : r + 64, c : c + 64] for r in (0, 66) for c in (0, 66))
    assert np.allclose(made, members[0], rtol=1e-6) and np.allclose(mean, members.mean(0), rtol=1e-6)
    assert np.allclose(truth, window.session.facts.field.values[40:104, 120:184], rtol=1e-5)
    plan, step = window.live.run.plan, window.live.run.trajectory.kept[0]
    alpha = np.float32(plan.recipe.course.schedule.scale(step.s))
    assert np.allclose(given, plan.made_in.inverse(alpha * step.y[0, 0]), rtol=1e-5), "the run's own start"


@pytest.mark.parametrize("size", [24, 80])
def test_another_size_of_the_region_leaves_a_row_and_a_picked_place_without_a_mistake(returned, find, settle, size):
    """Nothing of the old members stands beside the truth of another region, and no place outside is looked up."""
    window = returned
    choose(window, find, settle, "row")
    window.session.look(pixels=Region(60, 60, 2, 2))
    window.session.edit(region=Region(40, 120, size, size))
    settle(window)
    assert not any("mistake" in message.sentence for message in window.heard)
    assert window.reverse.numbers().shape == (2 * size + 2, 2 * size + 2)
    assert ("at row 60" in window.diagnostics.findChildren(CardFrame)[0].subtitle()) is (size == 80)


def test_a_run_from_noise_was_given_nothing_and_says_so(ensemble, find):
    combo = find(ensemble, "ensembleCombo")
    item = combo.model().item(combo.findData("row"))
    assert not item.isEnabled() and "nothing but noise" in item.toolTip()


def test_known_pixels_are_what_a_filled_gap_was_given(open_window, find, settle):
    recipe = SMALL.but(members=4, hidden=(Region(60, 140, 20, 20),))
    window = open_window(recipe.but(**filling(recipe)))
    window.live.start()
    settle(window)
    choose(window, find, settle, "row")
    given = window.reverse.numbers()[:64, :64]
    assert np.isnan(given[20:40, 20:40]).all() and np.isnan(given).sum() == 400


def test_members_are_a_band_in_the_plots_and_the_mean_a_line_below_them(ensemble, find, settle):
    window = ensemble
    choose(window, find, settle, "mean")
    spectrum, histogram = find(window, "spectrumView"), find(window, "histogramView")
    for plot in (spectrum, histogram):
        names = [name for name, _ in plot.legend_items()]
        assert "mean" in names and "members 5–95 %" in names and "reverse" not in names
    (_, low), (_, high) = spectrum.members.low, spectrum.members.high
    assert (low <= high).all() and (low < high).any()
    choose(window, find, settle, "one")
    assert "reverse" in [name for name, _ in spectrum.legend_items()] and spectrum.members.filled
    window.session.edit(members=1)
    window.live.start()
    settle(window)
    assert not spectrum.members.filled
