"""What can happen in a chapter: ten kinds of beats, as data, and the scene that each leaves behind.

A beat is played by the window, which may take its time; `after` says at once how the stage stands when it is over, so
that one can go back, begin again at any beat, and check a chapter without a window.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from diffview.errors import UserError
from diffview.forward.edits import QUANTITIES, moved, points_of
from diffview.params import Choice, Range, ValueType, confirm, plain_of, shown, value_of
from diffview.runs.recipe import DECLARED, Recipe
from diffview.story.parts import PARTS, PICTURE_LIST, PLOT, WORKING, Stage

LONGEST_SENTENCE = 110
"""Characters of a sentence that is read from the last row, in at most two lines."""


def _is_sentence(value: str) -> bool:
    return 0 < len(value) <= LONGEST_SENTENCE and value[-1] in ".?!"


SENTENCE = ValueType(f"One finished sentence of at most {LONGEST_SENTENCE} characters.", _is_sentence)
SECONDS = Range(0.0, 60.0)
POINT = ValueType(
    "It is a pair (t, value).", lambda value: len(value) == 2 and all(type(n) in (int, float) for n in value),
    list, lambda plain: tuple(float(n) for n in plain),
)  # fmt: skip


def _read_values(plain: Any) -> tuple[tuple[str, Any], ...]:
    for name in plain:
        if name not in DECLARED:
            raise UserError(f"A recipe has no value {shown(name)}.", "Name one as in a saved recipe: seed.")
    return tuple((name, DECLARED[name].typed(value)) for name, value in plain.items())


VALUES = ValueType(
    "They are values of a recipe, by name.",
    write=lambda values: {name: DECLARED[name].plain(value) for name, value in values},
    read=_read_values,
)


@dataclass(frozen=True)
class Scene:
    """How the stage stands.

    Attributes:
        recipe: what is asked for, and how it is looked at.
        sentence: what an audience reads.
        ran: whether a run has just been played to its end, so that the playhead lies at its last step.
        lit: the part of the stage that is pointed at; "" for none.
        hidden: parts that have not been revealed yet.
        stage: what is on it.
        begun: the part whose work has been begun; "" for none.
    """

    recipe: Recipe
    sentence: str = ""
    ran: bool = False
    lit: str = ""
    hidden: frozenset[str] = frozenset()
    stage: Stage = Stage()
    begun: str = ""

    @property
    def t(self) -> float:
        """Where the playhead is."""
        return self.recipe.view.playhead

    def at(self, t: float) -> "Scene":
        """The scene with the playhead there, put by hand."""
        return replace(self, recipe=self.recipe.but(playhead=t), ran=False)


@dataclass(frozen=True)
class Beat(ABC):
    """One press of the clicker.

    Attributes:
        key: how a chapter calls beats of this kind.
        by_itself: whether the next beat follows without another press.
    """

    key: ClassVar[str]
    by_itself: ClassVar[bool] = False
    say: Annotated[str, "What the speaker may say; shown on the presenter's line alone."] = ""

    def __post_init__(self) -> None:
        """Refuse a value that is not allowed.

        Raises:
            UserError: then.
        """
        confirm(self, self.key.capitalize())

    @property
    def lasts(self) -> float:
        """Seconds that it takes."""
        return float(getattr(self, "seconds", 0.0))

    @abstractmethod
    def after(self, scene: Scene) -> Scene:
        """The scene when it is over.

        Raises:
            UserError: if it cannot be played in this scene.
        """

    @staticmethod
    def _seen(scene: Scene, part: str) -> None:
        """Refuse a part that is not on the stage, where `part` is one.

        Raises:
            UserError: then.
        """
        if part and part not in scene.stage.parts:
            raise UserError(f"{part} is not on the stage.", "Name a part of the stage.")


@dataclass(frozen=True)
class SetValues(Beat):
    """Other values of the recipe and its view, at once: another seed, another place of the playhead."""

    key = "set"
    values: Annotated[tuple[tuple[str, Any], ...], VALUES, "Values of the recipe and its view, by name."] = ()

    def after(self, scene: Scene) -> Scene:
        """The scene with these values."""
        return replace(scene, recipe=scene.recipe.but(**dict(self.values)), ran=False)


@dataclass(frozen=True)
class AnimateTime(Beat):
    """The playhead goes from where it is, or from `start`, to `t`."""

    key = "animate"
    t: Annotated[float, Range(0.0, 1.0), "Where the playhead goes."] = 1.0
    start: Annotated[float | None, Range(0.0, 1.0), "Where it begins; none: where it is."] = None
    seconds: Annotated[float, SECONDS, "How long it takes."] = 4.0

    def after(self, scene: Scene) -> Scene:
        """The scene with the playhead there."""
        return scene.at(self.t)

    def during(self, scene: Scene, share: float) -> Scene:
        """The scene when this share of the beat has been played."""
        start = scene.t if self.start is None else self.start
        return scene.at(start + share * (self.t - start))


@dataclass(frozen=True)
class MoveHandle(Beat):
    """A point of the schedule is pulled, as by a hand."""

    key = "move"
    point: Annotated[int, Range(0, 63), "Which point, from the left, counted from 0."] = 0
    to: Annotated[tuple[float, ...], POINT, "Where it is pulled: t, and the value there."] = (0.5, 0.5)
    quantity: Annotated[str, Choice(tuple(QUANTITIES)), "What the value is of."] = "alpha_bar"
    seconds: Annotated[float, SECONDS, "How long it takes."] = 3.0

    def after(self, scene: Scene) -> Scene:
        """The scene with the point there."""
        return self.during(scene, 1.0)

    def during(self, scene: Scene, share: float) -> Scene:
        """The scene when this share of the way has been pulled."""
        schedule = scene.recipe.course.schedule
        t, value = points_of(schedule, self.quantity)
        if self.point >= len(t):
            raise UserError(f"The schedule has {len(t)} points, and none of number {self.point}.", "Count from 0.")
        here = float(t[self.point]), float(value[self.point])
        at = (a + share * (b - a) for a, b in zip(here, self.to, strict=True))
        return replace(scene, recipe=scene.recipe.but(schedule=moved(schedule, self.quantity, self.point, *at)))


@dataclass(frozen=True)
class PlayRun(Beat):
    """The reverse process runs, and is played."""

    key = "run"
    seconds: Annotated[float, Range(0.5, 60.0), "How long it is played."] = 5.0

    def after(self, scene: Scene) -> Scene:
        """The scene with the run at its end."""
        return replace(scene.at(0.0), ran=True)


@dataclass(frozen=True)
class WaitBeat(Beat):
    """Nothing for so long; then the next beat is played by itself."""

    key = "wait"
    by_itself = True
    seconds: Annotated[float, SECONDS, "How long."] = 2.0

    def after(self, scene: Scene) -> Scene:
        """The scene as it is."""
        return scene


@dataclass(frozen=True)
class HighlightPart(Beat):
    """One part of the stage is pointed at, until another is."""

    key = "highlight"
    part: Annotated[str, Choice(("", *PARTS)), "Which part; none: no longer any."] = ""

    def after(self, scene: Scene) -> Scene:
        """The scene with this part pointed at."""
        self._seen(scene, self.part)
        return replace(scene, lit=self.part)


@dataclass(frozen=True)
class RevealPart(Beat):
    """A part of the stage that has been hidden from the start of the chapter is shown."""

    key = "reveal"
    part: Annotated[str, Choice(PARTS), "Which part."] = "equation"

    def after(self, scene: Scene) -> Scene:
        """The scene with this part shown."""
        self._seen(scene, self.part)
        return replace(scene, hidden=scene.hidden - {self.part})


@dataclass(frozen=True)
class ChangeStage(Beat):
    """Other pictures, another plot; sentence and equation stay."""

    key = "stage"
    pictures: Annotated[tuple[str, ...], PICTURE_LIST, "The pictures, from the left."] = ()
    plot: Annotated[str, PLOT, "The plot; none: there is none."] = ""

    def after(self, scene: Scene) -> Scene:
        """The scene with these, and nothing pointed at that has gone."""
        stage = Stage(self.pictures, self.plot)
        begun = scene.begun if scene.begun in stage.parts else ""
        return replace(scene, stage=stage, begun=begun, lit=scene.lit if scene.lit in stage.parts else "")


@dataclass(frozen=True)
class StartWork(Beat):
    """What a plot of work shows begins: a network learns the points, samplers race; it goes on behind later beats."""

    key = "start"
    part: Annotated[str, Choice(WORKING), "Whose work."] = "cloud"
    seconds: Annotated[float, SECONDS, "How long it is watched at most."] = 20.0

    def after(self, scene: Scene) -> Scene:
        """The scene with this work begun."""
        self._seen(scene, self.part)
        return replace(scene, begun=self.part)


@dataclass(frozen=True)
class TellSentence(Beat):
    """Another sentence takes the place of the one on stage."""

    key = "tell"
    sentence: Annotated[str, SENTENCE, "What an audience reads from now on."] = "."

    def after(self, scene: Scene) -> Scene:
        """The scene with this sentence."""
        return replace(scene, sentence=self.sentence)


KINDS = (
    SetValues, AnimateTime, MoveHandle, PlayRun, WaitBeat, HighlightPart, RevealPart, ChangeStage, StartWork,
    TellSentence,
)  # fmt: skip
BEATS: dict[str, type[Beat]] = {kind.key: kind for kind in KINDS}
"""The kinds of beats by their keys."""


def beat_of(plain: Any) -> Beat:
    """The beat of which `plain_beat` gave `plain`.

    Raises:
        UserError: if it is none.
    """
    if not isinstance(plain, Mapping) or plain.get("do") not in BEATS:
        asked = plain.get("do") if isinstance(plain, Mapping) else plain
        raise UserError(f"{shown(asked)} is no beat.", f'Let its "do" be one of {", ".join(BEATS)}.')
    kind = BEATS[plain["do"]]
    return value_of(kind, {name: value for name, value in plain.items() if name != "do"}, kind.key.capitalize())


def plain_beat(beat: Beat) -> dict[str, Any]:
    """A beat as JSON can hold it: its kind, and what differs from the usual."""
    usual = plain_of(type(beat)())
    return {"do": beat.key, **{name: value for name, value in plain_of(beat).items() if value != usual[name]}}
