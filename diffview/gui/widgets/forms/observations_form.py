"""Instruments that see the region: one row each with its error and settings, the solver, its strength and its band."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFormLayout, QMenu, QWidget

from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.forms.guidance_form import LimitRow
from diffview.gui.widgets.forms.param_form import ParamForm
from diffview.gui.widgets.forms.spin import NumberSpin
from diffview.gui.widgets.images.footprint_view import FootprintView
from diffview.gui.widgets.small.parts import (
    add_choices,
    column_of,
    combo,
    line,
    named,
    say,
    show_key,
    show_value,
    tool_button,
    words,
)
from diffview.gui.widgets.small.text import set_tip
from diffview.params import Parameter


@dataclass(frozen=True)
class InstrumentState:
    """One row: title, error in the field's unit, declared settings of the operator and their values, its footprint.

    The footprint is the weights [ny, nx] as levels of colour, their width in words and a tooltip; None: not known.
    """

    title: str
    error: float
    parameters: tuple[Parameter, ...]
    params: dict[str, Any]
    footprint: tuple[NDArray[np.uint8], str, str] | None = field(default=None, compare=False)


@dataclass(frozen=True)
class ObservationsState:
    """What the form shows.

    Attributes:
        instruments: the rows.
        units: of their errors.
        solver, parameters, params: its key, declared settings and their values.
        strength: of what it adds.
        led_from, led_to: noise levels of the band, or None.
        top: the highest level of the run, where a band begins that is switched on.
        told: what is observed, or why not; "" for nothing.
    """

    instruments: tuple[InstrumentState, ...]
    units: str
    solver: str
    parameters: tuple[Parameter, ...]
    params: dict[str, Any]
    strength: float
    led_from: float | None
    led_to: float | None
    top: float
    told: str


class InstrumentRow(QWidget):
    """One instrument: title, error, removal, and the settings and the footprint of its operator below."""

    def __init__(self, place: int) -> None:
        super().__init__()
        self.title = words(dim=False)
        self.error = named(NumberSpin(1e-30, 1e30, log=True), f"instrumentError{place}", "Error of the instrument")
        self.error.setKeyboardTracking(False)
        self.away = tool_button(f"instrumentAway{place}", "Take this instrument away", text="×")
        self.params, self.footprint = ParamForm(), named(FootprintView(), f"instrumentFootprint{place}")
        column = column_of(self)
        column.addLayout(line(self.title, self.away, wide=(self.title,)))
        column.addWidget(self.error)
        column.addWidget(self.params)
        column.addWidget(self.footprint)

    def show_instrument(self, now: InstrumentState, units: str) -> None:
        """Show it; emits nothing."""
        self.title.setText(f"{now.title[0].upper()}{now.title[1:]}, ±" + (f" ({units})" if units else ""))
        show_value(self.error, now.error)
        set_tip(self.error, f"Standard deviation of its error, in {units or 'the unit of the field'}")
        if self.params.parameters() != now.parameters:
            self.params.set_parameters(now.parameters)
        self.params.set_values(now.params)
        self.params.setVisible(bool(now.parameters))
        self.footprint.show_footprint(now.footprint)


class ObservationsForm(QWidget):
    """The form of instruments and solver.

    Signals:
        added: key of an operator that is to see the region.
        removed: place of the instrument that is taken away.
        changed: place of an instrument, and its error or settings by name.
        edited: values of the recipe that change, by name.
        committed: an edit is complete.
    """

    added = Signal(str)
    removed = Signal(int)
    changed = Signal(int, dict)
    edited = Signal(dict)
    committed = Signal()

    def __init__(self, operators: dict[str, tuple[str, str]], solvers: dict[str, tuple[str, str]], most: int) -> None:
        """`operators`: title and tip by key; `solvers`: title and source; `most` rows."""
        super().__init__()
        self.add_button = tool_button("observeMoreButton", "Add an instrument that sees the region", text="Add…")
        self.add_button.setPopupMode(self.add_button.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self.add_button)
        for key, (title, tip) in operators.items():
            action = QAction(title, menu)
            set_tip(action, tip)
            action.triggered.connect(partial(self.added.emit, key))
            menu.addAction(action)
        menu.setToolTipsVisible(True)
        self.add_button.setMenu(menu)
        self.rows: list[InstrumentRow] = []
        self._most = most
        self.told = words(name="observedText")
        self.solver = combo("solverCombo", "Solver: what is made of the observations at every step")
        add_choices(self.solver, ((key, title, source) for key, (title, source) in solvers.items()))
        self.params = ParamForm()
        tip = "Factor of what the solver adds to x̂₀; 1 is its own"
        self.strength = named(NumberSpin(0.0, 100.0), "strengthSpin", "Strength of the guidance", tip)
        self.strength.setKeyboardTracking(False)
        tip = "The run is led only at noise levels inside this band"
        self.led_from = LimitRow("ledFrom", "Led from s", "the noise level below which the run is led", tip)
        self.led_to = LimitRow("ledTo", "Led to s", "the noise level down to which the run is led", tip)
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._column = column = column_of(self)
        column.addLayout(line(self.add_button))
        column.addWidget(self.told)
        self._below = QWidget()
        form = QFormLayout(self._below)
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(theme.px(2 * GRID))
        form.addRow("Solver", self.solver)
        form.addRow(self.params)
        form.addRow("Strength", self.strength)
        for limit in (self.led_from, self.led_to):
            form.addRow(limit.switch, limit.spin)
        column.addWidget(self._below)

    def _connect(self) -> None:
        self.solver.activated.connect(
            lambda i: self.edited.emit({"solver": self.solver.itemData(i), "solver_params": ()})
        )
        self.params.edited.connect(lambda values: self.edited.emit({"solver_params": tuple(values.items())}))
        self.params.committed.connect(lambda _values: self.committed.emit())
        self.strength.valueChanged.connect(lambda value: self.edited.emit({"strength": value}))
        self.strength.editingFinished.connect(self.committed)
        for limit, key in ((self.led_from, "led_from"), (self.led_to, "led_to")):
            for signal in (limit.switch.toggled, limit.spin.valueChanged):
                signal.connect(lambda _value, limit=limit, key=key: self.edited.emit({key: limit.value}))
            limit.spin.editingFinished.connect(self.committed)

    def _add_row(self) -> None:
        """One more row: most runs observe nothing, and need none."""
        place = len(self.rows)
        row = InstrumentRow(place)
        row.error.valueChanged.connect(lambda value: self.changed.emit(place, {"error": value}))
        row.error.editingFinished.connect(self.committed)
        row.away.clicked.connect(partial(self.removed.emit, place))
        row.params.edited.connect(partial(self.changed.emit, place))
        row.params.committed.connect(lambda _values: self.committed.emit())
        self._column.insertWidget(place, row)
        self.rows.append(row)

    def show_observations(self, now: ObservationsState) -> None:
        """Show a state; emits nothing."""
        while len(self.rows) < min(len(now.instruments), self._most):
            self._add_row()
        for place, row in enumerate(self.rows):
            row.setVisible(place < len(now.instruments))
            if place < len(now.instruments):
                row.show_instrument(now.instruments[place], now.units)
        self.add_button.setEnabled(len(now.instruments) < self._most)
        say(self.told, now.told)
        self._below.setVisible(bool(now.instruments))
        show_key(self.solver, now.solver)
        if self.params.parameters() != now.parameters:
            self.params.set_parameters(now.parameters)
        self.params.set_values(now.params)
        self.params.setVisible(bool(now.parameters))
        show_value(self.strength, now.strength)
        self.led_from.show(now.led_from, now.top, "")
        self.led_to.show(now.led_to, now.top / 100, "")
