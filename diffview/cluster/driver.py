"""What drives a job: blocks are given to an engine, and counted in their order as they come.

It holds the statistics and the numbers of blocks, and no members: memory does not grow with them.
"""

import os
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from diffview.cluster.block import SharedWork
from diffview.cluster.engines import BlockEngine, Outcome
from diffview.cluster.standing import CANCEL, RETRY, Standing, asked, runs_of
from diffview.errors import UserError
from diffview.runs.job import FAILED, FINISHED, RUNNING, STOPPED
from diffview.runs.statistics import Streamed

TELL_S, SAVE_S, WAIT_S = 1.0, 10.0, 0.2
"""Seconds between two words on the standing, and between two savings of the statistics; and that blocks are awaited."""

RECENT_S = 60.0
"""Seconds whose blocks tell the rate."""

HOPELESS = 8
"""Blocks that fail one after the other, beside those that are at work, after which the job ends."""


class BlockStore(Protocol):
    """Where the blocks of a job lie."""

    @property
    def folder(self) -> Path:
        """Of the job."""

    def done(self) -> set[int]:
        """The numbers of the blocks that are there."""

    def has(self, number: int) -> bool:
        """Whether a block is there, awaited for a moment."""

    def read(self, number: int) -> NDArray[Any] | None:
        """What is counted of a block; None if it is damaged, and then it is no longer there."""

    def save(self, streamed: Streamed, through: int, names: Mapping[str, str]) -> None:
        """Write the statistics of the first `through` blocks."""

    def saved(self, streamed: Streamed) -> int:
        """Take up the statistics that were saved; how many blocks are in them."""

    def close(self) -> None:
        """At the end of the job: only what it was asked for is left."""


@dataclass(frozen=True)
class JobOrder:
    """What a driver is to do.

    Attributes:
        work: what the blocks share.
        store: where they are kept.
        streamed: the statistics, of nothing yet.
        names: of their arrays.
        on: where the blocks are made, as it was asked for.
        words: the command line that goes on with it.
    """

    work: SharedWork
    store: BlockStore
    streamed: Streamed
    names: dict[str, str]
    on: str = ""
    words: tuple[str, ...] = ()


