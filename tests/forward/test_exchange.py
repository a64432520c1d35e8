"""Schedules in and out of other programs: their published formulas, exact round trips, and what is refused."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diffview.errors import UserError
from diffview.forward import mine
from diffview.forward.exchange import ALL_FORMATS, LEVEL_FORMATS, export, imported, to_plain, to_sigmas
from diffview.forward.schedules import SCHEDULES, Edm, Flow, Linear, VarianceExploding
from diffview.forward.walks import BY_LEVEL, WALKS, WATCHED
from diffview.reverse.grids import make_levels


def read(**plain: object):
    return imported(json.dumps(plain))


@pytest.mark.parametrize("key", SCHEDULES)
def test_a_schedule_in_its_own_parameters_is_the_same_value(key: str) -> None:
    schedule = SCHEDULES[key]()
    assert imported(to_plain(schedule, "a name")).schedule == schedule


# -- the formulas of the other programs, as their authors wrote them


def k_diffusion_karras(n: int, low: float, high: float, rho: float = 7.0) -> np.ndarray:
    """get_sigmas_karras of k-diffusion."""
    ramp = np.linspace(0, 1, n)
    sigmas = (high ** (1 / rho) + ramp * (low ** (1 / rho) - high ** (1 / rho))) ** rho
    return np.append(sigmas, 0.0)


def k_diffusion_exponential(n: int, low: float, high: float) -> np.ndarray:
    """get_sigmas_exponential of k-diffusion."""
    return np.append(np.exp(np.linspace(math.log(high), math.log(low), n)), 0.0)


def k_diffusion_vp(n: int, beta_d: float = 19.9, beta_min: float = 0.1, eps: float = 1e-3) -> np.ndarray:
    """get_sigmas_vp of k-diffusion."""
    t = np.linspace(1, eps, n)
    return np.append(np.sqrt(np.exp(beta_d * t**2 / 2 + beta_min * t) - 1), 0.0)


def edm(num_steps: int, sigma_min: float, sigma_max: float, rho: float) -> np.ndarray:
    """The levels of EDM's generate, and of PhysicsNeMo and anemoi (karras): eq. 5 of Karras et al. 2022."""
    i = np.arange(num_steps)
    levels = sigma_max ** (1 / rho) + i / (num_steps - 1) * (sigma_min ** (1 / rho) - sigma_max ** (1 / rho))
    return np.append(levels**rho, 0.0)


def physicsnemo_ve(num_steps: int, low: float, high: float) -> np.ndarray:
    """discretization "ve" of PhysicsNeMo's deterministic sampler: sigma = sqrt(t)."""
    i = np.arange(num_steps)
    return np.append(np.sqrt(high**2 * (low**2 / high**2) ** (i / (num_steps - 1))), 0.0)


@pytest.mark.parametrize(
    "sigmas",
    [
        k_diffusion_karras(10, 0.1, 80.0),
        k_diffusion_exponential(7, 0.03, 14.6),
        k_diffusion_vp(20),
        np.array([3.0, 1.0, 0.0]),
    ],
)
@pytest.mark.parametrize("written", [lambda s: json.dumps(s.tolist()), lambda s: "\n".join(map(repr, s.tolist())),
                                     lambda s: json.dumps({"sigmas": s.tolist()})])  # fmt: skip
def test_sigmas_are_levels_and_rows_of_a_schedule(sigmas: np.ndarray, written) -> None:
    found = imported(written(sigmas))
    assert found.levels == tuple(sigmas.tolist()) and found.notes == ()
    n = len(sigmas) - 1
    np.testing.assert_allclose(found.schedule.noise_level(np.arange(n, 0, -1) / n), sigmas[:-1], rtol=1e-12)
    np.testing.assert_allclose(make_levels(found.schedule, "uniform", n), sigmas, rtol=1e-12)
    assert imported(to_sigmas(found.levels)) == found, "and to a file again, to the bit"


