"""What is said of a job of a cluster: how far it is, how fast, and which blocks failed."""

from diffview.cluster.connecting import Connecting
from diffview.cluster.standing import Standing
from diffview.errors import UserError
from diffview.runs.job import FINISHED, RUNNING

MOST_TOLD = 8
"""Failed blocks that are told one by one."""


def headline(standing: Standing, driven: bool) -> str:
    """How far it is."""
    how = standing.state if standing.state != RUNNING or driven else "broken off"
    done = f"block {standing.done_count:,} of {standing.blocks:,}, {standing.made:,} of {standing.members:,} members"
    return f"{how.capitalize()}: {done}."


def speed(standing: Standing, driven: bool) -> str:
    """How fast it goes, and how long it will take; nothing of one at rest."""
    if not driven or standing.state == FINISHED:
        return ""
    left = "" if standing.left is None else f", {waiting(standing.left)} left"
    return f"{standing.rate:.3g} members/s on {standing.workers} workers ({standing.on}){left}"


def answer(job: Connecting) -> str:
    """Who works at an address, or why that is not known."""
    if isinstance(job.error, UserError):
        return str(job.error)
    if job.state != FINISHED:
        return f"{job.address} is being asked…" if job.active else ""
    if not job.workers:
        return f"{job.address} answers, and no worker is there yet: blocks wait until one comes."
    workers = "1 worker answers" if job.workers == 1 else f"{job.workers:,} workers answer"
    return f"{workers} at {job.address}."


def waiting(seconds: float) -> str:
    """A time to wait, to one unit: 42 s, 3 min, 2 h."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def failures(standing: Standing) -> str:
    """The blocks that failed, each with its reason, and why the job ended if it did."""
    told = [f"Block {number}: {why}" for number, why in list(standing.failed.items())[:MOST_TOLD]]
    more = len(standing.failed) - len(told)
    return "\n".join([*([standing.said] if standing.said else []), *told, *([f"{more} more failed."] if more else [])])
