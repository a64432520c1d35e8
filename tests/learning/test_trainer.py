"""Training: the losses and densities by hand, going on bit for bit, and what is kept when something goes wrong."""

import math
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from diffview.errors import NotWrittenError, UserError
from diffview.forward.schedules import Linear, make_schedule
from diffview.learning import training as training_module
from diffview.learning.densities import DENSITIES
from diffview.learning.network import config_for
from diffview.learning.objective import VARIANCE_WEIGHT, variance_bound, variance_limits
from diffview.learning.sets import TrainingSet
from diffview.learning.settings import TrainingSettings, settings_of
from diffview.learning.trainer import Trainer, turned
from diffview.learning.training import DIRECTORY, resumed, save, train, trainer_in
from diffview.machine import train_device
from diffview.models import checkpoints
from diffview.models.cards import Card
from diffview.models.checkpoints import State, load_model
from diffview.models.nets.unet import UNetConfig

SIZES = {"width": 8, "multipliers": (1, 2), "attention": False}
SMALL = {"precision": "float32", "batch": 8, "warmup": 4, "steps": 12}


def fields(n=32, ny=8, nx=8):
    return np.random.default_rng(0).normal(10, 2, (n, ny, nx)).astype(np.float32)


def data_of(values=None, **about):
    values = fields() if values is None else values
    return TrainingSet.fit("standardise", values, values[:0], "sst", "K", **about)


def made(data=None, sizes=(), **settings):
    data = data or data_of()
    return Trainer(data, config_for(data, **{**SIZES, **dict(sizes)}), TrainingSettings(**{**SMALL, **settings}))


def advanced(trainer, steps):
    for _ in range(steps):
        trainer.advance()
    return trainer


def same(first, second):
    a, b = first.state_dict(), second.state_dict()
    return a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)


# -- losses


def drawn(trainer):
    """x_0, s, eps and s'/s of the next step, drawn as the trainer will draw them."""
    random, noise = (torch.Generator().set_state(own.get_state()) for own in (trainer.random, trainer.noise))
    batch, (ny, nx) = trainer.batch, trainer.data.shape
    index = torch.randint(len(trainer.data.fields), (batch,), generator=random)
    torch.randint(8, (), generator=random)
    u = (torch.rand(batch, generator=random) + torch.arange(batch)) / batch
    eps = torch.randn((batch, 1, ny, nx), generator=noise)
    low, high = math.log(trainer.settings.lowest), math.log(trainer.highest)
    s = (low + u * (high - low)).exp()
    x0 = torch.from_numpy(np.nan_to_num(trainer.data.fields[index]))[:, None]
    return x0, s, eps, torch.rand((batch, 1, 1, 1), generator=noise) * 0.9 + 0.05


@pytest.mark.parametrize("loss", ["plain", "edm"])
def test_the_loss_by_hand(loss):
    """Plain is |eps - eps_hat|^2; EDM's is |F - F_wanted|^2 with F_wanted = (x_0 - c_skip y)/c_out."""
    trainer = advanced(made(loss=loss, density="uniform"), 3)
    x0, s, eps, _ = drawn(trainer)
    s = s[:, None, None, None]
    y = x0 + s * eps
    with torch.no_grad():
        x0_hat = trainer.net(y, s.flatten())[0]
        eps_hat, c_skip, c_out = (y - x0_hat) / s, 1 / (1 + s * s), s / (1 + s * s).sqrt()
        error = (eps - eps_hat) if loss == "plain" else (x0_hat - x0) / c_out
        assert loss == "plain" or torch.allclose(error, (x0_hat - c_skip * y) / c_out - (x0 - c_skip * y) / c_out)
        assert float(trainer.loss()) == pytest.approx(float((error**2).mean()), rel=1e-4)


def test_missing_pixels_do_not_count():
    values = fields()
    values[:, :, 0] = np.nan
    trainer = advanced(made(data_of(values), loss="plain", density="uniform"), 3)
    x0, s, eps, _ = drawn(trainer)
    s = s[:, None, None, None]
    known = torch.ones_like(x0)
    known[..., 0] = 0
    with torch.no_grad():
        x0_hat = trainer.net((x0 + s * eps) * known, s.flatten(), known)[0]
        by_hand = ((x0_hat - x0) / s)[..., 1:].square().mean()
        assert float(trainer.loss()) == pytest.approx(float(by_hand), rel=1e-4)


