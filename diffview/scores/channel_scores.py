"""Rain from channels by a formula: the exact conditional field of a Gaussian law with cross-spectra, judged.

Rain (through its transform) and channels (standardised) are components of one Gaussian law, fitted to training fields;
given the channels, the rain is Gaussian too. Beside it stand what any user has: rain of other places as an ensemble,
and a regression of every pixel on the channels above it. A network has to be better than all of these.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.units import RAIN, written
from diffview.forward.noise import START, draw
from diffview.learning.sets import TrainingSet, complete, evenly
from diffview.learning.synthetic import CHANNELS, channels_of
from diffview.models.joint import Conditioned, JointGaussian, fit_joint
from diffview.scores.calibration import Calibration, EnsembleCases, calibrate, thresholds_for
from diffview.scores.downscaling import RouteScore, way_score

Array = NDArray[np.floating]
Progress = Callable[[float], None]

MOST_FITTED = 2000
"""Training fields that the law is fitted to, evenly picked."""

HELD = 2**20
"""Number from which on held-out fields are counted: their noise is none of the training fields'."""


@dataclass(frozen=True, eq=False)
class ChannelTask:
    """Rain that is held out, and channels of it: those that the data bring, or else synthetic ones.

    Attributes:
        data: rain through its transform, to train on and held out, with its channels where it has real ones.
        names: of the channels that are given; none: all that there are.
        cases, members: held-out fields, evenly picked, and members of each.
        seed: of the noise of synthetic channels and of the members.
        progress: called with the share of a way that is done; it may raise to end it.

    Raises:
        UserError: if there is no such channel, or channels are to be computed from what is no rain.
    """

    data: TrainingSet
    names: tuple[str, ...] = ()
    cases: int = 64
    members: int = 16
    seed: int = 0
    progress: Progress = lambda share: None

    def __post_init__(self) -> None:
        if unknown := [name for name in self.names if name not in self.there]:
            kind = "synthetic channel" if self.synthetic else "channel"
            raise UserError(f"There is no {kind} {unknown[0]!r}.", f"Choose of {', '.join(self.there)}.")
        if self.synthetic and written(self.data.units) not in RAIN:
            raise UserError(
                f"{self.data.name} in {written(self.data.units) or '1'} is no rain: no channels are computed from it.",
                "Take rain rates, or name real channels: --given, or conditions in the Data panel.",
            )
        object.__setattr__(self, "names", self.names or self.there)

    @property
    def synthetic(self) -> bool:
        """Whether the channels are computed from the rain itself."""
        return not self.data.channels

    def _synthetic(self, rain: Array, first: int = 0) -> Array:
        """Channels computed from rain in the unit of the data, K."""
        return channels_of(rain / RAIN[written(self.data.units)], self.names, self.seed, first)

    @property
    def there(self) -> tuple[str, ...]:
        """Every channel that could be given."""
        return tuple(CHANNELS) if self.synthetic else tuple(f"{c.condition} {c.at}".strip() for c in self.data.channels)

    @property
    def places(self) -> list[int]:
        """Where the channels that are given lie among all."""
        return [self.there.index(name) for name in self.names]

    @property
    def units(self) -> tuple[str, ...]:
        """Of the channels that are given."""
        return tuple("K" if self.synthetic else self.data.channels[place].units for place in self.places)

    @cached_property
    def training(self) -> Array:
        """Training fields without missing pixels, standardised.

        Raises:
            UserError: if there is none.
        """
        return self._picked(self.data.fields, self.data.given, MOST_FITTED)[0]

    @cached_property
    def truth(self) -> Array:
        """Held-out fields without missing pixels, physical [n, ny, nx].

        Raises:
            UserError: if there is none.
        """
        held = self._picked(self.data.held_out, self.data.given_held_out, self.cases)[0]
        return np.asarray(self.data.transform.inverse(held))

    def _picked(self, fields: Array, given: Array | None, most: int) -> tuple[Array, Array | None]:
        """Some of the fields [n, ny, nx] that are complete, and so are the channels beside them."""
        whole = complete(fields)
        if given is not None:
            whole &= ~np.isnan(given[:, self.places]).any(axis=(1, 2, 3))
        if not whole.any():
            beside = "" if given is None else ", its channels among them,"
            raise UserError(
                f"No {'held-out ' if fields is self.data.held_out else ''}field is complete{beside} of {len(fields)}.",
                "Hold out more, take smaller crops, or leave a channel with gaps out.",
            )
        some = evenly(fields[whole], most)
        return some, None if given is None else evenly(given[whole], most)[:, self.places]

    @cached_property
    def least(self) -> float:
        """What no field lies below: 0 of an amount."""
        least = float(self.data.transform.inverse(np.asarray(self.training.min())))
        return 0.0 if least > -1e-6 else -np.inf

    @cached_property
    def _learned(self) -> Array:
        """Channels of the training fields [n, channels, ny, nx]: K, or through their own transforms."""
        if self.data.given is not None:
            given = self._picked(self.data.fields, self.data.given, MOST_FITTED)[1]
            assert given is not None
            return given
        return self._synthetic(self.data.transform.inverse(self.training))

    @cached_property
    def seen(self) -> Array:
        """Channels of the held-out fields, in their units [n, channels, ny, nx]."""
        if self.data.given_held_out is None:
            return self._synthetic(self.truth, HELD)
        given = self._picked(self.data.held_out, self.data.given_held_out, self.cases)[1]
        assert given is not None
        transforms = (self.data.channels[place].transform for place in self.places)
        back = [(lambda x: x) if one is None else one.inverse for one in transforms]
        return np.stack([inverse(given[:, i]) for i, inverse in enumerate(back)], axis=1)

    @cached_property
    def shown(self) -> Array:
        """Channels of the held-out fields, standardised [n, channels, ny, nx]."""
        if self.data.given_held_out is None:
            return self.standardised(self.seen)
        given = self._picked(self.data.held_out, self.data.given_held_out, self.cases)[1]
        assert given is not None
        return self.standardised(given)

    def standardised(self, channels: Array) -> Array:
        """Channels by mean and standard deviation of those of the training fields."""
        over = (0, 2, 3)
        mean, std = self._learned.mean(over, keepdims=True), self._learned.std(over, keepdims=True)
        return np.asarray((channels - mean) / np.where(std > 0, std, 1))

    @cached_property
    def _joint(self) -> JointGaussian:
        """The law of rain and channels."""
        return fit_joint(np.concatenate([self.training[:, None], self.standardised(self._learned)], axis=1))

    def given(self, names: Sequence[str]) -> Conditioned:
        """The law of rain given some of the channels; of none it is the law of rain."""
        at = [1 + self.names.index(name) for name in names]
        return self._joint.given(np.eye(1 + len(self.names))[at])

    @cached_property
    def law(self) -> Conditioned:
        """The law of rain given the channels."""
        return self.given(self.names)

    @cached_property
    def made(self) -> Array:
        """Members of the rain given the channels, physical [members, n, ny, nx]."""
        return made_of(self)

    def physical(self, standardised: Array) -> Array:
        """Rain in its unit; never below 0 where it is an amount."""
        return np.maximum(self.data.transform.inverse(standardised), self.least)

    def regression(self) -> Array:
        """Least squares of a pixel's rain on the channels of that pixel, [1, n, ny, nx]."""
        waves = np.moveaxis(self.standardised(self._learned), 1, -1).reshape(-1, len(self.names))
        line = np.linalg.lstsq(np.c_[np.ones(len(waves)), waves], self.training.ravel(), rcond=None)[0]
        return self.physical(line[0] + np.tensordot(self.shown, line[1:], axes=(1, 0)))[None]


