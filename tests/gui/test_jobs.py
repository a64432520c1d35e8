"""The sampling thread, without a window: what it runs, in which order, and how it ends."""

import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest
from conftest import PATIENCE, QUICK, sampling_has_ended, thread_names

from diffview.gui.jobs import worker
from diffview.gui.jobs.sampling import SamplingRequests
from diffview.readers.packaged import packaged_field
from diffview.runs import requests
from diffview.runs.engine import Engine
from diffview.runs.facts import Facts
from diffview.runs.job import FAILED, FINISHED, STOPPED, WAITING
from diffview.runs.resolve import resolve
from diffview.runs.run import run

SECONDS = PATIENCE / 1000


class Gate:
    """A model that goes through `open` calls and then waits in the next one until it may go on."""

    def __init__(self, free=10**9):
        self.calls = 0
        self.levels = []
        self.inside = threading.Event()
        self._may = threading.Semaphore(free)

    def __call__(self, y, s):
        self.calls += 1
        self.levels.append(s)
        self.inside.set()
        assert self._may.acquire(timeout=SECONDS), "nobody opened the gate"
        return 0.5 * y

    def wait_inside(self):
        assert self.inside.wait(SECONDS), "the model was not called"
        self.inside.clear()

    def open(self, calls=10**6):
        self._may.release(calls)


@dataclass(frozen=True, eq=False)
class Fit:
    """A fit set that gives the model it was made with."""

    model: object
    fitted: list

    def denoiser(self):
        self.fitted.append(self.model)
        return self.model


@pytest.fixture
def plan():
    return resolve(QUICK, Facts(packaged_field()))


@pytest.fixture
def with_model(plan):
    """A plan for a model of our own."""
    return lambda model, **wishes: replace(plan, model=Fit(model, []), **wishes)


@pytest.fixture
def sampling(qapp):
    made = SamplingRequests()
    yield made
    made.close()


@pytest.fixture
def gates():
    """Gates that are all open at the end, so that no thread waits for ever."""
    made = []

    def make(free=0):
        made.append(Gate(free))
        return made[-1]

    yield make
    for gate in made:
        gate.open()


def test_a_run_is_bit_for_bit_that_of_the_core(sampling, plan, wait):
    asked = sampling.request(plan)
    wait(lambda: not asked.active)
    assert asked.state == FINISHED
    expected = list(run(plan))
    kept = asked.trajectory.kept
    assert [s.index for s in kept] == [s.index for s in expected] == list(range(19))
    for ours, theirs in zip(kept, expected, strict=True):
        assert (ours.s, ours.evaluations) == (theirs.s, theirs.evaluations)
        np.testing.assert_array_equal(ours.y, theirs.y)
    np.testing.assert_array_equal(kept[5].x0_hat, expected[5].x0_hat)
    assert asked.steps_per_second > 0


def test_the_thread_begins_with_the_first_request(sampling, plan, wait):
    assert "sampling" not in thread_names()
    asked = sampling.request(plan)
    wait(lambda: not asked.active)
    assert not thread_names() or "sampling" in thread_names()


def test_a_thread_that_rests_gives_memory_back_once_after_work(sampling, plan, wait, monkeypatch):
    """After half an hour of use the C library held more than 1 GB of what runs had freed."""
    given = []
    monkeypatch.setattr(worker, "REST_S", 0.05)
    monkeypatch.setattr(worker, "give_memory_back", lambda: given.append(threading.current_thread()))
    for count in (1, 2):
        sampling.request(plan)
        wait(lambda count=count: len(given) >= count)
        time.sleep(0.5)  # ten rests
        assert len(given) == count
    assert threading.current_thread() not in given


def test_the_newest_request_wins(sampling, with_model, gates, wait):
    first, never, last = gates(), gates(), gates(free=10**6)
    a = sampling.request(with_model(first))
    first.wait_inside()
    b, c = sampling.request(with_model(never)), sampling.request(with_model(last))
    assert b.state == STOPPED, "what is replaced before it began has ended"
    first.open()
    wait(lambda: not c.active)
    assert (a.state, c.state) == (STOPPED, FINISHED)
    assert first.calls == 1
    assert (never.calls, len(b.trajectory)) == (0, 0)
    assert len(c.trajectory) == last.calls + 1 == 19


