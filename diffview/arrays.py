"""The few array operations whose name differs between numpy and torch, so that a denoiser is written once."""

from collections.abc import Sequence
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


def corner(y: Any, ny: int, nx: int) -> Any:
    """The first ny rows and nx columns of y [..., rows, columns], as an array of its own."""
    part = y[..., :ny, :nx]
    return part.contiguous() if is_torch(y) else np.ascontiguousarray(part)


def surrounded(y: Any, rows: int, columns: int) -> Any:
    """Zeros [..., rows, columns] of the kind of y, whose first rows and columns are y."""
    *outer, ny, nx = y.shape
    if (ny, nx) == (rows, columns):
        return y
    shape = (*outer, rows, columns)
    whole = y.new_zeros(shape) if is_torch(y) else np.zeros(shape, y.dtype)
    whole[..., :ny, :nx] = y
    return whole


def joined(parts: Sequence[Any]) -> Any:
    """Arrays or tensors [n, ...] one after the other along their first dimension; the one itself where there is one."""
    if len(parts) == 1:
        return parts[0]
    if not is_torch(parts[0]):
        return np.concatenate(parts)
    import torch

    return torch.cat(list(parts))
