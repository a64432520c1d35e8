"""The days dock: the days of a month from its mean, beside the real ones and the noise that they were made of."""

from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit

from diffview.errors import UserError
from diffview.fields.colormaps import COLORMAPS
from diffview.fields.units import squared, written
from diffview.gui.jobs.months import MonthRunner
from diffview.gui.session import Session
from diffview.gui.show.month_pictures import day_at, month_said, pixel_at, pixel_lines, sheets, spectrum_lines
from diffview.gui.widgets.images.sheet_view import SheetView
from diffview.gui.widgets.plots.score_plots import LinesPlot
from diffview.gui.widgets.small.parts import (
    Heading,
    ScrollPanel,
    line,
    named,
    primary,
    progress_bar,
    push_button,
    say,
    whole,
    words,
)
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.models.days import DaysMade

LEAST_WIDTH = 270
MOST_MEMBERS = 64
COLOURS = "vik"
TEACH = (
    "From a month to its days: open a file with daily fields, name a month, and its mean becomes days again, by a "
    "formula that is fitted to all other days. Their mean is kept exactly; the real days stand beside them."
)
KEYS = ("made", "real", "noise", "time")
"""The sheets, in order."""


class MonthPanel(ScrollPanel):
    """Made when its dock is first shown."""

    def __init__(self, session: Session, runner: MonthRunner) -> None:
        super().__init__("daysPanel", LEAST_WIDTH)
        self._session, self._runner = session, runner
        self._drawn: DaysMade | None = None
        self._pixel: tuple[int, int] | None = None
        self._build()
        runner.changed.connect(self._show_job)
        session.shows(self._show_job, "source.path", "source.dataset")

    def _build(self) -> None:
        self.teach, self.says = words(TEACH), words(name="daysSays")
        self.month = named(QLineEdit(), "daysMonth", "Month", "The month that is made, as 2012-02")
        self.month.setPlaceholderText("2012-02")
        self.month.returnPressed.connect(self._press)
        self.month.textChanged.connect(self._show_job)
        self.members = whole("daysMembers", "Members", "How many times it is made", 1, MOST_MEMBERS, 68)
        self.members.setValue(8)
        self.periodic = named(
            QCheckBox("edges meet"), "daysPeriodic", "Opposite edges meet",
            "Opposite edges of the field are neighbours; the law then knows directions in space",
        )  # fmt: skip
        self.button = primary(push_button("daysButton", "Make days"))
        self.button.clicked.connect(self._press)
        self.bar = progress_bar("Share of the days that is made")
        self.column.addWidget(self.teach)
        self.column.addLayout(
            line(plain(QLabel("Month")), self.month, plain(QLabel("Members")), self.members, wide=(self.month,))
        )
        self.column.addLayout(line(self.periodic, self.button, wide=(self.periodic,)))
        self.column.addWidget(self.bar)
        self.column.addWidget(self.says)
        self.headings, self.views = {}, {}
        for key in KEYS:
            self.headings[key] = Heading("")
            self.views[key] = named(SheetView(), f"days{key.capitalize()}View", "A picture of every day")
            self.column.addWidget(self.headings[key])
            self.column.addWidget(self.views[key])
            self.views[key].pointed.connect(lambda row, column, key=key: self._point(key, row, column))
            self.views[key].picked.connect(lambda row, column, key=key: self._pick(key, row, column))
        self.plots = {
            "daysPixelView": LinesPlot("A pixel, day by day", y_log=False),
            "daysSpectrumView": LinesPlot("Power of the changes in time", x_log=True),
        }
        self.titles = {name: Heading(plot.accessibleName()) for name, plot in self.plots.items()}
        for name, plot in self.plots.items():
            self.column.addWidget(self.titles[name])
            self.column.addWidget(named(plot, name))
        self.plots["daysPixelView"].x_axis.integers = True
        self.column.addStretch(1)

    def _press(self) -> None:
        if self._runner.active:
            self._runner.stop()
        elif not self._why_not():
            self._runner.start(self.month.text().strip(), self.members.value(), self.periodic.isChecked())

    def _why_not(self) -> str:
        return self._runner.why_not() or ("" if self.month.text().strip() else "Name a month, as 2012-02.")

    def _show_job(self) -> None:
        job, active = self._runner.job, self._runner.active
        why = "" if active else self._why_not()
        self.button.setText("Stop" if active else "Make days")
        self.button.setEnabled(not why)
        set_tip(self.button, why or ("Stop" if active else "Read the file, fit the law, and make the days"))
        self.bar.setVisible(active)
        if job is not None:
            self.bar.setValue(round(100 * job.done))
        made = self._runner.made
        failed = str(job.error) if job is not None and isinstance(job.error, UserError) and not active else ""
        say(self.says, month_said(made, self._pixel) if made is not None else failed or why)
        self.teach.setVisible(made is None)
        if made is not self._drawn or made is None:
            self._drawn, self._pixel = made, None
            self._show_made(made)

    def _show_made(self, made: DaysMade | None) -> None:
        """The sheets and the plots; nothing where nothing was made."""
        found = {} if made is None else sheets(made)
        for key, view in self.views.items():
            there = key in found
            self.headings[key].setVisible(there)
            view.setVisible(there)
            if there:
                self.headings[key].setText(found[key].title)
                view.show_values(found[key].values, found[key].limits, COLORMAPS[COLOURS])
        for name, plot in self.plots.items():
            plot.setVisible(made is not None)
            self.titles[name].setVisible(made is not None)
        if made is not None:
            self._show_pixel(made)
            unit = written(made.of.field.units)
            power = f"power, {squared(unit)}" if unit else "power"
            self.plots["daysSpectrumView"].show_lines(spectrum_lines(made), "cycles in the month", power)

    def _show_pixel(self, made: DaysMade) -> None:
        """The pixel day by day, and its place in the sentence."""
        lines, band = pixel_lines(made, self._pixel)
        self.plots["daysPixelView"].show_lines(lines, "day of the month", written(made.of.field.units), band=band)
        say(self.says, month_said(made, self._pixel))

    def _pick(self, key: str, row: int, column: int) -> None:
        """Show the pixel that was clicked on; a click on land, between days or on their means changes nothing."""
        made = self._drawn
        if made is not None and key != "time" and (pixel := pixel_at(row, column, made)) is not None:
            self._pixel = pixel
            self._show_pixel(made)

    def _point(self, key: str, row: int, column: int) -> None:
        """Say which day is under the pointer."""
        made = self._drawn
        day = None if made is None or key == "time" or row < 0 else day_at(row, column, made.values[0])
        set_tip(self.views[key], "" if made is None or day is None else made.dates[day])
