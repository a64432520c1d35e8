"""A button with a list of check boxes that stays open while they are ticked."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QMenu, QToolButton, QWidget

from diffview.gui.widgets.small.text import set_tip


class _Menu(QMenu):
    """A menu that stays open when an entry is ticked."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Tick the entry under the pointer."""
        action = self.actionAt(event.position().toPoint())
        if action is not None and action.isEnabled():
            action.trigger()
        elif action is None:
            super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space ticks."""
        action = self.activeAction()
        if event.key() == Qt.Key.Key_Space and action is not None and action.isEnabled():
            action.trigger()
        else:
            super().keyPressEvent(event)


class CheckMenu(QToolButton):
    """A choice of several entries; the button says how many.

    Signals:
        changed: the user ticked one.
    """

    changed = Signal()

    def __init__(self, title: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._actions: dict[str, QAction] = {}
        self.setObjectName(name)
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.list = _Menu(self)
        self.list.setToolTipsVisible(True)
        self.setMenu(self.list)
        self._say()

    def set_items(self, items: Sequence[tuple[str, str, str]], ticked: Sequence[str]) -> None:
        """Set entries (key, text, reason why it cannot be chosen or ""); known ones keep their ticks."""
        before = {key: action.isChecked() for key, action in self._actions.items()}
        self.list.clear()
        self._actions = {}
        for key, text, why_not in items:
            action = self.list.addAction(text)
            action.setCheckable(True)
            action.setChecked(before.get(key, key in ticked))
            action.setEnabled(not why_not)
            set_tip(action, why_not or text)
            action.triggered.connect(self._tick)
            self._actions[key] = action
        self._say()

    def entries(self) -> tuple[str, ...]:
        """The keys of all entries."""
        return tuple(self._actions)

    def chosen(self) -> tuple[str, ...]:
        """The keys that are ticked and can be chosen."""
        return tuple(key for key, action in self._actions.items() if action.isChecked() and action.isEnabled())

    def action(self, key: str) -> QAction:
        """The entry of a key."""
        return self._actions[key]

    def _tick(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        names = [action.text() for action in self._actions.values() if action.isChecked() and action.isEnabled()]
        text = f"{self._title}: {len(names)}"
        self.setText(text)
        self.setAccessibleName(text)
        set_tip(self, ", ".join(names) or f"Tick some {self._title.lower()}")