def test_stop_ends_within_one_call_and_keeps_what_is_recorded(sampling, with_model, gates, wait):
    gate = gates(free=4)
    asked = sampling.request(with_model(gate))
    wait(lambda: gate.calls == 5)
    sampling.stop()
    gate.open()
    wait(lambda: not asked.active)
    assert asked.state == STOPPED
    assert gate.calls == 5
    assert [s.index for s in asked.trajectory.kept] == list(range(len(asked.trajectory)))
    assert len(asked.trajectory) in (5, 6)
    assert asked.error is None


def test_stop_before_it_began_ends_it_too(sampling, with_model, gates, wait):
    gate, other = gates(), gates(free=10**6)
    first = sampling.request(with_model(gate))
    gate.wait_inside()
    second = sampling.request(with_model(other))
    assert second.state == WAITING
    sampling.stop()
    assert second.state == STOPPED
    gate.open()
    wait(lambda: not first.active)
    assert other.calls == 0


def broken(error):
    def model(y, s):
        raise error

    return model


@pytest.mark.parametrize("error", [RuntimeError("CUDA out of memory"), ZeroDivisionError("by zero")])
def test_an_error_is_carried_and_the_thread_goes_on(sampling, plan, with_model, wait, error):
    asked = sampling.request(with_model(broken(error)))
    wait(lambda: not asked.active)
    assert (asked.state, asked.error) == (FAILED, error)
    after = sampling.request(plan)
    wait(lambda: not after.active)
    assert after.state == FINISHED


def test_a_refused_plan_fails_with_its_own_sentence(sampling, plan, wait):
    from diffview.errors import UserError

    refusal = UserError("No.", "Yes.")
    asked = sampling.request(replace(plan, refusal=refusal))
    wait(lambda: not asked.active)
    assert asked.error is refusal


def shot_arrays(plan):
    rng = np.random.default_rng(3)
    eps = rng.standard_normal(plan.x0.shape, dtype=np.float32)
    return (plan.x0 + np.float32(0.8) * eps)[None, None], eps


def test_a_shot_is_one_call_of_the_model(sampling, plan, wait):
    y, eps = shot_arrays(plan)
    asked = sampling.request_shot(plan, 0.8, y, eps)
    wait(lambda: not asked.active)
    x0_hat = plan.model.denoiser()(y, 0.8)[0, 0]
    np.testing.assert_array_equal(asked.x0_hat, x0_hat)
    eps_hat = (y[0, 0] - x0_hat) / 0.8
    np.testing.assert_allclose(asked.eps_hat, eps_hat, rtol=1e-5, atol=1e-5)
    assert asked.loss == pytest.approx(float(np.mean((eps - eps_hat) ** 2)), rel=1e-5)


def test_a_shot_in_the_middle_of_a_run_is_taken_and_the_run_is_the_same(sampling, with_model, gates, wait):
    gate = gates(free=2)
    plan = with_model(gate)
    asked = sampling.request(plan)
    wait(lambda: gate.calls == 3)
    y, eps = shot_arrays(plan)
    shot = sampling.request_shot(plan, 0.8, y, eps)
    gate.open(2)  # the call it waits in, and the shot's
    wait(lambda: not shot.active)
    assert asked.active
    assert gate.levels[3] == 0.8
    gate.open()
    wait(lambda: not asked.active)
    expected = list(run(plan, lambda y, s: 0.5 * y))
    np.testing.assert_array_equal(asked.trajectory.last.y, expected[-1].y)
    assert len(asked.trajectory) == 19


