"""A chapter: what it leaves on the stage beat by beat, the same after it was written and read, and what is refused."""

import json

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.forward.edits import drawn, points_of
from diffview.forward.schedules import Cosine, Linear
from diffview.runs.recipe import Recipe
from diffview.story.beats import BEATS, AnimateTime, ChangeStage, MoveHandle, PlayRun, Scene, StartWork, WaitBeat
from diffview.story.chapter import Chapter, chapter_of
from diffview.story.parts import Stage

PLAIN = {
    "title": "A chapter",
    "sentence": "Noise is added until nothing is left.",
    "equation": "closed_form",
    "stage": {"pictures": ["field", "forward"], "plot": "schedule"},
    "recipe": {
        "course": {"schedule": {"key": "cosine"}, "noise": 2},
        "denoiser": {"fit_rule": 2},
        "view": {"playhead": 0.0, "quantity": "beta"},
    },
    "beats": [
        {"do": "animate", "t": 0.5, "seconds": 2, "say": "Look at the left."},
        {"do": "wait", "seconds": 1},
        {"do": "move", "point": 1, "to": [0.4, 0.9]},
        {"do": "set", "values": {"seed": 3, "schedule": {"key": "linear"}}},
        {"do": "highlight", "part": "forward"},
        {"do": "run", "seconds": 4},
        {"do": "reveal", "part": "equation"},
        {"do": "tell", "sentence": "That is all."},
        {"do": "stage", "pictures": ["crops"], "plot": "cloud"},
        {"do": "start", "part": "cloud", "seconds": 9},
    ],
}


def test_a_chapter_says_how_the_stage_stands_after_each_beat():
    chapter = chapter_of(PLAIN, "a.json")
    scenes = chapter.scenes
    assert len(scenes) == 11
    assert scenes[0].recipe.course.schedule == Cosine() and scenes[0].hidden == {"equation"}
    assert [scene.t for scene in scenes] == [0.0, *[0.5] * 5, *[0.0] * 5]
    assert [scene.ran for scene in scenes] == [False] * 6 + [True] * 5
    assert [scene.lit for scene in scenes] == [""] * 5 + ["forward"] * 4 + [""] * 2, "what has gone is not pointed at"
    assert [len(scene.hidden) for scene in scenes] == [1] * 7 + [0] * 4
    t, alpha_bar = points_of(scenes[3].recipe.course.schedule, "alpha_bar")
    assert (t[1], alpha_bar[1]) == pytest.approx((0.4, 0.9))
    assert scenes[4].recipe.course.seed == 3 and scenes[4].recipe.course.schedule == Linear()
    assert [scene.sentence for scene in scenes[-4:-2]] == [PLAIN["sentence"], "That is all."]
    assert chapter.seconds == 2 + 1 + 3 + 4 + 9
    assert {scene.stage for scene in scenes[:9]} == {Stage(("field", "forward"), "schedule")}
    assert {scene.stage for scene in scenes[9:]} == {Stage(("crops",), "cloud")}
    assert [scene.begun for scene in scenes] == [""] * 10 + ["cloud"]


def test_work_that_was_begun_ends_with_its_plot_and_goes_on_without():
    begun = StartWork(part="race").after(Scene(Recipe(), stage=Stage((), "race")))
    assert ChangeStage(plot="race", pictures=("field",)).after(begun).begun == "race"
    assert ChangeStage(plot="cloud").after(begun).begun == ""


def test_what_is_written_is_read_again_as_the_same_chapter():
    chapter = chapter_of(PLAIN, "a.json")
    text = chapter.to_json()
    assert chapter_of(json.loads(text), "b.json") == chapter
    assert "spread" not in text and '"seed": 3' in text, "only what differs from the usual is written"
    usual = Chapter("A", "B.")
    assert chapter_of({"title": "A", "sentence": "B."}, "c.json") == usual
    assert usual.plain["recipe"] == {"course": {"noise": 2}, "denoiser": {"fit_rule": 2}}, "no later default changes it"


def test_a_gesture_goes_straight_from_where_the_point_is_to_where_it_is_pulled():
    scene, pull = Scene(Recipe()), MoveHandle(point=2, to=(0.3, 0.8))
    before = np.array(points_of(drawn(Linear(), "alpha_bar"), "alpha_bar"))[:, 2]
    half = np.array(points_of(pull.during(scene, 0.5).recipe.course.schedule, "alpha_bar"))[:, 2]
    assert half == pytest.approx((before + np.array([0.3, 0.8])) / 2)
    assert pull.during(scene, 1.0) == pull.after(scene)


