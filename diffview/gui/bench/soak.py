"""Long use of the window by a script, and what it leaves behind."""

import gc
import os
import sys
import threading
import time
from itertools import count
from pathlib import Path

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from diffview.fields.field import Region
from diffview.forward.schedules import make_schedule
from diffview.gui.bench.tools import Numbers, Paints, open_window, until
from diffview.gui.window.main_window import MainWindow

MODELS = ("gaussian", "local", "power_law", "data")
SAMPLERS = ("ddim", "heun", "ddpm")
SCHEDULES = ("linear", "cosine", "edm", "sigmoid")
PLACES = tuple(Region(row, column, 64, 64) for row in (0, 48, 96) for column in (20, 110))
CHAINS = ("closed", "chain")

ROUNDS = 24
"""Rounds in a cycle, after which everything comes again; what is left is looked at after each."""


def soak(minutes: float, path: str, slices: int) -> Numbers:
    """What is there after each cycle of scrubs, drags, edits, undoing, runs and slices of a file, for some minutes."""
    begun, states, acts = time.perf_counter(), [], 0
    with open_window() as window:
        paints = Paints(window)
        for round_ in count():
            _edits(window, paints, round_)
            _slices(window, path, slices, round_)
            acts += 1
            # without a loop that runs nothing is deleted that is to be deleted later
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            if (round_ + 1) % ROUNDS == 0:
                gc.collect()
                states.append({"minutes": (time.perf_counter() - begun) / 60, **_left()})
                if time.perf_counter() - begun > 60 * minutes and len(states) > 2:
                    return {"states": states, "rounds": acts}
    raise RuntimeError("it did not end")


def _edits(window: MainWindow, paints: Paints, i: int) -> None:
    """A round on the packaged field: other settings, a scrub, a drag, two steps back and forth, and a run."""
    session, slider, plot = window.session, window.timeline.slider, window.timeline.plot
    window.files.open_recipe(session.recipe.but(path=None, dataset=None, index=None, region=None, fitted=None))
    session.edit(
        region=PLACES[i % 6], model=MODELS[i % 4], sampler=SAMPLERS[i % 3], members=1 + i % 2, seed=i % 8,
        path_mode=CHAINS[i % 2], schedule=make_schedule(SCHEDULES[i % 4]), origin="field" if i % 3 == 0 else "noise",
    )  # fmt: skip
    for j in range(8):
        paints.after(lambda j=j: slider.setValue(60 + 110 * ((3 * i + j) % 8)))  # type: ignore[misc]
    plot.handlePressed.emit(2)
    for j in range(4):
        plot.handleMoved.emit(2, 0.5, 0.2 + 0.02 * j)
        QApplication.processEvents()
    for act in (session.undo, session.redo):
        act()
        QApplication.processEvents()
    window.live.start()
    until(window.is_idle)


def _slices(window: MainWindow, path: str, slices: int, i: int) -> None:
    """Three slices of a file, one after the other."""
    opened: list[int] = []
    connection = window.files.opened.connect(lambda: opened.append(1))
    for j in range(3):
        window.files.open(path, "/field", ((3 * i + j) % slices,))
        until(lambda j=j: len(opened) > j)  # type: ignore[misc]
    window.files.opened.disconnect(connection)
    until(window.is_idle)


def _left() -> Numbers:
    """Resident bytes, and how many descriptors, widgets, threads and references to None there are."""
    from diffview.bench.core import memory

    descriptors = Path("/proc/self/fd")
    return {
        "bytes": memory()[0], "descriptors": len(os.listdir(descriptors)) if descriptors.is_dir() else 0,
        "widgets": len(QApplication.allWidgets()), "threads": threading.active_count(),
        "references": sys.getrefcount(None),
    }  # fmt: skip