def test_a_new_network_has_the_edm_loss_1():
    """Its F is 0 and the wanted F has the variance of the data, 1."""
    trainer = made(batch=512)
    with torch.no_grad():
        assert float(trainer.loss()) == pytest.approx(1.0, abs=0.05)


def test_the_variance_head_learns_from_known_pixels_only():
    values = fields()
    values[:, :, :3] = np.nan
    trainer = made(data_of(values), {"learned_variance": True}, density="uniform")
    x0, s, eps, ratio = drawn(trainer)
    known, s = (torch.arange(8) >= 3).float().expand_as(x0), s[:, None, None, None]
    with torch.no_grad():
        trainer.net.last.conv.weight.normal_(0, 0.1)  # a new head says the same everywhere
        x0_hat, logit = trainer.net((x0 + s * eps) * known, s.flatten(), known)
        bound = variance_bound(x0, x0_hat, logit, s, ratio)
        error = (1 + s * s) / (s * s) * (x0_hat - x0) ** 2
        by_hand = (error + VARIANCE_WEIGHT * bound)[..., 3:].mean()
        assert float(trainer.loss()) == pytest.approx(float(by_hand), rel=1e-5)
    assert float(bound[..., 3:].mean()) != pytest.approx(float(bound.mean()), rel=0.01)


def test_the_variance_head():
    """The limits are those of DDPM in y = x/alpha, and the bound falls when the fraction is learned."""
    s, s_next = 2.0, 1.5
    alpha_bar, before = 1 / (1 + s**2), 1 / (1 + s_next**2)
    beta = 1 - alpha_bar / before
    low, high = variance_limits(s, s_next)
    assert high * before == pytest.approx(beta) and low * before == pytest.approx((1 - before) / (1 - alpha_bar) * beta)
    trainer = advanced(made(sizes={"learned_variance": True}), 2)
    assert trainer.report().loss > 0


# -- densities


def test_the_noise_range_holds_998_of_1000_draws():
    for key, density in DENSITIES.items():
        trainer = made(density=key, highest=200.0)
        draws = np.exp(density(0.01, 200.0, Linear()).log_s((np.arange(10_000) + 0.5) / 10_000))
        low, high = trainer.noise_range
        assert np.mean(draws < low) == pytest.approx(0.001, abs=2e-4)
        assert np.mean(draws > high) == pytest.approx(0.001, abs=2e-4)


def test_the_highest_level_comes_from_the_data():
    """White noise of variance 1 has power of about 1 everywhere; the largest of 33 averages of 32 is a little more."""
    assert made().highest == 3 * math.sqrt(data_of().largest_power)
    assert made(highest=7.0).highest == 7.0


# -- steps


def test_the_learning_rate():
    trainer = made(steps=100, warmup=10, rate=0.1)
    rates = []
    for trainer.step in (0, 4, 9, 50, 100):
        rates.append(trainer.rate())
    cosine = [0.5 * (1 + math.cos(math.pi * step / 100)) for step in (0, 4, 9, 50, 100)]
    np.testing.assert_allclose(rates, 0.1 * np.array(cosine) * [0.1, 0.5, 1, 1, 1], atol=1e-12)
    trainer.settings, trainer.step, trainer.seconds = replace(trainer.settings, minutes=1.0), 10, 30.0
    assert trainer.done() == 0.5


def test_the_moving_average():
    """ema' = ema + (1 - 2^(-1/h)) (net - ema), with h = min(half_life, (step + 1)/10)."""
    trainer = advanced(made(half_life=0.25), 2)
    before = [p.clone() for p in trainer.ema.parameters()]
    trainer.advance()
    for ema, old, new in zip(trainer.ema.parameters(), before, trainer.net.parameters(), strict=True):
        torch.testing.assert_close(ema, old + (1 - 2 ** (-1 / 0.25)) * (new.detach() - old))
    trainer = made(half_life=100.0)
    start = [p.clone() for p in trainer.ema.parameters()]
    trainer.advance()
    for ema, old, new in zip(trainer.ema.parameters(), start, trainer.net.parameters(), strict=True):
        torch.testing.assert_close(ema, old + (1 - 2**-10) * (new.detach() - old))


