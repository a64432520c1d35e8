"""The parts of the reader process, called here: answers, packed replies, reports, the loop; and files that are none."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from readers_twins import ramp, write

from diffview.errors import UserError
from diffview.readers import alive, sniff, worker
from diffview.readers.sniff import require_hdf5
from diffview.readers.worker import LARGE, LONGEST, ReplyPickler, answer, packed_reply, reporter, serve


class Replies(pickle.Unpickler):
    """Reads replies back, their files from a folder."""

    def __init__(self, stream: Any, folder: Path) -> None:
        super().__init__(stream)
        self._folder = folder

    def persistent_load(self, pid: tuple[str, str]) -> Any:
        kind, what = pid
        return np.load(self._folder / what) if kind == "file" else what


def unpacked(content: bytes, folder: Path) -> Any:
    return Replies(io.BytesIO(content), folder).load()


# --- replies ---------------------------------------------------------------------------------------------------------


def test_large_arrays_go_to_files_and_long_texts_are_cut(tmp_path: Path) -> None:
    small, large = np.arange(8.0), np.arange(LARGE // 8, dtype=np.float64)
    ticket, value, error, trace = unpacked(packed_reply(7, ((small, large, "x" * 5000), None, b""), tmp_path), tmp_path)
    assert (ticket, error, trace) == (7, None, b"") and len(list(tmp_path.iterdir())) == 1
    np.testing.assert_array_equal(value[0], small)
    np.testing.assert_array_equal(value[1], large)
    assert value[2] == "x" * (LONGEST - 1) + "…"


def test_arrays_of_objects_travel_in_the_pipe(tmp_path: Path) -> None:
    things = np.array([{"a": 1}] * 5000, object)
    stream = io.BytesIO()
    ReplyPickler(stream, tmp_path).dump(things)
    assert list(tmp_path.iterdir()) == [] and unpacked(stream.getvalue(), tmp_path)[4999] == {"a": 1}


def test_a_reply_without_room_on_the_disk_says_so(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    reply = packed_reply(3, (np.zeros(LARGE), None, b""), nowhere)
    ticket, value, error, _ = unpacked(reply, nowhere)
    assert (ticket, value) == (3, None)
    assert error.sentence == f"The picture could not be handed over: {nowhere} has no room or may not be written."
    assert "TMPDIR" in error.hint


# --- answers ---------------------------------------------------------------------------------------------------------


def test_a_request_is_answered_by_its_function(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp(), {"units": "K"})
    value, error, trace = answer("read_slice", {"path": path})
    assert error is None and trace == b""
    np.testing.assert_array_equal(value.field.values, ramp())
    assert answer("diffview.readers.sniff:require_hdf5", {"path": path})[0] == Path(path), "any function by its module"


def test_a_refusal_comes_back_as_its_sentence_alone(tmp_path: Path) -> None:
    value, error, trace = answer("read_slice", {"path": str(tmp_path / "none.h5")})
    assert value is None and trace == b"" and type(error) is UserError and error.__cause__ is None
    assert error.sentence == f"{tmp_path / 'none.h5'} does not exist."


def test_a_fault_of_ours_is_told_with_its_place() -> None:
    value, error, trace = answer("diffview.readers.quality:percent", {"count": 1, "total": 0})
    assert value is None and b"ZeroDivisionError" in trace
    assert error is not None and error.sentence.startswith("The file could not be read: the reader met an error of its")
    assert "ZeroDivisionError: division by zero" in error.sentence and "report it" in error.hint


def test_too_little_memory_is_said_to_be_that(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(path: str) -> None:
        raise MemoryError

    monkeypatch.setattr(sniff, "require_hdf5", greedy)
    _, error, _ = answer("diffview.readers.sniff:require_hdf5", {"path": "big.h5"})
    assert error is not None and error.hint == "Choose a smaller dataset."
    assert error.sentence == "big.h5 needs more memory than a file is given (2 GB), or than there is."


# --- the loop --------------------------------------------------------------------------------------------------------


def test_requests_are_answered_in_their_order_until_the_pipe_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp())
    asked = [(1, "list_group", {"path": path, "group": "/"}), (2, "read_slice", {"path": "nowhere.h5"})]
    replies = io.BytesIO()
    serve(io.BytesIO(b"".join(map(pickle.dumps, asked))), replies, tmp_path, 0.0)
    replies.seek(0)
    first, second = (Replies(replies, tmp_path).load() for _ in asked)
    assert first[0] == 1 and first[2] is None and second[0] == 2 and second[2].sentence == "nowhere.h5 does not exist."
    assert replies.read() == b""


def test_noise_in_the_pipe_ends_the_loop(tmp_path: Path) -> None:
    replies = io.BytesIO()
    serve(io.BytesIO(b"this is no pickle"), replies, tmp_path, 0.0)
    assert replies.getvalue() == b""


def test_shares_are_reported_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(worker.time, "monotonic", lambda: now[0])
    stream = io.BytesIO()
    report = reporter(9, stream)
    for share, later in ((0.1, 0.05), (0.2, 0.06), (0.3, 0.01), (0.4, 0.2)):
        now[0] += later
        report(share)
    stream.seek(0)
    assert [pickle.load(stream) for _ in range(2)] == [(9, 0.2), (9, 0.4)] and stream.read() == b""


def test_progress_is_told_to_who_listens() -> None:
    heard: list[float] = []
    alive.listen(heard.append)
    try:
        for share in (0.25, None, 0.5):
            alive.progress(share)
    finally:
        alive.listen(None)
    alive.progress(0.75)
    assert heard == [0.25, 0.5]


# --- files that are no HDF5 ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "kind", "hint"),
    [
        (b"CDF\x05rest", "a netCDF-3 file (64-bit data), not an HDF5 file", "Convert it once: nccopy -k nc4 a.b.dat"),
        (b"\x0e\x03\x13\x01", "an HDF4 file, not an HDF5 file", "Convert it once: h4toh5convert a.b.dat a.b.h5"),
        (b"GRIB\x00", "a GRIB file, not an HDF5 file", "Convert it once: cdo -f nc4 copy a.b.dat a.b.nc"),
        (b"PK\x03\x04", "a zip archive, not an HDF5 file", "Unpack it first: unzip a.b.dat"),
        (b"\x93NUMPY", "a NumPy array file, not an HDF5 file", "diffview.show(array)"),
        (b"\0" * 257 + b"ustar", "a tar archive, not an HDF5 file", "Unpack it first: tar -xf a.b.dat"),
        (b"", "empty", "Download it again."),
        (b"\x89HDF\n\n", "a damaged HDF5 file: its signature is broken", "Download it again as binary."),
        (b"\0" * 600, "filled with zeros, not an HDF5 file", "Its transfer was not finished: repeat it."),
        (b"  <html>\xff", "an HTML or XML page, not an HDF5 file", "It may be a login page: download again."),
        (b"a,b\n1,2\n", "a text file, not an HDF5 file", "diffview opens HDF5 and netCDF files, and Zarr stores."),
        (b"\x01\x02\x03", "not an HDF5 file", "diffview opens HDF5 and netCDF files, and Zarr stores."),
    ],
)
def test_other_files_are_refused_by_name_with_what_to_do(tmp_path: Path, head: bytes, kind: str, hint: str) -> None:
    path = tmp_path / "a.b.dat"
    path.write_bytes(head)
    with pytest.raises(UserError) as refused:
        require_hdf5(path)
    assert refused.value.sentence == f"{path} is {kind}."
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("name", "sentence", "hint"),
    [("none.h5", "{} does not exist.", "Check its name"), ("", "{} is a folder, not a file.", "Choose a file in it.")],
)  # fmt: skip
def test_what_is_no_file_is_told(tmp_path: Path, name: str, sentence: str, hint: str) -> None:
    path = tmp_path / name
    with pytest.raises(UserError) as refused:
        require_hdf5(path)
    assert refused.value.sentence == sentence.format(path) and hint in refused.value.hint


def test_devices_and_names_with_a_zero_are_told() -> None:
    with pytest.raises(UserError, match="is a device or a pipe, not a file"):
        require_hdf5("/dev/null")
    with pytest.raises(UserError, match="cannot be read: embedded null"):
        require_hdf5("a\0b")


@pytest.mark.parametrize("before", [0, 512, 1024, 2048])
def test_the_signature_may_stand_behind_a_user_block(tmp_path: Path, before: int) -> None:
    path = tmp_path / "a.h5"
    path.write_bytes(b"x" * before + sniff.HDF5_SIGNATURE + b"rest")
    assert require_hdf5(str(path)) == path
    path.write_bytes(b"x" * (before + 1) + sniff.HDF5_SIGNATURE)
    with pytest.raises(UserError):
        require_hdf5(path)
