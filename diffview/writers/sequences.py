"""The content of files with several fields at once: days made for their mean, and rain beside its channels."""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from diffview import __version__
from diffview.fields.daily import EPOCH, date_text
from diffview.models.days import DaysMade
from diffview.writers.exports import PIXELS, Content, SourceRegion, Values, members_of
from diffview.writers.quantity import clean, quantity_of


def days_content(made: DaysMade) -> Content:
    """Members of every day [member, time, y, x] and the mean that was given [y, x], in physical units."""
    what, said = quantity_of(made.of.field), made.of.field.provenance
    path = str(said.get("path", ""))
    span = [date_text(int(day), made.calendar) for day in (made.days[0], made.days[-1])]
    when = {"long_name": "day", "standard_name": "time", "units": EPOCH, "calendar": made.calendar, "axis": "T"}
    variables = {
        "member": members_of(len(made.values), made.first),
        "time": Values(("time",), made.days.astype(np.float64), when),
        what.name: Values(("member", "time", *PIXELS), made.values, what.cf(cell_methods="time: mean")),
        f"{what.name}_mean": Values(PIXELS, np.asarray(made.mean, np.float32), what.cf("the mean that was given")),
    }  # fmt: skip
    title = f"{what.long_name}, days made for the mean from {span[0]} to {span[1]}"
    comment = (
        f"Every day was made by {made.law.said}, fitted to {made.fitted_to} ({made.law.windows:,} sequences), given "
        "their mean. No day is one that was observed; the mean over the days of every member is the one that was given."
    )
    attributes = {
        "title": title, "source": f"diffview {__version__}", "comment": comment,
        "history": f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} diffview {__version__}: {title}",
        "diffview_version": __version__, "diffview_seed": str(made.seed), "diffview_model": "gaussian, days",
        "diffview_source_file": Path(path).name, "diffview_source_dataset": made.of.dataset,
        "license": said.get("licence", ""), "institution": said.get("institution", ""),
    }  # fmt: skip
    place = SourceRegion(path, made.of.dataset, made.region, made.of.field.coords, axes=made.of.axes)
    kept = {name: text for name, text in attributes.items() if text}
    return Content(made.mean.shape, variables, kept, made.of.field.pixel_km, place, path)


def channels_content(
    name: str, units: str, channels: Mapping[str, tuple[NDArray[np.floating], str]], members: NDArray[np.floating],
    truth: NDArray[np.floating], synthetic: bool = True,
) -> Content:  # fmt: skip
    """Channels [case, y, x] with their units, members [member, case, y, x], their mean and spread, and the truth."""
    word, dims = clean(name), ("case", *PIXELS)
    about = {"units": units or "1", "long_name": name.replace("_", " ")}
    variables = {"member": members_of(len(members), 0)}
    for key, (values, unit) in channels.items():
        said = {"units": unit or "1", "long_name": key}
        if synthetic:
            said |= {"long_name": f"{key}, SYNTHETIC: computed from the truth", "synthetic": "true"}
        variables[clean(f"synthetic_{key}" if synthetic else f"channel_{key}")] = Values(dims, values, said)
    variables[word] = Values(("member", *dims), members, {**about, "comment": "made by a formula from the channels"})
    for which, made in (("mean", members.mean(0)), ("spread", members.std(0, ddof=1)), ("truth", truth)):
        variables[f"{word}_{which}"] = Values(dims, made, {**about, "long_name": f"{about['long_name']}, {which}"})
    kind = "synthetic channels" if synthetic else "channels"
    attributes = {
        "title": f"{about['long_name']} from {kind}, by a Gaussian law with cross-spectra",
        "source": f"diffview {__version__}", "diffview_version": __version__,
        "comment": "The channels are synthetic: they were computed from the truth, and no satellite saw them."
        if synthetic else "The channels were matched with the truth by time.",
    }  # fmt: skip
    return Content((truth.shape[-2], truth.shape[-1]), variables, attributes)
