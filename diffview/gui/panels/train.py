"""The training dock: what to train on and how, its buttons, and the progress of the training."""

import math

from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from diffview.fields.numbers import number
from diffview.gui.jobs.trainer import TrainerJob
from diffview.gui.panels.base import COLOURS
from diffview.gui.panels.train_form import TrainForm
from diffview.gui.session import Message, Session
from diffview.gui.show.looks import colormap
from diffview.gui.widgets.images.pair_grid import PairGrid
from diffview.gui.widgets.plots.loss_plot import LossPlot
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, column_of, named, progress_bar, words
from diffview.gui.widgets.small.text import set_tip
from diffview.learning.orders import free_name, is_kept
from diffview.learning.painter import PICTURES, Pictures
from diffview.learning.watched import PAUSED, UNSAVED, Snapshot, Training
from diffview.models.cards import models_folder

TEACH = (
    "Train a network on your own field. It sees fields with noise and learns to take the noise out. The result is a "
    "model like the others, and stands beside them in the list."
)
COPY = 0.5
"""A picture is called a copy if its distance to a training field is below this share of that of unseen fields."""

STATES = {
    "finished": "Trained", "stopped": "Stopped", "failed": "Failed", PAUSED: "Paused", "waiting": "Waiting",
    UNSAVED: "Not written",
}  # fmt: skip


def clock(seconds: float) -> str:
    """A time as text: 8 s, 3 min, 1 h 20 min."""
    if not math.isfinite(seconds):
        return "—"
    if seconds < 100:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


