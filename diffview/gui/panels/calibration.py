"""The calibration dock: whether the ensemble on screen can be believed, in sentences, numbers and plots."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QLineEdit

from diffview.errors import UserError
from diffview.gui.jobs.calibration import CalibrationJob, SolverJob
from diffview.gui.session import Session
from diffview.gui.show.calibration_words import (
    all_curves,
    counted,
    event_rows,
    number_rows,
    quantile_rows,
    sentences,
    solver_sentences,
)
from diffview.gui.widgets.plots.calibration_views import CalibrationViews
from diffview.gui.widgets.small.number_table import NumberTable
from diffview.gui.widgets.small.parts import (
    Heading,
    ScrollPanel,
    add_choices,
    combo,
    line,
    named,
    primary,
    progress_bar,
    push_button,
    say,
    words,
)
from diffview.gui.widgets.small.sentences_view import SentencesView
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.params import real_numbers
from diffview.scores.calibration import Calibration
from diffview.scores.run_ensembles import FIELD, NONE

LEAST_WIDTH = 260
REST_MS = 200
"""Milliseconds after a run ends at which it is judged, while the dock is seen."""

TRUTHS = (
    ("", "automatic", "The field where a run is given something of it, else none"),
    (FIELD, "the field", "The region itself; of a filled gap, what was hidden"),
    (NONE, "no truth", "Spectra, coherence of members and quantiles need none"),
)
TEACH = (
    "Whether the members on screen can be believed: how far they spread beside how far they err. Ask for 16 members or "
    "more, start from the field, fill a gap or give a network a condition, and run."
)
SOLVERS_TEACH = (
    "What guidance is worth is known where the field is Gaussian: a red field seen by block means, a swath and the "
    "mean of an area, and its exact posterior."
)
EVENTS_TIP = "Thresholds of events, in the field's units, as 0.1, 5; empty: the usual ones"


class CalibrationPanel(ScrollPanel):
    """Made when its dock is first shown; judges each run that ends while it is seen."""

    def __init__(self, session: Session, job: CalibrationJob, solving: SolverJob) -> None:
        super().__init__("calibrationPanel", LEAST_WIDTH)
        self._session, self._job, self._solving = session, job, solving
        self._judged: object = None
        self._soon = QTimer(self, singleShot=True, interval=REST_MS)
        self._soon.timeout.connect(self._judge_new)
        self._build()
        job.changed.connect(self._show_job)
        job.ran.connect(self._follow)
        solving.changed.connect(self._show_solvers)
        session.shows(self._follow, "plan")

    def _build(self) -> None:
        self.teach, self.says = words(TEACH), words(name="calibrationSays")
        self.truth = combo("calibrationTruth", "Truth", "What the members are judged by", 8)
        add_choices(self.truth, TRUTHS)
        self.truth.activated.connect(self._judge)
        self.events = named(QLineEdit(), "calibrationEvents", "Thresholds", EVENTS_TIP)
        self.events.setPlaceholderText("thresholds")
        self.events.returnPressed.connect(self._judge)
        self.button = primary(push_button("calibrationButton", "Judge"))
        self.button.clicked.connect(self._press)
        self.bar = progress_bar("Share of the judgement that is done")
        self.sentences, self.views = SentencesView("calibrationSentences"), CalibrationViews()
        self.numbers, self.quantiles = NumberTable("calibrationNumbers"), NumberTable("calibrationQuantiles")
        self.frequencies = NumberTable("calibrationFrequencies")
        self.column.addWidget(self.teach)
        self.column.addLayout(line(plain(QLabel("Truth")), self.truth, wide=(self.truth,)))
        self.column.addLayout(line(self.events, self.button, wide=(self.events,)))
        self.heading = Heading("Quantiles")
        found = self.sentences, self.numbers, self.views, self.frequencies, self.heading, self.quantiles
        for widget in (self.bar, self.says, *found):
            self.column.addWidget(widget)
        self._build_solvers()
        self.column.addStretch(1)

    def _build_solvers(self) -> None:
        """The part about solvers, which needs no run."""
        self.solve = push_button("solversButton", "Solve")
        self.solve.clicked.connect(lambda: self._solving.stop() if self._solving.active else self._solving.start())
        self.solving_bar = progress_bar("Share of the solvers that is done")
        self.solvers = SentencesView("solversSentences")
        for widget in (Heading("Solvers beside the exact posterior"), words(SOLVERS_TEACH)):
            self.column.addWidget(widget)
        self.column.addLayout(line(self.solve, self.solving_bar, wide=(self.solving_bar,)))
        self.column.addWidget(self.solvers)
        self._show_solvers()

    def showEvent(self, event: QShowEvent) -> None:
        """What ran while it was not seen is judged now."""
        super().showEvent(event)
        self._follow()

    def _follow(self) -> None:
        """Judge a run soon that has not been judged."""
        if self.isVisible() and self._job.run() is not self._judged:
            self._soon.start()
        self._show_job()

    def _judge_new(self) -> None:
        if self._job.run() is not self._judged and not self._job.why_not() and not self._job.why_busy:
            self._judge()

    def _press(self) -> None:
        if self._job.active:
            self._job.stop()
        else:
            self._judge()

    def _judge(self) -> None:
        """Judge the finished run by the truth and the thresholds that are chosen."""
        if self._job.active or self._job.why_not():
            return
        text = self.events.text().strip()
        try:
            thresholds = real_numbers(text, "thresholds") if text else ()
        except UserError as error:
            self._session.tell_error(error)
            return
        self._judged = self._job.run()
        self._job.start(self.truth.currentData(), thresholds)

    def _show_job(self) -> None:
        job, active = self._job.job, self._job.active
        why = "" if active else self._job.why_not()
        self.button.setText("Stop" if active else "Judge")
        self.button.setAccessibleName("Stop judging" if active else "Judge the ensemble")
        self.button.setEnabled(not why)
        set_tip(self.button, why or ("Stop" if active else "Judge the members of the finished run"))
        self.bar.setVisible(active)
        if job is not None:
            self.bar.setValue(round(100 * job.done))
        found = self._job.found
        self.teach.setVisible(found is None)
        failed = str(job.error) if job is not None and isinstance(job.error, UserError) and not active else ""
        say(self.says, counted(found) if found is not None else why or failed)
        self._show_found(found)

    def _show_solvers(self) -> None:
        job, active = self._solving.job, self._solving.active
        self.solve.setText("Stop" if active else "Solve")
        self.solve.setAccessibleName("Stop the solvers" if active else "Hold the solvers against the exact posterior")
        set_tip(self.solve, "Stop" if active else "200 members by each solver, as `diffview verify solvers` draws them")
        self.solving_bar.setVisible(active)
        if job is not None:
            self.solving_bar.setValue(round(100 * job.done))
            self.solvers.show_sentences(solver_sentences(job.scores))

    def _show_found(self, found: Calibration | None) -> None:
        """Sentences, numbers and plots; nothing where nothing was found."""
        guided = bool(self._session.recipe.guidance.observe)
        self.sentences.show_sentences([] if found is None else sentences(found, "This guidance" if guided else "It"))
        self.numbers.show_rows([] if found is None else number_rows(found))
        self.quantiles.show_rows([] if found is None else quantile_rows(found))
        self.frequencies.show_rows([] if found is None else event_rows(found))
        self.heading.setVisible(found is not None)
        self.views.show_curves(all_curves(found))
