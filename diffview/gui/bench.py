"""What `diffview bench` measures in the window: raw numbers, no budgets.

Each of MEASURES runs in a process of its own, `python -m diffview.gui.bench NAME ARGUMENTS`, with settings of its own,
and leaves its numbers on standard output as JSON. Times are milliseconds unless a name says otherwise.
"""

import gc
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

from diffview.fields import Region
from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings
from diffview.gui.window import MainWindow

Numbers = dict[str, Any]

LIMIT_S = 120.0
"""No single wait is longer."""

WARM_UP = 10
"""Repetitions that are made first and not counted."""


# -- helpers


def _until(done: Callable[[], bool], pause: float = 0.001) -> None:
    """Let the window live until something is the case.

    Raises:
        TimeoutError: if it does not become so.
    """
    app, until = application(), time.perf_counter() + LIMIT_S
    while not done():
        if time.perf_counter() > until:
            raise TimeoutError(f"nothing came of it in {LIMIT_S:g} s")
        app.processEvents()
        time.sleep(pause)  # the other threads need the interpreter


@contextmanager
def _window(width: int = 1600, height: int = 1000) -> Iterator[MainWindow]:
    """A window with settings of its own, painted, its first run over, its pace as it comes, and no auto-run."""
    application()
    with tempfile.TemporaryDirectory() as folder:
        window = create_window(settings=Settings(Path(folder) / "diffview.ini"))
        try:
            window.session.look(pace=0.0, auto_run=False)
            show_window(window, (width, height))
            _until(lambda: window.live.run is not None and window.is_idle())
            yield window
        finally:
            window.close()


def _take_region(window: MainWindow, side: int, mode: str) -> None:
    """Work on a region of side x side pixels: of the packaged field, or of a synthetic one where it is too small."""
    from diffview.bench.core import synthetic_field
    from diffview.plan import Facts
    from diffview.recipe import default_recipe

    recipe = replace(default_recipe(), path_mode=mode)
    if side != 128:
        recipe = replace(recipe, region=Region(44, 44, side, side), model="gaussian")
        window.session.open(recipe, Facts(synthetic_field()))
    else:
        window.session.open(recipe, window.session.facts)
    window.live.start()
    _until(window.is_idle)


class _Paints(QObject):
    """Watches the panes that are linked to the playhead."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        d = window.diagnostics
        plots = (d.histogram, d.spectrum, d.scale_time, window.timeline.plot)
        views = (window.forward.view, window.reverse.view, window.timeline.slider)
        self._watched: list[QWidget] = [*views, *(plot.viewport() for plot in plots)]
        self._count = 0
        for widget in self._watched:
            if widget.visibleRegion().isEmpty():
                raise RuntimeError(f"not every linked pane is visible: {widget}")
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count paints."""
        if event.type() is QEvent.Type.Paint:
            self._count += 1
        return False

    def after(self, deed: Callable[[], object]) -> float:
        """Milliseconds from before `deed` to the return of the turn of the event loop that made the last paint.

        Raises:
            RuntimeError: if nothing was painted.
        """
        app, first = application(), self._count
        begun = ended = time.perf_counter()
        deed()
        quiet = 0
        while quiet < 2:
            before = self._count
            app.processEvents()
            quiet = quiet + 1 if self._count == before else 0
            if not quiet:
                ended = time.perf_counter()
        if self._count == first:
            raise RuntimeError("nothing was painted")
        return 1000 * (ended - begun)


# -- measures


def start() -> Numbers:
    """`perf_counter` when the window answers after its first paint, and when the first step of a run is painted."""
    stamps: dict[str, float] = {}
    app = application()

    def stamp(name: str) -> None:
        stamps.setdefault(name, time.perf_counter())
        if len(stamps) == 3:
            app.quit()

    class Eye(QObject):
        """Sees the paints of REVERSE that show a step of the run."""

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            """Stamp once the paint is over."""
            step = window.live.step
            if event.type() is QEvent.Type.Paint and step is not None:
                QTimer.singleShot(0, lambda: stamp("start" if step.index == 0 else "frame"))
            return False

    with tempfile.TemporaryDirectory() as folder:
        window = create_window(settings=Settings(Path(folder) / "diffview.ini"))
        eye = Eye()
        window.reverse.view.installEventFilter(eye)
        show_window(window, (1600, 1000))
        window.painted.connect(lambda: QTimer.singleShot(0, lambda: stamp("usable")))
        QTimer.singleShot(int(1000 * LIMIT_S), app.quit)
        app.exec()
        window.close()
    return stamps


