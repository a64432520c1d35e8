"""Recorded runs in bounded memory: every step while there is room, then every 2nd, 4th, ..., and always the last."""

import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from diffview.arrays import to_numpy
from diffview.reverse.samplers import Step

BOUND = 256 * 2**20
"""Bytes that one recorded run may take."""


class Trajectory:
    """The steps of one run, thinned when they outgrow `bound` bytes; a thinned step is recomputed exactly.

    One thread may append while another reads.
    """

    def __init__(self, bound: int | None = None) -> None:
        """An empty one; `bound` in bytes, BOUND by default."""
        self.bound = BOUND if bound is None else bound
        self.stride = 1
        self._steps: dict[int, Step] = {}
        self._last: Step | None = None
        self._bytes = 0
        self._lock = threading.Lock()

    @classmethod
    def of(cls, steps: Iterable[Step], stride: int) -> "Trajectory":
        """One of steps that are known, every `stride`-th and the last."""
        made = cls()
        made.stride = stride
        for step in steps:
            made.append(step)
        return made

    def append(self, step: Step) -> None:
        """Record the next step, as arrays on the CPU."""
        step = replace(
            step,
            y=to_numpy(step.y),
            x0_hat=None if step.x0_hat is None else to_numpy(step.x0_hat),
            eps_hat=None if step.eps_hat is None else to_numpy(step.eps_hat),
            history=tuple(h if isinstance(h, float) else to_numpy(h) for h in step.history),
        )
        with self._lock:
            self._last = step
            if step.index % self.stride == 0:
                self._steps[step.index] = step
                self._bytes += _bytes(step)
            while self._bytes > self.bound and len(self._steps) > 2:
                self.stride *= 2
                self._steps = {i: s for i, s in self._steps.items() if i % self.stride == 0}
                self._bytes = sum(_bytes(s) for s in self._steps.values())

    @property
    def bytes(self) -> int:
        """Memory that the kept steps take."""
        return self._bytes

    @property
    def last(self) -> Step | None:
        """The newest step; None before the first."""
        return self._last

    def __len__(self) -> int:
        """How many steps were made, the start included."""
        return 0 if self._last is None else self._last.index + 1

    @property
    def kept(self) -> list[Step]:
        """The kept steps in order, the last one included."""
        with self._lock:
            steps, last = list(self._steps.values()), self._last
        return steps if last is None or steps[-1] is last else [*steps, last]

    def nearest(self, index: int) -> Step:
        """The kept step nearest to `index`, the earlier of two; in time that does not grow with the run.

        Raises:
            IndexError: if there is no step yet.
        """
        with self._lock:
            last = self._last
            if last is None:
                raise IndexError(index)
            before = min(max(index, 0), last.index) // self.stride * self.stride
            after = self._steps.get(before + self.stride, last)
            step = self._steps[before]
            return step if index - step.index <= after.index - index else after

    def spread(self, most: int, total: int, also: Collection[int] = ()) -> list[Step]:
        """At most about `most` kept steps, evenly over a run of `total` as far as it has come, and those of `also`."""
        with self._lock:
            stride = -(-max(1, -(-total // most)) // self.stride) * self.stride
            wanted = sorted({*range(0, len(self), stride), *also})
            steps = [self._steps[i] for i in wanted if i in self._steps]
            last = self._last
        ended = last is not None and last.index == total
        return [*steps, last] if ended and last is not None and (not steps or steps[-1] is not last) else steps

    def at(self, index: int, go_on: Callable[[Step, int], Step]) -> Step:
        """Step `index` exactly: the kept one, or go_on(kept, index), which runs on from the kept one before it.

        Raises:
            IndexError: if the run did not get that far.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        before = max((s for s in self.kept if s.index <= index), key=lambda s: s.index)
        return before if before.index == index else go_on(before, index)


def _bytes(step: Step) -> int:
    arrays = (step.y, step.x0_hat, step.eps_hat, *step.history)  # a history may hold the step's own x0_hat
    return sum({id(array): getattr(array, "nbytes", 0) for array in arrays}.values())