@given(
    n=st.integers(3, 60), low=st.floats(1e-3, 0.5), high=st.floats(2.0, 1e4), rho=st.floats(1.0, 20.0),
    form=st.sampled_from(["edm", "physicsnemo", "anemoi"]),
)  # fmt: skip
def test_settings_of_levels_give_them_back(n: int, low: float, high: float, rho: float, form: str) -> None:
    levels = make_levels(Edm(low, high, rho), "karras", n, rho=rho)
    np.testing.assert_allclose(levels, edm(n, low, high, rho), rtol=1e-12, atol=1e-15 * high)
    text = export(Edm(low, high, rho), form, 1000, lambda: levels)
    again = imported(text)
    np.testing.assert_allclose(again.levels, levels, rtol=2e-9)
    assert again.schedule.sigma_max == levels[0]


def test_round_settings_are_exact() -> None:
    found = read(sigma_min=0.02, sigma_max=100.0, rho=7.0, num_steps=50)
    np.testing.assert_allclose(found.levels, edm(50, 0.02, 100.0, 7.0), rtol=1e-12)
    assert found.schedule == Edm(0.02, 100.0, 7.0)
    written = json.loads(export(found.schedule, "edm", 1000, lambda: found.levels))
    assert written == {"num_steps": 50, "sigma_min": pytest.approx(0.02, rel=1e-14), "sigma_max": 100.0, "rho": 7.0}


def test_published_levels_of_edm() -> None:
    """The first levels of 18 steps from 80 to 0.002, as the paper's code prints them."""
    wanted = [80.0, 57.586, 40.7855, 28.3749, 19.3525, 12.9098]
    np.testing.assert_allclose(read(rho=7, num_steps=18).levels[:6], wanted, rtol=1e-4)


def test_anemoi_and_physicsnemo_are_read_by_their_own_words() -> None:
    karras = {"schedule_type": "karras", "sigma_max": 100.0, "sigma_min": 0.02, "rho": 7.0, "num_steps": 50}
    whole = read(inference_defaults={"sampling_schedule": karras, "sampler": {"sampler": "heun"}})
    assert whole == read(**karras) and whole.levels == pytest.approx(edm(50, 0.02, 100.0, 7.0), rel=1e-12)
    exponential = read(schedule_type="exponential", sigma_max=1000.0, sigma_min=0.03, num_steps=20)
    np.testing.assert_allclose(exponential.levels, k_diffusion_exponential(20, 0.03, 1000.0), rtol=1e-12)
    linear = read(schedule_type="linear", sigma_max=10.0, sigma_min=1.0, num_steps=4)
    np.testing.assert_allclose(linear.levels, [10.0, 7.0, 4.0, 1.0, 0.0], rtol=1e-12)
    ve = read(discretization="ve", sigma_min=0.02, sigma_max=100.0, num_steps=12, S_churn=2.5)
    np.testing.assert_allclose(ve.levels, physicsnemo_ve(12, 0.02, 100.0), rtol=1e-12)
    assert ve.notes == ("S_churn says how a run steps: choose that here by the sampler.",)
    for found, form in ((exponential, "anemoi"), (linear, "anemoi"), (ve, "physicsnemo")):
        again = imported(export(found.schedule, form, 1000, lambda found=found: found.levels))
        np.testing.assert_allclose(again.levels, found.levels, rtol=1e-12)


def anemoi_cosine(n: int, low: float, high: float, s: float = 0.008) -> np.ndarray:
    """CosineScheduler of anemoi-models."""
    t = np.linspace(*((2 * math.atan(sigma) / math.pi) * (1 + s) - s for sigma in (high, low)), n)
    alpha_bar = np.cos((t + s) / (1 + s) * np.pi / 2) ** 2
    return np.append(np.sqrt((1 - alpha_bar) / alpha_bar), 0.0)


def physicsnemo_iddpm(n: int, low: float, high: float, m: int, c_1: float = 0.001, c_2: float = 0.008) -> np.ndarray:
    """discretization "iddpm" of EDM and PhysicsNeMo, in numbers long enough for what cancels."""
    j = np.arange(m + 1, dtype=np.longdouble)
    alpha_bar = np.sin(np.longdouble(np.pi) / 2 * j / m / (np.longdouble(c_2) + 1)) ** 2
    u = np.zeros(m + 1, dtype=np.longdouble)
    for i in range(m, 0, -1):
        u[i - 1] = np.sqrt((u[i] ** 2 + 1) / max(alpha_bar[i - 1] / alpha_bar[i], c_1) - 1)
    u = u[(u >= low) & (u <= high)]
    return np.append(u[np.round((len(u) - 1) / (n - 1) * np.arange(n)).astype(int)], 0.0).astype(np.float64)


