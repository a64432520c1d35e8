"""The card of the first screen: go on, examples, and what to try, each of which goes away when it is done."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QToolButton, QVBoxLayout, QWidget

from diffview.gui.theme import GRID, theme
from diffview.gui.widgets.small.parts import Heading, named, say, tool_button, words
from diffview.gui.widgets.small.text import set_tip


class FirstCard(QFrame):
    """Lies over a picture, so that nothing moves when it goes.

    Signals:
        go_on: the last work is asked for.
        closed: the card is closed by hand.
    """

    go_on = Signal()
    closed = Signal()

    def __init__(self, go_on: str, hints: Mapping[str, tuple[str, str]], parent: QWidget) -> None:
        super().__init__(parent)
        named(self, "firstCard", "First steps")
        close = tool_button("firstCardClose", "Close the first steps", "Close", icon="close")
        close.setProperty("flat", True)
        close.clicked.connect(self.closed)
        self._go_on = named(QPushButton(go_on), "goOnButton")
        self._go_on.clicked.connect(self.go_on)
        self._about = words(name="goOnAbout")
        self._starts = QVBoxLayout()
        self._starts.setSpacing(GRID // 2)
        self._try = words("Try this:")
        self._hints = {key: words(f"○ {text}", f"{key}Hint", dim=False) for key, (text, _) in hints.items()}
        for key, (_, tip) in hints.items():
            set_tip(self._hints[key], tip)
        head = QHBoxLayout()
        head.addWidget(Heading("Begin"))
        head.addStretch(1)
        head.addWidget(close)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(12, 8, 8, 12)
        rows.setSpacing(GRID // 2)
        rows.addLayout(head)
        rows.addWidget(self._go_on)
        rows.addWidget(self._about)
        rows.addLayout(self._starts)
        rows.addWidget(self._try)
        for row in self._hints.values():
            rows.addWidget(row)
        self.offer("")
        theme.changed.connect(self._restyle)
        self._restyle()
        self.hide()

    def offer(self, about: str, why_not: str = "") -> None:
        """Offer to go on with what `about` says, or say why that cannot be; nothing: there is nothing to go on with."""
        self._go_on.setVisible(bool(about))
        self._go_on.setEnabled(not why_not)
        set_tip(self._go_on, why_not or about)
        say(self._about, f"{about}. {why_not}" if why_not else about)

    def offers(self) -> bool:
        """Whether there is something to go on with."""
        return not self._go_on.isHidden()

    def add_start(self, action: QAction) -> None:
        """A button that does what an action does."""
        button = named(QPushButton(action.text()), f"{action.objectName()}Button")
        set_tip(button, action.toolTip())
        button.clicked.connect(action.trigger)
        self._starts.addWidget(button)

    def add_menu(self, text: str, name: str, actions: Sequence[QAction]) -> None:
        """A button with a menu of actions."""
        button, menu = named(QToolButton(), name, text), QMenu(self)
        button.setText(text)
        menu.addActions(list(actions))
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._starts.addWidget(button)

    def set_open(self, keys: Sequence[str]) -> None:
        """Show what is still to be tried."""
        for key, row in self._hints.items():
            row.setVisible(key in keys)
        self._try.setVisible(bool(keys))

    def hints(self) -> list[QLabel]:
        """The rows of what is still to be tried."""
        return [row for row in self._hints.values() if not row.isHidden()]

    def _restyle(self) -> None:
        panel, line = theme.colour("panel").name(), theme.colour("line").name()
        self.setStyleSheet(
            f"#firstCard {{ background: {panel}; border: 1px solid {line}; border-radius: 8px; }}"
            "#firstCard QLabel { background: transparent; }"
        )
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
