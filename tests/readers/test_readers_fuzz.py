"""Damaged files: the reader process may die or be ended, its caller gets a sentence, the next file opens."""

import importlib.util
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import h5py
import numpy as np
import products_twins as twins
import pytest
from geostationary_twins import ami, ami_counts, fci
from readers_twins import attach, linked_tree, ramp, write

from diffview.errors import UserError
from diffview.readers.process import ReaderProcess

MUTANTS = 200  # some get stuck in the library and cost the patience of the reader process
TOOL = Path(__file__).resolve().parents[2] / "tools" / "fuzz_files.py"
needs_timers = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no interval timers on this system")


def fuzz_files() -> ModuleType:
    """The module of the tool."""
    spec = importlib.util.spec_from_file_location("fuzz_files", TOOL)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def latlon(path: Path) -> str:
    """A chunked, compressed cube with dimension scales."""
    cube = np.stack([ramp(40, 50)] * 3)
    written = write(
        path, cube, {"units": "K", "scale_factor": 0.5}, chunks=(1, 16, 16), compression="gzip", shuffle=True
    )
    north, east = {"units": "degrees_north"}, {"units": "degrees_east"}
    return attach(written, "v", time=(np.arange(3.0), {}), lat=(np.arange(40.0), north), lon=(np.arange(50.0), east))


def small_files(folder: Path) -> list[Path]:
    """Files of every make: old and new structure, groups, links, attributes, filters, each reader's own."""
    made = [Path(latlon(folder / "cube.nc")), Path(linked_tree(folder / "tree.h5"))]
    with h5py.File(folder / "latest.h5", "w", libver="latest") as file:
        for i in range(12):
            file.create_dataset(f"g{i}/v", data=ramp(20, 20) + i, chunks=(7, 7), fletcher32=True).attrs["units"] = "K"
    flags = np.zeros((10, 12), np.int8)
    made += [
        folder / "latest.h5",
        Path(twins.abi(folder / "abi.nc", ramp(10, 12, np.uint16) + 200, flags, emissive=True)),
        Path(twins.viirs(folder / "viirs.h5", ramp(16, 12, np.uint16), [0.01, 150.0, 0.02, 100.0])),
        Path(twins.ghrsst(folder / "ghrsst.nc", ramp(10, 12, np.int16), flags + np.int8(5))),
        Path(twins.tropomi(folder / "s5p.nc", ramp(), flags.astype(np.uint8))),
        Path(twins.matlab(folder / "a.mat", ramp())),
        Path(twins.rotated(folder / "rotated.nc", ramp(11, 13), (37.5, 177.5))),
        Path(ami(folder / "ami.nc", ami_counts(7000), "IR087", 13)),
        Path(fci(folder / "fci.nc", ramp(20, 20, np.uint16) + np.uint16(500), "ir_105", thermal=True)),
    ]
    return made


@pytest.mark.timeout(300)
def test_mutants_of_small_files_cost_a_sentence_each(tmp_path: Path) -> None:
    tool, said = fuzz_files(), list[str]()
    counts, bad = tool.fuzz(small_files(tmp_path), MUTANTS, seed=0, say=said.append)
    assert not bad
    assert sum(counts.values()) + 3 * counts[tool.DEAD] >= MUTANTS * len(tool.QUESTIONS)
    assert counts["sentence"] > MUTANTS / 10  # the damage is real
    assert counts["picture"] > MUTANTS / 10  # and not all of it fatal


def test_the_command_says_how_it_went(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    latlon(tmp_path / "files" / "cube.nc")
    command = [sys.executable, str(TOOL), str(tmp_path / "files"), "--mutants", "5"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOOL.parents[1])
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("5 mutants of 1 files")
    (tmp_path / "files" / "cube.nc").write_text("nothing")
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOOL.parents[1])
    assert (done.returncode, done.stderr.startswith("None of the files gives a picture.")) == (2, True)


def stuck(path: Path) -> str:
    """A file in whose heap of references the HDF5 library (1.14) loops without end: a free space of no size."""
    latlon(path)
    content = path.read_bytes()
    heap = content.index(b"GCOL") + 40  # behind the header and the first object
    path.write_bytes(content[:heap] + bytes(400) + content[heap + 400 :])
    return str(path)


@needs_timers
def test_a_library_that_never_returns_is_ended(tmp_path: Path) -> None:
    reader = ReaderProcess(patience=3.0)
    path = stuck(tmp_path / "stuck.nc")
    try:
        with pytest.raises(UserError) as caught:
            reader.call("list_group", path=path)
        assert caught.value.sentence == f"The reader stopped while reading {path}."
        assert reader.call("read_slice", path=latlon(tmp_path / "next.nc")).field.values.shape == (40, 50)
    finally:
        reader.close()


@needs_timers
@pytest.mark.parametrize("moving", [True, False])
def test_patience_begins_anew_with_progress(moving: bool) -> None:
    code = (
        "import time, diffview.readers.alive as alive\n"
        "alive.watch(0.3)\n"
        "end = time.process_time() + 1.0\n"
        "while time.process_time() < end:\n"
        f"    {'alive.progress()' if moving else 'pass'}\n"
        "alive.watch(0.0)\n"
        "end = time.process_time() + 0.6\n"
        "while time.process_time() < end: alive.progress()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, cwd=TOOL.parents[1])
    assert done.returncode == (0 if moving else -signal.SIGPROF)
