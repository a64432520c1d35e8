"""A monkey at the window: random clicks, drags, wheels and keys over all of it, with a seed; exit 1 if anything broke.

    python tools/monkey.py --minutes 30 --seed 0 [FILE ...]

It prints a line a minute: actions, widgets, file descriptors, memory. What it finds: exceptions, messages of mistakes,
warnings of Qt, and growth. The last actions before each are printed, so that they can be done by hand.
"""

import argparse
import collections
import faulthandler
import os
import random
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt, QTimer, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from shiboken6 import isValid

from diffview.gui.app import application, create_window, show_window
from diffview.gui.settings import Settings

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
MODIFIERS = (Qt.KeyboardModifier.NoModifier,) * 6 + (
    Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.AltModifier,
)  # fmt: skip
KEYS = [getattr(Qt.Key, f"Key_{name}") for name in (
    *"ABCDEFGHIJKLMNOPRSTUVWXYZ0123456789", "Left", "Right", "Up", "Down", "Home", "End", "PageUp", "PageDown", "Space",
    "Return", "Escape", "Tab", "Backtab", "Delete", "Backspace", "Plus", "Minus", "F1", "F5", "F6", "F11", "Period",
)]  # fmt: skip
"""Without Q, which ends the program; closing is not what is tried here."""

HARMLESS = ("This plugin does not support", "propagateSizeHints", "grabbing", "QFont::setPointSize")
SIZES = [(1000, 620), (1024, 768), (1280, 720), (1600, 1000), (1920, 1080)]
LAST = 25


class Stays(QObject):
    """Keeps the window open."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Ignore what would close it."""
        if event.type() is QEvent.Type.Close:
            event.ignore()
            return True
        return False


def in_front() -> QWidget | None:
    """The list, menu or dialog in front of the window; one that Python lost is closed."""
    for top in (QApplication.activePopupWidget(), QApplication.activeModalWidget()):
        if top is not None and isValid(top):
            return top
        if top is not None:
            close_in_front()
    return None


def close_in_front() -> None:
    """Close every list, menu and dialog."""
    for top in QGuiApplication.topLevelWindows():
        if top.isVisible() and (top.type() == Qt.WindowType.Popup or top.modality() != Qt.WindowModality.NonModal):
            top.close()


