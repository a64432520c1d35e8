"""The members of a job as they come, as a run that a window shows: its mean, spread, shares and quantiles fill.

They are read from the store, in whatever order the blocks arrive. Those that a window would keep of its own run are
kept; where that is not all of them, every one is counted.
"""

import copy
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffview.cluster.netcdf_parts import PARTS
from diffview.cluster.store import FIELDS, UNCOUNTED, Store
from diffview.errors import UserError
from diffview.paths import read_json
from diffview.reverse.samplers import Step, sampler_params
from diffview.runs.in_blocks import blocks_of, counted_for, kept_of
from diffview.runs.job import FINISHED
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.requests import Models, Run
from diffview.runs.statistics import Streamed


def recipe_of_job(folder: Path, cwd: str) -> Recipe:
    """The settled recipe of a job whose store keeps its members.

    Args:
        folder: of the job.
        cwd: the folder that it was begun in, which the name of its field may be relative to.

    Raises:
        UserError: if there is no such store, or its members are counted and forgotten.
    """
    if (folder / PARTS).is_dir():
        raise UserError("This job makes a file of every time.", "Show fields opens those that are there, as a set.")
    if not (folder / FIELDS / "zarr.json").is_file():
        raise UserError("This job has made no store yet.", "Wait for its first block.")
    plain = read_json(folder / FIELDS / "zarr.json", "the store of a job").get("attributes", {})
    if plain.get("diffview_members") == UNCOUNTED:
        raise UserError(
            "This job counts its members and forgets them.",
            "Show fields opens the mean of those so far; leave --statistics out to have members kept.",
        )
    recipe = Recipe.from_json(str(plain.get("diffview_recipe", "")))
    path = recipe.source.path
    return recipe if path is None else recipe.but(path=str(Path(cwd) / path))


MOST = 1024
"""Members that a window makes itself: of a job of more the first block is kept, and all are counted."""


@dataclass(eq=False)
class Arriving:
    """The members of a job so far.

    Attributes:
        store: that they are written into.
        plan: of all of them.
        name: of the job, for people.
        run: a finished run of those that came; another object whenever there are more; None before the first.
    """

    store: Store
    plan: Plan
    name: str
    run: Run | None = None
    _seen: set[int] = field(default_factory=set)
    _kept: list[NDArray[np.float32]] = field(default_factory=list)
    _counted: Streamed | None = None

    def take(self, seconds: float) -> None:
        """Take in the blocks that have come since, for so long; a damaged one is looked at again.

        Raises:
            UserError: if the store cannot be opened.
        """
        until, before = time.monotonic() + seconds, len(self._seen)
        for number in sorted(self.store.done() - self._seen):
            members = self.store.look(number)
            if members is not None:
                self._seen.add(number)
                self._add(members)
            if time.monotonic() > until:
                break
        if len(self._seen) > before:
            self.run = self._as_run()

    def _add(self, members: NDArray[np.floating]) -> None:
        """Take in members [m, ny, nx], in physical units."""
        whole = self.plan.shape[0] <= MOST and kept_of(self.plan) is self.plan
        room = (self.plan if whole else blocks_of(self.plan)[0]).shape[0] - sum(map(len, self._kept))
        if room > 0:
            made = self.plan.made_in(members[:room])[:, None]
            self._kept.append(np.asarray(made, np.float32))
        if not whole:
            self._counted = self._counted or counted_for(self.plan)
            self._counted.add(members.astype(np.float64))

    def _as_run(self) -> Run:
        """Their end, and what is counted of them: no step before it was kept, and the window cannot go on with it."""
        end = self.plan.levels[-1]
        recipe = self.plan.recipe.but(fork=None, sampler="ddim", sampler_params=())
        plan = replace(self.plan, recipe=recipe, params=sampler_params("ddim", {}), levels=[end], parent=None)
        run = Run(plan, Models(), recorded_by=self.name, counted=copy.deepcopy(self._counted))
        run.trajectory.append(Step(0, end, np.concatenate(self._kept)))
        run.state = FINISHED
        return run
