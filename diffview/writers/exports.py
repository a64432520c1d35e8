"""The content of exported files: the forward state, a run or an ensemble, in physical units and with its provenance.

A `Content` is plain data: variables and attributes of a netCDF file, which `writers.netcdf` writes.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview import __version__
from diffview.fields.field import Field, Region
from diffview.fields.transforms import Transform
from diffview.forward.state import Forward
from diffview.models.choice import TrainingCrops
from diffview.reverse.samplers import Step
from diffview.runs.by_parts import FilledPicture
from diffview.runs.plan import Plan
from diffview.runs.recipe import Recipe
from diffview.writers.quantity import WrittenQuantity, quantity_of

Array = NDArray[Any]

PIXELS = ("y", "x")
"""Stand for the two dimensions of a picture, which get their names from its coordinates."""


@dataclass(frozen=True, eq=False)
class Values:
    """One variable.

    Attributes:
        dims: names of its dimensions; the last two of a picture are PIXELS.
        values: NaN where missing.
        attributes: of CF.
        back: the transform whose inverse gives the physical values that are written; None: `values` are written.
    """

    dims: tuple[str, ...]
    values: Array
    attributes: Mapping[str, Any]
    back: Transform | None = None


@dataclass(frozen=True, eq=False)
class SourceRegion:
    """The region of a file that a picture was made from, for its coordinates.

    Attributes:
        path, dataset: the file and the variable.
        region: the rectangle of the oriented picture.
        coords: its coordinates if they are known, as `Field.coords` has them; else they are read from the file.
        coarsen, refine: pixels a side of the file's picture that make one of this, or of this that one stands for.
        axes: which axes of the variable are its rows and columns; None: those that look like a map.
        index: of the axes that are not shown, in the order of the file; () where it is not known.
    """

    path: str
    dataset: str
    region: Region
    coords: Mapping[str, Array]
    coarsen: int = 1
    refine: int = 1
    axes: tuple[int, int] | None = None
    index: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Content:
    """The content of a file.

    Attributes:
        shape: (ny, nx) of its pictures.
        variables: by name.
        attributes: of the file.
        pixel_km: (height, width) of a pixel, or None.
        region: where it lies in its source; None for what lies nowhere on Earth.
        source: the file that the data came from, whose checksum is written; "" if there is none.
        fitted_to: another file that a formula was fitted to, whose checksum is written too; "" if there is none.
    """

    shape: tuple[int, int]
    variables: Mapping[str, Values]
    attributes: Mapping[str, Any]
    pixel_km: tuple[float, float] | None = None
    region: SourceRegion | None = None
    source: str = ""
    fitted_to: str = ""


def forward_content(forward: Forward, t: float, of: Field, recipe: Recipe, transform: Transform) -> Content:
    """x_0 and x_t of a region in physical units, the noise between them, and where they lie.

    Args:
        forward: of the region.
        t: time of its schedule.
        of: the open field.
        recipe: that makes the same again, with its region.
        transform: of the field.
    """
    what, frame = quantity_of(of), forward.at(t)
    eps = np.where(forward.missing, np.float32(np.nan), forward.eps(min(frame.s, forward.schedule.s_max)))
    mixture = f"x_t = {frame.alpha:.9g} x_0 + {frame.sigma:.9g} eps in standardised units."
    extra = {"coordinates": "t s", "comment": mixture}
    variables = {
        what.name: Values(PIXELS, forward.x0, what.cf(), transform),
        "x_t": Values(PIXELS, frame.x_t, what.cf(f"with noise at t = {frame.t:.6g}", **extra), transform),
        "eps": Values(PIXELS, eps, {"long_name": "accumulated noise, of unit variance", "units": "1"}),
        **_scalars(t=frame.t, s=frame.s, alpha=frame.alpha, sigma=frame.sigma),
    }
    title = f"{what.long_name} with noise at t = {frame.t:.6g}"
    return content_of(title, variables, of, recipe, transform, frame.x_t.shape, recipe.source.region)


def field_content(of: Field, recipe: Recipe) -> Content:
    """A whole field as it was read, and where it lies."""
    what, whole = quantity_of(of), Region(0, 0, *of.values.shape)
    values = {what.name: Values(PIXELS, of.values, what.cf())}
    return content_of(what.long_name, values, of, recipe, Transform("identity"), of.values.shape, whole)


def _scalars(**values: float) -> dict[str, Values]:
    return {name: Values((), np.array(value, np.float64), _LEVELS[name]) for name, value in values.items()}


_LEVELS: dict[str, dict[str, Any]] = {
    "t": {"long_name": "time of the schedule: 0 is the field, 1 is noise", "units": "1"},
    "s": {"long_name": "noise level, sigma/alpha, in standardised units", "units": "1"},
    "alpha": {"long_name": "share of the field", "units": "1"},
    "sigma": {"long_name": "share of the noise", "units": "1"},
}


def run_content(plan: Plan, of: Field, steps: Sequence[Step]) -> Content:
    """The recorded steps of a run: x_t and x0_hat, [step, member, y, x], in physical units."""
    what = quantity_of(of, plan)
    x_t, x0_hat = recorded(plan, steps, 0)
    dims = ("step", "member", *PIXELS)
    along = {"coordinates": "t s"}
    variables = {
        **recorded_axes(plan, steps),
        "x_t": Values(dims, _masked(plan, x_t), what.cf("the state of the run", **along), plan.made_in),
        "x0_hat": Values(dims, _masked(plan, x0_hat), what.cf("estimate of the clean field", **along), plan.made_in),
    }
    return made_content(f"A run: {what.long_name}", variables, plan, of)


def recorded(plan: Plan, steps: Sequence[Step], channel: int) -> tuple[Array, Array]:
    """x_t and x0_hat of a channel of recorded steps, [step, member, ...], standardised; NaN where there is none yet."""
    schedule = plan.recipe.course.schedule
    scale = [np.float32(schedule.scale(float(step.s))) for step in steps]
    x_t = np.stack([c * np.asarray(step.y)[:, channel] for c, step in zip(scale, steps, strict=True)])
    none = np.full_like(x_t[0], np.nan)
    hats = [none if step.x0_hat is None else np.asarray(step.x0_hat)[:, channel] for step in steps]
    return x_t, np.stack(hats)


def recorded_axes(plan: Plan, steps: Sequence[Step]) -> dict[str, Values]:
    """Steps and members of a record, and the noise level and the calls of the model at every step."""
    levels = np.array([step.s for step in steps])
    made_at = np.array([np.nan if step.s_eval is None else step.s_eval for step in steps])
    evaluations = np.array([step.evaluations for step in steps], np.int32)
    index = np.array([step.index for step in steps], np.int32)
    return {
        "step": Values(("step",), index, {"long_name": "step of the run", "units": "1"}),
        "member": members_of(plan.shape[0], plan.recipe.ensemble.first_member),
        "t": Values(("step",), np.atleast_1d(plan.recipe.course.schedule.t_of(levels)), _LEVELS["t"]),
        "s": Values(("step",), levels, _LEVELS["s"]),
        "s_eval": Values(("step",), made_at, {"long_name": "noise level that x0_hat was made at", "units": "1"}),
        "evaluations": Values(("step",), evaluations, {"long_name": "calls of the model so far", "units": "1"}),
    }


def ensemble_content(plan: Plan, of: Field, last: Step) -> Content:
    """The members at the end of a run [member, y, x], their mean and their spread, in physical units."""
    what = quantity_of(of, plan)
    first = plan.recipe.ensemble.first_member
    variables = _ensemble(what, _masked(plan, _pictures(last.y)), plan.made_in, first)
    return made_content(f"{plan.shape[0]} made by {plan.recipe.denoiser.model}: {what.long_name}", variables, plan, of)


def filled_content(made: FilledPicture, of: Field) -> Content:
    """A whole picture whose gaps were filled by parts [member, y, x], mean and spread, in physical units."""
    plan, what = made.plan, quantity_of(of, made.plan)
    variables = _ensemble(what, made.members, Transform("identity"), plan.recipe.ensemble.first_member)
    whole = Region(0, 0, *of.values.shape)
    label = plan.recipe.denoiser.model if plan.model is None else plan.model.label
    variables["generated"] = _generated(plan, made.filled)
    variables[f"{what.name}_truth"] = Values(PIXELS, of.values, what.cf("the field itself"))
    recipe = plan.settled.but(region=None, members=len(made.members))
    title = f"Gaps filled by {label}: {what.long_name}"
    content = content_of(title, variables, of, recipe, plan.made_in, of.values.shape, whole)
    comment = (
        f"Pixels that the field has were given to the model; those flagged as generated were made in {made.parts} "
        f"parts of at most {plan.region.ny} x {plan.region.nx} pixels, one after the other. The recipe, which "
        "names no region, gives the same again, with the same mask of what is never filled."
    )
    more = {"comment": comment, "diffview_model": label, "diffview_sampler": recipe.course.sampler}
    return replace(content, attributes={**content.attributes, **more})


def _ensemble(what: WrittenQuantity, made: Array, back: Transform, first: int) -> dict[str, Values]:
    """Members [member, y, x], and of several their mean and spread in physical units."""
    variables = {
        "member": members_of(len(made), first),
        what.name: Values(("member", *PIXELS), made, what.cf(), back),
    }
    if len(made) > 1:
        physical = back.inverse(made)
        mean, spread = physical.mean(axis=0), physical.std(axis=0, ddof=1)
        for name, values, method in (("mean", mean, "mean"), ("spread", spread, "standard_deviation")):
            attributes = what.cf(f"{name} over the members", cell_methods=f"realization: {method}")
            if "units_metadata" in attributes and name == "spread":
                attributes["units_metadata"] = "temperature: difference"
            variables[f"{what.name}_{name}"] = Values(PIXELS, values, attributes)
    return variables


def _pictures(y: Array) -> Array:
    """[members, ny, nx] of [members, channels, ny, nx]: the first channel, which is the only one of a field."""
    return np.asarray(y)[:, 0]


def members_of(count: int, first: int) -> Values:
    """The numbers of so many members, as a coordinate."""
    attributes = {"long_name": "member of the ensemble", "standard_name": "realization", "units": "1"}
    return Values(("member",), np.arange(first, first + count, dtype=np.int32), attributes)


def _masked(plan: Plan, values: Array) -> Array:
    """The values, missing where the model makes none."""
    return values if plan.makes is None else np.where(plan.makes, values, np.float32(np.nan))


def made_content(title: str, variables: Mapping[str, Values], plan: Plan, of: Field) -> Content:
    """What a model made: it lies on Earth only if the run started from the field or was conditioned on it."""
    recipe, card = plan.recipe, plan.card
    placed = plan.placed
    source = of if placed or card is None else None
    start = "It has no place on Earth."
    if recipe.start.origin == "field":
        start = f"It started from the field noised to s = {plan.levels[0]:.6g}."
    elif placed:
        start = "It was conditioned on coarse means of the field."
    comment = f"Every pixel was made by the model. {start}"
    if plan.filled is not None:
        comment = "Pixels that the field has were given to the model; those flagged as generated were made by it."
        variables = {**variables, "generated": _generated(plan, plan.filled)}
    if placed:
        variables = {**variables, **_truth(plan, of)}
    content = content_of(
        title, variables, source, plan.settled, plan.made_in, plan.shape[2:], plan.region if placed else None
    )
    more = {
        "comment": comment,
        "diffview_model": recipe.denoiser.model if plan.model is None else plan.model.label,
        "diffview_sampler": recipe.course.sampler,
    }
    model = plan.base
    path, dataset = model.place if isinstance(model, TrainingCrops) else ("", "")
    if isinstance(model, TrainingCrops):
        more["diffview_fit"] = model.sentence
    if path:
        more |= {"diffview_fit_file": Path(path).name, "diffview_fit_dataset": dataset}
        more["comment"] += (
            " The recipe names the field alone: the same again takes --recipe, and --fit with the file named here."
        )
    if card is not None:
        more |= {"diffview_model_card": card.to_json(), "license": content.attributes.get("license", "")}
        more["license"] = more["license"] or str(card.data.get("licence", ""))
    attributes = {name: text for name, text in {**content.attributes, **more}.items() if text}
    return replace(content, attributes=attributes, fitted_to=path)


def _generated(plan: Plan, filled: Array) -> Values:
    """Which pixels were made, and which are those of the field, or led to it."""
    led = plan.recipe.guidance.observe or plan.recipe.operators.instruments
    meanings = f"{'led_to' if led else 'of'}_the_field generated"
    flags = {"flag_values": np.array([0, 1], np.int8), "flag_meanings": meanings}
    return Values(PIXELS, filled.astype(np.int8), {"long_name": "made by the model", "units": "1", **flags})


def _truth(plan: Plan, of: Field) -> dict[str, Values]:
    """The field of the region that a run started from or was given, hidden pixels too; a coarse one is no truth."""
    what = quantity_of(of)
    name, said = ("truth", "the field itself") if plan.recipe.source.refine == 1 else ("coarse", "the coarse field")
    return {f"{what.name}_{name}": Values(PIXELS, of.values[plan.region.slices], what.cf(said))}


def gap_variables(
    plan: Plan, of: Field, kriged: tuple[Array, Array], scores: Mapping[str, Mapping[str, float]]
) -> dict[str, Values]:
    """What stands beside a filled gap: kriging of it, and scores of both by their name, in physical units.

    Args:
        plan: of the run that filled it.
        of: the open field.
        kriged: mean and standard deviation of kriging, [ny, nx].
        scores: {"model": {"rmse": 0.3, ...}, "kriging": ...}; spread_skill has no units.
    """
    what = quantity_of(of, plan)
    mean, std = (_masked(plan, values) for values in kriged)
    spread = what.cf("standard deviation of kriging")
    if "units_metadata" in spread:
        spread["units_metadata"] = "temperature: difference"
    variables = {
        f"{what.name}_kriging": Values(PIXELS, mean, what.cf("kriging of the gap")),
        f"{what.name}_kriging_std": Values(PIXELS, std, spread),
    }
    for who, numbers in scores.items():
        for name, value in numbers.items():
            attributes = {"long_name": f"{name.replace('_', ' ')} in the gap, {who}"}
            attributes["units"] = "1" if name == "spread_skill" else what.units or "1"
            variables[f"gap_{name}_{who}"] = Values((), np.array(value, np.float64), attributes)
    return variables


def content_of(
    title: str, variables: Mapping[str, Values], of: Field | None, recipe: Recipe, transform: Transform,
    shape: tuple[int, ...], region: Region | None,
) -> Content:  # fmt: skip
    """The content, with the provenance of the field it comes from; None if it comes from none."""
    said = {} if of is None else of.provenance
    path, dataset = str(said.get("path", "")), str(said.get("dataset", ""))
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    where = f" of {dataset} in {Path(path).name}" if path else ""
    attributes = {
        "title": title,
        "source": f"diffview {__version__}",
        "history": f"{now} diffview {__version__}: {title}{where}",
        "diffview_version": __version__,
        "diffview_recipe": recipe.to_json(),
        "diffview_seed": str(recipe.course.seed),
        "diffview_schedule": recipe.course.schedule.key,
        "diffview_transform": json.dumps(transform.plain),
        "diffview_source_file": Path(path).name,
        "diffview_source_dataset": dataset,
        "diffview_source_index": said.get("index", ""),
        "license": said.get("licence", ""),
        "institution": said.get("institution", "") if region is not None else "",
    }
    source = None
    if region is not None and of is not None:
        asked = recipe.source
        how = asked.coarsen, asked.refine, asked.axes, asked.index or ()
        source = SourceRegion(path, dataset, region, of.coords, *how)
    kept = {name: text for name, text in attributes.items() if text}
    size, pixel_km = (int(shape[-2]), int(shape[-1])), None if of is None else of.pixel_km
    return Content(size, variables, kept, pixel_km, source, path)
