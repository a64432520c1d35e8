"""Files to be read by the bench, and how long a reader takes for them."""

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from diffview.bench.core import child, timed
from diffview.readers.process import ReaderProcess

WRITE_LARGE = """
import sys, h5py, numpy
with h5py.File(sys.argv[1], "w") as file:
    side, count = int(sys.argv[2]), int(sys.argv[3])
    data = file.create_dataset("field", (count, side, side), "f4")
    data[0] = numpy.random.default_rng(0).standard_normal((side, side)).cumsum(1)
"""

WRITE_MANY = """
import sys, h5py, numpy
values = numpy.random.default_rng(0).standard_normal((10, 12)).astype("f4")
with h5py.File(sys.argv[1], "w") as file:
    for i in range(int(sys.argv[2])):
        file.create_dataset(f"variable{i:05d}", data=values).attrs["units"] = "K"
"""

WRITE_STEPS = """
import sys, h5py, numpy
path, count, gzip = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "gzip"
how = {"chunks": (1, 720, 1440), "compression": "gzip", "shuffle": True} if gzip else {}
smooth = numpy.random.default_rng(0).standard_normal((720, 1440)).cumsum(0).cumsum(1)
sides = {
    "time": (numpy.arange(float(count)), "days since 2000-01-01"),
    "lat": (90 - 0.125 - 0.25 * numpy.arange(720.0), "degrees_north"),
    "lon": (0.125 + 0.25 * numpy.arange(1440.0), "degrees_east"),
}
with h5py.File(path, "w") as file:
    data = file.create_dataset("field", (count, 720, 1440), "f4", **how)
    data.attrs["units"] = "K"
    for i in range(count):
        data[i] = smooth + i
    for axis, (name, (values, units)) in enumerate(sides.items()):
        file[name] = values
        file[name].attrs["units"] = units
        file[name].make_scale(name)
        data.dims[axis].attach_scale(file[name])
"""

WRITE_WIDE = """
import sys, h5py, numpy
side = int(sys.argv[2])
with h5py.File(sys.argv[1], "w") as file:
    data = file.create_dataset("field", (side, side), "f4", chunks=(1000, 1000), compression="gzip", shuffle=True)
    data[:1000, :1000] = numpy.random.default_rng(0).standard_normal((1000, 1000)).cumsum(1)
"""


@contextlib.contextmanager
def written(script: str, *arguments: object) -> Iterator[str]:
    """A file that a script writes in a process of its own, for a while."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "bench.h5")
        child("-c", script, path, *map(str, arguments))
        yield path


@dataclass(frozen=True)
class LargeFile:
    """A file of gigabytes, nearly all of it a hole, with one slice written."""

    path: str
    dataset: str
    bytes: int


@contextlib.contextmanager
def large_file(side: int = 2000, count: int = 160) -> Iterator[LargeFile]:
    """An HDF5 file of `count` slices of side x side float32 values, for a while."""
    with written(WRITE_LARGE, side, count) as path:
        yield LargeFile(path, "field", Path(path).stat().st_size)


def reader_times(small: str, file: LargeFile, count: int) -> dict[str, list[float]]:
    """Milliseconds of a new reader to a tree; of another to a slice of a small file, then to one of a large file."""
    times: dict[str, list[float]] = {"tree": [], "first": [], "large": []}
    for _ in range(count):
        with _reader() as reader:
            times["tree"].append(timed(partial(reader.call, "list_group", path=small, group="/")))
        with _reader() as reader:
            for name, path, dataset in (("first", small, None), ("large", file.path, file.dataset)):
                times[name].append(timed(partial(_touch_slice, reader, path, dataset)))
    return times


def _touch_slice(reader: ReaderProcess, path: str, dataset: str | None, index: tuple[int, ...] | None = None) -> None:
    reader.call("read_slice", path=path, dataset=dataset, index=index).field.values.max()  # they are mapped


@contextlib.contextmanager
def _reader() -> Iterator[ReaderProcess]:
    reader = ReaderProcess()
    try:
        yield reader
    finally:
        reader.close()


def step_times(path: str, count: int) -> list[float]:
    """Milliseconds from asking for each of `count` slices to its values, in turn; the reader runs."""
    with _reader() as reader:
        return [timed(partial(_touch_slice, reader, path, "field", (i,))) for i in range(count + 2)][2:]


def overview_times(path: str, count: int) -> list[float]:
    """Milliseconds to the overview of a picture too large to be shown; the reader runs."""
    with _reader() as reader:
        return [timed(partial(_touch_slice, reader, path, "field")) for _ in range(count + 1)][1:]
