"""Files that lie, or are damaged, or are being written: a sentence each, little memory, little time."""

import json
import pickle
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from readers_twins import ramp, write

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.readers.describe import describe
from diffview.readers.process import ReaderProcess
from diffview.readers.slices import read_slice
from diffview.readers.stacks import read_stack
from diffview.readers.tree import list_group
from diffview.readers.worker import LONGEST, answer, limited_memory

LINUX = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system has no such limit")


@pytest.fixture
def reader() -> Iterator[ReaderProcess]:
    process = ReaderProcess()
    yield process
    process.close()


def texts(item: Any) -> Iterator[str]:
    """Every text in a reply."""
    if isinstance(item, str):
        yield item
    elif isinstance(item, dict):
        for key, value in item.items():
            yield from (*texts(key), *texts(value))
    elif isinstance(item, (list, tuple)):
        for value in item:
            yield from texts(value)
    elif hasattr(item, "__dict__"):
        yield from texts(vars(item))


# --- texts ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [np.bytes_("°C".encode("latin-1")), "°C", "°C".encode()])
def test_units_are_understood_in_utf_8_and_in_latin_1(tmp_path: Path, stored: Any) -> None:
    path = write(tmp_path / "a.h5", ramp(), {})
    with h5py.File(path, "a") as file:
        file["v"].attrs["units"] = stored
        plain = stored if isinstance(stored, bytes) else stored.encode("latin-1")
        file["v"].attrs.create("long_name", plain, dtype=h5py.string_dtype("utf-8"))  # of varying length
    assert read_slice(path, "v").field.units == "°C"
    assert list_group(path)[0].long_name == "°C"


@pytest.mark.parametrize("question", ["list_group", "find_plottable", "describe", "read_slice", "read_labels"])
def test_no_long_text_leaves_the_reader(reader: ReaderProcess, tmp_path: Path, question: str) -> None:
    long = "<img src='file:///dev/zero'> " * 2000
    path = write(tmp_path / "a.h5", np.stack([ramp(), ramp()]), {}, "v" * 500)
    with h5py.File(path, "a") as file:
        for name in ("units", "long_name", "standard_name", "comment", "n" * 3000):
            file["v" * 500].attrs[name] = long
        for name in ("title", "license", "source"):
            file.attrs[name] = long
        file["d" * 2000] = np.array([long.encode(), b"b"])
        file["d" * 2000].make_scale("d" * 2000)
        file["v" * 500].dims[0].attach_scale(file["d" * 2000])
    more = {"dataset": "v" * 500} if question == "read_labels" else {}
    reply = reader.call(question, path=path, **more)
    assert max(map(len, texts(reply))) <= LONGEST
    nodes = reply if isinstance(reply, tuple) else [reply.field] if question == "read_slice" else []
    assert all(len(node.units) <= 300 for node in nodes)


def test_a_long_traceback_still_comes_whole(reader: ReaderProcess) -> None:
    ticket = reader.submit("json:loads", s="[" * 100_000)
    while not (replies := reader.poll()):
        time.sleep(0.01)
    assert replies[0].ticket == ticket
    assert "Traceback" in replies[0].traceback


def test_a_name_too_long_to_be_asked_for_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp(), {}, "v" * 1500)
    (node,) = list_group(path)
    assert (node.kind, node.why, node.plottable) == ("other", "Its name is too long.", False)


# --- sizes ----------------------------------------------------------------------------------------------------------


def test_a_huge_attribute_is_not_read(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w", libver="latest") as file:
        file["v"] = ramp()
        file["v"].attrs["scale_factor"] = np.ones(2**18)
        file["v"].attrs["units"] = "K"
    picture = read_slice(str(tmp_path / "a.h5"), "v")
    assert picture.field.units == "K"
    assert "scale_factor" not in list_group(str(tmp_path / "a.h5"))[0].attributes


@LINUX
def test_a_length_that_lies_costs_no_memory(reader: ReaderProcess, tmp_path: Path) -> None:
    """The length of a text is stored beside its place: HDF5 asks for as much memory as it says."""
    path = write(tmp_path / "a.h5", ramp(), {"units": "K"})
    with h5py.File(path, "a") as file:
        file["v"].attrs["long_name"] = "x" * 4321
    content = Path(path).read_bytes()
    place = content.index(struct.pack("<I", 4321))
    Path(path).write_bytes(content[:place] + struct.pack("<I", 0xE0000000) + content[place + 4 :])
    assert reader.call("read_slice", path=path).field.units == "K"
    status = Path(f"/proc/{reader.pid}/status").read_text().splitlines()
    assert next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) < 500 * 1024


@LINUX
def test_the_memory_of_a_request_is_limited(tmp_path: Path) -> None:
    with limited_memory(2**26), pytest.raises(MemoryError):
        np.ones(2**25)
    assert np.ones(2**25).size  # afterwards there is room
    value, error, traceback = answer("numpy:ones", {"shape": 4})
    assert (list(value), error, traceback) == ([1, 1, 1, 1], None, b"")


