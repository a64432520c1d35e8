"""The window opened by a program: what it shows of arrays, when it returns, what it says of the program's network."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray

import diffview
from diffview.errors import UserError
from diffview.fields.field import Field
from diffview.library.datasets import slices_of
from diffview.library.showing import shown_of
from diffview.readers.process import ReaderProcess

VALUES = np.random.default_rng(0).normal(280, 10, (3, 24, 40))
DAYS = np.array(["2020-01-01", "2020-01-02", "2020-01-03"], "datetime64[ns]")


def read(path: str, **which: object) -> tuple[Field, tuple[tuple[str, int], ...]]:
    reader = ReaderProcess()
    try:
        picture = reader.call("read_slice", path=path, **which)
        return picture.field, picture.other_dims
    finally:
        reader.close()


def test_plain_numbers_and_fields_are_shown_at_once() -> None:
    shown = shown_of(VALUES[0], "K")
    assert shown.recipe is None and shown.folder is None and shown.facts.field.units == "K"
    assert np.array_equal(shown.facts.field.values, VALUES[0].astype(np.float32))
    field = Field(VALUES[0].astype(np.float32), "mine")
    assert shown_of(field).facts.field is field
    assert shown_of(None).facts.field.name == "toa_brightness_temperature"


def test_slices_of_an_array_can_be_chosen() -> None:
    shown = shown_of(VALUES, "K")
    assert shown.recipe is not None and shown.folder is not None
    source = shown.recipe.source
    field, others = read(str(source.path), dataset=source.dataset, index=(2,))
    assert others == (("slice", 3),) and field.units == "K"
    assert np.array_equal(field.values, VALUES[2].astype(np.float32))
    assert np.array_equal(shown.facts.field.values, VALUES[0].astype(np.float32))
    shown.folder.cleanup()
    assert not Path(str(source.path)).exists()


def test_an_array_of_xarray_keeps_coordinates_units_and_times() -> None:
    coords = {"time": DAYS, "lat": np.linspace(40, 51.5, 24), "lon": np.linspace(0, 19.5, 40)}
    array = xarray.DataArray(VALUES, coords, ("time", "lat", "lon"), "sst", {"units": "K", "standard_name": "sst"})
    shown = shown_of(array)
    assert shown.recipe is not None and shown.folder is not None
    field, others = read(str(shown.recipe.source.path), dataset="sst", index=(1,))
    assert others == (("time", 3),) and (field.name, field.units) == ("sst", "K")
    assert np.array_equal(field.values, VALUES[1, ::-1].astype(np.float32))
    assert np.allclose(field.coords["latitude"], coords["lat"][::-1]) and np.allclose(
        field.coords["longitude"], coords["lon"]
    )
    assert field.pixel_km is not None and abs(field.pixel_km[0] - 55.6) < 0.1
    opened = diffview.open(str(shown.recipe.source.path), "sst", index=(1,))
    assert opened["time"].values == DAYS[1]
    shown.folder.cleanup()


def test_one_picture_with_places_keeps_them() -> None:
    field = diffview.open()
    whole = shown_of(field)
    assert whole.recipe is None and whole.folder is None  # the field that ships, which nobody changed
    part = shown_of(field[20:100, 40:200])
    assert part.recipe is not None and part.folder is not None
    read_again, _ = read(str(part.recipe.source.path))
    assert np.array_equal(read_again.values, field.values[20:100, 40:200], equal_nan=True)
    assert np.allclose(read_again.coords["latitude"], field["latitude"][20:100, 40:200], equal_nan=True)
    part.folder.cleanup()


def test_an_unchanged_slice_is_shown_from_its_file(tmp_path: Path) -> None:
    xarray.DataArray(VALUES, dims=("t", "y", "x"), name="v").to_netcdf(tmp_path / "v.nc", engine="h5netcdf")
    shown = shown_of(diffview.open(tmp_path / "v.nc", index=(1,)))
    assert shown.recipe is not None and (shown.recipe.source.path, shown.recipe.source.index) == (
        str(tmp_path / "v.nc"),
        (1,),
    )
    assert shown.folder is None


def test_the_first_slice_that_holds_a_number_is_shown() -> None:
    values = VALUES.copy()
    values[0] = np.nan
    values[1, 0, 0] = np.inf
    field, content = slices_of(xarray.DataArray(values, dims=("c", "y", "x")))
    assert np.isnan(field.values[0, 0]) and np.array_equal(field.values[1:], values[1, 1:].astype(np.float32))
    assert content.variables["array"].values.shape == (3, 24, 40)
    with pytest.raises(UserError, match="Every value"):
        slices_of(xarray.DataArray(np.full((2, 20, 20), np.nan), dims=("c", "y", "x")))


@pytest.mark.parametrize("array", [np.zeros(5), np.zeros((4, 4)), "x", np.zeros((2, 3, 40))])
def test_what_cannot_be_shown_is_a_sentence(array: object) -> None:
    with pytest.raises(UserError) as caught:
        diffview.show(array)  # type: ignore[arg-type]
    assert caught.value.sentence.endswith(".") and caught.value.hint


def test_a_denoiser_that_cannot_be_called_is_a_sentence() -> None:
    with pytest.raises(UserError, match="cannot be called"):
        diffview.show(VALUES[0], 3)  # type: ignore[arg-type]


PROGRAM = """
import os, time
os.environ["QT_QPA_PLATFORM"] = "offscreen"
import numpy as np
import diffview
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from diffview.gui.app import application
app = application()

