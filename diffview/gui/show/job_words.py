"""What is said of a job of a cluster: how far it is, how fast, and which blocks failed."""

from diffview.cluster.standing import Standing
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
