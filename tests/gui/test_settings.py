"""What the window remembers, and what it makes of a damaged memory."""

import subprocess
import sys
from dataclasses import replace

import pytest

from diffview.gui.app import create_window
from diffview.gui.session import View
from diffview.gui.settings import Settings


def test_the_lasting_parts_of_a_view_come_back(tmp_path):
    view = replace(
        View(), auto_run=False, pace=10.0, quantity="beta", densities=False, colormap="viridis", playhead=0.3
    )
    Settings(tmp_path / "a.ini").save_view(view)
    assert Settings(tmp_path / "a.ini").view() == replace(view, playhead=1.0)


@pytest.mark.parametrize(
    "line", ["pace=abc", "pace=-3", "quantity=gamma", "colormap=jet", "auto_run=7", "densities=no", "pace=@Invalid()"]
)
def test_what_cannot_be_read_is_as_at_first(tmp_path, line):
    (tmp_path / "a.ini").write_text(f"[view]\n{line}\n", encoding="utf-8")
    settings = Settings(tmp_path / "a.ini")
    assert settings.view() == View() and settings.damaged == [line.split("=")[0]]


def test_a_damaged_theme_stops_no_start_and_is_named(qtbot, tmp_path):
    (tmp_path / "a.ini").write_text("[General]\ntheme=zzz\n", encoding="utf-8")
    window = create_window(settings=Settings(tmp_path / "a.ini"))
    qtbot.addWidget(window)
    assert window.message_bar.text() == "The saved settings of theme are damaged. They are as at the first start."


def test_two_windows_remember_the_files_of_both(tmp_path):
    """Another process stands for the second window: in one process settings are shared."""
    here = Settings(tmp_path / "a.ini")
    assert here.recent() == []
    code = "import sys; from diffview.gui.settings import Settings; Settings(sys.argv[1]).add_recent('/there.nc')"
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.ini"], check=True)
    here.add_recent("/here.nc")
    del here
    assert Settings(tmp_path / "a.ini").recent() == ["/here.nc", "/there.nc"]
