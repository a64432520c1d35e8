"""The training dock: what to train on and how, its buttons, and the progress of the training."""

from PySide6.QtWidgets import QGridLayout, QPushButton, QWidget

from diffview.fields.colormaps import COLORMAPS
from diffview.gui.jobs.trainer import TrainerJob
from diffview.gui.panels.base import COLOURS
from diffview.gui.panels.train_form import TrainForm
from diffview.gui.session import Message, Session
from diffview.gui.show import training_words
from diffview.gui.show.looks import field_scale
from diffview.gui.widgets.images.pair_grid import PairGrid
from diffview.gui.widgets.plots.loss_plot import LossPlot
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, column_of, named, progress_bar, words
from diffview.gui.widgets.small.text import set_tip
from diffview.learning.objective import JUMP
from diffview.learning.orders import free_name
from diffview.learning.painter import PICTURES, Pictures
from diffview.learning.watched import Training

TEACH = (
    "Train a network on your own field. It sees fields with noise and learns to take the noise out. The result is a "
    "model like the others, and stands beside them in the list."
)


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
            self._status, self._bar, Heading("Loss"), self._loss, Heading("Fields it makes"), self._pairs,
            self._verdict, self._detail, Heading("Error at each noise level"), self._levels,
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

    # -- showing

    def _show_state(self) -> None:
        """Show buttons, form and status for the state of the training."""
        active, training = self._job.active, self._job.training
        now, name = training if active else None, self.form.name
        torch = self._session.facts.torch is not None
        nothing = self.form.why_nothing if torch else "Networks need torch, which is not installed."
        why, tips = training_words.why_not(now, name, nothing, self._job.why_busy), training_words.tips(now, name)
        for what, button in self._buttons.items():
            button.setEnabled(not why[what])
            set_tip(button, why[what] or tips.get(what, ""))
        self.form.set_fixed(active)
        if training is not self._training:
            self._training = training
            self.verticalScrollBar().setValue(0)  # the curve is in sight, wherever the form was scrolled to
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
        now = training.newest
        self._status.setText(training_words.status(training))
        self._bar.setValue(round(1000 * now.share))
        self._detail.setText(training_words.details(training))
        self._loss.set_curve(*now.curve)
        s, error = now.levels
        if len(s):
            self._levels.set_curve(s, error)
            variance = now.spread**2
            if not self._levels.has_reference and training.order.loss != JUMP:
                self._levels.set_reference(s, variance / (variance + s * s), "knows only the variance")
        if now.pictures is not self._pictures:
            self._pictures = now.pictures
            self._repaint()

    def _repaint(self) -> None:
        """Draw the pictures in the colours in force, with their distances to the training fields."""
        pictures = self._pictures
        if pictures is None:
            return
        words, text = training_words.distances(pictures)
        scale = field_scale(self._session)
        self._pairs.set_pairs(pictures.made, pictures.nearest, words, scale.limits, COLORMAPS[scale.colours])
        self._verdict.setText(text)
