"""What commands say on stderr, in terminals and in logs; results that nobody reads or that have no room."""

import os
import pty
import re
import select
import subprocess
import sys
from pathlib import Path

import pytest

from diffview.cli import main
from diffview.commands.reporting import LOG, TERMINAL, Report, spoken
from diffview.errors import UserError

ROOT = Path(__file__).resolve().parents[2]
START = "import sys; from diffview.cli import main; sys.exit(main())"
SLOW = (
    "import sys, time; from diffview.commands.reporting import Report\n"
    "with Report().progress('waiting') as progress:\n"
    "    [(progress(i / 40), time.sleep(0.02)) for i in range(40)]\n"
)
FORMULA = ("--model", "gaussian", "--steps", "3")


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def in_a_log(seconds, parts, loudness=0):
    """Progress of a stage that takes so long, in so many parts."""
    clock = Clock()
    with Report(loudness, clock).progress("sampling") as progress:
        for i in range(parts + 1):
            clock.now = seconds * i / parts
            progress(i / parts)


def test_a_log_has_a_line_every_so_many_seconds(capsys):
    in_a_log(6.5 * LOG, 1000)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 6
    assert lines[0] == "sampling: 15%, 55 s left" and lines[-1] == "sampling: 92%, 5 s left"


def test_what_is_done_soon_says_nothing(capsys):
    in_a_log(0.9 * LOG, 1000)
    assert capsys.readouterr().err == ""


def test_quiet_is_quiet_and_verbose_says_how_long(capsys):
    in_a_log(100 * LOG, 1000, loudness=-1)
    assert capsys.readouterr().err == ""
    in_a_log(2, 10, loudness=1)
    assert capsys.readouterr().err == "sampling: 2 s\n"


def test_a_terminal_has_one_line_that_is_taken_away(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "20")
    clock = Clock()
    report = Report(0, clock)
    with report.progress("reading") as progress:
        for share in (0.0, 0.2, 0.21, 0.5):
            clock.now = 10 * TERMINAL * share
            progress(share)
        report.note("A note.")
    told = capsys.readouterr().err
    first, second, end = "reading: 20%, 1 s left"[:19], "reading: 50%, 0 s left"[:19], "A note.\n"
    blank = f"\r{' ' * 19}\r"
    assert told == first + blank + second + blank + end
    assert "\n" not in told[:-1]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (42.4, "42 s"), (59.6, "1 min 0 s"), (185, "3 min 5 s"), (3600, "1 h 0 min"), (7800, "2 h 10 min")],
)
def test_times_are_said_as_people_say_them(seconds, words):
    assert spoken(seconds) == words


def test_a_refusal_is_said_however_quiet_and_shows_where_if_asked(capsys):
    error = UserError("It cannot be.", "Do it.")
    Report(-1).refuse(error)
    assert capsys.readouterr().err == "diffview: It cannot be.\n  Do it.\n"
    assert main(["schedule", "magic", "-v"]) == 2
    told = capsys.readouterr().err
    assert "Traceback" in told and told.splitlines()[-2].startswith("diffview: ")


def test_quiet_and_verbose_sampling(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    words = ("sample", *FORMULA, "--fit", "resources/toa_brightness_temperature.nc", "/data", "--region", "0,0,16,16")
    said = {}
    for flag in ("-q", "-v"):
        assert main([*words, "-o", str(tmp_path / "out.nc"), flag]) == 0
        said[flag] = capsys.readouterr()
    assert said["-q"] == ("", "") and said["-v"].out == ""
    assert "gaussian on numpy" in said["-v"].err and "ddim, eta 0.0, 3 steps of uniform" in said["-v"].err
    assert re.search(r"sampling: [\d.]+ s\n", said["-v"].err)


# -- real processes


def run(command, **more):
    """A shell line in which $DV is the program; (status, stdout, stderr)."""
    shell = f"""DV() {{ "{sys.executable}" -c '{START}' "$@"; }}\n{command}"""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False, env=env, cwd=ROOT, **more)
    return done.returncode, done.stdout, done.stderr


def test_a_reader_that_has_enough_is_no_error():
    status, out, error = run("DV schedule linear --steps 90000 | head -1; exit ${PIPESTATUS[0]}")
    assert (status, out.count("\n"), error) == (0, 1, "")
    assert run("DV --help | true; exit ${PIPESTATUS[0]}")[::2] == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
@pytest.mark.parametrize("words", ["schedule cosine --steps 5", "schedule cosine --steps 9000", "about", "--help"])
def test_a_result_that_has_no_room_is_a_sentence(words):
    status, _, error = run(f"DV {words} > /dev/full")
    assert (status, len(error.splitlines())) == (2, 2), error
    assert error.startswith("diffview: The result cannot be written: No space left on device.\n  ")


@pytest.mark.parametrize("streams", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error(streams):
    status, out, error = run(f"DV schedule cosine --steps 2 {streams}")
    assert status == 0 and error == ""
    assert out.count("\n") == (0 if ">&- " in f"{streams} " and streams != "2>&-" else 3)
    assert run(f"DV schedule magic {streams}")[0] == 2


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full")
def test_work_goes_on_when_nobody_reads_what_is_said(tmp_path):
    fit = "--fit resources/toa_brightness_temperature.nc /data --region 0,0,16,16"
    for i, reader in enumerate(("2>&1 | true; exit ${PIPESTATUS[0]}", "2>/dev/full")):
        out = tmp_path / f"{i}.nc"
        assert run(f"DV sample {' '.join(FORMULA)} {fit} -v -o {out} {reader}") == (0, "", "")
        assert out.stat().st_size > 1000


def test_the_line_of_progress_on_a_real_terminal():
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", SLOW], stderr=theirs, env={**os.environ, "PYTHONPATH": str(ROOT)})
    os.close(theirs)
    told = b""
    while select.select([ours], [], [], 30)[0]:
        try:
            told += os.read(ours, 10_000)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait(30) == 0
    states = re.findall(r"waiting: \d+%", told.decode())
    assert 2 <= len(states) <= 12 and "\n" not in told.decode() and told.endswith(b" \r")


def test_ctrl_c_ends_quietly(capsys, monkeypatch):
    def pressed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr("diffview.commands.about.write_result", pressed)
    assert main(["about"]) == 130
    assert capsys.readouterr() == ("", "")
