"""Other people's files: a good one with everything in it, bad ones of every kind, recipes."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from readers_twins import attach, real_files, write

from diffview.fields.field import Region
from diffview.forward.schedules import Cosine
from diffview.runs.recipe import Recipe

NY, NX, TIMES, FILL = 60, 80, 5, -32768


def truth():
    """Temperatures [time, lat, lon] in K, latitude from south to north; the last columns of the north are missing."""
    rng = np.random.default_rng(7)
    t, y, x = np.meshgrid(np.arange(TIMES), np.linspace(-1, 1, NY), np.linspace(0, 6, NX), indexing="ij")
    values = 280 + 20 * y + 5 * np.sin(x + t) + rng.normal(0, 1, t.shape)
    values[:, -6:, -5:] = np.nan
    return values


def good_file(path):
    """`truth`, packed as int16 in a netCDF-4 file with dimension scales."""
    packed = np.round((truth() - 280) / 0.01)
    packed = np.where(np.isnan(packed), FILL, packed).astype(np.int16)
    facts = {"scale_factor": 0.01, "add_offset": 280.0, "_FillValue": np.int16(FILL), "units": "K",
             "long_name": "sea temperature"}  # fmt: skip
    name = write(path, packed, facts, "sst")
    attach(
        name, "sst",
        time=(np.arange(TIMES, dtype="f8"), {"units": "days since 2000-01-01", "standard_name": "time"}),
        lat=(np.linspace(-30, 30, NY), {"units": "degrees_north", "standard_name": "latitude"}),
        lon=(np.linspace(0, 80, NX), {"units": "degrees_east", "standard_name": "longitude"}),
    )  # fmt: skip
    write(path, np.ones((NY, NX), np.float32) * np.arange(NX, dtype=np.float32), {"units": "mm"}, "inner/rain")
    return name


def drop(window, *paths):
    """Drop files on the window."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(path) for path in paths])
    place = QPointF(window.rect().center())
    how = Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(place.toPoint(), *how)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    QApplication.sendEvent(window, QDropEvent(place, *how))


@pytest.fixture
def good(tmp_path):
    return good_file(tmp_path / "sea.nc")


@pytest.fixture
def opened(window, good, settle):
    """A window in which the good file was dropped."""
    settle(window)
    drop(window, good)
    settle(window)
    assert errors(window) == []
    return window


def errors(window):
    return [m.sentence for m in window.heard if m.kind == "error"]


def tree_items(window, find):
    every = Qt.MatchFlag.MatchWildcard | Qt.MatchFlag.MatchRecursive
    return {item.text(0): item for item in find(window, "dataTree").findItems("*", every)}


def physical(window):
    """What FIELD shows, in physical units."""
    view, transform = window.field.view, window.session.plan.transform
    shape = view.indices().shape
    values = [[view.value_at(r, c) for c in range(shape[1])] for r in range(shape[0])]
    return transform.inverse(np.array(values, dtype=np.float64))


def test_a_dropped_file_is_decoded_north_up_with_its_units(opened, find):
    window, field = opened, opened.session.facts.field
    index = opened.session.recipe.source.index[0]
    shown, expected = physical(window), truth()[index, ::-1]
    np.testing.assert_array_equal(np.isnan(shown), np.isnan(expected))
    np.testing.assert_allclose(shown, expected, atol=0.006)
    assert shown[2, 5] > shown[-3, 5] + 20, "the warm north is at the top"
    assert field.units == "K"
    assert "K" in window.scales.bar.accessibleDescription()
    assert "K" in window.toolbar.field.text()
    low, high = (window.session.plan.transform.inverse(z) for z in window.session.view.limits)
    assert all(low <= value <= high for value, _ in window.scales.bar.ticks())
    assert len(window.scales.bar.ticks()) >= 3
    assert window.data_dock.widget().tree.file.text() == "sea.nc"
    assert "sea temperature" in window.toolbar.field.text() or "sst" in window.toolbar.field.text()


