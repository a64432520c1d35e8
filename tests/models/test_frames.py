"""Networks of several frames and channels: what they share with those of single fields, and the mean that they keep."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from diffview.errors import UserError
from diffview.fields.channels import Channel
from diffview.fields.together import Together
from diffview.fields.transforms import Transform
from diffview.models.cards import Card
from diffview.models.checkpoints import load_model, save_model
from diffview.models.nets.unet import UNet, UNetConfig

SIZES = {"width": 16, "multipliers": (1, 2), "fold": 2}
FRAMES = 5


def random_net(seed: int = 0, **config: object) -> UNet:
    """A network none of whose weights is 0."""
    torch.manual_seed(seed)
    net = UNet(UNetConfig(**{**SIZES, **config})).eval()
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn_like(p))
    return net


def noisy(seed: int = 1, channels: int = 1, frames: int = FRAMES) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, channels, frames, 8, 12, generator=generator), torch.tensor([0.3, 2.0])


def answer(net: UNet, y: Tensor, s: Tensor, extra: Tensor | None = None) -> Tensor:
    with torch.no_grad():
        return net(y, s, extra)[0]


def test_without_what_mixes_them_every_frame_is_what_the_network_of_single_fields_makes_of_it() -> None:
    single = random_net()
    torch.manual_seed(3)
    several = UNet(UNetConfig(**SIZES, frames=FRAMES)).eval()
    lacking = several.load_state_dict(single.state_dict(), strict=False)
    assert lacking.missing_keys and all(name.startswith("across_") for name in lacking.missing_keys)
    y, s = noisy()
    found = answer(several, y, s)
    for i in range(FRAMES):
        torch.testing.assert_close(found[:, :, i], answer(single, y[:, :, i], s), rtol=1e-5, atol=1e-5)


def test_a_network_of_one_frame_has_the_weights_and_numbers_of_old_cards() -> None:
    torch.manual_seed(0)
    plain = UNet(UNetConfig(**SIZES))
    torch.manual_seed(0)
    one = UNet(UNetConfig(**SIZES, frames=1, mean=False))
    assert all(torch.equal(a, b) for a, b in zip(plain.state_dict().values(), one.state_dict().values(), strict=True))
    assert not any(name.startswith("across_") for name in one.state_dict())


def test_the_first_level_has_no_attention_and_the_others_have() -> None:
    net = random_net(frames=FRAMES, multipliers=(1, 2, 2))
    for across in (net.across_down, net.across_up):
        assert [level.far is not None for level in across] == [False, True, True]


def test_frames_far_apart_are_seen_and_first_and_last_are_no_neighbours() -> None:
    net, (y, s) = random_net(frames=9), noisy(frames=9)
    moved = y.clone()
    moved[:, :, 0] += 1.0
    change = (answer(net, moved, s) - answer(net, y, s)).abs().amax(dim=(0, 1, 3, 4))
    assert (change > 1e-5).all()
    near = random_net(frames=9, attention=False, multipliers=(1,), fold=1)
    change = (answer(near, moved, s) - answer(near, y, s)).abs().amax(dim=(0, 1, 3, 4))
    assert (change[:3] > 1e-5).all() and (change[3:] == 0).all()  # two convolutions of three frames


def test_what_is_late_is_made_late_where_nothing_lies_beyond_the_ends() -> None:
    net = random_net(frames=12, attention=False, multipliers=(1,), fold=1)
    y, s = torch.zeros(2, 1, 12, 8, 12), torch.tensor([0.3, 2.0])
    bump = torch.randn(2, 1, 8, 12, generator=torch.Generator().manual_seed(5))
    early, late = y.clone(), y.clone()
    early[:, :, 5], late[:, :, 6] = bump, bump
    torch.testing.assert_close(answer(net, early, s)[:, :, 3:8], answer(net, late, s)[:, :, 4:9], rtol=1e-5, atol=1e-6)


def test_two_distances_in_time_are_two_weights_and_greater_ones_are_that_of_the_greatest() -> None:
    net = random_net(frames=3)
    y, s = noisy(frames=6)
    assert answer(net, y, s).shape == y.shape  # more frames than it was made for
    far = net.across_down[1].far
    assert far is not None and far.distance.shape == (1, 5)
    before = answer(net, y, s)
    with torch.no_grad():
        far.distance += 7.0  # of all distances alike: a softmax does not see it
    torch.testing.assert_close(answer(net, y, s), before, rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        far.distance[:, 0] += 7.0
    assert (answer(net, y, s) - before).abs().max() > 1e-4


@pytest.mark.parametrize("channels", [1, 2])
def test_the_mean_that_is_given_is_kept_and_that_of_the_noise_is_not_seen(channels: int) -> None:
    net = random_net(channels=channels, cond_channels=channels, frames=FRAMES, mean=True)
    y, s = noisy(channels=channels)
    mean = torch.randn(2, channels, 8, 12, generator=torch.Generator().manual_seed(2))
    found = answer(net, y, s, mean)
    torch.testing.assert_close(found.mean(2), mean, rtol=0, atol=1e-6)
    shifted = y + torch.randn(2, channels, 1, 8, 12, generator=torch.Generator().manual_seed(4))
    torch.testing.assert_close(answer(net, shifted, s, mean), found, rtol=1e-4, atol=1e-5)
    assert (answer(net, y, s, mean + 1) - found - 1).abs().max() > 1e-4  # it learns from it, too


def test_a_condition_of_all_frames_is_that_of_each() -> None:
    net, (y, s) = random_net(cond_channels=1, mask=True, frames=FRAMES), noisy()
    extra = torch.randn(2, 2, 8, 12)
    each = extra[:, :, None].expand(-1, -1, FRAMES, -1, -1)
    assert torch.equal(answer(net, y, s, extra), answer(net, y, s, each))


def test_the_gradient_is_that_of_differences() -> None:
    net = random_net(cond_channels=1, frames=3, mean=True, width=8, multipliers=(1, 1)).double()
    y, s, mean = torch.randn(1, 1, 3, 4, 4).double(), torch.tensor([0.7]).double(), torch.randn(1, 1, 4, 4).double()
    for p in net.parameters():
        p.requires_grad_(False)
    assert torch.autograd.gradcheck(lambda x: net(x, s, mean)[0], y.requires_grad_(), atol=1e-6)


def test_a_mean_of_nothing_is_refused() -> None:
    for wrong in ({"mean": True, "cond_channels": 1}, {"mean": True, "frames": 3}):
        with pytest.raises(UserError, match="keeps a mean"):
            UNetConfig(**wrong)


def a_card(together: Together, channels: int = 1) -> Card:
    return Card("days", "sst", "degC", Transform("identity"), (channels, 8, 12), (0.1, 10.0), together=together)


def test_a_card_says_what_is_made_together_and_its_weights_bring_the_season(tmp_path: Path) -> None:
    ice = Channel("ice", "ice", "", "sea_ice", "1", transform=Transform("standardise", 0.1, 0.2))
    together = Together((ice,), FRAMES, 1.0, mean=True)
    net = random_net(channels=2, cond_channels=2, frames=FRAMES, mean=True)
    card = replace(a_card(together, 2), file=tmp_path / "days")
    save_model(tmp_path / "days", net, card, dtype="float32", season=np.ones((6, 8, 12)))
    read = Card.read(tmp_path / "days")
    assert read.together == together and read.made == (2, FRAMES, 8, 12) and read.shown == 2
    y, s = noisy(channels=2)
    mean = torch.randn(2, 2, 8, 12)
    assert torch.equal(answer(load_model(read)[0], y, s, mean), answer(net, y, s, mean))


def test_cards_that_do_not_go_with_their_network_are_refused(tmp_path: Path) -> None:
    net = random_net(frames=FRAMES)
    save_model(tmp_path / "days", net, replace(a_card(Together(frames=FRAMES)), file=tmp_path / "days"))
    plain = json.loads((tmp_path / "days.json").read_text())
    for wrong, said in (
        ({"frames": 4}, "do not fit its network"), ({"frames": 0}, "damaged"), ({"frames": 1, "mean": True}, "damaged"),
        ({"frames": FRAMES, "mean": True}, "do not fit its network"),
    ):  # fmt: skip
        (tmp_path / "wrong.json").write_text(json.dumps({**plain, "together": wrong}))
        (tmp_path / "wrong.safetensors").write_bytes((tmp_path / "days.safetensors").read_bytes())
        with pytest.raises(UserError, match=said):
            load_model(Card.read(tmp_path / "wrong"))


def test_a_card_of_single_fields_is_written_as_it_was() -> None:
    assert "together" not in json.loads(a_card(Together()).to_json())
