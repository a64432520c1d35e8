"""The machine: its processors, the devices that torch can use, and the parts of this program installed on it."""

import os
import platform
from typing import TYPE_CHECKING

from diffview import __version__
from diffview.errors import UserError

if TYPE_CHECKING:
    import torch

PARTS = ("PySide6-Essentials", "pyqtgraph", "numpy", "torch", "h5py", "h5netcdf", "xarray", "pyproj", "scipy")

CREDITS = (
    "Field: top-of-atmosphere brightness temperature, from iris-sample-data. © British Crown copyright 2018, "
    "Met Office. Contains public sector information licensed under the Open Government Licence v3.0.",
    "Font: Inter, SIL Open Font License 1.1.",
    "Coastlines: Natural Earth 1:50 million, public domain, from the npm package world-atlas 2.0.2.",
    "Colour maps: cmocean (MIT), Scientific colour maps (MIT), viridis (CC0).",
)


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
