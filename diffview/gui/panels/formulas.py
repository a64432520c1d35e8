"""The formula strip: the equations of what is on screen, with their numbers under the playhead."""

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.theme import GRID
from diffview.gui.widgets.small.parts import named
from diffview.gui.widgets.small.text import set_tip

if TYPE_CHECKING:
    from diffview.gui.widgets.small.equation_view import EquationView

TEXT_PX = 17


class FormulaStrip(QWidget):
    """A row of equations; there while the view says so, and made when it first does."""

    def __init__(self, session: Session, live: Live) -> None:
        super().__init__()
        self.setObjectName("formulaStrip")
        self._session, self._live = session, live
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(GRID, 0, GRID, 0)
        live.shot_taken.connect(self._show_numbers)
        session.shows(self._show, "view.formulas", "view.reverse", "start.path_mode", "course.sampler")
        session.shows(self._show_numbers, "view.playhead", "course.schedule", "start.chain_length")

    @cached_property
    def equations(self) -> "tuple[EquationView, ...]":
        """Of FORWARD, of the schedule, and of REVERSE."""
        from diffview.gui.widgets.small.equation_view import EquationView  # not before the first paint

        names = ("forwardEquation", "scheduleEquation", "reverseEquation")
        views = tuple(named(EquationView(TEXT_PX), name) for name in names)
        for view in views:
            self._row.addWidget(view, 1)
        return views

    def _show(self) -> None:
        """Show the equations, if they are asked for."""
        asked = self._session.view.formulas
        if asked:
            from diffview.gui.show.formulas_shown import equations_of
            from diffview.story.equation_table import EQUATIONS

            for view, key in zip(self.equations, equations_of(self._session), strict=True):
                view.set_equation(key, live=True)
                set_tip(view, EQUATIONS[key].meaning)
        if self.parent() is not None or not asked:  # without a parent it would open a window
            self.setVisible(asked)
        self._show_numbers()

    def _show_numbers(self) -> None:
        if self._session.view.formulas:
            from diffview.gui.show.formulas_shown import numbers_of

            numbers = numbers_of(self._session, self._live.shot)
            for view in self.equations:
                view.set_numbers(numbers)
