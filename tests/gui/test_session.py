"""The session: edits, undo, looks, facts, and what is announced when."""

from dataclasses import replace

import numpy as np
import pytest

from diffview.errors import UserError
from diffview.fields.field import Field, Region
from diffview.forward.schedules import Cosine, Linear
from diffview.gui.session import Session
from diffview.gui.show.history import UNDO_DEPTH
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import Recipe, default_recipe

QUICK = default_recipe().but(model="gaussian", region=Region(40, 120, 64, 64))


class Heard(list):
    """What a session said, in order: ("changed", old, new) of two moments or ("told", message)."""

    def __init__(self, session):
        session.changed.connect(lambda change: self.append(("changed", change.old, change.new)))
        session.told.connect(lambda message: self.append(("told", message)))

    @property
    def kinds(self):
        return [what[0] for what in self]


@pytest.fixture
def session():
    return Session(QUICK, Facts(packaged_field()))


@pytest.fixture
def heard(session):
    return Heard(session)


def test_an_edit_changes_the_recipe_and_says_so_once(session, heard):
    before = session.now
    assert session.edit(steps=7)
    assert session.recipe == QUICK.but(steps=7)
    assert heard == [("changed", before, session.now)]
    assert session.plan.steps == 7


def test_whoever_hears_of_a_change_sees_all_of_it(session):
    seen = []
    session.changed.connect(
        lambda change: seen.append(
            (
                session.now is change.new,
                session.plan.recipe is session.recipe,
                session.forward.schedule == session.recipe.course.schedule,
                change.old.recipe,
            )
        )
    )
    session.edit(schedule=Cosine(), steps=3)
    session.undo()
    assert [s[:3] for s in seen] == [(True, True, True)] * 2
    assert seen[0][3] is QUICK


def test_undo_and_redo_walk_the_edits(session):
    session.edit(steps=7)
    session.edit(schedule=Cosine())
    session.undo()
    assert (session.recipe.course.steps, session.recipe.course.schedule) == (7, Linear())
    session.undo()
    assert session.recipe == QUICK
    assert not session.can_undo()
    session.undo()
    assert session.recipe == QUICK
    session.redo()
    session.redo()
    assert session.recipe == QUICK.but(steps=7, schedule=Cosine())
    assert not session.can_redo()
    session.undo()
    session.edit(seed=5)
    assert not session.can_redo(), "a new edit ends what could be made again"


def test_edits_that_merge_are_one_undo(session):
    for steps in (5, 6, 7):
        session.edit(merge="steps", steps=steps)
    session.edit(merge="seed", seed=3)
    session.undo()
    assert (session.recipe.course.steps, session.recipe.course.seed) == (7, 0)
    session.undo()
    assert session.recipe == QUICK
    assert not session.can_undo()


def test_a_finished_merge_starts_no_new_one(session):
    session.edit(merge="steps", steps=5)
    session.end_merge()
    session.edit(merge="steps", steps=6)
    session.undo()
    assert session.recipe.course.steps == 5
    session.edit(merge="steps", steps=8)  # after an undo nothing merges with what was before it
    session.undo()
    assert session.recipe.course.steps == 5


def test_the_same_again_is_no_edit(session, heard):
    assert session.edit(steps=QUICK.course.steps)
    assert heard == []
    assert not session.can_undo()


def test_undo_has_a_depth(session):
    for seed in range(1, UNDO_DEPTH + 20):
        session.edit(seed=seed)
    for _ in range(UNDO_DEPTH):
        session.undo()
    assert not session.can_undo()
    assert session.recipe.course.seed == 19


def test_looks_are_announced_and_not_undone(session, heard):
    old = session.now
    session.look(playhead=0.3, follow=False)
    assert heard == [("changed", old, session.now)]
    assert session.now[:-1] == old[:-1] and session.view == replace(old.view, playhead=0.3, follow=False)
    session.look(playhead=0.3)
    assert len(heard) == 1
    assert not session.can_undo()
    session.edit(steps=4)
    session.look(playhead=0.6)
    session.undo()
    assert session.view.playhead == 0.6


@pytest.mark.parametrize(
    "wishes", [{"steps": 0}, {"seed": -1}, {"model": "oracle"}, {"grid": "none"}, {"sampler_params": (("eta", 7.0),)}]
)
def test_a_refused_wish_leaves_everything_as_it_was(session, wishes):
    session.edit(steps=9)
    before = session.recipe, session.plan, session.forward, session.view, session.facts
    heard = Heard(session)
    assert not session.edit(**wishes)
    after = session.recipe, session.plan, session.forward, session.view, session.facts
    assert all(a is b for a, b in zip(after, before, strict=True))
    assert heard.kinds == ["changed", "told"], "the controls show again what is in force"
    assert heard[0][1] is heard[0][2] is session.now
    message = heard[1][1]
    assert message.kind == "error"
    assert message.sentence.endswith(".")
    assert message.hint
    session.undo()
    assert session.recipe == QUICK, "a refused wish is no undo"


