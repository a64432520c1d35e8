"""The budgets: one function a row or two, in the table ROWS."""

import os
import statistics
from collections.abc import Callable

from diffview.bench import core
from diffview.bench.file_rows import opening, reading_gaps, slice_memory, stepping, tree
from diffview.bench.load_rows import busy as beside_spinning
from diffview.bench.load_rows import fit, scaling, soak
from diffview.bench.peers import peers
from diffview.bench.row import Row, Rows, gap_rows, median, p95, percentile, ratio, spread


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
        what = f"scrub {side}x{side} {mode} in {width}x{height} at scale {scale}"
        clock = "slider valueChanged -> end of the last linked paint"
        asked: core.Numbers = {"width": width, "height": height, "side": side, "mode": mode, "count": count}
        try:
            numbers = core.in_window("scrub", scale, **asked)
        except (RuntimeError, OSError, ValueError) as error:
            rows.append(Row(f"{what}, p95", clock, error=str(error)))
        else:
            rows.append(_moves(what, clock, numbers, 16.7 if scale == 1 else 33.0))
    return rows


def _moves(what: str, clock: str, numbers: core.Numbers, budget: float, more: str = "") -> Row:
    """The row of many moves of a hand; their processor time tells how much of it other programs took."""
    times, spent = numbers["times"], numbers["spent"]
    detail = f"p50 {percentile(times, 50):.1f}, max {max(times):.1f} ms"
    own = f"processor time of the thread p50 {percentile(spent, 50):.1f}, p95 {percentile(spent, 95):.1f} ms"
    return p95(what, clock, times, budget, f"{detail}; {own}{more}")


def jump(quick: bool) -> Rows:
    """A jump to a time of the chain that was not drawn before."""
    count = 8 if quick else 30
    numbers = core.in_window("jump", side=512, count=count)
    times = numbers["times"]
    clock = "slider valueChanged on a new seed's chain, its film strip drawn -> end of the last linked paint"
    strip_clock = "longest gap of the event loop in the 250 ms after the seed was edited"
    return [
        p95("cold chain jump 512x512", clock, times, 60.0, spread(times)),
        median("film strip of a new chain 512x512", strip_clock, numbers["strips"], 60.0),
    ]


def drag(quick: bool) -> Rows:
    """Dragging a handle of alpha_bar, and one of beta_t."""
    rows, count = [], 40 if quick else 150
    clock = "handleMoved -> end of the last linked paint; budget: a frame"
    for what, quantity in (("a handle", "alpha_bar"), ("beta_t", "beta")):
        for side in (128, 512):
            numbers = core.in_window("drag", side=side, count=count, quantity=quantity)
            rows.append(_moves(f"drag {what}, region {side}x{side}", clock, numbers, 16.7))
    return rows


def edit(quick: bool) -> Rows:
    """What a schedule edit recomputes."""
    times = core.schedule_edits(20 if quick else 100)
    clock = "new schedule -> plan, chain of T = 1000, x_t and its spectrum; no window"
    return [p95("schedule edit recomputed", clock, times, 16.7, spread(times) + "; budget: a frame")]


def chain(quick: bool) -> Rows:
    """The schedule itself after an edit."""
    times = core.schedule_chains(30 if quick else 300)
    slowest = max(times, key=lambda key: statistics.median(times[key]))
    clock = "parameters -> schedule -> chain of T = 1000, median of the slowest of all schedules"
    detail = f"slowest {slowest}; linear {statistics.median(times['linear']):.2g} ms"
    return [median("schedule recomputed", clock, times[slowest], 1.0, detail)]


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
        rows += gap_rows(f"`local` samples, {name}", clock, numbers[name], idle)
    return rows


def network_gaps(quick: bool) -> Rows:
    """The window while a network samples, and while one is trained."""
    numbers = core.in_window("network_gaps", seconds=4.0 if quick else 30.0, warm_up=1.0 if quick else 10.0)
    idle = percentile(numbers["idle"], 99)
    rows: Rows = []
    for name, clock in (
        ("samples", "1 ms timer, `rain64` samples on the CPU, every new step drawn"),
        ("trains", "1 ms timer, a network of 32 channels is trained on the CPU, panel shown"),
    ):
        rows += gap_rows(f"a network {name}", clock, numbers[name], idle, f"; idle p99 {idle:.2f}")
    return rows


