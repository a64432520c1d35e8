"""A training as a film: the network kept at six steps on its way, and what it, `data` and `local` make of one noise.

The loss is the plain one, mean |eps - eps_hat|^2; tools/make_learning_film.py made it. `data` knows every crop and can
only give crops back; `local` puts pieces of crops together; the network has learnt neither by heart: it makes new ones.
"""

import csv
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.forward.noise import START, Noise
from diffview.forward.schedules import Linear
from diffview.learning.sets import TrainingSet, complete, crops_of, evenly
from diffview.learning.settings import LOG
from diffview.models.cards import Card
from diffview.models.choice import Trained
from diffview.models.data import Data, nearest
from diffview.models.local import Local
from diffview.paths import sample_models
from diffview.readers.packaged import packaged_field
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.job import Job

Array = NDArray[np.float32]
Floats = NDArray[np.float64]

SIZE, STRIDE, CUT = 32, 2, 160
"""Pixels a side of a crop, pixels between crops, and the first column that is held out."""

MADE, STEPS, SAMPLER = 4, 12, "heun"
"""Fields that are made of each noise, steps of a run, and how it steps."""

SOURCE = "the packaged field (Met Office, from iris-sample-data)"
"""How cards name it."""

COMPOSED = 1200
"""Crops that `local` composes from: of all of them it would take a minute."""

SCATTER = 8
"""Pixels between the places at which crops that are shown may lie."""

MIRRORED = (1, 1), (1, -1), (-1, 1), (-1, -1)
"""Steps down and across a crop by which it is mirrored."""

UNSEEN = 64
"""Held-out fields whose distance to the crops is taken, to compare with."""


def film_folder() -> Path:
    """Where the film that ships with diffview lies."""
    return sample_models() / "learning"


def kept_name(step: int) -> str:
    """The name of the network kept after so many steps; names are in the order of steps."""
    return f"step{step:06d}"


def film_crops() -> TrainingSet:
    """Crops of the left part of the packaged field, which it is trained on; those of its right part are held out."""
    packaged = packaged_field()
    parts = packaged.values[:, :CUT], packaged.values[:, CUT:]
    train, held_out = (cut[complete(cut)] for cut in (crops_of(part, (SIZE, SIZE), STRIDE) for part in parts))
    return TrainingSet.fit(
        "standardise", train, held_out, packaged.name, packaged.units,
        source=SOURCE, licence=packaged.provenance["licence"],
        split=f"columns 0-{CUT - 1} trained on, the others held out",
    )  # fmt: skip


def learned_from(card: Card | None, count: int = 9) -> Array:
    """Crops of the part of the packaged field that a network was trained on, in its units, [count, ny, nx] float32.

    They are as far apart as there is room, and mirrored in turn where the network was shown them so.

    Args:
        card: of the network; one that learned from another field, or none, gets crops of the size of the film's.
        count: of crops; fewer where there are no more.
    """
    packaged = packaged_field()
    of_packaged = card is not None and card.data.get("source") == SOURCE and card.quantity == packaged.name
    side = card.shape[-1] if card is not None and of_packaged else SIZE
    crops = scattered(packaged.values[:, :CUT], side, count)
    if card is not None and of_packaged and card.training.get("flips"):
        ways = (MIRRORED[i % len(MIRRORED)] for i in range(len(crops)))
        crops = np.stack([crop[::down, ::across] for crop, (down, across) in zip(crops, ways, strict=True)])
    return crops


def scattered(field: Array, side: int, count: int) -> Array:
    """Complete crops of a field, [count, side, side], that share as little of it as a greedy choice finds.

    Each is the one that shares least with any of those before it; the first is the last of the field.
    """
    crops = crops_of(field, (side, side), SCATTER)
    across = (field.shape[1] - side) // SCATTER + 1
    there = np.flatnonzero(complete(crops))
    places = np.stack(np.divmod(there, across), axis=1) * SCATTER
    shares = np.clip(1 - np.abs(places[:, None] - places) / side, 0, None).prod(axis=-1)
    picked = [len(there) - 1]
    while len(picked) < min(count, len(there)):
        common = shares[picked]
        picked.append(int(np.lexsort((common.sum(axis=0), common.max(axis=0)))[0]))
    return crops[np.sort(there[picked])]


