"""What panels say, made without Qt: trainings, scoreboards, fields, pixels, schedules, the picture in REVERSE."""

import subprocess
import sys
from dataclasses import dataclass, replace
from types import SimpleNamespace

import numpy as np
import pytest
from moments import in_force

from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.forward.schedules import Cosine, Linear, VarianceExploding
from diffview.gui.show import board_words, field_words, schedule_curves, training_words
from diffview.gui.show.departures import why_apart
from diffview.gui.show.model_words import MODELS, model_rows
from diffview.gui.show.moment import Moment
from diffview.gui.show.pixel_words import Pixel, pixel_text
from diffview.gui.show.region_words import resized
from diffview.gui.show.reverse_picture import ReversePicture, Words
from diffview.gui.show.timescale import TimeScale
from diffview.learning.watched import PAUSED, UNSAVED
from diffview.models.cards import read_cards
from diffview.models.choice import Given, mismatch
from diffview.reverse.samplers import Step
from diffview.runs.recipe import Fork, Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.view import View
from diffview.scores.scoreboard import ANOTHER, BoardRow

NOTHING_TRAINS = "Nothing trains now."


def test_nothing_of_it_loads_qt():
    code = (
        "import sys, pkgutil, importlib, diffview.gui.show as show\n"
        "names = ('moment', 'history', 'looks', 'reverse_picture', 'pixel_words', 'board_words', 'race_words')\n"
        "for name in names: importlib.import_module(f'diffview.gui.show.{name}')\n"
        "print('PySide6' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# -- trainings


def training(state="running", pausing=False, stopping=False):
    return SimpleNamespace(state=state, pausing=pausing, stopping=stopping)


@pytest.mark.parametrize(
    ("now", "nothing", "busy", "why"),
    [
        (None, "", "", {"Start": "", "Pause": NOTHING_TRAINS, "Stop": NOTHING_TRAINS}),
        (None, "Too small.", "", {"Start": "Too small.", "Resume": "Too small."}),
        (None, "", "A race runs.", {"Start": "A race runs."}),
        (training(), "", "It trains.", {"Start": "It trains.", "Pause": "", "Resume": "It is not paused.", "Stop": ""}),
        (training(PAUSED, pausing=True), "", "", {"Pause": "It is paused.", "Resume": "", "Stop": ""}),
        (training(UNSAVED), "", "", {"Pause": "It waits until the model can be written.", "Resume": ""}),
        (
            training(stopping=True), "", "",
            dict.fromkeys(("Pause", "Resume", "Stop"), "It is stopping, and writes the model."),
        ),
    ],
)  # fmt: skip
def test_buttons_of_a_training_say_why_they_cannot_be_pressed(now, nothing, busy, why):
    said = training_words.why_not(now, "no such model", nothing, busy)
    assert {key: said[key] for key in why} == why
    assert set(said) == {"Start", "Pause", "Resume", "Stop"}


def test_a_training_that_is_not_kept_cannot_be_resumed():
    said = training_words.why_not(None, "no such model", "", "")["Resume"]
    assert said == "No training called no such model is kept: there is nothing to go on with."


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(8, "8 s"), (99.4, "99 s"), (180, "3 min"), (5999, "1 h 40 min"), (6060, "1 h 41 min"), (float("inf"), "—")],
)
def test_times_left(seconds, text):
    assert training_words.clock(seconds) == text


def test_copies_are_those_nearer_than_half_of_the_unseen():
    pictures = SimpleNamespace(distance=np.array([0.2, 0.6]), unseen=1.0, step=30)
    words, text = training_words.distances(pictures)
    assert words == [("0.20", "warn"), ("0.60", "dim")]
    assert text.startswith("At step 30.") and text.endswith("held-out fields lie 1.00 away. 1 of 2 are copies.")
    pictures.unseen = float("nan")
    assert training_words.distances(pictures)[1].endswith("no field is held out to compare them with.")
    pictures.unseen = 0.1
    assert training_words.distances(pictures)[1].endswith("None is a copy.")


# -- the scoreboard


ROWS = (
    BoardRow(ANOTHER, spectrum=0.5),
    BoardRow("run", "linear", "uniform", "ddim", 9, 9, spectrum=2.0, q99=-0.3, seconds=1.0),
    BoardRow("run", "linear", "uniform", "heun", 9, 17, spectrum=1.0, q99=0.2, seconds=2.0),
)


