"""What a GPU makes beside the CPU, on machines that have one: runs, noise, recorded calls, memory, training, files.

Everything here is skipped on other machines. `test_acceleration` holds the same parts to the plain way on a CPU.
"""

import logging
import os

import numpy as np
import pytest
import torch
from models_twins import small_model

from diffview.cli import main
from diffview.forward.noise import STEP, Noise
from diffview.forward.schedules import Linear
from diffview.learning.network import config_for
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import resumed, save
from diffview.models.cards import read_cards
from diffview.models.nets import acceleration
from diffview.models.nets.acceleration import Ahead, Graphed, Pages
from diffview.models.nets.adapter import Network
from diffview.readers.packaged import packaged_field
from diffview.reverse.samplers import SAMPLERS, Step
from diffview.runs.facts import Facts
from diffview.runs.recipe import default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

HERE = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
DEVICES = [
    pytest.param(device, marks=pytest.mark.skipif(not there, reason=f"this machine has no {device} device"))
    for device, there in HERE.items()
]
if named := os.environ.get("DIFFVIEW_TEST_DEVICE"):  # cpu: to see that these tests are sound
    DEVICES = [named]

gpu = pytest.mark.parametrize("device", DEVICES)
SAMPLED = ("ddim", "heun", "churn", "ddpm", "dpmpp_2m", "dpmpp_2m_sde", "unipc")

SAME_PICTURE = acceleration.CLOSE / 4
"""Root mean square between the pictures of two devices, in standard deviations: an eighth of a step of the colours."""


def ended(device, **wishes):
    """The last state of a run, an array, and its plan."""
    cards = read_cards()
    facts = Facts(packaged_field(), cards=cards, torch=torch.__version__, devices=("cpu", device))
    plan = resolve(default_recipe().but(device=device, **wishes), facts)
    assert plan.device == device and plan.refusal is None
    *_, last = run(plan)
    return last.y.cpu().numpy(), plan


@gpu
@pytest.mark.parametrize("sampler", SAMPLED)
def test_the_same_seed_makes_the_same_rain(device, sampler, caplog):
    wishes = {"model": "rain64", "sampler": sampler, "steps": 12, "members": 3, "seed": 5}
    with caplog.at_level(logging.WARNING):
        there = ended(device, **wishes)[0]
    here = ended("cpu", **wishes)[0]
    assert np.sqrt(np.mean((there - here) ** 2)) < SAME_PICTURE
    assert not caplog.text  # nothing fell back to the plain way


@gpu
@pytest.mark.parametrize("model", ["gaussian", "power_law", "data", "local"])
def test_formulas_give_the_same_to_rounding(device, model):
    wishes = {"model": model, "sampler": "heun", "steps": 8, "members": 2}
    there, here = (ended(place, **wishes)[0] for place in (device, "cpu"))
    np.testing.assert_allclose(there, here, rtol=0, atol=1e-3 * np.abs(here).max())


@gpu
@pytest.mark.parametrize("name", sorted(read_cards()))
def test_every_sample_model_at_every_level(device, name):
    card = read_cards()[name]
    condition = np.zeros(card.shape, np.float32)[None] if card.coarsen else None
    here, there = (Network.of(card, place, condition=condition) for place in ("cpu", device))
    y = np.random.default_rng(0).standard_normal((5, *card.shape)).astype(np.float32)
    for s in np.geomspace(*card.noise_range, 6).tolist():
        for members in (1, 5, 1):  # recorded, recorded for another shape, replayed
            x = np.float32(np.hypot(1, s)) * y[:members]
            assert np.sqrt(np.mean((here(x, s) - there(x, s)) ** 2)) < SAME_PICTURE


@gpu
def test_a_recorded_call_follows_its_tensors(device):
    """And what it gave before is not written over by the next replay."""
    if device != "cuda":
        pytest.skip("only CUDA records calls")
    net = torch.nn.Conv2d(1, 4, 3, padding=1).to(device).requires_grad_(False)
    calls = []

    def call(y, level):
        calls.append(len(y))
        return net(y) * level[:, None, None, None], y.square()

    graphed, given, called = Graphed(call), [], []
    with torch.no_grad():
        for seed in range(4):
            y = torch.randn(2, 1, 16, 16, generator=torch.Generator().manual_seed(seed)).to(device)
            given.append((graphed(y, torch.full((2,), 0.1 + seed, device=device)), y, seed))
            called.append(len(calls))
        assert len(set(called)) == 1  # once it is recorded, the call itself is not made again
        for got, y, seed in given:
            wanted = call(y, torch.full((2,), 0.1 + seed, device=device))
            assert all(torch.allclose(a, b, atol=1e-3) for a, b in zip(got, wanted, strict=True))