def test_turns():
    picture = torch.arange(6.0).reshape(1, 1, 2, 3)
    all_eight = {tuple(p.rot90(k, (2, 3)).flatten().tolist()) for k in range(4) for p in (picture, picture.flip(3))}
    for flips, rotations, count in ((False, False, 1), (True, False, 4), (False, True, 4), (True, True, 8)):
        seen = {tuple(turned(picture, turns, flips, rotations).flatten().tolist()) for turns in range(8)}
        assert len(seen) == count and seen <= all_eight
        if rotations and not flips:
            assert seen == {tuple(picture.rot90(k, (2, 3)).flatten().tolist()) for k in range(4)}


def test_learning():
    """One pattern with either sign: the trivial answer has the loss 1, which is halved soon."""
    pattern = np.where(np.arange(8) % 4 < 2, 1.0, 0.5).astype(np.float32) * np.ones((8, 8), np.float32)
    signs = np.where(np.arange(32) % 2, 1, -1).astype(np.float32)[:, None, None]
    trainer = advanced(made(data_of(signs * pattern), steps=80, rate=5e-3, batch=16), 10)
    first = trainer.report().loss
    advanced(trainer, 50).report()
    last = advanced(trainer, 20).report().loss
    assert 0.6 < first < 1.5 and last < 0.55
    levels, loss = trainer.loss_by_level()
    assert levels[0] > 0.01 and levels[-1] < trainer.highest and np.nanmin(loss) >= 0


# -- keeping and going on


@pytest.mark.parametrize("coarsen", [0, 4])
def test_going_on_bit_for_bit(tmp_path, coarsen):
    values = fields()
    values[:, 0, 0] = np.nan
    data = data_of(values, coarsen=coarsen)
    sizes = {"learned_variance": True, "attention": True}
    whole = advanced(made(data, sizes, flips=True, rotations=True), 12)
    part = advanced(made(data, sizes, flips=True, rotations=True), 6)
    part.report()
    save(part, tmp_path)
    torch.manual_seed(123)
    after = resumed(tmp_path, data)
    assert after.curve == part.curve and after.step == 6 and after.settings == part.settings
    advanced(after, 6)
    assert same(whole.net, after.net) and same(whole.ema, after.ema)
    assert not same(part.net, after.net)
    assert torch.equal(whole.bins, after.bins)


def test_beginning_from_a_model(tmp_path):
    """Its weights are those of the network and of the moving average; the card says whose, also after going on."""
    first = advanced(made(), 3)
    save(first, tmp_path / "first")
    card = Card.read(tmp_path / "first")
    trainer = trainer_in(tmp_path / "second", data_of(fields() + 3), SMALL, {}, "cpu", origin=card)
    kept = load_model(card)[0]
    assert same(trainer.net, kept) and same(trainer.ema, kept) and trainer.step == 0 and not trainer.optimiser.state
    save(advanced(trainer, 2), tmp_path / "second")
    again = resumed(tmp_path / "second", trainer.data)
    origin = {"name": "first", "sha256": card.weights["sha256"], "steps": 3}
    assert again.card("x").training["from"] == trainer.card("x").training["from"] == origin
    assert "from" not in first.card("x").training


def test_what_cannot_begin_from_a_model(tmp_path):
    save(advanced(made(), 1), tmp_path / "first")
    card = Card.read(tmp_path / "first")
    with pytest.raises(UserError, match="cannot change its size"):
        trainer_in(tmp_path / "new", data_of(), SMALL, {"width": 8}, "cpu", origin=card)
    with pytest.raises(UserError, match="cannot begin from another model"):
        trainer_in(tmp_path / "first", data_of(), SMALL, {}, "cpu", resume=True, origin=card)
    with pytest.raises(UserError, match="do not fit the network"):
        trainer_in(tmp_path / "new", data_of(fields(nx=7)), SMALL, {}, "cpu", origin=card)
    with pytest.raises(UserError, match="channels"):
        trainer_in(tmp_path / "new", data_of(coarsen=2), SMALL, {}, "cpu", origin=card)


def test_settings_that_change(tmp_path):
    trainer = advanced(made(), 2)
    trainer.batch = 4  # as after running out of memory
    save(trainer, tmp_path)
    assert resumed(tmp_path, trainer.data).batch == 4
    changed = resumed(tmp_path, trainer.data, rate=1e-4, steps=50, batch=16)
    assert (changed.settings.rate, changed.settings.steps, changed.batch) == (1e-4, 50, 16)


