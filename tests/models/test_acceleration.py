"""The GPU path, as far as it can be held to the plain path on a CPU: noise ahead, batches, recorded calls, pages."""

import logging
import threading
from functools import partial

import numpy as np
import pytest
import torch
from models_twins import small_model
from torch.overrides import TorchFunctionMode

from diffview.errors import UserError, out_of_memory
from diffview.forward.noise import JUMP, STEP, Noise
from diffview.models.cards import read_cards
from diffview.models.checkpoints import load_model
from diffview.models.nets import acceleration
from diffview.models.nets.acceleration import LAUNCH_BOUND, MOST_ROWS, Ahead, Fast, Graphed, InBatches, Pages
from diffview.models.nets.adapter import Network
from diffview.readers.packaged import packaged_field
from diffview.reverse.samplers import POSTERIOR_MEAN, SAMPLERS, Step
from diffview.reverse.trajectory import Trajectory
from diffview.runs.facts import Facts
from diffview.runs.recipe import default_recipe
from diffview.runs.resolve import resolve
from diffview.runs.run import noise_of, run

MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"


def call_of(y, level):
    """Stands for a network."""
    return y * level[:, None, None, None], y.square()


def normals(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# -- noise


def test_noise_drawn_ahead_is_the_noise_whatever_is_asked_for():
    noise = Noise(7, (3, 1, 8, 8))
    ahead = Ahead(noise, torch.zeros(1))
    asked = [(STEP, 0), (STEP, 1), (JUMP, 4), (STEP, 2), (STEP, 2), (STEP, 9), (JUMP, 5), (STEP, 10), (STEP, 0)]
    for stream, index in asked:
        assert np.array_equal(ahead(stream, index).numpy(), noise(stream, index))


class Watched(TorchFunctionMode):
    """Keeps what copies were asked for: the method, and whether anything waits for it."""

    def __init__(self):
        self.copies = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if (name := getattr(function, "__name__", "")) in ("to", "copy_"):
            self.copies.append((name, (kwargs or {}).get("non_blocking", False)))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_only_cuda_copies_without_waiting(device):
    """Elsewhere memory may be read after it was freed, or before it was written; MPS does so without a word."""
    with Watched() as watched:
        Ahead(Noise(7, (1, 1, 4, 4)), torch.zeros(1, device=device))(STEP, 0)
    assert watched.copies and not any(unwaited for _, unwaited in watched.copies)
    y = torch.zeros(1, 1, 4, 4)
    with Watched() as watched, Pages([].append) as keep:
        keep(Step(1, 1.0, y, y, y, 1.0, 1))
    assert watched.copies == [("copy_", False)] * 3


def test_the_next_noise_is_drawn_while_this_one_is_used():
    """One that is asked for in its turn has been drawn in another thread."""
    drawn = []

    def noise(stream, index):
        drawn.append((index, threading.current_thread() is threading.main_thread()))
        return np.zeros((1, 1, 2, 2), np.float32)

    ahead = Ahead(noise, torch.zeros(1))
    for index in range(3):
        ahead(STEP, index)
    ahead(STEP, 3)
    assert dict(drawn[:1]) == {0: True} and not any(dict(drawn[1:4]).values())
    assert [index for index, _ in drawn[:4]] == [0, 1, 2, 3]


def test_noise_ahead_takes_the_dtype_of_the_run_and_hands_errors_on():
    ahead = Ahead(Noise(1, (2, 1, 4, 4)), torch.zeros(1, dtype=torch.float64))
    assert ahead(STEP, 0).dtype == torch.float64

    def broken(stream, index):
        raise MemoryError(index)

    with pytest.raises(MemoryError):
        Ahead(broken, torch.zeros(1))(STEP, 0)


@pytest.mark.parametrize(
    "sampler", [key for key, info in SAMPLERS.items() if info.stochastic and info.needs == (POSTERIOR_MEAN,)]
)
def test_a_run_with_noise_ahead_is_bit_for_bit_the_plain_one(tmp_path, sampler):
    card = small_model(tmp_path)
    recipe = default_recipe().but(model="twin", steps=6, sampler=sampler, members=3)
    plan = resolve(recipe, Facts(packaged_field(), cards={"twin": card}))
    denoise = plan.model.denoiser()
    *_, ours = run(plan, denoise)
    assert isinstance(noise_of(plan, ours.y), Ahead)
    y = next(iter(run(plan, denoise))).y
    *_, plain = SAMPLERS[sampler].run(
        denoise,
        y,
        plan.levels,
        Noise(recipe.course.seed, plan.shape, like=y, version=recipe.course.noise),
        **plan.params,
    )
    assert torch.equal(ours.y, plain.y)


# -- batches


class Small:
    """A device with room for so many members."""

    def __init__(self, room, call):
        self.room, self.call, self.sizes = room, call, []

    def __call__(self, *tensors):
        self.sizes.append(len(tensors[0]))
        if len(tensors[0]) > self.room:
            raise RuntimeError(MEMORY)
        return self.call(*tensors)


@pytest.mark.parametrize("members", [1, 4, 7, 64])
@pytest.mark.parametrize("room", [1, 3, 64])
def test_members_in_batches_are_those_of_one_call(members, room):
    y, level = normals(members, 1, 4, 4), torch.full((members,), 0.5)
    in_batches = InBatches(Small(room, call_of))
    got = in_batches(y, level)
    assert all(torch.equal(a, b) for a, b in zip(got, call_of(y, level), strict=True))
    assert (in_batches.most is None) == (members <= room)


def test_what_did_not_fit_is_not_tried_again(caplog):
    small = Small(4, lambda y: (y,))
    in_batches = InBatches(small)
    with caplog.at_level(logging.WARNING):
        in_batches(normals(16, 1))
    assert small.sizes == [16, 8, 4, 4, 4, 4] and "4 at a time" in caplog.text
    in_batches(normals(16, 1))
    assert small.sizes[6:] == [4, 4, 4, 4]


def test_one_member_that_does_not_fit_is_a_sentence():
    with pytest.raises(UserError, match=r"does not suffice for one member.* on the CPU"):
        InBatches(Small(0, lambda y: (y,)))(normals(8, 1))


def test_other_errors_of_a_call_stay():
    def broken(y):
        raise RuntimeError("shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="multiplied"):
        InBatches(broken)(normals(8, 1))


class ShortOfMemory(TorchFunctionMode):
    """A device on which convolutions of more members than `room` fail; keeps the sizes of those that did not."""

    def __init__(self, room):
        self.room, self.sizes = room, set()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        if function is torch.nn.functional.conv2d:
            if len(args[0]) > self.room:
                raise RuntimeError(MEMORY)
            self.sizes.add(len(args[0]))
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("coarsen", [0, 8])
def test_a_network_short_of_memory_makes_the_same_members(tmp_path, coarsen):
    """As one call does, but for the rounding of convolutions that are divided otherwise."""
    card = small_model(tmp_path, coarsen=coarsen)
    condition = normals(1, 1, 16, 16).numpy() if coarsen else None
    denoise, y = Network.of(card, condition=condition), normals(5, 1, 16, 16, seed=1)
    whole = denoise(y, 0.7)
    with ShortOfMemory(2) as short:
        assert torch.allclose(denoise(y, 0.7), whole, atol=1e-5)
    assert short.sizes == {2, 1}


@pytest.mark.parametrize(
    ("error", "is_it"),
    [
        (RuntimeError(MEMORY), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 9.05 GB)"), True),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("CUDA error: invalid device ordinal"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_devices_say(error, is_it):
    assert out_of_memory(error) == is_it


# -- recorded calls


def faithful(call, tensors):
    return partial(call)


def frozen(call, tensors):
    """A record that kept the level it was made with."""
    return lambda y, level: call(y, tensors[1])


def impossible(call, tensors):
    raise RuntimeError("operation not permitted when stream is capturing")


def nan(call, tensors):
    return lambda y, level: (call(y, level)[0], call(y, level)[1] * torch.nan)


@pytest.mark.parametrize(
    ("record", "said", "replayed"),
    [
        (faithful, "", 1 + 3),
        (frozen, "is off by", 1),
        (impossible, "not permitted", 0),
        (nan, "is off by nan", 1),
    ],
)
def test_a_recorded_call_answers_as_the_call_or_is_not_used(record, said, replayed, caplog):
    """It is replayed once to see whether it answers as the call, and then, if it does, at every call."""
    replays = []

    def watched(call, tensors):
        replay = record(call, tensors)
        return lambda *others: replays.append(others) or replay(*others)

    graphed = Graphed(call_of, watched)
    with caplog.at_level(logging.WARNING):
        for seed in range(3):
            y, level = normals(2, 1, 4, 4, seed=seed), torch.full((2,), 0.3 + seed)
            assert all(torch.equal(a, b) for a, b in zip(graphed(y, level), call_of(y, level), strict=True))
    assert said in caplog.text and bool(said) == bool(caplog.text)
    assert len(replays) == replayed


def test_every_shape_is_recorded_once_and_the_oldest_are_forgotten(monkeypatch):
    monkeypatch.setattr(acceleration, "SHAPES_KEPT", 4)
    shapes = []

    def record(call, tensors):
        shapes.append(len(tensors[0]))
        return faithful(call, tensors)

    graphed = Graphed(call_of, record)
    for members in (1, 1, 2, 3, 2, 4, 5, 5, 1, 3, 4, 5, 1, 2):
        graphed(normals(members, 1, 4, 4), torch.ones(members))
    assert shapes == [1, 2, 3, 4, 5, 1, 2]


def test_only_small_calls_of_a_gpu_are_recorded():
    class OnGpu(torch.Tensor):
        is_cuda = True

    recorded = []

    def record(call, tensors):
        recorded.append(len(tensors[0]))
        return faithful(call, tensors)

    fast = Fast(Small(LAUNCH_BOUND, lambda y: (y,)), record)
    with torch.no_grad():
        fast(torch.zeros(2, 1, 4, 4))
        fast(torch.zeros(2, LAUNCH_BOUND).as_subclass(OnGpu))
        assert recorded == []
        fast(torch.zeros(3, 1, 4, 4).as_subclass(OnGpu))
        assert recorded == [3]
        fast(torch.zeros(LAUNCH_BOUND + 1).as_subclass(OnGpu))  # runs out of memory, and does so once
        fast(torch.zeros(4, 1, 4, 4).as_subclass(OnGpu))
    assert recorded == [3]


def test_an_operation_that_a_device_lacks_is_a_sentence():
    def lacking(y):
        raise NotImplementedError("The operator 'aten::upsample_x' is not currently implemented for the MPS device. If")

    with pytest.raises(UserError, match=r"lacks an operation of this network: .*aten::upsample_x.*Compute on the CPU"):
        Fast(lacking)(normals(1, 1))


def test_gradients_go_through_the_call_itself():
    """Whose memory is another: what batches suffice without gradients says nothing of it."""
    small = Small(1, lambda y: (y.square(),))
    fast = Fast(small)
    with torch.no_grad():
        fast(normals(3, 1))
    assert small.sizes == [3, 1, 1, 1]
    small.room, y = 10, normals(3, 1).requires_grad_()
    (fast(y)[0].sum()).backward()
    assert torch.equal(y.grad, 2 * y) and small.sizes[4:] == [3]


# -- pages


def steps_of(count, shape=(2, 1, 4, 4)):
    made = [Step(0, 9.0, normals(*shape))]
    for i in range(1, count):
        made.append(Step(i, 9.0 - i, normals(*shape, seed=i), normals(*shape, seed=2 * i), normals(*shape, seed=3 * i)))
    return made


def same(a, b):
    arrays = (a.y, b.y), (a.x0_hat, b.x0_hat), (a.eps_hat, b.eps_hat)
    return a.index == b.index and all((x is None and y is None) or np.array_equal(x, y) for x, y in arrays)


@pytest.mark.parametrize("seconds", [0.0, 1e9])
@pytest.mark.parametrize("count", [1, 2, 3, MOST_ROWS, 3 * MOST_ROWS + 5])
def test_a_run_through_pages_is_recorded_as_without(monkeypatch, seconds, count):
    """Whether a page is turned at every step or only when it is full."""
    monkeypatch.setattr(acceleration, "PAGE_S", seconds)
    plain, through = Trajectory(), Trajectory()
    with Pages(through.append) as keep:
        for step in steps_of(count):
            keep(step)
            plain.append(step)
    assert len(through.kept) == len(plain.kept) == count
    assert all(same(a, b) for a, b in zip(through.kept, plain.kept, strict=True))
    assert all(isinstance(step.y, np.ndarray) for step in through.kept)


def test_steps_are_handed_on_while_the_run_goes_on(monkeypatch):
    monkeypatch.setattr(acceleration, "PAGE_S", 0.0)
    kept = []
    with Pages(kept.append) as keep:
        for step in steps_of(4):
            keep(step)
            assert len(kept) == step.index  # all but the one whose copy is on its way


def test_what_was_made_before_an_error_is_kept():
    kept = []
    with pytest.raises(RuntimeError, match="out of memory"), Pages(kept.append) as keep:
        for step in steps_of(5):
            keep(step)
        raise RuntimeError(MEMORY)
    assert [step.index for step in kept] == [0, 1, 2, 3, 4]


def test_a_lost_device_does_not_hide_what_went_wrong_first(caplog):
    def lost(step):
        raise RuntimeError("CUDA error: the launch timed out")

    with pytest.raises(RuntimeError, match="out of memory"), Pages(lost) as keep:
        keep(steps_of(1)[0])
        raise RuntimeError(MEMORY)
    assert "timed out" in caplog.text
    with pytest.raises(RuntimeError, match="timed out"), Pages(lost) as keep:
        keep(steps_of(1)[0])


# -- half precision


@pytest.mark.parametrize("name", sorted(read_cards()))
def test_the_sample_models_make_the_same_picture_in_float16(name):
    """A whole run, not only the calls that `take_half` looks at: to a tenth of a step of the colours."""
    card = read_cards()[name]
    condition = np.zeros(card.shape, np.float32)[None] if card.coarsen else None
    runs = []
    for half in (False, True):
        denoise = Network.of(card, condition=condition)
        assert not half or denoise.take_half()
        y = card.noise_range[1] * normals(1, *card.shape)
        levels = [*np.geomspace(card.noise_range[1], 0.02, 8).tolist(), 0.0]
        *_, last = SAMPLERS["ddim"].run(denoise, y, levels, None)
        runs.append(last.y)
    assert 0 < float((runs[0] - runs[1]).square().mean().sqrt()) < 0.002, "0: it was not computed in float16"


def test_a_network_given_another_condition_stays_in_float16(tmp_path):
    card = small_model(tmp_path, "given", coarsen=4)
    one, other = (np.full((1, *card.shape), value, np.float32) for value in (0.0, 1.0))
    plain, half, y = Network.of(card, condition=one), Network.of(card, condition=one), normals(1, *card.shape)
    wanted = plain.given(other)(y, 0.5)
    assert half.take_half()
    assert not torch.equal(half.given(other)(y, 0.5), wanted)
    torch.testing.assert_close(half.given(other)(y, 0.5), wanted, rtol=0, atol=0.01)


def test_a_network_that_float16_cannot_hold_stays_in_float32(tmp_path, caplog):
    card = small_model(tmp_path)
    net, _ = load_model(card)
    torch.nn.init.constant_(net.first.conv.weight, 3e4)
    denoise = Network(net, card)
    y = normals(1, 1, 16, 16)
    before = denoise(y, 0.5)
    assert not denoise.take_half() and "computed in float32" in caplog.text
    assert torch.equal(denoise(y, 0.5), before)
