"""A row of joined buttons, one of which is chosen."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from diffview.gui.theme import SMALL_PX, theme
from diffview.gui.widgets.small.text import set_tip


class SegmentedControl(QWidget):
    """Exclusive choice between a few keys.

    Args:
        items: (key, label, tooltip) of each button.
        name: its object name.

    Signals:
        changed: the user chose another key.
    """

    changed = Signal(str)

    def __init__(
        self, items: Sequence[tuple[str, str, str]] = (), name: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(1, 1, 1, 1)
        self._row.setSpacing(0)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        self._tips: dict[str, str] = {}
        self._reserved: tuple[Sequence[tuple[str, str, str]], ...] = ()
        self._group.buttonClicked.connect(self._clicked)
        theme.changed.connect(self._restyle)
        self.set_items(items)

    def reserve(self, *lists: Sequence[tuple[str, str, str]]) -> None:
        """Always be wide enough for each of these lists of buttons: another list moves nothing beside it."""
        self._reserved = lists
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """As its buttons, or the widest of the lists that room is kept for."""
        hint = super().sizeHint()
        button = next(iter(self._buttons.values()), None)
        if button is None:
            return hint
        metrics = button.fontMetrics()

        def width(text: str) -> int:
            return metrics.size(Qt.TextFlag.TextShowMnemonic, text).width()

        padding = button.sizeHint().width() - width(button.text())
        margins = self._row.contentsMargins()
        ends = margins.left() + margins.right()
        lists = [ends + sum(width(text) + padding for _, text, _ in items) for items in self._reserved]
        return QSize(max(hint.width(), *lists, 0), hint.height())

    def set_items(self, items: Sequence[tuple[str, str, str]]) -> None:
        """Replace the buttons; the first is chosen."""
        for button in self._buttons.values():
            self._group.removeButton(button)
            self._row.removeWidget(button)
            button.hide()  # it is deleted a turn of the event loop later
            button.deleteLater()
        self._buttons, self._tips = {}, {}
        for key, text, tip in items:
            button = QToolButton(self)
            button.setText(text)
            set_tip(button, tip)
            button.setAccessibleName(text)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setProperty("key", key)
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            self._group.addButton(button)
            self._row.addWidget(button)
            self._buttons[key], self._tips[key] = button, tip
        if items:
            self._buttons[items[0][0]].setChecked(True)
        self._restyle()

    def key(self) -> str:
        """The chosen key."""
        chosen = self._group.checkedButton()
        return "" if chosen is None else str(chosen.property("key"))

    def set_key(self, key: str) -> None:
        """Choose `key`; emits nothing."""
        self._buttons[key].setChecked(True)

    def choose_none(self) -> None:
        """Let no key be chosen; emits nothing."""
        self._group.setExclusive(False)
        for button in self._buttons.values():
            button.setChecked(False)
        self._group.setExclusive(True)

    def button(self, key: str) -> QToolButton:
        """The button of `key`."""
        return self._buttons[key]

    def set_enabled(self, key: str, enabled: bool, why: str = "") -> None:
        """Allow or forbid one key; the tooltip says why it is forbidden."""
        self._buttons[key].setEnabled(enabled)
        set_tip(self._buttons[key], self._tips[key] if enabled else why)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right choose the neighbour."""
        way = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        keys = [k for k, button in self._buttons.items() if button.isEnabled()]
        if not way or self.key() not in keys:
            super().keyPressEvent(event)
            return
        button = self._buttons[keys[(keys.index(self.key()) + way) % len(keys)]]
        button.setFocus(Qt.FocusReason.TabFocusReason)
        button.click()

    def _clicked(self) -> None:
        self.changed.emit(self.key())

    def _restyle(self) -> None:
        for button in self._buttons.values():
            button.setFont(theme.font(SMALL_PX))
