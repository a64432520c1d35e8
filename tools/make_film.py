"""Make the film of the README with the window itself: python tools/make_film.py [OUT.webp].

Noise is put in, a hand bends the schedule, noise is taken out: half a minute in less than 3 MB.
"""

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from diffview.forward.edits import moved, points_of
from diffview.gui.app import create_window
from diffview.gui.window.filming import fitted
from diffview.runs.recipe import default_recipe
from diffview.writers.films.encoding import write_film
from diffview.writers.films.film_settings import FilmSettings

OUT = Path(__file__).resolve().parents[1] / "docs" / "film.webp"
WINDOW, FPS = (1200, 750), 8
MOST_BYTES = 3_000_000
RECIPE = default_recipe().but(steps=30, seed=3)
SETTLE_S = 0.12
"""After a change, until all of the window has been drawn anew."""

INTO_NOISE, BENT, STRAIGHT, OUT_OF_NOISE, REST = 7.0, 4.0, 3.0, 10.0, 2.0
"""Seconds of the parts."""


def main(out: Path) -> None:
    """Play and write."""
    app = QApplication.instance() or QApplication([])
    window = create_window(RECIPE)
    window.resize(*WINDOW)
    window.show()
    for dock in window.docks.values():
        dock.hide()
    window.session.look(densities=False)
    wait(app, lambda: False, 1.0)
    window.resize(*WINDOW)
    window.start()
    wait(app, lambda: window.is_idle() and window.live.run is not None)
    seconds = INTO_NOISE + BENT + STRAIGHT + OUT_OF_NOISE + REST
    settings = FilmSettings(size=(960, 600), fps=FPS, seconds=seconds, hold=0.0, quality=45)
    write_film(pictures(app, window, settings.size), settings, out, lambda share: print(f"\r{share:.0%}", end=""))
    window.close()
    print(f"\r{out}: {settings.count} pictures, {out.stat().st_size / 1e6:.2f} MB")
    assert out.stat().st_size < MOST_BYTES, "choose a lower quality"


def pictures(app: QApplication, window: Any, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The window after each small change."""

    def shown() -> np.ndarray:
        wait(app, lambda: False, SETTLE_S)
        return fitted(window.grab(), size)

    session = window.session
    for share in along(INTO_NOISE):
        session.look(playhead=share, follow=False, auto_run=False)
        yield shown()
    session.look(playhead=0.55)
    straight = session.recipe.course.schedule
    for share in (*along(BENT), *(1 - share for share in along(STRAIGHT))):
        session.edit(schedule=bent(straight, share))
        yield shown()
    session.edit(schedule=straight)
    session.look(playhead=1.0, auto_run=True)
    window.live.start()
    wait(app, window.is_idle)
    for share in along(OUT_OF_NOISE):
        session.look(playhead=1 - share, follow=False)
        yield shown()
    last = shown()
    yield from (last for _ in along(REST))


def along(seconds: float) -> list[float]:
    """Shares of a part, from 0 to 1."""
    return [float(share) for share in np.linspace(0, 1, round(seconds * FPS))]


def bent(schedule: Any, share: float) -> Any:
    """The schedule on the way to one that a hand has pulled."""
    if share == 0:
        return schedule
    t, value = points_of(schedule, "alpha_bar")
    at = int(np.argmin(np.abs(np.asarray(t) - 0.5)))
    return moved(schedule, "alpha_bar", at, float(t[at]), float(value[at]) + share * 0.45)


def wait(app: QApplication, done: Any, most: float = 300.0) -> None:
    """Let the window live until something is so, or for so long."""
    until = time.monotonic() + most
    while not done() and time.monotonic() < until:
        app.processEvents()
        time.sleep(0.005)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
