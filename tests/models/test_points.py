"""Points on the course of a run, and a small network that learns them, against the samplers and the exact law."""

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.forward.brownian import ForwardPath
from diffview.forward.noise import Noise
from diffview.forward.presets import Linear
from diffview.learning.points import PointTrainer
from diffview.models.point_net import PointNet, estimate, first_weights
from diffview.models.shapes import BELLS, LAWS, SHAPES, shape_law
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS
from diffview.reverse.step_law import humps, step_law
from diffview.runs.groups import Course
from diffview.runs.point_runs import PointRun, Walker, levels_of
from diffview.runs.view import View


def law_of(bells):
    from diffview.story.taught import law_of

    return law_of(bells)


def test_a_run_of_points_is_the_run_of_the_sampler():
    law, course = law_of(BELLS), Course(sampler="ddpm", steps=9, seed=4)
    run = PointRun(law, course, 6, 1, Walker.of(course))
    run.run()
    assert run.state == "finished" and run.levels == levels_of(course) == make_levels(Linear(), "uniform", 9)
    whole = Noise(4, (1, 6, 1), version=course.noise)
    noise = lambda stream, index: whole(stream, index).reshape(6, 1, 1, 1)  # noqa: E731
    y = noise(0, 0) * np.float32(run.levels[0])
    steps = list(SAMPLERS["ddpm"].run(law, y, run.levels, noise, variance="small"))
    for step, state in zip(steps, run.states, strict=True):
        np.testing.assert_array_equal(np.float32(step.y).reshape(6, 1), state)


def test_it_starts_where_the_points_that_spread_end():
    course = Course(sampler="ddim", steps=5, seed=9)
    run = PointRun(shape_law(SHAPES["moons"]()), course, 50, 2, Walker.of(course))
    run.run()
    path = ForwardPath(9, (50, 2), "closed", noise=course.noise)
    np.testing.assert_allclose(run.states[0], path(run.levels[0]), rtol=1e-6)


def test_the_recipes_sampler_is_one_of_the_pair_and_points_need_no_gaps():
    steady, noisy = Walker.pair(Course(sampler="ddim"))
    assert (steady.info.title, noisy.info.title) == ("DDIM", "DDPM") and noisy.noisy and not steady.noisy
    steady, noisy = Walker.pair(Course(sampler="ancestral"))
    assert (steady.info.title, noisy.info.title) == ("Heun", "Ancestral")
    assert Walker.of(Course(sampler="repaint")).info.title == "DDPM"
    assert Walker.of(Course(sampler="ddpm", sampler_params=(("variance", "learned"),))).params["variance"] == "small"


@pytest.mark.parametrize("name", [*LAWS])
def test_ode_and_sde_end_in_the_law(name):
    law, course = law_of(LAWS[name][1]), Course(steps=200)
    for walker in Walker.pair(course):
        run = PointRun(law, course, 4000, 1, walker)
        run.run()
        x_0 = np.sort(run.states[-1][:, 0])
        truth = np.sort(law.sample(40_000, 1)[:, 0, 0, 0])
        apart = np.abs(np.interp(np.linspace(0, 1, 400), np.linspace(0, 1, 4000), x_0) - truth[::100]).mean()
        assert apart < 0.08, (name, walker.info.title)


@pytest.mark.parametrize("share", [0.02, 0.9])
def test_a_step_back_is_a_bell_only_if_it_is_small(share):
    law = law_of(BELLS)
    s = 1.5
    found = step_law(law, 0.0, s, (1 - share) * s, Linear())
    assert found.density.sum() * (found.x[1] - found.x[0]) == pytest.approx(1, abs=1e-3)
    assert found.humps == (1 if share < 0.5 else 2)
    assert (found.missed < 0.01) == (share < 0.5)


def test_of_one_bell_no_gaussian_misses_anything():
    found = step_law(law_of(LAWS["one"][1]), 0.4, 2.0, 0.3, Linear())
    assert found.humps == 1 and found.missed < 1e-3
    assert found.beta == pytest.approx(1 - 1.09 / 5)


def test_humps_are_counted():
    x = np.linspace(-5, 5, 1000)
    assert humps(np.exp(-(x**2))) == 1
    assert humps(np.exp(-((x - 2) ** 2)) + np.exp(-((x + 2) ** 2))) == 2


def test_the_network_begins_as_what_knows_only_the_variance():
    y = np.random.default_rng(0).standard_normal((5, 1, 1, 2)).astype(np.float32)
    net = PointNet(first_weights(2, 0))
    np.testing.assert_allclose(net(y, 0.7), y / (1 + 0.7**2), rtol=1e-6)
    assert net.shape == (1, 1, 2)
    np.testing.assert_allclose(net.score(y, 0.7), -y / (1 + 0.7**2), rtol=1e-5)


def test_it_is_the_same_on_arrays_and_tensors():
    import torch

    rng = np.random.default_rng(1)
    weights = [(rng.standard_normal(m.shape).astype(np.float32), o) for m, o in first_weights(2, 3)]
    y, ln_s = rng.standard_normal((7, 2)).astype(np.float32), np.full((7, 1), -0.3, np.float32)
    tensors = [(torch.from_numpy(m), torch.from_numpy(o)) for m, o in weights]
    there = estimate(tensors, torch.from_numpy(y), torch.from_numpy(ln_s)).numpy()
    np.testing.assert_allclose(estimate(weights, y, ln_s), there, rtol=1e-4, atol=1e-5)


def test_what_it_learns_comes_near_the_exact_estimate():
    law = shape_law(SHAPES["bells"]())
    points = law.sample(2000).reshape(2000, 2)
    trainer = PointTrainer(points, Linear())
    first = trainer.learn(0.01)
    while trainer.step <= 900:  # however long a loaded machine takes
        trainer.learn(0.2)
    learnt = trainer.learnt()
    assert learnt.curve[1][-1] < 0.75 * first
    y = law.sample(500, 3).astype(np.float32) + 0.3 * np.random.default_rng(5).standard_normal((500, 1, 1, 2))
    y = y.astype(np.float32)
    exact, untrained = law(y, 0.3), PointNet(first_weights(2, 0))(y, 0.3)
    error = np.mean((learnt.net(y, 0.3) - exact) ** 2)
    assert error < 0.4 * np.mean((untrained - exact) ** 2)


@pytest.mark.parametrize(
    "wrong",
    [{"bells": ()}, {"bells": ((1.0, 0.0, 0.0),)}, {"cloud_lines": (((0.0, 99.0),),)}, {"cloud": "star"}],
)
def test_what_is_no_law_and_no_drawing_is_refused(wrong):
    with pytest.raises(UserError):
        View(**wrong)
