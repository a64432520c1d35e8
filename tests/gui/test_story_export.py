"""What leaves the window: netCDF files, curves, and the clipboard."""

import resource

import numpy as np
import pytest
import xarray as xr
from conftest import QUICK
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from test_story_files import good_file

from diffview.cli import main
from diffview.fields.field import Region
from diffview.gui.actions import ENTRIES, EXPORT
from diffview.gui.widgets.plots.plot_base import PlotBase
from diffview.readers.slices import read_slice
from diffview.runs.recipe import Recipe


@pytest.fixture
def save_as(monkeypatch, tmp_path):
    """Answer the dialog with this name."""

    def choose(name, kind=""):
        path = tmp_path / name
        monkeypatch.setattr(
            "diffview.gui.window.sharing.QFileDialog.getSaveFileName", lambda *a, **k: (str(path) if name else "", kind)
        )
        return path

    return choose


@pytest.fixture
def point_at(monkeypatch):
    """Put the pointer over a widget; the screen of these tests is smaller than the window, and would hold it back."""
    return lambda widget: monkeypatch.setattr(
        "diffview.gui.window.view_sharing.QCursor.pos", lambda: widget.mapToGlobal(widget.rect().center())
    )


def copied():
    """What is in the clipboard: the comment lines, the rest, the picture."""
    data = QGuiApplication.clipboard().mimeData()
    lines = data.text().splitlines()
    caption = [line[2:] for line in lines if line.startswith("# ")]
    return caption, [line for line in lines if not line.startswith("# ")], data.imageData()


# -- files


def test_the_forward_state_is_exported_as_it_is_seen(window, find, save_as, settle):
    path = save_as("forward.nc")
    window.session.look(playhead=0.25, follow=False)
    find(window, "exportForwardAction").trigger()
    settle(window)
    assert "Saved" in window.heard[-1].sentence
    seen, plan = xr.load_dataset(path, engine="h5netcdf"), window.session.plan
    shown = plan.transform.inverse(window.forward.view.values).astype(np.float32)
    np.testing.assert_array_equal(seen.x_t.values, shown)
    assert seen.x_t.attrs["units"] == "K" and float(seen.t) == 0.25
    field = window.session.facts.field
    source = read_slice(field.provenance["path"], field.provenance["dataset"]).field
    region = plan.region.slices
    np.testing.assert_allclose(seen.latitude, source.coords["latitude"][region], atol=1e-5)


def test_the_whole_slice_is_exported_where_it_is_shown(window, find, save_as, settle):
    path = save_as("whole.nc")
    window.session.look(playhead=0.25, follow=False, whole_slice=True)
    find(window, "exportForwardAction").trigger()
    settle(window)
    shown = window.session.plan.transform.inverse(window.forward.view.values).astype(np.float32)
    np.testing.assert_array_equal(xr.load_dataset(path, engine="h5netcdf").x_t.values, shown)


def test_a_run_and_its_ensemble_are_those_of_the_command(window, find, save_as, settle, tmp_path, capsys):
    """The same recipe gives the same numbers in the window and on the command line."""
    window.session.edit(members=3, steps=5, sampler="ddpm", sampler_params=())
    settle(window)
    run, ensemble = save_as("run.nc"), tmp_path / "ensemble.nc"
    find(window, "exportRunAction").trigger()
    settle(window)
    save_as("ensemble.nc")
    find(window, "exportEnsembleAction").trigger()
    settle(window)
    seen = xr.load_dataset(ensemble, engine="h5netcdf")
    (tmp_path / "r.json").write_text(seen.attrs["diffview_recipe"])
    for more, mine in (((), ensemble), (("--record",), run)):
        out = tmp_path / "command.nc"
        assert main(["sample", "--recipe", str(tmp_path / "r.json"), *more, "-o", str(out)]) == 0
        theirs, ours = xr.load_dataset(out, engine="h5netcdf"), xr.load_dataset(mine, engine="h5netcdf")
        xr.testing.assert_equal(theirs, ours)
        changing = {"history"}
        assert {k: v for k, v in theirs.attrs.items() if k not in changing} == {
            k: v for k, v in ours.attrs.items() if k not in changing
        }
    assert Recipe.from_json(seen.attrs["diffview_recipe"]).source.region == window.session.plan.region
    assert not {"latitude", "longitude"} & set(seen.variables), "made from noise: nowhere on Earth"
    capsys.readouterr()


