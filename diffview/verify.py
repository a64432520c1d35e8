"""How good a model is: what it generates beside fields it never saw, next to how far real fields are from each other.

A score of generated fields means little on its own. Beside each stand two yardsticks: the training set scored against
the held-out set, and the two halves of the training set against each other (its order is that of space or time, so
that they are disjoint blocks).
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from diffview import metrics
from diffview.cards import Card
from diffview.errors import UserError
from diffview.grids import make_levels
from diffview.losses import loss_by_level
from diffview.process import START, Noise
from diffview.samplers import SAMPLERS
from diffview.schedules import Edm
from diffview.training_sets import FEWEST, TrainingSet, block_mean, coarse
from diffview.transforms import Transform
from diffview.units import RAIN, same_units, written
from diffview.verify_curves import distance_curves, ensemble_curves, histogram_curves, spectrum_curves

Fields = NDArray[np.floating]
Denoise = Callable[[Any, float], Any]
Progress = Callable[[int, int], None]
"""Called with how many members are done, and of how many."""

BATCH = 32
CASES, MEMBERS = 64, 16
"""Held-out fields a conditional model is verified on, and members drawn for each."""

NEIGHBOURS = 256
"""Most fields whose nearest neighbour is looked for, evenly picked."""

WET = 0.1
"""Rain rate, mm/h, from which on a pixel is wet."""

LSD_LIMIT, TAIL_LIMIT, HELD_OUT_LIMIT, WET_LIMIT = 1.5, 0.15, 1.25, 0.03
"""Acceptance: log-spectral distance to train over that of two blocks; error of the two highest quantiles; errors
against held-out over those of the training set; difference of the wet share."""

CRPS_LIMIT, BLOCK_LIMIT = 0.9, 1e-3
"""Acceptance of ensembles: CRPS over that of what they are told, and of one member; relative error of a block mean."""


def scores(
    samples: Fields,
    held_out: Fields,
    train: Fields,
    units: str,
    transform: Transform,
    flips: bool = False,
    rotations: bool = False,
) -> dict[str, Any]:
    """Scores of generated fields against held-out and training fields, with their yardsticks and verdicts.

    Args:
        samples: [n, ny, nx] in physical units; NaN where missing.
        held_out: the same, never trained on.
        train: the same, in the order of space or time: its halves are the two blocks.
        units: of all three. Of a rain rate, the wet share and the limits for rain come with it.
        transform: to the standardised units of spectra and distances.
        flips: a mirrored training field counts as a neighbour too, as the model was trained on it.
        rotations: one turned by 90 degrees does.

    Returns:
        As JSON has it, None where there is no number: "units", "counts", "wet_from", "rows", "verdicts" and "curves":
        "spectrum" and "histogram" (see verify_curves) of samples, held_out, train and the two blocks, one and two, and
        "nearest", the distances to nearest neighbours of samples, held_out and blocks. A row is
        {"what", "units", "samples_train", "samples_held_out", "train_held_out", "blocks"}: the score of the first
        against the second; or, of a plain value, {"what", "units", "samples", "held_out", "train"}. A verdict is
        {"what", "value", "limit", "at_least", "units", "ok"}.

    Raises:
        UserError: if shapes differ, there are fewer than 8 held-out or 16 training fields, or values that are infinite.
    """
    _check(samples, held_out, train)
    wet_from = wet_threshold(units, held_out, train)
    half = len(train) // 2
    parts = {"samples": samples, "held_out": held_out, "train": train, "one": train[:half], "two": train[half:]}
    pairs = (("samples", "train"), ("samples", "held_out"), ("train", "held_out"), ("two", "one"))

    def row(what: str, unit: str, score: Callable[[str, str], float]) -> dict[str, Any]:
        return {"what": what, "units": unit} | {_column(a, b): _number(score(a, b)) for a, b in pairs}

    def plain(what: str, unit: str, values: Mapping[str, float]) -> dict[str, Any]:
        return {"what": what, "units": unit} | {
            name: _number(values[name]) for name in ("samples", "held_out", "train")
        }

    def error_of(values: Mapping[str, float], a: str, b: str) -> float:
        return 100 * float(metrics.relative_errors(values[a], values[b]))

    z = {name: transform(parts[name]) for name in ("samples", "held_out", "train")}
    z |= {"one": z["train"][:half], "two": z["train"][half:]}
    spectra = {name: metrics.mean_spectrum(fields) for name, fields in z.items()}
    rows = [row("spectrum", "dB", lambda a, b: metrics.log_spectral_distance(spectra[a], spectra[b]))]
    found = {name: _without_rounding(metrics.quantiles(fields)) for name, fields in parts.items()}
    for index, level in enumerate(metrics.QUANTILES):
        of = {name: float(values[index]) for name, values in found.items()}
        rows.append(plain(f"quantile {level:g}", units, of))
        rows.append(row(f"quantile {level:g} error", "%", partial(error_of, of)))
    bins = 40 if wet_from is None else 12  # wide ones: radars give rain in steps of 0.1 mm/h, models do not
    edges = metrics.common_edges([samples, held_out, train], bins, wet_from)
    shares = {name: metrics.histogram(fields, edges) for name, fields in parts.items()}
    rows.append(row("histogram", "%", lambda a, b: 100 * metrics.histogram_difference(shares[a], shares[b])))
    if wet_from is not None:
        wet = {name: 100 * metrics.wet_share(fields, wet_from) for name, fields in parts.items()}
        rows.append(plain("wet share", "%", wet))
        rows.append(row("wet share error", "points", lambda a, b: wet[a] - wet[b]))
    apart = {
        column: _distances(_some(z[name]), z[others], flips, rotations)
        for column, name, others in (
            ("samples", "samples", "train"), ("held_out", "held_out", "train"), ("blocks", "two", "one")
        )
    }  # fmt: skip
    near = {name: float(np.median(d)) if d.size else None for name, d in apart.items()}
    rows.append(
        {"what": "nearest neighbour", "units": "std"}
        | {"samples_train": near["samples"], "samples_held_out": None}
        | {"train_held_out": near["held_out"], "blocks": near["blocks"]}
    )
    curves = {
        "spectrum": spectrum_curves(spectra, train.shape[1:]), "histogram": histogram_curves(shares, edges),
        "nearest": distance_curves(apart),
    }  # fmt: skip
    told = {"units": units, "wet_from": wet_from, "rows": rows, "curves": curves}
    counts = {name: len(parts[name]) for name in ("samples", "held_out", "train")}
    return {**told, "counts": counts, "verdicts": _verdicts(rows, wet_from is not None)}


def _without_rounding(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """0 for what is nothing beside the largest: the dry median of rain that went through a transform and back."""
    return np.where(np.abs(values) < 1e-9 * np.abs(values).max(), 0.0, values)


def wet_threshold(units: str, *real: Fields) -> float | None:
    """From which on a pixel is wet: WET, or the middle of the gap around it where real values come in steps.

    In steps of 0.1 mm/h all from 0.05 on means the same as all from 0.1 on, but neither rounding nor a sample that is
    off by less than half a step makes a difference. None where the units are not those of a rain rate.
    """
    rate = RAIN.get(written(units))
    if rate is None:
        return None
    limit = WET * rate
    edge = limit * (1 - 1e-3)
    below = max(float(np.max(x, initial=-np.inf, where=x < edge)) for x in real)
    above = min(float(np.min(x, initial=np.inf, where=x >= edge)) for x in real)
    stepped = math.isfinite(below) and 1e-2 * limit < above - below < 2 * limit
    return min(limit, (below + above) / 2) if stepped else limit


def _column(a: str, b: str) -> str:
    return "blocks" if a == "two" else f"{a}_{b}"


def _check(samples: Fields, held_out: Fields, train: Fields) -> None:
    named = {"The samples": samples, "The held-out fields": held_out, "The training fields": train}
    if len(held_out) < FEWEST:
        raise UserError(
            f"There are {len(held_out)} held-out fields; a model is verified on at least {FEWEST}.",
            "Keep more fields apart from those trained on.",
        )
    if len(train) < 2 * FEWEST or not len(samples):
        raise UserError(
            f"There are {len(samples)} samples and {len(train)} training fields; two blocks of at least {FEWEST} "
            "training fields and one sample are needed.",
            "Take more fields.",
        )
    for name, fields in named.items():
        if fields.ndim != 3 or fields.shape[1:] != train.shape[1:]:
            raise UserError(
                f"{name} have the shape {_by(fields.shape)}, those of the training fields is {_by(train.shape)}.",
                "All must be [fields, rows, columns] of one size.",
            )
        if np.isinf(fields).any() or np.isnan(fields).all():
            raise UserError(
                f"{name} have infinite values or none at all.", "A model that gives such fields has diverged."
            )


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(n) for n in shape)


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _some(fields: Fields, most: int = NEIGHBOURS) -> Fields:
    return np.asarray(fields[np.linspace(0, len(fields) - 1, min(most, len(fields))).astype(int)])


def _orientations(fields: Fields, flips: bool, rotations: bool) -> Iterator[Fields]:
    """The fields as they are, mirrored and turned, each once."""
    square = fields.shape[1] == fields.shape[2]
    for turn in range(4 if rotations and square else 1):
        turned = np.rot90(fields, turn, axes=(1, 2))
        yield turned
        if flips:
            yield turned[:, ::-1]
            if turn < 1 and not (rotations and square):
                yield from (turned[:, :, ::-1], turned[:, ::-1, ::-1])


def _distances(fields: Fields, others: Fields, flips: bool, rotations: bool) -> NDArray[np.float64]:
    """Of every field to the nearest of the others, as it is, mirrored or turned; those that share no pixel left out."""
    distances = [metrics.nearest_distances(turned, others) for turned in _orientations(fields, flips, rotations)]
    nearest = np.fmin.reduce(distances)
    return np.asarray(nearest[~np.isnan(nearest)])


def _verdicts(rows: Sequence[Mapping[str, Any]], rain: bool) -> list[dict[str, Any]]:
    by_name = {row["what"]: row for row in rows}
    found: list[dict[str, Any]] = []

    def verdict(*told: Any) -> None:
        found.append(_verdict(*told))

    def size(name: str, column: str, factor: float = 1.0) -> float | None:
        value = by_name[name][column]
        return None if value is None else factor * abs(value)

    tails = [f"quantile {level:g} error" for level in metrics.QUANTILES[-2:]]
    verdict(
        f"spectrum to train, {LSD_LIMIT:g} x that of two blocks",
        size("spectrum", "samples_train"), size("spectrum", "blocks", LSD_LIMIT), "dB",
    )  # fmt: skip
    if rain:
        for name in tails:
            verdict(f"{name} to train", size(name, "samples_train"), 100 * TAIL_LIMIT, "%")
        for name in ("spectrum", *tails):
            verdict(
                f"{name} to held-out, {HELD_OUT_LIMIT:g} x that of train",
                size(name, "samples_held_out"), size(name, "train_held_out", HELD_OUT_LIMIT), by_name[name]["units"],
            )  # fmt: skip
        verdict("wet share error to train", size("wet share error", "samples_train"), 100 * WET_LIMIT, "points")
    near = by_name["nearest neighbour"]
    verdict(
        "nearest training field, that of held-out fields", near["samples_train"], near["train_held_out"], "std", True
    )
    return found


def _verdict(what: str, value: float | None, limit: float | None, units: str, at_least: bool = False) -> dict[str, Any]:
    ok = None if value is None or limit is None else bool(value >= limit if at_least else value <= limit)
    return {"what": what, "value": value, "limit": limit, "at_least": at_least, "units": units, "ok": ok}


def verify_model(
    card: Card,
    data: TrainingSet,
    samples: int = 256,
    steps: int = 18,
    seed: int = 0,
    device: str = "cpu",
    progress: Progress = lambda done, of: None,
) -> dict[str, Any]:
    """Draw from a model and score what it gives; a conditional model (card.coarsen) as ensembles of held-out fields.

    Heun's method on the Karras grid between the ends of card.noise_range, in batches of 32 members; a consistency
    model takes one step. Member i of a seed is the same in any batch.

    Args:
        card: of the model, read from its file.
        data: what it was trained on, and what was kept apart.
        samples: fields to draw; for a conditional model the number is 16 for each of the first 64 held-out fields.
        steps: of the run.
        seed: of its noise.
        device: torch device.
        progress: told of every batch.

    Returns:
        As JSON has it: what `scores` gives, with "loss_by_level" of held-out and training fields; or "crps", "spread",
        "skill", ... of a conditional model. "kind" is "samples" or "ensemble", "settings" tells how they were drawn.

    Raises:
        UserError: if the data are not of the model's units and size, or there are too few held-out fields.
    """
    _check_model(card, data, samples)
    levels = _levels(card, steps)
    settings = {
        "sampler": "heun", "steps": len(levels) - 1, "highest": levels[0], "seed": seed, "device": device,
        "command": f"diffview verify model {card.name} --samples {samples} --steps {steps} --seed {seed}",
    }  # fmt: skip
    verified = _ensembles if card.coarsen else _samples
    return {"settings": settings, **verified(card, data, samples, levels, seed, device, progress)}


def _check_model(card: Card, data: TrainingSet, samples: int) -> None:
    if not same_units(card.units, data.units):
        raise UserError(
            f"{card.name} makes fields in {card.units or 'no units'}, the data are in {data.units or 'no units'}.",
            "Verify a model on data in its own units.",
        )
    if card.shape != (1, *data.shape):
        raise UserError(
            f"{card.name} makes fields of {_by(card.shape[1:])} pixels, the data have {_by(data.shape)}.",
            "Verify a model on fields of its own size.",
        )
    if len(data.held_out) < FEWEST:
        raise UserError(
            f"There are {len(data.held_out)} held-out fields; a model is verified on at least {FEWEST}.",
            "Keep more fields apart from those trained on.",
        )
    if samples < 1:
        raise UserError(f"{samples} samples cannot be drawn.", "Draw at least one; 256 give steady scores.")


def _levels(card: Card, steps: int) -> list[float]:
    low, high = card.noise_range
    if card.kind == "consistency":
        return [high, 0.0]
    return make_levels(Edm(sigma_min=max(low, min(2e-3, high / 10)), sigma_max=high), "karras", steps)


def _draw(denoise: Denoise, shape: tuple[int, ...], levels: list[float], seed: int, first: int) -> NDArray[np.float32]:
    """Members [m, ny, nx] from noise, standardised; `first` is the number of the first of them."""
    noise = Noise(seed, shape, first)
    y = noise(START, 0) * np.float32(levels[0])
    for step in SAMPLERS["heun"].run(denoise, y, levels, noise):
        y = step.y
    return np.asarray(y[:, 0], dtype=np.float32)


def _samples(
    card: Card, data: TrainingSet, samples: int, levels: list[float], seed: int, device: str, progress: Progress
) -> dict[str, Any]:
    from diffview.nets.adapter import Network

    network = Network.of(card, device)
    drawn = []
    for first in range(0, samples, BATCH):
        drawn.append(_draw(network, (min(BATCH, samples - first), *card.shape), levels, seed, first))
        progress(first + len(drawn[-1]), samples)
    fields = np.concatenate(drawn)
    missing = network.known if network.known is None else ~network.known
    missing = data.mask if missing is None else missing
    if missing is not None:
        fields[:, missing] = np.nan
    physical, held_out, train = (
        transform.inverse(z) for transform, z in
        ((card.transform, fields), (data.transform, data.held_out), (data.transform, data.fields))
    )  # fmt: skip
    turned = {name: bool(card.training.get(name)) for name in ("flips", "rotations")}
    found = scores(physical, held_out, train, card.units, card.transform, **turned)
    at = [float(s) for s in np.geomspace(max(card.noise_range[0], 1e-3), levels[0], 7)]
    losses = {
        name: loss_by_level(network, card.transform(_some(some, BATCH)), at, seed)
        for name, some in (("held_out", held_out), ("train", train))
    }
    return {"kind": "samples", **found, "loss_by_level": {"levels": at, **losses}}


def _ensembles(
    card: Card, data: TrainingSet, samples: int, levels: list[float], seed: int, device: str, progress: Progress
) -> dict[str, Any]:
    import torch

    from diffview.nets.adapter import Network

    truth = data.transform.inverse(data.held_out[:CASES])
    told = coarse(card.transform(truth), card.transform, card.coarsen)[:, None]
    members, held = np.empty((2, MEMBERS, *truth.shape))
    for first in range(0, len(truth), BATCH // MEMBERS):
        some = slice(first, first + BATCH // MEMBERS)
        condition = np.nan_to_num(told[some]).repeat(MEMBERS, axis=0)
        network = Network.of(card, device, condition=condition)
        drawn = _draw(network, (len(condition), *card.shape), levels, seed, first * MEMBERS)
        finished = network.finished(torch.from_numpy(drawn[:, None]).to(device)).cpu().numpy()[:, 0]
        for kept, z in ((members, drawn), (held, finished)):
            kept[:, some] = card.transform.inverse(z).reshape(-1, MEMBERS, *truth.shape[1:]).swapaxes(0, 1)
        progress(first * MEMBERS + len(drawn), len(truth) * MEMBERS)
    if not np.isfinite(members).all():
        raise UserError(f"{card.name} gave values that are not finite.", "It has diverged: train it again.")
    members[:, np.isnan(truth)] = held[:, np.isnan(truth)] = np.nan
    drawn_error = _block_mean_errors(members, truth, card.coarsen)[1]
    scored = ensemble_scores(held, truth, card.transform.inverse(told[:, 0]), card)
    return {"kind": "ensemble", **scored, "block_mean_relative_error_as_drawn": drawn_error}


def ensemble_scores(members: Fields, truth: Fields, told: Fields, card: Card) -> dict[str, Any]:
    """Scores of members [M, n, ny, nx] of fields [n, ny, nx] of which the block means `told` [n, ny, nx] were known.

    All in physical units, NaN where missing; CRPS is the fair one. As JSON has it.
    """
    found = metrics.spread_skill(members, truth)
    block_error, block_relative = _block_mean_errors(members, truth, card.coarsen)
    crps, of_coarse, of_one = (
        _number(float(np.nanmean(x)))
        for x in (metrics.crps(members, truth), np.abs(told - truth), np.abs(members[0] - truth))
    )
    checks = (
        ("CRPS", f"{CRPS_LIMIT:g} x that of the coarse field", crps, of_coarse, CRPS_LIMIT, card.units),
        ("CRPS", f"{CRPS_LIMIT:g} x that of one member", crps, of_one, CRPS_LIMIT, card.units),
        ("block mean error", "relative, of the worst block", block_relative, 1.0, BLOCK_LIMIT, ""),
    )
    return {
        "units": card.units,
        "counts": {"cases": len(truth), "members": len(members)},
        "crps": crps,
        "crps_of_coarse": of_coarse,
        "crps_of_one_member": of_one,
        "spread": _number(found.spread),
        "skill": _number(found.skill),
        "spread_skill": _number(found.ratio),
        "block_mean_error": block_error,
        "block_mean_relative_error": block_relative,
        "curves": ensemble_curves(members, truth, told, card, wet_threshold(card.units, truth)),
        "verdicts": [
            _verdict(f"{what}, {than}", value, None if of is None else factor * of, units)
            for what, than, value, of, factor, units in checks
        ],
    }


def _block_mean_errors(members: Fields, truth: Fields, factor: int) -> tuple[float | None, float | None]:
    """Largest error of a block mean of any member, in units of the truth and relative to the mean in the truth.

    Relative to a thousandth of the mean size of all block means where that is more, as it is of a dry block.
    """
    wanted = block_mean(truth, factor)
    error = np.abs(block_mean(members, factor) - wanted)
    known = ~np.isnan(wanted)
    if not known.any():
        return None, None
    size = np.abs(wanted[known])
    error = error[:, known]
    least = max(1e-3 * float(size.mean()), 1e-30)
    return _number(float(error.max())), _number(float((error / np.maximum(size, least)).max()))


# -- telling


def format_scores(found: Mapping[str, Any]) -> str:
    """The scores of `scores` or `verify_model` as an aligned table for the terminal."""
    told = _ensemble_table(found) if found.get("kind") == "ensemble" else _sample_tables(found)
    if settings := found.get("settings"):
        told = [f"{settings['sampler']}, {settings['steps']} steps, seed {settings['seed']}", "", *told]
    return "\n".join(told)


def _sample_tables(found: Mapping[str, Any]) -> list[str]:
    counts, rows = found["counts"], found["rows"]
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
    if found["wet_from"] is not None:
        lines[0] += f"; wet from {found['wet_from']:.3g} {found['units']}"
    for table in (errors, values, nearest, _checks(found)):
        lines += ["", *aligned(table)]
    if losses := found.get("loss_by_level"):
        told = [["mean |eps - eps_hat|^2 at s", *(short(s) for s in losses["levels"])]]
        told += [[name, *(short(v) for v in losses[key])] for key, name in (("held_out", "held-out"), ("train",) * 2)]
        lines += ["", *aligned(told)]
    return lines


def _checks(found: Mapping[str, Any]) -> list[list[str]]:
    """The verdicts, with a title."""
    checks = [["accepted if", "is", "limit", "", ""]]
    for v in found["verdicts"]:
        verdict = "-" if v["ok"] is None else "ok" if v["ok"] else "MISSED"
        limit = f"{'>=' if v['at_least'] else '<='} {short(v['limit'])}"
        checks.append([v["what"], short(v["value"]), limit, v["units"], verdict])
    return checks


def _ensemble_table(found: Mapping[str, Any]) -> list[str]:
    units, counts = found["units"], found["counts"]
    told = [
        ("CRPS of the members, fair", "crps", units), ("CRPS of the coarse field", "crps_of_coarse", units),
        ("CRPS of one member", "crps_of_one_member", units), ("spread", "spread", units),
        ("skill: RMSE of the mean", "skill", units), ("spread/skill, 1 if perfect", "spread_skill", ""),
        ("largest error of a block mean", "block_mean_error", units),
        ("largest relative error of one", "block_mean_relative_error", ""),
    ]  # fmt: skip
    if "block_mean_relative_error_as_drawn" in found:
        told.append(("the same before they are held", "block_mean_relative_error_as_drawn", ""))
    table = [[what, short(found[key]), unit] for what, key, unit in told]
    lines = [f"{counts['cases']} held-out fields, {counts['members']} members each", "", *aligned(table)]
    return [*lines, "", *aligned(_checks(found))] if found.get("verdicts") else lines


def short(value: float | None) -> str:
    """A number with three significant figures; "-" for none."""
    return "-" if value is None else f"{value:.3g}"


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