def test_wishes_that_cannot_even_be_made_are_told(session, heard):
    def make():
        raise UserError("Not so.", "But so.")

    assert not session.edit_checked(make)
    assert session.edit_checked(lambda: {"steps": 4})
    assert heard.kinds == ["changed", "told", "changed"]
    assert heard[1][1][:3] == ("Not so.", "But so.", "error")


def test_notes_are_told_after_the_change_and_once(session):
    session.edit(model="local", region=Region(0, 100, 128, 128))
    heard = Heard(session)
    session.edit(origin="field", level=1.0)
    assert heard.kinds == ["changed", "told"]
    assert heard[1][1].kind == "warning"
    assert "128 x 128" in heard[1][1].hint
    session.edit(seed=4)
    assert heard.kinds == ["changed", "told", "changed"], "the same note is not told again"


def test_what_is_learned_is_no_edit_and_survives_undo(session, heard):
    session.edit(steps=4)
    through, before = session.facts.through(session.plan.transform), session.now
    heard.clear()
    session.learn(torch="2.9", devices=("cpu", "cuda"))
    assert heard == [("changed", before, session.now)]
    assert session.recipe is before.recipe
    assert session.facts.through(session.plan.transform) is through, "what was computed from the field stays"
    session.undo()
    assert session.recipe == QUICK
    assert (session.facts.torch, session.facts.devices) == ("2.9", ("cpu", "cuda"))
    session.edit(device="cuda")
    assert session.plan.device == "cuda"


def other_field():
    values = np.random.default_rng(0).normal(10, 3, (90, 70)).astype(np.float32)
    return Facts(Field(values, "rain", "mm"))


def test_opening_can_be_undone(session):
    field, plan = session.facts.field, session.plan
    assert session.open(Recipe.of(model="gaussian", path="rain.nc"), other_field())
    assert session.facts.field.name == "rain"
    assert session.plan.x0.shape == (70, 70)
    session.undo()
    assert session.facts.field is field
    assert session.recipe == QUICK
    np.testing.assert_array_equal(session.plan.x0, plan.x0)
    session.redo()
    assert (session.facts.field.name, session.recipe.source.path) == ("rain", "rain.nc")


def test_a_field_that_cannot_be_used_is_refused_and_the_old_one_stays(session, heard):
    before = session.facts, session.plan, session.recipe
    constant = Facts(Field(np.full((40, 40), 3, np.float32), "flat"))
    assert not session.open(Recipe(), constant)
    assert (session.facts, session.plan, session.recipe) == before
    assert heard.kinds == ["changed", "told"], "the controls show again what is in force"
    assert not session.can_undo()


def test_other_slices_are_fitted_to_once_they_are_known(session):
    session.open(Recipe.of(model="data"), other_field())
    stack = np.random.default_rng(1).normal(10, 3, (5, 90, 70)).astype(np.float32)
    session.learn(stack=stack)
    assert session.plan.model.source.shape == (5, 90, 70)
    assert session.plan.model.left_out


def test_one_shot_plans_as_if_it_started_from_the_field(session):
    session.edit(model="local", region=Region(0, 100, 128, 128))
    whole = session.plan
    heard = Heard(session)
    session.look(reverse="shot_x0")
    assert heard.kinds[0] == "changed"
    assert heard[0][1].plan is whole
    assert heard[0][2].view.reverse == "shot_x0"
    assert session.recipe.start.origin == "noise"
    assert not any(crop.overlaps(session.plan.region) for crop in session.plan.model.regions)
    session.look(reverse="x_t")
    assert session.plan.region == whole.region


def test_the_frame_is_computed_once_for_all_who_ask(session):
    session.look(playhead=0.5)
    frame = session.frame()
    assert session.frame() is frame
    session.look(playhead=0.6)
    assert session.frame() is not frame
    other = session.frame()
    session.edit(schedule=Cosine())
    assert session.frame() is not other
    assert session.frame().s == pytest.approx(float(Cosine().noise_level(0.6)))


def test_the_noise_stays_while_the_schedule_changes(session):
    path = session.forward.path
    session.edit(schedule=Cosine())
    assert session.forward.path is path
    session.edit(seed=1)
    assert session.forward.path is not path
