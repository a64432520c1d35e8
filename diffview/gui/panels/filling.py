"""The filling of gaps and its scores, while a run fills any: the top of the inspector."""

from PySide6.QtWidgets import QWidget

from diffview.gui.jobs.judge import Judge
from diffview.gui.session import Session
from diffview.gui.widgets.small.fill_view import FillView
from diffview.gui.widgets.small.parts import Heading, column_of, say
from diffview.scores.gap import FILLINGS, NO_GAP, filling, lacks, way_of


class FillingPanel(QWidget):
    """Title, method, a sentence about it, and the scores; hidden while nothing is to be filled."""

    def __init__(self, session: Session, judge: Judge) -> None:
        super().__init__()
        self.setObjectName("fillingPanel")
        self._session, self._judge = session, judge
        self.view = FillView([(key, way.title, way.sentence) for key, way in FILLINGS.items()])
        column = column_of(self, margins=(0, 0, 0, 8))
        for widget in (Heading("Filling"), self.view):
            column.addWidget(widget)
        self.view.chosen.connect(lambda way: session.edit(**filling(session.recipe, way)))
        judge.judged.connect(self.show_filling)
        judge.changed.connect(self.show_filling)
        session.shows(
            self.show_filling, "guidance", "course.sampler", "denoiser.model",
            "plan.capabilities", "plan.filled", "plan.refusal",
        )  # fmt: skip

    def show_filling(self) -> None:
        """Show the method in force and the scores."""
        plan, judge = self._session.plan, self._judge
        way = way_of(plan.recipe)
        self.setVisible(bool(way))
        if not way:
            return
        self.view.way.set_key(way)
        for key in FILLINGS:
            why = lacks(plan, key)
            self.view.way.set_enabled(key, why is None or key == way, "" if why is None else str(why))
        gap = judge.gap
        if gap is None:
            self.view.text.setText(str(plan.refusal or f"Nothing is missing or hidden in the region. {NO_GAP}"))
        else:
            self.view.text.setText(f"{int(gap.sum())} pixels of the region are filled. {FILLINGS[way].sentence}")
        self.view.show_scores(judge.rows())
        say(self.view.note, self._note())

    def _note(self) -> str:
        """A sentence on the scores, or their absence, and on kriging."""
        judge = self._judge
        if judge.gap is None:
            return ""
        if judge.fault:
            return f"No kriging beside it: {judge.fault}"
        parts = []
        if not judge.has_truth:
            parts.append("These pixels are missing in the field: there is no truth to score the filling against.")
        elif judge.unjudged:
            parts.append("Scored where a value was hidden; the other pixels are missing in the field.")
        if judge.kriged is None:
            share = f" {100 * judge.job.done:.0f} %" if judge.active and judge.job is not None else ""
            parts.append(f"Kriging is computed{share}…")
        else:
            parts.append("Kriging, or optimal interpolation: exact under a Gaussian prior that has no edges.")
            parts.append(judge.kriged.law)
            if self._session.recipe.guidance.hidden:
                parts.append("No crop shows a hidden pixel.")
        return " ".join(parts)
