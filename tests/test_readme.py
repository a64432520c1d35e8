"""What the README and the page of architecture say is true."""

import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

from PIL import Image

from diffview.gui.actions import ENTRIES

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_library_program_runs_and_keeps_the_variance() -> None:
    program = next(text for text in re.findall(r"```python\n(.*?)```", README, re.S) if "SAMPLERS" in text)
    lines = [line for line in program.splitlines() if line.strip()]
    assert len(lines) == 10
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [int(row[0]) for row in rows] == list(range(51))
    assert float(rows[-1][1]) == 0
    # the model is exact for white noise of variance 1, and Heun of second order: the end has that variance again
    assert abs(float(rows[-1][2]) - 1) < 0.03


def test_the_pictures_are_there_and_made_by_the_script() -> None:
    script = (ROOT / "tools" / "make_pictures.py").read_text(encoding="utf-8")
    pages = [README, *(page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md"))]
    named = {name for text in pages for name in re.findall(r"\((?:docs/)?([\w-]+\.png)\)", text)}
    assert len(named) >= 4 and named == set(re.findall(r'"([\w-]+\.png)"', script))
    film = ROOT / "docs" / re.search(r"!\[[^]]*\]\(docs/([\w.]+)\)", README)[1]
    assert film.name in (ROOT / "tools" / "make_film.py").read_text(encoding="utf-8")
    with Image.open(film) as moving:
        assert moving.n_frames > 100 and film.stat().st_size < 3_000_000


def test_every_key_of_the_table_is_bound() -> None:
    bound = {keys for entry in ENTRIES for keys in entry.keys}
    page = (ROOT / "docs" / "window.md").read_text(encoding="utf-8")
    table = page[page.index("| key |") : page.index("With the gap tool")]
    written = {word.strip() for row in table.splitlines()[2:] if row for word in re.split(r", |; ", row.split("|")[1])}
    named = {"Page Up": "PgUp", "Page Down": "PgDown"}
    assert len(written) > 25 and {named.get(word, word) for word in written} - {"← →", "Esc", "1 to 7"} <= bound
    assert {"Left", "Right", *map(str, range(1, 8))} <= bound


def test_the_extras_are_those_of_the_package() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    said = README[README.index("Extras, as in") : README.index("## As a library")]
    named = set(re.findall(r"`(\w+)`", said))
    assert named == set(extras) == {"film", "zarr", "cluster", "diffusers", "tensorboard", "test"}
    assert all(extras.values()), "each brings something"


def test_the_page_of_architecture_names_what_there_is():
    page = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`([a-z_]+/[a-z_/0-9]+\.py)`", page))
    tables = set(re.findall(r"`([a-z_/]+)\.([A-Z]+)`", page))
    assert len(files) > 15 and len(tables) > 5
    places = (ROOT, ROOT / "diffview")
    assert [name for name in files if not any((place / name).is_file() for place in places)] == []
    for module, table in tables:
        assert len(getattr(importlib.import_module(f"diffview.{module.replace('/', '.')}"), table)) > 3, (module, table)


def test_every_test_that_a_page_names_is_there() -> None:
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    named = {found for text in pages for found in re.findall(r"(tests/[\w/]+\.py)::(\w+)", text)}
    missing = [f"{file}::{test}" for file, test in sorted(named) if f"def {test}(" not in _text_of(file)]
    assert len(named) > 15 and not missing


def _text_of(file: str) -> str:
    path = ROOT / file
    return path.read_text(encoding="utf-8") if path.is_file() else ""
