"""Recipe, resolve and run."""

import json
import math
import pickle

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.fields.transforms import TRANSFORMS, Transform
from diffview.forward.brownian import ForwardPath
from diffview.forward.normals import NEWEST
from diffview.forward.schedules import SCHEDULES, Cosine, Custom, Flow, Linear
from diffview.reverse.samplers import SAMPLERS, Step
from diffview.runs.conditions_asked import Condition
from diffview.runs.facts import MOST_FITS, Facts
from diffview.runs.instruments import Instrument
from diffview.runs.plan import Plan
from diffview.runs.recipe import DECLARED, GROUP_OF, Course, Fork, Recipe, Rival, Rivals
from diffview.runs.resolve import resolve
from diffview.runs.run import run, start_state


def smooth(ny: int, nx: int, seed: int = 0) -> np.ndarray:
    z = np.random.default_rng(seed).standard_normal((ny, nx))
    k = np.hypot(np.fft.fftfreq(ny)[:, None], np.fft.rfftfreq(nx)[None])
    return (280 + 8 * np.fft.irfft2(np.fft.rfft2(z) / (0.02 + k), s=(ny, nx))).astype(np.float32)


VALUES = smooth(120, 160)


def facts(values: np.ndarray = VALUES, **others: object) -> Facts:
    return Facts(Field(values.copy(), "tb", "K"), **others)


def with_hole() -> np.ndarray:
    values = VALUES.copy()
    values[40:44, 50:53] = np.nan
    return values


SMALL = Region(44, 60, 24, 24)
STEPPING = [key for key, info in SAMPLERS.items() if info.needs == ("posterior mean",)]
"""Samplers that need nothing else."""
FULL = Recipe.of(
    path="/data/x.nc",
    dataset="/group/tb",
    index=(3, 0),
    axes=(3, 1),
    window=Region(10, 20, 300, 400),
    mask=(-9999.0, 1e35),
    coarsen=4,
    coarsen_by="stride",
    refine=8,
    region=Region(1, 2, 32, 48),
    transform="quantile normal",
    fitted=Transform("quantile normal", 0.1, 1.2, (0.0, 0.2, 9.0, -0.5, 0.1, 2.7)),
    schedule=Cosine(offset=0.01),
    chain_length=250,
    grid="karras",
    grid_params=(("rho", 5.0),),
    steps=31,
    sampler="ddpm",
    sampler_params=(("variance", "large"),),
    model="data",
    fit_set="both",
    missing_limit=0.2,
    held_out=0.1,
    fit_rule=1,
    overlap=0.25,
    seed=2**63 - 1,
    noise=1,
    members=4,
    first_member=128,
    block=16,
    statistics="mean,spread",
    origin="field",
    level=2.5,
    path_mode="chain",
    device="cuda",
    fork=Fork(5, Course(grid="log_snr", steps=9, seed=4, fork=Fork(2, Course(sampler="heun"))), 3),
    weight=2.5,
    clip_low=-3.0,
    clip_high=300,
    observe="blocks",
    observe_params=(("size", 4), ("std", 0.2)),
    hidden=(Region(3, 4, 5, 6), Region(9, 9, 1, 2)),
    instruments=(Instrument("blocks", 0.5, (("size", 4),)), Instrument("area", 2.0, (), (Region(1, 2, 3, 4),))),
    solver="sda",
    solver_params=(("gamma", 0.3),),
    strength=0.5,
    led_from=20.0,
    led_to=0.1,
    disturbed=True,
    given=(Condition("ir", "/data/ir.nc", "/ir"),),
    off=("ir",),
    channels=("t", "u"),
    sequence=3,
    known=("t",),
    playhead=0.25,
    follow=False,
    reverse="x0_hat",
    auto_run=False,
    pace=1.0,
    loop=True,
    whole_slice=True,
    quantity="beta",
    axis="ln_s",
    densities=False,
    colormap="viridis",
    limits=(-1.0, 2.0),
    statistic="mean",
    member=3,
    threshold=1.5,
    quantile=0.5,
    pixels=Region(1, 2, 3, 4),
    coast=False,
    formulas=True,
    bells=((1.0, 0.5, 2.0),),
    cloud="drawn",
    cloud_lines=(((0.0, 1.0), (1.0, 1.0)),),
    cloud_way="return",
    cloud_score="learnt",
    film=2,
    layout="present",
    docks=("model",),
    rivals=Rivals((Rival("mine", Course(schedule=Cosine()), "gaussian", 1.5), Rival("old")), "B", 1),
)


