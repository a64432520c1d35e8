"""What the tests of jobs share: a small ensemble, its order, and its chunks on disk."""

from pathlib import Path

import numpy as np

from diffview.cluster.beginning import order_for
from diffview.cluster.driver import JobOrder
from diffview.cluster.store import FIELDS
from diffview.fields.field import Field, Region
from diffview.forward.schedules import Edm
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve

RED = np.cumsum(np.cumsum(np.random.default_rng(0).standard_normal((64, 64)), axis=0), axis=1).astype(np.float32)
FIELD = Field(RED, "red", "K")
BASE = Recipe.of(
    model="gaussian", region=Region(8, 8, 16, 16), steps=4, grid="karras", schedule=Edm(), seed=3, sampler="ddpm",
    members=22, block=4,
)  # fmt: skip


def plan_of(**asked: object) -> Plan:
    return resolve(BASE.but(**asked), Facts(FIELD))


def ordered(folder: Path, **asked: object) -> JobOrder:
    return order_for(plan_of(**asked), FIELD, folder, "here", ("sample",))


def chunks(folder: Path) -> dict[str, bytes]:
    """Every file of a store but its attributes, which say when it was begun."""
    root = folder / FIELDS
    return {
        str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file() and p.parent != root
    }
