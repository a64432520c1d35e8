"""Gaps at the edge of real fields, which were filled from the opposite edge: beside linear interpolation, pooled.

`--log-cli-level=INFO` shows the tables.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from scipy.interpolate import LinearNDInterpolator, NearestNDInterpolator

from diffview.fields.field import Region
from diffview.library.opened import open_field
from diffview.models.gaussian import Gaussian
from diffview.models.kriging import Kriging
from diffview.runs.by_parts import fill_by_parts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run
from diffview.scores.gap import filling, run_score

LOG = logging.getLogger(__name__)
OISST = Path(__file__).parents[3] / "shared" / "data" / "packs" / "oisst_tasman_daily.h5"
MODELS, WAYS = ("gaussian", "power_law"), ("kriging", "repaint", "guidance")


class Fills(NamedTuple):
    """Gaps of one field: how far a way of filling may be from the truth, in shares of linear interpolation's error.

    `most` is by model and way; a spread/skill of 1 is reliable, on torus of the region's size it was 0.1 to 0.4 at sea.
    """

    path: str | None
    dataset: str | None
    places: tuple[tuple[int, int, int], ...]
    size: int
    most: dict[str, float]
    reliable: tuple[float, float]


SEA = Fills(
    str(OISST), "sst", ((100, 8, 8), (4000, 4, 7)), 24,
    {"kriging": 1.0, "repaint": 2.5, "guidance": 3.0}, (0.4, 1.8),
)  # fmt: skip
CLOUDS = Fills(
    None, None, ((0, 40, 110), (0, 90, 100)), 32, {"kriging": 1.0, "repaint": 1.1, "guidance": 1.25}, (0.7, 1.5)
)


def edge_gaps(n: int) -> Iterator[Region]:
    """Five gaps of a region of n x n pixels: at each side, and in a corner."""
    depth, width = n // 4, n // 3
    at = (n - width) // 2
    yield from (Region(0, at, depth, width), Region(n - depth, at, depth, width))
    yield from (Region(at, 0, width, depth), Region(at, n - depth, width, depth), Region(0, 0, depth, depth))


def linear(x: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Linear interpolation over the triangles of the known pixels, and the nearest of them beyond these."""
    at, everywhere = np.argwhere(known), np.argwhere(np.ones_like(known))
    found = LinearNDInterpolator(at, x[known])(everywhere)
    return np.where(np.isnan(found), NearestNDInterpolator(at, x[known])(everywhere), found).reshape(x.shape)


def kriged(plan: Plan, prior: Gaussian) -> tuple[float, float]:
    """RMSE and spread of kriging in the gap, in physical units."""
    kriging = Kriging(prior, plan.known)
    mean = kriging.moved(np.where(plan.known, plan.x0, 0.0)[None].astype(np.float64))[0][0]
    error, spread = ((values**2)[plan.filled].mean() ** 0.5 for values in (mean - plan.x0, kriging.std()))
    return plan.transform.std * error, plan.transform.std * spread


def scores(fills: Fills) -> dict[tuple[str, str], np.ndarray]:
    """(RMSE, spread) of every gap [n, 2] by model and way; of linear interpolation and of kriging on a torus too."""
    made: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for index, row, column in fills.places:
        region = Region(row, column, fills.size, fills.size)
        wish = Recipe.of(path=fills.path, dataset=fills.dataset, region=region, members=16)
        opened = open_field(wish if fills.path is None else wish.but(index=(index,)))
        for gap in edge_gaps(fills.size):
            hidden = Region(row + gap.row, column + gap.column, gap.ny, gap.nx)
            wish = opened.recipe.but(hidden=(hidden,))
            for model in MODELS:
                plans = {way: resolve(wish.but(model=model, **filling(wish, way)), opened.facts)
                         for way in ("repaint", "guidance")}  # fmt: skip
                for way, plan in plans.items():
                    assert plan.refusal is None and plan.region == region
                    *_, last = run(plan)
                    score = run_score(plan, opened.facts, last.y)
                    made.setdefault((model, way), []).append((score.rmse, score.spread))
                plan = plans["repaint"]
                prior = plan.model.denoiser()
                made.setdefault((model, "kriging"), []).append(kriged(plan, prior.embedded()))
                made.setdefault((model, "torus"), []).append(kriged(plan, prior))
            off = (linear(plan.x0, plan.known) - plan.x0)[plan.filled]
            made.setdefault(("", "linear"), []).append((plan.transform.std * float(np.sqrt(np.mean(off**2))), 0.0))
    return {key: np.array(found) for key, found in made.items()}


@pytest.mark.parametrize("fills", [SEA, CLOUDS], ids=["sea", "clouds"])
def test_ten_edge_gaps_beside_linear_interpolation(fills: Fills) -> None:
    if fills.path is not None and not Path(fills.path).exists():
        pytest.skip(f"{fills.path} is not there")
    pooled = {key: np.sqrt(np.mean(found**2, axis=0)) for key, found in scores(fills).items()}
    line = pooled[("", "linear")][0]
    for (model, way), (rmse, spread) in pooled.items():
        told = f"RMSE {rmse:.3f}, {rmse / line:.2f} of linear, spread/skill {spread / rmse:.2f}"
        LOG.info("%s %s: %s", model, way, told)
    for model in MODELS:
        for way in WAYS:
            rmse, spread = pooled[(model, way)]
            assert rmse < fills.most[way] * line and fills.reliable[0] < spread / rmse < fills.reliable[1], (model, way)
        assert pooled[(model, "kriging")][0] < 0.9 * pooled[(model, "torus")][0], model


WHOLE = ((0, 40), (0, 130), (0, 200), (136, 20), (136, 100), (136, 190), (40, 0), (90, 0), (30, 232), (90, 232))
"""(row, column) of gaps of 24 x 24 pixels at the edges of the packaged field, of 160 x 256 pixels."""

LEAST_SPREAD = 0.45
"""Spread/skill of a whole picture that is not fallen below. It is no claim of reliability, which would be 1: 0.55 and
0.57 were measured, for what a part made counts as known for the next. It guards against gaps that are filled from the
opposite edge, whose members agreed on what was wrong (0.1 to 0.4 on a torus, at sea)."""


@pytest.mark.parametrize("way", ["repaint", "guidance"])
def test_ten_edge_gaps_of_a_whole_picture_beside_linear_interpolation(way: str) -> None:
    """What `--fill` without a region does: by parts, each given what the ones before made."""
    opened = open_field(Recipe.of(model="gaussian", members=8))
    hidden = tuple(Region(row, column, 24, 24) for row, column in WHOLE)
    wish = opened.recipe.but(hidden=hidden, region=None)
    truth = opened.facts.field.values
    gap = np.zeros(truth.shape, bool)
    for region in hidden:
        gap[region.slices] = True
    gap &= np.isfinite(truth)
    made = fill_by_parts(wish.but(**filling(wish, way)), opened.facts)
    assert made.filled[gap].all() and not made.left[gap].any()
    off = linear(np.where(np.isfinite(truth), truth, 0.0), np.isfinite(truth) & ~gap) - truth
    line, mine = (float(np.sqrt(np.mean(each[gap] ** 2))) for each in (off, made.members.mean(0) - truth))
    spread = float(np.sqrt(made.members.var(0, ddof=1)[gap].mean()))
    LOG.info("whole, %s: RMSE %.3f, %.2f of linear, spread/skill %.2f", way, mine, mine / line, spread / mine)
    assert mine < CLOUDS.most[way] * line and LEAST_SPREAD < spread / mine < 1.5
