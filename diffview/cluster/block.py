"""One block of a job, made by a worker: the same `run(plan)` as everywhere, written whole; only its name comes back."""

import platform
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from diffview import __version__
from diffview.arrays import to_numpy
from diffview.cluster.store import Store
from diffview.errors import UserError
from diffview.machine import one_blas_thread
from diffview.reverse.samplers import Denoise
from diffview.runs.in_blocks import of_members, parts_of, physical_of
from diffview.runs.plan import Plan
from diffview.runs.run import denoiser_of, run

_ONE_AT_A_TIME = threading.Lock()
"""Each worker makes one block at a time, on one thread, so that its bits are those of any other."""

_FITTED: dict[str, Denoise] = {}
"""The denoiser of the job that this worker was given last: it is fitted, or loaded, once."""


class SharedWork(Protocol):
    """What all blocks of a job share; it travels to the workers."""

    @property
    def key(self) -> str:
        """Tells the job from others."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Of what the bits of a member depend on."""

    @property
    def sizes(self) -> Sequence[int]:
        """Members of every block, in order."""

    def make(self, number: int) -> None:
        """In a worker: make a block and write it.

        Raises:
            UserError: if it cannot be made, or there is no room for it.
        """


@dataclass(frozen=True, eq=False)
class Work:
    """Blocks of the members of one plan.

    Attributes:
        plan: of all members.
        folder: of the store, which all workers see.
        key: tells the job from others.
        versions: of what the bits of a member depend on.
    """

    plan: Plan
    folder: str
    key: str
    versions: Mapping[str, str]

    @property
    def sizes(self) -> Sequence[int]:
        """Members of every block, in order."""
        return [members for _, members in parts_of(self.plan.recipe.ensemble)]

    def make(self, number: int) -> None:
        """In a worker: make a block and write it.

        Raises:
            UserError: if the plan cannot be run, or there is no room for what is made.
        """
        plan = of_members(self.plan, *parts_of(self.plan.recipe.ensemble)[number])
        for step in run(plan, _denoiser(self)):
            last = step
        Store(Path(self.folder)).write(number, physical_of(plan, np.asarray(to_numpy(last.y))))


class Made(NamedTuple):
    """A block that is there: its number, and who made it."""

    number: int
    worker: str


def versions(network: bool) -> dict[str, str]:
    """The versions here of what the last bits of a member depend on; "" of what is not installed."""
    found = {"diffview": __version__, "python": ".".join(platform.python_version_tuple()[:2])}
    for name in ("numpy", "torch") if network else ("numpy",):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = ""
    return found


def unfit(worker: str, there: Mapping[str, str], wanted: Mapping[str, str]) -> UserError | None:
    """Why a worker cannot make blocks that fit to those of others; None if it can."""
    name = next((name for name in wanted if there.get(name, "") != wanted[name]), None)
    if name is None:
        return None
    if not there.get(name):
        said = f"The worker {worker} has no {name}, which this job needs."
    else:
        said = f"The worker {worker} has {name} {there[name]}, and the job was begun with {wanted[name]}."
    return UserError(said, "Start the workers from the same environment; what is made is kept.")


def make_block(work: SharedWork, number: int, worker: str = "here") -> Made:
    """Make a block and write it, on one thread.

    Raises:
        UserError: if this worker is unfit, the block cannot be run, or there is no room for what is made.
    """
    if (refusal := unfit(worker, versions("torch" in work.versions), work.versions)) is not None:
        raise refusal
    with _ONE_AT_A_TIME, one_blas_thread():
        if "torch" in work.versions:
            import torch

            torch.set_num_threads(1)
        work.make(number)
    return Made(number, worker)


def _denoiser(work: Work) -> Denoise:
    """The denoiser of the job."""
    if work.key not in _FITTED:
        _FITTED.clear()
        _FITTED[work.key] = denoiser_of(work.plan)
    return _FITTED[work.key]
