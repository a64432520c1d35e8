"""Make the film of a learning: python tools/make_learning_film.py OUT_FOLDER [--threads 1].

A network of less than 0.3 million parameters is trained on 32 x 32 crops of the packaged field with the plain loss
mean |eps - eps_hat|^2, and kept at six steps on the way. The six models, each with its card, and the curve of the loss
go to sample_models/learning/; Learn in the window shows them. Run again to go on from the last checkpoint in the
folder OUT.
"""

import argparse
import shutil
import sys
from pathlib import Path

import torch

from diffview.learning.film import LOG, film_crops, film_folder, kept_name
from diffview.learning.network import config_for
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import DIRECTORY, resumed, train
from diffview.models.checkpoints import save_model

NETWORK = {"width": 16, "multipliers": (1, 2, 2)}
KEPT = (20, 100, 400, 1200, 3200, 8000)
"""Steps after which the network is kept."""

EVERY = 20


def main() -> None:
    """Train, and keep the network on the way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = film_crops()
    if (options.out / DIRECTORY[1]).exists():
        trainer = resumed(options.out, data)
    else:
        settings = TrainingSettings(loss="plain", batch=16, flips=True, steps=KEPT[-1])
        trainer = Trainer(data, config_for(data, **NETWORK), settings)
    for report in train(trainer, options.out, every=EVERY):
        sys.stdout.write(f"step {report.step} loss {report.loss:.4f}, {report.left:.0f} s left\n")
        sys.stdout.flush()
        if report.step in KEPT:
            name = kept_name(report.step)
            save_model(film_folder() / name, trainer.ema, trainer.card(f"learning after {report.step} steps"))
    shutil.copyfile(options.out / LOG, film_folder() / LOG)


if __name__ == "__main__":
    main()
