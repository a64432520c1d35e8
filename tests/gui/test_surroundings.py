"""The window in surroundings that others have: locales of commas, folders with spaces, hostile files one by one."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import ROBUSTNESS, memory

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from diffview.cli import main; sys.exit(main())"


def program(*words: object, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", START, *map(str, words)]
    given = {**os.environ, "PYTHONPATH": str(ROOT), **env}
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, env=given)


@pytest.mark.skipif(shutil.which("localedef") is None, reason="locales cannot be made here")
@pytest.mark.parametrize("name", ["de_DE", "tr_TR"])
def test_the_locale_of_the_machine_changes_nothing(tmp_path: Path, name: str) -> None:
    """Numbers have points, and the window starts: in Turkish the setter of `interval` was not found."""
    made = ["localedef", "-i", name, "-f", "UTF-8", str(tmp_path / f"{name}.UTF-8")]
    if subprocess.run(made, capture_output=True, check=False).returncode:
        pytest.skip(f"{name} cannot be made here")
    env = {"LOCPATH": str(tmp_path), "LC_ALL": f"{name}.UTF-8", "LANG": f"{name}.UTF-8"}
    code = (
        "import locale; from diffview.gui.app import create_window; window = create_window(); "
        "print(locale.localeconv()['decimal_point'], float('1.5'), window.toolbar.locale().name()); window.close()"
    )
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **env})
    assert found.returncode == 0, found.stderr
    assert found.stdout.split() == [".", "1.5", "C"]


def test_folders_with_spaces_and_brackets(tmp_path: Path) -> None:
    folder = tmp_path / "a folder with sp\u00e4ces [1] 100%"
    folder.mkdir()
    with h5py.File(folder / "a b.nc", "w") as file:
        file["z z"] = np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32)
    for words in (
        ("sample", "--model", "gaussian", "--fit", "a b.nc", "z z", "--steps", 2, "-o", "o ut.nc"),
        (folder / "o ut.nc", "--shot", "p 1.png", "--size", "1280x720", "--after", "paint"),
    ):
        ended = program(*words, cwd=folder)
        assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["a b.nc", "o ut.nc", "p 1.png"]


def test_nothing_is_written_beside_the_program(tmp_path: Path) -> None:
    """An installation may be read-only; root may write to any, so that it is the opening of files that is watched."""
    code = (
        "import sys, os, diffview; from pathlib import Path; root = str(Path(diffview.__file__).parents[1]); bad = []; "
        "sys.addaudithook(lambda what, given: bad.append((what, given)) if what == 'open' and given[2] is not None "
        "and given[2] & (os.O_WRONLY | os.O_RDWR) and str(given[0]).startswith(root) "
        "and '__pycache__' not in str(given[0]) else None); "
        "from diffview.cli import main; main(['--shot', 'a.png', '--size', '1280x720']); "
        "main(['sample', '--model', 'rain64', '--steps', '2', '-o', 'a.nc']); print(bad)"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env)
    assert ended.stdout.splitlines()[-1] == "[]", ended.stderr


@pytest.mark.parametrize("order", [1, -1], ids=["in order", "backwards"])
def test_all_hostile_files_one_after_the_other_in_one_window(open_window, wait, order: int) -> None:
    """Each is opened or refused by a sentence; no stall of a second, and less than 1 GB more in the end."""
    if not ROBUSTNESS.is_dir():
        pytest.skip(f"{ROBUSTNESS} is not there")
    window, stalls, at_first = open_window(), [], memory()
    last = [time.monotonic()]

    def done() -> bool:
        now = time.thread_time()
        stalls.append(now - last[0])
        last[0] = now
        return not window.files.reading.opening and window.is_idle()

    for path in sorted(ROBUSTNESS.iterdir())[::order]:
        before = len(window.heard)
        last[0] = time.thread_time()
        window.open_file(str(path))
        wait(done)
        said = window.heard[before:]
        assert window.files.path == str(path) or any(message.kind == "error" for message in said), path.name
        assert all("made a mistake" not in message.sentence and len(message.sentence) <= 1000 for message in said)
    assert max(stalls) < 1, "of processor time, which other programs do not take"
    assert memory() - at_first < 1e9