def test_the_state_of_another_kind_of_device(tmp_path):
    """Its random state has another size; new numbers are drawn then."""
    trainer = advanced(made(), 2)
    save(trainer, tmp_path)
    state = State.load(tmp_path / DIRECTORY[1])
    tensors = {**state.tensors, "random": torch.zeros(16, dtype=torch.uint8)}
    del tensors["noise"]  # nor had older versions a second one
    State(tensors, state.plain).save(tmp_path / DIRECTORY[1])
    advanced(resumed(tmp_path, trainer.data), 1)


def test_the_model_that_is_written(tmp_path):
    values = fields()
    values[:, 0] = np.nan
    trainer = made(data_of(values, source="here", licence="CC0"))
    assert [p.step for p in train(trainer, tmp_path / "deep" / "sea", every=5)] == [5, 10, 12]
    card = Card.read(tmp_path / "deep" / "sea")
    assert (card.name, card.quantity, card.units, card.shape) == ("sea", "sst", "K", (1, 8, 8))
    assert card.noise_range == pytest.approx(trainer.noise_range) and card.training["steps"] == 12
    assert card.data["licence"] == "CC0" and card.data["sha256"] == trainer.data.fingerprint
    net, mask = load_model(card)
    np.testing.assert_array_equal(mask.numpy(), trainer.data.mask)
    for name, tensor in trainer.ema.state_dict().items():
        torch.testing.assert_close(net.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)


def test_stopping(tmp_path):
    trainer = made()
    for progress in train(trainer, tmp_path, every=2):
        if progress.step == 4:
            break
    assert resumed(tmp_path, trainer.data).step == 4
    other = made()
    assert list(train(other, tmp_path / "b", stopped=lambda: other.step == 3)) == []
    assert resumed(tmp_path / "b", other.data).step == 3


def test_a_kill_keeps_the_last_state(tmp_path, monkeypatch):
    trainer = advanced(made(), 2)
    save(trainer, tmp_path)
    kept = (tmp_path / DIRECTORY[1]).read_bytes()
    (tmp_path / f".{DIRECTORY[1]}.0123.part").write_bytes(b"half")

    def killed(path, data):
        raise UserError("No space left.", "Make room.")

    monkeypatch.setattr(checkpoints, "write_bytes", killed)
    with pytest.raises(UserError, match="No space"):
        list(train(trainer, tmp_path))
    assert (tmp_path / DIRECTORY[1]).read_bytes() == kept
    monkeypatch.undo()
    again = resumed(tmp_path, trainer.data)
    assert again.step == 2
    save(again, tmp_path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["log.csv", "model.json", "model.safetensors", DIRECTORY[1]]


@pytest.mark.parametrize("write", [0, 1, 2])
def test_a_disk_that_is_full_at_any_write_of_a_checkpoint_leaves_a_whole_one(tmp_path, monkeypatch, write):
    """State, card and weights: whichever finds no room, what lies in the folder can be loaded and gone on with."""
    trainer, fsync, left = advanced(made(), 2), os.fsync, [write]
    save(trainer, tmp_path)

    def full(number):
        left[0] -= 1
        if left[0] < 0:
            raise OSError(28, "No space left on device")
        fsync(number)

    advanced(trainer, 1)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWrittenError, match="No space left on device"):
        save(trainer, tmp_path)
    monkeypatch.undo()
    net, _ = load_model(Card.read(tmp_path))
    assert all(bool(torch.isfinite(p).all()) for p in net.parameters())
    again = resumed(tmp_path, trainer.data)
    assert again.step == (2 if write == 0 else 3)
    assert not [path.name for path in tmp_path.iterdir() if path.suffix == ".part"]
    save(trainer, tmp_path)
    assert resumed(tmp_path, trainer.data).step == 3


def test_out_of_memory_halves_the_batch(tmp_path, monkeypatch):
    loss, left = Trainer.loss, [2]

    def short(self):
        left[0] -= 1
        if left[0] >= 0:
            raise RuntimeError("CUDA out of memory. Tried to allocate 3 GiB.")
        return loss(self)

    monkeypatch.setattr(Trainer, "loss", short)
    trainer = made()
    told = list(train(trainer, tmp_path))
    assert trainer.batch == 2 and trainer.step == 12
    assert ["8 fields; they have 4" in p.remark for p in told] == [True, False, False]
    assert "4 fields; they have 2" in told[1].remark and math.isnan(told[0].loss) and len(trainer.curve) == 1
    left[0] = 10
    with pytest.raises(UserError, match="batch of one field"):
        list(train(made(batch=1), tmp_path / "b"))
    assert not (tmp_path / "b").exists()


