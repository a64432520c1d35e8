"""The budgets: one function a row or two, in the table ROWS."""

import os
import statistics
from collections.abc import Callable

from diffview.bench import core
from diffview.bench.file_rows import opening, reading_gaps, slice_memory, stepping, tree
from diffview.bench.row import Row, Rows, percentile, spread


def start(quick: bool) -> Rows:
    """Starting, beside a bare pyqtgraph window."""
    count = 3 if quick else 9
    bare, starts = [], []
    for i in range(count + 1):
        peer, ours = core.child("-c", core.BARE_WINDOW), core.in_window("start")
        if i:  # the first pair fills the file cache
            bare.append(peer["usable"] - peer["begun"])
            starts.append({name: ours[name] - ours["begun"] for name in ("usable", "start", "frame")})

    def row(what: str, name: str, budget: float, clock: str) -> Row:
        times = [one[name] for one in starts]
        low = min(times) / min(bare)
        detail = (
            f"of minima {low:.2f}; {statistics.median(times):.2f} s (min {min(times):.2f}), "
            f"bare {statistics.median(bare):.2f} s (min {min(bare):.2f})"
        )
        return Row(what, clock, statistics.median(times) / statistics.median(bare), "x bare", budget, count, detail)

    return [
        row("start to usable window", "usable", 1.5, "process start -> first turn of the loop after the first paint"),
        row("start to first state of the run", "start", 2.5, "process start -> paint of step 0, the noise"),
        row("start to first live reverse frame", "frame", 2.5, "process start -> paint of a step the model made"),
    ]


SCRUBS = (
    (1600, 1000, 128, "closed", 1),
    (1600, 1000, 128, "chain", 1),
    (1920, 1080, 128, "closed", 1),
    (1600, 1000, 512, "closed", 1),
    (1600, 1000, 512, "chain", 1),
    (1920, 1080, 512, "closed", 1),
    (1920, 1080, 512, "chain", 1),
    (1920, 1080, 128, "closed", 2),
    (1920, 1080, 512, "closed", 2),
    (1920, 1080, 512, "chain", 2),
)
"""Window, side of the region, path, device pixels to a pixel."""


def scrub(quick: bool) -> Rows:
    """Scrubbing with every pane open."""
    rows = []
    for width, height, side, mode, scale in SCRUBS[-3::-3] if quick else SCRUBS:
        count = 60 if quick else 200
        what = f"scrub {side}x{side} {mode} in {width}x{height} at scale {scale}, p95"
        clock = "slider valueChanged -> end of the last linked paint"
        try:
            times = core.in_window("scrub", scale, width=width, height=height, side=side, mode=mode, count=count)[
                "times"
            ]
        except (RuntimeError, OSError, ValueError) as error:
            rows.append(Row(what, clock, error=str(error)))
            continue
        detail = f"p50 {percentile(times, 50):.1f}, max {max(times):.1f} ms"
        rows.append(Row(what, clock, percentile(times, 95), "ms", 16.7 if scale == 1 else 33.0, count, detail))
    return rows


def jump(quick: bool) -> Rows:
    """A jump to a time of the chain that was not drawn before."""
    count = 8 if quick else 30
    numbers = core.in_window("jump", side=512, count=count)
    times, strips = numbers["times"], numbers["strips"]
    clock = "slider valueChanged on a new seed's chain, its film strip drawn -> end of the last linked paint"
    strip_clock = "longest gap of the event loop in the 250 ms after the seed was edited"
    return [
        Row("cold chain jump 512x512, p95", clock, percentile(times, 95), "ms", 60.0, count, spread(times)),
        Row(
            "film strip of a new chain 512x512",
            strip_clock,
            statistics.median(strips),
            "ms",
            60.0,
            count,
            spread(strips),
        ),
    ]


def drag(quick: bool) -> Rows:
    """Dragging a handle of the schedule."""
    rows, count = [], 40 if quick else 150
    for side in (128, 512):
        times = core.in_window("drag", side=side, count=count)["times"]
        what = f"drag a handle, region {side}x{side}, p95"
        clock = "handleMoved -> end of the last linked paint"
        detail = f"p50 {percentile(times, 50):.1f}, max {max(times):.1f} ms; budget: a frame"
        rows.append(Row(what, clock, percentile(times, 95), "ms", 16.7, count, detail))
    return rows