def test_missing_values_keep_their_own_colour(opened, find, settle):
    view = find(opened, "fieldView")
    picture = view.image()
    assert picture.pixelColor(NX - 1, 0).alpha() == 0
    assert picture.pixelColor(0, 0).alpha() == 255
    assert view.value_at(0, NX - 1) is None
    bar = opened.scales.bar
    shown = bar.grab().toImage()
    bar.set_no_data_shown(False)
    assert bar.grab().toImage() != shown, "the bar says which colour means that there are no data"
    region = opened.session.plan.region
    assert not np.isnan(opened.session.plan.x0).any()
    assert (region.ny, region.nx) >= (48, 48)


def test_the_tree_is_filled_and_groups_open(opened, hand, find, wait, settle):
    items = tree_items(opened, find)
    assert {"sst", "lat", "lon", "time", "inner"} <= set(items)
    assert items["sst"].text(1) == f"{TIMES} × {NY} × {NX}"
    assert items["sst"].text(2) == "K"
    items["inner"].setExpanded(True)
    wait(lambda: "rain" in tree_items(opened, find))
    rain = tree_items(opened, find)["rain"]
    find(opened, "dataTree").itemActivated.emit(rain, 0)
    wait(lambda: opened.session.facts.field.units == "mm")
    settle(opened)
    assert opened.session.recipe.source.dataset == "/inner/rain"
    assert "mm" in opened.scales.bar.accessibleDescription()
    assert opened.findChild(object, "slice_time") is None
    opened.session.undo()
    assert opened.session.facts.field.units == "K"
    settle(opened)


def test_the_slice_is_chosen_and_the_picture_changes(opened, hand, find, wait, settle):
    spin = find(opened, "slice_time")
    assert (spin.minimum(), spin.maximum()) == (0, TIMES - 1)
    for index in (3, 1):
        hand.type_number(find(opened, "slice_time"), str(index))
        wait(lambda index=index: opened.session.recipe.source.index == (index,))
        settle(opened)
        np.testing.assert_allclose(physical(opened), truth()[index, ::-1], atol=0.006)
        assert find(opened, "slice_time").value() == index


def test_another_slice_keeps_the_region(opened, hand, find, settle):
    asked = Region(2, 3, 20, 20)
    assert opened.session.edit(region=asked)
    hand.type_number(find(opened, "slice_time"), "1")
    settle(opened)
    assert opened.session.recipe.source.index == (1,)
    assert opened.session.recipe.source.region == asked


def test_slices_are_looked_at_in_the_region_that_the_first_was_opened_with(opened, hand, find, settle):
    first = opened.session.plan.region
    assert opened.session.recipe.source.region is None
    for index in ("1", "3"):
        hand.type_number(find(opened, "slice_time"), index)
        settle(opened)
        assert opened.session.plan.region == opened.session.recipe.source.region == first


def test_another_slice_paints_the_schedule_and_the_axes_of_the_spectrum_no_more(
    opened, hand, find, settle, monkeypatch
):
    hand.type_number(find(opened, "slice_time"), "2")
    settle(opened)
    painted = []
    for plot in (opened.timeline.plot, opened.diagnostics.spectrum):
        monkeypatch.setattr(plot, "lay_out", lambda plot=plot: painted.append(plot.objectName()))
    monkeypatch.setattr(opened.timeline.plot, "redraw", lambda: painted.append("background"))
    bar = []
    monkeypatch.setattr(opened.scales.bar, "set_scale", lambda *scale: bar.append(scale))
    hand.type_number(find(opened, "slice_time"), "1")
    settle(opened)
    assert opened.session.recipe.source.index == (1,)
    assert painted == bar == []


def test_other_slices_are_what_the_model_is_fitted_to(opened, settle):
    plan = opened.session.plan
    assert plan.model.source.shape == (TIMES - 1, NY, NX)
    region, index = plan.region, opened.session.recipe.source.index[0]
    others = np.delete(truth()[:, ::-1], index, axis=0)[(slice(None), *region.slices)]
    np.testing.assert_allclose(plan.transform.inverse(plan.model.crops()), others, atol=0.006)
    opened.live.start()
    settle(opened)
    assert opened.live.run.state == "finished"
    assert opened.live.run.plan.model is opened.session.plan.model


