"""`diffview film`: without a window and without Qt, whole or not at all."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

import diffview
from diffview.cli import main
from diffview.fields.field import Region
from diffview.runs.recipe import Recipe

QUICK = ("--size", "320x200", "--seconds", "0.5", "--hold", "0", "--region", "0,100,32,32", "--model", "gaussian")


def test_a_film_of_a_recipe_is_that_of_the_library(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recipe = tmp_path / "r.json"
    recipe.write_text(Recipe.of(model="gaussian", steps=3, seed=4).to_json())
    out, own = tmp_path / "a.webp", tmp_path / "b.webp"
    assert main(["film", str(recipe), "--what", "reverse", *QUICK, "--fps", "8", "-o", str(out)]) == 0
    assert "a.webp: 4 pictures of 320 x 200 in 0.5 s." in capsys.readouterr().err
    asked = Recipe.from_json(recipe.read_text()).but(region=Region(0, 100, 32, 32))
    diffview.film(own, recipe=asked, what="reverse", size=(320, 200), seconds=0.5, hold=0.0, fps=8)
    assert own.read_bytes() == out.read_bytes()
    with Image.open(out) as film:
        assert film.n_frames == 4 and film.size == (320, 200)


def test_neither_qt_nor_torch_is_loaded(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom diffview.cli import main\n"
        f"assert main({['film', *QUICK, '-o', str(tmp_path / 'a.webp')]!r}) == 0\n"
        "print(sorted({'PySide6', 'torch', 'h5py'} & {name.split('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("-o", "none/a.webp"), "there is no such folder"),
        (("-o", "a.tiff"), ".tiff is none of its formats"),
        (("--size", "100000x100000", "-o", "a.webp"), "size cannot be (100000, 100000)"),
        (("--size", "big", "-o", "a.webp"), "WIDTHxHEIGHT"),
        (("--seconds", "0.05", "-o", "a.webp"), "at least two pictures"),
        (("--what", "all", "-o", "a.webp"), "Choose one of forward, reverse, both, members."),
        (("nothing.json", "-o", "a.webp"), "nothing.json cannot be read"),
    ],
)
def test_bad_input_is_a_sentence(tmp_path: Path, monkeypatch, capsys, words, told) -> None:
    monkeypatch.chdir(tmp_path)
    quick = [word for word in QUICK if word not in words]
    if "--size" in words or "--seconds" in words:
        quick = []
    assert main(["film", *quick, *words]) == 2
    assert told in capsys.readouterr().err and list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent otherwise there")
def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    program = "import sys; from diffview.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["film", "--seconds", "60", "--model", "gaussian", "-o", str(tmp_path / "a.webp")]
    process = subprocess.Popen([sys.executable, "-c", program, *words], stderr=subprocess.DEVNULL, env=dict(os.environ))
    for _ in range(600):
        if any(tmp_path.iterdir()):
            break
        time.sleep(0.1)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130 and list(tmp_path.iterdir()) == []
