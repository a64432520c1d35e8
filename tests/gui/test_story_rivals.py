"""Rivals in the window, by mouse and keys: added, dragged, flipped, run side by side, scored, trained under, undone."""

import json

import numpy as np
import pytest
from conftest import QUICK, layer
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QInputDialog

from diffview.cli import main
from diffview.forward.schedules import Custom, Linear, make_schedule
from diffview.gui.show.rival_words import TOKENS
from diffview.gui.show.schedule_curves import levels_along
from diffview.gui.show.timescale import TimeScale
from diffview.gui.widgets.plots.schedule_items import Handles
from diffview.learning.densities import training_density
from diffview.models import cards
from diffview.runs.recipe import Recipe
from diffview.runs.resolve import resolve
from diffview.runs.rivals import added, alone, rivals_of
from diffview.runs.run import run

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support (raise|grabbing)")

EDM = make_schedule("edm", {"sigma_max": 400.0})
FINE = np.geomspace(0.02, 70, 2001)


def with_rivals(recipe=QUICK, **values):
    """A bad schedule and a good one; the good one in force."""
    recipe = recipe.but(schedule=Linear(chain_steps=250), **values)
    return recipe.but(**added(recipe, schedule=EDM))


@pytest.fixture
def comparing(open_window, hand, find, settle):
    """comparing(recipe): a window in the layout Compare, its rivals in front."""

    def make(recipe=None, **values):
        window = open_window(with_rivals(**values) if recipe is None else recipe, size=(1600, 1000))
        hand.key(find(window, "timeSlider"), Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
        window.rivals_dock.show()
        window.rivals_dock.raise_()
        settle(window)
        return window

    return make


def click_column(window, hand, find, place):
    table = find(window, "rivalTable")
    column = table.column(place)
    hand.press(table, QPointF(column.center().x(), 12))
    hand.release(table, QPointF(column.center().x(), 12))


def names(window):
    return [rival.name for rival in rivals_of(window.session.recipe)]


def test_a_rival_is_added_dragged_and_flipped_and_the_picture_follows_at_once(open_window, hand, find, settle):
    window = open_window()
    session, slider = window.session, find(window, "timeSlider")
    before = session.recipe
    hand.key(slider, Qt.Key.Key_A, Qt.KeyboardModifier.ShiftModifier)
    assert names(window) == ["A", "B"] and session.recipe.course == before.course
    plot = find(window, "scheduleEditor")
    at = plot.to_pixel(*layer(plot, Handles).points[2])
    hand.drag(plot, at, at + QPointF(0, -20), at + QPointF(0, -40))
    settle(window)
    assert isinstance(session.recipe.course.schedule, Custom), "what is dragged is the rival in force"
    assert rivals_of(session.recipe)[0].course.schedule == before.course.schedule
    session.look(playhead=0.5, follow=False)
    dragged = session.frame()
    hand.key(slider, Qt.Key.Key_X)
    assert session.recipe.course == before.course and session.recipe.rivals.called == "A"
    assert session.frame().s == float(before.course.schedule.noise_level(0.5)) != dragged.s, "FORWARD has followed"
    hand.key(slider, Qt.Key.Key_X)
    assert isinstance(session.recipe.course.schedule, Custom)
    for _ in range(4):
        session.undo()
    assert session.recipe == before, "flips, drag and rival are undone one by one"


def test_flipping_back_shows_the_finished_run_without_computing_it_again(comparing, hand, find, settle):
    window = comparing()
    slider, first = find(window, "timeSlider"), window.live.run
    hand.key(slider, Qt.Key.Key_X)
    settle(window)
    assert window.live.run is not first and window.live.run.plan.recipe.course.schedule == Linear(chain_steps=250)
    hand.key(slider, Qt.Key.Key_X)
    assert window.live.run is first and window.live.shown is first


def test_a_click_on_a_column_flips_and_the_table_says_what_is_known(comparing, hand, find, wait):
    window = comparing()
    table = find(window, "rivalTable")
    wait(lambda: "schedule" in table.texts())
    texts = table.texts()
    assert texts["schedule"] == ("Linear chain_steps 250", "EDM sigma_max 400.0")
    assert texts["lint"][0].endswith("to see") and texts["written for T"] == ("250", "1000")
    alpha_bar = float(Linear(chain_steps=250).alpha_bar(1.0))
    assert texts["SNR at T"][0] == f"{10 * np.log10(alpha_bar / (1 - alpha_bar)):.1f} dB".replace("-", "−")
    decades = [row for label, row in texts.items() if label in ("0.01–0.1", "0.1–1", "1–10", "10–100")]
    assert len(decades) == 4 and texts["1–10"][0].endswith("%")
    assert sum(label.endswith("km") and "–" in label for label in texts) == 5, "64 pixels have five octaves"
    assert "depends on the resolution" in table.tip_at(QPointF(10, 26 + 18 * (list(texts).index("SNR at T") + 1) + 4))
    assert "Written for chains of different length" in find(window, "rivalNotes").text()
    click_column(window, hand, find, 0)
    assert window.session.recipe.rivals.called == "A" and window.session.recipe.course.schedule.key == "linear"
    window.session.undo()
    assert window.session.recipe.rivals.called == "B"


def test_the_other_rival_is_drawn_dotted_on_the_axis_of_the_one_in_force(comparing, find):
    from diffview.gui.show.schedule_curves import references
    from diffview.gui.show.timescale import TimeScale

    window = comparing()
    session = window.session
    (name, x, y), = references(session.recipe.course.schedule, "alpha_bar", TimeScale.of(session),
                               session.recipe.rivals.others)  # fmt: skip
    assert name == "A" and np.allclose(y, Linear(chain_steps=250).alpha_bar(np.maximum(x, 1e-3)))


def levels_marked(window, find, quantity):
    """The bars that are drawn on the dotted curve of the other rival, in pixels across."""
    find(window, "quantityControl").button(quantity).click()
    scale, session = TimeScale.of(window.session), window.session
    other = session.recipe.rivals.others[0]
    plan = resolve(alone(session.recipe, other), session.facts)
    (marks,) = levels_along([(other, plan.levels)], quantity, scale)
    return other, plan.levels[:-1], marks


def test_the_levels_of_the_other_rival_stand_on_its_dotted_curve(comparing, hand, find, settle):
    window = comparing(origin="field", level=2.0)
    plot, session = find(window, "scheduleEditor"), window.session
    other, levels, (x, y) = levels_marked(window, find, "alpha_bar")
    schedule = other.course.schedule
    assert levels[0] == pytest.approx(2.0) and np.allclose(schedule.noise_level(x), levels), (
        "they are those that its run visits"
    )
    assert np.allclose(y, schedule.alpha_bar(np.maximum(x, 1e-3)), rtol=1e-3)
    assert all(np.array_equal(a, b) for a, b in zip(plot.marks[0], (x, y), strict=True))
    session.edit(level=1.0)
    assert plot.marks[0][0].max() < x.max(), "they follow what all rivals share"
    hand.click(find(window, "axisControl").button("ln_s"))
    assert plot.marks == [], "over ln s that curve is the same for all"
    other, levels, (x, _) = levels_marked(window, find, "beta")
    assert np.allclose(np.exp(x), levels) and np.array_equal(plot.marks[0][0], x)
    hand.key(find(window, "timeSlider"), Qt.Key.Key_X)
    assert not np.array_equal(plot.marks[0][0], x), "flipped, they are those of the other one"
    settle(window)


def test_runs_side_by_side_are_those_of_the_core_and_are_scrubbed_together(comparing, hand, find, settle):
    window = comparing(sampler="ddpm")
    session = window.session
    hand.click(find(window, "compareButton"))
    settle(window)
    sides = window.compared.sides
    for side, rival in zip(sides, rivals_of(session.recipe), strict=True):
        *_, last = run(resolve(alone(session.recipe, rival), session.facts))
        assert side.trajectory.last.y.tobytes() == last.y.tobytes(), "the same run, with the same noise, to the bit"
    pictures = find(window, "rivalPictures")
    session.look(playhead=1.0, follow=False)
    assert [one.words.split(" ·")[0] for one in pictures.pictures] == ["step 0/18", "step 0/18"]
    start = [one.image.copy() for one in pictures.pictures]
    session.look(playhead=0.0, follow=False)
    assert [one.words.split(" ·")[0] for one in pictures.pictures] == ["step 18/18", "step 18/18"]
    assert all(one.image != old for one, old in zip(pictures.pictures, start, strict=True))
    hand.click(next(b for b in find(window, "rivalPicture").findChildren(type(find(window, "followButton")))
                    if b.text() == "difference"))  # fmt: skip
    apart = sides[0].trajectory.last.y[0, 0] - sides[1].trajectory.last.y[0, 0]
    rms = float(np.sqrt(np.mean(apart**2)))
    assert pictures.pictures[0].words == f"rms {rms:.2f} std" and pictures.pictures[1].image is None
    assert find(window, "rivalTable").texts()["calls"] == ("18", "18")
    assert [one.token for one in pictures.pictures] == list(TOKENS[:2])


def test_from_the_field_the_error_stands_beside_that_of_a_perfect_sampler(comparing, hand, find, settle):
    window = comparing(origin="field", level=2.0, sampler="ddpm")
    hand.click(find(window, "compareButton"))
    settle(window)
    lines = find(window, "rivalErrorPlot").lines
    assert [(line.name, line.ideal) for line in lines] == [("A", False), ("A", True), ("B", False), ("B", True)]
    one = window.session.plan.made_in.std
    for side, line, ideal in zip(window.compared.sides, lines[::2], lines[1::2], strict=True):
        assert line.y.tolist() == pytest.approx([one * error for error in side.rmse])
        assert ideal.y.tolist() == pytest.approx((one * side.expected).tolist()) and ideal.y[-1] > ideal.y[0]
    said = find(window, "rivalErrorSays").text()
    assert "rises" in said and "√2" in said and "Dashed beside A, B: a perfect sampler of the posterior" in said


def test_which_is_better_is_one_button_and_the_same_as_on_the_command_line(
    comparing, hand, find, settle, tmp_path, capsys
):
    window = comparing(sampler="heun")
    recipe = window.session.recipe
    hand.click(find(window, "scoreRivalsButton"))
    settle(window)
    said = find(window, "rivalVerdict").text()
    order = window.rival_scores.found.ranking
    assert order.names == ("B", "A") and order.fields == 32
    assert said.startswith(f"B has {order.scores[0]:.2f} dB of log-spectral distance") and "A starts at s = " in said
    path = tmp_path / "recipe.json"
    path.write_text(window.session.plan.settled.but(rivals=recipe.rivals).to_json())
    assert main(["compare", str(path), "--json"]) == 0
    told = capsys.readouterr()
    rows = json.loads(told.out)
    assert [row["name"] for row in rows] == list(order.names)
    assert [row["spectrum (dB)"] for row in rows] == pytest.approx(list(order.scores), abs=1e-9)
    assert said in told.err, "the same sentence"
    window.session.edit(steps=9)
    assert find(window, "rivalVerdict").text() == "", "it was about other rivals"


def test_flipping_keeps_runs_and_scores(comparing, hand, find, settle):
    window = comparing(sampler="heun")
    for name in ("compareButton", "scoreRivalsButton"):
        hand.click(find(window, name))
        settle(window)
    found, sides = window.rival_scores.found, window.compared.sides
    hand.key(find(window, "timeSlider"), Qt.Key.Key_X)
    settle(window)
    assert window.rival_scores.found is found and window.compared.sides == sides
    assert find(window, "rivalVerdict").text() == found.sentence


def test_rivals_are_saved_with_the_recipe_and_named_and_dropped(comparing, hand, find, settle, monkeypatch):
    window = comparing()
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("best so far", True))
    hand.click(find(window, "renameRivalButton"))
    assert names(window) == ["A", "best so far"]
    again = Recipe.from_json(window.session.recipe.to_json())
    assert again == window.session.recipe and rivals_of(again)[1].name == "best so far"
    monkeypatch.setattr(QInputDialog, "getText", lambda *a, **k: ("A", True))
    hand.click(find(window, "renameRivalButton"))
    assert names(window) == ["A", "best so far"] and "cannot be called" in window.heard[-1].sentence
    hand.click(find(window, "dropRivalButton"))
    assert names(window) == ["A"] and window.session.recipe.course.schedule == Linear(chain_steps=250)
    drop, flip = find(window, "dropRivalButton"), find(window, "flipRivalAction")
    assert not drop.isEnabled() and not flip.isEnabled() and "no other rival yet" in flip.toolTip()
    for _ in range(3):
        hand.click(find(window, "addRivalButton"))
    assert names(window) == ["A", "B", "C", "D"] and not find(window, "addRivalButton").isEnabled()


