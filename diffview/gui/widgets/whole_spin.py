"""A field for a whole number."""

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget

from diffview.gui.theme import GRID, theme

_LARGEST = 2**31 - 1


class WholeSpin(QSpinBox):
    """low..high, each end kept within 32 bits; the wheel steps only with the focus, else what lies around scrolls."""

    def __init__(
        self, low: float = 0, high: float = _LARGEST, log: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setLocale(QLocale.c())
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setRange(int(max(low, -_LARGEST - 1)), int(min(high, _LARGEST)))
        if log:
            self.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        theme.changed.connect(self._restyle)
        self._restyle()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step only with the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def _restyle(self) -> None:
        """Figures of one width; Qt forgets the padding of a spin box that a style sheet gives it."""
        self.setFont(theme.font(tabular=True))
        self.lineEdit().setTextMargins(theme.px(GRID - 2), 0, 0, 0)
