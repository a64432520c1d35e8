"""The dock of a learning: a training scrubbed like time, and what memorises, recombines and creates from one noise."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSlider

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.numbers import number
from diffview.gui.jobs.film_run import FilmRunner
from diffview.gui.panels.base import COLOURS
from diffview.gui.session import Session
from diffview.gui.show.looks import field_scale
from diffview.gui.widgets.images.pair_grid import PairGrid
from diffview.gui.widgets.plots.learning_plot import LearningPlot
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, named, progress_bar, say, show_value, words
from diffview.learning.film import MADE, LearningFilm, MadeFields

LEAST_WIDTH = 270
TEACH = (
    "A network learns to predict the noise in crops of the packaged field. Move the slider, or click the curve: below "
    "is what the network of that step makes, always of the same noise, that of the seed in force."
)
NEAREST = "The nearest crop it was trained on"
COPY = 0.01
"""Standard deviations below which two fields are one."""

MODELS: dict[str, tuple[str, str]] = {
    "network": ("The network", "It learns, and stores no field: in the end it makes new ones, copies of no crop."),
    "data": (
        "data: the exact answer",
        "It memorises: whatever the noise, it gives a crop back.",
    ),
    "local": (
        "local: in small windows",
        "The same, pixel by pixel: pieces of crops make new fields.",
    ),
}
"""By what makes the fields: a heading, and what it shows."""


class LearningPanel(ScrollPanel):
    """Made when its dock is first shown; runs the models when it is seen."""

    def __init__(self, session: Session, runner: FilmRunner) -> None:
        super().__init__("learningPanel", LEAST_WIDTH)
        self._session, self._runner = session, runner
        self._film = LearningFilm.load()
        self._drawn: dict[str, object] = {}
        self._build()
        runner.changed.connect(self.draw)
        session.shows(self._show_step, "view.film")
        session.shows(self._follow, "course.seed", at_once=False)
        session.shows(self._repaint, *COLOURS, at_once=False)

    def _build(self) -> None:
        film, last = self._film, len(self._film.cards) - 1
        self.plot = named(LearningPlot(), "learningPlot")
        self.plot.set_curve(*film.curve, film.held_out, film.steps)
        self.plot.chosen.connect(lambda index: self._session.look(film=index))
        self.slider = named(QSlider(Qt.Orientation.Horizontal), "learningSlider", "How far the training has come")
        self.slider.setRange(0, last)
        self.slider.setPageStep(1)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.slider.valueChanged.connect(lambda index: self._session.look(film=index))
        self.step, self.bar = Heading(name="learningStep"), progress_bar("Share of the runs that is done")
        self.says, self.apart = words(name="learningWords"), words(name="learningDistances")
        self.grids = {}
        for widget in (words(TEACH), self.plot, self.slider, self.step, self.says, self.apart, self.bar):
            self.column.addWidget(widget)
        for key, (title, says) in MODELS.items():
            grid = PairGrid(("From noise", NEAREST), MADE)
            self.grids[key] = named(grid, f"learning{key.title()}View", f"{title}: fields and the nearest crops")
            self.column.addWidget(Heading(title))
            self.column.addWidget(words(says))
            self.column.addWidget(grid)
        card = film.cards[-1]
        data = card.data
        about = (
            f"{card.weights['parameters']:,} weights, {data['fields']:,} crops of {data['source']}. {data['licence']}."
        )
        self.column.addWidget(words(about, "learningCard"))
        self.column.addStretch(1)

    def showEvent(self, event: QShowEvent) -> None:
        """Run the models, once for each seed."""
        super().showEvent(event)
        self._follow()

    @property
    def index(self) -> int:
        """The network that is looked at."""
        return min(self._session.view.film, len(self._film.cards) - 1)

    def _follow(self) -> None:
        if self.isVisible() or any(grid.isVisible() for grid in self.grids.values()):
            self._runner.show(self._film, self._session.recipe.course.seed, self.index)
            self.draw()

    def _show_step(self) -> None:
        card, index = self._film.cards[self.index], self.index
        show_value(self.slider, index)
        self.plot.choose(index)
        loss = np.interp(self._film.steps[index], *self._film.curve)
        self.step.setText(f"After {self._film.steps[index]:,} steps")
        self.says.setText(f"Loss {number(float(loss))} · {card.training['seconds']:.0f} s on one core")
        self.draw()

    def _repaint(self) -> None:
        self._drawn.clear()
        self.draw()

    def draw(self) -> None:
        """What there is of the models, with distances to the nearest crop."""
        job = self._runner.job
        self.bar.setVisible(self._runner.active)
        if job is None:
            return
        self.bar.setValue(round(100 * job.done))
        say(self.apart, unseen_words(job.unseen))
        scale = field_scale(self._session)
        for key, grid in self.grids.items():
            found = job.found.get(self.index if key == "network" else key)
            if found is self._drawn.get(key) and found is not None:
                continue
            self._drawn[key] = found
            if found is None:
                grid.clear()
            else:
                said = [(distance_words(found, i), "dim") for i in range(MADE)]
                grid.set_pairs(found.made, found.nearest, said, scale.limits, COLORMAPS[scale.colours])


def unseen_words(unseen: float) -> str:
    """What the numbers below the pictures are, and that of fields which no network saw; "" until it is known."""
    if np.isnan(unseen):
        return ""
    return f"The numbers are distances (root mean square, standardised); held-out fields lie {number(unseen)} away."


def distance_words(found: MadeFields, member: int) -> str:
    """How far a field lies from the nearest crop, or that it is one."""
    distance = float(found.distance[member])
    return "a copy" if distance < COPY else number(distance)
