"""Runs that are given pixels of their region, on a torus larger than it: what they show, resume, fork and depend on."""

from dataclasses import replace

import numpy as np
import pytest
from oracle import covariance_inside

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.noise import KNOWN, START, STEP, Noise
from diffview.models.gaussian import Gaussian
from diffview.models.kriging import Kriging
from diffview.reverse.guidance import embedded
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.embedding import NoiseAround, torus_of
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Fork, Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run, start_state
from diffview.scores.gap import filling

LAW = Gaussian.power_law(96, 96, 3.0, 8.0)
VALUES = (280 + 10 * LAW.sample(np.random.default_rng(5).standard_normal((96, 96)))).astype(np.float32)
REGION, GAP = Region(8, 8, 24, 24), Region(8, 16, 6, 8)
PLAIN = Recipe.of(model="gaussian", region=REGION, steps=12, members=2, hidden=(GAP,))
WAYS = {
    "repaint": filling(PLAIN),
    "guidance": filling(PLAIN, "guidance"),
    "blocks": {"observe": "blocks", "observe_params": (("size", 4),), "sampler": "dpmpp_2m"},
}


def facts(values: np.ndarray = VALUES, **more: object) -> Facts:
    return Facts(Field(values, "tb", "K", **more))


def planned(way: str, values: np.ndarray = VALUES, **changes: object) -> Plan:
    plan = resolve(PLAIN.but(**WAYS[way]).but(**changes), facts(values))
    assert plan.refusal is None
    return plan


@pytest.mark.parametrize("model", ["gaussian", "power_law"])
@pytest.mark.parametrize("way", WAYS)
def test_far_pixels_do_not_move_a_gap_at_the_edge(way: str, model: str) -> None:
    """Three kelvin more on the six last rows moved the gap's first row by 2 K; nothing else is changed."""
    plan = planned(way, model=model)
    other = plan.x0 + np.float32(3 / plan.transform.std) * (np.arange(24) >= 18)[:, None].astype(np.float32)
    ends = []
    for x0 in (plan.x0, other):
        model_ = plan.model
        if way != "repaint":
            model_ = replace(plan.model, led=plan.model.led.seeing(x0, plan.known))
        *_, last = run(replace(plan, x0=x0, model=model_))
        assert last.y.shape == (2, 1, 24, 24)
        ends.append(plan.made_in.inverse(last.y))
    moved = np.abs(ends[1] - ends[0])[:, 0]
    assert moved[:, 0, 8:16].max() < 0.1
    assert moved[:, 18:].mean() > 1.0


@pytest.mark.parametrize("way", WAYS)
def test_a_run_shows_its_region_and_goes_on_from_any_step_bit_for_bit(way: str) -> None:
    plan = planned(way)
    denoise = plan.model.denoiser()
    steps = list(run(plan, denoise))
    torus = torus_of(plan, embedded(denoise))
    assert torus > (24, 24) and len(steps) == plan.steps + 1
    assert (steps[0].y == start_state(plan)).all(), "the start is that of the forward path of the seed"
    for step in steps:
        assert step.y.shape == (2, 1, 24, 24) and step.y.dtype == np.float32 and step.y.base is None
        assert step.x0_hat is None or step.x0_hat.shape == step.eps_hat.shape == step.y.shape
        assert step.history[0].shape == (2, 1, *torus)
        assert (step.history[0][..., :24, :24] == step.y).all()
    for at in (steps[0], steps[3], steps[-2]):
        rest = list(run(plan, after=at))
        assert (rest[0].y == at.y).all()
        for a, b in zip(rest[1:], steps[at.index + 1 :], strict=True):
            assert (a.index, a.s, a.evaluations) == (b.index, b.s, b.evaluations) and (a.y == b.y).all()


def test_a_fork_with_another_sampler_goes_on_from_the_whole_state() -> None:
    base = PLAIN.but(**WAYS["guidance"]).but(sampler="dpmpp_2m")
    plan = resolve(base.but(fork=Fork(4, base.course), sampler="ddim"), facts())
    parent, forked = list(run(resolve(base, facts()))), list(run(plan))
    assert all((a.y == b.y).all() for a, b in zip(parent[:5], forked[:5], strict=True))
    denoise = embedded(plan.model.denoiser())
    by_hand = list(SAMPLERS["ddim"].run(denoise, parent[4].history[0], plan.levels, None, start=4))
    for a, b in zip(by_hand[1:], forked[5:], strict=True):
        assert (a.y[..., :24, :24] == b.y).all()
    again = list(run(plan, after=forked[4]))
    assert (again[-1].y == forked[-1].y).all() and forked[-1].evaluations == plan.evaluations


