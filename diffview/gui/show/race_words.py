"""A race of samplers: its lanes in the plot, and what was raced in words."""

from itertools import groupby

from diffview.fields.numbers import number
from diffview.gui.show.lanes import Lane, RaceMark
from diffview.reverse.samplers import SAMPLERS
from diffview.scores.race import Point, RaceRun


def by_sampler(job: RaceRun) -> list[tuple[str, list[Point]]]:
    """The runs of every sampler, in order of their calls."""
    keys = list(SAMPLERS)
    points = sorted(job.points, key=lambda point: (keys.index(point.sampler), point.evaluations))
    return [(key, list(group)) for key, group in groupby(points, lambda point: point.sampler)]


def lanes(job: RaceRun) -> list[Lane]:
    """A line for every sampler, in a style of its own, with a tooltip for each of its runs."""
    styles = [key for key in SAMPLERS if key in job.request.samplers]
    return [_lane(key, styles.index(key), points, *job.units) for key, points in by_sampler(job)]


def _lane(key: str, style: int, points: list[Point], one: float, units: str) -> Lane:
    info = SAMPLERS[key]
    marks = [
        RaceMark(
            point.evaluations, one * point.error,
            f"{info.title}: {point.steps} steps, {point.evaluations} calls\n"
            f"rms error {number(one * point.error)} {units}, against the {point.truth}\n{point.seconds:.3g} s",
        )
        for point in points
    ]  # fmt: skip
    return Lane(info.title, info.order, style, tuple(marks))


def said(job: RaceRun) -> str:
    """What was raced, against which truth, in which units, and which samplers could not race."""
    course, parts = job.plan.recipe.course, []
    where = (
        f"log-uniform levels down to s = {number(job.end)}" if job.end else f"{course.schedule.title}, {course.grid}"
    )
    count, *_, ny, nx = job.plan.shape
    top = number(job.plan.levels[0])
    parts.append(f"{job.plan.recipe.denoiser.model}, {count} fields of {ny} × {nx} pixels, {where}, from s = {top}.")
    truths = sorted({point.truth for point in job.points})
    if truths:
        parts.append(f"Truth: {'; '.join(truths)}.")
    if not job.plan.made_in.linear:
        parts.append(
            f"Errors are in standard deviations: {job.plan.made_in.key} is not linear, so an error has no single "
            "size in physical units."
        )
    if any(point.error == 0 for point in job.points):
        parts.append("Runs that end exactly on the truth are off the log axis.")
    parts.extend(job.lost.values())
    return " ".join(parts)
