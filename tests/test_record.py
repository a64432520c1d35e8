"""Runs recorded in any loop, and read again: equal arrays, whatever ended the loop."""

import subprocess
import sys
from itertools import pairwise

import h5py
import numpy as np
import pytest
import torch

import diffview
from diffview.cli import main
from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.forward.schedules import make_schedule
from diffview.readers.packaged import packaged_field
from diffview.readers.run_files import read_recorded
from diffview.readers.slices import read_slice
from diffview.record import Recorder
from diffview.reverse.grids import make_levels
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.facts import Facts
from diffview.runs.recorded import run_of
from diffview.runs.resolve import resolve

LEVELS = make_levels(make_schedule("edm"), "karras", 6)
STD = 2.0
PACKAGED = packaged_field().provenance["path"]
TRUTH = np.random.default_rng(5).normal(0, STD, (8, 10)).astype(np.float32)


def denoise(y, s):
    """The posterior mean of white fields of the standard deviation STD."""
    return y * np.float32(STD**2 / (STD**2 + s**2))


def loop(recorder: Recorder | None, members: int = 3) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A plain loop of Euler steps; its states and estimates."""
    y = (LEVELS[0] * np.random.default_rng(1).normal(size=(members, 8, 10))).astype(np.float32)
    states, estimates = [], []
    for s, s_next in pairwise(LEVELS):
        x0_hat = denoise(y, s)
        states.append(y)
        estimates.append(x0_hat)
        if recorder is not None:
            recorder.step(s, y, x0_hat=x0_hat)
        y = (x0_hat + np.float32(s_next / s) * (y - x0_hat)).astype(np.float32)
    if recorder is not None:
        recorder.step(0.0, y)
    return [*states, y], estimates


def test_a_loop_of_plain_numpy_is_read_again_as_it_was(tmp_path):
    path = tmp_path / "run.h5"
    with Recorder(path, units="K", quantity="sst", mean=280.0, std=5.0, truth=TRUTH, program="mine 1.0") as recorder:
        states, estimates = loop(recorder)
    run = diffview.recorded(path)
    assert np.array_equal(run.y, np.stack(states)[:, :, None]) and run.y.dtype == np.float32
    assert np.array_equal(run.x0_hat[:-1], np.stack(estimates)[:, :, None]) and np.isnan(run.x0_hat[-1]).all()
    assert run.s.tolist() == LEVELS and run.index == tuple(range(7)) and run.complete
    assert (run.quantity, run.units, run.program, run.schedule) == ("sst", "K", "mine 1.0", None)
    assert run.transform == Transform("standardise", 280.0, 5.0)
    np.testing.assert_allclose(run.physical(run.y), 280 + 5 * run.y, rtol=1e-4)
    off = np.stack(estimates).astype(np.float64) - TRUTH
    np.testing.assert_allclose(run.errors[:-1], np.sqrt((off**2).mean(axis=(2, 3))).mean(axis=1))


def test_its_steps_are_those_of_a_run_of_this_program(tmp_path):
    with Recorder(tmp_path / "run.h5") as recorder:
        loop(recorder)
    steps = diffview.recorded(tmp_path / "run.h5").steps
    own = list(SAMPLERS["ddim"].run(denoise, steps[0].y, LEVELS, lambda stream, index: None, eta=0.0))
    assert [step.index for step in steps] == [step.index for step in own]
    for step, same in zip(steps, own, strict=True):
        np.testing.assert_allclose(step.y, same.y, rtol=1e-5, atol=1e-5)
    for step, after in zip(steps, own[1:], strict=False):
        assert step.s_eval == after.s_eval == step.s
        np.testing.assert_allclose(step.x0_hat, after.x0_hat, rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(step.eps_hat, (step.y - step.x0_hat) / step.s, rtol=1e-5, atol=1e-5)


def test_x_t_with_alpha_and_sigma_and_tensors_of_any_kind_are_taken(tmp_path):
    y = torch.randn(2, 1, 4, 5, dtype=torch.float64, requires_grad=True)
    with Recorder(tmp_path / "run.h5") as recorder:
        recorder.step(x_t=0.6 * y, alpha=0.6, sigma=0.8, x0_hat=y)
        recorder.step(0.5, y.half())
        recorder.step(0.25, y.bfloat16())
    run = diffview.recorded(tmp_path / "run.h5")
    assert run.s == pytest.approx([0.8 / 0.6, 0.5, 0.25]) and run.y.dtype == np.float64
    np.testing.assert_allclose(run.y[0], y.detach().numpy())
    np.testing.assert_allclose(run.y[1], y.detach().half().numpy())


@pytest.mark.parametrize(("shape", "stored"), [((4, 5), (1, 1, 4, 5)), ((3, 4, 5), (3, 1, 4, 5)), ((2, 3, 4, 5),) * 2])
def test_missing_axes_have_one_entry(tmp_path, shape, stored):
    with Recorder(tmp_path / "run.h5") as recorder:
        recorder.step(1.0, np.ones(shape))
    assert diffview.recorded(tmp_path / "run.h5").y.shape == (1, *stored)


def test_the_schedule_is_that_of_the_training_steps_or_one_by_name(tmp_path):
    linear = make_schedule("linear")
    alpha_bar = np.cumprod(1 - linear.betas())
    for about in ({"alpha_bar": alpha_bar}, {"schedule": "linear"}):
        with Recorder(tmp_path / "run.h5", **about) as recorder:
            recorder.step(1.0, np.ones((4, 5)))
        t = np.linspace(0.01, 1, 50)
        found = diffview.recorded(tmp_path / "run.h5").schedule
        np.testing.assert_allclose(found.noise_level(t), linear.noise_level(t), rtol=1e-6)


# -- cut short


def test_a_loop_that_fails_leaves_what_it_did(tmp_path):
    with pytest.raises(ZeroDivisionError), Recorder(tmp_path / "run.h5") as recorder:
        recorder.step(2.0, np.ones((4, 5)))
        raise ZeroDivisionError
    run = diffview.recorded(tmp_path / "run.h5")
    assert len(run.s) == 1 and not run.complete


def test_a_program_that_is_killed_leaves_every_step_it_recorded(tmp_path):
    code = (
        "import sys, time, numpy as np\nfrom diffview.record import Recorder\n"
        "recorder = Recorder(sys.argv[1])\n"
        "for i in range(5):\n    recorder.step(5.0 - i, np.full((3, 16, 16), i, np.float32))\n"
        "print('there', flush=True)\ntime.sleep(60)\n"
    )
    program = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path / "run.h5")], stdout=subprocess.PIPE, text=True
    )
    assert program.stdout.readline() == "there\n"
    while_it_runs = diffview.recorded(tmp_path / "run.h5")
    program.kill()
    program.communicate()
    run = diffview.recorded(tmp_path / "run.h5")
    for found in (while_it_runs, run):
        assert found.s.tolist() == [5, 4, 3, 2, 1] and (found.y[:, 0, 0, 0, 0] == np.arange(5)).all()
        assert not found.complete


def test_a_full_disk_is_a_sentence_and_what_is_recorded_is_kept(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        recorder = Recorder(disk / "run.h5")
        with pytest.raises(UserError, match="could not be written: No space") as caught:
            for i in range(100):
                recorder.step(100.0 - i, np.full((64, 64), i, np.float32))
        assert recorder.count > 2 and f"The {recorder.count} steps before it are kept" in caught.value.sentence
        run = diffview.recorded(disk / "run.h5")
        assert len(run.s) == recorder.count and (run.y[:, 0, 0, 0, 0] == np.arange(len(run.s))).all()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_what_was_there_stays_until_the_first_step(tmp_path):
    with Recorder(tmp_path / "run.h5") as recorder:
        recorder.step(1.0, np.ones((4, 5)))
    Recorder(tmp_path / "run.h5").close()
    assert len(diffview.recorded(tmp_path / "run.h5").s) == 1


# -- bad input


@pytest.mark.parametrize(("given", "sentence"), [
    ({"s": -1.0, "y": np.ones((4, 5))}, "noise level s = -1"),
    ({"s": float("nan"), "y": np.ones((4, 5))}, "noise level s = nan"),
    ({"s": 1.0, "y": np.ones(4)}, "y has the shape 4."),
    ({"s": 1.0, "y": np.ones((4, 6))}, "y of step 1 has the shape 1 x 1 x 4 x 6; that of the run is 1 x 1 x 4 x 5."),
    ({"s": 1.0, "y": np.ones((4, 5)), "x0_hat": np.ones((2, 4, 5))}, "x0_hat of step 1 has the shape 2 x 1 x 4 x 5"),
    ({"x_t": np.ones((4, 5)), "alpha": 0.0, "sigma": 1.0}, "nothing of the field is left in x_t"),
])  # fmt: skip
def test_a_step_that_is_none_is_a_sentence_and_the_run_goes_on(tmp_path, given, sentence):
    with Recorder(tmp_path / "run.h5") as recorder:
        recorder.step(2.0, np.ones((4, 5)))
        with pytest.raises(UserError, match=sentence.partition("(")[0][:12]) as caught:
            recorder.step(**given)
        assert sentence in caught.value.sentence and caught.value.hint.endswith(".")
        recorder.step(1.0, np.ones((4, 5)))
    assert diffview.recorded(tmp_path / "run.h5").s.tolist() == [2.0, 1.0]


def test_errors_are_of_the_pixels_whose_truth_is_known(tmp_path):
    """x0_hat is off by 3 where the truth is known, and by 100 on land."""
    truth = np.where(np.arange(64).reshape(8, 8) < 9, np.nan, 1.5)
    with Recorder(tmp_path / "run.h5", truth=truth) as recorder:
        recorder.step(2.0, np.zeros((2, 8, 8)), x0_hat=np.stack([np.where(np.isnan(truth), 100.0, 4.5)] * 2))
        recorder.step(0.0, np.zeros((2, 8, 8)))
    errors = diffview.recorded(tmp_path / "run.h5").errors
    assert errors[0] == pytest.approx(3.0) and np.isnan(errors[1])


def test_words_that_are_unknown_are_errors_of_the_programmer(tmp_path):
    with pytest.raises(TypeError, match="takes no 'colour'"):
        Recorder(tmp_path / "run.h5", colour="red")
    with pytest.raises(TypeError, match="takes no 'beta'"):
        Recorder(tmp_path / "run.h5").step(1.0, np.ones((4, 5)), beta=1)
    with pytest.raises(TypeError, match="needs s and y"):
        Recorder(tmp_path / "run.h5").step(1.0)
    with pytest.raises(UserError, match="std 0"):
        Recorder(tmp_path / "run.h5", std=0.0)
    with pytest.raises(UserError, match="could not be written"):
        Recorder(tmp_path / "no" / "run.h5").step(1.0, np.ones((4, 5)))


def test_a_truth_of_another_shape_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(UserError, match="truth has the shape 1 x 8 x 10, a member 1 x 4 x 5"):
        Recorder(tmp_path / "run.h5", truth=TRUTH).step(1.0, np.ones((4, 5)))
    assert not (tmp_path / "run.h5").exists()


def damaged(file: h5py.File) -> None:
    del file["x0_hat"]


def newer(file: h5py.File) -> None:
    file.attrs["diffview_record"] = 7


def endless(file: h5py.File) -> None:
    file["s"][0] = np.inf


def without(file: h5py.File) -> None:
    del file["s"]


def empty(file: h5py.File) -> None:
    for name in ("s", "y", "x0_hat"):
        file[name].resize(0, axis=0)


@pytest.mark.parametrize(("spoil", "sentence"), [
    (damaged, "is damaged"), (newer, "version 7"), (empty, "has no steps"), (without, "has no noise levels"),
    (endless, "noise level of step 0 of the recorded run is inf"),
])  # fmt: skip
def test_a_record_that_is_none_is_a_sentence(tmp_path, spoil, sentence):
    with Recorder(tmp_path / "run.h5") as recorder:
        recorder.step(1.0, np.ones((4, 5)))
    with h5py.File(tmp_path / "run.h5", "a") as file:
        spoil(file)
    with pytest.raises(UserError) as caught:
        diffview.recorded(tmp_path / "run.h5")
    assert sentence in caught.value.sentence and caught.value.hint.endswith(".")


def test_other_files_hold_no_run(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["sst"] = np.ones((4, 5))
    with pytest.raises(UserError, match="holds no recorded run"):
        diffview.recorded(tmp_path / "a.h5")


# -- long runs, and those of this program


def test_of_a_run_larger_than_memory_every_second_or_fourth_step_is_read(tmp_path):
    with Recorder(tmp_path / "run.h5") as recorder:
        for i in range(30):
            recorder.step(30.0 - i, np.full((8, 8), i, np.float32))
    run = run_of(read_recorded(str(tmp_path / "run.h5"), most=2 * 4 * 64 * 10))
    assert run.index == (0, 4, 8, 12, 16, 20, 24, 28, 29)
    assert run.y[:, 0, 0, 0, 0].tolist() == list(run.index) and run.s.tolist() == [30.0 - i for i in run.index]


def test_a_recorded_run_of_this_program_is_read_again(tmp_path):
    out = str(tmp_path / "run.nc")
    assert main(["sample", "--model", "rain64", "--members", "2", "--steps", "4", "--record", "-o", out, "-q"]) == 0
    run = diffview.recorded(out)
    assert run.y.shape == (5, 2, 1, 64, 64) and run.index == (0, 1, 2, 3, 4) and run.s[-1] == 0 and run.complete
    made = diffview.sample(model="rain64", members=2, steps=4)
    name = next(iter(made.data_vars))
    np.testing.assert_allclose(run.physical(run.y[-1][:, 0]), made[name].values, atol=0.02)
    assert run.schedule.key == "edm" and run.program == "diffview" and run.units == "mm h-1"


def test_an_estimate_of_ours_is_of_the_state_that_it_was_made_of(tmp_path):
    out = str(tmp_path / "run.nc")
    words = ["--model", "gaussian", "--fit", PACKAGED, "data", "--region", "0,100,32,32"]
    assert main(["sample", *words, "--steps", "4", "--record", "-o", out, "-q"]) == 0
    run = diffview.recorded(out)
    plan = resolve(run.recipe, Facts(packaged_field()))
    denoise = plan.model.denoiser()
    for step in run.steps[:-1]:
        assert step.s_eval == step.s
        np.testing.assert_allclose(step.x0_hat, denoise(step.y, step.s), atol=2e-4)
        np.testing.assert_allclose(step.eps_hat, (step.y - step.x0_hat) / step.s, rtol=1e-4, atol=1e-5)
    assert run.steps[-1].x0_hat is None


def test_a_record_is_shown_in_physical_units_its_truth_first_else_its_last_state(tmp_path):
    states, _ = loop(None)
    for truth, shown in ((TRUTH, TRUTH), (None, states[-1][0])):
        with Recorder(tmp_path / "run.h5", units="K", quantity="sst", mean=280.0, std=5.0, truth=truth) as recorder:
            loop(recorder)
        picture = read_slice(str(tmp_path / "run.h5"))
        np.testing.assert_allclose(picture.field.values, 280 + 5 * shown.astype(np.float64), rtol=1e-6)
        assert (picture.field.name, picture.field.units, picture.dataset) == (
            "sst",
            "K",
            "/y" if truth is None else "/truth",
        )
    assert picture.other_dims == (("step", 7), ("member", 3), ("channel", 1)) and picture.index == (6, 0, 0)
    x0_hat = read_slice(str(tmp_path / "run.h5"), "x0_hat", (2, 1, 0)).field.values
    np.testing.assert_allclose(x0_hat, 280 + 5 * denoise(states[2], LEVELS[2])[1].astype(np.float64), rtol=1e-6)


def test_of_an_exported_run_the_last_state_is_shown_under_the_name_of_its_quantity(tmp_path):
    out = str(tmp_path / "run.nc")
    assert main(["sample", "--model", "rain64", "--steps", "2", "--record", "-o", out, "-q"]) == 0
    picture = read_slice(out)
    assert (picture.dataset, picture.index, picture.field.name) == ("/x_t", (2, 0), "precipitation_rate")


def test_the_recorder_needs_neither_qt_nor_torch_nor_xarray():
    code = (
        "import sys, diffview.record\nprint(sorted({'PySide6', 'torch', 'xarray', 'scipy', 'h5py'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True).stdout == "[]\n"
