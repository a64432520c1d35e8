"""The reader process: replies, cancelling, death in the middle of a request, damaged files, what it imports."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from readers_twins import ramp, write

from diffview.errors import UserError
from diffview.readers import process
from diffview.readers.process import ReaderProcess, Reply
from diffview.readers.slices import read_slice

PATIENCE = 30.0  # seconds; a loaded machine starts a process slowly


@pytest.fixture
def reader() -> Iterator[ReaderProcess]:
    """A reader process that ends with the test."""
    made = ReaderProcess()
    yield made
    made.close()


def wait_for(reader: ReaderProcess, ticket: int) -> Reply:
    """The reply to one request, by polling as the window does."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for reply in reader.poll():
            if reply.ticket == ticket:
                return reply
        time.sleep(0.005)
    raise TimeoutError(f"no reply to request {ticket}")


def large_file(path: Path) -> str:
    """A file whose description takes many seconds: 524 million values, of which few are stored."""
    block = np.random.default_rng(0).integers(0, 1000, (1, 256, 256)).astype(np.int32)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("v", (8000, 256, 256), "i4", chunks=(1, 256, 256), compression="gzip", fillvalue=7)
        data[:40] = np.repeat(block, 40, axis=0)
    return str(path)


def test_a_picture_comes_back_as_it_was_read(reader: ReaderProcess, tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp(300, 200), {"units": "K", "scale_factor": 0.5})
    reader.start()
    got, here = reader.call("read_slice", path=path), read_slice(path)
    np.testing.assert_array_equal(got.field.values, here.field.values)
    assert (got.field.units, got.axes, got.field.provenance) == ("K", (0, 1), here.field.provenance)
    assert not got.field.values.flags.writeable


