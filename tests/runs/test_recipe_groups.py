"""Recipe version 2: groups whose values are declared once; JSON of both versions; edits by name; flags of commands."""

import ast
import importlib
import json
import math
from pathlib import Path
from typing import Any

import pytest
from golden.cases import RECIPES
from hypothesis import given
from hypothesis import strategies as st

from diffview.commands.parsing import Parser
from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.forward.schedules import SCHEDULES, make_schedule
from diffview.params import Choice, Range, parameters
from diffview.reverse.grids import GRIDS
from diffview.reverse.operators import OPERATORS
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.conditions_asked import Condition
from diffview.runs.instruments import Instrument
from diffview.runs.recipe import DECLARED, GROUP_OF, GROUPS, RENAMED, Course, Fork, Recipe, default_recipe

PACKAGE = Path(__file__).parents[2] / "diffview"


def value(recipe: Recipe, name: str) -> Any:
    return getattr(getattr(recipe, GROUP_OF[name]), name)


# -- groups


def test_every_name_stands_for_one_value() -> None:
    names = [p.name for kind in GROUPS.values() for p in parameters(kind)]
    assert len(names) == len(set(names)) == len(GROUP_OF) == len(DECLARED)
    assert not set(names) & set(GROUPS), "an edit by name is of a value or of a group"
    assert all(p.doc.endswith(".") for p in DECLARED.values())


def test_the_groups_that_later_work_fills_are_there() -> None:
    assert [*GROUPS][:6] == ["source", "course", "denoiser", "start", "guidance", "ensemble"]
    assert [*GROUPS][6:] == ["view", "rivals", "operators", "conditions", "frames"]
    plain = json.loads(Recipe().to_json())
    assert [*plain] == ["diffview_recipe", *GROUPS] and plain["view"] == {} and plain["course"]["noise"] == 2


def test_edits_by_name_go_to_their_groups() -> None:
    recipe = Recipe.of(seed=3, region=Region(1, 2, 32, 32), model="data", members=2)
    assert (recipe.course.seed, recipe.source.region, recipe.denoiser.model) == (3, Region(1, 2, 32, 32), "data")
    assert recipe.but() == recipe and recipe.but(seed=0, region=None, model="local", members=1) == Recipe()
    assert recipe.but(course=Course(steps=5), seed=4).course == Course(steps=5, seed=4)
    assert recipe.but(seed=5).source is recipe.source, "the other groups are the same objects"
    with pytest.raises(TypeError, match="no value 'sead'"):
        recipe.but(sead=1)