@dataclass(frozen=True, eq=False)
class LearningFilm:
    """The networks in the order of their steps, and the curve of the loss.

    Attributes:
        cards: of the networks.
        curve: steps, and the loss of each report.
        held_out: that of held-out fields.
    """

    cards: tuple[Card, ...]
    curve: tuple[Floats, Floats]
    held_out: Floats

    @classmethod
    def load(cls) -> "LearningFilm":
        """The film that ships with diffview.

        Raises:
            UserError: if a card is damaged.
        """
        folder = film_folder()
        cards = tuple(Card.read(path) for path in sorted(folder.glob("*.json")))
        with open(folder / LOG, newline="") as log:
            rows = [(float(row["step"]), float(row["loss"]), float(row["held_out"])) for row in csv.DictReader(log)]
        step, loss, held_out = np.array(rows).T
        return cls(cards, (step, loss), held_out)

    @property
    def steps(self) -> tuple[int, ...]:
        """After which the networks were kept."""
        return tuple(int(card.training["steps"]) for card in self.cards)


@dataclass(frozen=True, eq=False)
class MadeFields:
    """Fields that one model makes of the noise, each beside the nearest crop; standardised.

    Attributes:
        made, nearest: float32 [n, ny, nx].
        distance: root mean square difference of each pair.
    """

    made: Array
    nearest: Array
    distance: Floats


@dataclass(eq=False)
class FilmRun(Job):
    """All models from the same noise, one after the other.

    Attributes:
        seed: of the noise.
        first: the network that is looked at, which is run first.
        found: by "data", "local", or the index of a network; written by the thread.
        unseen: median distance of held-out fields to the nearest crop.
    """

    film: LearningFilm
    seed: int
    first: int = 0
    found: dict[str | int, MadeFields] = field(default_factory=dict)
    unseen: float = np.nan

    @property
    def network(self) -> bool:
        """Networks compute."""
        return True

    @property
    def mark(self) -> Any:
        """What is found is another."""
        return self.state, len(self.found)

    @cached_property
    def data(self) -> TrainingSet:
        """The crops."""
        return film_crops()

    @cached_property
    def crops(self) -> Array:
        """What a field may be near to: the crops, and mirrored as the network was shown them."""
        fields = self.data.fields
        return np.concatenate([fields, fields[:, ::-1], fields[:, :, ::-1], fields[:, ::-1, ::-1]])

    def work(self) -> None:
        """Crops, then `data`, the network that is looked at, the others, and `local`."""
        self.unseen = float(np.median(nearest(evenly(self.data.held_out, UNSEEN), self.crops)[1]))
        others = (i for i in range(len(self.film.cards)) if i != self.first)
        names: tuple[str | int, ...] = ("data", self.first, *others, "local")
        for number, name in enumerate(names):
            self.found[name] = self.make(name, number / len(names))
            self.tell((number + 1) / len(names))

    def make(self, name: str | int, done: float = 0.0) -> MadeFields:
        """What "data", "local" or the network of an index makes of the noise; `done` is told meanwhile.

        Raises:
            ImportError: without torch, of a network.
        """
        if name == "data":
            return self._made(name, Data(self.data.fields), done)
        if name == "local":
            return self._made(name, Local(evenly(self.data.fields, COMPOSED)), done)
        return self._made(name, Trained(self.film.cards[int(name)], "cpu").denoiser(), done)

    def _made(self, name: str | int, denoise: Any, done: float) -> MadeFields:
        levels = make_levels(Linear(), "karras", STEPS, top=self.film.cards[0].noise_range[1])
        noise: Any = Noise(self.seed, (MADE, 1, SIZE, SIZE))
        y = noise(START, 0) * np.float32(levels[0])
        if isinstance(name, int):
            import torch

            y = torch.from_numpy(y)
        for step in SAMPLERS[SAMPLER].run(denoise, y, levels, noise):
            y = step.y
            self.tell(done)
        made = to_numpy(y)[:, 0]
        index, distance = nearest(made, self.crops)
        return MadeFields(made, self.crops[index], distance)
