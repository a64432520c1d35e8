"""The rivals dock: what is known of each, their runs side by side, and which of them is better on held-out fields."""

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtGui import QImage, QShowEvent

from diffview.errors import UserError
from diffview.fields.colormaps import COLORMAPS
from diffview.fields.units import written
from diffview.gui.actions import Actions
from diffview.gui.jobs.rivals import ComparisonJob, RivalScoresJob
from diffview.gui.jobs.scoring import LossCheckJob
from diffview.gui.panels.base import COLOURS
from diffview.gui.session import Session
from diffview.gui.show import side_by_side
from diffview.gui.show.looks import made_scale
from diffview.gui.show.reverse_picture import NOISE_COLOURS
from diffview.gui.show.rival_words import OF_RECORDED, TOKENS, table_of
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.images.raster import Raster
from diffview.gui.widgets.images.side_pictures import SidePicture, SidePictures
from diffview.gui.widgets.plots.error_plot import ErrorLine, ErrorPlot
from diffview.gui.widgets.small.job_row import JobRow
from diffview.gui.widgets.small.parts import ScrollPanel, action_button, line, named, push_button, say, whole, words
from diffview.gui.widgets.small.rival_table import RivalTable
from diffview.gui.widgets.small.text import set_tip
from diffview.learning.orders import Order
from diffview.runs.recipe import Recipe, Rival
from diffview.runs.resolve import resolve
from diffview.runs.rivals import alone, different_lengths, put, renamed, rivals_of
from diffview.scores.compare import ComparedRun, same_noise
from diffview.scores.confidence import FEWEST_PAIRS
from diffview.scores.race import error_size
from diffview.scores.rival_facts import RivalFacts, facts_of

LEAST_WIDTH = 260
LOOK_MS = 120
"""Milliseconds after an edit at which what is known of the rivals is looked up: a drag changes it many times."""

TEACH = (
    "Up to four ways to run, one of them in force: what you drag or choose is of that one. Click a column, or press X, "
    "to flip. They share field, region and start."
)
PICTURES = (
    ("picture", "pictures", "The state or the estimate of every run at the playhead's noise level"),
    ("difference", "difference", "What every run has more than the one in force"),
)
ERRORS = (
    ("truth", "to the truth", "Rms error of x̂₀ to the field, beside that of a perfect sampler"),
    ("fine", "to a fine run", "Rms difference of the state to a fine run from the same start"),
)
DIFFERENCE = 1.25
"""Standard deviations at the ends of the colours of a difference."""


