"""What is said of what is taught in one and two dimensions, and the curves of its steps; without Qt."""

from typing import Any

from diffview.fields.numbers import number
from diffview.gui.show.lines import Line
from diffview.reverse.step_law import StepLaw
from diffview.runs.point_runs import PointRun, Walker


def walker_words(walker: Walker, kind: str) -> str:
    """Which sampler draws the paths of a kind."""
    return f"{kind}: {walker.info.title}"


def step_words(small: StepLaw, large: StepLaw) -> str:
    """What a small and a large step back are, and how far a Gaussian is from them."""
    return " ".join(
        f"β = {law.beta:.2g}: {'one bell' if law.humps == 1 else f'{law.humps} humps'}, "
        f"of which a Gaussian misses {100 * law.missed:.0f} %."
        for law in (small, large)
    )


def step_lines(small: StepLaw, large: StepLaw) -> list[Line]:
    """Both as curves of the same height."""
    names = ("small step", "reverse", small), ("large step", "forward", large)
    return [Line(name, token, law.x, law.density / law.density.max()) for name, token, law in names]


def cloud_words(count: int, view: Any, run: PointRun | None) -> str:
    """What the points do, at which t."""
    if run is None:
        waits = view.cloud_way == "return"
        return "Nothing is learnt yet: Learn trains a network." if waits else f"{count} points, noise put in."
    steps = len(run.states) - 1
    return f"{count} points, {run.walker.info.title}, {steps} of {len(run.levels) - 1} steps."


def learning_words(job: Any, active: bool) -> str:
    """How far a network has come that learns points."""
    if job is None:
        return ""
    if job.newest is None:
        return "torch is loaded..." if active else ""
    losses = job.newest.curve[1]
    return f"{'Learning' if active else 'Learnt'}: {job.newest.step} steps, loss {number(float(losses[-1]))}."
