"""diffview compare: recipes and schedules side by side from the command line, and by library."""

import csv
import json

import pytest

import diffview
from diffview.cli import main
from diffview.errors import UserError
from diffview.forward.schedules import Linear, make_schedule
from diffview.forward.tables import export_schedule
from diffview.runs.recipe import Recipe
from diffview.runs.rivals import added

REGION = "40,120,32,32"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recipe = Recipe.of(model="gaussian", steps=6, sampler="heun", schedule=make_schedule("edm"), seed=3)
    (tmp_path / "A.json").write_text(recipe.but(schedule=Linear(chain_steps=250)).to_json())
    (tmp_path / "B.json").write_text(recipe.but(grid="karras").to_json())
    both = recipe.but(**added(recipe, schedule=Linear(chain_steps=250)))
    (tmp_path / "both.json").write_text(both.to_json())
    (tmp_path / "short.csv").write_text(export_schedule(make_schedule("cosine"), 50, "csv"))
    return tmp_path


def compare(*words):
    return main(["compare", *words, "--region", REGION])


def table(path):
    return list(csv.DictReader(path.read_text().splitlines()))


def test_two_recipes_are_compared_as_they_are(folder, capsys):
    assert compare("A.json", "B.json", "-o", "table.csv", "--json") == 0
    told = capsys.readouterr()
    rows = json.loads(told.out)
    assert [row["name"] for row in rows] == ["B", "A"], "the better one first"
    assert {row["name"]: row["differs"] for row in rows} == {
        "A": "Linear chain_steps 250, uniform levels", "B": "EDM, karras levels"
    }  # fmt: skip
    assert [float(row["spectrum (dB)"]) for row in table(folder / "table.csv")] == [r["spectrum (dB)"] for r in rows]
    assert rows[0]["p beside the best"] is None and rows[1]["p beside the best"] < 0.05 and rows[0]["fields"] == 32
    assert rows[0]["evaluations"] == 11 and rows[0]["error to the truth (K)"] is None
    assert "B has " in told.err and "better than A" in told.err


def test_a_recipe_alone_is_its_rivals_and_a_word_is_an_own_rival(folder, capsys):
    assert compare("both.json", "--fields", "0", "-o", "table.csv") == 0
    rows = table(folder / "table.csv")
    assert [(row["name"], row["schedule"]) for row in rows] == [("A", "edm"), ("B", "linear")]
    assert all(row["spectrum (dB)"] == "" for row in rows), "nothing was scored"
    assert "Written for chains of different length: A for T = 1000, B for T = 250." in capsys.readouterr().err


def test_schedules_by_name_and_file_run_as_the_options_say(folder, capsys):
    words = ("short.csv", "cosine", "--model", "gaussian", "--steps", "5", "--level", "2", "--along", "along.csv")
    assert compare(*words, "-o", "t.csv", "--fields", "12") == 0
    rows = {row["name"]: row for row in table(folder / "t.csv")}
    assert set(rows) == {"short", "cosine"} and rows["short"]["rows T"] == "50"
    assert all(float(row["error to the truth (K)"]) > 0 and float(row["CRPS"]) > 0 for row in rows.values())
    curves = table(folder / "along.csv")
    assert {row["what"] for row in curves} == {"x0_hat to the truth", "perfect sampler", "state to a fine run"}
    assert sum(row["what"] == "perfect sampler" for row in curves) == 10
    assert "K of CRPS" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["calm seas", "night.json"])
def test_my_schedules_are_compared_by_name(folder, capsys, name):
    assert main(["schedule", "linear", "--param", "chain_steps=250", "--save", name]) == 0
    assert compare(name, "edm", "--model", "gaussian", "--steps", "4", "--fields", "0", "-o", "t.csv") == 0
    assert [(row["name"], row["differs"]) for row in table(folder / "t.csv")] == [
        (name.removesuffix(".json"), "Linear chain_steps 250"), ("edm", "EDM")
    ]  # fmt: skip
    assert main(["schedule", "--remove", name]) == 0
    assert compare(name, "edm", "--model", "gaussian", "--fields", "0") == 2, "it is there no longer"