def window():
    return next((w for w in app.topLevelWidgets() if hasattr(w, "live")), None)

"""


def program(text: str, tmp_path: Path) -> str:
    (tmp_path / "mine.py").write_text(PROGRAM + text, encoding="utf-8")
    words = [sys.executable, "-W", "error", str(tmp_path / "mine.py")]
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path)}
    done = subprocess.run(words, capture_output=True, text=True, timeout=300, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_program_waits_until_the_window_is_closed(tmp_path: Path) -> None:
    said = program(
        """
began = time.time()
QTimer.singleShot(1500, lambda: (print("visible", window().isVisible()), window().close()))
print("returned", diffview.show(np.random.default_rng(0).normal(size=(32, 48))), time.time() - began > 1.4)
""",
        tmp_path,
    )
    assert said.split() == ["visible", "True", "returned", "None", "True"]


def test_inside_a_loop_of_qt_it_returns_at_once(tmp_path: Path) -> None:
    said = program(
        """
def begin():
    diffview.show(np.random.default_rng(0).normal(size=(3, 32, 48)), units="K")
    print("returned", window().isVisible())
    QTimer.singleShot(1500, look)

def look():
    if not window().is_idle():
        return QTimer.singleShot(50, look)
    from diffview.gui.notebook import OPEN
    path = window().files.path
    print(window().session.facts.field.units, len(OPEN), os.path.exists(path), window().files.picture.other_dims)
    window().close()
    QTimer.singleShot(50, lambda: (print(len(OPEN), os.path.exists(path)), app.quit()))

QTimer.singleShot(0, begin)
app.setQuitOnLastWindowClosed(False)
app.exec()
""",
        tmp_path,
    )
    assert said.splitlines() == ["returned True", "K 1 True (('slice', 3),)", "0 False"]


def test_an_error_of_the_programs_own_network_is_told_with_its_line(tmp_path: Path) -> None:
    text = """
import torch

class Net(torch.nn.Module):
    def forward(self, y, sigma):
        return y @ torch.zeros(3, 5)

def look():
    bar = window().message_bar
    if not bar.text():
        return QTimer.singleShot(50, look)
    print(bar.text())
    window().close()

QTimer.singleShot(500, look)
diffview.show(np.random.default_rng(0).normal(size=(32, 48)), Net())
"""
    said, code = program(text, tmp_path), "return y @ torch.zeros(3, 5)"
    line = (PROGRAM + text).split(code)[0].count("\n") + 1
    assert f"Your denoiser failed with RuntimeError at {tmp_path / 'mine.py'}, line {line}: {code} (" in said
    assert "diffview made a mistake" not in said