class Driver:
    """One job on its way.

    Attributes:
        standing: how far it is.
    """

    def __init__(self, order: JobOrder, engine: BlockEngine, clock: Callable[[], float] = time.monotonic) -> None:
        self._order, self._engine, self._clock = order, engine, clock
        self._sizes = order.work.sizes
        self._counted = order.store.saved(order.streamed)
        self._done = {number for number in order.store.done() if number < len(self._sizes)}
        self._failed: dict[int, UserError] = {}
        self._waiting = deque(number for number in range(len(self._sizes)) if number not in self._done)
        self._at_work: set[int] = set()
        self._made_again: set[int] = set()
        self._in_a_row, self._begun = 0, False
        self._recent: deque[tuple[float, int]] = deque([(clock(), 0)])
        self._told = self._saved = -float("inf")
        self.standing = Standing(
            blocks=len(self._sizes), members=sum(self._sizes), on=order.on, process=os.getpid(),
            machine=socket.gethostname(), words=order.words, cwd=str(Path.cwd()),
        )  # fmt: skip

    def run(self, tell: Callable[[Standing], None] = lambda standing: None) -> Standing:
        """Make all blocks that are not there, and count them.

        Args:
            tell: called about once a second with how far it is.

        Returns:
            How it ended: what failed is in it.

        Raises:
            UserError: if the engine has broken down, its workers are unfit, or the store cannot be written.
        """
        state, said = STOPPED, ""
        asked(self._order.store.folder)  # of a driver that ended before it heard it
        self.tell_standing()
        try:
            while self._waiting or self._at_work or self._countable:
                self._step(tell)
            self._save()
            state = FAILED if self._failed else FINISHED if len(self._done) == len(self._sizes) else STOPPED
        except UserError as error:
            state, said = FAILED, str(error)
            raise
        finally:
            self._end(state, said)
        return self.standing

    def _step(self, tell: Callable[[Standing], None]) -> None:
        if self._waiting and not self._begun:
            self._engine.begin(self._order.work)
            self._begun = True
            self._recent = deque([(self._clock(), 0)])  # their start is over
        while self._waiting and len(self._at_work) < self._engine.room:
            number = self._waiting.popleft()
            self._at_work.add(number)
            self._engine.submit(number)
        for outcome in self._engine.ended(WAIT_S) if self._at_work else ():
            self._take(outcome)
        self._count()
        now = self._clock()
        if now - self._saved >= SAVE_S:
            self._save()
        if now - self._told >= TELL_S:
            self._told = now
            self._hear()
            self.tell_standing()
            tell(self.standing)

    def _take(self, outcome: Outcome) -> None:
        number, error = outcome
        self._at_work.discard(number)
        if error is None and not self._order.store.has(number):
            error = UserError(
                f"A worker has written block {number}, and it is not in {self._order.store.folder} here.",
                "The store must lie on a disk that all workers see, under the same name.",
            )
        if error is None:
            self._in_a_row = 0
            self._done.add(number)
            self._recent.append((self._clock(), self._sizes[number]))
            return
        self._failed[number], self._in_a_row = error, self._in_a_row + 1
        if self._in_a_row >= HOPELESS + self._engine.workers:
            raise UserError(
                f"{self._in_a_row} blocks failed one after the other, the last because: {error.sentence}", error.hint
            )

    @property
    def _countable(self) -> bool:
        """Whether the next block in order is there."""
        return self._counted in self._done and self._counted < len(self._sizes)

    def _count(self) -> None:
        """Put into the statistics what is there, in order; a block that is damaged is made again."""
        while self._countable:
            members = self._order.store.read(self._counted)
            if members is None:
                self._done.discard(self._counted)
                self._again(self._counted)
                return
            if self._order.streamed.asked:
                self._order.streamed.add(members)
            self._counted += 1
            if self._clock() - self._told >= TELL_S:
                return

    def _again(self, number: int) -> None:
        """Make a damaged block again, once."""
        if number in self._made_again:
            said = f"Block {number} is damaged, though it was written twice."
            self._failed[number] = UserError(said, "Look after the disk that the store lies on.")
        else:
            self._made_again.add(number)
            self._waiting.appendleft(number)

    def _save(self) -> None:
        """Write the statistics of what is counted, as soon as there is a spread of it."""
        self._saved, count = self._clock(), self._order.streamed.count
        if count > 1 or count == self.standing.members:
            self._order.store.save(self._order.streamed, self._counted, self._order.names)

    def _hear(self) -> None:
        """Do what was asked of the job meanwhile."""
        what = asked(self._order.store.folder)
        if what == CANCEL:
            self._at_work -= set(self._engine.withdraw())
            self._waiting.clear()
        elif what == RETRY:
            self._waiting.extendleft(sorted(self._failed, reverse=True))
            self._failed, self._in_a_row = {}, 0

    def tell_standing(self, state: str = RUNNING, said: str = "") -> None:
        """Write how far it is."""
        now = self._clock()
        while len(self._recent) > 1 and now - self._recent[0][0] > RECENT_S:
            self._recent.popleft()
        spent = now - self._recent[0][0]
        rate = sum(members for _, members in self._recent) / spent if spent > 0 else 0.0
        made = sum(self._sizes[number] for number in self._done)
        self.standing = replace(
            self.standing, state=state, done=runs_of(self._done), at_work=tuple(sorted(self._at_work)), said=said,
            failed={number: str(error) for number, error in sorted(self._failed.items())}, made=made, rate=rate,
            left=(self.standing.members - made) / rate if rate else None, workers=self._engine.workers,
        )  # fmt: skip
        self.standing.write(self._order.store.folder)

    def _end(self, state: str, said: str) -> None:
        """Leave what is done so that it can be gone on with; what cannot be written any more is counted then."""
        self._at_work.clear()
        with suppress(UserError):
            self._save()
        if state == FINISHED:
            self._order.store.close()
        with suppress(UserError):
            self.tell_standing(state, said)
