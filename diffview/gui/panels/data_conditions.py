"""The conditions of the field: a row for each variable that a network is given, switched on and off by its sensor."""

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QCheckBox, QLineEdit, QVBoxLayout, QWidget

from diffview.errors import UserError
from diffview.gui.jobs.files import Files
from diffview.gui.session import Session
from diffview.gui.widgets.small.parts import column_of, line, named, tool_button
from diffview.gui.widgets.small.text import set_tip
from diffview.models.conditions import groups_of
from diffview.readers.many import last_name
from diffview.runs.conditions_asked import Condition, condition_written

HOW = (
    "A variable that a network is given beside the noise, as: ir folder/ir.nc tb minutes=-30. group=GROUP and "
    "transform=KEY may follow; FILE . is the open one, and one with spaces stands in quotes."
)


class DataConditions(QObject):
    """Follows the recipe's conditions, and the sensors of the network.

    Attributes:
        widget: rows, and a line to add one.
    """

    def __init__(self, session: Session, files: Files) -> None:
        super().__init__(files)
        self._session, self._files, self._shown = session, files, 0
        self.widget = named(QWidget(), "conditionRows", "Conditions of the network")
        column = column_of(self.widget)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(2)
        column.addLayout(self._rows)
        self.add = named(QLineEdit(), "conditionEdit", "A condition to add")
        self.add.setPlaceholderText("Add a condition: NAME FILE VARIABLE")
        set_tip(self.add, HOW)
        self.add.returnPressed.connect(self._add)
        column.addWidget(self.add)
        session.shows(self._show, "conditions", "plan.card")

    def _show(self) -> None:
        """A row for each condition, and for each sensor of the network that none is of."""
        while (item := self._rows.takeAt(0)) is not None:
            if (row := item.widget()) is not None:
                row.setParent(None)
                row.deleteLater()
        asked, card = self._session.recipe.conditions, self._session.plan.card
        if len(asked.given) > self._shown:  # what was refused stays in the line, to be mended
            self.add.clear()
        self._shown = len(asked.given)
        for one in asked.given:
            self._rows.addWidget(self._row(one.sensor, _words(one), one))
        for group in groups_of(card.conditions) if card is not None else ():
            if group not in {one.sensor for one in asked.given}:
                self._rows.addWidget(self._row(group, f"{group} · not there", None))

    def _row(self, group: str, words: str, one: Condition | None) -> QWidget:
        box = named(QCheckBox(words), f"conditionOn_{one.name if one else group}", f"Whether {group} is given")
        box.setChecked(group not in self._session.recipe.conditions.off)
        set_tip(box, f"Whether the network is given {group}")
        box.clicked.connect(lambda on: self._switch(group, on))
        row = QWidget()
        if one is None:
            column_of(row).addLayout(line(box, wide=(box,)))
            return row
        drop = tool_button(f"conditionDrop_{one.name}", f"Remove the condition {one.name}", icon="close")
        drop.setProperty("bare", True)
        drop.clicked.connect(lambda: self._take(tuple(c for c in self._session.recipe.conditions.given if c != one)))
        column_of(row).addLayout(line(box, drop, wide=(box,)))
        return row

    def _switch(self, group: str, on: bool) -> None:
        off = self._session.recipe.conditions.off
        self._session.edit(off=tuple(name for name in off if name != group) if on else (*off, group))

    def _add(self) -> None:
        try:
            self._take((*self._session.recipe.conditions.given, condition_written(self.add.text())))
        except UserError as error:
            self._session.tell_error(error)

    def _take(self, given: tuple[Condition, ...]) -> None:
        """Read the slice again with these conditions beside it."""
        self._files.open_recipe(self._session.recipe.but(given=given))


def _words(one: Condition) -> str:
    """Name, variable, file and time offset of a condition."""
    after = f"{one.minutes:+g} min" if one.minutes else ""
    return " · ".join(filter(None, (one.name, one.dataset, last_name(one.path), after)))
