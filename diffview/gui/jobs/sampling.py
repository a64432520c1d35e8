"""The sampling thread: runs, single calls of the model, steps computed again, and the import of torch.

The window asks and never waits. A newer request of a kind, or `stop`, is the cancel signal.
"""

from diffview.gui.jobs.worker import Worker
from diffview.runs.job import RUNNING
from diffview.runs.plan import Plan
from diffview.runs.requests import Array, EngineImport, Models, Replay, Run, Shot


class SamplingRequests:
    """Requests to the sampling thread, which lie in the run, shot or replay that is given back.

    Attributes:
        models: the denoisers made so far.
    """

    def __init__(self) -> None:
        self.models = Models()
        self._worker = Worker("sampling", ("run", "replay", "shot", "engine"))
        self._run: Run | None = None
        self._replay: Replay | None = None

    @property
    def closing(self) -> bool:
        """Whether the thread is to end, or has."""
        return self._worker.closing

    def request(self, plan: Plan, left: Run | None = None) -> Run:
        """Run `plan`, for a fork with the run it leaves; ends the current run."""
        if self._run is not None:
            self._run.stopping = True
        if self._replay is not None and self._replay.state == RUNNING:
            self._replay.stopping = True
        self._run = Run(plan, self.models, left, self._shoot)
        self._worker.put(self._run, "run")
        return self._run

    def stop(self) -> None:
        """End the current run after its current call of the model; its record is kept."""
        self._worker.withdraw("run", "replay")
        for job in (self._run, self._replay):
            if job is not None:
                job.stopping = True

    def request_shot(self, plan: Plan, s: float, y: Array, eps: Array) -> Shot:
        """Ask for one call of the model; a newer request replaces one not yet begun."""
        shot = Shot(plan, self.models, s, y, eps)
        self._worker.put(shot, "shot")
        return shot

    def request_replay(self, run: Run, index: int) -> Replay:
        """Ask for the exact step `index` of a run; a newer request replaces the one before."""
        if self._replay is not None:
            self._replay.stopping = True
        self._replay = Replay(run, index)
        self._worker.put(self._replay, "replay")
        return self._replay

    def request_engine(self) -> None:
        """Import torch when there is no other request; the result comes in `models.engine`."""
        self._worker.put(EngineImport(self.models), "engine")

    def close(self) -> None:
        """End the thread; returns when it has ended."""
        self.stop()
        self._worker.close()

    def _shoot(self) -> None:
        """In the thread, in the middle of a run: take a shot that waits."""
        shot = self._worker.next_of("shot")
        if shot is not None:
            shot.run()