def ensemble(quick: bool) -> Rows:
    """The window while a run makes many members, and shows their spread: 30 frames a second."""
    rows, count = [], 40 if quick else 150
    for model in ("local", "rain64"):
        numbers = core.in_window("ensemble", model=model, members=256, side=64, count=count)
        gap = f"; gap of the event loop, p99 {percentile(numbers['gaps'], 99):.1f} ms"
        clock = (
            "slider valueChanged -> end of the last linked paint, a run going, the spread shown; budget: 30 a second"
        )
        rows.append(_moves(f"scrub while `{model}` makes 256 members of 64x64", clock, numbers, 1000 / 30, gap))
    return rows


def torch_import(quick: bool) -> Rows:
    """The stall of importing torch."""
    worst, seconds = [], []
    for i in range(2 if quick else 5):
        numbers = core.in_window("torch_import")
        if i:  # the first one compiles the modules of torch, and fills the file cache
            worst.append(max(numbers["gaps"]))
            seconds.append(numbers["seconds"])
    clock = "1 ms timer, load_engine -> engine known; median of processes"
    detail = f"{spread(worst)}; takes {statistics.median(seconds):.1f} s"
    return [median("importing torch, longest event-loop gap", clock, worst, 100.0, detail)]


def overhead(quick: bool) -> Rows:
    """What a run costs beyond its model."""
    rows = []
    for model, sampler, budget, rounds in (("gaussian", "ddpm", 1.3, 40), ("local", "ddim", 1.03, 5)):
        ours, bare = core.run_and_bare(model, sampler, max(1, rounds // 4) if quick else rounds)
        draws = " and one draw" if sampler == "ddpm" else ""
        clock = f"18 steps of {sampler} at 128x128: run() over the same denoiser calls{draws}, alternately"
        rows.append(ratio(f"run over bare `{model}`", clock, budget, ours, bare))
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

    rounds = 2 if quick else 8
    times, calls = networks.run_and_bare_network(rounds)
    clock = f"a run over the same {calls} calls of the network, alternately; CPU"
    rows = [ratio("run over bare `rain64`", clock, 1.03, *times)]
    clock = f"{networks.STEPS} steps of DDIM, 64x64, same weights, float32: ours over diffusers', alternately; CPU"
    what = "run over diffusers' pipeline"
    try:
        rows.append(ratio(what, clock, 1 / 1.05, *networks.ours_and_diffusers(rounds), "diffusers"))
    except ImportError:
        return [*rows, Row(what, clock, error="diffusers is not installed")]
    if gpu := networks.gpu_name():
        times = networks.ours_and_diffusers(rounds, "cuda", 16)
        rows.append(ratio(f"{what}, 16 members on the GPU", clock.replace("CPU", gpu), 1 / 3, *times, "diffusers"))
    return rows


def training(quick: bool) -> Rows:
    """What a training step costs beyond forward, backward and the optimiser."""
    from diffview.bench import networks

    clock = "5 advance() with batches of 16 at 64x64 over bare forward + backward + step, alternately; CPU"
    return [ratio("training over bare", clock, 1 / 0.95, *networks.training_and_bare(2 if quick else 8))]


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


def busy(quick: bool) -> Rows:
    """What the hand feels, beside two processes that spin."""
    return beside_spinning((scrub, jump, drag, gaps, network_gaps, torch_import), quick)


ROWS: dict[str, Callable[..., Rows]] = {
    f.__name__: f
    for f in (
        start, scrub, jump, drag, edit, chain, gaps, network_gaps, ensemble, torch_import, overhead, local_step,
        network, training, stop, opening, tree, stepping, reading_gaps, slice_memory, growth,
        fit, scaling, peers, busy, soak,
    )
}  # fmt: skip
"""All measurements by name, in the order of the table; each takes whether to be quick."""
