"""The window under test: offscreen, with settings of its own, under real mouse and keys, and nothing left behind."""

import gc
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
import shiboken6
from PySide6.QtCore import QEvent, QPointF, Qt, QThread, QTimer
from PySide6.QtGui import QFontDatabase, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QWidget

from diffview.fields.field import Region
from diffview.gui.app import create_window, show_window
from diffview.gui.settings import Settings
from diffview.gui.theme import theme
from diffview.gui.widgets.images import image_paint
from diffview.runs.recipe import default_recipe

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
PATIENCE = 240_000
"""Milliseconds; a loaded machine computes slowly."""

ROBUSTNESS = Path(__file__).resolve().parents[3] / "shared" / "cases" / "robustness"
"""Hostile files, where they are."""

QUICK = default_recipe().but(model="gaussian", region=Region(40, 120, 64, 64))
"""The packaged field with a model and a region that run in a few milliseconds."""


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory):
    """What the program keeps for its user goes to a temporary folder."""
    folder = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA", "APPDATA"):
            patch.setenv(name, str(folder))
        gc.collect()
        gc.freeze()  # what exists already need not be looked through after every test
        yield
        gc.unfreeze()


@pytest.fixture(scope="session", autouse=True)
def _fonts(qapp):
    assert QFontDatabase.families(), "no fonts: texts would be boxes and nothing would say so"


@pytest.fixture(autouse=True)
def _nothing_left_over(_fonts):
    """A test leaves no window, no running thread, no active timer and no reader process."""
    windows = set(QApplication.topLevelWidgets())
    yield
    for _ in range(3):
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        QApplication.processEvents()
    left = [w for w in QApplication.topLevelWidgets() if w not in windows and w.objectName() != "qtooltip_label"]
    assert not left, f"left-over windows: {left}"
    assert not running_threads(), "a thread is still running"
    assert not [timer for timer in alive(QTimer) if timer.isActive()], "a timer is still active"
    assert sampling_has_ended(), "the sampling thread is still there"
    assert reader_children() == [], "a reader process is still there"


def alive(kind):
    """All objects of a class of Qt that there are."""
    return [thing for thing in gc.get_objects() if issubclass(type(thing), kind) and shiboken6.isValid(thing)]


def memory():
    """Bytes that this process and its readers hold now; 0 where the system does not say."""
    pids = [os.getpid(), *reader_children()]
    held = [Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in pids if Path(f"/proc/{pid}/statm").exists()]
    return sum(map(int, held)) * os.sysconf("SC_PAGE_SIZE") if held else 0


def running_threads():
    """All threads of Qt that have not ended."""
    return [thread for thread in alive(QThread) if thread.isRunning()]


def sampling_has_ended():
    """Whether the system has let go of the sampling thread, shortly after Qt has."""
    until = time.monotonic() + PATIENCE / 1000
    while "sampling" in thread_names():
        if time.monotonic() > until:
            return False
    return True


def thread_names():
    """Names of this process's threads as the system knows them; empty where it does not say."""
    names = []
    for task in Path("/proc/self/task").glob("*/comm"):
        try:
            names.append(task.read_text().strip())
        except OSError:  # it ended meanwhile
            continue
    return names


def reader_children():
    """Numbers of the reader processes that this process started; empty where the system does not say."""
    found = []
    for entry in Path("/proc").glob("[0-9]*") if sys.platform.startswith("linux") else ():
        try:
            parent = int(entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1])
            if parent == os.getpid() and b"diffview.readers.worker" in entry.joinpath("cmdline").read_bytes():
                found.append(int(entry.name))
        except (OSError, IndexError, ValueError):
            continue
    return found


@pytest.fixture
def readers():
    """The reader processes of this test, by number."""
    return reader_children


@pytest.fixture
def settle(qtbot):
    """Wait until a window is idle."""
    return lambda window: qtbot.waitUntil(window.is_idle, timeout=PATIENCE)


@pytest.fixture
def wait(qtbot):
    """Wait until something is so."""
    return lambda done: qtbot.waitUntil(done, timeout=PATIENCE)


@pytest.fixture
def rest(wait):
    """Wait until nothing in a window moves any more."""

    def until(window):
        seen = []

        def still():
            QApplication.processEvents()
            seen.append([(widget, widget.geometry()) for widget in window.findChildren(QWidget) if widget.isVisible()])
            return len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]

        wait(still)

    return until


@pytest.fixture
def appear(wait, find):
    """appear(window, "scoreTable"): the widget of that name, once it is seen."""

    def look(window, name):
        wait(lambda: window.findChild(QWidget, name) is not None and find(window, name).isVisible())
        return find(window, name)

    return look


@pytest.fixture
def open_window(qtbot, tmp_path):
    """open_window(recipe, path, pace=0) as the program opens, .close() closes all; what was said is `window.heard`."""
    made = []

    def make(recipe=QUICK, path=None, dataset=None, pace=0.0, size=(1600, 1000), wait=True):
        settings = Settings(tmp_path / f"settings-{len(made)}.ini")
        settings.save_view(replace(settings.view(), pace=pace))
        window = create_window(recipe, path, dataset, settings)
        window.heard = []
        window.session.told.connect(window.heard.append)
        made.append(window)
        show_window(window, size)
        if wait:
            # the reader process, which is started ahead, need not have answered yet; nothing is run of what is refused
            qtbot.waitUntil(
                lambda: window.live.idle if window.live.run else bool(window.session.plan.refusal) and window.is_idle(),
                timeout=PATIENCE,
            )
        window.activateWindow()
        return window

    def close():
        for window in made:
            window.close()
            window.deleteLater()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        made.clear()

    make.close = close
    yield make
    close()
    theme.set_scale(1.0)
    theme.use("dark")


