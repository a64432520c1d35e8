"""The command line: what it prints, what it refuses and how, pictures without a screen."""

import gc
import json
import math
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from command_lines import LEAVES

from diffview import __version__
from diffview.cli import main, parse
from diffview.forward.schedules import SCHEDULES
from diffview.runs.recipe import CHAIN

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from diffview.cli import main; sys.exit(main())"


def bare(*words, cwd=ROOT):
    """The program in a process of its own, on a machine without a screen."""
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    env = {key: value for key, value in os.environ.items() if key not in hidden}
    env["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-c", START, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False, env=env, cwd=cwd)


def refused(status, text):
    """Whether a refusal is one sentence and a hint."""
    lines = text.strip().splitlines()
    return (
        status == 2
        and "Traceback" not in text
        and len(lines) == 2
        and lines[0].startswith("diffview: ")
        and lines[0].endswith(".")
        and lines[1].startswith("  ")
        and lines[1].strip().endswith((".", "nc", "h5"))
    )


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.strip() == f"diffview {__version__}"


@pytest.mark.parametrize("command", ["", "verify", *LEAVES])
def test_every_command_has_help(command, capsys):
    with pytest.raises(SystemExit) as end:
        main([*command.split(), "--help"])
    assert end.value.code == 0
    told = capsys.readouterr().out
    assert f"usage: diffview {command}".strip() in told and "-q, --quiet" in told and "-v, --verbose" in told
    assert ("examples:\n  diffview" in told) == (command in LEAVES)


def test_about(capsys):
    assert main(["about"]) == 0
    told = capsys.readouterr().out
    for word in (__version__, "MIT", "PySide6-Essentials", "torch", "Inter", "Met Office", "Open Government Licence"):
        assert word in told


# -- schedule


