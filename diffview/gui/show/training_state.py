"""The state of one training, written by its thread and read by the window; requests go the other way."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.gui.jobs.background import Job
from diffview.gui.jobs.sampling import FAILED, FINISHED, RUNNING, STOPPED, WAITING
from diffview.gui.show.training_order import Order

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

PAUSED, UNSAVED = "paused", "unsaved"
"""Further states: paused on request; waiting because the model could not be written."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """Fields that the model makes from noise, each beside the nearest training field; standardised.

    Attributes:
        made, nearest: float32 [n, ny, nx].
        distance: root mean square difference of each pair.
        unseen: median of that distance for held-out fields; NaN if there are none.
    """

    made: Array
    nearest: Array
    distance: Floats
    unseen: float
    step: int


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The newest values of a training.

    Attributes:
        share: of the training that is done.
        speed: recent steps a second.
        curve: steps, losses.
        levels: noise levels s, mean |eps - eps_hat|^2 there.
        spread: standard deviation of the data.
        fields, held_out: how many.
    """

    step: int = 0
    share: float = 0.0
    left: float = float("inf")
    speed: float = 0.0
    curve: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
    levels: tuple[Floats, Floats] = (np.empty(0), np.empty(0))
    spread: float = 1.0
    fields: int = 0
    held_out: int = 0
    pictures: Pictures | None = None


class Training(Job):
    """One training: written by its thread, read by the window; each write replaces a whole value."""

    def __init__(self, order: Order, do: "Callable[[Training], None]") -> None:
        """`do` is the work, in the thread."""
        super().__init__()
        self.order = order
        self.lock = threading.Condition()
        self.newest = Snapshot()
        self._do = do
        self._remarks: list[tuple[str, str]] = []
        self._pause = self._asked = self._leave = False

    def run(self) -> None:
        """In the thread: do the work; its error is kept in `error`, an early end on request is none."""
        self.turn(RUNNING)
        try:
            self._do(self)
        except Exception as error:  # noqa: BLE001 - the window shows it or reports it as a bug
            self.error = error
            self.turn(FAILED)
        else:
            self.turn(STOPPED if self.stopping else FINISHED)

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING, PAUSED, UNSAVED)

    @property
    def mark(self) -> Any:
        """A value that changes with the state of the buttons."""
        return self.state, self.pausing, self.stopping

    def ask(self, pause: bool | None = None, stop: bool = False, leave: bool = False) -> None:
        """Ask the thread to pause, go on or stop after the current step; `leave`: the window closes."""
        with self.lock:
            self._pause = self._pause if pause is None else pause
            self.stopping, self._leave, self._asked = self.stopping or stop, self._leave or leave, True
            if self.state == UNSAVED:  # the thread tries to write again when it wakes
                self.state = RUNNING
            self.lock.notify_all()

    @property
    def pausing(self) -> bool:
        """Whether it is pausing or paused."""
        return self._pause and not self.stopping

    def turn(self, state: str) -> None:
        """In the thread: take another state."""
        with self.lock:
            self.state = state
            self.lock.notify_all()

    def rest(self) -> str:
        """In the window: wait until it has ended or needs the user; returns its state."""
        with self.lock:
            self.lock.wait_for(lambda: not self.active or self.state == UNSAVED)
            return self.state

    def hold(self) -> None:
        """In the thread: wait while it is paused."""
        with self.lock:
            while self._pause and not self.stopping:
                self.state = PAUSED
                self.lock.wait()
            self.state = RUNNING

    def hold_unsaved(self) -> bool:
        """In the thread: wait for a request; False if the window has closed."""
        with self.lock:
            if self._leave:
                return False
            self.stopping = self._pause = self._asked = False
            self.turn(UNSAVED)
            self.lock.wait_for(lambda: self._asked)
            return True

    def put(self, **values: Any) -> None:
        """In the thread: set the newest values."""
        with self.lock:
            self.newest = replace(self.newest, **values)

    def remark(self, text: str, kind: str = "info") -> None:
        """In the thread: add a message of some kind."""
        with self.lock:
            self._remarks.append((text, kind))

    def remarks(self) -> list[tuple[str, str]]:
        """The messages since the last call."""
        with self.lock:
            said, self._remarks = self._remarks, []
            return said
