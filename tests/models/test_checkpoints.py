"""Models and states on disk: exact in float32, close in float16, and a sentence for every way they can be damaged."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
import safetensors.torch
import torch

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.models import checkpoints
from diffview.models.cards import Card
from diffview.models.checkpoints import State, load_model, save_model
from diffview.models.nets.unet import UNet, UNetConfig

CARD = Card("sea", "sst", "degC", Transform("standardise", 15.0, 4.0), (1, 8, 16), (0.01, 40.0))


def net(**sizes):
    torch.manual_seed(0)
    return UNet(UNetConfig(width=8, multipliers=(1, 2), **sizes))


@pytest.fixture
def model(tmp_path):
    save_model(tmp_path / "sea", net(), CARD, dtype="float32")
    return tmp_path / "sea"


def refused(model, word):
    with pytest.raises(UserError) as error:
        load_model(Card.read(model))
    assert word in error.value.sentence and error.value.sentence.endswith(".") and error.value.hint.endswith(".")


def rewritten(model, tensors, **changed):
    """Other weights under the card, with their own checksum."""
    model.with_suffix(".safetensors").write_bytes(safetensors.torch.save(tensors))
    card = Card.read(model)
    replace(card, weights={}, **changed).save()


def weights(model):
    return safetensors.torch.load(model.with_suffix(".safetensors").read_bytes())


@pytest.mark.parametrize(("dtype", "close"), [("float32", 0.0), ("float16", 2.0**-11), ("bfloat16", 2.0**-8)])
def test_there_and_back(tmp_path, dtype, close):
    source = net(mask=True)
    mask = torch.rand(8, 16) > 0.5
    card = save_model(tmp_path / "a.b", source, CARD, mask, dtype)
    assert card.weights["dtype"] == dtype and card.weights["parameters"] == sum(p.numel() for p in source.parameters())
    loaded, there = load_model(Card.read(tmp_path / "a.b"))
    assert loaded.config == source.config and not loaded.training and torch.equal(there, mask)
    for name, tensor in source.state_dict().items():
        # 2^-25: half the step of the subnormal numbers of float16
        torch.testing.assert_close(loaded.state_dict()[name], tensor, rtol=close, atol=2.0**-25 if close else 0.0)


def test_weights_too_large_for_float16(tmp_path):
    source = net()
    source.first.conv.bias.data[0] = 1e6
    assert save_model(tmp_path / "m", source, CARD).weights["dtype"] == "float32"
    assert float(load_model(Card.read(tmp_path / "m"))[0].first.conv.bias[0].detach()) == 1e6


def test_a_card_without_weights(model):
    model.with_suffix(".safetensors").unlink()
    refused(model, "cannot be read")


def test_weights_cut_in_half(model):
    data = model.with_suffix(".safetensors").read_bytes()
    model.with_suffix(".safetensors").write_bytes(data[: len(data) // 2])
    refused(model, "checksum differs")
    replace(Card.read(model), weights={}).save()
    for size in (len(data) // 2, 100, 4, 0):
        model.with_suffix(".safetensors").write_bytes(data[:size])
        refused(model, "not a whole safetensors file")


def test_other_weights(model):
    tensors = weights(model)
    first = "first.conv.bias"
    for changed, word in (
        ({k: v for k, v in tensors.items() if k != first}, "lack"),
        ({**tensors, "more": torch.zeros(1)}, "more"),
        ({**tensors, first: torch.zeros(9)}, "shape 9, not 8"),
        ({**tensors, first: torch.full((8,), torch.nan)}, "not all numbers"),
        ({**tensors, checkpoints.MASK: torch.zeros(3, 3, dtype=torch.uint8)}, "mask"),
    ):
        rewritten(model, changed)
        refused(model, word)


@pytest.mark.parametrize(
    ("network", "word"),
    [
        ({"depth": 3}, "unknown here"),
        ({"multipliers": 3}, "unknown here"),
        ({"multipliers": "ab"}, "unknown here"),
        ({"mask": "no"}, "not true or false"),
        ({"width": 10**9}, "width"),
        ({"width": 512, "multipliers": [8] * 8, "blocks": 8}, "do not fit"),  # 50 GB, were they made
        ({"channels": 2}, "do not fit"),
        ({"cond_channels": 1}, "do not fit"),
        ({"width": 16}, "do not fit its network"),
    ],
)
def test_another_network(model, network, word):
    card = Card.read(model)
    replace(card, network={**card.network, **network}, shape=(1, 128, 128)).save()
    refused(model, word)


def test_no_network(model):
    replace(Card.read(model), network={}).save()
    refused(model, "unknown here")


def test_states(tmp_path):
    path = tmp_path / "s.safetensors"
    tensors = {"a": torch.randn(3, 4).t(), "step": torch.tensor(7.0), "random": torch.Generator().get_state()}
    State(tensors, {"step": 7, "curve": [(1, 0.1)]}).save(path)
    back = State.load(path)
    assert back.plain == {"step": 7, "curve": [[1, 0.1]]}
    assert all(torch.equal(back.tensors[k], v) for k, v in tensors.items())


@pytest.mark.parametrize("metadata", [None, {"other": "x"}, {"diffview_training": "{"}, {"diffview_training": "[1]"}])
def test_damaged_metadata(tmp_path, metadata):
    path = tmp_path / "s.safetensors"
    path.write_bytes(safetensors.torch.save({"a": torch.zeros(2)}, metadata))
    with pytest.raises(UserError) as error:
        State.load(path)
    assert "s.safetensors" in error.value.sentence


def test_the_old_file_stays_when_writing_fails(tmp_path, monkeypatch):
    path = tmp_path / "s.safetensors"
    State({"a": torch.zeros(2)}, {"step": 1}).save(path)

    def full(path, data):
        raise UserError("The disk is full.", "Make room.")

    monkeypatch.setattr(checkpoints, "write_bytes", full)
    with pytest.raises(UserError, match="full"):
        State({"a": torch.ones(2)}, {"step": 2}).save(path)
    assert State.load(path).plain == {"step": 1} and json.dumps(State.load(path).tensors["a"].tolist()) == "[0.0, 0.0]"


def test_loading_a_network_imports_no_compiler(model):
    """torch imports one for arithmetic on the meta device, which takes 2 s; seen in a process that has not."""
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from diffview.models.cards import Card\n"
        "from diffview.models.checkpoints import load_model\n"
        f"load_model(Card.read(Path({str(model)!r})))\n"
        "assert not {'torch._dynamo', 'sympy'} & sys.modules.keys()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