def test_a_disk_that_is_full_for_a_while_loses_nothing(tmp_path, monkeypatch):
    """The checkpoint of the third step fails as the system says it; those before and after it are whole."""
    write, told = checkpoints.write_bytes, []

    def full(path, data):
        if trainer.step == 3:
            raise NotWrittenError(f"{path} cannot be written: No space left on device.", "Make room.")
        write(path, data)

    trainer = made(steps=5, checkpoint=1.0)
    monkeypatch.setattr(checkpoints, "write_bytes", full)
    monkeypatch.setattr(training_module.time, "monotonic", iter(range(0, 100, 2)).__next__)
    told = list(train(trainer, tmp_path))
    assert [p.remark for p in told if p.remark] == [
        f"{tmp_path / DIRECTORY[1]} cannot be written: No space left on device. "
        "The training goes on; make room before the next checkpoint."
    ]
    assert resumed(tmp_path, trainer.data).step == 5
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_disk_that_is_full_at_the_end_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    write = checkpoints.write_bytes
    trainer = advanced(made(), 2)
    save(trainer, tmp_path)

    def full(path, data):
        raise NotWrittenError(f"{path} cannot be written: No space left on device.", "Make room.")

    monkeypatch.setattr(checkpoints, "write_bytes", full)
    with pytest.raises(NotWrittenError, match="No space left"):
        list(train(trainer, tmp_path))
    monkeypatch.setattr(checkpoints, "write_bytes", write)
    assert resumed(tmp_path, trainer.data).step == 2


def test_the_fields_that_were_seen_are_counted(tmp_path):
    """Also when a batch was halved on the way, and over sessions; an old state did not count them."""
    trainer = advanced(made(), 3)
    trainer.batch = 2
    save(advanced(trainer, 2), tmp_path)
    assert trainer.card("m").training["samples"] == 3 * 8 + 2 * 2
    after = advanced(resumed(tmp_path, trainer.data), 1)
    assert after.card("m").training["samples"] == 3 * 8 + 3 * 2
    state = State.load(tmp_path / DIRECTORY[1])
    State(state.tensors, {k: v for k, v in state.plain.items() if k != "samples"}).save(tmp_path / DIRECTORY[1])
    assert resumed(tmp_path, trainer.data).samples == 5 * 2


def test_out_of_memory_from_the_start(tmp_path, monkeypatch):
    def full(*_):
        raise RuntimeError("CUDA out of memory.")

    monkeypatch.setattr("diffview.learning.trainer.on_device", full)
    with pytest.raises(UserError, match="smaller network"):
        trainer_in(tmp_path, data_of(), SMALL, SIZES, "cpu")


def test_other_errors_are_not_hidden(tmp_path, monkeypatch):
    def wrong(self):
        raise RuntimeError("a bug")

    monkeypatch.setattr(Trainer, "loss", wrong)
    with pytest.raises(RuntimeError, match="a bug"):
        list(train(made(), tmp_path))


def test_what_diverges_is_not_saved(tmp_path):
    trainer = advanced(made(), 2)
    save(trainer, tmp_path)
    with torch.no_grad():
        trainer.net.first.conv.bias.fill_(torch.nan)
    with pytest.raises(UserError, match="not a number") as error:
        list(train(trainer, tmp_path, every=1))
    assert "smaller learning rate" in error.value.hint
    assert resumed(tmp_path, trainer.data).step == 2