class RivalsPanel(ScrollPanel):
    """Made when its dock is first shown."""

    def __init__(
        self, session: Session, actions: Actions, compared: ComparisonJob, scores: RivalScoresJob, losses: LossCheckJob,
        trained: Callable[[], Order | None],
    ) -> None:  # fmt: skip
        """`trained` gives the order of the newest training, or None."""
        super().__init__("rivalsPanel", LEAST_WIDTH)
        self._session, self._actions, self._trained = session, actions, trained
        self._compared, self._scores, self._losses = compared, scores, losses
        self._known: dict[tuple[Recipe, Rival], RivalFacts] = {}
        self._raster = Raster()
        self._looking = QTimer(self, singleShot=True, interval=LOOK_MS)
        self._looking.timeout.connect(self._look)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.table = named(RivalTable(), "rivalTable", "What is known of the rivals")
        self.add = action_button("addRivalButton", self._actions["addRivalAction"], "Add")
        self.drop = action_button("dropRivalButton", self._actions["dropRivalAction"], "Drop")
        self.rename = push_button("renameRivalButton", "Name…", "Name the rival in force")
        self.compare = JobRow("compareButton", "Share of the runs that is done")
        self.score = JobRow("scoreRivalsButton", "Share of the scores that is done")
        says = "Held-out fields that every rival is scored on"
        self.fields = whole("rivalFields", says, says, FEWEST_PAIRS, 256, 64)
        self.fields.setValue(32)
        self.verdict, self.notes = words(name="rivalVerdict", dim=False), words(name="rivalNotes")
        self.picture = SegmentedControl(PICTURES, "rivalPicture")
        self.pictures = named(SidePictures(), "rivalPictures", "The runs side by side")
        self.error = SegmentedControl(ERRORS, "rivalError")
        self.plot, self.says = named(ErrorPlot(), "rivalErrorPlot"), words(name="rivalErrorSays")
        self.column.addWidget(words(TEACH))
        self.column.addLayout(line(self.add, self.drop, self.rename))
        self.column.addWidget(self.table)
        self.column.addWidget(self.notes)
        self.column.addLayout(line(self.score, self.fields, wide=[self.score]))
        for widget in (self.verdict, self.compare, self.picture, self.pictures, self.error, self.plot, self.says):
            self.column.addWidget(widget)
        self.column.addStretch(1)

    def _connect(self) -> None:
        session = self._session
        self.rename.clicked.connect(self._ask_name)
        self.table.chosen.connect(self._choose)
        self.compare.started.connect(self._compared.start)
        self.compare.stopped.connect(self._compared.stop)
        self.score.started.connect(self._start_scores)
        self.score.stopped.connect(self._scores.stop)
        self.picture.changed.connect(lambda _: self._show_pictures())
        self.error.changed.connect(lambda _: self._show_errors())
        self._compared.changed.connect(self._show_runs)
        self._scores.changed.connect(self._show_table)
        self._losses.changed.connect(self._look_soon)
        session.shows(self._look_soon, "recipe", "plan.model", "plan.card", "facts.field", "facts.cards")
        session.shows(self._show_pictures, "view.playhead", "view.reverse", "view.member", "course.schedule", *COLOURS)
        self._show_runs()

    # -- edits

    def _choose(self, place: int) -> None:
        self._session.end_merge()
        self._session.edit(**put(rivals_of(self._session.recipe), place))

    def _ask_name(self) -> None:
        from PySide6.QtWidgets import QInputDialog

        rivals = self._session.recipe.rivals
        name, yes = QInputDialog.getText(self, "Name the rival", "Name", text=rivals.called)
        if yes and name != rivals.called:
            self._session.edit_checked(lambda: renamed(self._session.recipe, rivals.place, name))

    def _start_scores(self) -> None:
        self._look()
        self._scores.start(self._facts(), self.fields.value(), self._trained())

    # -- what is known

    def showEvent(self, event: QShowEvent) -> None:
        """Look at what changed while nobody saw it."""
        super().showEvent(event)
        self._look_soon()

    def _look_soon(self) -> None:
        if self.isVisible() and not self._looking.isActive():
            self._looking.start()

    def _look(self) -> None:
        """Look up what is known of the rivals that changed, and show it."""
        session, loss = self._session, self._losses.found
        found = {}
        for rival in rivals_of(session.recipe):
            own = alone(session.recipe, rival)
            key = own, rival
            known = self._known.get(key)
            here = loss if rival.model == session.recipe.denoiser.model else None
            if known is None or known.loss is not here or known.plan.standardised is not session.plan.standardised:
                try:
                    known = facts_of(rival, resolve(own, session.facts), session.facts, here)
                except UserError as error:
                    self._known = {}
                    say(self.notes, f"{rival.name}: {error.sentence}")
                    return
            found[key] = known
        self._known = found
        self._show_table()
        self._show_runs()

    def _facts(self) -> Sequence[RivalFacts]:
        return tuple(self._known.values())

    def _size(self) -> tuple[float, str]:
        """The size of one standardised unit of error, and its unit."""
        plan = self._session.plan
        units = self._session.facts.field.units if plan.card is None else plan.card.units
        return error_size(plan.made_in, written(units))

    def _show_table(self) -> None:
        known, recipe, scores = self._facts(), self._session.recipe, self._scores
        if not known:
            return
        found, sides = scores.found, self._compared.sides
        ended = sides if not self._compared.active else ()
        names = [of.name for of in known]
        self.table.set_table(
            names, min(recipe.rivals.place, len(names) - 1), table_of(known, found, ended, self._size())
        )
        alone_there = len(known) < 2
        why = "Add a rival first." if alone_there else scores.why_not() or ("" if scores.active else scores.why_busy)
        share = scores.job.done if scores.active and scores.job is not None else None
        tip = (
            "Draw fields with every rival, and score them on held-out ones: which is better, how sure that is, and why"
        )
        self.score.show_progress(share, "Which is better?", why, tip)
        say(self.verdict, "" if found is None else found.sentence)
        say(self.notes, different_lengths([of.rival for of in known]))

    # -- runs

    def _show_runs(self) -> None:
        """The button, and all that the runs give."""
        job, active = self._compared, self._compared.active
        alone_there = len(rivals_of(self._session.recipe)) < 2 and job.recorded is None
        why = "Add a rival first." if alone_there else "" if active else job.why_busy
        share = job.job.done if active and job.job is not None else None
        self.compare.show_progress(share, "Run side by side", why, "Run all rivals from the same noise")
        for widget in (self.picture, self.pictures, self.error, self.plot, self.says):
            widget.setVisible(bool(self._sides()))
        if not active:
            self._show_table()
        self._show_pictures()
        self._show_errors()

    def _sides(self) -> list[tuple[ComparedRun, str]]:
        """The runs and their colours: those of the rivals that have begun, and a recorded one."""
        beside = self._compared.recorded
        own = zip(self._compared.sides, TOKENS, strict=False)
        return [*own, *([] if beside is None else [(beside, OF_RECORDED)])]

    def _show_pictures(self) -> None:
        """The runs at the playhead."""
        there = self._sides()
        sides = [side for side, _ in there]
        if not sides or not self.isVisible():
            return
        place = self._session.recipe.rivals.place
        if place >= len(self._compared.sides):
            place = len(sides)  # it has not begun: a recorded run that stands there is another
        apart = self.picture.key() == "difference"
        shown = side_by_side.views(sides, self._session, place if apart else None)
        pictures = [
            SidePicture(side.name, token, self._image(view.values, apart), view.words)
            for (side, token), view in zip(there, shown, strict=True)
        ]
        self.pictures.show_pictures(pictures)
        step = shown[min(place, len(shown) - 1)].step
        self.plot.mark(None if step is None else step.s)

    def _image(self, values: "side_by_side.Array | None", apart: bool) -> QImage | None:
        """Values in the colours of REVERSE, or those of a difference."""
        if values is None:
            return None
        scale, noise = (
            made_scale(self._session, self._session.plan),
            side_by_side.mode_beside(self._session) == "eps_hat",
        )
        limits = (-DIFFERENCE, DIFFERENCE) if apart else self._session.view.limits if noise else scale.levels
        k = max(1, max(values.shape) // 256)
        self._raster.set_limits(*limits)
        self._raster.set_table(COLORMAPS[NOISE_COLOURS if apart or noise else scale.colours])
        self._raster.set_values(np.ascontiguousarray(values[::k, ::k]), None)
        return self._raster.image().copy()

    def _show_errors(self) -> None:
        """The errors along the runs."""
        there = self._sides()
        sides, tokens = [side for side, _ in there], [token for _, token in there]
        if not sides:
            return
        to_truth = self.error.key() == "truth"
        one, units = self._size()
        lines = [
            ErrorLine(sides[curve.place].name, tokens[curve.place], curve.s, curve.error, curve.ideal)
            for curve in side_by_side.curves(sides, to_truth, one)
        ]
        empty = "No truth: the runs start from noise" if to_truth else "No fine run to compare with"
        self.plot.show_lines(
            lines, f"rms error, {units}", "The runs have just begun" if self._compared.active else empty
        )
        said = [side_by_side.said(sides, to_truth), same_noise([side.plan for side in self._compared.sides])]
        say(self.says, " ".join(part for part in (said[0], f"The runs have {said[1]}." if said[1] else "") if part))
        set_tip(self.says, self.says.text())
