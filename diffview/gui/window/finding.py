"""What is found by typing: all actions (Ctrl+Shift+P), their keys (F1), and the words of the program (F2)."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from diffview.gui.actions import ENTRIES, Actions
from diffview.gui.show.finding import FinderRow
from diffview.story.words import TERMS

if TYPE_CHECKING:
    from diffview.gui.widgets.small.finder import Finder

PALETTE, APART = "paletteAction", " · "

BY_HAND = (
    FinderRow("", "By mouse", "Zoom into a picture", "wheel"),
    FinderRow("", "By mouse", "See all of it", "double click"),
    FinderRow("", "By mouse", "Show a part by hand", "drag"),
    FinderRow("", "By mouse", "Add a point to the schedule", "double click"),
)


class Finders(QObject):
    """Opens the lists."""

    def __init__(self, actions: Actions, window: QWidget) -> None:
        super().__init__(window)
        self._actions, self._window = actions, window
        self._made: dict[str, Finder] = {}

    def handlers(self) -> dict[str, Callable[[], object]]:
        """The actions that open one, by name."""
        return {
            PALETTE: lambda: self._finder("Commands", "palette", self._trigger).open_with([*self._commands()]),
            "keysAction": lambda: self._finder("Keys", "keys", self._trigger).open_with([*self._keys()]),
            "wordsAction": lambda: self._words().open_with([*_terms()]),
        }

    def _finder(self, title: str, name: str, choose: Callable[[str], None]) -> "Finder":
        if name not in self._made:
            from diffview.gui.widgets.small.finder import Finder  # not before the first paint

            self._made[name] = Finder(title, name, self._window)
            self._made[name].chosen.connect(choose)
        return self._made[name]

    def _words(self) -> "Finder":
        if "words" not in self._made:
            from diffview.gui.widgets.small.finder import Finder
            from diffview.gui.widgets.small.word_view import WordView

            view = WordView()
            self._made["words"] = Finder("Words", "words", self._window, view)
            self._made["words"].looked_at.connect(view.show_term)
        return self._made["words"]

    def _trigger(self, name: str) -> None:
        """Do what an action does, with the list closed."""
        for finder in self._made.values():
            finder.accept()
        self._actions[name].trigger()

    def _commands(self) -> Iterator[FinderRow]:
        """All actions; one that is grey says why, if its tooltip does."""
        for entry in ENTRIES:
            action = self._actions[entry.name]
            if entry.name != PALETTE and action.isVisible():
                text = f"{entry.text} ✓" if action.isChecked() else entry.text
                why_not = "" if action.isEnabled() else self._actions.why_not(entry.name)
                yield FinderRow(entry.name, _group(entry.menu), text, ", ".join(entry.keys), why_not, entry.tip)

    def _keys(self) -> Iterator[FinderRow]:
        rows = [row for row in self._commands() if row.aside]
        rows.append(FinderRow("stopAction", "Run", "Stop; give up reading; leave the presentation", "Esc"))
        groups = {row.group.partition(APART)[0]: 0 for row in rows}
        for group in groups:
            yield from (row._replace(group=group) for row in rows if row.group.partition(APART)[0] == group)
        yield from BY_HAND


def _group(menu: str) -> str:
    return menu.replace("/", APART)


def _terms() -> Iterator[FinderRow]:
    for key, term in TERMS.items():
        yield FinderRow(key, "Words", term.name, more=term.meaning)
