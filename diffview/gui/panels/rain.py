"""The rain dock: from channels of satellites to an ensemble of rain, sensor by sensor, judged on held-out fields."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QCheckBox, QLabel, QWidget

from diffview.errors import UserError
from diffview.fields.colormaps import COLORMAPS
from diffview.fields.units import written
from diffview.gui.jobs.channels import ChannelRunner
from diffview.gui.session import Session
from diffview.gui.show.calibration_words import all_curves, sentences
from diffview.gui.show.channel_pictures import (
    SYNTHETIC,
    ChannelMap,
    channel_maps,
    histogram_lines,
    mean_maps,
    member_maps,
    sensor_rows,
    sheet_said,
)
from diffview.gui.theme import GRID
from diffview.gui.widgets.images.raster import Raster
from diffview.gui.widgets.images.side_pictures import SidePicture, SidePictures
from diffview.gui.widgets.plots.calibration_views import CalibrationViews
from diffview.gui.widgets.plots.score_plots import LinesPlot
from diffview.gui.widgets.small.number_table import NumberTable
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
from diffview.gui.widgets.small.sentences_view import SentencesView
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.gui.widgets.small.wrapped_row import WrappedRow
from diffview.scores.channel_sheet import CASES, MEMBERS, ChannelSheet

LEAST_WIDTH, NARROW = 270, 240
MOST_MEMBERS, MOST_CASES = 256, 64
REST_MS = 300
"""Milliseconds after the last switch at which the sheet is made anew."""

TEACH = (
    "Rain from satellites: open a file with many fields of rain. Its channels are the conditions of the Data panel, "
    "matched by time; without any they are computed from the rain itself, and called synthetic. Rain is made from the "
    "channels of fields that are held out, and judged beside the truth."
)
REAL = "Channels of the Data panel, matched by time."
HEADINGS = {"channels": "Channels", "members": "Members", "mean": "Mean, spread and truth"}
MAPS = {"channels": channel_maps, "members": member_maps, "mean": mean_maps}


class RainPanel(ScrollPanel):
    """Made when its dock is first shown."""

    def __init__(self, session: Session, runner: ChannelRunner) -> None:
        super().__init__("rainPanel", LEAST_WIDTH)
        self._session, self._runner, self._raster = session, runner, Raster()
        self._drawn: ChannelSheet | None = None
        self._boxes: dict[str, QCheckBox] = {}
        self._soon = QTimer(self, singleShot=True, interval=REST_MS)
        self._soon.timeout.connect(self._make)
        self._build()
        runner.changed.connect(self._show_job)
        session.shows(self._show_sensors, "conditions.given")
        session.shows(self._show_job, "source.path", "source.dataset", "conditions.given")

    def _build(self) -> None:
        self.teach, self.badge, self.says = words(TEACH), words(name="rainBadge"), words(name="rainSays")
        self.badge.setProperty("dim", False)
        self.members = whole("rainMembers", "Members", "How many times each field is made", 2, MOST_MEMBERS, 64)
        self.cases = whole("rainFields", "Fields", "Held-out fields that are made and judged", 1, MOST_CASES, 52)
        self.members.setValue(MEMBERS)
        self.cases.setValue(CASES)
        self.button = primary(push_button("rainButton", "Make rain"))
        self.button.clicked.connect(self._press)
        self.bar = progress_bar("Share of the sheet that is done")
        sensors = named(QWidget(), "rainSensors", "Sensors that are given")
        self._sensors = WrappedRow(sensors)
        self._sensors.setSpacing(2 * GRID)  # a name is nearer to its own box than to the next
        self.column.addWidget(self.teach)
        self.column.addLayout(
            line(plain(QLabel("Members")), self.members, plain(QLabel("Fields")), self.cases, self.button)
        )
        for widget in (self.badge, sensors, self.bar, self.says):
            self.column.addWidget(widget)
        self._build_found()
        self.column.addStretch(1)

    def _build_found(self) -> None:
        """What is shown of a sheet, all of it hidden without one."""
        self.case = whole("rainField", "Field", "Which of the held-out fields is shown", 1, 1, 52)
        self.case.valueChanged.connect(self._show_pictures)
        self._which = QWidget()
        row = line(plain(QLabel("Held-out field")), self.case)
        row.setContentsMargins(0, 0, 0, 0)
        self._which.setLayout(row)
        self._found: list[QWidget] = [self._which]
        self.pictures = {key: named(SidePictures(narrow=NARROW), f"rain{key.capitalize()}Pictures") for key in MAPS}
        for key, view in self.pictures.items():
            self._found += [Heading(HEADINGS[key]), view]
        self.histogram = named(LinesPlot("How often each amount comes", x_log=True), "rainHistogramView")
        self.table = NumberTable("rainSensorTable")
        self.judged, self.views = SentencesView("rainSentences"), CalibrationViews("rain")
        self._found += [Heading("Sensors"), self.table, Heading("How often each amount comes"), self.histogram]
        for widget in (*self._found, self.judged, self.views):
            self.column.addWidget(widget)

    # -- what is asked

    def _off(self) -> tuple[str, ...]:
        return tuple(name for name, box in self._boxes.items() if not box.isChecked())

    def _press(self) -> None:
        if self._runner.active:
            self._runner.stop()
        else:
            self._make()

    def _make(self) -> None:
        if self._runner.active:  # one that is at work is of other sensors
            self._runner.stop()
            self._soon.start()
        elif not self._runner.why_not():
            self._runner.start(self._off(), self.members.value(), self.cases.value())

    def _switched(self) -> None:
        """Sensors were switched: what is on screen is made anew, soon."""
        if self._drawn is not None or self._runner.active:
            self._soon.start()

    # -- what is shown

    def _show_sensors(self) -> None:
        """A box for each sensor."""
        while (item := self._sensors.takeAt(0)) is not None:
            if (box := item.widget()) is not None:
                box.setParent(None)
                box.deleteLater()
        self._boxes = {}
        for name in self._runner.sensors:
            box = named(QCheckBox(name), f"rainSensor_{name}", f"Whether {name} is given")
            box.setChecked(True)
            set_tip(box, f"Whether the rain is made from {name}")
            box.clicked.connect(self._switched)
            self._boxes[name] = box
            self._sensors.addWidget(box)
        self.badge.setText(SYNTHETIC if self._runner.synthetic else REAL)

    def _show_job(self) -> None:
        job, active = self._runner.job, self._runner.active
        why = "" if active else self._runner.why_not()
        self.button.setText("Stop" if active else "Make rain")
        self.button.setEnabled(not why)
        set_tip(self.button, why or ("Stop" if active else "Read the fields, fit the law, make members, judge them"))
        self.bar.setVisible(active)
        if job is not None:
            self.bar.setValue(round(100 * job.done))
        sheet = self._runner.sheet
        if active and self._drawn is not None and job is not None and not job.dropped:
            return  # what is on screen stays until there is another
        failed = str(job.error) if job is not None and isinstance(job.error, UserError) and not active else ""
        say(self.says, sheet_said(sheet) if sheet is not None else failed or why)
        self.teach.setVisible(sheet is None)
        if sheet is not self._drawn or sheet is None:
            self._drawn = sheet
            self._show_sheet(sheet)

    def _show_sheet(self, sheet: ChannelSheet | None) -> None:
        for widget in self._found:
            widget.setVisible(sheet is not None)
        found = None if sheet is None else sheet.found
        self.judged.show_sentences([] if found is None else sentences(found, "This ensemble"))
        self.views.show_curves(all_curves(found))
        if sheet is None:
            return
        self.case.setRange(1, sheet.members.shape[1])
        self.table.show_rows(sensor_rows(sheet))
        units = written(sheet.task.data.units)
        name = sheet.task.data.name.replace("_", " ")
        self.histogram.show_lines(histogram_lines(sheet), f"{name}, {units}" if units else name, "share of the pixels")
        self._show_pictures()

    def _show_pictures(self) -> None:
        sheet = self._drawn
        if sheet is None:
            return
        for key, view in self.pictures.items():
            view.show_pictures(self._pictures(MAPS[key](sheet, self.case.value() - 1)))

    def _pictures(self, maps: Sequence[ChannelMap]) -> list[SidePicture]:
        made = []
        for one in maps:
            self._raster.set_limits(*one.limits)
            self._raster.set_table(COLORMAPS[one.colours])
            self._raster.set_values(one.values, None)
            made.append(SidePicture(one.name, one.token, self._raster.image().copy(), one.words))
        return made
