"""Settings kept between starts: geometry, view, appearance. One ini file."""

import dataclasses
from collections.abc import Container
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from diffview.errors import UserError
from diffview.fields.colormaps import COLORMAPS
from diffview.forward.edits import QUANTITIES
from diffview.paths import LARGEST_TEXT, plain_size, user_folder
from diffview.runs.view import View

MOST_RECENT = 12
"""The most files in the menu."""

REMEMBERED = ("auto_run", "pace", "quantity", "densities", "colormap", "coast", "formulas")
ALLOWED: dict[str, Container[str]] = {
    "auto_run": ("true", "false"),
    "pace": ("0", "3", "10", "30", "0.0", "3.0", "10.0", "30.0"),  # the system writes 3.0 as 3
    "quantity": QUANTITIES,
    "densities": ("true", "false"),
    "coast": ("true", "false"),
    "formulas": ("true", "false"),
    "colormap": COLORMAPS,
    "theme": ("dark", "light", "system"),
}


class Settings:
    """Typed access to the ini file.

    Attributes:
        damaged: names of what was read, could not be understood, and is as at first.
        work_folder: where windows keep their work.
        unkept: why nothing is read from the file nor kept in it, as a sentence; "" if it is.
    """

    def __init__(self, path: Path | None = None) -> None:
        file = path or user_folder("config") / "diffview.ini"
        self.unkept, self.work_folder = "", file.with_suffix(".work")
        try:
            if (size := plain_size(file, "settings", "")) > LARGEST_TEXT:
                self.unkept = f"{file} has {size / 1e6:.3g} MB, which is too much for settings."
        except UserError as error:
            self.unkept = error.sentence
        except OSError:  # it is not there as yet, or its folder may not be read: see `not_kept`
            pass
        if self.unkept:  # below a file there is none: what is set stays in memory
            file = file / file.name
        self._store = QSettings(str(file), QSettings.Format.IniFormat)
        self.damaged: list[str] = []

    def beside(self, name: str) -> Path:
        """A file that lies beside the settings."""
        return Path(self._store.fileName()).parent / name

    def view(self) -> View:
        """The saved view; unreadable values are the defaults."""
        view = View()
        for name in REMEMBERED:
            text = str(self._store.value(f"view/{name}", ""))
            if not text or not self._is_allowed(name, text):
                continue
            kind = type(getattr(view, name))
            try:
                value = text == "true" if kind is bool else kind(text)
            except ValueError:
                self.damaged.append(name)
                continue
            change: dict[str, Any] = {name: value}
            view = dataclasses.replace(view, **change)
        return view

    def _is_allowed(self, name: str, text: str) -> bool:
        """Whether a saved text is one of those it can be; noted if not."""
        if name in ALLOWED and text not in ALLOWED[name]:
            self.damaged.append(name)
            return False
        return True

    def theme(self) -> str:
        """The saved appearance, "system" if there is none that can be read."""
        text = self.text("theme", "system")
        return text if self._is_allowed("theme", text) else "system"

    def save_view(self, view: View) -> None:
        """Save the lasting parts of the view."""
        for name in REMEMBERED:
            value = getattr(view, name)
            self._store.setValue(f"view/{name}", ("true" if value else "false") if isinstance(value, bool) else value)

    def recent(self) -> list[str]:
        """Files that were opened, the latest first."""
        count = self._store.beginReadArray("recent")
        paths = []
        for i in range(min(count, MOST_RECENT)):
            self._store.setArrayIndex(i)
            paths.append(str(self._store.value("path", "")))
        self._store.endArray()
        return [path for path in paths if path]

    def add_recent(self, path: str) -> None:
        """Add a file that was opened, to those that other windows have added meanwhile."""
        self._store.sync()
        paths = list(dict.fromkeys([path, *self.recent()]))[:MOST_RECENT]
        self._store.beginWriteArray("recent", len(paths))
        for i, each in enumerate(paths):
            self._store.setArrayIndex(i)
            self._store.setValue("path", each)
        self._store.endArray()

    def text(self, name: str, default: str) -> str:
        """A saved text."""
        return str(self._store.value(name, default))

    def set_text(self, name: str, value: str) -> None:
        """Save a text."""
        self._store.setValue(name, value)

    def bytes(self, name: str) -> QByteArray | None:
        """A saved geometry or state."""
        value = self._store.value(name)
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_bytes(self, name: str, value: QByteArray) -> None:
        """Save a geometry or state."""
        self._store.setValue(name, value)
