"""Recorded runs: bounded memory, and exact steps."""

import numpy as np
import pytest

from diffview.forward.noise import Noise
from diffview.models.gaussian import Gaussian
from diffview.reverse.samplers import SAMPLERS, Step
from diffview.reverse.trajectory import Trajectory

SHAPE = (2, 1, 16, 16)
LEVELS = [*np.geomspace(80, 0.05, 60).tolist(), 0.0]
DENOISE = Gaussian(0.0, np.ones((16, 9)), 16)
Y = (80 * np.random.default_rng(0).standard_normal(SHAPE)).astype(np.float32)
ONE_STEP = 3 * Y.nbytes


def steps(name: str = "ddim", after: Step | None = None, **params: object) -> list[Step]:
    resume = {} if after is None else {"start": after.index, "history": after.history}
    y = Y if after is None else after.y
    return list(SAMPLERS[name].run(DENOISE, y, LEVELS, Noise(1, SHAPE), **resume, **params))


def recorded(bound: int, run: list[Step]) -> Trajectory:
    trajectory = Trajectory(bound)
    for step in run:
        trajectory.append(step)
        assert trajectory.bytes <= max(bound, 2 * ONE_STEP)
        assert trajectory.last.index == step.index and len(trajectory) == step.index + 1
    return trajectory


def test_everything_is_kept_while_there_is_room() -> None:
    run = steps()
    trajectory = recorded(10**9, run)
    assert trajectory.stride == 1 and [s.index for s in trajectory.kept] == list(range(61))
    assert run[-1].y is run[-1].x0_hat and trajectory.bytes == (61 + 2 * 60 - 1) * Y.nbytes, "shared arrays count once"


@pytest.mark.parametrize("bound", [0, ONE_STEP, 5 * ONE_STEP, 20 * ONE_STEP, 40 * ONE_STEP])
def test_the_bound_is_kept_by_thinning_evenly(bound: int) -> None:
    trajectory = recorded(bound, steps())
    indices = [s.index for s in trajectory.kept]
    assert indices == sorted({*range(0, 61, trajectory.stride), 60})
    assert trajectory.stride in (2, 4, 8, 16, 32, 64)
    if bound >= 5 * ONE_STEP:  # not thinner than it must be
        assert 2 * (60 // trajectory.stride + 1) * ONE_STEP > bound * 0.8


@pytest.mark.parametrize(("name", "params"), [("ddim", {}), ("ddim", {"eta": 0.7}), ("ddpm", {}), ("heun", {})])
def test_a_thinned_step_is_recomputed_exactly(name: str, params: dict) -> None:
    run = steps(name, **params)
    trajectory = recorded(7 * ONE_STEP, run)
    calls = []

    def go_on(after: Step, index: int) -> Step:
        calls.append(index - after.index)
        return next(s for s in steps(name, after, **params) if s.index == index)

    for index in (0, 1, 7, 8, 30, 59, 60):
        step, wanted = trajectory.at(index, go_on), run[index]
        assert (step.y == wanted.y).all() and step.s == wanted.s and step.evaluations == wanted.evaluations
        assert (step.x0_hat is None and index == 0) or (step.x0_hat == wanted.x0_hat).all()
    assert calls and max(calls) < trajectory.stride


def test_what_was_not_reached_is_an_index_error() -> None:
    trajectory = recorded(10**9, steps()[:10])
    for index in (-1, 10, 60):
        with pytest.raises(IndexError):
            trajectory.at(index, lambda step, i: step)
    with pytest.raises(IndexError):
        Trajectory().at(0, lambda step, i: step)
    assert len(Trajectory()) == 0 and Trajectory().last is None and Trajectory().kept == []


def test_nearest() -> None:
    trajectory = recorded(7 * ONE_STEP, steps())
    stride = trajectory.stride
    assert trajectory.nearest(stride + 1).index == stride
    assert trajectory.nearest(60).index == 60
    assert trajectory.nearest(-3).index == 0 and trajectory.nearest(1000).index == 60
    for index in range(61):
        best = min(abs(step.index - index) for step in trajectory.kept)
        assert abs(trajectory.nearest(index).index - index) == best
    with pytest.raises(IndexError):
        Trajectory().nearest(0)


@pytest.mark.parametrize("bound", [7 * ONE_STEP, 1000 * ONE_STEP])
@pytest.mark.parametrize("most", [1, 4, 10, 61, 500])
def test_spread(bound: int, most: int) -> None:
    trajectory = recorded(bound, steps())
    indices = [step.index for step in trajectory.spread(most, 60)]
    assert indices[0] == 0 and indices[-1] == 60 and len(indices) <= most + 2
    assert len(set(np.diff(indices[:-1]).tolist())) <= 1, "not even"
    assert Trajectory().spread(most, 60) == []
    half = recorded(bound, steps()[:31])
    assert {step.index for step in half.spread(most, 60)} <= set(range(31))
    more = [step.index for step in trajectory.spread(most, 60, also=(24, 25, 99))]
    kept = {step.index for step in trajectory.kept}
    assert more == sorted({*indices, *({24, 25} & kept)})


def test_tensors_are_kept_as_arrays() -> None:
    import torch

    trajectory = Trajectory()
    y = torch.from_numpy(Y)
    for step in SAMPLERS["ddpm"].run(DENOISE, y, LEVELS, Noise(1, SHAPE, like=y)):
        trajectory.append(step)
    assert all(type(s.y) is np.ndarray for s in trajectory.kept)
    np.testing.assert_allclose(trajectory.last.y, steps("ddpm")[-1].y, atol=1e-4)


@pytest.mark.parametrize("name", ["dpmpp_2m", "unipc", "plms", "dpmpp_2m_sde"])
def test_a_recorded_run_of_tensors_goes_on_bit_for_bit(name: str) -> None:
    """What is recorded are arrays; `run` takes them, and the solver's history, back to the engine of the plan."""
    from diffview.fields.field import Field
    from diffview.runs.facts import Facts
    from diffview.runs.recipe import Recipe
    from diffview.runs.resolve import resolve
    from diffview.runs.run import run

    values = np.random.default_rng(0).standard_normal((32, 32)).astype(np.float32).cumsum(0).cumsum(1)
    wish = Recipe.of(model="gaussian", sampler=name, steps=9, device="cpu")
    plan = resolve(wish, Facts(Field(values, "tb", "K"), torch="2", devices=("cpu",)))
    whole = list(run(plan))
    trajectory = recorded(10**9, whole)
    for kept in trajectory.kept[:-1]:
        assert all(isinstance(h, (float, np.ndarray)) for h in kept.history)
        assert (list(run(plan, after=kept))[-1].y == whole[-1].y).all()