def test_a_board_shows_what_differs_and_says_what_is_shared():
    assert board_words.differing(ROWS) == ("sampler",)
    assert board_words.differing(ROWS[:2]) == board_words.WAY, "a single run is named in full"
    assert board_words.common(ROWS) == "All runs: linear, uniform, 9 steps"
    headings, lines = board_words.table(ROWS, "K")
    texts = [heading.split("\n")[0] for heading, _ in headings]
    assert texts == ["run", "spectrum", "calls", "q 0.99", "median", "q 0.999", "q 0.9", "time"]
    assert [(line[0].text, is_other) for line, is_other in lines] == [(ANOTHER, True), ("ddim", False), ("heun", False)]
    assert [line[3].rank for line, _ in lines] == [None, 0.3, 0.2], "differences are sorted by their size"
    assert lines[1][0][0].tip.startswith("linear, uniform, ddim, 9 steps\nspectrum: 2.00 dB\ncalls: 9")


# -- fields and pixels


@pytest.mark.parametrize(
    ("km", "text"),
    [(None, "of unknown size"), ((2.0, 2.01), "2.00 km"), ((27.8, 13.9), "27.80 × 13.90 km")],
)
def test_sizes_of_pixels(km, text):
    assert field_words.pixel_size(km) == text


def test_resolutions():
    texts = [field_words.resolution_text(k, how) for k, how in field_words.RESOLUTIONS]
    assert texts[:3] == ["as stored", "mean of 2 × 2", "mean of 4 × 4"]
    assert texts[5:7] == ["every 2nd pixel", "every 4th pixel"] and texts[-2:] == ["each for 8 × 8", "each for 16 × 16"]
    assert field_words.resolution_key(Recipe.of(refine=8)) == "8 refine"
    assert field_words.resolution_key(Recipe.of(coarsen=4, coarsen_by="stride")) == "4 stride"
    assert field_words.resolution_key(Recipe.of(coarsen=1, coarsen_by="stride")) == "1 mean"


@pytest.mark.parametrize(("down", "across", "axes"), [(0, 2, (0, 2)), (2, 2, (2, 1)), (1, 1, (2, 1))])
def test_axes_swap_where_both_would_be_one(down, across, axes):
    assert field_words.turned((1, 2), down, across) == axes


def test_fitted_numbers():
    assert field_words.numbers_text(Transform("standardise", 1.0, 2.0)) == "mean 1.00 · std 2.00"
    assert field_words.all_numbers(Transform("standardise", 1.0, 2.0), "K") == ""


def test_a_pixel_in_words():
    session = in_force(View(playhead=0.5))
    text = pixel_text(Pixel(3, 4, 0.0, 1.0, where="1 N, 2 E"), session, None)
    mean = session.plan.transform.inverse(0.0)
    assert text.startswith(f"1 N, 2 E  (row 3, column 4)   x₀ {mean:.1f}")
    assert "xₜ" in text and "reverse" not in text
    assert pixel_text(Pixel(0, 0, None), session, None) == "row 0, column 0   no data"
    noise = pixel_text(Pixel(0, 0, 0.0, reverse=0.5, origin="told"), session, None).split("   ")
    assert noise[1] == "reverse 0.50 (noise) (told)", "the end is cut first"


# -- schedules


def test_ranges_of_quantities_follow_the_schedule():
    far = VarianceExploding()
    assert schedule_curves.limits(Linear(), "alpha_bar") == (None, None)
    assert schedule_curves.limits(Linear(), "sigma") == (None, None)
    assert schedule_curves.limits(far, "sigma") == (0.0, far.s_max)
    low, high = schedule_curves.limits(far, "log_snr")
    assert high == 12.0 and low == pytest.approx(min(-12.0, -2 * np.log(far.s_max)))


def test_reference_curves_are_the_other_schedules():
    scale = TimeScale.of(in_force())
    assert [name for name, _, _ in schedule_curves.references(Linear(), "beta", scale)] == ["cosine"]
    assert [name for name, _, _ in schedule_curves.references(Cosine(), "beta", scale)] == ["linear"]
    over_noise = TimeScale.of(in_force(View(axis="ln_s")))
    assert schedule_curves.references(Linear(), "beta", over_noise) == []


