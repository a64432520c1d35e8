"""The main window: builds the panels around one session, and connects the actions."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QMainWindow, QMenu, QToolBar, QVBoxLayout, QWidget

from diffview.gui.actions import ENTRIES, Actions
from diffview.gui.errors import ErrorHook
from diffview.gui.jobs.background import AnyBackground
from diffview.gui.jobs.browser import Browser
from diffview.gui.jobs.files import Files
from diffview.gui.jobs.judge import Judge
from diffview.gui.jobs.level_search import LevelSearchJob
from diffview.gui.jobs.live import Live
from diffview.gui.panels.data import DataPanel
from diffview.gui.panels.diagnostics import DiagnosticsPanel
from diffview.gui.panels.field import FieldPanel
from diffview.gui.panels.filling import FillingPanel
from diffview.gui.panels.images import ForwardPanel, ReversePanel, link_images
from diffview.gui.panels.inspector import InspectorPanel
from diffview.gui.panels.status import StatusPanel
from diffview.gui.panels.timeline import TimelinePanel
from diffview.gui.panels.toolbar import ToolbarPanel
from diffview.gui.session import Message, Session
from diffview.gui.settings import Settings
from diffview.gui.show.moment import Change
from diffview.gui.theme import theme
from diffview.gui.widgets.small.message_bar import MessageBar
from diffview.gui.window import dialogs, forking
from diffview.gui.window.docking import PLOTS_INDEX, PLOTS_SHARE, Docks
from diffview.gui.window.gap_tool import GapTool
from diffview.gui.window.late import LateDock, LateJobs
from diffview.gui.window.layouts import LAYOUTS, WindowRoom
from diffview.gui.window.opening import Opening
from diffview.gui.window.player import Player
from diffview.gui.window.pointer import Pointer
from diffview.gui.window.presenting import Presentation
from diffview.gui.window.scales import Scales
from diffview.gui.window.sharing import Sharing
from diffview.runs.recipe import Recipe, default_recipe

GAP = 8
ZOOM_CHECK_MS = 50
READERS_MS = 200
"""Milliseconds after the first paint at which the reader processes are started, so as not to delay the first run."""

LARGEST_START = (1920, 1160)
"""Size of the first window on a large screen."""

PACES = {"paceThreeAction": 3.0, "paceTenAction": 10.0, "paceFreeAction": 0.0}
MODES = {"darkAction": "dark", "lightAction": "light", "systemAction": "system"}


class MainWindow(LateJobs, QMainWindow):
    """diffview's one window.

    Signals:
        painted: the window has been painted for the first time.
    """

    painted = Signal()

    def __init__(self, session: Session, settings: Settings) -> None:
        super().__init__()
        self.session, self.settings = session, settings
        self.setWindowTitle("diffview")
        self.setAcceptDrops(True)
        self.live, self.files, self.player = Live(session, self), Files(session, self), Player(session, self)
        self.judge = Judge(session, self.live, self)
        self.browser = Browser(session, self.files, self)
        self.opening = Opening(session, self.files, settings, self)
        self.actions_ = Actions(self)
        self._first_paint = self._densities = True
        self._readers_soon = QTimer(self, singleShot=True, interval=READERS_MS)
        self._readers_soon.timeout.connect(self.files.start)
        self._readers_soon.timeout.connect(self.browser.start)
        self._build()
        self._connect()
        self._show_run()
        self.errors = ErrorHook(session.tell, self)  # before this a bug goes to stderr: nothing could be shown

    # -- building

    def _build(self) -> None:
        session, live = self.session, self.live
        self.sharing = Sharing(session, live, self)
        self.toolbar = ToolbarPanel(session, live, self.actions_)
        self.message_bar = MessageBar()
        self.message_bar.setObjectName("messageBar")
        self.field, self.forward = FieldPanel(session), ForwardPanel(session)
        self.gaps = GapTool(session, self.actions_, self.field.view, self.forward.view)
        self.reverse = ReversePanel(session, live, self.judge)
        self.diagnostics = DiagnosticsPanel(session, live)
        self.search = LevelSearchJob(session, lambda: live.active, self)
        self.timeline = TimelinePanel(session, live, self.player, self.search, self.actions_)
        self.status = StatusPanel(session, live)
        images = QWidget()
        row = QHBoxLayout(images)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP)
        for panel in (self.field, self.forward, self.reverse):
            row.addWidget(panel, 1)
        self.scales = Scales(session, live, self.reverse, row)
        self.pointer = Pointer(session, self.field, self.forward, self.reverse, self.status, self.scales)
        self._images = images
        self._body = body = QWidget()
        self.message_bar.setParent(body)  # lies over the captions, so that nothing moves under the pointer
        body.installEventFilter(self)
        column = QVBoxLayout(body)
        column.setContentsMargins(GAP, 0, GAP, 4)
        column.setSpacing(GAP)
        column.addWidget(images, 32)
        column.insertWidget(PLOTS_INDEX, self.diagnostics, PLOTS_SHARE)
        column.addWidget(self.timeline, 33)
        column.addWidget(self.status)
        self._rows = column
        self.setCentralWidget(body)
        bar = QToolBar("Toolbar", self)
        bar.setObjectName("mainToolBar")
        bar.setMovable(False)
        bar.toggleViewAction().setEnabled(False)
        bar.addWidget(self.toolbar)
        self.addToolBar(bar)
        self._build_docks()
        self._build_menus()

    def _build_docks(self) -> None:
        session, live = self.session, self.live
        self.data_dock = self._dock(
            "Data", DataPanel(session, self.files, self.browser), Qt.DockWidgetArea.LeftDockWidgetArea
        )
        right = Qt.DockWidgetArea.RightDockWidgetArea
        self.inspector = InspectorPanel(session, live, self.search, FillingPanel(session, self.judge))
        self.inspector_dock = self._dock("Inspector", self.inspector, right)
        self.plots_dock = self._dock("Plots", None, right)
        self.train_dock, self.model_dock, self.race_dock, self.scoreboard_dock = later = (
            self._late_dock("Train", self.train_panel, right),
            self._late_dock("Model", self.model_panel, right),
            self._late_dock("Race", self.race_panel, right),
            self._late_dock("Scoreboard", self.scoreboard_panel, right),
        )
        for dock in later:  # tabs behind the inspector
            self.tabifyDockWidget(self.inspector_dock, dock)
            dock.toggleViewAction().triggered.connect(dock.raise_)
            dock.hide()
        self.arrangement = Docks(self, self.docks, self.diagnostics, self._rows)
        self.arrangement.lowered.connect(self._follow_height)
        self.presentation = Presentation(self, self.arrangement, self._furniture)

    def _show_model_dock(self) -> None:
        self.model_dock.show()
        self.model_dock.raise_()

    @property
    def docks(self) -> dict[str, QDockWidget]:
        """All docks, by object name."""
        docks = (
            self.data_dock, self.inspector_dock, self.plots_dock,
            self.train_dock, self.model_dock, self.race_dock, self.scoreboard_dock,
        )  # fmt: skip
        return {dock.objectName(): dock for dock in docks}

    def _dock(self, title: str, panel: QWidget | None, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        if panel is not None:
            dock.setWidget(panel)
        return self._add_dock(dock, area)

    def _late_dock(self, title: str, make: Callable[[], QWidget], area: Qt.DockWidgetArea) -> QDockWidget:
        return self._add_dock(LateDock(title, make, self), area)

    def _add_dock(self, dock: QDockWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock.setObjectName(f"{dock.windowTitle().lower()}Dock")
        self.addDockWidget(area, dock)
        return dock

    def _build_menus(self) -> None:
        menus: dict[str, QMenu] = {}
        for entry in ENTRIES:
            if entry.menu not in menus:
                above, _, name = entry.menu.rpartition("/")
                menus[entry.menu] = (menus[above] if above else self.menuBar()).addMenu(name)
            menus[entry.menu].addAction(self.actions_[entry.name])
        menus["File"].insertMenu(self.actions_["packagedAction"], self.opening.recent)
        for dock in self.docks.values():
            menus["View"].addAction(dock.toggleViewAction())

    def _connect(self) -> None:
        session, live = self.session, self.live
        self.inspector.more.clicked.connect(self._show_model_dock)
        session.changed.connect(self._clear_message)
        session.shows(self._show_undo, "recipe", "facts")
        session.shows(self._show_title, "facts.field")
        session.shows(self._show_view, "view.auto_run", "view.densities", "view.coast", "view.pace")
        session.shows(self._show_forks, "course")
        session.told.connect(self._tell)
        live.run_changed.connect(self._show_run)
        live.engine_loaded.connect(self._show_run)
        self.files.busy_changed.connect(lambda _: self.status.show_reading(self.files.reading, self.files.share))
        self.status.give_up.clicked.connect(self.files.cancel)
        self.browser.linked.connect(self.open_file)
        live.stepped.connect(self._show_forks)
        self.sharing.writer.progressed.connect(self.status.show_writing)
        self.field.draw.toggled.connect(lambda on: self.gaps.set_armed(self.gaps.armed and not on))
        self.gaps.armed_changed.connect(
            lambda: self.field.draw.setChecked(self.field.draw.isChecked() and not self.gaps.armed)
        )
        for button in (self.gaps.button, self.gaps.clear_button):
            self.field.add_control(button)
        link_images(session, self.forward, self.reverse)
        self.field.pixelChosen.connect(self.browser.read_pixel)
        self.field.series.sliceChosen.connect(self.files.step_to)
        self.field.crop.clicked.connect(self.files.crop)
        session.shows(lambda: self.field.show_crop(self.files.picture), "facts.field")
        self.browser.series_read.connect(self.field.show_series)
        self.files.opened.connect(self._show_index)
        for name, what in self._handlers().items():
            self.actions_.connect(name, what)
        theme.changed.connect(self._show_view)

    def _handlers(self) -> dict[str, Callable[[], object]]:
        """The actions of the table, by name."""
        session, live = self.session, self.live
        handlers: dict[str, Callable[[], object]] = {
            "packagedAction": lambda: self.open_recipe(default_recipe()),
            "quitAction": self.close,
            "undoAction": session.undo,
            "redoAction": session.redo,
            "runAction": live.start,
            "nextSeedAction": live.start_next_seed,
            "stopAction": live.stop,
            "gapAction": lambda: self.gaps.set_armed(self.actions_["gapAction"].isChecked()),
            "clearGapsAction": self.gaps.clear,
            "forkAction": partial(forking.fork_here, session, live),
            "forkNoiseAction": partial(forking.fork_here, session, live, True),
            "goBackAction": partial(forking.go_back, session),
            "autoRunAction": lambda: session.look(auto_run=self.actions_["autoRunAction"].isChecked()),
            "playAction": self.player.toggle,
            "forwardStepAction": lambda: self.scrub(1),
            "backStepAction": lambda: self.scrub(-1),
            "forwardPageAction": lambda: self.scrub(self._page()),
            "backPageAction": lambda: self.scrub(-self._page()),
            "homeAction": lambda: self.scrub(-session.recipe.start.chain_length),
            "endAction": lambda: self.scrub(session.recipe.start.chain_length),
            "followAction": self.timeline.follow.click,
            "densitiesAction": lambda: session.look(densities=self.actions_["densitiesAction"].isChecked()),
            "coastAction": lambda: session.look(coast=self.actions_["coastAction"].isChecked()),
            "presentAction": self.presentation.toggle,
            "zoomInAction": self._zoom_in,
            "zoomOutAction": lambda: theme.zoom(-1),
            "zoomResetAction": lambda: theme.zoom(0),
            "keysAction": lambda: dialogs.show_keys(self),
            "aboutAction": lambda: dialogs.show_about(self),
        }
        for name, pace in PACES.items():
            handlers[name] = partial(session.look, pace=pace)
        for name, mode in MODES.items():
            handlers[name] = partial(self._choose_theme, mode)
        handlers |= self.opening.handlers() | self.sharing.handlers()
        for name in LAYOUTS:
            handlers[name] = partial(self.arrangement.arrange, name)
        return handlers

    # -- state

    @property
    def _jobs(self) -> tuple[AnyBackground, ...]:
        """The jobs that compute or write beside the runs."""
        return (self.search, self.sharing.writer, *self.late_jobs)

    def is_idle(self) -> bool:
        """Whether nothing is computed, played, read or about to be."""
        busy = self.player.playing or self._readers_soon.isActive() or self.files.busy or self.judge.busy
        return self.live.idle and not (busy or any(job.active for job in self._jobs))

    def open_file(self, path: str, dataset: str | None = None) -> None:
        """Open data, a recipe, a schedule, or the folder of a model; what is on screen stays if it cannot be read."""
        self.opening.open(path, dataset)

    def open_recipe(self, recipe: Recipe) -> None:
        """Open the slice that a recipe names, and take the recipe."""
        self.files.open_recipe(recipe)

    def scrub(self, rows: int) -> None:
        """Move the playhead by rows of the chain."""
        length = self.session.recipe.start.chain_length
        row = min(max(round(self.session.view.playhead * length) + rows, 0), length)
        self.session.look(playhead=row / length, follow=False)

    def _follow_height(self, low: bool) -> None:
        """Hide the densities in a low window; show them again in a higher one if they were shown."""
        wanted = self.session.view.densities
        self._densities = wanted if low else self._densities or wanted
        self.session.look(densities=self._densities and not low)

    def _furniture(self) -> list[QWidget]:
        """The widgets that an audience does not need."""
        bar, field = self.toolbar, self.field
        own = [self.menuBar(), self.status, bar.open_button, bar.export, bar.device, field.draw, field.crop]
        return [*own, self.gaps.button, self.forward.whole, self.timeline.density]

    # -- showing

    def _show_undo(self) -> None:
        self.actions_["undoAction"].setEnabled(self.session.can_undo())
        self.actions_["redoAction"].setEnabled(self.session.can_redo())

    def _show_title(self) -> None:
        name = self.session.facts.field.name
        self.setWindowTitle(f"{name} · diffview" if name else "diffview")

    def _show_view(self) -> None:
        new = self.session.view
        self.actions_["autoRunAction"].setChecked(new.auto_run)
        self.actions_["densitiesAction"].setChecked(new.densities)
        self.actions_["coastAction"].setChecked(new.coast)
        for name, pace in PACES.items():
            self.actions_[name].setChecked(new.pace == pace)
        for name, mode in MODES.items():
            self.actions_[name].setChecked(theme.mode == mode)

    def _show_run(self) -> None:
        self.actions_["stopAction"].setEnabled(self.live.running)
        self.sharing.show_run(self.actions_)
        self._show_forks()

    def _show_forks(self) -> None:
        why = forking.why_not(self.live)
        self.actions_.show("forkAction", why)
        self.actions_.show("forkNoiseAction", why or forking.why_no_noise(self.session))
        self.actions_.show("goBackAction", "" if self.session.recipe.course.fork else "The run is no fork.")

    def _choose_theme(self, mode: str) -> None:
        theme.use(mode)
        self.settings.set_text("theme", mode)
        self._show_view()

    def _tell(self, message: Message) -> None:
        self.message_bar.show_message(message.sentence, message.hint, message.kind, message.action)
        self._place_message()

    def _place_message(self) -> None:
        """Put the message at the foot of the pictures, as high as its text."""
        bar, images = self.message_bar, self._images.geometry()
        height = max(bar.sizeHint().height(), bar.heightForWidth(images.width()))
        bar.setGeometry(images.left(), images.bottom() - height + 1, images.width(), height)
        bar.raise_()

    def _clear_message(self, change: Change) -> None:
        """Clear the message after an edit, unless the plan still has its note."""
        text, edited = self.message_bar.text(), change.old.recipe is not change.new.recipe
        if edited and text and not any(note.why in text for note in self.session.plan.notes):
            self.message_bar.clear()

    def _zoom_in(self) -> None:
        """Larger text, as long as the window still fits its screen."""
        before = theme.scale
        theme.zoom(1)

        def fit() -> None:
            size = self.size().boundedTo(self.screen().availableGeometry().size())
            self.arrangement.follow(size)
            if (layout := self.layout()) is not None:
                layout.activate()  # the minimum size is then that of the new arrangement
            self.resize(size)

        def check() -> None:
            room, needed = self.screen().availableGeometry(), self.minimumSizeHint()
            if needed.width() > room.width() or needed.height() > room.height():
                theme.set_scale(before)
                QTimer.singleShot(ZOOM_CHECK_MS, self, fit)  # until then the larger text keeps the window wide
                self.session.tell(Message("The text cannot be larger on this screen.", "Close a dock to make room."))

        QTimer.singleShot(ZOOM_CHECK_MS, self, check)

    def _show_index(self) -> None:
        """Show which slice along each dimension is on screen."""
        picture = self.files.picture
        if picture is not None:
            for (dim, _), index in zip(picture.other_dims, picture.index, strict=True):
                self.field.series.show_index(dim, index)

    def _page(self) -> int:
        return max(1, self.session.recipe.start.chain_length // 20)

    # -- events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that scrub; Esc stops a run, gives up reading, or leaves the presentation."""
        if event.key() != Qt.Key.Key_Escape:
            if not self.actions_.key_pressed(event):
                super().keyPressEvent(event)
        elif self.live.running:
            self.live.stop()
        elif self.files.opening:
            self.files.cancel()
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
        """Open the first file dropped."""
        urls = [url for url in event.mimeData().urls() if url.isLocalFile()]
        if urls:
            self.open_file(urls[0].toLocalFile())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Watch the first paint of the body, and its layout, which the message follows."""
        if event.type() is QEvent.Type.Paint and self._first_paint and self.isVisible():
            self._first_paint = False
            QTimer.singleShot(0, self, self.painted.emit)
        elif event.type() is QEvent.Type.LayoutRequest or event.type() is QEvent.Type.Resize:
            QTimer.singleShot(0, self, self._place_message)
        return super().eventFilter(watched, event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Save the settings, end threads and readers, and close; the first time not if a model cannot be written."""
        if "trainer" in vars(self) and not self.trainer.settle():
            event.ignore()
            return
        if not self.presentation.on:
            self.settings.set_bytes("geometry", self.saveGeometry())
            self.arrangement.save(self.settings)
        view = self.session.view
        hidden = self._densities and WindowRoom.of(self.size()).low
        self.settings.save_view(replace(view, densities=view.densities or hidden))
        self._readers_soon.stop()
        self.player.stop()
        self.live.close()
        for job in self._jobs:
            job.close()
        for reader in (self.judge, self.browser, self.files):
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
        remembered = self.arrangement.restore(self.settings, anew=size is not None)
        self._densities = self.session.view.densities if remembered else True
        self.session.look(densities=self._densities and not WindowRoom.of(self.size()).low)

    def start(self) -> None:
        """Start the first run and the reader, and load torch if the recipe names a device."""
        self.timeline.slider.setFocus()
        self.live.start()
        self._readers_soon.start()
        if self.session.recipe.denoiser.device != "auto":
            self.live.load_engine()