@pytest.mark.parametrize("n", [2, 7, 18])
def test_the_other_formulas_of_anemoi_and_physicsnemo_are_theirs(n: int) -> None:
    found = read(schedule_type="cosine", sigma_max=88.0, sigma_min=0.03, num_steps=n, s=0.008)
    np.testing.assert_allclose(found.levels, anemoi_cosine(n, 0.03, 88.0), rtol=1e-10)  # their cosine cancels near 0
    np.testing.assert_allclose(found.levels[:-1], np.tan(np.linspace(math.atan(88), math.atan(0.03), n)), rtol=1e-12)
    assert "Early versions" in found.notes[0] and len(found.schedule.discrete(n).beta) == n
    found = read(discretization="vp", num_steps=n)
    np.testing.assert_allclose(found.levels, k_diffusion_vp(n), rtol=1e-12, atol=1e-13)
    found = read(discretization="iddpm", num_steps=n, C_2=0.01)
    np.testing.assert_allclose(found.levels, physicsnemo_iddpm(n, 0.002, 81.0, 1000, c_2=0.01), rtol=1e-12)
    found = read(discretization="iddpm", num_steps=n, M=200, C_1=0.9, sigma_max=30.0, S_noise=1.0)
    np.testing.assert_allclose(found.levels, physicsnemo_iddpm(n, 0.002, 30.0, 200, c_1=0.9), rtol=1e-12)
    assert found.notes == ("S_noise says how a run steps: choose that here by the sampler.",)


@pytest.mark.parametrize(("high", "low"), [(None, None), (4, 6), (7, 3)])
def test_pieces_of_anemoi_meet_once(high: int | None, low: int | None) -> None:
    more = {} if high is None else {"num_steps_high": high, "num_steps_low": low}
    found = read(schedule_type="experimental_sampler", sigma_max=1000.0, sigma_min=0.02, num_steps=10,
                 sigma_transition=5.0, rho_low=4.0, **more)  # fmt: skip
    high, low = (5, 5) if high is None else (high, low)
    above = k_diffusion_exponential(high + 1, 5.0, 1000.0)[:-1]
    below = k_diffusion_karras(low, 0.02, 5.0, 4.0)[1:]
    np.testing.assert_allclose(found.levels, [*above, *below], rtol=1e-12)
    assert len(found.levels) == 11


SETTINGS = """
# a training of anemoi
model:
  model:
    diffusion:
      sigma_data: 1.0
      sigma_max: 100.0
      sigma_min: 2e-2
      inference_defaults:
        noise_scheduler:
          schedule_type: "karras"
          sigma_max: 8e+1
          sigma_min: 2e-2
          rho: 7
          num_steps: 12
        diffusion_sampler: {sampler: heun, S_churn: 0.0}
"""


def test_settings_in_yaml_are_read_wherever_they_lie() -> None:
    assert imported(SETTINGS) == read(schedule_type="karras", sigma_max=80.0, sigma_min=0.02, rho=7, num_steps=12)
    args = "sampler_args:\n  num_steps: 9\n  sigma_min: 0.002\n  sigma_max: 800.\n  rho: 7\n  S_churn: 0.0\n"
    np.testing.assert_allclose(imported(args).levels, edm(9, 0.002, 800.0, 7.0), rtol=1e-12)
    target = "_target_: physicsnemo.diffusion.noise_schedulers.VENoiseScheduler\nsigma_max: 50.0\n"
    np.testing.assert_allclose(imported(target, 7).levels, physicsnemo_ve(7, 0.02, 50.0), rtol=1e-12)
    assert imported("_class_name: DDIMScheduler\n", 5) == imported('{"_class_name": "DDIMScheduler"}', 5)
    assert imported("sigmas: [3.0, 1e-1, 0]\n").levels == (3.0, 0.1, 0.0)


