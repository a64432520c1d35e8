"""Everything that can be done by menu or key, in one table."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget

from diffview.gui.widgets.small.text import set_tip
from diffview.runs.examples import EXAMPLES


@dataclass(frozen=True)
class Entry:
    """One action: its object name, menu, text, keys and tooltip."""

    name: str
    menu: str
    text: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False


SCRUB, LAYOUT, EXPORT, EXAMPLE = "Scrub", "View/Layout", "File/Export", "File/Examples"
PANE, APPEARANCE = "View/One alone", "View/Appearance"
"""Menus; "View/Layout" is the menu Layout in View."""

AFTER_WIDGETS = (SCRUB, PANE)
"""Menus whose keys are arrows, letters and figures: a widget that uses one itself comes first."""

PANES = {
    "field": "Field", "forward": "Forward", "reverse": "Reverse", "histogram": "Histogram", "spectrum": "Spectrum",
    "scale_time": "SNR by scale", "schedule": "Schedule",
}  # fmt: skip
"""The views of the window that can be seen alone, and what they are called, in the order of their keys."""

ENTRIES = (
    Entry("openAction", "File", "Open…", ("Ctrl+O",), "Open a file, several as one set, or a recipe"),
    Entry("openFolderAction", "File", "Open folder…", (), "Many files as one set, joined along time; Zarr stores"),
    Entry("goOnAction", "File", "Go on where I was", (), "What the window that ended last had: field, settings, view"),
    Entry("packagedAction", "File", "Open the packaged field", (), "Back to the field that ships with diffview"),
    *(Entry(f"{key}ExampleAction", EXAMPLE, example.title, (), f"{example.tip}.") for key, example in EXAMPLES.items()),
    Entry(
        "openModelAction", "File", "Open model…", (), "Open the folder of a network: one trained here, or of diffusers"
    ),
    Entry(
        "openJobAction",
        "File",
        "Open job…",
        (),
        "How far a job of `diffview sample --on` is, or a training of `diffview train`: the folder of its -o",
    ),
    Entry(
        "connectAction",
        "File",
        "Connect to a cluster…",
        (),
        "Have the members of this run made by the workers of a Dask scheduler, by its address",
    ),
    Entry("saveRecipeAction", "File", "Save recipe…", ("Ctrl+S",), "Save every setting as JSON"),
    Entry(
        "importScheduleAction",
        "File",
        "Import schedule…",
        (),
        "A table, sigmas, a scheduler_config, settings of EDM, PhysicsNeMo or anemoi, with the levels executed",
    ),
    Entry("keepScheduleAction", "File", "Keep schedule as…", (), "Save the schedule in force among mine, in the list"),
    Entry("dropScheduleAction", "File", "Remove from my schedules", (), "The one in force, which stays so"),
    Entry("exportForwardAction", EXPORT, "Forward state xₜ…", (), "x₀, xₜ and the noise at the playhead, as netCDF-4"),
    Entry("exportRunAction", EXPORT, "Run…", (), "Every recorded step, as netCDF-4"),
    Entry("exportEnsembleAction", EXPORT, "Ensemble…", (), "Members at the end, mean and spread, as netCDF-4"),
    Entry("exportHistogramAction", EXPORT, "Histogram…", (), "The densities on screen, as CSV"),
    Entry("exportSpectrumAction", EXPORT, "Spectrum…", (), "The spectra on screen, as CSV"),
    Entry("exportScheduleAction", EXPORT, "Schedule…", (), "Its rows, or the levels of the run, for other programs"),
    Entry("exportAnimationAction", EXPORT, "Animation…", (), "A film of noise put in, of the run or of the window"),
    Entry("exportLectureAction", EXPORT, "Lecture…", (), "The lecture that was on last, as a page of HTML or as PDF"),
    Entry(
        "saveViewAction",
        EXPORT,
        "Picture of the view…",
        (),
        "The view clicked last, as PNG or SVG (or by its menu)",
    ),
    Entry("savePictureAction", EXPORT, "Picture of the window…", ("Ctrl+Shift+S",), "Save the window as PNG"),
    Entry("quitAction", "File", "Quit", ("Ctrl+Q",)),
    Entry("undoAction", "Edit", "Undo", ("Ctrl+Z",)),
    Entry("redoAction", "Edit", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y")),
    Entry(
        "gapAction",
        "Edit",
        "Paint gaps",
        ("G",),
        "Hide pixels by dragging over Forward or Field: a run fills them, and is scored against what was hidden",
        True,
    ),
    Entry("clearGapsAction", "Edit", "Clear gaps", ("Shift+G",), "Hide nothing"),
    Entry("copyAction", "Edit", "Copy view", ("Ctrl+C",), "Picture, values and caption of the view under the pointer"),
    Entry(
        "copyCommandAction",
        "Edit",
        "Copy as command line",
        ("Ctrl+Shift+C",),
        "diffview sample that makes this run",
    ),
    Entry("runAction", "Run", "Run", ("R", "Ctrl+R"), "Run the reverse process"),
    Entry("nextSeedAction", "Run", "Run with the next seed", ("Shift+R",)),
    Entry("stopAction", "Run", "Stop", (), "Stop the run; what is recorded stays (Esc)"),
    Entry("forkAction", "Run", "Fork here", ("Shift+F",), "Go on from the step on screen with other settings"),
    Entry("forkNoiseAction", "Run", "Fork here with new noise", ("Ctrl+Shift+F",), "The same settings, other noise"),
    Entry("goBackAction", "Run", "Return to the run it leaves", ("Shift+B",), "The run that was forked, as it was"),
    Entry("addRivalAction", "Run", "Add a rival", ("Shift+A",), "One more way to run, in force, to be changed"),
    Entry("flipRivalAction", "Run", "Flip to the next rival", ("X",), "Bring the next rival into force"),
    Entry("flipBackAction", "Run", "Flip to the rival before", ("Shift+X",), "Bring the one before into force"),
    Entry("dropRivalAction", "Run", "Drop the rival in force", (), "The one before it comes into force"),
    Entry(
        "downscaleAction",
        "Run",
        "Make coarse and bring back…",
        (),
        "By SDEdit, by operator, by a conditional network, exactly: beside one another",
    ),
    Entry("autoRunAction", "Run", "Run again after every edit", (), "Restart 0.2 s after an edit", True),
    Entry("paceThreeAction", "Run", "Play in 3 s", (), "A run, and what Space plays", True),
    Entry("paceTenAction", "Run", "Play in 10 s", (), "A run, and what Space plays", True),
    Entry("paceThirtyAction", "Run", "Play in 30 s", (), "A run, and what Space plays", True),
    Entry("paceFreeAction", "Run", "Show a run as it comes", (), "", True),
    Entry("playAction", SCRUB, "Play the forward process", ("Space",)),
    Entry("playBackAction", SCRUB, "Play back from noise", ("Shift+Space",), "From t = T to 0: the run, as recorded"),
    Entry("loopAction", SCRUB, "Play again and again", ("L",), "What is played begins anew at its end", True),
    Entry("forwardStepAction", SCRUB, "One step on", ("Right",)),
    Entry("backStepAction", SCRUB, "One step back", ("Left",)),
    Entry("forwardPageAction", SCRUB, "A twentieth on", ("PgDown",)),
    Entry("backPageAction", SCRUB, "A twentieth back", ("PgUp",)),
    Entry("homeAction", SCRUB, "To x₀", ("Home",)),
    Entry("endAction", SCRUB, "To pure noise", ("End",)),
    Entry("followAction", SCRUB, "Follow the run", ("F",)),
    Entry(
        "densitiesAction", "View", "Densities over ln s", (), "Schedule, grid and training, below the schedule", True
    ),
    Entry("oneShotAction", "View", "One shot", ("O",), "What the model says of xₜ at the playhead; or the run", True),
    Entry("formulasAction", "View", "Formulas", ("M",), "Of what is shown, with numbers under the playhead", True),
    Entry("coastAction", "View", "Coastlines", ("C",), "Over pictures that lie on Earth", True),
    Entry("lectureAction", "View", "Start the lecture", ("F5", "Shift+F5"), "Diffusion models, told from the start"),
    Entry("writeLectureAction", "View", "Write a lecture…", (), "Chapters captured from the window, in their order"),
    Entry("presentAction", "View", "Present", ("F11",), "What is on screen, large and without docks; Esc returns"),
    Entry("darkAction", APPEARANCE, "Dark", (), "", True),
    Entry("lightAction", APPEARANCE, "Light", (), "", True),
    Entry("systemAction", APPEARANCE, "As the system", (), "", True),
    Entry("zoomInAction", "View", "Larger text", ("Ctrl++", "Ctrl+=")),
    Entry("zoomOutAction", "View", "Smaller text", ("Ctrl+-",)),
    Entry("zoomResetAction", "View", "Normal text", ("Ctrl+0",)),
    Entry("exploreLayoutAction", LAYOUT, "Explore", ("Ctrl+1",), "Data and inspector beside the pictures"),
    Entry("trainLayoutAction", LAYOUT, "Train", ("Ctrl+2",), "Training, and how good its model is"),
    Entry(
        "compareLayoutAction", LAYOUT, "Compare", ("Ctrl+3",), "Samplers raced, and settings scored on held-out fields"
    ),
    Entry("teachLayoutAction", LAYOUT, "Teach", ("Ctrl+4",), "One dimension, the plane, and one step"),
    Entry(
        "earthLayoutAction",
        LAYOUT,
        "Earth",
        ("Ctrl+5",),
        "Rain from channels, days from a month",
    ),
    Entry("resetLayoutAction", LAYOUT, "Reset layout", (), "Every dock as at the first start"),
    *(
        Entry(f"{name}PaneAction", PANE, text, (f"{key}",), f"{text} alone, on the whole screen; Esc returns")
        for key, (name, text) in enumerate(PANES.items(), 1)
    ),
    Entry("keysAction", "Help", "Keys", ("F1",), "All keys, by what they are for"),
    Entry("wordsAction", "Help", "Words", ("F2",), "What the words and symbols on screen mean"),
    Entry("paletteAction", "Help", "Find a command…", ("Ctrl+Shift+P",), "All that can be done, by a few letters"),
    Entry("aboutAction", "Help", "About diffview"),
)

APART = frozenset({
    "saveRecipeAction", "quitAction", "gapAction", "copyAction", "forkAction", "addRivalAction", "autoRunAction",
    "paceThreeAction", "followAction", "lectureAction", "zoomInAction", "resetLayoutAction",
})  # fmt: skip
"""The actions above which a line lies in their menu."""


class Actions(Mapping[str, QAction]):
    """The actions by object name, owned by the window; `connect` says what each does."""

    def __init__(self, window: QWidget) -> None:
        self._actions: dict[str, QAction] = {}
        self._why_not: dict[str, str] = {}
        for entry in ENTRIES:
            action = QAction(entry.text, window)
            action.setObjectName(entry.name)
            action.setShortcuts([QKeySequence(keys) for keys in entry.keys])
            if entry.menu in AFTER_WIDGETS:  # see `key_pressed`
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
            action.setCheckable(entry.checkable)
            set_tip(action, _tip(entry))
            window.addAction(action)
            self._actions[entry.name] = action

    def show(self, name: str, why_not: str) -> None:
        """Enable an action, or grey it with the reason `why_not` in its tooltip; "" enables it."""
        action = self._actions[name]
        self._why_not[name] = why_not
        action.setEnabled(not why_not)
        set_tip(action, why_not or _tip(next(entry for entry in ENTRIES if entry.name == name)))

    def why_not(self, name: str) -> str:
        """Why an action is grey, as far as it was said."""
        return self._why_not.get(name) or "not now."

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def key_pressed(self, event: QKeyEvent) -> bool:
        """Trigger the action of a key that no widget used; returns whether there was one."""
        pressed = QKeySequence(event.keyCombination())
        for entry in ENTRIES:
            if entry.menu in AFTER_WIDGETS and pressed in self._actions[entry.name].shortcuts():
                self._actions[entry.name].trigger()
                return True
        return False

    def connect(self, name: str, what: Callable[[], object]) -> None:
        """Call `what` when the action is triggered."""
        self._actions[name].triggered.connect(lambda _checked=False: what())


def names_in(menu: str) -> list[str]:
    """Names of the actions of a menu."""
    return [entry.name for entry in ENTRIES if entry.menu == menu]


def _tip(entry: Entry) -> str:
    return (entry.tip or entry.text) + (f" ({entry.keys[0]})" if entry.keys else "")
