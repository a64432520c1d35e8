"""`diffview train`: a file in, a model out; stopping and going on; and how it refuses."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from diffview.cli import main
from diffview.commands.train import NETWORK, TRAINING
from diffview.errors import NotWrittenError, UserError
from diffview.fields.transforms import choose_transform
from diffview.learning import training
from diffview.learning.from_files import read_training_set
from diffview.learning.network import OF_THE_DATA, sizes_of
from diffview.learning.sets import crops_of
from diffview.learning.settings import TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.models import checkpoints
from diffview.models.cards import Card
from diffview.models.checkpoints import load_model
from diffview.models.nets.unet import UNetConfig
from diffview.params import parameters
from diffview.readers.worker import answer

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--width", "8", "--batch", "4", "--precision", "float32", "--device", "cpu", "--seed", "3")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "ocean.h5"
    random = np.random.default_rng(0)
    with h5py.File(path, "w") as f:
        f.attrs["title"], f.attrs["license"] = "A made-up ocean", "CC0"
        for name, shape, units in (
            ("sst", (20, 16, 16), "degC"),
            ("skin", (10, 16, 16), "degC"),
            ("salt", (10, 16, 16), "g/kg"),
            ("wide", (10, 16, 32), "degC"),
            ("one", (40, 60), "degC"),
            ("few", (3, 16, 16), "degC"),
            ("levels", (1, 12, 16, 16), "degC"),
            ("flat", (20, 16, 16), "degC"),
            ("nine", (9, 16, 16), "degC"),
            ("gone", (12, 16, 16), "degC"),
        ):
            values = random.normal(15, 2, shape).astype(np.float32)
            f[name] = np.full_like(values, 4) if name == "flat" else values
            f[name].attrs["units"] = units
        f["gone"][:, :12] = np.nan
        f["text"] = "no picture"
        f["sst"][0, 0, 0] = np.nan
    return path


class Direct:
    """The reader without its process, which takes a second to start."""

    def call(self, name, **arguments):
        value, error, fault = answer(name, arguments)
        if error is not None:
            raise error
        assert not fault
        return value

    def close(self):
        """Nothing to end."""


@pytest.fixture
def direct(monkeypatch):
    monkeypatch.setattr("diffview.learning.from_files.ReaderProcess", Direct)


def refused(status, capsys):
    text = capsys.readouterr().err
    lines = text.strip().splitlines()
    assert status == 2 and len(lines) == 2 and "Traceback" not in text, text
    assert lines[0].startswith("diffview: ") and lines[0].endswith(".") and lines[1].strip().endswith("."), text
    return lines[0]


# -- reading


def test_slices(direct, file):
    data = read_training_set(str(file), ["/sst", "/skin"], size=16, transform="standardise", quantity="sst")
    with h5py.File(file) as f:
        train, held_out = (
            np.concatenate([f["sst"][a], f["skin"][b]])
            for a, b in ((slice(0, 16), slice(0, 8)), (slice(16, 20), slice(8, 10)))
        )
    assert (data.name, data.units, data.licence, data.shape) == ("sst", "degC", "CC0", (16, 16))
    for values, fields in ((train, data.fields), (held_out, data.held_out)):
        np.testing.assert_allclose(np.sort(data.transform.inverse(fields), axis=1), np.sort(values, axis=1), rtol=1e-5)
    assert "A made-up ocean" in data.source and "/skin" in data.source and "20%" in data.split


def test_a_dimension_of_one_is_not_the_one(direct, file):
    data = read_training_set(str(file), ["/levels"], size=16, held_out=0.25)
    assert (len(data.fields), len(data.held_out)) == (9, 3)


@pytest.fixture
def members(tmp_path):
    """Rain of 12 times x 3 members x 2 levels, mostly dry, by the names of its dimensions."""
    path = tmp_path / "members.nc"
    values = np.maximum(np.random.default_rng(1).normal(-1, 1, (3, 12, 2, 16, 24)), 0) ** 2
    with h5py.File(path, "w") as f:
        f["rain"] = values.astype(np.float32)
        f["rain"].attrs["units"] = "mm/h"
        for axis, name in enumerate(("member", "time", "level", "y", "x")):
            f[name] = np.arange(values.shape[axis], dtype=np.float64)[:: -1 if name == "y" else 1]  # north up
            f[name].make_scale(name)
            f["rain"].dims[axis].attach_scale(f[name])
    return path, values.astype(np.float32)


def test_every_slice_along_every_dimension_is_used_and_the_last_times_are_held_out(direct, members):
    path, values = members
    data = read_training_set(str(path), ["/rain"], size=32, held_out=0.25)
    assert (len(data.fields), len(data.held_out)) == (3 * 9 * 2, 3 * 3 * 2)
    assert data.slices == "72 slices (member 3 x time 12 x level 2)"
    assert data.split == "the last slices along time held out, 25%"
    for part, fields in ((values[:, :9], data.fields), (values[:, 9:], data.held_out)):
        wanted = part.transpose(0, 2, 1, 3, 4).reshape(-1, 16, 24)
        back = data.transform.inverse(fields)
        np.testing.assert_allclose(np.sort(back.sum((1, 2))), np.sort(wanted.sum((1, 2))), rtol=1e-4)


def test_a_dimension_can_be_held_at_one_index(direct, members):
    path, values = members
    data = read_training_set(str(path), ["/rain"], size=32, held_out=0.0, at={"level": "1", "member": "2"})
    assert data.slices == "12 slices (time 12), level = 1, member = 2"
    np.testing.assert_allclose(data.transform.inverse(data.fields), values[2, :, 1], rtol=1e-4, atol=1e-5)
    one = {"size": 8, "held_out": 0.0, "at": {"level": 1, "member": 2, "time": 5}}
    data = read_training_set(str(path), ["/rain"], **one)
    np.testing.assert_allclose(data.transform.inverse(data.fields[0]), values[2, 5, 1, :8, :8], rtol=1e-4, atol=1e-5)


def test_the_transform_is_the_one_that_the_window_would_choose_and_it_says_why(direct, members):
    path, values = members
    data = read_training_set(str(path), ["/rain"], size=32)
    assert (data.transform.key, data.chosen) == choose_transform(values[:, :9], "mm/h") != ("standardise", "")
    assert data.transform.key == "log1p" and data.chosen.startswith("A logarithm was chosen")
    named = read_training_set(str(path), ["/rain"], size=32, transform="standardise")
    assert (named.transform.key, named.chosen) == ("standardise", "")


def test_too_many_crops_for_memory_leave_some_of_every_slice(direct, members, monkeypatch):
    path, values = members
    monkeypatch.setattr("diffview.learning.from_files.MOST_BYTES", 4 * 8 * 8 * 500)
    monkeypatch.setattr("diffview.learning.slices_read.AT_ONCE", 4 * 16 * 24 * 5)  # five slices at a time
    data = read_training_set(str(path), ["/rain"], size=8, held_out=0.0, transform="standardise")
    back = data.transform.inverse(data.fields)
    flat = values.reshape(-1, 16, 24)
    crops = [[flat[n, y : y + 8, x : x + 8] for y in range(0, 9, 2) for x in range(0, 17, 2)] for n in range(72)]
    seen = {n for field in back for n in range(72) for crop in crops[n] if abs(field - crop).max() < 1e-4}
    assert seen == set(range(72)) and 250 <= len(back) <= 500


def test_a_single_picture_is_cut_in_two(direct, file):
    data = read_training_set(str(file), ["/one"], size=16, held_out=0.3)
    with h5py.File(file) as f:
        left, right = f["one"][:, :42], f["one"][:, 42:]
    assert data.shape == (16, 16) and len(data.fields) == 7 * 7 and len(data.held_out) == 7
    for part, fields in ((left, data.fields), (right, data.held_out)):
        np.testing.assert_allclose(data.transform.inverse(fields), crops_of(part, (16, 16), 4), rtol=1e-5)
    assert not np.intersect1d(data.fields, data.held_out).size
    whole = read_training_set(str(file), ["/one"], size=16, held_out=0)
    assert len(whole.fields) == 7 * 12 and not whole.held_out.size


def test_slices_of_odd_sides_give_fields_whose_sides_are_multiples_of_four(direct, tmp_path):
    stack = np.arange(20 * 9 * 30, dtype=np.float32).reshape(20, 9, 30)
    with h5py.File(tmp_path / "odd.h5", "w") as f:
        f["stack"], f["two"] = stack, stack[:2]
    data = read_training_set(str(tmp_path / "odd.h5"), ["/stack"], held_out=0.2)
    assert data.fields.shape == (16, 8, 28) and data.held_out.shape == (4, 8, 28)
    np.testing.assert_allclose(data.transform.inverse(data.held_out), stack[16:, :8, :28], rtol=1e-5)
    whole = read_training_set(str(tmp_path / "odd.h5"), ["/stack"], size=8, held_out=0.0)
    assert whole.fields.shape == (20 * 12, 8, 8)
    most = read_training_set(str(tmp_path / "odd.h5"), ["/two"], size=8, held_out=0.9)  # one slice is left to train on
    assert most.fields.shape == most.held_out.shape == (12, 8, 8)


@pytest.mark.parametrize(
    ("datasets", "wishes", "word"),
    [
        (["/few"], {"size": 16}, "fields to train on"),
        (["/flat"], {"size": 16}, "same"),
        (["/sst", "/salt"], {}, "not in degC"),
        (["/sst", "/sst"], {}, "named twice"),
        (["/sst", "/skin"], {}, "one quantity"),
        (["/sst", "/wide"], {"quantity": "sst"}, "several sizes"),
        (["/sst"], {"at": {"depth": 3}}, "no dimension depth"),
        (["/sst"], {"at": {"dim_0": "x"}}, "no index"),
        (["/nine"], {"size": 16}, "7 fields to train on, 2 are held out"),
        (["/gone"], {"size": 16, "held_out": 0}, "0 fields to train on, 12 more lack most"),
        (["/nothing"], {}, "nothing"),
        (["/text"], {}, "text"),
        (["/one"], {"size": 32}, "no two parts"),
        (["/sst"], {"size": 16, "coarsen": 16, "transform": "cubic"}, "cubic"),
        (["/sst"], {"coarsen": 20}, "too small"),
        (["/sst"], {"size": 2}, "2 pixels"),
        (["/sst"], {"held_out": 1.0}, "share"),
        (["/sst"], {"coarsen": -1}, "Blocks"),
    ],
)
def test_data_that_cannot_be_trained_on(direct, file, datasets, wishes, word):
    with pytest.raises(UserError) as error:
        read_training_set(str(file), datasets, **wishes)
    assert word in error.value.sentence and error.value.sentence.endswith(".") and error.value.hint.endswith(".")


# -- the command


def test_the_options_are_settings():
    assert set(TRAINING) - {p.name for p in parameters(TrainingSettings)} == {"schedule"}
    assert {*NETWORK, "learned_variance"} <= {p.name for p in parameters(UNetConfig)} - set(OF_THE_DATA)


def test_the_command_line_stays_light():
    code = "import sys; from diffview.cli import parser_of; parser_of(['train']); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "False"


def test_training_stopping_and_going_on(file, tmp_path, capsys, monkeypatch):
    words = ["train", str(file), "/sst", "--size", "16"]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    settings = (*QUICK, "--steps", "6", "--flips", "--param", "half_life=20", "--coarsen", "4")
    assert main([*words, "-o", str(whole), *settings]) == 0
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "sst: 16 fields of 16 x 16 pixels, 4 held out."
    assert told[1].startswith("Of 20 slices (dim_0 20), the last slices along dim_0 held out, 20%.")
    assert told[2].startswith("Standardised, because")
    assert told[-2].startswith("Nothing is learnt yet: after 6 steps the loss on held-out fields is ")
    end = rf"Trained to step 6, loss \d+\.\d{{4}}, held-out \d+\.\d{{4}}; the model is in {re.escape(str(whole))}\."
    assert re.fullmatch(end, told[-1])
    card = Card.read(whole)
    assert (card.name, card.coarsen, card.training["half_life"], card.training["flips"]) == ("whole", 4, 20.0, True)
    assert load_model(card)[0].config.width == 8

    advance = Trainer.advance

    def interrupted(self):
        advance(self)
        if self.step == 3:
            os.kill(os.getpid(), signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "advance", interrupted)
        before = signal.getsignal(signal.SIGINT)
        assert main([*words, "-o", str(parts), *settings]) == 0
        assert signal.getsignal(signal.SIGINT) is before
    assert capsys.readouterr().err.splitlines()[-1].startswith("Stopped at step 3")
    assert main([*words, "-o", str(parts), "--resume", "--coarsen", "4", "--device", "cpu"]) == 0
    assert (whole / "model.safetensors").read_bytes() == (parts / "model.safetensors").read_bytes()


def test_the_sizes_of_the_network(direct, file, tmp_path):
    words = ["train", str(file), "/sst", "--size", "16", *QUICK, "--steps", "1", "-o", str(tmp_path / "m")]
    sizes = ["--padding", "circular", "--learned-variance", "--network", "multipliers=1,2", "--network", "attention=no"]
    assert main([*words, *sizes]) == 0
    wanted = UNetConfig(
        width=8, multipliers=(1, 2), padding="circular", learned_variance=True, attention=False, mask=True
    )
    assert load_model(Card.read(tmp_path / "m"))[0].config == wanted
    assert sizes_of({"multipliers": [1, 2], "fold": "2"}) == {"multipliers": (1, 2), "fold": 2}


def test_beginning_from_a_model(direct, file, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    train = ("train", str(file), "skin")
    assert main([*train, "-o", str(first), *QUICK, "--steps", "2", "--transform", "log1p"]) == 0
    on = tuple(word for word in QUICK if word not in ("--width", "8"))
    assert main([*train, "-o", str(second), *on, "--steps", "1", "--from", str(first)]) == 0
    assert Card.read(second).training["from"]["steps"] == 2 and Card.read(second).network["width"] == 8
    assert Card.read(second).transform.key == "log1p"
    assert main([*train, "-o", str(tmp_path / "third"), *on, "--from", "nix"]) == 2
    assert "no model called 'nix'" in capsys.readouterr().err


def test_ctrl_c_while_reading(file, tmp_path, capsys, monkeypatch):
    def pressed(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("diffview.learning.from_files.read_training_set", pressed)
    assert main(["train", str(file), "-o", str(tmp_path / "m")]) == 0
    assert capsys.readouterr().err == "Stopped before the first step.\n" and not (tmp_path / "m").exists()


@pytest.mark.parametrize(
    ("words", "word"),
    [
        (["--steps", "many"], "steps"),
        (["--rate", "-1"], "rate"),
        (["--loss", "huber"], "loss"),
        (["--param", "half_life"], "half_life"),
        (["--param", "momentum=1"], "momentum"),
        (["--device", "abacus"], "abacus"),
        (["--width", "many"], "width"),
        (["--padding", "reflect"], "reflect"),
        (["--network", "depth=3"], "depth"),
        (["--network", "channels=2"], "channels"),
        (["--network", "multipliers=one"], "multipliers"),
        (["--network", "multipliers"], "multipliers"),
        (["--network", "attention=perhaps"], "attention"),
    ],
)
def test_refused_before_anything_is_read(file, tmp_path, capsys, words, word):
    assert word in refused(main(["train", str(file), "-o", str(tmp_path / "m"), *words]), capsys)


def test_refused_later(direct, file, tmp_path, capsys):
    out = ["-o", str(tmp_path / "m")]
    assert "packaged" in refused(main(["train", "packaged", *out]), capsys)
    words = ["train", str(file), "/sst", "--size", "16", *out]
    assert "no training" in refused(main([*words, "--resume"]), capsys)
    assert "width 12" in refused(main([*words, "--width", "12"]), capsys)
    crops = ["train", str(file), "/wide", "--size", "16", *out, "--padding", "circular"]
    assert "do not meet" in refused(main(crops), capsys)
    assert not (tmp_path / "m").exists()


def test_folder_is_needed(file, capsys):
    assert main(["train", str(file)]) == 2
    assert "-o" in capsys.readouterr().err


class Terminal:
    """A person who makes room at the second Enter, or gives up."""

    def __init__(self, full, gives_up=False):
        self.full, self.gives_up, self.pressed = full, gives_up, 0

    def isatty(self):
        return True

    def readline(self):
        self.pressed += 1
        if self.pressed == 2:
            if self.gives_up:
                raise KeyboardInterrupt
            self.full.clear()
        return "\n"


@pytest.mark.parametrize("gives_up", [False, True])
def test_a_full_disk_at_the_end_waits_for_room_at_a_terminal(file, direct, tmp_path, monkeypatch, capsys, gives_up):
    write, full = checkpoints.write_bytes, [True]

    def written(path, data):
        if full:
            raise NotWrittenError(f"{path} cannot be written: No space left on device.", "Make room.")
        write(path, data)

    person = Terminal(full, gives_up)
    monkeypatch.setattr(checkpoints, "write_bytes", written)
    monkeypatch.setattr(sys, "stdin", person)
    status = main(["train", str(file), "sst", "-o", str(tmp_path / "m"), *QUICK, "--steps", "2"])
    told = capsys.readouterr().err
    assert person.pressed == 2 and told.count("The model is still in memory") == 2
    assert status == (2 if gives_up else 0)
    assert (tmp_path / "m" / "model.json").is_file() is not gives_up


@pytest.fixture
def disk(tmp_path):
    """A disk of 256 KiB, which takes the log of a training and not what it learned."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no disk can be mounted here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def unattended(monkeypatch, tmp_path):
    """Nobody at the terminal, and a folder for data of the user's own."""
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(training, "user_folder", lambda kind: tmp_path / kind)
    return tmp_path / "data" / "rescued"