def test_opening_is_undone_and_the_packaged_field_comes_back(opened, find, settle):
    session = opened.session
    find(opened, "undoAction").trigger()
    settle(opened)
    assert session.recipe == QUICK
    assert session.facts.field.values.shape == (160, 256)
    assert opened.forward.view.indices().shape == (64, 64)
    find(opened, "redoAction").trigger()
    settle(opened)
    assert session.facts.field.values.shape == (NY, NX)
    find(opened, "packagedAction").trigger()
    settle(opened)
    assert session.facts.field.values.shape == (160, 256)


def test_a_file_on_the_command_line_is_opened_behind_the_window(open_window, good, wait, settle):
    window = open_window(QUICK, path=good, dataset="inner/rain")
    settle(window)
    assert window.session.facts.field.units == "mm"
    assert errors(window) == []
    assert "rain" in window.windowTitle()


def test_escape_gives_up_reading(window, good, hand, settle):
    settle(window)
    before = window.session.facts.field
    window.open_file(good)
    assert window.files.reading.busy
    assert "Reading" in window.status.left.text()
    hand.key(window, Qt.Key.Key_Escape)
    assert not window.files.reading.opening
    settle(window)
    assert window.session.facts.field is before
    window.open_file(good)
    settle(window)
    assert window.session.facts.field.units == "K"


def test_infinities_are_missing_values(window, tmp_path, settle):
    values = np.random.default_rng(0).normal(0, 1, (50, 50)).astype(np.float32)
    values[3, 4], values[7, 8] = np.inf, -np.inf
    window.open_file(write(tmp_path / "a.h5", values))
    settle(window)
    assert errors(window) == []
    mask = window.session.facts.field.mask
    assert mask.sum() == 2
    assert mask[3, 4]
    assert np.isfinite(window.session.plan.transform.std)


# -- bad files


