"""A piece of work: done in a thread, which writes how far it is, looked at by whoever asked for it."""

from dataclasses import dataclass
from typing import Any

from diffview.machine import cores
from diffview.runs.engine import load_engine
from diffview.runs.plan import Plan

WAITING, RUNNING, FINISHED, STOPPED, FAILED = "waiting", "running", "finished", "stopped", "failed"


class Stopped(Exception):
    """The job is to end."""


class Job:
    """One piece of work: written by its thread, read by the window.

    Attributes:
        state: WAITING, RUNNING, FINISHED, STOPPED or FAILED.
        done: share of it that is done.
        error: why it failed, or None.
        shared: whether something else computes meanwhile.
        stopping: whether it is to end.
        dropped: whether nobody wants its result any more.
    """

    state: str = WAITING
    done: float = 0.0
    error: Exception | None = None
    shared = stopping = dropped = False

    @property
    def network(self) -> bool:
        """Whether torch computes, which is imported before it begins."""
        return False

    @property
    def active(self) -> bool:
        """Whether it has not ended."""
        return self.state in (WAITING, RUNNING)

    @property
    def mark(self) -> Any:
        """What differs whenever there is something new to show: state and per cent."""
        return self.state, round(100 * self.done)

    def work(self) -> None:
        """In the thread: do it, calling `tell` now and then."""
        raise NotImplementedError

    def tell(self, done: float) -> None:
        """In the thread: so much is done.

        Raises:
            Stopped: if it is to end.
        """
        self.done = done
        if self.network:
            self.share_cores()
        if self.stopping:
            raise Stopped

    def share_cores(self) -> None:
        """In the thread: torch takes one core while something else computes, else all but one."""
        import torch

        wanted = 1 if self.shared else max(1, cores() - 1)
        if torch.get_num_threads() != wanted:
            torch.set_num_threads(wanted)

    def run(self) -> None:
        """In the thread: do the work; whatever is raised ends it and nothing else, and is kept in `error`."""
        self.state, state = RUNNING, FINISHED
        try:
            if self.network:
                load_engine()
            self.work()
        except Stopped:
            state = STOPPED
        except Exception as error:  # noqa: BLE001 - who asked for it tells it, or reports it as a bug
            self.error, state = error, FAILED
        self.state = state


@dataclass(eq=False)
class PlanJob(Job):
    """Work with the model of a plan."""

    plan: Plan

    @property
    def network(self) -> bool:
        """Whether the model is a network."""
        return self.plan.card is not None
