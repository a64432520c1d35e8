"""Fields for numbers: whole ones and real ones of any size, with one behaviour."""

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QLocale, QObject, QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QKeySequence, QValidator
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QToolTip, QWidget

from diffview.fields.numbers import MINUS, compact, plain, round_up, typed
from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.small.text import literal

_DECIMALS = 15
_HUGE = 1e300
_LARGEST = 2**31 - 1
_SIGNS = set("0123456789+-.e")

Judged = tuple[QValidator.State, str, int]


class Manners(QObject):
    """What every field for a number does.

    The wheel steps only with the focus; Enter gives it back; undo and redo are the window's. A number outside the
    range may be typed: it becomes the nearest end, and the field says so.
    """

    def __init__(self, spin: "NumberSpin | WholeSpin", width: int = 0) -> None:
        """Watch `spin`, `width` design pixels wide if that is not 0."""
        super().__init__(spin)
        self._width = width
        spin.setLocale(QLocale.c())
        spin.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        spin.installEventFilter(self)
        spin.lineEdit().returnPressed.connect(spin.clearFocus)
        theme.changed.connect(self._restyle)
        self._restyle()

    @property
    def spin(self) -> "NumberSpin | WholeSpin":
        """The field, which owns this object; no reference of ours keeps it alive."""
        return self.parent()  # type: ignore[return-value]

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass on the events that are not for the field."""
        if event.type() is QEvent.Type.Wheel and not self.spin.hasFocus():
            event.ignore()  # the area around it scrolls
            return True
        if event.type() is QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            keys = QKeySequence.StandardKey
            return event.matches(keys.Undo) or event.matches(keys.Redo)
        return False

    def _restyle(self) -> None:
        """Figures of one width; Qt forgets the padding of a spin box that a style sheet gives it."""
        self.spin.setFont(theme.font(tabular=True))
        self.spin.lineEdit().setFont(theme.font(tabular=True))
        if self._width:
            self.spin.setFixedWidth(theme.px(self._width))
        self.spin.lineEdit().setTextMargins(theme.px(GRID - 2), 0, 0, 0)


def judged(spin: "NumberSpin | WholeSpin", text: str, pos: int, read: Callable[[str], float]) -> Judged:
    """Accept numbers inside the range; those outside and their beginnings may be typed."""
    text_only = plain(text.removesuffix(spin.suffix()))
    try:
        number = read(text_only)
    except ValueError:
        known = set(text_only.lower()) <= _SIGNS
        return (QValidator.State.Intermediate if known else QValidator.State.Invalid), text, pos
    inside = math.isfinite(number) and spin.minimum() <= number <= spin.maximum()
    return (QValidator.State.Acceptable if inside else QValidator.State.Intermediate), text, pos


def clipped(spin: "NumberSpin | WholeSpin", text: str) -> str:
    """A number outside the range becomes its nearest end, and the field says so; anything else the last value."""
    try:
        number = typed(text.removesuffix(spin.suffix()))
    except ValueError:
        number = spin.value()
    kept = min(max(number, spin.minimum()), spin.maximum())
    text = spin.textFromValue(int(kept)) if isinstance(spin, QSpinBox) else spin.textFromValue(kept)
    if kept != number:
        said = f"The {'largest' if number > kept else 'smallest'} number here is {text}."
        QTimer.singleShot(0, spin, lambda: _tell(spin, said))  # a change of focus, which Enter makes, hides a tooltip
    return text + spin.suffix()


def _tell(spin: "NumberSpin | WholeSpin", said: str) -> None:
    QToolTip.showText(spin.mapToGlobal(QPoint(0, spin.height())), literal(said), spin)


class WholeSpin(QSpinBox):
    """low..high, each end kept within 32 bits; `width` in design pixels, 0 for the natural one."""

    def __init__(
        self, low: float = 0, high: float = _LARGEST, log: bool = False, width: int = 0, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setRange(int(max(low, -_LARGEST - 1)), int(min(high, _LARGEST)))
        if log:
            self.setStepType(QSpinBox.StepType.AdaptiveDecimalStepType)
        Manners(self, width)

    def validate(self, text: str, pos: int) -> Judged:
        """Whole numbers; see `judged`."""
        return judged(self, text, pos, int)

    def fixup(self, text: str) -> str:
        """See `clipped`."""
        return clipped(self, text)


class NumberSpin(QDoubleSpinBox):
    """low..high; keeps the number as given, shows at most 6 figures, steps by factors where `log`."""

    def __init__(self, low: float, high: float, log: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._log = log
        self._step = round_up((high - low) / 100) if 0 < high - low < _HUGE else 0.1
        self.setDecimals(_DECIMALS)
        self.setRange(max(low, -_HUGE), min(high, _HUGE))
        Manners(self)

    def textFromValue(self, value: float) -> str:
        """0.02, 1e-4, 80."""
        return compact(value).replace(MINUS, "-")

    def valueFromText(self, text: str) -> float:
        """The number typed; the last value where it is none."""
        try:
            return typed(text)
        except ValueError:
            return self.value()

    def validate(self, text: str, pos: int) -> Judged:
        """Numbers; see `judged`."""
        return judged(self, text, pos, float)

    def fixup(self, text: str) -> str:
        """See `clipped`."""
        return clipped(self, text)

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
