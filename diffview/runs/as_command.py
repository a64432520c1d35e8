"""A recipe as the command line that makes the same run: by flags where all of it can be said so, else by its file."""

import shlex
from pathlib import Path
from typing import Any, NamedTuple

from diffview.fields.field import Region
from diffview.forward.schedules import schedule_params
from diffview.models.cards import Card
from diffview.models.formulas import FORMULAS
from diffview.runs.recipe import DECLARED, GROUP_OF, Recipe
from diffview.runs.sampling import scored_course

FLAGS = (
    "sampler", "grid", "steps", "members", "first_member", "block", "statistics", "seed", "weight", "index", "mask",
    "region", "overlap", "transform", "device", "fit_set", "missing_limit", "held_out", "channels", "sequence", "known",
)  # fmt: skip
"""Values that have a flag of their own."""

OF_FORMULAS = ("fit_set", "missing_limit", "held_out")
"""Values without effect on a network."""

OUT = "run.nc"
"""The file that the command writes."""


class FieldFile(NamedTuple):
    """The field: its file and its variable."""

    path: str
    dataset: str


def command_by_flags(recipe: Recipe, source: FieldFile, card: Card | None) -> str | None:
    """`diffview sample` with flags alone; None where these cannot say all of the recipe.

    Args:
        recipe: with its region, and `fitted` only where the transform is not to be fitted anew.
        source: of the field that it works on.
        card: of the network, if it is one.
    """
    asked = _essence(recipe, source, card)
    base = Recipe.of(model=asked.denoiser.model, **({} if card is None else scored_course(card)))
    words, said = ["diffview", "sample", "--model", asked.denoiser.model], base
    for add in (_source_words, _schedule_words, _flag_words, _param_words):
        more, changes = add(asked, said)
        words += more
        said = said.but(**changes)
    return shlex.join([*words, "-o", OUT]) if said == asked else None


def command_by_file(file: Path) -> str:
    """`diffview sample` with the file of the recipe."""
    return shlex.join(["diffview", "sample", "--recipe", str(file), "-o", OUT])


def _essence(recipe: Recipe, source: FieldFile, card: Card | None) -> Recipe:
    """What the run depends on: for a network that starts from noise no field, and no fit of a formula."""
    index = recipe.source.index or None  # of a variable of two dimensions there is nothing to say
    asked = recipe.of_run().but(chain_length=Recipe.start.chain_length, index=index)
    from_noise = asked.start.origin == "noise" and not asked.operators.instruments and not asked.guidance.observe
    if card is None:
        return asked.but(path=source.path, dataset=source.dataset)
    asked = asked.but(**{name: DECLARED[name].default for name in OF_FORMULAS})
    if from_noise:
        return asked.but(source=Recipe.source).but(region=asked.source.region)
    return asked.but(path=source.path, dataset=source.dataset)


Said = tuple[list[str], dict[str, Any]]


def _source_words(asked: Recipe, _: Recipe) -> Said:
    """The field, and how a start from it is noised."""
    source, start = asked.source, asked.start
    if source.path is None or source.dataset is None:
        return [], {}
    named = {"path": source.path, "dataset": source.dataset}
    if start.origin == "noise":
        return (["--fit", *named.values()], named) if asked.denoiser.model in FORMULAS else ([], {})
    if start.level is None:
        return [], {}
    chain = ["--chain"] if start.path_mode == "chain" else []
    words = ["--start", *named.values(), "--s", repr(float(start.level)), *chain]
    return words, {**named, "origin": "field", "level": start.level, "path_mode": start.path_mode}


def _schedule_words(asked: Recipe, said: Recipe) -> Said:
    schedule = asked.course.schedule
    if schedule == said.course.schedule:
        return [], {}
    params = schedule_params(schedule)
    if any(not isinstance(value, (str, int, float)) for value in params.values()):
        return [], {}  # drawn by hand
    words = [word for key, value in params.items() for word in ("--param", f"{key}={value}")]
    return ["--schedule", schedule.key, *words], {"schedule": schedule}


def _flag_words(asked: Recipe, said: Recipe) -> Said:
    words, changes = [], {}
    for name in FLAGS:
        value = _value(asked, name)
        if value is not None and value != _value(said, name):
            words.append(f"--{name.replace('_', '-')}={_spelt(value)}")
            changes[name] = value
    return words, changes


def _value(recipe: Recipe, name: str) -> Any:
    return getattr(getattr(recipe, GROUP_OF[name]), name)


def _spelt(value: Any) -> str:
    """A value as its flag reads it."""
    if isinstance(value, Region):
        return f"{value.row},{value.column},{value.ny},{value.nx}"
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _param_words(asked: Recipe, said: Recipe) -> Said:
    """Settings of sampler and grid."""
    words, changes = [], {}
    for name in ("sampler_params", "grid_params"):
        value = getattr(asked.course, name)
        if value == getattr(said.course, name) or any(isinstance(part, tuple) for _, part in value):
            continue
        flag = f"--{name.removesuffix('s').replace('_', '-')}"
        words += [word for key, part in value for word in (flag, f"{key}={part}")]
        changes[name] = value
    return words, changes