def edit(quick: bool) -> Rows:
    """What a schedule edit recomputes."""
    times = core.schedule_edits(20 if quick else 100)
    clock = "new schedule -> plan, chain of T = 1000, x_t and its spectrum; no window"
    detail = spread(times) + "; budget: a frame"
    return [Row("schedule edit recomputed, p95", clock, percentile(times, 95), "ms", 16.7, len(times), detail)]


def chain(quick: bool) -> Rows:
    """The schedule itself after an edit."""
    times = core.schedule_chains(30 if quick else 300)
    slowest = max(times, key=lambda key: statistics.median(times[key]))
    clock = "parameters -> schedule -> chain of T = 1000, median of the slowest of all schedules"
    detail = f"slowest {slowest}; linear {statistics.median(times['linear']):.2g} ms"
    slow = times[slowest]
    return [Row("schedule recomputed", clock, statistics.median(slow), "ms", 1.0, len(slow), detail)]


def gaps(quick: bool) -> Rows:
    """The window while the sampling thread works."""
    seconds = 4.0 if quick else 20.0
    numbers = core.in_window("gaps", seconds=seconds)
    idle = percentile(numbers["idle"], 99)
    rows = [Row("event-loop gap, idle, p99", "1 ms timer, window shown", idle, "ms", None, len(numbers["idle"]))]
    for name, clock in (
        ("unseen", "1 ms timer, `local` samples in the thread, nothing drawn"),
        ("drawn", "1 ms timer, `local` samples, every new step drawn"),
    ):
        times = numbers[name]
        what = f"event-loop gap, `local` samples, {name}"
        detail = f"p50 {percentile(times, 50):.2f}, max {max(times):.1f} ms"
        rows.append(Row(f"{what}, p99", clock, percentile(times, 99), "ms", idle + 8, len(times), detail))
        rows.append(Row(f"{what}, p99.9", clock, percentile(times, 99.9), "ms", 50.0, len(times), detail))
    return rows


def network_gaps(quick: bool) -> Rows:
    """The window while a network samples, and while one is trained."""
    numbers = core.in_window("network_gaps", seconds=4.0 if quick else 30.0, warm_up=1.0 if quick else 10.0)
    idle = percentile(numbers["idle"], 99)
    rows = []
    for name, clock in (
        ("samples", "1 ms timer, `rain64` samples on the CPU, every new step drawn"),
        ("trains", "1 ms timer, a network of 32 channels is trained on the CPU, panel shown"),
    ):
        times = numbers[name]
        detail = f"p50 {percentile(times, 50):.2f}, max {max(times):.1f} ms; idle p99 {idle:.2f}"
        what = f"event-loop gap, a network {name}"
        rows.append(Row(f"{what}, p99", clock, percentile(times, 99), "ms", idle + 8, len(times), detail))
        rows.append(Row(f"{what}, p99.9", clock, percentile(times, 99.9), "ms", 50.0, len(times), detail))
    return rows


def torch_import(quick: bool) -> Rows:
    """The stall of importing torch."""
    worst, seconds = [], []
    for _ in range(1 if quick else 4):
        numbers = core.in_window("torch_import")
        worst.append(max(numbers["gaps"]))
        seconds.append(numbers["seconds"])
    what, clock = (
        "importing torch, longest event-loop gap",
        "1 ms timer, load_engine -> engine known; median of processes",
    )
    detail = f"{spread(worst)}; takes {statistics.median(seconds):.1f} s"
    return [Row(what, clock, statistics.median(worst), "ms", 250.0, len(worst), detail)]


