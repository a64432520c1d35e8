"""The few array operations whose name differs between numpy and torch, so that a denoiser is written once."""

from types import ModuleType
from typing import Any

import numpy as np


def is_torch(y: Any) -> bool:
    """Whether y is a torch tensor; asks without importing torch."""
    return not isinstance(y, np.ndarray) and type(y).__module__.split(".")[0] == "torch"


def namespace(y: Any) -> ModuleType:
    """numpy for arrays, torch for tensors; both know exp, fft.rfft2, fft.irfft2, matmul, stack."""
    if not is_torch(y):
        return np
    import torch

    return torch


def to_numpy(y: Any) -> np.ndarray[Any, np.dtype[Any]]:
    """y as a numpy array on the CPU."""
    return y.detach().cpu().numpy() if is_torch(y) else np.asarray(y)
