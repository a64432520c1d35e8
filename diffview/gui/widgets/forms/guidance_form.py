"""Guidance and limits of a run: the weight of the condition, limits of x0_hat, and what the run is guided by."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QPushButton, QWidget

from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.forms.param_form import ParamForm
from diffview.gui.widgets.forms.spin import NumberSpin
from diffview.gui.widgets.small.parts import column_of, combo, named, show_value, words
from diffview.gui.widgets.small.text import set_tip
from diffview.params import Parameter

HUGE = 1e9


@dataclass(frozen=True)
class GuidanceState:
    """What the form shows.

    Attributes:
        weight: w of the condition; None where there is no pair of networks to weigh.
        low, high: limits of x0_hat in physical units, or None.
        least, most: smallest and largest value of the region: where a limit begins when it is switched on.
        units: of both.
        observe: key of the observation that guides the run, or "".
        params: parameters of that observation.
        known: how many pixels of the region the run is given, as a sentence; "" if it is given none.
        hides: whether some of them are hidden by hand.
    """

    weight: float | None
    low: float | None
    high: float | None
    least: float
    most: float
    units: str
    observe: str
    params: dict[str, Any]
    known: str
    hides: bool


class LimitRow:
    """A limit that can be switched on: a check box and a number."""

    def __init__(self, name: str, title: str, accessible: str, tip: str) -> None:
        self._title = title
        self.switch = named(QCheckBox(), f"{name}Check", f"Hold {accessible}", tip)
        self.spin = named(NumberSpin(-HUGE, HUGE), f"{name}Spin", accessible, tip)
        self.switch.setMinimumHeight(self.spin.sizeHint().height())
        self.spin.setKeyboardTracking(False)

    def show(self, value: float | None, otherwise: float, units: str) -> None:
        """The limit, or where it would begin."""
        blocker = QSignalBlocker(self.switch)
        self.switch.setChecked(value is not None)
        blocker.unblock()
        self.spin.setEnabled(value is not None)
        self.switch.setText(f"{self._title} ({units})" if units else self._title)
        show_value(self.spin, otherwise if value is None else value)

    @property
    def value(self) -> float | None:
        """The limit, None while it is off."""
        return self.spin.value() if self.switch.isChecked() else None


class GuidanceForm(QWidget):
    """The form of guidance and limits.

    Signals:
        edited: fields of the recipe that change, by name.
        committed: an edit is complete.
        hide_asked: whether to hide the middle of the region (True) or nothing.
    """

    edited = Signal(dict)
    committed = Signal()
    hide_asked = Signal(bool)

    def __init__(self, observations: dict[str, tuple[str, tuple[Parameter, ...]]]) -> None:
        """`observations`: title and parameters by key."""
        super().__init__()
        self._observations = observations
        self._hides = False
        tip = "ε = ε_u + w (ε_c − ε_u): 1 is the plain conditional model, 0 the unconditional one"
        self.weight = named(NumberSpin(-20.0, 20.0), "guidanceSpin", "Weight of the condition", tip)
        self.weight.setKeyboardTracking(False)
        tip = "x̂₀ of every step is clipped there, and ε̂ follows from it; off by default"
        self.low = LimitRow("clipLow", "x̂₀ ≥", "x̂₀ at least", tip)
        self.high = LimitRow("clipHigh", "x̂₀ ≤", "x̂₀ at most", tip)
        tip = "Every step is led towards what is observed of the region, back through the model"
        self.observe = combo("observeCombo", "Observation that guides the run", tip)
        self.observe.addItem("nothing", "")
        for key, (title, _) in observations.items():
            self.observe.addItem(title, key)
        self.params = ParamForm()
        self.known = words(name="knownText")
        self.hide_button = named(QPushButton(), "hideMiddleButton")
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._form = QFormLayout()
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._form.setHorizontalSpacing(theme.px(2 * GRID))
        self._form.addRow("Weight w", self.weight)
        for limit in (self.low, self.high):
            self._form.addRow(limit.switch, limit.spin)
        self._form.addRow("Guided by", self.observe)
        column = column_of(self)
        column.addLayout(self._form)
        for widget in (self.params, self.known, self.hide_button):
            column.addWidget(widget)

    def _connect(self) -> None:
        self.weight.valueChanged.connect(lambda w: self.edited.emit({"weight": w}))
        self.weight.editingFinished.connect(self.committed)
        for limit, key in ((self.low, "clip_low"), (self.high, "clip_high")):
            for signal in (limit.switch.toggled, limit.spin.valueChanged):
                signal.connect(lambda _value, limit=limit, key=key: self.edited.emit({key: limit.value}))
            limit.switch.toggled.connect(lambda _on: self.committed.emit())
            limit.spin.editingFinished.connect(self.committed)
        self.observe.activated.connect(self._choose)
        self.params.edited.connect(lambda values: self.edited.emit({"observe_params": tuple(values.items())}))
        self.params.committed.connect(lambda _values: self.committed.emit())
        self.hide_button.clicked.connect(lambda: self.hide_asked.emit(not self._hides))

    def _choose(self, index: int) -> None:
        self.edited.emit({"observe": self.observe.itemData(index), "observe_params": ()})
        self.committed.emit()

    def show_guidance(self, now: GuidanceState) -> None:
        """Show a state; emits nothing."""
        self._form.setRowVisible(self.weight, now.weight is not None)
        if now.weight is not None:
            show_value(self.weight, now.weight)
        self.low.show(now.low, now.least, now.units)
        self.high.show(now.high, now.most, now.units)
        self.observe.setCurrentIndex(max(0, self.observe.findData(now.observe)))
        parameters = self._observations[now.observe][1] if now.observe in self._observations else ()
        if self.params.parameters() != parameters:
            self.params.set_parameters(parameters)
        self.params.set_values(now.params)
        self._hides = now.hides
        self.known.setText(now.known)
        self.hide_button.setText("Hide nothing" if now.hides else "Hide the middle")
        set_tip(
            self.hide_button,
            "Give the run all pixels that the field has"
            if now.hides
            else "Keep the middle of the region from the run, so that there is a gap to fill",
        )
        for widget, there in ((self.params, bool(parameters)), (self.known, bool(now.known))):
            widget.setVisible(there)
        self.hide_button.setVisible(bool(now.known))
