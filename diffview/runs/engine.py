"""The engine, torch: imported without holding up the window, and the devices it can use."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from diffview.errors import UserError
from diffview.machine import cores


@dataclass(frozen=True)
class Engine:
    """The result of importing torch.

    Attributes:
        version: None if it is not installed or cannot be loaded.
        devices: those it can use, with their labels.
        fault: why it cannot be loaded, or "".
    """

    version: str | None
    devices: dict[str, str]
    fault: str = ""

    def device(self, wanted: str) -> str:
        """The torch device for a network: the one that is wanted if there is one, else the GPU, else the CPU.

        Raises:
            UserError: if torch cannot be loaded.
        """
        if self.version is None:
            raise UserError(self.fault or "torch is not installed.", "Networks need torch; formula models do not.")
        return wanted if wanted in self.devices else "cuda" if "cuda" in self.devices else "cpu"


def load_engine() -> Engine:
    """Import torch and find the devices it can use."""
    try:
        with no_search_for_garbage("torch"):
            _preload_torch()
            import torch
    except ModuleNotFoundError:
        return Engine(None, {})
    except Exception as error:  # noqa: BLE001 - a broken installation raises whatever its libraries raise
        return Engine(None, {}, f"{type(error).__name__}: {error}")
    torch.set_num_threads(max(1, cores() - 1))
    devices = {"cpu": f"CPU · {cores()} cores"}
    if torch.cuda.is_available():
        devices["cuda"] = torch.cuda.get_device_name(0)
    if torch.backends.mps.is_available():
        devices["mps"] = "Apple GPU"
    return Engine(torch.__version__, devices)


@contextmanager
def no_search_for_garbage(module: str) -> Iterator[None]:
    """Pause garbage collection while a large module is imported for the first time.

    It would stop the window for as long as it has objects to search, 0.3 s with torch; those of the import are spared
    for ever.
    """
    if module in sys.modules or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def _preload_torch() -> None:
    """Load torch's libraries before Python imports them: `load_library` lets other threads go on, import does not."""
    import importlib.util
    from pathlib import Path

    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return
    folder = Path(spec.origin).parent / "lib"
    for path in (folder / name for name in ("libc10.so", "libtorch_cpu.so", "libtorch_python.so")):
        if path.is_file() and not load_library(str(path)):
            return  # the import itself raises the error


def load_library(path: str) -> bool:
    """Load a shared library as `ctypes.CDLL` does, but let the other threads go on; whether it was loaded.

    CDLL calls dlopen with the interpreter lock held, for a third of a second with torch's. As a function of a library
    like any other, dlopen is called without it.
    """
    import ctypes
    import os

    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    return dlopen(os.fsencode(path), os.RTLD_NOW | os.RTLD_GLOBAL) is not None