def test_the_playhead_goes_evenly_from_where_it_is_or_from_where_it_begins():
    scene = Scene(Recipe.of(playhead=0.2))
    assert [AnimateTime(t=1.0).during(scene, share).t for share in (0, 0.5, 1)] == pytest.approx([0.2, 0.6, 1.0])
    assert AnimateTime(t=0.0, start=1.0).during(scene, 0.25).t == 0.75


def test_only_a_wait_goes_on_by_itself_and_every_kind_has_its_key():
    assert [key for key, kind in BEATS.items() if kind.by_itself] == ["wait"]
    assert all(kind().key == key for key, kind in BEATS.items())
    assert WaitBeat().after(Scene(Recipe())) == Scene(Recipe()) and PlayRun().after(Scene(Recipe())).t == 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"beats": [{"do": "dance"}]}, "Beat 1: 'dance' is no beat."),
        ({"beats": [{"do": "wait"}, {"do": "set", "values": {"sedd": 1}}]}, "Beat 2: A recipe has no value 'sedd'."),
        ({"beats": [{"do": "set", "values": {"steps": 0}}]}, "Beat 1: The recipe: steps = 0 is outside 1 to"),
        ({"beats": [{"do": "move", "point": 40}]}, "Beat 1: The schedule has 5 points, and none of number 40."),
        ({"beats": [{"do": "move", "to": [1]}]}, "Beat 1: Move: to cannot be (1.0,)."),
        ({"beats": [{"do": "animate", "t": 3}]}, "Beat 1: Animate: t = 3 is outside 0 to 1."),
        ({"beats": [{"do": "animate", "speed": 3}]}, "Beat 1: Animate has an unknown key, 'speed'."),
        ({"beats": [{"do": "reveal", "part": "reverse"}]}, "Beat 1: reverse is not on the stage."),
        ({"beats": [{"do": "highlight", "part": "cloud"}]}, "Beat 1: cloud is not on the stage."),
        ({"beats": [{"do": "stage"}, {"do": "highlight", "part": "field"}]}, "Beat 2: field is not on the stage."),
        ({"beats": [{"do": "start", "part": "race"}]}, "Beat 1: race is not on the stage."),
        ({"beats": [{"do": "start", "part": "field"}]}, "Beat 1: Start: part cannot be 'field'."),
        ({"beats": [{"do": "stage", "pictures": ["x"]}]}, "Beat 1: Stage: pictures cannot be"),
        ({"beats": [3]}, "Beat 1: 3 is no beat."),
        ({"beats": 3}, "The beats are no list."),
        ({"stage": {"pictures": ["field", "forward", "reverse"]}}, "The stage: pictures cannot be"),
        ({"stage": {"plot": "pie"}}, "The stage: plot cannot be 'pie'."),
        ({"sentence": "No end"}, "The chapter: sentence cannot be 'No end'."),
        ({"sentence": "So long" + "." * 120}, "The chapter: sentence cannot be"),
        ({"sentence": 3}, "It has no sentence."),
        ({"recipe": {"course": {"steps": "many"}}}, "The recipe: steps cannot be 'many'."),
        ({"recipe": {"colour": {}}}, "The recipe has an unknown group, 'colour'."),
        ({"recipe": [1]}, "a value is of the wrong kind"),
        ({"slides": 1}, "The chapter has an unknown key, 'slides'."),
        ({"diffview_chapter": 9}, "It is of version 9; this diffview reads version 1."),
        ({"diffview_chapter": "x"}, "It is not a chapter."),
    ],
)
def test_what_cannot_be_played_is_refused_by_a_sentence_that_names_file_chapter_and_beat(change, said):
    with pytest.raises(UserError) as refused:
        chapter_of({**PLAIN, **change}, "talk/7-sets.json")
    assert refused.value.sentence.startswith(f"talk/7-sets.json, chapter 'A chapter': {said}")
    assert refused.value.sentence.endswith(".") and refused.value.hint.endswith((".", "}"))


@pytest.mark.parametrize("plain", [None, 3, "x", [], {}, {"title": "A"}, {"title": 3, "sentence": "B."}])
def test_what_is_no_chapter_is_refused(plain):
    with pytest.raises(UserError, match=r"^a\.json"):
        chapter_of(plain, "a.json")
