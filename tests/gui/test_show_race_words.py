"""A race of samplers as lanes and in words."""

from types import SimpleNamespace

import numpy as np
import pytest
from moments import in_force

from diffview.gui.show import race_words
from diffview.gui.show.lanes import RaceMark
from diffview.reverse.samplers import SAMPLERS
from diffview.scores.race import Point

CLOSED, OWN = "closed form", "fine run of its own on the same path"


def race(*points, samplers=("ddim", "heun"), units=(10.0, "K"), end=None, lost=None, transform="standardise"):
    plan = in_force(steps=4, transform=transform).plan
    return SimpleNamespace(
        points=points, request=SimpleNamespace(samplers=samplers), units=units, plan=plan, end=end, lost=lost or {}
    )


def point(sampler, calls, error, truth=CLOSED, steps=None):
    return Point(sampler, steps or calls, calls, error, 0.25, truth)


def test_runs_are_grouped_by_sampler_and_sorted_by_calls():
    job = race(point("heun", 17, 0.1), point("ddim", 18, 0.2), point("ddim", 6, 0.4), point("heun", 9, 0.3))
    assert [(key, [p.evaluations for p in points]) for key, points in race_words.by_sampler(job)] == [
        ("ddim", [6, 18]),
        ("heun", [9, 17]),
    ]
    assert race_words.by_sampler(race()) == [] and race_words.lanes(race()) == []


def test_a_lane_has_the_order_of_its_sampler_and_errors_in_units_of_the_field():
    ddim, heun = race_words.lanes(race(point("heun", 17, 0.125, steps=9), point("ddim", 6, 0.4)))
    assert (ddim.name, ddim.order, ddim.style) == (SAMPLERS["ddim"].title, 1, 0)
    assert (heun.name, heun.order, heun.style) == (SAMPLERS["heun"].title, 2, 1)
    assert heun.marks == (
        RaceMark(
            17, 1.25, "Heun: 9 steps, 17 calls\nrms error 1.25 K, against the closed form\n0.25 s"
        ),
    )  # fmt: skip
    assert ddim.marks[0].y == pytest.approx(4.0)


def test_a_sampler_keeps_its_style_while_others_have_no_run_yet():
    keys = [key for key in SAMPLERS if key in ("ddim", "heun", "euler_ancestral", "ddpm")]
    last = keys[-1]
    (lane,) = race_words.lanes(race(point(last, 6, 0.4), samplers=tuple(reversed(keys))))
    assert lane.style == len(keys) - 1


def test_what_was_raced_in_words():
    job = race(point("ddim", 6, 0.4))
    top = float(job.plan.levels[0])
    course = job.plan.recipe.course
    said = race_words.said(job)
    assert said.startswith(
        f"gaussian, 1 fields of 64 × 64 pixels, {course.schedule.title}, {course.grid}, from s = {top:.1f}"
    )
    assert said.endswith("Truth: closed form.")
    even = race_words.said(race(end=0.05))
    assert "log-uniform levels down to s = 0.05, from s = " in even and "Truth" not in even


def test_two_truths_exact_ends_and_lost_samplers_are_told():
    lost = {"x": "x needs a consistency model."}
    job = race(point("ddim", 6, 0.4), point("heun", 9, 0.0), point("ddpm", 9, 0.1, OWN), lost=lost)
    said = race_words.said(job)
    assert f"Truth: {CLOSED}; {OWN}." in said
    assert said.endswith("Runs that end exactly on the truth are off the log axis. x needs a consistency model.")


def test_errors_of_bent_transforms_have_no_single_size():
    said = race_words.said(race(point("ddim", 6, 0.4), transform="log1p"))
    assert said.endswith(
        "Errors are in standard deviations: log1p is not linear, so an error has no single size in physical units."
    )
    assert np.isfinite(race_words.lanes(race(point("ddim", 6, 0.4)))[0].marks[0].at).all()
