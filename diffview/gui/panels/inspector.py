"""The inspector dock: parameters of the schedule, the sampler and the grid, and the model at a glance."""

from functools import partial
from typing import Any

import numpy as np
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QFormLayout, QPushButton, QWidget

from diffview.fields.numbers import number
from diffview.fields.units import written
from diffview.forward.schedules import SCHEDULES, edited, flat_params, form_parameters
from diffview.gui.jobs.level_search import LevelSearchJob
from diffview.gui.jobs.live import Live
from diffview.gui.panels.base import NetworkOffer
from diffview.gui.panels.observations import ObservationsPart
from diffview.gui.panels.schedule_points import SchedulePoints
from diffview.gui.session import Session
from diffview.gui.show.card_facts import limits_text, title_of
from diffview.gui.show.looks import made_scale, tidied
from diffview.gui.show.model_words import MODELS, power_law_text
from diffview.gui.widgets.forms.fit_form import OverlapRow
from diffview.gui.widgets.forms.grid_scores import GridScores
from diffview.gui.widgets.forms.guidance_form import GuidanceForm, GuidanceState
from diffview.gui.widgets.forms.param_form import ParamForm
from diffview.gui.widgets.small.findings_view import FindingsView
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, combo, named, say, show_key, words
from diffview.params import Numbers, Parameter, parameters
from diffview.reverse.grids import GRIDS
from diffview.reverse.guidance import OBSERVATIONS
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.guiding import partner_of
from diffview.scores.level_search import unsearchable

GRID_TITLES = {"uniform": "uniform in t", "karras": "Karras", "log_snr": "uniform in log-SNR", "custom": "custom ticks"}


def _fields(grid: str) -> tuple[Parameter, ...]:
    """The parameters of a grid that a form has a field for."""
    return tuple(p for p in parameters(GRIDS[grid]) if not isinstance(p.allowed, Numbers))


LINT_MS = 150
"""Milliseconds between an edit and its lint; a drag is checked no more often."""


