"""A button that starts a job and stops it, and how far the job is."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from diffview.gui.widgets.small.parts import column_of, line, named, progress_bar
from diffview.gui.widgets.small.text import set_tip


class JobRow(QWidget):
    """Signals: started, stopped: requests of the user."""

    started = Signal()
    stopped = Signal()

    def __init__(self, name: str, says: str) -> None:
        """`name` is that of the button, `says` what a screen reader calls its progress."""
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._running = False
        self.button, self.bar = named(QPushButton(), name), progress_bar(says)
        self.button.clicked.connect(lambda: self.stopped.emit() if self._running else self.started.emit())
        column_of(self).addLayout(line(self.button, self.bar, wide=[self.bar]))

    def show_progress(self, share: float | None, text: str, why_not: str, tip: str) -> None:
        """The share that is done, None if nothing runs; what a click starts (`text`), and why it may not, or ""."""
        self._running = share is not None
        self.bar.setVisible(self._running)
        self.bar.setValue(round(100 * (share or 0)))
        self.button.setText("Stop" if self._running else text)
        self.button.setAccessibleName(self.button.text())
        self.button.setEnabled(self._running or not why_not)
        set_tip(self.button, why_not or tip)
