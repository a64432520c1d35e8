"""The scores of `diffview.scores.verify` as aligned tables for the terminal."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from diffview.fields.numbers import two_figures
from diffview.scores.calibration import Calibration
from diffview.scores.findings import findings


def format_scores(result: Mapping[str, Any]) -> str:
    """The scores of `scores` or `verify_model` as an aligned table for the terminal."""
    lines = _ensemble_table(result) if result.get("kind") == "ensemble" else _sample_tables(result)
    if settings := result.get("settings"):
        params = "".join(f", {name} {value}" for name, value in settings.get("params", {}).items())
        lines = [f"{settings['sampler']}{params}, {settings['steps']} steps, seed {settings['seed']}", "", *lines]
    return "\n".join([*lines, "", verdict_of(result.get("verdicts", ()))])


def verdict_of(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """One sentence over all limits: met, missed, or not known."""
    missed, unknown = ([v["what"] for v in verdicts if v["ok"] is ok] for ok in (False, None))
    known = len(verdicts) - len(unknown)
    left = f" {len(unknown)} could not be judged: {', '.join(unknown)}." if unknown else ""
    if not known:
        return f"No verdict: no limit could be judged.{left}"
    if missed:
        return f"Not accepted: {len(missed)} of {known} limits {'is' if len(missed) == 1 else 'are'} missed: " + (
            f"{', '.join(missed)}.{left}"
        )
    return f"Accepted: {'the only limit is' if known == 1 else f'all {known} limits are'} met.{left}"


def _sample_tables(result: Mapping[str, Any]) -> list[str]:
    counts, rows = result["counts"], result["rows"]
    values = [["value", "samples", "held-out", "train", ""]]
    errors = [["error", "samples-train", "samples-held-out", "train-held-out", "two blocks", ""]]
    for row in rows:
        if "train" in row:
            values.append([row["what"], *(short(row[name]) for name in ("samples", "held_out", "train")), row["units"]])
        elif row["what"] != "nearest neighbour":
            names = ("samples_train", "samples_held_out", "train_held_out", "blocks")
            errors.append([row["what"], *(short(row[name]) for name in names), row["units"]])
    near = rows[-1]
    nearest = [
        ["nearest training field (median)", "samples", "held-out", "block to block", ""],
        ["distance", *(short(near[name]) for name in ("samples_train", "train_held_out", "blocks")), "std"],
    ]
    lines = [f"{counts['samples']} samples, {counts['held_out']} held-out fields, {counts['train']} training fields"]
    if result["wet_from"] is not None:
        lines[0] += f"; wet from {result['wet_from']:.3g} {result['units']}"
    for table in (errors, values, nearest, _checks(result)):
        lines += ["", *aligned(table)]
    if losses := result.get("loss_by_level"):
        by_level = [["mean |eps - eps_hat|^2 at s", *(short(s) for s in losses["levels"])]]
        by_level += [
            [name, *(short(v) for v in losses[key])] for key, name in (("held_out", "held-out"), ("train",) * 2)
        ]
        lines += ["", *aligned(by_level)]
    return lines


def _checks(result: Mapping[str, Any]) -> list[list[str]]:
    """The verdicts, with a title; a perfect model draws its fields from the training set."""
    checks = [["accepted if", "is", "limit", "", "", "a perfect model meets it"]]
    for v in result["verdicts"]:
        verdict = "-" if v["ok"] is None else "ok" if v["ok"] else "MISSED"
        limit = f"{'>=' if v['at_least'] else '<='} {short(v['limit'])}"
        chance = "" if v.get("chance") is None else f"in {100 * v['chance']:.0f} %"
        checks.append([v["what"], short(v["value"]), limit, v["units"], verdict, chance])
    return checks if any(row[-1] for row in checks[1:]) else [row[:-1] for row in checks]


def _ensemble_table(result: Mapping[str, Any]) -> list[str]:
    units, counts = result["units"], result["counts"]
    measures = [
        ("CRPS of the members, fair", "crps", units), ("CRPS of the coarse field", "crps_of_coarse", units),
        ("CRPS of one member", "crps_of_one_member", units), ("spread", "spread", units),
        ("skill: RMSE of the mean", "skill", units), ("spread/skill, 1 if perfect", "spread_skill", ""),
        ("largest error of a block mean", "block_mean_error", units),
        ("largest relative error of one", "block_mean_relative_error", ""),
    ]  # fmt: skip
    if "block_mean_relative_error_as_drawn" in result:
        measures.append(("the same before they are held", "block_mean_relative_error_as_drawn", ""))
    table = [[what, short(result[key]), unit] for what, key, unit in measures]
    lines = [f"{counts['cases']} held-out fields, {counts['members']} members each", "", *aligned(table)]
    return [*lines, "", *aligned(_checks(result))] if result.get("verdicts") else lines


def format_calibration(found: Calibration) -> str:
    """What was found of an ensemble, as tables and sentences for the terminal."""
    counts = (
        f"{found.members} members, {found.cases} {'case' if found.cases == 1 else 'cases'}, {found.points:,} points"
    )
    missing = [f"{count:,} missing in {what}" for what, count in
               (("the truth", found.missing_truth), ("a member", found.missing_members)) if count]  # fmt: skip
    lines = [f"{found.name}: {', '.join([counts, *missing])}; seed {found.seed}", ""]
    tables = [_numbers(found), _scale_table(found), *_event_tables(found), _tail_table(found)]
    for table in tables:
        lines += [*aligned(table), ""] if len(table) > 1 else []
    return "\n".join([*lines, *(one.sentence for one in findings(found)), *filter(None, [found.left_out])])


def _numbers(found: Calibration) -> list[list[str]]:
    table = [["score", "value", "by chance", ""]]
    if found.judged:
        table.append(["fair CRPS", short(found.crps), "", found.units])
        table += [
            [f"  of {one.what}", short(one.crps), f"skill {short(one.skill)}", found.units] for one in found.beside
        ]
    if (spread := found.dispersion) is not None:
        table.append(["spread", short(spread.spread), "", found.units])
        table.append(["RMSE of the mean", short(spread.skill), "", found.units])
        table.append(["spread/skill", short(spread.ratio), spread.by_chance(short), ""])
    if found.ranks is not None:
        table.append(["chi-square of the ranks", short(found.ranks.chi_square), f"p {short(found.ranks.p)}", ""])
    return table + [
        [f"{100 * level:g} % interval", short(100 * share), "", "%"] for level, share in found.coverage.items()
    ]


def _scale_table(found: Calibration) -> list[list[str]]:
    """Octaves, with the coherences at their largest scale."""
    scales, unit = found.scales, "km" if found.in_km else "pixels"
    table = [["wavelength", "spread/skill", "member-member", "member-truth", unit]]
    for octave in found.octaves:
        inside = (scales.k >= octave.low) & (scales.k < octave.high)
        values = (octave.ratio, float(scales.among[inside].mean()), float(scales.with_truth[inside].mean()))
        table.append(
            [f"{two_figures(octave.shortest)} to {two_figures(octave.longest)}", *(short(v) for v in values), ""]
        )
    return table


def _event_tables(found: Calibration) -> list[list[list[str]]]:
    if not found.neighbourhoods:
        return []
    widths = found.neighbourhoods[0].widths
    skill = [["FSS above", *(str(width) for width in widths), "useful from", "pixels"]]
    for one in found.neighbourhoods:
        row = [short(score) for score in (*one.scores, one.useful)]
        skill.append([f"{short(one.threshold)} {found.units}".strip(), *row, ""])
    tables = [skill]
    for event in found.reliability:
        full = [i for i, count in enumerate(event.counts) if count]
        table = [
            [f"forecast of > {short(event.threshold)} {found.units}".strip(), *(short(event.forecast[i]) for i in full)]
        ]
        table.append(["came", *(short(event.observed[i]) for i in full)])
        tables.append([*table, ["points", *(str(event.counts[i]) for i in full)]])
    return tables


def _tail_table(found: Calibration) -> list[list[str]]:
    """Quantiles, with what they are when the fields are drawn again."""
    levels = found.tails["members"].levels
    table = [["quantile", *(f"{level:g}" for level in levels), found.units]]
    for name, one in found.tails.items():
        sure = [
            f" ({short(low)} to {short(high)})" if math.isfinite(low) else ""
            for low, high in zip(one.low, one.high, strict=True)
        ]
        table.append([name, *(f"{short(v)}{by}" for v, by in zip(one.values, sure, strict=True)), ""])
    return table


def short(value: float | None) -> str:
    """A number with three significant figures; "-" for none."""
    return "-" if value is None or math.isnan(value) else f"{value:.3g}"


def aligned(table: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table: the first column and the last to the left, numbers to the right."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = []
    for row in table:
        first, *others = (
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        )
        lines.append("  ".join([first, *others]).rstrip())
    return lines
