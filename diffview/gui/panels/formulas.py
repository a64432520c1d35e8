"""The formula strip: the equations of what is on screen, with their numbers under the playhead."""

from PySide6.QtWidgets import QHBoxLayout, QWidget

from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show.formulas_shown import equations_of, numbers_of
from diffview.gui.theme import GRID
from diffview.gui.widgets.small.equation_view import EquationView
from diffview.gui.widgets.small.parts import named
from diffview.gui.widgets.small.text import set_tip
from diffview.story.equation_table import EQUATIONS

TEXT_PX = 17


class FormulaStrip(QWidget):
    """A row of equations; there while the view says so.

    Attributes:
        equations: of FORWARD, of the schedule, and of REVERSE.
    """

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__()
        self._session, self._live = session, live
        names = ("forwardEquation", "scheduleEquation", "reverseEquation")
        self.equations = tuple(named(EquationView(TEXT_PX), name) for name in names)
        row = QHBoxLayout(self)
        row.setContentsMargins(GRID, 0, GRID, 0)
        for view in self.equations:
            row.addWidget(view, 1)
        live.shot_taken.connect(self._show_numbers)
        session.shows(self._show, "view.formulas", "view.reverse", "start.path_mode", "course.sampler")
        session.shows(self._show_numbers, "view.playhead", "course.schedule", "start.chain_length")

    def _show(self) -> None:
        """Show the equations, if they are asked for: until then their outlines are not read."""
        asked = self._session.view.formulas
        for view, key in zip(self.equations, equations_of(self._session) if asked else (), strict=asked):
            view.set_equation(key, live=True)
            set_tip(view, EQUATIONS[key].meaning)
        if self.parent() is not None or not asked:  # without a parent it would open a window
            self.setVisible(asked)
        self._show_numbers()

    def _show_numbers(self) -> None:
        if self._session.view.formulas:
            numbers = numbers_of(self._session, self._live.shot)
            for view in self.equations:
                view.set_numbers(numbers)
