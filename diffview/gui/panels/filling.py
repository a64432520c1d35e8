"""The filling of gaps and its scores, while a run fills any: the top of the inspector."""

from PySide6.QtWidgets import QWidget

from diffview.gui.jobs.gap_scores import GapScores
from diffview.gui.session import Session
from diffview.gui.show.gap_words import filling_note
from diffview.gui.widgets.small.fill_view import FillView
from diffview.gui.widgets.small.parts import Heading, column_of, say
from diffview.scores.gap import FILLINGS, NO_GAP, filling, lacks, way_of


class FillingPanel(QWidget):
    """Title, method, a sentence about it, and the scores; hidden while nothing is to be filled."""

    def __init__(self, session: Session, scores: GapScores) -> None:
        super().__init__()
        self.setObjectName("fillingPanel")
        self._session, self._scores = session, scores
        self.view = FillView([(key, way.title, way.sentence) for key, way in FILLINGS.items()])
        column = column_of(self, margins=(0, 0, 0, 8))
        for widget in (Heading("Filling"), self.view):
            column.addWidget(widget)
        self.view.chosen.connect(lambda way: session.edit(**filling(session.recipe, way)))
        scores.scored.connect(self.show_filling)
        scores.changed.connect(self.show_filling)
        session.shows(
            self.show_filling, "guidance", "course.sampler", "denoiser.model",
            "plan.capabilities", "plan.filled", "plan.refusal",
        )  # fmt: skip

    def show_filling(self) -> None:
        """Show the method in force and the scores."""
        plan, scores = self._session.plan, self._scores
        way = way_of(plan.recipe)
        self.setVisible(bool(way))
        if not way:
            return
        self.view.way.set_key(way)
        for key in FILLINGS:
            why = lacks(plan, key)
            self.view.way.set_enabled(key, why is None or key == way, "" if why is None else str(why))
        gap = scores.gap
        if gap is None:
            self.view.text.setText(str(plan.refusal or f"Nothing is missing or hidden in the region. {NO_GAP}"))
        else:
            self.view.text.setText(f"{int(gap.sum())} pixels of the region are filled. {FILLINGS[way].sentence}")
        self.view.show_scores(scores.rows())
        share = scores.job.done if scores.active and scores.job is not None else None
        law = None if scores.kriged is None else scores.kriged.law
        say(self.view.note, filling_note(plan, scores.fault, law, share))
