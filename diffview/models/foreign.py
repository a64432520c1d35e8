"""Other people's networks: folders of diffusers' UNet2DModel, read as data: config.json and safetensors, never code.

A folder is a pipeline (unet/ and scheduler/ in it) or a UNet alone, with a scheduler_config.json in it or in a folder
scheduler/ beside it. What its networks were told and what they predict follows from the class of the scheduler.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from diffview.errors import UserError, cut
from diffview.fields.transforms import Transform
from diffview.models.cards import Card
from diffview.models.plain import Rule, Unfit, either, flag, listed, maybe, number, one_of, table, text, whole
from diffview.models.schedulers import SCHEDULER, Convention, convention_of
from diffview.paths import read_json
from diffview.reverse.parametrisations import TableTimes

WEIGHTS = "diffusion_pytorch_model"
VARIANTS = ("", "ema", "fp32", "bf16", "fp16", "non_ema")
"""Of the weights of one network, those that are taken first."""

SIDE = 2**13
MOST_BLOCKS = 12
BLOCKS = listed(text, 1, MOST_BLOCKS)

UNET: Mapping[str, Rule] = {
    "sample_size": maybe(either(whole(1, SIDE), listed(whole(1, SIDE), 2, 2))),
    "in_channels": whole(), "out_channels": whole(), "center_input_sample": flag,
    "time_embedding_type": one_of("positional", "learned", "fourier"), "time_embedding_dim": maybe(whole(1, 2**16)),
    "freq_shift": whole(0, 64), "flip_sin_to_cos": flag, "num_train_timesteps": maybe(whole(1, 2**20)),
    "down_block_types": BLOCKS, "mid_block_type": maybe(text), "up_block_types": BLOCKS,
    "block_out_channels": listed(whole(1, 2**16), 1, MOST_BLOCKS), "layers_per_block": whole(1, 32),
    "mid_block_scale_factor": number(), "downsample_padding": whole(0, 8), "downsample_type": one_of("conv", "resnet"),
    "upsample_type": one_of("conv", "resnet"), "dropout": number(0, 1), "act_fn": text,
    "attention_head_dim": maybe(whole(1, 2**16)), "norm_num_groups": whole(1, 2**16),
    "attn_norm_num_groups": maybe(whole(1, 2**16)), "norm_eps": number(0, 1),
    "resnet_time_scale_shift": one_of("default", "scale_shift"), "add_attention": flag,
    "class_embed_type": maybe(text), "num_class_embeds": maybe(whole()),
}  # fmt: skip
"""What the config of a UNet2DModel may say; what else is in it says nothing to it."""


class Refusal(NamedTuple):
    """Why a network cannot be run, if `where` says so of its config and of its convention."""

    where: Callable[[Mapping[str, Any], Convention], bool]
    sentence: str
    hint: str


def _channels(config: Mapping[str, Any]) -> tuple[int, int]:
    return config.get("in_channels", 3), config.get("out_channels", 3)


def _by_heart(config: Mapping[str, Any], convention: Convention) -> bool:
    """Whether it has a table of times that lacks some of those it would be told."""
    rows = config.get("num_train_timesteps") or 0
    times = len(convention.times.alpha_bar) if isinstance(convention.times, TableTimes) else rows + 1
    return config.get("time_embedding_type") == "learned" and rows < times


REFUSALS = (
    Refusal(
        lambda config, convention: config.get("time_embedding_type") == "fourier" and convention.prediction != "score",
        "{name} is a score network, which takes the noise level itself and not a time of a schedule.",
        "Choose a network with positional times, or add the ScoreSdeVeScheduler that it was trained with.",
    ),
    Refusal(
        lambda config, _: config.get("num_class_embeds") is not None or config.get("class_embed_type") is not None,
        "{name} is conditioned on classes; fields here have none.",
        "Choose an unconditional network.",
    ),
    Refusal(
        lambda config, _: _channels(config) not in ((1, 1), (1, 2)),
        "{name} has {inputs} channels in and {outputs} out; a field here has one, and a network that learned the "
        "variance of its steps gives two.",
        "Choose a network for fields of one channel.",
    ),
    Refusal(
        lambda config, convention: _channels(config) == (1, 2) and not convention.learned_variance,
        "{name} gives a variance beside each pixel, but its scheduler does not say 'learned_range'.",
        "Only a variance between the two limits of a step can be read.",
    ),
    Refusal(
        _by_heart,
        "{name} has a table of times that lacks some of those of its scheduler.",
        "Add the scheduler that it was trained with.",
    ),
)


def is_foreign(folder: Path) -> bool:
    """Whether a folder looks like one of diffusers."""
    return any((folder / name).is_file() for name in ("model_index.json", "config.json", "unet/config.json"))


def foreign_card(folder: Path) -> Card:
    """A card made from the configs of a diffusers folder.

    The configs do not say what its fields are: they have no units and the transform `identity`.

    Raises:
        UserError: if a config is missing or damaged, the class of its scheduler is not understood, or the network is
            not an unconditional UNet2DModel for fields of one channel.
    """
    name = cut(folder.resolve().name, 60)
    unet = folder / "unet" if (folder / "unet").is_dir() else folder
    config = _config(name, unet)
    scheduler, convention = _convention(name, folder, unet)
    for refusal in REFUSALS:
        if refusal.where(config, convention):
            inputs, outputs = _channels(config)
            raise UserError(refusal.sentence.format(name=name, inputs=inputs, outputs=outputs), refusal.hint)
    weights = weights_of(name, unet)
    network = {
        "diffusers": config, "folder": str(unet), "weights": weights, "prediction": convention.prediction,
        "times": convention.times, "limits": convention.limits, "learned_variance": _channels(config) == (1, 2),
    }  # fmt: skip
    data = {"source": f"a diffusers folder, {scheduler}, predicts {convention.prediction}", **convention.notes}
    if weights[0] != f"{WEIGHTS}.safetensors":
        data["weights"] = f"read from {weights[0]}" + (f" and {len(weights) - 1} more" if len(weights) > 1 else "")
    return Card(
        name, "unknown quantity", "", Transform("identity"), _shape(name, config), convention.times.noise_range,
        kind=convention.kind, network=network, data=data, file=folder,
    )  # fmt: skip


def _config(name: str, unet: Path) -> dict[str, Any]:
    """What the config.json of a UNet2DModel says to it."""
    plain = read_json(unet / "config.json", "the config of a network", "Choose the folder of a model.")
    if plain.get("_class_name") != "UNet2DModel":
        kind = plain.get("_class_name")
        raise UserError(
            f"{name} is a {cut(kind, 60) if isinstance(kind, str) else 'network without a name'}, not a UNet2DModel.",
            "Only unconditional diffusers UNets can be read; bring others by diffview.show(field, denoiser=yours).",
        )
    return _checked({key: value for key, value in plain.items() if key in UNET}, UNET, f"The config of {name}")


def _checked(plain: dict[str, Any], rules: Mapping[str, Rule], what: str) -> dict[str, Any]:
    try:
        checked: dict[str, Any] = table(rules)(plain, "")
    except Unfit as error:
        raise UserError(f"{what} is damaged: {error}.", "Copy the model again.") from None
    return checked


def _convention(name: str, folder: Path, unet: Path) -> tuple[str, Convention]:
    """The class of the scheduler, and how it trains."""
    places = (folder / "scheduler", unet, unet.parent / "scheduler")
    path = next((p / "scheduler_config.json" for p in places if (p / "scheduler_config.json").is_file()), None)
    if path is None:
        raise UserError(
            f"{name} has no scheduler_config.json, so that its noise levels are unknown.",
            "Copy the scheduler's folder as well.",
        )
    plain = read_json(path, "the config of a scheduler", "Copy the model again.")
    index = folder / "model_index.json"
    if "_class_name" not in plain and index.is_file():
        names = read_json(index, "the index of a model", "Copy the model again.").get("scheduler")
        if isinstance(names, list) and len(names) == 2:
            plain["_class_name"] = names[1]
    checked = _checked(plain, SCHEDULER, f"The scheduler of {name}")
    kind = checked.get("_class_name", "")
    if not kind:
        raise UserError(
            f"The scheduler of {name} does not say its class, which tells what its networks learn.",
            'Write it into scheduler_config.json, such as "_class_name": "DDPMScheduler".',
        )
    return kind, convention_of(name, kind, checked)


def weights_of(name: str, unet: Path) -> tuple[str, ...]:
    """The names of the files with the weights: one, or all its shards.

    Raises:
        UserError: if there is none, or a shard is missing.
    """
    groups: dict[tuple[str, str, int], list[str]] = {}
    for file in sorted(path.name for path in unet.glob("*.safetensors")):
        parts = re.fullmatch(r"(.+?)(?:\.([\w-]+?))?(?:-\d{5}-of-(\d{5}))?\.safetensors", file)
        if parts is not None:
            groups.setdefault((parts[1], parts[2] or "", int(parts[3] or 1)), []).append(file)
    if not groups:
        raise UserError(
            f"{name} has no {WEIGHTS}.safetensors.",
            "Weights in pickled files (.bin) are not opened: they can hold code.",
        )

    def place(group: tuple[str, str, int]) -> tuple[bool, int, int]:
        stem, variant, shards = group
        return stem != WEIGHTS, VARIANTS.index(variant) if variant in VARIANTS else len(VARIANTS), shards

    first = min(groups, key=place)
    if len(groups[first]) != first[2]:
        raise UserError(
            f"Of the {first[2]} parts of the weights of {name} there are {len(groups[first])}.", "Copy all."
        )
    return tuple(groups[first])


def _shape(name: str, config: Mapping[str, Any]) -> tuple[int, int, int]:
    """(1, ny, nx) of its fields, 64 where the config does not say it.

    Raises:
        UserError: if its blocks cannot halve them.
    """
    side = config.get("sample_size") or 64
    ny, nx = (side, side) if isinstance(side, int) else side
    halvings = len(config.get("block_out_channels", range(4))) - 1
    stride = 2**halvings
    if ny % stride or nx % stride:
        fit = " x ".join(str(max(stride, round(n / stride) * stride)) for n in (ny, nx))
        raise UserError(
            f"The config of {name} says {ny} x {nx} pixels, which its blocks cannot halve {halvings} times.",
            f"Write the size that it was trained on, such as {fit}, into its config.json as sample_size.",
        )
    return 1, ny, nx
