"""Where blocks are made: in this process, or by Dask on this machine, on a cluster that runs, on Slurm or PBS.

An engine is given blocks and says which ended; whatever it loses it makes again. All that is scheduled, moved or
restarted is Dask's.
"""

import queue
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Protocol
from uuid import uuid4

from diffview.cluster.block import Made, SharedWork, make_block, unfit, versions
from diffview.errors import UserError, explained
from diffview.params import Range, checked

NO_DASK = UserError(
    "Dask is not installed.", 'Install it: pip install "diffview[cluster]"; or leave --on out, and use one process.'
)
CONNECT_S, ASK_S = 10, 1.0
"""Seconds that a scheduler has to answer, and after which it is asked again how many workers there are."""

PAGE = "127.0.0.1:0"
"""Where a scheduler that is started here shows its page: the usual port, 8787, may be that of another job."""

MEMORY = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"
"""Dask has memory given back at every turn; a small block is made in half the time where a worker keeps it."""


class Outcome(NamedTuple):
    """A block that ended: it is there, or why it is not."""

    number: int
    error: UserError | None = None


class BlockEngine(Protocol):
    """Whatever makes blocks."""

    @property
    def room(self) -> int:
        """Blocks that it can be given before any of them ends: enough to keep it at work, and no more."""

    @property
    def workers(self) -> int:
        """How many make blocks now."""

    def begin(self, work: SharedWork) -> None:
        """Take the job.

        Raises:
            UserError: if its workers cannot make it.
        """

    def submit(self, number: int) -> None:
        """Take a block."""

    def ended(self, seconds: float) -> list[Outcome]:
        """The blocks that have ended since the last call, awaited for so long.

        Raises:
            UserError: if it has broken down.
        """

    def withdraw(self) -> list[int]:
        """Give back the blocks that have not begun."""

    def close(self) -> None:
        """Let it go."""


# -- here


class InProcess:
    """This process, a block at a time."""

    room, workers = 1, 1

    def __init__(self) -> None:
        self._waiting: deque[int] = deque()
        self._work: SharedWork | None = None

    def begin(self, work: SharedWork) -> None:
        """Take the job."""
        self._work = work

    def submit(self, number: int) -> None:
        """Take a block."""
        self._waiting.append(number)

    def ended(self, seconds: float) -> list[Outcome]:
        """Make the block that waits longest."""
        assert self._work is not None
        number = self._waiting.popleft()
        try:
            make_block(self._work, number)
        except Exception as error:  # noqa: BLE001 - what a block raises is told, and the others are made
            return [Outcome(number, why(error))]
        return [Outcome(number)]

    def withdraw(self) -> list[int]:
        """Give back the blocks that have not begun."""
        given, self._waiting = list(self._waiting), deque()
        return given

    def close(self) -> None:
        """Nothing holds it."""


# -- Dask


def on_worker(work: SharedWork, number: int) -> Made:
    """In a worker of Dask: make a block."""
    from distributed import get_worker

    return make_block(work, number, str(get_worker().address))


def _itself(work: SharedWork) -> SharedWork:
    return work


class Dask:
    """A cluster of Dask: connected to by its scheduler's address, or started with it.

    Args:
        scheduler: an address, or a cluster of `distributed`.
        started: whether it was started here, and ends with this.
        submitted: workers that are submitted to a queue when a job begins.
    """

    def __init__(self, scheduler: Any, started: bool = False, submitted: int = 0) -> None:
        import distributed

        connect: Any = distributed.Client
        self._cluster: Any = scheduler if started else None
        self._submitted = submitted
        self._ended: queue.SimpleQueue[tuple[int, Any]] = queue.SimpleQueue()
        self._futures: dict[int, Any] = {}
        self._work: Any = None
        self._client: Any = None
        self._asked, self._workers = -ASK_S, 0
        try:
            self._client = connect(scheduler, timeout=CONNECT_S, set_as_default=False)
        except (OSError, TimeoutError, ValueError) as error:
            self.close()
            raise UserError(
                f"No Dask scheduler answers at {scheduler}: {type(error).__name__}.",
                "Start one, `dask scheduler`, and workers, `dask worker ADDRESS --nthreads 1`; or use local:2.",
            ) from None

    @property
    def workers(self) -> int:
        """Threads of all workers, each of which takes a block; the scheduler is asked once a second."""
        if time.monotonic() - self._asked > ASK_S and self._client.status == "running":
            self._asked, self._workers = time.monotonic(), sum(self._client.nthreads().values())
        return self._workers

    @property
    def room(self) -> int:
        """Twice as many as work, so that none waits for the next."""
        return max(4, 2 * self.workers)

    def require(self, wanted: Mapping[str, str]) -> None:
        """Ask the workers that are there already for their versions.

        Raises:
            UserError: if one of them is unfit.
        """
        try:
            there: Mapping[str, Any] = self._client.run(versions, "torch" in wanted, on_error="return")
        except Exception as error:  # noqa: BLE001 - of a worker that goes meanwhile; its blocks are asked again
            raise UserError(f"The workers do not answer: {why(error)}", "Look into their logs.") from None
        for address, found in there.items():
            own = found if isinstance(found, dict) else {}
            if (refusal := unfit(address, own, wanted)) is not None:
                raise refusal

    def begin(self, work: SharedWork) -> None:
        """Take the job.

        Raises:
            UserError: if a worker that is there already is unfit.
        """
        self.require(work.versions)
        if self._submitted:
            self._cluster.scale(jobs=self._submitted)
        self._work = self._client.submit(_itself, work, key=f"diffview-{work.key}-{uuid4().hex}", pure=False)

    def submit(self, number: int) -> None:
        """Take a block; those of lower numbers come first."""
        future = self._client.submit(
            on_worker, self._work, number, key=f"{self._work.key}-{number}", pure=False, priority=-number
        )
        self._futures[number] = future
        future.add_done_callback(lambda done: self._ended.put((number, done)))

    def ended(self, seconds: float) -> list[Outcome]:
        """Those that have ended.

        Raises:
            UserError: if the scheduler is gone.
        """
        found: list[Outcome] = []
        with suppress(queue.Empty):
            while True:
                number, future = self._ended.get(timeout=0 if found else seconds)
                if self._futures.get(number) is future:
                    found.append(Outcome(number, self._error(future)))
                    self._futures.pop(number).release()
        if self._client.status != "running":
            raise UserError("The scheduler is gone.", "What is made is kept; the same command goes on.")
        return found

    def _error(self, future: Any) -> UserError | None:
        try:
            error = future.exception(timeout=CONNECT_S)
        except Exception as gone:  # noqa: BLE001 - it was cancelled, or is lost
            error = gone
        return None if error is None else why(error)

    def withdraw(self) -> list[int]:
        """Give back the blocks that no worker has begun; those that it has go on."""
        begun = {key for keys in self._client.processing().values() for key in keys}
        running = self._client.run(_executing, on_error="return")
        begun &= {key for keys in running.values() if isinstance(keys, list) for key in keys}
        waiting = [number for number, future in self._futures.items() if future.key not in begun]
        self._client.cancel([self._futures.pop(number) for number in waiting], force=True)
        return waiting

    def close(self) -> None:
        """Leave it; one that was started here ends."""
        for part in (self._client, self._cluster):
            if part is not None:
                with suppress(Exception):
                    part.close(timeout=CONNECT_S)


