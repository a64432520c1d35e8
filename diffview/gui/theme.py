"""One palette, one spacing, one set of type sizes; dark and light."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication

GRID = 8
RADIUS = 8
FONT = "Inter"
TEXT_PX = 13
SMALL_PX = 12


@dataclass(frozen=True)
class Palette:
    """Named colours of one appearance, as #rrggbb."""

    name: str
    bg: str
    panel: str
    raised: str
    line: str
    text: str
    dim: str
    forward: str
    reverse: str
    good: str
    warn: str
    bad: str
    no_data: str

    def colour(self, token: str, alpha: int = 255) -> QColor:
        """The colour of `token` with an opacity of 0..255."""
        colour = QColor(getattr(self, token))
        colour.setAlpha(alpha)
        return colour


DARK = Palette(
    name="dark", bg="#14171c", panel="#1b1f26", raised="#242a33", line="#2b313b", text="#e6e9ef", dim="#8b94a3",
    forward="#f2a93b", reverse="#4cc2e6", good="#7ee0a6", warn="#f2c94c", bad="#ff7b72", no_data="#2a2f3a",
)  # fmt: skip
LIGHT = Palette(
    name="light", bg="#f4f5f7", panel="#ffffff", raised="#eef0f3", line="#d9dde3", text="#1d232b", dim="#69727f",
    forward="#c77700", reverse="#0a7ea4", good="#1e8a55", warn="#a06a00", bad="#c2352b", no_data="#dfe3e8",
)  # fmt: skip
PALETTES = {"dark": DARK, "light": LIGHT}


class Theme(QObject):
    """The appearance in force; widgets repaint on `changed`."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._palette = DARK

    @property
    def palette(self) -> Palette:
        """The palette in force."""
        return self._palette

    def use(self, name: str) -> None:
        """Take the palette `name`: "dark", "light", or "system"."""
        if name == "system":
            scheme = QGuiApplication.styleHints().colorScheme()
            name = "light" if scheme is Qt.ColorScheme.Light else "dark"
        if PALETTES[name] is not self._palette:
            self._palette = PALETTES[name]
            self.changed.emit()


theme = Theme()
