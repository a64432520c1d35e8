"""Networks trained on files and verified, with what was measured as xarray."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from diffview import __version__
from diffview.errors import NotWrittenError, UserError
from diffview.fields.field import Region
from diffview.library.keywords import TrainingValues, VerifyingValues
from diffview.library.opened import schedule_of, source_name

if TYPE_CHECKING:
    import xarray

    from diffview.learning.progress import TrainingReport
    from diffview.learning.trainer import Trainer
    from diffview.models.cards import Card

Progress = Callable[[float], None]


def train(
    path: str | PathLike[str] | Sequence[str | PathLike[str]],
    dataset: str | Sequence[str] | None = None,
    *,
    out: str | PathLike[str],
    progress: Progress = lambda share: None,
    **values: Unpack[TrainingValues],
) -> xarray.Dataset:
    """Train a network on the slices of a file; `diffview.sample(model=out)` draws from it.

    Interrupted, it keeps what was learnt: `resume=True` goes on. A script of this needs no other care.

    Args:
        path: a file, or many as one set: a folder, a pattern of names, a list of files.
        dataset: a variable, or several of one quantity; None: the best one of the file.
        out: the folder of the model, made here.
        progress: called with the share that is done.
        **values: of the data (size, held_out, coarsen, transform; of fields that are made together channels, sequence,
            mean, season, test_from, region), the network (width, multipliers, padding, ...) and
            the training (steps, minutes, batch, rate, loss, density, seed, device, resume, origin, ...).

    Returns:
        loss, held_out (the same on held-out fields) and rate over step; the model's card is an attribute.

    Raises:
        UserError: if the file cannot be read, a value is not allowed, or the folder holds a model already.
        NotWrittenError: if what was learned finds no room in its folder; it says in which one it is kept instead.

    Example:
        >>> log = diffview.train("rain.nc", "rain", out="rain-model", minutes=30, seed=1)
        >>> made = diffview.sample(model=log.attrs["diffview_model"], members=8)
    """
    folder = Path(out).expanduser()
    trainer = _trainer(source_name(path), dataset, folder, dict(values))
    return _log(trainer, folder, _trained(trainer, folder, progress))


def _trained(trainer: Trainer, folder: Path, progress: Callable[[float], object]) -> list[TrainingReport]:
    """The reports of a training taken to its end; what finds no room there is kept elsewhere."""
    from diffview.learning.training import save_elsewhere
    from diffview.learning.training import train as trained

    reports = []
    try:
        for report in trained(trainer, folder):
            progress(trainer.done())
            reports.append(report)
    except NotWrittenError as error:
        raise save_elsewhere(trainer, folder, error) from None
    return reports


def _trainer(path: str | None, dataset: str | Sequence[str] | None, folder: Path, values: dict[str, Any]) -> Trainer:
    from diffview.learning.from_files import read_training_set
    from diffview.learning.network import sizes_of
    from diffview.learning.sequence_sets import SequencesAsked, read_sequences
    from diffview.learning.settings import TrainingSettings, under_schedule
    from diffview.learning.slices_read import Cut
    from diffview.learning.training import trainer_in
    from diffview.machine import train_device
    from diffview.models.cards import Card, find_card

    resume, device = values.pop("resume", False), train_device(values.pop("device", "auto"))
    origin = find_card(values.pop("origin")) if "origin" in values else None
    begun = Card.read(folder) if resume and (folder / "model.json").is_file() else origin
    transform = values.pop("transform", None) or (begun.transform.key if begun else None)
    cut = _taken(values, [f.name for f in fields(Cut)])
    asked = _taken(values, [f.name for f in fields(SequencesAsked)])
    settings = _taken(values, [f.name for f in fields(TrainingSettings)])
    if "schedule" in settings:
        settings = under_schedule({**settings, "schedule": schedule_of(settings["schedule"])})
    sizes = sizes_of(values)
    if (region := asked.get("region")) is not None and not isinstance(region, Region):
        asked["region"] = Region(*map(int, region))
    together = SequencesAsked(**asked, **({"held_out": cut["held_out"]} if "held_out" in cut else {}))
    read = partial(read_sequences, asked=together) if together.several else read_training_set
    data = read(str(path), _names(dataset), transform=transform, **cut)
    return trainer_in(folder, data, settings, sizes, device, resume=resume, origin=origin)


def _taken(values: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The values of these names, taken out."""
    return {name: values.pop(name) for name in names if name in values}


