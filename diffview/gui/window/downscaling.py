"""Run, Make coarse and bring back: one field, several ways, beside one another."""

import numpy as np
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from diffview.fields.colormaps import COLORMAPS
from diffview.fields.units import written
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.downscaling import DownscaleJob
from diffview.gui.show.downscale_words import MAPS, ShownMap, curves, level_words, limits, pictures, rows
from diffview.gui.show.ensemble_picture import SPREAD_COLOURS
from diffview.gui.show.lines import AxisMark, Line
from diffview.gui.show.looks import field_scale
from diffview.gui.show.reverse_picture import NOISE_COLOURS
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.images.raster import Raster
from diffview.gui.widgets.images.side_pictures import SidePicture, SidePictures
from diffview.gui.widgets.plots.level_plot import LevelPlot
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
    words,
)
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.scores.ways_back import FACTORS

WIDTH, HEIGHT, LEAST_WIDTH = 880, 700, 420
TEACH = (
    "The region is made coarse by means over blocks and brought back by several ways, as if the block means alone "
    "were known. What each makes is held beside the region itself. Schedule, steps, sampler, members and model are "
    "those of the run."
)
FACTOR_CHOICES = [(str(k), f"{k} × {k}", f"Means over {k} × {k} pixels") for k in (2, 4, 8, 16)]
OFFERS = (
    ("parting", "spectra part", "k* is where the coarse field has lost half of the power; s* = √P(k*)"),
    ("distance", "nearest spectrum", "Of the levels tried, the one whose members have the spectrum of the fine field"),
    ("low_pass", "block means kept", "Of the levels tried, the one whose members keep the block means best"),
)


