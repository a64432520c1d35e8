"""What the bench of networks compares: the same calls here and there, a model of diffusers, a training; no times."""

from typing import Any

import numpy as np
import pytest
import torch

from diffview.bench import networks
from diffview.errors import UserError
from diffview.machine import cores
from diffview.models.nets.unet import UNet


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs of two steps, and as many threads afterwards as before."""
    threads = torch.get_num_threads()
    monkeypatch.setattr(networks, "STEPS", 2)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def actions(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The two actions that would be timed."""
    found: list[Any] = []
    monkeypatch.setattr(networks, "alternately", lambda rounds, *two: found.extend((rounds, *two)) or ([1.0], [2.0]))
    return found


def test_one_core_is_left_to_the_window(actions: list[Any]) -> None:
    networks.run_and_bare_network(3)
    assert torch.get_num_threads() == max(1, cores() - 1) and actions[0] == 3


def test_bare_calls_of_a_network_are_those_of_its_run(actions: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    pair, calls = networks.run_and_bare_network(1)
    assert pair == ([1.0], [2.0]) and calls == 2, "a call a step"
    seen: list[tuple[Any, float]] = []
    forward = UNet.forward

    def watched(net: Any, y: Any, s: Any, *more: Any) -> Any:
        seen.append((tuple(y.shape), float(s)))
        return forward(net, y, s, *more)

    monkeypatch.setattr(UNet, "forward", watched)
    _, ours, bare = actions
    ours()
    run, seen[:] = list(seen), []
    bare()
    assert len(run) == calls and {shape for shape, _ in run} == {(1, 1, 64, 64)}
    assert [s for _, s in seen] == pytest.approx([s for _, s in run]) and seen[0][1] > seen[1][1] > 0
    assert {shape for shape, _ in seen} == {(1, 1, 64, 64)}


def test_diffusers_draws_the_same_number_of_fields(actions: list[Any]) -> None:
    pytest.importorskip("diffusers")
    assert networks.ours_and_diffusers(2, members=3) == ([1.0], [2.0])
    rounds, ours, theirs = actions
    ours()
    images = theirs().images
    assert rounds == 2 and np.shape(images) == (3, 64, 64, 1)
    assert theirs.keywords == {"batch_size": 3, "num_inference_steps": 2, "output_type": "np"}


def test_a_bare_training_takes_the_steps_of_ours(actions: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    from diffview.learning.trainer import Trainer

    made: list[Trainer] = []
    begin = Trainer.__init__
    monkeypatch.setattr(Trainer, "__init__", lambda self, *a, **k: (made.append(self), begin(self, *a, **k))[1])
    networks.training_and_bare(1, steps=2)
    trainer, other = made
    before = [[p.detach().clone() for p in one.net.parameters()] for one in made]
    assert all(torch.equal(a, b) for a, b in zip(*before, strict=True)), "both begin with the same weights"
    _, ours, bare = actions
    ours()
    assert trainer.step == 2 and moved(trainer, before[0]) and not moved(other, before[1])
    bare()
    assert moved(other, before[1]) and other.step == 0


def moved(trainer: Any, before: list[Any]) -> bool:
    """Whether a weight is another now."""
    return any(not torch.equal(now, old) for now, old in zip(trainer.net.parameters(), before, strict=True))


def test_the_gpu_is_named_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert networks.gpu_name() == ""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"card {index}")
    assert networks.gpu_name() == "card 0"


def test_without_its_network_there_is_nothing_to_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "read_cards", dict)
    with pytest.raises(UserError, match=r"no model called .rain64."):
        networks.run_and_bare_network(1)
