"""The list of schedules beside the timeline: presets, those made from others, and mine."""

from collections.abc import Callable
from functools import partial

from PySide6.QtWidgets import QInputDialog

from diffview.errors import UserError
from diffview.forward import mine
from diffview.forward.schedules import SCHEDULES, Schedule, SpectrumMatched
from diffview.gui.actions import Actions
from diffview.gui.session import Message, Session
from diffview.gui.show import schedule_curves
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.small.parts import show_key

MINE = "mine:"
"""Before the names of my schedules, as keys of the list."""


class ScheduleList:
    """Lists schedules, takes the chosen one, and keeps the one in force among mine.

    Attributes:
        combo: the list; mine are read when it is opened.
    """

    def __init__(self, session: Session, actions: Actions) -> None:
        self._session = session
        self._mine: dict[str, Schedule] = {}
        self.combo = Combo("scheduleCombo", "Noise schedule", least_px=0)
        for key, kind in SCHEDULES.items():
            self.combo.addItem(kind.title, key)
        self.combo.opened.connect(self._list_mine)
        self.combo.activated.connect(self._choose)
        actions.connect("keepScheduleAction", self._keep)
        actions.connect("dropScheduleAction", self._drop)
        session.shows(self._show, "course.schedule")

    def _list_mine(self) -> None:
        """List what lies in the folder now; what cannot be read is named."""
        self._mine = {}
        for name in mine.names():
            self._trying(partial(self._load, name))
        for index in range(self.combo.count() - 1, len(SCHEDULES) - 1, -1):
            self.combo.removeItem(index)
        if self._mine:
            self.combo.insertSeparator(len(SCHEDULES))
        for name in self._mine:
            self.combo.addItem(name, MINE + name)
        self._show()

    def _load(self, name: str) -> None:
        self._mine[name] = mine.load(name)

    def _show(self) -> None:
        """The name under which the schedule in force is kept, or its kind."""
        schedule = self._session.recipe.course.schedule
        kept = next((name for name, other in self._mine.items() if other == schedule), None)
        show_key(self.combo, schedule.key if kept is None else MINE + kept)

    def _choose(self, index: int) -> None:
        key, session = self.combo.itemData(index), self._session
        schedule = session.recipe.course.schedule
        if key.startswith(MINE):
            session.edit(schedule=self._mine[key.removeprefix(MINE)])
        elif key != schedule.key or key == SpectrumMatched.key:  # the field may be another one now
            session.edit_checked(lambda: {"schedule": schedule_curves.chosen(key, schedule, self._matched)})
        self._show()

    def _matched(self) -> SpectrumMatched:
        """The schedule for the region's spectrum."""
        return SpectrumMatched.match(self._session.plan.x0, self._session.facts.field.pixel_km)

    def _keep(self) -> None:
        """Ask for a name, and keep the schedule in force under it."""
        schedule = self._session.recipe.course.schedule
        name, given = QInputDialog.getText(self.combo.window(), "Keep schedule", "Name among my schedules:")
        if given and self._trying(lambda: mine.save(name, schedule)):
            self._list_mine()
            self._session.tell(Message(f"Kept as {name.strip()}, in the list of schedules."))

    def _drop(self) -> None:
        """Remove the schedule in force from mine; it stays in force."""
        self._list_mine()
        key = str(self.combo.currentData())
        name = key.removeprefix(MINE)
        if not key.startswith(MINE):
            self._session.tell_error(UserError("The schedule in force is none of mine.", "Choose one in the list."))
        elif self._trying(lambda: mine.remove(name)):
            self._list_mine()
            self._session.tell(Message(f"{name} is no longer among my schedules."))

    def _trying(self, do: Callable[[], object]) -> bool:
        """Whether it worked; else why not is told."""
        try:
            do()
        except UserError as error:
            self._session.tell_error(error)
            return False
        return True
