"""Runs side by side: the same noise to the bit, errors to truth and fine run, the curve of a perfect sampler."""

import math
from functools import cache

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.forward.schedules import make_schedule
from diffview.learning.loss_by_level import exact_errors
from diffview.library.opened import open_field
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.facts import Facts
from diffview.runs.recipe import Fork, Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.rivals import added, alone, rivals_of
from diffview.runs.run import denoiser_of, noise_of, run
from diffview.scores.compare import ComparedRun, Comparison, plans_of, same_noise, walk
from diffview.scores.expected import expected_squares, measured_squares

PRIOR = Gaussian.power_law(24, 32, 3.0, 2.0, mean=0.3)


# -- the curve of a perfect sampler


def posterior_run(
    prior: Gaussian, x0: np.ndarray, start: float, levels: list[float], z: np.ndarray
) -> list[np.ndarray]:
    """x0_hat at every level of a run that is drawn from the posterior itself, without any sampler.

    A draw x' of p(x_0 | y_0) is the mean plus a field of the posterior's covariance, diagonal in wavenumber; the states
    between it and y_0 are a Brownian bridge in s^2.
    """
    ny, nx = x0.shape
    y0 = x0 + start * z[0]
    gain = prior.power / (prior.power + start**2)
    scatter = np.fft.irfft2(np.fft.rfft2(z[1]) * np.sqrt(start**2 * gain), s=(ny, nx))
    drawn = prior.mean + np.fft.irfft2(np.fft.rfft2(y0 - prior.mean) * gain, s=(ny, nx)) + scatter
    y, before, found = y0, start, []
    for number, s in enumerate(levels):
        if s < before:
            ratio = (s / before) ** 2
            y = drawn + ratio * (y - drawn) + s * math.sqrt(1 - ratio) * z[2 + number]
            before = s
        found.append(prior(y[None, None], s)[0, 0])
    return found


@pytest.mark.parametrize("start", [0.4, 3.0])
def test_the_expected_curve_is_that_of_400_exact_posterior_runs(start: float) -> None:
    rng, levels = np.random.default_rng(7), [start, *np.geomspace(start * 0.7, start / 200, 7).tolist()]
    squares = np.empty((400, len(levels)))
    for row in squares:
        z = rng.standard_normal((3 + len(levels), 24, 32))
        x0 = PRIOR.sample(z[-1])
        row[:] = [np.mean((x0_hat - x0) ** 2) for x0_hat in posterior_run(PRIOR, x0, start, levels, z)]
    expected = expected_squares(PRIOR, start, levels, draws=True)
    error = squares.std(axis=0, ddof=1) / math.sqrt(400)
    assert (np.abs(squares.mean(axis=0) - expected) < 3 * error).all()
    rise = math.sqrt(expected[-1] / expected[0])
    assert 1.35 < rise < math.sqrt(2), "it rises to sqrt 2 of the posterior's standard deviation"
    assert (np.diff(expected) > 0).all()


def test_the_curve_is_twice_the_first_variance_minus_that_at_s() -> None:
    levels = np.geomspace(5, 0.01, 9).tolist()
    v = exact_errors(PRIOR, levels)
    assert expected_squares(PRIOR, 5.0, levels, draws=True) == pytest.approx(2 * v[0] - v, rel=1e-9)


def test_the_exact_ode_has_the_curve_of_its_flow() -> None:
    rng, start = np.random.default_rng(3), 2.0
    levels = np.geomspace(start, 0.02, 6).tolist()
    x0 = PRIOR.sample(rng.standard_normal((400, 24, 32)))
    y = x0 + start * rng.standard_normal(x0.shape)
    flows = [PRIOR(PRIOR.flow(y, start, s)[:, None], s)[:, 0] for s in levels]
    squares = np.array([np.mean((x - x0) ** 2, axis=(1, 2)) for x in flows])
    error = squares.std(axis=1, ddof=1) / 20
    expected = expected_squares(PRIOR, start, levels, draws=False)
    assert (np.abs(squares.mean(axis=1) - expected) < 3 * error).all()
    p, at = PRIOR.power, levels[2]
    both = np.sqrt((p + at**2) * (p + start**2))
    weight = np.full(17, 2.0)
    weight[[0, 16]] = 1
    closed = float(((p * p / (p + at**2) - 2 * p * p / both + p) * weight).sum() / (24 * 32))
    assert expected[2] == pytest.approx(closed, rel=1e-9), "the formula of the module"


