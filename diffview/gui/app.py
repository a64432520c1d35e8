"""Starting the window: the application, the first picture, `--shot`."""

import contextlib
import gc
import locale
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QLocale, QSize, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from diffview.errors import UserError
from diffview.gui.session import Message, Session
from diffview.gui.settings import Settings
from diffview.gui.show.ensemble_picture import looked_at
from diffview.gui.show.news import news
from diffview.gui.theme import theme
from diffview.gui.window.dialogs import save_picture
from diffview.gui.window.ending import Ending
from diffview.gui.window.main_window import MainWindow
from diffview.models.cards import read_cards
from diffview.models.formulas import FORMULAS
from diffview.paths import not_kept, plain_target
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import GIVEN, Recipe, default_recipe

if TYPE_CHECKING:
    from diffview.gui.story.rehearsal import Rehearsal
    from diffview.story.place import Place

SHOT_LIMIT_S = 120
ARRANGED = 5
"""Turns of the event loop after which a window that was made small has its arrangement."""

SETTLE_MS = 300


def application() -> QApplication:
    """The one QApplication.

    Raises:
        UserError: if there is no screen to show it on.
    """
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    if sys.platform.startswith("linux") and not _has_display():
        raise UserError(
            "diffview has no screen to show its window on.",
            "Start it in a desktop session, or make a picture with --shot OUT.png.",
        )
    QLocale.setDefault(QLocale.c())
    QGuiApplication.setDesktopFileName("diffview")
    app = QApplication(["diffview"])
    _leave_locale()
    app.setApplicationName("diffview")
    return app


def _leave_locale() -> None:
    """Leave the locale of the environment, which Qt has set for all libraries of this process.

    In one of commas they would read 1.5 as 1; in Turkish, where i is no small I, PySide finds no setter of `interval`.
    """
    for plain in ("C.UTF-8", "en_US.UTF-8", "C"):
        with contextlib.suppress(locale.Error):
            locale.setlocale(locale.LC_ALL, plain)
            return


def _has_display() -> bool:
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    return bool(
        os.environ.get("DISPLAY")
        or os.environ.get("WAYLAND_DISPLAY")
        or platform.split(":")[0] in ("offscreen", "minimal")
    )


def create_window(
    recipe: Recipe | None = None,
    path: str | None = None,
    dataset: str | None = None,
    settings: Settings | None = None,
    facts: Facts | None = None,
) -> MainWindow:
    """The window, built but not shown, on the packaged field or on `facts`; a file or recipe is opened behind it."""
    unkept = not_kept("config") if settings is None else ""
    settings = settings or Settings()
    unkept = settings.unkept = unkept or settings.unkept
    theme.install(application(), settings.theme())
    damaged: list[UserError] = []
    cards = read_cards(damaged.append)
    known = recipe is not None and recipe.source.path is None and recipe.denoiser.model in {*FORMULAS, *cards}
    first = recipe if recipe is not None and known else default_recipe()
    if facts is not None:  # of an array; a recipe names the file that has all of it
        packaged = np.array_equal(facts.field.values, packaged_field().values, equal_nan=True)
        given = None if packaged else GIVEN
        first = Recipe.of(model=next(iter(facts.given), "local"), path=given)
    session = Session(first, (facts or Facts(packaged_field())).learn(cards=cards), settings.view())
    window = MainWindow(session, settings)
    _tell_start(session, unkept, settings.damaged, damaged)
    if path is not None:
        window.open_file(path, dataset)
    elif recipe is not None and not known:
        window.open_recipe(recipe)
    return window


def _tell_start(session: Session, unkept: str, settings: list[str], cards: list[UserError]) -> None:
    """Say what of the recipe is not as asked, and what of the user's own is damaged; of several cards the first."""
    if (told := news(None, session.now)) is not None:
        session.tell(Message(*told))
    if unkept:
        session.tell(Message(unkept, "Settings last until the window is closed.", "warning"))
    if settings:
        said = f"The saved settings of {', '.join(settings)} are damaged."
        session.tell(Message(said, "They are as at the first start.", "warning"))
    if cards:
        others = f" So {'is' if len(cards) == 2 else 'are'} {len(cards) - 1} more." if len(cards) > 1 else ""
        session.tell(Message(f"{cards[0].sentence}{others}", "It is passed over. " + cards[0].hint, "warning"))


def show_window(window: MainWindow, size: tuple[int, int] | None = None) -> None:
    """Show the window, and start it after the first paint."""
    window.restore(size)
    window.painted.connect(_resume_collecting)
    window.painted.connect(window.start)
    window.show()


