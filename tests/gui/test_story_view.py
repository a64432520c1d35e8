"""A recipe brings what its author looked at: saved from one window, seen in another, by every way to open it."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from diffview.gui.show.ensemble_picture import STATISTICS
from diffview.gui.show.reverse_modes import KINDS
from diffview.gui.window.layouts import LAYOUTS, name_of
from diffview.runs.recipe import Recipe
from diffview.runs.view import REVERSES, STATISTICS_SHOWN, View


@pytest.fixture
def save_recipe(monkeypatch):
    """Save the recipe of a window under a name, by its menu."""

    def save(window, path):
        monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
        window.actions_["saveRecipeAction"].trigger()
        return Recipe.from_json(Path(path).read_text(encoding="utf-8"))

    return save


def test_the_recipe_knows_what_the_window_can_show():
    assert set(REVERSES) == {key for kind in KINDS.values() for key in kind.modes}
    assert set(STATISTICS_SHOWN) == {"", *STATISTICS}
    assert {name_of(action) for action in LAYOUTS} >= {"explore", "train", "compare"}


def test_what_was_looked_at_comes_back_by_opening_the_recipe(window, hand, find, settle, tmp_path, save_recipe, wait):
    find(window, "timeSlider").setValue(300)
    hand.key(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    window.session.look(reverse="x0_hat", quantity="log_snr", colormap="viridis", coast=False)
    settle(window)
    wait(lambda: window.session.view.layout == "train")
    seen, picture = window.session.view, window.reverse.view.indices().copy()
    saved = save_recipe(window, tmp_path / "r.json")
    assert saved.view == seen and (seen.playhead, seen.follow) == (0.3, False) and "train" in seen.docks
    # meanwhile, something else
    hand.key(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    window.session.look(reverse="eps_hat", quantity="sigma", colormap="", coast=True, playhead=0.8)
    window.session.edit(seed=5)
    settle(window)
    wait(lambda: window.session.view.layout == "explore")
    steps = window.session.recipe.course.steps
    window.open_file(str(tmp_path / "r.json"))
    settle(window)
    wait(lambda: window.session.view == seen)
    assert (window.reverse.view.indices() == picture).all() and find(window, "timeSlider").value() == 300
    assert not window.docks["trainDock"].isHidden() and window.actions_["coastAction"].isChecked() is False
    assert window.session.recipe.course.steps == steps and not window.session.recipe.view.says
    # the view is no edit: one undo brings the seed back, and leaves what is seen
    window.session.undo()
    assert window.session.recipe.course.seed == 5 and window.session.view == seen


def test_a_new_window_on_the_recipe_shows_the_same(open_window, settle, rest, tmp_path, save_recipe, wait, find):
    first = open_window()
    settle(first)
    find(first, "timeSlider").setValue(420)
    first.actions_["compareLayoutAction"].trigger()
    first.session.look(reverse="shot_eps")
    settle(first)
    wait(lambda: first.session.view.layout == "compare")
    recipe = save_recipe(first, tmp_path / "r.json")
    second = open_window(recipe, wait=False)
    wait(lambda: second.session.view == first.session.view and second.live.shot is not None)
    settle(second)
    assert second.session.view.playhead == 0.42
    assert {name for name, dock in second.docks.items() if not dock.isHidden()} == {
        name for name, dock in first.docks.items() if not dock.isHidden()
    }
    assert (second.reverse.view.indices() == first.reverse.view.indices()).all()


def test_a_recipe_without_a_view_leaves_what_is_seen(window, settle, tmp_path):
    window.session.look(playhead=0.6, follow=False, reverse="eps_hat", colormap="viridis", pace=10.0)
    seen = window.session.view
    (tmp_path / "old.json").write_text(window.session.recipe.but(seed=8).to_json(), encoding="utf-8")
    window.open_file(str(tmp_path / "old.json"))
    settle(window)
    assert window.session.recipe.course.seed == 8 and window.session.view == seen


def test_a_layout_of_a_newer_program_costs_one_sentence(window, settle, tmp_path, wait, find):
    recipe = window.session.kept.but(layout="teach in space", docks=("data", "telescope"), playhead=0.5, follow=False)
    (tmp_path / "new.json").write_text(recipe.to_json(), encoding="utf-8")
    window.open_file(str(tmp_path / "new.json"))
    settle(window)
    assert "'teach in space'" in find(window, "messageBar").text() and window.session.view.playhead == 0.5
    assert window.session.view.layout == "explore"
    window.open_file(str(tmp_path / "none.json"))
    (tmp_path / "dock.json").write_text(recipe.but(layout="explore").to_json(), encoding="utf-8")
    window.open_file(str(tmp_path / "dock.json"))
    settle(window)
    assert "'telescope'" in find(window, "messageBar").text()
    wait(lambda: not window.docks["dataDock"].isHidden() and window.docks["inspectorDock"].isHidden())


def test_the_plots_of_a_wide_window_are_seen_in_a_low_one(open_window, settle, rest, wait):
    wide = open_window(size=(1600, 1000))
    settle(wide)
    wait(lambda: "plots" in wide.session.view.docks)
    low = open_window(wide.session.kept, size=(1280, 720), wait=False)
    settle(low)
    assert not low.docks["plotsDock"].isHidden() and not low.docks["dataDock"].isHidden()
    assert View().docks is None
