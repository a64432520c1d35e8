"""The model dock: the card of the network in force at a glance, and its verification, drawn."""

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from diffview.gui.jobs.live import Live
from diffview.gui.jobs.scoring import LossCheckJob, VerifierJob
from diffview.gui.jobs.trainer import TrainerJob
from diffview.gui.panels.base import NetworkOffer
from diffview.gui.session import Session
from diffview.gui.show.card_facts import (
    FOREIGN,
    VerdictRow,
    command_of,
    glance,
    limits_text,
    rows_of,
    source_of,
    speed_of,
    title_of,
    why_unverifiable,
)
from diffview.gui.show.loss_words import UNMEASURED, WEIGHTING, about_found, bound_rows, lines_of_found
from diffview.gui.show.model_words import MODELS
from diffview.gui.widgets.plots.score_views import ScoreViews
from diffview.gui.widgets.small.card import ElidedLabel
from diffview.gui.widgets.small.loss_view import LossView
from diffview.gui.widgets.small.parts import Heading, ScrollPanel, empty, grid_of, line, named, progress_bar, say, words
from diffview.gui.widgets.small.text import set_tip
from diffview.models.cards import Card

FORMULA = (
    "It is a formula, fitted to the open field in about a second. Nothing was trained and nothing is held out: there "
    "is nothing to verify. Choose a network in the list above the pictures, or train one on your own field."
)
OWN = "It is a function of your own program: it has no card, and diffview does not know what it was trained on."
UNVERIFIED = (
    "Not verified yet. Its samples, compared with the fields it was trained on and those it never saw, show whether "
    "it has learned them."
)
AS_SCORED = (
    "Set schedule, grid, steps and sampler to those of the fields that these scores are of. Networks err, and samplers "
    "treat their errors differently."
)

LEAST_WIDTH = 240
"""Narrower, the table would be cut off."""


