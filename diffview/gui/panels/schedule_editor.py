"""The schedule as a curve that can be dragged, with the levels that a run visits, on the axis of the timeline."""

import itertools
from functools import partial
from math import inf

import numpy as np
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu

from diffview.errors import UserError
from diffview.forward.edits import QUANTITIES, added, joined, removed
from diffview.forward.schedules import PRESETS
from diffview.gui.jobs.level_search import LevelSearchJob
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show import schedule_curves
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.plots.schedule_plot import SchedulePlot
from diffview.gui.widgets.small.parts import named
from diffview.runs.visited import visited_by

ON_AXIS = ("course.schedule", "view.axis")
"""What a position on the axis of the timeline depends on."""
BEGINS = ("start.chain_length", "start.origin", "start.level")
"""What the curve and the levels of the rivals depend on of where a run begins."""


class ScheduleEditor:
    """Shows the schedule of the session in a plot, and turns drags in it into edits."""

    def __init__(self, session: Session, live: Live, search: LevelSearchJob) -> None:
        self._session, self._live, self._search = session, live, search
        self.plot = named(SchedulePlot(), "scheduleEditor")
        self._drags = itertools.count()
        self._drag = 0
        self._references_of: object = None
        for pressed in (self.plot.handlePressed, self.plot.curveGrabbed, self.plot.tickPressed):
            pressed.connect(self._begin_drag)
        self.plot.handleMoved.connect(self._pull)
        self.plot.handleReleased.connect(lambda _index: session.end_merge())
        self.plot.handleAsked.connect(self._add)
        self.plot.handleDropped.connect(self._remove)
        self.plot.strokeDrawn.connect(self._take_stroke)
        self.plot.menuAsked.connect(self._ask_menu)
        self.plot.tickMoved.connect(self._pull_tick)
        search.changed.connect(self._show_offered)
        live.stepped.connect(self._mark_level)
        session.shows(self._show_curve, "view.quantity", *BEGINS, "rivals", "facts.cards", *ON_AXIS)
        session.shows(self._show_levels, "plan.levels", *ON_AXIS)
        session.shows(self._show_offered, *ON_AXIS)
        session.shows(self._show_band, "plan.card", *ON_AXIS)
        session.shows(self._show_playhead, "view.playhead", "view.follow", *ON_AXIS)
        session.shows(self._mark_level, *ON_AXIS)

    # -- edits

    def _begin_drag(self) -> None:
        self._drag = next(self._drags)

    def _pull(self, index: int, x: float, y: float) -> None:
        session = self._session
        scale, schedule = TimeScale.of(session), session.recipe.course.schedule
        now = schedule_curves.pulled(schedule, session.view.quantity, scale, index, (x, y))
        session.edit(merge=("handle", self._drag), schedule=now)

    def _add(self, x: float, y: float) -> None:
        """Add a point; on ln s it lies on the curve, whose values are the same for every schedule."""
        session, index = self._session, 0
        t, schedule, quantity = TimeScale.of(session).t(x), session.recipe.course.schedule, session.view.quantity
        if session.view.axis != "t" and quantity != "beta":
            y = float(QUANTITIES[quantity].of(schedule, np.array(t)))
        try:
            now, index = added(schedule, quantity, t, y)
        except UserError as error:
            session.refuse(error)
            return
        if session.edit(schedule=now):
            self.plot.select(index)
            self.plot.setFocus()

    def _remove(self, index: int) -> None:
        session = self._session
        schedule, quantity = session.recipe.course.schedule, session.view.quantity
        if session.edit_checked(lambda: {"schedule": removed(schedule, quantity, index)}):
            self.plot.select(None)

    def _take_stroke(self, x: list[float], y: list[float]) -> None:
        """Take a stroke for the curve; drawing goes on until it is switched off."""
        session = self._session
        schedule, view = session.recipe.course.schedule, session.view
        stroke = (schedule, view.quantity, TimeScale.of(session), np.array(x), np.array(y))
        session.edit_checked(lambda: {"schedule": schedule_curves.stroked_on(*stroke)})

    def _ask_menu(self, at: QPoint, x: float, y: float, handle: int | None) -> None:
        """What can be done with a point, or at a noise level."""
        session = self._session
        schedule = session.recipe.course.schedule
        menu = self.menu = QMenu(self.plot)
        menu.setObjectName("curveMenu")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if handle is None:
            menu.addAction("Add a point here", partial(self._add, x, y))
        else:
            menu.addAction("Remove this point", partial(self._remove, handle))
        s = float(schedule.noise_level(TimeScale.of(session).t(x)))
        for above, side in ((True, "above"), (False, "below")):
            pieces = menu.addMenu(f"Another schedule {side} s = {s:.3g}")
            for key, kind in PRESETS.items():
                take = pieces.addAction(kind.title, partial(self._join, key, s, above))
                take.setObjectName(f"piece_{side}_{key}")
        menu.popup(at)

    def _join(self, key: str, s: float, above: bool) -> None:
        schedule = self._session.recipe.course.schedule
        self._session.edit_checked(lambda: {"schedule": joined(schedule, key, s, above)})

    def _pull_tick(self, index: int, x: float) -> None:
        """Drag a level of the run: the grid becomes a custom one."""
        session = self._session
        recipe, plan = session.recipe, session.plan
        course, start = recipe.course, recipe.start
        if course.fork is not None and index <= course.fork.step:
            return  # it is a level of the run that the fork leaves
        highest = min(course.schedule.s_max, inf if plan.card is None else plan.card.noise_range[1])
        if start.origin == "field" and start.level is not None:
            highest = min(highest, start.level)
        s = float(course.schedule.noise_level(TimeScale.of(session).t(x)))
        levels = schedule_curves.tick_dragged(plan.levels[:-1], index, s, course.schedule.s_min, highest)
        session.edit(merge=("tick", self._drag), grid="custom", grid_params=(("levels", levels),))

    # -- shows

    def _show_curve(self) -> None:
        """Draw the curve, its handles and the reference curves."""
        recipe, view, scale = self._session.recipe, self._session.view, TimeScale.of(self._session)
        schedule, quantity, plot = recipe.course.schedule, view.quantity, self.plot
        plot.set_chain_length(recipe.start.chain_length)
        plot.set_x_axis(scale.axis, scale.low, scale.high)
        plot.set_quantity(quantity, *schedule_curves.limits(schedule, quantity))
        plot.set_companion(*schedule_curves.companion(schedule, quantity, scale))
        plot.set_curve(*schedule_curves.curve(schedule, quantity, scale))
        plot.set_handles(schedule_curves.handles(schedule, quantity, scale))
        rivals, cards = recipe.rivals.others, self._session.facts.cards
        references = (schedule.key, quantity, scale.axis, rivals, schedule if rivals else None, recipe.start, cards)
        if references != self._references_of:
            self._references_of = references
            plot.set_references(schedule_curves.references(schedule, quantity, scale, rivals))
            levels = [(rival, visited_by(rival, recipe.start, cards.get(rival.model))) for rival in rivals]
            plot.set_marks(schedule_curves.levels_along(levels, quantity, scale))

    def _show_levels(self) -> None:
        """Mark the levels that the run visits."""
        self.plot.set_grid_ticks(self._positions([s for s in self._session.plan.levels if s > 0]))

    def _show_offered(self) -> None:
        """Show the levels that a search has found, until they are taken or dropped."""
        found = [row.levels[:-1] for row in self._search.rows if row.title == "found"]
        self.plot.set_offered_ticks(self._positions(found[0] if found else ()))

    def _positions(self, levels: schedule_curves.Levels) -> schedule_curves.Floats:
        """Noise levels on the axis."""
        t = self._session.recipe.course.schedule.t_of(np.array(levels))
        return np.asarray(TimeScale.of(self._session).x(t))

    def _show_band(self) -> None:
        """Show the noise range of the network in force; nothing for a formula, which is made for every level."""
        card = self._session.plan.card
        if card is None:
            self.plot.set_band(None)
        else:
            self.plot.set_band(*schedule_curves.band(card, TimeScale.of(self._session)))

    def _show_playhead(self) -> None:
        view = self._session.view
        self.plot.set_playhead(TimeScale.of(self._session).x(view.playhead))
        self.plot.set_detached(not view.follow)

    def _mark_level(self) -> None:
        """Mark the level of the step on screen, among those the run visits."""
        live, position = self._live, None
        if live.step is not None and live.shown is not None and live.step.s > 0:
            t = float(live.times(live.shown)[live.step.index])
            position = float(TimeScale.of(self._session).x(t))
        self.plot.set_run_marker(position)
