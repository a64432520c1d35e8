"""What is said of a training on its way: the warm-up, the loss of fields it never sees, the log, what is not learnt."""

import csv
import math
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from diffview.errors import UserError
from diffview.learning.network import config_for
from diffview.learning.objective import LOSSES
from diffview.learning.progress import BOARD, COLUMNS, WATCHED
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import LOG, TrainingSettings
from diffview.learning.trainer import Trainer
from diffview.learning.training import resumed, save, train, trainer_in

SIZES = {"width": 8, "multipliers": (1, 2), "attention": False}
QUICK = {"precision": "float32", "batch": 8}


def waves(n, seed):
    """Fields that a network soon knows: one wave each, [n, 8, 8]."""
    random = np.random.default_rng(seed)
    x = np.arange(8) / 8 * 2 * np.pi
    phase, size = random.uniform(0, 2 * np.pi, (n, 1)), random.uniform(0.5, 2, (n, 1))
    return np.repeat((size * np.sin(x + phase))[:, None], 8, axis=1).astype(np.float32)


def data_of(held_out=16, missing=False, **about):
    fields, held = waves(64, 0), waves(64, 1)[:held_out]
    if missing:
        fields[:, 0, 0] = held[:, 0, 0] = np.nan
    return TrainingSet.fit("standardise", fields, held, "wave", "m", **about)


def made(data=None, **settings):
    data = data_of() if data is None else data
    return Trainer(data, config_for(data, **SIZES), TrainingSettings(**{**QUICK, **settings}))


def rows_of(folder):
    with (folder / LOG).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("steps", [60, 112, 435, 1090, 5000])
def test_every_training_reaches_nearly_its_rate(steps):
    trainer = made(steps=steps)
    rates = []
    for trainer.step in range(steps):
        rates.append(trainer.rate() / trainer.settings.rate)
    assert max(rates) > 0.95 and rates[0] < 0.05 and rates[-1] < 0.01


def test_a_training_by_the_clock_has_risen_after_a_tenth_of_its_time():
    trainer = made(minutes=10.0)
    trainer.step, trainer.seconds = 3, 60.0
    assert trainer.rate() == pytest.approx(trainer.settings.rate * 0.5 * (1 + math.cos(0.1 * math.pi)))


@pytest.mark.parametrize("key", LOSSES)
@pytest.mark.parametrize(("missing", "coarsen"), [(False, 0), (True, 4)])
def test_the_held_out_loss_by_hand(key, missing, coarsen):
    """w(s) |eps - eps_hat|^2 of the held-out fields, at the middles of equal parts of the density."""
    trainer = made(data_of(missing=missing, coarsen=coarsen), loss=key)
    with torch.no_grad():
        trainer.ema.last.conv.weight.normal_(0, 0.1)
    fields, n = trainer.data.held_out, 16
    s = torch.from_numpy(np.exp(trainer.density.log_s((np.arange(n) + 0.5) / n))).float()
    eps = torch.randn((n, 1, 8, 8), generator=torch.Generator().manual_seed(2_000_003))
    known = torch.from_numpy(~np.isnan(fields))[:, None].float()
    x0, at = torch.from_numpy(np.nan_to_num(fields))[:, None], s[:, None, None, None]
    parts = [torch.from_numpy(np.nan_to_num(trainer.data.condition(fields)))] if coarsen else []
    beside = torch.cat([*parts, *([known] if missing else [])], dim=1) if coarsen or missing else None
    with torch.no_grad():
        x0_hat = trainer.ema((x0 + at * eps) * known, s, beside)[0]
    error = (((x0_hat - x0) / at) ** 2 * known).sum(dim=(1, 2, 3)) / known.sum(dim=(1, 2, 3))
    weight = {"edm": 1 + s * s, "plain": torch.ones_like(s), "v": 1 + s * s, "flow": (1 + s) ** 2}[key]
    assert trainer.report().held_out == pytest.approx(float((weight * error).mean()), rel=1e-5)


def test_looking_at_the_held_out_fields_leaves_the_training_as_it_is():
    seen, blind = made(steps=60), made(steps=60)
    for step in range(60):
        for trainer in (seen, blind):
            trainer.advance()
        if step % 10 == 9:
            seen.report()
    assert all(torch.equal(a, b) for a, b in zip(seen.net.parameters(), blind.net.parameters(), strict=True))
    assert [step for step, _ in seen.watched_curve] == [10, 60]  # not at every report: it takes time


def test_without_held_out_fields_there_is_no_such_loss(tmp_path):
    trainer = made(data_of(held_out=0), steps=4)
    assert [math.isnan(report.held_out) for report in train(trainer, tmp_path, every=2)] == [True, True]
    assert [row["held_out"] for row in rows_of(tmp_path)] == ["nan", "nan"] and not trainer.watched_curve


def test_many_held_out_fields_are_watched_in_part():
    trainer = made(data_of(held_out=40))
    few = made(replace(trainer.data, held_out=trainer.data.held_out[np.linspace(0, 39, WATCHED).astype(int)]))
    assert trainer.report().held_out == few.report().held_out


def test_nothing_is_learnt_yet_is_said_until_something_is(tmp_path):
    trainer = made(steps=600)
    assert trainer.finding().startswith("Nothing is learnt yet: after 0 steps the loss on held-out fields is ")
    for _ in range(600):
        trainer.advance()
    assert trainer.finding() == ""
    begin, end = made().report().held_out, trainer.report().held_out
    assert end < 0.5 * begin and begin == pytest.approx(1, abs=0.1)
    assert "on its fields" in made(data_of(held_out=0)).finding()