class ModelPanel(ScrollPanel):
    """Made when its dock is first shown, as the training dock is."""

    def __init__(
        self, session: Session, live: Live, job: VerifierJob, losses: LossCheckJob, trainer: TrainerJob
    ) -> None:
        super().__init__("modelPanel", LEAST_WIDTH)
        self._live = live
        self._session, self._job, self._losses, self._trainer = session, job, losses, trainer
        self._build()
        live.run_changed.connect(self._show_speed)
        job.changed.connect(self._show_job)
        trainer.changed.connect(self._show_job)
        losses.changed.connect(self._show_loss)
        session.shows(self.show_model, "plan.card", "denoiser.model", "facts.field")
        session.shows(self._show_speed, "plan.model")
        session.shows(self._show_job, "plan.card", "facts.field", "facts.torch")
        session.shows(self._show_loss, "plan.card", "facts.field", "facts.torch")

    # -- building

    def _build(self) -> None:
        column = self.column
        self._name, self._verdict = Heading(name="modelName"), Heading(name="modelVerdict")
        for heading in (self._name, self._verdict):
            heading.setWordWrap(True)
        self._makes, self._speed, self._teach = words(), words(name="modelSpeed"), words(name="modelTeach")
        self._source, self._command = words(name="modelSource"), words(name="modelCommand")
        for label in (self._command, self._source):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._card, self._table = QWidget(), named(QWidget(), "modelVerdicts")
        self._grids = {widget: grid_of(widget, 8, 5) for widget in (self._card, self._table)}
        self._verify = named(QPushButton("Verify"), "verifyButton", "Verify the model")
        self._verify.clicked.connect(self._press)
        self._bar = progress_bar("Share of the verification that is done")
        says = "Run as the fields that were scored"
        self._as_scored = named(QPushButton("Run as scored"), "asScoredButton", says, AS_SCORED)
        self._as_scored.clicked.connect(self._run_as_scored)
        for widget in (self._name, self._makes, self._card, self._speed, self._verdict, self._teach, self._table):
            column.addWidget(widget)
        column.addWidget(NetworkOffer(self._session, self._live, "modelOfferButton"), 0, Qt.AlignmentFlag.AlignLeft)
        self._views = ScoreViews()
        for widget in (self._views, self._source, self._command):
            column.addWidget(widget)
        column.addLayout(line(self._verify, self._as_scored, self._bar, wide=[self._bar]))
        self._loss = LossView()
        self._loss.started.connect(self._losses.start)
        self._loss.stopped.connect(self._losses.stop)
        column.addWidget(self._loss)
        column.addStretch(1)

    # -- showing

    def card(self) -> Card | None:
        """The card of the network in force; None of other models."""
        return self._session.plan.card

    def show_model(self) -> None:
        """Show the model in force."""
        card = self.card()
        self._show_card(card)
        self._show_scores(card)

    def _show_card(self, card: Card | None) -> None:
        model = self._session.recipe.denoiser.model
        formula = MODELS.get(model)
        self._name.setText(card.name if card is not None else formula.title if formula else model)
        makes = title_of(card) if card is not None else formula.sentence if formula else ""
        say(self._makes, makes)
        rows = [] if card is None else glance(card)
        cells = [[self._text_of(what), self._text_of(text, dim=False)] for what, text in rows]
        fill(self._grids[self._card], cells, stretch=1)
        self._card.setVisible(bool(rows))

    def _show_speed(self) -> None:
        """Show the time of a call of the model, from its last run."""
        run = self._live.run
        text = "" if run is None or run.plan.model is not self._session.plan.model else speed_of(run)
        say(self._speed, text)

    def _show_scores(self, card: Card | None) -> None:
        foreign = card is not None and "diffusers" in card.network
        scores: Mapping[str, Any] = {} if card is None else card.scores
        teach = FOREIGN if foreign else "" if scores else UNVERIFIED if card is not None else (
            FORMULA if self._session.recipe.denoiser.model in MODELS else OWN
        )  # fmt: skip
        say(self._teach, teach)
        self._verdict.setVisible(bool(scores))
        self._verdict.setText("" if card is None else limits_text(card).capitalize())
        cells: list[list[QWidget]] = []
        group = ""
        for row in rows_of(scores):
            if row.group != group:
                group = row.group
                cells.append([self._text_of(group)])
            cells.append(self._verdict_cells(row))
        fill(self._grids[self._table], cells)
        self._table.setVisible(bool(cells))
        self._views.show_scores(scores)
        self._views.setVisible(bool(scores))
        settings = scores.get("settings", {})
        self._source.setText(source_of(scores))
        self._source.setVisible(bool(scores))
        field = self._session.facts.field.provenance
        command = settings.get("command", "")
        if card is not None and not scores and not foreign:
            command = command_of(card, field.get("path", ""), self._session.recipe.source.dataset or "")
        say(self._command, command)

    def _verdict_cells(self, row: VerdictRow) -> list[QWidget]:
        """Name, value, limit, and whether it is met; the tooltip has the reason."""
        right = Qt.AlignmentFlag.AlignRight
        mark, token = {True: ("✓", "good"), False: ("✗", "bad"), None: ("", "dim")}[row.ok]
        cells: list[QWidget] = [
            self._text_of(row.what, dim=False),
            ElidedLabel(row.value, "text", align=right),
            ElidedLabel(row.limit, "dim", align=right),
            ElidedLabel(mark, token, align=right),
        ]
        for widget in cells:
            set_tip(widget, row.why)
        for widget in cells[1:]:
            widget.setMinimumWidth(widget.sizeHint().width())
        cells[-1].setAccessibleName({True: "met", False: "missed", None: ""}[row.ok])
        return cells

    def _text_of(self, text: str, dim: bool = True) -> QLabel:
        label = words(text, dim=dim)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        return label

    # -- verifying

    def _why_not(self, card: Card | None) -> str:
        """Why it cannot be verified now; "" if it can."""
        return why_unverifiable(card, self._session.facts, self._job.why_busy)

    def _press(self) -> None:
        card = self.card()
        if self._job.active:
            self._job.stop()
        elif card is not None and not self._why_not(card):
            self._job.start(card, None if (made := self._trainer.training) is None else made.order)

    def _show_job(self) -> None:
        card, job, active = self.card(), self._job.job, self._job.active
        why = "" if active else self._why_not(card)
        self._verify.setText("Stop" if active else "Verify again" if card is not None and card.scores else "Verify")
        stopping = active and job is not None and job.stopping
        self._verify.setEnabled(not why and not stopping)
        tip = "It stops after this batch." if stopping else "Stop; nothing is kept of it" if active else (
            "Draw 256 samples and compare them with the fields it was trained on: some minutes"
        )  # fmt: skip
        set_tip(self._verify, why or tip)
        self._verify.setVisible(card is not None or active)
        self._as_scored.setVisible(card is not None and "settings" in card.scores and not active)
        self._bar.setVisible(active)
        if job is not None:
            self._bar.setRange(0, 100 if job.done else 0)  # 0 of 0: it is being prepared
            self._bar.setValue(round(100 * job.done))

    def _run_as_scored(self) -> None:
        from diffview.runs.sampling import scored_course

        if (card := self.card()) is not None:
            self._session.edit(**scored_course(card))

    # -- the loss on the open region

    def _show_loss(self) -> None:
        job, card, field = self._losses.job, self.card(), self._session.facts.field
        active = self._losses.active and job is not None
        why = "" if active or card is None or self._session.facts.torch is not None else "Networks need torch."
        self._loss.show_progress(job.done if active and job is not None else None, why)
        found = self._losses.found
        if found is None or job is None:
            self._loss.show_found((), UNMEASURED, (), "")
            return
        scores = {} if card is None else card.scores
        words = about_found(found, job.plan), bound_rows(found, field.units if card is None else card.units), WEIGHTING
        self._loss.show_found(lines_of_found(found, scores), *words)


def fill(grid: QGridLayout, cells: Sequence[Sequence[QWidget]], stretch: int = 0) -> None:
    """Fill a grid anew with rows of widgets, a single one across all columns; `stretch` is the wide column."""
    empty(grid)
    grid.setColumnStretch(stretch, 1)
    for row, widgets in enumerate(cells):
        for column, widget in enumerate(widgets):
            grid.addWidget(widget, row, column, 1, 1 if len(widgets) > 1 else -1)