# JSON


@pytest.mark.parametrize("recipe", [Recipe(), FULL], ids=["default", "full"])
def test_json_round_trip(recipe: Recipe) -> None:
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe and hash(again) == hash(recipe)
    assert json.loads(recipe.to_json())["diffview_recipe"] == 2


def test_every_field_of_the_full_recipe_is_other_than_the_default() -> None:
    for name, group in GROUP_OF.items():
        assert getattr(getattr(FULL, group), name) != DECLARED[name].default, name


@pytest.mark.parametrize(
    "schedule", [*(cls() for cls in SCHEDULES.values()), Linear(1e-3, 0.1, 77)], ids=lambda s: s.key
)
def test_json_round_trip_of_every_schedule(schedule: object) -> None:
    recipe = Recipe.of(schedule=schedule)
    assert Recipe.from_json(recipe.to_json()) == recipe
    drawn = Recipe.of(schedule=Custom.like(schedule, (0.03, 0.5, 1.0)))
    again = Recipe.from_json(drawn.to_json())
    assert again == drawn and hash(again) == hash(drawn) and again.course.schedule.form == schedule.form


def test_what_a_recipe_does_not_name_keeps_its_default() -> None:
    assert Recipe.from_json('{"diffview_recipe": 1, "seed": 5}') == Recipe.of(seed=5, fit_rule=1, noise=1)


@pytest.mark.parametrize("text", [
    '{"diffview_recipe": 1, "model": "gaussian"}', '{"diffview_recipe": 2, "denoiser": {"model": "gaussian"}}',
    '{"diffview_recipe": 2}',
])  # fmt: skip
def test_a_recipe_from_before_there_was_a_rule_of_crops_is_fitted_as_it_was(text: str) -> None:
    assert Recipe.from_json(text).denoiser.fit_rule == 1 and Recipe().denoiser.fit_rule == 2
    assert Recipe.from_json(Recipe().to_json()).denoiser.fit_rule == 2


def test_a_law_of_a_large_region_is_that_of_many_more_crops() -> None:
    known = facts(smooth(600, 700, 3))
    plans = [
        resolve(Recipe.of(model="gaussian", region=Region(40, 60, 448, 448), fit_rule=rule), known) for rule in (1, 2)
    ]
    assert [plan.model.count for plan in plans] == [1000, 2**24 // 448**2]
    many, few = (np.log(plan.model.denoiser().power) for plan in plans)
    assert np.sqrt(np.mean((many - few) ** 2)) < 0.01
    with pytest.raises(UserError, match="fit_rule"):
        Recipe.of(fit_rule=3)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "3",
        "null",
        "{}",
        '{"seed": 1}',
        '{"diffview_recipe": 3}',
        '{"diffview_recipe": 1, "sead": 1}',
        "\x00",
    ],
)
def test_what_is_no_recipe_is_a_user_error(text: str) -> None:
    with pytest.raises(UserError) as caught:
        Recipe.from_json(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("value", "word"),
    [("Infinity", "Infinity is not a number"), ("[" * 100_000, "This is no JSON that can be read: it is")],
)
def test_what_is_python_but_no_json_is_said(value: str, word: str) -> None:
    with pytest.raises(UserError, match=word) as caught:
        Recipe.from_json(f'{{"diffview_recipe": 2, "ensemble": {{"seed": {value}}}}}')
    assert len(caught.value.sentence) < 200


@pytest.mark.parametrize("depth", [700, 960, 5_000, 100_000])
@pytest.mark.parametrize("start", ['"diffview_recipe": 1, "index": ', '"diffview_recipe": 2, "source": '])
@pytest.mark.parametrize("inner", [("[", "]"), ('{"a": ', "}")])
def test_a_recipe_that_is_nested_too_deeply_is_told_plainly(depth: int, start: str, inner: tuple[str, str]) -> None:
    text = f"{{{start}{depth * inner[0]}1{depth * inner[1]}}}"
    with pytest.raises(UserError) as caught:
        Recipe.from_json(text)
    assert "recursion" not in str(caught.value) and len(caught.value.sentence) < 1000
    if depth > 10_000:
        assert "nested too deeply" in caught.value.sentence


