"""The choice of a slice along one dimension of a file."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QSizePolicy, QSlider, QToolButton, QWidget

from diffview.gui.theme import theme
from diffview.gui.widgets.forms.spin import WholeSpin
from diffview.gui.widgets.small.card import ElidedLabel
from diffview.gui.widgets.small.icons import set_icon
from diffview.gui.widgets.small.parts import grid_of, named, show_value
from diffview.gui.widgets.small.text import set_tip

FRAME_MS = 200
"""Time of a slice while they play, unless reading one takes longer."""

SPIN_PX, DIGIT_PX = 44, 6
"""Width of the number without its digits, and of each of them."""


class SliceRow(QWidget):
    """Name and label of the slice, a slider with step buttons, its number, and play.

    Signals:
        indexChanged: the user chose another slice.
        settled: the user released the slider, or chose by a button or a number.
    """

    indexChanged = Signal(int)
    settled = Signal()

    def __init__(self, name: str, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._texts: Sequence[str] = ()
        self._busy = False
        self.name, self.count = name, size
        self.title, self.label = ElidedLabel(name, token="text"), ElidedLabel(align=Qt.AlignmentFlag.AlignRight)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, size - 1)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.spin = WholeSpin(0, size - 1, width=SPIN_PX + DIGIT_PX * (len(str(size - 1)) + len(f" of {size - 1}")))
        self.spin.setKeyboardTracking(False)
        self.spin.setSuffix(f" of {size - 1}")
        self.back, self.on, self.play = QToolButton(), QToolButton(), QToolButton()
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._tick)
        self._name_parts()
        self._lay_out()
        self.slider.valueChanged.connect(self._choose)
        self.slider.sliderReleased.connect(self.settled)
        self.spin.valueChanged.connect(self._choose_and_settle)
        self.back.clicked.connect(lambda: self._choose_and_settle(max(0, self.value() - 1)))
        self.on.clicked.connect(lambda: self._choose_and_settle(min(self.count - 1, self.value() + 1)))
        self.play.toggled.connect(self._play)

    def _name_parts(self) -> None:
        parts: tuple[tuple[QWidget, str, str], ...] = (
            (self.slider, "sliceSlider", "Slices along"), (self.spin, "slice", "Slice along"),
            (self.back, "sliceBack", "Slice before along"), (self.on, "sliceOn", "Next slice along"),
            (self.play, "slicePlay", "Play along"),
        )  # fmt: skip
        for widget, what, said in parts:
            named(widget, f"{what}_{self.name}", f"{said} {self.name}", f"{said} {self.name}")

    def _lay_out(self) -> None:
        for button, icon in ((self.back, "back"), (self.on, "next"), (self.play, "play")):
            set_icon(button, icon)
            button.setProperty("bare", True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAutoRepeat(button is not self.play)
            button.setFixedWidth(theme.px(22))
        self.play.setCheckable(True)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        grid = grid_of(self, 2, 2, wide=1)
        grid.addWidget(self.title, 0, 0, 1, 3)
        grid.addWidget(self.label, 0, 3, 1, 2)
        for column, control in enumerate((self.back, self.slider, self.on, self.play, self.spin)):
            grid.addWidget(control, 1, column)

    def value(self) -> int:
        """The slice chosen."""
        return self.slider.value()

    def set_value(self, index: int) -> None:
        """Show another slice as chosen; emits nothing. While the slider is held, it does not move."""
        if not self.slider.isSliderDown():
            self._show(index)

    def set_texts(self, texts: Sequence[str]) -> None:
        """Set the labels of the indices, one text each; none if they are unknown."""
        self._texts = texts if len(texts) == self.count else ()
        self._show(self.value())

    def set_busy(self, busy: bool) -> None:
        """Let play wait while a slice is read."""
        self._busy = busy

    def stop(self) -> None:
        """Stop playing."""
        self.play.setChecked(False)

    def _show(self, index: int) -> None:
        show_value(self.slider, index)
        show_value(self.spin, index)
        self.label.setText(self._texts[index] if self._texts else "")
        self.back.setEnabled(index > 0)
        self.on.setEnabled(index < self.count - 1)
        set_tip(self.back, f"Slice before along {self.name}" if index else "This is the first slice")
        set_tip(self.on, f"Next slice along {self.name}" if index < self.count - 1 else "This is the last slice")

    def _choose(self, index: int) -> None:
        self._show(index)
        self.indexChanged.emit(index)

    def _choose_and_settle(self, index: int) -> None:
        if index != self.value() or self.sender() is self.spin:
            self._choose(index)
            self.settled.emit()

    def _play(self, on: bool) -> None:
        set_icon(self.play, "pause" if on else "play")
        if on:
            self._timer.start()
        else:
            self._timer.stop()
            self.settled.emit()

    def _tick(self) -> None:
        if not self._busy:
            self._choose((self.value() + 1) % self.count)
