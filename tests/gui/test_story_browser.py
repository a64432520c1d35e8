"""Looking around in a file: its tree, a variable in detail, slices by hand, axes, a pixel through time, its place."""

import os
import signal

import h5py
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from readers_twins import attach, ramp, write
from test_story_files import NX, NY, TIMES, drop, errors, good_file, physical, truth

from diffview.fields.coarse import coarsened
from diffview.fields.field import Region

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


@pytest.fixture
def good(tmp_path):
    return good_file(tmp_path / "sea.nc")


@pytest.fixture
def opened(window, good, settle, wait):
    """A window in which the good file was dropped and all that is known of it has come."""
    settle(window)
    drop(window, good)
    settle(window)
    wait(lambda: window.browser.labels and window.session.facts.earth is not None)
    assert errors(window) == []
    return window


def row_of(tree, name):
    every = Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive
    return tree.findItems(name, every)[0]


def click_row(hand, tree, name):
    hand.click(tree.viewport(), tree.visualItemRect(row_of(tree, name)).center())


def seen(view, row, column):
    """The middle of a pixel of an image view, in the widget."""
    return view.to_widget(QPointF(column + 0.5, row + 0.5))


# -- slices


def test_steps_and_dates_of_a_slice(opened, hand, find, settle):
    row = opened.data_dock.widget().slice.rows[0]
    at = opened.session.recipe.source.index[0]
    assert row.label.text() == f"2000-01-0{at + 1}"
    hand.click(find(opened, "sliceOn_time"))
    settle(opened)
    assert opened.session.recipe.source.index == (at + 1,)
    assert row.label.text() == f"2000-01-0{at + 2}"
    np.testing.assert_allclose(physical(opened), truth()[at + 1, ::-1], atol=0.006)
    hand.click(find(opened, "sliceBack_time"))
    settle(opened)
    assert opened.session.recipe.source.index == (at,)
    assert not find(opened, "sliceBack_time").isEnabled() or at > 0
    assert "first" in find(opened, "sliceBack_time").toolTip() or at > 0


def test_a_drag_of_the_slider_shows_the_newest_slice_and_is_one_undo(opened, find, settle):
    session, before = opened.session, opened.session.recipe
    slider, shown = find(opened, "sliceSlider_time"), []
    opened.files.opened.connect(lambda: shown.append(session.recipe.source.index[0]))
    slider.setSliderDown(True)
    for index in (1, 2, 3, 1, 2, 4):
        slider.setSliderPosition(index)
    settle(opened)
    slider.setSliderDown(False)
    settle(opened)
    assert session.recipe.source.index == (4,)
    assert shown[-1] == 4
    assert len(shown) <= 2, "the one on its way and the newest, not a queue of six"
    session.undo()
    assert session.recipe == before
    assert slider.value() == before.source.index[0]
    settle(opened)


def test_slices_play(opened, hand, find, wait, settle):
    start = opened.session.recipe.source.index[0]
    hand.click(find(opened, "slicePlay_time"))
    wait(lambda: opened.session.recipe.source.index[0] == (start + 2) % TIMES)
    hand.click(find(opened, "slicePlay_time"))
    settle(opened)
    at = opened.session.recipe.source.index
    QTest.qWait(450)
    assert opened.session.recipe.source.index == at, "it stands"


