"""Every leaf and branch of good configs, damaged in every way: a sentence, or a network that runs."""

import json
import sys
from pathlib import Path

import pytest
import torch

from diffview.errors import UserError
from diffview.forward.tables import import_schedule
from diffview.gui.show.card_facts import glance
from diffview.models.choice import Trained, open_card
from diffview.models.nets.discrete import load_discrete

sys.path.insert(0, str(Path(__file__).parents[1]))
from damage import damaged, is_a_sentence
from diffusers_twins import drawn, one_thread, saved  # noqa: F401

diffusers = pytest.importorskip("diffusers")

SCHEDULERS = {
    "ddpm": lambda: diffusers.DDPMScheduler(trained_betas=[0.01, 0.02, 0.03], num_train_timesteps=3),
    "thresholds": lambda: diffusers.DDIMScheduler(thresholding=True, steps_offset=1, num_train_timesteps=20),
    "edm": diffusers.EDMDPMSolverMultistepScheduler,
    "consistency": diffusers.CMStochasticIterativeScheduler,
    "flow": diffusers.FlowMatchEulerDiscreteScheduler,
    "score": diffusers.ScoreSdeVeScheduler,
}


def runs(folder, seen):
    """Whether the network of a folder is let in; then everything can be asked of it."""
    try:
        card = open_card(folder)
        said = [Trained(card, "cpu").sentence, *(text for row in glance(card) for text in row)]
        assert all(len(text) < 1500 and text.isprintable() for text in said)
        key = repr((card.network, card.shape))
        if key in seen:
            return True
        denoise = load_discrete(card, "cpu", card.network["limits"])
        low, high = card.noise_range
        with torch.no_grad():
            for s in (low, 1.0, high):
                assert denoise(s * drawn(1, *card.shape), s).shape == (1, *card.shape)
    except UserError as error:
        assert is_a_sentence(error)
        return False
    seen.add(key)
    return True


@pytest.mark.parametrize("name", SCHEDULERS)
def test_every_place_of_a_scheduler(tmp_path, name):
    saved(tmp_path, SCHEDULERS[name]())
    path = tmp_path / "scheduler" / "scheduler_config.json"
    good, seen, refused = json.loads(path.read_text()), set(), 0
    assert runs(tmp_path, seen)
    for _, plain in damaged(good):
        path.write_text(json.dumps(plain))
        refused += not runs(tmp_path, seen)
        try:
            import_schedule(json.dumps(plain))
        except UserError as error:
            assert is_a_sentence(error)
    assert refused > 20


@pytest.mark.timeout(300)
def test_every_place_of_a_network(tmp_path):
    saved(tmp_path, diffusers.DDPMScheduler(num_train_timesteps=20))
    path = tmp_path / "unet" / "config.json"
    good, seen, refused = json.loads(path.read_text()), set(), 0
    assert runs(tmp_path, seen)
    for _, plain in damaged(good):
        path.write_text(json.dumps(plain))
        refused += not runs(tmp_path, seen)
    assert refused > 200


HOSTILE = {
    "nested": "[" * 100_000, "tables": '{"a":' * 100_000, "nan": '{"norm_eps": NaN}', "no table": "[1, 2]",
    "infinite": '{"norm_eps": -Infinity}', "bytes": "\x00", "digits": '{"layers": 1' + "0" * 5000 + "}", "empty": "",
}  # fmt: skip


@pytest.mark.parametrize("file", ["unet/config.json", "scheduler/scheduler_config.json"])
@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_texts(tmp_path, what, file):
    saved(tmp_path, diffusers.DDPMScheduler())
    (tmp_path / file).write_text(HOSTILE[what])
    assert not runs(tmp_path, set())


def test_a_hundred_megabytes_and_a_pipe(tmp_path):
    import os

    saved(tmp_path, diffusers.DDPMScheduler())
    path = tmp_path / "unet" / "config.json"
    with path.open("wb") as file:
        file.truncate(10**8)
    with pytest.raises(UserError, match="100 MB, which is too much for the config of a network"):
        open_card(tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UserError):
        open_card(tmp_path)
