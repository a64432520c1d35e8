"""What the window remembers between starts: geometry, view, appearance. One ini file."""

import dataclasses
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from diffview.gui.session import View
from diffview.paths import user_folder

REMEMBERED = ("auto_run", "pace", "quantity", "colormap")


class Settings:
    """Typed access to the ini file."""

    def __init__(self, path: Path | None = None) -> None:
        file = path or user_folder("config") / "diffview.ini"
        self._store = QSettings(str(file), QSettings.Format.IniFormat)

    def view(self) -> View:
        """The remembered view; anything unreadable is as at first."""
        view = View()
        kinds = {f.name: type(getattr(view, f.name)) for f in dataclasses.fields(View)}
        found: dict[str, Any] = {}
        for name in REMEMBERED:
            if self._store.contains(f"view/{name}"):
                text = str(self._store.value(f"view/{name}"))
                found[name] = text == "true" if kinds[name] is bool else kinds[name](text)
        return dataclasses.replace(view, **found)

    def save_view(self, view: View) -> None:
        """Remember the lasting parts of the view."""
        for name in REMEMBERED:
            value = getattr(view, name)
            self._store.setValue(f"view/{name}", ("true" if value else "false") if isinstance(value, bool) else value)

    def text(self, name: str, default: str) -> str:
        """A remembered word."""
        return str(self._store.value(name, default))

    def set_text(self, name: str, value: str) -> None:
        """Remember a word."""
        self._store.setValue(name, value)

    def bytes(self, name: str) -> QByteArray | None:
        """A remembered geometry or state."""
        value = self._store.value(name)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_bytes(self, name: str, value: QByteArray) -> None:
        """Remember a geometry or state."""
        self._store.setValue(name, value)
