"""The network: the identities of its preconditioning, its edges, its channels, and what it refuses."""

import math

import pytest
import torch

from diffview.errors import UserError
from diffview.models.nets.unet import Attention, UNet, UNetConfig


def small(**sizes):
    torch.manual_seed(0)
    return UNet(UNetConfig(**{"width": 8, **sizes})).eval()


def shaken(net):
    """The network with every zero weight drawn anew, so that nothing is trivial."""
    torch.manual_seed(1)
    with torch.no_grad():
        for p in net.parameters():
            p.add_(0.1 * torch.randn(p.shape))
    return net


@pytest.mark.parametrize("sd", [1.0, 0.5])
@pytest.mark.parametrize("s", [0.01, 1.0, 30.0])
def test_a_new_network_answers_c_skip_y(s, sd):
    y = torch.randn(2, 1, 16, 8)
    with torch.no_grad():
        x0_hat, logit = small(sigma_data=sd)(y, torch.full((2,), s))
    assert logit is None
    torch.testing.assert_close(x0_hat, y * (sd**2 / (sd**2 + s**2)))


def test_the_formula_of_the_preconditioning():
    """x0_hat = c_skip y + c_out F(c_in y; ln(s)/4), every field of the batch at its own level."""
    net, y, s, sd = shaken(small(sigma_data=0.7)), torch.randn(3, 1, 8, 8), torch.tensor([0.1, 1.0, 10.0]), 0.7
    with torch.no_grad():
        x0_hat, _ = net(y, s)
        for i, level in enumerate(s.tolist()):
            root = math.sqrt(level**2 + sd**2)
            f = net.raw(y[i : i + 1] / root, torch.tensor([math.log(level) / 4]), None)
            by_hand = (sd / root) ** 2 * y[i : i + 1] + level * sd / root * f
            torch.testing.assert_close(x0_hat[i : i + 1], by_hand, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("fold", [1, 2])
def test_shifts_in_longitude(fold):
    """With the edges met, a shift by the stride commutes with the network; with zeros beyond them it does not."""
    y, s = torch.randn(1, 1, 16, 32), torch.ones(1)
    for padding, commutes in (("circular", True), ("zeros", False)):
        net = shaken(small(padding=padding, fold=fold))
        shift = net.config.stride
        assert shift == 4 * fold
        with torch.no_grad():
            turned = net(y.roll(shift, 3), s)[0]
            error = float((turned - net(y, s)[0].roll(shift, 3)).abs().max())
        assert (error < 1e-4) is commutes


def test_channels_of_condition_mask_and_variance():
    net = shaken(small(channels=2, cond_channels=3, mask=True, learned_variance=True, fold=2))
    assert net.first.conv.in_channels == (2 + 3 + 1) * 4
    assert net.last.conv.out_channels == 2 * 2 * 4
    y, extra = torch.randn(2, 2, 16, 8), torch.randn(2, 4, 16, 8)
    with torch.no_grad():
        x0_hat, logit = net(y, torch.ones(2), extra)
        other, _ = net(y, torch.ones(2), extra.roll(1, 1))
    assert x0_hat.shape == logit.shape == y.shape
    assert not torch.equal(x0_hat, other)


@pytest.mark.parametrize("channels", [8, 32, 72, 104, 192])
def test_attention_starts_as_the_identity_at_every_width(channels):
    x = torch.randn(1, channels, 2, 3)
    attention = Attention(channels)
    assert channels % attention.heads == 0
    assert torch.equal(attention(x), x)


def test_heads_of_32_channels_where_they_fit():
    assert [Attention(c).heads for c in (8, 32, 64, 96, 192)] == [1, 1, 2, 3, 6]


@pytest.mark.parametrize(
    "sizes",
    [
        {"width": 12},
        {"width": 4},
        {"width": "many"},
        {"width": 512, "multipliers": (1, 64)},
        {"multipliers": ()},
        {"multipliers": (0, 1)},
        {"multipliers": (1, 1.5)},
        {"multipliers": (1,) * 9},
        {"padding": "reflect"},
        {"fold": 9},
        {"sigma_data": 0.0},
        {"channels": 10**9},
    ],
)
def test_absurd_sizes(sizes):
    with pytest.raises(UserError) as refused:
        UNetConfig(**sizes)
    assert refused.value.sentence.endswith(".") and refused.value.hint.endswith(".")


def test_whole_numbers_from_text():
    assert UNetConfig(width="16", multipliers=[1, 2.0]) == UNetConfig(width=16, multipliers=(1, 2))
