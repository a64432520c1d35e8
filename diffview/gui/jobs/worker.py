"""A thread that does jobs: long-lived, with one slot for the newest job of each rank. Only this module names QThread.

Who asks never waits; the thread writes into the job and never signals.
"""

import threading

from PySide6.QtCore import QThread

from diffview.machine import give_memory_back, stand_back
from diffview.runs.job import RUNNING, STOPPED, Job

STACK_BYTES = 16 * 2**20
"""Stack of the thread: macOS gives 512 kB, too little for torch."""

REST_S = 10.0
"""Seconds without work after which what the last jobs have freed is given back to the system."""


class Worker(QThread):
    """Does the job of the first rank that has one; begins with the first job."""

    def __init__(self, name: str, ranks: tuple[str, ...] = ("job",)) -> None:
        """`ranks`: the most urgent one first."""
        super().__init__()
        self.setObjectName(name)
        self.setStackSize(STACK_BYTES)
        self._ranks = ranks
        self._waiting: dict[str, Job] = {}
        self._wake = threading.Condition()
        self._closing = False

    @property
    def closing(self) -> bool:
        """Whether the thread is to end, or has."""
        return self._closing

    def put(self, job: Job, rank: str = "job") -> None:
        """Do a job; one of its rank that has not begun is given up for it."""
        with self._wake:
            self._give_up(rank)
            if self._closing:
                job.state = STOPPED
                return
            self._waiting[rank] = job
            if not self.isRunning():
                self.start()
            self._wake.notify()

    def withdraw(self, *ranks: str) -> None:
        """Give up what has not begun."""
        with self._wake:
            for rank in ranks:
                self._give_up(rank)

    def _give_up(self, rank: str) -> None:
        """The lock is held."""
        job = self._waiting.pop(rank, None)
        if job is not None:
            job.state = STOPPED

    def next_of(self, *ranks: str) -> Job | None:
        """The job that is to be done now, of some ranks; it counts as begun."""
        with self._wake:
            rank = next((rank for rank in ranks if rank in self._waiting), None)
            if rank is None:
                return None
            job = self._waiting.pop(rank)
            job.state = RUNNING
            return job

    def run(self) -> None:
        """In the thread: do what comes until it is closed; the window's thread draws first."""
        stand_back()
        worked = False
        while not self._closing:
            job = self.next_of(*self._ranks)
            if job is not None:
                job.run()
                worked = True
                continue
            with self._wake:
                called = self._wake.wait_for(lambda: self._closing or self._waiting, REST_S if worked else None)
            if not called:
                give_memory_back()
                worked = False

    def close(self) -> None:
        """Give up what waits and end the thread; returns when it has ended. Stop the job at work before."""
        with self._wake:
            self._closing = True
            for rank in self._ranks:
                self._give_up(rank)
            self._wake.notify()
        self.wait()
