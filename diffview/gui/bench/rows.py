"""Measurements of `diffview bench` in the window: raw numbers, no budgets.

Each of MEASURES runs in a process of its own, `python -m diffview.gui.bench.rows NAME ARGUMENTS`, with settings of its
own, and leaves its numbers on standard output as JSON. Times are milliseconds unless a name says otherwise.
"""

import gc
import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEvent, QObject, QTimer

from diffview.fields.field import Region
from diffview.forward.edits import points_of
from diffview.gui.app import application, create_window, show_window
from diffview.gui.bench.files import opening, reading_gaps, slice_memory, stepping, tree
from diffview.gui.bench.soak import soak
from diffview.gui.bench.tools import LIMIT_S, LoopGaps, Numbers, Paints, open_window, take_region, until
from diffview.gui.settings import Settings
from diffview.gui.window.main_window import MainWindow

WARM_UP = 10
"""Repetitions made first and not counted."""


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
        """Watches the paints of REVERSE that show a step of the run."""

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
    with open_window(width, height) as window:
        take_region(window, side, mode)
        paints, slider = Paints(window), window.timeline.slider
        rows = [abs((7 * i) % 1960 - 980) + 10 for i in range(1, count + WARM_UP + 1)]
        times = [paints.after(lambda row=row: slider.setValue(row)) for row in rows]  # type: ignore[misc]
        return {"times": times[WARM_UP:], "spent": paints.spent[WARM_UP:], "ratio": window.devicePixelRatioF()}


def jump(side: int, count: int) -> Numbers:
    """A jump of the playhead on the chain of a new seed, once its film strip is drawn, and the longest gap until then.

    The strip asks for 14 times of the chain; the jumps go between them.
    """
    with open_window() as window:
        take_region(window, side, "chain")
        paints, watch, slider = Paints(window), LoopGaps(), window.timeline.slider
        jumps, strips = [], []
        for seed in range(1, count + 1):
            window.session.look(playhead=0.002, follow=False)
            paints.after(lambda seed=seed: window.session.edit(seed=seed))  # type: ignore[misc]
            strips.append(max(watch.over(0.25)))
            jumps.append(paints.after(lambda seed=seed: slider.setValue(423 + 77 * (seed % 6))))  # type: ignore[misc]
        return {"times": jumps, "strips": strips}


def drag(side: int, count: int, quantity: str) -> Numbers:
    """A handle of the curve of alpha_bar, or of beta_t, pulled up and down."""
    with open_window() as window:
        take_region(window, side, "closed")
        window.session.look(playhead=0.4, follow=False, quantity=quantity)
        paints, plot = Paints(window), window.timeline.plot
        plot.handlePressed.emit(2)
        _, value = points_of(window.session.recipe.course.schedule, quantity)
        middle = float(value[2]) if quantity == "beta" else 0.2
        heights = [middle * (1 + 0.5 * float(np.sin(i / 5))) for i in range(count + WARM_UP)]
        times = [paints.after(lambda y=y: plot.handleMoved.emit(2, 0.5, y)) for y in heights]  # type: ignore[misc]
        return {"times": times[WARM_UP:], "spent": paints.spent[WARM_UP:]}


def gaps(seconds: float) -> Numbers:
    """Gaps while nothing happens, while `local` samples unseen, and while it samples and each step is drawn."""
    from diffview.gui.jobs.sampling import SamplingRequests
    from diffview.runs.resolve import resolve

    times: dict[str, list[float]] = {"idle": [], "unseen": [], "drawn": []}
    with open_window() as window:
        session, watch, unseen = window.session, LoopGaps(), SamplingRequests()
        usual, long = session.recipe.course.steps, session.recipe.but(steps=1000)
        for _ in range(2):
            times["idle"] += watch.over(seconds / 2)
            run = unseen.request(resolve(long, session.facts))
            until(lambda run=run: len(run.trajectory) > 2)  # type: ignore[misc]
            times["unseen"] += watch.over(seconds / 2)
            unseen.stop()
            until(lambda run=run: not run.active)  # type: ignore[misc]
            session.edit(steps=1000)
            window.live.start()
            until(lambda: window.live.step is not None and 2 < window.live.step.index < 100)
            times["drawn"] += watch.over(seconds / 2)
            window.live.stop()
            session.edit(steps=usual)
            until(window.is_idle)
        unseen.close()
    return times


