"""What a model card may say, part by part: the one place where the command line and the window learn what to expect.

What is not named here is kept as it is, since a newer diffview may say more; only the card itself has no other parts.
"""

from collections.abc import Mapping
from typing import Any

from diffview.fields.channels import Channel
from diffview.fields.together import Together
from diffview.fields.transforms import Transform
from diffview.forward.schedule import S_LIMIT
from diffview.models.plain import Rule, Unfit, flag, listed, maybe, number, one_of, table, text, whole

KINDS = ("posterior mean", "consistency")

LARGEST = 1e30
"""Of a number that is shown or drawn."""

SCORE = maybe(number(-LARGEST, LARGEST))


def _what(value: Any, where: str) -> str:
    """What a score is of, in the words of today: older cards have others."""
    return str(text(value, where)).replace("wet share", "wet-pixel fraction")


VERDICT = {
    "what": _what, "value": SCORE, "limit": SCORE, "units": text, "at_least": flag,
    "ok": maybe(flag), "chance": maybe(number(0, 1)),
}  # fmt: skip
"""What a verdict says; all but how likely a perfect model meets it is always there."""


def curve(x: str, more: int = 0, **parts: Rule) -> Rule:
    """A table of lists of numbers as long as that of `x`, which has `more` values more: the edges of cells."""
    lists = table(parts, needs={x}, others=listed(SCORE))

    def rule(value: Any, where: str) -> dict[str, Any]:
        read: dict[str, Any] = lists(value, where)
        length = len(listed(number(), least=2)(read[x], f"{where}.{x}")) - more
        for key, numbers in read.items():
            if key not in parts and key != x and len(numbers) != length:
                raise Unfit(f"{where}.{key}", f"has {len(numbers)} values, not {length}")
        return read

    return rule


def _transform(value: Any, where: str) -> Transform:
    parts = {"key": text, "mean": number(), "std": number(), "numbers": listed(number())}
    try:
        return Transform.of(table(parts, needs={"key", "mean", "std"})(value, where))
    except Unfit:
        raise
    except ValueError:
        raise Unfit(where, "is not a transform known here, with numbers that can be used") from None


def _channel(value: Any, where: str) -> Channel:
    said = dict.fromkeys(("condition", "group", "at", "quantity", "units"), text)
    parts = {**said, "minutes": number(), "static": flag, "transform": _transform}
    read = table(parts, needs=set(parts))(value, where)
    return Channel(**{name: read[name] for name in parts})


def _together(value: Any, where: str) -> Together:
    parts = {"frames": whole(1, 366), "step": number(1e-6, 1e6), "mean": flag, "seasonal": flag,
             "channels": listed(_channel, most=64)}  # fmt: skip
    return Together.of({name: part for name, part in table(parts)(value, where).items() if name in parts})


CURVES = {
    "spectrum": curve("k"), "scales": curve("k"), "ranks": listed(SCORE, least=1),
    "histogram": curve("edges", 1, below=maybe(table({}, others=SCORE))),
    "nearest": table({}, others=listed(number(0, LARGEST), least=1)),
}  # fmt: skip
"""Plots of the scores; see verify_curves."""

PARTS: Mapping[str, Rule] = {
    "name": text, "quantity": text, "units": text, "kind": one_of(*KINDS),
    "transform": _transform, "shape": listed(whole(1, 2**14), 3, 3), "noise_range": listed(number(0, S_LIMIT), 2, 2),
    "coarsen": whole(0, 2**14), "conditions": listed(_channel, most=1024),
    "together": _together,
    "network": table({"width": whole(), "mask": flag, "learned_variance": flag}),
    "weights": table({"sha256": text, "dtype": text, "parameters": whole()}),
    "data": table({
        "source": text, "licence": text, "split": text, "sha256": text, "fields": whole(), "held_out": whole(),
        "smallest": number(0.0),
    }),
    "training": table({
        "loss": text, "density": text, "machine": text, "steps": whole(), "batch": whole(), "seconds": number(0),
        "lowest": number(0, S_LIMIT), "highest": number(0, S_LIMIT), "schedule": table({"key": text}, {"key"}),
        "from": maybe(table({"name": text, "steps": whole()})), "flips": flag, "rotations": flag,
    }),
    "scores": table({
        "kind": text, "units": text, "counts": table({}, others=whole()),
        "verdicts": listed(table(VERDICT, VERDICT.keys() - {"chance"})),
        "settings": table({
            "sampler": text, "steps": whole(1), "seed": whole(0, 2**62), "command": text, "params": table({}),
        }),
        "rows": listed(table({"what": _what, "units": text}, {"what"}, others=SCORE)),
        "curves": table(CURVES), "loss_by_level": curve("levels"),
        "crps": SCORE, "crps_of_coarse": SCORE, "crps_of_one_member": SCORE,
        "block_mean_relative_error": SCORE, "spread_skill": SCORE,
    }),
}  # fmt: skip

CARD = table(PARTS, needs=("name", "quantity", "units", "transform", "shape", "noise_range"), others=None)


def card_parts(plain: Any) -> dict[str, Any]:
    """The parts of a card in the types they have here.

    Raises:
        Unfit: naming the first that is missing, unknown, or not what it should be.
    """
    parts: dict[str, Any] = CARD(plain, "")
    low, high = parts["noise_range"]
    if not low < high:
        raise Unfit("noise_range", f"goes from {low:g} to {high:g}")
    channels, ny, nx = parts["shape"]
    coarsen = parts.get("coarsen", 0)
    if coarsen and (ny % coarsen or nx % coarsen):
        raise Unfit("coarsen", f"is {coarsen}, which does not divide {ny} x {nx} pixels")
    together = parts.get("together", Together())
    if together.several and channels != 1 + len(together.channels):
        raise Unfit("together", f"has {len(together.channels)} further channels of {channels} in all")
    if together.mean and together.frames == 1:
        raise Unfit("together", "has a mean of a single frame")
    given = {"conditions": tuple(parts["conditions"])} if "conditions" in parts else {}
    return parts | {"noise_range": (low, high), "shape": (channels, ny, nx)} | given
