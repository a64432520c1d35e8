"""Words of the first screen: what a beginner can try, and where the last window was."""

import os
import time
from typing import NamedTuple

from diffview.errors import UserError
from diffview.forward.schedules import PRESETS
from diffview.readers.many import files_of, is_many, last_name
from diffview.runs.kept_work import KeptWork

GO_ON = "Go on where I was"

HINTS: dict[str, tuple[str, str]] = {
    "drag": ("Drag a point", "A point of the schedule, in the timeline: how fast noise comes in"),
    "slide": ("Move the slider", "The one below the schedule: noise comes and goes"),
    "run": ("Press R", "A run makes a field out of noise"),
}
"""What to try, and what that does, by a key that is remembered once it is done."""

DAY_S = 86_400.0


class Offer(NamedTuple):
    """To go on: what it is about, and why that cannot be; "" if it can."""

    words: str
    why_not: str = ""


def offer_of(work: KeptWork, now: float) -> Offer:
    """File, time and schedule of work that was kept; asks the disk whether the file, or each of a set, is there."""
    file = work.source
    name = last_name(file) if file else "packaged field"
    key = work.recipe.course.schedule.key
    words = f"{name} · {when(work.saved, now)} · {key if key in PRESETS else 'own'} schedule"
    return Offer(words, _why_gone(file))


def when(saved: float, now: float) -> str:
    """A time as one says it: today 14:02, yesterday 9:15, 3 May 14:02, by the clock of this place."""
    then, clock = time.localtime(saved), time.strftime("%H:%M", time.localtime(saved))
    for days, word in ((0, "today"), (1, "yesterday")):
        if time.localtime(now - days * DAY_S)[:3] == then[:3]:
            return f"{word} {clock}"
    year = "" if then.tm_year == time.localtime(now).tm_year else f" {then.tm_year}"
    return f"{then.tm_mday} {time.strftime('%B', then)}{year} {clock}"


def _why_gone(file: str) -> str:
    """Why a file, or a set of them, cannot be opened any more; "" if it can."""
    if not file or os.path.exists(file):  # as a Path the name of a long list raises
        return ""
    try:
        there = is_many(file) and bool(files_of(file))
    except UserError as error:
        return str(error)
    return "" if there else f"{file} is not there any more: put it back, or open another file."
