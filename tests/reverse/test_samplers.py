"""What every sampler keeps to: resuming, what a step carries, counting, dtypes, both libraries, laziness, the table."""

import inspect
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samplers_twins import IDS, LEVELS, SHAPE, VARIANTS, for_sampler, known_like, model, start, walk

from diffview.errors import UserError
from diffview.forward.noise import STEP, Noise
from diffview.forward.schedules import make_schedule
from diffview.params import parameters
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS, Step, sampler_params


def same(a: Step, b: Step) -> bool:
    """Whether two steps after the first are equal bit for bit."""
    arrays = all((x == y).all() for x, y in ((a.y, b.y), (a.x0_hat, b.x0_hat), (a.eps_hat, b.eps_hat)))
    told = (a.index, a.s, a.s_eval, a.evaluations) == (b.index, b.s, b.s_eval, b.evaluations)
    remembered = all(np.all(x == y) for x, y in zip(a.history, b.history, strict=True))
    return arrays and told and remembered


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_resuming_from_any_step_is_bit_for_bit(name: str, params: dict, dtype: type) -> None:
    y, denoise = start(dtype), for_sampler(name)
    whole = walk(name, denoise, y, LEVELS, seed=4, **params)
    assert [step.index for step in whole] == list(range(len(whole)))
    for k, at in enumerate(whole):
        rest = walk(name, denoise, at.y, LEVELS, seed=4, start=at.index, history=at.history, **params)
        assert rest[0].index == k and rest[0].s == at.s and (rest[0].y == at.y).all()
        assert all(same(a, b) for a, b in zip(rest[1:], whole[k + 1 :], strict=True))


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(VARIANTS), st.integers(1, 12), st.data())
def test_a_run_of_any_length_split_twice_anywhere(variant: tuple[str, dict], count: int, data: st.DataObject) -> None:
    (name, params), y = variant, start(np.float32)
    levels = [*np.geomspace(80, 0.05, count).tolist(), 0.0]
    denoise = for_sampler(name)
    whole = walk(name, denoise, y, levels, seed=1, **params)
    first = whole[data.draw(st.integers(0, len(whole) - 1))]
    middle = walk(name, denoise, first.y, levels, seed=1, start=first.index, history=first.history, **params)
    second = middle[data.draw(st.integers(0, len(middle) - 1))]
    rest = walk(name, denoise, second.y, levels, seed=1, start=second.index, history=second.history, **params)
    assert (rest[-1].y == whole[-1].y).all() and rest[-1].evaluations in (0, whole[-1].evaluations)


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_what_a_step_carries(name: str, params: dict) -> None:
    exact, y = for_sampler(name), start()
    before = y.copy()
    steps = walk(name, exact, y, LEVELS, **params)
    assert (y == before).all(), "the start is not written to"
    assert steps[0].x0_hat is None and steps[0].eps_hat is None and steps[0].evaluations == 0
    places = SAMPLERS[name].places(len(LEVELS) - 1, sampler_params(name, params))
    assert [step.s for step in steps] == [LEVELS[place] for place in places]
    for a, b in pairwise(steps):
        if b.s_eval == a.s:
            np.testing.assert_allclose(b.x0_hat, exact(a.y, a.s), rtol=1e-12)
            np.testing.assert_allclose(b.eps_hat, (a.y - b.x0_hat) / a.s, rtol=1e-9, atol=1e-12)
        else:  # churn evaluates above, on a y with more noise
            assert name == "churn" and a.s < b.s_eval <= a.s * math.sqrt(2) * (1 + 1e-12)
            np.testing.assert_allclose(exact(b.x0_hat + b.s_eval * b.eps_hat, b.s_eval), b.x0_hat, rtol=1e-9)
    end = steps[-1].y == steps[-1].x0_hat
    assert (end if name != "repaint" else end | known_like(y)[0]).all(), "a run ends on x0_hat, without noise"


@pytest.mark.parametrize("count", [1, 2, 7, 23])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_evaluations_are_the_calls_made(name: str, params: dict, count: int) -> None:
    calls = 0
    exact = for_sampler(name)

    class Counted:
        noise_range = exact.noise_range
        variance_fraction = staticmethod(getattr(exact, "variance_fraction", None))

        def __call__(self, y: np.ndarray, s: float) -> np.ndarray:
            nonlocal calls
            calls += 1
            return exact(y, s)

    levels = [*np.geomspace(80, 0.05, count).tolist(), 0.0]
    y = start()
    extras = {"known": known_like(y)} if name == "repaint" else {}
    for step in SAMPLERS[name].run(Counted(), y, levels, Noise(0, SHAPE, like=y), **params, **extras):
        assert step.evaluations == calls
    assert step.s == 0 and calls == SAMPLERS[name].evaluations(count, sampler_params(name, params))