def bad_files(folder):
    """Name of the case -> what to open and, with it, which dataset."""
    good = np.random.default_rng(0).normal(0, 1, (50, 50)).astype(np.float32)

    def data(name, values, **more):
        return write(folder / name, values, **more), None

    def raw(name, content):
        (folder / name).write_bytes(content)
        return str(folder / name), None

    whole, _ = data("whole.h5", good)
    content = (folder / "whole.h5").read_bytes()
    return {
        "missing": (str(folder / "nowhere.nc"), None),
        "directory": (str(folder), None),
        "text": raw("notes.txt", b"These are notes.\n"),
        "empty": raw("empty.h5", b""),
        "netCDF-3": raw("old.nc", b"CDF\x01" + bytes(100)),
        "HDF4": raw("old.hdf", b"\x0e\x03\x13\x01" + bytes(100)),
        "truncated": raw("cut.h5", content[: len(content) // 2]),
        "scrambled": raw("broken.h5", content[:8] + bytes(400) + content[408:]),
        "no such dataset": (whole, "nothing"),
        "line": data("line.h5", np.arange(40.0)),
        "strings": data("strings.h5", np.full((9, 9), b"abc")),
        "compound": data("compound.h5", np.zeros((9, 9), [("a", "i4"), ("b", "f8")])),
        "zero size": data("zero.h5", np.zeros((0, 12))),
        "all missing": data("hole.h5", np.full((40, 40), np.nan, np.float32)),
        "constant": data("flat.h5", np.full((40, 40), 5, np.float32)),
        "all infinite": data("inf.h5", np.full((40, 40), np.inf, np.float32)),
    }


def recipe_json(**changes):
    plain = json.loads(QUICK.to_json())
    plain.update(changes)
    return json.dumps(plain).encode()


def bad_recipes(folder):
    """Name of the case -> a recipe file that cannot be taken."""
    cases = {
        "unknown key": recipe_json(colour="blue"),
        "beta above 1": recipe_json(schedule={"key": "linear", "beta_end": 1.5}),
        "beta 0": recipe_json(schedule={"key": "linear", "beta_start": 0.0}),
        "no schedule of that name": recipe_json(schedule={"key": "magic"}),
        "steps 0": recipe_json(steps=0),
        "words for numbers": recipe_json(steps="many"),
        "schedule as a list": recipe_json(schedule=[1, 2]),
        "not a recipe": b"{}",
        "not JSON": b"{{{",
        "not text": b"\xff\xfe\x00{",
        "missing file": recipe_json(path="/nowhere/at/all.nc"),
    }
    for name, content in cases.items():
        (folder / f"{name}.json").write_bytes(content)
    found = {f"recipe, {name}": (str(folder / f"{name}.json"), None) for name in cases}
    return {**found, "recipe, missing": (str(folder / "no.json"), None)}


@pytest.mark.parametrize("make", [bad_files, bad_recipes])
def test_a_bad_file_costs_one_sentence_and_nothing_on_screen(window, tmp_path, find, settle, make):
    settle(window)
    session, bar, wrong = window.session, find(window, "messageBar"), {}
    find(window, "timeSlider").setValue(300)
    views = [window.field.view, window.forward.view, window.reverse.view]

    def state():
        arrays = [view.indices().tobytes() for view in views]
        return arrays, session.recipe, session.facts, session.plan, session.view, window.live.run, window.live.step

    before = state()
    for case, (path, dataset) in make(tmp_path).items():
        window.heard.clear()
        bar.clear()
        window.open_file(path, dataset)
        settle(window)
        told = [m for m in window.heard if m.kind == "error"]
        fine = len(told) == len(window.heard) == 1 and told[0].sentence.endswith(".") and told[0].hint
        clean = not any(word in bar.text() for word in ("Traceback", "made a mistake", "Error:", "None"))
        if not (fine and clean and bar.isVisible() and told[0].sentence in bar.text()):
            wrong[case] = [(m.sentence, m.hint) for m in window.heard]
        elif state() != before:
            wrong[case] = "what was on screen changed"
    assert wrong == {}
    assert not session.can_undo()


def test_a_message_names_the_file_and_the_dataset(window, tmp_path, settle):
    path = write(tmp_path / "a file.h5", np.arange(40.0), name="row")
    window.open_file(path, "row")
    settle(window)
    assert "a file.h5" in window.message_bar.text()
    assert "row" in window.message_bar.text()


def test_an_empty_picture_claims_no_origin(window, tmp_path, settle, badge):
    window.session.edit(model="local")
    settle(window)
    assert badge(window.reverse.view) == "made by the model"
    drop(window, write(tmp_path / "tiny.h5", np.arange(100, dtype=np.float32).reshape(10, 10)))
    settle(window)
    assert window.live.step is None, "too small to fit the model to"
    assert badge(window.reverse.view) == ""


def test_after_a_bad_file_a_good_one_opens(window, good, tmp_path, settle):
    (tmp_path / "bad.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(64))
    window.open_file(str(tmp_path / "bad.h5"))
    settle(window)
    assert len(errors(window)) == 1
    window.open_file(good)
    settle(window)
    assert window.session.facts.field.units == "K"


def test_files_are_looked_for_at_home_and_then_beside_the_last_one(window, good, find, settle, monkeypatch):
    asked = []

    def dialog(parent, title, folder, kinds):
        asked.append(folder)
        return [good] if len(asked) == 1 else [], ""

    monkeypatch.setattr("diffview.gui.window.opening.QFileDialog.getOpenFileNames", dialog)
    for _ in range(2):
        find(window, "openAction").trigger()
        settle(window)
    assert asked == [str(Path.home()), str(Path(good).parent)], "not the package's own folder"


# -- recipes


def test_a_recipe_is_saved_and_opened(window, tmp_path, find, settle, monkeypatch):
    path = str(tmp_path / "mine.json")
    monkeypatch.setattr("diffview.gui.window.opening.QFileDialog.getSaveFileName", lambda *a, **k: (path, ""))
    monkeypatch.setattr("diffview.gui.window.opening.QFileDialog.getOpenFileNames", lambda *a, **k: ([path], ""))
    window.session.edit(schedule=Cosine(), steps=9)
    window.session.edit(seed=5)
    mine = window.session.plan.settled  # with the numbers that were fitted
    find(window, "saveRecipeAction").trigger()
    assert "mine.json" in window.message_bar.text()
    assert Recipe.from_json((tmp_path / "mine.json").read_text()).without_view == mine
    window.session.edit(seed=6, steps=3, schedule=QUICK.course.schedule)
    find(window, "openAction").trigger()
    settle(window)
    assert window.session.recipe == mine
    assert find(window, "stepsSpin").value() == 9
    assert window.live.run.plan.recipe == mine


def test_a_recipe_brings_its_file(open_window, good, tmp_path, settle):
    recipe = QUICK.but(path=good, dataset="/sst", index=(2,), region=None)
    (tmp_path / "r.json").write_text(recipe.to_json())
    window = open_window()
    window.open_file(str(tmp_path / "r.json"))
    settle(window)
    assert errors(window) == []
    np.testing.assert_allclose(physical(window), truth()[2, ::-1], atol=0.006)


# -- real ones

REAL = [p for p in real_files("h5") if p.stat().st_size < 30e6][:12]


@pytest.mark.skipif(not REAL, reason="the folder of real files is not there")
def test_real_files_open_or_say_why_not(open_window, find, settle):
    window = open_window(QUICK.but(steps=3))
    settle(window)
    window.session.look(auto_run=False)
    wrong, shown = {}, 0
    for path in REAL:
        window.heard.clear()
        window.open_file(str(path))
        settle(window)
        bad = [m for m in window.heard if m.kind == "error"]
        field = window.session.facts.field
        if bad:
            fine = len(bad) == 1 and bad[0].sentence.endswith(".") and bad[0].hint
            if not fine or "mistake" in bad[0].sentence:
                wrong[path.name] = bad
        elif field.provenance["path"] != str(path):
            wrong[path.name] = "it is not on screen"
        elif window.forward.view.indices().shape != window.session.plan.x0.shape:
            wrong[path.name] = "FORWARD does not show it"
        else:
            shown += 1
    assert wrong == {}
    assert shown >= len(REAL) // 2


def test_an_empty_reverse_says_why_nothing_can_be_run(open_window, tmp_path, settle):
    with h5py.File(tmp_path / "small.h5", "w") as file:
        file["v"] = np.random.default_rng(0).standard_normal((20, 20)).astype(np.float32)
    recipe = QUICK.but(model="local", region=None)
    window = open_window(recipe, path=str(tmp_path / "small.h5"), wait=False)
    settle(window)
    assert window.session.plan.refusal is not None and window.live.step is None
    assert window.reverse.view.placeholder.endswith(window.session.plan.refusal.sentence)


def test_the_tree_of_a_file_that_cannot_be_opened_gives_way_to_the_open_one(window, find, tmp_path, settle):
    tree, name = find(window, "dataTree"), find(window, "dataDock").widget().tree.file
    settle(window)
    rows = [tree.topLevelItem(i).text(0) for i in range(tree.topLevelItemCount())]
    assert "data" in rows
    (tmp_path / "broken.nc").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    window.open_file(str(tmp_path / "broken.nc"))
    settle(window)
    assert [tree.topLevelItem(i).text(0) for i in range(tree.topLevelItemCount())] == rows
    assert name.text() == "toa_brightness_temperature.nc"


def test_a_file_that_is_opened_while_a_run_is_played_is_played_to_its_end(open_window, tmp_path, wait, settle):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["v"] = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    window = open_window(pace=1.0, wait=False)
    wait(lambda: 0.2 < window.session.view.playhead < 0.9)
    window.open_file(str(tmp_path / "other.h5"))
    wait(lambda: window.session.facts.field.values.shape == (64, 64))
    settle(window)
    assert window.live.step.index == window.live.run.plan.steps and window.session.view.playhead < 0.01


def test_values_that_look_like_a_fill_are_masked_on_demand(open_window, tmp_path, hand, find, wait, settle):
    values = np.random.default_rng(0).normal(15, 2, (6, 48, 64)).astype(np.float32)
    values[:, :5, :7] = -9999
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["sst"] = values
        file["sst"].attrs["units"] = "degC"
    window = open_window(path=str(tmp_path / "a.h5"))
    settle(window)
    assert window.session.facts.field.values.min() == -9999
    bar = window.message_bar
    assert "-9999 of /sst may mean missing" in bar.text()
    hand.click(find(window, "messageAction"))
    wait(lambda: window.session.recipe.source.mask == (-9999.0,))
    settle(window)
    field = window.session.facts.field.values
    assert np.isnan(field).sum() == 35 and np.nanmin(field) > 0 and np.isnan(window.session.facts.stack).sum() == 5 * 35
    assert "may mean missing" not in bar.text()
    window.session.undo()
    settle(window)
    assert window.session.facts.field.values.min() == -9999
