"""What an ensemble costs on many workers: the scheduler, the workers and the disk of docs/scale.md, simulated.

Each block takes a time of its own (log-normal about its mean), is handed out by one scheduler that needs a moment for
each, is written to one disk that all share, and is read again by one driver that counts it. Workers fail at random and
lose their block. The parts are measured; what the machine would be is assumed, and stands in CASES.
"""

import argparse
import heapq
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffview.cluster.driver import JobOrder


@dataclass(frozen=True)
class Case:
    """One job on one machine.

    Attributes:
        blocks, members: how many blocks, and members of each.
        workers: that make blocks.
        block_s: seconds of a block on a worker; spread: of their logarithm.
        hand_s: seconds of the scheduler and the driver for each block: Dask, its callback, the status.
        count_s: seconds of the driver to read a block and count it.
        megabytes: of a block as written.
        disk: megabytes a second of the disk that all share.
        hours_between_failures: of one worker.
        start_s: until a lost worker is there again.
    """

    blocks: int
    members: int
    workers: int
    block_s: float
    hand_s: float
    count_s: float
    megabytes: float
    disk: float
    spread: float = 0.2
    hours_between_failures: float = 1000.0
    start_s: float = 120.0


@dataclass(frozen=True)
class Cost:
    """What it took.

    Attributes:
        hours: from the first block to the last that is counted.
        efficiency: time in blocks that count, of all that the workers were there.
        lost: blocks that were made again.
        busiest: what was at work longest, as a share of the hours, by its name.
    """

    hours: float
    efficiency: float
    lost: int
    busiest: dict[str, float]


FREE, MADE = 0, 1
"""Events: a worker that waits for a block, and a block that is made and to be written."""


def simulate(case: Case, seed: int = 0) -> Cost:
    """Run a job in simulated time, event by event."""
    rng, mu = random.Random(seed), -(case.spread**2) / 2
    writing = case.megabytes / case.disk
    scheduler = disk = driver = useful = 0.0  # when each is free again; seconds in blocks that count
    given, done, lost = 0, 0, 0
    events = [(0.0, FREE, worker, 0.0) for worker in range(case.workers)]
    while events:
        now, what, worker, spent = heapq.heappop(events)
        if what == MADE:
            disk = max(disk, now) + 2 * writing  # it is read again to be counted
            driver = max(driver, disk) + case.count_s
            useful, done = useful + spent, done + 1
            heapq.heappush(events, (max(now + writing, disk - writing), FREE, worker, 0.0))
        elif given < case.blocks:
            scheduler = max(scheduler, now) + case.hand_s
            spent = case.block_s * rng.lognormvariate(mu, case.spread)
            if rng.random() < spent / (3600 * case.hours_between_failures):
                lost += 1
                heapq.heappush(events, (scheduler + spent * rng.random() + case.start_s, FREE, worker, 0.0))
            else:
                given += 1
                heapq.heappush(events, (scheduler + spent, MADE, worker, spent))
    total = max(driver, disk)
    busy = {
        "scheduler": (given + lost) * case.hand_s, "disk": 2 * done * writing, "driver": done * case.count_s,
        "workers": useful / case.workers,
    }  # fmt: skip
    return Cost(total / 3600, useful / (case.workers * total), lost, {name: s / total for name, s in busy.items()})


MEASURED = Case(
    blocks=62_500, members=16, workers=1, block_s=0.018, hand_s=0.0011, count_s=0.0018, megabytes=0.24, disk=200.0
)
"""Blocks of 16 members of 64 x 64 pixels by `gaussian`, 18 steps, on one core, by --measure: 10^6 members."""

NETWORK_S = 4.5
"""Seconds of such a block by `rain64`: 63 evaluations of 0.0715 s, measured on one core."""

SHARED = {"workers": 64, "disk": 1000.0}
CASES = {
    "10^6 members 64 x 64, formula, 1 core": MEASURED,
    "the same, 64 cores": replace(MEASURED, **SHARED),
    "the same, 64 cores, blocks of 256": replace(
        MEASURED, **SHARED, blocks=3_907, members=256, block_s=0.29, count_s=0.029, megabytes=3.9
    ),
    "10^6 members 64 x 64, network, 64 cores": replace(MEASURED, **SHARED, block_s=NETWORK_S),
    "the same, 1024 cores": replace(MEASURED, workers=1024, disk=1000.0, block_s=NETWORK_S),
    "10 TB: 10^4 members 16,384 x 16,384, 64 GPUs": Case(
        blocks=10_000, members=1, workers=64, block_s=120.0, hand_s=0.001, count_s=12.3, megabytes=1074.0,
        disk=2000.0, hours_between_failures=500.0,
    ),
    "the same, each block 1 h": Case(
        blocks=10_000, members=1, workers=64, block_s=3600.0, hand_s=0.001, count_s=12.3, megabytes=1074.0,
        disk=2000.0, hours_between_failures=500.0,
    ),
}  # fmt: skip


def measure() -> None:
    """Print the parts of a block as they are on this machine: medians of processor seconds, and those of Dask."""
    from distributed import Client, LocalCluster

    from diffview.cluster.beginning import order_for
    from diffview.cluster.block import make_block
    from diffview.library.opened import open_field
    from diffview.paths import resource
    from diffview.runs.examples import RAIN
    from diffview.runs.recipe import Recipe
    from diffview.runs.resolve import resolve

    opened = open_field(
        Recipe.of(path=str(resource(RAIN)), dataset="/rain_drawn_by_rain64", model="gaussian", members=1600, block=16)
    )
    with tempfile.TemporaryDirectory() as folder:
        order = order_for(resolve(opened.recipe, opened.facts), opened.facts.field, Path(folder) / "job")
        make_block(order.work, 0)
        parts = {
            "block_s": _median(lambda i: make_block(order.work, i)),
            "count_s": _median(lambda i: _count(order, i)),
        }
        with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as local, Client(local) as client:
            client.gather(client.map(str, range(10)))
            began = time.process_time()
            client.gather([client.submit(str, i, pure=False) for i in range(500)])
            parts["hand_s"] = (time.process_time() - began) / 500
    print(", ".join(f"{name}={seconds:.2g}" for name, seconds in parts.items()))


def _count(order: "JobOrder", number: int) -> None:
    members = order.store.read(number)
    assert members is not None
    order.streamed.add(members)


def _median(work: Callable[[int], object], times: int = 15) -> float:
    spent = []
    for number in range(times):
        began = time.process_time()
        work(number)
        spent.append(time.process_time() - began)
    return sorted(spent)[times // 2]


def main() -> None:
    """Print a row for each case, or with --measure the parts of a block."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="print the parts of a block on this machine")
    if parser.parse_args().measure:
        measure()
        return
    print(f"{'job':<46} {'hours':>8} {'eff.':>6} {'lost':>5}  busiest")
    for name, case in CASES.items():
        cost = simulate(case)
        part, share = max(cost.busiest.items(), key=lambda pair: pair[1])
        print(f"{name:<46} {cost.hours:>8.2f} {cost.efficiency:>6.0%} {cost.lost:>5}  {part} {share:.0%}")


if __name__ == "__main__":
    main()
