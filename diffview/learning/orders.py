"""Orders: what of the open field to train on, how, and where the model is kept."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.regions import missing_counts, summed
from diffview.forward.schedules import Schedule
from diffview.learning.from_files import read_training_set
from diffview.learning.sets import FEWEST, MULTIPLE, TrainingSet, complete, crops_of, held_columns, held_slices
from diffview.models.cards import Card, models_folder
from diffview.reverse.samplers import POSTERIOR_MEAN
from diffview.runs.facts import Facts, Fits
from diffview.runs.plan import Plan

if TYPE_CHECKING:
    from diffview.learning.trainer import Trainer

Array = NDArray[np.float32]
MakeSet = Callable[[], TrainingSet]

SIZES = (32, 64, 128)
"""Sides of the crops that are offered."""

ENDLESS = 10**8
"""Steps of a training that ends by its minutes."""

STRIDE, CROP_BYTES = 4, 128 * 2**20
"""Pixels between crops, at least; it doubles until they fit into this memory."""


class Preset(NamedTuple):
    """Settings that go together: minutes, fields a step, and the width of the network."""

    name: str
    says: str
    minutes: float
    batch: int
    width: int


USUAL = "usual"
PRESETS = {
    "lecture": Preset("a lecture", "A small network: within the minute its fields are clouds", 1, 16, 16),
    USUAL: Preset("a model", "A wider network", 10, 32, 32),
}
"""By key; that of a lecture is measured: see docs/teaching.md."""


def held_from(columns: int, size: int) -> int:
    """The first column that is never trained on."""
    return max(0, columns - held_columns(columns, size))


def held_from_before(columns: int, size: int) -> int:
    """The same as it was once ruled: 0.3 of the columns, whether a crop fits into them or not."""
    return columns - round(0.3 * columns)


def sizes_that_fit(facts: Facts) -> tuple[int, ...]:
    """Of SIZES, those of which there are enough complete crops."""
    return facts.fits.of(_sizes)


def _sizes(fits: Fits) -> tuple[int, ...]:
    mask = fits.field.mask
    fit = (size for size in SIZES if min(mask.shape) >= size)
    return tuple(size for size in fit if np.sum(missing_counts(summed(mask), size, size, STRIDE) == 0) >= FEWEST)


def usable_slices(facts: Facts, region: Region) -> int:
    """How many other slices are complete in the region."""
    return facts.fits.of(_usable, region)


def _usable(fits: Fits, region: Region) -> int:
    return 0 if fits.stack is None else int(complete(fits.stack[(slice(None), *region.slices)]).sum())


def enough_slices(count: int) -> bool:
    """Whether this many slices are enough to train on, with some held out."""
    return count - held_slices(count) >= FEWEST


@dataclass(frozen=True, eq=False)
class Order:
    """An order to the training thread.

    Attributes:
        size: side of the crops of the open slice; 0 for the region in the other slices.
        region: in the other slices.
        folder: of the model; `again` goes on with the training kept there.
        origin: the model whose weights it begins with, and whose width it has; None: random ones.
        turned: whether the fields are also mirrored, and turned if they are square.
        device: a torch device, or "auto".
        divided: says of columns and size of a crop which is the first column that is held out.
    """

    field: Field
    transform: str
    schedule: Schedule
    folder: Path
    size: int = 32
    stack: Array | None = None
    region: Region | None = None
    loss: str = "edm"
    density: str = "broad"
    minutes: float = 10.0
    batch: int = 32
    width: int = 32
    origin: Card | None = None
    turned: bool = False
    device: str = "auto"
    again: bool = False
    divided: Callable[[int, int], int] = held_from

    def data(self) -> TrainingSet:
        """Cut the fields, fit the transform; a training that is gone on with is divided as it was begun.

        Raises:
            UserError: if there are too few of them, or the card of the training cannot be read.
        """
        made = self._set()
        if self.again and self.size and (self.folder / "model.json").is_file():
            before = replace(self, divided=held_from_before)._set()
            if before.fingerprint == Card.read(self.folder).data.get("sha256"):
                return before
        return made

    def _set(self) -> TrainingSet:
        train, held, split = self._slices() if self.size == 0 else self._crops()
        field = self.field
        source = " ".join(filter(None, (field.provenance.get("path", ""), field.provenance.get("dataset", ""))))
        return TrainingSet.fit(
            self.transform, train, held, field.name or "field", field.units,
            source=source, licence=field.provenance.get("licence", ""), split=split,
            whole_width=train.shape[2] == field.values.shape[1],
        )  # fmt: skip

    def _crops(self) -> tuple[Array, Array, str]:
        values, size = self.field.values, self.size
        cut = self.divided(values.shape[1], size)
        left, right = complete_crops(values[:, :cut], size), complete_crops(values[:, cut:], size)
        what = f"complete {size} x {size} crops of one slice"
        if len(left) >= FEWEST:
            return left, right, f"{what}; columns from {cut} on held out"
        whole = complete_crops(values, size)
        return whole, whole[:0], f"{what}; none held out, as too few would be left"

    def _slices(self) -> tuple[Array, Array, str]:
        if self.stack is None or self.region is None:
            raise UserError("There are no other slices of this field.", "Train on crops of the open slice.")
        region = self.region
        ny, nx = region.ny // MULTIPLE * MULTIPLE, region.nx // MULTIPLE * MULTIPLE
        fields = self.stack[(slice(None), *replace(region, ny=ny, nx=nx).slices)]
        fields = fields[complete(fields)].astype(np.float32)
        cut = len(fields) - held_slices(len(fields))
        split = f"one region in {len(fields)} other slices; the last {len(fields) - cut} held out"
        return fields[:cut], fields[cut:], split

    def trainer(self, data: TrainingSet, device: str) -> "Trainer":
        """The training of `data` that is ordered, begun or gone on with.

        Raises:
            UserError: as `training.trainer_in`.
        """
        from diffview.learning.training import trainer_in

        settings: dict[str, Any] = {"minutes": self.minutes, "steps": ENDLESS}
        sizes: dict[str, Any] = {}
        if not self.again:
            settings |= {
                "loss": self.loss, "density": self.density, "batch": self.batch, "schedule": self.schedule,
                "flips": self.turned, "rotations": self.turned and data.shape[0] == data.shape[1],
            }  # fmt: skip
            sizes = {} if self.origin else {"width": self.width, "sigma_data": float(data.fields.std())}
        origin = None if self.again else self.origin
        return trainer_in(self.folder, data, settings, sizes, device, resume=self.again, origin=origin)


def sets_of(facts: Facts, plan: Plan, card: Card, trained: Order | None = None) -> list[MakeSet]:
    """The sets that can be made of the open field, as the training dock and `diffview train` make them.

    `trained` is the order of the newest training, if there is one.
    """
    schedule, folder, key, size = plan.recipe.course.schedule, models_folder(), card.transform.key, card.shape[1]
    orders = [
        Order(facts.field, key, schedule, folder, size=size),
        Order(facts.field, key, schedule, folder, size=size, divided=held_from_before),
        Order(facts.field, key, schedule, folder, size=0, stack=facts.stack, region=plan.region),
    ]
    if trained is not None and trained.folder == card.file.parent:
        orders.insert(0, trained)
    makers: list[MakeSet] = [order.data for order in orders]
    path, dataset = (str(facts.field.provenance.get(name, "")) for name in ("path", "dataset"))
    datasets = tuple(filter(None, [plan.recipe.source.dataset or dataset]))
    if path:
        size = max(card.shape[1:])
        makers.append(partial(read_training_set, path, datasets, size=size, transform=key, coarsen=card.coarsen))
    return makers


def complete_crops(picture: Array, size: int) -> Array:
    """The crops of a picture without missing pixels, as dense as memory allows; none if it is too small."""
    stride = STRIDE
    while ((picture.shape[0] - size) // stride + 1) * ((picture.shape[1] - size) // stride + 1) > _most(size):
        stride *= 2
    crops = crops_of(picture, (size, size), stride)
    return crops[complete(crops)]


def _most(size: int) -> int:
    return CROP_BYTES // (4 * size * size)


def origins(cards: Mapping[str, Card]) -> dict[str, Card]:
    """The networks that a training of the window can begin with: unconditional ones, as it trains them."""
    return {
        name: card for name, card in cards.items()
        if "width" in card.network and card.kind == POSTERIOR_MEAN and not card.coarsen and not card.network.get("mask")
    }  # fmt: skip


def is_own(file: Path) -> bool:
    """Whether a model lies where the user's own are kept."""
    return file.resolve().is_relative_to(models_folder().resolve())


def clean_name(text: str) -> str:
    """A name that every file system takes."""
    return re.sub(r"[^\w.-]+", "-", text).strip("-._")[:60] or "model"


def free_name(name: str) -> str:
    """`name`, or the first of name-2, name-3, ... that is not taken."""
    taken, number = models_folder(), 1
    free = name
    while (taken / free).exists():
        number += 1
        free = f"{name}-{number}"
    return free


def is_kept(name: str) -> bool:
    """Whether a training of this name can be resumed."""
    return (models_folder() / name / "training.safetensors").is_file()
