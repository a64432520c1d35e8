"""The doing: `run(plan)` depends on nothing but its Plan."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import namespace, surrounded, to_numpy
from diffview.errors import UserError
from diffview.forward.brownian import ForwardPath
from diffview.forward.noise import START, Noise
from diffview.models.denoiser import Denoiser
from diffview.reverse.guidance import embedded
from diffview.reverse.samplers import KNOWN_PIXELS, SAMPLERS, Denoise, NoiseFn, Step
from diffview.runs.embedding import NoiseAround, of_region, torus_of
from diffview.runs.guiding import GuidedModel
from diffview.runs.plan import Plan

Array = NDArray[np.float32]

RUNAWAY = 10.0
"""Standard deviations beyond which no field lies, unless what is observed does: a guided run that comes there ends."""


def start_state(plan: Plan) -> Array:
    """y at levels[0], float32 [members, channels, ..., ny, nx]: the end of a member's forward path, on the field or 0.

    From noise it is that of the closed form, as both kinds of path have the same law: a run that no field goes into is
    the same whichever of them noise is put in on.
    """
    shape, start = plan.shape, plan.recipe.of_run().start
    s = plan.levels[0]
    base: Any = np.float32(0)
    shown = shape[2:] if shape[1] == 1 else shape[1:]
    if plan.jointly is not None and plan.jointly.x0 is not None and start.origin == "field":
        base = np.nan_to_num(plan.jointly.x0)
    elif start.origin == "field":
        base = np.nan_to_num(plan.x0) if plan.known is None else np.where(plan.known, plan.x0, base)
    first, course = plan.recipe.ensemble.first_member, plan.recipe.course
    members = range(first, first + shape[0])
    paths = (ForwardPath(course.seed, shown, start.path_mode, member, course.noise) for member in members)
    return np.stack([base + path(s) for path in paths]).reshape(shape).astype(np.float32)


def on_device(y: Any, device: str) -> Any:
    """An array, or a tensor, as an array for "numpy", else as a tensor on the torch device."""
    if device == "numpy":
        return to_numpy(y)
    import torch

    return torch.as_tensor(y).to(device)


def denoiser_of(plan: Plan) -> Denoiser:
    """The denoiser of a plan, fitted or loaded.

    Raises:
        UserError: if the plan cannot be run.
    """
    if plan.refusal is not None:
        raise plan.refusal
    if plan.model is None:
        raise UserError("The model has nothing it could be fitted to.", "Choose another region.")
    return plan.model.denoiser()


def run(plan: Plan, denoise: Denoise | None = None, after: Step | None = None) -> Iterator[Step]:
    """The steps of the planned run, from its start or on from the step `after`.

    Raises:
        UserError: if the plan cannot be run.
    """
    if plan.refusal is not None:
        raise plan.refusal
    denoise = denoiser_of(plan) if denoise is None else denoise
    if plan.known is not None:
        denoise = embedded(denoise, plan.circular)
    calls = plan.calls
    if after is not None:
        after = dataclasses.replace(after, evaluations=after.evaluations // calls)
    steps = _course(plan, denoise, after)
    if calls > 1:
        steps = (dataclasses.replace(step, evaluations=calls * step.evaluations) for step in steps)
    if isinstance(plan.model, GuidedModel) and plan.model.led is not None:
        steps = _held(steps, max(RUNAWAY, 2 * float(np.abs(plan.model.led.seen.values).max())))
    finished = getattr(denoise, "finished", None)
    if finished is not None:
        steps = _finished(steps, plan.steps, finished)
    if plan.floor is not None:
        steps = _finished(steps, plan.steps, lambda y: namespace(y).clip(y, plan.floor, None))
    return steps


def _held(steps: Iterator[Step], most: float) -> Iterator[Step]:
    """The same steps, ended by an error where x0_hat of one goes beyond `most`: that one is still given.

    Raises:
        UserError: then.
    """
    for step in steps:
        yield step
        if step.x0_hat is None:
            continue
        reached = float(abs(step.x0_hat).max())
        if not reached <= most:  # as is NaN
            raise UserError(
                f"The guidance runs away: at step {step.index} x̂₀ reaches {reached:.3g} standard deviations. "
                "The run is stopped there; the steps so far are kept.",
                "Lead it less: a strength below 1, a larger γ, a larger error, more steps, or MMPS as the solver.",
            )


def _course(plan: Plan, denoise: Denoise, after: Step | None) -> Iterator[Step]:
    """The steps of a run, those before a fork its parent's."""
    fork = plan.recipe.course.fork
    if fork is None or plan.parent is None:
        yield from _own_steps(plan, denoise, after)
        return
    at = after
    if at is None or at.index < fork.step:
        for at in _course(plan.parent, denoise, after):
            yield at
            if at.index == fork.step:
                break
    assert at is not None
    calls, resumed = _Counted(denoise), at is after
    if at.index == fork.step and plan.recipe.course.sampler != plan.parent.recipe.course.sampler:
        whole = at.history[: torus_of(plan, denoise) != plan.shape[-2:]]  # of a step of a region, see `of_region`
        at = dataclasses.replace(at, history=whole)  # another sampler has nothing else to remember yet
    for step in _own_steps(plan, calls, at):
        if step.index > at.index:
            yield dataclasses.replace(step, evaluations=at.evaluations + calls.count)
        elif resumed:
            yield step


