"""Measurements without a window, and what all measurements use: fields, crops, memory, child processes."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from diffview.fields.field import Field, Region
from diffview.fields.regions import MOST_CROPS, crops_for, summed
from diffview.forward.noise import STEP, draw
from diffview.forward.schedules import SCHEDULES, Cosine, make_schedule, schedule_params
from diffview.forward.state import Forward
from diffview.models.local import Local
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

Numbers = dict[str, Any]
Pair = tuple[list[float], list[float]]

PACKAGE_FOLDER = Path(__file__).resolve().parents[2]
CHILD_LIMIT_S = 300

BARE_WINDOW = """
import json, time
import pyqtgraph as pg
from PySide6.QtCore import QTimer

class Plot(pg.PlotWidget):
    def paintEvent(self, event):
        super().paintEvent(event)
        QTimer.singleShot(0, lambda: stamps.append(time.perf_counter()) or app.quit())

stamps = []
app = pg.mkQApp()
plot = Plot()
plot.plot(range(100))
plot.resize(1600, 1000)
plot.show()
app.exec()
print(json.dumps({"usable": stamps[0]}))
"""


def ms_since(begun: float) -> float:
    """Milliseconds since a reading of `perf_counter`."""
    return 1000 * (time.perf_counter() - begun)


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that an action takes."""
    begun = time.perf_counter()
    action()
    return ms_since(begun)


def alternately(rounds: int, ours: Callable[[], object], theirs: Callable[[], object]) -> Pair:
    """Milliseconds of two actions that take turns; a first round of both, which warms them up, does not count."""
    times = [(timed(ours), timed(theirs)) for _ in range(rounds + 1)]
    return [one for one, _ in times[1:]], [other for _, other in times[1:]]


@cache
def synthetic_field(side: int = 600) -> Field:
    """A smooth random field of side x side pixels without missing values: power falls as k^-3."""
    ky, kx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    k = np.maximum(np.hypot(ky, kx), 1 / side)
    white = np.fft.rfft2(np.random.default_rng(0).standard_normal((side, side)))
    values = np.fft.irfft2(white * k**-1.5, s=(side, side))
    return Field(values=((values - values.mean()) / values.std()).astype(np.float32), name="synthetic field")


# -- processes


def child_environment(scale: int = 1) -> dict[str, str]:
    """Environment of a child with a window: offscreen where there is no display, `scale` device pixels to a pixel."""
    path = os.pathsep.join(filter(None, [str(PACKAGE_FOLDER), os.environ.get("PYTHONPATH")]))
    more = {"PYTHONPATH": path, "QT_SCALE_FACTOR": str(scale)}
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        more["QT_QPA_PLATFORM"] = "offscreen"
    return {**os.environ, **more}


def child(*words: str, scale: int = 1, limit_s: float = CHILD_LIMIT_S) -> Numbers:
    """The JSON that `python WORDS` writes, and `perf_counter`, common to all processes, from before its start.

    Raises:
        RuntimeError: if it does not end with status 0.
    """
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-P", *words],
        capture_output=True, text=True, timeout=limit_s, env=child_environment(scale), check=False,
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        raise RuntimeError(f"the process ended with status {done.returncode}: {last}")
    text = done.stdout.strip()
    return {**(json.loads(text) if text else {}), "begun": begun}


# as the command line starts the window: no garbage collection until it is painted
WINDOW = (
    "import gc, runpy; gc.disable(); from diffview.gui.lean import import_qt; import_qt(); "
    "runpy.run_module('diffview.gui.bench.rows', run_name='__main__')"
)


def in_window(name: str, scale: int = 1, limit_s: float = CHILD_LIMIT_S, **arguments: Any) -> Numbers:
    """The numbers of a measure of diffview.gui.bench.rows, from a process of its own."""
    return child("-c", WINDOW, name, json.dumps(arguments), scale=scale, limit_s=limit_s)


def memory(pid: int = 0) -> tuple[int, int]:
    """Resident bytes of a process, now and at most; of this one for 0.

    Raises:
        RuntimeError: where the system has no /proc.
    """
    status = Path(f"/proc/{pid or 'self'}/status")
    if not status.is_file():
        raise RuntimeError("this system does not say how much memory a process takes")
    sizes = dict(line.split(":", 1) for line in status.read_text(encoding="utf-8").splitlines() if ":" in line)
    return int(sizes["VmRSS"].split()[0]) * 1024, int(sizes["VmHWM"].split()[0]) * 1024


def reset_peak(pid: int = 0) -> None:
    """Reset the peak that `memory` returns, where the system allows it."""
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid or 'self'}/clear_refs").write_text("5", encoding="utf-8")


# -- measures


def local_steps(rounds: int) -> list[float]:
    """Milliseconds of each call of `local`, 1,000 crops of 64 x 64, down the levels of a run of 18 steps."""
    values = synthetic_field().values
    regions = crops_for(summed(np.isnan(values)), Region(0, 0, 64, 64), leave_out=False)[:MOST_CROPS]
    denoise = Local(np.stack([values[region.slices] for region in regions]))
    times = []
    for levels in [_plan("local").levels] * rounds:
        for i, s in enumerate(levels[:-1]):
            y = denoise.crops[:1, None] + np.float32(s) * draw(0, STEP, i, 0, (1, 1, 64, 64))
            times.append(timed(partial(denoise, y, s)))
    return times


def _plan(model: str, **changes: Any) -> Plan:
    return resolve(default_recipe().but(model=model, **changes), Facts(packaged_field()))


def run_and_bare(model: str, sampler: str, rounds: int) -> Pair:
    """Milliseconds of a whole run, and of its denoiser calls (with a draw a step where it draws), alternately."""
    plan = _plan(model, sampler=sampler)
    if plan.model is None:
        raise RuntimeError("the packaged field gives no model")
    denoise = plan.model.denoiser()
    states: list[Any] = []

    def ours() -> None:
        states[:] = [step.y for step in run(plan, denoise)]

    def bare() -> None:
        for i, (y, s) in enumerate(zip(states, plan.levels[:-1], strict=False)):
            denoise(y, s)
            if sampler == "ddpm":
                draw(plan.recipe.course.seed, STEP, i, 0, plan.shape[1:], version=plan.recipe.course.noise)

    return alternately(rounds, ours, bare)


def schedule_edits(count: int) -> list[float]:
    """Milliseconds from a new schedule to its plan, its chain of T = 1000, and x_t at one t."""
    facts = Facts(packaged_field())
    recipe: Recipe = default_recipe()
    plan = resolve(recipe, facts)
    forward = Forward(plan.x0, recipe.course.schedule)
    forward.at(0.4)
    times = []
    for i in range(count):
        begun = time.perf_counter()
        recipe = recipe.but(schedule=Cosine(offset=0.008 + 1e-5 * i))
        plan = resolve(recipe, facts)
        recipe.course.schedule.discrete(1000)
        forward = Forward(plan.x0, recipe.course.schedule, like=forward)
        forward.spectrum(forward.at(0.4))
        times.append(ms_since(begun))
    return times


def schedule_chains(count: int) -> dict[str, list[float]]:
    """Milliseconds to make every schedule anew from its parameters, and its chain of T = 1000, by key."""

    def chain(key: str, params: Mapping[str, Any]) -> None:
        make_schedule(key, params).discrete(1000)

    return {
        key: [timed(partial(chain, key, schedule_params(kind()))) for _ in range(count)]
        for key, kind in SCHEDULES.items()
    }
