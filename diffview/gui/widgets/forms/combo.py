"""The list of choices, whose text ends in an ellipsis where it is too narrow, instead of being cut."""

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

from diffview.gui.widgets.small.text import set_tip

LEAST_PX = 84

LIST_MARGIN_PX = 12
"""Left and right of the texts of the list."""


class Combo(QComboBox):
    """A QComboBox that may be narrower than its longest text; the wheel scrolls what is around it without the focus.

    Signals:
        opened: the list is about to be shown.
    """

    opened = Signal()

    def __init__(
        self, name: str = "", says: str = "", tip: str = "", characters: int = 0, least_px: int = LEAST_PX
    ) -> None:
        """As wide as so many `characters` at least, or as `least_px`; as its longest text if both are 0."""
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(says)
        set_tip(self, tip)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        if characters:
            self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            self.setMinimumContentsLength(characters)
        else:
            self.setMinimumWidth(least_px)

    def offer(self, key: Any, tip: str, why: str) -> None:
        """Offer the choice of a key, or grey it and say in its tooltip `why` it cannot be had."""
        item = self.model().item(self.findData(key))  # type: ignore[attr-defined]
        item.setEnabled(not why)
        set_tip(item, why or tip)

    def shown_text(self) -> str:
        """The chosen text as it is drawn."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width()
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)

    def showPopup(self) -> None:
        """Show the list, as wide as its longest text."""
        self.opened.emit()
        self.view().setTextElideMode(Qt.TextElideMode.ElideNone)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * LIST_MARGIN_PX)
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step only with the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box with the text that fits."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
