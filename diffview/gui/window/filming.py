"""Export, Animation: the form of a film beside the window, and the window as a film."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QDialog, QFileDialog, QVBoxLayout, QWidget

from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.filming import Filmer, Filming
from diffview.gui.jobs.live import Live
from diffview.gui.theme import theme
from diffview.gui.widgets.forms.film_form import FilmForm
from diffview.params import parameters
from diffview.reverse.samplers import Step
from diffview.runs.in_blocks import kept_of
from diffview.runs.job import FINISHED
from diffview.runs.view import View
from diffview.writers.films.encoding import FORMATS, check_format
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.reels import Filmed, reel_of
from diffview.writers.quantity import clean

WINDOW = "window"
SHOWS = {
    "forward": "noise put in",
    "reverse": "the run: xₜ and x̂₀",
    "both": "both beside each other",
    "members": "the run of every member",
    WINDOW: "this window, from x₀ to noise and back",
}
"""What can be shown, by its name in the settings."""

DRAWN = ("theme", "scale", "caption")
"""Settings of pictures that are drawn for the film; the window stands as it is."""

SETTLE_MS = 40
"""From a move of the playhead to the picture of the window: all of it has been drawn anew by then."""


class FilmWindow(QDialog):
    """The form, which stays beside the window while a film is made."""

    def __init__(self, jobs: Jobs, live: Live, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("filmDialog")
        self.setWindowTitle("Animation")
        self._session, self._live, self._window = jobs.session, live, window
        self.filmer = Filmer(jobs)
        self._place = 0
        self._before: View | None = None
        self._grabbing = QTimer(self, interval=SETTLE_MS)
        self._grabbing.timeout.connect(self._grab)
        own = tuple(p for p in parameters(FilmSettings) if p.name not in ("what", "size"))
        self.form = FilmForm(SHOWS, {ending: form.title for ending, form in FORMATS.items()}, own)
        QVBoxLayout(self).addWidget(self.form)
        self.form.asked.connect(self._ask)
        self.form.stopped.connect(self.filmer.stop)
        self.filmer.changed.connect(self._follow)
        self.form.what.currentIndexChanged.connect(self._follow)
        live.run_changed.connect(self._follow)
        self._session.shows(self._follow, "plan")

    def _follow(self) -> None:
        """Show how far the film is, and whether the one chosen can be made."""
        job, why_not = self.filmer.job, ""
        refusal = self._session.plan.refusal
        if refusal is not None and self.form.what.currentData() in ("reverse", "both", "members"):
            why_not = str(refusal)
        self.form.offer(DRAWN, self.form.what.currentData() != WINDOW)
        self.form.show_progress(job.done if job is not None and self.filmer.active else None, why_not)
        if not self.filmer.active:
            self._end_grabbing()

    def _ask(self) -> None:
        """Ask for a file, and begin."""
        ending = self.form.ending
        name = f"{clean(self._session.facts.field.name)}_{self.form.what.currentData()}{ending}"
        kinds = f"{FORMATS[ending].title} (*{ending})"
        path, _ = QFileDialog.getSaveFileName(self, "Save the film", name, kinds)
        if path:
            self.begin(Path(path) if Path(path).suffix.lower() in FORMATS else Path(f"{path}{ending}"))

    def begin(self, path: Path) -> None:
        """Make the film of the form as this file."""
        values = self.form.values()
        if self.filmer.begin(lambda: self._job(path, values)) and values["what"] == WINDOW:
            self._place, self._before = 0, self._session.view
            self._session.look(playhead=0.0, follow=False)
            self._grabbing.start()

    def _job(self, path: Path, values: dict[str, Any]) -> Filming:
        """The job, refused at once where it could not be made."""
        of_window = values["what"] == WINDOW
        settings = FilmSettings(**{**values, "what": "forward" if of_window else values["what"]})
        check_format(path, settings)
        if of_window:
            return Filming(path, settings, None)
        session, view = self._session, self._session.view
        plan, run = session.plan, self._live.run
        recorded: tuple[Step, ...] = ()
        if run is not None and run.state == FINISHED and run.trajectory.stride == 1 and run.is_of(plan):
            recorded = tuple(run.trajectory.kept)
        filmed = Filmed(session.facts, kept_of(plan), view.limits, view.colormap, recorded)
        reel_of(filmed, settings)
        return Filming(path, settings, filmed)

    # -- the window itself

    def _end_grabbing(self) -> None:
        """Leave the playhead where it was before."""
        self._grabbing.stop()
        if (before := self._before) is not None:
            self._before = None
            self._session.look(playhead=before.playhead, follow=before.follow)

    def _grab(self) -> None:
        """Take the picture of the window at this place, and go on to the next; its size is that of the film."""
        job = self.filmer.job
        if job is None or not job.active or self._place >= job.settings.count:
            self._end_grabbing()
            return
        if not job.offer(fitted(self._window.grab(), job.settings.size)):
            return
        self._place += 1
        if self._place < job.settings.count:
            there = 2 * job.settings.places[self._place]
            self._session.look(playhead=min(there, 2 - there), follow=False)


def fitted(picture: QPixmap, size: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture inside a size, with its own ratio of sides, on the ground of the window, uint8 [height, width, 3]."""
    image = QImage(*size, QImage.Format.Format_RGB888)
    image.fill(QColor(theme.palette.colour("bg")))
    small = picture.toImage().scaled(
        *size, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
    small.setDevicePixelRatio(1.0)
    painter = QPainter(image)
    painter.drawImage((size[0] - small.width()) // 2, (size[1] - small.height()) // 2, small)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(size[1], image.bytesPerLine())
    return rows[:, : 3 * size[0]].reshape(size[1], size[0], 3).copy()