def test_small_pictures_hold_no_file_open_and_large_ones_are_mapped(
    reader: ReaderProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.h5", ramp(300, 200))
    assert not isinstance(reader.call("read_slice", path=path).field.values.base, np.memmap)
    monkeypatch.setattr(process, "LEAST_MAPPED", 1000)
    mapped = reader.call("read_slice", path=path).field.values
    assert isinstance(mapped.base, np.memmap) and not mapped.flags.writeable


def test_user_errors_come_back_and_the_process_stays(reader: ReaderProcess, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist") as caught:
        reader.call("read_slice", path=str(tmp_path / "no.h5"))
    assert caught.value.hint
    first = reader.pid
    assert [node.name for node in reader.call("list_group", path=write(tmp_path / "a.h5", ramp()))] == ["v"]
    assert reader.pid == first


def test_a_fault_of_the_reader_is_an_error_with_its_traceback(reader: ReaderProcess, tmp_path: Path) -> None:
    reply = wait_for(reader, reader.submit("read_slice", path=write(tmp_path / "a.h5", ramp()), wrong=1))
    assert reply.error is not None
    assert "TypeError" in reply.error.sentence
    assert "Traceback" in reply.traceback


def test_an_unknown_function_is_refused_at_once(reader: ReaderProcess) -> None:
    with pytest.raises(KeyError):
        reader.submit("system", command="true")


def test_requests_are_answered_in_order(reader: ReaderProcess, tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp())
    tickets = [reader.submit("describe", path=path, dataset="v") for _ in range(20)]
    last = reader.call("describe", path=path, dataset="v")
    replies = reader.poll()
    assert [reply.ticket for reply in replies] == tickets
    assert all(reply.value == last for reply in replies)
    assert not reader.busy


def test_cancel_ends_a_long_request_at_once(reader: ReaderProcess, tmp_path: Path) -> None:
    ticket = reader.submit("describe", path=large_file(tmp_path / "a.h5"), dataset="v")
    queued = reader.submit("list_group", path=str(tmp_path / "a.h5"))
    time.sleep(0.5)
    before = reader.pid
    reader.cancel()
    assert [(reply.ticket, reply.cancelled, reply.error) for reply in reader.poll()] == [
        (ticket, True, None),
        (queued, True, None),
    ]
    assert reader.pid not in (None, before)
    assert len(reader.call("list_group", path=str(tmp_path / "a.h5"))) == 1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_new_request_does_not_wait_for_a_long_one_that_was_withdrawn(reader: ReaderProcess, tmp_path: Path) -> None:
    long, good = large_file(tmp_path / "long.h5"), write(tmp_path / "good.h5", ramp())
    reader.call("list_group", path=good)
    first, ticket = reader.pid, reader.submit("describe", path=long, dataset="v")
    assert reader.withdraw(ticket) and reader.withdraw(ticket)
    reply = wait_for(reader, reader.submit("read_slice", path=good))
    assert reply.error is None and reader.pid != first  # the long one would have taken many times a second
    assert reader.poll() == [] and not reader.busy
    assert not reader.withdraw(reply.ticket) and not reader.withdraw(ticket)


def test_a_short_request_that_was_withdrawn_keeps_its_process_and_has_no_reply(
    reader: ReaderProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diffview.readers.process.GRACE", PATIENCE)
    good = write(tmp_path / "good.h5", ramp())
    reader.call("list_group", path=good)
    first, tickets = reader.pid, []
    for _ in range(20):  # as a slider of slices does
        tickets.append(reader.submit("read_slice", path=good))
        for ticket in tickets[:-1]:
            reader.withdraw(ticket)
    assert wait_for(reader, tickets[-1]).error is None
    assert reader.pid == first and reader.poll() == []


def test_a_child_that_dies_costs_one_sentence_and_leaves_nothing(reader: ReaderProcess, tmp_path: Path) -> None:
    path = large_file(tmp_path / "a.h5")
    reader.call("list_group", path=path)
    folder = reader.folder
    assert folder is not None
    ticket = reader.submit("describe", path=path, dataset="v")
    waiting = reader.submit("list_group", path=path)
    time.sleep(0.3)
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGKILL)
    reply = wait_for(reader, ticket)
    assert reply.error is not None
    assert reply.error.sentence == f"The reader stopped while reading {path}."
    assert wait_for(reader, waiting).value is not None
    assert not folder.exists()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_child_that_died_while_idle_is_replaced_unseen(reader: ReaderProcess, tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp())
    reader.call("list_group", path=path)
    assert reader.pid is not None
    os.kill(reader.pid, signal.SIGKILL)
    time.sleep(0.2)
    assert len(reader.call("list_group", path=path)) == 1


def test_no_files_are_left_and_mapped_pictures_outlive_the_process(reader: ReaderProcess, tmp_path: Path) -> None:
    picture = reader.call("read_slice", path=write(tmp_path / "a.h5", ramp(300, 200)))
    folder = reader.folder
    assert folder is not None
    assert os.name == "nt" or not list(folder.iterdir())
    reader.close()
    assert not folder.exists()
    np.testing.assert_array_equal(picture.field.values, ramp(300, 200))


def damaged(content: bytes, rng: np.random.Generator, kind: int) -> bytes:
    """A file cut short, or with some of its bytes changed, most of them where the structure lies."""
    if kind % 3 == 0:
        return content[: int(rng.integers(1, len(content)))]
    broken = bytearray(content)
    for _ in range(int(rng.integers(1, 12))):
        broken[int(rng.integers(8, len(broken) if kind % 3 == 1 else 3000))] = int(rng.integers(256))
    return bytes(broken)


def test_damaged_files_give_a_reply_or_an_error_and_the_next_file_opens(reader: ReaderProcess, tmp_path: Path) -> None:
    good = Path(write(tmp_path / "good.h5", np.stack([ramp(40, 40)] * 3), {"units": "K"}, "g/v", compression="gzip"))
    write(good, ramp(40, 40), {"long_name": "a second one"}, "w")
    content, rng = good.read_bytes(), np.random.default_rng(1)
    bad = tmp_path / "bad.h5"
    for kind in range(50):
        bad.write_bytes(damaged(content, rng, kind))
        reply = wait_for(reader, reader.submit("read_slice", path=str(bad)))
        assert reply.error is not None or reply.value.field.values.ndim == 2
        assert not reply.traceback, reply.traceback
        wait_for(reader, reader.submit("list_group", path=str(bad)))
    assert reader.call("read_slice", path=str(good)).field.values.shape == (40, 40)


def test_the_child_imports_neither_qt_nor_torch() -> None:
    code = (
        "import sys, diffview.readers.worker as w; w.load_functions(); w.warm_up(); "
        "print([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'torch', 'pyqtgraph', 'scipy')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(  # a main script without a guard: the child must not run it again
        "import sys, time\n"
        f"sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})\n"
        "from diffview.readers.process import ReaderProcess\n"
        "reader = ReaderProcess()\n"
        f"reader.call('list_group', path={write(tmp_path / 'a.h5', ramp())!r})\n"
        "print(reader.pid, reader.folder, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid, folder = parent.stdout.readline().split()
        parent.kill()
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and (Path(folder).exists() or alive(int(pid))):
        time.sleep(0.02)
    assert not Path(folder).exists()
    assert not alive(int(pid))


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not waited for does not."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