@pytest.fixture
def window(open_window):
    """A window at 1600 x 1000 with a quick model whose first run is done."""
    return open_window()


def layer(plot, kind):
    """The item of a kind in the scene of a plot, as its handles."""
    (found,) = (item for item in plot.scene().items() if type(item) is kind)
    return found


class Hand:
    """A hand on mouse and keyboard: real events."""

    def __init__(self, wait):
        self._wait = wait

    def mouse(self, widget, kind, point, button=NONE, held=NONE):
        """One mouse event at a point of the widget."""
        if isinstance(widget, QAbstractScrollArea):
            widget = widget.viewport()
        at = QPointF(point)
        where = QPointF(widget.mapToGlobal(at))
        QApplication.sendEvent(widget, QMouseEvent(kind, at, where, button, held, Qt.KeyboardModifier.NoModifier))

    def press(self, widget, point):
        """Move there and press."""
        self.mouse(widget, QEvent.Type.MouseMove, point)
        self.mouse(widget, QEvent.Type.MouseButtonPress, point, LEFT, LEFT)

    def move(self, widget, point):
        """Move with the button held."""
        self.mouse(widget, QEvent.Type.MouseMove, point, NONE, LEFT)
        QApplication.processEvents()

    def release(self, widget, point):
        """Let go."""
        self.mouse(widget, QEvent.Type.MouseButtonRelease, point, LEFT)

    def drag(self, widget, *points):
        """Press at the first point, move through the others, let go at the last."""
        self.press(widget, points[0])
        for point in points[1:]:
            self.move(widget, point)
        self.release(widget, points[-1])

    def double_click(self, widget, point):
        """A press, its release, and the second press of a double click, with its release."""
        self.drag(widget, point)
        self.mouse(widget, QEvent.Type.MouseButtonDblClick, point, LEFT, LEFT)
        self.release(widget, point)

    def click(self, widget, point=None):
        """Click in the middle of a widget that is there and enabled, or at a point of it."""
        assert widget.isVisible(), f"{widget.objectName()} is hidden"
        assert widget.isEnabled(), f"{widget.objectName()} is disabled"
        if point is None:
            QTest.mouseClick(widget, LEFT)
        else:
            QTest.mouseClick(widget, LEFT, pos=QPointF(point).toPoint())

    def key(self, widget, key, modifier=Qt.KeyboardModifier.NoModifier):
        """Press a key in a widget of the active window."""
        window = widget.window()
        window.activateWindow()
        self._wait(window.isActiveWindow)
        QTest.keyClick(widget, key, modifier)

    def choose(self, combo, key):
        """Open a list and click the entry of `key`."""
        self.click(combo)
        view = combo.view()
        self._wait(view.isVisible)
        row = combo.findData(key)
        assert row >= 0, f"{combo.objectName()} has no {key}"
        view.scrollTo(combo.model().index(row, combo.modelColumn(), combo.rootModelIndex()))
        at = view.visualRect(combo.model().index(row, combo.modelColumn(), combo.rootModelIndex())).center()
        QTest.mouseMove(view.viewport(), at)
        self.mouse(view, QEvent.Type.MouseMove, at)
        QTest.qWait(QApplication.doubleClickInterval() + 20)  # a list takes no click sooner after it was opened
        QTest.mouseClick(view.viewport(), LEFT, pos=at)

    def type_number(self, spin, text):
        """Replace what is in a number field and press Enter."""
        spin.setFocus()
        spin.selectAll()
        QTest.keyClicks(spin, text)
        QTest.keyClick(spin, Qt.Key.Key_Return)


@pytest.fixture
def hand(wait):
    """A hand on mouse and keyboard."""
    return Hand(wait)


@pytest.fixture
def badge(monkeypatch):
    """badge(view): the words of the badge that is painted over a picture, "" where there is none."""

    def read(view):
        said = []
        with monkeypatch.context() as patch:
            patch.setattr(image_paint, "badge", lambda painter, rect, text, token: said.append(text))
            view.grab()
        return said[-1]

    return read


@pytest.fixture
def find():
    """find(window, "runButton"): the widget or action of that name."""
    from PySide6.QtCore import QObject

    def look(window, name):
        found = window.findChild(QObject, name)
        assert found is not None, f"the window has no {name}"
        return found

    return look


@pytest.fixture
def shown(qtbot, request):
    """shown(widget): the widget, visible, of the module's size SHOWN or another, alive until the test ends."""
    alive = []

    def show(widget, width=request.module.SHOWN[0], height=request.module.SHOWN[1]):
        alive.append(widget)
        qtbot.addWidget(widget)
        widget.resize(width, height)
        widget.show()
        return widget

    return show


@pytest.fixture
def dark(qapp):
    """Dark, with text of its usual size, before the test and after it."""
    theme.use("dark")
    theme.set_scale(1.0)
    yield
    theme.use("dark")
    theme.set_scale(1.0)
