"""The scoreboard dock: schedules x grids x samplers x steps of the model in force, scored on held-out fields."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QPushButton, QSizePolicy, QWidget

from diffview.errors import UserError
from diffview.fields.numbers import number
from diffview.forward.schedules import SCHEDULES, make_schedule
from diffview.gui.jobs.scoring import BoardJob
from diffview.gui.jobs.writing import save
from diffview.gui.session import Session
from diffview.gui.widgets.forms.check_menu import CheckMenu
from diffview.gui.widgets.small.parts import column_of, line, named, progress_bar, whole, words
from diffview.gui.widgets.small.score_table import Cell, ScoreTable
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.learning.orders import Order
from diffview.params import whole_numbers
from diffview.paths import write_text
from diffview.reverse.grids import GRIDS
from diffview.reverse.samplers import SAMPLERS
from diffview.scores.scoreboard import ANOTHER, SAMPLES, BoardRow, Draw, combinations, to_csv, unit_of

PRESENT = "present"
OFFERED = ("linear", "scaled_linear", "cosine", "edm", "flow", "ve")
LEAST_WIDTH = 260
HEADINGS = {
    "run": ("run", "What differs between the rows; in green other held-out fields instead of those of a run"),
    "spectrum": ("spectrum", "Log-spectral distance to the held-out fields: 10 dB is a factor of ten at every scale"),
    "evaluations": ("calls", "Calls of the model for one batch"),
    "crps": ("CRPS", "Fair continuous ranked probability score of members against the truth"),
    "q99": ("q 0.99", "Quantile 0.99 minus that of the held-out fields"),
    "wet": ("wet", "Wet-pixel fraction minus that of the held-out fields"),
    "q50": ("median", "Median of all pixels minus that of the held-out fields"),
    "q999": ("q 0.999", "Quantile 0.999 minus that of the held-out fields"),
    "q90": ("q 0.9", "Quantile 0.9 minus that of the held-out fields"),
    "seconds": ("time", "Time of drawing the fields"),
}  # fmt: skip
"""Columns, the most important first: a narrow dock shows only these."""

WAY = ("schedule", "grid", "sampler", "steps")
TEACH = (
    "Every combination draws fields that are compared with held-out ones. The row in green has other held-out fields: "
    "no run can be shown to be better than that. Click a heading to sort."
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
        self.button = named(QPushButton("Score"), "boardButton")
        self.csv = named(QPushButton("CSV…"), "boardCsvButton", "Save the rows as CSV")
        self.button.setProperty("primary", True)
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
        units = "" if job is None else job.units
        shown = [
            name for name in HEADINGS if name not in ("wet", "crps") or any(getattr(r, name) is not None for r in rows)
        ]
        differ = differing(rows)
        headings = [heading(name, units) for name in shown]
        self.table.show_empty(BEGUN if active else EMPTY)
        self.table.show_rows(headings, [(cells(row, shown, differ, units), row.what == ANOTHER) for row in rows])
        self.teach.setVisible(bool(rows))
        if job is not None:
            self.bar.setValue(round(100 * job.done))
            parts = [job.name, common(rows, differ), job.split[:1].upper() + job.split[1:]]
            self.says.setText(" ".join(f"{part}." for part in parts if part))

    def _ask_save(self) -> None:
        job = self._job.job
        path, _ = QFileDialog.getSaveFileName(self, "Save the scoreboard", "scoreboard.csv", "Table (*.csv)")
        if path and job is not None:
            save(self._session, Path(path), lambda: write_text(Path(path), to_csv(job.rows, job.units)))


def heading(name: str, units: str) -> tuple[str, str]:
    """A heading with its unit, and its meaning."""
    text, tip = HEADINGS[name]
    unit = unit_of(name, units)
    return f"{text}\n{unit}", tip


def differing(rows: Sequence[BoardRow]) -> tuple[str, ...]:
    """The columns in which the runs of a board differ; all of them for a single run."""
    runs = [row for row in rows if row.what != ANOTHER]
    differ = tuple(name for name in WAY if len({getattr(row, name) for row in runs}) > 1)
    return differ or WAY


def common(rows: Sequence[BoardRow], differ: Sequence[str]) -> str:
    """The settings that all runs of a board share: "linear, 18 steps"."""
    run = next((row for row in rows if row.what != ANOTHER), None)
    parts = [] if run is None else [_part(run, name) for name in WAY if name not in differ]
    return f"All runs: {', '.join(parts)}" if parts else ""


def _part(row: BoardRow, name: str) -> str:
    return f"{row.steps} steps" if name == "steps" else str(getattr(row, name))


def cells(row: BoardRow, columns: Sequence[str], differ: Sequence[str], units: str) -> list[Cell]:
    """The cells of a row; differences are sorted by their size. The tooltip of the first has all of the row."""
    made = []
    for name in columns:
        if name == "run":
            text = ANOTHER if row.what == ANOTHER else " · ".join(str(getattr(row, part)) for part in differ)
            rank = " ".join(f"{row.steps or 0:06d}" if part == "steps" else getattr(row, part) for part in differ)
            made.append(Cell(text, rank, row.why or _all_of(row, columns[1:], units)))
        elif (value := getattr(row, name)) is None:
            made.append(Cell("—", None, row.why or "There is no such number for this row"))
        elif name == "evaluations":
            made.append(Cell(str(value), float(value)))
        else:
            made.append(Cell(number(value), abs(value)))
    return made


def _all_of(row: BoardRow, columns: Sequence[str], units: str) -> str:
    """A row in words and numbers, one below the other."""
    lines = [ANOTHER if row.what == ANOTHER else ", ".join(_part(row, name) for name in WAY)]
    for name in columns:
        if (value := getattr(row, name)) is not None:
            text = str(value) if name == "evaluations" else number(value)
            lines.append(f"{HEADINGS[name][0]}: {text} {unit_of(name, units)}".strip())
    return "\n".join(lines)
