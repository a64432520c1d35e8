"""The status line: the run, its speed and device; the values under the pointer; the most useful keys."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QWidget

from diffview.fields.numbers import number
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show.pixel_words import Pixel, pixel_text
from diffview.gui.widgets.small.card import ElidedLabel
from diffview.gui.widgets.small.parts import tool_button

KEYS = "Space play   ← → step   R run   F5 lecture   F1 keys"

PATIENCE_MS = 250
"""Milliseconds of reading after which a button to give it up appears; shorter reads would make it flicker."""

VERBS = {"finished": "Made", "stopped": "Stopped after", "failed": "Failed after"}


class StatusPanel(QWidget):
    """One line at the foot of the window."""

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__()
        self._session, self._live = session, live
        self._reading = self._writing = ""
        self.left, self.right = ElidedLabel(), ElidedLabel(KEYS)
        self.left.setObjectName("statusText")
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        tip = "Give up reading; what is on screen stays (Esc)"
        self.give_up = tool_button("giveUpButton", "Give up reading", tip, text="Give up")
        self.give_up.hide()
        self._patience = QTimer(self, interval=PATIENCE_MS, singleShot=True)
        self._patience.timeout.connect(lambda: self.give_up.setVisible(bool(self._reading)))
        row.addWidget(self.give_up)
        row.addWidget(self.left, 3)
        row.addWidget(self.right, 2)
        for event in (live.stepped, live.run_changed, live.came_on, live.torch.wanted, live.torch.loaded):
            event.connect(self.show_run)
        session.shows(self.show_run, "plan.model", "plan.notes")

    def show_reading(self, what: str, share: float = 0.0) -> None:
        """Show what is being read and its share, "" if nothing; a longer read can be given up by a button."""
        self._reading = f"{what}, {100 * share:.0f} %" if what and share else what
        if not what:
            self._patience.stop()
            self.give_up.hide()
        elif not self._patience.isActive() and not self.give_up.isVisible():
            self._patience.start()
        self.show_run()

    def show_writing(self, text: str) -> None:
        """Show which file is being written; "" if none is."""
        self._writing = text
        self.show_run()

    def show_run(self) -> None:
        """Show what runs, or which run is shown."""
        self.left.setText(" · ".join(self._parts()))

    def _parts(self) -> list[str]:
        if self._reading:
            return [f"Reading {self._reading}… (Esc gives up)"]
        if self._writing:
            return [self._writing]
        run, step, plan = self._live.run, self._live.step, self._session.plan
        parts = []
        if run is not None and step is not None and run.recorded_by and not run.plan.steps:
            made = len(step.y) if run.counted is None else run.counted.count
            parts.append(f"Made by {run.recorded_by}: {made:,} of {run.plan.shape[0]:,} members so far")
        elif run is not None and step is not None and run.recorded_by:
            parts.append(f"Recorded by {run.recorded_by}: {run.plan.steps} steps, step {step.index} shown")
        elif run is not None and step is not None:
            made, steps = max(0, len(run.trajectory) - 1), run.plan.steps
            last = run.trajectory.last
            parts.append(f"{VERBS.get(run.state, 'Running')} {made} of {steps} steps")
            if run.counted is not None:
                parts.append(f"{run.counted.count:,} of {run.plan.shape[0]:,} members counted")
            parts.append(f"{0 if last is None else last.evaluations} evaluations")
            if self._live.shown is run and step.index != made:
                parts.append(f"step {step.index} shown")
            parts.append(f"{number(run.steps_per_second)} steps/s")
            parts.append(run.plan.device)
            parts.append(f"{number(run.trajectory.bytes / 2**20)} MB recorded")
        if plan.model is not None:
            parts.append(plan.model.label)
        parts.extend(note.given for note in plan.notes if note.quiet and note.given.startswith("starts"))
        if self._live.torch.active:
            parts.append("loading torch…")
        return parts

    def show_keys(self) -> None:
        """Show the keys while the pointer is over no picture."""
        self.right.setText(KEYS)

    def show_pixel(self, pixel: Pixel) -> None:
        """Show position and values of a pixel."""
        self.right.setText(pixel_text(pixel, self._session, self._live.step))
