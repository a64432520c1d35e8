"""A network in words: its card in short lines, and the reason for each limit of its verdicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diffview.fields.numbers import figures, number
from diffview.fields.units import written
from diffview.models.cards import Card
from diffview.models.choice import mismatch
from diffview.runs.facts import Facts
from diffview.runs.requests import Run

REASONS: dict[str, str] = {
    "spectrum to train": "The distance of the mean power spectrum of the samples from that of the training fields, for "
    "all scales; 10 dB is a factor of ten. Two halves of the training fields differ too, and the limit is 1.5 times "
    "that: beyond it the model has the wrong texture.",
    "spectrum to held-out": "The same, from the fields it never saw. The training fields differ from those too, and "
    "the limit is 1.25 times that.",
    "quantile 0.99 error to train": "The value that one pixel in a hundred exceeds, beside that of the training "
    "fields: if it is too low, heavy rain is missing.",
    "quantile 0.999 error to train": "The value that one pixel in a thousand exceeds, beside that of the training "
    "fields: the extremes, which networks smooth away first.",
    "quantile 0.99 error to held-out": "The value that one pixel in a hundred exceeds, beside that of fields it never "
    "saw. The limit is 1.25 times how far the training fields themselves are off.",
    "quantile 0.999 error to held-out": "The value that one pixel in a thousand exceeds, beside that of fields it "
    "never saw. The limit is 1.25 times how far the training fields themselves are off.",
    "wet-pixel fraction error to train": "The share of the pixels with rain, beside that of the training fields, "
    "in points of a hundred.",
    "nearest training field": "The distance of a sample to the most similar training field, median. It must not be "
    "less than that of fields it never saw: nearer means that it copies what it was trained on.",
    "CRPS": "The fair continuous ranked probability score: the distance of the members from the truth, less half their "
    "distance from each other. It must be clearly below that of a single member, or the ensemble is worth nothing.",
    "block mean error": "The mean of every member over every block must be that of its condition.",
    "spread over skill": "The spread of the members over the error of their mean: 1 if the ensemble is as unsure as "
    "it should be, less if it is too sure of itself.",
}
"""The reason for each limit, by the first words of its verdict."""

MEASURES = (
    ("CRPS", "crps"),
    ("CRPS of the coarse field", "crps_of_coarse"),
    ("CRPS of one member", "crps_of_one_member"),
    ("block mean error", "block_mean_relative_error"),
    ("spread over skill", "spread_skill"),
)
"""Numbers of an ensemble without a verdict of their own, which older cards may lack."""


GROUPS = (
    (" error to train", "Beside the training fields"),
    (" to train", "Beside the training fields"),
    (" error to held-out", "Beside fields it never saw"),
    (" to held-out", "Beside fields it never saw"),
)
"""The end of a verdict's name, and the heading that replaces it."""


MEMBERS = "The members"
"""Heading of the verdicts on an ensemble as a whole."""


@dataclass(frozen=True)
class VerdictRow:
    """A row of the table of verdicts: the measure, its value, its limit, whether it is met (None: no limit).

    Rows of one `group` share a heading.
    """

    group: str
    what: str
    value: str
    limit: str
    ok: bool | None
    why: str


def rows_of(scores: Mapping[str, Any]) -> list[VerdictRow]:
    """The verdicts of a card, then the numbers that have none."""
    rows = [_row(v) for v in scores.get("verdicts", ())]
    for what, key in MEASURES:
        judged = any(what.split(" of ")[0] in v["what"] for v in scores.get("verdicts", ()))
        if not judged and scores.get(key) is not None:
            units = written(scores.get("units", "")) if key.startswith("crps") else ""
            rows.append(
                VerdictRow(MEMBERS, _capital(what), f"{figures(scores[key])} {units}".strip(), "", None, _why(what))
            )
    order = list(dict.fromkeys(row.group for row in rows))
    return sorted(rows, key=lambda row: order.index(row.group))


def _row(verdict: Mapping[str, Any]) -> VerdictRow:
    what, _, than = verdict["what"].partition(", ")
    group = "Does it copy?" if what.startswith("nearest") else MEMBERS
    if what == "CRPS":
        group, what = "CRPS beside that of", than.split("that of ")[-1]
    for end, heading in GROUPS:
        if what.endswith(end):
            group, what = heading, what.removesuffix(end)
            break
    units = {"points": "%"}.get(verdict["units"], written(verdict["units"]))
    value, limit = (figures(v) for v in (verdict["value"], verdict["limit"]))
    sign = "≥" if verdict["at_least"] else "≤"
    why = f"{_capital(verdict['what'])}.\n{_why(verdict['what'])}{_chance(verdict.get('chance'))}".strip()
    return VerdictRow(group, _capital(what), f"{value} {units}".strip(), f"{sign} {limit}", verdict["ok"], why)


