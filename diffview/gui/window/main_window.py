"""The main window: builds the panels around one session, and connects the actions."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMenu, QToolBar, QVBoxLayout, QWidget

from diffview.gui.actions import APART, ENTRIES, Actions
from diffview.gui.errors import ErrorHook
from diffview.gui.jobs.ahead import import_ahead
from diffview.gui.jobs.browser import Browser
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.ensemble import Summaries
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.gap_scores import GapScores
from diffview.gui.jobs.level_search import LevelSearchJob
from diffview.gui.jobs.live import Live
from diffview.gui.panels.data import DataPanel
from diffview.gui.panels.diagnostics import DiagnosticsPanel
from diffview.gui.panels.field import FieldPanel
from diffview.gui.panels.filling import FillingPanel
from diffview.gui.panels.formulas import FormulaStrip
from diffview.gui.panels.images import ForwardPanel, ReversePanel, link_images
from diffview.gui.panels.inspector import InspectorPanel
from diffview.gui.panels.status import StatusPanel
from diffview.gui.panels.timeline import TimelinePanel
from diffview.gui.panels.toolbar import ToolbarPanel
from diffview.gui.session import Session
from diffview.gui.settings import Settings
from diffview.gui.window import dialogs
from diffview.gui.window.appearance import Appearance
from diffview.gui.window.awaiting import Awaiting
from diffview.gui.window.docking import PLOTS_INDEX, PLOTS_SHARE, Docks, add_dock
from diffview.gui.window.elsewhere import Elsewhere
from diffview.gui.window.finding import Finders
from diffview.gui.window.first_screen import FirstScreen
from diffview.gui.window.forking import Forking
from diffview.gui.window.gap_tool import GapTool
from diffview.gui.window.hall import HallWindow
from diffview.gui.window.keeping import Keeping
from diffview.gui.window.late import LateDock, LateJobs
from diffview.gui.window.layouts import EARTH, TEACHING, WindowRoom, placed_inside
from diffview.gui.window.looking import Looking
from diffview.gui.window.messages import Messages
from diffview.gui.window.opening import Opening
from diffview.gui.window.player import Player
from diffview.gui.window.pointer import Pointer
from diffview.gui.window.presenting import Presentation
from diffview.gui.window.rivaling import Rivaling
from diffview.gui.window.scales import Scales
from diffview.gui.window.sharing import Sharing
from diffview.gui.window.stage_parts import parts_of
from diffview.runs.recipe import Recipe

GAP = 8
READERS_MS = 200
"""Milliseconds after the first paint until what would delay the first run: the readers' start, imports ahead."""

LARGEST_START = (1920, 1160)
"""Size of the first window on a large screen."""


