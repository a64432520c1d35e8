"""Noise put in and taken out as xarray: numbers, coordinates, provenance, and the same SHA by every way in."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import h5netcdf
import numpy as np
import pytest
import torch
import xarray

import diffview
from diffview.cli import main
from diffview.forward.brownian import ForwardPath
from diffview.forward.normals import NEWEST
from diffview.forward.schedules import make_schedule
from diffview.library.making import NotAsAsked
from diffview.machine import cores
from diffview.models.cards import find_card
from diffview.runs.recipe import Course, Recipe

ROOT = Path(__file__).resolve().parents[2]
NAME = "toa_brightness_temperature"
QUICK = {"model": "gaussian", "region": (40, 120, 64, 64), "steps": 6}


def sha(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values, np.float32).tobytes()).hexdigest()


@pytest.fixture
def threads() -> Iterator[None]:
    """As many threads of torch as the window takes: sums of a network are added up in an order that hangs on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(1, cores() - 1))
    yield
    torch.set_num_threads(before)


def test_x_t_is_alpha_x_0_plus_sigma_eps_of_the_seed() -> None:
    field = diffview.open()
    noisy = diffview.noise(field, t=0.4, schedule="cosine", seed=5, region=(10, 100, 40, 48))
    alpha, sigma = (float(c) for c in make_schedule("cosine")(0.4))
    assert (float(noisy["alpha"]), float(noisy["sigma"])) == (alpha, sigma) and float(noisy["t"]) == 0.4
    told = json.loads(noisy.attrs["diffview_transform"])
    x0, x_t = ((noisy[name].values - told["mean"]) / told["std"] for name in (NAME, "x_t"))
    assert np.allclose(x_t, alpha * x0 + sigma * noisy["eps"].values, atol=1e-4)
    eps = ForwardPath(5, (40, 48), noise=NEWEST).eps_at(sigma / alpha)
    assert np.array_equal(noisy["eps"].values, eps.astype(np.float32))
    part = field[10:50, 100:148]
    assert np.array_equal(noisy["y"], part["y"]) and noisy["time"] == field["time"]
    assert np.allclose(noisy[NAME], part, atol=1e-4)


def test_the_command_line_writes_the_same_noise(tmp_path: Path) -> None:
    out = tmp_path / "n.nc"
    source = str(ROOT / "resources" / f"{NAME}.nc")
    assert main(["noise", source, "data", "--s", "0.7", "--seed", "3", "-o", str(out)]) == 0
    noisy = diffview.noise(diffview.open(source, "data"), s=0.7, seed=3)
    with h5netcdf.File(out, "r") as file:
        for name in (NAME, "x_t", "eps"):
            assert sha(file[name][...]) == sha(noisy[name].values)
        assert file.attrs["diffview_recipe"] == noisy.attrs["diffview_recipe"]


@pytest.mark.parametrize(
    "asked", [{}, {"t": 0.5, "s": 1.0}, {"t": 1.5}, {"s": -1.0}, {"s": 1e9}, {"t": 0.5, "region": (0, 0, 999, 4)}]
)
def test_what_noise_refuses_is_a_sentence(asked: dict[str, object]) -> None:
    with pytest.raises(diffview.UserError) as caught:
        diffview.noise(**asked)  # type: ignore[arg-type]
    assert caught.value.sentence.endswith(".") and caught.value.hint


def test_a_run_as_xarray() -> None:
    field = diffview.open()
    made = diffview.sample(field, members=3, seed=2, **QUICK)
    assert made[NAME].dims == ("member", "y", "x") and made[NAME].shape == (3, 64, 64)
    assert made[NAME].dtype == made[f"{NAME}_mean"].dtype == np.float32
    assert np.allclose(made[f"{NAME}_mean"], made[NAME].mean("member"), rtol=1e-6)
    assert np.allclose(made[f"{NAME}_spread"], made[NAME].std("member", ddof=1), rtol=1e-3)
    assert made[NAME].attrs["units"] == "K" and list(made["member"]) == [0, 1, 2] and "time" not in made.coords
    said = made.attrs
    assert (said["diffview_seed"], said["diffview_schedule"], said["diffview_sampler"]) == ("2", "linear", "ddim")
    assert said["diffview_version"] == diffview.__version__ and said["diffview_model"].startswith("gaussian on ")
    assert Recipe.from_json(said["diffview_recipe"]).ensemble.members == 3
    assert made.to_netcdf(engine="h5netcdf")  # all that is in it can be written


def test_a_start_from_the_field_lies_where_the_field_does() -> None:
    field = diffview.open()
    made = diffview.sample(field, level=0.5, **QUICK)
    part = field[40:104, 120:184]
    assert made["latitude"].equals(part["latitude"]) and made["time"] == field["time"]
    assert Recipe.from_json(made.attrs["diffview_recipe"]).start.origin == "field"
    near = float(np.sqrt(((made[NAME][0] - part) ** 2).mean()))
    assert near < float(part.std())


