"""The race dock: errors of samplers against the truth over calls of the model."""

from collections.abc import Callable

from PySide6.QtWidgets import QLineEdit

from diffview.errors import UserError
from diffview.gui.jobs.scoring import RaceJob
from diffview.gui.session import Session
from diffview.gui.show.race_figure import FIRST
from diffview.gui.show.race_words import lanes, said
from diffview.gui.widgets.forms.check_menu import CheckMenu
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.plots.race_plot import RacePlot
from diffview.gui.widgets.small.parts import ScrollPanel, line, named, primary, progress_bar, push_button, words
from diffview.gui.widgets.small.text import set_tip
from diffview.params import whole_numbers
from diffview.reverse.samplers import SAMPLERS
from diffview.scores.race import EVALUATIONS, RaceRequest

LEAST_WIDTH = 260
TEACH = (
    "All samplers start from the same noise. The plot shows how far from the truth each ends, for how many calls of "
    "the model: an order 2 sampler loses a factor of 4 when the calls are doubled."
)
CALLS_TIP = "Numbers of calls of the model; a run takes as many steps as they allow"
MODELS = (
    ("exact", "gaussian, exact", "The Gaussian field with your field's spectrum: its ODE is solved exactly"),
    ("loaded", "this model", "Its samplers, against a fine run of Heun's method on it, which may take minutes"),
)
LEVELS = (
    ("grid", "the run's levels", "Schedule and grid as they are set, down to s = 0"),
    ("even", "log-uniform", "Uniform in ln s, without the last jump to s = 0: shows the orders"),
)


class RacePanel(ScrollPanel):
    """Made when its dock is first shown."""

    def __init__(self, session: Session, job: RaceJob) -> None:
        super().__init__("racePanel", LEAST_WIDTH)
        self._session, self._job = session, job
        self._build()
        job.changed.connect(self._show_job)
        session.shows(self._show_samplers, "denoiser.model", "plan.capabilities")
        self._show_job()

    def _build(self) -> None:
        self.teach, self.says = words(TEACH), words(name="raceSays")
        self.model = SegmentedControl(MODELS, "raceModel")
        self.levels = SegmentedControl(LEVELS, "raceLevels")
        self.samplers = CheckMenu("Samplers", "raceSamplers")
        self.calls = named(QLineEdit(", ".join(map(str, EVALUATIONS))), "raceCalls", "Calls of the model", CALLS_TIP)
        self.button = primary(push_button("raceButton", "Race"))
        self.button.clicked.connect(self._press)
        self.bar = progress_bar("Share of the race that is done")
        self.plot = named(RacePlot(), "racePlot")
        self.column.addWidget(self.teach)
        wide = self.calls, self.bar
        for widgets in ((self.model,), (self.levels,), (self.samplers, self.calls), (self.button, self.bar)):
            self.column.addLayout(line(*widgets, wide=wide if len(widgets) > 1 else ()))
        self.column.addWidget(self.plot, 1)
        self.column.addWidget(self.says)

    def _show_samplers(self) -> None:
        """List the samplers, with the reason where the model lacks a capability they need."""
        plan = self._session.plan
        items = []
        for key, info in SAMPLERS.items():
            refusal = plan.lacks(key)
            upwards = f"{info.title} also steps upwards, which is no step along a path."
            items.append((key, info.title, upwards if info.path else "" if refusal is None else refusal.sentence))
        self.samplers.set_items(items, FIRST)

    def _press(self) -> None:
        if self.works:
            self.rest()
        else:
            self.begin()

    @property
    def begun(self) -> bool:
        """Whether a race was begun, and its plot is shown."""
        return self._job.job is not None

    @property
    def works(self) -> bool:
        """Whether samplers race."""
        return self._job.active

    def rest(self) -> None:
        """Stop the race; the runs that have ended stay."""
        self._job.stop()

    def begin(self) -> None:
        """Race anew."""
        try:
            evaluations = whole_numbers(self.calls.text(), "numbers of calls")
        except UserError as error:
            self._session.tell_error(error)
            return
        exact, even = self.model.key() == "exact", self.levels.key() == "even"
        self._job.start(RaceRequest(self.samplers.chosen(), evaluations, exact, even))

    def perform(self) -> None:
        """Race for an audience: the first samplers on the exact field, whatever is chosen in the form."""
        lacking = self._session.plan.lacks
        self._job.start(RaceRequest(tuple(key for key in FIRST if lacking(key) is None), EVALUATIONS, True, False))

    def put_aside(self) -> Callable[[], None]:
        """Show no race; gives what shows the newest one again."""
        return self._job.put_aside()

    def _show_job(self) -> None:
        job, active = self._job.job, self._job.active
        self.button.setText("Stop" if active else "Race")
        self.button.setAccessibleName("Stop the race" if active else "Race the samplers")
        set_tip(self.button, "Stop; the runs that have ended stay" if active else "Run them all, the shortest first")
        self.bar.setVisible(active)
        if job is None:
            self.plot.show_lanes((), "", "Choose samplers above and press Race: one line for each will be here")
            self.says.setText("")
            return
        self.bar.setValue(round(100 * job.done))
        waiting = "The truth is being computed" if active else "No run has ended"
        self.plot.show_lanes(lanes(job), f"rms error, {job.units[1]}", waiting)
        self.says.setText(said(job))