def test_what_was_learned_unattended_is_kept_elsewhere_when_its_disk_is_full(file, direct, disk, unattended, capsys):
    asked = ["train", str(file), "sst", *QUICK, "--steps"]
    assert main([*asked, "3", "-o", str(disk / "m")]) == 2
    told = capsys.readouterr().err
    (kept,) = unattended.iterdir()
    assert "No space left on device. What was learned in 3 steps is kept whole in " in told
    assert str(kept) in told.replace("\n", " ") and kept.name.startswith("m-")
    assert not list(disk.glob("m/*.safetensors")) and not list(disk.glob("m/.*")), "nothing half written is left"
    assert (Card.read(kept).training["steps"], Card.read(kept).name) == (3, kept.name)
    assert main([*asked, "5", "--resume", "-o", str(kept)]) == 0
    assert "Trained to step 5" in capsys.readouterr().err


def test_an_older_checkpoint_stays_where_nothing_has_room(
    file, direct, disk, unattended, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(training.tempfile, "gettempdir", lambda: str(disk))
    monkeypatch.setattr(training, "user_folder", lambda kind: disk / kind)
    assert main(["train", str(file), "sst", *QUICK, "--steps", "2", "-o", str(disk / "m")]) == 2
    told = capsys.readouterr().err
    assert "No space left on device." in told and "kept whole" not in told
    assert not list(disk.glob("**/*.part")) and not list(disk.glob("data/rescued/*")), "nor is a half of it"
