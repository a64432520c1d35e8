"""A piece of work and its end, whatever ends it."""

import pytest

from diffview.errors import NotWrittenError, UserError
from diffview.runs import job
from diffview.runs.job import FAILED, FINISHED, RUNNING, STOPPED, WAITING, Job


class Steps(Job):
    """Ten steps, after the third of which `then` is called."""

    def __init__(self, then=lambda: None):
        self.then, self.seen = then, []

    def work(self):
        for i in range(1, 11):
            self.seen.append(self.state)
            self.tell(i / 10)
            if i == 3:
                self.then()


def raising(error):
    def raise_it():
        raise error

    return raise_it


def test_a_job_from_its_beginning_to_its_end():
    steps = Steps()
    assert (steps.state, steps.active, steps.done, steps.mark) == (WAITING, True, 0.0, (WAITING, 0))
    steps.run()
    assert steps.seen == [RUNNING] * 10
    assert (steps.state, steps.active, steps.done, steps.error) == (FINISHED, False, 1.0, None)


@pytest.mark.parametrize(
    "error",
    [
        UserError("No.", "Yes."), NotWrittenError("Full."), OSError(28, "No space left on device", "a.nc"),
        MemoryError("Unable to allocate 2 GiB"), RuntimeError("CUDA out of memory"), ZeroDivisionError("by zero"),
    ],
)  # fmt: skip
def test_every_error_ends_the_job_and_nothing_else(error):
    steps = Steps(raising(error))
    steps.run()
    assert (steps.state, steps.done) == (FAILED, 0.3) and steps.error is error


def test_a_cancelled_job_has_no_error_and_is_done_so_far():
    steps = Steps()
    steps.then = lambda: setattr(steps, "stopping", True)
    steps.run()
    assert (steps.state, steps.done, steps.error) == (STOPPED, 0.4, None)


def test_what_is_not_an_exception_is_not_kept():
    with pytest.raises(KeyboardInterrupt):
        Steps(raising(KeyboardInterrupt())).run()


@pytest.mark.parametrize(("shared", "threads"), [(True, 1), (False, 3)])
def test_a_network_takes_one_core_while_something_else_computes(monkeypatch, shared, threads):
    torch = pytest.importorskip("torch")
    taken = []
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    monkeypatch.setattr(job, "cores", lambda: 4)
    monkeypatch.setattr(job, "load_engine", lambda: taken.append("torch"))

    class Network(Steps):
        network = True

    steps = Network()
    steps.shared = shared
    steps.run()
    assert taken == ["torch", *[threads] * 10]
