"""The fields of a training set on its device, with what a network is shown beside them, picked by their numbers."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffview.learning.network import extra_channels
from diffview.learning.sets import TrainingSet
from diffview.machine import sent_to
from diffview.models.conditions import groups_of
from diffview.models.nets.unet import UNetConfig


class Examples:
    """Fields or sequences to learn from, or held-out ones.

    Sequences overlap; their times are kept once, and each is put together when it is picked.
    """

    def __init__(
        self, data: TrainingSet, config: UNetConfig, device: torch.device, *, held_out: bool = False,
        among: slice | NDArray[np.integer] = slice(None),
    ) -> None:  # fmt: skip
        """Of the examples those `among` them, by their numbers."""
        self._data, self._config = data, config
        fields, given, others, firsts = (
            (data.held_out, data.given_held_out, data.others_held_out, data.firsts_held_out) if held_out
            else (data.fields, data.given, data.others, data.firsts)
        )  # fmt: skip
        if firsts is None:
            fields, given, others = fields[among], *(None if one is None else one[among] for one in (given, others))
        self._firsts = None if firsts is None else torch.from_numpy(firsts[among])
        own = fields[:, None] if others is None else np.concatenate([fields[:, None], others], axis=1)
        missing = np.isnan(own).any(axis=1)
        extra = extra_channels(data, fields if others is None else np.where(missing, np.nan, fields), config, given)
        shown = torch.from_numpy(np.nan_to_num(own))
        self._shown = (shown if extra is None else torch.cat([shown, torch.from_numpy(extra)], dim=1)).to(device)
        gaps = bool(missing.any()) or (data.mask is not None and not held_out)
        self._known = torch.from_numpy(~missing)[:, None].to(device) if gaps else None

    def __len__(self) -> int:
        return len(self._shown if self._firsts is None else self._firsts)

    def picked(self, index: Tensor) -> tuple[Tensor, Tensor | None]:
        """Fields with the channels beside them, and 1 where they have data (None: everywhere), of numbers [batch].

        [batch, channels, ny, nx], or [batch, channels, frames, ny, nx], of which a pixel has data where all have.
        """
        if self._firsts is None:
            at = sent_to(index, self._shown.device)
            return self._shown[at], None if self._known is None else self._known[at].to(torch.float32)
        frames = torch.arange(self._config.frames)
        at = sent_to(self._firsts[index][:, None] + frames, self._shown.device)
        shown, known = self._shown[at].transpose(1, 2), None
        if self._known is not None:
            known = self._known[at].all(dim=1, keepdim=True).to(torch.float32).transpose(1, 2)
            shown = shown * known
        own = shown[:, : self._config.channels]
        if self._config.mean:
            shown = torch.cat([own, own.mean(2, keepdim=True).expand_as(own), shown[:, own.shape[1] :]], dim=1)
        return shown, None if known is None else known.expand(-1, -1, len(frames), -1, -1)

    def split(self, shown: Tensor) -> tuple[Tensor, Tensor | None]:
        """The fields, and the channels beside them; None if there are none."""
        fields, extra = shown[:, : self._config.channels], shown[:, self._config.channels :]
        return fields, extra if extra.shape[1] else None

    def left_out(self, extra: Tensor | None, dropout: float, random: torch.Generator) -> Tensor | None:
        """The channels beside fields, 0 where a group of conditions is left out: each by chance, and all together.

        So a network learns to do without some of its sensors, and, for guidance, without any.
        """
        channels = self._data.channels
        if extra is None or not (channels and dropout):
            return extra
        groups = groups_of(channels)
        u = torch.rand((len(extra), len(groups) + 1), generator=random)
        kept = sent_to((u >= dropout).float(), extra.device)
        kept = kept[:, :-1] * kept[:, -1:]
        of = [*(groups.index(one.group) for one in channels), *range(len(groups))]
        first = self._data.together.means + int(self._data.coarsen > 0)
        scale = torch.ones(extra.shape[:2], device=extra.device)
        scale[:, first : first + len(of)] = kept[:, of]
        return extra * scale.reshape(*scale.shape, *(1 for _ in extra.shape[2:]))
