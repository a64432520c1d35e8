"""Objectives by name: the loss of each is the square error of what its network predicts, and x0_hat is the same."""

import math

import numpy as np
import pytest
import torch

from diffview.errors import UserError
from diffview.learning.densities import DENSITIES, LogitNormal, Straight
from diffview.learning.network import config_for, sizes_of
from diffview.learning.objective import LOSSES, PREDICTED, noise_error
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import save, train, trainer_in
from diffview.models.cards import Card
from diffview.models.nets.adapter import Network
from diffview.models.nets.unet import OUTPUTS, UNet, UNetConfig
from diffview.reverse.parametrisations import PREDICTIONS, FlowTimes, edm_coefficients
from diffview.reverse.samplers import SAMPLERS

SIZES = {"width": 8, "multipliers": (1, 2), "attention": False}
LEVELS = (0.01, 0.3, 1.0, 7.0, 90.0)


def data_of(n=32):
    values = np.random.default_rng(0).normal(10, 2, (n, 8, 8)).astype(np.float32)
    return TrainingSet.fit("standardise", values, values[:0], "sst", "K")


def seen(prediction, s):
    """alpha and sigma of x as the network of a prediction sees it."""
    if prediction == "flow":
        alpha, sigma, _ = FlowTimes().at(s)
        return alpha, sigma
    alpha = 1 / math.hypot(1, s)
    return alpha, s * alpha


def of_the_output(config, answer):
    """A network of that prediction whose F is answer(x)."""
    net = UNet(config).double()
    net.raw = lambda x, c_noise, extra: answer(x, c_noise)
    return net