@gpu
def test_noise_ahead_is_the_noise_whatever_the_device_does(device):
    """Hundreds of copies from memory that is let go at once."""
    noise = Noise(3, (4, 1, 64, 64))
    ahead = Ahead(noise, torch.zeros(1, device=device))
    asked = [ahead(STEP, index) for index in range(200)]
    for index, z in enumerate(asked):
        assert np.array_equal(z.cpu().numpy(), noise(STEP, index))


@gpu
def test_steps_come_to_the_cpu_as_they_were(device, monkeypatch):
    monkeypatch.setattr(acceleration, "PAGE_S", 0.0)
    kept = []
    with Pages(kept.append) as keep:
        y = torch.zeros(4, 1, 64, 64, device=device)
        for index in range(100):
            y = y + 1
            keep(Step(index, 1.0, y, 2 * y, None, 1.0, index))
    assert [step.index for step in kept] == list(range(100))
    assert all((step.y == i + 1).all() and (step.x0_hat == 2 * i + 2).all() for i, step in enumerate(kept))
    assert all(step.eps_hat is None for step in kept)


@gpu
def test_a_run_short_of_memory_makes_its_members_in_parts(device, tmp_path, caplog):
    if device != "cuda":
        pytest.skip("only CUDA can be given less memory")
    card = small_model(tmp_path, shape=(1, 256, 256))
    denoise, y = Network.of(card, device), torch.randn(64, 1, 256, 256, device=device)
    whole = denoise(y, 0.7)
    torch.cuda.empty_cache()
    held, total = torch.cuda.memory_reserved(), torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, (held + 200 * 2**20) / total))
    try:
        with caplog.at_level(logging.WARNING):
            parts = denoise(y, 0.7)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert "members at once" in caplog.text and torch.allclose(parts, whole, atol=1e-2)


@gpu
def test_training_learns_there_and_goes_on_here(device, tmp_path):
    """A smooth field is learned in some steps; the checkpoint of a GPU is one of the CPU."""
    wave = np.sin(np.arange(16) / 3)
    values = np.stack([np.roll(np.add.outer(wave, wave), (i, 2 * i), (0, 1)) for i in range(32)]).astype(np.float32)
    data = TrainingSet.fit("standardise", values, values[:0], "sst", "K")
    sizes = {"width": 16, "multipliers": (1, 2)}
    trainer = Trainer(
        data, config_for(data, **sizes), TrainingSettings(batch=16, warmup=5, steps=80, rate=4e-3), device
    )
    for _ in range(40):
        trainer.advance()
    early = trainer.report().loss
    for _ in range(40):
        trainer.advance()
    assert trainer.report().loss < 0.7 * early
    save(trainer, tmp_path)
    again = resumed(tmp_path, data, "cpu", steps=160)
    for kept, made in zip(trainer.ema.state_dict().values(), again.ema.state_dict().values(), strict=True):
        assert torch.equal(kept.cpu(), made)
    again.advance()
    assert again.step == 81 and np.isfinite(again.report().loss)


@gpu
def test_the_command_makes_the_same_file(device, tmp_path):
    xarray = pytest.importorskip("xarray")
    files = []
    for place in (device, "cpu"):
        files.append(tmp_path / f"{place}-{len(files)}.nc")
        words = ("sample", "--model", "rain64", "--members", "2", "--steps", "8", "--device", place)
        assert main([*words, "-o", str(files[-1])]) == 0
    there, here = (xarray.load_dataset(file) for file in files)
    assert set(there.data_vars) == set(here.data_vars)
    name = next(name for name, values in there.data_vars.items() if "member" in values.dims)
    assert float(np.abs(there[name] - here[name]).mean()) < 0.02  # mm/h


def test_these_tests_know_every_sampler_they_name():
    assert set(SAMPLED) <= set(SAMPLERS)


@gpu
def test_other_peoples_networks_run_as_in_their_own_pipeline(device, tmp_path, monkeypatch):
    """Sixteen members of DDIM by both from one noise; the pictures have 256 grey levels."""
    pytest.importorskip("diffusers")
    from diffusers_twins import ddim_by_both

    ours, theirs = ddim_by_both(tmp_path, monkeypatch, Linear(), device=device)
    assert float((ours - theirs).abs().max()) < 1 / 256