def test_a_list_of_sigmas_in_yaml_is_that_list() -> None:
    assert imported("# of a run\n- 10\n- 2.5\n- 1e-2\n- 0\n") == imported("[10, 2.5, 1e-2, 0]")
    assert imported("sigmas:\n- 10\n- 2.5\n- 0\n").levels == (10, 2.5, 0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("optimiser: adam\nlr: 0.1\n", "hold no noise levels"), ("sigma_max: [1,\n", "is no YAML"),
        ("sigma_max: !!python/object/apply:os.system ['true']\n", "is no YAML"),
        ("sigma_max: ${model.sigma}\n", "sigma_max cannot be"), ("model: &a\n  model: *a\n", "hold no noise levels"),
        ("rho: 7\n" + "#" * 300_000, "too long"), ("sigma_max: 80\ncolour: red\n", "unknown key, 'colour'"),
        ("- a: 1\n- b: 2\n", "hold no noise levels"), ("schedule_type: karras\n1: 2\n", "unknown key, '1'"),
    ],
)  # fmt: skip
def test_yaml_that_is_no_settings_is_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence.replace("'", ".")) as caught:
        imported(text)
    assert caught.value.sentence.endswith(".") and caught.value.hint.endswith(".")


def test_configs_without_betas_are_read_too() -> None:
    found = read(_class_name="EDMEulerScheduler", sigma_max=50.0, rho=5.0)
    assert found.schedule == Edm(0.002, 50.0, 5.0) and found.levels == pytest.approx(
        edm(18, 0.002, 50.0, 5.0), rel=1e-12
    )
    assert read(_class_name="EDMEulerScheduler", sigma_schedule="exponential").schedule == VarianceExploding(
        0.002, 80.0
    )
    flow = imported(json.dumps({"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}), 4)
    assert flow.schedule == Flow(shift=3.0) and len(flow.levels) == 5 and "shifted twice" in flow.notes[0]
    t = np.linspace(0.1, 0.9, 9)
    u = 3 * t / (1 + 2 * t)
    np.testing.assert_allclose(flow.schedule(t)[1], u, rtol=1e-12)
    np.testing.assert_allclose(flow.schedule(t)[0], 1 - u, rtol=1e-12)


def test_a_config_brings_what_it_executes() -> None:
    found = imported(json.dumps({"_class_name": "DDIMScheduler", "use_karras_sigmas": True}), 10)
    assert found.schedule == Linear() and len(found.levels) == 11
    assert [note.split()[2] for note in found.notes if "passes" in note] == ["over"]
    inverse = read(_class_name="DDIMInverseScheduler")
    assert inverse.levels == () and inverse.schedule == Linear() and "up to noise" in inverse.notes[0]
    cosine = read(_class_name="CosineDPMSolverMultistepScheduler")
    assert cosine.schedule == VarianceExploding(0.3, 500.0) and cosine.levels[0] == pytest.approx(500.0)


EVERYWHERE = {
    "num_train_timesteps", "beta_start", "beta_schedule", "trained_betas", "use_dynamic_shifting", "sigma_schedule",
    "schedule_type", "sigmas", "num_steps", "discretization", "noise_scheduler", "diffview_schedule",
}  # fmt: skip

BAD = {
    "rising sigmas": [1.0, 2.0, 0.0], "only zero": [0.0], "nan": [3.0, float("nan")], "equal sigmas": [2.0, 2.0, 0.0],
    "an unknown key": {"sigma_max": 10.0, "sigma_mid": 1.0}, "the wrong way": {"sigma_max": 1.0, "sigma_min": 2.0},
    "a word": {"sigma_max": "large"}, "no such type": {"schedule_type": "sigmoid", "sigma_max": 10.0},
    "no such discretization": {"discretization": "vesde"}, "pieces apart": {"schedule_type": "experimental_sampler",
    "sigma_transition": 200.0}, "pieces of other steps": {"schedule_type": "experimental_sampler", "num_steps": 9,
    "num_steps_low": 9}, "no such piece": {"schedule_type": "experimental_sampler", "low_schedule_type": "cosine"},
    "levels of none": {"discretization": "iddpm", "M": "all"}, "a step of vp": {"discretization": "vp", "num_steps": 1},
    "more steps than levels": {"discretization": "iddpm", "M": 9, "num_steps": 19},
    "another class": {"_target_": "physicsnemo.diffusion.noise_schedulers.VPNoiseScheduler", "rho": 7.0},
    "half a step": {"sigma_max": 80.0, "num_steps": 1.5},
    "a damaged one": {"diffview_schedule": [1]}, "an unknown schedule": {"diffview_schedule": {"key": "round"}},
    "an unknown key beside it": {"diffview_schedule": {"key": "linear"}, "colour": 1},
    "an unknown parameter": {"diffview_schedule": {"key": "linear", "colour": 1}},
    "an unknown key of a config": {"_class_name": "DDIMScheduler", "beta_shape": "round"},
    "another kind of config": {"_class_name": "UNet2DModel"},
    "a class that is no name": {"_class_name": ["DDIMScheduler"]},
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_no_schedule_is_a_sentence(what: str) -> None:
    with pytest.raises(UserError) as caught:
        imported(json.dumps(BAD[what]))
    assert caught.value.sentence.endswith(".") and caught.value.hint.endswith(".")


VALUES = st.sampled_from(
    [None, True, 0, -1, 2, 3.5, 1e300, -1e300, 1e-300, "linspace", "x", [], [1, 2], {}, 10**30, math.inf, math.nan]
)


@given(
    name=st.sampled_from([*WALKS, *BY_LEVEL, 3, None, [], {}]),
    config=st.dictionaries(st.sampled_from(sorted(WATCHED | EVERYWHERE)), VALUES, max_size=4),
    steps=st.sampled_from([None, 1, 5, 50]),
)
def test_whatever_is_in_a_config_the_answer_is_levels_or_a_sentence(name, config, steps) -> None:
    for text in (json.dumps({"_class_name": name, **config}), json.dumps(config)):
        try:
            levels = imported(text, steps).levels
        except UserError as error:
            assert error.sentence.endswith(".")
        else:
            assert all(s >= 0 for s in levels)


@pytest.mark.parametrize("form", LEVEL_FORMATS)
def test_levels_that_are_not_those_of_a_formula_are_refused(form: str) -> None:
    levels = [50.0, 3.0, 2.0, 0.1, 0.0]
    if form == "sigmas":
        assert imported(export(Linear(), form, 1000, lambda: levels)).levels == tuple(levels)
        return
    with pytest.raises(UserError, match=r"not Karras'.*miss level") as caught:
        export(Linear(), form, 1000, lambda: levels)
    assert caught.value.hint.endswith(".")
    with pytest.raises(UserError, match="no format"):
        export(Linear(), "yaml", 10, lambda: levels)
    assert form in ALL_FORMATS


# -- mine


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr(mine, "user_folder", lambda kind: tmp_path / "data")
    monkeypatch.setattr(mine, "not_kept", lambda kind: "")
    (tmp_path / "data").mkdir()


@pytest.mark.parametrize("key", SCHEDULES)
def test_what_was_saved_is_loaded(key: str, home) -> None:
    assert mine.save(f" a/b: {key} ü ", SCHEDULES[key]()) == f"a/b: {key} ü"
    assert mine.names() == [f"a/b: {key} ü"] and mine.load(mine.names()[0]) == SCHEDULES[key]()
    mine.save(mine.names()[0], Linear(beta_end=0.1))
    assert mine.load(mine.names()[0]) == Linear(beta_end=0.1), "in the place of the older one"
    mine.remove(mine.names()[0])
    assert mine.names() == []


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\nb", "linear"])
def test_what_is_no_name_is_a_sentence(name: str, home) -> None:
    with pytest.raises(UserError) as caught:
        mine.save(name, Linear())
    assert caught.value.sentence.endswith(".") and mine.names() == []
    for do in (mine.load, mine.remove):
        with pytest.raises(UserError, match="None of my schedules"):
            do(name)
