"""Every time of a series or a set on several processes: each is a netCDF file of its own, made in blocks of members.

A file is `made_of_times` of that time alone, so that the parts are what `sample --all-times` makes, to the bit. Members
of a time that are not computed at once are blocks of the job, so that there may be more workers than times.
"""

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.cluster.beginning import job_of, key_of, require_idle
from diffview.cluster.driver import JobOrder
from diffview.cluster.netcdf_parts import NetcdfParts
from diffview.errors import NotWrittenError, UserError
from diffview.fields.field import Region
from diffview.library.all_times import NoSeries, PlanAt, TimeAxis, check_series, lacking_told, made_of_times
from diffview.library.making import Progress, made_here
from diffview.library.opened import Opened, one_reader
from diffview.params import plain_of
from diffview.reverse.samplers import Step
from diffview.runs.in_blocks import last_steps, of_members, parts_of
from diffview.runs.plan import Plan
from diffview.runs.statistics import Streamed

Array = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class TimesWork:
    """Blocks of members of one time each.

    Attributes:
        times: all of them.
        plan_at: the plan of an index, and its field.
        region: of the first time that can be made, which is that of all.
        blocks: (first member, members) of every block of a time.
        folder: of the parts; `cwd`: that names of files are relative to. All workers see both.
        key: tells the job from others.
        versions: of what the bits of a member depend on.
    """

    times: TimeAxis
    plan_at: PlanAt
    region: Region
    blocks: Sequence[tuple[int, int]]
    folder: str
    cwd: str
    key: str
    versions: Mapping[str, str]

    @property
    def sizes(self) -> Sequence[int]:
        """Members of every block, in order."""
        return [members for _, members in self.blocks] * len(self.times)

    def make(self, number: int) -> None:
        """In a worker: make a block, and its time if it was the last one of it; or write why that cannot be made.

        Raises:
            UserError: if there is no room for it, or this worker does not see the folder.
        """
        parts = NetcdfParts(Path(self.folder))
        time, block = parts.place(number)
        with _inside(self.cwd):
            try:
                several = parts.pieces.each > 1
                if several and parts.awaits(number):
                    parts.pieces.keep(time, block, self._block(time, block))
                if not several or parts.ready(time):
                    self._join(time, parts)
            except (NoSeries, NotWrittenError):
                raise
            except UserError as error:
                parts.lack(time, error.sentence)

    def _block(self, time: int, block: int) -> Array:
        """Members of a block of a time [m, channels, ny, nx], as a run leaves them.

        Raises:
            UserError: if they cannot be made.
        """
        with one_reader():
            plan, _ = self._plan_at(self.times.index(time), None)
        if plan.refusal is not None:
            raise plan.refusal
        check_series(plan, 1)
        made: Array = self._end(plan, block).y
        return made

    def _end(self, plan: Plan, block: int) -> Step:
        """The last step of a block of a plan."""
        (end,) = last_steps(of_members(plan, *self.blocks[block]))
        return end

    def _join(self, time: int, parts: NetcdfParts) -> None:
        """Make a time, of its blocks where there are several; one that is damaged or went meanwhile is made here."""

        def kept(plan: Plan, progress: Progress) -> Iterator[Step]:
            for block in range(parts.pieces.each):
                y = parts.pieces.kept(time, block)
                yield self._end(plan, block) if y is None else Step(plan.steps, 0.0, y)

        said: list[str] = []
        ends = kept if parts.pieces.each > 1 else made_here
        content, _ = made_of_times(self.times.alone(time), self._plan_at, tell=said.append, ends=ends)
        parts.write(time, content, said)

    def _plan_at(self, index: tuple[int, ...], region: Region | None) -> tuple[Plan, Opened]:
        plan, opened = self.plan_at(index, region or self.region)
        if plan.refusal is None and plan.region != self.region:
            raise UserError(
                f"Its region would be {plan.region}, and that of the first time is {self.region}.",
                "Name a region that holds data at every time.",
            )
        return plan, opened


def times_order(times: TimeAxis, plan_at: PlanAt, folder: Path, on: str, words: Sequence[str]) -> JobOrder:
    """The order to make every time into a folder of netCDF files.

    Args:
        times: those of the variable.
        plan_at: the plan of an index, and its field; it travels to the workers.
        folder: of the parts; what a job of the same recipe left there is gone on with.
        on: where they are made, as it was asked for.
        words: the command line that goes on with it.

    Raises:
        UserError: if no time can be made, all would be the same, or the folder is another job's.
    """
    require_idle(folder)
    plan = _first(times, plan_at)
    check_series(plan, 1)
    blocks = parts_of(plan.recipe.ensemble)
    job = {**job_of(plan), **_of_all(times, plan), **({"pieces": len(blocks)} if len(blocks) > 1 else {})}
    parts = NetcdfParts(folder.absolute())
    parts.begin(job)
    work = TimesWork(
        times, plan_at, plan.region, blocks, str(parts.folder), str(Path.cwd()), key_of(job), job["versions"]
    )
    return JobOrder(work, parts, Streamed((), np.empty(0)), {}, on, tuple(words))


def _of_all(times: TimeAxis, plan: Plan) -> dict[str, Any]:
    """What is of the first time alone, as it is of all: which time was the first that could be made may change."""
    other = [number for dim, number in enumerate(times.picture.index) if dim != times.dim]
    fitted = plain_of(plan.recipe.source)["fitted"]
    return {"index": other, "fitted": fitted, "times": hashlib.sha256(times.days.tobytes()).hexdigest()}


def tell_parts(parts: NetcdfParts, times: TimeAxis, tell: Callable[[str], None]) -> None:
    """Say which times could not be made, and what is to be said of those that were.

    Raises:
        UserError: if none could be.
    """
    marks = list(parts.marks())
    if lacking := [times.lacking(number, mark["lacking"]) for number, mark in marks if "lacking" in mark]:
        if len(lacking) == len(times):
            raise UserError(lacking_told(lacking, len(times)), "Mend the files; the same command tries them again.")
        tell(lacking_told(lacking, len(times)))
    for sentence in dict.fromkeys(said for _, mark in marks for said in mark.get("said", ())):
        tell(sentence)


def _first(times: TimeAxis, plan_at: PlanAt) -> Plan:
    """The plan of the first time that can be made."""
    why: UserError | None = None
    with one_reader():
        for number in range(len(times)):
            try:
                plan, _ = plan_at(times.index(number), None)
                if plan.refusal is not None:
                    raise plan.refusal
                return plan
            except UserError as error:
                why = why or error
    assert why is not None
    raise why


def _inside(folder: str) -> contextlib.AbstractContextManager[None]:
    """Inside, names of files are relative to a folder."""
    if not Path(folder).is_dir():
        raise UserError(
            f"{folder}, where the job was begun, is not there on this worker.", "Begin it in a folder that all see."
        )
    return contextlib.chdir(folder)
