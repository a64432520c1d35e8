"""What an edit wakes: the panels that show it and no other, counted as tools/profile_edit.py counts."""

import importlib.util
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from diffview.forward.schedules import Linear

TOOL = Path(__file__).parents[2] / "tools" / "profile_edit.py"
PANELS = "gui/panels/"
FORWARD = {"ForwardPanel.show_frame", "ForwardPanel._show_lines"}
"""What draws x_t, and the coasts that fade with it."""
FORMULA = {"FormulaStrip._show", "FormulaStrip._show_numbers"}
"""What writes the equation of how noise is put in."""


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("profile_edit", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entered(tool, do):
    """{file: names of the functions} that `do` enters in this thread."""
    QApplication.processEvents()
    seen = tool.Entered()
    with seen.counting():
        do()
    return {file: [name.partition(" x ")[0] for name in names] for file, names in seen.by_file().items()}


@pytest.mark.parametrize(
    ("edit", "woken"),
    [
        ({"seed": 5}, {"bind_spin.<locals>.<lambda>", *FORWARD}),
        ({"members": 2}, {"bind_spin.<locals>.<lambda>"}),
        ({"path_mode": "chain"}, {"ForwardPanel.__init__.<locals>.<lambda>", *FORWARD, *FORMULA}),
    ],
)
def test_an_edit_wakes_the_panels_that_show_it(window, settle, tool, edit, woken):
    window.session.look(auto_run=False)
    settle(window)
    found = entered(tool, lambda: window.session.edit(**edit))
    assert {name for file, names in found.items() if file.startswith(PANELS) for name in names} == woken


def test_another_seed_resolves_nothing_and_enters_few_functions(window, settle, tool):
    window.session.look(auto_run=False)
    settle(window)
    found = entered(tool, lambda: window.session.edit(seed=5))
    assert not {"runs/resolve.py", "models/capabilities.py", "forward/spectra.py"} & set(found)
    assert sum(map(len, found.values())) <= 387 // 3, found  # 387 in 84 files when every edit woke every panel


def test_an_edit_that_is_none_enters_no_panel(window, settle, tool):
    found = entered(tool, lambda: window.session.edit(seed=window.session.recipe.course.seed))
    assert not [file for file in found if file.startswith("gui/panels/")]


def test_the_tool_counts_functions_files_and_calls(tool):
    seen = tool.Entered()
    with seen.counting():
        Linear().alpha_bar(0.5)
        Linear().alpha_bar(0.5)
    files = seen.by_file()
    assert "Schedule.alpha_bar x 2" in files["forward/schedule.py"]
    functions, calls = sum(map(len, files.values())), sum(seen.calls.values())
    assert str(seen) == f"{functions} functions in {len(files)} files, {calls} calls"
