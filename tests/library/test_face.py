"""What `import diffview` is: a table of contents that loads nothing, typed for those who use it, with its page."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import diffview

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
NAMES = [
    "Recipe", "UserError", "__version__", "compare", "days", "downscale", "film", "noise", "open", "recorded", "sample",
    "sample_times", "schedule", "show", "train", "verify", "verify_ensemble",
]  # fmt: skip

USES = '''
"""A program as somebody would write it."""

import numpy as np
import xarray

import diffview


def half_noise(path: str) -> xarray.Dataset:
    field: xarray.DataArray = diffview.open(path, "tb", index=(0,))
    noisy: xarray.Dataset = diffview.noise(field, t=0.5, schedule="cosine", seed=1, region=(0, 0, 16, 16))
    made = diffview.sample(np.zeros((32, 32)), model="gaussian", members=4, sampler_params={"eta": 1.0})
    log = diffview.train(path, "tb", out="net", steps=10, width=8)
    scores = diffview.verify("net", path, "tb", samples=8)
    print(log["loss"], scores["ok"], made.attrs, diffview.__version__, diffview.Recipe.of(seed=1).to_json())
    return noisy


def mine(y: object, s: float) -> object:
    return y


try:
    diffview.show(half_noise("a.nc")["x_t"], denoiser=mine, prediction="eps", time="sigma")
except diffview.UserError as error:
    print(error.sentence, error.hint)
'''

WRONG = """
import diffview

diffview.sample(sede=1)
diffview.noise(t="half")
diffview.opne()
number: int = diffview.open()
"""


def test_the_names_are_a_table_of_contents() -> None:
    assert dir(diffview) == diffview.__all__ == NAMES
    assert all(getattr(diffview, name).__doc__ for name in NAMES)
    with pytest.raises(AttributeError, match="'opne'; it offers Recipe, "):
        _ = diffview.opne
    for name in (name for name in NAMES if name[0].islower()):
        doc = getattr(diffview, name).__doc__
        assert "Args:" in doc and "Raises:" in doc and "Example:" in doc, name


def test_importing_loads_neither_qt_nor_torch_nor_numpy() -> None:
    code = (
        "import sys, diffview\n"
        "there = lambda: {n.split('.')[0] for n in sys.modules}\n"
        "print(sorted(there() & {'PySide6', 'torch', 'numpy', 'xarray', 'h5py', 'scipy'}))\n"
        "diffview.open(); diffview.noise(t=0.5); diffview.sample(model='gaussian', steps=2, region=(40, 120, 32, 32))\n"
        "print(sorted(there() & {'PySide6', 'torch', 'h5py', 'h5netcdf'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_mypy_finds_programs_that_use_it_clean_and_mistakes_in_others(tmp_path: Path) -> None:
    assert (ROOT / "diffview" / "py.typed").is_file()
    for name, text in (("uses.py", USES), ("wrong.py", WRONG)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    words = [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "uses.py", "wrong.py"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path)  # as it is installed
    found = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert [line.split(": error")[0] for line in found] == [f"wrong.py:{line}" for line in (4, 5, 6, 7)]
    assert "sede" in found[0] and "opne" in found[2] and "DataArray" in found[3]


def test_the_page_names_all_there_is() -> None:
    table = re.findall(r"^\| `(\w+)", PAGE, re.M)
    assert set(table) == set(NAMES) - {"__version__"}


@pytest.mark.parametrize("number", range(4))
def test_the_programs_of_the_page_run(number: int, tmp_path: Path) -> None:
    programs = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    assert len(programs) == 4
    words = [sys.executable, "-W", "error::UserWarning:diffview", "-c", programs[number]]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=300)
    assert done.returncode == 0 and done.stdout, done.stderr