@pytest.mark.parametrize("level", ["Infinity", '"inf"'])
@pytest.mark.parametrize(
    "text",
    [
        '{"diffview_recipe": 2, "start": {"origin": "field", "level": LEVEL}}',
        '{"diffview_recipe": 1, "start": "field", "start_level": LEVEL}',
    ],
)
def test_a_level_without_end_is_read_as_it_was_and_is_written(text: str, level: str) -> None:
    recipe = Recipe.from_json(text.replace("LEVEL", level))
    assert recipe.start.level == math.inf and recipe.start.origin == "field"
    assert "Infinity" not in recipe.to_json() and Recipe.from_json(recipe.to_json()) == recipe


BAD = [
    {"seed": -1},
    {"seed": 2**63},
    {"seed": 1.5},
    {"seed": "1"},
    {"seed": True},
    {"steps": 0},
    {"steps": 10_001},
    {"steps": float("nan")},
    {"members": 0},
    {"members": 1_000_001},
    {"members": None},
    {"chain_length": 0},
    {"start": "middle"},
    {"start": []},
    {"path_mode": "open"},
    {"device": "tpu"},
    {"model": None},
    {"model": {}},
    {"path": 5},
    {"path": ["a"]},
    {"dataset": 5},
    {"index": ["a"]},
    {"index": 3},
    {"region": 7},
    {"region": []},
    {"region": {"row": 1}},
    {"region": {"row": 0, "column": 0, "ny": 32, "nx": 32, "nz": 1}},
    {"region": {"row": 0.5, "column": 0, "ny": 32, "nx": 32}},
    {"region": {"row": "0", "column": 0, "ny": 32, "nx": 32}},
    {"guidance": 10**400},
    {"clip_low": 10**400},
    {"start_level": 10**400},
    {"index": [float("inf")]},
    {"fitted": {"key": "log1p", "mean": 10**400, "std": 1.0}},
    {"transform": []},
    {"transform": None},
    {"fitted": "log1p"},
    {"fitted": {"key": "log1p", "mean": 0.0, "std": 0.0}},
    {"fitted": {"key": "log1p", "mean": 0.0, "std": 1.0, "numbers": [3.0]}},
    {"fitted": {"key": "log10 floor", "mean": 0.0, "std": 1.0}},
    {"fitted": {"key": "quantile normal", "mean": 0.0, "std": 1.0, "numbers": [1.0, 0.0, -1.0, 1.0]}},
    {"grid": []},
    {"grid": 5},
    {"grid_params": []},
    {"grid_params": 4},
    {"sampler": {}},
    {"sampler": None},
    {"sampler_params": "eta"},
    {"sampler_params": {"eta": None}},
    {"start_level": 0},
    {"start_level": -1.0},
    {"start_level": "high"},
    {"start_level": float("nan")},
    {"schedule": "linear"},
    {"schedule": None},
    {"schedule": {}},
    {"schedule": {"key": "none"}},
    {"schedule": {"key": []}},
    {"schedule": {"key": "linear", "beta_end": 2.0}},
    {"schedule": {"key": "linear", "beta_end": "x"}},
    {"schedule": {"key": "linear", "chain_steps": float("inf")}},
    {"schedule": {"key": "linear", "gamma": 1}},
    {"schedule": {"key": "custom", "knots": [[1, 2, 3]]}},
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_bad_values_are_user_errors(bad: dict[str, object]) -> None:
    with pytest.raises(UserError) as caught:
        Recipe.from_json(json.dumps({"diffview_recipe": 1, **bad}))
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "changes",
    [
        {"transform": "none"},
        {"grid": "none"},
        {"grid_params": (("rho", 7.0),)},
        {"grid": "karras", "grid_params": (("rho", 0.0),)},
        {"sampler": "none"},
        {"grid": "karras", "grid_params": (("rho", (7.0,)),)},
        {"sampler_params": (("eta", 2.0),)},
        {"sampler_params": (("eta", (1.0,)),)},
        {"sampler_params": (("gamma", 2.0),)},
    ],
    ids=str,
)
def test_what_resolve_cannot_use_is_a_user_error(changes: dict[str, object]) -> None:
    with pytest.raises(UserError):
        resolve(Recipe.of(region=SMALL, **changes), facts())