def edits(path: Path) -> list[tuple[int, str]]:
    """The names that are edited or set in a file: keywords of Recipe.of, of but and of Session.edit."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            named = node.func.attr in ("but", "edit") or ast.unparse(node.func) == "Recipe.of"
            found += [(node.lineno, k.arg) for k in node.keywords if named and k.arg is not None]
    return found


def test_every_edit_names_a_value_or_a_group() -> None:
    known = {*GROUP_OF, *GROUPS, "merge"}
    every = {path.name: edits(path) for path in sorted(PACKAGE.rglob("*.py"))}
    assert sum(map(len, every.values())) > 100
    assert {file: bad for file, names in every.items() if (bad := [n for n in names if n[1] not in known])} == {}


# -- JSON


@pytest.mark.parametrize("name", RECIPES)
def test_version_1_of_every_golden_recipe_is_its_version_2(name: str) -> None:
    text = RECIPES[name].read_text(encoding="utf-8")
    plain, recipe = json.loads(text), Recipe.from_json(text)
    assert plain.pop("diffview_recipe") == 1
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe and hash(again) == hash(recipe) and again.to_json() == recipe.to_json()
    groups = json.loads(recipe.to_json())
    assert groups["diffview_recipe"] == 2
    for key, was in plain.items():
        now = groups[GROUP_OF[RENAMED.get(key, key)]][RENAMED.get(key, key)]
        if key == "fork" and was is not None:
            assert (now["step"], now["number"]) == (was["step"], was["number"])
            assert {k: v for k, v in now["parent"].items() if k in was["parent"]}.keys() == was["parent"].keys()
        elif key == "schedule":  # kinds gained settings, whose defaults are what they were
            assert {k: now[k] for k in was} == was
        else:
            assert now == was, key


OTHERS: dict[str, st.SearchStrategy[Any]] = {
    "path": st.none() | st.text(max_size=20),
    "dataset": st.none() | st.text(max_size=20),
    "index": st.none() | st.lists(st.integers(-5, 1000), max_size=3).map(tuple),
    "axes": st.none() | st.tuples(st.integers(0, 4), st.integers(0, 4)),
    "mask": st.lists(st.floats(-1e36, 1e36), max_size=3).map(tuple),
    "transform": st.text(max_size=10),
    "fitted": st.none() | st.builds(Transform, st.just("cbrt"), st.floats(-9, 9), st.floats(0.1, 9)),
    "grid": st.sampled_from([*GRIDS]),
    "grid_params": st.sampled_from([(), (("rho", 5.0),), (("levels", (3.0, 1.0, 0.25)),)]),
    "sampler": st.sampled_from([*SAMPLERS]),
    "sampler_params": st.sampled_from([(), (("eta", 0.5),), (("variance", "large"),)]),
    "schedule": st.sampled_from([make_schedule(key) for key in SCHEDULES]),
    "model": st.text(max_size=10),
    "level": st.none() | st.floats(1e-6, math.inf, allow_nan=False),
    "weight": st.floats(-20, 20),
    "clip_low": st.none() | st.floats(-1e30, 1e30),
    "clip_high": st.none() | st.floats(-1e30, 1e30) | st.integers(-5, 5),
    "observe": st.text(max_size=10),
    "observe_params": st.sampled_from([(), (("size", 4), ("std", 0.2))]),
    "noise": st.sampled_from([1, 2]),
    "solver_params": st.sampled_from([(), (("iterations", 3),), (("gamma", 0.3),)]),
    "led_from": st.none() | st.floats(1e-6, math.inf, allow_nan=False),
    "led_to": st.none() | st.floats(1e-6, 1e6),
    "statistics": st.sampled_from(["", "mean", "spread,p>5,q0.9,crps"]),
    "limits": st.sampled_from([(-2.5, 2.5), (0.0, 9.5)]),
    "layout": st.sampled_from(["", "explore", "other one"]),
    "bells": st.sampled_from([((1.0, 0.0, 1.0),), ((0.3, -1.0, 0.5), (0.7, 1.0, 0.5))]),
    "cloud_lines": st.sampled_from([(), (((0.0, 0.0), (1.0, 0.5)),)]),
    "docks": st.none() | st.lists(st.sampled_from(["data", "plots"]), max_size=2).map(tuple),
}
REGION = st.builds(Region, *[st.integers(-9, 2000)] * 4)
OTHERS |= {
    "given": st.lists(
        st.sampled_from([Condition("ir", "a.nc", "tb", -30.0), Condition("land", group="map")]), max_size=2, unique=True
    ).map(tuple),
    "off": st.lists(st.sampled_from(["ir", "map"]), max_size=2).map(tuple),
    **dict.fromkeys(("channels", "known"), st.lists(st.text(max_size=5), max_size=3, unique=True).map(tuple)),
    "region": st.none() | REGION,
    "window": st.none() | REGION,
    "pixels": st.none() | REGION,
    "hidden": st.lists(REGION, max_size=3).map(tuple),
    "instruments": st.lists(
        st.builds(
            Instrument,
            st.sampled_from([*OPERATORS]),
            st.floats(1e-9, 1e9),
            st.sampled_from([(), (("size", 4),)]),
            st.lists(REGION, max_size=2).map(tuple),
        ),
        max_size=3,
    ).map(tuple),
}


def values_of(name: str) -> st.SearchStrategy[Any]:
    allowed, kind = DECLARED[name].allowed, DECLARED[name].type
    if isinstance(allowed, Choice):
        return st.sampled_from(allowed.options)
    if isinstance(allowed, Range):
        return st.integers(int(allowed.low), int(allowed.high)) if kind is int else st.floats(allowed.low, allowed.high)
    return st.booleans() if kind is bool else OTHERS[name]


NAMES = [name for name in DECLARED if name not in ("fork", "others", "called", "place")]
COURSES = st.fixed_dictionaries({p.name: values_of(p.name) for p in parameters(Course) if p.name != "fork"})
FORKS = st.none() | st.builds(Fork, st.integers(0, 99), COURSES.map(lambda values: Course(**values)), st.integers(0, 9))
RECIPE = st.tuples(st.fixed_dictionaries({}, optional={name: values_of(name) for name in NAMES}), FORKS)


@given(RECIPE)
def test_any_recipe_is_what_its_json_says(made: tuple[dict[str, Any], Fork | None]) -> None:
    values, fork = made
    recipe = Recipe.of(**values, fork=fork)
    assert all(value(recipe, name) == v for name, v in values.items()) and recipe.course.fork == fork
    again = Recipe.from_json(recipe.to_json())
    assert again == recipe and hash(again) == hash(recipe)
    one_by_one = Recipe()
    for name, v in reversed(values.items()):
        one_by_one = one_by_one.but(**{name: v})
    assert one_by_one.but(fork=fork) == recipe, "the order of edits does not matter"


@given(RECIPE)
def test_any_recipe_of_version_1_is_read(made: tuple[dict[str, Any], Fork | None]) -> None:
    recipe = Recipe.of(**made[0], fork=made[1])
    groups = json.loads(recipe.to_json())
    old = {new: name for name, new in RENAMED.items()}
    flat = {old.get(name, name): groups[group][name] for name, group in GROUP_OF.items() if name in groups[group]}
    assert Recipe.from_json(json.dumps({"diffview_recipe": 1, **flat})) == recipe


@pytest.mark.parametrize(
    ("plain", "sentence"),
    [
        ({"diffview_recipe": 3}, "This recipe is of version 3; this diffview reads versions 1 to 2."),
        ({"diffview_recipe": 2, "course": {"sead": 1}}, "The recipe's course has an unknown key, 'sead'."),
        ({"diffview_recipe": 2, "rivals": {"b": 1}}, "The recipe's rivals has an unknown key, 'b'."),
        ({"diffview_recipe": 2, "seed": 1}, "The recipe has an unknown group, 'seed'."),
        ({"diffview_recipe": 1, "course": {"seed": 1}}, "The recipe has an unknown key, 'course'."),
        ({"diffview_recipe": 2, "course": {"noise": 3}}, "The recipe: noise cannot be 3."),
        ({"diffview_recipe": 2, "course": {"seed": True}}, "The recipe: seed cannot be True."),
        ({"diffview_recipe": 2, "start": {"origin": "middle"}}, "The recipe: origin cannot be 'middle'."),
        ({"diffview_recipe": 0}, "This JSON is not a diffview recipe."),
        ({"diffview_recipe": "2"}, "This JSON is not a diffview recipe."),
    ],
)
def test_what_cannot_be_read_is_a_sentence(plain: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        Recipe.from_json(json.dumps(plain))
    assert caught.value.sentence == sentence and caught.value.hint.endswith(".")


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("bad", [3, "x", [1], None, {"": 1}], ids=str)
def test_a_damaged_group_is_a_user_error(group: str, bad: object) -> None:
    with pytest.raises(UserError):
        Recipe.from_json(json.dumps({"diffview_recipe": 2, group: bad}))


def test_json_is_for_people() -> None:
    text = default_recipe().but(index=(3, 0), grid="custom", grid_params=(("levels", (3.0, 1.0)),)).to_json()
    assert '"index": [ 3, 0 ]' in text and '"levels": [ 3.0, 1.0 ]' in text


# -- flags

FLAGS = {
    "noise": ["seed", "index", "region", "transform"],
    "sample": [
        "model", "fit_set", "missing_limit", "held_out", "sampler", "grid", "steps", "members", "first_member",
        "block", "statistics", "seed", "weight", "index", "region", "overlap", "transform", "device",
        "led_from", "led_to", "strength", "solver", "channels", "sequence", "known",
    ],
    "compare": ["model", "sampler", "steps", "seed", "region", "device"],
    "gui": ["device"],
}  # fmt: skip
WORDS = {
    "index": ("1,0", (1, 0)), "region": ("1,2,32,48", Region(1, 2, 32, 48)), "weight": ("2.5", 2.5),
    "led_from": ("20", 20.0), "led_to": ("0.5", 0.5), "strength": ("0.5", 0.5), "solver": ("dps", "dps"),
    "channels": ("ice, wind", ("ice", "wind")), "sequence": ("5", 5), "known": ("ice", ("ice",)),
    "missing_limit": ("0.2", 0.2), "held_out": ("0.1", 0.1), "overlap": ("0.5", 0.5),
    "steps": ("7", 7), "members": ("3", 3), "seed": ("9", 9),
    "first_member": ("128", 128), "block": ("16", 16), "statistics": ("mean,q0.9", "mean,q0.9"),
    "fit_set": ("both", "both"), "device": ("cpu", "cpu"), "model": ("data", "data"), "grid": ("karras", "karras"),
    "sampler": ("heun", "heun"), "transform": ("cbrt", "cbrt"),
}  # fmt: skip
NEEDED = {
    "noise": ["FILE", "DATASET", "--t", "0.5", "-o", "o.nc"],
    "sample": ["-o", "o.nc"],
    "compare": ["linear", "cosine"],
    "gui": [],
}


def parser_of(command: str) -> Parser:
    parser = Parser(prog=f"diffview {command}")
    importlib.import_module(f"diffview.commands.{command}").add(parser)
    return parser


@pytest.mark.parametrize(("command", "name"), [(command, name) for command, names in FLAGS.items() for name in names])
def test_every_flag_is_made_from_its_declaration(command: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    parser, (word, typed) = parser_of(command), WORDS[name]
    flag = f"--{name.replace('_', '-')}"
    options = parser.parse_args([*NEEDED[command], flag, word])
    assert getattr(options, name) == typed and value(Recipe.of(**{name: getattr(options, name)}), name) == typed
    with pytest.raises(SystemExit):
        parser.parse_args(["--help"])
    assert DECLARED[name].doc[1:20].rstrip(".") in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(("name", "word"), [
    ("steps", "x"), ("steps", "0"), ("seed", "1.5"), ("seed", "-1"), ("members", "1000001"), ("weight", "much"),
    ("first_member", "-1"), ("block", "0"),
    ("held_out", "0.7"), ("overlap", "0.9"),
    ("missing_limit", "nan"), ("fit_set", "all"), ("device", "abacus"), ("region", "1,2"),
    ("region", "a,b,c,d"), ("index", "x"),
])  # fmt: skip
def test_a_flag_that_is_not_allowed_is_a_sentence_that_names_it(name: str, word: str) -> None:
    with pytest.raises(UserError) as caught:
        parser_of("sample").parse_args(["-o", "o.nc", f"--{name.replace('_', '-')}={word}"])
    assert caught.value.sentence.startswith(f"sample: {name} ") and caught.value.hint.endswith(".")
