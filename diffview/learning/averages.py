"""Averages of the weights whose length is chosen after the training [Karras et al. 2024, arXiv 2312.02696, section 3].

A power-function average at step t weights the weights of step tau by

    p(tau) = (gamma + 1) tau^gamma/t^(gamma + 1)
    theta' <- theta' + (1 - beta)(theta - theta'),   beta = (1 - 1/t)^(gamma + 1)

and its length is the standard deviation of p over t, sqrt(gamma + 1)/((gamma + 2) sqrt(gamma + 3)). Two such tracks are
kept from time to time; an average of any other length is the sum of those kept whose p is nearest to its own in least
squares, which closed forms give.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from diffview.errors import UserError
from diffview.models.cards import Card
from diffview.models.checkpoints import State, load_model, save_model
from diffview.models.choice import own_season

Track = tuple[float, int]
"""gamma and the step t of an average."""

LENGTHS = (0.05, 0.1)
"""Of the two tracks."""

SHORTEST, LONGEST = 0.03, 0.25
"""Lengths that can be made of them."""

FIRST, RATIO, MEMORY = 8, 1.1, 10.0
"""Averages are kept at the step FIRST, then at steps RATIO apart; those below a MEMORY-th of the newest go."""

FOLDER, PREFIX = "averages", "track"


def gamma_of(length: float) -> float:
    """The power whose average has this length: the largest root of a cubic (their algorithm 2).

    Raises:
        UserError: if it is too short or too long to be made.
    """
    if not SHORTEST <= length <= LONGEST:
        raise UserError(
            f"An average of the length {length:g} cannot be made.",
            f"Lengths are shares of the training, from {SHORTEST:g} to {LONGEST:g}; 0.05 to 0.15 are usual.",
        )
    inverse = length**-2
    return float(np.roots([1, 7, 16 - inverse, 12 - inverse]).real.max())


def length_of(gamma: float) -> float:
    """The length of the average with this power."""
    return float(np.sqrt(gamma + 1) / ((gamma + 2) * np.sqrt(gamma + 3)))


def overlap(a: Track, b: Track) -> float:
    """The integral of p_a p_b over the steps."""
    (first, t_first), (second, t_second) = a, b
    least, most = min(t_first, t_second), (t_second if t_first < t_second else t_first)
    late = second if t_first < t_second else first  # the power of the one that ends later
    ratio = (least / most) ** late
    return float((first + 1) * (second + 1) / ((first + second + 1) * most) * ratio)


def shares(kept: Sequence[Track], wanted: Track) -> NDArray[np.float64]:
    """What of each kept average the wanted one is made of, [n]: nearest in least squares."""
    gram = np.array([[overlap(a, b) for b in kept] for a in kept])
    return np.asarray(np.linalg.lstsq(gram, np.array([overlap(a, wanted) for a in kept]), rcond=1e-12)[0])


class Tracks:
    """The two averages of a network in training.

    Attributes:
        weights: of each, by name.
    """

    def __init__(self, net: nn.Module) -> None:
        self.weights = [{name: p.detach().clone() for name, p in net.named_parameters()} for _ in LENGTHS]
        self._due: float = FIRST

    def advance(self, net: nn.Module, step: int) -> None:
        """Take the weights after a step, of which the first is 1."""
        now = [p.detach() for p in net.parameters()]
        for length, track in zip(LENGTHS, self.weights, strict=True):
            torch._foreach_lerp_(list(track.values()), now, 1 - (1 - 1 / step) ** (gamma_of(length) + 1))

    def tensors(self) -> dict[str, Tensor]:
        """All of them, by names of their own."""
        return {f"{PREFIX}{i}.{name}": t for i, track in enumerate(self.weights) for name, t in track.items()}

    def take(self, tensors: Mapping[str, Tensor]) -> None:
        """Take those that were kept.

        Raises:
            KeyError: if they lack one.
        """
        for name, own in self.tensors().items():
            own.copy_(tensors[name])

    def keep(self, folder: Path, step: int, last: bool = False) -> None:
        """Write them in float16 if it is time to, or the last step of a training; those that are too old go.

        What could not be written is tried again when the next ones are due, not at every step.

        Raises:
            UserError: if they cannot be written.
        """
        if step < self._due and not last:
            return
        kept = kept_in(folder)
        self._due = RATIO * max(kept, default=0)
        if step < self._due and not (last and step not in kept):
            return
        self._due = RATIO * step
        path = folder / FOLDER / f"{step}.safetensors"
        path.parent.mkdir(parents=True, exist_ok=True)
        State({name: t.half() for name, t in self.tensors().items()}, {"step": step}).save(path)
        for old in (one for one in kept if one < step / MEMORY):
            kept[old].unlink(missing_ok=True)


def kept_in(folder: Path) -> dict[int, Path]:
    """The averages kept in the folder of a training, by step."""
    found = {path: re.fullmatch(r"(\d+)\.safetensors", path.name) for path in (folder / FOLDER).glob("*")}
    return {int(match[1]): path for path, match in sorted(found.items()) if match}


def forget_later(folder: Path, step: int) -> None:
    """Averages of later steps go: they are of a training that was killed, and what goes on from here is another one."""
    for later, path in kept_in(folder).items():
        if later > step:
            path.unlink(missing_ok=True)


def averaged(folder: Path, length: float, out: Path) -> Card:
    """The model of a training with the average of another length as its weights, in a folder of its own.

    Raises:
        UserError: if the training keeps no averages, one is damaged, or the folder holds a model already.
    """
    gamma, kept = gamma_of(length), kept_in(folder)
    if not kept:
        raise UserError(f"{folder} keeps no averages of its weights.", "Train with --averages from the first step on.")
    if (out / "model.json").exists():
        raise UserError(f"{out} holds a model already.", "Choose another folder.")
    card = Card.read(folder)
    net, mask = load_model(card)
    season = None if (own := own_season(card)) is None else own.stacked
    last = max(kept)
    tracks = [(gamma_of(one), step) for step in kept for one in LENGTHS]
    parts = iter(shares(tracks, (gamma, last)).tolist())
    weights = {name: torch.zeros_like(p, dtype=torch.float64) for name, p in net.named_parameters()}
    for path in kept.values():
        tensors = State.load(path).tensors
        for i, _ in enumerate(LENGTHS):
            part = next(parts)
            for name, total in weights.items():
                total.add_(_of(tensors, f"{PREFIX}{i}.{name}", total, path), alpha=part)
    net.load_state_dict({name: total.float() for name, total in weights.items()}, strict=False)
    out.mkdir(parents=True, exist_ok=True)
    about = {**card.training, "steps": last, "average": length}
    made = replace(card, name=out.resolve().name, training=about, scores={})
    return save_model(out / "model", net, made, mask, season=season)


def _of(tensors: Mapping[str, Tensor], name: str, like: Tensor, path: Path) -> Tensor:
    """A kept tensor as float64.

    Raises:
        UserError: if it is not there, or is of another network.
    """
    if name not in tensors or tensors[name].shape != like.shape:
        raise UserError(f"{path} is not of this training: it lacks {name} as it is there.", "Train it again.")
    return tensors[name].double()
