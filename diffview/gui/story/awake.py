"""Keeps the screen awake while a talk is on.

Linux: the desktop's screen saver is asked over D-Bus (GNOME, KDE, Xfce, Cinnamon); it forgets the wish when the
connection ends, so that a crash leaves nothing behind. macOS: `caffeinate` for as long as this process lives. Windows:
the execution state of the thread. Elsewhere, and where nothing answers, the screen does as it is set up to.
"""

import ctypes
import os
import sys

from PySide6.QtCore import QObject, QProcess

DISPLAY_REQUIRED, SYSTEM_REQUIRED, CONTINUOUS = 0x2, 0x1, 0x80000000
"""Flags of SetThreadExecutionState."""

SAVER = "org.freedesktop.ScreenSaver"
WHY = "a talk is on"


class Awake(QObject):
    """Holds the screen awake, and lets it go."""

    def __init__(self, parent: QObject, platform: str = sys.platform) -> None:
        super().__init__(parent)
        self._platform, self._process = platform, QProcess(self)
        self._bus = f"diffview-awake-{id(self)}"
        self.held = False

    def hold(self, on: bool) -> None:
        """Keep the screen awake, or no longer."""
        if on == self.held:
            return
        self.held = on
        if self._platform == "win32":
            ctypes.windll.kernel32.SetThreadExecutionState(  # type: ignore[attr-defined,unused-ignore]
                CONTINUOUS | (DISPLAY_REQUIRED | SYSTEM_REQUIRED if on else 0)
            )
        elif self._platform == "darwin":
            self._caffeinate(on)
        elif os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
            self._ask_desktop(on)

    def _caffeinate(self, on: bool) -> None:
        if on:
            self._process.start("caffeinate", ["-d", "-i", "-w", str(os.getpid())])
        else:
            self._process.kill()
            self._process.waitForFinished(1000)

    def _ask_desktop(self, on: bool) -> None:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage

        if on:
            bus = QDBusConnection.connectToBus(QDBusConnection.BusType.SessionBus, self._bus)
            asked = QDBusMessage.createMethodCall(SAVER, "/org/freedesktop/ScreenSaver", SAVER, "Inhibit")
            asked.setArguments(["diffview", WHY])
            bus.send(asked)
        else:
            QDBusConnection.disconnectFromBus(self._bus)
