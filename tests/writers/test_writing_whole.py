"""Files are written whole or not at all."""

import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from diffview.commands.fields import check_output
from diffview.commands.reporting import Report
from diffview.errors import UserError
from diffview.paths import is_running, plain_target, write_bytes, write_text, written_whole
from diffview.writers.exports import Content, Values
from diffview.writers.saving import save_netcdf

LINKS = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes are made otherwise there")


def test_writes_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "one")
    write_text(path, "zwölf")
    assert path.read_text(encoding="utf-8") == "zwölf"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    write_bytes(tmp_path / "ours", b"x")
    (tmp_path / "plain").write_bytes(b"x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_no_such_folder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be written: No such file"):
        write_bytes(tmp_path / "none" / "a", b"x")


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    write_bytes(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UserError, match="No space left"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


@LINKS
@pytest.mark.parametrize("write", [lambda path: write_bytes(path, b"new"), lambda path: save_netcdf(tiny(), path)])
def test_a_pipe_and_a_folder_are_never_replaced_and_a_link_stays(tmp_path: Path, write) -> None:
    pipe, link, folder, aim = (tmp_path / name for name in ("pipe", "link", "folder", "aim"))
    os.mkfifo(pipe)
    folder.mkdir()
    link.symlink_to(pipe)
    for path in (pipe, folder, link):
        with pytest.raises(UserError, match=r"is a folder, a pipe or a device, and is not written to\."):
            write(path)
    assert stat.S_ISFIFO(pipe.stat().st_mode) and folder.is_dir() and link.is_symlink()
    link.unlink()
    link.symlink_to(aim)
    write(link)
    write(link)
    assert link.is_symlink() and aim.stat().st_size >= 3 and not aim.is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["aim", "folder", "link", "pipe"]


def tiny() -> Content:
    return Content((2, 2), {"z": Values(("y", "x"), np.zeros((2, 2)), {})}, {})


def test_names_that_are_none_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder, a pipe or a device"):
        plain_target(Path(""))
    with pytest.raises(UserError, match="cannot be written: File name too long"):
        write_bytes(tmp_path / ("a" * 300), b"")
    for name in ("a" * 250, "\N{FISH}" * 62, "b[1]"):  # the temporary name is no longer than names may be
        write_bytes(tmp_path / name, b"x")
        assert [p.name for p in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()


def part(name: str, process: int | str = "") -> str:
    return f".{name}.{process}{'-' if process else ''}{uuid4().hex}.part"


@pytest.mark.parametrize("hours", [-5, 5])
def test_what_a_kill_left_is_removed_by_the_next_writing_in_its_folder(tmp_path: Path, hours: float) -> None:
    """Whatever is written next, and also where the clock was put back meanwhile; nothing of anybody else's."""
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    gone = part("a.nc"), part("b.nc"), part("c.nc", ended.pid)
    stays = ".a.nc.01.part", "a.part", part("a.nc").removeprefix("."), part("d.nc", os.getpid()), ".nc.part"
    new = part("e.nc", ended.pid)
    then = time.time() - hours * 3600
    for name in (*gone, *stays, new):
        (tmp_path / name).write_bytes(b"half")
        os.utime(tmp_path / name, None if name == new else (then, then))
    write_bytes(tmp_path / "a.nc", b"x")
    assert {path.name for path in tmp_path.iterdir()} == {*stays, new, "a.nc"}


def test_what_is_being_written_is_not_removed_though_the_clock_jumps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A laptop that slept for a night in the middle of an export finds its half file old."""
    clock = time.time
    with written_whole(tmp_path / "slow.nc") as temporary:
        temporary.write_bytes(b"half")
        for jump in (12 * 3600.0, -12 * 3600.0):
            monkeypatch.setattr(time, "time", lambda jump=jump: clock() + jump)
            write_bytes(tmp_path / "quick.nc", b"x")
            assert temporary.read_bytes() == b"half"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["quick.nc", "slow.nc"]


def test_is_running() -> None:
    assert is_running(os.getpid()) is (os.name == "posix")
    assert not is_running(0) and not is_running(-1)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert not is_running(ended.pid)


def test_a_command_says_that_its_output_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_output(tmp_path / "a.nc", Report())
    assert capsys.readouterr().err == ""
    (tmp_path / "a.nc").write_bytes(b"old")
    check_output(tmp_path / "a.nc", Report())
    assert capsys.readouterr().err == f"{tmp_path / 'a.nc'} is there, and will be replaced.\n"
