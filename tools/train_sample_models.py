"""Train the sample models: python tools/train_sample_models.py DATA_FOLDER OUT_FOLDER NAME [--minutes 60 --threads 1].

Run again to go on from the last checkpoint; give more minutes for a better model. --from-published begins with the
weights in sample_models/, whose checkpoint is not kept, instead of random ones. --publish copies the trained model
into sample_models/ and writes what `diffview verify model` finds into its card; --score only does the latter. The data
folder holds the packs named below, see their cards for their origin.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from diffview.fields.field import Region
from diffview.learning.distillation import Distiller
from diffview.learning.network import config_for
from diffview.learning.sequence_sets import SequencesAsked, read_sequences
from diffview.learning.sets import TrainingSet, complete, crops_of
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import DIRECTORY, resumed, train
from diffview.models.cards import Card
from diffview.models.checkpoints import save_model
from diffview.paths import sample_models
from diffview.readers.packaged import packaged_field
from diffview.readers.process import ReaderProcess
from diffview.runs.sampling import Sampling
from diffview.scores.printed import format_scores
from diffview.scores.verify import verify_model


def stack(path: Path, dataset: str, size: int) -> np.ndarray:
    """All slices of a packed dataset [n, size, size] in physical units."""
    reader = ReaderProcess()
    try:
        return reader.call(
            "read_stack", path=str(path), dataset=dataset, axes=(1, 2), index=(0,), dim=0,
            region=Region(0, 0, size, size), limit=100_000,
        )  # fmt: skip
    finally:
        reader.close()


def rain(folder: Path, coarsen: int = 0) -> TrainingSet:
    """64 x 64 patches of NOAA MRMS rain rate."""
    path = folder / "mrms_wet64.h5"
    return TrainingSet.fit(
        "cbrt", stack(path, "train/precip_rate", 64), stack(path, "test/precip_rate", 64),
        "precipitation_rate", "mm h-1", coarsen=coarsen,
        source="NOAA MRMS PrecipRate, 2019-06-10 00:00, 00:30 and 01:00 UTC, 0.01 degree, patches at least 15 % wet",
        licence="US public domain", split="by blocks of longitude",
    )  # fmt: skip


def sst(folder: Path) -> TrainingSet:
    """Daily sea surface temperature off Tasmania, split by year."""
    values = stack(folder / "oisst_tasman_daily.h5", "sst", 32)
    days = np.arange(len(values)) + np.datetime64("1982-01-01")
    late = days >= np.datetime64("2010-01-01")
    return TrainingSet.fit(
        "standardise", values[~late], values[late], "sea_surface_temperature", "degC",
        source="NOAA OISST v2, 147-155E 45-37S, 0.25 degree, daily", licence="NOAA public domain",
        split="1982-2009 trained on, 2010-2016 held out",
    )  # fmt: skip


def sst_days(folder: Path) -> TrainingSet:
    """Sequences of 28 days of the same, as departures from the season, beside their mean."""
    asked = SequencesAsked(sequence=28, mean=True, season=True, test_from="2010-01-01")
    data = read_sequences(str(folder / "oisst_tasman_daily.h5"), ["sst"], asked)
    return replace(
        data, name="sea_surface_temperature", source="NOAA OISST v2, 147-155E 45-37S, 0.25 degree, daily",
        licence="NOAA public domain", split="1982-2009 trained on, 2010-2016 held out",
    )  # fmt: skip


def brightness(folder: Path) -> TrainingSet:
    """64 x 64 crops of the packaged field: its left part to train on, its right part held out."""
    packaged = packaged_field()
    left, right = packaged.values[:, :160], packaged.values[:, 160:]
    pick = [crops[complete(crops)] for crops in (crops_of(left, (64, 64), 2), crops_of(right, (64, 64), 2))]
    return TrainingSet.fit(
        "standardise", *pick, packaged.name, packaged.units,
        source="the packaged field (Met Office, from iris-sample-data)", licence=packaged.provenance["licence"],
        split="columns 0-159 trained on, 160-255 held out",
    )  # fmt: skip


@dataclass(frozen=True)
class Recipe:
    """Data, network and settings of one sample model, and how the fields that it is judged by are drawn.

    Attributes:
        teacher: the sample model that it is distilled from; "" for none.
    """

    data: Callable[[Path], TrainingSet]
    network: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    sampling: Mapping[str, Any] = field(default_factory=dict)
    teacher: str = ""


CHURN: Mapping[str, Any] = {"steps": 18, "sampler": "churn", "params": {"S_churn": 7.0}}
"""Fresh noise at every step makes up for much of what a small network errs."""

MORE_CHURN: Mapping[str, Any] = {
    "samples": 1024, "steps": 32, "sampler": "churn", "params": {"S_churn": 13.0, "S_noise": 1.003}
}  # fmt: skip
"""The same with finer steps, and as much more noise as EDM adds for the detail that a network takes away; 1024 fields,
because of 256 even a perfect model has the 0.99 quantile within 15 % in 60 of 100 cases only."""

RAIN = {"width": 48, "multipliers": (1, 2, 3), "fold": 2}
RECIPES = {
    "bt64": Recipe(brightness, {"width": 32, "multipliers": (1, 2, 3), "fold": 2}, {"flips": True}),
    "sst32": Recipe(sst, {"width": 32, "multipliers": (1, 2, 3)}, sampling=CHURN),
    "sst32-days": Recipe(
        sst_days, {"width": 32, "multipliers": (1, 2, 4), "fold": 2, "sigma_data": 0.53},
        {"batch": 8, "rate": 1.5e-3, "warmup": 100, "half_life": 200.0, "lowest": 0.02},
    ),
    "rain64": Recipe(rain, RAIN, {"flips": True, "rotations": True}, MORE_CHURN),
    "rain64-from-coarse": Recipe(lambda folder: rain(folder, 8), RAIN, {"flips": True, "rotations": True}),
    "rain64-consistency": Recipe(
        rain, {},
        {"loss": "consistency", "batch": 16, "rate": 3e-4, "warmup": 50, "half_life": 100.0, "flips": True,
         "rotations": True, "precision": "float32"},
        {"samples": 1024}, "rain64",
    ),
}  # fmt: skip


def score(name: str, data: TrainingSet, device: str) -> None:
    """Write into the card of a sample model how good it is."""
    card = Card.read(sample_models() / name)
    if card.together.several:
        sys.stdout.write(f"Score it by: diffview verify days --model {name} --data FILE DATASET --test-from DATE\n")
        return
    found = verify_model(card, data, Sampling(**RECIPES[name].sampling), device)
    found["settings"]["command"] = f"tools/train_sample_models.py DATA OUT {name} --score"
    replace(card, scores=found).save()
    sys.stdout.write(format_scores(found) + "\n")


def main() -> None:
    """Train one model, or go on with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("name", choices=RECIPES)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--from-published", action="store_true", help="begin with the weights in sample_models/")
    parser.add_argument("--publish", action="store_true", help="only copy what is trained to sample_models/, scored")
    parser.add_argument("--score", action="store_true", help="only score what is in sample_models/ again")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    folder, wish = options.out / options.name, RECIPES[options.name]
    data = wish.data(options.data)
    if options.publish:
        trainer = resumed(folder, data)
        season = None if data.season is None else data.season.stacked
        save_model(sample_models() / options.name, trainer.ema, trainer.card(options.name), data.mask, season=season)
    if options.publish or options.score:
        score(options.name, data, options.device)
        return
    limits = {"minutes": options.minutes, "steps": options.steps}
    if (folder / DIRECTORY[1]).exists():
        trainer = resumed(folder, data, options.device, **limits)
    else:
        settings = TrainingSettings(**wish.settings, **limits)
        if options.from_published or wish.teacher:
            published = Card.read(sample_models() / (wish.teacher or options.name))
            begin = Distiller.begin_from if wish.teacher else Trainer.begin_from
            trainer = begin(published, data, settings, options.device)
        else:
            trainer = Trainer(data, config_for(data, **wish.network), settings, options.device)
    sys.stdout.write(f"{options.name}: {len(data.fields)} fields, s up to {trainer.highest:.3g}, {data.transform}\n")
    for p in train(trainer, folder):
        sys.stdout.write(f"step {p.step} loss {p.loss:.4f} rate {p.rate:.2g} {p.seconds:.0f} s, left {p.left:.0f} s\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
