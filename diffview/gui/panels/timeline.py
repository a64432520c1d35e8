"""The timeline: the schedule as a curve over the axis of the playhead, the slider, and the film strip."""

import itertools
from functools import partial
from math import inf

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QMenu, QToolButton

from diffview.fields.numbers import number
from diffview.forward.schedules import SCHEDULES, SpectrumMatched, make_schedule
from diffview.gui.actions import Actions
from diffview.gui.jobs.level_search import LevelSearchJob
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session, View
from diffview.gui.show import schedule_curves
from diffview.gui.show.film_rows import PARENT
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.film.film_strip import FilmStrip
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.forms.time_slider import TimeSlider
from diffview.gui.widgets.plots.density_strip import DensityStrip
from diffview.gui.widgets.plots.plot_axis import Floats
from diffview.gui.widgets.plots.schedule_plot import SchedulePlot
from diffview.gui.widgets.small.card import CardFrame
from diffview.gui.widgets.small.icons import set_icon
from diffview.gui.widgets.small.parts import named, show_value, tool_button, whole
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.gui.window.film_feed import Film
from diffview.gui.window.player import Player
from diffview.models.formulas import FORMULAS
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.recipe import CHAIN, Recipe

REFERENCES = ("linear", "cosine")
"""Schedules drawn dotted beside the one in force."""


DENSITY_TIP = """The share of each noise level, per unit of ln s, on either axis:
schedule: share of t, dt/d ln s
grid: share of the run's steps; the last one, to s = 0, has no end in ln s"""

QUANTITIES = (
    ("alpha_bar", "ᾱ", "What is left of the signal's variance; drag the points"),
    ("log_snr", "log-SNR", "ln(α²/σ²); drag the points"),
    ("sigma", "σ", "Standard deviation of the noise in x_t; drag the points"),
    ("beta", "β", "Variance added by each of 1000 steps; read only"),
)
AXES = ("t", "t", "Horizontal axis: t"), ("ln_s", "ln s", "Horizontal axis: the noise level; read only")