@pytest.mark.parametrize(
    "damage",
    [
        lambda t, p: ({k: v for k, v in t.items() if k != "net.first.conv.bias"}, p),
        lambda t, p: ({**t, "ema.first.conv.bias": torch.zeros(3)}, p),
        lambda t, p: ({k: v for k, v in t.items() if k != "random"}, p),
        lambda t, p: ({**t, "adam.x.y": torch.zeros(3)}, p),
        lambda t, p: ({**t, "bins": torch.zeros(3, 4)}, p),
        lambda t, p: (t, {k: v for k, v in p.items() if k != "fingerprint"}),
        lambda t, p: (t, {k: v for k, v in p.items() if k != "network"}),
        lambda t, p: (t, {**p, "network": 3}),
        lambda t, p: (t, {**p, "network": {**p["network"], "depth": 3}}),
        lambda t, p: (t, {**p, "settings": {**p["settings"], "momentum": 3}}),
        lambda t, p: (t, {**p, "settings": {**p["settings"], "schedule": {"key": "spiral"}}}),
        lambda t, p: (t, {**p, "step": "three"}),
        lambda t, p: (t, {**p, "curve": 3}),
    ],
)
def test_damaged_states(tmp_path, damage):
    trainer = made()
    save(advanced(trainer, 1), tmp_path)
    state = State.load(tmp_path / DIRECTORY[1])
    State(*damage(dict(state.tensors), dict(state.plain))).save(tmp_path / DIRECTORY[1])
    with pytest.raises(UserError) as error:
        resumed(tmp_path, trainer.data)
    assert error.value.sentence.endswith(".") and error.value.hint.endswith(".")


# -- what is refused


@pytest.mark.parametrize(
    ("refused", "word"),
    [
        (lambda: made(data_of(fields(ny=9))), "9 x 8"),
        (lambda: made(sizes={"channels": 2}), "channels"),
        (lambda: Trainer(data_of(coarsen=2), UNetConfig(**SIZES), TrainingSettings()), "channels"),
        (lambda: made(sizes={"padding": "circular"}, rotations=True), "cannot be turned"),
        (lambda: made(density="schedule", lowest=1e5, highest=1e6), "no noise level between"),
        (lambda: made(density="uniform", highest=math.nextafter(0.01, 1)), "would be"),
        (lambda: TrainingSettings(lowest=1.0, highest=0.5), "not above"),
        (lambda: TrainingSettings(loss="huber"), "loss"),
        (lambda: TrainingSettings(steps="many"), "steps"),
        (lambda: TrainingSettings(batch=0), "batch"),
        (lambda: settings_of({"momentum": "1"}), "momentum"),
        (lambda: settings_of({"flips": "perhaps"}), "flips"),
        (lambda: settings_of({"schedule": "spiral"}), "spiral"),
        (lambda: train_device("abacus"), "abacus"),
    ],
)
def test_refusals(refused, word):
    with pytest.raises(UserError) as error:
        refused()
    assert word in error.value.sentence and error.value.sentence.endswith(".") and error.value.hint.endswith(".")


def test_settings_from_words():
    words = {"steps": "10", "rate": "1e-4", "flips": "yes", "schedule": "cosine", "rotations": True}
    settings = TrainingSettings(**settings_of(words))
    assert settings == TrainingSettings(
        steps=10, rate=1e-4, flips=True, rotations=True, schedule=make_schedule("cosine", {}), density="schedule"
    )
    assert TrainingSettings.from_plain(settings.plain()) == settings


def test_folders(tmp_path):
    data = data_of()
    with pytest.raises(UserError, match="no training"):
        trainer_in(tmp_path, data, {}, {}, "cpu", resume=True)
    trainer = trainer_in(tmp_path, data, SMALL, SIZES, "cpu")
    list(train(trainer, tmp_path))
    with pytest.raises(UserError, match="holds a model"):
        trainer_in(tmp_path, data, SMALL, SIZES, "cpu")
    with pytest.raises(UserError, match="finished"):
        trainer_in(tmp_path, data, {}, {}, "cpu", resume=True)
    with pytest.raises(UserError, match="has width 8, not 16"):
        trainer_in(tmp_path, data, {}, {"width": 16}, "cpu", resume=True)
    with pytest.raises(UserError, match="other data"):
        trainer_in(tmp_path, data_of(fields() * 2 + np.arange(8)), {}, {}, "cpu", resume=True)
    assert trainer_in(tmp_path, data, {"steps": 20}, {}, "cpu", resume=True).step == 12
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="is a file"):
        trainer_in(tmp_path / "file", data, SMALL, SIZES, "cpu")


def test_another_condition_is_other_data(tmp_path):
    save(advanced(made(data_of(coarsen=2)), 1), tmp_path)
    with pytest.raises(UserError, match="other data"):
        resumed(tmp_path, data_of(coarsen=4))
