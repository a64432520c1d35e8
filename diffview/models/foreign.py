"""Other people's networks: folders of diffusers' UNet2DModel, read as data: config.json and safetensors, never code.

A folder is a pipeline (unet/ and scheduler/ in it) or a UNet alone with a scheduler_config.json beside its config.json.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.errors import UserError
from diffview.fields.transforms import Transform
from diffview.forward.tables import schedule_of_config
from diffview.models.cards import Card
from diffview.reverse.parametrisations import PREDICTIONS, FlowTimes, TableTimes, Times

WEIGHTS = "diffusion_pytorch_model.safetensors"


def is_foreign(folder: Path) -> bool:
    """Whether a folder looks like one of diffusers."""
    return (folder / "model_index.json").is_file() or (folder / "config.json").is_file()


def foreign_card(folder: Path) -> Card:
    """A card made from the configs of a diffusers folder.

    The configs do not say what its fields are: they have no units and the transform `identity`.

    Raises:
        UserError: if a config is missing or damaged, or the network is not an unconditional UNet2DModel of the times of
            a schedule, for fields of one channel.
    """
    unet = folder / "unet" if (folder / "unet").is_dir() else folder
    config = _json(unet / "config.json")
    for refused, sentence, hint in REFUSED:
        if refused(config):
            kind = config.get("_class_name", "network without a name")
            raise UserError(
                sentence.format(folder.name, kind, config.get("in_channels"), config.get("out_channels")), hint
            )
    if not (unet / WEIGHTS).is_file():
        raise UserError(
            f"{folder.name} has no {WEIGHTS}.", "Weights in pickled files (.bin) are not opened: they can hold code."
        )
    scheduler = _scheduler_config(folder, unet)
    learned = config["out_channels"] == 2
    network = {"diffusers": config, "folder": str(unet), "learned_variance": learned}
    network |= _trained_on(folder.name, scheduler, learned)
    side = config.get("sample_size") or 64
    ny, nx = (side, side) if isinstance(side, int) else (int(side[0]), int(side[1]))
    card = Card(
        folder.name, "unknown quantity", "", Transform("identity"), (1, ny, nx), (0.0, 1.0), network=network,
        data={
            "source": f"a diffusers folder, {scheduler.get('_class_name', 'unknown scheduler')}, "
            f"predicts {network['prediction']}"
        },
        file=folder,
    )  # fmt: skip
    return replace(card, noise_range=times_of(card).noise_range)


REFUSED: tuple[tuple[Callable[[dict[str, Any]], bool], str, str], ...] = (
    (
        lambda config: config.get("_class_name") != "UNet2DModel",
        "{0} is a {1}, not a UNet2DModel.",
        "Only unconditional diffusers UNets can be read; bring others by diffview.show(field, denoiser=yours).",
    ),
    (
        lambda config: config.get("time_embedding_type") == "fourier",
        "{0} is a score network, which takes the noise level itself and not a time of a schedule.",
        "Choose a network with positional times.",
    ),
    (
        lambda config: config.get("num_class_embeds") is not None or config.get("class_embed_type") is not None,
        "{0} is conditioned on classes; fields here have none.",
        "Choose an unconditional network.",
    ),
    (
        lambda config: (config.get("in_channels"), config.get("out_channels")) not in ((1, 1), (1, 2)),
        "{0} has {2} channels in and {3} out; a field here has one, and a network that learned the variance of its "
        "steps gives two.",
        "Choose a network for fields of one channel.",
    ),
)
"""Configs of networks that cannot run here, why (folder, class, channels in and out), and what to choose instead."""


def _scheduler_config(folder: Path, unet: Path) -> dict[str, Any]:
    for place in (folder / "scheduler", unet, folder):
        if (place / "scheduler_config.json").is_file():
            return _json(place / "scheduler_config.json")
    raise UserError(
        f"{folder.name} has no scheduler_config.json, so that its noise levels are unknown.",
        "Copy the scheduler's folder as well.",
    )


def _trained_on(name: str, scheduler: dict[str, Any], learned: bool) -> dict[str, Any]:
    """What the network predicts and its noise levels, from a scheduler_config.json, in the words of a card.

    Raises:
        UserError: if the prediction or the schedule is unknown, or they do not go together.
    """
    kind = scheduler.get("variance_type")
    if learned and kind != "learned_range":
        raise UserError(
            f"{name} gives a variance beside each pixel, but its scheduler says {kind!r}, not 'learned_range'.",
            "Only a variance between the two limits of a step can be read.",
        )
    flow = "Flow" in str(scheduler.get("_class_name", "")) or bool(scheduler.get("use_flow_sigmas"))
    prediction = scheduler.get("prediction_type", "flow" if flow else "epsilon")
    prediction = "flow" if prediction == "flow_prediction" else prediction
    if prediction not in PREDICTIONS or flow != (prediction == "flow"):
        raise UserError(
            f"{name} predicts {prediction!r}{' along a flow' if flow else ''}.", f"Known are {', '.join(PREDICTIONS)}."
        )
    if flow:
        return {"prediction": prediction, "flow_scale": float(scheduler.get("num_train_timesteps", 1000))}
    return {"prediction": prediction, "alpha_bar": alpha_bar_of(scheduler).tolist()}


def alpha_bar_of(config: dict[str, Any]) -> NDArray[np.float64]:
    """alpha_bar of every training step, float64 [T], from a scheduler_config.json; 0 at the end with zero terminal SNR.

    Raises:
        UserError: if its schedule is unknown, or beta is not in (0, 1).
    """
    schedule = schedule_of_config(config)
    return schedule.discrete(schedule.rows).alpha_bar


def times_of(card: Card) -> Times:
    """The time input that belongs to each noise level, of the network of a card made by `foreign_card`."""
    if "flow_scale" in card.network:
        return FlowTimes(float(card.network["flow_scale"]))
    return TableTimes(np.asarray(card.network["alpha_bar"], dtype=np.float64))


def _json(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"There is no {path.name} in {path.parent}.", "Choose the folder of a model.") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}.", "Copy the model again.") from None
    if not isinstance(plain, dict):
        raise UserError(f"{path} is not a config.", "Copy the model again.")
    return plain
