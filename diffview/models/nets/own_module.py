"""A torch module of somebody's own program, called with arrays or tensors of any dtype and device."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from diffview.arrays import is_torch
from diffview.errors import UserError


class OnTensors:
    """network(x, told): tensors of the module's dtype, on its device; what it gives, of the kind of x.

    The module is put into evaluation mode, and called without gradients.
    """

    def __init__(self, module: nn.Module, whole: bool) -> None:
        """`whole`: it is told whole numbers, as training steps are."""
        self._module = module.eval()
        floating = next((p for p in (*module.parameters(), *module.buffers()) if p.is_floating_point()), None)
        self._dtype = torch.float32 if floating is None else floating.dtype
        self._device = torch.device("cpu") if floating is None else floating.device
        self._whole = whole

    def __call__(self, x: Any, told: float) -> Any:
        """What the module makes of x [members, channels, ny, nx] and one number for each member.

        Raises:
            UserError: if it gives no tensor.
        """
        tensor = x if is_torch(x) else torch.from_numpy(np.ascontiguousarray(x))
        tensor = tensor.to(self._device, self._dtype)
        number = torch.full((len(tensor),), told, dtype=torch.float64)
        number = number.round().long() if self._whole else number.to(self._dtype)
        with torch.no_grad():
            out = self._module(tensor, number.to(self._device))
        out = out[0] if isinstance(out, tuple) else getattr(out, "sample", out)  # as networks of diffusers give it
        if not isinstance(out, Tensor):
            raise UserError(f"The network gave {type(out).__name__} and not a tensor.", "It gives one tensor like x.")
        return out.to(x.device, x.dtype) if is_torch(x) else out.float().cpu().numpy().astype(x.dtype, copy=False)