# resolve


def same(a: Plan, b: Plan) -> bool:
    plain = ("recipe", "region", "transform", "levels", "params", "device", "notes", "complete", "shape", "evaluations")
    return (
        all(getattr(a, name) == getattr(b, name) for name in plain)
        and str(a.refusal) == str(b.refusal)
        and np.array_equal(a.x0, b.x0, equal_nan=True)
        and (a.model is None) == (b.model is None)
        and (a.model is None or a.model.regions == b.model.regions)
        and (a.model is None or np.array_equal(a.model.crops(), b.model.crops()))
    )


@pytest.mark.parametrize("model", ["gaussian", "data", "local"])
@pytest.mark.parametrize("start", ["noise", "field"])
def test_resolve_is_pure(model: str, start: str) -> None:
    known = facts(with_hole())
    before = known.field.values.copy()
    recipe = Recipe.of(region=Region(60, 80, 40, 40), model=model, origin=start)
    first = resolve(recipe, known)
    for other in (Recipe.of(transform="cbrt"), Recipe.of(region=SMALL), recipe.but(origin="noise")):
        resolve(other, known)
    assert same(resolve(recipe, known), first) and same(resolve(recipe, facts(with_hole())), first)
    np.testing.assert_array_equal(known.field.values, before)


def test_the_cache_is_bounded_and_new_data_start_a_new_one() -> None:
    known = facts()
    for row in range(MOST_FITS):
        resolve(Recipe.of(region=Region(row, 0, 16, 16), model="gaussian"), known)
    assert len(known.fits) <= MOST_FITS
    other = known.learn(field=Field(VALUES + 100, "tb", "K"))
    assert resolve(Recipe.of(region=SMALL), other).transform.mean == pytest.approx(VALUES.mean() + 100, rel=1e-5)
    learnt = known.learn(torch="2.13", devices=("cpu",))
    assert learnt.fits is known.fits and learnt.torch == "2.13"


def test_the_plan_of_a_simple_wish() -> None:
    plan = resolve(Recipe.of(region=SMALL, steps=7, members=3, sampler="heun"), facts())
    values = VALUES.astype(np.float64)
    wanted = (VALUES[44:68, 60:84] - values.mean()) / values.std()
    np.testing.assert_allclose(plan.x0, wanted, atol=1e-5)
    assert plan.x0.dtype == np.float32 and plan.region == SMALL and plan.shape == (3, 1, 24, 24)
    assert plan.steps == 7 and plan.evaluations == 13 and plan.levels[-1] == 0.0
    assert plan.notes == () and plan.refusal is None and plan.complete is None and plan.device == "numpy"
    assert plan.params == {}


@pytest.mark.parametrize("values", [VALUES, with_hole()], ids=["whole", "hole"])
@pytest.mark.parametrize("model", ["data", "local"])
@pytest.mark.parametrize("region", [SMALL, Region(0, 0, 48, 48), Region(20, 20, 96, 96), Region(96, 130, 24, 30), None])
def test_honesty_no_crop_shares_a_pixel_with_the_field_started_from(
    region: Region | None, model: str, values: np.ndarray
) -> None:
    plan = resolve(Recipe.of(region=region, model=model, origin="field"), facts(values))
    used = np.zeros(values.shape, bool)
    for crop in plan.model.regions:
        used[crop.row : crop.row + crop.ny, crop.column : crop.column + crop.nx] = True
        assert (crop.ny, crop.nx) == (plan.region.ny, plan.region.nx)
    r = plan.region
    assert not used[r.row : r.row + r.ny, r.column : r.column + r.nx].any()
    assert plan.model.left_out and plan.model.count >= 50
    assert np.isfinite(plan.model.crops()).all() and plan.model.crops().shape == (plan.model.count, r.ny, r.nx)
    assert plan.x0.shape == (r.ny, r.nx)


def test_from_noise_the_region_may_be_learnt_from() -> None:
    plan = resolve(Recipe.of(region=Region(40, 60, 24, 24), model="data", origin="noise"), facts())
    assert any(crop.overlaps(plan.region) for crop in plan.model.regions) and not plan.model.left_out
    assert Region(40, 60, 24, 24) in plan.model.regions