@pytest.mark.parametrize("draws", [True, False])
def test_of_one_field_the_expectation_is_over_the_noise(draws: bool) -> None:
    """Mean over many fields of what is expected of each is what is expected of any."""
    rng, levels = np.random.default_rng(5), [1.5, 0.7, 0.1]
    of_each = np.array([
        expected_squares(PRIOR, 1.5, levels, draws, PRIOR.sample(rng.standard_normal((24, 32)))) for _ in range(300)
    ])  # fmt: skip
    error = of_each.std(axis=0, ddof=1) / math.sqrt(300)
    assert (np.abs(of_each.mean(axis=0) - expected_squares(PRIOR, 1.5, levels, draws)) < 3 * error + 1e-12).all()


def test_what_is_measured_of_a_model_is_its_own_curve() -> None:
    rng, levels = np.random.default_rng(9), np.geomspace(2.0, 0.05, 8).tolist()
    x0 = PRIOR.sample(rng.standard_normal((24, 32))).astype(np.float32)
    measured = measured_squares(PRIOR, 2.0, levels, x0)
    assert measured == pytest.approx(expected_squares(PRIOR, 2.0, levels, True, x0), rel=0.1)


# -- sides


def of(**values: object) -> Recipe:
    return default_recipe().but(region=Region(40, 120, 32, 32), model="gaussian", **values)


@cache
def facts() -> Facts:
    return open_field(of()).facts


def compared(recipe: Recipe) -> tuple[ComparedRun, ...]:
    made = Comparison(plans_of(recipe, facts()))
    made.run()
    assert made.error is None and made.done == 1
    return made.sides


def with_rivals(recipe: Recipe, *rivals: dict[str, object]) -> Recipe:
    for values in rivals:
        recipe = recipe.but(**added(recipe, **values))
    return recipe


def test_compared_runs_have_the_same_noise_to_the_bit() -> None:
    recipe = with_rivals(
        of(sampler="ddpm", seed=11), {"schedule": make_schedule("cosine")}, {"sampler": "heun", "steps": 9}
    )
    plans = [plan for _, plan in plans_of(recipe, facts())]
    assert same_noise(plans) == ""
    starts = [next(run(plan)).y for plan in plans]
    eps = [start / np.float32(plan.levels[0]) for start, plan in zip(starts, plans, strict=True)]
    assert eps[0] == pytest.approx(eps[1], rel=1e-6)
    draws = [noise_of(plan, start)(1, 4) for plan, start in zip(plans, starts, strict=True)]
    assert all(draw.tobytes() == draws[0].tobytes() for draw in draws)
    edm = with_rivals(of(schedule=make_schedule("edm")), {"sampler": "heun"}, {"grid": "karras", "steps": 40})
    equal = [next(run(plan)).y.tobytes() for _, plan in plans_of(edm, facts())]
    assert equal[0] == equal[1] == equal[2], "from one level all start alike"


def test_other_noise_is_named() -> None:
    recipe = with_rivals(of(), {"seed": 5})
    assert same_noise([plan for _, plan in plans_of(recipe, facts())]) == "other noise: seeds 0, 5"
    fork = with_rivals(of(sampler="ddpm"), {"fork": Fork(4, of(sampler="ddpm").course, 2)})
    assert same_noise([plan for _, plan in plans_of(fork, facts())]) == "other noise after a fork"
    old = with_rivals(of(), {"noise": 1})
    assert same_noise([plan for _, plan in plans_of(old, facts())]) == "other noise: versions 1, 2"


def test_a_side_is_the_run_of_its_rival() -> None:
    recipe = with_rivals(of(steps=7), {"sampler": "heun", "steps": 5})
    for side, rival in zip(compared(recipe), rivals_of(recipe), strict=True):
        *_, last = run(resolve(alone(recipe, rival), facts()))
        assert side.name == rival.name and side.trajectory.last.y.tobytes() == last.y.tobytes()
        assert side.evaluations == last.evaluations and len(side.s) == rival.course.steps and side.seconds > 0
        assert side.to_truth is None and all(map(math.isnan, side.rmse)), "from noise there is no truth"


