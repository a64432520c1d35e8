"""What stands on the stage: one pane of ordinary work, as large as the screen, or the scenes of a talk."""

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QKeyEvent, QScreen
from PySide6.QtWidgets import QMainWindow

from diffview.gui.jobs.live import Live
from diffview.gui.session import Session
from diffview.gui.show.formulas_shown import numbers_of
from diffview.gui.story.awake import Awake
from diffview.gui.story.presenter import PresenterLine
from diffview.gui.story.stage import Showable, StageViews, StageWindow
from diffview.gui.story.talk import Talk
from diffview.gui.window.scales import StageScales
from diffview.gui.window.stage_parts import StageParts
from diffview.story.parts import PICTURES


class Staging(QObject):
    """Puts views of the window on the stage, on the screen that an audience sees, and gives them back.

    Attributes:
        pane: the view that is shown alone, "" for none.
        line: what only the speaker sees.
        screen: the number of the screen of a talk, from 1; 0: another than the window's where there is one.
        size: of the stage of a talk that no screen shows; None: as large as the screen.
    """

    def __init__(
        self, session: Session, live: Live, talk: Talk, parts: StageParts, scales: Callable[[], StageScales],
        window: QMainWindow,
    ) -> None:  # fmt: skip
        """`parts`: the views by the names that chapters give them; `scales` makes the bars beside pictures."""
        super().__init__(window)
        self._session, self._live, self._talk = session, live, talk
        self._window, self._parts, self._scales = window, parts, scales
        self._made: StageWindow | None = None
        self._shown: tuple[Showable, str] | None = None
        self.pane, self.screen = "", 0
        self.size: QSize | None = None
        self.line, self._awake = PresenterLine(talk), Awake(self)
        window.installEventFilter(self)
        talk.switched.connect(self._switch)
        talk.staged.connect(self._show_scene)
        talk.asked.connect(lambda part: self._parts.begin(part, anew=True))
        talk.works, parts.handled = parts.works, self._note_hand
        self._handled = False
        self._moving = QTimer(self, singleShot=True, interval=0)
        self._moving.timeout.connect(self._move)
        session.shows(self._show_numbers, "view.playhead", "course.schedule", "start.chain_length", at_once=False)
        live.shot_taken.connect(self._show_numbers)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.screenAdded.connect(self._watch)
            for changed in (app.screenAdded, app.screenRemoved, app.primaryScreenChanged):
                changed.connect(self._follow_screens)
            for screen in app.screens():
                self._watch(screen)

    @property
    def stage(self) -> StageWindow:
        """The stage, made when it is first needed."""
        if self._made is None:
            scales = self._scales()
            self._made = StageWindow(self._session, self._parts, scales, scales)
            self._made.setAttribute(Qt.WidgetAttribute.WA_QuitOnClose, False)
            self._made.addActions(self._window.actions())
            self._made.keyed.connect(self._take_key)
            self._made.closed.connect(self.leave)
        return self._made

    @property
    def parts(self) -> frozenset[str]:
        """The names of the views that can be on the stage."""
        return frozenset(self._parts)

    @property
    def on(self) -> bool:
        """Whether something is on the stage."""
        return self._made is not None and self._made.isVisible()

    # -- one view alone

    def toggle_pane(self, name: str) -> None:
        """Show a view of the window alone, or what was there before: the window again, or the scene of a talk."""
        if name == self.pane:
            self._talk.next() if self._talk.on else self.leave()  # it was left, and comes back to its place
            return
        self._talk.touches.touch()
        self._talk.touches.leave()
        self.pane, self._shown = name, None
        self.stage.show_stage(StageViews((name,)) if name in PICTURES else StageViews((), name))
        self.stage.show_scene("")
        if not self.on:
            self._enter(self._window.screen())
        self._parts[name].setFocus()

    def leave(self) -> None:
        """Give the views back and hide the stage; a talk that is on ends."""
        if self._talk.on:
            self._talk.end()
            return
        self.pane, self._shown = "", None
        if self._made is not None:
            self._window.setUpdatesEnabled(True)
            self._made.hide()
            self._made.set_black(False)
            self._made.clear()
            self._window.activateWindow()

    def close(self) -> None:
        """The window is closed."""
        self.leave()
        if self._made is not None:
            self._made.deleteLater()
            self._made = None

    # -- a talk

    def _switch(self, on: bool) -> None:
        """A talk begins, whose stage is seen when its first scene stands; or it ends."""
        self._awake.hold(on)
        self.pane = ""
        if on:
            self._parts.put_aside()
        else:
            self.line.set_on(False)
            self._parts.bring_back()
            self.leave()

    def _note_hand(self) -> None:
        """The hand has changed on the stage what the session does not say."""
        self._handled = True
        self._talk.touches.leave()

    def _show_scene(self) -> None:
        """Show how the stage stands."""
        talk, scene = self._talk, self._talk.scene
        if not talk.on or scene is None:
            return
        if not talk.left:
            self.pane = ""
            if self._handled:
                self._handled = False
                self._parts.settle()
        elif self.pane:
            self.stage.set_black(talk.black)
            return
        asked = scene.stage, talk.chapter.equation
        if asked != self._shown:
            self._shown = asked
            self.stage.show_stage(*asked)
        self.stage.show_scene(scene.sentence, scene.hidden, scene.lit)
        if scene.begun:
            self._parts.begin(scene.begun)
        self._show_numbers()
        self.stage.set_black(talk.black)
        if not self.on:
            screen = self._screen()
            self.line.set_on(screen is not self._window.screen())
            self._enter(screen)

    def _show_numbers(self) -> None:
        """Show the numbers at the playhead, and the loss of one shot there."""
        if self._made is None or self._shown is None:
            return
        self._made.show_numbers(numbers_of(self._session, self._live.shot))

    # -- screens

    def _screen(self) -> QScreen:
        """The screen of a talk."""
        screens, own = QGuiApplication.screens(), self._window.screen()
        if 0 < self.screen <= len(screens):
            return screens[self.screen - 1]
        return next((screen for screen in screens if screen.geometry() != own.geometry()), own)

    def _watch(self, screen: QScreen) -> None:
        """Follow a screen that is there, or has come: it may be mirrored, turned, or take another scale."""
        for changed in (screen.geometryChanged, screen.logicalDotsPerInchChanged):
            changed.connect(self._follow_screens)

    def _follow_screens(self, *_: object) -> None:
        """Screens are others than before: the stage goes to the one that it belongs on now, once all is told."""
        self._moving.start()

    def _move(self) -> None:
        if self.on:
            screen = self._screen() if self._talk.on else self._window.screen()
            self.line.set_on(self._talk.on and screen is not self._window.screen())
            if self.stage.screen() is not screen:
                self.stage.showNormal()  # a window manager moves none that is full screen
            self._enter(screen)

    def _enter(self, screen: QScreen) -> None:
        """Show the stage on a screen; a window that it covers is not drawn, which halves the work of a frame."""
        stage = self.stage
        self._window.setUpdatesEnabled(screen is not self._window.screen())
        if self.size is not None:
            stage.resize(self.size)
            stage.show()
            return
        stage.setScreen(screen)
        stage.setGeometry(screen.geometry())
        stage.showFullScreen()
        stage.activateWindow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A window that is brought to the front while the stage is on its screen is drawn again."""
        if event.type() is QEvent.Type.WindowActivate and self.on:
            self._window.setUpdatesEnabled(True)
        return super().eventFilter(watched, event)

    def _take_key(self, event: QKeyEvent) -> None:
        """Esc leaves; other keys do what they do in the window."""
        if self.pane and event.key() == Qt.Key.Key_Escape:
            self.leave()
        else:
            QCoreApplication.sendEvent(self._window, event)
