"""What panels are made of, beside a session and without a window: bound controls, the status line, messages, keys."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import QUICK
from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from diffview.fields.field import Field
from diffview.fields.transforms import Transform
from diffview.gui.actions import ENTRIES, SCRUB, Actions
from diffview.gui.panels import base
from diffview.gui.panels.base import NetworkOffer, bind_combo, bind_look, bind_spin, strided
from diffview.gui.panels.pixel_series import PixelSeriesBox
from diffview.gui.panels.status import KEYS, StatusPanel
from diffview.gui.session import Message, Session
from diffview.gui.settings import MOST_RECENT, Settings
from diffview.gui.show.pixel_words import Pixel
from diffview.gui.widgets.forms.combo import Combo
from diffview.gui.widgets.forms.segmented import SegmentedControl
from diffview.gui.widgets.forms.spin import WholeSpin
from diffview.gui.window.messages import Messages
from diffview.models.cards import Card
from diffview.readers.labels import Labels
from diffview.readers.packaged import packaged_field
from diffview.reverse.samplers import Step
from diffview.runs.facts import Facts, Fits

SHOWN = (400, 100)

pytestmark = pytest.mark.qt_log_ignore("This plugin does not support")  # the offscreen one, of every window
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def session(qapp):
    made = Session(QUICK, Facts(packaged_field()))
    made.changes, made.heard = [], []
    made.changed.connect(made.changes.append)
    made.told.connect(made.heard.append)
    return made


# -- bound controls


def test_a_spin_edits_the_recipe_and_follows_it(session, shown):
    spin = shown(WholeSpin(1, 50))
    bind_spin(session, spin, "steps")
    assert spin.value() == session.recipe.course.steps
    spin.setFocus()
    for _ in range(3):
        QTest.keyClick(spin, Qt.Key.Key_Up)
    steps = session.recipe.course.steps
    assert spin.value() == steps == QUICK.course.steps + 3
    session.undo()
    assert session.recipe.course.steps == spin.value() == QUICK.course.steps, "one visit is one undo"
    session.edit(steps=900)
    assert spin.value() == 50 and session.recipe.course.steps == 900, "what is too large for the spin stays as it is"


def test_a_list_edits_a_value_and_what_goes_with_it(session, shown, hand):
    box = shown(Combo("box", "Sampler"))
    for key in ("ddim", "heun"):
        box.addItem(key, key)
    session.edit(sampler="ddim", sampler_params=(("eta", 0.5),))
    bind_combo(session, box, "sampler", sampler_params=())
    assert box.currentData() == "ddim"
    hand.choose(box, "heun")
    assert (session.recipe.course.sampler, session.recipe.course.sampler_params) == ("heun", ())
    session.undo()
    assert box.currentData() == "ddim" and session.recipe.course.sampler_params == (("eta", 0.5),)
    session.edit(sampler="euler", sampler_params=())
    assert box.currentIndex() == -1, "what it does not list is shown as nothing"


def test_buttons_and_segments_change_the_view(session, shown):
    button = shown(QPushButton("Coast"))
    button.setCheckable(True)
    bind_look(session, button, "coast")
    segments = shown(SegmentedControl([("t", "t", ""), ("ln_s", "ln s", "")]))
    bind_look(session, segments, "axis")
    assert button.isChecked() and segments.key() == "t"
    button.click()
    QTest.mouseClick(segments.button("ln_s"), LEFT)
    assert (session.view.coast, session.view.axis) == (False, "ln_s") and not session.can_undo()
    session.look(coast=True, axis="t")
    assert button.isChecked() and segments.key() == "t"


def test_a_large_slice_is_strided(monkeypatch):
    monkeypatch.setattr(base, "LARGEST_SHOWN", 8)
    values = np.arange(20 * 10, dtype=np.float32).reshape(20, 10)
    found = strided(Fits(Field(values, "v")), Transform("identity"))
    np.testing.assert_array_equal(found, values[::3, ::3])
    assert strided(Fits(Field(values[:8, :8], "v")), Transform("identity")).shape == (8, 8)


TWIN = Card("twin", "toa_brightness_temperature", "K", Transform("standardise", 280.0, 5.0), (1, 64, 64), (0.01, 80.0))


def test_a_network_of_the_open_quantity_is_offered(session, shown):
    live = SimpleNamespace(runs=[], start=lambda: live.runs.append(session.recipe.denoiser.model))
    host = shown(QWidget())
    column = QVBoxLayout(host)
    offer = NetworkOffer(session, live, "offer")
    column.addWidget(offer)
    assert not offer.isVisible()
    session.learn(torch="2.9", cards={"twin": TWIN})
    assert offer.isVisible() and offer.text() == "Draw with twin"
    assert offer.toolTip() == "A network for this quantity: toa brightness temperature in K, 64 × 64 pixels"
    QTest.mouseClick(offer, LEFT)
    assert session.recipe.denoiser.model == "twin" and live.runs == ["twin"] and not offer.isVisible()
    session.undo()
    assert offer.isVisible()
    session.learn(torch=None)
    assert not offer.isVisible(), "without torch no network can draw"


# -- the series of a pixel


@pytest.fixture
def series(session, shown):
    box = shown(PixelSeriesBox(session))
    box.told, box.ends = [], []
    box.sliceChosen.connect(lambda *what: box.told.append(what))
    box.closed.connect(lambda: box.ends.append(1))
    found = SimpleNamespace(values=np.array([280.0, 281.0, 282.0]), at=np.arange(3))
    labels = Labels(("Jan", "Feb", "Mar"), np.arange(3.0), "", True)
    box.show_series(SimpleNamespace(series=found, labels=labels, dim="time", index=1, row=3, column=4))
    return box


def test_a_series_says_whose_it_is_and_a_click_chooses_a_slice(series, hand):
    assert series.isVisible() and series.text.text() == "pixel at row 3, column 4 along time"
    assert series.plot.accessibleDescription() == "3 values from 280 to 282 K" and series.plot.text_at(2) == "Mar"
    hand.click(series.plot, series.plot.pixel_of(2))
    assert series.told == [("time", 2)]


def test_a_series_is_closed_with_its_variable_and_once(series, session):
    session.edit(seed=4)
    assert series.isVisible() and series.ends == []
    other = Field(np.array(packaged_field().values), "other", "K", provenance={"dataset": "other"})
    session.open(QUICK, Facts(other))
    assert not series.isVisible() and series.ends == [1]
    series.close_series()
    assert series.ends == [1]


# -- the status line


class FakeTorch(QObject):
    wanted, loaded = Signal(), Signal()
    active = False


class FakeLive(QObject):
    stepped, run_changed, came_on = Signal(), Signal(), Signal()

    def __init__(self):
        super().__init__()
        self.torch, self.run, self.step, self.shown = FakeTorch(self), None, None, None


@pytest.fixture
def status(session, shown):
    live = FakeLive()
    panel = shown(StatusPanel(session, live), 900, 30)
    panel.live = live
    return panel


def test_without_a_run_the_model_is_named(status, session):
    assert status.left.text() == session.plan.model.label and status.right.text() == KEYS
    status.live.torch.active = True
    status.live.torch.wanted.emit()
    assert status.left.text().endswith(" · loading torch…")


@pytest.mark.parametrize(
    ("state", "index", "begins"),
    [
        ("running", 2, "Running 2 of 5 steps · 3 evaluations · 12.50 steps/s · cpu · 1.50 MB recorded"),
        ("finished", 2, "Made 2 of 5 steps · 3 evaluations · "),
        ("stopped", 1, "Stopped after 2 of 5 steps · 3 evaluations · step 1 shown · "),
        ("failed", 2, "Failed after 2 of 5 steps"),
    ],
)
def test_a_run_says_how_far_it_is(status, state, index, begins):
    class Trajectory(list):
        last = Step(2, 0.5, None, evaluations=3)
        bytes = 1.5 * 2**20

    plan = SimpleNamespace(steps=5, device="cpu")
    run = SimpleNamespace(
        state=state, recorded_by="", plan=plan, trajectory=Trajectory([0, 1, 2]), steps_per_second=12.5, counted=None
    )
    status.live.run = status.live.shown = run
    status.live.step = Step(index, 0.5, None)
    status.live.stepped.emit()
    assert status.left.text().startswith(begins)


def test_what_is_read_or_written_comes_first(status, wait):
    status.show_writing("Writing out.nc, 40 %")
    assert status.left.text() == "Writing out.nc, 40 %"
    status.show_reading("big.nc")
    assert status.left.text() == "Reading big.nc… (Esc gives up)" and not status.give_up.isVisible()
    wait(status.give_up.isVisible)
    status.show_reading("big.nc", 0.42)
    assert status.left.text() == "Reading big.nc, 42 %… (Esc gives up)" and status.give_up.isVisible()
    status.show_reading("")
    assert status.left.text() == "Writing out.nc, 40 %" and not status.give_up.isVisible()


def test_a_short_read_shows_no_button(status, qtbot):
    status.show_reading("small.nc")
    status.show_reading("")
    qtbot.wait(300)
    assert not status.give_up.isVisible()


def test_the_pixel_under_the_pointer_replaces_the_keys(status):
    status.show_pixel(Pixel(3, 4, None))
    assert status.right.text() == "row 3, column 4   no data"
    status.show_keys()
    assert status.right.text() == KEYS


# -- messages


@pytest.fixture
def messages(session, shown):
    body = shown(QWidget(), 600, 400)
    images = QWidget(body)
    images.setGeometry(50, 20, 500, 300)
    return Messages(session, images, body)


def test_a_message_lies_at_the_foot_of_the_pictures(messages, session):
    assert messages.bar.isHidden()
    session.tell(Message("Saved.", "Look there."))
    bar = messages.bar.geometry()
    assert not messages.bar.isHidden() and messages.bar.text() == "Saved. Look there."
    assert (bar.left(), bar.bottom(), bar.width()) == (50, 319, 500)


def test_a_message_goes_with_the_next_edit_and_not_with_a_look(messages, session):
    session.tell(Message("Too few.", kind="error"))
    session.look(playhead=0.3)
    assert not messages.bar.isHidden()
    session.edit(seed=9)
    assert messages.bar.isHidden()


def test_a_refusal_stays_until_it_is_mended(messages, session):
    assert not session.edit(steps=0)
    assert not messages.bar.isHidden() and session.heard[-1].kind == "error"
    session.edit(seed=9)
    assert messages.bar.isHidden()


# -- keys and menus


@pytest.fixture
def actions(shown):
    window = shown(QWidget())
    return Actions(window)


def test_every_entry_is_an_action_with_its_keys_and_tip(actions):
    assert list(actions) == [entry.name for entry in ENTRIES] and len(actions) == len(ENTRIES)
    for entry in ENTRIES:
        action = actions[entry.name]
        assert action.objectName() == entry.name and action.text() == entry.text
        assert action.isCheckable() == entry.checkable and len(action.shortcuts()) == len(entry.keys)
    assert actions["runAction"].toolTip() == "Run the reverse process (R)"
    assert actions["aboutAction"].toolTip() == "About diffview"


def test_no_two_actions_share_a_key():
    keys = [key for entry in ENTRIES for key in entry.keys]
    assert len(keys) == len(set(keys))


def test_an_action_that_cannot_be_taken_says_why(actions):
    actions.show("undoAction", "There is nothing to undo.")
    assert not actions["undoAction"].isEnabled() and actions["undoAction"].toolTip() == "There is nothing to undo."
    actions.show("undoAction", "")
    assert actions["undoAction"].isEnabled() and actions["undoAction"].toolTip() == "Undo (Ctrl+Z)"


@pytest.mark.parametrize(
    ("key", "modifier", "name"),
    [(Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, "forwardStepAction"),
     (Qt.Key.Key_Space, Qt.KeyboardModifier.NoModifier, "playAction"),
     (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, None), (Qt.Key.Key_R, Qt.KeyboardModifier.NoModifier, None)],
)  # fmt: skip
def test_scrub_keys_are_those_that_no_widget_used(actions, key, modifier, name):
    told = []
    for entry in ENTRIES:
        if entry.menu == SCRUB:
            actions.connect(entry.name, lambda entry=entry: told.append(entry.name))
    used = actions.key_pressed(QKeyEvent(QEvent.Type.KeyPress, key, modifier))
    assert used is (name is not None) and told == ([name] if name else [])


# -- what is remembered


def test_the_latest_file_comes_first_and_each_stands_once(tmp_path):
    settings = Settings(tmp_path / "a.ini")
    assert settings.recent() == []
    for i in range(MOST_RECENT + 3):
        settings.add_recent(f"/data/{i}.nc")
    settings.add_recent("/data/5.nc")
    recent = Settings(tmp_path / "a.ini").recent()
    assert len(recent) == MOST_RECENT == len(set(recent)) and recent[:2] == [
        "/data/5.nc",
        f"/data/{MOST_RECENT + 2}.nc",
    ]


def test_texts_and_states_come_back(tmp_path):
    settings = Settings(tmp_path / "a.ini")
    assert settings.text("theme", "system") == "system" and settings.bytes("geometry") is None
    settings.set_text("theme", "dark")
    settings.set_bytes("geometry", QByteArray(b"\x00\x01state"))
    again = Settings(tmp_path / "a.ini")
    assert again.text("theme", "system") == "dark" and again.bytes("geometry") == QByteArray(b"\x00\x01state")
    settings.set_bytes("geometry", QByteArray())
    assert settings.bytes("geometry") is None
    settings.set_text("state", "a text where a state should be")
    assert settings.bytes("state") is None
