"""Run by torchrun in tests: trains in every rank and leaves what each has got, as rank<i>.json."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from diffview.learning.network import config_for
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings
from diffview.learning.torchrun import join, leave
from diffview.learning.trainer import Trainer
from diffview.learning.training import train

FIELDS = np.random.default_rng(0).standard_normal((64, 16, 16)).cumsum(1).cumsum(2).astype(np.float32)


def trained(folder: Path, seed: int = 0, batch: int = 16, steps: int = 120) -> Trainer:
    """A small network, trained by this rank and all others."""
    data = TrainingSet.fit("standardise", FIELDS[:56], FIELDS[56:], "red", "K")
    settings = TrainingSettings(steps=steps, batch=batch, seed=seed, warmup=10, precision="float32")
    trainer = Trainer(data, config_for(data, width=8), settings)
    for _ in train(trainer, folder, every=10):
        pass
    return trainer


if __name__ == "__main__":
    out = Path(sys.argv[1])
    ranks = join("cpu")
    made = trained(out / "model", seed=int(sys.argv[2]))
    weights = b"".join(t.detach().numpy().tobytes() for net in (made.net, made.ema) for t in net.parameters())
    told = {
        "weights": hashlib.sha256(weights).hexdigest(), "curve": made.curve, "samples": made.samples,
        "batch": made.batch, "noise": made.noise.initial_seed(), "count": ranks.count,
    }  # fmt: skip
    (out / f"rank{ranks.rank}.json").write_text(json.dumps(told))
    leave()
