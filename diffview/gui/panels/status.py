"""The status line: what runs, how fast, where; the values under the pointer; the most useful keys."""

import math

from PySide6.QtWidgets import QHBoxLayout, QWidget

from diffview.gui.live import Live
from diffview.gui.looks import is_noise, number, physical
from diffview.gui.session import Session
from diffview.gui.widgets.card import ElidedLabel

KEYS = "Space play   ← → step   R run   F5 present   F1 keys"

VERBS = {"finished": "Made", "stopped": "Stopped after", "failed": "Failed after"}


class StatusPanel(QWidget):
    """One line at the foot of the window."""

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__()
        self._session, self._live = session, live
        self._busy = self._engine = False
        self.left, self.right = ElidedLabel(), ElidedLabel(KEYS)
        self.left.setObjectName("statusText")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.addWidget(self.left, 3)
        row.addWidget(self.right, 2)
        live.stepped.connect(self.show_run)
        live.run_changed.connect(self.show_run)
        live.engine_wanted.connect(self.announce_engine)
        live.engine_loaded.connect(self.show_engine)
        session.changed.connect(lambda old, new: self.show_run())
        self.show_run()

    def show_busy(self, busy: bool) -> None:
        """Say that a file is being read."""
        self._busy = busy
        self.show_run()

    def announce_engine(self) -> None:
        """Say that torch is being loaded."""
        self._engine = True
        self.show_run()

    def show_engine(self) -> None:
        """Torch has been loaded, or is not there."""
        self._engine = False
        self.show_run()

    def show_run(self) -> None:
        """What runs, or what is shown."""
        self.left.setText(" · ".join(self._parts()))

    def _parts(self) -> list[str]:
        if self._busy:
            return ["Reading the file… (Esc gives up)"]
        run, step, plan = self._live.run, self._live.step, self._session.plan
        parts = []
        if run is not None and step is not None:
            made, steps = len(run.trajectory) - 1, run.plan.steps
            last = run.trajectory.last
            parts.append(f"{VERBS.get(run.state, 'Running')} {made} of {steps} steps")
            parts.append(f"{0 if last is None else last.evaluations} evaluations")
            if self._live.shown is run and step.index != made:
                parts.append(f"step {step.index} shown")
            parts.append(f"{number(run.steps_per_second)} steps/s")
            parts.append(run.plan.device)
            parts.append(f"{number(run.trajectory.bytes / 2**20)} MB recorded")
        if plan.fit is not None:
            parts.append(f"{plan.recipe.model} on {plan.fit.count} crops")
        if self._engine:
            parts.append("loading torch…")
        return parts

    def show_pixel(self, row: int | None, column: int | None) -> None:
        """Values of x_0, x_t and the reverse state under the pointer, in physical units."""
        frame = self._session.frame()
        if row is None or column is None or not (0 <= row < frame.x_t.shape[0] and 0 <= column < frame.x_t.shape[1]):
            self.right.setText(KEYS)
            return
        transform, units = self._session.plan.transform, self._session.facts.field.units
        x0 = float(self._session.forward.x0[row, column])
        parts = [f"row {row}, column {column}"]
        missing = math.isnan(x0)
        parts.append("x₀ no data" if missing else f"x₀ {physical(transform, x0, units)}")
        if not missing:
            x_t = float(frame.x_t[row, column])
            parts.append(f"xₜ {number(x_t)} (noise)" if is_noise(frame.s) else f"xₜ {physical(transform, x_t, units)}")
        step = self._live.step
        if step is not None and step.y.shape[-2:] == frame.x_t.shape:
            z = float(self._session.recipe.schedule.scale(step.s)) * float(step.y[0, 0, row, column])
            noise = is_noise(step.s)
            parts.append(f"reverse {number(z)} (noise)" if noise else f"reverse {physical(transform, z, units)}")
        self.right.setText("   ".join(parts))
