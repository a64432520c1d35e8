"""`diffview sample`: fields made by a model, as a netCDF file."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffview.commands import all_times, fields, observing, on_cluster
from diffview.commands.parsing import Parser
from diffview.commands.picture import fill_picture
from diffview.commands.reporting import Report
from diffview.commands.values import add_values
from diffview.commands.words import given, params_of, schedule_asked
from diffview.errors import UserError
from diffview.library.opened import Opened, open_field, read_recipe

if TYPE_CHECKING:
    from diffview.fields.field import Field
    from diffview.reverse.samplers import Step
    from diffview.runs.plan import Plan
    from diffview.runs.recipe import Recipe
    from diffview.writers.exports import Values

PLACE = ("FILE", "DATASET")

FIT = ("fit_set", "missing_limit", "held_out")
"""The values of a recipe that say how a formula is fitted."""

ENSEMBLE = ("members", "first_member", "block", "statistics")
"""The values of a recipe that say which fields are made, and what is kept of them."""

TOGETHER = ("channels", "sequence", "known")
"""The values of a recipe that say which fields are made together."""

VALUES = (
    "model", "sampler", "grid", "steps", *ENSEMBLE, "seed", "weight", "mask", "region", "overlap", "transform",
    "device", "refine", *FIT, *TOGETHER,
)  # fmt: skip
"""The values of a recipe that an option replaces wherever the field comes from."""


def add(parser: Parser) -> None:
    """Declare the options."""
    add_values(parser, "model")
    parser.add_argument("--fit", nargs=2, metavar=PLACE, help="a formula is fitted to this field")
    add_values(parser, *FIT, *TOGETHER)
    parser.add_argument("--start", nargs=2, metavar=PLACE, help="start from this field, noised to --t or --s")
    parser.add_argument("--condition", nargs=2, metavar=PLACE, help="a conditional network sees means of this field, "
        "or the field itself where that is coarse as it is; and what --observe names sees it")  # fmt: skip
    add_values(parser, "refine")
    fields.add_given(parser, "a condition of the network, by its name; --condition names the field that it lies beside")
    parser.add_argument("--off", action="append", default=[], metavar="GROUP", help="conditions that are switched off")
    _add_gap(parser)
    observing.add(parser)
    fields.add_level(parser, required=False)
    parser.add_argument("--recipe", type=Path, metavar="R.json", help="settings saved by diffview; options come first")
    add_values(parser, "sampler")
    parser.add_argument("--sampler-param", action="append", default=[], metavar="K=V", help="of it, as eta=1")
    add_values(parser, "grid")
    parser.add_argument("--grid-param", action="append", default=[], metavar="K=V", help="of it, as rho=7")
    add_values(parser, "steps", *ENSEMBLE, "seed", "weight")
    fields.add_schedule(parser)
    parser.add_argument("--chain", action="store_true", help="start at the end of the Markov chain")
    add_values(parser, "index", "mask", "region", "overlap", "transform", "device")
    all_times.add(parser)
    on_cluster.add(parser)
    parser.add_argument("--record", action="store_true", help="write every step, x_t and x0_hat, not only the end")
    parser.add_argument("-o", "--out", type=Path, required=True, metavar="OUT.nc", help="file; of --on folder")
    parser.show_examples(
        "diffview sample --model rain64 --members 2 --steps 4 -o rain.nc",
        "diffview sample --model gaussian --fit sst.nc sst --region 0,0,32,32 -o new.nc",
        "diffview sample --model gaussian --start sst.nc sst --s 2 --steps 4 --record -o course.nc",
        "diffview sample --model gaussian --fit sst.nc sst --members 200 --statistics 'mean,spread,p>14' -o law.nc",
        "diffview sample --model gaussian --fit sst.nc sst --members 64 --block 16 --on here -o parts",
        "diffview sample --model gaussian --start folder sst --s 1 --region 0,0,16,16 --all-times -o all.nc",
        "diffview sample --model gaussian --fit daily.nc sst --region 0,0,16,16 --sequence 5 --steps 4 -o days.nc",
        "diffview sample --model gaussian --fill sst.nc sst --hide 8,8,6,6 --steps 4 -o filled.nc",
        "diffview sample --model gaussian --fit sst.nc sst --region 0,0,32,32 --observe blocks size=8 error=0.2 "
        "--observe area where=4,4,9,9 error=0.1 --solver exact --members 4 -o seen.nc",
    )
    parser.set_defaults(do=_sample)


def _add_gap(parser: Parser) -> None:
    """Declare the options of filling."""
    parser.add_argument(
        "--fill", nargs=2, metavar=PLACE, help="fill the missing and the hidden pixels of this field: of --region, or "
        "of the whole picture in parts that overlap",
    )  # fmt: skip
    parser.add_argument(
        "--never-fill",
        nargs="+",
        metavar="[FILE] MASK",
        help="above 0.5 where a whole picture stays missing, as land",
    )
    parser.add_argument(
        "--hide", action="append", default=[], metavar="ROW,COLUMN,NY,NX", help="a rectangle hidden from the run"
    )
    parser.add_argument("--fill-by", choices=("repaint", "guidance"), help="how (repaint)")


def _sample(options: argparse.Namespace) -> None:
    from diffview.library.making import made_by
    from diffview.runs.by_parts import fills_whole

    report = options.report
    if options.on is None:
        fields.check_output(options.out, report)
    opened, source = opened_for(options)
    opened = observing.instruments_asked(options, opened)
    if options.all_times:
        all_times.sample_all(options, opened, _at_index)
        return
    if fills_whole(opened.recipe):
        fill_picture(options, opened)
        return
    if options.never_fill:
        raise UserError("--never-fill is for whole pictures.", "Leave --region out.")
    plan, opened = planned(options, opened, source)
    _say_way(plan, opened, report)
    if options.on is not None:
        on_cluster.sample_on(options, plan, opened)
        return
    with report.progress("sampling") as progress:
        content, last = made_by(plan, opened, options.record, progress, report.note)
    ensemble = plan.recipe.ensemble
    if plan.filled is not None and not ensemble.statistics:
        content = replace(content, variables={**content.variables, **_beside_filling(plan, opened, last, report)})
    fields.write(content, options.out, report)
    what = f"{plan.steps + 1} steps" if options.record else f"{ensemble.members} fields"
    if ensemble.statistics:
        what = f"{ensemble.statistics} of {what}"
    report.note(f"{options.out}: {what}, {last.evaluations} calls of the model.")


def _at_index(options: argparse.Namespace) -> "tuple[Plan, Opened]":
    """The plan and the field of the options with an index."""
    opened, source = opened_for(options)
    return planned(options, observing.instruments_asked(options, opened), source)


def _say_way(plan: "Plan", opened: Opened, report: Report) -> None:
    """Say what is not as asked, what a formula was fitted to, and how the run goes.

    Raises:
        UserError: if it cannot be made.
    """
    from diffview.models.choice import TrainingCrops
    from diffview.runs.plan import DRAWN_APART

    for note in plan.notes:
        report.note(str(note))
    if opened.recipe.source.path is not None and (why := plan.made_apart(opened.facts.field)):
        report.note(f"{why} {DRAWN_APART}")
    if plan.refusal is not None:
        raise plan.refusal
    if isinstance(plan.base, TrainingCrops):
        report.note(plan.base.sentence)
    if opened.recipe.source.refine > 1:
        report.note(opened.facts.field.notes[-1])
    report.detail(_way(plan))


def _way(plan: "Plan") -> str:
    """How a run goes, for those who want details."""
    course, params = plan.recipe.course, "".join(f", {key} {value}" for key, value in plan.params.items())
    levels = f"{plan.steps} steps of {course.grid} from s = {plan.levels[0]:.4g} on {course.schedule.key}"
    return f"{plan.recipe.denoiser.model} on {plan.device}, {plan.region}: {course.sampler}{params}, {levels}"


def _beside_filling(plan: "Plan", opened: Opened, last: "Step", report: Report) -> "dict[str, Values]":
    """Report how many pixels were filled, and the scores beside kriging's where the field has the truth.

    Returns:
        Kriging and the scores as variables of the file, {} where there is no truth.
    """
    from diffview.fields.units import written
    from diffview.scores.gap import beside_run, krige_gap, kriging_plan, kriging_score, run_score, score_words

    assert plan.filled is not None
    report.note(f"{int(plan.filled.sum())} pixels were filled.")
    score = run_score(plan, opened.facts, last.y)
    if score is None:
        report.note("They are missing in the field: there is no truth to judge them by.")
        return {}
    beside, variables = None, {}
    try:
        with report.progress("kriging") as progress:
            kriged = krige_gap(plan, kriging_plan(plan, opened.facts), progress=progress)
        beside, variables = kriging_score(plan, opened.facts, kriged), beside_run(plan, opened.facts, kriged, last.y)
    except UserError as error:
        report.note(f"No kriging beside it: {error}")
    units = written(opened.facts.field.units)
    for name, one in (("model", score), ("kriging", beside)):
        if one is not None:
            report.note(score_words(name, one, units))
    return variables


def planned(options: argparse.Namespace, opened: Opened, source: "Sequence[str] | None") -> "tuple[Plan, Opened]":
    """The plan of the options, and the field that is started from; `source` is what they name.

    Raises:
        UserError: if they do not go together, or something cannot be read.
    """
    from diffview.runs.resolve import resolve

    if options.fit is None or source == options.fit or opened.recipe.denoiser.model not in _formulas():
        return resolve(opened.recipe, opened.facts), opened
    return _fitted_elsewhere(opened, options.fit), opened


def opened_for(options: argparse.Namespace) -> "tuple[Opened, Sequence[str] | None]":
    """The field that the options open, with their recipe, and FILE DATASET that they name it by, if they do.

    Raises:
        UserError: if they do not go together, or it cannot be read.
    """
    from diffview.library.making import as_condition, card_of, equipped, region_inside, usual_recipe
    from diffview.runs.conditioning import Conditioning
    from diffview.runs.recipe import Recipe

    saved = None if options.recipe is None else read_recipe(options.recipe)
    card = card_of(options.model or (saved or Recipe()).denoiser.model)
    if options.condition is not None and not options.observe and (card is None or not card.shown):
        name, why = options.model or (saved or Recipe()).denoiser.model, ": it was not trained with one" if card else ""
        hint = "Name a network that is given coarse means, or start from the field with --start."
        raise UserError(f"{name} takes no condition{why}.", hint)
    recipe = observing.asked(options, _with_options(options, _filling(options, saved or usual_recipe(card))))
    # the field of a recipe that sees one is started from, and not what is fitted to
    of_saved = saved is not None and Conditioning.of(recipe).sees_region
    source = options.start or options.fill or options.condition or (None if of_saved else options.fit)
    path, dataset = source or (recipe.source.path, recipe.source.dataset)
    if source is None and saved is None and options.fit is None and recipe.denoiser.model in _formulas():
        raise UserError(f"{recipe.denoiser.model} has nothing to be fitted to.", "Name it with --fit FILE DATASET.")
    other = source is not None and (path, dataset) != (recipe.source.path, recipe.source.dataset)
    index = options.index or (None if other else recipe.source.index)
    named = recipe.but(path=path, dataset=dataset, index=index)
    anew = {"fitted": None, "axes": None, "coarsen": 1, "refine": options.refine or 1} if other else {}
    opened = as_condition(open_field(named.but(**anew), card), card)
    if options.region is not None:
        region_inside(opened)
    return replace(opened, facts=equipped(recipe, card, opened.facts)), source


def _fitted_elsewhere(opened: Opened, source: Sequence[str]) -> "Plan":
    """The plan of a formula that is fitted to one file and started from a field of another."""
    from diffview.models.capabilities import FORMULA_CAPABILITIES
    from diffview.models.choice import TrainingCrops
    from diffview.runs.guiding import GuidanceAsked, GuidedModel, unguidable
    from diffview.runs.resolve import resolve
    from diffview.scores.gap import not_filling

    recipe = opened.recipe
    asked = GuidanceAsked.of(recipe.guidance, recipe.operators, [], 0)
    if (refusal := unguidable(asked, recipe.denoiser.model, None, FORMULA_CAPABILITIES)) is not None:
        raise refusal
    fit = recipe.but(
        path=source[0],
        dataset=source[1],
        index=None,
        origin="noise",
        level=None,
        hidden=(),
        **{**not_filling(recipe), "observe": "", "instruments": ()},
    )
    first = resolve(recipe.but(model="gaussian"), opened.facts)  # settles the region
    if first.refusal is not None:
        raise first.refusal
    size = replace(first.region, row=0, column=0)
    there = open_field(fit.but(region=size))
    if _same_variable(there.facts.field, opened.facts.field):
        return resolve(recipe, opened.facts)
    fitted = resolve(there.recipe, there.facts)
    if fitted.model is None or (fitted.region.ny, fitted.region.nx) != (size.ny, size.nx):
        why = f"{source[1]} has no crops of {size.ny} x {size.nx} pixels to fit {recipe.denoiser.model} to."
        raise fitted.refusal or UserError(why, "Name a smaller --region.")
    here = recipe.but(fitted=fitted.transform, transform=fitted.transform.key, region=first.region)
    plan = resolve(here.but(model="gaussian"), opened.facts)
    assert isinstance(fitted.model, TrainingCrops)
    base = replace(fitted.model, place=(source[0], source[1]))
    model = replace(plan.model, base=base) if isinstance(plan.model, GuidedModel) else base
    return replace(plan, recipe=here, model=model)


def _same_variable(one: "Field", other: "Field") -> bool:
    """Whether two fields are of one variable of one file, however it was spelled: then crops may show the start."""
    said = one.provenance, other.provenance
    datasets = {str(of.get("dataset", "")).strip("/") for of in said}
    paths = [Path(of["path"]) for of in said]
    same = paths[0].samefile(paths[1]) if all(path.exists() for path in paths) else paths[0] == paths[1]
    return len(datasets) == 1 and same


def _filling(options: argparse.Namespace, recipe: "Recipe") -> "Recipe":
    """The recipe with a gap to fill and hidden rectangles, as the options say.

    Raises:
        UserError: if they do not go together.
    """
    from diffview.runs.values import REGION
    from diffview.scores.gap import filling, way_of

    if options.fill is not None and options.start is not None:
        raise UserError("A run that fills a field does not start from one.", "Give either --fill or --start.")
    way = options.fill_by or way_of(recipe) or "repaint"
    if options.fill is not None or (options.fill_by is not None and way_of(recipe)):
        if options.sampler not in (None, "repaint") and way == "repaint":
            raise UserError(
                f"RePaint is a sampler of its own; {options.sampler} fills nothing.",
                "Leave --sampler out, or give --fill-by guidance.",
            )
        recipe = recipe.but(**filling(recipe, way))
    elif (options.hide or options.fill_by) and not way_of(recipe):
        raise UserError("--hide and --fill-by are for runs that fill a field.", "Name it with --fill FILE DATASET.")
    hidden = tuple(REGION.check(text, "hide", "sample") for text in options.hide)
    return recipe.but(hidden=hidden) if hidden else recipe


def _formulas() -> "Mapping[str, Any]":
    from diffview.models.formulas import FORMULAS

    return FORMULAS


def _with_options(options: argparse.Namespace, recipe: "Recipe") -> "Recipe":
    """The recipe with its values replaced by the options."""
    from diffview.params import checked
    from diffview.reverse.grids import GRIDS
    from diffview.reverse.samplers import sampler_params
    from diffview.runs.conditions_asked import condition_asked

    changes = given(options, *VALUES)
    _check_fit(options, changes, changes.get("model", recipe.denoiser.model))
    changes["schedule"] = schedule_asked(options.schedule, options.param, recipe.course.schedule)
    sampler, grid = changes.get("sampler", recipe.course.sampler), changes.get("grid", recipe.course.grid)
    if grid not in GRIDS:
        raise UserError(f"There is no grid called {grid!r}.", f"Choose one of {', '.join(GRIDS)}.")
    words = params_of(options.sampler_param, "eta=1"), params_of(options.grid_param, "rho=7")
    for name, asked, typed in (
        ("sampler", words[0], sampler_params(sampler, words[0])),
        ("grid", words[1], checked(GRIDS[grid], words[1], grid)),
    ):
        if asked or name in changes:
            kept = () if name in changes else getattr(recipe.course, f"{name}_params")
            changes[f"{name}_params"] = tuple({**dict(kept), **{key: typed[key] for key in asked}}.items())
    if options.chain:
        changes["path_mode"] = "chain"
    level = fields.level_asked(options, changes["schedule"])
    if level is not None and options.start is None and recipe.start.origin != "field":
        raise UserError("--t and --s say how far a field is noised, and no field is named.", "Name it with --start.")
    if options.start is not None or (level is not None and recipe.start.origin == "field"):
        if level is None or level[1] <= 0:
            raise UserError("A start from a field needs a noise level above 0.", "Give --t or --s.")
        changes |= {"origin": "field", "level": level[1]}
    if options.given:
        changes["given"] = tuple(map(condition_asked, options.given))
    if options.off:
        changes["off"] = tuple(options.off)
    return recipe.but(**changes)


def _check_fit(options: argparse.Namespace, changes: "Mapping[str, Any]", model: str) -> None:
    """Refuse options of fitting that have no effect on the model.

    Raises:
        UserError: then.
    """
    from diffview.models.formulas import GAUSSIANS
    from diffview.runs.training_crops import COMPLETE_ONLY

    asked = [*(["fit"] if options.fit else []), *(name for name in FIT if name in changes)]
    if asked and model not in _formulas():
        raise UserError(
            f"{model} is a network, which is not fitted: --{asked[0].replace('_', '-')} has no effect on it.",
            "Leave it out, or name a formula with --model.",
        )
    if changes.get("missing_limit") and model not in GAUSSIANS:
        raise UserError(f"{model} takes no crop with missing pixels. {COMPLETE_ONLY}", "Leave --missing-limit out.")