def test_a_fork_is_named_by_what_it_leaves():
    course = Recipe.of(seed=3).course
    assert schedule_curves.caption(course, "alpha_bar", "t").endswith(f"· {schedule_curves.HAND}")
    forked = Recipe.of(fork=Fork(4, course, 2)).course
    assert schedule_curves.caption(forked, "beta", "t") == "fork at step 4 of DDIM, seed 3 · noise 2"


def test_the_caption_says_what_the_hand_can_do():
    course = Recipe().course
    assert schedule_curves.caption(course, "beta", "t").endswith(f"· {schedule_curves.HAND}")
    assert schedule_curves.caption(course, "beta", "ln_s").endswith(f"· {schedule_curves.HAND}")
    assert schedule_curves.caption(course, "sigma", "ln_s").endswith(f"· {schedule_curves.ALONG}")


def test_densities_say_why_there_is_none_of_the_training():
    assert schedule_curves.density_words(None, "gaussian", False)[1] == "no training: a formula"
    assert schedule_curves.density_words(None, "mine", False)[1] == "training: not known"


# -- the picture in REVERSE


@dataclass
class OnScreen:
    """A live run and a judge as far as a picture reads them."""

    step: Step | None = None
    shown: object = None
    shot: object = None
    gap: object = None
    kriged: object = None
    run: object = None
    fault: str = ""
    sentence: str = ""

    def times(self, run):
        return [1.0, 0.5, 0.0]


def picture(session, **on_screen):
    screen = OnScreen(**on_screen)
    return ReversePicture(session, screen, screen)


def test_without_a_run_there_is_no_picture_and_a_reason():
    empty = picture(in_force())
    assert empty.values() is None and empty.numbers() is None and empty.filled() is None
    assert empty.words() == Words()
    assert empty.why_empty() == "Nothing sampled yet\nPress Run (R) to go from noise to a field"
    shot = picture(in_force(View(reverse="shot_x0")))
    assert shot.why_empty() == "Nothing to denoise\nMove the playhead above t = 0."
    assert picture(in_force(View(reverse="beside_mean"))).why_empty() == "Kriging is computed…"
    assert picture(in_force(View(reverse="beside_mean")), fault="Too many.").why_empty() == "No kriging\nToo many."


@pytest.mark.parametrize(
    ("s", "members", "member", "caption", "badge"),
    [
        (20.0, 1, None, "t 500 · s 20.00 · step 1/2 · 5 evaluations", "noise"),
        (0.5, 1, None, "t 500 · s 0.50 · step 1/2 · 5 evaluations", "step 1 of 2"),
        (0.5, 3, None, "t 500 · s 0.50 · step 1/2 · 3 members, click one · 5 evaluations", "step 1 of 2"),
        (0.5, 3, 7, "t 500 · s 0.50 · step 1/2 · member 3 of 3 · 5 evaluations", "step 1 of 2"),
    ],
)
def test_a_step_in_words(s, members, member, caption, badge):
    session = in_force(View(member=member), steps=2)
    step = Step(1, s, np.zeros((members, 1, 64, 64), np.float32), evaluations=5)
    run = SimpleNamespace(recorded_by="", plan=session.plan, counted=None)
    made = picture(session, step=step, shown=run)
    assert made.words() == Words(caption, badge, "reverse")
    assert made.aligned is (members == 1 or member is not None)
    assert not made.is_of_the_field


def test_a_run_of_another_region_says_so():
    session, other = in_force(steps=2), in_force(steps=2, origin="field").plan
    moved = SimpleNamespace(recorded_by="", plan=in_force(steps=2).plan, counted=None)
    session.now = Moment.of(session.recipe.but(region=Region(30, 120, 64, 64)), session.facts, session.view)
    step = Step(1, 0.5, np.zeros((1, 1, 64, 64), np.float32))
    assert picture(session, step=step, shown=moved).words().badge == "earlier run, another region"
    here = in_force(steps=2)
    assert (
        picture(here, step=step, shown=SimpleNamespace(recorded_by="", plan=other, counted=None)).words().badge
        == "from the field"
    )


def test_only_the_last_step_is_made_by_the_model():
    session = in_force(steps=2)
    step, run = (
        Step(2, 0.0, np.zeros((1, 1, 64, 64), np.float32)),
        SimpleNamespace(recorded_by="", plan=session.plan, counted=None),
    )
    made = picture(session, step=step, shown=run)
    assert made.words().badge == "made by the model" and made.departed == ""


