"""A combo box whose text ends in an ellipsis where it is too narrow, instead of being cut."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QComboBox, QStyle, QStyleOptionComboBox, QStylePainter

LEAST_PX = 84

LIST_MARGIN_PX = 12
"""Left and right of the texts of the list."""


class Combo(QComboBox):
    """A QComboBox that may be narrower than its longest text; see the module."""

    def __init__(self, name: str, accessible: str, tip: str = "") -> None:
        super().__init__()
        self.setObjectName(name)
        self.setAccessibleName(accessible)
        self.setToolTip(tip)
        self.setMinimumWidth(LEAST_PX)

    def shown_text(self) -> str:
        """The chosen text as it is drawn."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        part = QStyle.SubControl.SC_ComboBoxEditField
        room = self.style().subControlRect(QStyle.ComplexControl.CC_ComboBox, option, part, self).width()
        return self.fontMetrics().elidedText(self.currentText(), Qt.TextElideMode.ElideRight, room)

    def showPopup(self) -> None:
        """Show the list, as wide as its longest text."""
        self.view().setTextElideMode(Qt.TextElideMode.ElideNone)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 2 * LIST_MARGIN_PX)
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box with the text that fits."""
        painter, option = QStylePainter(self), QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text()
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
