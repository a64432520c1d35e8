"""The import of torch: its libraries are loaded while the other threads go on."""

import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from diffview.runs.engine import load_library

SLOW = """
#include <time.h>
__attribute__((constructor)) static void wait(void) { struct timespec s = {0, 400000000}; nanosleep(&s, 0); }
int answer(void) { return 42; }
"""

needs_dlopen = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="torch's libraries lie so on Linux")


@needs_dlopen
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_other_threads_go_on_while_a_library_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "slow.c").write_text(SLOW, encoding="utf-8")
    path = tmp_path / "libslow.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(path), str(tmp_path / "slow.c")], check=True)
    turns, over, started = [], threading.Event(), threading.Event()

    def ticking() -> None:
        started.set()
        while not over.wait(0.01):
            turns.append(1)

    thread = threading.Thread(target=ticking)
    thread.start()
    started.wait()
    turns.clear()
    assert load_library(str(path))
    seen = len(turns)
    over.set()
    thread.join()
    assert seen >= 3, "of forty that 0.4 s have room for; with the interpreter lock held there are none"


@needs_dlopen
def test_what_cannot_be_loaded_is_left_to_the_import(tmp_path: Path) -> None:
    (tmp_path / "libbad.so").write_bytes(b"no library")
    assert not load_library(str(tmp_path / "libbad.so")) and not load_library(str(tmp_path / "gone.so"))