class Monkey:
    """Acts at random, and writes down what it did.

    Attributes:
        faults: what broke.
        actions: how often it acted.
    """

    def __init__(self, window: QWidget, seed: int, files: list[str]) -> None:
        self._window, self._random, self._files = window, random.Random(seed), files
        self._done: collections.deque[str] = collections.deque(maxlen=LAST)
        self.faults: list[str] = []
        self.actions = 0
        self._ways = [self.click] * 8 + [self.drag] * 4 + [self.wheel] * 3 + [self.key] * 5 + [self.rest, self.resize]
        self._ways += [self.open] if files else []

    def act(self) -> None:
        """Do something."""
        self.actions += 1
        try:
            self._random.choice(self._ways)()
        except RuntimeError as error:  # PySide lost a list that was closed while it was looked at
            if "already deleted" not in str(error):
                raise
            close_in_front()

    def fault(self, what: str) -> None:
        """Write down that something broke."""
        self.faults.append(what)
        if self.faults.count(what) > 1:
            return
        print(f"FAULT after {self.actions} actions: {what}", *self._done, sep="\n  ", flush=True)

    def _note(self, what: str, widget: QWidget | None, at: QPoint | None = None) -> None:
        name = (
            "nothing" if widget is None else f"{type(widget).__name__} {widget.objectName()} {widget.size().toTuple()}"
        )
        self._done.append(f"{what} {name} {'' if at is None else at.toTuple()}")

    def _target(self) -> tuple[QWidget, QPoint] | None:
        """A widget under a random point of what is in front: a list, a dialog, else the window."""
        top = in_front() or self._window
        if top.width() < 1 or top.height() < 1:
            return None
        point = QPoint(self._random.randrange(top.width()), self._random.randrange(top.height()))
        widget = top.childAt(point) or top
        return (widget, widget.mapFrom(top, point)) if isValid(widget) else None

    def _mouse(
        self, widget: QWidget, kind: QEvent.Type, at: QPoint, button: Qt.MouseButton, held: Qt.MouseButton
    ) -> None:
        where = QPointF(widget.mapToGlobal(at))
        modifier = self._random.choice(MODIFIERS[:8])
        QApplication.sendEvent(widget, QMouseEvent(kind, QPointF(at), where, button, held, modifier))

    def click(self) -> None:
        """Click, seldom twice or with the right button."""
        if (found := self._target()) is None:
            return
        button = RIGHT if self._random.random() < 0.07 else LEFT
        self._note("click", *found)
        self._mouse(*found[:1], QEvent.Type.MouseMove, found[1], NONE, NONE)
        if self._random.random() < 0.08:
            QTest.mouseDClick(found[0], button, pos=found[1])
        else:
            QTest.mouseClick(found[0], button, self._random.choice(MODIFIERS[:8]), pos=found[1])

    def drag(self) -> None:
        """Drag through some points, which may lie outside."""
        if (found := self._target()) is None:
            return
        widget, at = found
        self._note("drag", widget, at)
        self._mouse(widget, QEvent.Type.MouseMove, at, NONE, NONE)
        self._mouse(widget, QEvent.Type.MouseButtonPress, at, LEFT, LEFT)
        for _ in range(self._random.randrange(1, 8)):
            at = at + QPoint(self._random.randrange(-120, 120), self._random.randrange(-80, 80))
            self._mouse(widget, QEvent.Type.MouseMove, at, NONE, LEFT)
        self._mouse(widget, QEvent.Type.MouseButtonRelease, at, LEFT, NONE)

    def wheel(self) -> None:
        """Turn the wheel."""
        if (found := self._target()) is None:
            return
        widget, at = found
        self._note("wheel", widget, at)
        turn = QPoint(0, self._random.choice([-360, -120, 120, 360]))
        where = QPointF(widget.mapToGlobal(at))
        event = QWheelEvent(
            QPointF(at),
            where,
            QPoint(),
            turn,
            NONE,
            self._random.choice(MODIFIERS),
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(widget, event)

    def key(self) -> None:
        """Press a key in what has the focus."""
        top = in_front() or self._window
        widget, key = QApplication.focusWidget() or top, self._random.choice(KEYS)
        if not isValid(widget) and not isValid(top):
            return
        if not isValid(widget) or (top is self._window and self._random.random() < 0.3):
            widget = top
        modifier = self._random.choice(MODIFIERS)
        self._note(f"key {key.name} {modifier.name}", widget)
        QTest.keyClick(widget, key, modifier)

    def rest(self) -> None:
        """Wait a little, so that runs come to their end; close what is in front."""
        self._note("close", in_front())
        close_in_front()

    def resize(self) -> None:
        """Give the window another size."""
        size = self._random.choice(SIZES)
        self._note(f"resize {size}", self._window)
        self._window.resize(*size)

    def open(self) -> None:
        """Open a file, as one that is dropped."""
        if self._random.random() < 0.2 and QApplication.activeModalWidget() is None:
            path = self._random.choice(self._files)
            self._note(f"open {path}", None)
            self._window.open_file(path)  # type: ignore[attr-defined]


def watch(monkey: Monkey, window: QWidget) -> None:
    """Report what is raised, said to be a mistake, or complained of by Qt."""
    qInstallMessageHandler(
        lambda kind, context, text: None if any(word in text for word in HARMLESS) else monkey.fault(f"Qt: {text}")
    )
    window.session.told.connect(  # type: ignore[attr-defined]
        lambda message: monkey.fault(message.sentence) if "made a mistake" in message.sentence else None
    )
    sys.unraisablehook = lambda raised: monkey.fault(f"unraisable: {raised.exc_value!r}")


def state() -> str:
    """Widgets, open files and memory of this process."""
    files = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    held = Path("/proc/self/statm")
    memory = int(held.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if held.exists() else 0
    return f"{len(QApplication.allWidgets())} widgets, {files} files, {memory:.0f} MB"


def main() -> int:
    """Let it play."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", help="files that it may open")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    faulthandler.enable()
    app = application()
    for name in ("getOpenFileName", "getSaveFileName"):
        setattr(QFileDialog, name, staticmethod(lambda *given, **more: ("", "")))
    QFileDialog.getExistingDirectory = staticmethod(lambda *given, **more: "")
    with tempfile.TemporaryDirectory() as folder:
        window = create_window(settings=Settings(Path(folder) / "diffview.ini"))
        monkey, stays = Monkey(window, options.seed, options.files), Stays()
        watch(monkey, window)
        show_window(window, (1280, 720))
        window.installEventFilter(stays)
        end, said = time.monotonic() + 60 * options.minutes, time.monotonic()

        def turn() -> None:
            nonlocal said
            if time.monotonic() >= end:
                close_in_front()
                app.exit()  # quit() would ask the windows, which stay
                return
            if time.monotonic() - said > 60:
                said = time.monotonic()
                print(f"{monkey.actions} actions, {state()}", flush=True)
            timer.start(20 if monkey.actions % 50 else 800)
            monkey.act()

        timer = QTimer(singleShot=True)
        timer.timeout.connect(turn)
        timer.start(2000)
        app.exec()
        timer.stop()
        window.removeEventFilter(stays)
        print(f"{monkey.actions} actions, {len(monkey.faults)} faults, {state()}")
        window.close()
    return 1 if monkey.faults else 0


if __name__ == "__main__":
    sys.exit(main())
