"""What the picture panels have in common."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from diffview.gui.widgets.card import Card, ElidedLabel

LARGEST_SHOWN = 1024
"""Longest side of a whole slice on screen; larger ones are strided, and the card says so."""


class PictureCard(Card):
    """A card with small controls beside its title, a picture, and a caption under it."""

    def __init__(
        self, title: str, accent: str | None = None, elide: Qt.TextElideMode = Qt.TextElideMode.ElideLeft
    ) -> None:
        super().__init__(title, accent=accent, elide=elide)
        self.content.setSpacing(4)
        self.caption = ElidedLabel()

    def fill(self, *widgets: QWidget) -> None:
        """Put the widgets and the caption under the header."""
        for widget in widgets:
            self.add(widget, 1)
        self.add(self.caption)