def test_the_noise_of_the_region_is_that_of_a_run_without_surroundings() -> None:
    own = Noise(3, (2, 1, 5, 4), fork=7)
    noise = NoiseAround(own, 9, 6)
    for stream in (START, STEP):
        z = noise(stream, 11)
        assert z.shape == (2, 1, 9, 6) and z.dtype == np.float32 and (z[..., :5, :4] == own(stream, 11)).all()
        around = np.concatenate([z[..., 5:, :].reshape(2, -1), z[..., :5, 4:].reshape(2, -1)], axis=1)
        assert len(np.unique(around)) == around.size and not np.isin(around, own(stream, 11)).any()
    known = noise(KNOWN, 11)
    assert (known[..., :5, :4] == own(KNOWN, 11)).all() and not known[..., 5:, :].any() and not known[..., 4:].any()
    assert (NoiseAround(Noise(3, (1, 1, 5, 4), fork=7), 9, 6)(STEP, 2) == noise(STEP, 2)[:1]).all()
    assert abs(float(NoiseAround(Noise(0, (1, 1, 8, 8)), 200, 200)(STEP, 0).std()) - 1) < 0.02


def test_repaint_at_the_edge_fills_as_kriging_under_a_covariance_that_does_not_wrap() -> None:
    """Mean and spread of 320 members against dense algebra on the pixels of the region."""
    wish = PLAIN.but(**WAYS["repaint"]).but(
        region=Region(8, 8, 16, 16), hidden=(Region(8, 12, 4, 6),), steps=40, grid="log_snr",
        sampler_params=(("jump", 5), ("resamplings", 10)), members=64,
    )  # fmt: skip
    plans = [resolve(wish.but(seed=seed), facts()) for seed in range(5)]
    made = np.concatenate([list(run(plan))[-1].y[:, 0].reshape(64, -1) for plan in plans])
    plan = plans[0]
    wide, at = plan.model.denoiser().embedded(), plan.known.ravel()
    cov = covariance_inside(wide.power, wide.nx, 16, 16)
    to = np.linalg.solve(cov[np.ix_(at, at)], cov[np.ix_(at, ~at)]).T
    mean = wide.mean + to @ (plan.x0.ravel()[at] - wide.mean)
    std = np.sqrt(np.diag(cov[np.ix_(~at, ~at)] - to @ cov[np.ix_(at, ~at)]))
    assert (made[:, at] == plan.x0.ravel()[at]).all()
    assert np.sqrt(np.mean((made[:, ~at].mean(0) - mean) ** 2)) < 0.25 * np.sqrt(np.mean(std**2))
    assert made[:, ~at].std(0).mean() == pytest.approx(std.mean(), rel=0.15)


def test_nothing_else_is_embedded() -> None:
    """Without known pixels a Gaussian keeps its own torus; crops and what the user brings do not wrap."""
    free = resolve(PLAIN, facts())
    assert free.known is None and not any(step.history for step in run(free))
    told = resolve(PLAIN.but(**WAYS["repaint"], model="local"), facts())
    assert told.known is not None and not any(step.history for step in run(told))


@pytest.mark.parametrize("way", WAYS)
def test_tensors_give_what_arrays_give(way: str) -> None:
    torch = pytest.importorskip("torch")
    plan = planned(way, steps=6)
    on_torch = replace(plan, device="cpu")
    for a, b in zip(run(plan), run(on_torch), strict=True):
        assert isinstance(b.y, torch.Tensor) and b.y.is_contiguous()
        np.testing.assert_allclose(a.y, b.y.numpy(), atol=2e-4 * a.s + 2e-4)


def circle(columns: int, step: float, first: float = 0.0) -> dict[str, object]:
    return {"coords": {"longitude": (first + step * np.arange(columns)).astype(np.float32)}}


def test_a_whole_latitude_circle_wraps_from_left_to_right_only() -> None:
    """A gap at the left edge is filled from the right one where they meet, and from neither pole."""
    globe = VALUES[:, :72]
    wish = PLAIN.but(**WAYS["repaint"], region=Region(0, 0, 36, 72), hidden=(Region(0, 0, 36, 4),))
    plan = resolve(wish, facts(globe, **circle(72, 5.0)))
    assert plan.circular and plan.refusal is None
    part = resolve(wish.but(region=Region(0, 0, 36, 40)), facts(globe, **circle(72, 5.0)))
    assert not part.circular and not resolve(wish, facts(globe)).circular
    *_, last = run(plan)
    assert last.history[0].shape[-1] == 72 < 2 * last.history[0].shape[-2]
    law = plan.model.denoiser()
    near, far = (Kriging(law.embedded(circular), plan.known) for circular in (True, False))
    moved = plan.x0 + (np.arange(72) >= 68)
    known = np.where(plan.known, np.stack([plan.x0, moved]), 0).astype(np.float64)
    change = [np.abs(np.diff(kriging.moved(known)[0], axis=0))[0, :, 0].mean() for kriging in (near, far)]
    assert change[0] > 0.3 and change[1] < 0.05


def test_nothing_known_is_refused_before_anything_is_embedded() -> None:
    plan = resolve(PLAIN.but(**WAYS["repaint"], hidden=(REGION,)), facts())
    with pytest.raises(UserError):
        run(plan)