def test_other_slices_are_fitted_to_alike(open_window, find, save_as, settle, tmp_path, capsys):
    """A small slice of many: the window and the command fit to the same others."""
    file = good_file(tmp_path / "good.nc")
    window = open_window(QUICK.but(path=str(file), dataset="/sst", index=(2,), region=None, steps=3))
    settle(window)
    assert "other slices" in window.session.plan.model.sentence
    path, out = save_as("window.nc"), tmp_path / "command.nc"
    find(window, "exportEnsembleAction").trigger()
    settle(window)
    seen = xr.load_dataset(path, engine="h5netcdf")
    (tmp_path / "r.json").write_text(seen.attrs["diffview_recipe"])
    assert main(["sample", "--recipe", str(tmp_path / "r.json"), "-o", str(out)]) == 0
    xr.testing.assert_equal(xr.load_dataset(out, engine="h5netcdf"), seen)
    capsys.readouterr()


def test_a_filled_gap_is_exported_with_its_place_and_flagged(window, find, save_as, settle):
    region = window.session.plan.region
    gap = Region(region.row + 4, region.column + 6, 8, 10)
    window.session.edit(model="gaussian", sampler="repaint", steps=4, hidden=(gap,))
    settle(window)
    path = save_as("filled.nc")
    find(window, "exportEnsembleAction").trigger()
    settle(window)
    seen, plan = xr.load_dataset(path, engine="h5netcdf"), window.session.plan
    made = seen.generated.values == 1
    assert made.sum() == 80 and made[4:12, 6:16].all()
    values = next(v for name, v in seen.data_vars.items() if v.attrs.get("units") == "K" and v.ndim == 3).values[0]
    truth = plan.transform.inverse(plan.x0)
    np.testing.assert_allclose(values[~made], truth[~made], atol=1e-3)
    assert np.abs(values[made] - truth[made]).max() > 0.1, "made, and not copied"
    assert {"latitude", "longitude"} <= set(seen.variables)


def test_there_is_no_run_to_export_before_one_has_ended(open_window, find):
    window = open_window(QUICK.but(steps=5000, sampler="ddpm"), wait=False)
    run = find(window, "exportRunAction")
    assert not run.isEnabled() and "No run has ended yet" in run.toolTip()
    window.live.stop()


def test_an_export_that_cannot_be_written_is_a_sentence(window, find, save_as, settle, tmp_path):
    path = save_as("gone/forward.nc")
    find(window, "exportForwardAction").trigger()
    settle(window)
    assert window.heard[-1].kind == "error" and "cannot be written" in window.heard[-1].sentence
    assert not path.parent.exists()


def test_a_full_disk_loses_nothing(window, find, save_as, settle):
    path = save_as("forward.nc")
    path.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        find(window, "exportForwardAction").trigger()
        settle(window)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "cannot be written" in window.heard[-1].sentence
    assert path.read_bytes() == b"old" and [p.name for p in path.parent.glob("*.nc*")] == ["forward.nc"]


def test_escape_gives_up_an_export(window, find, save_as, settle, hand, wait):
    path = save_as("forward.nc")
    find(window, "exportForwardAction").trigger()
    assert "Writing forward.nc" in find(window, "statusText").text()
    hand.key(window.timeline.slider, Qt.Key.Key_Escape)
    settle(window)
    assert not path.exists() and "was not written" in window.heard[-1].sentence
    assert "Writing" not in find(window, "statusText").text()


def test_closing_the_window_finishes_the_file(window, find, save_as):
    path = save_as("forward.nc")
    find(window, "exportForwardAction").trigger()
    window.close()
    assert xr.load_dataset(path, engine="h5netcdf").x_t.shape == window.session.plan.x0.shape


def test_a_dialog_that_is_closed_writes_nothing(window, find, save_as, settle, tmp_path):
    save_as("")
    before = set(tmp_path.iterdir())
    for entry in ENTRIES:
        if entry.menu == EXPORT:
            find(window, entry.name).trigger()
    settle(window)
    assert set(tmp_path.iterdir()) == before


def test_the_export_button_offers_the_menu(window, find):
    menu = find(window, "exportButton").menu()
    wanted = [entry.name for entry in ENTRIES if entry.menu == EXPORT]
    assert [action.objectName() for action in menu.actions()] == wanted


