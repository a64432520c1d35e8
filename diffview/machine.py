"""The machine: its processors, the devices that torch can use, and the parts of this program installed on it."""

import ctypes
import os
import platform
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from diffview import __version__
from diffview.errors import UserError

if TYPE_CHECKING:
    import torch

T = TypeVar("T")
R = TypeVar("R")

PARTS = ("PySide6-Essentials", "pyqtgraph", "numpy", "torch", "h5py", "h5netcdf", "xarray", "pyproj", "scipy", "pillow")

FFMPEG = "MP4 films: ffmpeg (ffmpeg.org), a program of its own under LGPL or GPL, which is run and not contained."

CREDITS = (
    "Field: top-of-atmosphere brightness temperature, from iris-sample-data. © British Crown copyright 2018, "
    "Met Office. Contains public sector information licensed under the Open Government Licence v3.0.",
    "Examples: monthly sea surface temperature of OSTIA, from iris-sample-data. © British Crown copyright, Met Office. "
    "Open Government Licence v3.0.",
    "Fonts: Inter; outlines of STIX Two Math in equations. SIL Open Font License 1.1.",
    "Coastlines: Natural Earth 1:50 million, public domain, from the npm package world-atlas 2.0.2.",
    "Colour maps: cmocean (MIT), Scientific colour maps (MIT), viridis (CC0).",
    FFMPEG,
)


def give_memory_back() -> None:
    """Return memory that is free to the system; the C library keeps it: half an hour's use left over 1 GB of it."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL(None).malloc_trim(0)


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


BACK = 10
"""How much nicer a thread is that stands back."""


def stand_back() -> None:
    """Let other threads of this process go first where they want the same processor as the thread that calls this.

    On Linux, where each thread has a nice value of its own [setpriority(2)]; the threads that it starts have the same.
    Elsewhere the system alone decides.
    """
    if sys.platform.startswith("linux"):
        own = threading.get_native_id()
        with suppress(OSError):  # a container may forbid it
            os.setpriority(os.PRIO_PROCESS, own, min(19, os.getpriority(os.PRIO_PROCESS, own) + BACK))


def shared_out(work: Callable[[Sequence[T]], list[R]], items: Sequence[T], threads: int) -> list[R]:
    """What `work` makes of the items in order: of neighbouring parts of them, on so many threads."""
    from concurrent.futures import ThreadPoolExecutor

    ends = [len(items) * i // threads for i in range(threads + 1)]
    parts = [items[first:last] for first, last in pairwise(ends) if last > first]
    if len(parts) < 2:
        return work(items)
    with ThreadPoolExecutor(len(parts)) as pool:
        return [one for made in pool.map(work, parts) for one in made]


class _Narrowed:
    """How many are inside `one_blas_thread`, and what they came from."""

    lock, inside, before = threading.Lock(), 0, 1


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Numpy's matrix products on one thread each, in this process, as long as anybody is inside.

    For many small ones: several threads wait for each other at each of them, on a busy machine ten times longer than
    the products take. The last bits of a product depend on the threads, too, and with one are the same everywhere.
    """
    library = _openblas()
    if library is None:
        yield
        return
    with _Narrowed.lock:
        if not _Narrowed.inside:
            _Narrowed.before = library.scipy_openblas_get_num_threads64_()
            library.scipy_openblas_set_num_threads64_(1)
        _Narrowed.inside += 1
    try:
        yield
    finally:
        with _Narrowed.lock:
            _Narrowed.inside -= 1
            if not _Narrowed.inside:
                library.scipy_openblas_set_num_threads64_(_Narrowed.before)


@cache
def _openblas() -> ctypes.CDLL | None:
    """The OpenBLAS that numpy brought and has loaded; None where numpy takes another."""
    beside = Path(sys.modules["numpy"].__path__[0])
    folders = beside.with_name("numpy.libs"), beside / ".dylibs"
    for path in (path for folder in folders for path in sorted(folder.glob("*openblas64*"))):
        library = ctypes.CDLL(str(path))
        if hasattr(library, "scipy_openblas_set_num_threads64_"):
            return library
    return None


def torch_is_missing(what: str) -> UserError:
    """The error where `what`, a network, is asked for and torch is not installed; all but networks works without it."""
    return UserError(f"{what} is a network, and torch is not installed.", "Choose a formula model, or install torch.")


def train_device(key: str) -> str:
    """The device called auto, cpu, cuda or mps.

    Raises:
        UserError: if there is no such device here.
    """
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if key == "auto":
        return next(name for name, usable in there.items() if usable)
    if not there.get(key, False):
        known = ", ".join(name for name in there if there[name])
        raise UserError(f"There is no device {key!r} to train on here.", f"Choose one of auto, {known}.")
    return key


def fast_bfloat16(device: str) -> bool:
    """Whether products in bfloat16 are faster than in float32 there."""
    import torch

    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported())
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return device == "cpu" and supported is not None and bool(supported())


def device_name(device: "torch.device") -> str:
    """The device that a network was trained on, as its card names it."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {torch.get_num_threads()} thread(s), {platform.machine()}"


def sent_to(values: "torch.Tensor", device: "torch.device") -> "torch.Tensor":
    """Copy a tensor of the CPU to the device, without waiting for the work that goes on there."""
    return values.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else values.to(device)


def about_lines() -> list[str]:
    """One line each: version, parts, credits."""
    return [
        f"diffview {__version__}: see, tune and run diffusion models on Earth-observation fields. MIT licence.",
        f"Python {platform.python_version()} on {platform.system()} {platform.machine()}.",
        ", ".join(f"{part} {_version(part)}" for part in PARTS) + ".",
        *CREDITS,
    ]


def _version(part: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(part)
    except PackageNotFoundError:
        return "(not installed)"
