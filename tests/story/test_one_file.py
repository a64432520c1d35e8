"""A lecture as one file: the same bytes every time, carried anywhere, and nothing from elsewhere leaves its folder."""

import errno
import shutil
import stat
import zipfile

import pytest

from diffview.errors import UserError
from diffview.paths import resource
from diffview.runs.examples import RAIN, SEA
from diffview.runs.recipe import Recipe
from diffview.story import one_file
from diffview.story.chapter import Chapter
from diffview.story.lecture import TABLE, Lecture, is_lecture, read_lecture, write_lecture
from diffview.story.one_file import checksum, is_inside, unpacked


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """The cache of this test alone."""
    monkeypatch.setattr(one_file, "user_folder", lambda kind: tmp_path / kind)
    return tmp_path / "cache" / "lectures"


@pytest.fixture
def lecture(tmp_path):
    """Two chapters: a field that comes with the program, and one of the user's own."""
    own = tmp_path / "at-home" / "mine.nc"
    own.parent.mkdir()
    shutil.copy(resource(SEA), own)
    paths = str(resource(RAIN)), str(own)
    return Lecture("Mine", tuple(Chapter(f"C{i}", "It is.", recipe=Recipe.of(path=p)) for i, p in enumerate(paths)))


def test_it_carries_its_fields_and_is_read_where_nothing_else_is(tmp_path, lecture, cache):
    file = tmp_path / "talk.zip"
    assert write_lecture(lecture, file).home == file
    shutil.rmtree(tmp_path / "at-home")
    carried = shutil.move(file, tmp_path / "stick.zip")
    read = read_lecture(tmp_path / "stick.zip")
    assert read.home == tmp_path / "stick.zip" and [one.title for one in read.chapters] == ["C0", "C1"]
    (shipped,), (own,) = (one.paths for one in read.chapters)
    assert shipped == str(resource(RAIN)) and own.startswith(str(cache))
    assert checksum(one_file.Path(own)) == checksum(resource(SEA))
    assert is_lecture(carried) and str(tmp_path).encode() not in carried.read_bytes()


def test_the_same_lecture_gives_the_same_bytes_and_is_unpacked_once(tmp_path, lecture, cache):
    for name in ("a.zip", "b.zip"):
        write_lecture(lecture, tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert unpacked(tmp_path / "a.zip") == unpacked(tmp_path / "b.zip")
    assert len(list(cache.iterdir())) == 1


def test_what_was_read_long_ago_is_removed(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(one_file, "MOST_KEPT", 2)
    for number in range(4):
        write_lecture(Lecture("L", (Chapter(f"C{number}", "It is."),)), tmp_path / f"{number}.zip")
        last = unpacked(tmp_path / f"{number}.zip")
    assert last.is_dir() and len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("name", ["../out.json", "/out.json", "a/../../out.json", "C:out.json", "a\\..\\..\\out.json"])
def test_nothing_is_written_outside(tmp_path, cache, name):
    file = tmp_path / "bad.zip"
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr(TABLE, "{}")
        packed.writestr(name, "x")
    assert not is_inside(name)
    with pytest.raises(UserError, match="outside of itself"):
        read_lecture(file)
    assert not list(cache.glob("*")) and not (tmp_path / "out.json").exists()


def test_a_link_and_what_would_fill_the_disk_are_refused(tmp_path, monkeypatch):
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as packed:
        packed.writestr(link, "/etc/passwd")
    with pytest.raises(UserError, match="outside of itself"):
        read_lecture(tmp_path / "link.zip")
    monkeypatch.setattr(one_file, "LARGEST", 10)
    with zipfile.ZipFile(tmp_path / "large.zip", "w") as packed:
        packed.writestr("x", "x" * 11)
    with pytest.raises(UserError, match="would be larger"):
        read_lecture(tmp_path / "large.zip")


def test_a_file_that_was_cut_or_changed_on_its_way_is_told(tmp_path, lecture):
    file = tmp_path / "talk.zip"
    write_lecture(lecture, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    assert not is_lecture(file)
    with pytest.raises(UserError, match="is damaged") as refused:
        read_lecture(file)
    assert "once more" in refused.value.hint
    at = whole.index(b"CDF") if b"CDF" in whole else len(whole) // 3
    file.write_bytes(whole[:at] + bytes(byte ^ 255 for byte in whole[at : at + 40]) + whole[at + 40 :])
    with pytest.raises(UserError, match="is damaged"):
        read_lecture(file)


def test_one_wrong_byte_anywhere_is_told_or_changes_nothing(tmp_path, cache):
    file = tmp_path / "talk.zip"
    lecture = Lecture("L", tuple(Chapter(f"C{number}", "It is.") for number in range(3)))
    write_lecture(lecture, file)
    whole, told = file.read_bytes(), []
    for at in range(len(whole)):
        for flipped in (1, 6, 255):
            file.write_bytes(whole[:at] + bytes([whole[at] ^ flipped]) + whole[at + 1 :])
            is_lecture(file)
            try:
                assert read_lecture(file).chapters == lecture.chapters
            except UserError as refused:
                told.append(str(refused))
    assert told and not list(cache.glob(".*"))


def test_what_is_packed_in_another_way_is_unpacked_by_hand(tmp_path, lecture):
    write_lecture(lecture, tmp_path / "folder")
    with zipfile.ZipFile(tmp_path / "talk.zip", "w", zipfile.ZIP_LZMA) as packed:
        packed.write(tmp_path / "folder" / TABLE, TABLE)
    with pytest.raises(UserError, match="not read here") as refused:
        read_lecture(tmp_path / "talk.zip")
    assert "Unpack it" in refused.value.hint


def test_a_disk_that_is_full_is_told_and_nothing_stays_of_what_was_unpacked(tmp_path, lecture, cache, monkeypatch):
    def fill(packed, folder):
        folder.mkdir(parents=True)
        (folder / TABLE).write_text("{")
        raise OSError(errno.ENOSPC, "No space left on device")

    write_lecture(lecture, tmp_path / "talk.zip")
    monkeypatch.setattr(zipfile.ZipFile, "extractall", fill)
    with pytest.raises(UserError, match="No space left on device"):
        read_lecture(tmp_path / "talk.zip")
    assert not list(cache.iterdir())


def test_a_zip_of_something_else_is_no_lecture(tmp_path):
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as packed:
        packed.writestr("readme.txt", "x")
    assert not is_lecture(tmp_path / "other.zip") and not is_lecture(tmp_path / "none.zip")
    with pytest.raises(UserError, match=r"lecture\.json"):
        read_lecture(tmp_path / "other.zip")
