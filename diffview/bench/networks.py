"""Measurements of networks: runs and training beside bare calls, and beside diffusers' pipeline."""

import tempfile
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.bench.core import Pair, alternately
from diffview.machine import cores
from diffview.models.cards import read_cards
from diffview.models.foreign import foreign_card
from diffview.models.nets.discrete import load_discrete
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run

Array = NDArray[np.float32]

STEPS = 20


def _threads() -> None:
    import torch

    torch.set_num_threads(max(1, cores() - 1))


def run_and_bare_network(rounds: int) -> tuple[Pair, int]:
    """Milliseconds of a run of rain64 and of its bare calls, alternately; and the calls of a run."""
    import torch

    _threads()
    facts = Facts(packaged_field(), cards=read_cards())
    plan = resolve(default_recipe().but(model="rain64", steps=STEPS), facts)
    if plan.model is None:
        raise RuntimeError(str(plan.refusal))
    denoise: Any = plan.model.denoiser()
    net, extra = denoise.net, denoise.extra
    states: list[Any] = []

    def ours() -> None:
        states[:] = [step.y for step in run(plan, denoise)]

    def bare() -> None:
        with torch.no_grad():
            for y, s in zip(states, plan.levels[:-1], strict=False):
                net(y, torch.full((1,), s), extra)

    return alternately(rounds, ours, bare), plan.evaluations


def ours_and_plain_loop(rounds: int) -> Pair:
    """Milliseconds of Heun's method: here, and as the loop of EDM in bare torch [Karras et al. 2022, algorithm 2].

    Both start from the same noise and end with the same fields, on the CPU.
    """
    import torch

    _threads()
    facts = Facts(packaged_field(), cards=read_cards())
    plan = resolve(default_recipe().but(model="bt64", sampler="heun", steps=STEPS), facts)
    if plan.model is None:
        raise RuntimeError(str(plan.refusal))
    denoise: Any = plan.model.denoiser()
    net, extra, levels = denoise.net, denoise.extra, plan.levels
    first = torch.from_numpy(to_numpy(next(iter(run(plan, denoise))).y))

    def ours() -> Array:
        *_, last = run(plan, denoise)
        return to_numpy(last.y)

    def theirs() -> Array:
        with torch.no_grad():
            y = first
            for s, s_to in pairwise(levels):
                slope = (y - net(y, torch.full((1,), s), extra)[0]) / s
                after = y + (s_to - s) * slope
                if s_to > 0:
                    slope = 0.5 * (slope + (after - net(after, torch.full((1,), s_to), extra)[0]) / s_to)
                    after = y + (s_to - s) * slope
                y = after
        return to_numpy(y)

    return alternately(rounds, ours, theirs)


def gpu_name() -> str:
    """The CUDA device, or ""."""
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""


def ours_and_diffusers(rounds: int, device: str = "cpu", members: int = 1) -> Pair:
    """Milliseconds of DDIM with the same weights, float32 and steps: here, and by diffusers' pipeline, alternately.

    Both end with their fields on the CPU.
    """
    import torch

    diffusers: Any = import_module("diffusers")
    _threads()
    torch.manual_seed(0)
    net = diffusers.UNet2DModel(
        sample_size=64, in_channels=1, out_channels=1, layers_per_block=1, block_out_channels=(32, 64, 96),
        norm_num_groups=8, down_block_types=("DownBlock2D",) * 3, up_block_types=("UpBlock2D",) * 3,
    ).eval()  # fmt: skip
    pipeline = diffusers.DDIMPipeline(net, diffusers.DDIMScheduler()).to(device)
    pipeline.set_progress_bar_config(disable=True)
    with tempfile.TemporaryDirectory() as folder:
        pipeline.save_pretrained(folder)
        card = replace(foreign_card(Path(folder)), name="theirs")
        denoise = load_discrete(card, device)
    facts = Facts(packaged_field(), cards={"theirs": card}, torch=torch.__version__, devices=("cpu", device))
    plan: Plan = resolve(Recipe.of(model="theirs", steps=STEPS, members=members, device=device), facts)

    def ours() -> None:
        *_, last = run(plan, denoise)
        to_numpy(last.y)

    theirs = partial(pipeline, batch_size=members, num_inference_steps=STEPS, output_type="np")
    return alternately(rounds, ours, theirs)


def training_and_bare(rounds: int, steps: int = 5) -> Pair:
    """Milliseconds of `steps` training steps, and of bare forward, backward and optimiser steps, alternately."""
    import torch

    from diffview.learning.network import config_for
    from diffview.learning.sets import TrainingSet
    from diffview.learning.settings import TrainingSettings
    from diffview.learning.trainer import Trainer

    _threads()
    fields = np.random.default_rng(0).standard_normal((256, 64, 64)).astype(np.float32)
    data = TrainingSet.fit("standardise", fields, fields[:0], "noise", "")
    config = config_for(data, width=32, fold=2)
    trainer = Trainer(data, config, TrainingSettings(batch=16))
    bare_one = Trainer(data, config, TrainingSettings(batch=16))
    net, optimiser = bare_one.net, bare_one.optimiser
    y = torch.randn(16, 1, 64, 64).contiguous(memory_format=torch.channels_last)
    s = torch.rand(16) + 0.1

    def ours() -> None:
        for _ in range(steps):
            trainer.advance()

    def bare() -> None:
        for _ in range(steps):
            with torch.autocast("cpu", torch.bfloat16, enabled=trainer.bfloat16):
                x0_hat, _ = net(y, s)
            optimiser.zero_grad(set_to_none=True)
            ((x0_hat.float() - y) ** 2).mean().backward()
            optimiser.step()

    return alternately(rounds, ours, bare)
