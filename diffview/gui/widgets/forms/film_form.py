"""The form of a film: what it shows, its format, size and length."""

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFormLayout, QVBoxLayout, QWidget

from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.forms.param_form import ParamForm
from diffview.gui.widgets.small.job_row import JobRow
from diffview.gui.widgets.small.parts import words
from diffview.params import Parameter

SIZES = ((1280, 720), (1920, 1080), (960, 540), (640, 360), (720, 720))


class FilmForm(QWidget):
    """Signals: asked: a film is wanted, of `values` in `ending`; stopped: it is to end."""

    asked = Signal()
    stopped = Signal()

    def __init__(self, shows: Mapping[str, str], formats: Mapping[str, str], parameters: tuple[Parameter, ...]) -> None:
        """Titles of what can be shown and of the formats by their endings; `parameters` are all other rows."""
        super().__init__()
        self.what = _combo("filmWhat", "What the film shows", shows)
        self.format = _combo("filmFormat", "Format", formats)
        self.pixels = Combo("filmSize", "Size")
        for width, height in SIZES:
            self.pixels.addItem(f"{width} × {height}")
        self._params, self.job = ParamForm(parameters), JobRow("filmButton", "Share of the film that is made")
        self._why = words("", "filmWhyNot")
        rows = self._params.layout()
        assert isinstance(rows, QFormLayout)
        for i, (title, row) in enumerate((("shows", self.what), ("format", self.format), ("size", self.pixels))):
            rows.insertRow(i, words(title), row)
        column = QVBoxLayout(self)
        column.addWidget(self._params)
        column.addWidget(self._why)
        column.addStretch(1)
        column.addWidget(self.job)
        self.job.started.connect(self.asked)
        self.job.stopped.connect(self.stopped)

    @property
    def ending(self) -> str:
        """The ending of the format."""
        return str(self.format.currentData())

    def values(self) -> dict[str, Any]:
        """What is chosen, by the names of the settings."""
        return {"what": self.what.currentData(), "size": SIZES[self.pixels.currentIndex()], **self._params.values()}

    def offer(self, names: tuple[str, ...], offered: bool) -> None:
        """Whether these settings change anything of what is chosen."""
        for name in names:
            self._params.field(name).setEnabled(offered)

    def show_progress(self, share: float | None, why_not: str) -> None:
        """The share of a film that is made, None if none is; and why none can be, or ""."""
        self.job.show_progress(share, "Save as…", why_not, "Choose a file; the film is made beside the window")
        self._why.setText(why_not)
        self._why.setVisible(bool(why_not))


def _combo(name: str, says: str, titles: Mapping[str, str]) -> Combo:
    combo = Combo(name, says)
    for key, title in titles.items():
        combo.addItem(title, key)
    return combo