@pytest.mark.parametrize("kind", ["float32", "float64"])
@pytest.mark.parametrize("library", ["numpy", "torch"])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_dtypes_stay(name: str, params: dict, library: str, kind: str) -> None:
    import torch

    y = start(np.dtype(kind).type)
    y = torch.from_numpy(y) if library == "torch" else y
    for step in walk(name, for_sampler(name), y, LEVELS, **params):
        for array in (step.y, step.x0_hat, step.eps_hat, *step.history):
            whole = type(array) is type(y) and array.dtype == y.dtype and array.shape == SHAPE
            assert array is None or type(array) is float or whole
        assert type(step.s) is float and step.s_eval.__class__ in (float, type(None))


@pytest.mark.parametrize("count", [1, 2, 10, 10_000])
@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_runs_of_one_two_ten_and_ten_thousand_steps(name: str, params: dict, count: int) -> None:
    """On the levels of real schedules, cosine's tiny steps in ln s among them: finite, and many give the data's law."""
    denoise = for_sampler(name)
    y = start(shape=(1, 1, 4, 4))
    for key in ("cosine", "edm") if count < 10_000 else ("cosine",):
        schedule = make_schedule(key)
        levels = make_levels(schedule, "uniform", count)
        short = {"jump": 1000, "resamplings": 2} if name == "repaint" and count == 10_000 else {}
        last = walk(name, denoise, y * (levels[0] / 80), levels, **{**params, **short})[-1]
        assert last.s == 0 and np.isfinite(last.y).all()
        assert count < 10_000 or np.abs(last.y).max() < 20


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_numpy_and_torch_give_the_same_picture(name: str, params: dict) -> None:
    import torch

    y = start(np.float32, 2, (3, 1, 16, 20))
    denoise = for_sampler(name, 16, 20)
    ours = walk(name, denoise, y, LEVELS, **params)
    theirs = walk(name, denoise, torch.from_numpy(y), LEVELS, **params)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.y, b.y.numpy(), rtol=0, atol=1e-5 * max(1.0, a.s))


@pytest.mark.parametrize(("name", "params"), VARIANTS, ids=IDS)
def test_only_stochastic_runs_draw(name: str, params: dict) -> None:
    drawn = []

    def noise(stream: int, index: int) -> np.ndarray:
        drawn.append((stream, index))
        return np.zeros(SHAPE)

    y = start()
    extras = {"known": known_like(y)} if name == "repaint" else {}
    list(SAMPLERS[name].run(for_sampler(name), y, LEVELS, noise, **params, **extras))
    assert bool(drawn) == SAMPLERS[name].draws(sampler_params(name, params))
    assert len(drawn) == len(set(drawn)), "no noise is used twice"
    if name not in ("repaint", "churn"):
        assert drawn in ([], [(STEP, i) for i in range(len(LEVELS) - 2)])


def test_stepping_is_lazy() -> None:
    exact = model()
    run = SAMPLERS["euler"].run(exact, start(), LEVELS, Noise(0, SHAPE))
    next(run)
    assert exact.calls == 0
    next(run)
    assert exact.calls == 1


def test_the_table_describes_the_samplers() -> None:
    assert {name for name, _ in VARIANTS} == set(SAMPLERS)
    for name, info in SAMPLERS.items():
        names = {p.name for p in parameters(info.step)}
        assert {info.silent, *(name for name, _, _ in info.also)} - {""} <= names
        assert info.step.__name__ == name and info.title and inspect.isgeneratorfunction(info.run)
        assert list(inspect.signature(info.run).parameters)[:6] == [
            "denoise",
            "y",
            "levels",
            "noise",
            "start",
            "history",
        ]


@pytest.mark.parametrize(
    ("key", "params"),
    [("rk45", {}), ("ddim", {"eta": 1.5}), ("ddim", {"variance": "small"}), ("ddpm", {"variance": "?"})],
)
def test_bad_parameters_are_user_errors(key: str, params: dict) -> None:
    with pytest.raises(UserError):
        sampler_params(key, params)


def test_parameters_are_completed() -> None:
    assert sampler_params("ddim", {}) == {"eta": 0.0}
    assert sampler_params("ddpm", {"variance": "large"}) == {"variance": "large"}
    assert sampler_params("heun", {}) == {}


def test_ddim_of_eta_1_survives_rounding() -> None:
    """c = s' sqrt(s^2 - s'^2)/s rounds to above s' where s'/s is tiny."""
    levels = [948083.0, 474041.500005, 1e-5, 0.0]
    steps = list(
        SAMPLERS["ddim"].run(lambda y, s: y / (1 + s * s), np.ones((1, 1, 2, 2)), levels, lambda *_: 0.0, eta=1.0)
    )
    assert np.isfinite(steps[-1].y).all()