def scrub(width: int, height: int, side: int, mode: str, count: int) -> Numbers:
    """The slider moved by 7 rows at a time, up and down, as a hand does."""
    with _window(width, height) as window:
        _take_region(window, side, mode)
        paints, slider = _Paints(window), window.timeline.slider
        rows = [abs((7 * i) % 1960 - 980) + 10 for i in range(1, count + WARM_UP + 1)]
        times = [paints.after(lambda row=row: slider.setValue(row)) for row in rows]  # type: ignore[misc]
        return {"times": times[WARM_UP:], "ratio": window.devicePixelRatioF()}


def jump(side: int, count: int) -> Numbers:
    """A jump of the playhead on the chain of a new seed, once its film strip is drawn, and the longest gap until then.

    The strip asks for 14 places of the chain; the jumps go between them.
    """
    with _window() as window:
        _take_region(window, side, "chain")
        paints, watch, slider = _Paints(window), _Gaps(), window.timeline.slider
        jumps, strips = [], []
        for seed in range(1, count + 1):
            window.session.look(playhead=0.002, follow=False)
            paints.after(lambda seed=seed: window.session.edit(seed=seed))  # type: ignore[misc]
            strips.append(max(watch.over(0.25)))
            jumps.append(paints.after(lambda seed=seed: slider.setValue(423 + 77 * (seed % 6))))  # type: ignore[misc]
        return {"times": jumps, "strips": strips}


def drag(side: int, count: int) -> Numbers:
    """A handle of the schedule plot pulled up and down."""
    with _window() as window:
        _take_region(window, side, "closed")
        window.session.look(playhead=0.4, follow=False)
        paints, plot = _Paints(window), window.timeline.plot
        plot.handlePressed.emit(2)
        heights = [0.2 + 0.1 * float(np.sin(i / 5)) for i in range(count + WARM_UP)]
        times = [paints.after(lambda y=y: plot.handleMoved.emit(2, 0.5, y)) for y in heights]  # type: ignore[misc]
        return {"times": times[WARM_UP:]}


