"""Ensembles by scale: spectra of members, mean and truth, spread over skill in octaves, and coherence.

The coherence of two fields at a wavenumber k is Re <X Y*>/sqrt(<|X|^2> <|Y|^2>), X and Y their windowed transforms,
<> the mean over the modes of the ring and over all cases: 1 where they are one, 0 where they know nothing of each
other. That of two members is that of a member and the truth, if the ensemble is calibrated [Guilloteau et al. 2025,
arXiv 2409.16319].
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.forward.spectra import MOST_MISSING, Rings, rings, transform
from diffview.models.gaussian import twice

Array = NDArray[np.float64]
Fields = NDArray[np.floating]


class ByScale(NamedTuple):
    """Ring means over all cases, [n_k]; powers in the square of the units; NaN where there is none.

    Attributes:
        k: wavenumber, cycles per longest side.
        wavelength: longest side / k, in km or, where the size of pixels is not known, in pixels.
        members, mean, truth: power of the members, of their mean and of the truth.
        spread: (M + 1)/M sum_m P[x_m - mean]/(M - 1).
        error: P[mean - truth]: the spread of a perfect ensemble.
        among: coherence of two members.
        with_truth: coherence of a member and the truth.
        of_mean: coherence of the mean and the truth.
    """

    k: Array
    wavelength: Array
    members: Array
    mean: Array
    truth: Array
    spread: Array
    error: Array
    among: Array
    with_truth: Array
    of_mean: Array


class OctaveSpread(NamedTuple):
    """Spread over skill of wavenumbers k from `low` up to twice that: 1 for a perfect ensemble; `modes` in a case."""

    low: float
    high: float
    longest: float
    shortest: float
    ratio: float
    modes: int


def by_scale(members: Fields, truth: Fields | None = None, pixel_km: tuple[float, float] | None = None) -> ByScale:
    """Members [M, n, ny, nx] and their truth [n, ny, nx] by scale.

    Pixels that are missing in the truth or in a member are missing in all of the case; a case that has less than 80 %
    of its pixels has no part in it.
    """
    count, cases, ny, nx = members.shape
    grid = rings(ny, nx, pixel_km)
    sums = {name: np.zeros(len(grid.k)) for name in ("members", "mean", "truth", "spread", "error", "cross")}
    used = 0
    for case in range(cases):
        y = None if truth is None else truth[case]
        missing = np.asarray(np.isnan(members[:, case]).any(axis=0))
        missing = missing if y is None else missing | np.isnan(y)
        if missing.mean() > MOST_MISSING:
            continue
        used += 1
        _add(sums, members[:, case], y, missing, grid)
    wavelength = grid.wavelength_km if grid.wavelength_km is not None else max(ny, nx) / grid.k
    return _of(sums, used, count, truth is not None, (grid.k, wavelength))


def _add(
    sums: dict[str, Array], members: Fields, truth: Fields | None, missing: NDArray[np.bool_], grid: Rings
) -> None:
    """Add the powers of one case: members [M, ny, nx] and truth [ny, nx]."""

    def waves(field: Fields) -> NDArray[np.complex128]:
        return transform(np.where(missing, np.float32(np.nan), field.astype(np.float32)), grid).astype(np.complex128)

    count = len(members)
    mean, own = np.zeros(grid.index.shape, np.complex128), np.zeros(grid.index.shape)
    for member in members:
        x = waves(member)
        mean += x / count
        own += np.abs(x) ** 2 / count
    of_mean = np.abs(mean) ** 2
    sums["members"] += grid.mean(own)
    sums["mean"] += grid.mean(of_mean)
    if count > 1:
        sums["spread"] += grid.mean((own - of_mean) * (count + 1) / (count - 1))
    if truth is not None:
        y = waves(truth)
        sums["truth"] += grid.mean(np.abs(y) ** 2)
        sums["error"] += grid.mean(np.abs(mean - y) ** 2)
        sums["cross"] += grid.mean((mean * y.conj()).real)


def _of(sums: dict[str, Array], used: int, count: int, judged: bool, at: tuple[Array, Array]) -> ByScale:
    nothing = np.full(len(at[0]), np.nan)
    if not used:
        return ByScale(*at, *[nothing] * 8)
    powers = {name: total / used for name, total in sums.items()}
    with np.errstate(divide="ignore", invalid="ignore"):
        among = (count * powers["mean"] / powers["members"] - 1) / (count - 1) if count > 1 else nothing
        with_truth, of_mean = (
            powers["cross"] / np.sqrt(powers[name] * powers["truth"]) if judged else nothing
            for name in ("members", "mean")
        )
    spread = powers["spread"] if count > 1 else nothing
    truth, error = (powers["truth"], powers["error"]) if judged else (nothing, nothing)
    return ByScale(*at, powers["members"], powers["mean"], truth, spread, error, among, with_truth, of_mean)


def octaves(of: ByScale, shape: tuple[int, int], pixel_km: tuple[float, float] | None = None) -> list[OctaveSpread]:
    """Spread over skill in octaves of wavenumber of fields of `shape`, from the largest scale on."""
    grid = rings(*shape, pixel_km)
    modes = np.bincount(grid.index.ravel(), np.broadcast_to(twice(shape[1]), grid.index.shape).ravel())[: len(of.k)]
    found, low = [], 1.0
    while low <= of.k[-1]:
        inside = (of.k >= low) & (of.k < 2 * low)
        spread, error = ((power * modes)[inside].sum() for power in (of.spread, of.error))
        ratio = float(np.sqrt(spread / error)) if error > 0 else float("nan")
        waves = of.wavelength[inside]
        found.append(OctaveSpread(low, 2 * low, float(waves[0]), float(waves[-1]), ratio, int(modes[inside].sum())))
        low *= 2
    return found
