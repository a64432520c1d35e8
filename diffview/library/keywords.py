"""Values of a recipe as keywords, for editors and type checkers; a test holds them to where they are declared."""

from collections.abc import Sequence
from typing import Any, TypedDict

from diffview.fields.field import Region
from diffview.forward.schedule import Schedule


class ForwardValues(TypedDict, total=False):
    """What says how noise is put into a field; see `runs.recipe`, where each has its sentence."""

    path: str | None
    dataset: str | None
    index: Sequence[int] | None
    mask: Sequence[float]
    region: Region | tuple[int, int, int, int] | None
    transform: str
    schedule: Schedule | str
    seed: int
    path_mode: str


class RunValues(ForwardValues, total=False):
    """What says how fields are made."""

    model: str
    device: str
    sampler: str
    sampler_params: dict[str, Any]
    grid: str
    grid_params: dict[str, Any]
    steps: int
    members: int
    first_member: int
    block: int | None
    statistics: str
    origin: str
    level: float | None
    chain_length: int
    weight: float
    clip_low: float | None
    clip_high: float | None
    observe: str
    observe_params: dict[str, Any]
    instruments: Sequence[Any]
    solver: str
    solver_params: dict[str, Any]
    strength: float
    led_from: float | None
    led_to: float | None
    disturbed: bool
    given: Sequence[Any]
    off: Sequence[str]
    channels: Sequence[str]
    sequence: int
    known: Sequence[str]
    hidden: Sequence[Region | tuple[int, int, int, int]]
    fit_set: str
    missing_limit: float
    held_out: float
    overlap: float
    coarsen: int
    coarsen_by: str
    refine: int


class TrainingValues(TypedDict, total=False):
    """How a network is trained: what becomes of the data, the sizes of the network, and the course of the training."""

    size: int
    held_out: float
    channels: Sequence[str]
    sequence: int
    mean: bool
    season: bool
    test_from: str
    region: Region | tuple[int, int, int, int] | None
    coarsen: int
    at: dict[str, int]
    given: Sequence[Any]
    dropout: float
    quantity: str
    transform: str | None
    width: int
    multipliers: Sequence[int]
    blocks: int
    attention: bool
    fold: int
    padding: str
    learned_variance: bool
    prediction: str
    loss: str
    density: str
    steps: int
    minutes: float
    batch: int
    rate: float
    warmup: int
    half_life: float
    clip: float
    lowest: float
    highest: float
    flips: bool
    rotations: bool
    precision: str
    run: int
    averages: bool
    checkpoint: float
    seed: int
    schedule: Schedule | str
    device: str
    resume: bool
    origin: str


class DaysValues(TypedDict, total=False):
    """How the days of a month are made from its mean."""

    days: int | None
    members: int
    seed: int
    first_member: int
    region: Region | tuple[int, int, int, int] | None
    periodic: bool
    model: str


class VerifyingValues(TypedDict, total=False):
    """How fields are drawn from a network to be scored."""

    samples: int
    steps: int
    seed: int
    sampler: str
    sampler_params: dict[str, Any]
    held_out: float
    device: str
