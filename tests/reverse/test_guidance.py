"""Wrappers of denoisers: guidance by an observation, mixing, clipping; and the recipes that wish them."""

import json
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from models_twins import small_model

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.forward.noise import Noise
from diffview.models.choice import Given
from diffview.models.gaussian import Gaussian
from diffview.models.kriging import krige
from diffview.models.mixture import Mixture
from diffview.params import parameters
from diffview.reverse.guidance import (
    OBSERVATIONS,
    BlockMean,
    Clipped,
    Guided,
    KnownPixels,
    Led,
    Mixed,
    standardised_limits,
)
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.facts import Facts
from diffview.runs.guiding import GuidedModel, partner_of
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

LAW = Gaussian.power_law(16, 16, 3.0, 1.5, 1.0)
RNG = np.random.default_rng(3)
TRUTH = LAW.sample(RNG.standard_normal((16, 16)))
KNOWN = np.ones((16, 16), bool)
KNOWN[4:10, 4:12] = False


@pytest.mark.parametrize("observation", [KnownPixels(0.3, 0.2), BlockMean(4, 0.1, 0.7)])
@pytest.mark.parametrize("s", [0.2, 3.0])
def test_guidance_is_the_gradient_of_the_log_likelihood(observation: KnownPixels | BlockMean, s: float) -> None:
    """s^2 grad_y ln N(obs; A D(y, s), std^2 + gamma share s^2), by central differences."""
    y = TRUTH[None, None] + s * RNG.standard_normal((1, 1, 16, 16))
    observed = observation.observed(TRUTH, KNOWN)
    guided = Guided(LAW, Led.by(observation, observed))

    def log_likelihood(y: np.ndarray) -> float:
        variance = observation.std**2 + observation.gamma * observation.share * s * s
        return float(-np.nansum((observed - observation.of(LAW(y, s)[0, 0])) ** 2) / (2 * variance))

    change, step = (guided(y, s) - LAW(y, s))[0, 0], 1e-4
    for place in ((0, 0), (5, 5), (9, 3)):
        at = np.zeros_like(y)
        at[(0, 0, *place)] = step
        slope = (log_likelihood(y + at) - log_likelihood(y - at)) / (2 * step)
        assert change[place] == pytest.approx(s * s * slope, rel=1e-6, abs=1e-9)


def test_guidance_of_a_mixture() -> None:
    """The same where the Jacobian depends on y."""
    mixture = Mixture(np.array([0.4, 0.6]), np.array([-1.5, 1.0]), np.array([0.1, 0.2]))
    observation, y, s, step = KnownPixels(0.3, 0.5), np.full((1, 1, 1, 1), 0.1), 0.9, 1e-5
    guided = Guided(mixture, Led.by(observation, np.array([[1.2]])))
    error = lambda y: float((1.2 - mixture(y, s).item()) ** 2 / (2 * (0.3**2 + 0.5 * s * s)))  # noqa: E731
    slope = (error(y - step) - error(y + step)) / (2 * step)
    assert (guided(y, s) - mixture(y, s)).item() == pytest.approx(s * s * slope, rel=1e-7)


def test_guidance_of_a_field_without_structure_is_its_exact_posterior_mean() -> None:
    """P -> infinity and gamma = 1: D = y, and D' weighs y and the observation by their variances."""
    flat = Gaussian(0.0, np.full((16, 9), 1e14), 16)
    y, s, std = RNG.standard_normal((1, 1, 16, 16)), 0.7, 0.4
    guided = Guided(flat, Led.by(KnownPixels(std, 1.0), np.where(KNOWN, TRUTH, np.nan)))
    wanted = np.where(KNOWN, (std**2 * y + s * s * TRUTH) / (std**2 + s * s), y)
    np.testing.assert_allclose(guided(y, s), wanted, rtol=1e-9)


