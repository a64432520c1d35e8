"""Measurements of `diffview bench` of files in the window: raw numbers, no budgets."""

import time

from PySide6.QtWidgets import QAbstractItemView

from diffview.gui.app import application
from diffview.gui.bench.tools import LoopGaps, Numbers, open_window, until


def opening(small: str, path: str, dataset: str) -> Numbers:
    """From `open_file` to the painted picture, the reader having read a small file before."""
    with open_window() as window:
        paints: list[int] = []
        window.files.opened.connect(lambda: paints.append(1))
        window.open_file(small)
        until(lambda: bool(paints) and not window.files.reading.busy and window.is_idle())
        begun = time.perf_counter()
        window.open_file(path, dataset)
        until(lambda: len(paints) > 1, 0.0002)
        application().processEvents()
        return {"times": [1000 * (time.perf_counter() - begun)]}


def slice_memory(small: str, path: str, dataset: str) -> Numbers:
    """Bytes that one slice takes beyond those before, in the reader and here: kept, at most in reading and showing."""
    from diffview.bench.core import memory, reset_peak
    from diffview.readers.process import ReaderProcess
    from diffview.runs.facts import Facts
    from diffview.runs.recipe import default_recipe

    reader = ReaderProcess()
    with open_window() as window:
        try:
            for _ in range(2):  # its imports are not the slice's; after the second the first is given back
                reader.call("read_slice", path=small)
            pids = {"reader": int(reader.pid or 0), "window": 0}
            before = {name: memory(pid) for name, pid in pids.items()}
            for pid in pids.values():
                reset_peak(pid)
            field = reader.call("read_slice", path=path, dataset=dataset).field
            read = {name: memory(pid)[1] for name, pid in pids.items()}
            time.sleep(0.05)  # the reader gives its memory back after the reply
            reset_peak(pids["reader"])
            window.session.open(default_recipe().but(region=None), Facts(field))
            until(window.is_idle)
            application().processEvents()
            after = {name: memory(pid) for name, pid in pids.items()}
            window.live.start()
            until(window.is_idle)
            run = memory()
        finally:
            reader.close()
        grown = {name: [now - before[name][0] for now in (after[name][0], read[name], after[name][1])] for name in pids}
        return {"slice": field.values.nbytes, "run": run[1] - after["window"][0], **grown}


def tree(path: str) -> Numbers:
    """From `open_file`, the reader running, to the first rows of the tree, and to the painted picture."""
    with open_window() as window:
        view = window.findChild(QAbstractItemView, "dataTree")
        model = None if view is None else view.model()
        if model is None:
            raise RuntimeError("the window has no tree")
        names = [model.index(row, 0).data() for row in range(model.rowCount())]
        opened: list[float] = []
        window.files.opened.connect(lambda: opened.append(time.perf_counter()))
        begun = time.perf_counter()
        window.open_file(path)
        until(lambda: model.rowCount() > 0 and model.index(0, 0).data() not in names, 0.0005)
        rows = time.perf_counter()
        until(lambda: bool(opened), 0.0005)
        return {"rows": 1000 * (rows - begun), "picture": 1000 * (opened[0] - begun)}


def stepping(path: str, dataset: str, count: int) -> Numbers:
    """Milliseconds from one slice to the next, each read, taken and painted; and of processor time here for each."""
    with open_window() as window:
        opened: list[int] = []
        window.files.opened.connect(lambda: opened.append(1))
        times, busy = [], 0.0
        for i in range(count + 2):
            if i == 2:  # all is warm
                busy = time.process_time()
            begun, seen = time.perf_counter(), len(opened)
            window.files.open(path, dataset, (i,))
            until(lambda seen=seen: len(opened) > seen, 0.0002)  # type: ignore[misc]
            application().processEvents()
            times.append(1000 * (time.perf_counter() - begun))
        return {"times": times[2:], "busy": 1000 * (time.process_time() - busy) / count}


def reading_gaps(path: str, dataset: str, seconds: float) -> Numbers:
    """Gaps of the event loop while nothing happens, and while the overview of a large picture is read."""
    times: dict[str, list[float]] = {"idle": [], "reading": []}
    with open_window() as window:
        watch = LoopGaps()
        while sum(times["reading"]) < 1000 * seconds:
            times["idle"] += watch.over(seconds / 4)
            window.open_file(path, dataset)
            times["reading"] += watch.over(done=lambda: not window.files.reading.opening)
            until(window.is_idle)
    return times
