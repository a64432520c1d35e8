"""The dock of a learning: a training scrubbed like time, and what memorises, recombines and creates from one noise."""

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSlider

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.numbers import number
from diffview.fields.tiles import tiled
from diffview.fields.transforms import Transform
from diffview.gui.jobs.film_run import FilmRunner
from diffview.gui.panels.base import COLOURS, WhenSeen
from diffview.gui.session import Session
from diffview.gui.show.looks import field_scale
from diffview.gui.theme import theme
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.pair_grid import PairGrid
from diffview.gui.widgets.plots.learning_plot import LearningPlot
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, named, progress_bar, say, show_value, words
from diffview.learning.film import MADE, LearningFilm, MadeFields, learned_from
from diffview.readers.packaged import packaged_field

LEAST_WIDTH, CROPS_PX = 270, 240
TEACH = (
    "A network learns to predict the noise in crops of the packaged field. Move the slider, or click the curve: below "
    "is what the network of that step makes, always of the same noise, that of the seed in force."
)
NEAREST = "The nearest crop"
COPY = 0.01
"""Standard deviations below which two fields are one."""

CROPS = "Crops that it learns from"

MODELS: dict[str, tuple[str, str, str]] = {
    "network": (
        "The network", "It learns, and stores no field: in the end it makes new ones, copies of no crop.",
        "The network, from noise",
    ),
    "data": (
        "data: the exact answer", "It memorises: whatever the noise, it gives a crop back.",
        "data, from the same noise",
    ),
    "local": (
        "local: in small windows", "The same, pixel by pixel: pieces of crops make new fields.",
        "local, from the same noise",
    ),
}  # fmt: skip
"""By what makes the fields: a heading, what it shows, and what stands above them."""


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
        session.shows(self._show_crops, *COLOURS, "plan.card")
        WhenSeen(self._follow, *self.grids.values())

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
        self.crops = named(ImageView(), "learningCropsView", CROPS)
        self.crops.setMinimumHeight(theme.px(CROPS_PX))
        self.column.addWidget(Heading(CROPS))
        self.column.addWidget(self.crops)
        for key, (title, says, made) in MODELS.items():
            grid = PairGrid((made, NEAREST), MADE)
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

    def _show_crops(self) -> None:
        """Nine of the crops, in the units and colours of the field where that is the one they are of."""
        session, data = self._session, learned_from(self._session.plan.card)
        scale, same = field_scale(session), session.facts.field.name == packaged_field().name
        transform = session.plan.transform if same else Transform.fit("standardise", data, CROPS)
        self.crops.set_colormap(COLORMAPS[scale.colours])
        self.crops.set_levels(*scale.limits)
        self.crops.set_image(tiled(transform(data)))
        self.crops.set_badge("learned from", "text")

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
