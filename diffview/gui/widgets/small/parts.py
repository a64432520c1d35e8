"""The small parts that panels are made of: widgets with their names, words, buttons, lists, rows and tables."""

from collections.abc import Iterable
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSlider,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from diffview.gui.theme import GRID, SEMIBOLD, TITLE_PX, theme
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.forms.spin import WholeSpin
from diffview.gui.widgets.small.icons import set_icon
from diffview.gui.widgets.small.text import literal, plain, set_tip

W = TypeVar("W", bound=QWidget)

DEEPEST = 4
"""How many sizes in a row, each asked for by the one before, the body of a panel may take."""


def named(widget: W, name: str = "", says: str = "", tip: str = "") -> W:
    """A widget with its object name, what a screen reader calls it, and its tooltip, as far as they are given."""
    if name:
        widget.setObjectName(name)
    if says:
        widget.setAccessibleName(says)
    if tip:
        set_tip(widget, tip)
    return widget


# -- words


def words(text: str = "", name: str = "", dim: bool = True) -> QLabel:
    """Plain text in as many lines as it needs; `dim`: of second rank."""
    label = named(plain(QLabel(text)), name)
    label.setWordWrap(True)
    label.setProperty("dim", dim)
    return label


def say(label: QLabel, text: str) -> None:
    """Show a text, or no label where there is none."""
    label.setText(text)
    label.setVisible(bool(text))


class Heading(QLabel):
    """The name of a part of a panel, in a font of its own whatever the theme."""

    def __init__(self, text: str = "", name: str = "") -> None:
        super().__init__(text)
        plain(named(self, name))
        theme.changed.connect(self._restyle)
        self._restyle()

    def _restyle(self) -> None:
        self.setFont(theme.font(TITLE_PX, SEMIBOLD, tabular=True))


# -- what is pressed and chosen


def tool_button(
    name: str, says: str, tip: str = "", *, text: str = "", icon: str = "", checkable: bool = False
) -> QToolButton:
    """A small button with a text or an icon; a click on it leaves the keys where they are, Tab reaches it."""
    button = named(QToolButton(), name, says, tip or says)
    button.setText(text)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    if icon:
        set_icon(button, icon)
    return button


def action_button(name: str, action: QAction, text: str) -> QToolButton:
    """A button for an action under a shorter text, enabled when the action is."""
    button = named(QToolButton(), name, action.text())
    button.setDefaultAction(action)
    button.setText(text)
    action.changed.connect(partial(button.setText, text))  # else Qt takes that of the action
    return button


def push_button(name: str, text: str = "", says: str = "", tip: str = "", icon: str = "") -> QPushButton:
    """A button with a text, an icon or both."""
    button = named(QPushButton(text), name, says, tip)
    if icon:
        set_icon(button, icon)
    return button


def primary(button: QPushButton) -> QPushButton:
    """The button that does what its panel is for."""
    button.setProperty("primary", True)
    return button


def whole(name: str, says: str, tip: str, low: int, high: int, width: int, log: bool = False) -> WholeSpin:
    """A whole number that tells its value when it is finished."""
    spin = named(WholeSpin(low, high, log=log, width=width), name, says, tip)
    spin.setKeyboardTracking(False)
    return spin


def combo(name: str, says: str, tip: str = "", characters: int = 4) -> Combo:
    """A list of choices that may be narrower than its longest text: as wide as so many characters."""
    return Combo(name, says, tip, characters)


def add_choices(box: QComboBox, choices: Iterable[tuple[Any, str, str]]) -> None:
    """Add choices to a list: the key, the text and the tooltip of each."""
    for key, text, tip in choices:
        box.addItem(text, key)
        box.setItemData(box.count() - 1, literal(tip), Qt.ItemDataRole.ToolTipRole)


def show_value(field: QSpinBox | QDoubleSpinBox | QSlider, value: Any) -> None:
    """Show a number; emits nothing."""
    if field.value() != value:
        blocker = QSignalBlocker(field)
        field.setValue(value)
        blocker.unblock()


def show_key(box: QComboBox, key: Any) -> None:
    """Show the choice of a key, or none where it is not among them."""
    box.setCurrentIndex(box.findData(key))


# -- how they lie


def line(*widgets: QWidget, wide: Iterable[QWidget] = (), spacing: int = GRID) -> QHBoxLayout:
    """Widgets side by side; those that are `wide` share what room is left, without any it stays at the right."""
    row, wide = QHBoxLayout(), tuple(wide)
    row.setSpacing(spacing)
    for widget in widgets:
        row.addWidget(widget, int(widget in wide))
    if not wide:
        row.addStretch(1)
    return row


def column_of(widget: QWidget, spacing: int = GRID, margins: tuple[int, int, int, int] = (0, 0, 0, 0)) -> QVBoxLayout:
    """The layout of what lies below each other in a widget."""
    column = QVBoxLayout(widget)
    column.setContentsMargins(*margins)
    column.setSpacing(spacing)
    return column


def grid_of(widget: QWidget, across: int = GRID, down: int = GRID // 2, wide: int | None = None) -> QGridLayout:
    """The layout of a table that a widget holds: the gaps between its columns and rows, and its wide column."""
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(across)
    grid.setVerticalSpacing(down)
    if wide is not None:
        grid.setColumnStretch(wide, 1)
    return grid


def empty(grid: QGridLayout) -> None:
    """Take all widgets out of a table."""
    while (item := grid.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()  # it is deleted a turn of the event loop later
            widget.deleteLater()


def progress_bar(says: str) -> QProgressBar:
    """How many of a hundred parts are done, without words."""
    bar = named(QProgressBar(), says=says)
    bar.setTextVisible(False)
    bar.setRange(0, 100)
    return bar


class ScrollPanel(QScrollArea):
    """What a dock shows, scrolled up and down and never sideways.

    Attributes:
        column: the layout of its parts.
    """

    def __init__(self, name: str = "", least_width: int = 0) -> None:
        super().__init__()
        named(self, name).setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(least_width)
        body = QWidget()
        self.column = column_of(body, margins=(12, 8, 12, 8))
        self._nested = 0
        self.setWidget(body)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the bar for good where the body is too high without it and low enough beside it.

        Pictures are as high as they are wide: the bar would come and go, each in the call of the other, until the
        stack is full.
        """
        self._nested += 1
        if self._nested > DEEPEST:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        try:
            return super().eventFilter(watched, event)
        finally:
            self._nested -= 1
