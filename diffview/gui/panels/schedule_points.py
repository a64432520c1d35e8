"""The points of the schedule in force as a table, where it has points of its own."""

import numpy as np

from diffview.errors import UserError
from diffview.forward.edits import QUANTITIES, points_of, removed, typed
from diffview.forward.schedules import BetaCurve, Custom, Schedule
from diffview.gui.panels.base import FOLLOW_MS, Paced
from diffview.gui.session import Session
from diffview.gui.widgets.forms.point_table import PointTable
from diffview.gui.widgets.small.parts import named


class SchedulePoints:
    """Shows the points that the plot shows, and turns what is typed into edits."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.table = named(PointTable(), "pointTable")
        self.table.typed.connect(self._type)
        self.table.dropped.connect(self._drop)
        session.shows(self._show, "view.quantity")
        session.shows(Paced(self._show, FOLLOW_MS, self.table).call, "course.schedule", at_once=False)

    def _show(self) -> None:
        schedule, quantity = self._session.recipe.course.schedule, self._session.view.quantity
        own = isinstance(schedule, (Custom, BetaCurve))
        if self.table.parent() is not None or not own:  # without a parent it would open a window
            self.table.setVisible(own)
        if own:
            t, value = points_of(schedule, quantity)
            rows = np.stack([t, value, schedule.noise_level(t)], axis=1)
            self.table.show_points(QUANTITIES[quantity].label, [tuple(row) for row in rows.tolist()])

    def _type(self, row: int, column: int, text: str) -> None:
        session = self._session
        schedule, quantity = session.recipe.course.schedule, session.view.quantity
        session.edit_checked(lambda: {"schedule": self._typed(schedule, quantity, row, column, text)})
        self._show()

    @staticmethod
    def _typed(schedule: Schedule, quantity: str, row: int, column: int, text: str) -> Schedule:
        """The schedule with a number of one point typed anew; the other number stays, however few digits show."""
        try:
            number = float(text.replace(",", ".").replace("−", "-"))
        except ValueError:
            raise UserError(f"{text[:40]!r} is not a number.", "Type one, as 0.25.") from None
        return typed(schedule, quantity, row, *((number, None) if column == 0 else (None, number)))

    def _drop(self, row: int) -> None:
        session = self._session
        schedule, quantity = session.recipe.course.schedule, session.view.quantity
        session.edit_checked(lambda: {"schedule": removed(schedule, quantity, row)})
