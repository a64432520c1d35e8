"""Averages of any length after a training: powers and lengths, least squares, what is kept, and what is refused."""

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import nn

from diffview.cli import main
from diffview.errors import UserError
from diffview.learning import averages
from diffview.learning.averages import LENGTHS, Tracks, averaged, gamma_of, kept_in, length_of, overlap, shares
from diffview.learning.network import config_for
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import resumed, save, train, trainer_in
from diffview.models.cards import Card
from diffview.models.checkpoints import load_model

SIZES = {"width": 8, "multipliers": (1, 2), "attention": False}
SMALL = {"precision": "float32", "batch": 4, "warmup": 4, "steps": 40, "averages": True}


def data_of(n=32):
    values = np.random.default_rng(0).normal(10, 2, (n, 8, 8)).astype(np.float32)
    return TrainingSet.fit("standardise", values, values[:0], "sst", "K")


def weight(track, tau):
    gamma, t = track
    return (gamma + 1) * tau**gamma / t ** (gamma + 1) if tau <= t else 0.0


@pytest.mark.parametrize(("length", "gamma"), [(0.05, 16.97), (0.10, 6.94)])
def test_the_powers_that_the_paper_names(length, gamma):
    assert gamma_of(length) == pytest.approx(gamma, abs=0.005)


@pytest.mark.parametrize("length", [0.03, 0.07, 0.25])
def test_a_length_is_the_standard_deviation_of_its_weights(length):
    gamma = gamma_of(length)
    assert length_of(gamma) == pytest.approx(length, rel=1e-9)
    mean = quad(lambda tau: tau * weight((gamma, 1.0), tau), 0, 1)[0]
    square = quad(lambda tau: tau**2 * weight((gamma, 1.0), tau), 0, 1)[0]
    assert np.sqrt(square - mean**2) == pytest.approx(length, rel=1e-6)


@pytest.mark.parametrize(("a", "b"), [((5.0, 40), (3.0, 100)), ((3.0, 100), (5.0, 40)), ((6.9, 70), (17.0, 70))])
def test_the_overlap_is_the_integral(a, b):
    both = quad(lambda tau: weight(a, tau) * weight(b, tau), 0, min(a[1], b[1]))[0]
    assert overlap(a, b) == pytest.approx(both, rel=1e-9)


def test_what_was_kept_is_made_of_itself_alone():
    kept = [(gamma_of(length), step) for step in (40, 50, 63) for length in LENGTHS]
    np.testing.assert_allclose(shares(kept, kept[-1]), [0, 0, 0, 0, 0, 1], atol=1e-6)


def run_of(values, length):
    """The average of a run of numbers by the recursion, step by step."""
    gamma, average = gamma_of(length), 0.0
    for step, value in enumerate(values, 1):
        average += (1 - (1 - 1 / step) ** (gamma + 1)) * (value - average)
    return average


def test_the_recursion_has_the_weights_of_the_power():
    """Of theta = tau it is the mean of p, (gamma + 1)/(gamma + 2) t, as far as steps are fine."""
    for length in LENGTHS:
        gamma = gamma_of(length)
        expected = (gamma + 1) / (gamma + 2) * 4000
        assert run_of(np.arange(1, 4001.0), length) == pytest.approx(expected, rel=1e-3)


class Number(nn.Module):
    def __init__(self):
        super().__init__()
        self.value = nn.Parameter(torch.zeros(1, dtype=torch.float64))


@pytest.mark.parametrize("length", [0.03, 0.07, 0.12, 0.25])
def test_another_length_is_that_of_a_training_that_had_kept_it(length):
    """A random walk of 2,000 steps: made of two tracks kept as a training does, it is the one by its own recursion.

    Off by 0.007 of the walk's standard deviation at most; what it began as is not known any more.
    """
    walk = np.random.default_rng(1).standard_normal(2000).cumsum()
    net, kept, numbers, due = Number(), [], [], averages.FIRST
    tracks = Tracks(net)
    for step, value in enumerate(walk, 1):
        net.value.data.fill_(value)
        tracks.advance(net, step)
        if step >= due or step == len(walk):
            due = averages.RATIO * step
            kept += [(gamma_of(one), step) for one in LENGTHS]
            numbers += [float(track["value"]) for track in tracks.weights]
    made = float(shares(kept, (gamma_of(length), 2000)) @ np.array(numbers))
    assert made == pytest.approx(run_of(walk, length), abs=0.015 * walk.std())