def test_the_axes_are_swapped_and_chosen(opened, hand, find, settle):
    at = opened.session.recipe.source.index[0]
    hand.click(find(opened, "swapAxesButton"))
    settle(opened)
    assert opened.session.recipe.source.axes == (2, 1)
    assert opened.session.facts.field.values.shape == (NX, NY)
    hand.click(find(opened, "swapAxesButton"))
    settle(opened)
    np.testing.assert_allclose(physical(opened), truth()[at, ::-1], atol=0.006)
    combo = find(opened, "rowsCombo")
    combo.setCurrentIndex(combo.findText("time"))
    combo.activated.emit(combo.currentIndex())
    settle(opened)
    assert opened.session.recipe.source.axes == (0, 2), "time runs down, longitude still right"
    np.testing.assert_allclose(opened.session.facts.field.values, truth()[:, NY // 2], atol=0.006)
    assert opened.findChild(object, "slice_lat").value() == NY // 2


def test_a_swap_shows_in_the_axes_of_a_file_that_names_none(window, tmp_path, hand, find, settle):
    path = tmp_path / "plain.h5"
    with h5py.File(path, "w") as file:
        file["v"] = ramp(60, 24).reshape(3, 20, 24)
    drop(window, path)
    settle(window)
    combos = find(window, "rowsCombo"), find(window, "columnsCombo")
    assert [combo.currentText() for combo in combos] == ["row", "column"]
    hand.click(find(window, "swapAxesButton"))
    settle(window)
    assert [combo.currentText() for combo in combos] == ["column", "row"]


def test_the_sides_of_a_pixel_are_both_told_where_they_differ(window, tmp_path, settle):
    name = attach(
        write(tmp_path / "north.nc", ramp(40, 40), {"units": "K"}), "v",
        lat=(60 + 0.25 * np.arange(-20, 20), {"units": "degrees_north"}),
        lon=(0.25 * np.arange(40), {"units": "degrees_east"}),
    )  # fmt: skip
    drop(window, name)
    settle(window)
    assert "pixels 27.80 × 13.9" in window.data_dock.widget().region.text()


def test_a_pixel_through_time_and_back_to_a_slice(opened, hand, find, wait, settle):
    view = opened.field.view
    hand.click(view, seen(view, 10, 20))
    wait(lambda: find(opened, "seriesPlot").isVisible())
    plot = find(opened, "seriesPlot")
    np.testing.assert_allclose(plot.values(), truth()[:, NY - 11, 20], atol=0.006)
    assert "row 10, column 20 along time" in opened.field.series.text.text()
    assert plot.text_at(3) == "2000-01-04"
    hand.click(plot, plot.pixel_of(3))
    settle(opened)
    assert opened.session.recipe.source.index == (3,)
    assert plot.isVisible(), "it belongs to the variable, whichever slice is shown"
    hand.click(find(opened, "closeSeriesButton"))
    assert not plot.isVisible()


# -- the tree


def test_a_variable_in_detail_with_its_small_picture(opened, hand, find, wait):
    tree, details = find(opened, "dataTree"), find(opened, "detailsView")
    wait(lambda: opened.browser.preview("/sst") is not None)
    wait(lambda: not row_of(tree, "sst").icon(0).isNull())
    click_row(hand, tree, "sst")
    rows = {details.topLevelItem(i).text(0): details.topLevelItem(i) for i in range(details.topLevelItemCount())}
    assert (rows["type"].text(1), rows["type"].text(2)) == ("int16", "K")
    middle = truth()[TIMES // 2]
    stored = np.round((middle - 280) / 0.01)
    shown = [float(part.replace("\N{MINUS SIGN}", "-")) for part in rows["range"].text(1).split(" … ")]
    assert shown == [np.nanmin(stored), np.nanmax(stored)]
    low, high = (float(part) for part in rows["range"].text(2).removesuffix(" K").split(" … "))
    assert low == pytest.approx(np.nanmin(middle), abs=0.006)
    assert high == pytest.approx(np.nanmax(middle), abs=0.006)
    assert rows["missing"].text(1) == "-32768"
    assert any("sea temperature" in details.topLevelItem(i).text(0) for i in range(details.topLevelItemCount()))
    click_row(hand, tree, "lat")
    assert details.node().path == "/lat"


def test_one_click_says_what_a_second_one_does(opened, hand, find, wait, settle):
    tree, details, hint = find(opened, "dataTree"), find(opened, "detailsView"), "Double-click it to show its picture"
    click_row(hand, tree, "sst")
    assert details.topLevelItem(0).text(0) == "name", "it is on screen"
    QTest.keyClicks(find(opened, "treeFilter"), "rain")
    found = find(opened, "matchTree")
    wait(lambda: found.topLevelItemCount() == 1)
    at = found.visualItemRect(found.topLevelItem(0)).center()
    QTest.mouseClick(found.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert details.node().path == "/inner/rain" and details.topLevelItem(0).text(0) == hint
    QTest.mouseDClick(found.viewport(), Qt.MouseButton.LeftButton, pos=at)
    wait(lambda: opened.session.recipe.source.dataset == "/inner/rain")
    settle(opened)
    assert details.node().path == "/inner/rain" and details.topLevelItem(0).text(0) == "name"


def test_a_variable_is_found_by_a_word_and_opened(opened, hand, find, wait, settle):
    box, found = find(opened, "treeFilter"), find(opened, "matchTree")
    QTest.keyClicks(box, "RAI")
    wait(lambda: found.topLevelItemCount() == 1)
    assert found.topLevelItem(0).text(0) == "inner/rain"
    assert not find(opened, "dataTree").isVisible()
    at = found.visualItemRect(found.topLevelItem(0)).center()
    QTest.mouseClick(found.viewport(), Qt.MouseButton.LeftButton, pos=at)
    QTest.mouseDClick(found.viewport(), Qt.MouseButton.LeftButton, pos=at)
    wait(lambda: opened.session.recipe.source.dataset == "/inner/rain")
    settle(opened)
    box.clear()
    wait(find(opened, "dataTree").isVisible)


def test_a_very_large_group_comes_in_portions_and_a_cycle_opens_level_by_level(window, tmp_path, find, wait, settle):
    settle(window)
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for i in range(1300):
            file.create_dataset(f"g/v{i:04}", data=np.arange(3))
        file["g"]["round"] = file["/"]
        file["picture"] = ramp(40, 40)
    window.open_file(str(tmp_path / "many.h5"))
    settle(window)
    tree, counts = find(window, "dataTree"), []
    window.browser.listed.connect(lambda group, nodes: counts.append(len(nodes)))
    row_of(tree, "g").setExpanded(True)
    wait(lambda: row_of(tree, "g").childCount() == 1301)
    assert counts[0] == 100, "the first rows do not wait for the others"
    assert counts == [100, *6 * [200], 1]
    inner = row_of(tree, "round")
    inner.setExpanded(True)
    wait(lambda: inner.childCount() == 2)
    assert errors(window) == []


def test_the_open_variable_is_selected_deep_in_closed_groups(window, tmp_path, hand, find, wait, settle):
    settle(window)
    with h5py.File(tmp_path / "deep.h5", "w") as file:
        for name in [f"a{i}" for i in range(150)]:  # more than a first portion
            file.create_group(name)
        file["z/inner/rain"], file["z/inner/wind"] = ramp(40, 40), ramp(30, 30)
        file["z/inner/rain"].attrs["units"] = "mm"
    window.open_file(str(tmp_path / "deep.h5"))
    settle(window)
    tree, details = find(window, "dataTree"), find(window, "detailsView")
    wait(lambda: details.node() is not None and details.node().path == "/z/inner/rain")
    assert tree.currentItem() is row_of(tree, "rain")
    assert row_of(tree, "inner").isExpanded() and row_of(tree, "z").isExpanded()
    assert tree.viewport().rect().intersects(tree.visualItemRect(tree.currentItem())), "it is scrolled to"
    assert not row_of(tree, "a0").isExpanded(), "no other group is opened"
    click_row(hand, tree, "wind")
    assert details.node().path == "/z/inner/wind", "looking at another one is left to the hand"
    find(window, "swapAxesButton").click()
    settle(window)
    assert details.node().path == "/z/inner/wind", "and a turned picture of the same variable does not take it away"


def test_a_link_to_another_file_is_followed_only_on_request(window, tmp_path, find, wait, settle):
    settle(window)
    write(tmp_path / "other.h5", ramp(40, 50), {"units": "m"})
    with h5py.File(tmp_path / "links.h5", "w") as file:
        file["here"] = ramp(30, 30)
        file["there"] = h5py.ExternalLink("other.h5", "/v")
    window.open_file(str(tmp_path / "links.h5"))
    settle(window)
    tree = find(window, "dataTree")
    wait(lambda: tree.topLevelItemCount() == 2)
    node = tree.node(row_of(tree, "there"))
    assert "other.h5, which is not followed" in node.why
    menu = tree.menu_of(node)
    follow = next(action for action in menu.actions() if "Follow" in action.text())
    assert window.session.facts.field.values.shape == (30, 30)
    follow.trigger()
    menu.close()
    wait(lambda: window.session.facts.field.units == "m")
    settle(window)
    assert window.data_dock.widget().tree.file.text() == "other.h5"


def test_recent_files_are_in_the_menu_and_in_the_settings(opened, good, find, settle):
    find(opened, "packagedAction").trigger()
    settle(opened)
    actions = opened.opening.recent.actions()
    assert [action.toolTip() for action in actions] == [good]
    assert opened.settings.recent() == [good]
    actions[0].trigger()
    settle(opened)
    assert opened.session.facts.field.units == "K"


def test_while_a_large_file_is_read_the_old_pictures_fade_under_its_name(
    window, tmp_path, hand, find, wait, settle, monkeypatch, badge
):
    settle(window)
    views = [find(window, name) for name in ("fieldView", "forwardView", "reverseView")]
    named, said = window.toolbar.field.text(), badge(window.reverse.view)
    title = window.windowTitle()
    monkeypatch.setattr("diffview.gui.jobs.reading.ReaderProcess.poll", lambda reader: [])  # nothing comes as yet
    path = write(tmp_path / "slow.h5", ramp(40, 40))
    window.open_file(path)
    assert not any(view.dimmed for view in views), "a short read does not flicker"
    wait(lambda: all(view.dimmed for view in views))
    assert window.toolbar.field.text() == "slow.h5 is being read…"
    assert window.windowTitle() == "slow.h5 is being read… · diffview"
    assert badge(views[0]) == "reading another…" and badge(views[2]) == "earlier run, another field"
    hand.click(find(window, "giveUpButton"))
    assert window.toolbar.field.text() == named and badge(window.reverse.view) == said == "made by the model"
    assert window.windowTitle() == title
    assert not any(view.dimmed for view in views)
    window.open_file(path)
    wait(lambda: all(view.dimmed for view in views))
    monkeypatch.undo()
    settle(window)
    assert not any(view.dimmed for view in views) and "being read" not in window.toolbar.field.text()
    assert window.windowTitle() == "v · diffview"
    assert window.session.facts.field.values.shape == (40, 40)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_readers_that_are_killed_in_any_state_are_replaced_and_what_they_read_is_asked_again_or_told(
    window, tmp_path, wait, settle, readers
):
    """Idle, while they start, and while a picture, its tree and the series of a pixel are awaited."""
    cube = np.random.default_rng(0).normal(280, 5, (6, 40, 40)).astype(np.float32)
    paths = [write(tmp_path / f"{name}.h5", cube[:, : 40 - i]) for i, name in enumerate("abcdef")]

    def kill():
        for number in readers():
            os.kill(number, signal.SIGKILL)

    settle(window)
    for moment, path in zip(("before", "starting", "asked", "soon", "later", "series"), paths, strict=True):
        before = window.session.facts.field
        if moment == "before":
            kill()
        window.open_file(path)
        if moment == "starting":
            kill()
        elif moment in ("soon", "later"):
            QTest.qWait(5 if moment == "soon" else 60)
            kill()
        elif moment == "asked":
            wait(lambda: bool(readers()))
            kill()
        settle(window)
        if moment == "series":
            window.browser.read_pixel(3, 4)
            kill()
            settle(window)
        told = [message.sentence for message in window.heard]
        if window.session.facts.field is before:
            assert any(f"The reader stopped while reading {path}" in sentence for sentence in told), (moment, told)
            window.open_file(path)
            settle(window)
        assert window.session.facts.field.values.shape == (40 - paths.index(path), 40), moment
        assert not any("mistake" in sentence for sentence in told), told


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_read_that_takes_long_can_be_given_up_by_a_button(window, tmp_path, hand, find, wait, settle, monkeypatch):
    settle(window)
    field = window.session.facts.field
    monkeypatch.setattr("diffview.gui.jobs.reading.ReaderProcess.poll", lambda reader: [])  # nothing ever comes
    window.open_file(write(tmp_path / "slow.h5", ramp(40, 40)))
    button = find(window, "giveUpButton")
    wait(button.isVisible)
    assert "Reading slow.h5" in window.status.left.text()
    hand.click(button)
    monkeypatch.undo()
    assert not window.files.reading.opening
    assert not button.isVisible()
    settle(window)
    assert window.session.facts.field is field


# -- region, resolution, fit set


def test_a_new_region_is_drawn_with_the_mouse(opened, hand, find, settle):
    view, button = opened.field.view, find(opened, "drawRegionButton")
    before = opened.session.recipe
    hand.click(button)
    hand.drag(view, seen(view, 50, 60), seen(view, 40, 40), seen(view, 29, 20))
    region = opened.session.recipe.source.region
    assert abs(region.row - 29) <= 1 and abs(region.column - 20) <= 1
    assert abs(region.ny - 21) <= 1 and abs(region.nx - 40) <= 1
    assert not button.isChecked(), "one at a time"
    settle(opened)
    opened.session.undo()
    assert opened.session.recipe == before
    settle(opened)


def test_an_edge_of_the_frame_is_dragged(opened, hand, settle):
    opened.session.edit(region=Region(10, 10, 24, 24))
    view = opened.field.view
    hand.drag(view, view.to_widget(QPointF(34, 22)), view.to_widget(QPointF(40, 23)), view.to_widget(QPointF(50, 24)))
    assert opened.session.recipe.source.region == Region(10, 10, 24, 40)
    settle(opened)


def test_a_working_resolution_is_chosen_said_and_undone(opened, hand, find, settle):
    at = opened.session.recipe.source.index[0]
    hand.choose(find(opened, "resolutionCombo"), "2 mean")
    settle(opened)
    wanted = coarsened(truth()[at, ::-1].astype(np.float32), 2, "mean")
    np.testing.assert_allclose(opened.session.facts.field.values, wanted, atol=0.006)
    assert "the mean of 2 x 2 stored ones" in opened.data_dock.widget().notes.text()
    assert opened.session.facts.earth.latitude.shape == (NY // 2, NX // 2)
    assert opened.session.facts.field.pixel_km[0] == pytest.approx(2 * 60 / (NY - 1) * 111.195, rel=1e-3)
    opened.session.undo()
    assert opened.session.facts.field.values.shape == (NY, NX)
    assert find(opened, "resolutionCombo").currentData() == "1 mean"
    settle(opened)
    hand.choose(find(opened, "resolutionCombo"), "8 mean")
    settle(opened)
    assert "would have only 7 x 10" in errors(opened)[-1]
    assert find(opened, "resolutionCombo").currentData() == "1 mean"


def test_the_fit_set_is_chosen_and_counted(opened, hand, find, settle):
    opened.session.edit(region=Region(20, 10, 16, 16))
    text = find(opened, "fitSetText")
    hand.choose(find(opened, "fitSetCombo"), "slices")
    settle(opened)
    assert text.text().startswith(f"Fitted to {TIMES - 1} other slices of 16 × 16")
    hand.choose(find(opened, "fitSetCombo"), "both")
    settle(opened)
    assert f"crops and {TIMES - 1} other slices" in text.text()
    opened.session.undo()
    assert opened.session.recipe.denoiser.fit_set == "slices"
    settle(opened)


def test_crops_with_gaps_are_fitted_to_where_it_is_wished_and_can_be(window, tmp_path, hand, find, settle):
    settle(window)
    values = np.random.default_rng(0).normal(280, 5, (64, 64)).astype(np.float32)
    values[::8, ::8] = np.nan
    window.open_file(write(tmp_path / "holes.h5", values))
    settle(window)
    limit, model = find(window, "missingLimitCombo"), find(window, "modelCombo")
    window.session.edit(region=Region(0, 0, 16, 16), model="local")
    settle(window)
    assert not limit.isEnabled() and "complete ones" in limit.toolTip()
    hand.choose(model, "gaussian")
    settle(window)
    assert window.session.plan.refusal is not None
    run, refusal = find(window, "runButton"), window.session.plan.refusal
    assert refusal.sentence in window.message_bar.text() and not run.isEnabled()
    hand.choose(limit, 0.05)
    settle(window)
    assert window.session.plan.refusal is None
    assert "Up to 5 % of a crop may be missing" in find(window, "fitSetText").text()
    window.session.undo()
    assert window.session.recipe.denoiser.missing_limit == 0 and limit.currentData() == 0
    settle(window)


# -- on Earth


def test_a_radar_sweep_has_rulers_and_places(window, tmp_path, hand, find, wait, settle):
    settle(window)
    noise = np.random.default_rng(0).integers(20, 200, (360, 200)).astype(np.uint8)
    where = {"nbins": 200, "rscale": 1000.0, "rstart": 0.0, "elangle": 0.5, "lat": 52.0, "lon": 5.0, "height": 50.0}
    with h5py.File(tmp_path / "sweep.h5", "w") as file:
        file.attrs["Conventions"] = np.bytes_("ODIM_H5/V2_2")
        file["dataset1/data1/data"] = noise
        file.create_group("dataset1/data1/what").attrs.update({"quantity": np.bytes_("DBZH"), "gain": 0.5})
        file.create_group("dataset1/where").attrs.update(where)
    window.open_file(str(tmp_path / "sweep.h5"))
    settle(window)
    wait(lambda: window.session.facts.earth is not None)
    down, across = window.field.rulers
    assert {"90°", "180°", "270°"} <= {text for _, text in down.ticks()}
    assert [text for _, text in across.ticks()][-1] == "200"
    assert "index" not in window.field.caption.text()
    hand.mouse(window.field.view, QEvent.Type.MouseMove, seen(window.field.view, 90, 40))
    latitude, longitude = window.session.facts.earth.at(90.5, 40.5)
    assert abs(latitude - 52) < 0.02 and 5.5 < longitude < 5.7, "40 km east"
    assert f"{latitude:.2f}° N, {longitude:.2f}° E" in window.status.right.text()


def test_degrees_coasts_and_the_place_under_the_pointer(opened, hand, find, settle):
    view = opened.field.view
    assert view.lines() is not None
    texts = [text for _, text in opened.field.rulers[0].ticks()]
    assert texts == ["30° S", "15° S", "0°", "15° N", "30° N"]
    hand.mouse(view, QEvent.Type.MouseMove, seen(view, 0, 0))
    assert "30.00° N, 0.00°" in opened.status.right.text()
    assert opened.forward.view.lines() is not None, "noise was put into a place"
    opened.session.edit(origin="noise")
    settle(opened)
    assert opened.reverse.view.lines() is None, "what a model makes of noise has none"
    opened.session.edit(origin="field", level=1.0, region=Region(20, 10, 16, 16))
    settle(opened)
    assert opened.reverse.view.lines() is not None
    find(opened, "coastAction").trigger()
    assert view.lines() is None and opened.forward.view.lines() is None and opened.reverse.view.lines() is None


def test_a_picture_without_coordinates_is_by_index_and_says_so(window, tmp_path, settle):
    settle(window)
    window.open_file(write(tmp_path / "plain.h5", np.random.default_rng(0).normal(0, 1, (60, 70))))
    settle(window)
    assert window.session.facts.earth is None
    assert window.field.view.lines() is None
    assert "by index" in window.field.caption.text()
    assert "20" in [text for _, text in window.field.rulers[0].ticks()]


def test_a_swath_is_a_strip_and_the_region_slides_along(window, tmp_path, hand, find, settle):
    settle(window)
    window.open_file(write(tmp_path / "swath.h5", np.random.default_rng(0).normal(0, 1, (600, 40))))
    settle(window)
    QApplication.processEvents()
    strip, view = find(window, "stripView"), window.field.view
    assert strip.isVisible() and strip.vertical()
    assert view.pixel_size() > 3, "a part of it, large"
    before = window.session.recipe
    top, bottom = QPointF(strip.width() / 2, 20), QPointF(strip.width() / 2, strip.height() * 0.9)
    hand.drag(strip, top, bottom)
    region = window.session.recipe.source.region
    assert region.row == pytest.approx(0.9 * 600 - region.ny / 2, abs=3)
    QApplication.processEvents()
    assert view.seen_rect().contains(5, region.row + region.ny / 2), "the view goes along"
    settle(window)
    window.session.undo()
    assert window.session.recipe == before
    settle(window)


def test_the_region_is_read_alone_and_all_of_it_again(opened, hand, find, wait, settle):
    opened.session.edit(region=Region(20, 10, 30, 40))
    settle(opened)
    at, button = opened.session.recipe.source.index[0], find(opened, "cropButton")
    hand.click(button)
    settle(opened)
    np.testing.assert_allclose(opened.session.facts.field.values, truth()[at, ::-1][20:50, 10:50], atol=0.006)
    assert opened.session.plan.model.source.shape[1:] == (30, 40), "the other slices are read alone too"
    wait(lambda: opened.session.facts.earth is not None)
    assert opened.session.facts.earth.at(0.5, 0.5)[0] == pytest.approx(np.linspace(30, -30, NY)[20], abs=1e-4)
    view = opened.field.view
    hand.click(view, seen(view, 3, 4))
    wait(lambda: find(opened, "seriesPlot").isVisible())
    np.testing.assert_allclose(find(opened, "seriesPlot").values(), truth()[:, NY - 1 - 23, 14], atol=0.006)
    opened.session.edit(region=Region(5, 6, 16, 16))
    hand.click(button)
    settle(opened)
    assert opened.session.facts.field.values.shape == (NY, NX)
    assert opened.session.recipe.source.region == Region(25, 16, 16, 16)
    opened.session.undo()
    settle(opened)
    assert opened.session.facts.field.values.shape == (30, 40)
    assert button.isChecked()


def test_a_map_waits_for_nobody_and_comes_back_with_an_undo(opened, find, settle, wait):
    place = opened.session.facts.earth
    find(opened, "packagedAction").trigger()
    settle(opened)
    wait(lambda: opened.session.facts.earth is not None)
    assert opened.field.view.lines() is not None, "Iceland and Europe"
    opened.session.undo()
    assert opened.session.facts.earth is place
    settle(opened)


def test_giving_up_a_slice_keeps_what_was_asked_for_quietly(window, good, settle, wait):
    settle(window)
    drop(window, good)
    wait(lambda: window.session.recipe.source.path == good)  # its labels and its place are still on their way
    window.open_file(good, "inner/rain")
    window.files.reading.cancel()  # at once, as no key could
    settle(window)
    wait(lambda: window.session.facts.earth is not None)
    assert window.browser.labels["time"].dates
    assert window.session.recipe.source.path == good


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="a pipe stands for a file that is read without end")
def test_another_file_waits_for_nothing_of_the_one_before(window, good, tmp_path, settle, wait):
    settle(window)
    drop(window, good)
    wait(lambda: window.session.recipe.source.path == good)  # its labels and its place may be on their way
    window.open_file(str(tmp_path / "gone.nc"))
    settle(window)
    assert errors(window) == [f"{tmp_path / 'gone.nc'} does not exist."]
    wait(lambda: window.browser.labels and window.session.facts.earth is not None)  # they were asked for again
    os.mkfifo(tmp_path / "slow")
    window.files.reading.ask(print, "os:open", quiet=True, path=str(tmp_path / "slow"), flags=os.O_RDONLY)
    window.open_file(good_file(tmp_path / "other.nc"))
    wait(lambda: window.session.recipe.source.path == str(tmp_path / "other.nc"))
    settle(window)


def test_a_variable_written_without_its_root_is_the_same_variable(opened, good, settle):
    opened.session.edit(region=Region(10, 10, 24, 30))
    opened.files.open(good, "sst", (3,))
    settle(opened)
    assert opened.session.recipe.source.index == (3,)
    assert opened.session.recipe.source.region == Region(10, 10, 24, 30), "another slice keeps the region"
