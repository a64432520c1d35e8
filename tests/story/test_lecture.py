"""A lecture: one folder or file that travels with its fields, and what is refused when it is read."""

import json
import re
import shutil
from pathlib import Path

import pytest

from diffview.errors import UserError
from diffview.paths import resource
from diffview.readers.packaged import packaged_field
from diffview.runs.examples import RAIN, SEA
from diffview.runs.recipe import Recipe
from diffview.story import lecture as lectures
from diffview.story.beats import BEATS, SetValues
from diffview.story.chapter import Chapter
from diffview.story.lecture import TABLE, Lecture, checksum, packaged_lecture, read_lecture, write_lecture

PAGE = Path(__file__).parents[2] / "docs" / "lecture.md"


def chapter(title, path=None, **values):
    return Chapter(title, "It says something.", recipe=Recipe.of(path=path), **values)


@pytest.fixture
def own_field(tmp_path):
    """A field of the user's own."""
    path = tmp_path / "at-home" / "mine.nc"
    path.parent.mkdir()
    shutil.copy(resource(SEA), path)
    return path


def test_a_folder_holds_chapters_and_small_fields_and_can_be_carried_elsewhere(tmp_path, own_field):
    beats = (SetValues(values=(("path", str(own_field)),)),)
    made = Lecture("Mine", (chapter("One", str(resource(RAIN))), chapter("Two!", beats=beats)))
    write_lecture(made, tmp_path / "talk")
    own_field.unlink()
    shutil.move(tmp_path / "talk", tmp_path / "usb-stick")
    read = read_lecture(tmp_path / "usb-stick")
    assert [one.title for one in read.chapters] == ["One", "Two!"] and read.title == "Mine"
    assert read.chapters[0].paths == (str(resource(RAIN)),)
    (carried,) = read.chapters[1].paths
    assert carried.startswith(str(tmp_path / "usb-stick" / "fields" / "mine-"))
    assert sorted(path.name for path in (tmp_path / "usb-stick").iterdir()) == [
        "01-one.json", "02-two.json", "fields", TABLE,
    ]  # fmt: skip
    assert str(tmp_path) not in (tmp_path / "usb-stick" / "02-two.json").read_text()


def test_a_field_that_is_too_large_is_named_by_its_path(tmp_path, own_field, monkeypatch):
    monkeypatch.setattr(lectures, "SMALL", 10)
    write_lecture(Lecture("Mine", (chapter("One", str(own_field)),)), tmp_path / "talk")
    assert read_lecture(tmp_path / "talk").chapters[0].paths == (str(own_field),)
    assert not (tmp_path / "talk" / "fields").exists()


def test_a_field_that_is_gone_or_another_one_is_told_with_file_and_chapter(tmp_path, own_field):
    folder = tmp_path / "talk"
    write_lecture(Lecture("Mine", (chapter("One", str(own_field)),)), folder)
    (field,) = (folder / "fields").iterdir()
    known = checksum(field)
    field.write_bytes(field.read_bytes() + b"x")
    assert checksum(field) != known
    with pytest.raises(UserError, match=r"^01-one\.json, chapter 'One': The field .* is another one than when"):
        read_lecture(folder)
    field.unlink()
    with pytest.raises(UserError, match=r"^01-one\.json, chapter 'One': The field .* is not there\."):
        read_lecture(folder)


def test_one_file_holds_a_lecture_or_one_chapter(tmp_path):
    inline = {"diffview_lecture": 1, "title": "L", "chapters": [chapter("A").plain, chapter("B").plain]}
    (tmp_path / "l.json").write_text(json.dumps(inline))
    assert [one.title for one in read_lecture(tmp_path / "l.json").chapters] == ["A", "B"]
    (tmp_path / "c.json").write_text(chapter("C").to_json())
    alone = read_lecture(tmp_path / "c.json")
    assert (alone.title, len(alone.chapters)) == ("C", 1)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"diffview_lecture": 1}, "names no chapters."),
        ({"diffview_lecture": 1, "chapters": ["../x.json"]}, "outside its folder."),
        ({"diffview_lecture": 1, "chapters": ["/x.json"]}, "outside its folder."),
        ({"diffview_lecture": 1, "chapters": ["gone.json"]}, "gone.json cannot be read"),
        ({"diffview_lecture": 1, "chapters": [{"title": "A"}]}, "lecture.json, number 1, chapter 'A': It has no sent"),
        ({"diffview_lecture": 1, "chapters": [3]}, "lecture.json, number 1: It is not a table."),
        ({"diffview_lecture": 1, "chapters": ["a.json"], "fields": 3}, "its fields are no table."),
        ({"diffview_lecture": 2, "chapters": ["a.json"]}, "is of version 2; this diffview reads version 1."),
        ({"diffview_recipe": 2}, "is not a lecture."),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path, table, said):
    (tmp_path / TABLE).write_text(json.dumps(table))
    with pytest.raises(UserError) as refused:
        read_lecture(tmp_path)
    assert said in refused.value.sentence and refused.value.hint


def test_the_lecture_that_the_page_writes_can_be_played(tmp_path):
    table, one = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / TABLE).write_text(table)
    for name in json.loads(table)["chapters"]:
        (tmp_path / name).write_text(one)
    lecture = read_lecture(tmp_path)
    assert [chapter.title for chapter in lecture.chapters] == ["Noise", "Noise"]
    assert [beat.key for beat in lecture.chapters[0].beats] == ["animate", "reveal", "set", "wait", "run"]


def test_the_page_says_of_every_beat_and_every_chapter():
    text = PAGE.read_text(encoding="utf-8")
    assert set(BEATS) <= set(re.findall(r"^\| ([a-z]+) \|", text, re.MULTILINE))
    named = {int(n) for cell in re.findall(r"\| ([\d, ]+) \|", text) for n in cell.split(",")}
    assert named == set(range(1, 1 + len(packaged_lecture().chapters)))


def test_the_numbers_that_its_sentences_say_are_those_of_its_schedules_and_its_field():
    (chapter,) = (one for one in packaged_lecture().chapters if one.title == "Why it shrinks, too")
    short, kelvin = chapter.scenes[6::4]
    signal, _ = short.recipe.course.schedule(1.0)
    assert short.recipe.start.chain_length == 50 and f"{signal:.2f} of the field is left" in short.sentence
    mean = packaged_field().values[kelvin.recipe.source.region.slices].mean()
    left = kelvin.recipe.course.schedule(1.0)[0] * mean
    assert f"of the mean of {mean:.0f} K, {left:.1f} K is still there" in kelvin.sentence


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match="is not there"):
        read_lecture(tmp_path / "none")


def test_chapters_are_moved_copied_replaced_and_removed():
    a, b, c = map(chapter, "ABC")
    lecture = Lecture("L", (a, b, c))
    assert lecture.moved(0, 2).chapters == (b, c, a) and lecture.moved(2, 0).chapters == (c, a, b)
    assert lecture.inserted(1, c).chapters == (a, c, b, c) and lecture.replaced(1, c).chapters == (a, c, c)
    assert lecture.removed(0).chapters == (b, c)
    with pytest.raises(UserError, match="at least one chapter"):
        Lecture("L", (a,)).removed(0)
