"""Small folders of diffusers networks, made by diffusers itself."""

import json

import pytest
import torch

from diffview.models.foreign import foreign_card
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import run, start_state

SMALL = {
    "sample_size": 16, "in_channels": 1, "out_channels": 1, "layers_per_block": 1, "block_out_channels": (8, 16),
    "norm_num_groups": 4, "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
    "up_block_types": ("AttnUpBlock2D", "UpBlock2D"), "attention_head_dim": 4,
}  # fmt: skip
WEIGHTS = "unet/diffusion_pytorch_model.safetensors"


def saved(folder, scheduler, **config):
    """The network of a folder that diffusers wrote; every weight is random, those too that it begins with at 0 or 1."""
    import diffusers

    torch.manual_seed(0)
    net = diffusers.UNet2DModel(**{**SMALL, **config})
    with torch.no_grad():
        for weights in net.parameters():
            weights.add_(0.05 * torch.randn_like(weights))
    net.save_pretrained(str(folder / "unet"))
    scheduler.save_pretrained(str(folder / "scheduler"))
    return net.eval()


def edited(folder, file, **changes):
    """Change parts of a config."""
    path = folder / file
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def drawn(*shape, seed=1):
    """Standard normals."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def one_thread():
    """For networks this small: threads that wait for each other on a busy machine take minutes."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def ddim_by_both(folder, monkeypatch, schedule, device="cpu", members=16, **settings):
    """Pictures between 0 and 1 [members, 1, 16, 16] by a run here and by diffusers' own pipeline, from one noise."""
    import diffusers
    from diffusers.pipelines.ddim import pipeline_ddim

    scheduler = diffusers.DDIMScheduler(timestep_spacing="trailing", **settings)
    net = saved(folder, scheduler)
    facts = Facts(packaged_field(), cards={"theirs": foreign_card(folder)}, devices=("cpu", device))
    wishes = {"model": "theirs", "sampler": "ddim", "steps": 10, "members": members, "schedule": schedule}
    plan = resolve(Recipe.of(device=device, **wishes), facts)
    start = torch.from_numpy(start_state(plan)) / (1 + plan.levels[0] ** 2) ** 0.5
    monkeypatch.setattr(pipeline_ddim, "randn_tensor", lambda *shape, **options: start.to(device))
    pipeline = diffusers.DDIMPipeline(net, scheduler).to(device)
    pipeline.set_progress_bar_config(disable=True)
    # what is clipped gives the noise anew, as samplers here derive it from x0_hat
    theirs = pipeline(members, num_inference_steps=10, output_type="pt", use_clipped_model_output=True).images.cpu()
    *_, last = run(plan)
    return (torch.as_tensor(last.y).cpu() / 2 + 0.5).clamp(0, 1), theirs