def test_the_error_to_the_exact_ode_falls_with_the_steps() -> None:
    recipe = with_rivals(of(schedule=make_schedule("edm"), grid="karras", sampler="heun", steps=8), {"steps": 32})
    few, many = compared(recipe)
    assert few.fine[0] == pytest.approx(0, abs=1e-4) and len(few.fine) == 9
    assert few.to_fine > 4 * many.to_fine > 0
    plan = few.plan
    y = next(run(plan)).y
    end = denoiser_of(plan).flow(y, plan.levels[0], 0.0)
    *_, last = run(plan)
    assert few.to_fine == pytest.approx(float(np.sqrt(np.mean((last.y - end) ** 2))))


def test_the_fine_run_of_any_model_is_near_the_exact_ode() -> None:
    """A Gaussian that is not known to be one, beside the closed form."""
    recipe = with_rivals(of(schedule=make_schedule("edm"), grid="karras", steps=12), {"sampler": "heun"})
    exact = compared(recipe)
    hidden = []
    for side in exact:
        other = ComparedRun(side.rival, side.plan)
        walk(other, Plain(denoiser_of(side.plan)))
        hidden.append(other)
    for one, other in zip(exact, hidden, strict=True):
        assert other.fine == pytest.approx(one.fine, rel=0.02, abs=2e-4)


class Plain:
    """A denoiser of which only its values are known."""

    kind, noise_range, shape = "posterior mean", (0.0, math.inf), None

    def __init__(self, of: Gaussian) -> None:
        self.of = of

    def __call__(self, y: np.ndarray, s: float) -> np.ndarray:
        return self.of(y, s)


def test_the_truth_and_its_curve_along_a_run_from_the_field() -> None:
    recipe = with_rivals(of(origin="field", level=2.0, steps=24, schedule=make_schedule("edm")), {"sampler": "ddpm"})
    ode, drawn = compared(recipe)
    for side in (ode, drawn):
        assert side.s[0] == pytest.approx(2.0) and len(side.expected) == len(side.rmse) == 24
        assert side.rmse[0] == pytest.approx(float(side.expected[0]), rel=0.2)
        assert side.rmse == pytest.approx(side.expected.tolist(), rel=0.3)
    assert ode.ideal == "the exact ODE" and drawn.ideal == "a perfect sampler of the posterior, exactly"
    step = drawn.trajectory.kept[3]
    assert drawn.rmse[2] == pytest.approx(float(np.sqrt(np.mean((step.x0_hat[0, 0] - drawn.plan.x0) ** 2))), rel=1e-5)
    assert drawn.fine == () and "draws noise" in drawn.why_not_fine and ode.fine


def test_a_run_that_fills_is_measured_where_it_fills() -> None:
    hidden = (Region(46, 126, 8, 8),)
    recipe = with_rivals(of(sampler="repaint", hidden=hidden, steps=6), {"steps": 8})
    side = compared(recipe)[0]
    assert int(side.truth.sum()) == 64 and side.to_truth is not None and side.expected is None
    assert "plain start" in side.ideal and "walks up and down" in side.why_not_fine


def test_a_comparison_can_be_stopped_and_what_is_there_stays() -> None:
    made = Comparison(plans_of(with_rivals(of(steps=50), {"steps": 40}), facts()))
    before = made.tell

    def tell(done: float) -> None:
        made.stopping = done > 0.1
        before(done)

    made.tell = tell
    made.run()
    assert made.state == "stopped" and len(made.sides) == 1 and 5 < len(made.sides[0].trajectory) < 50


def test_what_cannot_be_compared_is_a_sentence() -> None:
    with pytest.raises(UserError, match="1 run cannot be compared") as caught:
        plans_of(of(), facts())
    assert caught.value.hint.startswith("Add a rival")
    with pytest.raises(UserError, match=r"^B: There is no model called 'no such'"):
        recipe = with_rivals(of(), {})
        plans_of(recipe.but(model="no such"), facts())
    assert SAMPLERS["repaint"].path is not None
