"""Recorded runs in bounded memory: every step while there is room, then every 2nd, 4th, ..., and always the last."""

import threading
from collections.abc import Callable
from dataclasses import replace

from diffview.arrays import to_numpy
from diffview.samplers import Step

BOUND = 256 * 2**20
"""Bytes that one recorded run may take."""


class Trajectory:
    """The steps of one run, thinned when they outgrow `bound` bytes; a thinned step is recomputed exactly.

    One thread may append while another reads.
    """

    def __init__(self, bound: int = BOUND) -> None:
        self.bound = bound
        self.stride = 1
        self._steps: dict[int, Step] = {}
        self._last: Step | None = None
        self._lock = threading.Lock()

    def append(self, step: Step) -> None:
        """Record the next step, as arrays on the CPU."""
        step = replace(
            step,
            y=to_numpy(step.y),
            x0_hat=None if step.x0_hat is None else to_numpy(step.x0_hat),
            eps_hat=None if step.eps_hat is None else to_numpy(step.eps_hat),
        )
        with self._lock:
            self._last = step
            if step.index % self.stride == 0:
                self._steps[step.index] = step
            while _bytes(self._steps) > self.bound and len(self._steps) > 2:
                self.stride *= 2
                self._steps = {i: s for i, s in self._steps.items() if i % self.stride == 0}

    @property
    def bytes(self) -> int:
        """Memory that the kept steps take."""
        with self._lock:
            return _bytes(self._steps)

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
        """The kept step nearest to `index`."""
        return min(self.kept, key=lambda step: abs(step.index - index))

    def nearest_level(self, s: float) -> Step:
        """The kept step at the smallest level not below s, or the first."""
        at_or_above = [step for step in self.kept if step.s >= s * (1 - 1e-9)]
        return at_or_above[-1] if at_or_above else self.kept[0]

    def at(self, index: int, go_on: Callable[[Step, int], Step]) -> Step:
        """Step `index` exactly: the kept one, or go_on(kept, index), which runs on from the kept one before it.

        Raises:
            IndexError: if the run did not get that far.
        """
        if not 0 <= index < len(self):
            raise IndexError(index)
        before = max((s for s in self.kept if s.index <= index), key=lambda s: s.index)
        return before if before.index == index else go_on(before, index)


def _bytes(steps: dict[int, Step]) -> int:
    return sum(a.nbytes for s in steps.values() for a in (s.y, s.x0_hat, s.eps_hat) if a is not None)
