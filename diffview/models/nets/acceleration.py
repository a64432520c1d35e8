"""What makes a run fast on a GPU, which works asynchronously: within a run nothing waits for it, except the display.

    Ahead        the noise of the next step is drawn on the CPU while the network works on this one
    InBatches    fewer members at once where the device's memory is short
    Graphed      the many small launches of a call are recorded once and replayed as one (CUDA graphs)
    Pages        steps come to the CPU through two pinned buffers, which are turned at display rate

Each gives what the plain way gives, and falls back to it, with a line in the log, where it is not possible.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any

import torch
from torch import Tensor

from diffview.errors import UserError, out_of_memory
from diffview.forward.noise import drawing_threads
from diffview.reverse.samplers import NoiseFn, Step

LOG = logging.getLogger(__name__)

Tensors = tuple[Tensor, ...]
Call = Callable[..., Tensors]


def copies_by_itself(like: Tensor) -> bool:
    """Whether the device of a tensor copies to and from the CPU asynchronously, so that nothing has to wait for it.

    CUDA keeps the memory to be copied, and its events say when the copy is there. On MPS such a copy may read memory
    that was freed, and be read too soon, silently [pytorch issues 139550 and 189690].
    """
    return like.is_cuda


# -- noise


class Ahead:
    """The draws of `noise`, on the device of `like`, each made while the one before it is in use.

    Args:
        noise: of the run, as arrays on the CPU.
        like: a tensor of the wanted device and dtype.
    """

    def __init__(self, noise: NoiseFn, like: Tensor) -> None:
        self._noise, self._like = noise, like
        self._next: dict[int, tuple[int, Future[Tensor]]] = {}

    def __call__(self, stream: int, index: int) -> Tensor:
        """Standard normals of this stream and index."""
        foreseen, drawn = self._next.pop(stream, (None, None))
        z = drawn.result() if drawn is not None and foreseen == index else self._draw(stream, index)
        self._next[stream] = index + 1, drawing_threads().submit(self._draw, stream, index + 1)
        return z.to(self._like.device, self._like.dtype, non_blocking=copies_by_itself(self._like))

    def _draw(self, stream: int, index: int) -> Tensor:
        z = torch.from_numpy(self._noise(stream, index))
        return z.pin_memory() if self._like.is_cuda else z  # only pinned memory is copied without waiting


# -- calls of a network


class InBatches:
    """A call for all members at once, or for as many at a time as the device's memory holds.

    Attributes:
        most: members at a time, found by running out of memory; None: all.
    """

    def __init__(self, call: Call) -> None:
        self._call = call
        self.most: int | None = None

    def __call__(self, *tensors: Tensor) -> Tensors:
        """The outputs for tensors that have one row for each member.

        Raises:
            UserError: if memory does not suffice for one member.
        """
        members = len(tensors[0])
        while True:
            most = min(self.most or members, members)
            try:
                parts = [self._call(*(t[i : i + most] for t in tensors)) for i in range(0, members, most)]
                return parts[0] if len(parts) == 1 else tuple(torch.cat(rows) for rows in zip(*parts, strict=True))
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
            self._take_fewer(most)  # out here, where what the failed call held is free

    def _take_fewer(self, most: int) -> None:
        if most == 1:
            raise UserError(
                "The device's memory does not suffice for one member of this network.",
                "Close other programs that use the device, choose a smaller network, or compute on the CPU.",
            )
        self.most = most // 2
        LOG.warning("out of memory with %d members at once; they are taken %d at a time", most, self.most)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()


LAUNCH_BOUND = 2**18
"""Pixels of all members up to which the device waits for launches rather than the launches for the device."""

SHAPES_KEPT = 4
"""Recorded calls that are kept; each holds the memory of one call."""

CLOSE = 1e-2
"""How far a replay may be from the call: half a step of the colours, which divide 5 standard deviations by 256."""


class Graphed:
    """A call that is recorded for every shape of its tensors and then replayed, checked against the call itself.

    Args:
        call: gives a tuple of tensors; must neither wait for the device nor depend on anything that changes.
        record: gives the replay of a call that has been recorded with some tensors; raises RuntimeError if it cannot.
    """

    def __init__(self, call: Call, record: Callable[[Call, Tensors], Call] | None = None) -> None:
        self._call, self._record = call, record or record_cuda
        self._replays: OrderedDict[tuple[Any, ...], Call] = OrderedDict()

    def __call__(self, *tensors: Tensor) -> Tensors:
        """What the call gives."""
        key = tuple((t.shape, t.dtype, t.stride()) for t in tensors)
        if key not in self._replays:
            self._replays[key] = self._recorded(tensors)
            while len(self._replays) > SHAPES_KEPT:
                self._replays.popitem(last=False)
        return self._replays[key](*tensors)

    def _recorded(self, tensors: Tensors) -> Call:
        """The replay, or the call itself if it cannot be recorded or its replay is wrong for other tensors."""
        try:
            replay = self._record(self._call, tensors)
            other = tuple(0.5 * t for t in tensors)  # what was frozen into the record would show
            wanted, got = self._call(*other), replay(*other)
            off = float(torch.stack([(a - b).abs().max() for a, b in zip(wanted, got, strict=True)]).max())
            if off <= CLOSE:  # not so for NaN
                return replay
            LOG.warning("a recorded call is off by %g and is not used", off)
        except RuntimeError as error:
            LOG.warning("a call of the network cannot be recorded: %s", error)
        return self._call


def record_cuda(call: Call, tensors: Tensors, warm_up: int = 3) -> Call:
    """A call on the CUDA device as one graph, which reads and writes memory of its own.

    Raises:
        RuntimeError: if the call cannot be captured.
    """
    inputs = tuple(t.clone() for t in tensors)
    here, aside = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
    aside.wait_stream(here)
    with torch.cuda.stream(aside):  # libraries choose and allocate at first, which cannot be captured
        for _ in range(warm_up):
            call(*inputs)
    here.wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, capture_error_mode="thread_local"):  # a training may use the device meanwhile
        outputs = call(*inputs)

    def replay(*tensors: Tensor) -> Tensors:
        for kept, new in zip(inputs, tensors, strict=True):
            kept.copy_(new, non_blocking=True)
        graph.replay()
        return tuple(out.clone() for out in outputs)

    return replay


class Fast:
    """A network's call as runs make it: recorded where launches bound it, in batches where memory does.

    Args:
        call: as of InBatches and Graphed.
        record: as of Graphed.
    """

    def __init__(self, call: Call, record: Callable[[Call, Tensors], Call] | None = None) -> None:
        self._batches, self._graphed = InBatches(self._small), Graphed(call, record)
        self._call = call

    def __call__(self, *tensors: Tensor) -> Tensors:
        """The outputs for tensors that have one row for each member; the first are the fields.

        Where gradients are wanted it is the call itself.

        Raises:
            UserError: if memory does not suffice for one member, or the device lacks an operation.
        """
        try:
            return self._call(*tensors) if torch.is_grad_enabled() else self._batches(*tensors)
        except NotImplementedError as error:
            raise UserError(
                f"The device {tensors[0].device.type} lacks an operation of this network: {str(error).split('. ')[0]}.",
                "Compute on the CPU: File, or --device cpu.",
            ) from None

    def _small(self, *tensors: Tensor) -> Tensors:
        small = tensors[0].is_cuda and tensors[0].numel() <= LAUNCH_BOUND and self._batches.most is None
        return self._graphed(*tensors) if small else self._call(*tensors)


# -- steps to the CPU

PAGE_S = 1 / 60
"""Seconds between turns: a display shows no more."""

PAGE_BYTES, MOST_ROWS = 32 * 2**20, 64
"""Pinned memory of a page, and steps it has room for, at most."""


class _Page:
    """Pinned memory for some steps."""

    def __init__(self, like: Tensor) -> None:
        rows = max(1, min(MOST_ROWS, PAGE_BYTES // max(1, 3 * like.numel() * like.element_size())))
        self.steps: list[Step] = []
        self._room = torch.empty(rows, 3, *like.shape, dtype=like.dtype, pin_memory=like.is_cuda)
        self._copied = torch.cuda.Event() if like.is_cuda else None  # type: ignore[no-untyped-call]

    @property
    def full(self) -> bool:
        """Whether no further step has room."""
        return len(self.steps) == len(self._room)

    def take(self, step: Step) -> None:
        """Ask for copies of a step's tensors; on CUDA nothing waits for them."""
        for row, tensor in zip(self._room[len(self.steps)], (step.y, step.x0_hat, step.eps_hat), strict=True):
            if tensor is not None:
                row.copy_(tensor, non_blocking=copies_by_itself(tensor))
        self.steps.append(step)

    def close(self) -> None:
        """Mark the end of the copies that have been asked for; `read` waits for it."""
        if self._copied is not None:
            self._copied.record()

    def read(self) -> list[Step]:
        """The steps with arrays on the CPU, once their copies are there; the page is empty then."""
        if self._copied is not None:
            self._copied.synchronize()
        steps, self.steps = self.steps, []
        return [_with_arrays(step, row) for step, row in zip(steps, self._room, strict=False)]


