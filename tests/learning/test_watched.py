"""A training that is watched: paused and stopped between two steps, its pictures, and what cannot be written yet."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from diffview.errors import NotWrittenError
from diffview.fields.field import Field
from diffview.forward.schedules import make_schedule
from diffview.learning import painter, training
from diffview.learning.orders import Order
from diffview.learning.painter import PICTURES, Painter
from diffview.learning.trainer import Trainer
from diffview.learning.watched import PAUSED, UNSAVED, Snapshot, Training
from diffview.models.cards import Card
from diffview.models.data import nearest
from diffview.runs.job import FAILED, FINISHED, STOPPED

PATIENCE = 240.0


def order(folder: Path, **more: object) -> Order:
    values = np.random.default_rng(0).normal(size=(40, 80)).astype(np.float32)
    asked = {"size": 32, "batch": 2, "width": 8, "minutes": 600.0, **more}
    return Order(Field(values, "noise"), "identity", make_schedule("linear", {}), folder, **asked)


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def running(tmp_path: Path):
    """A training in a thread of its own."""
    begun: list[tuple[Training, threading.Thread]] = []

    def begin(**more: object) -> Training:
        made = Training(order(tmp_path / "m", **more))
        thread = threading.Thread(target=made.run, daemon=True)
        thread.start()
        begun.append((made, thread))
        return made

    yield begin
    for made, thread in begun:
        made.ask(stop=True, leave=True)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_it_is_watched_stopped_and_kept(running, tmp_path: Path) -> None:
    made = running()
    assert made.active
    until(lambda: made.newest.step >= 3)
    seen = made.newest
    assert seen.fields > 0 and seen.held_out >= 0 and 0 < seen.share < 1 and seen.speed > 0
    steps, losses = seen.curve
    assert len(steps) == len(losses) > 0 and np.isfinite(losses).all()
    assert seen.levels[0].shape == seen.levels[1].shape
    made.ask(stop=True)
    assert made.rest() == STOPPED and not made.active and made.error is None
    assert Card.read(tmp_path / "m").training["steps"] >= seen.step
    assert made.newest.finding.startswith("Nothing is learnt yet: after")


def test_a_pause_is_between_two_steps_and_writes_the_model(running, tmp_path: Path) -> None:
    made = running()
    until(lambda: made.newest.step >= 2)
    made.ask(pause=True)
    assert made.pausing
    until(lambda: made.state == PAUSED)
    held = made.newest.step
    assert (tmp_path / "m" / "model.json").is_file()
    time.sleep(0.1)
    assert made.newest.step == held and made.mark == (PAUSED, True, False)
    made.ask(pause=False)
    until(lambda: made.newest.step > held)
    made.ask(pause=True)
    until(lambda: made.state == PAUSED)
    made.ask(stop=True)
    assert made.rest() == STOPPED, "a paused training can be stopped"


def test_one_that_has_its_minutes_ends_by_itself(running) -> None:
    made = running(minutes=0.01)
    assert made.rest() == FINISHED and made.newest.share == 1


def test_what_is_wrong_with_the_fields_ends_it_with_their_sentence(running) -> None:
    made = running(size=128)
    assert made.rest() == FAILED and "fields to train on" in str(made.error)


def test_what_cannot_be_written_waits_for_room(running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = [True]
    write = training.save

    def save(trainer: Trainer, folder: Path) -> None:
        if full[0]:
            raise NotWrittenError(f"{folder} cannot be written: no space left.", "Make room.")
        write(trainer, folder)

    monkeypatch.setattr(training, "save", save)
    made = running()
    until(lambda: made.newest.step >= 2)
    made.ask(stop=True)
    assert made.rest() == UNSAVED and made.active
    ((text, kind),) = [said for said in made.remarks() if said[1] == "error"]
    assert "no space left. m is still in memory: make room, then press Stop" in text and kind == "error"
    made.ask(stop=True)
    until(lambda: any(kind == "error" for _, kind in made.remarks()))
    full[0] = False
    until(lambda: made.state == UNSAVED)
    made.ask(stop=True)
    until(lambda: not made.active)
    assert made.state == STOPPED and (tmp_path / "m" / "model.json").is_file() and made.remarks() == []


def test_a_window_that_closes_gives_up_what_cannot_be_written(running, tmp_path: Path, monkeypatch) -> None:
    def save(trainer: Trainer, folder: Path) -> None:
        raise NotWrittenError("It cannot be written.", "Make room.")

    monkeypatch.setattr(training, "save", save)
    made = running()
    until(lambda: made.newest.step >= 2)
    made.ask(stop=True, leave=True)
    until(lambda: not made.active)
    assert made.state == FAILED and isinstance(made.error, NotWrittenError)
    assert not (tmp_path / "m" / "model.json").exists()


def test_remarks_are_taken_once_and_values_replaced_whole(tmp_path: Path) -> None:
    made = Training(order(tmp_path))
    first = made.newest
    made.put(step=3, speed=2.0)
    assert (
        (made.newest.step, made.newest.speed, first.step) == (3, 2.0, 0) and first == Snapshot()
    ) or first is not made.newest
    made.remark("a")
    made.remark("b", "warning")
    assert made.remarks() == [("a", "info"), ("b", "warning")] and made.remarks() == []


# -- pictures


def trainer_of(tmp_path: Path, **more: object) -> Trainer:
    asked = order(tmp_path / "p", **more)
    return asked.trainer(asked.data(), "cpu")


def test_pictures_are_of_the_same_noise_beside_the_nearest_training_fields(tmp_path: Path) -> None:
    trainer = trainer_of(tmp_path)
    one, two = (Painter(trainer).pictures(lambda: False) for _ in range(2))
    assert one is not None and two is not None and one.made.shape == (PICTURES, 32, 32)
    assert one.made.tobytes() == two.made.tobytes() and one.step == trainer.step == 0
    index, distance = nearest(one.made, trainer.data.fields)
    assert (one.nearest == trainer.data.fields[index]).all() and (one.distance == distance).all()
    by_hand = np.sqrt(((one.made[0] - trainer.data.fields) ** 2).mean(axis=(1, 2))).min()
    assert one.distance[0] == pytest.approx(by_hand, rel=1e-4)


def test_pictures_come_when_they_are_due_and_not_once_it_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(painter.time, "perf_counter", lambda: clock[0])
    artist = Painter(trainer_of(tmp_path))
    assert artist.due()
    assert artist.pictures(lambda: True) is None and artist.due()
    assert artist.pictures(lambda: False) is not None and not artist.due()
    clock[0] = painter.PICTURES_S
    assert artist.due()
    asked: list[int] = []
    assert artist.pictures(lambda: len(asked) > 2 or bool(asked.append(1))) is None, "it stops between two steps"


def test_pictures_that_memory_does_not_suffice_for_are_tried_once(running, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def none(self: Painter, stopped: object) -> None:
        calls.append(1)
        raise MemoryError

    monkeypatch.setattr(Painter, "pictures", none)
    monkeypatch.setattr(Painter, "due", lambda self: not calls)
    made = running()
    until(lambda: len(calls) == 1 and made.newest.step > 5)
    assert ("The device has no memory left for the pictures; the training goes on.", "warning") in made.remarks()
    assert made.newest.pictures is None and made.active


def test_without_held_out_fields_nothing_is_known_of_copies(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(40, 60)).astype(np.float32)
    asked = Order(
        Field(values, "x"), "identity", make_schedule("linear", {}), tmp_path / "q", size=32, batch=2, width=8
    )
    data = asked.data()
    assert not len(data.held_out), "the picture has no two parts as wide as a crop"
    pictures = Painter(asked.trainer(data, "cpu")).pictures(lambda: False)
    assert pictures is not None and np.isnan(pictures.unseen)


def test_it_says_that_it_goes_on(running, tmp_path: Path) -> None:
    first = running()
    until(lambda: first.newest.step >= 2)
    first.ask(stop=True)
    assert first.rest() == STOPPED
    again = running(again=True)
    until(lambda: again.newest.step > first.newest.step)
    assert any(text.startswith("Going on with m at step ") for text, _ in again.remarks())