def test_a_shrunk_region_has_a_note() -> None:
    asked = Region(20, 20, 96, 96)
    plan = resolve(Recipe.of(region=asked, origin="field"), facts())
    assert plan.region.ny == plan.region.nx < 96
    (note,) = plan.notes
    assert note.asked == "96 x 96" and note.given.startswith(f"{plan.region.ny} x {plan.region.nx} ")
    assert "so that `local` can be fitted without seeing it" in note.why and note.why in str(note)
    assert resolve(Recipe.of(region=asked, origin="field", model="gaussian"), facts()).region == asked


@pytest.mark.parametrize(
    "asked",
    [Region(-1, 0, 32, 32), Region(100, 0, 32, 32), Region(0, 150, 32, 32), Region(0, 0, 8, 32), Region(9, 9, 0, 0)],
)
def test_a_region_that_the_field_has_not_is_replaced_and_noted(asked: Region) -> None:
    plan = resolve(Recipe.of(region=asked, model="gaussian"), facts())
    r = plan.region
    assert r.row >= 0 and r.column >= 0 and r.row + r.ny <= 120 and r.column + r.nx <= 160 and r.ny >= 16
    assert len(plan.notes) == 1 and "120 x 160" in plan.notes[0].why and plan.refusal is None


def test_a_small_field_is_its_own_region() -> None:
    plan = resolve(Recipe.of(model="gaussian"), facts(smooth(12, 14)))
    assert plan.region == Region(0, 1, 12, 12) and plan.refusal is None
    assert resolve(Recipe.of(model="local"), facts(smooth(12, 14))).refusal is not None


@pytest.mark.parametrize("model", ["gaussian", "local"])
def test_missing_pixels_refuse_a_start_from_the_field(model: str) -> None:
    region, start = Region(30, 40, 24, 24), "field"
    plan = resolve(Recipe.of(region=region, model=model, origin=start), facts(with_hole()))
    assert "12 missing pixels" in plan.refusal.sentence and "nearest complete" in plan.refusal.hint
    c = plan.complete
    assert (c.ny, c.nx) == (24, 24) and not np.isnan(with_hole()[c.row : c.row + 24, c.column : c.column + 24]).any()
    with pytest.raises(UserError, match="12 missing"):
        run(plan)
    moved = resolve(Recipe.of(region=c, model=model, origin=start), facts(with_hole()))
    assert moved.refusal is None and np.isfinite(moved.x0).all()


@pytest.mark.parametrize("model", ["gaussian", "data", "local"])
def test_missing_pixels_do_not_matter_from_noise(model: str) -> None:
    """Nothing of the region goes into such a run; the crops it is fitted to are complete."""
    plan = resolve(Recipe.of(region=Region(30, 40, 24, 24), model=model, steps=3), facts(with_hole()))
    assert plan.refusal is None and plan.complete is None and np.isnan(plan.x0).sum() == 12
    assert np.isfinite(list(run(plan))[-1].y).all() and np.isfinite(plan.model.crops()).all()


def test_where_no_place_is_complete_a_smaller_region_is_advised() -> None:
    values = VALUES.copy()
    values[::20, ::20] = np.nan
    plan = resolve(Recipe.of(region=Region(0, 0, 64, 64), model="gaussian", origin="field"), facts(values))
    assert plan.complete is None and "smaller" in plan.refusal.hint


@pytest.mark.parametrize(
    ("model", "device", "known", "given", "why"),
    [
        ("gaussian", "auto", {}, "numpy", None),
        ("gaussian", "cpu", {"torch": "2.13"}, "cpu", None),
        ("gaussian", "cuda", {"torch": "2.13", "devices": ("cpu", "cuda")}, "cuda", None),
        ("gaussian", "cuda", {"torch": "2.13"}, "numpy", "no cuda device"),
        ("data", "mps", {"torch": "2.13"}, "numpy", "no mps device"),
        ("data", "cpu", {"torch": None}, "numpy", "not installed"),
        ("local", "cuda", {"torch": "2.13", "devices": ("cpu", "cuda")}, "cuda", None),
    ],
)
def test_devices(model: str, device: str, known: dict, given: str, why: str | None) -> None:
    plan = resolve(Recipe.of(region=SMALL, model=model, device=device), facts(**known))
    assert plan.device == given
    assert (plan.notes == ()) if why is None else (why in plan.notes[0].why and plan.notes[0].asked == device)


