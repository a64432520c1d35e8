"""What the window remembers, and what it makes of a damaged memory."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from diffview.gui.app import create_window
from diffview.gui.session import View
from diffview.gui.settings import Settings
from diffview.paths import LARGEST_TEXT


def test_the_lasting_parts_of_a_view_come_back(tmp_path):
    view = replace(
        View(), auto_run=False, pace=10.0, quantity="beta", densities=False, colormap="viridis", playhead=0.3
    )
    Settings(tmp_path / "a.ini").save_view(view)
    assert Settings(tmp_path / "a.ini").view() == replace(view, playhead=1.0)


@pytest.mark.parametrize("pace", ["3", "3.0"])
def test_a_pace_is_read_as_the_system_writes_it(tmp_path, pace):
    (tmp_path / "a.ini").write_text(f"[view]\npace={pace}\n", encoding="utf-8")
    settings = Settings(tmp_path / "a.ini")
    assert settings.view().pace == 3.0 and settings.damaged == []


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


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "huge"])
def test_settings_that_are_no_plain_file_stop_no_start_and_are_named(tmp_path, kind):
    """Nobody writes into the pipe, and the device never ends: reading either would last for ever. As the log, too."""
    (tmp_path / "diffview").mkdir()
    for name in ("diffview.ini", "diffview.log"):
        file = tmp_path / "diffview" / name
        if kind == "pipe":
            os.mkfifo(file)
        elif kind == "folder":
            file.mkdir()
        elif kind == "device":
            file.symlink_to("/dev/zero")
        else:
            with file.open("wb") as big:
                big.truncate(LARGEST_TEXT + 1)
    code = (
        "from diffview.gui.app import create_window; from diffview.gui.errors import log_bug; "
        "window = create_window(); print(window.message_bar.text()); "
        "window.settings.set_text('theme', 'dark'); print(window.settings.theme()); log_bug(ValueError('a mistake')); "
        "window.close()"
    )
    env = {**os.environ, **dict.fromkeys(("XDG_CONFIG_HOME", "XDG_STATE_HOME"), str(tmp_path))}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env, timeout=100)
    assert done.returncode == 0, done.stderr
    said, appearance = done.stdout.splitlines()
    why = "has 8.39 MB, which is too much for" if kind == "huge" else "is a folder, a pipe or a device, not"
    assert said == f"{tmp_path / 'diffview' / 'diffview.ini'} {why} settings. Settings last until the window is closed."
    assert appearance == "dark" and "Traceback" not in done.stderr.replace("ValueError: a mistake", "")
    assert file.is_symlink() or file.is_dir() or file.is_fifo() or file.is_file()


def test_two_windows_remember_the_files_of_both(tmp_path):
    """Another process stands for the second window: in one process settings are shared."""
    here = Settings(tmp_path / "a.ini")
    assert here.recent() == []
    code = (
        "import sys, pathlib; from diffview.gui.settings import Settings; "
        "Settings(pathlib.Path(sys.argv[1])).add_recent('/there.nc')"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "a.ini"], check=True)
    here.add_recent("/here.nc")
    del here
    assert Settings(tmp_path / "a.ini").recent() == ["/here.nc", "/there.nc"]
