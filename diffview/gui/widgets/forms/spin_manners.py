"""The behaviour of every field for a number."""

from PySide6.QtCore import QEvent, QLocale, QObject, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractSpinBox

from diffview.gui.theme import GRID, theme


class SpinManners(QObject):
    """Watches one field: the wheel steps only with the focus; Enter gives it back; undo and redo are the window's."""

    def __init__(self, spin: QAbstractSpinBox, width: int = 0) -> None:
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
    def spin(self) -> QAbstractSpinBox:
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
