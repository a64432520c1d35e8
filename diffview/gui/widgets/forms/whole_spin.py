"""A field for a whole number."""

from PySide6.QtWidgets import QSpinBox, QWidget

from diffview.gui.widgets.forms.spin_manners import SpinManners

_LARGEST = 2**31 - 1


class WholeSpin(QSpinBox):
    """low..high, each end kept within 32 bits; `width` in design pixels, 0 for the natural one."""

    def __init__(
        self, low: float = 0, high: float = _LARGEST, log: bool = False, width: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setRange(int(max(low, -_LARGEST - 1)), int(min(high, _LARGEST)))
        if log:
            self.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        SpinManners(self, width)
