"""What is scored: a model, and the fields it never saw."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.regions import MOST_CROPS
from diffview.fields.transforms import choose_transform
from diffview.learning.from_files import read_parted_set, read_verification_set
from diffview.learning.orders import MakeSet, Order, sets_of, sizes_that_fit
from diffview.learning.sets import TrainingSet, complete, evenly
from diffview.machine import torch_is_missing
from diffview.models.cards import Card, find_card, models_folder
from diffview.models.formulas import FORMULAS
from diffview.paths import resource
from diffview.reverse.samplers import POSTERIOR_MEAN, Denoise
from diffview.runs.engine import load_engine
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan

Array = NDArray[np.float32]
MakeDenoise = Callable[[Array | None], Denoise]
"""A denoiser for a condition [members, 1, ny, nx], or for none."""

PACKAGED = "toa_brightness_temperature.nc"


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and its data.

    Attributes:
        make: the denoiser for a condition.
        data: fields it was fitted to or trained on, and held-out ones, through its transform.
        noise_range: it was trained on; None for a formula.
        like: an array or tensor of its kind; None: numpy.
        kind: "posterior mean" or "consistency".
    """

    make: MakeDenoise
    data: TrainingSet
    noise_range: tuple[float, float] | None = None
    like: Any = None
    kind: str = POSTERIOR_MEAN


def formula(name: str, data: TrainingSet) -> Subject:
    """A formula model fitted to the complete fields of a set, at most 1,000.

    Raises:
        UserError: if there are none.
    """
    whole = data.fields[complete(data.fields)]
    if not len(whole):
        raise UserError(
            f"Every field of {data.name} has missing pixels; a formula is fitted to complete ones.",
            "Take smaller crops.",
        )
    data = replace(data, held_out=data.held_out[complete(data.held_out)])
    denoise: Denoise = FORMULAS[name](evenly(whole, MOST_CROPS))
    return Subject(lambda condition: denoise, data)


def network(card: Card, data: TrainingSet, device: str) -> Subject:
    """A network and its fields, through its transform.

    Raises:
        UserError: if torch is missing, or the fields are not of the model's size.
    """
    try:
        import torch
    except ImportError:
        raise torch_is_missing(card.name) from None
    from diffview.models.nets.adapter import Network

    if (1, *data.shape) != card.shape:
        raise UserError(
            f"{card.name} makes fields of {card.shape[1]} x {card.shape[2]} pixels, the data have {data.shape[0]} x "
            f"{data.shape[1]}.",
            "Score a model on fields of its own size.",
        )

    @cache
    def alone() -> Denoise:
        return Network.of(card, device)

    def make(condition: Array | None) -> Denoise:
        return alone() if condition is None else Network.of(card, device, condition=condition)

    return Subject(make, data, card.noise_range, torch.zeros(1, device=device), card.kind)


def set_trained_on(card: Card, makers: Iterable[MakeSet]) -> TrainingSet:
    """The set that a network was trained on: the first that is made of which the card has the fingerprint.

    What was held out is known only of that set, so that nothing else is taken.

    Raises:
        UserError: if it is none of those that can be made.
    """
    for make in makers:
        with contextlib.suppress(UserError):  # what is too small or cannot be read is none
            if (data := make()).fingerprint == card.data.get("sha256"):
                return data
    command = str(card.scores.get("settings", {}).get("command", ""))
    raise UserError(
        f"The open field, as it is cut here, is not what {card.name} was trained on, so that nobody knows what of it "
        "the network has never seen.",
        f"Its scores come from: {command}" if command else "Open the file, slice and region it was trained on.",
    )


def unscored(plan: Plan, facts: Facts) -> UserError | None:
    """Why the model of a plan cannot be scored on the open field; None if it can."""
    card, model = plan.card, plan.recipe.denoiser.model
    if card is None and model not in FORMULAS:
        return UserError("Your own denoiser is scored by `diffview.scores.scoreboard` from your own program.")
    if card is not None and "diffusers" in card.network:
        return UserError(
            f"{card.name} does not say what its fields are.", "Score a formula, or a network trained here."
        )
    if card is None and not sizes_that_fit(facts):
        return UserError(
            "The field is too small, or has too many holes, for crops to fit to and others to hold out.",
            "Open a larger one.",
        )
    return None


def open_subject(plan: Plan, facts: Facts, trained: Order | None = None) -> Subject:
    """The model of a plan and the fields that the open one gives: what scoreboards of the window and of recipes score.

    A network on the set that it was trained on, for which `trained`, the order of the newest training, is tried first;
    a formula fitted to crops of the open slice, others of which are held out.

    Raises:
        UserError: as `unscored`, `network`, `set_trained_on` and `formula`, or if torch cannot be loaded.
    """
    if (refusal := unscored(plan, facts)) is not None:
        raise refusal
    if plan.card is not None:
        data = set_trained_on(plan.card, sets_of(facts, plan, plan.card, trained))
        return network(plan.card, data, load_engine().device(plan.recipe.denoiser.device))
    size, key = sizes_that_fit(facts)[0], plan.transform.key
    order = Order(facts.field, key, plan.recipe.course.schedule, models_folder(), size)
    return formula(plan.recipe.denoiser.model, order.data())


def scored(name: str, words: Sequence[str], *, size: int = 32, held_out: float = 0.3, device: str = "cpu") -> Subject:
    """The model `name` and the data of FILE [DATASET...]; a formula without data has the packaged field.

    Of two datasets the second is held out, of one a share.

    Raises:
        UserError: if they cannot be had.
    """
    if not words and name not in FORMULAS:
        raise UserError(f"No data are named to score {name} on.", "Name a file with --data, and a variable.")
    path, *datasets = words or [str(resource(PACKAGED))]
    if name not in FORMULAS:
        card = find_card(name)
        return network(card, read_verification_set(card, path, datasets, held_out), device)
    data = read_parted_set(path, datasets, held_out, size=size)
    train, held = (data.transform.inverse(part).astype(np.float32) for part in (data.fields, data.held_out))
    key, _ = choose_transform(train, data.units)
    return formula(name, TrainingSet.fit(key, train, held, data.name, data.units, source=data.source))
