"""A form made from declared parameters."""

import math
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QFormLayout, QLabel, QLineEdit, QWidget

from diffview.gui.show.param_words import label_for, spoken, tip_for
from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.forms.spin import NumberSpin, WholeSpin
from diffview.gui.widgets.small.parts import named
from diffview.gui.widgets.small.text import plain, set_tip
from diffview.params import Choice, Parameter, Range

_IDLE_MS = 600
_PX_PER_STEP = 4
_FIELD_PX = 80


class _DragLabel(QLabel):
    """The name of a number: dragging along it steps the number, a double click returns to the default."""

    dropped = Signal()
    reset = Signal()

    def __init__(self, text: str, spin: WholeSpin | NumberSpin | None) -> None:
        super().__init__(text)
        plain(self)
        self._spin, self._x, self._on = spin, 0.0, False
        if spin is not None:
            self.setCursor(Qt.CursorShape.SizeHorCursor)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag."""
        self._on = self._spin is not None and event.button() == Qt.MouseButton.LeftButton
        self._x = event.position().x()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Step once every few pixels."""
        steps = int((event.position().x() - self._x) / _PX_PER_STEP)
        if self._on and steps and self._spin is not None:
            self._x += steps * _PX_PER_STEP
            self._spin.stepBy(steps)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if self._on:
            self._on = False
            self.dropped.emit()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Return to the default."""
        self.reset.emit()

    @property
    def held(self) -> bool:
        """Whether a drag is under way."""
        return self._on


class ParamForm(QWidget):
    """Fields for `parameters`, by name in values().

    Signals:
        edited: a field changed; all values, at every keystroke and step.
        committed: an edit is complete (Enter, focus left, drag ended, or a moment of rest); all values.
    """

    edited = Signal(dict)
    committed = Signal(dict)

    def __init__(self, parameters: tuple[Parameter, ...] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = QFormLayout(self)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self._form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._idle = QTimer(self, singleShot=True, interval=_IDLE_MS)
        self._idle.timeout.connect(self._commit_at_rest)
        self._parameters: tuple[Parameter, ...] = ()
        self._fields: dict[str, QWidget] = {}
        self._labels: dict[str, _DragLabel] = {}
        self._last: dict[str, Any] = {}
        theme.changed.connect(self._restyle)
        self.set_parameters(parameters)

    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the form."""
        return self._parameters

    def set_parameters(self, parameters: tuple[Parameter, ...]) -> None:
        """Make the form anew, with the defaults; emits nothing."""
        self._idle.stop()
        while self._form.rowCount():
            row = self._form.takeRow(0)
            for item in (row.labelItem, row.fieldItem):  # one of them may be the sender of the edit that replaces it
                if (widget := item.widget()) is not None:
                    widget.setObjectName("")
                    widget.hide()
                    widget.deleteLater()
        self._parameters = parameters
        self._fields, self._labels = {}, {}
        for p in parameters:
            field = _field_for(p)
            spin = field if isinstance(field, (WholeSpin, NumberSpin)) else None
            label = _DragLabel(label_for(p.name), spin)
            set_tip(label, tip_for(p))
            named(field, f"param_{p.name}", spoken(p.name), tip_for(p))
            field.setAccessibleDescription(p.doc)
            label.setBuddy(field)
            label.dropped.connect(self._commit)
            label.reset.connect(lambda p=p: self._reset(p))
            self._form.addRow(label, field)
            self._fields[p.name], self._labels[p.name] = field, label
            _write(field, p.default)
            self._listen(field)
        self._last = self.values()
        self._restyle()

    def values(self) -> dict[str, Any]:
        """The values of all fields."""
        return {p.name: _read(self._fields[p.name]) for p in self._parameters}

    def set_values(self, values: dict[str, Any]) -> None:
        """Set the fields; unknown names are ignored; emits nothing."""
        for name, value in values.items():
            field = self._fields.get(name)
            if field is not None and _read(field) != value:
                blocker = QSignalBlocker(field)
                _write(field, value)
                blocker.unblock()
        self._last = self.values()
        self._mark()

    def field(self, name: str) -> QWidget:
        """The input widget of a parameter."""
        return self._fields[name]

    def _listen(self, field: QWidget) -> None:
        if isinstance(field, Combo):
            field.currentIndexChanged.connect(self._chosen)
        elif isinstance(field, QCheckBox):
            field.toggled.connect(self._chosen)
        elif isinstance(field, QLineEdit):
            field.textEdited.connect(self._edited)
            field.editingFinished.connect(self._commit)
        elif isinstance(field, (WholeSpin, NumberSpin)):
            field.valueChanged.connect(self._edited)
            field.editingFinished.connect(self._commit)

    def _edited(self) -> None:
        self._mark()
        self._idle.start()
        self.edited.emit(self.values())

    def _chosen(self) -> None:
        self._edited()
        self._commit()

    def _reset(self, p: Parameter) -> None:
        _write(self._fields[p.name], p.default)
        self._commit()

    def _commit_at_rest(self) -> None:
        if any(label.held for label in self._labels.values()):
            self._idle.start()
        else:
            self._commit()

    def _commit(self) -> None:
        self._idle.stop()
        values = self.values()
        if values != self._last:
            self._last = values
            self.committed.emit(values)

    def _mark(self) -> None:
        """Names of changed parameters stand out."""
        for p in self._parameters:
            token = "dim" if _read(self._fields[p.name]) == p.default else "text"
            style = f"color: {getattr(theme.palette, token)}"
            if self._labels[p.name].styleSheet() != style:  # Qt would polish and lay out anew
                self._labels[p.name].setStyleSheet(style)

    def _restyle(self) -> None:
        self._form.setHorizontalSpacing(theme.px(2 * GRID))
        self._form.setVerticalSpacing(theme.px(6))
        for name, field in self._fields.items():
            field.setFont(theme.font(tabular=True))
            field.setMinimumWidth(theme.px(_FIELD_PX))
            self._labels[name].setMinimumHeight(field.sizeHint().height())
        self._mark()


def _field_for(p: Parameter) -> QWidget:
    """The input widget of a parameter, by its type."""
    if isinstance(p.allowed, Choice):
        choice = Combo(least_px=0)
        for option in p.allowed.options:
            choice.addItem(option.replace("_", " "), option)
        return choice
    if p.type is bool:
        return QCheckBox()
    allowed = p.allowed if isinstance(p.allowed, Range) else Range(-math.inf, math.inf)
    if p.type in (int, float):
        return (WholeSpin if p.type is int else NumberSpin)(allowed.low, allowed.high, allowed.log)
    return QLineEdit()


def _read(field: QWidget) -> Any:
    if isinstance(field, (WholeSpin, NumberSpin)):
        return field.value()
    if isinstance(field, QCheckBox):
        return field.isChecked()
    return field.currentData() if isinstance(field, Combo) else field.text()  # type: ignore[attr-defined]


def _write(field: QWidget, value: Any) -> None:
    if isinstance(field, (WholeSpin, NumberSpin)):
        field.setValue(value)
    elif isinstance(field, QCheckBox):
        field.setChecked(bool(value))
    elif isinstance(field, Combo):
        field.setCurrentIndex(field.findData(value))
    elif isinstance(field, QLineEdit):
        field.setText(str(value))
