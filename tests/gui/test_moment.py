"""Changes: what was touched, who is told, and what of a moment stays when something else in it changes."""

import itertools
from dataclasses import fields, replace

import numpy as np
import pytest

from diffview.fields.field import Field, Region
from diffview.forward.schedules import Cosine, Linear
from diffview.gui.session import Session
from diffview.gui.show.history import UNDO_DEPTH, UNDO_FIELDS, Edited, History
from diffview.gui.show.moment import Change, Moment
from diffview.readers.packaged import packaged_field
from diffview.runs.facts import Facts
from diffview.runs.recipe import GROUP_OF, Recipe, default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.view import View

QUICK = default_recipe().but(model="gaussian", region=Region(40, 120, 64, 64))
NAMES = (
    *(f"{group}.{value}" for value, group in GROUP_OF.items()),
    "plan.region", "plan.transform", "plan.x0", "plan.levels", "plan.params", "plan.model", "plan.card", "plan.notes",
    "plan.refusal", "plan.filled", "plan.capabilities", "facts.field", "facts.cards", "facts.torch", "forward",
    *(f"view.{field.name}" for field in fields(View)),
)  # fmt: skip


@pytest.fixture
def session():
    return Session(QUICK, Facts(packaged_field()))


@pytest.fixture
def heard(session):
    changes = []
    session.changed.connect(changes.append)
    return changes


def touched(change):
    return {name for name in NAMES if change.touched(name)}


@pytest.mark.parametrize(
    ("edit", "names"),
    [
        ({"seed": 1}, {"course.seed", "forward"}),
        ({"path_mode": "chain"}, {"start.path_mode", "forward"}),
        ({"chain_length": 10}, {"start.chain_length"}),
        ({"steps": 9}, {"course.steps", "plan.levels"}),
        ({"grid": "karras"}, {"course.grid", "plan.levels"}),
        ({"members": 3}, {"ensemble.members"}),
        ({"schedule": Cosine()}, {"course.schedule", "plan.levels", "forward"}),
        ({"sampler": "heun"}, {"course.sampler", "plan.params"}),
        ({"sampler_params": (("eta", 0.5),)}, {"course.sampler_params", "plan.params"}),
        (
            {"region": Region(30, 120, 64, 64)},
            {"source.region", "plan.region", "plan.x0", "plan.model", "forward"},
        ),
        ({"model": "data"}, {"denoiser.model", "plan.model"}),
    ],
)
def test_an_edit_touches_its_value_and_what_follows_from_it(session, heard, edit, names):
    assert session.edit(**edit)
    assert touched(heard[0]) == names


@pytest.mark.parametrize("look", [{"playhead": 0.5}, {"colormap": "vik"}, {"coast": False}, {"member": 2}])
def test_a_look_touches_the_view_alone(session, heard, look):
    session.look(**look)
    assert touched(heard[0]) == {f"view.{name}" for name in look}
    assert heard[0].touched("view") and not heard[0].touched("recipe", "facts", "plan", "forward")


def test_a_group_is_touched_with_any_of_its_values(session, heard):
    session.edit(seed=3)
    assert [heard[0].touched(name) for name in ("course", "recipe", "start", "source")] == [True, True, False, False]
    assert heard[0].touched("start.origin", "course.seed")


def test_what_is_learned_touches_the_facts(session, heard):
    session.learn(torch="2.9", cards={})
    assert touched(heard[0]) == {"facts.torch"}


def test_after_a_refusal_everything_counts_as_touched(session, heard):
    assert not session.edit(steps=0)
    assert touched(heard[0]) == set(NAMES)


def test_arrays_are_told_apart_by_what_they_are(session):
    now = session.now
    assert not Change(now, Moment(*now)).touched(*NAMES)
    copied = Moment(now.recipe, now.facts, replace(now.plan, x0=now.plan.x0.copy()), now.forward, now.view)
    assert touched(Change(now, copied)) == {"plan.x0"}


def test_who_shows_a_thing_is_called_at_once_and_when_it_is_touched(session):
    calls = []
    session.shows(lambda: calls.append("seed"), "course.seed")
    session.shows(lambda: calls.append("look"), "view.playhead", "course.steps", at_once=False)
    assert calls == ["seed"]
    session.edit(seed=1)
    session.edit(steps=3)
    session.look(playhead=0.5)
    session.look(coast=False)
    assert calls == ["seed", "seed", "look", "look"]
    session.edit(seed=2, steps=4)
    assert calls[4:] == ["seed", "look"]
    session.edit(steps=-1)
    assert calls[6:] == ["seed", "look"], "a refused edit is shown again"


@pytest.mark.parametrize("name", ["course.sed", "seed", "plan.place", "nothing"])
def test_a_misspelt_name_is_a_fault_of_the_program(session, name):
    with pytest.raises(AttributeError):
        session.shows(lambda: None, name)


def test_another_seed_keeps_the_plan_that_resolving_anew_would_give(session):
    session.edit(sampler="ddpm", hidden=(Region(50, 130, 8, 8),), observe="known")
    session.edit(seed=7)
    plan, anew = session.plan, resolve(session.recipe, session.facts)
    for part in fields(plan):
        kept, made = getattr(plan, part.name), getattr(anew, part.name)
        same = np.array_equal(kept, made, equal_nan=True) if isinstance(kept, np.ndarray) else kept == made
        assert same or str(kept) == str(made), part.name
    assert plan.model is anew.model


def test_the_forward_state_stays_while_nothing_of_it_changes(session):
    forward, frame = session.forward, session.frame()
    session.edit(steps=5, members=2, chain_length=50)
    assert session.forward is forward
    assert session.frame() is frame
    session.edit(schedule=Cosine())
    assert session.forward is not forward
    assert session.forward.schedule == Cosine()


def field(number):
    return Facts(Field(np.full((20, 20), number, np.float32), f"field {number}"))


def test_the_history_gives_back_what_was_and_merges():
    history, facts = History(), field(0)
    states = [Edited(Recipe.of(seed=i), facts) for i in range(4)]
    history.remember(states[0], states[1], None)
    history.remember(states[1], states[2], "drag")
    history.remember(states[2], states[3], "drag")
    back = history.undo(states[3])
    assert back is not None and back.recipe == states[1].recipe
    assert history.undo(states[1]).recipe == states[0].recipe
    assert history.undo(states[0]) is None
    assert history.redo(states[0]).recipe == states[1].recipe
    assert history.redo(states[1]).recipe == states[3].recipe
    assert history.redo(states[3]) is None


def test_what_is_known_of_the_machine_is_not_undone():
    history, facts = History(), field(0)
    history.remember(Edited(Recipe(), facts), Edited(Recipe.of(seed=1), facts), None)
    back = history.undo(Edited(Recipe.of(seed=1), facts.learn(torch="2.9")))
    assert back.facts.torch == "2.9"


def test_the_history_keeps_so_many_edits_and_so_many_fields():
    history = History()
    states = [Edited(Recipe.of(seed=i), field(i)) for i in range(UNDO_FIELDS + 5)]
    for old, new in itertools.pairwise(states):
        history.remember(old, new, None)
    assert [kept.recipe.course.seed for kept in history.undoable] == [4 + i for i in range(UNDO_FIELDS)]
    facts = field(0)
    for i in range(UNDO_DEPTH + 5):
        history.remember(Edited(Recipe.of(seed=i), facts), Edited(Recipe.of(seed=i + 1), facts), None)
    assert len(history.undoable) == UNDO_DEPTH
    assert {kept.recipe.course.schedule for kept in history.undoable} == {Linear()}