def test_other_slices_of_a_small_variable_are_the_crops() -> None:
    stack = np.stack([smooth(40, 50, seed) for seed in range(1, 60)])
    stack[3, 20, 20] = np.nan
    known = facts(smooth(40, 50), stack=stack)
    plan = resolve(Recipe.of(region=Region(4, 6, 32, 32), origin="field"), known)
    assert plan.region == Region(4, 6, 32, 32) and plan.model.count == 58 and plan.model.left_out
    wanted = np.delete(plan.transform(stack), 3, 0)[:, 4:36, 6:38]
    assert (plan.model.crops() == wanted).all()
    plan = resolve(Recipe.of(region=Region(4, 6, 16, 16)), known)
    assert plan.model.source.ndim == 2, "the slice is large enough itself"


def test_the_fit_set_is_what_is_wished() -> None:
    stack = np.stack([smooth(60, 60, seed) for seed in range(1, 30)])
    known, region = facts(smooth(60, 60), stack=stack), Region(4, 6, 16, 16)
    crops, slices, both = (
        resolve(Recipe.of(region=region, fit_set=wish), known) for wish in ("crops", "slices", "both")
    )
    assert crops.model.source.ndim == 2
    assert slices.model.count == 29
    assert (slices.model.crops() == slices.transform(stack)[:, 4:20, 6:22]).all()
    assert both.model.count == crops.model.count + 29
    assert (both.model.crops() == np.concatenate([crops.model.crops(), slices.model.crops()])).all()
    assert "29 other slices" in both.model.sentence
    alone = facts(smooth(60, 60))
    assert "no other slices" in str(resolve(Recipe.of(region=region, fit_set="slices"), alone).refusal)
    plan = resolve(Recipe.of(region=region, fit_set="both"), alone)
    assert plan.refusal is None and [note.given for note in plan.notes] == ["crops"]


def test_a_law_is_fitted_to_crops_with_gaps_only_as_far_as_it_is_wished() -> None:
    values = smooth(80, 80)
    values[::8, ::8] = np.nan  # a pixel in 64 everywhere: no crop is complete
    known, region = facts(values), Region(0, 0, 32, 32)
    assert "no complete 32 x 32 crop" in str(resolve(Recipe.of(region=region, model="gaussian"), known).refusal)
    plan = resolve(Recipe.of(region=region, model="gaussian", missing_limit=0.02), known)
    assert plan.refusal is None and plan.model.limit == 0.02
    share = np.isnan(plan.model.crops()).mean(axis=(1, 2))
    assert 0 < share.max() <= 0.02 and plan.model.count == 169
    assert "Up to 2 % of a crop may be missing." in plan.model.sentence
    assert np.isfinite(plan.model.denoiser().power).all()


def test_a_model_that_gives_crops_back_takes_complete_ones_and_says_so() -> None:
    plan = resolve(Recipe.of(region=Region(0, 0, 16, 16), model="local", missing_limit=0.2), facts(smooth(80, 80)))
    assert [(note.asked, note.given) for note in plan.notes] == [("up to 20 % missing", "complete crops")]
    assert plan.model.limit == 0


@pytest.mark.parametrize("model", ["gaussian", "power_law", "data", "local"])
def test_what_is_held_out_is_in_no_crop(model: str) -> None:
    known = facts(smooth(100, 100))
    plan = resolve(Recipe.of(region=Region(4, 6, 16, 16), model=model, held_out=0.3), known)
    assert max(crop.column + crop.nx for crop in plan.model.regions) <= 70
    assert min(crop.column for crop in plan.model.held.regions) >= 70
    assert plan.model.held.count == 22 * 4  # starts at 0, 4 ... 84 and 72, 76, 80, 84
    assert "88 others are held out" in plan.model.sentence
    refused = resolve(Recipe.of(region=Region(4, 6, 16, 16), model=model, held_out=0.1), known).refusal
    assert "lies in the right 10 % of the slice" in refused.sentence


def test_the_last_slices_are_held_out() -> None:
    stack = np.stack([smooth(60, 60, seed) for seed in range(1, 31)])
    stack[:3, 5, 7] = np.nan
    stack[-1, 5, 7] = np.nan
    known, recipe = facts(smooth(60, 60), stack=stack), Recipe.of(region=Region(4, 6, 16, 16), fit_set="slices")
    plan = resolve(recipe.but(held_out=0.2), known)
    assert plan.model.slices == tuple(range(3, 24))
    assert plan.model.held.slices == tuple(range(24, 29)), "held-out slices are complete"
    law = resolve(recipe.but(model="gaussian", missing_limit=0.05), known)
    assert law.model.count == 30 and law.model.held is None


