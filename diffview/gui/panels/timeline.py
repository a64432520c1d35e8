"""The timeline: the schedule as a curve over the axis of the playhead, the slider, and the film strip."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QMenu, QSizePolicy, QWidget

from diffview.gui.actions import Actions
from diffview.gui.jobs.level_search import LevelSearchJob
from diffview.gui.jobs.live import Live
from diffview.gui.panels.base import COLOURS, FOLLOW_MS, Paced, bind_look, bind_spin
from diffview.gui.panels.led_band import LedBand
from diffview.gui.panels.schedule_editor import ON_AXIS, ScheduleEditor
from diffview.gui.panels.schedule_list import ScheduleList
from diffview.gui.session import Session
from diffview.gui.show import schedule_curves
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.film.film_strip import FilmStrip
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.forms.time_slider import TimeSlider
from diffview.gui.widgets.plots.density_strip import DensityStrip
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.widgets.small.icons import set_icon
from diffview.gui.widgets.small.parts import action_button, line, named, tool_button, whole
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.gui.window.film_feed import Film
from diffview.gui.window.player import Player
from diffview.runs.recipe import CHAIN
from diffview.story.words import TERMS

QUANTITIES = (
    ("alpha_bar", "ᾱ", f"{TERMS['alpha_bar'].sentence}. Drag the points"),
    ("log_snr", "log-SNR", f"{TERMS['log_snr'].sentence}. Drag the points"),
    ("sigma", "σ", f"{TERMS['sigma'].sentence}. Drag the points"),
    ("beta", "β", f"{TERMS['alpha_bar'].sentence}. Drag the points of β, ᾱ follows"),
)
AXES = (
    ("t", "t", "Horizontal axis: t"),
    ("ln_s", "ln s", "Horizontal axis: the noise level; drag points along the curve"),
)
PLAYED = (
    "playAction", "playBackAction", "loopAction", "paceThreeAction", "paceTenAction", "paceThirtyAction",
    "paceFreeAction",
)  # fmt: skip
"""The menu of the button that plays."""

PENCIL = "Draw the curve with the pointer, from left to right"
NO_STROKE = "Over ln s this curve is the same for every schedule: choose t, or β; or drag points along it"


class TimelinePanel(CardFrame):
    """Schedule editor, slider and film strip on one axis."""

    def __init__(self, session: Session, live: Live, player: Player, search: LevelSearchJob, actions: Actions) -> None:
        super().__init__("Timeline")
        self._session, self._live, self._player, self._search = session, live, player, search
        self._actions = actions
        self._build()
        self.film = Film(self.strip, session, live)
        self._connect()
        self._show()

    def _build(self) -> None:
        play = "Play the forward process"
        tip = f"{play} (Space); by the right button: back, again, pace"
        self.play = tool_button("playButton", play, tip, icon="play")
        self.play.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.preset = ScheduleList(self._session, self._actions).combo
        self.quantity = SegmentedControl(QUANTITIES, "quantityControl")
        self.axis = SegmentedControl(AXES, "axisControl")
        tip = "T: number of steps of the chain; the curve stays as it is"
        self.length = whole("chainLengthSpin", "Length T of the chain", tip, 1, int(CHAIN.high), 88, log=True)
        self.pencil = tool_button("pencilButton", PENCIL, PENCIL, text="draw", checkable=True)
        tip = "The playhead moves with the run; dragging the playhead detaches it"
        self.follow = tool_button("followButton", "Follow the run", tip, text="follow", checkable=True)
        self.fork = action_button("forkButton", self._actions["forkAction"], "fork")
        self.back = action_button("goBackButton", self._actions["goBackAction"], "return")
        tip = "How much of schedule, grid and training falls on each noise level, below the schedule"
        self.density = tool_button("densityButton", "Show densities over ln s", tip, text="density", checkable=True)
        rows = QWidget()  # the sign stays beside its number where the header wraps
        beside = line(named(plain(QLabel("T")), tip=self.length.toolTip()), self.length)
        beside.setContentsMargins(0, 0, 0, 0)
        self.length.setProperty("compact", True)
        rows.setLayout(beside)
        rows.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        for widget in (
            self.play, self.preset, self.quantity, self.axis, self.pencil, rows,
            self.density, self.fork, self.back, self.follow,
        ):  # fmt: skip
            self.add_control(widget)
        for taken in (self.preset, self.fork, self.back):
            taken.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.editor = ScheduleEditor(self._session, self._live, self._search)
        self.plot = self.editor.plot
        self.slider, self.led = named(TimeSlider(), "timeSlider"), LedBand(self._session).strip
        self.densities = named(DensityStrip(), "densityStrip")
        self.strip = named(FilmStrip(), "filmStrip")
        self.content.setSpacing(2)
        self.add(self.plot, 6)
        for below in (self.slider, self.led, self.densities):
            self.add(below)
        self.add(self.strip, 4)

    def _connect(self) -> None:
        session, live = self._session, self._live
        self.play.clicked.connect(self._actions["playAction"].trigger)
        ask = self.play.customContextMenuRequested
        ask.connect(lambda at: self._open_menu(PLAYED, self.play.mapToGlobal(at)))
        self._player.changed.connect(self._show_player)
        self.pencil.toggled.connect(self.plot.set_drawing)
        self.follow.clicked.connect(self._follow)
        self.plot.playheadMoved.connect(lambda x: self._scrub(TimeScale.of(session).t(x)))
        self.plot.axisChanged.connect(self._align)
        self.slider.valueChanged.connect(self._slide)
        self.strip.picked.connect(self._pick)
        self.strip.menuAsked.connect(self._ask_menu)
        live.stepped.connect(self.film.show_step)
        live.run_changed.connect(self.film.show_step)
        live.came_on.connect(self.film.show_step)

    def _show(self) -> None:
        session, film = self._session, self.film
        bind_look(session, self.quantity, "quantity")
        bind_look(session, self.axis, "axis")
        bind_look(session, self.density, "densities")
        bind_spin(session, self.length, "chain_length")
        session.shows(self._show_axis, "start.chain_length", *ON_AXIS)
        session.shows(self._show_pencil, "view.axis", "view.quantity")
        session.shows(self._show_densities, "view.densities", "view.axis", "plan.card", "denoiser.model")
        for show in (self.film.move_run, self._show_densities):
            session.shows(Paced(show, FOLLOW_MS, self).call, "plan.levels", "course.schedule", at_once=False)
        session.shows(self._show_caption, "course.fork", "view.quantity", *ON_AXIS)
        session.shows(self._show_playhead, "view.playhead", "view.follow", "start.chain_length")
        session.shows(film.extend_run, "course.fork")
        session.shows(film.move_run, "view.axis")
        session.shows(film.redraw_run, "view.reverse", *COLOURS, at_once=False)
        session.shows(film.refresh_forward, "forward", "view.axis", *COLOURS)

    # -- looks

    def _scrub(self, t: float) -> None:
        """Move the playhead by hand: to whole rows of the chain, detached from the run."""
        length = self._session.recipe.start.chain_length
        self._session.look(playhead=round(t * length) / length, follow=False)

    def _slide(self, row: int) -> None:
        self._scrub(row / self._session.recipe.start.chain_length)

    def _follow(self, on: bool) -> None:
        self._session.look(follow=on)
        if on and self._live.step is not None and self._live.active:
            self._session.look(playhead=float(self._session.recipe.course.schedule.t_of(self._live.step.s)))

    def _pick(self, row: int, index: int) -> None:
        recorded = self.film.step_at(row, index)
        if recorded is not None:  # not by its time alone: RePaint is there more than once
            self._live.show_step(*recorded)
        else:
            self._session.look(playhead=self.film.time_of(row, index), follow=False)

    def _ask_menu(self, row: int, index: int, at: QPoint) -> None:
        """Show a step, and a menu to fork there or to return to the run left."""
        recorded = self.film.step_at(row, index)
        if recorded is None:
            return
        self._live.show_step(*recorded)
        self._open_menu(("forkAction", "forkNoiseAction", "goBackAction"), at)

    def _open_menu(self, names: Sequence[str], at: QPoint) -> None:
        """A menu of actions at a point of the screen."""
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in names:
            self.menu.addAction(self._actions[name])
        self.menu.popup(at)

    # -- shows

    def _show_axis(self) -> None:
        """Put the rows of the chain on the axis."""
        scale, over_t = TimeScale.of(self._session), self._session.view.axis == "t"
        rows = np.linspace(0, 1, self._session.recipe.start.chain_length + 1)
        shares = None if over_t else (scale.x(rows) - scale.low) / (scale.high - scale.low)
        self.slider.set_places(shares)

    def _show_pencil(self) -> None:
        """Let a curve be drawn where it says something: over t, and beta over the level too."""
        view = self._session.view
        says = view.axis == "t" or view.quantity == "beta"
        self.pencil.setEnabled(says)
        self.pencil.setChecked(self.pencil.isChecked() and says)
        set_tip(self.pencil, PENCIL if says else NO_STROKE)

    def _show_densities(self) -> None:
        """Show the densities of schedule, grid and training on one axis."""
        plan, shown, scale = self._session.plan, self._session.view.densities, TimeScale.of(self._session)
        self.densities.setVisible(shown)
        if not shown:
            return
        x, log_s, shares = schedule_curves.densities(scale, plan.levels, plan.card)
        model = plan.recipe.denoiser.model
        tip, missing = schedule_curves.density_words(plan.card, model, "training" in shares)
        self.densities.set_densities(x, log_s, shares, missing)
        set_tip(self.densities, tip)

    def _show_caption(self) -> None:
        course, view = self._session.recipe.course, self._session.view
        self.set_subtitle(schedule_curves.caption(course, view.quantity, view.axis))
        self.back.setVisible(course.fork is not None)

    def _show_playhead(self) -> None:
        view, length = self._session.view, self._session.recipe.start.chain_length
        self.follow.setChecked(view.follow)
        self.slider.blockSignals(True)
        self.slider.setRange(0, length)
        self.slider.setValue(round(view.playhead * length))
        self.slider.blockSignals(False)
        self.film.show_playhead()

    def _show_player(self) -> None:
        set_icon(self.play, "pause" if self._player.playing else "play")

    def _align(self) -> None:
        """Align slider and film strip with the axis of the plot."""
        left, right = self.plot.axis_pixels()
        self.slider.set_inset(left, self.plot.width() - right)
        self.led.set_axis(left, right)
        scale = TimeScale.of(self._session)
        for strip in (self.densities, self.strip):
            strip.set_axis(left, right, scale.low, scale.high)
