"""A field for a real number of any size."""

import math

from PySide6.QtGui import QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from diffview.fields.numbers import MINUS, compact, plain, round_up, typed
from diffview.gui.widgets.forms.spin_manners import SpinManners

_DECIMALS = 15
_HUGE = 1e300


class NumberSpin(QDoubleSpinBox):
    """low..high; keeps the number as given, shows at most 6 figures, steps by factors where `log`."""

    def __init__(self, low: float, high: float, log: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._log = log
        self.setDecimals(_DECIMALS)
        self.setRange(max(low, -_HUGE), min(high, _HUGE))
        self._step = _round_step(high - low)
        SpinManners(self)

    def textFromValue(self, value: float) -> str:
        """0.02, 1e-4, 80."""
        return compact(value).replace(MINUS, "-")

    def valueFromText(self, text: str) -> float:
        """The number typed; the last value where it is none."""
        try:
            return typed(text)
        except ValueError:
            return self.value()

    def validate(self, text: str, pos: int) -> tuple[QValidator.State, str, int]:
        """Accept numbers inside the range, and their beginnings while typing."""
        try:
            number = typed(text)
        except ValueError:
            known = set(plain(text).lower()) <= set("0123456789+-.e")
            return (QValidator.State.Intermediate if known else QValidator.State.Invalid), text, pos
        inside = math.isfinite(number) and self.minimum() <= number <= self.maximum()
        return (QValidator.State.Acceptable if inside else QValidator.State.Intermediate), text, pos

    def fixup(self, text: str) -> str:
        """A number outside the range becomes its nearest end, anything else the last value."""
        try:
            number = typed(text)
        except ValueError:
            number = self.value()
        return self.textFromValue(min(max(number, self.minimum()), self.maximum()))

    def stepBy(self, steps: int) -> None:
        """One step: a tenth of a decade where `log`, else about a hundredth of the range."""
        self.interpretText()
        value = self.value()
        if not self._log:
            self.setValue(float(f"{value + steps * self._step:.9g}"))
        elif value > 0:
            self.setValue(float(f"{value * 10.0 ** (steps / 10):.3g}"))
        elif steps > 0:
            self.setValue(max(self.minimum(), self.maximum() * 1e-6))


def _round_step(span: float) -> float:
    """About a hundredth of `span`, as 1, 2 or 5 x 10^k; 0.1 for an open range."""
    if not 0 < span < _HUGE:
        return 0.1
    return round_up(span / 100)