def test_a_piece_too_large_to_be_unpacked_is_refused_by_its_size(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "bomb.h5", "w") as file:
        file.create_dataset("v", (2**14, 2**14), "f8", chunks=(2**14, 2**14), compression="gzip")
    for function in (read_slice, describe):
        with pytest.raises(UserError, match=r"compressed in pieces of 2\.0 GB") as error:
            function(str(tmp_path / "bomb.h5"), "v")
        assert "h5repack" in error.value.hint


def test_what_nobody_could_go_through_is_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("v", (2**20, 2**20), "u1", chunks=(1024, 1024))
    with pytest.raises(UserError, match="too large to be gone through: 1048576 x 1048576 pixels"):
        read_slice(str(tmp_path / "a.h5"), "v")
    with pytest.raises(UserError, match=r"has 1\.1e\+12 values"):
        describe(str(tmp_path / "a.h5"), "v")
    window = Region(2**19, 2**19, 16, 16)
    with pytest.raises(UserError, match="every value is the same"):
        read_slice(str(tmp_path / "a.h5"), "v", window=window)


def test_the_number_of_slices_costs_nothing(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        data = file.create_dataset("v", (2_000_000_000, 16, 16), "f4", chunks=(1, 16, 16))
        data[0], data[1_000_000_000] = ramp(16, 16), ramp(16, 16) + 1
    started = time.process_time()
    stack = read_stack(
        str(tmp_path / "a.h5"), "v", axes=(1, 2), index=(0,), dim=0, region=Region(0, 0, 16, 16), limit=4
    )
    assert time.process_time() - started < 5.0  # 20 s when they were read at once
    assert len(stack) == 4
    np.testing.assert_array_equal(stack[2], ramp(16, 16) + 1)


def test_groups_in_groups_are_entered_only_so_deep(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file["/"]
        for _ in range(300):
            group = group.create_group("g" * 8)
        group["v"] = ramp()
        file["v"] = ramp()
    told = describe(str(tmp_path / "a.h5"))
    assert len(told["tree"]) == 66
    assert len(json.dumps(told)) < 200_000
    assert "is not entered" in told["tree"][-2]["why"]
    assert read_slice(str(tmp_path / "a.h5")).dataset == "/v"
    np.testing.assert_array_equal(
        read_slice(str(tmp_path / "a.h5"), "/" + 300 * ("g" * 8 + "/") + "v").field.values, ramp()
    )


# --- damage ---------------------------------------------------------------------------------------------------------


def test_a_user_defined_link_is_a_link(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", ramp(), {})
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink("other.h5", "/v")
    content = Path(path).read_bytes()
    place = content.index(b"elsewhere")
    head = content.rindex(b"\x40", 0, place)  # the type of an external link, 64; from 65 on they are the user's
    Path(path).write_bytes(content[:head] + b"\x7b" + content[head + 1 :])
    nodes = {node.name: node for node in list_group(path)}
    assert nodes["elsewhere"].why == "It is a user-defined link, which is not followed."
    assert read_slice(path).dataset == "/v"
    with pytest.raises(UserError, match="user-defined link"):
        read_slice(path, "elsewhere")


def test_a_damaged_heap_is_no_fault_of_the_reader(tmp_path: Path) -> None:
    """Damage in the heap of many links may show only when the file is closed."""
    sound = tmp_path / "sound.h5"
    with h5py.File(sound, "w", libver="latest") as file:
        file["v"] = ramp()
        for i in range(40):
            file.create_group(f"a_group_with_a_long_name_{i}").attrs["x"] = i
            file["v"].attrs[f"attribute_{i}"] = "text" * i
    content, path = sound.read_bytes(), tmp_path / "damaged.h5"
    rng = np.random.default_rng(1)
    heaps = [i for block in (b"FRHP", b"FHDB", b"BTHD", b"BTLF", b"FSHD") for i in _places(content, block)]
    for _ in range(150):
        broken = bytearray(content)
        broken[int(rng.choice(heaps)) + int(rng.integers(4, 120))] ^= int(rng.integers(1, 256))
        path.write_bytes(broken)
        for question in ("list_group", "describe", "read_slice"):
            _, error, traceback = answer(question, {"path": str(path)})
            assert traceback == b"", traceback.decode()
            assert error is None or error.sentence.endswith(".")
    assert read_slice(str(sound), "v").field.values.shape == (10, 12)


def _places(content: bytes, word: bytes) -> Iterator[int]:
    place = content.find(word)
    while place >= 0:
        yield place
        place = content.find(word, place + 1)


# --- files that are being written -----------------------------------------------------------------------------------

WRITER = """
import os, sys, h5py, numpy as np
file = h5py.File(sys.argv[1], "w", libver="latest")
data = file.create_dataset("v", data=np.arange(120, dtype="f4").reshape(1, 10, 12), maxshape=(None, 10, 12))
data.attrs["units"] = "K"
if sys.argv[2] == "swmr":
    file.swmr_mode = True
data.resize(2, axis=0)
data[1] = data[0] + 1
file.flush()
print("ready", flush=True)
if sys.argv[2] == "dead":
    os._exit(1)
sys.stdin.read()
"""


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Any]:
    processes: list[subprocess.Popen[str]] = []

    def start(path: Path, how: str) -> None:
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={"HDF5_USE_FILE_LOCKING": "FALSE"},
        )  # fmt: skip
        processes.append(process)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"

    yield start
    for process in processes:
        process.communicate()


def test_a_file_is_read_while_it_is_written_for_readers(tmp_path: Path, writer: Any) -> None:
    writer(tmp_path / "growing.h5", "swmr")
    picture = read_slice(str(tmp_path / "growing.h5"), "v", (1,))
    np.testing.assert_array_equal(picture.field.values, ramp() + 1)
    assert describe(str(tmp_path / "growing.h5"), "v")["shape"] == [2, 10, 12]


@pytest.mark.parametrize("how", ["open", "dead"])
def test_a_file_that_is_not_closed_is_not_called_damaged(tmp_path: Path, writer: Any, how: str) -> None:
    path = tmp_path / "unfinished.h5"
    writer(path, how)
    with pytest.raises(UserError, match="is being written by another program, or a program that wrote it ended") as e:
        read_slice(str(path), "v")
    assert "h5clear -s unfinished.h5" in e.value.hint


# --- datasets put together from files -------------------------------------------------------------------------------


def together(path: Path, *sources: tuple[str, str]) -> str:
    """A virtual dataset [files, 10, 12]."""
    layout = h5py.VirtualLayout((len(sources), 10, 12), "f4")
    for i, (name, dataset) in enumerate(sources):
        layout[i] = h5py.VirtualSource(name, dataset, shape=(10, 12))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("v", layout, fillvalue=-1)
    return str(path)


def test_files_that_lie_beside_it_are_read_with_a_virtual_dataset(tmp_path: Path) -> None:
    write(tmp_path / "a.h5", ramp(), {})
    write(tmp_path / "b.h5", ramp() + 1, {})
    path = together(tmp_path / "all.h5", ("a.h5", "v"), ("b.h5", "v"))
    np.testing.assert_array_equal(read_slice(path, "v", (1,)).field.values, ramp() + 1)
    assert describe(path, "v")["max"] == 120
    assert list_group(path)[0].plottable


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("missing.h5", "of which missing.h5 is not there"),
        ("../outside.h5", r"put together from other files \(\.\./outside\.h5\), which do not all lie beside it"),
        ("/dev/zero", r"which do not all lie beside it"),
        ("text.h5", "of which text.h5 does not hold v itself"),
        ("other.h5", "of which other.h5 does not hold v itself"),
        ("again.h5", "of which again.h5 does not hold v itself"),
    ],
)
def test_a_virtual_dataset_over_anything_else_is_not_followed(tmp_path: Path, source: str, said: str) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write(tmp_path / "outside.h5", ramp(), {})
    write(folder / "a.h5", ramp(), {})
    write(folder / "other.h5", ramp(), {}, "w")
    (folder / "text.h5").write_text("no HDF5")
    together(folder / "again.h5", ("a.h5", "v"))
    path = together(folder / "all.h5", ("a.h5", "v"), (source, "v"))
    with pytest.raises(UserError, match=said) as error:
        read_slice(path, "v")
    assert error.value.hint == "Put the files that it names beside it."
    assert not list_group(path)[0].plottable


