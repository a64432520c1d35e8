"""About, and pictures of the window."""

from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtWidgets import QWidget

from diffview.machine import about_lines
from diffview.paths import write_bytes


def show_about(parent: QWidget) -> None:
    """Version, parts and licences."""
    _show(parent, "About diffview", "<br>".join(about_lines()))


def _show(parent: QWidget, title: str, text: str) -> None:
    from PySide6.QtWidgets import QMessageBox  # not before the first paint

    box = QMessageBox(parent)
    box.setObjectName("infoBox")
    box.setWindowTitle(title)
    box.setText(text)
    box.open()


def save_picture(window: QWidget, path: Path) -> None:
    """The window as PNG, at the resolution of its screen.

    Raises:
        UserError: if the file cannot be written.
    """
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    window.grab().save(buffer, "PNG")
    write_bytes(path, bytes(buffer.data().data()))