def test_the_averages_of_a_training_are_kept_and_made(tmp_path):
    """Steps a ratio apart and the last one; the average of a kept length is that track, and its card says how long."""
    data = data_of()
    trainer = trainer_in(tmp_path / "m", data, SMALL, SIZES, "cpu")
    list(train(trainer, tmp_path / "m", every=5))
    steps = sorted(kept_in(tmp_path / "m"))
    assert steps[0] == 8 and steps[-1] == 40 and len(steps) > 10
    assert all(b == math.ceil(averages.RATIO * a) for a, b in pairwise(steps[:-1]))
    card = averaged(tmp_path / "m", 0.1, tmp_path / "longer")
    assert (card.name, card.training["average"], card.training["steps"]) == ("longer", 0.1, 40)
    net = load_model(Card.read(tmp_path / "longer"))[0]
    for name, p in net.named_parameters():
        torch.testing.assert_close(p, trainer.tracks.weights[1][name], rtol=5e-3, atol=5e-4)
    with pytest.raises(UserError, match="holds a model already"):
        averaged(tmp_path / "m", 0.1, tmp_path / "longer")


def test_old_ones_go(tmp_path, monkeypatch):
    monkeypatch.setattr(averages, "MEMORY", 2.0)
    tracks = Tracks(Number())
    for step in (8, 10, 13, 40):
        tracks.keep(tmp_path, step)
    assert sorted(kept_in(tmp_path)) == [40]


def test_those_of_a_training_that_was_killed_are_not_taken_for_ones_of_the_next(tmp_path):
    """It left no model: a training that begins there, with or without averages, is as in a folder of its own."""
    data = data_of()
    for folder, seeds in ((tmp_path / "m", (1, 2)), (tmp_path / "alone", (2,))):
        for seed in seeds:
            for name in ("model.json", "training.safetensors"):
                (folder / name).unlink(missing_ok=True)
            list(train(trainer_in(folder, data, {**SMALL, "steps": 20 // seed, "seed": seed}, SIZES, "cpu"), folder))
    kept, own = kept_in(tmp_path / "m"), kept_in(tmp_path / "alone")
    assert sorted(kept) == [8, 9, 10]
    assert {step: path.read_bytes() for step, path in kept.items()} == {s: p.read_bytes() for s, p in own.items()}
    for name in ("model.json", "training.safetensors"):
        (tmp_path / "m" / name).unlink()
    plain = trainer_in(tmp_path / "m", data, {**SMALL, "averages": False, "steps": 2}, SIZES, "cpu")
    list(train(plain, tmp_path / "m"))
    with pytest.raises(UserError, match="keeps no averages"):
        averaged(tmp_path / "m", 0.1, tmp_path / "r")


def test_a_disk_without_room_is_said_when_they_are_due_and_not_at_every_step(tmp_path):
    trainer = trainer_in(tmp_path / "m", data_of(), SMALL, SIZES, "cpu")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / averages.FOLDER).write_text("a file")
    reports = list(train(trainer, tmp_path / "m", every=1000))
    said = [report.step for report in reports if "are not kept" in report.remark]
    assert said[0] == 8 and all(b == math.ceil(averages.RATIO * a) for a, b in pairwise(said)) and len(said) > 10


def test_going_on_bit_for_bit(tmp_path):
    data = data_of()
    config, settings = config_for(data, **SIZES), TrainingSettings(**SMALL)
    whole, part = Trainer(data, config, settings), Trainer(data, config, settings)
    for _ in range(6):
        whole.advance()
    for _ in range(3):
        part.advance()
    save(part, tmp_path)
    after = resumed(tmp_path, data)
    for _ in range(3):
        after.advance()
    for own, other in zip(whole.tracks.weights, after.tracks.weights, strict=True):
        assert all(torch.equal(own[name], other[name]) for name in own)
    with pytest.raises(UserError, match="from the first step on"):
        resumed(tmp_path, data, averages=False)


def test_what_cannot_be_averaged(tmp_path, capsys):
    data = data_of()
    plain = trainer_in(tmp_path / "p", data, {**SMALL, "averages": False, "steps": 2}, SIZES, "cpu")
    assert plain.tracks is None
    list(train(plain, tmp_path / "p"))
    assert main(["average", str(tmp_path / "p"), "--length", "0.1", "-o", str(tmp_path / "q")]) == 2
    assert "keeps no averages" in capsys.readouterr().err
    for length in (0.001, 0.5):
        with pytest.raises(UserError, match="cannot be made"):
            gamma_of(length)
    kept = trainer_in(tmp_path / "k", data, {**SMALL, "steps": 10}, SIZES, "cpu")
    list(train(kept, tmp_path / "k"))
    other = trainer_in(tmp_path / "o", data, {**SMALL, "steps": 10}, {**SIZES, "width": 16}, "cpu")
    list(train(other, tmp_path / "o"))
    for step, path in kept_in(tmp_path / "o").items():
        path.replace(kept_in(tmp_path / "k")[step])
    with pytest.raises(UserError, match="not of this training"):
        averaged(tmp_path / "k", 0.1, tmp_path / "r")