@pytest.mark.parametrize(
    ("what", "columns"), [("Histogram", ["z", "value (K)"]), ("Spectrum", ["k (cycles per region)"])]
)
def test_curves_are_exported_as_they_are_drawn(window, find, save_as, what, columns):
    path = save_as("curve.csv")
    window.session.look(playhead=0.25, follow=False)
    find(window, f"export{what}Action").trigger()
    names = path.read_text(encoding="utf-8").splitlines()[0].split(",")
    assert names[: len(columns)] == columns and "x_t" in names and "reverse" in names
    assert len(path.read_text(encoding="utf-8").splitlines()) > 20


def test_a_network_shows_no_data_where_it_makes_nothing(open_window, find, settle, save_as):
    """Land of the sea surface temperatures it was trained on: in the picture, in the file and in the histogram."""
    pytest.importorskip("torch")
    window = open_window(QUICK.but(model="sst32", steps=2))
    settle(window)
    makes = window.session.plan.makes
    row, column = np.argwhere(~makes)[0]
    assert window.reverse.view.value_at(row, column) is None
    row, column = np.argwhere(makes)[0]
    assert window.reverse.view.value_at(row, column) is not None
    path = save_as("ensemble.nc")
    find(window, "exportEnsembleAction").trigger()
    settle(window)
    with xr.open_dataset(path, engine="h5netcdf") as seen:
        values = next(v for v in seen.data_vars.values() if v.dims == ("member", "y", "x"))
        assert (np.isnan(values[0].values) == ~makes).all()


# -- the clipboard


def test_ctrl_c_copies_the_picture_under_the_pointer(window, find, hand, point_at):
    window.session.look(playhead=0.25, follow=False)
    point_at(find(window, "forwardView"))
    hand.key(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    caption, rows, picture = copied()
    assert (
        caption[0].startswith("Forward x") and "t 250" in caption[0] and "in K" in caption[1] and "seed 0" in caption[2]
    )
    values = np.array([row.split("\t") for row in rows], float)
    shown = window.session.plan.transform.inverse(window.forward.view.values)
    np.testing.assert_allclose(values, shown, rtol=1e-7)
    assert picture.width() > 100 and "Copied Forward" in window.heard[-1].sentence


def test_ctrl_c_copies_what_the_run_made_in_physical_units(window, find, hand, point_at):
    point_at(find(window, "reverseView"))
    hand.key(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    values = np.array([row.split("\t") for row in copied()[1]], float)
    np.testing.assert_allclose(
        values, window.session.plan.transform.inverse(window.reverse.picture.values()), rtol=1e-7
    )


@pytest.mark.parametrize(
    ("view", "column"), [("histogramView", "x_t"), ("spectrumView", "noise floor"), ("scheduleEditor", "alpha_bar")]
)
def test_ctrl_c_copies_the_numbers_of_a_plot(window, find, hand, point_at, view, column):
    point_at(find(window, view))
    hand.key(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    _, rows, _ = copied()
    assert column in rows[0].split("\t") and len(rows) > 20


def test_a_view_without_numbers_gives_its_picture(window, find, hand, point_at):
    point_at(find(window, "scaleTimeView"))
    hand.key(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    caption, rows, picture = copied()
    assert caption[0].startswith("SNR by scale") and not "".join(rows) and not picture.isNull()


def test_a_plot_of_a_dock_is_copied_too(window, hand, point_at, settle):
    window.session.look(auto_run=False)
    window.session.edit(model="rain64")  # whose card has curves
    settle(window)
    window.inspector.more.click()
    plot = next(p for p in window.model_dock.findChildren(PlotBase) if p.isVisible())
    point_at(plot)
    hand.key(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    caption, _, picture = copied()
    assert caption[0].startswith(plot.accessibleName()) and not picture.isNull()


def test_ctrl_c_in_a_number_field_copies_its_text(window, find):
    spin = find(window, "seedSpin")
    window.activateWindow()
    spin.setFocus()
    spin.selectAll()
    QTest.keyClick(spin, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "0"


def test_nothing_under_the_pointer_is_said(window, find, hand, point_at):
    point_at(find(window, "dataTree"))
    window.setFocus()
    find(window, "dataTree").setFocus()
    hand.key(find(window, "dataTree"), Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "no view under the pointer" in window.heard[-1].sentence