def test_the_library_gives_the_same(folder):
    assert compare("A.json", "B.json", "-o", "table.csv") == 0
    found = diffview.compare("A.json", "B.json", region=(40, 120, 32, 32))
    rows = table(folder / "table.csv")
    assert [row["name"] for row in found.table] == [row["name"] for row in rows]
    assert [row["spectrum (dB)"] for row in found.table] == [float(row["spectrum (dB)"]) for row in rows]
    again = diffview.compare(Recipe.from_json((folder / "A.json").read_text()), make_schedule("edm"), fields=0,
                             region=(40, 120, 32, 32), loss=True)  # fmt: skip
    assert [row["schedule"] for row in again.table] == ["linear", "edm"] and again.verdict is None
    assert all(row["cost of steps (nats per pixel)"] > 0 for row in again.table)


def test_the_data_may_be_another_file(folder):
    import h5py
    import numpy as np

    rng = np.random.default_rng(0)
    with h5py.File("rain.h5", "w") as file:
        file["tb"] = (270 + rng.standard_normal((96, 128)).cumsum(0).cumsum(1) / 20).astype(np.float32)
        file["tb"].attrs["units"] = "K"
    assert main(["compare", "A.json", "B.json", "--data", "rain.h5", "tb", "-o", "t.csv", "--fields", "12"]) == 0
    assert [row["fields"] for row in table(folder / "t.csv")] == ["12", "12"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["linear"], "1 way to run cannot be compared."),
        (["linear", "cosine", "edm", "flow", "ve"], "5 ways to run cannot be compared."),
        (["linear", "cosin"], "There is no schedule called 'cosin'."),
        (["A.json", "nothing.json"], "nothing.json"),
        (["A.json", "B.json", "-o", "no/such/t.csv"], "there is no such folder"),
        (["A.json", "B.json", "--steps", "0"], "compare: steps = 0 is outside 1 to 10000."),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(folder, words, sentence, capsys):
    assert compare(*words) == 2
    assert sentence in capsys.readouterr().err


def test_a_number_that_is_0_for_all_stands_in_the_table(folder, capsys):
    assert compare("A.json", "B.json", "--fields", "0", "--seed", "0") == 0
    rows = {line.split("  ")[0]: line.split()[-2:] for line in capsys.readouterr().out.splitlines()}
    assert rows["seed"] == ["0", "0"] and "idle steps" in rows
    assert not any(name.startswith("error to the truth") for name in rows), "nothing is known of it"


def test_too_few_fields_lose_nothing_but_the_order(folder, capsys):
    assert compare("A.json", "B.json", "--fields", "6", "-o", "t.csv") == 0
    assert "6 fields cannot tell rivals apart" in capsys.readouterr().err
    rows = table(folder / "t.csv")
    assert all(row["spectrum (dB)"] for row in rows) and all(row["p beside the best"] == "" for row in rows)


def test_rivals_of_different_models_run_and_are_not_scored(folder, capsys):
    recipe = Recipe.from_json((folder / "A.json").read_text())
    (folder / "D.json").write_text(recipe.but(model="power_law").to_json())
    assert compare("A.json", "D.json", "-o", "t.csv") == 0
    assert "The rivals have different models: A gaussian, D power_law." in capsys.readouterr().err
    assert [row["model"] for row in table(folder / "t.csv")] == ["gaussian", "power_law"]


def test_a_schedule_that_a_training_would_not_use_is_refused(folder):
    from diffview.learning.settings import settings_of

    assert settings_of({"schedule": "cosine"})["density"] == "schedule"
    assert settings_of({"schedule": make_schedule("edm"), "loss": "plain"})["schedule"].key == "edm"
    with pytest.raises(UserError, match="The density broad draws noise levels on no schedule") as caught:
        settings_of({"schedule": "cosine", "density": "broad"})
    assert caught.value.hint.endswith(".")


def test_a_training_follows_the_schedule_in_a_file(folder, tmp_path):
    pytest.importorskip("torch")
    import h5py
    import numpy as np

    from diffview.models.cards import Card

    rng = np.random.default_rng(0)
    with h5py.File("rain.h5", "w") as file:
        file["tb"] = (270 + rng.standard_normal((40, 16, 16)).cumsum(1)).astype(np.float32)
        file["tb"].attrs["units"] = "K"
    small = ["--steps", "2", "--batch", "4", "--size", "16", "--width", "8", "--device", "cpu"]
    assert main(["train", "rain.h5", "tb", "-o", "net", *small, "--loss", "plain", "--schedule", "short.csv"]) == 0
    training = Card.read(folder / "net").training
    assert training["density"] == "schedule" and training["loss"] == "plain"
    assert training["schedule"]["key"] == "table" and len(training["schedule"]["table"]) == 50
