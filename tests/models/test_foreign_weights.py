"""The weights of diffusers folders in every layout that from_pretrained opens, and in some that it does not."""

import sys
from pathlib import Path

import pytest
import safetensors.torch as st
import torch

from diffview.errors import UserError
from diffview.models.foreign import foreign_card
from diffview.models.nets.discrete import load_discrete

sys.path.insert(0, str(Path(__file__).parents[1]))
from diffusers_twins import WEIGHTS, drawn, one_thread, saved  # noqa: F401

diffusers = pytest.importorskip("diffusers")

OLD = (("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn"))


def old_words(folder, net):
    """As diffusers wrote its attention before March 2023."""
    tensors = {}
    for name, tensor in net.state_dict().items():
        old = name
        for today, word in OLD if "attentions" in name else ():
            old = old.replace(today, word)
        tensors[old] = tensor
    assert any("proj_attn" in name for name in tensors)
    st.save_file(tensors, folder / WEIGHTS)


def again(**options):
    def layout(folder, net):
        (folder / WEIGHTS).unlink()
        net.save_pretrained(str(folder / "unet"), **options)
        assert not (folder / WEIGHTS).exists()

    return layout


def prefixed(*prefixes, **beside):
    """Copies under prefixes, of which only the last is right, and other things beside them."""

    def layout(folder, net):
        tensors = {name: torch.ones(2) for name in beside}
        for i, prefix in enumerate(prefixes):
            right = i == len(prefixes) - 1
            tensors |= {prefix + n: t if right else torch.zeros_like(t) for n, t in net.state_dict().items()}
        st.save_file(tensors, folder / WEIGHTS)

    return layout


def another_name(folder, net):
    (folder / WEIGHTS).rename(folder / "unet" / "model.safetensors")


def two_variants(folder, net):
    """The plain one is taken, not that of half as many digits."""
    st.save_file(
        {n: torch.zeros_like(t) for n, t in net.state_dict().items()},
        (folder / WEIGHTS).with_suffix(".fp16.safetensors"),
    )


LAYOUTS = {
    "old words": old_words, "shards": again(max_shard_size="20KB"), "fp16": again(variant="fp16"),
    "shards of a variant": again(variant="fp16", max_shard_size="20KB"), "two variants": two_variants,
    "another name": another_name, "compiled": prefixed("_orig_mod."), "in a module": prefixed("module.model."),
    "an average beside": prefixed("model.", "ema_model.", step=1),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_weights_of_every_layout_are_the_same_network(tmp_path, layout):
    net = saved(tmp_path, diffusers.DDPMScheduler(prediction_type="sample"))
    LAYOUTS[layout](tmp_path, net)
    y = drawn(2, 1, 16, 16)
    with torch.no_grad():
        theirs = net(y / 2, torch.tensor([0.0])).sample
    denoise = load_discrete(foreign_card(tmp_path), "cpu")
    assert denoise.card.network["times"].at(0.001)[2] == 0
    ours = denoise(y / 2, 0.001)
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-4)


def test_what_was_taken_is_on_the_card(tmp_path):
    net = saved(tmp_path, diffusers.DDPMScheduler())
    assert "weights" not in foreign_card(tmp_path).data
    again(max_shard_size="20KB")(tmp_path, net)
    assert "read from diffusion_pytorch_model-00001-of-" in foreign_card(tmp_path).data["weights"]


def without(name):
    return lambda tensors: {n: t for n, t in tensors.items() if name not in n}


def changed(name, value):
    def change(tensors):
        tensors[name].view(-1)[0] = value
        return tensors

    return change


WRONG = {
    "lack": (without("conv_in.bias"), "lack conv_in.bias."),
    "lack many": (without("attentions"), r"lack down_blocks.1.attentions.0.group_norm.weight and \d+ more of \d+"),
    "extra": (lambda tensors: tensors | {"more": torch.zeros(1)}, "have more, which its network does not have"),
    "nan": (changed("conv_in.bias", float("nan")), "not all numbers: see conv_in.bias"),
    "infinite": (changed("conv_out.weight", float("inf")), "not all numbers: see conv_out.weight"),
    "shape": (lambda tensors: tensors | {"conv_in.bias": torch.zeros(3)}, "conv_in.bias has the shape 3, not 8"),
}


@pytest.mark.parametrize("what", WRONG)
def test_weights_that_are_wrong_are_named(tmp_path, what):
    net = saved(tmp_path, diffusers.DDPMScheduler())
    change, sentence = WRONG[what]
    st.save_file(change({n: t.clone() for n, t in net.state_dict().items()}), tmp_path / WEIGHTS)
    with pytest.raises(UserError, match=sentence):
        load_discrete(foreign_card(tmp_path), "cpu")


def test_a_missing_shard_and_a_pickle(tmp_path):
    net = saved(tmp_path, diffusers.DDPMScheduler())
    again(max_shard_size="20KB")(tmp_path, net)
    next((tmp_path / "unet").glob("*-00002-of-*")).unlink()
    with pytest.raises(UserError, match=r"Of the \d+ parts of the weights"):
        foreign_card(tmp_path)
    for file in (tmp_path / "unet").glob("*.safetensors"):
        file.unlink()
    (tmp_path / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(UserError, match=r"has no diffusion_pytorch_model\.safetensors") as refused:
        foreign_card(tmp_path)
    assert "can hold code" in refused.value.hint


def test_a_unet_alone_finds_the_scheduler_beside_it(tmp_path):
    saved(tmp_path, diffusers.DDPMScheduler())
    card = foreign_card(tmp_path / "unet")
    assert card.name == "unet" and card.noise_range == foreign_card(tmp_path).noise_range