class TimelinePanel(CardFrame):
    """Schedule editor, slider and film strip on one axis."""

    def __init__(self, session: Session, live: Live, player: Player, search: LevelSearchJob, actions: Actions) -> None:
        super().__init__("Timeline")
        self._session, self._live, self._player, self._search = session, live, player, search
        self._actions = actions
        self._drags = itertools.count()
        self._drag = 0
        self._references_of: object = None
        self._densities_of: object = None
        self._build()
        self.film = Film(self.strip, session, live)
        self._connect()
        self.show_recipe(None, session.recipe)

    def _build(self) -> None:
        play = "Play the forward process"
        self.play = tool_button("playButton", play, f"{play} (Space)", icon="play")
        self.preset = Combo("scheduleCombo", "Noise schedule", least_px=0)
        for key, kind in SCHEDULES.items():
            self.preset.addItem(kind.title, key)
        self.quantity = SegmentedControl(QUANTITIES, "quantityControl")
        self.axis = SegmentedControl(AXES, "axisControl")
        tip = "T: number of steps of the chain; the curve stays as it is"
        self.length = whole("chainLengthSpin", "Length T of the chain", tip, 1, int(CHAIN.high), 88, log=True)
        tip = "The playhead moves with the run; dragging the playhead detaches it"
        self.follow = tool_button("followButton", "Follow the run", tip, text="follow", checkable=True)
        self.fork = self._action_button("forkAction", "fork", "forkButton")
        self.back = self._action_button("goBackAction", "return", "goBackButton")
        tip = "How much of schedule, grid and training falls on each noise level, below the schedule"
        self.density = tool_button("densityButton", "Show densities over ln s", tip, text="density", checkable=True)
        label = named(plain(QLabel("T")), tip=self.length.toolTip())
        for widget in (
            self.play, self.preset, self.quantity, self.axis, label, self.length,
            self.density, self.fork, self.back, self.follow,
        ):  # fmt: skip
            self.add_control(widget)
        for taken in (self.preset, self.fork, self.back):
            taken.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.plot = named(SchedulePlot(), "scheduleEditor")
        self.slider = named(TimeSlider(), "timeSlider")
        self.densities = named(DensityStrip(), "densityStrip")
        self.strip = named(FilmStrip(), "filmStrip")
        self.content.setSpacing(2)
        self.add(self.plot, 6)
        self.add(self.slider)
        self.add(self.densities)
        self.add(self.strip, 4)

    def _action_button(self, action: str, text: str, name: str) -> QToolButton:
        """A button for an action, enabled when the action is."""
        button = named(QToolButton(), name, self._actions[action].text())
        button.setDefaultAction(self._actions[action])
        button.setText(text)
        self._actions[action].changed.connect(partial(button.setText, text))  # else Qt takes that of the action
        return button

    def _connect(self) -> None:
        session, live = self._session, self._live
        self.play.clicked.connect(self._player.toggle)
        self._player.changed.connect(self._show_player)
        self.preset.activated.connect(self._choose_preset)
        self.quantity.changed.connect(lambda key: session.look(quantity=key))
        self.axis.changed.connect(lambda key: session.look(axis=key))
        self.length.valueChanged.connect(lambda steps: session.edit(merge="length", chain_length=steps))
        self.length.editingFinished.connect(session.end_merge)
        self.density.clicked.connect(lambda on: session.look(densities=on))
        self.follow.clicked.connect(self._follow)
        self.plot.playheadMoved.connect(lambda x: self._scrub(TimeScale.of(session).t(x)))
        self.plot.handlePressed.connect(lambda _: self._begin_drag())
        self.plot.handleMoved.connect(self._pull)
        self.plot.curveGrabbed.connect(lambda x, y: self._begin_drag())
        self.plot.tickPressed.connect(lambda _: self._begin_drag())
        self.plot.tickMoved.connect(self._pull_tick)
        self.plot.axisChanged.connect(self._align)
        self.slider.valueChanged.connect(self._slide)
        self.strip.picked.connect(self._pick)
        self.strip.menuAsked.connect(self._ask_menu)
        self._search.changed.connect(self._show_offered)
        session.changed.connect(self.show_recipe)
        session.viewed.connect(self.show_view)
        live.stepped.connect(self.film.show_step)
        live.stepped.connect(self._mark_level)
        live.run_changed.connect(self.film.show_step)

    # -- edits

    def _choose_preset(self, index: int) -> None:
        key = self.preset.itemData(index)
        schedule = self._session.recipe.course.schedule
        if key != schedule.key or key == SpectrumMatched.key:  # the field may be another one now
            self._session.edit_checked(lambda: {"schedule": schedule_curves.chosen(key, schedule, self._matched)})

    def _matched(self) -> SpectrumMatched:
        """The schedule for the region's spectrum."""
        return SpectrumMatched.match(self._session.plan.x0, self._session.facts.field.pixel_km)

    def _pull_tick(self, index: int, x: float) -> None:
        """Drag a level of the run: the grid becomes a custom one."""
        session = self._session
        recipe, plan = session.recipe, session.plan
        highest = min(recipe.course.schedule.s_max, inf if plan.card is None else plan.card.noise_range[1])
        if recipe.start.origin == "field" and recipe.start.level is not None:
            highest = min(highest, recipe.start.level)
        s = float(recipe.course.schedule.noise_level(TimeScale.of(session).t(x)))
        if recipe.course.fork is not None and index <= recipe.course.fork.step:
            return  # it is a level of the run that the fork leaves
        levels = schedule_curves.tick_dragged(plan.levels[:-1], index, s, recipe.course.schedule.s_min, highest)
        session.edit(merge=("tick", self._drag), grid="custom", grid_params=(("levels", levels),))

    def _begin_drag(self) -> None:
        self._drag = next(self._drags)

    def _pull(self, index: int, x: float, y: float) -> None:
        session = self._session
        t = TimeScale.of(session).t(x)
        schedule = schedule_curves.dragged(session.recipe.course.schedule, index, t, y, session.view.quantity)
        session.edit(merge=("handle", self._drag), schedule=schedule)

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
        if row == PARENT and recorded is not None:
            self._live.show_step(*recorded)
        else:
            self._session.look(playhead=self.film.time_of(row, index), follow=False)

    def _ask_menu(self, row: int, index: int, at: QPoint) -> None:
        """Show a step, and a menu to fork there or to return to the run left."""
        recorded = self.film.step_at(row, index)
        if recorded is None:
            return
        self._live.show_step(*recorded)
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for name in ("forkAction", "forkNoiseAction", "goBackAction"):
            self.menu.addAction(self._actions[name])
        self.menu.popup(at)

    # -- shows

    def show_recipe(self, old: Recipe | None, new: Recipe) -> None:
        """Draw curve, reference schedule_curves, handles and ticks; move the thumbnails with the schedule."""
        view, scale = self._session.view, TimeScale.of(self._session)
        self.preset.setCurrentIndex(self.preset.findData(new.course.schedule.key))
        show_value(self.length, new.start.chain_length)
        self.plot.set_chain_length(new.start.chain_length)
        self.plot.set_x_axis(scale.axis, scale.low, scale.high)
        self.plot.set_quantity(view.quantity, *self._limits(new))
        self.plot.set_read_only(scale.axis != "t")
        self.slider.setVisible(scale.axis == "t")
        self.plot.set_curve(*schedule_curves.curve(new.course.schedule, view.quantity, scale))
        self.plot.set_handles(schedule_curves.handles(new.course.schedule, view.quantity, scale))
        references = (new.course.schedule.key, view.quantity, scale.axis)
        if references != self._references_of:
            self._references_of = references
            self.plot.set_references(self._references(new, scale))
        levels = np.array([s for s in self._session.plan.levels if s > 0])
        self.plot.set_grid_ticks(np.asarray(scale.x(new.course.schedule.t_of(levels))))
        self._show_offered()
        self._show_band(scale)
        self._show_densities(scale)
        self._caption()
        self._show_playhead()
        self._mark_level()
        self.back.setVisible(new.course.fork is not None)
        self.film.extend_run()
        self.film.move_run()
        self.film.refresh_forward()

    def _show_offered(self) -> None:
        """Show the levels that a search has found, until they are taken or dropped."""
        scale = TimeScale.of(self._session)
        found = [row.levels[:-1] for row in self._search.rows if row.title == "found"]
        levels = np.array(found[0] if found else ())
        self.plot.set_offered_ticks(np.asarray(scale.x(self._session.recipe.course.schedule.t_of(levels))))

    def _show_band(self, scale: TimeScale) -> None:
        """Show the noise range of the network in force; nothing for a formula, which is made for every level."""
        card, schedule = self._session.plan.card, self._session.recipe.course.schedule
        if card is None:
            self.plot.set_band(None)
            return
        low, high = card.noise_range
        ends = np.asarray(scale.x(schedule.t_of(np.array([low, min(high, schedule.s_max)]))))
        tip = f"{card.name} was trained for {number(low)} ≤ s ≤ {number(high)}"
        self.plot.set_band(float(ends.min()), float(ends.max()), tip)

    def _show_densities(self, scale: TimeScale) -> None:
        """Show schedule, grid and training on one axis; computed only when one of them has changed."""
        plan, shown = self._session.plan, self._session.view.densities
        self.densities.setVisible(shown)
        self.density.setChecked(shown)
        state = (scale, plan.levels, plan.card, plan.recipe.denoiser.model)
        if not shown or state == self._densities_of:
            return
        self._densities_of = state
        x, log_s, shares = schedule_curves.densities(scale, plan.levels, plan.card)
        tip, missing = DENSITY_TIP, ""
        if plan.card is not None and "training" in shares:
            training = plan.card.training
            how = [training["density"], *([f"{training['loss']} loss"] if "loss" in training else [])]
            tip += f"\ntraining: share of the network's draws ({', '.join(how)})"
        else:
            missing = "no training: a formula" if plan.recipe.denoiser.model in FORMULAS else "training: not known"
        self.densities.set_densities(x, log_s, shares, missing)
        set_tip(self.densities, tip)

    def _limits(self, recipe: Recipe) -> tuple[float | None, float | None]:
        """Range of y: the quantity's own, or as large as sigma and as low as log-SNR of the schedule become."""
        if self._session.view.quantity == "sigma" and recipe.course.schedule.form == "ve":
            return 0.0, recipe.course.schedule.s_max
        if self._session.view.quantity == "log_snr":
            return min(-12.0, -2 * float(np.log(recipe.course.schedule.s_max))), 12.0
        return None, None

    def _references(self, recipe: Recipe, scale: TimeScale) -> list[tuple[str, Floats, Floats]]:
        if scale.axis != "t":
            return []
        quantity = self._session.view.quantity
        others = [make_schedule(key) for key in REFERENCES if key != recipe.course.schedule.key]
        return [(other.title.lower(), *schedule_curves.curve(other, quantity, scale)) for other in others]

    def _caption(self) -> None:
        recipe = self._session.recipe
        if (fork := recipe.course.fork) is not None:
            title = SAMPLERS[fork.parent.sampler].title
            fresh = f" · noise {fork.number}" if fork.number else ""
            self.set_subtitle(f"fork at step {fork.step} of {title}, seed {fork.parent.seed}{fresh}")
            return
        left = float(np.sqrt(recipe.course.schedule.alpha_bar(1.0)))
        hand = "drag a point, or the playhead" if self.plot.editable else "drag the playhead"
        self.set_subtitle(f"√ᾱ left at T: {number(left)} · {hand}")

    def show_view(self, old: View, new: View) -> None:
        """Follow the playhead and the choice of axes."""
        if (old.quantity, old.axis) != (new.quantity, new.axis):
            self.quantity.set_key(new.quantity)
            self.axis.set_key(new.axis)
            self.show_recipe(None, self._session.recipe)
            self.film.redraw_run()
        elif old.densities != new.densities:
            self._show_densities(TimeScale.of(self._session))
        elif (old.colormap, old.limits) != (new.colormap, new.limits) or old.reverse != new.reverse:
            self.film.redraw_run()
            self.film.refresh_forward()
        if (old.playhead, old.follow) != (new.playhead, new.follow):
            self._show_playhead()

    def _show_playhead(self) -> None:
        view, recipe = self._session.view, self._session.recipe
        self.plot.set_playhead(TimeScale.of(self._session).x(view.playhead))
        self.plot.set_detached(not view.follow)
        self.follow.setChecked(view.follow)
        self.slider.blockSignals(True)
        self.slider.setRange(0, recipe.start.chain_length)
        self.slider.setValue(round(view.playhead * recipe.start.chain_length))
        self.slider.blockSignals(False)
        self.film.show_playhead()

    def _mark_level(self) -> None:
        """Mark the level of the step on screen, among those the run visits."""
        live, scale = self._live, TimeScale.of(self._session)
        position = None
        if live.step is not None and live.shown is not None and live.step.s > 0:
            position = float(scale.x(float(live.times(live.shown)[live.step.index])))
        self.plot.set_run_marker(position)

    def _show_player(self) -> None:
        set_icon(self.play, "pause" if self._player.playing else "play")

    def _align(self) -> None:
        """Align slider and film strip with the axis of the plot."""
        left, right = self.plot.axis_pixels()
        self.slider.set_inset(left, self.plot.width() - right)
        scale = TimeScale.of(self._session)
        for strip in (self.densities, self.strip):
            strip.set_axis(left, right, scale.low, scale.high)
