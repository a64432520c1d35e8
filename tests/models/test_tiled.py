"""Windows of a network that overlap on a larger region: their mean, its derivative, where they lie, and no seams."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from models_twins import small_model

from diffview.fields.coarse import block_mean
from diffview.fields.field import Field, Region
from diffview.models.cards import find_card
from diffview.models.nets.adapter import with_pullback
from diffview.models.tiled import Tiled, covered, taper, windows_of
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run


class OfWindow:
    """x0_hat = A y of windows of 8 x 8 pixels, with a matrix over the pixels."""

    kind, noise_range, shape = "posterior mean", (0.0, 100.0), (1, 8, 8)

    def __init__(self, matrix):
        self.matrix = torch.from_numpy(matrix).double()

    def __call__(self, y, s):
        return (y.reshape(len(y), -1) @ self.matrix.T).reshape(y.shape)

    def vjp(self, y, s, v):
        return (v.reshape(len(v), -1) @ self.matrix).reshape(v.shape)

    def pullback(self, y, s):
        return with_pullback(lambda x: self(x, s), y)


WINDOWS = windows_of(replace(find_card("rain64"), shape=(1, 8, 8)), Region(0, 0, 12, 20), 0.5)


def states(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_what_every_pixel_says_alone_is_said_by_the_whole():
    y = states(3, 1, 12, 20)
    tiled = Tiled(dict.fromkeys(WINDOWS, OfWindow(0.25 * np.eye(64))))
    assert tiled.shape == (1, 12, 20)
    torch.testing.assert_close(tiled(y, 1.0), 0.25 * y, rtol=1e-6, atol=1e-6)


def test_a_pixel_is_the_mean_of_its_windows_under_their_tapers():
    y = torch.ones(1, 1, 12, 20, dtype=torch.float64)
    parts = {window: OfWindow((i + 1.0) * np.eye(64)) for i, window in enumerate(WINDOWS)}
    x0_hat = Tiled(parts)(y, 1.0)[0, 0]
    for row, column in ((0, 0), (5, 7), (11, 19), (6, 10)):
        above = below = 0.0
        for i, window in enumerate(WINDOWS):
            down, right = row - window.row, column - window.column
            if 0 <= down < 8 and 0 <= right < 8:
                weight = (np.sin(np.pi * (down + 0.5) / 8) * np.sin(np.pi * (right + 0.5) / 8)) ** 2
                above, below = above + weight * (i + 1), below + weight
        assert float(x0_hat[row, column]) == pytest.approx(above / below, rel=1e-6)


def test_the_derivative_is_the_adjoint_of_the_mean():
    rng = np.random.default_rng(1)
    tiled = Tiled({window: OfWindow(rng.normal(size=(64, 64))) for window in WINDOWS})
    y, u, v = (states(2, 1, 12, 20, seed=seed) for seed in range(3))
    forward = (tiled(u, 1.0) * v).sum()  # it is linear: J u = D(u)
    torch.testing.assert_close((tiled.vjp(y, 1.0, v) * u).sum(), forward)
    x0_hat, pull = tiled.pullback(y, 1.0)
    torch.testing.assert_close(x0_hat, tiled(y, 1.0))
    torch.testing.assert_close(pull(v), tiled.vjp(y, 1.0, v))


@given(
    st.integers(2, 20), st.integers(0, 60), st.integers(0, 60), st.floats(0.05, 0.75), st.sampled_from([0, 1, 2, 4, 8])
)
def test_windows_cover_the_region_and_share_what_is_asked(side, more, beside, overlap, coarsen):
    each = max(coarsen, 1)
    side, more, beside = (n * each for n in (side, more, beside))
    card = replace(find_card("rain64"), shape=(1, side, side), coarsen=coarsen)
    region = Region(3, 5, side + more, side + beside)
    windows = windows_of(card, region, overlap)
    assert bool(windows) == bool(more or beside)
    seen = np.zeros((region.ny, region.nx), int)
    for window in windows:
        assert (window.ny, window.nx) == (side, side) and window.row % each == window.column % each == 0
        seen[window.slices] += 1
    assert not windows or seen.min() > 0
    rows = sorted({window.row for window in windows})
    assert all(below - above <= max(side * (1 - overlap), each) + each for above, below in pairwise(rows))
    assert windows_of(card, region, 0.0) == ()


def test_a_taper_is_least_at_the_edge_and_never_nothing():
    u = taper(8, 6)
    assert u.min() == u[0, 0] > 0 and u.max() <= 1
    np.testing.assert_allclose(u, u[::-1, ::-1], rtol=1e-12)
    np.testing.assert_allclose(u[3, 2], (np.sin(3.5 / 8 * np.pi) * np.sin(2.5 / 6 * np.pi)) ** 2)


def test_sides_are_whole_blocks_of_the_condition_and_at_least_the_networks():
    card = replace(find_card("rain64"), shape=(1, 16, 16), coarsen=8)
    assert covered(card, Region(0, 0, 39, 9)) == (32, 16)
    assert covered(replace(card, coarsen=0), Region(0, 0, 39, 9)) == (39, 16)


# -- in a run


WHERE = Region(2, 3, 40, 28)


def planned(tmp_path, model="twin", region=WHERE, overlap=0.5, size=96, **changes) -> Plan:
    cards = {"twin": small_model(tmp_path), "given": small_model(tmp_path, "given", coarsen=4)}
    cards |= {name: find_card(name) for name in ("sst32", "rain64")}
    values = np.random.default_rng(0).normal(280, 5, (size, size)).astype(np.float32)
    recipe = default_recipe().but(model=model, steps=4, region=region, overlap=overlap, members=2, **changes)
    return resolve(recipe, Facts(Field(values, "brightness_temperature", "K"), cards=cards))


def last(plan: Plan) -> np.ndarray:
    for step in run(plan):
        end = step
    return np.asarray(end.y)


def test_a_network_makes_a_region_larger_than_its_fields(tmp_path):
    plan = planned(tmp_path)
    assert plan.region == WHERE and plan.shape == (2, 1, 40, 28) and len(plan.windows) == 12
    assert "12 windows" in plan.base.sentence
    made = last(plan)
    assert made.shape == (2, 1, 40, 28) and np.isfinite(made).all() and not np.array_equal(made[0], made[1])
    assert np.array_equal(made, last(plan))


def test_without_an_overlap_the_region_has_the_networks_size(tmp_path):
    plan = planned(tmp_path, overlap=0.0)
    assert plan.shape == (2, 1, 16, 16) and plan.windows == () and (plan.region.ny, plan.region.nx) == (16, 16)
    assert any("works on 16 x 16 pixels" in note.why for note in plan.notes)


def test_each_window_is_given_its_part_of_the_condition_and_the_means_are_kept(tmp_path):
    plan = planned(tmp_path, "given", Region(0, 0, 42, 34))
    assert plan.shape == (2, 1, 40, 32), "whole blocks"
    denoise = plan.base.denoiser()
    condition = torch.from_numpy(plan.base.condition)
    for window, part in denoise.parts.items():
        assert torch.equal(part.extra, condition[..., *window.slices])
    physical = plan.made_in.inverse(last(plan))[:, 0]
    wanted = block_mean(plan.made_in.inverse(plan.x0), 4)
    assert np.allclose([block_mean(member, 4) for member in physical], wanted, atol=2e-3)


def test_models_of_one_place_are_refused_on_a_larger_region(tmp_path):
    refusal = planned(tmp_path, "sst32", Region(0, 0, 64, 64)).refusal
    assert "fields of one place" in str(refusal) and "overlap to 0" in refusal.hint
    assert planned(tmp_path, "sst32", Region(0, 0, 32, 32)).refusal is None


def test_a_learned_variance_is_refused_where_windows_have_none(tmp_path):
    card = small_model(tmp_path, "learned", learned_variance=True)
    values = np.random.default_rng(0).normal(280, 5, (48, 48)).astype(np.float32)
    facts = Facts(Field(values, "brightness_temperature", "K"), cards={"learned": card})
    recipe = default_recipe().but(model="learned", steps=3, region=WHERE, overlap=0.5, members=1, sampler="ddpm")
    learned = recipe.but(sampler_params=(("variance", "learned"),))
    assert "region of its size" in str(resolve(learned, facts).refusal)
    assert resolve(learned.but(overlap=0.0), facts).refusal is None
    assert last(resolve(recipe, facts)).shape == (1, 1, 40, 28)


def test_a_recipe_keeps_the_overlap_and_old_ones_have_none():
    recipe = Recipe.of(overlap=0.25)
    assert Recipe.from_json(recipe.to_json()) == recipe and recipe.denoiser.overlap == 0.25
    assert Recipe().denoiser.overlap == 0.0


def test_no_seam_is_left_where_windows_end(tmp_path):
    """Windows side by side that share nothing do not fit together; those that overlap do."""
    plan = planned(tmp_path, "rain64", Region(0, 0, 64, 96 + 32), size=96 + 32, sampler="ddim")
    assert sorted({window.column for window in plan.windows}) == [0, 32, 64]
    side_by_side = replace(plan.model, windows=(Region(0, 0, 64, 64), Region(0, 64, 64, 64)))
    jumps = []
    for made in (last(plan), last(replace(plan, model=side_by_side))):
        across = np.abs(np.diff(made, axis=-1)).mean(axis=(0, 1, 2))
        edges = np.array([31, 63, 95])
        jumps.append(across[edges] / np.delete(across, edges).mean())
    assert jumps[0].max() < 1.5 and jumps[1][1] > 2
