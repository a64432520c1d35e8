"""Make the pictures of the README with the program itself: python tools/make_pictures.py [NAME...]."""

import itertools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from diffview.fields.field import Region
from diffview.forward.schedules import Cosine, Custom, Edm, Join, Linear
from diffview.runs.examples import EXAMPLES
from diffview.runs.recipe import default_recipe

DOCS = Path(__file__).resolve().parents[1] / "docs"

RECIPE = default_recipe()
EDITED = RECIPE.but(
    schedule=Custom(knots=((0.02, 7.5), (0.3, 3.0), (0.55, 0.0), (0.8, -4.5), (1.0, -10.0))),
    sampler="heun",
    seed=4,
)
FILLED = RECIPE.but(model="gaussian", sampler="repaint", sampler_params=(("resamplings", 10),), origin="noise",
    hidden=(Region(30, 140, 36, 44),), schedule=Cosine(),
)  # fmt: skip
RETURNED = RECIPE.but(schedule=Cosine(), origin="field", level=1.2, sampler="ddpm", steps=40)

SHORT = RECIPE.but(model="gaussian", sampler="heun", schedule=Linear(chain_steps=250), seed=1)
TUNED = SHORT.but(schedule=Join(low=Linear(), high=Edm(sigma_min=0.01, sigma_max=400.0), level=3.0))

ENSEMBLE = RECIPE.but(region=Region(40, 120, 64, 64), members=64, schedule=Cosine(), sampler="ddpm", steps=24)
BACK = ENSEMBLE.but(origin="field", level=0.8)
SHOWN = ["--size", "1280x720", "--theme", "dark", "--t", "0", "--ensemble"]

PICTURES = {
    "window-dark.png": (RECIPE, ["--size", "1600x1000", "--theme", "dark", "--t", "0.12"]),
    "window-light.png": (EDITED, ["--size", "1600x1000", "--theme", "light", "--t", "0.31"]),
    "filled-gap.png": (FILLED, ["--size", "1600x1000", "--theme", "light", "--t", "0"]),
    "schedule-short.png": (SHORT, ["--size", "1280x720", "--theme", "dark", "--t", "0"]),
    "schedule-tuned.png": (TUNED, ["--size", "1280x720", "--theme", "dark", "--t", "0"]),
    "from-the-field.png": (RETURNED, ["--size", "1280x720", "--theme", "dark", "--t", "0.3"]),
    "ensemble-mean.png": (ENSEMBLE, [*SHOWN, "mean"]),
    "ensemble-spread.png": (BACK, [*SHOWN, "spread"]),
    "ensemble-row.png": (EXAMPLES["rain"].recipe(), [*SHOWN, "row"]),
}


WAYS = {
    "model": "gaussian", "region": Region(40, 120, 64, 64), "members": 16, "sampler": "heun", "steps": 9,
}  # fmt: skip


def ways_back(path: Path) -> None:
    """The window of ways back from a coarse field, once they have been gone."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from diffview.gui.bench.tools import open_window, until
    from diffview.gui.window.sharing import Sharing

    with open_window() as window:
        window.session.edit(**WAYS)
        until(window.is_idle)
        dialog = window.findChild(Sharing).ways
        dialog.resize(880, 940)
        dialog.show()
        dialog.button.click()
        until(window.is_idle)
        turns = itertools.count()
        until(lambda: next(turns) > 50)  # what came last is laid out
        dialog.grab().save(str(path))


GRABBED = {"downscaling.png": ways_back}


def main(names: list[str]) -> None:
    """Write the named pictures, all by default."""
    DOCS.mkdir(exist_ok=True)
    for name in names or [*PICTURES, *GRABBED]:
        if name in GRABBED:
            GRABBED[name](DOCS / name)
            continue
        recipe, options = PICTURES[name]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "recipe.json"
            path.write_text(recipe.to_json(), encoding="utf-8")
            command = [sys.executable, "-c", "import sys; from diffview.cli import main; sys.exit(main())"]
            subprocess.run([*command, "--recipe", str(path), "--shot", str(DOCS / name), *options], check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
