"""The processes that train one network together, as torchrun starts them: each is a rank, and has its share of a batch.

Gradients are averaged by torch's DistributedDataParallel, so that all ranks hold the same weights after every step.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from diffview.errors import UserError

APART = 10_000_019
"""What keeps the random numbers of ranks apart: that much is added to a seed for each of them."""

BACKENDS = {"cpu": "gloo", "cuda": "nccl"}
"""How ranks speak to each other, by the device that they compute on."""


MOST_DIMS = 4
"""Of what ranks give to each other: fields with their channels."""


@dataclass(frozen=True)
class Rank:
    """This process among all that train together.

    Attributes:
        rank: its number, from 0.
        count: how many there are.
    """

    rank: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether it is the one that writes and speaks."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Fields of a batch that are this rank's.

        Raises:
            UserError: if it cannot be split evenly.
        """
        if batch % self.count:
            even = max(1, round(batch / self.count)) * self.count
            raise UserError(
                f"A batch of {batch} fields cannot be split over {self.count} processes.", f"Choose {even}."
            )
        return batch // self.count

    def seed(self, seed: int) -> int:
        """A seed for the random numbers of this rank alone; of the first, the seed itself."""
        return seed + APART * self.rank

    @property
    def keeps(self) -> bool:
        """Whether it is the first on its machine: it keeps on disk what all have read."""
        return int(os.environ.get("LOCAL_RANK", "0")) == 0

    def mine(self, number: int) -> bool:
        """Whether a part of so many is this rank's to read: they take turns."""
        return number % self.count == self.rank

    def gathered(self, parts: Sequence[NDArray[np.float32] | None]) -> list[NDArray[np.float32]]:
        """All parts of a set in order, of which each rank has read those that are its own; None: another has it."""
        if self.count == 1:
            return [part for part in parts if part is not None]
        dist, group = torch.distributed, _of_main_memory()
        found = []
        for number, part in enumerate(parts):
            owner = number % self.count
            sides = torch.zeros(1 + MOST_DIMS, dtype=torch.int64)
            if part is not None:
                sides[: 1 + part.ndim] = torch.tensor([part.ndim, *part.shape])
            dist.broadcast(sides, owner, group=group)
            count, *shape = sides.tolist()
            values = torch.empty(shape[:count]) if part is None else torch.from_numpy(np.array(part, np.float32))
            dist.broadcast(values, owner, group=group)
            found.append(values.numpy())
        return found

    def all_have(self, this: bool) -> bool:
        """Whether it is so on all ranks."""
        device = "cpu" if self.count == 1 or torch.distributed.get_backend() == "gloo" else "cuda"
        return not self.any(not this, torch.device(device))

    def together(self, net: torch.nn.Module, device: torch.device) -> Any:
        """The network whose gradients are the mean over all ranks."""
        if self.count == 1:
            return net
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(net, device_ids=None if device.type == "cpu" else [torch.cuda.current_device()])

    def mean(self, value: Tensor) -> Tensor:
        """The mean of a number over all ranks."""
        if self.count > 1:
            value = value.clone()
            torch.distributed.all_reduce(value)
            value /= self.count
        return value

    def agreed(self, value: float, device: torch.device) -> float:
        """The number that the first rank has."""
        if self.count == 1:
            return value
        there = torch.tensor(value, dtype=torch.float64 if device.type != "mps" else torch.float32, device=device)
        torch.distributed.broadcast(there, 0)
        return float(there)

    def any(self, this: bool, device: torch.device) -> bool:
        """Whether it is so on any rank."""
        return this if self.count == 1 else bool(self.mean(torch.tensor(float(this), device=device)) > 0)


@cache
def _of_main_memory() -> Any:
    """The group in which ranks give to each other what lies in main memory: made once, for each holds sockets."""
    dist = torch.distributed
    return None if dist.get_backend() == "gloo" else dist.new_group(backend="gloo")


def current() -> Rank:
    """This process among those it has joined; alone, if none."""
    if not torch.distributed.is_available() or not torch.distributed.is_initialized():
        return Rank()
    return Rank(torch.distributed.get_rank(), torch.distributed.get_world_size())


def join(device: str) -> Rank:
    """Join the processes that torchrun has started with this one; without torchrun it is alone.

    Raises:
        UserError: if they cannot speak to each other on this device.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) < 2 or "MASTER_ADDR" not in os.environ:
        return Rank()
    kind = device.partition(":")[0]
    if kind not in BACKENDS:
        raise UserError(f"Several processes cannot train together on {device}.", "Choose --device cpu, or cuda.")
    if kind == "cuda":
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise UserError(
                f"There are {torch.cuda.device_count()} GPUs here, and process {local} has none.",
                "Start as many processes as there are GPUs: torchrun --nproc_per_node.",
            )
        torch.cuda.set_device(local)
    try:
        torch.distributed.init_process_group(BACKENDS[kind])
    except (RuntimeError, ValueError, torch.distributed.DistError) as error:
        raise UserError(
            f"The processes cannot join: {str(error).splitlines()[0]}.", "Start them with torchrun."
        ) from None
    return current()


def leave() -> None:
    """Leave the others, at the end."""
    if current().count > 1:
        torch.distributed.destroy_process_group()
        _of_main_memory.cache_clear()