def overhead(quick: bool) -> Rows:
    """What a run costs beyond its model."""
    rows = []
    for model, sampler, budget, rounds in (("gaussian", "ddpm", 1.3, 40), ("local", "ddim", 1.03, 5)):
        ours, bare = core.run_and_bare(model, sampler, max(1, rounds // 4) if quick else rounds)
        draws = " and one draw" if sampler == "ddpm" else ""
        clock = f"18 steps of {sampler} at 128x128: run() over the same denoiser calls{draws}, alternately"
        detail = f"run {statistics.median(ours):.2f} ms, bare {statistics.median(bare):.2f} ms"
        value = statistics.median(ours) / statistics.median(bare)
        rows.append(Row(f"run over bare `{model}`", clock, value, "x bare", budget, len(ours), detail))
    return rows


def local_step(quick: bool) -> Rows:
    """One step of `local`."""
    times = core.local_steps(1 if quick else 5)
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    clock = f"denoise(y, s), 1,000 crops of 64x64, down 18 levels; BLAS threads: {threads}"
    detail = f"{spread(times)}; the budget is for two threads"
    return [Row("`local`, a step", clock, statistics.mean(times), "ms", 25.0, len(times), detail)]


def network(quick: bool) -> Rows:
    """What a run of a network costs beyond its calls, and beside diffusers' pipeline where diffusers is installed."""
    from diffview.bench import networks

    ours, bare, calls = networks.run_and_bare_network(2 if quick else 8)
    value = statistics.median(ours) / statistics.median(bare)
    detail = f"run {statistics.median(ours):.0f} ms, bare {statistics.median(bare):.0f} ms, {calls} calls"
    rows = [Row("run over bare `rain64`", "a run over the same network calls, alternately; CPU", value, "x bare", 1.03,
                len(ours), detail)]  # fmt: skip
    clock = (
        f"{networks.STEPS} steps of DDIM, 64x64, same weights, float32: ours over diffusers' pipeline, alternately; CPU"
    )
    try:
        ours, theirs = networks.ours_and_diffusers(2 if quick else 8)
    except ImportError:
        return [*rows, Row("run over diffusers' pipeline", clock, error="diffusers is not installed")]
    value = statistics.median(ours) / statistics.median(theirs)
    detail = f"ours {statistics.median(ours):.0f} ms, diffusers {statistics.median(theirs):.0f} ms"
    rows.append(Row("run over diffusers' pipeline", clock, value, "x", 1 / 1.05, len(ours), detail))
    if gpu := networks.gpu_name():
        ours, theirs = networks.ours_and_diffusers(2 if quick else 8, "cuda", 16)
        middle = statistics.median(ours)
        detail = (
            f"ours {middle:.0f} ms, {1000 * networks.STEPS / middle:.0f} steps/s; "
            f"diffusers {statistics.median(theirs):.0f} ms"
        )
        value, what = middle / statistics.median(theirs), "run over diffusers' pipeline, 16 members on the GPU"
        rows.append(Row(what, clock.replace("CPU", gpu), value, "x", 1 / 3, len(ours), detail))
    return rows


def training(quick: bool) -> Rows:
    """What a training step costs beyond forward, backward and the optimiser."""
    from diffview.bench import networks

    ours, bare = networks.training_and_bare(2 if quick else 8)
    value = statistics.median(ours) / statistics.median(bare)
    detail = f"5 steps: ours {statistics.median(ours):.0f} ms, bare {statistics.median(bare):.0f} ms"
    clock = "advance() with batches of 16 at 64x64 over bare forward + backward + step, alternately; CPU"
    return [Row("training over bare", clock, value, "x bare", 1 / 0.95, len(ours), detail)]


def stop(quick: bool) -> Rows:
    """Stop."""
    count = 4 if quick else 12
    numbers = core.in_window("stop", count=count)
    call, times = statistics.median(numbers["calls"]), numbers["times"]
    step = statistics.median(numbers["steps"])
    detail = f"{spread(times)}; one call {call:.1f} ms alone, a step seen in the window {step:.1f} ms"
    clock = "click on Stop while `local` runs -> is_idle(); budget: one call + 20 ms"
    return [Row("Stop to idle, max", clock, max(times), "ms", call + 20, count, detail)]


def growth(quick: bool) -> Rows:
    """What long use leaves behind."""
    scrubs, runs = (100, 3) if quick else (400, 15)
    first, before, after = core.in_window("growth", scrubs=scrubs, runs=runs)["states"]
    times = f"{scrubs} scrubs and {runs} runs, after {2 * scrubs} and {2 * runs}"
    grown = {name: after[name] - before[name] for name in after}
    bytes_detail = f"the round before: {(before['bytes'] - first['bytes']) / 1e6:.1f} MB"
    references = max(abs(grown[name]) for name in ("None", "True", "False"))
    reference_detail = ", ".join(f"{name} {grown[name]:+d}" for name in ("None", "True", "False"))
    return [
        Row("growth of memory", f"resident bytes over {times}", grown["bytes"] / 1e6, "MB", 1.0, 1, bytes_detail),
        Row("growth of threads", f"over {times}", grown["threads"], "", 0.0, 1),
        Row("drift of references", f"getrefcount over {times}", references, "", 500.0, 1, reference_detail),
    ]


ROWS: dict[str, Callable[[bool], Rows]] = {
    f.__name__: f
    for f in (
        start, scrub, jump, drag, edit, chain, gaps, network_gaps, torch_import, overhead, local_step, network,
        training, stop, opening, tree, stepping, reading_gaps, slice_memory, growth,
    )
}  # fmt: skip
"""All measurements by name, in the order of the table; each takes whether to be quick."""
