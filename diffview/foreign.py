"""Other people's networks: folders of diffusers' UNet2DModel, read as data: config.json and safetensors, never code.

A folder is a pipeline (unet/ and scheduler/ in it) or a UNet alone with a scheduler_config.json beside its config.json.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.cards import Card
from diffview.errors import UserError
from diffview.schedule_files import schedule_of_config
from diffview.transforms import Transform

WEIGHTS = "diffusion_pytorch_model.safetensors"
PREDICTIONS = ("epsilon", "v_prediction", "sample")


def is_foreign(folder: Path) -> bool:
    """Whether a folder looks like one of diffusers."""
    return (folder / "model_index.json").is_file() or (folder / "config.json").is_file()


def foreign_card(folder: Path) -> Card:
    """A card made from the configs of a diffusers folder.

    What its fields are is not written there: they have no units and the transform `identity`.

    Raises:
        UserError: if a config is missing or damaged, or the network is not a UNet2DModel for fields of one channel.
    """
    unet = folder / "unet" if (folder / "unet").is_dir() else folder
    config = _json(unet / "config.json")
    if config.get("_class_name") != "UNet2DModel":
        raise UserError(
            f"{folder.name} is a {config.get('_class_name', 'network without a name')}, not a UNet2DModel.",
            "Only unconditional diffusers UNets can be read; bring others by diffview.show(field, denoiser=yours).",
        )
    if config.get("in_channels") != 1 or config.get("out_channels") != 1:
        raise UserError(
            f"{folder.name} has {config.get('in_channels')} channels in and {config.get('out_channels')} out; "
            "a field here has one.",
            "Choose a network for fields of one channel.",
        )
    if not (unet / WEIGHTS).is_file():
        raise UserError(
            f"{folder.name} has no {WEIGHTS}.", "Weights in pickled files (.bin) are not opened: they can hold code."
        )
    scheduler = next((p for p in (folder / "scheduler", unet, folder) if (p / "scheduler_config.json").is_file()), None)
    if scheduler is None:
        raise UserError(
            f"{folder.name} has no scheduler_config.json, so that its noise levels are unknown.",
            "Copy the scheduler's folder as well.",
        )
    wanted = _json(scheduler / "scheduler_config.json")
    prediction = wanted.get("prediction_type", "epsilon")
    if prediction not in PREDICTIONS:
        raise UserError(f"{folder.name} predicts {prediction!r}.", f"Known are {', '.join(PREDICTIONS)}.")
    alpha_bar = alpha_bar_of(wanted)
    levels = np.sqrt((1 - alpha_bar) / np.maximum(alpha_bar, 1e-30))
    side = config.get("sample_size") or 64
    ny, nx = (side, side) if isinstance(side, int) else (int(side[0]), int(side[1]))
    return Card(
        folder.name, "unknown quantity", "", Transform("identity"), (1, ny, nx),
        (float(levels[0]), float(levels[-1])),
        network={"diffusers": config, "prediction": prediction, "alpha_bar": alpha_bar.tolist(), "folder": str(unet)},
        data={"source": f"a diffusers folder, {wanted.get('_class_name', 'unknown scheduler')}, predicts {prediction}"},
        file=folder,
    )  # fmt: skip


def alpha_bar_of(config: dict[str, Any]) -> NDArray[np.float64]:
    """alpha_bar of every training step, float64 [T], from a scheduler_config.json.

    Raises:
        UserError: if its schedule is unknown, beta is not in (0, 1), or no signal is left at its end.
    """
    schedule = schedule_of_config(config)
    chain = schedule.discrete(schedule.rows)
    if chain.beta[-1] == 1:
        raise UserError("A schedule rescaled to zero SNR cannot be read yet.", "Choose another network.")
    return chain.alpha_bar


def time_of(s: float, alpha_bar: NDArray[np.float64]) -> float:
    """The (fractional) training step with the noise level s: linear in ln s, held at the ends, whole within 1e-6."""
    log_s = 0.5 * (np.log1p(-alpha_bar) - np.log(alpha_bar))
    t = float(np.interp(math.log(max(s, 1e-30)), log_s, np.arange(len(alpha_bar))))
    return float(round(t)) if abs(t - round(t)) < 1e-6 else t


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
