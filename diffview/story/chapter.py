"""A chapter of a lecture: one thing that is to be understood, as frozen data that is checked when it is read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, TypeVar

from diffview.errors import UserError
from diffview.params import ValueType, confirm, json_text, parameters, plain_of, shown, value_of
from diffview.paths import TOO_DEEP
from diffview.runs.recipe import GIVEN, GROUP_OF, GROUPS, NOT_KEPT, Recipe
from diffview.story.beats import SENTENCE, Beat, PlayRun, RevealPart, Scene, SetValues, beat_of, plain_beat
from diffview.story.equation_table import EQUATIONS
from diffview.story.parts import STAGE, Stage

A = TypeVar("A")
T = TypeVar("T")

VERSION = 1
"""Of the JSON that is written."""

LONGEST_TITLE = 40

WRITTEN = ("title", "sentence", "recipe")
"""What every chapter is written with."""

ALWAYS = {"course": ("noise",), "denoiser": ("fit_rule",)}
"""Values that are written even where they are the usual ones: a recipe that does not name them is an old one."""


def _check_title(value: str) -> bool:
    return 0 < len(value.strip()) <= LONGEST_TITLE


TITLE = ValueType(f"It has 1 to {LONGEST_TITLE} characters.", _check_title)
TEXTS = ValueType("They are texts.", lambda value: all(isinstance(one, str) for one in value), list, tuple)


def _read_recipe(plain: Any) -> Recipe:
    return Recipe.from_json(json_text({"diffview_recipe": 2, **plain}))


def brief(recipe: Recipe) -> dict[str, Any]:
    """What of a recipe differs from the usual, as JSON can hold it, by group."""
    usual = Recipe()
    found: dict[str, Any] = {}
    for name in GROUPS:
        own, known = plain_of(getattr(recipe, name)), plain_of(getattr(usual, name))
        differs = {key: own[key] for key in own if own[key] != known[key] or key in ALWAYS.get(name, ())}
        found |= {name: differs} if differs else {}
    return found


RECIPE = ValueType("It has the groups of a saved recipe.", write=brief, read=_read_recipe)


def _read_beats(plain: Any) -> tuple[Beat, ...]:
    if not isinstance(plain, list):
        raise UserError("The beats are no list.", 'Write them as [{"do": "animate", "t": 1.0}].')
    return tuple(_at_beat(number, beat_of, each) for number, each in enumerate(plain, 1))


def _at_beat(number: int, do: Callable[[A], T], argument: A) -> T:
    """What `do` gives; an error names the beat."""
    try:
        return do(argument)
    except UserError as error:
        raise UserError(f"Beat {number}: {error.sentence}", error.hint) from None


BEAT_LIST = ValueType("They are beats.", write=lambda value: [plain_beat(beat) for beat in value], read=_read_beats)


@dataclass(frozen=True)
class Chapter:
    """One chapter: what is asked for and shown when it begins, and what happens beat by beat.

    Attributes:
        scenes: how the stage stands after so many beats, one more than there are beats.
    """

    title: Annotated[str, TITLE, "What it is called."]
    sentence: Annotated[str, SENTENCE, "The one sentence that an audience reads first."]
    equation: Annotated[str, "Name of its equation; none: it has none."] = ""
    stage: Annotated[Stage, STAGE, "Pictures and plot."] = Stage()
    recipe: Annotated[Recipe, RECIPE, "What is asked for, and how it is looked at."] = Recipe()
    beats: Annotated[tuple[Beat, ...], BEAT_LIST, "What happens, one press after the other."] = ()
    say: Annotated[str, "What the speaker may say first; shown on the presenter's line alone."] = ""
    ideas: Annotated[tuple[str, ...], TEXTS, "Ideas of the theory that it shows, for docs/lecture.md."] = ()

    def __post_init__(self) -> None:
        """Refuse what cannot be played.

        Raises:
            UserError: naming the beat.
        """
        confirm(self, "The chapter")
        if self.equation and self.equation not in EQUATIONS:
            raise UserError(f"There is no equation {shown(self.equation)}.", f"Choose one of {', '.join(EQUATIONS)}.")
        _ = self.scenes  # a beat that cannot be played in its scene is found here

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """How the stage stands after so many beats."""
        hidden = frozenset(beat.part for beat in self.beats if isinstance(beat, RevealPart))
        scenes = [Scene(self.recipe, self.sentence, hidden=hidden, stage=self.stage)]
        for number, beat in enumerate(self.beats, 1):
            scenes.append(_at_beat(number, beat.after, scenes[-1]))
        return tuple(scenes)

    @property
    def seconds(self) -> float:
        """How long its beats take, without what is said between them."""
        return sum(beat.lasts for beat in self.beats)

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of its fields, in the order in which they come; the packaged field is none."""
        found = (scene.recipe.source.path for scene in self.scenes)
        return tuple(dict.fromkeys(path for path in found if path is not None))

    def with_paths(self, change: Callable[[str], str]) -> "Chapter":
        """The chapter with `change` done to the path of every field."""
        beats = tuple(_with_path(beat, change) for beat in self.beats)
        return replace(self, recipe=_recipe_with_path(self.recipe, change), beats=beats)

    @property
    def plain(self) -> dict[str, Any]:
        """The chapter as JSON can hold it: what differs from the usual, and the recipe, whose usual may change."""
        own = plain_of(self)
        usual = {p.name: p.plain(p.default) for p in parameters(Chapter) if p.name not in WRITTEN}
        return {name: value for name, value in own.items() if name not in usual or value != usual[name]}

    def to_json(self) -> str:
        """The chapter as JSON text."""
        return json_text({"diffview_chapter": VERSION, **self.plain}, ascii_only=False)


