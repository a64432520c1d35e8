"""What works beside what: the table, who waits for whom, and what is told of an error of every kind of work."""

import os
import sys
import threading

import pytest
from conftest import PATIENCE

from diffview.errors import LESS, UserError
from diffview.gui import errors
from diffview.gui.jobs.background import Background
from diffview.gui.jobs.busy import BUSY, Jobs
from diffview.gui.jobs.worker import Worker
from diffview.gui.session import Session
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.job import FAILED, FINISHED, STOPPED, WAITING, Job
from diffview.runs.recipe import default_recipe


class AtWork:
    """Works while it is told to."""

    def __init__(self):
        self.active, self.closed = False, 0

    def close(self):
        self.closed += 1


class Held(Job):
    """Waits until it may go on, and raises `error` if there is one."""

    def __init__(self, error=None):
        self.fault = error
        self.begun, self.may = threading.Event(), threading.Event()

    def work(self):
        self.begun.set()
        assert self.may.wait(PATIENCE / 1000)
        self.tell(0.5)
        if self.fault is not None:
            raise self.fault


@pytest.fixture
def heard():
    return []


@pytest.fixture
def jobs(qapp, heard):
    session = Session(default_recipe().but(model="gaussian"), Facts(packaged_field()))
    session.told.connect(heard.append)
    made = Jobs(session)
    yield made
    made.close()


@pytest.fixture
def kinds(jobs):
    """Something of every kind of work, by kind."""
    made = {kind: AtWork() for kind in BUSY}
    for kind, work in made.items():
        jobs.hold(kind, work)
    return made


def beside(jobs, kinds, kind):
    """The kinds beside which it shares the cores, and those beside which it does not begin."""
    shares, refuses = [], []
    for other, work in kinds.items():
        work.active = True
        shares += [other] * jobs.shares(kind)
        refuses += [other] * (jobs.refusal(kind) is not None)
        work.active = False
    return set(shares), set(refuses)


RUN, BOTH = {"sampling"}, {"sampling", "training"}


@pytest.mark.parametrize(
    ("kind", "shares", "waits"),
    [
        ("sampling", set(), set()),
        ("training", RUN, {"training"}),
        ("verifying", BOTH, {"verifying", "training"}),
        ("losses", BOTH, {"losses"}),
        ("racing", RUN, {"racing"}),
        ("scoring", BOTH, {"scoring"}),
        ("searching", RUN, {"searching"}),
        ("kriging", RUN, {"kriging", "sampling"}),
        ("calibrating", RUN, {"calibrating", "sampling"}),
        ("solving", RUN, {"solving"}),
        ("filming", BOTH, {"filming"}),
        ("writing", set(), {"writing"}),
        ("learning", BOTH, {"training"}),
        ("paths", set(), set()),
        ("following", set(), set()),
    ],
)
def test_the_table(jobs, kinds, kind, shares, waits):
    assert beside(jobs, kinds, kind) == (shares, waits)
    assert jobs.at_rest and jobs.refusal(kind) is None and not jobs.shares(kind)


def test_every_refusal_is_a_finished_sentence_that_says_what_is_at_work():
    assert {said[0] for rule in BUSY.values() for said in rule.apart.values()} == {
        "A cluster is being asked.", "A handout is being made.", "A coarse field is being brought back.",
        "One training at a time: stop this one first.", "A network is being verified.", "A film is being made.",
        "A training is at work: stop it first.", "A loss is being measured.", "A race is being run.",
        "A scoreboard is being made.", "Levels are being searched.", "A gap is being kriged.",
        "A run is being computed.", "Another file is being written.", "Runs are being compared.",
        "Rivals are being scored.", "An ensemble is being judged.",
        "Solvers are being held against the exact posterior.", "Days are being made.", "Rain is being made.",
        "Fields are being made together.",
    }  # fmt: skip
    assert all(set(rule.shares) | set(rule.apart) <= set(BUSY) for rule in BUSY.values())


def test_kinds_that_were_never_made_are_at_rest_and_the_others_are_closed(jobs):
    work = AtWork()
    jobs.hold("racing", work)
    work.active = True
    assert jobs.kinds == ("racing",) and not jobs.at_rest
    assert jobs.at_work("racing") and not jobs.at_work("training", "sampling") and not jobs.at_work()
    jobs.close()
    assert work.closed == 1


@pytest.fixture
def racing(jobs):
    """Work of one kind."""
    return type("Racing", (Background,), {"kind": "racing"})(jobs)


@pytest.fixture
def log(monkeypatch):
    """What was logged as a bug."""
    logged = []
    monkeypatch.setattr(errors, "log_bug", lambda error: logged.append(error) or "the.log")
    return logged


LOGGED = "Nothing is lost. The details are in the.log."
OF_A_FILE = "Check the disk and who may use it, then try again."


