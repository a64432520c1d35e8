"""Everything that can be done by menu or key, in one table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget


@dataclass(frozen=True)
class Entry:
    """One action: its object name, menu, text, keys and what it says of itself."""

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False


ENTRIES = (
    Entry("openAction", "File", "Open…", ("Ctrl+O",), "Open an HDF5 or netCDF-4 file, or a recipe"),
    Entry("packagedAction", "File", "Open the packaged field", (), "Back to the field that ships with diffview"),
    Entry("saveRecipeAction", "File", "Save recipe…", ("Ctrl+S",), "Save every setting as JSON"),
    Entry("savePictureAction", "File", "Save picture…", ("Ctrl+Shift+S",), "Save the window as PNG"),
    Entry("quitAction", "File", "Quit", ("Ctrl+Q",)),
    Entry("undoAction", "Edit", "Undo", ("Ctrl+Z",)),
    Entry("redoAction", "Edit", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    Entry("runAction", "Run", "Run", ("R", "Ctrl+R"), "Run the reverse process"),
    Entry("nextSeedAction", "Run", "Run with the next seed", ("Shift+R",)),
    Entry("stopAction", "Run", "Stop", (), "Stop the run; what is recorded stays (Esc)"),
    Entry("autoRunAction", "Run", "Run again after every edit", (), "Restart 0.2 s after an edit", True),
    Entry("paceThreeAction", "Run", "Play a run in 3 s", (), "", True),
    Entry("paceTenAction", "Run", "Play a run in 10 s", (), "", True),
    Entry("paceFreeAction", "Run", "Show a run as it comes", (), "", True),
    Entry("playAction", "Scrub", "Play the forward process", ("Space",)),
    Entry("forwardStepAction", "Scrub", "One step on", ("Right",)),
    Entry("backStepAction", "Scrub", "One step back", ("Left",)),
    Entry("forwardPageAction", "Scrub", "A twentieth on", ("PgDown",)),
    Entry("backPageAction", "Scrub", "A twentieth back", ("PgUp",)),
    Entry("homeAction", "Scrub", "To x₀", ("Home",)),
    Entry("endAction", "Scrub", "To pure noise", ("End",)),
    Entry("followAction", "Scrub", "Follow the run", ("F",)),
    Entry("presentAction", "View", "Present", ("F5",), "Full screen, without docks; Esc returns"),
    Entry("darkAction", "View", "Dark", (), "", True),
    Entry("lightAction", "View", "Light", (), "", True),
    Entry("systemAction", "View", "As the system", (), "", True),
    Entry("zoomInAction", "View", "Larger text", ("Ctrl++", "Ctrl+=")),
    Entry("zoomOutAction", "View", "Smaller text", ("Ctrl+-",)),
    Entry("zoomResetAction", "View", "Normal text", ("Ctrl+0",)),
    Entry("keysAction", "Help", "Keys", ("F1",)),
    Entry("aboutAction", "Help", "About diffview"),
)


class Actions(Mapping[str, QAction]):
    """The actions by object name, owned by the window; `connect` says what each does."""

    def __init__(self, window: QWidget) -> None:
        self._actions: dict[str, QAction] = {}
        for entry in ENTRIES:
            action = QAction(entry.text, window)
            action.setObjectName(entry.name)
            action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
            action.setCheckable(entry.checkable)
            keys = f" ({entry.keys[0]})" if entry.keys else ""
            action.setToolTip((entry.tip or entry.text) + keys)
            window.addAction(action)
            self._actions[entry.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self):  # type: ignore[no-untyped-def]  # noqa: ANN204
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def connect(self, name: str, what: Callable[[], object]) -> None:
        """Call `what` when the action is triggered."""
        self._actions[name].triggered.connect(lambda _checked=False: what())
