"""Large files in the window: the tree comes before the picture, the overview before the part that is looked at."""

import h5py
import numpy as np
import pytest
from readers_twins import ramp
from test_story_files import drop, errors

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")  # of every list opened


def test_the_first_rows_of_a_file_of_many_objects_come_before_its_picture(window, tmp_path, settle, find):
    settle(window)
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for i in range(700):
            file[f"variable{i:04d}"] = ramp() + i
    seen = []
    window.browser.listed.connect(lambda group, nodes: seen.append(len(nodes)))
    window.files.opened.connect(lambda: seen.append("picture"))
    drop(window, str(tmp_path / "many.h5"))
    settle(window)
    assert seen[0] == 100
    assert seen.count("picture") == 1
    assert sum(n for n in seen if n != "picture") == 700
    assert errors(window) == []
    assert find(window, "dataTree").topLevelItemCount() >= 700


def test_an_overview_is_cropped_to_full_resolution_and_comes_back_where_it_was(window, hand, tmp_path, settle, find):
    settle(window)
    rows, columns = np.arange(6000, dtype=np.int16)[:, None], np.arange(6000, dtype=np.int16)
    with h5py.File(tmp_path / "wide.nc", "w") as file:
        file.create_dataset("v", data=rows // 2 + columns // 3, chunks=(500, 500))  # 36 million values
        for axis, (name, units, values) in enumerate(
            (("lat", "degrees_north", -60 + 0.02 * np.arange(6000)), ("lon", "degrees_east", 0.02 * np.arange(6000)))
        ):
            file[name] = values
            file[name].attrs["units"] = units
            file[name].make_scale(name)
            file["v"].dims[axis].attach_scale(file[name])
    whole = (rows // 2 + columns // 3)[::-1].astype(np.float32)  # latitude rises from row to row
    drop(window, str(tmp_path / "wide.nc"))
    settle(window)
    picture, session = window.files.picture, window.session
    assert (picture.block, picture.field.values.shape) == (3, (2000, 2000))
    np.testing.assert_allclose(picture.field.values, whole.reshape(2000, 3, 2000, 3).mean(axis=(1, 3)), rtol=1e-5)
    assert "An overview: each pixel is the mean of 3 x 3 values" in window.data_dock.widget().notes.text()
    before = session.plan.region
    hand.click(find(window, "cropButton"))
    settle(window)
    inside = window.files.picture.window
    assert (inside.row, inside.column, inside.ny, inside.nx) == tuple(
        3 * n for n in (before.row, before.column, before.ny, before.nx)
    )
    np.testing.assert_array_equal(session.facts.field.values, whole[inside.slices])
    hand.click(find(window, "cropButton"))
    settle(window)
    assert window.files.picture.block == 3
    after = session.plan.region
    middle = [inside.row + inside.ny / 2, inside.column + inside.nx / 2]
    assert [after.row * 3 + after.ny * 1.5, after.column * 3 + after.nx * 1.5] == pytest.approx(middle, abs=30)
    assert errors(window) == []
    session.undo()
    settle(window)
    assert window.files.picture.window == inside
