"""Common to the measurements in the window: a window, waiting, and the times of paints and gaps of the event loop."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QEventLoop, QObject, Qt, QTimer
from PySide6.QtWidgets import QWidget

from diffview.fields.field import Region
from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings
from diffview.gui.window.main_window import MainWindow

Numbers = dict[str, Any]

LIMIT_S = 120.0
"""No single wait is longer."""


def until(done: Callable[[], bool], pause: float = 0.001) -> None:
    """Process events until something is the case.

    Raises:
        TimeoutError: if it takes too long.
    """
    app, until = application(), time.perf_counter() + LIMIT_S
    while not done():
        if time.perf_counter() > until:
            raise TimeoutError(f"it did not happen in {LIMIT_S:g} s")
        app.processEvents()
        time.sleep(pause)  # the other threads need the interpreter


@contextmanager
def open_window(width: int = 1600, height: int = 1000) -> Iterator[MainWindow]:
    """A window with settings of its own, painted, its first run over, its pace as it comes, and no auto-run."""
    application()
    with tempfile.TemporaryDirectory() as folder:
        window = create_window(settings=Settings(Path(folder) / "diffview.ini"))
        try:
            window.session.look(pace=0.0, auto_run=False)
            show_window(window, (width, height))
            until(lambda: window.live.run is not None and window.is_idle())
            yield window
        finally:
            window.close()


def take_region(window: MainWindow, side: int, mode: str) -> None:
    """Work on a region of side x side pixels: of the packaged field, or of a synthetic one where it is too small."""
    from diffview.bench.core import synthetic_field
    from diffview.runs.facts import Facts
    from diffview.runs.recipe import default_recipe

    recipe = default_recipe().but(path_mode=mode)
    if side != 128:
        recipe = recipe.but(region=Region(44, 44, side, side), model="gaussian")
        window.session.open(recipe, Facts(synthetic_field()))
    else:
        window.session.open(recipe, window.session.facts)
    window.live.start()
    until(window.is_idle)


class Paints(QObject):
    """Watches the panes that are linked to the playhead.

    Attributes:
        spent: milliseconds of processor time that this thread took for each of the acts, which other programs do not
            lengthen as they do the time.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        d = window.diagnostics
        plots = (d.histogram, d.spectrum, d.scale_time, window.timeline.plot)
        views = (window.forward.view, window.reverse.view, window.timeline.slider)
        self._watched: list[QWidget] = [*views, *(plot.viewport() for plot in plots)]
        self._count = 0
        self.spent: list[float] = []
        for widget in self._watched:
            if widget.visibleRegion().isEmpty():
                raise RuntimeError(f"not every linked pane is visible: {widget}")
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Count paints."""
        if event.type() is QEvent.Type.Paint:
            self._count += 1
        return False

    def after(self, act: Callable[[], object]) -> float:
        """Milliseconds from before `act()` to the return of the turn of the event loop that made the last paint.

        Raises:
            RuntimeError: if nothing was painted.
        """
        app, first = application(), self._count
        begun, busy = time.perf_counter(), time.thread_time()
        ended = begun
        act()
        quiet = 0
        while quiet < 2:
            before = self._count
            app.processEvents()
            quiet = quiet + 1 if self._count == before else 0
            if not quiet:
                ended = time.perf_counter()
        if self._count == first:
            raise RuntimeError("nothing was painted")
        self.spent.append(1000 * (time.thread_time() - busy))
        return 1000 * (ended - begun)


class LoopGaps(QObject):
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