def test_the_log_is_the_reports(tmp_path):
    trainer = made(steps=12)
    reports = list(train(trainer, tmp_path, every=4))
    rows = rows_of(tmp_path)
    assert tuple(rows[0]) == COLUMNS and [int(row["step"]) for row in rows] == [4, 8, 12]
    for row, report in zip(rows, reports, strict=True):
        for name in COLUMNS:
            assert float(row[name]) == pytest.approx(getattr(report, name), rel=1e-5)


def test_a_training_that_is_stopped_between_two_reports_goes_on_with_the_same_curve_and_log(tmp_path):
    whole = made(steps=40)
    list(train(whole, tmp_path / "whole", every=10))
    part = made(steps=40)
    list(train(part, tmp_path / "part", every=10, stopped=lambda: part.step == 26))
    after = resumed(tmp_path / "part", part.data)
    list(train(after, tmp_path / "part", every=10))
    assert after.curve == whole.curve and after.watched_curve == whole.watched_curve
    kept = [[row[name] for name in COLUMNS if name != "seconds"] for row in rows_of(tmp_path / "part")]
    assert kept == [[row[name] for name in COLUMNS if name != "seconds"] for row in rows_of(tmp_path / "whole")]


def test_lines_of_steps_that_were_lost_leave_the_log(tmp_path):
    trainer = made(steps=20)
    list(train(trainer, tmp_path, every=5, stopped=lambda: trainer.step == 10))
    with (tmp_path / LOG).open("a", encoding="utf-8") as file:
        file.write("15,1,120,0.5,0.5,0.001\n20,1,1")  # a kill later on, in the middle of a line
    again = resumed(tmp_path, trainer.data)
    list(train(again, tmp_path, every=5))
    assert [row["step"] for row in rows_of(tmp_path)] == ["5", "10", "15", "20"]
    assert rows_of(tmp_path)[2]["loss"] != "0.5"


def test_a_log_that_cannot_be_written_does_not_end_the_training(tmp_path):
    (tmp_path / LOG).mkdir()
    trainer = made(steps=12)
    remarks = [report.remark for report in train(trainer, tmp_path, every=4)]
    assert remarks[0].endswith("The log ends here; the training goes on.") and remarks[1:] == ["", ""]
    assert resumed(tmp_path, trainer.data).step == 12


def test_tensorboard_reads_the_same_numbers(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    trainer = made(steps=12)
    reports = list(train(trainer, tmp_path, every=4, tensorboard=True))
    board = EventAccumulator(str(tmp_path / BOARD)).Reload()
    for name in ("loss", "held_out", "rate"):
        read = [(event.step, event.value) for event in board.Scalars(name)]
        assert read == [(r.step, pytest.approx(getattr(r, name), rel=1e-6, abs=1e-12)) for r in reports]


def test_a_disk_that_is_full_ends_what_is_written_for_tensorboard_and_not_the_training(tmp_path, monkeypatch):
    """Its thread meets the full disk, and the next number is answered with what the system said."""
    from torch.utils.tensorboard import SummaryWriter

    def full(*given):
        raise OSError(28, "No space left on device")

    trainer = made(steps=12)
    remarks = []
    for report in train(trainer, tmp_path, every=4, tensorboard=True):
        remarks.append(report.remark)
        monkeypatch.setattr(SummaryWriter, "add_scalar", full)
    assert remarks[0] == "" and remarks[2] == ""
    assert remarks[1] == (
        f"{tmp_path / BOARD} cannot be written: No space left on device. The log ends here; the training goes on."
    )
    assert resumed(tmp_path, trainer.data).step == 12
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="tensorboard cannot be made: "):
        next(train(made(steps=4), tmp_path / "file", tensorboard=True))


def test_without_tensorboard_it_is_refused_before_the_first_step(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    trainer = made(steps=4)
    with pytest.raises(UserError, match="TensorBoard is not installed"):
        next(train(trainer, tmp_path, tensorboard=True))
    assert trainer.step == 0 and not list(tmp_path.iterdir())


def test_the_same_command_goes_on(tmp_path):
    """With --resume sizes may be named as they were, and the model it began from; minutes are minutes more."""
    data, settings = data_of(), {**QUICK, "steps": 10**6, "minutes": 5.0}
    trainer = trainer_in(tmp_path / "a", data, settings, SIZES, "cpu")
    trainer.advance()
    trainer.seconds = 300.0
    save(trainer, tmp_path / "a")
    again = trainer_in(tmp_path / "a", data, settings, SIZES, "cpu", resume=True)
    assert again.settings.minutes == pytest.approx(10) and again.done() == pytest.approx(0.5) and again.step == 1
    with pytest.raises(UserError, match="has multipliers"):
        trainer_in(tmp_path / "a", data, settings, {"multipliers": (1, 2, 4)}, "cpu", resume=True)
    with pytest.raises(UserError, match="finished"):
        trainer_in(tmp_path / "a", data, {}, {}, "cpu", resume=True)
    card = trainer.card("a")
    second = Trainer(data, trainer.net.config, TrainingSettings(**QUICK))
    second.origin = {"name": card.name}
    second.advance()
    save(second, tmp_path / "b")
    assert trainer_in(tmp_path / "b", data, QUICK, {}, "cpu", resume=True, origin=card).step == 1
    with pytest.raises(UserError, match="cannot begin from another model"):
        trainer_in(tmp_path / "b", data, QUICK, {}, "cpu", resume=True, origin=replace(card, name="c"))