def _climatology(task: ChannelTask) -> Array:
    some = task.physical(evenly(task.training, task.members))
    return np.broadcast_to(some[:, None], (len(some), *task.truth.shape))


def _estimate(task: ChannelTask) -> Array:
    return task.physical(task.law.mean(task.shown)[:, 0])[None]


def made_of(task: ChannelTask, names: Sequence[str] | None = None, progress: Progress | None = None) -> Array:
    """Members of the rain given the channels, or some of them by their names, physical [members, n, ny, nx].

    The noise of a member is the same whichever of the channels it is given.
    """
    made = np.empty((task.members, *task.truth.shape))
    shape = 1 + len(task.names), *task.truth.shape[1:]
    law = task.law if names is None else task.given(names)
    at = [task.names.index(name) for name in (task.names if names is None else names)]
    for case, seen in enumerate(task.shown[:, at]):
        numbers = range(case * task.members, (case + 1) * task.members)
        z = np.stack([draw(task.seed, START, 0, number, shape) for number in numbers]).astype(np.float64)
        made[:, case] = task.physical(law.samples(seen, z)[:, 0])
        (progress or task.progress)((case + 1) / len(task.shown))
    return made


WAYS: Mapping[str, tuple[str, Callable[[ChannelTask], Array]]] = {
    "climatology": ("climatology", _climatology),
    "regression": ("regression by pixel", ChannelTask.regression),
    "estimate": ("gaussian, its estimate", _estimate),
    "gaussian": ("gaussian, members", lambda task: task.made),
}
"""Title and members [M, n, ny, nx] of what is compared, by key; the first is what skill is counted from."""


def score_channels(task: ChannelTask, thresholds: Sequence[float] = ()) -> dict[str, RouteScore]:
    """Every way of WAYS, judged on the same held-out fields.

    Raises:
        UserError: if there are too few members or fields, or no field exceeds a threshold.
    """
    if task.members < 2 or task.cases < 1:
        raise UserError(f"{task.members} members of {task.cases} fields are no ensemble.", "Name at least 2 of 1.")
    chosen = thresholds_for(task.truth, task.data.units, thresholds)
    scores = {}
    for key, (title, make) in WAYS.items():
        members = make(task)
        found = calibration(task, members, chosen) if len(members) > 1 else None
        scores[key] = way_score(key, title, members, task.truth, chosen, found, task.seed)
    return scores


def calibration(task: ChannelTask, members: Array, thresholds: Sequence[float]) -> Calibration:
    """All that is known of an ensemble of the task."""
    climate = task.physical(task.training)
    cases = EnsembleCases(members, task.truth, None, climate, None, task.data.name, task.data.units)
    return calibrate(cases, thresholds, task.seed)


def switched(task: ChannelTask) -> dict[str, float]:
    """Standard deviation of rain given all channels and all but one, in those of rain: one sensor off."""
    spreads = {"all": float(task.law.std[0])}
    for name in task.names if len(task.names) > 1 else ():
        left = tuple(other for other in task.names if other != name)
        spreads[f"without {name}"] = float(task.given(left).std[0])
    return spreads