def _chance(chance: Any) -> str:
    """How often a perfect model would meet a limit: one that it often misses says little."""
    if not isinstance(chance, float | int):
        return ""
    return (
        "\nA perfect model, which draws as many fields from the training set itself, meets it in "
        f"{100 * chance:.0f} of 100 cases."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _why(what: str) -> str:
    return next((why for start, why in REASONS.items() if what.startswith(start)), "")


def limits_text(card: Card) -> str:
    """The result of the verification: "6 of 8 limits met"."""
    met = card.limits_met
    if met is not None:
        return f"{met[0]} of {met[1]} limits met"
    return "verified, without limits" if card.scores else "not verified yet"


def title_of(card: Card) -> str:
    """What a network makes, in a line: "precipitation rate in mm h-1, 64 × 64 pixels"."""
    units = f" in {units}" if (units := written(card.units)) else ""
    return f"{card.quantity.replace('_', ' ')}{units}, {size_of(card)} pixels"


def size_of(card: Card) -> str:
    """64 × 64; of sequences 28 × 32 × 32."""
    frames = card.made[1:-2] if card.together.frames > 1 else ()
    return " × ".join(str(n) for n in (*frames, *card.shape[1:]))


def glance(card: Card) -> list[tuple[str, str]]:
    """The card in short lines (name, text), without those that would be empty."""
    data, training = card.data, card.training
    low, high = card.noise_range
    condition = f"the mean over {card.coarsen} × {card.coarsen} pixels" if card.coarsen else ""
    return [(what, text) for what, text in (
        ("Made together", card.together.sentence if card.together.several else ""),
        ("Conditioned on", condition),
        ("Weights", _weights(card)),
        ("Noise", f"{number(low)} ≤ s ≤ {number(high)}, fields through {card.transform.key}"),
        ("Trained on", _fields(data.get("fields"), "fields")),
        ("Held out", ", ".join(filter(None, (_fields(data.get("held_out"), "fields"), str(data.get("split", "")))))),
        ("Training", _training(training)),
        ("Begun with", _origin(training.get("from"))),
        ("Machine", str(training.get("machine", "")).replace("(s)", "s").replace(" 1 threads", " 1 thread")),
        ("Data", str(data.get("source", ""))),
        ("Limits", str(data.get("limits", ""))),
        ("Its own steps", str(data.get("own_steps", ""))),
        ("Licence", str(data.get("licence", ""))),
    ) if text]  # fmt: skip


def speed_of(run: Run) -> str:
    """The time of a call in an ended run; "" if there is none yet."""
    last = run.trajectory.last
    if run.active or last is None or not last.evaluations or not run.seconds:
        return ""
    members = f" for {len(last.y)} members" if len(last.y) > 1 else ""
    device = {"cuda": "the GPU", "mps": "Apple's GPU"}.get(run.plan.device, "the CPU")
    return f"In its last run here a call took {number(1000 * run.seconds / last.evaluations)} ms{members}, on {device}."


def _weights(card: Card) -> str:
    count = card.weights.get("parameters")
    return f"{count / 1e6:.2g} million, {card.weights.get('dtype', '')}".rstrip(", ") if count else ""


def _fields(count: Any, what: str) -> str:
    return f"{count:,} {what}".replace(",", "\N{THIN SPACE}") if isinstance(count, int) else ""


def _origin(origin: Any) -> str:
    """The model whose weights a training began with."""
    if not isinstance(origin, Mapping) or not origin.get("name"):
        return ""
    return f"{origin['name']} after {origin.get('steps', '?')} steps"


def _training(training: Mapping[str, Any]) -> str:
    parts = []
    if "steps" in training:
        parts.append(f"{training['steps']} steps of {training.get('batch', '?')} fields")
    if training.get("seconds"):
        minutes = training["seconds"] / 60
        parts.append(f"{minutes:.0f} min" if minutes >= 1 else f"{training['seconds']:.0f} s")
    if training.get("loss"):
        parts.append(f"loss {training['loss']}, noise {training.get('density', '?')}")
    return ", ".join(parts)


def command_of(card: Card, path: str, dataset: str) -> str:
    """The command that verifies a model on a file and keeps the scores in its card."""
    quoted = " ".join(f'"{part}"' if " " in part else part for part in filter(None, (path or "FILE", dataset)))
    return f"diffview verify model --model {card.name} --data {quoted} --save"


FOREIGN = "It does not say what its fields are, so they cannot be compared with yours."


def why_unverifiable(card: Card | None, facts: Facts, busy: str) -> str:
    """Why a model cannot be verified on what is open; "" if it can. `busy`: why nothing else can begin now, or ""."""
    if card is None:
        return "Formulas and your own denoisers have no card to verify."
    if "diffusers" in card.network:
        return FOREIGN
    if facts.torch is None:
        return "Networks need torch, which is not installed."
    if card.together.several:
        return "It makes several fields together: diffview verify days --model scores the days that it makes."
    return busy or mismatch(card, facts.field)


def source_of(scores: Mapping[str, Any]) -> str:
    """How the scores were made, as a sentence."""
    counts, settings = scores.get("counts", {}), scores.get("settings", {})
    parts = []
    if "samples" in counts:
        parts.append(
            f"{counts['samples']} samples beside {counts['held_out']} held-out and {counts['train']} training fields"
        )
    elif "cases" in counts:
        parts.append(f"{counts['members']} members for each of {counts['cases']} held-out fields")
    if settings:
        parts.append(f"{settings.get('sampler')}, {settings.get('steps')} steps, seed {settings.get('seed')}")
    if "one" in scores.get("curves", {}).get("spectrum", {}):
        parts.append("the grey band lies between two halves of the training fields")
    return "; ".join(parts) + "." if parts else ""