@pytest.mark.parametrize(
    ("edit", "other"),
    [({"model": "power_law"}, "another model"), ({"transform": "identity"}, "another transform"), ({"seed": 5}, "")],
)
def test_what_was_made_otherwise_says_so_and_shares_no_axes(edit, other):
    session = in_force(steps=2)
    made, step = (
        SimpleNamespace(recorded_by="", plan=session.plan, counted=None),
        Step(2, 0.0, np.zeros((1, 1, 64, 64), np.float32)),
    )
    session.now = Moment.of(session.recipe.but(**edit), session.facts, session.view)
    shown = picture(session, step=step, shown=made)
    assert shown.departed == other
    assert shown.words().badge == (f"earlier run, {other}" if other else "made by the model")
    apart = why_apart(made.plan, session.plan, session.facts.field)
    assert apart == (f"The run on screen is of {other}." if other else "")


def test_what_is_of_another_quantity_shares_no_axes_with_the_field():
    session, cards = in_force(steps=2), read_cards()
    rain, tb = (
        SimpleNamespace(recorded_by="", plan=replace(session.plan, card=cards[name]), counted=None)
        for name in ("rain64", "bt64")
    )
    field = session.facts.field
    assert why_apart(rain.plan, session.plan, field) == mismatch(cards["rain64"], field) != ""
    assert why_apart(tb.plan, session.plan, field) == ""


def test_noise_has_no_physical_numbers():
    session = in_force(View(reverse="eps_hat"), steps=2)
    eps = np.full((1, 1, 64, 64), 0.5, np.float32)
    step = Step(1, 0.5, eps, x0_hat=eps, eps_hat=eps)
    made = picture(session, step=step, shown=SimpleNamespace(recorded_by="", plan=session.plan, counted=None))
    assert (made.numbers() == 0.5).all() and made.scale().units == "std"
    state = picture(
        in_force(View(reverse="x0_hat"), steps=2),
        step=step,
        shown=SimpleNamespace(recorded_by="", plan=session.plan, counted=None),
    )
    np.testing.assert_allclose(state.numbers(), session.plan.made_in.inverse(eps[0, 0]))


# -- the list of models


def test_models_are_grouped_by_what_they_are_for():
    facts, cards = in_force().facts, read_cards()
    foreign = replace(cards["rain64"], name="theirs", network={"diffusers": "UNet2DModel"}, data={"source": "a folder"})
    facts = facts.learn(cards={**cards, "theirs": foreign}, given={"mine": Given(lambda y, s: y)})
    groups, rows = {}, model_rows(facts)
    for row in rows:
        groups.setdefault(row.title, []) if row.key is None else groups[next(reversed(groups))].append(row)
    keys = {heading: [row.key for row in own] for heading, own in groups.items()}
    assert keys["Formulas for this field"] == list(MODELS) and keys["From your program"] == ["mine"]
    assert keys["Networks for this field"] == [key for key in cards if key.startswith("bt")]
    assert keys["Networks without units"] == ["theirs"]
    assert keys["Networks for other fields"] == [key for key in cards if not key.startswith("bt")]
    grey = {row.key: row.why for row in rows if row.why}
    assert set(grey) == set(keys["Networks for other fields"])
    assert grey["rain64"] == "rain64 makes precipitation_rate in mm/h; the open field is in K."


# -- the region


def test_a_region_that_changes_its_size_unasked_says_why():
    facts, whole = in_force().facts, default_recipe().but(region=None)
    noise, field = resolve(whole, facts), resolve(whole.but(origin="field"), facts)
    said, why = resized(noise, field)
    assert said == "The region is now 80 × 80 pixels; it was 128 × 128."
    assert why == "A run from the field fits `local` to crops that share no pixel with it, and needs enough of them."
    assert resized(field, noise) == (
        "The region is now 128 × 128 pixels; it was 80 × 80.", "It has its full size again.",
    )  # fmt: skip
    network = resolve(whole.but(model="bt64"), facts.learn(cards=read_cards(), torch="2"))
    assert resized(noise, network)[1] == "bt64 works on fields of that size."
    assert resized(noise, noise) is None
    assert resized(noise, resolve(whole.but(region=Region(0, 100, 64, 64)), facts)) is None, "it was asked for"
