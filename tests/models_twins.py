"""Small networks for the tests: untrained but for a few random weights, with honest cards."""

from pathlib import Path

import torch

from diffview.fields.transforms import Transform
from diffview.models.cards import Card
from diffview.models.checkpoints import save_model
from diffview.models.nets.unet import UNet, UNetConfig


def small_model(folder: Path, name: str = "twin", mask=None, **about) -> Card:
    """A network of width 8 in `folder`, whose last convolution is random, so that it does something."""
    torch.manual_seed(0)
    coarsen, learned = about.get("coarsen", 0), about.pop("learned_variance", False)
    net = UNet(
        UNetConfig(
            width=8, multipliers=(1, 1), cond_channels=int(coarsen > 0), mask=mask is not None, learned_variance=learned
        )
    )
    torch.nn.init.normal_(net.last.conv.weight, std=0.05)
    card = Card(
        **{
            "name": name, "quantity": "toa_brightness_temperature", "units": "K",
            "transform": Transform("standardise", 270.0, 15.0), "shape": (1, 16, 16), "noise_range": (0.01, 20.0),
            **about,
        }
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    save_model(folder / name, net, card, mask)
    return Card.read(folder / name)