def test_a_start_from_the_field_sees_no_crop_of_it_beside_other_slices() -> None:
    stack = np.stack([smooth(60, 60, seed) for seed in range(1, 30)])
    region = Region(20, 20, 16, 16)
    plan = resolve(Recipe.of(region=region, fit_set="both", origin="field"), facts(smooth(60, 60), stack=stack))
    assert plan.region == region
    assert not any(crop.overlaps(region) for crop in plan.model.regions)


def test_levels_from_the_field() -> None:
    top = resolve(Recipe.of(region=SMALL), facts()).levels
    assert resolve(Recipe.of(region=SMALL, origin="field"), facts()).levels == top
    plan = resolve(Recipe.of(region=SMALL, origin="field", level=1.0), facts())
    schedule = plan.recipe.course.schedule
    wanted = schedule.noise_level(schedule.t_of(1.0) * (1 - np.arange(18) / 18))
    assert plan.steps == 18 and plan.notes == () and plan.levels[-1] == 0
    np.testing.assert_allclose(plan.levels[:-1], wanted, rtol=1e-12)
    assert plan.levels[0] == pytest.approx(1.0)
    assert resolve(Recipe.of(region=SMALL, origin="noise", level=1.0), facts()).levels == top
    high = resolve(Recipe.of(region=SMALL, origin="field", level=1e6), facts())
    assert high.levels == top and "no higher" in high.notes[0].why


def test_from_the_field_where_alpha_reaches_0_a_run_starts_at_the_cap() -> None:
    recipe = Recipe.of(region=SMALL, origin="field", level=float(Flow().noise_level(1.0)), schedule=Flow())
    plan = resolve(Recipe.from_json(recipe.to_json()), facts())
    assert plan.levels[0] == pytest.approx(1e4) and len(plan.notes) == 1


def test_a_field_without_values_is_a_user_error() -> None:
    with pytest.raises(UserError, match="tb has no values here"):
        resolve(Recipe(), facts(np.full((40, 40), np.nan, np.float32)))


# run


@pytest.mark.parametrize("mode", ["closed", "chain"])
@pytest.mark.parametrize("start", ["noise", "field"])
def test_a_run_starts_at_the_end_of_the_forward_path(mode: str, start: str) -> None:
    plan = resolve(Recipe.of(region=SMALL, seed=6, members=3, origin=start, path_mode=mode), facts())
    first = next(run(plan, denoise=lambda y, s: y))
    assert first.index == 0 and first.s == plan.levels[0] and first.y.dtype == np.float32
    base = plan.x0 if start == "field" else 0
    for member in range(3):
        path = ForwardPath(6, (24, 24), mode if start == "field" else "closed", member, NEWEST)
        assert (first.y[member, 0] == base + path(plan.levels[0])).all()


@pytest.mark.parametrize("sampler", STEPPING)
@pytest.mark.parametrize("model", ["gaussian", "data", "local"])
def test_members_do_not_depend_on_how_many_there_are(model: str, sampler: str) -> None:
    def ends(members: int) -> np.ndarray:
        recipe = Recipe.of(region=SMALL, model=model, sampler=sampler, steps=5, members=members, seed=3)
        return list(run(resolve(recipe, facts())))[-1].y

    few, many = ends(1), ends(3)
    # BLAS sums by shape, and by where arrays lie in memory; between crops that fit alike, `local` makes more of it
    by_shape = {"gaussian": 0, "data": 1e-4, "local": 5e-4}
    np.testing.assert_allclose(few[0], many[0], rtol=0, atol=by_shape[model])
    assert np.abs(many[0] - many[1]).max() > 0.01
    assert (start_state(resolve(Recipe.of(region=SMALL, members=3), facts()))[:1]
            == start_state(resolve(Recipe.of(region=SMALL, members=1), facts()))).all()  # fmt: skip