class InspectorPanel(ScrollPanel):
    """Forms made from the declared parameters."""

    def __init__(self, session: Session, live: Live, search: LevelSearchJob, filling: QWidget) -> None:
        super().__init__()
        self._session, self._live, self._search = session, live, search
        self._keys: tuple[str, ...] = ()
        self.column.addWidget(filling)
        self._build()
        self._connect()
        self._looking = QTimer(self, singleShot=True, interval=LINT_MS)
        self._looking.timeout.connect(self._check)
        self.findings.remedied.connect(lambda changes: session.edit(**changes))
        self._show()

    def _build(self) -> None:
        self.schedule, self.sampler, self.grid_form = ParamForm(), ParamForm(), ParamForm()
        self.schedule_text, self.schedule_facts, self.model_text, self.fit_text = (words() for _ in range(4))
        self.grid = combo("gridCombo", "Grid of noise levels")
        for key in GRIDS:
            self.grid.addItem(GRID_TITLES.get(key, key), key)
        self.findings = named(FindingsView(), "lintView")
        points = SchedulePoints(self._session).table
        self._section("Schedule", self.schedule_text, self.schedule, points, self.schedule_facts, self.findings)
        self.sampler_text = words(name="samplerText")
        self._section("Sampler", self.sampler, self.sampler_text)
        row = QFormLayout()
        row.addRow("Levels", self.grid)
        self.column.addLayout(row)
        self.grid_scores = named(GridScores(), "gridScores")
        for widget in (self.grid_form, self.grid_scores):
            self.column.addWidget(widget)
        tip = "Its card, its verdicts and the curves behind them, in the Model dock"
        self.more = named(QPushButton("More on the model…"), "moreModelButton", tip=tip)
        self.guidance = GuidanceForm({key: (kind.title, parameters(kind)) for key, kind in OBSERVATIONS.items()})
        self.observations = ObservationsPart(self._session)
        self._section("Guidance", self.guidance)
        self._section("Observations", self.observations)
        self.overlap = OverlapRow()
        self._section("Model", self.model_text, self.overlap, self.fit_text)
        self.offer = NetworkOffer(self._session, self._live, "offeredNetworkButton")
        for button in (self.more, self.offer):
            self.column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.column.addStretch(1)

    def minimumSizeHint(self) -> QSize:
        """As wide as the forms need, so that nothing is cut."""
        width = self.column.minimumSize().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().minimumSizeHint().height())

    def _section(self, title: str, *widgets: QWidget) -> None:
        if self.column.count() > 1:  # what is above it
            self.column.addSpacing(8)
        for widget in (Heading(title), *widgets):
            self.column.addWidget(widget)

    def _connect(self) -> None:
        session = self._session
        self.schedule.edited.connect(self._edit_schedule)
        self.sampler.edited.connect(lambda values: session.edit(merge="sampler", sampler_params=tuple(values.items())))
        self.grid_form.edited.connect(lambda values: session.edit(merge="grid", grid_params=tuple(values.items())))
        self.grid.activated.connect(lambda i: self._choose_grid(self.grid.itemData(i)))
        for form in (self.schedule, self.sampler, self.grid_form):
            form.committed.connect(lambda _values: session.end_merge())
        self.guidance.edited.connect(lambda changes: session.edit(merge=("guidance", *changes), **changes))
        self.guidance.committed.connect(session.end_merge)
        self.guidance.hide_asked.connect(self._hide)
        self.overlap.edited.connect(lambda share: session.edit(overlap=share))
        search, scores = self._search, self.grid_scores
        scores.started.connect(search.start)
        scores.stopped.connect(search.stop)
        scores.accepted.connect(search.accept)
        scores.rivalled.connect(search.offer_rival)
        scores.dismissed.connect(search.dismiss)
        search.changed.connect(self._show_search)
        self._live.run_changed.connect(self._show_model)

    def _show(self) -> None:
        session, of_course = self._session, ("course.schedule", "course.sampler", "course.grid")
        params = "course.sampler_params", "course.grid_params"
        capabilities = "denoiser.model", "plan.capabilities"
        session.shows(self._show_forms, *of_course, *params)
        session.shows(lambda: show_key(self.grid, session.recipe.course.grid), "course.grid")
        session.shows(self._show_lacking, "course.sampler", "course.sampler_params", *capabilities)
        session.shows(self._show_facts, "course.schedule", "plan.transform", "facts.field")
        of_units = "plan.card", "plan.transform", "facts.field"
        session.shows(self._show_guidance, "guidance", "facts.cards", "plan.x0", "plan.known", "view.limits", *of_units)
        of_run = "course.sampler", "plan.params", "plan.levels", "plan.refusal"
        session.shows(self._show_model, "plan.model", "plan.card", "facts.field", *of_run, *capabilities)
        session.shows(self._show_search, "course.fork", *of_units, *of_run)
        of_start = "start.origin", "start.chain_length"
        session.shows(self._check_soon, "plan.x0", *of_start, *of_units, *of_course, *of_run)

    def _check_soon(self) -> None:
        """Check the schedule, a drag no more often than its timer allows."""
        if not self._looking.isActive():
            self._looking.start()

    def _check(self) -> None:
        from diffview.forward.lint import lint  # the first check is made once the window is painted
        from diffview.gui.show.lint_case import case_of

        self.findings.show_findings(lint(case_of(self._session)))

    def _hide(self, middle: bool) -> None:
        """Hide the middle third of the region from runs that are given its pixels, or nothing."""
        self._session.edit(hidden=(self._session.plan.region.middle,) if middle else ())

    def _choose_grid(self, key: str) -> None:
        """Another grid; custom ticks begin as the levels in force."""
        levels = tuple(self._session.plan.levels[:-1])
        self._session.edit(grid=key, grid_params=(("levels", levels),) if key == "custom" else ())

    def _edit_schedule(self, values: dict[str, Any]) -> None:
        schedule = self._session.recipe.course.schedule
        wish = partial(edited, schedule, values)
        if not self._session.edit_checked(merge="schedule", make=lambda: {"schedule": wish()}):
            self.schedule.set_values(flat_params(schedule))

    def _show_forms(self) -> None:
        """Show the forms of schedule, sampler and grid with their values."""
        course = self._session.recipe.course
        fields = tuple(form_parameters(course.schedule))
        keys = (course.schedule.key, *(p.name for p in fields), course.sampler, course.grid)
        if keys != self._keys:
            self._keys = keys
            self.schedule.set_parameters(fields)
            self.sampler.set_parameters(parameters(SAMPLERS[course.sampler].step))
            self.grid_form.set_parameters(_fields(course.grid))
            self.schedule_text.setText((SCHEDULES[course.schedule.key].__doc__ or "").split("\n")[0])
        self.schedule.set_values(flat_params(course.schedule))
        self.sampler.set_values(dict(course.sampler_params))
        self.grid_form.set_values(dict(course.grid_params))

    def _show_lacking(self) -> None:
        """Say which capability of the model the sampler lacks."""
        course = self._session.recipe.course
        why = self._session.plan.lacks(course.sampler, dict(course.sampler_params))
        self.sampler_text.setText(str(why or ""))
        self.sampler_text.setVisible(why is not None)

    def _show_facts(self) -> None:
        """Show the noise level at the end of the chain."""
        plan, schedule = self._session.plan, self._session.recipe.course.schedule
        end = min(float(schedule.noise_level(1.0)), schedule.s_max)
        units = written(self._session.facts.field.units)
        one = abs(float(plan.transform.inverse(1.0)) - float(plan.transform.inverse(0.0)))
        self.schedule_facts.setText(
            f"Noise level at T: s = {number(end)}, where one unit is {number(one)} {units}".rstrip()
            + f"; √ᾱ = {number(float(np.sqrt(schedule.alpha_bar(1.0))))}."
        )

    def _show_guidance(self) -> None:
        """Guidance and limits; the weight of a condition only where there is a pair of networks."""
        plan, facts, asked = self._session.plan, self._session.facts, self._session.recipe.guidance
        weighs = asked.weight != 1 or (plan.card is not None and partner_of(plan.card, facts.cards) is not None)
        alike = (
            plan.card is None or plan.card.transform == plan.transform
        )  # else the field has another quantity than what is made
        there = plan.x0[~np.isnan(plan.x0)] if alike else np.asarray(self._session.view.limits)
        ends = [float(plan.made_in.inverse(f(there))) if there.size else 0.0 for f in (np.min, np.max)]
        least, most = (tidied(end, max(map(abs, ends))) for end in ends)
        floor = made_scale(self._session, plan).floor
        least = least if floor is None else max(least, floor)
        known = ""
        if plan.known is not None:
            known = f"The run is given {np.count_nonzero(plan.known)} of the {plan.known.size} pixels of the region."
        self.guidance.show_guidance(
            GuidanceState(
                asked.weight if weighs else None, asked.clip_low, asked.clip_high, least, most,
                written(facts.field.units if plan.card is None else plan.card.units),
                asked.observe, dict(asked.observe_params), known, bool(asked.hidden),
            )
        )  # fmt: skip

    def _show_search(self) -> None:
        """Show the progress of the search for levels, and the grids with their errors."""
        search, plan, field = self._search, self._session.plan, self._session.facts.field
        job, why = search.job, unsearchable(plan)
        share = job.done if job is not None and search.active else None
        self.grid_scores.show_progress(share, str(why or ""), len(plan.levels) - 1)
        made_in, units = plan.made_in, written(field.units if plan.card is None else plan.card.units)
        one, units = (made_in.std, units) if made_in.linear else (1.0, "standard deviations")
        rows = [(GRID_TITLES.get(row.title, row.title), f"{number(one * row.error)} {units}") for row in search.rows]
        self.grid_scores.show_rows(rows, bool(rows) and search.rows[0].title == "found")

    def _show_model(self) -> None:
        recipe, plan, card = self._session.recipe, self._session.plan, self._session.plan.card
        text = MODELS.get(recipe.denoiser.model)
        sentence = "" if text is None else text.sentence
        if card is not None:
            verified = "verified: " if card.limits_met else ""
            sentence = f"{card.name}: {title_of(card)}; {verified}{limits_text(card)}."
        say(self.model_text, sentence)
        self.more.setVisible(card is not None)
        self.overlap.show_overlap(recipe.denoiser.overlap if card is not None else None)
        if plan.refusal is not None or plan.model is None:
            told = plan.lacks(recipe.course.sampler, dict(recipe.course.sampler_params))
            self.fit_text.setText("" if told is not None else str(plan.refusal or ""))
            self.fit_text.setVisible(told is None)
            return
        self.fit_text.setVisible(True)
        laid = f"{len(plan.windows)} windows cover the region. " if plan.windows else ""
        made_from = laid if card is not None else plan.model.sentence + " "
        law = power_law_text(self._live.fitted, plan.model, self._session.facts.field.pixel_km)
        self.fit_text.setText(f"{made_from}{law}{plan.steps} steps take {plan.evaluations} calls of the model.")