@pytest.mark.parametrize("size", [2, 4, 8])
def test_block_means_and_their_adjoint(size: int) -> None:
    """<A x, r> = <x, A^T r>; the largest eigenvalue of A A^T is the declared share."""
    block = BlockMean(size)
    x, r = RNG.standard_normal((2, 3, 16, 24)), RNG.standard_normal((2, 3, 16 // size, 24 // size))
    assert block.of(x)[1, 2, 0, 1] == pytest.approx(x[1, 2, :size, size : 2 * size].mean(), rel=1e-12)
    assert (block.of(x) * r).sum() == pytest.approx((x * block.adjoint(r)).sum(), rel=1e-12)
    np.testing.assert_allclose(block.of(block.adjoint(r)), block.share * r, rtol=1e-12)


def samples(denoise: object, members: int = 64) -> np.ndarray:
    levels = [*np.geomspace(80, 0.02, 30).tolist(), 0.0]
    y = 80 * Noise(0, (members, 1, 16, 16))(0, 0).astype(np.float64)
    return list(SAMPLERS["dpmpp_2m"].run(denoise, y, levels, Noise(1, y.shape, like=y)))[-1].y[:, 0]


def test_a_guided_run_fills_a_gap_nearly_as_kriging_does() -> None:
    exact = krige(np.where(KNOWN, TRUTH, np.nan), LAW, std=True)
    made = samples(Guided(LAW, Led.by(KnownPixels(gamma=0.3), KnownPixels().observed(TRUTH, KNOWN))))
    off = lambda x, where: math.sqrt(((x - exact.mean)[..., where] ** 2).mean())  # noqa: E731
    assert off(made, KNOWN) < 0.06, "the default std is 0.05"
    assert off(made.mean(0), ~KNOWN) < 0.5 * off(samples(LAW).mean(0), ~KNOWN)
    assert made.std(0)[~KNOWN].mean() == pytest.approx(exact.std[~KNOWN].mean(), rel=0.25)


def test_a_guided_run_has_block_means_nearer_to_those_observed() -> None:
    block = BlockMean(4, gamma=0.3)
    made = samples(Guided(LAW, Led.by(block, block.observed(TRUTH, np.ones_like(KNOWN)))))
    off = lambda x: math.sqrt(((block.of(x) - block.of(TRUTH)) ** 2).mean())  # noqa: E731
    assert off(made) < 0.35 * off(samples(LAW))


def test_mixing_is_that_of_the_noises() -> None:
    other = Gaussian(0.5, LAW.power * 2, 16)
    y, s = TRUTH[None, None] + RNG.standard_normal((1, 1, 16, 16)), 1.3
    eps = lambda d: (y - d(y, s)) / s  # noqa: E731
    for w in (0.0, 1.0, 2.5):
        mixed = Mixed(LAW, other, w)
        np.testing.assert_allclose(eps(mixed), eps(other) + w * (eps(LAW) - eps(other)), rtol=1e-10, atol=1e-12)
        v = RNG.standard_normal(y.shape)
        np.testing.assert_allclose(mixed.vjp(y, s, v), mixed.pullback(y, s)[1](v), rtol=1e-12)
    np.testing.assert_allclose(Mixed(LAW, other, 1.0)(y, s), LAW(y, s), rtol=1e-12)
    np.testing.assert_allclose(Mixed(LAW, other, 0.0)(y, s), other(y, s), rtol=1e-12)
    assert mixed.calls == 2


def test_clipping_holds_x0_hat_and_eps_hat_follows_it() -> None:
    clipped = Clipped(LAW, -0.4, 0.7)
    y = 80 * RNG.standard_normal((1, 1, 16, 16))
    levels = [*np.geomspace(80, 0.02, 12).tolist(), 0.0]
    for before, step in pairwise(SAMPLERS["ddim"].run(clipped, y, levels, None)):
        assert step.x0_hat.min() >= -0.4 and step.x0_hat.max() <= 0.7
        np.testing.assert_allclose(step.eps_hat, (before.y - step.x0_hat) / before.s, rtol=1e-9)
    assert (Clipped(LAW, None, 0.7)(y, 80.0) == np.minimum(LAW(y, 80.0), 0.7)).all()


@pytest.mark.parametrize("wrap", [
    lambda d: Guided(d, Led.by(KnownPixels(), np.where(KNOWN, TRUTH, np.nan))),
    lambda d: Guided(d, Led.by(BlockMean(4), BlockMean(4).observed(TRUTH, KNOWN))),
    lambda d: Mixed(d, d, 2.0), lambda d: Clipped(d, -1.0, None),
])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_stay_and_both_libraries_agree(wrap: object, dtype: str) -> None:
    import torch

    y = (TRUTH + RNG.standard_normal((2, 1, 16, 16))).astype(dtype)
    ours, theirs = wrap(LAW)(y, 1.5), wrap(LAW)(torch.from_numpy(y), 1.5)
    assert ours.dtype == y.dtype and str(theirs.dtype) == f"torch.{dtype}" and ours.shape == y.shape
    np.testing.assert_allclose(theirs.numpy(), ours, atol=2e-5)


def test_a_wrapper_keeps_what_still_holds_and_nothing_else() -> None:
    class Inner:
        kind, noise_range, shape, card = "posterior mean", (0.1, 9.0), (1, 16, 16), "card"
        __call__ = staticmethod(lambda y, s: y)
        vjp = staticmethod(lambda y, s, v: v)
        variance = finished = staticmethod(lambda y, s=None: y)

    for wrapper in (
        Guided(Inner(), Led.by(KnownPixels(), TRUTH)),
        Clipped(Inner(), 0.0, 1.0),
        Mixed(Inner(), LAW, 2.0),
    ):
        assert (wrapper.kind, wrapper.noise_range, wrapper.shape) == ("posterior mean", (0.1, 9.0), (1, 16, 16))
        assert wrapper.card == "card" and wrapper.finished(3) == 3 and not hasattr(wrapper, "variance")
        assert not hasattr(wrapper, "variance_fraction")
    assert not hasattr(Clipped(Inner(), 0.0, 1.0), "vjp")


def test_limits_go_through_the_transform() -> None:
    transform = Transform("log1p", 0.5, 2.0)
    low, high = standardised_limits(transform, (0.0, 9.0))
    assert (low, high) == (pytest.approx(-0.25), pytest.approx((math.log(10) - 0.5) / 2)) and type(low) is float
    assert standardised_limits(transform, (None, None)) == (None, None)
    for bad in ((3.0, 3.0), (5.0, 1.0), (-2.0, None)):
        with pytest.raises(UserError):
            standardised_limits(transform, bad)


VALUES = np.random.default_rng(0).standard_normal((96, 96)).astype(np.float32).cumsum(0).cumsum(1)
WISH = Recipe.of(
    model="gaussian", region=Region(8, 8, 24, 24), steps=8, members=2, sampler="heun", transform="standardise"
)


def facts(**more: object) -> Facts:
    return Facts(Field(VALUES, "tb", "K"), **more)


def test_nothing_is_done_to_a_model_unless_it_is_wished() -> None:
    assert not isinstance(resolve(WISH, facts()).model, GuidedModel)


def test_a_clipped_run_stays_within_physical_limits() -> None:
    low, high = (float(v) for v in np.quantile(VALUES, [0.4, 0.6]))
    plan = resolve(WISH.but(clip_low=low, clip_high=high), facts())
    made = plan.made_in.inverse(list(run(plan))[-1].y)
    assert low - 1e-3 <= made.min() and made.max() <= high + 1e-3 and "clipped" in plan.model.label


@pytest.mark.parametrize("key", OBSERVATIONS)
def test_a_guided_plan_runs_and_counts_its_calls(key: str) -> None:
    plan = resolve(WISH.but(observe=key, hidden=(Region(12, 12, 6, 6),)), facts())
    assert plan.refusal is None and plan.known is not None and not plan.known.all()
    *_, last = run(plan)
    assert last.evaluations == plan.evaluations == 15 and np.isfinite(last.y).all()
    observation = OBSERVATIONS[key]()
    plain = list(run(resolve(WISH, facts())))[-1].y
    off = lambda y: np.nanstd(observation.of(y[:, 0]) - observation.observed(plan.x0, plan.known))  # noqa: E731
    assert off(last.y) < 0.5 * off(plain)


def test_the_same_wish_keeps_the_same_model_and_another_one_does_not() -> None:
    there = facts()
    wish = WISH.but(observe="known", hidden=(Region(12, 12, 6, 6),))
    model = resolve(wish, there).model
    assert resolve(wish.but(seed=9, steps=30), there).model is model
    for other in (wish.but(hidden=()), wish.but(clip_low=0.0), wish.but(observe="blocks")):
        assert resolve(other, there).model is not model


@pytest.mark.parametrize(("wishes", "sentence"), [
    ({"weight": 2.0}, "network with conditions"),
    ({"clip_low": 3.0, "clip_high": 1.0}, "not below"),
    ({"observe": "blocks", "observe_params": (("size", 7),)}, "blocks of 7"),
    ({"observe": "known", "hidden": (Region(0, 0, 40, 40),)}, "No pixel"),
    ({"observe": "blocks", "hidden": (Region(0, 0, 40, 40),)}, "Every block"),
    ({"observe": "radar"}, "no observation called"),
    ({"observe": "known", "observe_params": (("size", 7),)}, "no parameter"),
    ({"observe": "known", "model": "mine"}, "does not offer"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_with_a_sentence(wishes: dict, sentence: str) -> None:
    plan = resolve(WISH.but(**wishes), facts(given={"mine": Given(lambda y, s: y, "mine")}))
    assert sentence in plan.refusal.sentence and plan.refusal.sentence.endswith(".") and plan.refusal.hint.endswith(".")
    with pytest.raises(UserError):
        run(plan)


@pytest.mark.parametrize("bad", [{"weight": "x"}, {"weight": math.inf}, {"clip_low": True}, {"observe": 3}])
def test_wishes_of_the_wrong_kind(bad: dict) -> None:
    with pytest.raises(UserError):
        Recipe.of(**bad)
    with pytest.raises(UserError):
        Recipe.from_json(json.dumps({"diffview_recipe": 2, "guidance": bad}))


def test_the_parameters_of_observations_are_declared() -> None:
    assert [p.name for p in parameters(BlockMean)] == ["size", "std", "gamma"]
    assert [p.name for p in parameters(KnownPixels)] == ["std", "gamma"]


# networks


@pytest.fixture
def pair(tmp_path) -> Facts:
    plain = small_model(tmp_path, "plain", shape=(1, 16, 16))
    told = small_model(tmp_path, "told", shape=(1, 16, 16), coarsen=4)
    values = 270 + 10 * np.random.default_rng(1).standard_normal((40, 40)).astype(np.float32)
    field = Field(values, "toa_brightness_temperature", "K")
    return Facts(field, torch="2", cards={"plain": plain, "told": told})


PAIR = Recipe.of(model="told", steps=4, members=2, sampler="heun", device="cpu")


def test_a_conditional_network_finds_its_unconditional_partner(pair: Facts) -> None:
    cards = pair.cards
    assert partner_of(cards["told"], cards) == "plain" and partner_of(cards["plain"], cards) is None
    assert partner_of(cards["told"], {"told": cards["told"]}) is None
    other = replace(cards["plain"], transform=Transform("standardise", 1.0, 2.0))
    assert partner_of(cards["told"], {"other": other}) is None


def test_weights_of_a_pair_of_networks(pair: Facts) -> None:
    """x0_hat of w lies on the line through those of the two networks; every call takes both of them."""
    ends = {}
    for w in (0.0, 1.0, 2.5):
        plan = resolve(PAIR.but(weight=w), pair)
        steps = list(run(plan))
        ends[w] = steps[1].x0_hat
        assert plan.refusal is None and steps[-1].evaluations == plan.evaluations == (7 if w == 1 else 14)
        again = list(run(plan, after=steps[2]))
        assert (again[-1].y == steps[-1].y).all() and again[-1].evaluations == steps[-1].evaluations
    np.testing.assert_allclose(ends[2.5], ends[0.0] + 2.5 * (ends[1.0] - ends[0.0]), atol=1e-4)
    alone = list(run(resolve(PAIR.but(model="plain", region=resolve(PAIR, pair).region), pair)))[1].x0_hat
    np.testing.assert_allclose(ends[0.0], alone, atol=1e-5)
    assert "no such partner" in resolve(PAIR.but(model="plain", weight=2.0), pair).refusal.sentence


def test_the_end_of_a_mixed_run_has_the_block_means_of_its_condition(pair: Facts) -> None:
    plan = resolve(PAIR.but(weight=2.0), pair)
    made = plan.made_in.inverse(list(run(plan))[-1].y.numpy())
    blocks = BlockMean(4)
    np.testing.assert_allclose(
        blocks.of(made[:, 0]), blocks.of(plan.made_in.inverse(plan.x0))[None].repeat(2, 0), rtol=1e-4
    )


def test_no_condition_says_what_is_hidden(pair: Facts) -> None:
    """Block means over a gap, which the end of a run is even given exactly, are not told to a run that fills it."""
    wish = PAIR.but(region=resolve(PAIR, pair).region)
    gap = Region(wish.source.region.row + 4, wish.source.region.column + 4, 6, 6)
    outside = Region(wish.source.region.row, wish.source.region.column + wish.source.region.nx, 2, 2)
    for key in ("known", "blocks"):
        assert "those over a gap" in resolve(wish.but(observe=key, hidden=(gap,)), pair).refusal.sentence
        assert resolve(wish.but(observe=key, hidden=(outside,)), pair).refusal is None
    assert resolve(wish.but(hidden=(gap,)), pair).refusal is None, "a gap is nothing to a run that is told none"
    plain = resolve(wish.but(model="plain", observe="known", hidden=(gap,)), pair)
    assert plain.refusal is None and plain.filled.sum() == 36


def test_guidance_through_networks_is_the_same_with_and_without_their_own_way_back(pair: Facts) -> None:
    import torch

    plan = resolve(PAIR.but(weight=1.5, observe="known"), pair)
    assert plan.refusal is None
    guided = plan.model.denoiser()

    class Mute:
        """The same network without `pullback`."""

        def __init__(self, inner: object) -> None:
            self.vjp, self.call = inner.vjp, inner

        def __call__(self, y: object, s: float) -> object:
            return self.call(y, s)

    slow = Guided(Mute(guided.inner), plan.model.led)
    y = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(guided(y, 0.8), slow(y, 0.8), rtol=1e-4, atol=1e-4)
    *_, last = run(plan)
    assert last.evaluations == plan.evaluations == 14 and bool(torch.isfinite(last.y).all())


def test_a_learned_variance_costs_no_call(tmp_path) -> None:
    import torch

    from diffview.models.checkpoints import load_model
    from diffview.models.nets.adapter import Network
    from diffview.models.nets.unet import UNet, UNetConfig

    card = small_model(tmp_path, "twin")
    learned = replace(card, network={**card.network, "learned_variance": True})
    net = UNet(UNetConfig(width=8, multipliers=(1, 1), learned_variance=True))
    torch.nn.init.normal_(net.last.conv.weight, std=0.05)
    denoise, calls = Network(net, learned), []
    net.register_forward_hook(lambda *_: calls.append(1))
    y = 5 * torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(1))
    levels, info = [5.0, 1.0, 0.2, 0.0], SAMPLERS["ddpm"]
    steps = list(info.run(denoise, y, levels, Noise(0, (2, 1, 16, 16), like=y), variance="learned"))
    assert len(calls) == steps[-1].evaluations == info.evaluations(3, {"variance": "learned"}) == 3
    f = denoise.variance_fraction(y, 5.0)
    assert len(calls) == 4 and f.shape == y.shape and 0 < float(f.min()) < float(f.max()) < 1
    assert Network.of(card).variance_fraction(y, 5.0) is None and load_model(card)
