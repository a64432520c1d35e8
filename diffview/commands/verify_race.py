"""`diffview verify race`: schedules x grids x samplers x steps on held-out fields, or errors against evaluations."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diffview.commands import fields
from diffview.commands.parsing import Parser
from diffview.commands.reporting import Report, write_result
from diffview.commands.values import add_values
from diffview.errors import UserError
from diffview.params import whole_numbers

if TYPE_CHECKING:
    from diffview.scores.race import Race
    from diffview.scores.subject import Subject


def add(parser: Parser) -> None:
    """Declare the options."""
    parser.add_argument("--model", required=True, help="gaussian, data or local, a network's name, or its folder")
    what = "what it is fitted to and scored on, of two datasets the second; a formula has the packaged field without"
    fields.add_data(parser, what)
    parser.add_argument("--schedules", default="edm", metavar="A,B", help="edm; `diffview schedule --list` shows all")
    parser.add_argument("--grids", default="karras,log_snr,uniform", metavar="A,B")
    parser.add_argument("--samplers", default="ddim,heun", metavar="A,B")
    parser.add_argument("--steps", default="9,18", metavar="N,M", help="of a run: 9,18")
    parser.add_argument("--samples", type=int, default=32, help="fields that each run makes, 32")
    parser.add_argument("--members", type=int, default=4, help="of them with one truth, where there is one, 4")
    parser.add_argument(
        "--start-level", type=float, metavar="S", help="start from held-out fields at this noise level: gives a CRPS"
    )
    parser.add_argument("--errors", action="store_true", help="errors against evaluations instead of scores")
    parser.add_argument("--evaluations", default="6,10,18,34,66,130", metavar="N,M", help="of --errors")
    parser.add_argument(
        "--end", type=float, metavar="S", help="of --errors: without the last jump, on log-uniform levels down to S"
    )
    parser.add_argument("--size", type=int, default=32, help="side of the crops that formulas see, 32")
    parser.add_argument("--held-out", type=float, default=0.3, metavar="SHARE", help="of a single dataset, 0.3")
    add_values(parser, "seed", seed=0)
    parser.add_argument("--device", default="cpu", help="torch device of a network")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the rows as CSV, too")
    parser.show_examples(
        "diffview verify race --model gaussian --steps 3,6 --samples 4 --members 2",
        "diffview verify race --model data --data sst.nc sst --size 16 --steps 4 --samples 4 --csv rows.csv",
        "diffview verify race --model gaussian --errors --samplers ddim,heun --evaluations 6,10 --members 1",
    )
    parser.set_defaults(do=_race)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _race(options: argparse.Namespace) -> None:
    from diffview.scores.subject import scored

    _check_keys(options)
    subject = scored(options.model, options.data, size=options.size, held_out=options.held_out, device=options.device)
    (_errors if options.errors else _scores)(options, subject)


def _check_keys(options: argparse.Namespace) -> None:
    """Refuse unknown keys before minutes are spent on reading and fitting."""
    from diffview.reverse.grids import GRIDS
    from diffview.reverse.samplers import SAMPLERS

    for what, table in (("grids", GRIDS), ("samplers", SAMPLERS)):
        for key in _words(getattr(options, what)):
            if key not in table:
                raise UserError(f"There is no {what[:-1]} called {key!r}.", f"Choose of {', '.join(table)}.")


def _until_stopped(reports: Iterator[Any], report: Report) -> Iterator[Any]:
    """The reports until Ctrl+C, which keeps the rows so far."""
    try:
        yield from reports
    except KeyboardInterrupt:
        report.note("Stopped; these are the rows so far.")


def _scores(options: argparse.Namespace, subject: "Subject") -> None:
    from diffview.forward.schedules import make_schedule
    from diffview.paths import write_text
    from diffview.scores.scoreboard import Draw, Scoreboard, combinations, to_csv, to_lines, to_plain

    schedules = [make_schedule(key) for key in _words(options.schedules)]
    steps = whole_numbers(options.steps, "steps")
    ways = combinations(schedules, _words(options.grids), _words(options.samplers), steps)
    draw = Draw(options.samples, options.members, options.start_level, options.seed)
    board, units, rows = Scoreboard(subject, ways, draw), subject.data.units, []
    for done, row in _until_stopped(board.run(), options.report):
        if row is not None:
            rows.append(row)
            options.report.note(f"{done:4.0%}  {_line(row)}")
    if options.csv is not None:
        write_text(options.csv, to_csv(rows, units))
    first, *runs = rows
    runs.sort(key=lambda row: (row.spectrum is None, row.spectrum))
    text = json.dumps(to_plain(rows, units), indent=2) if options.json else "\n".join(to_lines([first, *runs], units))
    write_result(text + "\n")


def _line(row: Any) -> str:
    """A finished row, in a line."""
    name = " ".join(str(part) for part in (row.schedule, row.grid, row.sampler, row.steps) if part) or row.what
    return f"{name}: {row.why}" if row.why else f"{name}: {row.spectrum:.3g} dB" if row.spectrum is not None else name


def _errors(options: argparse.Namespace, subject: "Subject") -> None:
    from diffview.paths import write_text
    from diffview.scores.race import error_size

    race = _race_of(options, subject)
    schedule, grid, top = race.track.schedule.key, race.track.grid, race.track.top
    points = [point for _, point in _until_stopped(race.run(), options.report) if point is not None]
    one, units = error_size(subject.data.transform, subject.data.units)
    rows = [{**asdict(point), "error": one * point.error, "units": units} for point in points]
    for name, why in race.lost.items():
        options.report.note(f"{name}: {why}")
    if options.csv is not None:
        lines = [",".join(rows[0])] if rows else []
        write_text(options.csv, "\n".join([*lines, *(",".join(map(str, row.values())) for row in rows)]) + "\n")
    if options.json:
        return write_result(json.dumps({"schedule": schedule, "grid": grid, "rows": rows}, indent=2) + "\n")
    where = f"{schedule}, {grid}" if options.end is None else f"log-uniform to s = {options.end:g}"
    lines = [f"root mean square error, {units}; levels: {where}, from s = {top:.4g}"]
    for row in rows:
        cells = f"{row['sampler']:12} {row['steps']:5} steps {row['evaluations']:5} evaluations"
        lines.append(f"{cells} {row['error']:12.4g}  {row['seconds']:8.3g} s  ({row['truth']})")
    return write_result("\n".join(lines) + "\n")


def _race_of(options: argparse.Namespace, subject: "Subject") -> "Race":
    """The race that the options choose, on the first schedule and the first grid."""
    from diffview.forward.noise import START, Noise
    from diffview.forward.schedules import make_schedule
    from diffview.scores.race import Race, Track

    if subject.data.coarsen:
        raise UserError("A conditional model has no single end to compare with.", "Race it without --errors.")
    schedule, grid = make_schedule(_words(options.schedules)[0]), _words(options.grids)[0]
    top = schedule.s_max if subject.noise_range is None else min(schedule.s_max, subject.noise_range[1])
    y = Noise(options.seed, (options.members, 1, *subject.data.shape), like=subject.like)(START, 0) * top
    track = Track(y, top, schedule, grid, seed=options.seed, end=options.end)
    samplers: dict[str, dict[str, object]] = {name: {} for name in _words(options.samplers)}
    return Race(subject.make(None), track, samplers, whole_numbers(options.evaluations, "evaluations"))
