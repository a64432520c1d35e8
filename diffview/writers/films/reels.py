"""What a film shows: its pictures one after the other, standardised, and what is said of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from diffview.arrays import to_numpy
from diffview.errors import cut
from diffview.fields.numbers import figures, number
from diffview.fields.tiles import columns_of
from diffview.forward.state import Forward, Frame
from diffview.readers.many import last_name
from diffview.reverse.samplers import SAMPLERS, Step
from diffview.runs.colour_scale import Scale, scale_of_field, scale_of_made
from diffview.runs.facts import Facts
from diffview.runs.in_blocks import together
from diffview.runs.plan import Plan
from diffview.runs.view import LIMITS
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.quantity import quantity_of

Array = NDArray[np.float32]

FORWARD, REVERSE = "forward", "reverse"
"""Sides that a panel belongs to, by which it is coloured."""


@dataclass(frozen=True, eq=False)
class Filmed:
    """What is filmed.

    Attributes:
        facts: with the field.
        plan: of the run.
        limits, colours: as of `scale_of_field`.
        recorded: the steps of the run where they are known; none: it is run.
    """

    facts: Facts
    plan: Plan
    limits: tuple[float, float] = LIMITS
    colours: str = ""
    recorded: tuple[Step, ...] = ()

    def steps(self) -> Iterator[Step]:
        """The steps of the run.

        Raises:
            UserError: if it cannot be run.
        """
        return iter(self.recorded) if self.recorded else together(self.plan)


class Panel(NamedTuple):
    """One picture beside others: its title, its side, shape (ny, nx), scale, and the width of a pixel in km or None."""

    title: str
    side: str
    shape: tuple[int, int]
    scale: Scale
    km: float | None = None


class FilmFrame(NamedTuple):
    """One picture of a film: values [ny, nx] of each panel, None where there are none yet; t; and a line of words."""

    values: tuple[Array | None, ...]
    t: float
    words: str


class FilmReel(NamedTuple):
    """A film before it is drawn: panels in columns, what is said below them, and its pictures, a new round each time.

    A picture that stays is the same object.
    """

    panels: tuple[Panel, ...]
    columns: int
    caption: tuple[str, str]
    frames: Callable[[], Iterator[FilmFrame]]


def reel_of(filmed: Filmed, settings: FilmSettings) -> FilmReel:
    """The film that the settings ask for.

    Raises:
        UserError: if it needs a run that cannot be made.
    """
    plan, whats = filmed.plan, REELS[settings.what]
    if plan.refusal is not None and settings.what != FORWARD:
        raise plan.refusal
    panels, frames = whats(filmed, settings.places)
    columns = columns_of(len(panels)) if settings.what == "members" else len(panels)
    return FilmReel(panels, columns, _caption(filmed, settings.what != FORWARD), frames)


Made = tuple[tuple[Panel, ...], Callable[[], Iterator[FilmFrame]]]


def _forward(filmed: Filmed, places: list[float]) -> Made:
    """x_t from the field to noise."""
    state = _forward_of(filmed)

    def frames() -> Iterator[FilmFrame]:
        last: FilmFrame | None = None
        for t in places:
            if last is None or last.t != t:
                frame = state.at(t)
                last = FilmFrame((frame.x_t,), t, _mixture(frame))
            yield last

    return (_of_field(filmed, "xₜ"),), frames


def _reverse(filmed: Filmed, places: list[float]) -> Made:
    """x_t and x0_hat of the first member, from noise on."""

    def values(step: Step) -> tuple[Array | None, ...]:
        return _state(filmed.plan, step)[0], None if step.x0_hat is None else _made(filmed.plan, step.x0_hat)[0]

    return (_of_run(filmed, "xₜ"), _of_run(filmed, "x̂₀")), lambda: _along(filmed, places, values)


def _both(filmed: Filmed, places: list[float]) -> Made:
    """The forward state of the field beside the run, at the noise level of each step."""
    state, schedule = _forward_of(filmed), filmed.plan.recipe.course.schedule

    def values(step: Step) -> tuple[Array | None, ...]:
        return state.at(float(schedule.t_of(step.s))).x_t, _state(filmed.plan, step)[0]

    panels = _of_field(filmed, "forward: noise put in"), _of_run(filmed, "reverse: noise taken out")
    return panels, lambda: _along(filmed, places, values)


def _members(filmed: Filmed, places: list[float]) -> Made:
    """x_t of every member, from noise on."""
    first, members = filmed.plan.recipe.ensemble.first_member, filmed.plan.shape[0]
    panels = tuple(_of_run(filmed, f"member {first + i}") for i in range(members))
    return panels, lambda: _along(filmed, places, lambda step: tuple(_state(filmed.plan, step)))


REELS: dict[str, Callable[[Filmed, list[float]], Made]] = {
    "forward": _forward, "reverse": _reverse, "both": _both, "members": _members,
}  # fmt: skip
"""The kinds of film, by what they show."""


# -- parts


def _forward_of(filmed: Filmed) -> Forward:
    plan, course = filmed.plan, filmed.plan.recipe.course
    return Forward(plan.x0, course.schedule, course.seed, plan.recipe.start.path_mode, noise=course.noise)


def _of_field(filmed: Filmed, title: str) -> Panel:
    plan, facts = filmed.plan, filmed.facts
    scale, km = scale_of_field(facts, plan.transform, filmed.limits, filmed.colours), facts.field.pixel_km
    return Panel(title, FORWARD, (plan.region.ny, plan.region.nx), scale, None if km is None else km[1])


def _of_run(filmed: Filmed, title: str) -> Panel:
    """A panel of what a run makes; a network's own fields lie nowhere, and their pixels have no known width."""
    plan, facts = filmed.plan, filmed.facts
    scale = scale_of_made(facts, plan.transform, plan, filmed.limits, filmed.colours)
    km = facts.field.pixel_km if plan.card is None or plan.placed else None
    return Panel(title, REVERSE, (plan.shape[-2], plan.shape[-1]), scale, None if km is None else km[1])


