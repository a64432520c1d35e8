"""The budgets under load and at all sizes: fits, growth with the size, a busy machine, long use."""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from diffview.bench import core, files, sizes
from diffview.bench.row import Row, Rows, median, spread

BUSY_FRAME_MS = 33.0
"""The most that a frame may take beside two processes that spin."""

SOAK_MINUTES, QUICK_SOAK_MINUTES = 2.0, 0.5


def fit(quick: bool) -> Rows:
    """Fitting a formula to regions of several sizes."""
    rows, count = [], 1 if quick else 3
    for model, budget in (("gaussian", 500.0), ("local", None)):
        for side in (128, 512) if quick else (128, 256, 512):
            found = [core.child("-m", "diffview.bench.sizes", model, str(side)) for _ in range(count)]
            crops, times = found[0]["count"], [one["time"] for one in found]
            what, clock = (
                f"fit of `{model}`, {side}x{side}",
                "crops cut, fitted and called once, in a process of its own",
            )
            rows.append(median(what, clock, times, budget, f"{spread(times)}; {crops} crops"))
            taken = [one["bytes"] / 1e6 for one in found]
            clock = "resident bytes at most over those before"
            rows.append(Row(f"memory of it, {side}x{side}", clock, max(taken), "MB", 200.0, count, spread(taken, "MB")))
    return rows


def scaling(quick: bool) -> Rows:
    """Time for each unit of work, from one size to the next."""
    rounds = 2 if quick else 6
    kinds: tuple[tuple[str, str, tuple[int, ...], Callable[..., list[list[float]]]], ...] = (
        ("pixel of a region, a run of `gaussian`", "us", (64, 128, 256, 512), sizes.per_pixel),
        ("member, a run of `gaussian` at 128x128", "ms", (1, 4, 16), sizes.per_member),
        ("row of a chain of T rows", "us", (1000, 10_000, 100_000), sizes.per_row),
    )
    rows = []
    for what, unit, asked, measured in kinds:
        each = [min(times) for times in measured(asked, rounds)]
        steps = [after / before for before, after in pairwise(each)]
        detail = ", ".join(f"{size}: {time:.3g} {unit}" for size, time in zip(asked, each, strict=True))
        clock = "least of the rounds, from each size to the next; the largest of these ratios"
        rows.append(Row(f"time for a {what}", clock, max(steps), "x", 1.5, rounds, detail))
    return [*rows, _tree_growth()]


def _tree_growth() -> Row:
    counts, each = (1000, 10_000), []
    for count in counts:
        with files.written(files.WRITE_MANY, count) as path:
            each.append(1000 * core.in_window("tree", path=path)["rows"] / count)
    detail = ", ".join(f"{count}: {time:.3g} us" for count, time in zip(counts, each, strict=True))
    clock = "open_file -> first rows in the tree, over the objects of the file; the ratio of both sizes"
    return Row("time for an object of a file's tree", clock, each[1] / each[0], "x", 1.5, 1, detail)


@contextlib.contextmanager
def spinning(count: int = 2) -> Iterator[None]:
    """Processes that keep as many cores busy as they can."""
    script = "while True:\n    pass"
    others = [subprocess.Popen([sys.executable, "-I", "-c", script]) for _ in range(count)]
    try:
        yield
    finally:
        for process in others:
            process.kill()
            process.wait()


def busy(measures: tuple[Callable[[bool], Rows], ...], quick: bool) -> Rows:
    """The rows of some measurements beside two processes that spin: a frame may take 33 ms there."""
    with spinning():
        rows = [row for measure in measures for row in measure(quick)]
    return [
        replace(row, what=f"busy machine: {row.what}", budget=row.budget and max(row.budget, BUSY_FRAME_MS))
        for row in rows
    ]


def soak(quick: bool, minutes: float | None = None) -> Rows:
    """What long use leaves behind: the last cycle over the one in the middle."""
    asked = minutes or (QUICK_SOAK_MINUTES if quick else SOAK_MINUTES)
    slices = 12
    with files.written(files.WRITE_STEPS, slices, "uncompressed") as path:
        limit = core.CHILD_LIMIT_S + 240 * asked
        numbers = core.in_window("soak", limit_s=limit, minutes=asked, path=path, slices=slices)
    states, rounds = numbers["states"], numbers["rounds"]
    middle, last = states[(len(states) - 1) // 2], states[-1]
    over = (
        f"rounds {rounds * (states.index(middle) + 1) // len(states)} to {rounds} of scrubs, drags, edits, runs, slices"
    )
    rows = []
    for name, unit, scale, budget in (
        ("bytes", "MB", 1e6, 8.0), ("descriptors", "", 1, 0.0), ("widgets", "", 1, 0.0), ("threads", "", 1, 0.0),
        ("references", "", 1, None),
    ):  # fmt: skip
        what = {"bytes": "resident memory", "references": "references to None"}.get(name, name)
        all_of = ", ".join(f"{state[name] / scale:.4g}" for state in states[-5:])
        detail = f"{last['minutes']:.1f} minutes; at the end of the last cycles {all_of} {unit}".strip()
        grown = (last[name] - middle[name]) / scale
        rows.append(Row(f"soak: growth of {what}", f"over {over}", grown, unit, budget, len(states), detail))
    return rows
