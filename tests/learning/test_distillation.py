"""Consistency distillation: the loss by hand, jumps that are exact, what is kept, and what is refused."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from models_twins import small_model

from diffview.errors import UserError
from diffview.forward.noise import START, Noise
from diffview.learning.distillation import SMOOTH, Distiller, Jumps, distance, through
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.training import resumed, save, train, trainer_in
from diffview.models.cards import Card
from diffview.models.checkpoints import load_model
from diffview.models.nets.adapter import Network
from diffview.models.nets.unet import UNet, UNetConfig
from diffview.reverse.samplers import SAMPLERS
from diffview.runs.sampling import Sampling, scored_course
from diffview.scores.verify import sampling_levels, verify_model

SMALL = {"loss": "consistency", "precision": "float32", "batch": 8, "warmup": 4, "steps": 12, "run": 6}


def data_of(n=32, held_out=0, mean=270.0, **about):
    values = np.random.default_rng(0).normal(mean, 15, (n + held_out, 16, 16)).astype(np.float32)
    return TrainingSet.fit("standardise", values[:n], values[n:], "toa_brightness_temperature", "K", **about)


@pytest.fixture
def card(tmp_path):
    return small_model(tmp_path, "teacher")


def begun(card, data=None, **settings):
    return Distiller.begin_from(card, data or data_of(), TrainingSettings(**{**SMALL, **settings}))


# -- the jump


def test_a_jump_from_the_least_level_stays_where_it_is():
    net = UNet(UNetConfig(width=8, multipliers=(1, 1), least=0.02))
    torch.nn.init.normal_(net.last.conv.weight)
    y = torch.randn(4, 1, 16, 16)
    for s in (0.02, 0.015):  # below it there is nothing to jump over
        torch.testing.assert_close(net(y, torch.full((4,), s))[0], y, rtol=0, atol=0)
    assert not torch.allclose(net(y, torch.full((4,), 0.5))[0], y)


def test_a_new_distillation_is_one_step_of_ddim_of_its_teacher(card):
    """y + (1 - s_min/s)(x0_hat - y) = r y + (1 - r) x0_hat with r = s_min/s, which is DDIM's step to s_min."""
    distiller, teacher = begun(card), Network.of(card)
    y = 20 * torch.randn(3, 1, 16, 16)
    low, high = distiller.noise_range
    with torch.no_grad():
        jumped = distiller.net(y, torch.full((3,), high))[0]
    *_, last = SAMPLERS["ddim"].run(teacher, y, [high, low], lambda stream, index: 0.0)
    torch.testing.assert_close(jumped, last.y, rtol=1e-4, atol=1e-4)
    assert distiller.watched.loss(distiller.net, 1.0) == pytest.approx(distiller.watched.loss(None, 1.0), rel=1e-4)


def test_the_step_of_the_teacher_is_that_of_the_sampler_heun(card):
    distiller, teacher = begun(card), Network.of(card)
    levels = distiller.jumps.levels
    y = 5 * torch.randn(1, 1, 16, 16)
    for place in range(len(levels) - 1):
        s, below = levels[place : place + 1], levels[place + 1 : place + 2]
        walk = SAMPLERS["heun"].run(teacher, y, [float(s), float(below)], lambda stream, index: 0.0)
        *_, last = walk
        torch.testing.assert_close(distiller.jumps.stepped(y, s, below, None, None), last.y, rtol=1e-3, atol=1e-3)


class OfWhiteFields(torch.nn.Module):
    """x0_hat = y/(1 + s^2), exact for white fields of variance 1."""

    def forward(self, y, s, extra=None):
        return y / (1 + s * s)[:, None, None, None], None


def test_jumps_along_the_whole_run_have_no_loss():
    """Heun on white fields multiplies y by a number a step; f = their product to the end is the one jump without loss,

    and is that of the probability-flow ODE, sqrt((1 + s_min^2)/(1 + s^2)), as far as Heun is.
    """
    levels = torch.from_numpy(np.linspace(20 ** (1 / 7), 0.01 ** (1 / 7), 200) ** 7)
    jumps = jumps_of(levels)
    one = torch.ones(1, 1, 1, 1, dtype=torch.float64)
    pairs = pairwise(levels)
    steps = [float(jumps.stepped(one, s[None], below[None], None, None)) for s, below in pairs]
    ends = torch.tensor([math.prod(steps[i:]) for i in range(len(levels))], dtype=torch.float64)

    def f(y, s, extra=None):
        place = (levels[None] - s[:, None]).abs().argmin(dim=1)
        return ends[place][:, None, None, None] * y, None

    x0, eps = torch.randn(2, 199, 1, 4, 4, dtype=torch.float64)
    square = jumps.square(f, f, x0, eps, torch.arange(199), None, None)
    assert float(square.max()) < 1e-10  # what is wanted is kept in float32
    exact = ((1 + levels[-1] ** 2) / (1 + levels**2)).sqrt()
    torch.testing.assert_close(ends, exact, rtol=1e-3, atol=0)