@pytest.mark.parametrize("model", ["gaussian", "data", "local"])
@pytest.mark.parametrize("start", ["noise", "field"])
def test_a_pickled_plan_runs_bit_for_bit(model: str, start: str) -> None:
    recipe = Recipe.of(region=SMALL, model=model, origin=start, members=2, steps=4, sampler="ddpm", path_mode="chain")
    plan = resolve(recipe, facts())
    again = pickle.loads(pickle.dumps(plan))
    assert same(plan, again)
    for a, b in zip(run(plan), run(again), strict=True):
        assert (a.y == b.y).all() and a.evaluations == b.evaluations
    assert a.index == plan.steps and a.evaluations == plan.evaluations


def test_a_refused_plan_can_be_pickled() -> None:
    plan = resolve(Recipe.of(region=Region(30, 40, 24, 24), origin="field"), facts(with_hole()))
    again = pickle.loads(pickle.dumps(plan))
    assert again.refusal.sentence == plan.refusal.sentence and again.refusal.hint == plan.refusal.hint


@pytest.mark.parametrize("sampler", STEPPING)
def test_a_run_goes_on_after_any_step(sampler: str) -> None:
    plan = resolve(Recipe.of(region=SMALL, model="gaussian", sampler=sampler, steps=6, members=2), facts())
    whole = list(run(plan))
    for step in whole:
        rest: list[Step] = list(run(plan, after=step))
        assert (rest[-1].y == whole[-1].y).all() and len(rest) == len(whole) - step.index


def test_torch_runs_the_same_plan() -> None:
    recipe = Recipe.of(region=SMALL, model="gaussian", sampler="ddpm", steps=6, members=2)
    ours = list(run(resolve(recipe, facts())))[-1].y
    theirs = list(run(resolve(recipe.but(device="cpu"), facts(torch="2.13"))))[-1].y
    assert type(theirs).__module__ == "torch"
    np.testing.assert_allclose(theirs.numpy(), ours, atol=1e-3)


def test_a_field_noised_a_little_is_restored() -> None:
    """From s = 0.3 the exact denoiser of the Gaussian fit removes noise and cannot give the field itself back."""
    plan = resolve(Recipe.of(region=SMALL, model="gaussian", origin="field", level=0.3, steps=40), facts())
    steps = list(run(plan))
    before, after = (float(np.std(y[0, 0] - plan.x0)) for y in (steps[0].y, steps[-1].y))
    assert before == pytest.approx(0.3, rel=0.15) and after < 0.3 and after > 0.01


def test_a_fitted_transform_stays_with_its_recipe() -> None:
    """Another slice, or another day, is seen through the numbers that were fitted once."""
    plan = resolve(Recipe.of(region=SMALL, transform="cbrt"), facts())
    settled = Recipe.from_json(plan.settled.to_json())
    other = facts(VALUES + 30)
    again = resolve(settled, other)
    assert again.transform == plan.transform != resolve(Recipe.of(region=SMALL, transform="cbrt"), other).transform
    np.testing.assert_allclose(again.transform.inverse(again.x0), VALUES[44:68, 60:84] + 30, rtol=1e-5)
    anew = resolve(settled.but(transform="standardise"), other)
    assert anew.transform.key == "standardise", "numbers of another transform are not in force"


def test_fitted_numbers_that_the_field_does_not_suit() -> None:
    settled = resolve(Recipe.of(region=SMALL, transform="log1p"), facts(np.abs(VALUES))).settled
    with pytest.raises(UserError, match="log1p is not defined"):
        resolve(settled, facts(VALUES - VALUES.max()))


def test_the_automatic_transform_is_told_and_a_chosen_one_stays() -> None:
    rain = np.where(VALUES.mean() < VALUES, np.exp((VALUES - VALUES.mean()) / VALUES.std()) - 1, 0).astype(np.float32)
    there = Facts(Field(rain, "rain", "mm h-1"))
    assert resolve(Recipe(), facts()).transform.key == "standardise"
    assert resolve(Recipe(), there).transform.key == "log1p" and "zero" in there.chosen[1]
    assert resolve(Recipe.of(transform="cbrt"), there).transform.key == "cbrt"


@pytest.mark.parametrize("key", TRANSFORMS)
def test_generated_values_come_back_to_physical_units(key: str) -> None:
    plan = resolve(Recipe.of(region=SMALL, transform=key), facts())
    np.testing.assert_allclose(plan.transform.inverse(plan.x0), VALUES[44:68, 60:84], rtol=1e-5)