def table(capsys, *words):
    """The rows that `schedule` prints, by column."""
    assert main(["schedule", *words]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head == "t,beta,alpha_bar,alpha,sigma,log_snr"
    return dict(zip(head.split(","), np.array([[float(v) for v in row.split(",")] for row in rows]).T, strict=True))


def test_the_linear_schedule_has_the_numbers_of_the_paper(capsys):
    got = table(capsys, "linear")
    beta = np.linspace(1e-4, 0.02, 1000)
    alpha_bar = np.cumprod(1 - beta)
    np.testing.assert_allclose(got["beta"], beta, rtol=1e-9)
    np.testing.assert_allclose(got["alpha_bar"], alpha_bar, rtol=1e-9)
    np.testing.assert_allclose(got["alpha"], np.sqrt(alpha_bar), rtol=1e-9)
    np.testing.assert_allclose(got["sigma"], np.sqrt(1 - alpha_bar), rtol=1e-9)
    np.testing.assert_allclose(got["log_snr"], np.log(alpha_bar / (1 - alpha_bar)), rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(got["t"], np.arange(1, 1001) / 1000)


def test_parameters_and_steps_are_taken(capsys):
    got = table(capsys, "linear", "--param", "beta_start=0.001", "--param", "beta_end=0.03", "--steps", "1000")
    np.testing.assert_allclose(got["beta"], np.linspace(0.001, 0.03, 1000), rtol=1e-9)
    assert len(table(capsys, "cosine", "--steps", "7")["t"]) == 7
    knots = table(capsys, "custom", "--param", "knots=[[0.5, 1.0], [1.0, -3.0]]", "--steps", "2")
    np.testing.assert_allclose(knots["log_snr"], [1.0, -3.0], rtol=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_json_is_the_same_table_to_the_last_bit(name, capsys):
    rows = table(capsys, name, "--steps", "11")
    assert main(["schedule", name, "--steps", "11", "--format", "json"]) == 0
    columns = json.loads(capsys.readouterr().out)
    assert list(columns) == list(rows)
    for key, values in columns.items():
        np.testing.assert_array_equal([math.inf if v is None else abs(v) for v in values], np.abs(rows[key]))


def test_json_holds_for_strict_readers_where_log_snr_is_infinite(capsys):
    assert table(capsys, "flow", "--steps", "4")["log_snr"][-1] == -math.inf
    assert main(["schedule", "flow", "--steps", "4", "--format", "json"]) == 0

    def refuse(word):
        raise AssertionError(f"{word} is not JSON")

    columns = json.loads(capsys.readouterr().out, parse_constant=refuse)
    assert columns["log_snr"][-1] is None
    assert None not in columns["log_snr"][:-1]
    with pytest.raises(SystemExit):
        main(["schedule", "--help"])
    assert "null" in capsys.readouterr().out


def test_the_longest_chain_is_that_of_a_recipe(capsys):
    assert len(table(capsys, "linear", "--steps", str(CHAIN.high))["t"]) == CHAIN.high
    assert main(["schedule", "linear", "--steps", str(CHAIN.high + 1)]) == 2
    assert "100000" in capsys.readouterr().err


def test_a_reader_that_has_enough_is_no_error():
    command = f"{sys.executable} -c '{START}' schedule linear --steps 90000 | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")


BAD = {
    "no such schedule": ["schedule", "magic"],
    "no parameter": ["schedule", "linear", "--param", "beta_end"],
    "unknown parameter": ["schedule", "linear", "--param", "gamma=1"],
    "a word for a number": ["schedule", "linear", "--param", "beta_end=much"],
    "beta above 1": ["schedule", "linear", "--param", "beta_end=1.5"],
    "beta below 0": ["schedule", "linear", "--param", "beta_start=-0.1"],
    "no rows": ["schedule", "linear", "--steps", "0"],
    "too many rows": ["schedule", "linear", "--steps", "100000000000"],
    "broken JSON": ["schedule", "custom", "--param", "knots=[[0.5"],
    "another broken JSON": ["schedule", "custom", "--param", "knots=[[1"],
    "a table": ["schedule", "custom", "--param", 'knots={"a": 1}'],
    "nested without end": ["schedule", "custom", "--param", "knots=" + 5000 * "["],
    "knots that rise": ["schedule", "custom", "--param", "knots=[[0.5, -1.0], [1.0, 3.0]]"],
    "no file": ["info", "/nowhere/at/all.nc"],
    "a folder": ["info", str(ROOT)],
    "a text": ["info", str(ROOT / "pyproject.toml")],
    "no recipe": ["--recipe", "/nowhere/at/all.json"],
    "no JSON": ["--recipe", str(ROOT / "pyproject.toml")],
    "a playhead outside": ["--shot", "/nowhere/x.png", "--t", "7"],
    "no such device": ["--device", "abacus"],
    "a playhead that is no number": ["--shot", "/nowhere/x.png", "--t", "nan"],
}


@pytest.mark.parametrize("words", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused_with_a_sentence_and_a_hint(words, capsys):
    status = main(words)
    told = capsys.readouterr()
    assert refused(status, told.err), told.err
    assert told.out == ""


WRONG = [
    (["--size", "big"], "--size", "diffview gui --help"),
    (["--size", "10x10"], "--size", "diffview gui --help"),
    (["--after", "lunch"], "'lunch'", "'paint', 'run'"),
    (["info"], "file", "diffview info --help"),
    (["sample", "-o", "x.nc", "--smapler", "ddim"], "--smapler", "Did you mean --sampler?"),
    (["verify", "modle"], "'modle'", "Did you mean model?"),
    (["verify"], "model", "diffview verify --help"),
    (["schedule", "linear", "--format", "jsn"], "'jsn'", "Did you mean json?"),
    (["sampel", "--model", "rain64"], "'sampel'", "Did you mean `diffview sample`?"),
    (["-v", "abuot"], "'abuot'", "Did you mean `diffview about`?"),
    (["xyzzy"], "no command and no file called 'xyzzy'", "gui, schedule, noise"),
]


@pytest.mark.parametrize(("words", "word", "hint"), WRONG, ids=str)
def test_what_is_misspelt_is_refused_with_what_was_meant(words, word, hint, capsys):
    assert main(words) == 2
    told = capsys.readouterr()
    assert word in told.err.splitlines()[-2] and hint in told.err.splitlines()[-1] and told.out == ""


def test_a_file_opens_the_window_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sampel").write_text("")
    for file in ("sampel", "./sampel", "gone.nc", "gone/sampel", str(tmp_path / "sampel")):
        assert parse([file, "x"]).file == file and parse([file]).parser.prog == "diffview gui"
    assert parse(["-q", "sampel"]).loudness == -1 and parse(["-v", "schedule", "linear"]).loudness == 1


def test_a_refusal_in_a_process_of_its_own_has_no_traceback():
    done = bare("schedule", "magic")
    assert refused(done.returncode, done.stderr), done.stderr
    assert "linear" in done.stderr, "the hint names what there is"
    assert done.stdout == ""


# -- info


@pytest.fixture
def file(tmp_path):
    values = np.arange(200, dtype=np.int16).reshape(10, 20)
    values[0, 0] = -1
    with h5py.File(tmp_path / "a.h5", "w") as out:
        data = out.create_dataset("g/v", data=values)
        data.attrs.update({"scale_factor": 0.5, "add_offset": 100.0, "_FillValue": np.int16(-1), "units": "K"})
        out["line"] = np.arange(4.0)
    return str(tmp_path / "a.h5")


def test_info_of_a_dataset_is_over_all_of_its_decoded_values(file, capsys):
    assert main(["info", file, "/g/v", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert set(told) == {"path", "shape", "dims", "dtype", "units", "min", "max", "mean", "missing"}
    assert (told["path"], told["shape"], told["dtype"], told["units"]) == ("/g/v", [10, 20], "int16", "K")
    assert len(told["dims"]) == 2
    decoded = 100 + 0.5 * np.arange(1, 200)
    assert told["missing"] == 1
    assert (told["min"], told["max"]) == (decoded.min(), decoded.max())
    assert told["mean"] == pytest.approx(decoded.mean(), rel=1e-9)


def test_info_for_people_says_the_same(file, capsys):
    assert main(["info", file, "g/v"]) == 0
    told = capsys.readouterr().out
    for word in ("/g/v", "int16", "K", "199.5", "missing"):
        assert word in told


def test_info_of_a_file_is_its_tree(file, capsys):
    assert main(["info", file]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:4] == ["/g/v", "10", "x", "20"] and line.endswith("K") for line in lines)
    assert any(line.startswith("/line") for line in lines)
    assert main(["info", file, "--json"]) == 0
    assert {node["path"] for node in json.loads(capsys.readouterr().out)["tree"]} >= {"/g/v", "/line"}


def test_info_of_a_dataset_that_is_not_there(file, capsys):
    status = main(["info", file, "nothing"])
    told = capsys.readouterr().err
    assert refused(status, told), told
    assert "nothing" in told


# -- pictures, and no screen


def png(path):
    """Width, height and the pixel rows (filtered, as bytes) of a PNG, without Qt."""
    content = path.read_bytes()
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", content[16:24])
    at, packed = 8, b""
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        if content[at + 4 : at + 8] == b"IDAT":
            packed += content[at + 8 : at + 8 + length]
        at += 12 + length
    return width, height, zlib.decompress(packed)


def test_a_picture_needs_no_screen(tmp_path):
    out = tmp_path / "a.png"
    done = bare("--shot", out, "--size", "1280x720", "--after", "paint", "--theme", "light")
    assert done.returncode == 0, done.stderr
    width, height, pixels = png(out)
    assert (width, height) == (1280, 720)
    assert len(set(pixels)) > 100, "there is something on it"
    assert list(tmp_path.iterdir()) == [out]


def test_a_picture_after_the_run_of_a_recipe_shows_what_it_made(tmp_path):
    pixels = []
    for seed in (0, 1):
        recipe, out = tmp_path / "r.json", tmp_path / f"{seed}.png"
        recipe.write_text(json.dumps({"diffview_recipe": 1, "model": "gaussian", "steps": 4, "seed": seed}))
        done = bare("--recipe", recipe, "--shot", out, "--size", "1280x720", "--after", "run", "--t", "0")
        assert done.returncode == 0, done.stderr
        pixels.append(np.frombuffer(png(out)[2], np.uint8))
    # at t = 0 FORWARD has no noise in it: only REVERSE and what is drawn of the run can differ
    assert 20_000 < np.count_nonzero(pixels[0] != pixels[1]) < 0.4 * pixels[0].size


def test_a_picture_of_a_file_that_does_not_open_is_not_made(tmp_path):
    for words in (["/nowhere/at/all.nc"], ["/nowhere/at/all.json"], [ROOT / "pyproject.toml"]):
        done = bare("--shot", tmp_path / "a.png", "--after", "paint", *words)
        text = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("This plugin"))
        assert refused(done.returncode, text), (words, done.stderr)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", ["320x240", "800x900", "1400x500"])
def test_a_picture_smaller_than_the_window_is_refused(tmp_path, size):
    done = bare("--shot", tmp_path / "a.png", "--size", size, "--after", "paint")
    text = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("This plugin"))
    assert refused(done.returncode, text), done.stderr
    assert f" {size} " in text
    width, height = map(int, re.search(r"--size (\d+)x(\d+)", text).groups())
    asked = [int(n) for n in size.split("x")]
    assert width > asked[0] or height > asked[1]
    assert list(tmp_path.iterdir()) == []
    done = bare("--shot", tmp_path / "a.png", "--size", f"{width}x{height}", "--after", "paint")
    assert done.returncode == 0, done.stderr
    assert png(tmp_path / "a.png")[:2] == (width, height)


def test_a_start_that_is_refused_leaves_garbage_collection_on():
    assert main(["--shot", "/nowhere/x.png", "--t", "7"]) == 2
    assert gc.isenabled()


def test_a_picture_that_cannot_be_written():
    done = bare("--shot", "/nowhere/at/all.png", "--after", "paint")
    assert done.returncode == 2
    assert "/nowhere/at/all.png" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems always have a screen")
def test_without_a_screen_it_says_so():
    done = bare()
    assert refused(done.returncode, done.stderr), done.stderr
    assert "no screen" in done.stderr
    assert "--shot" in done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes")
def test_a_pipe_is_no_recipe_no_schedule_and_no_field(tmp_path):
    """Nobody writes to it: reading it would never end."""
    pipe = tmp_path / "pipe.json"
    os.mkfifo(pipe)
    shot = ("--shot", tmp_path / "a.png", "--after", "paint")
    sample = ("sample", "-o", tmp_path / "a.nc")
    for words in (
        (pipe, *shot), ("--recipe", pipe, *shot), (*sample, "--recipe", pipe), ("schedule", pipe), ("info", pipe),
    ):  # fmt: skip
        ended = bare(*words)
        assert refused(ended.returncode, ended.stderr) and "pipe" in ended.stderr, ended.stderr


def test_a_model_whose_name_no_file_can_have_is_a_sentence(tmp_path):
    (tmp_path / "long.json").write_text(json.dumps({"diffview_recipe": 1, "model": "/" + "a" * 5000}))
    ended = bare("long.json", "--shot", "a.png", "--after", "paint", cwd=tmp_path)
    assert ended.returncode == 2 and "cannot be opened: File name too long." in ended.stderr
    assert "Traceback" not in ended.stderr and len(ended.stderr) < 1000


def test_a_mistake_before_the_window_stands_is_told_on_stderr():
    code = (
        "from diffview.gui.jobs.files import Files; Files.open_recipe = lambda *given: 1 / 0; "
        "from diffview.cli import main; main(['a.nc', '--shot', 'a.png', '--after', 'paint'])"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 1 and "ZeroDivisionError" in ended.stderr