def jumps_of(levels):
    return Jumps(OfWhiteFields(), levels, bfloat16=False)


def test_places_are_those_of_the_run():
    jumps = jumps_of(torch.linspace(5, 1, 5))
    u = (torch.arange(8) + 0.5) / 8
    assert jumps.places(u).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert jumps.places(torch.tensor([1 - 1e-9])).tolist() == [3]


def test_the_loss_by_hand(card):
    """sqrt(|f(y, s) - f(y', s')|^2 + c^2) - c, with y' by the teacher, and no gradient through f(y', s')."""
    distiller = begun(card)
    with torch.no_grad():
        distiller.net.last.conv.weight.normal_(0, 0.1)
    random, noise = (torch.Generator().set_state(own.get_state()) for own in (distiller.random, distiller.noise))
    index = torch.randint(32, (8,), generator=random)
    torch.randint(8, (), generator=random)
    u = (torch.rand(8, generator=random) + torch.arange(8)) / 8
    eps = torch.randn((8, 1, 16, 16), generator=noise)
    levels = distiller.jumps.levels
    place = (u * 5).long()
    s, below = levels[place], levels[place + 1]
    y = torch.from_numpy(distiller.data.fields[index])[:, None] + s[:, None, None, None] * eps
    with torch.no_grad():
        wanted = distiller.net(distiller.jumps.stepped(y, s, below, None, None), below)[0]
    by_hand = (((distiller.net(y, s)[0] - wanted) ** 2).mean(dim=(1, 2, 3)) + SMOOTH**2).sqrt() - SMOOTH
    loss = distiller.loss()
    assert float(loss.detach()) == pytest.approx(float(by_hand.mean().detach()), rel=1e-5)
    loss.backward()
    found = [p.grad.clone() for p in distiller.net.parameters() if p.grad is not None]
    distiller.net.zero_grad(set_to_none=True)
    by_hand.mean().backward()
    for one, p in zip(found, (p for p in distiller.net.parameters() if p.grad is not None), strict=True):
        torch.testing.assert_close(one, p.grad, rtol=1e-3, atol=1e-6)
    assert all(p.grad is None for p in distiller.jumps.teacher.parameters())


def test_the_distance_is_a_length():
    assert float(distance(torch.tensor(0.0))) == 0
    assert float(distance(torch.tensor(4.0))) == pytest.approx(2, rel=1e-3)


# -- a distillation as a training


def test_distilling_learns(card):
    """A teacher that knows a pattern of either sign: straight jumps end between them, learnt ones nearer to the run."""
    distiller = begun(card, data_of(held_out=16), steps=60, rate=2e-3, half_life=5.0)
    begin = distiller.watched.loss(None, 1.0)
    assert "Nothing is learnt yet" in distiller.finding()
    for _ in range(60):
        distiller.advance()
    assert distiller.watched.held_out and distiller.watched.loss(distiller.ema, 1.0) < 0.8 * begin
    assert distiller.finding() == ""


def test_what_is_kept_is_a_consistency_model_that_samples_and_scores(card, tmp_path):
    data = data_of(held_out=32)
    folder = tmp_path / "jumps"
    trainer = trainer_in(folder, data, {**SMALL, "steps": 3}, {}, "cpu", origin=card)
    assert isinstance(trainer, Distiller)
    list(train(trainer, folder))
    made = Card.read(folder)
    assert made.kind == "consistency" and made.noise_range == pytest.approx(trainer.noise_range)
    assert made.training["loss"] == "consistency" and made.training["from"]["name"] == "teacher"
    assert made.transform == card.transform and made.network["least"] == made.noise_range[0]
    network = Network.of(made)
    high = made.noise_range[1]
    y = high * Noise(0, (2, *made.shape), 0)(START, 0)
    *_, last = SAMPLERS["consistency"].run(network, y, [high, 0.0], lambda stream, index: np.zeros_like(y))
    np.testing.assert_array_equal(last.y, network(y, high))
    found = verify_model(made, data, Sampling(samples=8))
    assert found["settings"]["sampler"] == "consistency" and found["settings"]["steps"] == 1
    few = verify_model(made, data, Sampling(samples=8, steps=3, sampler="consistency"))
    assert few["settings"]["steps"] == 3


def test_steps_of_a_consistency_model(card):
    """One step from the highest level; of more, none begins at s_min, where a jump stays where it is."""
    jumper = replace(card, kind="consistency", noise_range=(0.01, 20.0))
    assert sampling_levels(jumper, 1) == pytest.approx([20.0, 0.0])
    levels = sampling_levels(jumper, 4)
    assert len(levels) == 5 and levels[0] == pytest.approx(20.0) and levels[3] > 0.05
    np.testing.assert_allclose(np.diff(np.array(levels[:4]) ** (1 / 7)), (0.01 ** (1 / 7) - 20 ** (1 / 7)) / 4)
    course = scored_course(jumper)
    assert (course["sampler"], course["steps"], course["grid"]) == ("consistency", 1, "uniform")
    assert Sampling(steps=4, sampler="consistency").of(jumper).steps == 4


