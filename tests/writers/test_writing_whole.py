"""Files are written whole or not at all."""

import os
import stat
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from diffview.commands.fields import check_output
from diffview.commands.reporting import Report
from diffview.errors import UserError
from diffview.paths import STALE_S, plain_target, write_bytes, write_text
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
    for name in ("a" * 250, "b[1]"):  # the temporary name is no longer than names may be
        write_bytes(tmp_path / name, b"x")
        assert [p.name for p in tmp_path.iterdir()] == [name]
        (tmp_path / name).unlink()


def test_what_a_kill_left_is_removed_by_the_next_writing(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in (".a.nc.01.part", ".a.nc.02.part", ".b.nc.01.part"))
    for left in (old, new, other):
        left.write_bytes(b"half")
    then = time.time() - 2 * STALE_S
    os.utime(old, (then, then))
    os.utime(other, (then, then))
    write_bytes(tmp_path / "a.nc", b"x")
    assert not old.exists() and new.exists() and other.exists()


def test_a_command_says_that_its_output_is_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    check_output(tmp_path / "a.nc", Report())
    assert capsys.readouterr().err == ""
    (tmp_path / "a.nc").write_bytes(b"old")
    check_output(tmp_path / "a.nc", Report())
    assert capsys.readouterr().err == f"{tmp_path / 'a.nc'} is there, and will be replaced.\n"