@pytest.mark.parametrize("s", LEVELS)
@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction", "flow"])
def test_what_is_predicted_gives_the_x0_hat_of_the_table(prediction, s):
    """The network sees alpha y, and PREDICTIONS, written for networks of others, makes the same of its output."""
    y = s * torch.randn(3, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    alpha, sigma = seen(prediction, s)
    shown = []

    def answer(x, c_noise):
        shown.append((x, c_noise))
        return torch.sin(x)

    level = torch.full((3,), s, dtype=torch.float64)
    x0_hat, _ = of_the_output(UNetConfig(**SIZES, prediction=prediction), answer)(y, level)
    torch.testing.assert_close(shown[0][0], alpha * y, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(shown[0][1], level.log() / 4)
    expected = PREDICTIONS[prediction](alpha * y, torch.sin(alpha * y), alpha, sigma)
    torch.testing.assert_close(x0_hat, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("s", LEVELS)
def test_the_preconditioning_of_edm(s):
    level = torch.tensor([s], dtype=torch.float64)
    c_skip, c_out, c_in = (float(c) for c in OUTPUTS["edm"](level, 0.7))
    assert (c_skip, c_out, c_in, float(level.log() / 4)) == pytest.approx(edm_coefficients(s, 0.7, 0.0), rel=1e-12)


@pytest.mark.parametrize(
    ("loss", "wanted"),
    [
        ("plain", lambda x0, eps, s: eps),
        ("v", lambda x0, eps, s: (eps - s * x0) / (1 + s * s).sqrt()),
        ("flow", lambda x0, eps, s: eps - x0),
    ],
)
def test_a_loss_is_the_square_error_of_what_is_predicted(loss, wanted):
    """w(s) |eps - eps_hat|^2 = |F - wanted|^2, field by field."""
    prediction = {"plain": "epsilon"}.get(loss, PREDICTED[loss])
    random = torch.Generator().manual_seed(2)
    x0, eps = torch.randn(2, 5, 1, 8, 8, dtype=torch.float64, generator=random)
    s = torch.tensor(LEVELS, dtype=torch.float64)
    wide = s[:, None, None, None]
    output = torch.randn(5, 1, 8, 8, dtype=torch.float64, generator=random)
    net = of_the_output(UNetConfig(**SIZES, prediction=prediction), lambda x, c_noise: output)
    x0_hat, _ = net(x0 + wide * eps, s)
    found = LOSSES[loss](s, 1.0) * noise_error(x0, x0_hat, s)
    by_hand = (output - wanted(x0, eps, wide)).square().mean(dim=(1, 2, 3))
    torch.testing.assert_close(found, by_hand, rtol=1e-9, atol=1e-12)


def test_the_trainer_computes_the_loss_of_flow_matching():
    """|F - (eps - x_0)|^2 at (1 - t) x_0 + t eps, with t uniform: nothing in it knows of s."""
    data = data_of()
    settings = TrainingSettings(loss="flow", density="flow", precision="float32", batch=8)
    trainer = Trainer(data, config_for(data, prediction="flow", **SIZES), settings)
    with torch.no_grad():
        trainer.net.last.conv.weight.normal_(0, 0.1)
    random, noise = (torch.Generator().set_state(own.get_state()) for own in (trainer.random, trainer.noise))
    index = torch.randint(len(data.fields), (8,), generator=random)
    torch.randint(8, (), generator=random)
    u = (torch.rand(8, generator=random) + torch.arange(8)) / 8
    eps = torch.randn((8, 1, 8, 8), generator=noise)
    low, high = (s / (1 + s) for s in (0.01, trainer.highest))
    t = (low + u * (high - low))[:, None, None, None]
    x0 = torch.from_numpy(data.fields[index])[:, None]
    with torch.no_grad():
        u_hat = trainer.net.raw((1 - t) * x0 + t * eps, ((t / (1 - t)).log() / 4).flatten(), None)
        assert float(trainer.loss()) == pytest.approx(float((u_hat - (eps - x0)).square().mean()), rel=1e-4)


@pytest.mark.parametrize("sampler", ["ddim", "heun", "dpmpp_2m"])
def test_samplers_go_the_same_way_whatever_is_predicted(sampler):
    """Networks that say the same x0_hat, y/(1 + s^2) of white fields, as eps, v, u or F give the same run."""
    start = 50 * torch.randn(2, 1, 8, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    levels = [50.0, 9.0, 2.0, 0.5, 0.1, 0.0]
    ends = {}
    for prediction, rule in OUTPUTS.items():
        config = UNetConfig(**SIZES, prediction=prediction)

        def denoise(y, s, config=config, rule=rule):
            level = torch.full((len(y),), s, dtype=torch.float64)
            c_skip, c_out, c_in = (float(c[0]) for c in rule(level, 1.0))
            net = of_the_output(config, lambda x, c_noise: (1 / (1 + s * s) - c_skip) / c_out * x / c_in)
            return net(y, level)[0]

        *_, last = SAMPLERS[sampler].run(denoise, start, levels, lambda stream, index: torch.zeros_like(start))
        ends[prediction] = last.y
    for end in ends.values():
        torch.testing.assert_close(end, ends["edm"], rtol=1e-10, atol=1e-10)


def test_times_of_flow_matching():
    """t = s/(1 + s) is uniform of the density flow; of logit-normal ln t/(1 - t) = ln s is a standard normal."""
    u = (np.arange(1000) + 0.5) / 1000
    straight = Straight(0.01, 99.0, None)
    t = 1 / (1 + np.exp(-straight.log_s(u)))
    np.testing.assert_allclose(t, 0.01 / 1.01 + u * (0.99 - 0.01 / 1.01), rtol=1e-12)
    np.testing.assert_allclose(straight.share_below(straight.log_s(u)), u, atol=1e-12)
    z = LogitNormal(0.01, 99.0, None).log_s(u)
    assert (z.mean(), z.std()) == (pytest.approx(0, abs=1e-9), pytest.approx(1, abs=5e-3))


@pytest.mark.parametrize("loss", LOSSES)
def test_a_training_by_its_objective_is_kept_and_read_back(tmp_path, loss):
    """A network begun for a loss predicts what the loss is of; its card says so, and the model that is read does it."""
    small = {"loss": loss, "steps": 2, "batch": 4, "precision": "float32"}
    trainer = trainer_in(tmp_path, data_of(), small, SIZES, "cpu")
    list(train(trainer, tmp_path))
    save(trainer, tmp_path)
    card = Card.read(tmp_path)
    assert card.training["loss"] == loss and card.network["prediction"] == PREDICTED[loss]
    y = np.random.default_rng(1).normal(size=(2, 1, 8, 8)).astype(np.float32)
    with torch.no_grad():
        expected = trainer.ema(torch.from_numpy(y), torch.full((2,), 0.5))[0].numpy()
    np.testing.assert_allclose(Network.of(card)(y, 0.5), expected, rtol=2e-3, atol=2e-3)  # kept in float16


def test_the_prediction_of_a_network_can_be_chosen():
    assert sizes_of({"prediction": "epsilon"}) == {"prediction": "epsilon"}
    with pytest.raises(UserError, match="prediction"):
        sizes_of({"prediction": "score"})
    with pytest.raises(UserError, match="least cannot be chosen"):
        sizes_of({"least": "0.1"})


def test_every_objective_has_its_density():
    assert {"flow", "logit-normal", "edm"} <= set(DENSITIES) and set(PREDICTED) == set(LOSSES)
