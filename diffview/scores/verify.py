"""How good a model is: what it generates, scored beside fields it never saw; see `generated` for the yardsticks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.coarse import coarse
from diffview.fields.units import same_units
from diffview.forward.noise import START, Noise
from diffview.learning.loss_by_level import loss_by_level
from diffview.learning.orders import MakeSet
from diffview.learning.sets import TrainingSet, evenly
from diffview.models.cards import Card
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import CONSISTENCY, SAMPLERS
from diffview.runs.engine import load_engine
from diffview.runs.job import Job
from diffview.runs.sampling import USUAL, Sampling, grid_of, noise_schedule
from diffview.scores.generated import block_mean_errors, ensemble_scores, require_held_out, scores
from diffview.scores.subject import set_trained_on

Denoise = Callable[[Any, float], Any]
Progress = Callable[[float], None]

BATCH = 32
CASES, MEMBERS = 64, 16
"""Held-out fields a conditional model is verified on, and members drawn for each."""


def verify_model(
    card: Card,
    data: TrainingSet,
    sampling: Sampling = USUAL,
    device: str = "cpu",
    progress: Progress = lambda done: None,
) -> dict[str, Any]:
    """Draw from a model and score what it gives; a conditional model (card.coarsen) as ensembles of held-out fields.

    Args:
        card: of the model, read from its file.
        data: what it was trained on, and what was kept apart.
        sampling: how fields are drawn, in batches of 32 members.
        device: torch device.
        progress: called with the share that is done, after every batch; it may raise to end it.

    Returns:
        As JSON has it: what `scores` gives, with "loss_by_level" of held-out and training fields; or "crps", "spread",
        "skill", ... of a conditional model. "kind" is "samples" or "ensemble", "settings" tells how they were drawn.

    Raises:
        UserError: if the data are not of the model's units and size, there are too few held-out fields, or the sampler
            needs what the model does not offer.
    """
    _check_model(card, data)
    sampling = sampling.of(card)
    levels = sampling_levels(card, sampling.steps)
    settings = {
        "sampler": sampling.sampler, "params": dict(sampling.params), "steps": len(levels) - 1, "highest": levels[0],
        "seed": sampling.seed, "device": device, "command": f"diffview verify model {card.name} {sampling.words}",
    }  # fmt: skip
    verified = _ensembles if card.coarsen else _samples
    return {"settings": settings, **verified(card, data, sampling, levels, device, progress)}


def _check_model(card: Card, data: TrainingSet) -> None:
    if not same_units(card.units, data.units):
        raise UserError(
            f"{card.name} makes fields in {card.units or 'no units'}, the data are in {data.units or 'no units'}.",
            "Verify a model on data in its own units.",
        )
    if card.shape != (1, *data.shape):
        size, wanted = (" x ".join(map(str, shape)) for shape in (card.shape[1:], data.shape))
        raise UserError(
            f"{card.name} makes fields of {size} pixels, the data have {wanted}.",
            "Verify a model on fields of its own size.",
        )
    require_held_out(len(data.held_out))


def sampling_levels(card: Card, steps: int) -> list[float]:
    """The noise levels of the run that a model is verified by, between the ends of its noise range."""
    return make_levels(noise_schedule(card), grid_of(card), steps)


def _draw(
    denoise: Denoise, shape: tuple[int, ...], levels: Sequence[float], sampling: Sampling, first: int
) -> NDArray[np.float32]:
    """Members [m, ny, nx] from noise, standardised; `first` is the number of the first of them."""
    noise = Noise(sampling.seed, shape, first)
    y = noise(START, 0) * np.float32(levels[0])
    for step in SAMPLERS[sampling.sampler].run(denoise, y, levels, noise, **sampling.params):
        y = step.y
    return np.asarray(y[:, 0], dtype=np.float32)


def _samples(
    card: Card, data: TrainingSet, sampling: Sampling, levels: list[float], device: str, progress: Progress
) -> dict[str, Any]:
    from diffview.models.nets.adapter import Network

    network = Network.of(card, device)
    drawn = []
    for first in range(0, sampling.samples, BATCH):
        drawn.append(_draw(network, (min(BATCH, sampling.samples - first), *card.shape), levels, sampling, first))
        progress((first + len(drawn[-1])) / sampling.samples)
    fields = np.concatenate(drawn)
    missing = network.known if network.known is None else ~network.known
    missing = data.mask if missing is None else missing
    if missing is not None:
        fields[:, missing] = np.nan
    physical, held_out, train = (
        transform.inverse(z) for transform, z in
        ((card.transform, fields), (data.transform, data.held_out), (data.transform, data.fields))
    )  # fmt: skip
    turned = {name: bool(card.training.get(name)) for name in ("flips", "rotations")}
    result = scores(physical, held_out, train, card.units, card.transform, **turned)
    if card.kind == CONSISTENCY:  # it gives the end of a path, of which there is no such loss
        return {"kind": "samples", **result}
    at = [float(s) for s in np.geomspace(max(card.noise_range[0], 1e-3), levels[0], 7)]
    losses = {
        name: loss_by_level(network, card.transform(evenly(part, BATCH)), at, sampling.seed)
        for name, part in (("held_out", held_out), ("train", train))
    }
    return {"kind": "samples", **result, "loss_by_level": {"levels": at, **losses}}


class Downscaled(NamedTuple):
    """Ensembles of a conditional model, in physical units, NaN where the truth is missing.

    Attributes:
        truth: [n, ny, nx].
        given: its block means as a field [n, ny, nx].
        drawn: members as they were drawn [M, n, ny, nx].
        finished: members that have the means they were given [M, n, ny, nx].
    """

    truth: NDArray[np.floating]
    given: NDArray[np.floating]
    drawn: NDArray[np.floating]
    finished: NDArray[np.floating]


def draw_ensembles(
    card: Card, truth: NDArray[np.floating], sampling: Sampling, members: int, device: str, progress: Progress
) -> Downscaled:
    """Members of a conditional model, given the block means of physical fields [n, ny, nx].

    Raises:
        UserError: if values are not finite.
    """
    import torch

    from diffview.models.nets.adapter import Network

    levels = sampling_levels(card, sampling.steps)
    means = coarse(card.transform(truth), card.transform, card.coarsen)[:, None]
    made, held = np.empty((2, members, *truth.shape))
    cases = max(1, BATCH // members)
    for first in range(0, len(truth), cases):
        some = slice(first, first + cases)
        condition = np.nan_to_num(means[some]).repeat(members, axis=0)
        network = Network.of(card, device, condition=condition)
        drawn = _draw(network, (len(condition), *card.shape), levels, sampling, first * members)
        finished = network.finished(torch.from_numpy(drawn[:, None]).to(device)).cpu().numpy()[:, 0]
        for kept, z in ((made, drawn), (held, finished)):
            kept[:, some] = card.transform.inverse(z).reshape(-1, members, *truth.shape[1:]).swapaxes(0, 1)
        progress((first * members + len(drawn)) / (len(truth) * members))
    if not np.isfinite(made).all():
        raise UserError(f"{card.name} gave values that are not finite.", "It has diverged: train it again.")
    made[:, np.isnan(truth)] = held[:, np.isnan(truth)] = np.nan
    return Downscaled(truth, card.transform.inverse(means[:, 0]), made, held)


def _ensembles(
    card: Card, data: TrainingSet, sampling: Sampling, levels: list[float], device: str, progress: Progress
) -> dict[str, Any]:
    made = draw_ensembles(card, data.transform.inverse(data.held_out[:CASES]), sampling, MEMBERS, device, progress)
    drawn_error = block_mean_errors(made.drawn, made.truth, card.coarsen)[1]
    scored = ensemble_scores(made.finished, made.truth, made.given, card)
    return {"kind": "ensemble", **scored, "block_mean_relative_error_as_drawn": drawn_error}


@dataclass(eq=False)
class Verification(Job):
    """One verification while a window lives.

    Attributes:
        name: by which the window knows the network.
        card: the network's.
        sets: what it may have been trained on.
        device: where to, as asked.
        found: what `verify_model` gave, or None.
    """

    name: str
    card: Card
    sets: Sequence[MakeSet]
    device: str
    found: dict[str, Any] | None = None

    @property
    def network(self) -> bool:
        """Yes."""
        return True

    def work(self) -> None:
        """Find the set and verify."""
        data = set_trained_on(self.card, self.sets)
        device = load_engine().device(self.device)
        self.found = verify_model(self.card, data, Sampling.scored(self.card), device, self.tell)
        self.found["settings"]["command"] = "Verify in the Model dock"
