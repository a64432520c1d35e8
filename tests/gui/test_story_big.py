"""Large files in the window: the tree comes before the picture."""

import h5py
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
