"""Sentences about what was found, each with a dot in the colour of what it means."""

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from diffview.gui.widgets.small.findings_view import Dot
from diffview.gui.widgets.small.parts import empty, grid_of, named, words

Said = tuple[str, str, str]
"""The token of the dot, the sentence, and its tooltip."""


class SentencesView(QWidget):
    """A list of sentences."""

    def __init__(self, name: str) -> None:
        super().__init__()
        named(self, name)
        self._grid = grid_of(self, wide=1)
        self._said: tuple[Said, ...] = ()
        self.hide()

    def sentences(self) -> tuple[str, ...]:
        """The sentences shown."""
        return tuple(sentence for _, sentence, _ in self._said)

    def show_sentences(self, said: Sequence[Said]) -> None:
        """Show other sentences; the same ones change nothing, and none hide the list."""
        if tuple(said) == self._said:
            return
        self._said = tuple(said)
        empty(self._grid)
        for row, (token, sentence, tip) in enumerate(self._said):
            self._grid.addWidget(Dot(token), row, 0)
            self._grid.addWidget(named(words(sentence, dim=False), tip=tip), row, 1)
        self.setVisible(bool(self._said))