def _executing(dask_worker: Any) -> list[str]:
    """In a worker: the keys of what it is doing."""
    return [task.key for task in dask_worker.state.executing]


def why(error: BaseException) -> UserError:
    """Why a block failed, for the user."""
    if type(error).__name__ == "KilledWorker":
        return UserError(
            "Its workers died several times over it.", "Look into their logs; perhaps they have too little memory."
        )
    if isinstance(error, ModuleNotFoundError):
        return UserError(f"A worker has no {error.name}.", "Start the workers from the same environment.")
    said = explained(error, "Choose smaller blocks, or workers with more memory.")
    return said or UserError(f"It failed with {type(error).__name__}: {error}.", "Report it if it happens again.")


# -- as it is asked for


@dataclass(frozen=True)
class Batch:
    """What a worker of Slurm or PBS is given."""

    workers: Annotated[int, Range(1, 4096), "jobs that are submitted, a worker each"] = 4
    memory: Annotated[str, "of each, as 4GB"] = "4GB"
    walltime: Annotated[str, "of each, as 02:00:00"] = "01:00:00"
    account: Annotated[str, "that is charged; none: the usual one"] = ""


def batch_cluster(system: str, name: str, batch: Batch, **more: Any) -> Any:
    """A cluster of dask-jobqueue, with no worker as yet.

    Args:
        system: "slurm" or "pbs".
        name: of the queue.
        batch: what each worker is given.
        more: of the cluster, for tests.

    Raises:
        UserError: if dask-jobqueue is not installed.
    """
    try:
        import dask_jobqueue
    except ImportError:
        raise UserError("dask-jobqueue is not installed.", 'Install it: pip install "diffview[cluster]".') from None
    kinds: Any = dask_jobqueue
    kind = {"slurm": kinds.SLURMCluster, "pbs": kinds.PBSCluster}[system]
    given: dict[str, Any] = {"queue": name, "memory": batch.memory, "walltime": batch.walltime}
    if batch.account:
        given["account"] = batch.account
    options = {"dashboard_address": PAGE}
    return kind(cores=1, processes=1, job_name="diffview", n_workers=0, scheduler_options=options, **given, **more)


def _local(count: str) -> BlockEngine:
    import dask
    import distributed

    start: Any = distributed.LocalCluster
    if not count.isdecimal() or not 1 <= int(count) <= 1024:
        raise UserError(f"There cannot be {count!r} workers on this machine.", "Write --on local:2.")
    with dask.config.set({MEMORY: None}):
        cluster = start(
            n_workers=int(count), threads_per_worker=1, processes=True, dashboard_address=PAGE, silence_logs=50
        )
    return Dask(cluster, started=True)


def _submitted(system: str) -> Callable[[str], BlockEngine]:
    def engine(words: str) -> BlockEngine:
        name, *settings = words.split(",")
        given = dict(word.partition("=")[::2] for word in settings)
        batch = Batch(**checked(Batch, given, f"--on {system}"))
        return Dask(batch_cluster(system, name, batch), started=True, submitted=batch.workers)

    return engine


ENGINES: dict[str, Callable[[str], BlockEngine]] = {
    "local": _local, "tcp": lambda rest: Dask(f"tcp:{rest}"), "tls": lambda rest: Dask(f"tls:{rest}"),
    "slurm": _submitted("slurm"), "pbs": _submitted("pbs"), "here": lambda rest: InProcess(),
}  # fmt: skip
"""By the word before the colon."""

SPELT = "local:2, tcp://HOST:8786, slurm:QUEUE,workers=64,walltime=02:00:00,memory=8GB, pbs:QUEUE or here"


def engine_of(text: str) -> BlockEngine:
    """The engine that a text names, at work.

    Raises:
        UserError: if there is none of that name, it is not installed, or does not answer.
    """
    kind, _, rest = text.partition(":")
    if kind not in ENGINES:
        raise UserError(f"Blocks cannot be made on {text!r}.", f"Choose among {SPELT}.")
    try:
        return ENGINES[kind](rest)
    except ModuleNotFoundError as error:
        if error.name not in ("distributed", "dask"):
            raise
        raise NO_DASK from None
