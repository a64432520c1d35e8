"""Models, losses, regions and the picture in REVERSE in words and numbers: what the panels read."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from moments import in_force

from diffview.fields.field import Region
from diffview.fields.transforms import Transform
from diffview.gui.show import loss_words
from diffview.gui.show.lint_case import case_of
from diffview.gui.show.loss_words import BOUND, about_found, bound_rows, lines_of_found
from diffview.gui.show.model_words import MODELS, ModelRow, model_rows, network_title, offered, power_law_text
from diffview.gui.show.region_words import resized
from diffview.gui.show.reverse_picture import ReversePicture, Words
from diffview.learning.loss_by_level import Bound
from diffview.models.cards import Card
from diffview.models.formulas import FORMULAS
from diffview.models.gaussian import fit_power_law
from diffview.reverse.samplers import Step
from diffview.runs.view import View
from diffview.scores.loss import HELD_OUT, REGION, Loss, Part

LEVELS = (10.0, 1.0, 0.1)


def card(name="twin", quantity="toa_brightness_temperature", units="K", **about):
    return Card(name, quantity, units, Transform("standardise", 280.0, 5.0), (1, 64, 64), (0.01, 80.0), **about)


# -- losses


def found(what=REGION, count=8, **changes):
    part = Part(what, np.zeros((count, 16, 24), np.float32), Transform("identity"))
    bound = Bound(LEVELS, 0.001, (0.5, 0.25), -1.5, 0.0123)
    known = {"levels": np.array(LEVELS), "error": np.array([1.0, 0.5, 0.005]), "bound": bound, "physical": 2.0}
    return Loss(part=part, **{**known, **changes})


def test_a_loss_lies_beside_that_of_a_field_of_its_prior_and_of_its_card():
    (own,) = lines_of_found(found(), {})
    assert (own.name, own.token) == (REGION, "reverse")
    np.testing.assert_allclose(own.y, [0.01, 0.5, 0.5])
    lines = lines_of_found(
        found(law=np.array([1.0, 2.0, 3.0])), {"loss_by_level": {"levels": [1.0, 2.0], "held_out": [0.5, None]}}
    )
    assert [line.name for line in lines[1:]] == ["a field of its prior", "held-out fields"]
    np.testing.assert_array_equal(lines[2].y, [0.5, np.nan])
    assert len(lines_of_found(found(), {"loss_by_level": {"levels": [1.0], "train": [0.5]}})) == 1


def test_the_bound_is_the_sum_of_its_terms():
    rows = bound_rows(found(), "kelvin")
    assert rows == [
        (BOUND, "≤ −0.75 ± 0.01"),
        ("left at s = 10", "0.00"),
        ("the steps", "0.75"),
        ("the last, s = 0.1", "−1.50"),
        ("as a density per K", "2.00"),
    ]


@pytest.mark.parametrize(
    ("changes", "row"),
    [
        ({"physical": float("nan")}, ("the last, s = 0.1", "−1.50")),
        ({"physical": 2.0}, ("as a density per 1", "2.00")),
        ({"law_bound": -0.5}, ("a field of its prior", "−0.50")),
        ({"law_bound": 1234.5}, ("a field of its prior", "1234")),
        ({"bound": Bound(LEVELS, 0.0, (0.5,), 0.0)}, ("as a density per 1", "2.00")),
    ],
)
def test_rows_without_a_number_are_left_out(changes, row):
    assert bound_rows(found(**changes), "")[-1] == row


def test_what_a_loss_was_measured_on():
    plan = in_force(steps=3).plan
    assert about_found(found(), plan) == (
        "16 × 24 pixels under 8 noises each of the run's 3 levels. "
        + loss_words.FITTED[plan.model.left_out].strip()
    )  # fmt: skip
    thinned = in_force(steps=9).plan
    assert "under 8 noises each of 3 of the run's 9 levels." in about_found(found(), thinned)
    assert about_found(found(HELD_OUT), plan) == (
        "8 held-out fields of 16 × 24 pixels, each under a noise of its own at the run's 3 levels."
    )
    assert loss_words.FITTED[True] != loss_words.FITTED[False]


# -- models


def test_every_formula_has_a_name_and_sentences():
    assert MODELS.keys() == FORMULAS.keys()
    for text in MODELS.values():
        assert text.sentence.endswith(".") and text.title.split()[0] in ("power", *FORMULAS)


@pytest.mark.parametrize(
    ("k0", "km", "text"),
    [
        (2.0, None, "bends at k₀ = 2.00 cycles per crop. "),
        (2.0, (1.0, 3.0), "bends at k₀ = 2.00 cycles per crop, 96.00 km. "),
        (0.25, (1.0, 3.0), "does not bend within a crop (k₀ = 0.25). "),
    ],
)
def test_a_power_law_in_three_numbers(k0, km, text):
    crops = np.random.default_rng(0).standard_normal((8, 64, 64)).astype(np.float32)
    denoiser = replace(fit_power_law(crops), amplitude=2.0, k0=k0, beta=2.5)
    model = in_force(model="power_law").plan.model
    crop = model.regions[0]
    assert (crop.ny, crop.nx) == (64, 64)
    said = power_law_text(denoiser, model, km)
    assert said == f"Its slope is β = 2.50, its amplitude A = 2.00 std²; it {text}"
    assert power_law_text(object(), model, km) == power_law_text(denoiser, None, km) == ""


def test_networks_are_listed_by_what_they_fit():
    other = card("rain", "precipitation_rate", "mm h-1")
    facts = in_force(known={"torch": "2.9", "cards": {"twin": card(), "rain": other}}).facts
    rows = model_rows(facts)
    headings = [row.title for row in rows if row.key is None]
    assert headings == ["Formulas for this field", "Networks for this field", "Networks for other fields"]
    assert [row.key for row in rows if row.key] == [*MODELS, "twin", "rain"]
    by_key = {row.key: row for row in rows}
    assert by_key["twin"].why == "" and by_key["rain"].why and by_key["rain"].tip == by_key["rain"].why
    assert by_key["data"] == ModelRow("data", MODELS["data"].title, MODELS["data"].sentence)
    assert network_title(other) == "rain · precipitation rate" and network_title(card("x", "")) == "x · network"


def test_a_network_is_offered_while_a_formula_is_in_force():
    cards = {"coarse": card("coarse", coarsen=8), "rain": card("rain", "rain", "mm h-1"), "twin": card()}
    key, found_card = offered(in_force(known={"torch": "2.9", "cards": cards}))
    assert key == "twin" and found_card is cards["twin"], "neither with a condition nor of another quantity"
    assert offered(in_force(known={"torch": None, "cards": cards})) is None
    assert offered(in_force(known={"torch": "2.9"})) is None
    assert offered(in_force(known={"torch": "2.9", "cards": cards}, model="twin", region=None)) is None


# -- the case of the lint


def test_the_lint_looks_at_the_region_and_the_run_in_force():
    session = in_force(steps=6)
    case = case_of(session)
    assert case.schedule is session.recipe.course.schedule and list(case.levels) == list(session.plan.levels)
    assert case.from_noise and case.noise_range is None and case.scored is None
    assert case.signal.units == "K" and case.signal.pixels == 64 * 64
    assert case.signal.unit == pytest.approx(session.plan.transform.std)
    assert case.signal.mean == pytest.approx(float(session.forward.x0.mean()), abs=1e-6)
    assert not case_of(in_force(origin="field")).from_noise


def test_a_region_with_much_missing_has_no_signal():
    assert case_of(in_force(region=Region(0, 0, 64, 64))).signal is None


# -- regions that change


def test_a_region_that_nobody_changed_is_told_with_its_reason():
    plan = in_force().plan
    small = replace(plan, region=Region(40, 120, 32, 32))
    assert resized(plan, plan) is None
    assert resized(small, plan) == ("The region is now 64 × 64 pixels; it was 32 × 32.", "It has its full size again.")
    said, why = resized(plan, small)
    assert said == "The region is now 32 × 32 pixels; it was 64 × 64." and why
    asked = in_force(region=Region(40, 120, 32, 32)).plan
    assert resized(plan, asked) is None, "it was asked for"


# -- the picture in REVERSE


def picture(session, **on_screen):
    known = {"step": None, "shown": None, "shot": None, "gap": None, "kriged": None, "run": None, "fault": "",
             "sentence": ""}  # fmt: skip
    screen = SimpleNamespace(**{**known, **on_screen}, times=lambda run: [1.0, 0.5, 0.0])
    return ReversePicture(session, screen, screen)


@pytest.mark.parametrize(
    ("shot", "words"),
    [
        (None, Words("Move the playhead above t = 0.")),
        (SimpleNamespace(loss=None, s=1.0), Words("")),
        (SimpleNamespace(loss=0.12345, s=2.0), Words("mean |ε − ε̂|² = 0.123 · s 2.00")),
    ],
)
def test_a_shot_in_words(shot, words):
    session = in_force(View(reverse="shot_eps"))
    if shot is not None:
        shot.plan = session.plan
    assert picture(session, shot=shot).words() == words


KRIGED = SimpleNamespace(
    law="Fitted to 12 crops.", exact=False, draws=[0] * 64, mean=np.zeros((64, 64)), std=np.ones((64, 64))
)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("beside_mean", Words("gap RMSE: 1 K · Fitted to 12 crops.", "outlined: made by kriging", "reverse")),
        ("beside_draw", Words("gap RMSE: 1 K · Fitted to 12 crops.", "outlined: one draw of kriging", "reverse")),
        ("beside_std", Words("standard deviation · of 64 draws", "std of kriging", "reverse")),
        (
            "beside_truth",
            Words("gap RMSE: 1 K · Fitted to 12 crops.", "the field, hidden pixels included", "forward"),
        ),
    ],
)
def test_kriging_in_words(key, words):
    assert picture(in_force(View(reverse=key)), kriged=KRIGED, sentence="gap RMSE: 1 K").words() == words
    assert picture(in_force(View(reverse=key))).words() == Words()


def test_the_deviation_of_kriging_has_the_unit_of_the_field():
    session = in_force(View(reverse="beside_std"))
    made = picture(session, kriged=replace_of(KRIGED, exact=True))
    std = session.plan.made_in.std
    np.testing.assert_allclose(made.numbers(), std)
    scale = made.scale()
    assert scale.limits == (0.0, 1.0) and scale.text(1.0) == f"{std:.2f} K" and scale.text(0.0) == "0.00 K"
    assert made.words().caption == "standard deviation · exact"
    assert made.origin(is_filled=False) == "" and made.origin(is_filled=True) == "filled by kriging"


def replace_of(namespace, **changes):
    return SimpleNamespace(**{**vars(namespace), **changes})


def gapped(view):
    return in_force(view, hidden=(Region(50, 130, 8, 8),), sampler="repaint", steps=2)


def test_filled_pixels_are_outlined_in_one_picture_and_in_all_tiles():
    session = gapped(View(reverse="x0_hat"))
    y = np.zeros((3, 1, 64, 64), np.float32)
    run, step = SimpleNamespace(recorded_by="", counted=None, plan=session.plan), Step(1, 0.5, y, x0_hat=y)
    tiles = picture(session, step=step, shown=run)
    assert tiles.filled().sum() == 3 * 64 and tiles.filled().shape == tiles.values().shape
    one = picture(gapped(View(reverse="x0_hat", member=1)), step=step, shown=run)
    np.testing.assert_array_equal(one.filled(), session.plan.filled)
    assert one.origin(is_filled=True) == "filled, generated" and one.origin(is_filled=False) == "told"
    steps = session.plan.steps
    assert one.words().badge == f"outlined: step 1 of {steps}" and not tiles.aligned and one.aligned
    last = Step(steps, 0.0, y, x0_hat=y)
    assert picture(session, step=last, shown=run).words().badge == "outlined: made by the model"


def test_a_field_that_is_filled_lies_on_earth_and_one_from_noise_does_not():
    y = np.zeros((1, 1, 64, 64), np.float32)
    step = Step(1, 0.5, y, x0_hat=y)
    for session, on_earth in ((gapped(View()), True), (in_force(steps=2), False), (in_force(origin="field"), True)):
        made = picture(session, step=step, shown=SimpleNamespace(recorded_by="", counted=None, plan=session.plan))
        assert made.is_of_the_field is on_earth
    session = in_force(View(reverse="shot_x0"))
    assert picture(session, shot=SimpleNamespace(x0_hat=y[0, 0], plan=session.plan)).is_of_the_field


def test_at_the_end_of_a_run_the_score_of_the_gap_comes_first():
    session = gapped(View())
    y = np.zeros((1, 1, 64, 64), np.float32)
    run = SimpleNamespace(recorded_by="", counted=None, plan=session.plan)
    done = picture(session, step=Step(2, 0.0, y, evaluations=4), shown=run, run=run, sentence="gap RMSE: model 1 K")
    assert done.words().caption == "gap RMSE: model 1 K · t 0 · s 0.00 · step 2/2"
    other = picture(session, step=Step(2, 0.0, y, evaluations=4), shown=run, sentence="gap RMSE: model 1 K")
    assert other.words().caption == "t 0 · s 0.00 · step 2/2 · 4 evaluations"