def _names(dataset: str | Sequence[str] | None) -> list[str]:
    return [] if dataset is None else [dataset] if isinstance(dataset, str) else list(dataset)


def _log(trainer: Trainer, folder: Path, reports: Sequence[TrainingReport]) -> xarray.Dataset:
    import xarray

    from diffview.models.cards import Card

    lines = {"loss": "of the last steps", "held_out": "of held-out fields", "rate": "learning rate"}
    return xarray.Dataset(
        {name: ("step", [getattr(one, name) for one in reports], {"long_name": doc, "units": "1"})
         for name, doc in lines.items()},
        {"step": [one.step for one in reports]},
        {"diffview_model": str(folder), "diffview_model_card": Card.read(folder).to_json(),
         "diffview_seed": str(trainer.settings.seed), "diffview_version": __version__},
    )  # fmt: skip


def verify(
    model: str | PathLike[str],
    path: str | PathLike[str],
    dataset: str | Sequence[str] | None = None,
    *,
    progress: Progress = lambda share: None,
    **values: Unpack[VerifyingValues],
) -> xarray.Dataset:
    """How good a network is: fields that it makes beside its training set and fields that it never saw.

    Args:
        model: a sample model, one of your own by its name, or the folder of one.
        path: an HDF5 or netCDF-4 file.
        dataset: the variable, of which a share is held out; of two, the second is.
        progress: called with the share that is done.
        **values: samples, steps, seed, sampler, sampler_params, held_out, device; those not named are those by which
            the model's card was scored.

    Returns:
        value, limit, ok and chance (that a perfect model meets it) of each check; all that was measured is the
        attribute `diffview_scores`, as JSON.

    Raises:
        UserError: if there is no such network, or the data are not of its quantity and size.

    Example:
        >>> scores = diffview.verify("rain64", "rain.nc", "rain", samples=64)
        >>> scores["ok"].to_series()
    """
    from diffview.models.cards import find_card
    from diffview.models.formulas import FORMULAS

    if str(model) in FORMULAS:
        raise UserError(f"{model} is a formula, which is not trained.", "Its loss: diffview verify loss --model NAME.")
    return _verified(find_card(str(model)), str(source_name(path)), _names(dataset), dict(values), progress)


def _verified(
    card: Card, path: str, datasets: Sequence[str], given: dict[str, Any], progress: Progress
) -> xarray.Dataset:
    from diffview.learning.from_files import read_verification_set
    from diffview.runs.sampling import Sampling
    from diffview.scores.verify import verify_model

    held_out, device = given.pop("held_out", 0.2), given.pop("device", "cpu")
    usual = Sampling.scored(card)
    params = given.pop("sampler_params", {} if "sampler" in given else usual.params)
    sampling = Sampling(**{"steps": usual.steps, "sampler": usual.sampler, **given, "params": params}).of(card)
    data = read_verification_set(card, path, datasets, held_out)
    return _scores(verify_model(card, data, sampling, device, progress), card.name, sampling.seed)


def _scores(found: Mapping[str, Any], model: str, seed: int) -> xarray.Dataset:
    import numpy as np
    import xarray

    checks = found["verdicts"]

    def number(name: str) -> Any:
        return "check", np.array([np.nan if one.get(name) is None else one[name] for one in checks], np.float64)

    ok = np.array([one["ok"] is True for one in checks])
    return xarray.Dataset(
        {**{name: number(name) for name in ("value", "limit", "chance")}, "ok": ("check", ok),
         "at_least": ("check", np.array([one["at_least"] for one in checks]))},
        {"check": [one["what"] for one in checks], "units": ("check", [one["units"] for one in checks])},
        {"diffview_model": model, "diffview_seed": str(seed), "diffview_version": __version__,
         "diffview_scores": json.dumps(found, default=float)},
    )  # fmt: skip
