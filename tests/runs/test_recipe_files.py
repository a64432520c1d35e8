"""A recipe in a file: a field beside it is named from there, so that both can be carried."""

import shutil

import pytest

from diffview.errors import UserError
from diffview.runs.recipe import GIVEN, Recipe
from diffview.runs.recipe_files import read_recipe, write_recipe


@pytest.mark.parametrize("place", ["f.nc", "data/f.nc"])
def test_both_can_be_carried(tmp_path, place):
    folder = tmp_path / "here"
    field = folder / place
    field.parent.mkdir(parents=True)
    field.write_bytes(b"x")
    write_recipe(Recipe.of(path=str(field), seed=4), folder / "r.json")
    assert str(tmp_path) not in (folder / "r.json").read_text()
    shutil.move(folder, tmp_path / "there")
    read = read_recipe(tmp_path / "there" / "r.json")
    assert read.source.path == str(tmp_path / "there" / place) and read.course.seed == 4


def test_a_field_elsewhere_or_not_there_is_named_as_it_was(tmp_path):
    (tmp_path / "f.nc").write_bytes(b"x")
    (tmp_path / "sub").mkdir()
    for path in (str(tmp_path / "f.nc"), str(tmp_path / "sub" / "gone.nc"), None, GIVEN, "of-the-working-folder.nc"):
        write_recipe(Recipe.of(path=path), tmp_path / "sub" / "r.json")
        assert read_recipe(tmp_path / "sub" / "r.json").source.path == path


def test_what_is_no_recipe_is_refused(tmp_path):
    (tmp_path / "r.json").write_text("{")
    with pytest.raises(UserError):
        read_recipe(tmp_path / "r.json")