class TrainPanel(ScrollPanel):
    """Made when its dock is first shown: a window that trains nothing pays nothing."""

    def __init__(self, session: Session, job: TrainerJob) -> None:
        super().__init__()
        self._session, self._job = session, job
        self.form = TrainForm(session)
        self._training: Training | None = None
        self._pictures: Pictures | None = None
        self._build()
        self._connect()
        self._show_state()

    # -- building

    def _build(self) -> None:
        column = self.column
        self._teach = words(TEACH)
        column.addWidget(self._teach)
        column.addWidget(self.form)
        column.addLayout(self._build_buttons())
        self._status, self._detail = Heading(name="trainStatus"), words()
        self._status.setWordWrap(True)
        self._bar = progress_bar("Share of the training that is done")
        self._bar.setRange(0, 1000)
        self._loss = named(LossPlot(), "lossView")
        tip = "Below the dashed line the network knows more of your fields than their variance"
        self._levels = named(LossPlot(by_level=True), "levelLossView", tip=tip)
        pairs = PairGrid(("From noise, by the model so far", "The nearest field it was trained on"), PICTURES)
        self._pairs = named(pairs, "trainPictures", "Fields that the model makes, and the nearest training fields")
        self._verdict = words()
        self._shown = QWidget()
        shown = column_of(self._shown)
        for widget in (
            self._status, self._bar, self._detail, Heading("Loss"), self._loss,
            Heading("Error at each noise level"), self._levels, Heading("Fields it makes"), self._pairs, self._verdict,
        ):  # fmt: skip
            shown.addWidget(widget)
        column.addWidget(self._shown)
        column.addStretch(1)

    def _build_buttons(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(6)
        self._buttons: dict[str, QPushButton] = {}
        for place, name in enumerate(("Start", "Stop", "Pause", "Resume")):
            button = named(QPushButton(name), f"train{name}Button", f"{name} training")
            self._buttons[name] = button
            grid.addWidget(button, place // 2, place % 2)
        self._buttons["Start"].setProperty("primary", True)
        return grid

    def _connect(self) -> None:
        session, job, buttons = self._session, self._job, self._buttons
        buttons["Start"].clicked.connect(lambda: self._begin(again=False))
        buttons["Pause"].clicked.connect(job.pause)
        buttons["Resume"].clicked.connect(self._resume)
        buttons["Stop"].clicked.connect(job.stop)
        self.form.changed.connect(self._show_state)
        session.shows(self._repaint, *COLOURS, at_once=False)
        job.changed.connect(self._show_state)
        job.advanced.connect(self._show_values)

    # -- buttons

    def _begin(self, again: bool) -> None:
        name = self.form.name
        if not again:
            free = free_name(name)
            if free != name:
                why = f"There is a model called {name} already: this one is called {free}."
                self._session.tell(Message(why, f"Resume would go on with {name}."))
            name = free
        self.form.keep_name(name)
        self._job.start(self.form.order(name, again))

    def _resume(self) -> None:
        if self._job.active:
            self._job.resume()
        else:
            self._begin(again=True)

    def _why_not(self) -> dict[str, str]:
        """Why a button cannot be pressed now; "" where it can."""
        training, active = self._job.training, self._job.active
        pausing = active and training is not None and training.pausing
        stopping = active and training is not None and training.stopping
        unsaved = active and training is not None and training.state == UNSAVED
        idle = "" if active else "Nothing trains now."
        if stopping:
            idle = "It is stopping, and writes the model."
        kept = is_kept(self.form.name)
        start = resume = ""
        if self._session.facts.torch is None:
            start = resume = "Networks need torch, which is not installed."
        else:
            start = resume = self.form.why_nothing
        start = self._job.why_busy or start
        if active and not (pausing or unsaved):
            resume = idle or "It is not paused."
        elif active:
            resume = ""
        elif not resume and not kept:
            resume = f"No training called {self.form.name} is kept: there is nothing to go on with."
        pause = idle or ("It is paused." if pausing else "It waits until the model can be written." if unsaved else "")
        return {"Start": start, "Pause": pause, "Resume": resume, "Stop": idle}

    def _tips(self) -> dict[str, str]:
        name = self.form.name
        resume = "Go on" if self._job.active else f"Go on with {name}, with the settings it was begun with"
        if self._job.training is not None and self._job.training.state == UNSAVED:
            return {"Stop": "Write the model, and end", "Resume": "Write the model, and go on"}
        return {
            "Start": f"Train, and keep the model in {models_folder() / name}",
            "Pause": "Pause after this step; the model so far is written to disk",
            "Resume": resume,
            "Stop": "End after this step; the model so far is kept, and its training can be resumed",
        }

    # -- showing

    def _show_state(self) -> None:
        """Show buttons, form and status for the state of the training."""
        active, training = self._job.active, self._job.training
        why, tips = self._why_not(), self._tips()
        for name, button in self._buttons.items():
            button.setEnabled(not why[name])
            set_tip(button, why[name] or tips[name])
        self.form.set_fixed(active)
        if training is not self._training:
            self._training = training
            for view in (self._loss, self._levels, self._pairs):
                view.clear()
            self._pictures = None
            self._verdict.setText("The first pictures come soon.")
        self.form.setVisible(not active)  # the pictures need the room then
        self._shown.setVisible(training is not None)
        self._teach.setVisible(training is None)
        self._show_values()

    def _show_values(self) -> None:
        training = self._job.training
        if training is None:
            return
        now, name = training.newest, training.order.folder.name
        word = STATES.get(training.state, "Training")
        if training.active and training.stopping:
            word = "Stopping"
        elif training.pausing and training.state != PAUSED:
            word = "Pausing"
        elif training.active and not now.step:
            word = "Preparing" if now.fields == 0 else "Loading torch, making"
        self._status.setText(f"{word} {name}" + (f" · step {now.step}" if now.step else ""))
        self._bar.setValue(round(1000 * now.share))
        self._detail.setText(self._details(training, now))
        self._loss.set_curve(*now.curve)
        s, error = now.levels
        if len(s):
            self._levels.set_curve(s, error)
            variance = now.spread**2
            if not self._levels.has_reference:
                self._levels.set_reference(s, variance / (variance + s * s), "knows only the variance")
        if now.pictures is not self._pictures:
            self._pictures = now.pictures
            self._repaint()

    def _details(self, training: Training, now: Snapshot) -> str:
        parts = []
        if now.speed and training.active and not training.pausing and training.state != UNSAVED:
            parts += [f"{number(now.speed)} steps/s", f"{clock(now.left)} left"]
        if now.fields:
            parts.append(f"{now.fields} fields, {now.held_out} held out")
        order = training.order
        if training.active and not order.again:
            parts += [f"loss {order.loss}", f"noise {order.density}", f"{order.width} channels"]
            parts += [] if order.origin is None else [f"from {order.origin.name}"]
        return " · ".join(parts)

    def _repaint(self) -> None:
        """Draw the pictures in the colours in force, with their distances to the training fields."""
        pictures = self._pictures
        if pictures is None:
            return
        near = pictures.distance < COPY * pictures.unseen  # False if nothing was held out
        words = [
            (number(d), "warn" if copy else "dim") for d, copy in zip(pictures.distance.tolist(), near, strict=True)
        ]
        limits, rgb = self._session.view.limits, colormap(self._session)
        self._pairs.set_pairs(pictures.made, pictures.nearest, words, limits, rgb)
        text = f"At step {pictures.step}. The numbers are distances (root mean square, standardised)"
        if math.isnan(pictures.unseen):
            text += "; no field is held out to compare them with."
        elif near.any():
            text += (
                f"; held-out fields lie {number(pictures.unseen)} away. {int(near.sum())} of {len(near)} are copies."
            )
        else:
            text += f"; held-out fields lie {number(pictures.unseen)} away. None is a copy."
        self._verdict.setText(text)
