"""Feeds the film strip: pictures of the forward process, and of the recorded steps of the run."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from diffview.fields.colormaps import COLORMAPS
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show.film_layout import arrivals
from diffview.gui.show.film_rows import FORWARD, NAMES, PARENT, RECORDED, REVERSE
from diffview.gui.show.looks import estimate, field_scale, made_scale, state
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.film.film_strip import FilmStrip
from diffview.gui.widgets.images.raster import Raster
from diffview.reverse.samplers import Step
from diffview.runs.colour_scale import Scale
from diffview.runs.requests import Run

FORWARD_FRAMES = 14
MOST_STEPS = 60
"""The most pictures of a run; the slider and the playhead reach the steps between them."""

THUMBNAIL = 72
"""Longest side of a picture in pixels; larger ones are strided."""

REST_MS = 120
"""The forward row is drawn when nothing was moved for this long."""


class Reel:
    """The pictures of one run, in one row of the strip."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.run: Run | None = None
        self.steps: list[Step] = []
        self.pictures: dict[int, QImage] = {}

    def nearest(self, index: int) -> int | None:
        """Index of the picture nearest to a step; None if there is none."""
        return min(range(len(self.steps)), key=lambda i: abs(self.steps[i].index - index), default=None)


class Film(QObject):
    """Rows on the axis of the timeline: the forward process, one picture a turn of the event loop, and the run.

    A fork has a row more, that of the run it leaves; so has a run beside one that the open file holds.
    """

    def __init__(self, strip: FilmStrip, session: Session, live: Live) -> None:
        super().__init__(strip)
        self.strip, self._session, self._live = strip, session, live
        self.forward_t = np.linspace(0, 1, FORWARD_FRAMES)
        self._run, self._parent = Reel(REVERSE), Reel(PARENT)
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
        """The forward row, one picture at a time: a chain at a new time takes a while."""
        scale, forward = TimeScale.of(self._session), self._session.forward
        t = np.linspace(0, 1, FORWARD_FRAMES)
        if scale.axis != "t":
            t = np.asarray(scale.t(np.linspace(scale.low, scale.high, FORWARD_FRAMES)))
        items = []
        for at in t.tolist():
            items.append((float(scale.x(at)), self._picture(forward.at(at).x_t, field_scale(self._session))))
            yield
        self.forward_t = t
        self.strip.set_row(FORWARD, items)
        self.show_playhead()

    def _picture(self, x: NDArray[np.float32], of: Scale) -> QImage:
        """x in the colours of its pane, small; missing pixels are transparent."""
        k = max(1, max(x.shape) // THUMBNAIL)
        self._raster.set_limits(*of.levels)
        self._raster.set_table(COLORMAPS[of.colours])
        self._raster.set_values(np.ascontiguousarray(x[::k, ::k]), None)
        return self._raster.image().copy()

    def redraw_run(self) -> None:
        """All pictures of the run anew, as when their colours change."""
        for reel in (self._run, self._parent):
            reel.pictures.clear()
        self.extend_run()

    @property
    def steps(self) -> list[Step]:
        """The steps of the run that have a picture."""
        return self._run.steps

    def extend_run(self) -> None:
        """Show the steps recorded since the last time, those already drawn as they were."""
        run, parent = self._live.run, self._live.left
        fork = None if run is None else run.plan.recipe.course.fork
        steps = self._recorded(run)
        if run is None or fork is None:
            beside = parent if parent is not run else None  # the recorded run of the open file
            name = RECORDED if beside is None else NAMES[REVERSE]
            self.strip.name_rows(NAMES if parent is None else (NAMES[FORWARD], name, RECORDED))
            self._extend(self._parent, beside, self._recorded(beside))
            self._extend(self._run, run, steps)
            self.strip.set_fork(None)
            return
        self.strip.name_rows(NAMES)
        if parent is None:  # of the run it leaves only the shared steps are known
            self._extend(self._parent, run, [step for step in steps if step.index <= fork.step])
        else:
            self._extend(self._parent, parent, self._recorded(parent))
        own = [step for step in steps if step.index >= fork.step]
        if len(run.trajectory) > fork.step and (not own or own[0].index > fork.step):
            own.insert(0, run.trajectory.nearest(fork.step))
        self._extend(self._run, run, own)
        self.strip.set_fork(self._parent.nearest(fork.step))

    def _recorded(self, run: Run | None) -> list[Step]:
        if run is None or not len(run.trajectory):
            return []
        total = run.plan.steps if run.active else len(run.trajectory) - 1
        far = arrivals(run.plan.visited)
        arrived = far[:: -(-len(far) // MOST_STEPS)] if len(far) <= run.plan.steps else ()
        return run.trajectory.spread(MOST_STEPS, total, arrived)

    def _extend(self, reel: Reel, run: Run | None, steps: list[Step]) -> None:
        if run is not reel.run:
            reel.run = run
            reel.pictures.clear()
        if reel.pictures and [step.index for step in steps] == [step.index for step in reel.steps]:
            return
        if not steps and not reel.steps:
            return
        shown = state if self._session.view.reverse == "x_t" else estimate
        scale = made_scale(self._session, self._session.plan)
        for step in steps:
            if step.index not in reel.pictures:
                reel.pictures[step.index] = self._picture(shown(step, self._session), scale)
        reel.steps = steps
        pictures = [reel.pictures[step.index] for step in steps]
        numbers, total = [step.index for step in steps], run.plan.steps if run is not None else 0
        self.strip.set_row(reel.row, list(zip(self._x(reel), pictures, strict=True)), numbers, total)

    def move_run(self) -> None:
        """Recorded steps belong to a noise level: they slide along t when the schedule is edited."""
        for reel in (self._run, self._parent):
            if reel.steps:
                self.strip.move_row(reel.row, self._x(reel))

    def _x(self, reel: Reel) -> list[float]:
        if reel.run is None or not reel.steps:
            return []
        t = self._live.times(reel.run)[[step.index for step in reel.steps]]
        return np.atleast_1d(np.asarray(TimeScale.of(self._session).x(t))).tolist()

    def show_step(self) -> None:
        """Another step is on screen: mark the nearest picture."""
        self.extend_run()
        step, shown = self._live.step, self._live.shown
        if step is None:
            return
        if shown is self._parent.run and shown is not self._run.run:
            self.strip.set_current(PARENT, self._parent.nearest(step.index))
        elif self.steps:
            self.strip.set_current(REVERSE, self._run.nearest(step.index))

    def show_playhead(self) -> None:
        """Mark the forward picture nearest to the playhead."""
        nearest = int(np.abs(self.forward_t - self._session.view.playhead).argmin())
        self.strip.set_current(FORWARD, nearest)

    def step_at(self, row: int, index: int) -> tuple[Run, Step] | None:
        """The run and the step of a picture; None for the forward process."""
        reel = {REVERSE: self._run, PARENT: self._parent}.get(row)
        if reel is None or reel.run is None or index >= len(reel.steps):
            return None
        return reel.run, reel.steps[index]

    def time_of(self, row: int, index: int) -> float:
        """The t of a picture."""
        recorded = self.step_at(row, index)
        if recorded is None:
            return float(self.forward_t[index])
        run, step = recorded
        return float(self._live.times(run)[step.index])
