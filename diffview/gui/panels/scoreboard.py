"""The scoreboard dock: schedules x grids x samplers x steps of the model in force, scored on held-out fields."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QSizePolicy, QWidget

from diffview.errors import UserError
from diffview.forward.schedules import SCHEDULES, make_schedule
from diffview.gui.jobs.scoring import BoardJob
from diffview.gui.jobs.writing import save
from diffview.gui.session import Session
from diffview.gui.show.board_words import common, table
from diffview.gui.widgets.forms.check_menu import CheckMenu
from diffview.gui.widgets.small.parts import column_of, line, named, primary, progress_bar, push_button, whole, words
from diffview.gui.widgets.small.score_table import ScoreTable
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.learning.orders import Order
from diffview.params import whole_numbers
from diffview.paths import write_text
from diffview.reverse.grids import GRIDS
from diffview.reverse.samplers import SAMPLERS
from diffview.scores.scoreboard import SAMPLES, Draw, combinations, to_csv

PRESENT = "present"
OFFERED = ("linear", "scaled_linear", "cosine", "edm", "flow", "ve")
LEAST_WIDTH = 260
TEACH = (
    "Every combination draws fields that are compared with held-out ones. The row in green has other held-out fields "
    "in their place: how far real fields are from each other. A run that is nearer is as good as can be told, not "
    "better. Click a heading to sort."
)
EMPTY = (
    "Here will be one row for every combination of schedule, levels, sampler and steps, the distance of its fields "
    "from held-out ones, and their cost. Choose above, then press Score."
)
BEGUN = "The first row is being computed."


class ScoreboardPanel(QWidget):
    """Made when its dock is first shown."""

    def __init__(self, session: Session, job: BoardJob, trained: Callable[[], Order | None]) -> None:
        """`trained` gives the order of the newest training, or None."""
        super().__init__()
        self._session, self._job, self._trained = session, job, trained
        self.setObjectName("scoreboardPanel")
        self.setMinimumWidth(LEAST_WIDTH)
        self._build()
        job.changed.connect(self._show_job)
        session.shows(self._show_schedules, "course.schedule")
        session.shows(self._show_samplers, "denoiser.model", "plan.capabilities")
        session.shows(self._show_job, "denoiser.model", "plan.card", "facts.field")

    def _build(self) -> None:
        column = column_of(self, margins=(12, 8, 12, 8))
        self.teach, self.says = words(TEACH), words(name="boardSays")
        self.schedules, self.grids = CheckMenu("Schedules", "boardSchedules"), CheckMenu("Levels", "boardGrids")
        self.grids.set_items([(key, key, "") for key in GRIDS if key != "custom"], ("uniform", "karras"))
        self.samplers = CheckMenu("Samplers", "boardSamplers")
        for menu in (self.schedules, self.samplers):
            menu.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.steps = named(QLineEdit("9, 18"), "boardSteps", "Steps", "Steps of a run, several: 9, 18")
        says = "Fields that each run makes"
        self.samples = whole("boardSamples", says, says, 8, 256, 64)
        self.samples.setValue(SAMPLES)
        self.button = primary(push_button("boardButton", "Score"))
        self.csv = push_button("boardCsvButton", "CSV…", "Save the rows as CSV")
        self.button.clicked.connect(self._press)
        self.csv.clicked.connect(self._ask_save)
        self.bar = progress_bar("Share of the scoreboard that is done")
        self.table = named(ScoreTable(), "scoreTable")
        column.addWidget(self.teach)
        for narrow, wide in (
            ((), (self.schedules, self.samplers)), ((self.grids, plain(QLabel("Steps"))), (self.steps,)),
            ((plain(QLabel("Fields")), self.samples), (self.button, self.csv)), ((), (self.bar,)),
        ):  # fmt: skip
            column.addLayout(line(*narrow, *wide, wide=wide, spacing=4))
        column.addWidget(self.table, 1)
        column.addWidget(self.says)

    def _show_schedules(self) -> None:
        """List the schedule in force, and presets."""
        schedule = self._session.recipe.course.schedule
        presets = [(key, SCHEDULES[key].title, "") for key in OFFERED if make_schedule(key) != schedule]
        self.schedules.set_items([(PRESENT, f"{schedule.title}, as it is", ""), *presets], (PRESENT,))

    def _show_samplers(self) -> None:
        """List the samplers, with the reason where the model lacks a capability they need."""
        plan, items = self._session.plan, []
        for key, info in SAMPLERS.items():
            refusal = plan.lacks(key)
            items.append((key, info.title, "" if refusal is None else refusal.sentence))
        self.samplers.set_items(items, ("ddim", "heun"))

    def _press(self) -> None:
        if self._job.active:
            self._job.stop()
            return
        recipe = self._session.recipe
        present = recipe.course.schedule
        schedules = [present if key == PRESENT else make_schedule(key) for key in self.schedules.chosen()]
        level = recipe.start.level if recipe.start.origin == "field" else None
        try:
            steps = whole_numbers(self.steps.text(), "numbers of steps")
            ways = combinations(schedules, self.grids.chosen(), self.samplers.chosen(), steps)
            draw = Draw(self.samples.value(), start_level=level, seed=recipe.course.seed)
        except UserError as error:
            self._session.tell_error(error)
        else:
            self._job.start(ways, draw, self._trained())

    def _show_job(self) -> None:
        job, active = self._job.job, self._job.active
        why = "" if active else self._job.why_not()
        self.button.setText("Stop" if active else "Score")
        self.button.setAccessibleName("Stop scoring" if active else "Score all combinations")
        self.button.setEnabled(not why)
        set_tip(self.button, why or ("Stop; the rows so far stay" if active else "Run and score all combinations"))
        self.bar.setVisible(active)
        rows = () if job is None else job.rows
        self.csv.setEnabled(bool(rows))
        set_tip(self.csv, "Write the rows to a file" if rows else "There are no rows yet")
        self.table.show_empty(BEGUN if active else EMPTY)
        self.table.show_rows(*table(rows, "" if job is None else job.units))
        self.teach.setVisible(bool(rows))
        if job is not None:
            self.bar.setValue(round(100 * job.done))
            parts = [job.name, common(rows), job.split[:1].upper() + job.split[1:]]
            self.says.setText(" ".join(f"{part}." for part in parts if part))

    def _ask_save(self) -> None:
        job = self._job.job
        path, _ = QFileDialog.getSaveFileName(self, "Save the scoreboard", "scoreboard.csv", "Table (*.csv)")
        if path and job is not None:
            save(self._session, Path(path), lambda: write_text(Path(path), to_csv(job.rows, job.units)))