def chapter_of(plain: Any, name: str) -> Chapter:
    """The chapter of which `Chapter.plain` gave `plain`; `name` is that of its file, and named in every error.

    Raises:
        UserError: if it is none, or cannot be played: the sentence names file, chapter and beat.
    """
    title = plain.get("title") if isinstance(plain, Mapping) else None
    where = f"{name}, chapter {shown(title)}" if isinstance(title, str) and title else name
    try:
        return _chapter_of(plain)
    except UserError as error:
        raise UserError(f"{where}: {error.sentence}", error.hint) from None
    except RecursionError:
        raise UserError(f"{where}: {TOO_DEEP}.", "Compare it with a chapter that was captured.") from None
    except (TypeError, ValueError, AttributeError, KeyError, OverflowError) as error:
        raise UserError(
            f"{where}: a value is of the wrong kind: {error}.", "Compare it with a chapter that was captured."
        ) from None


def _chapter_of(plain: Any) -> Chapter:
    if not isinstance(plain, Mapping):
        raise UserError("It is not a table.", "A chapter has a title, a sentence and beats.")
    version = plain.get("diffview_chapter", VERSION)
    if isinstance(version, int) and version > VERSION:
        raise UserError(f"It is of version {version}; this diffview reads version {VERSION}.", "Take a newer diffview.")
    if version != VERSION:
        raise UserError("It is not a chapter.", f'A chapter has "diffview_chapter": {VERSION}.')
    for needed in ("title", "sentence"):
        if not isinstance(plain.get(needed), str):
            raise UserError(f"It has no {needed}.", "A chapter has a title and one sentence.")
    return value_of(Chapter, {key: value for key, value in plain.items() if key != "diffview_chapter"}, "The chapter")


def captured(recipe: Recipe, title: str, sentence: str) -> Chapter:
    """A chapter that begins with this recipe and its view, and runs it; how the window is arranged is left out.

    Raises:
        UserError: if title or sentence are none, or the field was given as an array, which no file holds.
    """
    if recipe.source.path == GIVEN:
        raise NOT_KEPT
    stage = Stage(("forward", "reverse"))
    return Chapter(title, sentence, stage=stage, recipe=_apart_from_window(recipe), beats=(PlayRun(),))


def beat_to(chapter: Chapter, recipe: Recipe) -> SetValues:
    """The beat that leads from the end of a chapter to this recipe and its view.

    Raises:
        UserError: if they are the same, or the field was given as an array.
    """
    if recipe.source.path == GIVEN:
        raise NOT_KEPT
    last, wanted = chapter.scenes[-1].recipe, _apart_from_window(recipe)
    pairs = ((name, getattr(getattr(wanted, group), name)) for name, group in GROUP_OF.items())
    differ = tuple((name, value) for name, value in pairs if value != getattr(getattr(last, GROUP_OF[name]), name))
    if not differ:
        raise UserError("Nothing differs from the end of the chapter.", "Change something first, then capture it.")
    return SetValues(values=differ)


def _apart_from_window(recipe: Recipe) -> Recipe:
    return recipe.but(layout="", docks=None)


def _recipe_with_path(recipe: Recipe, change: Callable[[str], str]) -> Recipe:
    path = recipe.source.path
    return recipe if path is None else recipe.but(path=change(path))


def _with_path(beat: Beat, change: Callable[[str], str]) -> Beat:
    if not isinstance(beat, SetValues) or (path := dict(beat.values).get("path")) is None:
        return beat
    return replace(beat, values=tuple({**dict(beat.values), "path": change(path)}.items()))