@pytest.mark.parametrize(
    ("error", "sentence", "hint", "bug"),
    [
        (UserError("No.", "Yes."), "No.", "Yes.", False),
        (OSError(28, "No space left", "a.nc"), "a.nc cannot be used: No space left.", OF_A_FILE, False),
        (OSError(24, "Too many open files"), "The system refuses it: Too many open files.", OF_A_FILE, False),
        (MemoryError("Unable to allocate 2 GiB"), "The device ran out of memory.", LESS, False),
        (RuntimeError("MPS backend out of memory"), "The device ran out of memory.", LESS, False),
        (OSError("odd"), "diffview made a mistake: OSError: odd.", LOGGED, True),
        (ZeroDivisionError("x"), "diffview made a mistake: ZeroDivisionError: x.", LOGGED, True),
    ],
)  # fmt: skip
def test_every_error_is_told_in_one_way(racing, heard, wait, log, error, sentence, hint, bug):
    job = Held(error)
    assert racing.begin(lambda: job) and racing.active
    job.may.set()
    wait(lambda: not racing.active)
    assert job.state == FAILED and [(m.sentence, m.hint, m.kind) for m in heard] == [(sentence, hint, "error")]
    assert log == [error] * bug


def test_each_kind_says_how_it_takes_less_memory(jobs, heard):
    for kind in ("sampling", "training", "scoring"):
        jobs.tell_error(kind, MemoryError())
    jobs.tell_error("racing", None)
    assert [m.hint for m in heard] == [
        "Try fewer members or a smaller region.", "Choose a smaller batch, smaller crops or a smaller width.", LESS,
    ]  # fmt: skip


def test_a_cancelled_job_is_told_nothing_of(racing, heard, wait):
    job = Held()
    racing.begin(lambda: job)
    assert job.begun.wait(PATIENCE / 1000)
    racing.stop()
    job.may.set()
    wait(lambda: not racing.active)
    assert (job.state, racing.ended, heard) == (STOPPED, job, [])


def test_a_dropped_job_is_told_nothing_of_and_forgotten(racing, heard, wait):
    job = Held(ZeroDivisionError("x"))
    racing.begin(lambda: job)
    assert job.begun.wait(PATIENCE / 1000)
    racing.drop()
    assert racing.job is job and racing.ended is None
    job.may.set()
    wait(lambda: not racing.active)
    assert racing.job is None and heard == []


def test_a_job_that_is_dropped_between_its_end_and_the_next_look_is_forgotten(racing, wait):
    job = Held()
    racing.begin(lambda: job)
    job.may.set()
    while job.active:
        pass
    racing.drop()
    wait(lambda: not racing.active)
    assert job.state == FINISHED and racing.job is None


def test_a_second_job_and_one_that_cannot_be_made_are_refused_with_a_sentence(racing, heard, wait):
    job = Held()
    assert racing.why_busy == "" and racing.begin(lambda: job)
    assert racing.why_busy == "A race is being run. Wait for it, or stop it."
    assert not racing.begin(Held) and heard[-1].sentence == "A race is being run."
    job.may.set()
    wait(lambda: not racing.active)

    def fail():
        raise UserError("There is nothing to race.")

    assert not racing.begin(fail) and heard[-1].sentence == "There is nothing to race." and racing.job is job


def test_a_worker_does_the_most_urgent_first_and_the_newest_of_a_rank(qapp):
    worker, order = Worker("testing", ("first", "second")), []

    class Noted(Job):
        def __init__(self, name):
            self.name = name

        def work(self):
            order.append(self.name)

    held, later, old, new = Held(), Noted("later"), Noted("old"), Noted("new")
    worker.put(held, "second")
    assert held.begun.wait(PATIENCE / 1000)
    for job, rank in ((later, "second"), (old, "first"), (new, "first")):
        worker.put(job, rank)
    assert (old.state, later.state) == (STOPPED, WAITING)
    held.may.set()
    while later.active:
        pass
    never = Noted("never")
    worker.close()
    worker.put(never, "first")
    assert order == ["new", "later"] and never.state == STOPPED and not worker.isRunning()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="threads have no nice values of their own there")
def test_the_window_draws_first_where_a_worker_and_what_it_starts_want_the_same_processor(qapp):
    nice = []

    class Noted(Job):
        def work(self):
            self.note()
            inner = threading.Thread(target=self.note)
            inner.start()
            inner.join()

        def note(self):
            nice.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    own, worker, job = os.getpriority(os.PRIO_PROCESS, 0), Worker("testing"), Noted()
    worker.put(job)
    while job.active:
        pass
    worker.close()
    assert nice == [min(19, own + 10)] * 2 and os.getpriority(os.PRIO_PROCESS, 0) == own