def _own_steps(plan: Plan, denoise: Denoise, after: Step | None) -> Iterator[Step]:
    """The steps that the sampler of a plan makes, from the start or on from the step `after`."""
    sampler = SAMPLERS[plan.recipe.course.sampler]
    region, torus = plan.shape[-2:], torus_of(plan, denoise)
    resume: dict[str, Any] = {}
    if after is None:
        y = on_device(_start(plan, torus), plan.device)
    else:
        history = [h if isinstance(h, float) else on_device(h, plan.device) for h in after.history]
        y = on_device(after.y, plan.device) if torus == region else history.pop(0)
        resume = {"start": after.index, "history": tuple(history)}
    if plan.known is not None and KNOWN_PIXELS in sampler.needs:
        known = plan.known, np.where(plan.known, plan.x0, np.float32(0))
        resume["known"] = tuple(on_device(surrounded(values, *torus), plan.device) for values in known)
    steps = sampler.run(denoise, y, plan.levels, noise_of(plan, y), **resume, **plan.params)
    return steps if torus == region else (of_region(step, *region) for step in steps)


def _start(plan: Plan, torus: tuple[int, ...]) -> Array:
    """`start_state`, with noise of that level around it where the torus is larger than the region."""
    y, noise = start_state(plan), _noise(plan, torus)
    return noise.around(y, START, 0, plan.levels[0]) if isinstance(noise, NoiseAround) else y


class _Counted:
    """A denoiser that counts its calls: samplers count from the start of a run, which a fork's has not made."""

    def __init__(self, denoise: Denoise) -> None:
        self._denoise, self.count = denoise, 0

    def __call__(self, y: Any, s: float) -> Any:
        """x0_hat of y at the noise level s."""
        self.count += 1
        return self._denoise(y, s)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._denoise, name)


def noise_of(plan: Plan, y: Any) -> NoiseFn:
    """The noise of the run, like its state y; for a device it is drawn ahead."""
    noise = _noise(plan, (y.shape[-2], y.shape[-1]))
    if plan.device == "numpy":
        return noise
    from diffview.models.nets.acceleration import Ahead

    return Ahead(noise, y)


def _noise(plan: Plan, torus: tuple[int, ...]) -> Noise | NoiseAround:
    """The noise of the run as arrays."""
    course, first = plan.recipe.course, plan.recipe.ensemble.first_member
    fork = 0 if course.fork is None else course.fork.number
    noise = Noise(course.seed, plan.shape, first, fork, version=course.noise)
    return noise if torus == plan.shape[-2:] else NoiseAround(noise, *torus)


def _finished(steps: Iterator[Step], last: int, finished: Callable[[Any], Any]) -> Iterator[Step]:
    """The same steps, with what the model does to a field that is done."""
    for step in steps:
        yield dataclasses.replace(step, y=finished(step.y)) if step.index == last else step
