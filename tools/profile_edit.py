"""Which functions of diffview one edit enters: makes it in an offscreen window, and counts until that is still.

    python tools/profile_edit.py                    # the seed
    python tools/profile_edit.py --edit sampler     # another edit of EDITS
    python tools/profile_edit.py --list             # with the functions, by file

Counted are the functions that the window's thread enters, each once: in the edit itself; until the window is still; and
until the run that follows an edit has been shown as well.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from PySide6.QtWidgets import QApplication

import diffview
from diffview.fields.field import Region
from diffview.forward.schedules import Cosine
from diffview.gui.app import create_window, show_window
from diffview.gui.settings import Settings
from diffview.gui.window.main_window import MainWindow

PACKAGE = str(Path(diffview.__file__).parent) + os.sep
SIZE = (1920, 1080)
STILL_S = 0.6
"""Seconds without a function of diffview after which a window is still; all of its timers are shorter."""

EDITS: dict[str, dict[str, Any]] = {
    "seed": {"seed": 1},
    "steps": {"steps": 9},
    "sampler": {"sampler": "heun", "sampler_params": ()},
    "grid": {"grid": "karras", "grid_params": ()},
    "schedule": {"schedule": Cosine()},
    "members": {"members": 4},
    "region": {"region": Region(10, 80, 128, 128)},
}


class Entered:
    """The functions of the package that this thread enters, with the number of their calls."""

    def __init__(self) -> None:
        self.calls: dict[CodeType, int] = {}
        self.last = time.monotonic()

    @contextmanager
    def counting(self) -> Iterator[None]:
        """Count them in here."""
        sys.setprofile(self._see)
        try:
            yield
        finally:
            sys.setprofile(None)

    def _see(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            self.calls[frame.f_code] = self.calls.get(frame.f_code, 0) + 1
            self.last = time.monotonic()

    def by_file(self) -> dict[str, list[str]]:
        """{file: its functions with the numbers of their calls}."""
        found: dict[str, list[str]] = {}
        for code in sorted(self.calls, key=lambda code: (code.co_filename, code.co_firstlineno)):
            name = f"{code.co_qualname} x {self.calls[code]}"
            found.setdefault(code.co_filename.removeprefix(PACKAGE), []).append(name)
        return found

    def __str__(self) -> str:
        return f"{len(self.calls)} functions in {len(self.by_file())} files, {sum(self.calls.values())} calls"


def settle(window: MainWindow, entered: Entered) -> None:
    """Let the window work until it is idle and enters nothing."""
    entered.last = time.monotonic()
    idle = False
    while not idle or time.monotonic() < entered.last + STILL_S:
        QApplication.processEvents()
        time.sleep(0.002)
        with quietly():
            idle = window.is_idle()


@contextmanager
def quietly() -> Iterator[None]:
    """In here nothing is counted."""
    profile = sys.getprofile()
    sys.setprofile(None)
    try:
        yield
    finally:
        sys.setprofile(profile)


def measured(window: MainWindow, edit: dict[str, Any], run: bool) -> tuple[Entered, Entered]:
    """What an edit enters: itself, and until the window is still."""
    window.session.look(auto_run=run)
    settle(window, Entered())
    itself, all_of_it = Entered(), Entered()
    with itself.counting():
        window.session.edit(**edit)
    all_of_it.calls = dict(itself.calls)
    with all_of_it.counting():
        settle(window, all_of_it)
    window.session.undo()
    settle(window, Entered())
    return itself, all_of_it


def main() -> None:
    """Open the window, make the edit, and say what was entered."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edit", choices=EDITS, default="seed")
    parser.add_argument("--list", action="store_true", help="name the functions, by file")
    told = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as folder:
        window = create_window(settings=Settings(Path(folder) / "diffview.ini"))
        show_window(window, SIZE)
        settle(window, Entered())
        itself, quiet = measured(window, EDITS[told.edit], run=False)
        _, whole = measured(window, EDITS[told.edit], run=True)
        window.close()
    for what, entered in (("the edit", itself), ("until still", quiet), ("with the run", whole)):
        print(f"{what:>13}: {entered}")
    if told.list:
        for file, functions in quiet.by_file().items():
            print(f"{file}\n    " + "\n    ".join(functions))


if __name__ == "__main__":
    main()
