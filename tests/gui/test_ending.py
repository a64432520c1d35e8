"""Ctrl+C in the terminal and SIGTERM close an idle window as its button does, and save what it saves."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import PATIENCE

START = (
    "import sys; from diffview.gui.window.main_window import MainWindow; "
    "start = MainWindow.start; "
    "MainWindow.start = lambda self: (start(self), print('here', flush=True)); "
    "from diffview.cli import main; sys.exit(main(['gui']))"
)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_closes_an_idle_window_and_saves(tmp_path: Path, number: signal.Signals) -> None:
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)}
    window = subprocess.Popen(
        [sys.executable, "-c", START], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert window.stdout is not None and window.stdout.readline() == "here\n"
        time.sleep(1)
        window.send_signal(number)
        _, said = window.communicate(timeout=PATIENCE / 1000)
    finally:
        window.kill()
    assert window.returncode == 128 + number and "Traceback" not in said
    assert "geometry=" in (tmp_path / "diffview" / "diffview.ini").read_text(encoding="utf-8")