class DownscaleWindow(QDialog):
    """The form, the level of SDEdit, the pictures and the scores."""

    def __init__(self, jobs: Jobs, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("downscaleDialog")
        self.setWindowTitle("Make coarse and bring back")
        self._session, self.job, self._raster = jobs.session, DownscaleJob(jobs), Raster()
        self._build()
        self.resize(WIDTH, HEIGHT)
        self.button.clicked.connect(self._press)
        self.offers.changed.connect(self._take_offer)
        self.level.playheadMoved.connect(self._say_level)
        self.level.dropped.connect(self._go_from)
        self.map.changed.connect(lambda _: self._show_pictures())
        self.job.changed.connect(self._show)
        self._show()

    def _build(self) -> None:
        self.factor = SegmentedControl(FACTOR_CHOICES, "downscaleFactor")
        self.factor.set_key("8")
        self.button = primary(push_button("downscaleButton", "Bring back"))
        self.bar = progress_bar("Share that is done")
        self.says = words(name="downscaleSays")
        self.offers = SegmentedControl(OFFERS, "downscaleOffers")
        self.level_says = plain(named(QLabel(), "downscaleLevel"))
        self.level = named(LevelPlot(), "downscaleLevelPlot")
        self.map = SegmentedControl(MAPS, "downscaleMap")
        self.pictures = named(SidePictures(), "downscalePictures")
        self.table = NumberTable("downscaleTable")
        self.scales = named(LinesPlot("Spread over error by scale", x_log=True, y_log=False), "downscaleScales")
        self.button.setDefault(True)
        panel = ScrollPanel("downscalePanel", LEAST_WIDTH)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(panel)
        column = panel.column
        column.addWidget(words(TEACH))
        column.addLayout(line(plain(QLabel("Blocks")), self.factor, self.button))
        column.addWidget(self.bar)
        column.addWidget(self.says)
        self._levels: list[QWidget] = [Heading("SDEdit starts at"), self.offers, self.level_says, self.level]
        column.addWidget(self._levels[0])
        column.addLayout(line(self.offers, self.level_says))
        column.addWidget(self.level)
        column.addLayout(line(self.map))
        self._heading = Heading("Spread over error by scale")
        for widget in (self.pictures, self.table, self._heading, self.scales):
            column.addWidget(widget)
        column.addStretch(1)

    # -- what is asked

    def _press(self) -> None:
        if self.job.active:
            self.job.stop()
        else:
            self.job.start(int(self.factor.key()))

    def _take_offer(self, key: str) -> None:
        found = next((one for one in self.job.offered if one.key == key), None)
        if found is not None:
            self.job.from_level(found.s)
            self._put_level(found.s)

    def _go_from(self, t: float) -> None:
        s = float(self._session.recipe.course.schedule.noise_level(t))
        if self.job.ways and s > 0:
            self.offers.choose_none()
            self.job.from_level(s)

    def _put_level(self, s: float) -> None:
        t = float(self._session.recipe.course.schedule.t_of(s))
        self.level.set_playhead(t)
        self._say_level(t)

    def _say_level(self, t: float) -> None:
        recipe = self._session.recipe
        s = float(recipe.course.schedule.noise_level(t))
        self.level_says.setText(level_words(s, t, recipe.start.chain_length))

    # -- what is shown

    def _show(self) -> None:
        job, active = self.job, self.job.active
        low, high = FACTORS
        self.button.setText("Stop" if active else "Bring back")
        set_tip(self.button, "Stop" if active else f"Means over {low} to {high} pixels a side, and back")
        self.bar.setVisible(active)
        if job.job is not None:
            self.bar.setValue(round(100 * job.job.done))
        say(self.says, "\n".join(job.refused.values()))
        parts: tuple[QWidget, ...] = (*self._levels, self.map, self.pictures, self._heading, self.scales)
        for widget in parts:
            widget.setVisible(bool(job.ways))
        for offer in OFFERS:
            self.offers.set_enabled(offer[0], not active, "" if not active else "It is at work: wait, or stop it.")
        self.level.setEnabled(not active)
        self._show_levels()
        self._show_pictures()
        self.table.show_rows(rows(list(job.ways.values()), self._units))
        self.scales.show_lines(curves(list(job.ways.values())), "wavenumber, cycles per region", "spread/error")

    @property
    def _units(self) -> str:
        return written(self._session.facts.field.units)

    def _show_levels(self) -> None:
        job, recipe = self.job, self._session.recipe
        if not job.tried:
            return
        self.level.set_chain_length(recipe.start.chain_length)
        t = np.array([one.t for one in job.tried])
        curves_ = [
            Line(name, token, t, np.array([getattr(one, key) for one in job.tried]))
            for name, token, key in (
                ("distance of the spectrum", "forward", "distance"), ("error of block means", "reverse", "low_pass"),
            )
        ]  # fmt: skip
        self.level.show_lines(curves_, [AxisMark(one.t, "text", one.title) for one in job.offered])
        if job.task is not None and job.task.level is None and job.offered:
            self.offers.set_key("parting")
            self._put_level(job.offered[0].s)

    def _show_pictures(self) -> None:
        job, key = self.job, self.map.key()
        if not job.ways or job.task is None:
            return
        shown = pictures(key, list(job.ways.values()), job.task, self._units)
        self.pictures.show_pictures(
            [SidePicture(one.name, one.token, self._image(key, one, shown), one.words) for one in shown]
        )

    def _image(self, key: str, one: ShownMap, beside: list[ShownMap]) -> QImage:
        """Values in the colours of the field, of an error or of a spread."""
        scale, values = field_scale(self._session), one.values
        ends = scale.levels if key in ("member", "mean") else limits(key, beside)
        colours = {"error": NOISE_COLOURS, "spread": SPREAD_COLOURS}.get(key, scale.colours)
        made = scale.transform(values) if key in ("member", "mean") else values
        self._raster.set_limits(*ends)
        self._raster.set_table(COLORMAPS[colours])
        self._raster.set_values(np.ascontiguousarray(made, np.float32), None)
        return self._raster.image().copy()
