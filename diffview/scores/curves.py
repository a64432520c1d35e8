"""The curves behind the scores of `verify`, for the window to draw: short lists of plain numbers, as JSON has them."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from diffview.forward.noise import TIES, draw
from diffview.forward.spectra import rings
from diffview.models.cards import Card
from diffview.scores import metrics

Fields = NDArray[np.floating]
Array = NDArray[np.float64]

DIGITS = 4
"""Significant digits of every number."""

SPREAD = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of the distances to the nearest neighbour."""


def rounded(values: ArrayLike) -> list[float | None]:
    """Numbers to 4 significant digits; None where they are not finite."""
    numbers = np.asarray(values, dtype=np.float64).ravel().tolist()
    return [float(f"{v:.{DIGITS}g}") if math.isfinite(v) else None for v in numbers]


def spectrum_curves(spectra: Mapping[str, Array], shape: Sequence[int]) -> dict[str, Any]:
    """Radial spectra P(k) of fields [ny, nx], in standardised units squared, over "k" in cycles per pixel."""
    ny, nx = shape
    return {"k": rounded(rings(ny, nx).k / max(ny, nx)), **{name: rounded(p) for name, p in spectra.items()}}


def histogram_curves(shares: Mapping[str, Array], edges: Array) -> dict[str, Any]:
    """Shares of the pixels in every bin of metrics.common_edges.

    "edges" [n + 1] are those of the bins, in units of the field, and every name has n shares; "below" has the share of
    the zero bin of each name, or is None without one. Shares and zero bin add up to 1.
    """
    zero = not math.isfinite(edges[0])
    first = 1 if zero else 0
    below = {name: rounded(p[:1])[0] for name, p in shares.items()} if zero else None
    return {"edges": rounded(edges[first:]), "below": below, **{name: rounded(p[first:]) for name, p in shares.items()}}


def distance_curves(distances: Mapping[str, Array]) -> dict[str, Any]:
    """Quantiles SPREAD of the distances of fields to their nearest neighbours, std; without those of which none is."""
    quantiles = {name: rounded(np.quantile(d, SPREAD)) for name, d in distances.items() if len(d)}
    return {"levels": list(SPREAD), **quantiles}


def ensemble_curves(
    members: Fields, truth: Fields, given: Fields, card: Card, wet_from: float | None
) -> dict[str, Any]:
    """What members [M, n, ny, nx] are beside the truth [n, ny, nx], physical, NaN where missing.

    Args:
        members: in the units of the card.
        truth: the same.
        given: the block means that were known, [n, ny, nx].
        card: of the model, for its transform.
        wet_from: amounts below are no rain: one tie, in ranks.

    Returns:
        "spectrum" of members, truth and, as "told", what was given; "histogram" of members and truth; "ranks", the
        share of the pixels at which the truth is above 0, 1, ... M members, ties broken at random; "scales", at every
        "k" the power of the "error" of the mean and of the "spread" about it, (M + 1)/M sum_m P[x_m - mean]/(M - 1),
        which are the same for a perfect ensemble.
    """
    count = len(members)
    x, y, known = (card.transform(v).astype(np.float32) for v in (members, truth, given))
    flat = x.reshape(-1, *truth.shape[1:])
    spectra = {name: metrics.mean_spectrum(fields) for name, fields in (("members", flat), ("truth", y))}
    mean = x.mean(axis=0)
    apart = metrics.mean_spectrum((x - mean).reshape(flat.shape))
    scales = {"error": metrics.mean_spectrum(mean - y), "spread": (count + 1) / (count - 1) * apart}
    edges = metrics.common_edges([members, truth], 40 if wet_from is None else 12, wet_from)
    shares = {name: metrics.histogram(fields, edges) for name, fields in (("members", members), ("truth", truth))}
    at = -np.inf if wet_from is None else wet_from
    ranked, among = (np.where(v < at, 0.0, v) for v in (truth, members))
    return {
        "spectrum": spectrum_curves({**spectra, "told": metrics.mean_spectrum(known)}, truth.shape[1:]),
        "histogram": histogram_curves(shares, edges),
        "ranks": rounded(metrics.rank_histogram(among, ranked, _uniform(truth.shape))),
        "scales": spectrum_curves(scales, truth.shape[1:]),
    }


def _uniform(shape: tuple[int, ...]) -> Array:
    """Numbers in (0, 1), the same every time."""
    from scipy.special import ndtr

    return np.asarray(ndtr(draw(0, TIES, 0, 0, shape).astype(np.float64)))