def test_going_on_bit_for_bit(card, tmp_path):
    data = data_of(mean=250.0)  # through the transform of the teacher, not one of its own
    whole, part = begun(card, data), begun(card, data)
    for _ in range(6):
        whole.advance()
    for _ in range(3):
        part.advance()
    save(part, tmp_path / "jumps")
    card.file.with_suffix(".safetensors").unlink()  # the teacher is kept with the training
    after = resumed(tmp_path / "jumps", data)
    assert isinstance(after, Distiller)
    for _ in range(3):
        after.advance()
    for name, tensor in whole.net.state_dict().items():
        assert torch.equal(tensor, after.net.state_dict()[name])
    assert torch.equal(whole.jumps.levels, after.jumps.levels) and after.card("x").kind == "consistency"


def test_fields_go_through_the_transform_of_the_teacher(card):
    data = data_of(mean=250.0, held_out=8)
    seen = through(data, card)
    assert seen.transform == card.transform
    np.testing.assert_allclose(seen.fields, (data.transform.inverse(data.fields) - 270) / 15, atol=1e-4)
    assert through(seen, card) is seen


def test_missing_pixels_do_not_count(tmp_path):
    mask = np.zeros((16, 16), bool)
    mask[:, :5] = True
    card = small_model(tmp_path, "sea", mask=mask)
    values = data_of().fields * 15 + 270
    values[:, mask] = np.nan
    distiller = begun(card, TrainingSet.fit("standardise", values, values[:0], "toa_brightness_temperature", "K"))
    x0, eps = torch.randn(2, 5, 1, 16, 16)
    known = torch.from_numpy(~mask).float().expand(5, 1, 16, 16)
    place = torch.arange(5)
    square = distiller.jumps.square(distiller.net, distiller.net, x0, eps, place, known, known)
    s, below = distiller.jumps.levels[place], distiller.jumps.levels[place + 1]
    y = (x0 + s[:, None, None, None] * eps) * known
    with torch.no_grad():
        lower = distiller.jumps.stepped(y, s, below, known, known)
        gap = distiller.net(y, s, known)[0] - distiller.net(lower, below, known)[0]
    assert not lower[..., :5].any()
    torch.testing.assert_close(square, gap[..., 5:].square().mean(dim=(1, 2, 3)), rtol=1e-4, atol=1e-9)
    distiller.advance()
    assert math.isfinite(distiller.report().loss)


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"kind": "consistency"}, "jumps to the end already"),
        ({"units": "mm"}, "in mm; these have 16 x 16 pixels in K"),
        ({"shape": (1, 32, 32)}, "32 x 32 pixels"),
        ({"coarsen": 4}, "other conditions"),
    ],
)
def test_what_cannot_be_distilled(card, about, words):
    with pytest.raises(UserError, match=words) as error:
        begun(replace(card, **about))
    assert error.value.hint.endswith(".")


def test_other_refusals(card, tmp_path):
    with pytest.raises(UserError, match="none is named to begin with"):
        trainer_in(tmp_path / "a", data_of(), SMALL, {}, "cpu")
    with pytest.raises(UserError, match="learned the variance"):
        begun(small_model(tmp_path, "learned", learned_variance=True))
    jumps = begun(card)
    jumps.advance()
    save(jumps, tmp_path / "b")
    made = Card.read(tmp_path / "b")
    with pytest.raises(UserError, match="not a mean to go on from"):
        trainer_in(tmp_path / "c", data_of(), {**SMALL, "loss": "edm"}, {}, "cpu", origin=made)
    with pytest.raises(UserError, match="cannot go on with edm"):
        trainer_in(tmp_path / "b", data_of(), {"loss": "edm"}, {}, "cpu", resume=True)
    assert load_model(made)[0].config.least == made.noise_range[0]


def test_the_command_distils_a_sample_model_and_goes_on(tmp_path, monkeypatch, capsys):
    from command_lines import make_files

    from diffview.cli import main

    monkeypatch.chdir(tmp_path)
    make_files(tmp_path)
    line = ["distil", "rain64", "twin.nc", "rain", "-o", "jumps", "--batch", "2", "--device", "cpu", "--run", "4"]
    assert main([*line, "--steps", "1"]) == 0
    made = Card.read(tmp_path / "jumps")
    assert (made.kind, made.training["run"], made.training["from"]["name"]) == ("consistency", 4, "rain64")
    assert main([*line, "--steps", "2", "--resume"]) == 0
    assert Card.read(tmp_path / "jumps").training["steps"] == 2
    assert main(["sample", "--model", "jumps", "--members", "2", "-o", "one.nc"]) == 0
    assert main(["distil", "jumps", "twin.nc", "rain", "-o", "again", "--steps", "1", "--device", "cpu"]) == 2
    assert "jumps to the end already" in capsys.readouterr().err