def test_replies_are_plain(tmp_path: Path) -> None:
    """What crosses the pipe needs no class of h5py."""
    path = write(tmp_path / "a.h5", ramp(), {"units": "K"})
    assert b"h5py" not in pickle.dumps(list_group(path))


def test_a_link_of_a_kind_that_a_program_defined_is_named_and_not_followed(tmp_path: Path) -> None:
    """Only the library of that program could; HDF5 has kinds from 65 on for it, and h5py makes none."""
    path = tmp_path / "defined.h5"
    with h5py.File(path, "w") as file:
        file["v"] = np.random.default_rng(0).normal(280, 5, (40, 50)).astype(np.float32)
        file["odd"] = h5py.ExternalLink("elsewhere.h5", "/v")
    stored, kind = path.read_bytes(), b"\x01\x08\x40\x03odd"  # version, flags, kind 64: external, length, name
    assert stored.count(kind) == 1
    path.write_bytes(stored.replace(kind, kind[:2] + b"\xc8" + kind[3:]))
    said = "It is a user-defined link, which is not followed."
    assert [(node.name, node.kind, node.why) for node in list_group(str(path))] == [
        ("odd", "link", said), ("v", "dataset", ""),
    ]  # fmt: skip
    assert read_slice(str(path)).dataset == "/v"
    with pytest.raises(UserError, match=said):
        read_slice(str(path), "/odd")
