"""`diffview schedule`: noise schedules as tables, in and out of other programs; the levels of a run; checks."""

import argparse
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from diffview.commands.parsing import Parser
from diffview.commands.reporting import write_result
from diffview.errors import UserError

if TYPE_CHECKING:
    from diffview.forward.level_settings import Imported


def add(parser: Parser) -> None:
    """Declare the options."""
    from diffview.forward.exchange import ALL_FORMATS
    from diffview.forward.schedules import SCHEDULES
    from diffview.reverse.grids import GRIDS

    parser.add_argument(
        "name", nargs="?", help=", ".join(SCHEDULES) + "; one of mine; or a file: a table, a scheduler_config.json, a "
        "list of sigmas, settings of EDM, PhysicsNeMo or anemoi, as JSON or YAML",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="every schedule with its formula and source")
    parser.add_argument("--steps", type=int, help="T, rows of the table, at most 100000 (1000; those of a file)")
    parser.add_argument("--param", action="append", default=[], metavar="K=V", help="a parameter, as beta_end=0.03")
    parser.add_argument(
        "--format", choices=ALL_FORMATS,
        help="csv (the usual one), json: rows, null where a value is infinite; diffusers: a scheduler_config.json with "
        "trained_betas; diffview: its own parameters; sigmas, edm, physicsnemo, anemoi: the levels of a run",
    )  # fmt: skip
    parser.add_argument(
        "--levels", action="store_true", help="the levels that a run executes, and where a file surprises"
    )
    parser.add_argument("--run-steps", type=int, metavar="N", help="steps of that run (18, or as the file says)")
    parser.add_argument("--grid", choices=[key for key in GRIDS if key != "custom"], help="its grid, not the file's")
    parser.add_argument(
        "--lint", nargs="*", metavar="FILE DATASET", help="check it against a field; without a file the packaged one"
    )
    parser.add_argument(
        "--save", metavar="NAME", help="keep it among my schedules; writes no table unless asked for one"
    )
    parser.add_argument("--mine", action="store_true", help="the names of my schedules")
    parser.add_argument("--remove", metavar="NAME", help="remove one of my schedules")
    parser.show_examples(
        "diffview schedule cosine --steps 1000",
        "diffview schedule linear --param beta_end=0.03 --format diffusers",
        "diffview schedule edm --format anemoi --grid karras --run-steps 40",
        "diffview schedule scheduler_config.json --levels --run-steps 10",
        "diffview schedule linear --param chain_steps=250 --lint",
        "diffview schedule --list",
    )
    parser.set_defaults(do=_schedule)


def _schedule(options: argparse.Namespace) -> None:
    if options.remove is not None:
        from diffview.forward import mine

        mine.remove(options.remove)
        options.report.note(f"{options.remove} is removed.")
        return
    does: dict[str, Callable[[argparse.Namespace], str]] = {"list": _list, "mine": _mine}
    made = next((make for name, make in does.items() if getattr(options, name)), None)
    write_result((made or _of_one)(options))


def _list(options: argparse.Namespace) -> str:
    """Every schedule with its formula and source."""
    from diffview.forward.schedules import SCHEDULES

    rows = (
        f"{key:14} {kind.title}\n{'':14} {kind.formula}\n{'':14} {kind.source}\n" for key, kind in SCHEDULES.items()
    )
    return "".join(rows)


def _mine(options: argparse.Namespace) -> str:
    """The names of my schedules, one a line."""
    from diffview.forward import mine

    return "".join(f"{name}\n" for name in mine.names())


def _of_one(options: argparse.Namespace) -> str:
    """The schedule that is named: as a table, as levels, or checked."""
    from diffview.commands.words import params_of
    from diffview.forward import mine
    from diffview.forward.exchange import export, levels_text
    from diffview.library.scheduled import levels_of, opened_by_name

    if options.name is None:
        raise UserError("No schedule is named.", "Name one, or a file; --list shows all, --mine those of mine.")
    found = opened_by_name(options.name, params_of(options.param, "beta_end=0.03"), options.run_steps)
    for note in found.notes:
        options.report.note(note)
    if options.save is not None:
        options.report.note(f"Saved as {mine.save(options.save, found.schedule)}.")
        if not options.levels and options.lint is options.format is options.steps is None:
            return ""
    if options.lint is not None:
        return "".join(_findings(options, found))
    form = options.format or "csv"
    levels = partial(levels_of, found, options.grid, options.run_steps)
    if options.levels:
        return levels_text(levels(), form)
    rows = found.schedule.rows if options.steps is None else options.steps
    return export(found.schedule, form, rows, levels)


def _findings(options: argparse.Namespace, found: "Imported") -> Iterator[str]:
    """A line or two for each check: whether it is fine, what it found, and what would mend it."""
    from diffview.library.scheduled import checked, levels_of
    from diffview.runs.recipe import Recipe

    if len(options.lint) > 2:
        raise UserError("--lint takes a file and a dataset.", "Write --lint sst.nc sst, or --lint alone.")
    path, dataset = [*options.lint, None, None][:2]
    recipe = Recipe.of(path=path, dataset=dataset)
    levels = levels_of(found, options.grid, options.run_steps)
    for finding in checked(found.schedule, levels=levels, recipe=recipe):
        yield f"{'fine' if finding.ok else 'LOOK'}  {finding.key}: {finding.sentence}\n"
        if not finding.ok:
            titles = ", ".join(remedy.title for remedy in finding.remedies)
            yield f"      {finding.reason.splitlines()[0]}{f' Remedy: {titles}.' if titles else ''}\n"
