"""A training in words: its choices, its state, and why a button cannot be pressed now."""

import math

from diffview.fields.numbers import number
from diffview.learning.followed import FollowedTraining
from diffview.learning.orders import ENDLESS, is_kept
from diffview.learning.painter import Pictures
from diffview.learning.watched import PAUSED, UNSAVED, Training
from diffview.models.cards import models_folder

LOSSES = {
    "plain": "|ε − ε̂|², the loss of the theory: the lowest noise levels count most.",
    "edm": "Every noise level counts alike for the raw output of the network.",
    "v": "|v − v̂|² of v = α ε − σ x₀: noise where there is little of it, the field where there is much.",
    "flow": "|u − û|² of the flow u = ε − x₀, along a straight line from the field to the noise (flow matching).",
    "consistency": "One jump learns to end where the model under Weights walks in 18 steps: it is distilled.",
}
DENSITIES = {
    "broad": "Half of the noise levels lie evenly between the lowest and the highest, half in the middle.",
    "uniform": "All noise levels are equally likely on a log axis.",
    "edm": "Mostly noise levels around s = 0.3, as EDM draws them.",
    "flow": "The time t = s/(1 + s) of flow matching lies evenly between both ends.",
    "logit-normal": "Around s = 1, as much below as above: the middle of the straight line from field to noise.",
    "schedule": "t is drawn evenly on your schedule, between the lowest and the highest noise level.",
}
"""By loss of TrainingSettings and by key of densities.DENSITIES."""

NO_TEACHER = "A consistency model learns from another model: choose that one under Weights (More settings)."

SILENT_S = 180.0
"""Seconds without a report or a checkpoint after which that is said."""

COPY = 0.5
"""A picture is called a copy if its distance to a training field is below this share of that of unseen fields."""

STATES = {
    "finished": "Trained", "stopped": "Stopped", "failed": "Failed", PAUSED: "Paused", "waiting": "Waiting",
    UNSAVED: "Not written",
}  # fmt: skip


def clock(seconds: float) -> str:
    """A time as text: 8 s, 3 min, 1 h 20 min."""
    if not math.isfinite(seconds):
        return "—"
    if seconds < 100:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


def status(training: Training) -> str:
    """What it does now, its name, and its step."""
    now, word = training.newest, STATES.get(training.state, "Training")
    if training.active and training.stopping:
        word = "Stopping"
    elif training.pausing and training.state != PAUSED:
        word = "Pausing"
    elif training.active and not now.step:
        word = "Preparing" if now.fields == 0 else "Loading torch, making"
    return f"{word} {training.order.folder.name}" + (f" · step {now.step}" if now.step else "")


def followed_headline(training: FollowedTraining) -> str:
    """How far a training of another process is, and whether it was heard of lately."""
    name, step = training.folder.name, f"step {training.lines[-1].step:,}" if training.lines else "no step is told yet"
    card = training.card
    if card is not None and training.share < 1 and (planned := card.training.get("planned_steps", 0)) < ENDLESS:
        step += f" of {planned:,}"
    if training.share >= 1:
        return f"Trained {name} · {step}"
    if training.silent > SILENT_S:
        return f"Nothing is heard of {name} for {clock(training.silent)} · {step}"
    return f"Training {name} · {step}"


def followed_details(training: FollowedTraining) -> str:
    """Its losses and its speed."""
    if not training.lines:
        return "Its first report comes soon."
    last, parts = training.lines[-1], []
    parts.append(f"loss {number(last.loss)}")
    if math.isfinite(last.held_out):
        parts.append(f"on held-out fields {number(last.held_out)}")
    if training.share != 1 and training.silent <= SILENT_S:
        parts.append(f"{number(training.speed)} steps/s")
        parts += [f"{clock(training.left)} left"] if math.isfinite(training.left) else []
    return " · ".join(parts)


def details(training: Training) -> str:
    """Its speed, its fields and its settings."""
    now, order, parts = training.newest, training.order, []
    if now.speed and training.active and not training.pausing and training.state != UNSAVED:
        parts += [f"{number(now.speed)} steps/s", f"{clock(now.left)} left"]
    if now.fields:
        parts.append(f"{now.fields} fields, {now.held_out} held out")
    if training.active and not order.again:
        parts += [f"loss {order.loss}", f"noise {order.density}", f"{order.width} channels"]
        parts += [] if order.origin is None else [f"from {order.origin.name}"]
    return " · ".join(parts)


def distances(pictures: Pictures) -> tuple[list[tuple[str, str]], str]:
    """The distance of each picture to the training fields with its colour, and a sentence about all of them."""
    near = pictures.distance < COPY * pictures.unseen  # False if nothing was held out
    words = [(number(d), "warn" if copy else "dim") for d, copy in zip(pictures.distance.tolist(), near, strict=True)]
    text = f"At step {pictures.step}. The numbers are distances (root mean square, standardised)"
    if math.isnan(pictures.unseen):
        return words, f"{text}; no field is held out to compare them with."
    verdict = f"{int(near.sum())} of {len(near)} are copies." if near.any() else "None is a copy."
    return words, f"{text}; held-out fields lie {number(pictures.unseen)} away. {verdict}"


def why_not(now: Training | None, name: str, nothing: str, busy: str) -> dict[str, str]:
    """Why a button cannot be pressed now; "" where it can.

    Args:
        now: the training at work, or None.
        name: of the model in the form.
        nothing: why there is nothing to train on, or "".
        busy: why no other can begin, or "".
    """
    idle = "Nothing trains now." if now is None else "It is stopping, and writes the model." if now.stopping else ""
    unsaved = now is not None and now.state == UNSAVED
    if now is None:
        unknown = f"No training called {name} is kept: there is nothing to go on with."
        resume = nothing or ("" if is_kept(name) else unknown)
    else:
        resume = "" if now.pausing or unsaved else idle or "It is not paused."
    paused = now is not None and now.pausing
    pause = idle or ("It is paused." if paused else "It waits until the model can be written." if unsaved else "")
    return {"Start": busy or nothing, "Pause": pause, "Resume": resume, "Stop": idle}


def tips(now: Training | None, name: str) -> dict[str, str]:
    """What the buttons do."""
    if now is not None and now.state == UNSAVED:
        return {"Stop": "Write the model, and end", "Resume": "Write the model, and go on"}
    return {
        "Start": f"Train, and keep the model in {models_folder() / name}",
        "Pause": "Pause after this step; the model so far is written to disk",
        "Resume": f"Go on with {name}, with the settings it was begun with" if now is None else "Go on",
        "Stop": "End after this step; the model so far is kept, and its training can be resumed",
    }