def _along(
    filmed: Filmed, places: list[float], values: Callable[[Step], tuple[Array | None, ...]]
) -> Iterator[FilmFrame]:
    """The step at each place of a run, as it comes: no step is kept."""
    plan, steps = filmed.plan, filmed.steps()
    schedule, step, frame = plan.recipe.course.schedule, next(steps), None
    for place in places:
        while step.index < round(place * plan.steps):
            step, frame = next(steps), None
        if frame is None:
            t = float(schedule.t_of(step.s))
            words = f"step {step.index} of {plan.steps}   t = {t:.3f}   s = {figures(float(step.s))}"
            frame = FilmFrame(values(step), t, words)
        yield frame


def _state(plan: Plan, step: Step) -> Array:
    """x_t = alpha y of all members, [m, ny, nx]."""
    return np.float32(plan.recipe.course.schedule.scale(step.s)) * _made(plan, step.y)


def _made(plan: Plan, y: Array) -> Array:
    """Members [m, ny, nx] of [m, channels, ny, nx], missing where the model makes nothing."""
    members = to_numpy(y)[:, 0]
    return members if plan.makes is None else np.where(plan.makes, members, np.float32(np.nan))


def _mixture(frame: Frame) -> str:
    """The closed form with its numbers."""
    return f"t = {frame.t:.3f}   xₜ = {number(frame.alpha)} x₀ + {number(frame.sigma)} ε"


def _caption(filmed: Filmed, run: bool) -> tuple[str, str]:
    """What is shown and where it is from; and schedule, seed, and of a run sampler, steps and model."""
    plan, recipe = filmed.plan, filmed.plan.recipe
    said, made_apart = filmed.facts.field.provenance, run and not plan.placed and plan.card is not None
    quantity = quantity_of(filmed.facts.field, plan if run else None).long_name.replace("_", " ")
    place = "" if made_apart else " ".join(filter(None, (last_name(said.get("path", "")), said.get("index"))))
    course = [f"{recipe.course.schedule.key} schedule"]
    if run:
        course += [f"{SAMPLERS[recipe.course.sampler].title}, {plan.steps} steps", f"model {recipe.denoiser.model}"]
    course.append(f"seed {recipe.course.seed}")
    return cut(" · ".join(filter(None, (quantity, place))), 200), cut(" · ".join(course), 200)
