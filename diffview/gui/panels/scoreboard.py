"""The scoreboard dock: schedules x grids x samplers x steps of the model in force, scored on held-out fields."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from diffview.errors import UserError
from diffview.grids import GRIDS
from diffview.gui.looks import number
from diffview.gui.races import BoardJob, BoardWish, counts
from diffview.gui.session import Message, Session
from diffview.gui.train_order import Order
from diffview.gui.widgets.check_menu import CheckMenu
from diffview.gui.widgets.score_table import Cell, ScoreTable
from diffview.gui.widgets.whole_spin import WholeSpin
from diffview.samplers import SAMPLERS
from diffview.schedules import SCHEDULES, make_schedule
from diffview.scoreboard import ANOTHER, SAMPLES, Row, to_csv, unit_of
from diffview.writers import write_text

PRESENT = "present"
OFFERED = ("linear", "scaled_linear", "cosine", "edm", "flow", "ve")
LEAST_WIDTH = 260
HEADINGS = {
    "schedule": ("schedule", "Noise schedule; in green other held-out fields in the place of a run"),
    "grid": ("levels", "How the levels lie on it"), "sampler": ("sampler", "With its default settings"),
    "spectrum": ("spectrum", "Log-spectral distance to the held-out fields: 10 dB is a factor of ten at every scale"),
    "evaluations": ("calls", "Calls of the model for one batch"),
    "q50": ("median", "Median of all pixels minus that of the held-out fields"),
    "q90": ("q 0.9", "Quantile 0.9 minus that of the held-out fields"),
    "q99": ("q 0.99", "Quantile 0.99 minus that of the held-out fields"),
    "q999": ("q 0.999", "Quantile 0.999 minus that of the held-out fields"),
    "wet": ("wet", "Share of wet pixels minus that of the held-out fields"),
    "crps": ("CRPS", "Fair continuous ranked probability score of members against the truth"),
    "steps": ("steps", "Of a run"), "seconds": ("seconds", "Time that drawing took"),
}  # fmt: skip
TEACH = (
    "Every combination draws fields that are held beside held-out ones. The row in green is other held-out fields: no "
    "run can be told to be better than that. Click a heading to sort."
)


class ScoreboardPanel(QWidget):
    """Built when it is first shown."""

    def __init__(self, session: Session, job: BoardJob, trained: Callable[[], Order | None]) -> None:
        """`trained` gives the order of the newest training, or None."""
        super().__init__()
        self._session, self._job, self._trained = session, job, trained
        self.setObjectName("scoreboardPanel")
        self.setMinimumWidth(LEAST_WIDTH)
        self._built = False

    def showEvent(self, event: QShowEvent) -> None:
        """Build on the first showing."""
        if not self._built:
            self._built = True
            self._build()
            self._session.changed.connect(lambda old, new: self._show_recipe())
            self._job.changed.connect(self._show_job)
            self._show_recipe()
        super().showEvent(event)

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        teach, self.says = QLabel(TEACH), QLabel()
        for label in (teach, self.says):
            label.setWordWrap(True)
            label.setProperty("dim", True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.says.setObjectName("boardSays")
        self.schedules, self.grids = CheckMenu("Schedules", "boardSchedules"), CheckMenu("Levels", "boardGrids")
        self.samplers = CheckMenu("Samplers", "boardSamplers")
        self.steps = QLineEdit("9, 18")
        self.steps.setObjectName("boardSteps")
        self.steps.setAccessibleName("Steps")
        self.steps.setToolTip("Steps of a run, several: 9, 18")
        self.samples = WholeSpin(8, 256, width=64)
        self.samples.setObjectName("boardSamples")
        self.samples.setAccessibleName("Fields that each run makes")
        self.samples.setToolTip("Fields that each run makes")
        self.samples.setValue(SAMPLES)
        self.button, self.csv = QPushButton("Score"), QPushButton("Save CSV…")
        self.button.setObjectName("boardButton")
        self.csv.setObjectName("boardCsvButton")
        self.csv.setAccessibleName("Save the rows as CSV")
        self.button.clicked.connect(self._press)
        self.csv.clicked.connect(self._ask_save)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 100)
        self.bar.setAccessibleName("Share of the scoreboard that is done")
        self.table = ScoreTable()
        self.table.setObjectName("scoreTable")
        column.addWidget(teach)
        steps, fields = QLabel("Steps"), QLabel("Fields")
        for widgets in (
            (self.schedules, self.grids, self.samplers), (steps, self.steps, fields, self.samples),
            (self.button, self.bar, self.csv),
        ):  # fmt: skip
            row = QHBoxLayout()
            row.setSpacing(4)
            for widget in widgets:
                row.addWidget(widget, int(widget in (self.steps, self.bar)))
            column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self.says)

    def _show_recipe(self) -> None:
        """What can be chosen: the schedule as it is drawn, and presets."""
        session, plan = self._session, self._session.plan
        presets = [(key, SCHEDULES[key].title, "") for key in OFFERED if make_schedule(key) != session.recipe.schedule]
        self.schedules.set_items([(PRESENT, f"{session.recipe.schedule.title}, as it is", ""), *presets], (PRESENT,))
        self.grids.set_items([(key, key, "") for key in GRIDS if key != "custom"], ("uniform", "karras"))
        items = []
        for key, info in SAMPLERS.items():
            lacking = plan.lacks(key)
            items.append((key, info.title, "" if lacking is None else lacking.sentence))
        self.samplers.set_items(items, ("ddim", "heun"))
        self._show_job()

    def _press(self) -> None:
        if self._job.active:
            self._job.stop()
            return
        recipe = self._session.recipe
        try:
            steps = counts(self.steps.text(), "numbers of steps")
        except UserError as error:
            self._session.tell_error(error)
            return
        schedules = [recipe.schedule if key == PRESENT else make_schedule(key) for key in self.schedules.chosen()]
        level = recipe.start_level if recipe.start == "field" else None
        wish = BoardWish(
            tuple(schedules), self.grids.chosen(), self.samplers.chosen(), steps, self.samples.value(), level
        )
        self._job.start(wish, self._trained())

    def _show_job(self) -> None:
        job, active = self._job.job, self._job.active
        why = "" if active else self._job.why_not()
        self.button.setText("Stop" if active else "Score")
        self.button.setAccessibleName("Stop scoring" if active else "Score all combinations")
        self.button.setEnabled(not why)
        self.button.setToolTip(why or ("Stop; the rows so far stay" if active else "Run and score all combinations"))
        self.bar.setVisible(active)
        rows = () if job is None else job.rows
        self.csv.setEnabled(bool(rows))
        self.csv.setToolTip("Write the rows to a file" if rows else "There are no rows yet")
        units = "" if job is None else job.units
        shown = [
            name for name in HEADINGS if name not in ("wet", "crps") or any(getattr(r, name) is not None for r in rows)
        ]
        headings = [heading(name, units) for name in shown]
        self.table.show_rows(headings, [(cells(row, shown), row.what == ANOTHER) for row in rows])
        if job is not None:
            self.bar.setValue(round(100 * job.done))
            self.says.setText(f"{job.name}. {job.split[:1].upper()}{job.split[1:]}." if job.split else job.name)

    def _ask_save(self) -> None:
        job = self._job.job
        path, _ = QFileDialog.getSaveFileName(self, "Save the scoreboard", "scoreboard.csv", "Table (*.csv)")
        if not path or job is None:
            return
        try:
            write_text(Path(path), to_csv(job.rows, job.units))
        except UserError as error:
            self._session.tell_error(error)
        else:
            self._session.tell(Message(f"Saved {path}."))


def heading(name: str, units: str) -> tuple[str, str]:
    """A heading with its unit, and what it means."""
    text, tip = HEADINGS[name]
    unit = unit_of(name, units)
    return f"{text}\n{unit if name != 'seconds' else ''}", tip


def cells(row: Row, columns: list[str]) -> list[Cell]:
    """The cells of a row; differences are sorted by their size."""
    found = []
    for name in columns:
        value = getattr(row, name)
        if isinstance(value, str):
            text = ANOTHER if name == "schedule" and row.what == ANOTHER else value
            found.append(Cell(text, text, row.why))
        elif value is None:
            found.append(Cell("—", None, row.why or "There is no such number here"))
        elif name in ("steps", "evaluations"):
            found.append(Cell(str(value), float(value)))
        else:
            found.append(Cell(number(value), abs(value)))
    return found