def test_the_newest_shot_replaces_one_not_begun(sampling, with_model, gates, wait):
    gate = gates()
    plan = with_model(gate)
    y, eps = shot_arrays(plan)
    shots = [sampling.request_shot(plan, 0.1, y, eps)]
    gate.wait_inside()
    shots += [sampling.request_shot(plan, s, y, eps) for s in (0.2, 0.3, 0.4)]
    gate.open()
    wait(lambda: not shots[-1].active)
    assert [shot.state for shot in shots] == [FINISHED, STOPPED, STOPPED, FINISHED]
    assert gate.levels == [0.1, 0.4]


def test_an_error_of_a_shot_is_carried(sampling, with_model, wait):
    error = RuntimeError("out of memory")
    plan = with_model(broken(error))
    shot = sampling.request_shot(plan, 0.8, *shot_arrays(plan))
    wait(lambda: not shot.active)
    assert shot.error is error
    assert shot.eps_hat is shot.loss is None


def test_a_model_is_fitted_once_for_what_it_is_fitted_to(sampling, with_model, gates, wait):
    plan = with_model(gates(free=10**6))
    for number in range(3):
        asked = sampling.request(replace(plan, recipe=plan.recipe.but(seed=number)))
        wait(lambda asked=asked: not asked.active)
    shot = sampling.request_shot(plan, 0.8, *shot_arrays(plan))
    wait(lambda: not shot.active)
    assert len(plan.model.fitted) == 1


def test_closing_in_the_middle_of_a_run_ends_the_thread(sampling, with_model, gates):
    gate = gates(free=3)
    asked = sampling.request(with_model(gate))
    gate.wait_inside()

    def open_once_closing():
        """The call it is in ends while close() waits."""
        while not sampling.closing:
            time.sleep(0.001)
        gate.open(1)

    helper = threading.Thread(target=open_once_closing)
    while gate.calls < 4:
        assert gate.inside.wait(SECONDS)
    helper.start()
    sampling.close()
    helper.join()
    assert gate.calls == 4
    assert asked.state == STOPPED
    assert sampling_has_ended()


def test_closing_without_a_request_starts_nothing(sampling):
    sampling.close()
    sampling.close()
    assert "sampling" not in thread_names()


def test_torch_is_imported_only_when_asked_for_and_after_what_waits(sampling, with_model, gates, monkeypatch, wait):
    order = []
    monkeypatch.setattr(requests, "load_engine", lambda: order.append("torch") or Engine("9.9", {"cpu": "CPU"}))
    gate = gates()
    asked = sampling.request(with_model(gate))
    gate.wait_inside()
    assert order == []
    sampling.request_engine()
    again = sampling.request(with_model(gates(free=10**6)))
    gate.open()
    wait(lambda: sampling.models.engine is not None)
    assert order == ["torch"]
    assert (asked.state, again.state) == (STOPPED, FINISHED)


def test_torch_on_the_cpu_agrees_with_numpy(sampling, wait):
    torch = pytest.importorskip("torch")
    facts = Facts(packaged_field()).learn(torch=torch.__version__)
    runs = [sampling.request(resolve(QUICK.but(device=device), facts)) for device in ("auto",)]
    wait(lambda: not runs[0].active)
    runs.append(sampling.request(resolve(QUICK.but(device="cpu"), facts)))
    wait(lambda: not runs[1].active)
    assert [r.plan.device for r in runs] == ["numpy", "cpu"]
    assert [r.state for r in runs] == [FINISHED] * 2
    ours, theirs = (r.trajectory.last.y for r in runs)
    assert type(theirs) is np.ndarray
    np.testing.assert_allclose(theirs, ours, atol=1e-5)


def test_the_search_for_garbage_rests_while_torch_is_imported_and_then_leaves_it_out():
    """A whole search with torch in it stops the window for 0.3 s; seen in a process that has not imported it."""
    program = (
        "import gc\n"
        "seen = []\n"
        "gc.callbacks.append(lambda phase, info: seen.append(info['generation']))\n"
        "from diffview.runs.engine import load_engine\n"
        "seen.clear()\n"
        "assert load_engine().version is not None and seen == [], seen\n"
        "assert gc.isenabled() and gc.get_freeze_count() > 50_000\n"
        "assert len(gc.get_objects()) < gc.get_freeze_count() / 10\n"  # what a search looks at
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
