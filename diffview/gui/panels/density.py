"""The dock of one dimension: a density over time with paths of the reverse process, and what one step back is."""

from collections.abc import Callable

from PySide6.QtCore import Qt, SignalInstance
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QSlider

from diffview.gui.jobs.points import PathsBackground
from diffview.gui.panels.base import FOLLOW_MS, Paced, WhenSeen
from diffview.gui.session import Session
from diffview.gui.show import teach_words as teach
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.plots.bell_plot import BellPlot
from diffview.gui.widgets.plots.density_time_view import DensityTimeView
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, add_choices, combo, line, named, words
from diffview.gui.widgets.small.text import plain
from diffview.models.shapes import LAWS
from diffview.reverse.step_law import step_law
from diffview.story import taught

LEAST_WIDTH = 270
PATHS = 10
"""Paths of either kind."""

TEACH = (
    "A number in the place of a field: where it lies at every t, and how it comes back. Pull a round handle up and "
    "down for the mean, sideways for the weight; a square one for the width. Click to choose t and xₜ."
)
WHY = "What led to xₜ, q(xₜ₋₁ | xₜ), exactly: one bell only if the step is small. A network answers with one bell."


class DensityPanel(ScrollPanel):
    """Made when its dock is first shown, and computes only while it is seen."""

    def __init__(self, session: Session, job: PathsBackground) -> None:
        super().__init__("densityPanel", LEAST_WIDTH)
        self._session, self._job = session, job
        self._walked: object = None
        self._value = 0.0
        self._build()
        self._soon = Paced(self.draw, FOLLOW_MS, self)
        WhenSeen(self._soon.call, self.view, self.steps)
        job.changed.connect(self._show_paths)
        names = ("view.bells", "course", "view.axis", "start.chain_length")
        session.shows(self._follow, *names)
        session.shows(self._move, "view.playhead")

    def _build(self) -> None:
        self.laws = combo("densityLawCombo", "The law to begin with", "Bells to begin with", 8)
        add_choices(self.laws, ((key, name, "") for key, (name, _) in LAWS.items()))
        self.laws.setPlaceholderText("own bells")
        self.laws.activated.connect(lambda _: self._session.look(bells=LAWS[self.laws.currentData()][1]))
        self.view = named(DensityTimeView(taught.TOP), "densityTimeView")
        self.view.bellsMoved.connect(lambda bells: self._session.look(bells=bells))
        self.view.picked.connect(self._pick)
        self.view.playheadMoved.connect(self._scrub)
        self.steps = named(BellPlot("What led to this value", "value of xₜ₋₁", 170), "stepLawView")
        self.far = named(QSlider(Qt.Orientation.Horizontal), "stepLengthSlider", "How far the large step goes back")
        self.far.setRange(2, 100)
        self.far.setValue(taught.LARGE)
        self.far.valueChanged.connect(lambda _: self._show_steps())
        self.says, self.sampled = words(name="stepLawWords", dim=False), words(name="pathWords")
        self.column.addLayout(line(plain(QLabel("Law")), self.laws, wide=(self.laws,)))
        self.column.addWidget(self.view)
        self.column.addWidget(self.sampled)
        self.column.addWidget(Heading("One step back from xₜ"))
        self.column.addWidget(self.steps)
        self.column.addLayout(line(plain(QLabel("Large step")), self.far, wide=(self.far,)))
        for widget in (self.says, words(WHY), words(TEACH)):
            self.column.addWidget(widget)
        self.column.addStretch(1)

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while it was not seen is drawn now."""
        super().showEvent(event)
        self._soon.call()

    @property
    def _seen(self) -> bool:
        """Whether it is seen, or its picture is, which a stage may have borrowed."""
        return self.isVisible() or self.view.isVisible() or self.steps.isVisible()

    def _follow(self) -> None:
        if self._seen:
            self._soon.call()

    def _scrub(self, x: float) -> None:
        self._session.look(playhead=TimeScale.of(self._session).t(x), follow=False)

    @property
    def by_hand(self) -> SignalInstance:
        """Emitted when the user chooses a value."""
        return self.view.picked

    def put_aside(self) -> Callable[[], None]:
        """Show value and step that it begins with; gives what shows those again that were chosen."""
        chosen = self._value, self.far.value()
        self._choose(0.0, taught.LARGE)
        return lambda: self._choose(*chosen)

    def _choose(self, value: float, far: int) -> None:
        self.far.setValue(far)
        self.view.set_value(value)
        self._pick(value)

    def _pick(self, value: float) -> None:
        self._value = value
        self._show_steps()

    def draw(self) -> None:
        """The picture of the density; paths are walked anew where they have changed."""
        session, scale = self._session, TimeScale.of(self._session)
        law, course = taught.law_of(session.view.bells), session.recipe.course
        self.view.set_chain_length(session.recipe.start.chain_length)
        self.view.set_x_axis(scale.axis, scale.low, scale.high)
        self.view.bells.set_bells(session.view.bells)
        named_law = (key for key, (_, bells) in LAWS.items() if bells == session.view.bells)
        self.laws.setCurrentIndex(self.laws.findData(next(named_law, None)))
        x = taught.columns(scale.low, scale.high)
        self.view.set_density(taught.density_picture(law, course.schedule, scale.t(x)))
        key = session.view.bells, course
        if key != self._walked:
            self._walked = key
            self._job.show(law, course, PATHS)
        self._show_paths()
        self._move()

    def _show_paths(self) -> None:
        job, session, scale = self._job.job, self._session, TimeScale.of(self._session)
        if job is None or job.law is None or not all(run.states for run in job.runs):
            return
        schedule, found, names = session.recipe.course.schedule, [], []
        for run, token, kind in zip(job.runs, ("reverse", "text"), ("ODE", "SDE"), strict=True):
            t, values = taught.paths(run, schedule, PATHS)
            found.append((token, scale.x(t), values))
            names.append((teach.walker_words(run.walker, kind), token))
        self.view.set_paths(found, names)
        self.sampled.setText(f"{PATHS} starts, {session.recipe.course.steps} steps on the schedule and grid in force.")

    def _move(self) -> None:
        if not self._seen:
            return
        self.view.set_playhead(TimeScale.of(self._session).x(self._session.view.playhead))
        self._show_steps()

    def _show_steps(self) -> None:
        """q(x_{t-1} | x_t) of one row of the chain, and of a large step."""
        session = self._session
        found = taught.steps_back(session.recipe, session.view.playhead, self._value, self.far.value() / 100)
        if found is None:
            self.steps.show_message("Move the playhead above t = 0")
            self.says.setText("")
            return
        law = taught.law_of(session.view.bells)
        schedule = session.recipe.course.schedule
        small, large = (step_law(law, found.x_t, found.s, before, schedule) for before in found.before)
        self.steps.show_message("")
        self.steps.show_lines(teach.step_lines(small, large))
        self.says.setText(teach.step_words(small, large))