def network_gaps(seconds: float, warm_up: float) -> Numbers:
    """Gaps while nothing happens, while `rain64` samples and each step is drawn, and while a network is trained."""
    from diffview.learning.orders import Order

    times: dict[str, list[float]] = {}
    with open_window() as window, tempfile.TemporaryDirectory() as folder:
        session, live, trainer, watch = window.session, window.live, window.trainer, LoopGaps()
        times["idle"] = watch.over(seconds)
        session.edit(model="rain64", steps=1000, sampler="ddim")
        live.start()
        until(lambda: live.step is not None and 2 < live.step.index < 200)
        watch.over(warm_up)
        times["samples"] = watch.over(seconds)
        live.stop()
        session.edit(model="gaussian", steps=18)
        until(window.is_idle)
        recipe = session.recipe
        window.train_dock.show()
        window.train_dock.raise_()
        trainer.start(
            Order(session.facts.field, session.facts.key_of(recipe), recipe.course.schedule, Path(folder) / "model")
        )
        until(lambda: trainer.training is not None and trainer.training.newest.step > 2)
        watch.over(warm_up)
        times["trains"] = watch.over(seconds)
        trainer.stop()
        until(lambda: not trainer.active)
    return times


def ensemble(model: str, members: int, side: int, count: int) -> Numbers:
    """The slider moved while a run of many members goes and their spread is shown: paints, and gaps of the loop."""
    with open_window() as window:
        session, live, slider = window.session, window.live, window.timeline.slider
        row, column = session.plan.region.row, session.plan.region.column
        session.edit(model=model, members=members, steps=1000, region=Region(row, column, side, side))
        session.look(statistic="spread")
        paints, watch = Paints(window), LoopGaps()
        live.start()
        until(lambda: live.step is not None and live.step.index > 1)
        gaps = watch.over(count / 30)
        rows = [abs((7 * i) % 1960 - 980) + 10 for i in range(1, count + WARM_UP + 1)]
        times = [paints.after(lambda row=row: slider.setValue(row)) for row in rows]  # type: ignore[misc]
        running = live.active
        live.stop()
        until(window.is_idle)
        if not running:
            raise RuntimeError("the run ended before the slider did")
        return {"times": times[WARM_UP:], "spent": paints.spent[WARM_UP:], "gaps": gaps}


def torch_import() -> Numbers:
    """Gaps while the sampling thread imports torch."""
    with open_window() as window:
        live, watch = window.live, LoopGaps()
        begun = time.perf_counter()
        QTimer.singleShot(50, live.torch.load)
        times = watch.over(done=lambda: live.torch.engine is not None)
        if live.torch.engine is None or live.torch.engine.version is None:
            raise RuntimeError("torch is not installed")
        return {"gaps": times, "seconds": time.perf_counter() - begun}


def stop(count: int) -> Numbers:
    """Time from the click on Stop to an idle window, and of one call of the model: alone, and in a run on screen."""
    with open_window() as window:
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
            until(lambda i=i: len(live.run.trajectory) > 4 + i % 4)  # type: ignore[misc,union-attr]
            steps.append(1000 / live.run.steps_per_second if live.run is not None else 0.0)
            begun = time.perf_counter()
            window.toolbar.stop.click()
            until(window.is_idle, 0.0005)
            times.append(1000 * (time.perf_counter() - begun))
        return {"times": times, "calls": calls[1:], "steps": steps}


def growth(scrubs: int, runs: int) -> Numbers:
    """Memory, threads and references to None that scrubbing and sampling leave behind, second half over first."""
    from diffview.bench.core import memory

    def work(window: MainWindow, paints: Paints) -> None:
        for i in range(scrubs):
            row = abs((7 * i) % 1960 - 980) + 10
            paints.after(lambda row=row: window.timeline.slider.setValue(row))  # type: ignore[misc]
        for _ in range(runs):
            window.live.start()
            until(window.is_idle)
        gc.collect()

    def state() -> Numbers:
        references = {str(value): sys.getrefcount(value) for value in (None, True, False)}
        return {"bytes": memory()[0], "threads": threading.active_count(), **references}

    with open_window() as window:
        paints = Paints(window)
        window.session.edit(model="gaussian")
        states = []
        for _ in range(3):
            work(window, paints)
            states.append(state())
    return {"states": states}


MEASURES: dict[str, Callable[..., Numbers]] = {
    f.__name__: f
    for f in (
        start, scrub, jump, drag, gaps, network_gaps, ensemble, torch_import, stop, opening, tree, stepping,
        reading_gaps, slice_memory, growth, soak,
    )
}  # fmt: skip


def main() -> None:
    """Make the measurement that the command line names and write the numbers."""
    name, arguments = sys.argv[1:]
    sys.stdout.write(json.dumps(MEASURES[name](**json.loads(arguments))) + "\n")


if __name__ == "__main__":
    main()