class _Gaps(QObject):
    """Time between two turns of the event loop, by a timer of 1 ms."""

    def __init__(self) -> None:
        super().__init__()
        self._gaps: list[float] = []
        self._last = 0.0
        self._timer = QTimer(self, interval=1, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._gaps.append(1000 * (now - self._last))
        self._last = now

    def over(self, seconds: float = 0.0, done: Callable[[], bool] | None = None) -> list[float]:
        """The gaps of some seconds, or until something is the case."""
        self._gaps, self._last = [], time.perf_counter()
        loop, until = QEventLoop(), self._last + (LIMIT_S if done else seconds)
        end = QTimer(interval=20)
        end.timeout.connect(
            lambda: loop.quit() if time.perf_counter() > until or (done is not None and done()) else None
        )
        self._timer.start()
        end.start()
        loop.exec()
        self._timer.stop()
        return self._gaps


def gaps(seconds: float) -> Numbers:
    """Gaps while nothing happens, while `local` samples unseen, and while it samples and each step is drawn."""
    from diffview.gui.jobs import Sampling
    from diffview.plan import resolve

    found: dict[str, list[float]] = {"idle": [], "unseen": [], "drawn": []}
    with _window() as window:
        session, watch, unseen = window.session, _Gaps(), Sampling()
        usual, long = session.recipe.steps, replace(session.recipe, steps=1000)
        for _ in range(2):
            found["idle"] += watch.over(seconds / 2)
            run = unseen.request(resolve(long, session.facts))
            _until(lambda run=run: len(run.trajectory) > 2)  # type: ignore[misc]
            found["unseen"] += watch.over(seconds / 2)
            unseen.stop()
            _until(lambda run=run: not run.active)  # type: ignore[misc]
            session.edit(steps=1000)
            window.live.start()
            _until(lambda: window.live.step is not None and 2 < window.live.step.index < 100)
            found["drawn"] += watch.over(seconds / 2)
            window.live.stop()
            session.edit(steps=usual)
            _until(window.is_idle)
        unseen.close()
    return found


def network_gaps(seconds: float, warm_up: float) -> Numbers:
    """Gaps while nothing happens, while `rain64` samples and each step is drawn, and while a network is trained."""
    from diffview.gui.train_order import Order

    found: dict[str, list[float]] = {}
    with _window() as window, tempfile.TemporaryDirectory() as folder:
        session, live, trainer, watch = window.session, window.live, window.trainer, _Gaps()
        found["idle"] = watch.over(seconds)
        session.edit(model="rain64", steps=1000, sampler="ddim")
        live.start()
        _until(lambda: live.step is not None and 2 < live.step.index < 200)
        watch.over(warm_up)
        found["samples"] = watch.over(seconds)
        live.stop()
        session.edit(model="gaussian", steps=18)
        _until(window.is_idle)
        recipe = session.recipe
        window.train_dock.show()
        window.train_dock.raise_()
        trainer.start(Order(session.facts.field, session.facts.key_of(recipe), recipe.schedule, Path(folder) / "model"))
        _until(lambda: trainer.training is not None and trainer.training.newest.step > 2)
        watch.over(warm_up)
        found["trains"] = watch.over(seconds)
        trainer.stop()
        _until(lambda: not trainer.active)
    return found


def torch_import() -> Numbers:
    """Gaps while the sampling thread imports torch."""
    with _window() as window:
        live, watch = window.live, _Gaps()
        begun = time.perf_counter()
        QTimer.singleShot(50, live.load_engine)
        found = watch.over(done=lambda: live.engine is not None)
        if live.engine is None or live.engine.version is None:
            raise RuntimeError("torch is not installed")
        return {"gaps": found, "seconds": time.perf_counter() - begun}


def stop(count: int) -> Numbers:
    """From the click on Stop to an idle window, and what one call of the model takes: alone, and in a run seen here."""
    with _window() as window:
        live, plan = window.live, window.session.plan
        if plan.model is None:
            raise RuntimeError("there is no model")
        denoise, y = plan.model.denoiser(), np.nan_to_num(plan.x0)[None, None]
        calls, steps, times = [], [], []
        for s in plan.levels[:1] + plan.levels[:-1]:
            begun = time.perf_counter()
            denoise(y, s)
            calls.append(1000 * (time.perf_counter() - begun))
        for i in range(count):
            live.start()
            _until(lambda i=i: len(live.run.trajectory) > 4 + i % 4)  # type: ignore[misc,union-attr]
            steps.append(1000 / live.run.steps_per_second if live.run is not None else 0.0)
            begun = time.perf_counter()
            window.toolbar.stop.click()
            _until(window.is_idle, 0.0005)
            times.append(1000 * (time.perf_counter() - begun))
        return {"times": times, "calls": calls[1:], "steps": steps}


def opening(path: str, dataset: str) -> Numbers:
    """From `open_file` to the painted picture, the reader running."""
    with _window() as window:
        paints: list[int] = []
        window.files.opened.connect(lambda: paints.append(1))
        begun = time.perf_counter()
        window.open_file(path, dataset)
        _until(lambda: bool(paints), 0.0002)
        application().processEvents()
        return {"times": [1000 * (time.perf_counter() - begun)]}


def slice_memory(small: str, path: str, dataset: str) -> Numbers:
    """Bytes that one slice takes over what was there before, in the reader and here: kept, most read, most shown."""
    from diffview.bench.core import memory, reset_peak
    from diffview.plan import Facts
    from diffview.readers.process import ReaderProcess
    from diffview.recipe import default_recipe

    reader = ReaderProcess()
    with _window() as window:
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
            window.session.open(replace(default_recipe(), region=None), Facts(field))
            _until(window.is_idle)
            application().processEvents()
            after = {name: memory(pid) for name, pid in pids.items()}
            window.live.start()
            _until(window.is_idle)
            run = memory()
        finally:
            reader.close()
        grown = {name: [now - before[name][0] for now in (after[name][0], read[name], after[name][1])] for name in pids}
        return {"slice": field.values.nbytes, "run": run[1] - after["window"][0], **grown}


def growth(scrubs: int, runs: int) -> Numbers:
    """Memory, threads and references to None that scrubbing and sampling leave behind, second half over first."""
    from diffview.bench.core import memory

    def work(window: MainWindow, paints: _Paints) -> None:
        for i in range(scrubs):
            row = abs((7 * i) % 1960 - 980) + 10
            paints.after(lambda row=row: window.timeline.slider.setValue(row))  # type: ignore[misc]
        for _ in range(runs):
            window.live.start()
            _until(window.is_idle)
        gc.collect()

    def state() -> Numbers:
        references = {str(value): sys.getrefcount(value) for value in (None, True, False)}
        return {"bytes": memory()[0], "threads": threading.active_count(), **references}

    with _window() as window:
        paints = _Paints(window)
        window.session.edit(model="gaussian")
        states = []
        for _ in range(3):
            work(window, paints)
            states.append(state())
    return {"states": states}


MEASURES: dict[str, Callable[..., Numbers]] = {
    f.__name__: f
    for f in (start, scrub, jump, drag, gaps, network_gaps, torch_import, stop, opening, slice_memory, growth)
}  # fmt: skip


def main() -> None:
    """Measure what the command line names and write the numbers."""
    name, arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(MEASURES[name](**json.loads(arguments))) + "\n")


if __name__ == "__main__":
    main()
