"""The recipe's view: what is looked at is written and read, refused where it cannot be, and changes no run."""

import json
from dataclasses import fields

import pytest

from diffview.errors import UserError
from diffview.fields.field import Region
from diffview.params import parameters
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.view import View

SEEN = {
    "playhead": 0.3, "follow": False, "reverse": "eps_hat", "auto_run": False, "pace": 10.0, "whole_slice": True,
    "quantity": "log_snr", "axis": "ln_s", "densities": False, "colormap": "viridis", "limits": (-1.0, 4.0),
    "member": 2, "statistic": "above", "threshold": 271.5, "quantile": 0.25, "pixels": Region(3, 4, 1, 2),
    "coast": False, "layout": "train", "docks": ("train", "data"),
    "bells": ((0.2, -1.0, 0.1), (0.8, 1.5, 0.4)), "cloud": "drawn", "cloud_lines": (((0.0, 1.0), (2.0, 0.5)),),
    "film": 3, "formulas": True, "cloud_way": "return", "cloud_score": "learnt", "loop": True,
}  # fmt: skip


def test_every_value_of_a_view_is_written_and_read() -> None:
    assert set(SEEN) == {f.name for f in fields(View)} == {p.name for p in parameters(View)}
    assert all(value != getattr(View(), name) for name, value in SEEN.items())
    recipe = default_recipe().but(**SEEN)
    assert recipe.view == View(**SEEN) and Recipe.from_json(recipe.to_json()) == recipe
    assert json.loads(recipe.to_json())["view"]["pixels"] == {"row": 3, "column": 4, "ny": 1, "nx": 2}
    for name, value in SEEN.items():
        one = default_recipe().but(**{name: value})
        assert Recipe.from_json(one.to_json()) == one and one.view.says


def test_a_view_of_defaults_says_nothing_and_is_written_so() -> None:
    plain = json.loads(default_recipe().to_json())
    assert plain["view"] == {} and not Recipe.from_json(json.dumps(plain)).view.says
    plain["view"] = {"playhead": 0.25}
    assert Recipe.from_json(json.dumps(plain)).view == View(playhead=0.25)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("playhead", 1.5), ("playhead", float("nan")), ("reverse", "everything"), ("quantity", "beta_bar"),
        ("axis", "s"), ("colormap", "jet"), ("limits", [1.0, 1.0]), ("limits", [2.0, -2.0]), ("limits", [1.0]),
        ("limits", ["a", "b"]), ("member", -1), ("statistic", "median"), ("quantile", 1.1), ("pace", -1.0),
        ("layout", "Train\n<b>"), ("docks", ["a<b>"]), ("docks", [3]), ("docks", "train"), ("follow", 1),
        ("threshold", float("inf")), ("pixels", {"row": 1}), ("zoom", 2),
    ],
)  # fmt: skip
def test_a_view_that_cannot_be_is_refused_in_a_sentence(name: str, value: object) -> None:
    plain = json.loads(default_recipe().to_json())
    plain["view"] = {name: value}
    with pytest.raises(UserError) as caught:
        Recipe.from_json(json.dumps(plain))
    assert caught.value.sentence.endswith(".") and caught.value.hint.endswith(".")


def test_no_run_depends_on_the_view() -> None:
    quick, facts = default_recipe().but(model="gaussian", region=Region(40, 120, 64, 64)), Facts(packaged_field())
    plain, seen = resolve(quick, facts), resolve(quick.but(**SEEN), facts)
    assert seen.recipe == quick == plain.recipe and seen.levels == plain.levels
    assert seen.settled.to_json() == plain.settled.to_json()
    assert quick.but(**SEEN).of_run() == quick.of_run()