def _resume_collecting() -> None:
    """Collect garbage again if it was off during the start (see commands/gui.py), sparing the objects made so far."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


def run_app(recipe: Recipe | None, lecture: Path | None = None, present: bool = False, screen: int = 0) -> int:
    """Run until the window is closed, by its button or by a signal; the exit status.

    `present` begins the lecture, or the one that comes with the program, where it was cut short; on the screen of this
    number, counted from 1, or on another than the window's where there is one.
    """
    app = application()
    window = create_window(recipe)
    show_window(window)
    if recipe is None:
        window.first_screen.begin()
    if screen:
        window.staging.screen = screen
    if present:  # once the window was painted, which starts it: the stage covers it, and then it is not painted
        window.painted.connect(lambda: window.lecturing.start(lecture))
    else:
        window.offer_talk()
    ending = Ending(window.close, window)
    try:
        return int(app.exec()) or ending.status
    finally:
        ending.restore()


def check_lecture(lecture: Path | None, size: tuple[int, int], mode: str | None, tell: Callable[[str], None]) -> int:
    """Play every beat of a lecture unattended, and tell what was seen; the exit status, 1 where something is wrong.

    Raises:
        UserError: if the lecture cannot be read.
    """
    from diffview.gui.story.rehearsal import rehearsed  # as all of a talk, not before the first paint

    with rehearsing(lecture, size, mode, lambda window, _: window.staging.stage.faults()) as (_, rehearsal):
        return 0 if rehearsed(rehearsal, tell) else 1


@contextlib.contextmanager
def rehearsing(
    lecture: Path | None, size: tuple[int, int], mode: str | None = None,
    looked: Callable[[MainWindow, "Place"], list[str]] = lambda window, place: [],
) -> Iterator[tuple[MainWindow, "Rehearsal"]]:  # fmt: skip
    """A window with a talk on, settings of its own, and what plays the talk; `looked` at every place.

    Raises:
        UserError: if the lecture cannot be read.
    """
    from diffview.gui.story.rehearsal import Rehearsal
    from diffview.story.lecture import packaged_lecture, read_lecture

    if not _has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = application()
    asked = packaged_lecture() if lecture is None else read_lecture(lecture)

    def turn() -> None:
        app.processEvents()
        time.sleep(0.001)

    with tempfile.TemporaryDirectory() as folder:
        window = create_window(settings=Settings(Path(folder) / "diffview.ini"))
        if mode is not None:
            theme.use(mode)
        window.staging.size = QSize(*size)
        painted: list[bool] = []
        window.painted.connect(lambda: painted.append(True))
        show_window(window, size)
        _wait(app, lambda: bool(painted))
        try:
            window.lecturing.begin(asked)
            talk = window.lecturing.talk
            yield window, Rehearsal(talk, window.session, turn, window.is_idle, lambda place: looked(window, place))
        finally:
            window.close()


def take_shot(
    out: Path,
    size: tuple[int, int],
    after: str,
    recipe: Recipe | None = None,
    mode: str | None = None,
    playhead: float | None = None,
    ensemble: str | None = None,
) -> None:
    """Write a picture of the window after its first paint, or after its first run has played.

    Raises:
        UserError: if the picture cannot be written, or a file not opened.
    """
    plain_target(out)  # before the work
    if playhead is not None and not 0 <= playhead <= 1:
        raise UserError(f"t = {playhead:g} is no time for the playhead.", "Choose a number from 0 to 1.")
    if not _has_display():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    app = application()
    with tempfile.TemporaryDirectory() as folder:  # the settings of the user's own window are neither used nor changed
        window = create_window(recipe, settings=Settings(Path(folder) / "diffview.ini"))
        if mode is not None:
            theme.use(mode)
        if ensemble is not None:
            window.session.look(**looked_at(ensemble, window.session.view))
        _shoot(app, window, out, size, after, playhead)


def _shoot(
    app: QApplication, window: MainWindow, out: Path, size: tuple[int, int], after: str, playhead: float | None
) -> None:
    failed: list[UserError] = []
    window.files.reading.failed.connect(lambda error, path: failed.append(error))
    show_window(window, size)
    try:
        for _ in range(ARRANGED):  # heads of cards fold in a narrow window, which is then higher
            app.processEvents()
        made = window.size()  # not its minimum size hint, which leaves out some of what the docks need
        if size[0] < made.width() or size[1] < made.height():
            raise UserError(
                f"A picture of {size[0]}x{size[1]} is smaller than the window can be.",
                f"Choose --size {made.width()}x{made.height()} or larger.",
            )
        _wait(app, lambda: not window.files.reading.busy)
        if failed:
            raise failed[0]
        if window.message_bar.text() and window.message_bar.kind() == "error":  # a recipe or a field that was refused
            raise UserError(window.message_bar.text(), "No picture was written.")
        if after == "run" and window.session.facts.recorded is None:  # a recorded run is played as it is opened
            window.live.start()
        if playhead is not None:
            window.session.look(playhead=playhead, follow=False)
        _wait(app, window.is_idle)
        _settle(app)
        save_picture(window, out)
    finally:
        window.close()


def _wait(app: QApplication, done: Callable[[], bool]) -> None:
    until = time.monotonic() + SHOT_LIMIT_S
    while not done() and time.monotonic() < until:
        app.processEvents()
        time.sleep(0.005)


def _settle(app: QApplication) -> None:
    """Let delayed drawing (film strip, layout) happen."""
    finished: list[bool] = []
    QTimer.singleShot(SETTLE_MS, lambda: finished.append(True))
    while not finished:
        app.processEvents()
        time.sleep(0.002)