class MainWindow(LateJobs, HallWindow):
    """diffview's one window.

    Signals:
        painted: the window has been painted for the first time.
    """

    painted = Signal()

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        session.setParent(self)  # it goes with the window: what is connected to it holds the window's parts
        self.session, self.settings = session, settings
        self.setAcceptDrops(True)
        self.jobs = Jobs(session, self)
        self.live, self.files, self.player = Live(self.jobs), Files(session, self), Player(session, self)
        self.gap_scores = GapScores(self.jobs, self.live)
        self.summaries = Summaries(self.jobs, self.live)
        self.browser = Browser(session, self.files, self)
        self.opening = Opening(session, self.files, settings, self)
        self.search = LevelSearchJob(self.jobs)
        self.actions_ = Actions(self)
        self.keeping = Keeping(session, settings, self)
        self.sharing = Sharing(self.jobs, self.live, self.actions_, self)
        self._first_paint = True
        self._readers_soon = QTimer(self, singleShot=True, interval=READERS_MS)
        self._readers_soon.timeout.connect(self.files.reading.start)
        self._readers_soon.timeout.connect(self.browser.start)
        self._readers_soon.timeout.connect(import_ahead)
        self._build_panels()
        self._build_body()
        self._build_docks()
        self._build_tools()
        self._build_menus()
        self._connect()
        self.errors = ErrorHook(session.tell, self)  # before this a bug goes to stderr: nothing could be shown

    # -- building

    def _build_panels(self) -> None:
        session, live = self.session, self.live
        self.toolbar = ToolbarPanel(session, live, self.actions_)
        self.field, self.forward = FieldPanel(session), ForwardPanel(session)
        self.gaps = GapTool(session, self.actions_, self.field.view, self.forward.view)
        for button in (self.gaps.button, self.gaps.clear_button):
            self.field.add_control(button)
        self.reverse = ReversePanel(session, live, self.gap_scores, self.summaries)
        link_images(session, self.forward, self.reverse)
        self.diagnostics = DiagnosticsPanel(session, live, self.summaries, self.reverse.picture)
        self.timeline = TimelinePanel(session, live, self.player, self.search, self.actions_)
        self.status = StatusPanel(session, live)
        self.inspector = InspectorPanel(session, live, self.search, FillingPanel(session, self.gap_scores))

    def _build_body(self) -> None:
        """Lay out toolbar, pictures, plots, timeline and status line."""
        images, body = QWidget(), QWidget()
        row = QHBoxLayout(images)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for panel in (self.field, self.forward, self.reverse):
            row.addWidget(panel)
        self.scales = Scales(self.session, self.live, self.reverse, row)
        self.pointer = Pointer(self.session, self.field, self.forward, self.reverse, self.status, self.scales)
        body.installEventFilter(self)
        self.awaiting = Awaiting(self.files, self.toolbar, (self.field, self.forward, self.reverse), self)
        self.session.shows(self.awaiting.show_title, "facts.field")
        self.message_bar = Messages(self.session, images, body).bar
        self._rows = QVBoxLayout(body)
        self._rows.setContentsMargins(GAP, 0, GAP, 4)
        self._rows.setSpacing(GAP)
        self._rows.addWidget(images, 32)
        self._rows.insertWidget(PLOTS_INDEX, self.diagnostics, PLOTS_SHARE)
        self._rows.addWidget(FormulaStrip(self.session, self.live))
        self._rows.addWidget(self.timeline, 33)
        self._rows.addWidget(self.status)
        self.setCentralWidget(body)
        bar = QToolBar("Toolbar", self)
        bar.setObjectName("mainToolBar")
        bar.setMovable(False)
        bar.toggleViewAction().setEnabled(False)
        bar.addWidget(self.toolbar)
        self.addToolBar(bar)

    def _build_docks(self) -> None:
        data = DataPanel(self.session, self.files, self.browser)
        self.data_dock = add_dock(self, QDockWidget("Data", self), data, left=True)
        self.inspector_dock = add_dock(self, QDockWidget("Inspector", self), self.inspector)
        self.plots_dock = add_dock(self, QDockWidget("Plots", self))
        later = self.late_docks(self)
        self.train_dock, self.model_dock, self.race_dock, self.scoreboard_dock, *rest = later
        self.calibration_dock, self.rivals_dock, *_ = rest
        for dock in later:  # tabs behind the inspector
            add_dock(self, dock)
            self.tabifyDockWidget(self.inspector_dock, dock)
            dock.hide()
        docks = self.data_dock, self.inspector_dock, self.plots_dock, *later
        self.docks = {dock.objectName(): dock for dock in docks}

    def _build_tools(self) -> None:
        """What arranges the window, and does what its actions say."""
        self.arrangement = Docks(self, self.docks, self.diagnostics, self._rows)
        bar, field = self.toolbar, self.field
        furniture = (
            self.menuBar(), self.status, bar.open_button, bar.export, bar.device,
            field.draw, field.crop, self.gaps.button, self.forward.whole, self.forward.mode,
            self.reverse.kind, self.timeline.density, self.timeline.pencil, self.timeline.fork,
        )  # fmt: skip
        self.presentation = Presentation(self, self.arrangement, furniture)
        self.appearance = Appearance(self, self.session, self.settings, self.actions_, self.arrangement)
        self.looking = Looking(self.session, self.actions_, self.arrangement, self)
        self.forking = Forking(self.session, self.live, self.actions_)
        self.rivaling = Rivaling(self.session, self.actions_)
        own = self.keeping, self.settings, self.actions_
        self.first_screen = FirstScreen(self.session, self.files, *own, over=self.field)
        late = [dock for dock in self.docks.values() if isinstance(dock, LateDock)]
        self.parts = parts_of(self.field, self.forward, self.reverse, self.diagnostics, self.timeline, late)
        self.follow_double_clicks()

    def _build_menus(self) -> None:
        menus: dict[str, QMenu] = {}
        for entry in ENTRIES:
            if entry.menu not in menus:
                above, _, name = entry.menu.rpartition("/")
                menus[entry.menu] = (menus[above] if above else self.menuBar()).addMenu(name)
            if entry.name in APART:
                menus[entry.menu].addSeparator()
            menus[entry.menu].addAction(self.actions_[entry.name])
        menus["File"].insertMenu(self.actions_["packagedAction"], self.opening.recent)
        menus["View"].addSeparator()
        apart = {**dict.fromkeys(TEACHING, "Teach"), **dict.fromkeys(EARTH, "Earth")}  # in one: higher than 720 rows
        for name, dock in self.docks.items():
            if name == TEACHING[0]:
                menus["View"].addSeparator()
            menu = apart.get(name, "View")
            if menu not in menus:
                menus[menu] = menus["View"].addMenu(menu)
            menus[menu].addAction(dock.toggleViewAction())
        for name, what in self._handlers().items():
            self.actions_.connect(name, what)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        """What the actions do, by name."""
        parts = (
            self.opening, self.sharing, self.player, self.gaps, self.forking, self.rivaling,
            self.looking, self.appearance, self.arrangement, self.first_screen, Finders(self.actions_, self),
            Elsewhere(self.live, self.jobs, self.files, self),
        )  # fmt: skip
        own: dict[str, Callable[[], object]] = {
            "quitAction": self.close,
            "undoAction": self.session.undo,
            "redoAction": self.session.redo,
            "runAction": self.live.start,
            "nextSeedAction": self.live.start_next_seed,
            "stopAction": self.live.stop,
            "followAction": self.timeline.follow.click,
            "presentAction": self.presentation.toggle,
            "aboutAction": lambda: dialogs.show_about(self),
        }
        return own | self.hall_handlers() | {name: what for part in parts for name, what in part.handlers().items()}

    def _connect(self) -> None:
        """Connect what knows nothing of each other."""
        session, files, field = self.session, self.files, self.field
        self.inspector.more.clicked.connect(self.model_dock.show)
        self.inspector.more.clicked.connect(self.model_dock.raise_)
        files.reading.busy_changed.connect(lambda _: self.status.show_reading(files.reading.what, files.reading.share))
        self.status.give_up.clicked.connect(files.reading.cancel)
        self.browser.linked.connect(self.open_file)
        self.opening.lectureAsked.connect(lambda path: self.lecturing.start(Path(path)))
        self.sharing.writer.progressed.connect(self.status.show_writing)
        field.draw.toggled.connect(lambda on: self.gaps.set_armed(self.gaps.armed and not on))
        self.inspector.observations.drawAsked.connect(self.gaps.draw)
        self.gaps.armed_changed.connect(lambda: field.draw.setChecked(field.draw.isChecked() and not self.gaps.armed))
        field.pixelChosen.connect(self.browser.read_pixel)
        field.series.sliceChosen.connect(files.step_to)
        field.crop.clicked.connect(files.crop)
        self.browser.series_read.connect(field.show_series)
        files.opened.connect(lambda: field.show_index(files.picture))
        self.live.refine_asked.connect(lambda k: files.coarsen(k, "refine"))
        self.arrangement.lowered.connect(self.looking.follow_height)
        session.shows(lambda: field.show_crop(files.picture), "facts.field")
        session.shows(self._show_edits, "recipe", "facts.field")

    # -- state

    def is_idle(self) -> bool:
        """Whether nothing is computed, played, read or about to be."""
        busy = self.player.playing or self._readers_soon.isActive() or self.files.reading.busy or self.gap_scores.busy
        return self.live.idle and self.jobs.at_rest and not busy

    def open_file(self, path: str, dataset: str | None = None) -> None:
        """Open data, a recipe, a schedule, or the folder of a model; what is on screen stays if it cannot be read."""
        self.opening.open(path, dataset)

    def open_recipe(self, recipe: Recipe) -> None:
        """Open the slice that a recipe names, and take the recipe."""
        self.files.open_recipe(recipe)

    def _show_edits(self) -> None:
        """Enable undo and redo."""
        self.actions_.show("undoAction", "" if self.session.can_undo() else "There is no edit to take back.")
        self.actions_.show("redoAction", "" if self.session.can_redo() else "No edit was taken back.")

    # -- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that scrub; Esc stops a run, gives up reading, or leaves the presentation."""
        if event.key() != Qt.Key.Key_Escape:
            if not self.actions_.key_pressed(event):
                super().keyPressEvent(event)
        elif self.live.running:
            self.live.stop()
        elif self.files.reading.opening:
            self.files.reading.cancel()
        elif self.sharing.writer.active:
            self.sharing.writer.stop()
        elif self.gaps.armed:
            self.gaps.set_armed(False)
        elif self.presentation.on:
            self.presentation.toggle()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what is dropped: a file, a folder, or several files as one set."""
        paths = [url.toLocalFile() for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.opening.open_all(paths)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch the first paint of the body."""
        if event.type() is QEvent.Type.Paint and self._first_paint and self.isVisible():
            self._first_paint = False
            QTimer.singleShot(0, self, self.painted.emit)
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the settings, end threads and readers, and close; the first time not if a model cannot be written."""
        if "trainer" in vars(self) and not self.trainer.settle():
            event.ignore()
            return
        self.close_hall()
        if not self.presentation.on:
            self.settings.set_bytes("geometry", self.saveGeometry())
            self.arrangement.save(self.settings)
        self.looking.save(self.settings, WindowRoom.of(self.size()).low)
        self.keeping.close()
        self._readers_soon.stop()
        self.player.stop()
        self.jobs.close()
        for reader in (self.browser, self.files.reading):
            reader.close()
        self.errors.restore()
        event.accept()

    def restore(self, size: tuple[int, int] | None) -> None:
        """Take `size`, or the saved geometry if it lies on a screen, or most of the screen."""
        geometry = self.settings.bytes("geometry")
        if size is not None:
            self.resize(*size)
        elif geometry is None or not self.restoreGeometry(geometry):
            screen = QGuiApplication.primaryScreen().availableGeometry()
            self.resize(min(LARGEST_START[0], screen.width()), min(LARGEST_START[1], screen.height()))
            self.painted.connect(self.fit_screen)  # how large its frame is no window knows before it is shown
        remembered = self.arrangement.restore(self.settings, anew=size is not None)
        self.looking.begin(remembered, WindowRoom.of(self.size()).low)

    def fit_screen(self) -> None:
        """Bring the window onto its screen, with the frame that its system gives it."""
        if not self.isMaximized() and not self.isFullScreen():
            room = self.screen().availableGeometry()
            self.setGeometry(placed_inside(room, self.frameGeometry(), self.geometry()))

    def start(self) -> None:
        """Start the first run and the reader, and load torch if the recipe names a device."""
        self.timeline.slider.setFocus()
        view = self.session.view
        if self.session.facts.recorded is None:
            self.live.start(played=view.follow and not view.one_shot)
        self._readers_soon.start()
        self.keeping.begin()
        if self.session.recipe.denoiser.device != "auto":
            self.live.torch.load()
