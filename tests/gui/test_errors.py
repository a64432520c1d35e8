"""The log of mistakes: where, when, which version, and the traceback."""

import logging
import os
import re
import subprocess
import sys

import pytest

from diffview import __version__
from diffview.gui import errors


@pytest.fixture
def folder(tmp_path, monkeypatch):
    log = logging.getLogger("diffview")
    kept, log.handlers = log.handlers, []
    monkeypatch.setattr(errors, "user_folder", lambda kind: tmp_path)
    yield tmp_path
    for handler in log.handlers:
        handler.close()
    log.handlers = kept


def test_the_log_is_opened_at_its_first_entry_and_once(folder):
    assert errors.log_file() == errors.log_file() == str(folder / "diffview.log")
    assert [path.name for path in folder.iterdir()] == ["diffview.log"]
    assert len(logging.getLogger("diffview").handlers) == 1


def test_an_entry_has_its_time_the_version_and_the_traceback(folder):
    told = []
    for error in (ZeroDivisionError("τ = 0"), KeyError("x")):
        try:
            raise error
        except type(error) as caught:
            errors.report(caught, told.append)
    text = (folder / "diffview.log").read_text(encoding="utf-8")
    heads = re.findall(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} diffview (\S+) ERROR (.*)$", text, re.MULTILINE)
    assert heads == [(__version__, "Traceback (most recent call last):")] * 2
    assert "ZeroDivisionError: τ = 0" in text and "test_errors.py" in text
    assert [m.kind for m in told] == ["error", "error"]
    assert "ZeroDivisionError: τ = 0" in told[0].sentence


def test_without_a_folder_for_the_log_a_mistake_is_told_once_and_written_to_the_terminal(folder, monkeypatch, capsys):
    (folder / "file").write_text("in the way")
    monkeypatch.setattr(errors, "user_folder", lambda kind: folder / "file")
    told = []
    errors.report(ZeroDivisionError("τ = 0"), told.append)
    assert [m.hint for m in told] == ["Nothing is lost. The details are in the terminal."]
    assert capsys.readouterr().err.count("ZeroDivisionError: τ = 0") == 1


def test_the_window_starts_where_no_folder_can_be_made(tmp_path):
    """A file stands in the way of every folder of the user's: root may write to any folder."""
    (tmp_path / "home").write_text("")
    names = "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"
    env = {**os.environ, **dict.fromkeys(names, str(tmp_path / "home"))}
    code = (
        "from diffview.gui.app import create_window, show_window; window = create_window(); show_window(window); "
        "print(window.message_bar.text()); window.close()"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert found.returncode == 0, found.stderr
    assert "cannot be made: nothing is kept there. Settings last until the window is closed." in found.stdout


def test_a_bug_while_the_window_is_built_is_told_on_stderr(tmp_path):
    code = (
        "from diffview.gui.window import main_window; main_window.MainWindow._connect = lambda self: 1 / 0; "
        "from diffview.cli import main; "
        f"main(['--shot', r'{tmp_path / 'out.png'}', '--size', '1280x720', '--after', 'paint'])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.returncode != 0 and "ZeroDivisionError" in found.stderr
