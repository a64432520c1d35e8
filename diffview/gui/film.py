"""Feeds the film strip: pictures of the forward process, and of the recorded steps of the run."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from diffview.gui.live import Live
from diffview.gui.looks import colormap, estimate, made_colormap, state
from diffview.gui.session import Session
from diffview.gui.timescale import TimeScale
from diffview.gui.widgets.film_strip import FORWARD, REVERSE, FilmStrip
from diffview.gui.widgets.raster import Raster, Rgb
from diffview.samplers import Step

FORWARD_FRAMES = 14
MOST_STEPS = 60
"""Pictures of a run; the slider and the playhead reach the steps between them."""

THUMBNAIL = 72
"""Longest side of a picture in pixels; larger ones are strided."""

REST_MS = 60
"""The forward row is drawn when the hand has rested this long."""


class Film(QObject):
    """Two rows on the axis of the timeline: the forward process, one picture a turn of the event loop, and the run."""

    def __init__(self, strip: FilmStrip, session: Session, live: Live) -> None:
        super().__init__(strip)
        self.strip, self._session, self._live = strip, session, live
        self.forward_t = np.linspace(0, 1, FORWARD_FRAMES)
        self.steps: list[Step] = []
        self._run: object = None
        self._pictures: dict[int, QImage] = {}
        self._raster = Raster()
        self._work: Iterator[None] | None = None
        self._rest = QTimer(self, singleShot=True, interval=REST_MS)
        self._rest.timeout.connect(self._begin_forward)
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._go_on)

    def refresh_forward(self) -> None:
        """Draw the forward row anew, soon."""
        self._turn.stop()
        self._rest.start()

    def _begin_forward(self) -> None:
        self._work = self._draw_forward()
        self._turn.start()

    def _go_on(self) -> None:
        if self._work is None or next(self._work, self) is self:
            self._turn.stop()

    def _draw_forward(self) -> Iterator[None]:
        """The forward row, one picture at a time: a chain at a new place takes its time."""
        scale, forward = TimeScale.of(self._session), self._session.forward
        t = np.linspace(0, 1, FORWARD_FRAMES)
        if scale.axis != "t":
            t = np.asarray(scale.t(np.linspace(scale.low, scale.high, FORWARD_FRAMES)))
        items = []
        for at in t.tolist():
            items.append((float(scale.x(at)), self._picture(forward.at(at).x_t, colormap(self._session))))
            yield
        self.forward_t = t
        self.strip.set_row(FORWARD, items)
        self.show_playhead()

    def _picture(self, x: NDArray[np.float32], colours: Rgb) -> QImage:
        """x in the colours of its pane, small; missing pixels are transparent."""
        k = max(1, max(x.shape) // THUMBNAIL)
        self._raster.set_limits(*self._session.view.limits)
        self._raster.set_table(colours)
        self._raster.set_values(np.ascontiguousarray(x[::k, ::k]), None)
        return self._raster.image().copy()

    def redraw_run(self) -> None:
        """All pictures of the run anew, as when their colours change."""
        self._pictures.clear()
        self.extend_run()

    def extend_run(self) -> None:
        """Show the steps recorded since the last time, those already drawn as they were."""
        run = self._live.run
        if run is not self._run:
            self._run = run
            self._pictures.clear()
        steps = []
        if run is not None and len(run.trajectory):
            total = run.plan.steps if run.active else len(run.trajectory) - 1
            steps = run.trajectory.spread(MOST_STEPS, total)
        if self._pictures and [step.index for step in steps] == [step.index for step in self.steps]:
            return
        shown = state if self._session.view.reverse == "x_t" else estimate
        for step in steps:
            if step.index not in self._pictures:
                self._pictures[step.index] = self._picture(shown(step, self._session), made_colormap(self._session))
        self.steps = steps
        self.strip.set_row(REVERSE, [(x, self._pictures[s.index]) for x, s in zip(self._x(), steps, strict=True)])

    def move_run(self) -> None:
        """Recorded steps belong to a noise level: they slide along t when the schedule is edited."""
        if self.steps:
            self.strip.move_row(REVERSE, self._x())

    def _x(self) -> list[float]:
        run = self._live.run
        if run is None or not self.steps:
            return []
        t = self._live.places(run)[[step.index for step in self.steps]]
        return np.atleast_1d(np.asarray(TimeScale.of(self._session).x(t))).tolist()

    def show_step(self) -> None:
        """Another step is on screen: mark the nearest picture."""
        self.extend_run()
        step = self._live.step
        if step is not None and self.steps:
            nearest = min(range(len(self.steps)), key=lambda i: abs(self.steps[i].index - step.index))
            self.strip.set_current(REVERSE, nearest)

    def show_playhead(self) -> None:
        """Mark the forward picture nearest to the playhead."""
        nearest = int(np.abs(self.forward_t - self._session.view.playhead).argmin())
        self.strip.set_current(FORWARD, nearest)

    def place_of(self, row: int, index: int) -> float:
        """The t of a picture."""
        run = self._live.run
        if row == FORWARD or run is None:
            return float(self.forward_t[index])
        return float(self._live.places(run)[self.steps[index].index])
