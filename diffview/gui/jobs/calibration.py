"""Is the ensemble on screen calibrated? Judged beside the window; see `scores.calibration`."""

from PySide6.QtCore import Signal

from diffview.gui.jobs.background import Background
from diffview.gui.jobs.busy import Jobs
from diffview.gui.jobs.live import Live
from diffview.runs.job import FINISHED
from diffview.runs.requests import Run
from diffview.scores.calibration import Calibration, too_few
from diffview.scores.run_ensembles import CalibrationCheck
from diffview.scores.solver_scores import SolverCheck


class CalibrationJob(Background[CalibrationCheck]):
    """Judgements of the finished run of the plan in force, one at a time.

    Signals:
        ran: a run began or ended.
    """

    kind = "calibrating"
    subject = ("plan",)
    ran = Signal()

    def __init__(self, jobs: Jobs, live: Live) -> None:
        self._live = live
        super().__init__(jobs)
        live.run_changed.connect(self._follow)
        live.run_changed.connect(self.ran)

    def run(self) -> Run | None:
        """The finished run of the plan in force, or None."""
        run = self._live.run
        return run if run is not None and run.state == FINISHED and run.is_of(self._session.plan) else None

    def about(self) -> object:
        """What is judged."""
        return self.run()

    def why_not(self) -> str:
        """Why nothing can be judged now; "" if it can."""
        run = self.run()
        if run is None:
            return "There is no finished run of these settings: press Run."
        return str(too_few(run.plan.shape[0])) if run.plan.shape[0] < 2 else ""

    def start(self, truth: str, thresholds: tuple[float, ...] = ()) -> None:
        """Judge the run that is finished beside a truth, a key of `run_ensembles`, or "" for the usual one."""
        run, facts = self.run(), self._session.facts
        if run is not None and run.trajectory.last is not None:
            last = run.trajectory.last
            self.begin(lambda: CalibrationCheck(run.kept, facts, last.y, truth, thresholds))

    @property
    def found(self) -> Calibration | None:
        """What was found of the run in force, or None."""
        return None if (job := self.ended) is None else job.found


class SolverJob(Background[SolverCheck]):
    """Solvers of observations held against the exact posterior of a Gaussian field."""

    kind = "solving"

    def start(self) -> None:
        """Draw with all of them."""
        self.begin(SolverCheck)