def test_a_search_of_levels_offers_its_result_as_a_rival(window, hand, find, settle):
    before = window.session.recipe
    window.session.edit(steps=6, sampler="heun")
    settle(window)
    window.search.start()
    settle(window)
    window.search.offer_rival()
    recipe = window.session.recipe
    assert recipe.course.grid == "custom" and recipe.rivals.called == "B"
    assert rivals_of(recipe)[0].course.grid == before.course.grid, "the levels in force are kept"
    button = find(window, "rivalLevelsButton")
    assert button.text() == "As a rival"


def test_a_training_follows_the_schedule_of_a_rival(comparing, hand, find, settle):
    window = comparing()
    hand.key(find(window, "timeSlider"), Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    hand.click(find(window, "trainMoreButton"))
    box, form = find(window, "trainDensityCombo"), window.train_dock.widget().form
    assert box.findData("rival A") >= 0 and box.findData("rival B") < 0, "the one in force is `schedule`"
    hand.choose(box, "rival A")
    order = form.order("mine", again=False)
    assert order.density == "schedule" and order.schedule == Linear(chain_steps=250)
    hand.choose(box, "schedule")
    assert form.order("mine", again=False).schedule == EDM
    hand.choose(box, "rival A")
    hand.key(find(window, "timeSlider"), Qt.Key.Key_X)
    assert box.findData("rival B") >= 0 and box.currentData() in ("broad", "rival A")


@pytest.mark.timeout(300)
def test_a_training_under_a_rival_finishes_and_its_card_says_under_what(
    comparing, hand, find, settle, wait, tmp_path, monkeypatch
):
    monkeypatch.setattr(cards, "user_folder", lambda kind: tmp_path / kind)
    window = comparing()
    hand.key(find(window, "timeSlider"), Qt.Key.Key_X)  # A in force; B, EDM to 400, is what is trained under
    settle(window)
    hand.key(find(window, "timeSlider"), Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    settle(window)
    hand.click(find(window, "trainMoreButton"))
    hand.choose(find(window, "trainDensityCombo"), "rival B")
    width, name = find(window, "trainWidthCombo"), find(window, "trainNameEdit")
    width.setCurrentIndex(width.findData(8))
    hand.type_number(find(window, "trainBatchSpin"), "4")
    hand.type_number(find(window, "trainMinutesSpin"), "0.05")
    name.selectAll()
    name.insert("under-b")
    name.textEdited.emit("under-b")
    hand.click(find(window, "trainStartButton"))
    wait(lambda: window.trainer.training is not None and not window.trainer.active)
    assert window.trainer.training.state == "finished"
    training = json.loads((tmp_path / "data" / "models" / "under-b" / "model.json").read_text())["training"]
    assert training["density"] == "schedule" and training["schedule"]["key"] == "edm"
    limits = float(EDM.t_of(training["lowest"])), min(float(EDM.t_of(training["highest"])), 1.0)
    levels = np.geomspace(0.05, 60, 40)
    t, middle = np.asarray(EDM.t_of(levels)), np.sqrt(levels[1:] * levels[:-1])
    share = np.diff(t) / (limits[1] - limits[0]) / np.diff(np.log(levels))
    drawn = np.interp(np.log(middle), np.log(FINE[1:] * FINE[:-1]) / 2, training_density(training, np.log(FINE)))
    np.testing.assert_allclose(drawn, share, rtol=0.01)
    window.heard[-1].action[1]()
    settle(window)
    wait(lambda: window.live.run.state == "finished")
    assert window.session.recipe.denoiser.model == "under-b", "and A is run with it"


def test_what_cannot_be_scored_says_why(comparing, find, wait):
    recipe = with_rivals()
    window = comparing(recipe.but(model="power_law"))
    button = find(window, "scoreRivalsButton")
    wait(lambda: not button.isEnabled())
    assert "different models" in button.toolTip()
    assert find(window, "compareButton").isEnabled(), "they can be run side by side"
