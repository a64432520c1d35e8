"""The weight of a condition with the shipped pair of networks, by resolve and by the command line."""

import json
from dataclasses import replace
from pathlib import Path

import h5netcdf
import numpy as np
import pytest
import torch

from diffview.cli import main
from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.models.cards import read_cards
from diffview.runs.facts import Facts
from diffview.runs.guiding import GuidedModel, partner_of
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

RAIN = np.maximum(np.add.outer(np.sin(np.arange(64) / 9), np.cos(np.arange(64) / 7)) * 8, 0).astype(np.float32)
PAIR = Recipe.of(
    model="rain64-from-coarse", weight=2.0, region=Region(0, 0, 64, 64), steps=2, grid="karras", device="cpu"
)


def test_one_transform_but_for_rounding() -> None:
    fitted = Transform("quantile normal", 0.1, 1.2, (0.0, 0.2, 9.0, -0.5, 0.1, 2.7))
    rounded = replace(fitted, mean=0.1 + 1e-16, std=1.2 * (1 + 1e-15), numbers=(0.0, 0.2 + 1e-16, *fitted.numbers[2:]))
    assert rounded != fitted and rounded.is_like(fitted) and fitted.is_like(rounded)
    for other in (
        replace(fitted, std=1.2001), replace(fitted, mean=0.1001), replace(fitted, numbers=fitted.numbers[:4]),
        replace(fitted, numbers=(0.0, 0.21, *fitted.numbers[2:])), replace(fitted, key="cbrt"),
    ):  # fmt: skip
        assert not other.is_like(fitted)


def test_the_shipped_pair_is_a_pair() -> None:
    cards = read_cards()
    pair = cards["rain64-from-coarse"], cards["rain64"]
    assert pair[0].transform != pair[1].transform, "they were fitted on two machines"
    assert partner_of(pair[0], cards) == "rain64" and partner_of(pair[1], cards) is None


def test_the_weight_works_with_the_shipped_pair() -> None:
    facts = Facts(Field(RAIN, "precipitation", "mm h-1"), torch=torch.__version__, cards=read_cards())
    plan = resolve(PAIR, facts)
    assert plan.refusal is None and isinstance(plan.model, GuidedModel) and plan.model.label.endswith("w = 2")
    assert [part.card.name for part in plan.model.parts] == ["rain64-from-coarse", "rain64"]
    assert plan.evaluations == 4 and plan.conditioning.guided
    one, two, none = (
        list(run(resolve(PAIR.but(weight=weight), facts)))[1] for weight in (1.0, 2.0, 0.0)
    )  # of the same start
    told, mixed, plain = (np.asarray(step.x0_hat) for step in (one, two, none))
    np.testing.assert_allclose(mixed, 2 * told - plain, atol=2e-4)


@pytest.mark.parametrize("by", ["recipe", "option"])
def test_the_weight_works_on_the_command_line(by: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out, saved = tmp_path / "rain.nc", tmp_path / "out.nc", tmp_path / "r.json"
    with h5netcdf.File(file, "w") as made:
        made.dimensions = {"y": 64, "x": 64}
        made.create_variable("precipitation", ("y", "x"), data=RAIN).attrs["units"] = "mm h-1"
    recipe = PAIR.but(path=str(file), dataset="precipitation", **({} if by == "recipe" else {"weight": 1.0}))
    saved.write_text(recipe.to_json(), encoding="utf-8")
    words = [] if by == "recipe" else ["--weight", "2"]
    assert main(["sample", "--recipe", str(saved), *words, "-o", str(out)]) == 0, capsys.readouterr().err
    assert "4 calls of the model" in capsys.readouterr().err
    with h5netcdf.File(out) as made:
        assert json.loads(made.attrs["diffview_recipe"])["guidance"]["weight"] == 2.0
        assert "w = 2" in made.attrs["diffview_model"]
