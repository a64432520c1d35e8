"""The clicker of a speaker: keys that work wherever the focus is, as long as a talk is on."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QPlainTextEdit, QTextEdit

KEYS: dict[str, tuple[Qt.Key, ...]] = {
    "next": (Qt.Key.Key_PageDown, Qt.Key.Key_Right, Qt.Key.Key_Space),
    "back": (Qt.Key.Key_PageUp, Qt.Key.Key_Left),
    "toggle": (Qt.Key.Key_F5, Qt.Key.Key_Escape),
    "black": (Qt.Key.Key_Period, Qt.Key.Key_B),
}
"""What a clicker sends, by what it does; some send Shift with F5."""

ALWAYS = frozenset({Qt.Key.Key_PageDown, Qt.Key.Key_PageUp, Qt.Key.Key_F5, Qt.Key.Key_Escape})
"""Keys that a field of text does not get either."""

TEXT = QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox
TOUCHES = frozenset({QEvent.Type.MouseButtonPress, QEvent.Type.MouseButtonDblClick, QEvent.Type.Wheel})


class Clicker(QObject):
    """Takes the keys of a clicker before any widget does, and tells when something else is touched.

    Args:
        does: what to do, by the names of KEYS.
        touched: called before a widget gets a press of the mouse, the wheel, or any other key.
    """

    def __init__(
        self, does: Mapping[str, Callable[[], object]], touched: Callable[[], object], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._touched = touched
        self._does = {key: does[name] for name, keys in KEYS.items() for key in keys}
        self._on = False

    def set_on(self, on: bool) -> None:
        """Take the keys, or leave them alone."""
        app = QCoreApplication.instance()
        if app is not None and on != self._on:
            self._on = on
            app.installEventFilter(self) if on else app.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take a key of the clicker; all else goes on, after it was told."""
        kind = event.type()
        if kind in TOUCHES:
            self._touched()
        elif isinstance(event, QKeyEvent) and kind in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return self._take(event)
        return False

    def _take(self, event: QKeyEvent) -> bool:
        """Whether a key is one of the clicker; it is asked for as a shortcut first, and then pressed."""
        key = Qt.Key(event.key())
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        ours = key in self._does and (plain or key is Qt.Key.Key_F5)
        if ours and isinstance(QApplication.focusWidget(), TEXT) and key not in ALWAYS:
            ours = False
        if event.type() is QEvent.Type.ShortcutOverride:
            if ours:
                event.accept()
            return ours
        if not ours:
            self._touched()
        elif not event.isAutoRepeat():
            self._does[key]()
        return ours
