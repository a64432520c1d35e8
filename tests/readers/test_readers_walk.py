"""Every real file in a reader process: a picture or one sentence, in time, in bounded memory, without a traceback."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from readers_twins import SHARED, linked_tree

from diffview.readers.process import ReaderProcess, Reply

FILES = sorted(path for path in (SHARED / "h5").rglob("*") if path.is_file())
SECONDS = 20.0
MEGABYTES = 300.0
PICTURES = 12  # datasets of one file that are shown one by one

needs_files = pytest.mark.skipif(not FILES, reason="the folder of real files is not there")


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReaderProcess]:
    """One reader process for all files, warmed up."""
    process = ReaderProcess()
    process.call("read_slice", path=linked_tree(tmp_path_factory.mktemp("warm") / "a.h5"))
    yield process
    process.close()


def memory(reader: ReaderProcess, line: str) -> float | None:
    """VmRSS (now) or VmHWM (highest) of the reader process in MB, None where the system does not tell."""
    status = Path(f"/proc/{reader.pid}/status")
    if not status.is_file():
        return None
    return next(float(text.split()[1]) / 1024 for text in status.read_text().splitlines() if text.startswith(line))


def forget_peak(reader: ReaderProcess) -> None:
    """Start the highest memory again from what is in use."""
    switch = Path(f"/proc/{reader.pid}/clear_refs")
    if switch.is_file():
        switch.write_text("5")


def timed(reader: ReaderProcess, name: str, **arguments: object) -> Reply:
    """The reply to one request, which must come in time."""
    start = time.monotonic()
    ticket = reader.submit(name, **arguments)
    while time.monotonic() - start < SECONDS:
        for reply in reader.poll():
            if reply.ticket == ticket:
                return reply
        time.sleep(0.001)
    raise TimeoutError(f"{name} {arguments} took longer than {SECONDS} s")


def check(reply: Reply, path: Path) -> None:
    """A value, or an error that is one finished sentence which names the file."""
    assert not reply.traceback, reply.traceback
    if reply.error is not None:
        assert str(path) in reply.error.sentence
        assert reply.error.sentence.endswith(".")
        assert "\n" not in reply.error.sentence
        assert "stopped while reading" not in reply.error.sentence


@needs_files
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:50])
def test_every_file_is_answered_in_time_and_memory(reader: ReaderProcess, path: Path) -> None:
    forget_peak(reader)
    before = memory(reader, "VmRSS")
    shown = [timed(reader, name, path=str(path)) for name in ("read_slice", "list_group", "describe", "find_plottable")]
    for reply in shown:
        check(reply, path)
    for node in (shown[-1].value or ())[:PICTURES]:
        check(timed(reader, "read_slice", path=str(path), dataset=node.path), path)
        check(timed(reader, "describe", path=str(path), dataset=node.path), path)
    peak = memory(reader, "VmHWM")
    if before is not None and peak is not None:
        assert peak - before < MEGABYTES
