"""The base of the picture panels."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QWidget

from diffview.fields.transforms import Transform
from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show.card_facts import title_of
from diffview.gui.show.model_words import offered
from diffview.gui.widgets.small.card import CardFrame, ElidedLabel
from diffview.gui.widgets.small.text import set_tip
from diffview.runs.facts import Fits, standardised

Array = NDArray[np.float32]

LARGEST_SHOWN = 1024
"""Longest side of a whole slice on screen; larger ones are strided, and the card says so."""


def strided(fits: Fits, transform: Transform) -> Array:
    """The whole field through a transform, every k-th pixel of it where it is too large to follow a drag."""
    values = fits.of(standardised, transform)
    k = max(1, -(-max(values.shape) // LARGEST_SHOWN))
    return np.ascontiguousarray(values[::k, ::k])


class PictureCard(CardFrame):
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


class NetworkOffer(QPushButton):
    """A button to draw with a network of the open quantity; visible only while there is one."""

    def __init__(self, session: Session, live: Live, name: str) -> None:
        super().__init__()
        self._session, self._live = session, live
        self.setObjectName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._draw)
        session.changed.connect(lambda old, new: self.show_offer())
        self._name()
        if offered(session) is None:
            self.hide()  # showing it without a parent would open a window

    def show_offer(self) -> None:
        """Name the network, or hide the button."""
        self.setVisible(offered(self._session) is not None)
        self._name()

    def _name(self) -> None:
        if (found := offered(self._session)) is not None:
            card = found[1]
            self.setText(f"Draw with {card.name}")
            self.setAccessibleName(f"Draw with the network {card.name}")
            set_tip(self, f"A network for this quantity: {title_of(card)}")

    def _draw(self) -> None:
        found = offered(self._session)
        if found is not None and self._session.edit(model=found[0]):
            self._live.start()