def test_every_step_can_be_kept_and_the_progress_followed() -> None:
    shares: list[float] = []
    made = diffview.sample(record=True, progress=shares.append, **QUICK)
    assert made["x_t"].dims == ("step", "member", "y", "x") and made.sizes["step"] == 7
    assert float(made["s"][-1]) == 0 and {"t", "s"} <= set(made.coords) and shares == [i / 6 for i in range(7)]
    assert np.array_equal(made["x_t"][-1], diffview.sample(**QUICK)[NAME])


def test_gaps_are_filled() -> None:
    field = diffview.open()
    made = diffview.sample(field, fill="repaint", hidden=[(60, 140, 8, 8)], **QUICK)
    generated = made["generated"].values == 1
    assert generated.sum() == 64 and generated[20:28, 20:28].all()
    part = field[40:104, 120:184].values
    assert np.allclose(made[NAME].values[0][~generated], part[~generated], atol=1e-3)
    with pytest.raises(diffview.UserError, match="no way"):
        diffview.sample(field, fill="paint", **QUICK)


def test_what_is_not_as_asked_warns() -> None:
    with pytest.warns(NotAsAsked, match="The region is reduced"):
        diffview.sample(diffview.open()[:64, 60:124], model="local", region=(0, 0, 64, 64), steps=2)


@pytest.mark.parametrize(
    "values", [{"model": "gausian"}, {"sampler": "heum"}, {"members": 0}, {"model": "rain64", "level": 2.0}]
)
def test_what_sample_refuses_is_a_sentence(values: dict[str, object]) -> None:
    with pytest.raises(diffview.UserError) as caught:
        diffview.sample(**values)  # type: ignore[arg-type]
    assert caught.value.sentence.endswith(".")


def test_a_keyword_that_there_is_not_is_a_mistake_of_the_program() -> None:
    with pytest.raises(TypeError, match="sede"):
        diffview.sample(sede=1)  # type: ignore[call-arg]


def test_the_recipe_of_a_result_makes_it_again() -> None:
    made = diffview.sample(diffview.open(), level=2.0, members=2, seed=9, **QUICK)
    again = diffview.sample(recipe=made.attrs["diffview_recipe"])
    assert again.equals(made) and again.attrs["diffview_recipe"] == made.attrs["diffview_recipe"]


def test_an_array_gives_what_its_file_gives(tmp_path: Path) -> None:
    field = diffview.open()
    moved = field.copy()  # of unknown origin: it stands for itself
    moved.attrs.pop("diffview_sha256")
    one, other = (diffview.sample(of, level=2.0, **QUICK) for of in (field, moved))
    assert sha(one[NAME].values) == sha(other[NAME].values) and one["latitude"].equals(other["latitude"])


@pytest.mark.parametrize(
    "values", [{"model": "gaussian", "members": 2, "seed": 4}, {"model": "rain64", "steps": 3, "seed": 1}]
)
def test_one_recipe_one_sha(values: dict[str, object], tmp_path: Path, threads: None) -> None:
    """By the library, by the command line, and by the window in a process of its own."""
    recipe, out = tmp_path / "r.json", tmp_path / "o.nc"
    recipe.write_text(Recipe.of(region=None, **values).to_json(), encoding="utf-8")
    assert main(["sample", "--recipe", str(recipe), "-o", str(out)]) == 0
    made = diffview.sample(recipe=recipe)
    name = next(iter(made.data_vars))
    with xarray.open_dataset(out, engine="h5netcdf") as file:
        written = file[name].values
        assert file.attrs["diffview_recipe"] == made.attrs["diffview_recipe"]
    assert sha(written) == sha(made[name].values) == _of_the_window(recipe, str(name))


def _of_the_window(recipe: Path, name: str) -> str:
    program = f"""
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from pathlib import Path
from PySide6.QtWidgets import QApplication
from diffview.gui.app import create_window, show_window
from diffview.runs.recipe import Recipe
from diffview.writers.exports import ensemble_content
import hashlib, numpy as np
window = create_window(Recipe.from_json(Path({str(recipe)!r}).read_text()))
show_window(window)
while not (window.is_idle() and window.live.run is not None and window.live.run.state == "finished"):
    QApplication.processEvents()
run = window.live.run
values = ensemble_content(run.plan, window.session.facts.field, run.trajectory.kept[-1]).variables[{name!r}]
print(hashlib.sha256(np.float32(values.back.inverse(values.values)).tobytes()).hexdigest())
window.close()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    return done.stdout.split()[-1]


def test_a_network_draws_as_it_was_scored_where_nothing_else_is_asked_for() -> None:
    def course(**values: object) -> Course:
        made = diffview.sample(model="rain64", steps=1, **values)  # type: ignore[arg-type]
        return Recipe.from_json(made.attrs["diffview_recipe"]).course

    scored = find_card("rain64").scores["settings"]
    said = course()
    assert (said.sampler, dict(said.sampler_params), said.grid) == (scored["sampler"], scored["params"], "karras")
    other = course(sampler="ddim")
    assert (other.sampler, other.sampler_params, other.grid) == ("ddim", (), "karras")