def _with_arrays(step: Step, row: Tensor) -> Step:
    y, x0_hat, eps_hat = (values.numpy().copy() for values in row)
    return replace(
        step, y=y,
        x0_hat=None if step.x0_hat is None else x0_hat, eps_hat=None if step.eps_hat is None else eps_hat,
    )  # fmt: skip


class Pages:
    """Hands on the steps of a run as arrays, in order, without waiting for the device at every step.

    Two pages take turns: at display rate, or when it is full, a page is closed, and what the other one holds is handed
    on, whose copies have had the time of a page to get there. So the loop is never more than two pages ahead of the
    device, and Stop is not held up by what it has launched.
    """

    def __init__(self, keep: Callable[[Step], None]) -> None:
        """`keep` is called with each step."""
        self._keep = keep
        self._open: _Page | None = None
        self._closed: _Page | None = None
        self._turned = time.monotonic()

    def __enter__(self) -> Callable[[Step], None]:
        return self._append

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Hand on the steps that are left; of two errors the run's own is raised."""
        try:
            self._turn()
            self._turn()
        except RuntimeError as second:
            if error is None:
                raise
            LOG.warning("the last steps of the run are lost: %s", second)

    def _append(self, step: Step) -> None:
        if self._open is None:
            self._open = _Page(step.y)
        self._open.take(step)
        if self._open.full or time.monotonic() - self._turned >= PAGE_S:
            self._turn()

    def _turn(self) -> None:
        self._turned = time.monotonic()
        if self._open is not None:
            self._open.close()
        if self._closed is not None:
            for step in self._closed.read():
                self._keep(step)
        self._open, self._closed = self._closed, self._open
