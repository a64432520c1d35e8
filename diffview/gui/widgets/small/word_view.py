"""One word: its name, its sentence, its equation, and where to read on."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from diffview.gui.theme import GRID
from diffview.gui.widgets.small.equation_view import EquationView
from diffview.gui.widgets.small.parts import Heading, say, words
from diffview.story.words import TERMS

EQUATION_PX = 18.0


class WordView(QWidget):
    """Shows a term by its key."""

    def __init__(self) -> None:
        super().__init__()
        self._name = Heading(name="wordName")
        self._meaning, self._read = words(name="wordMeaning", dim=False), words(name="wordRead")
        self._equation = EquationView(EQUATION_PX)
        self._equation.setObjectName("wordEquation")
        rows = QVBoxLayout(self)
        rows.setSpacing(2 * GRID)
        for part in (self._name, self._meaning, self._equation, self._read):
            rows.addWidget(part)
        rows.addStretch(1)

    def show_term(self, key: str) -> None:
        """Show a term; "" shows none."""
        term = TERMS.get(key)
        self._name.setText("" if term is None else term.name)
        say(self._meaning, "" if term is None else f"{term.meaning[0].upper()}{term.meaning[1:]}.")
        self._equation.set_equation("" if term is None else term.equation)
        self._equation.setVisible(term is not None and bool(term.equation))
        say(self._read, "" if term is None else f"Read on in docs/{term.read}.")
