"""Command lines and programs of README, docs and --help, run small in a folder with the files that they name."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import netCDF4
import numpy as np
from daily_twins import write_daily, write_pair

from diffview.cli import main, parse
from diffview.commands.completion import words_of
from diffview.commands.parsing import parser_of
from diffview.runs.recipe import Recipe

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

LEAVES = sorted({word.command for word in words_of(parser_of(), {})} - {"", "verify"})
"""The commands that do something, by their words."""

SMALLER = {
    "sample": "--members 2 --steps 3 --region 0,0,32,32",
    "film": "--size 320x200 --seconds 0.5 --hold 0 --steps 3 --region 0,0,32,32",
    "train": "--steps 2 --batch 4 --size 32 --width 8 --device cpu",
    "distil": "--steps 2 --batch 2 --device cpu",
    "verify model": "--samples 16 --steps 2 --device cpu",
    "verify race": "--steps 3 --samples 4 --members 2 --grids karras --size 16 --evaluations 4 --samplers ddim",
    "verify downscaling": "--cases 2 --members 2 --steps 2",
    "verify loss": "--steps 4 --fields 2 --size 16",
    "compare": "--steps 3 --fields 10",
    "days": "--members 1",
    "verify channels": "--cases 2 --members 2",
    "verify days": "--members 2",
    "gui": "--after paint --size 1280x720",
}
"""What is put after a command line so that it takes seconds."""
PARSED_ONLY = ("bench",)
"""Commands that take minutes however small."""


class Block(NamedTuple):
    """A block of code on a page: its language, its text, and why it is not run; "": it is."""

    page: str
    language: str
    text: str
    not_run: str


def blocks() -> list[Block]:
    """Every block of code in README and docs."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        pattern = r"(?:<!-- not run: ([^\n]*?) -->\n)?^```(\w*)\n(.*?)^```$"
        found += [Block(page.name, part[2], part[3], part[1] or "") for part in re.finditer(pattern, text, re.S | re.M)]
        assert text.count("\n```") == 2 * sum(block.page == page.name for block in found), page.name
    return found


def lines_of(text: str) -> list[list[str]]:
    """The words of every command line of a text; what follows # is for people."""
    return [words for line in text.replace("\\\n", " ").splitlines() if (words := shlex.split(line, comments=True))]


def command_of(words: list[str]) -> str:
    """The command, and what of it, of the words after `diffview`."""
    return parse(words).parser.prog.removeprefix("diffview ")


def make_files(folder: Path) -> None:
    """The files that examples name: sst.nc [day, lat, lon], made.nc with its members, twin.nc with rain, coarse.nc with
    8 x 8 values of it; daily.nc and monthly.nc; folder of days; two JSON."""
    _make_sst(folder / "sst.nc", ("day", 20, "days since 2020-01-01"), 0)
    _make_sst(folder / "made.nc", ("member", 6, "1"), 1)
    with netCDF4.Dataset(folder / "twin.nc", "w") as file:
        for name, count in (("member", 40), ("y", 64), ("x", 64)):
            file.createDimension(name, count)
        values = file.createVariable("rain", "f4", ("member", "y", "x"))
        values.units, values.standard_name = "mm h-1", "rainfall_rate"
        values[:] = np.maximum(np.random.default_rng(2).standard_normal((40, 64, 64)).cumsum(1).cumsum(2) / 20, 0) ** 2
    with netCDF4.Dataset(folder / "coarse.nc", "w") as file:
        for name in ("y", "x"):
            file.createDimension(name, 8)
        values = file.createVariable("rain", "f4", ("y", "x"))
        values.units, values.standard_name = "mm h-1", "rainfall_rate"
        values[:] = np.random.default_rng(3).gamma(0.6, 2.0, (8, 8))
    write_daily(folder / "daily.nc", 2000, "2001-01-01")
    write_pair(folder / "pair.nc")
    write_daily(folder / "monthly.nc", 2000, "2001-01-01", monthly=True)
    (folder / "folder").mkdir()
    for day in range(8):
        _make_sst(folder / "folder" / f"sst_202001{day + 1:02}.nc", ("day", 1, f"days since 2020-01-{day + 1:02}"), day)
    (folder / "r.json").write_text(Recipe.of(model="gaussian", steps=3).to_json())
    region = {"region": {"row": 0, "column": 100, "ny": 32, "nx": 32}}
    chapter = {
        "diffview_chapter": 1, "title": "Noise", "sentence": "A field drowns.", "stage": {"pictures": ["forward"]},
        "recipe": {"source": region},
    }  # fmt: skip
    (folder / "chapter.json").write_text(json.dumps(chapter))
    config = {"_class_name": "DDIMScheduler", "beta_schedule": "scaled_linear", "use_karras_sigmas": True}
    (folder / "scheduler_config.json").write_text(json.dumps(config))
    (folder / "resources").symlink_to(ROOT / "resources")


def _make_sst(path: Path, first: tuple[str, int, str], seed: int) -> None:
    """A file with sst along a first dimension, on one grid."""
    rng = np.random.default_rng(seed)
    with netCDF4.Dataset(path, "w") as file:
        axes = (first, ("lat", 32, "degrees_north"), ("lon", 40, "degrees_east"))
        for name, count, units in axes:
            file.createDimension(name, count)
            file.createVariable(name, "f8", (name,))[:] = np.arange(count)
            file[name].units = units
        values = file.createVariable("sst", "f4", (first[0], "lat", "lon"))
        values.units, values.standard_name = "degree_Celsius", "sea_surface_temperature"
        values[:] = 15 + rng.standard_normal((first[1], 32, 40)).cumsum(1).cumsum(2) / 20


def smaller(command: str, words: list[str]) -> list[str]:
    """What to put after a command line so that it takes seconds; a region only where there is a field to take it of."""
    more = shlex.split(SMALLER.get(command, ""))
    if command == "sample" and not {"--fit", "--start", "--fill"} & set(words):
        more = more[: more.index("--region")]
    kept = {"--region", "--samplers"} & set(words)
    return [word for i, word in enumerate(more) if not {word, more[i - 1]} & kept]


def run_line(words: list[str]) -> None:
    """Run the words after `diffview` small in this folder, or, of what needs a screen or minutes, parse them."""
    command, options = command_of(words), parse(words)
    if command in PARSED_ONLY or (command == "gui" and "--shot" not in words):
        return
    if command in ("train", "distil"):  # goes on, if it does, from one that has ended
        shutil.rmtree(options.out, ignore_errors=True)
        if options.resume:
            run_line([word for word in words if word != "--resume"])
            words = [*words, *smaller(command, words), "--steps", "3"]
    elif command == "average":
        shutil.rmtree(options.out, ignore_errors=True)
        if not options.model.exists():
            run_line(["train", "sst.nc", "sst", "-o", str(options.model), "--averages"])
    elif "sst-model" in words and not Path("sst-model").exists():
        run_line(shlex.split("train sst.nc sst -o sst-model"))
    if command == "gui":
        env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(ROOT)}
        start = "import sys; from diffview.cli import main; sys.exit(main())"
        program = [sys.executable, "-c", start, *words, *smaller(command, words)]
        assert subprocess.run(program, env=env, check=False).returncode == 0, words
    else:
        assert main(words if "--resume" in words else [*words, *smaller(command, words)]) == 0, words
    for made in (getattr(options, name, None) for name in ("out", "shot", "html", "pdf", "pack")):
        assert made is None or made.exists(), words
