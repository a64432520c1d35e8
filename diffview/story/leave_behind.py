"""What an audience takes home of a lecture: its sentences, equations, pictures, films and plots, chapter by chapter."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from diffview.errors import UserError
from diffview.forward.state import EDGES, Forward, density
from diffview.learning.film import LearningFilm
from diffview.story.chapter import Chapter
from diffview.story.handout import INK, Handout, HandoutChapter, HandoutFigure
from diffview.story.lecture import Lecture
from diffview.story.line_plot import PlotAxis, PlotCurve, line_svg
from diffview.story.taught_figures import MADE_BY, TAUGHT, PlotMaker, estimates
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.reels import Filmed

FRAMES = 21
"""Places of a slider, from the field to noise."""

FORWARD = FilmSettings(size=(640, 520), fps=FRAMES, seconds=1.0, hold=0.0, caption=False, theme="light")
RUN = replace(FORWARD, what="reverse", size=(640, 400), fps=10, seconds=5.0, hold=1.5, quality=60)
MEMBERS = replace(RUN, what="members", size=(640, 560))
MOST_MEMBERS = 9
"""Members of a run that are filmed: more would be too small to be seen, and the first are those that all have."""

MOST_RUNS = 2
"""Runs of one chapter that are filmed."""


def handout_of(
    lecture: Lecture,
    opened: Callable[..., Filmed],
    progress: Callable[[float], None] = lambda share: None,
    race: PlotMaker | None = None,
) -> Handout:
    """All that is to be put on a page; a run that cannot be made here is said so in its chapter.

    Args:
        lecture: its chapters.
        opened: gives field and plan of a recipe.
        progress: called with the share that is done; it may raise to end it.
        race: draws a race of samplers; without it that is said to be missing.

    Raises:
        UserError: if a field cannot be read.
    """
    made, drawn = [], PLOTTED if race is None else {**PLOTTED, "race": race}
    for number, chapter in enumerate(lecture.chapters):
        progress(number / len(lecture.chapters))
        made.append(_chapter(chapter, opened, drawn))
    progress(1.0)
    return Handout(lecture.title, tuple(made))


def _chapter(chapter: Chapter, opened: Callable[..., Filmed], drawn: Mapping[str, PlotMaker]) -> HandoutChapter:
    figures: list[HandoutFigure] = []
    notes: list[str] = []
    stages = dict.fromkeys(scene.stage for scene in chapter.scenes)
    pictures = dict.fromkeys(picture for stage in stages for picture in stage.pictures)
    if not {"forward", "field"}.isdisjoint(pictures):
        figures.append(_slider(opened(chapter.recipe), moves="forward" in pictures))
    if "reverse" in pictures:
        _show_runs(chapter, opened, figures, notes)
    for plot in dict.fromkeys(stage.plot for stage in stages if stage.plot):
        missing = HandoutFigure("The race of samplers is shown in the window alone.")
        figure = drawn[plot](chapter, opened(chapter.recipe)) if plot in drawn else missing
        if figure.plot or figure.pictures:
            figures.append(figure)
        else:
            notes.append(figure.caption)
    for maker in (picture for picture in pictures if picture in MADE_BY):
        try:
            figures.append(MADE_BY[maker](chapter, opened(chapter.recipe)))
        except (UserError, ImportError) as error:
            notes.append(f"What {maker.removeprefix('by_')} makes of one noise is not shown: {error}")
    sentences = tuple(dict.fromkeys(scene.sentence for scene in chapter.scenes))
    return HandoutChapter(chapter.title, sentences, chapter.equation, tuple(figures), tuple(dict.fromkeys(notes)))


def _show_runs(chapter: Chapter, opened: Callable[..., Filmed], figures: list[HandoutFigure], notes: list[str]) -> None:
    """Add the films of the runs of a chapter, and what is to be said of those that have none."""
    ran = list(dict.fromkeys(scene.recipe.but(playhead=0.0) for scene in chapter.scenes if scene.ran))
    for recipe in ran[:MOST_RUNS]:
        members = recipe.ensemble.members
        try:
            figures.append(_run(opened(recipe.but(members=min(members, MOST_MEMBERS)))))
        except (UserError, ImportError) as error:
            notes.append(f"The run of {recipe.denoiser.model} is not shown: {error}")
            continue
        if members > MOST_MEMBERS:
            notes.append(f"The first {MOST_MEMBERS} of {members} members are shown.")
    if len(ran) > MOST_RUNS:
        notes.append(f"The first {MOST_RUNS} of {len(ran)} runs are shown.")
    if not ran:
        try:
            figures.append(estimates(chapter, opened(chapter.recipe)))
        except (UserError, ImportError) as error:
            notes.append(f"What {chapter.recipe.denoiser.model} takes the clean field for is not shown: {error}")


def _slider(filmed: Filmed, moves: bool) -> HandoutFigure:
    """The forward state from the field to noise, or the field alone."""
    from diffview.writers.films.encoding import still
    from diffview.writers.films.film_page import FilmPage
    from diffview.writers.films.reels import reel_of

    reel, pictures, words = reel_of(filmed, FORWARD), [], []
    page = FilmPage(reel, FORWARD)
    for frame in reel.frames():
        pictures.append(still(page.draw(frame)))
        words.append(frame.words)
        if not moves:
            return HandoutFigure(reel.caption[0], (pictures[0],), ("the field",))
    return HandoutFigure(" · ".join(reel.caption), tuple(pictures), tuple(words))


def _run(filmed: Filmed) -> HandoutFigure:
    """The film of a run."""
    from diffview.writers.films.encoding import film_bytes, still
    from diffview.writers.films.film_page import FilmPage
    from diffview.writers.films.reels import reel_of

    settings = MEMBERS if filmed.plan.shape[0] > 1 else RUN
    reel = reel_of(filmed, settings)
    page = FilmPage(reel, settings)
    moving = film_bytes(map(page.draw, reel.frames()), settings)
    return HandoutFigure(" · ".join(reversed(reel.caption)), (moving,), last=still(page.drawn))


# -- plots


def _schedule(chapter: Chapter, _: Filmed) -> HandoutFigure:
    """alpha_bar of every schedule of the chapter."""
    t = np.linspace(0, 1, 201)
    schedules = dict.fromkeys(scene.recipe.course.schedule for scene in chapter.scenes)
    tokens = ("forward", "reverse", "good", "text", "dim")
    curves = [
        PlotCurve(schedule.key, t, schedule.alpha_bar(t), INK[tokens[i % len(tokens)]])
        for i, schedule in enumerate(schedules)
    ]
    plot = line_svg(curves[:6], PlotAxis("t"), PlotAxis("ᾱ: what is left of the signal's variance"))
    return HandoutFigure("The schedules of this chapter", plot=plot)


def _forward_of(filmed: Filmed) -> Forward:
    plan, course = filmed.plan, filmed.plan.recipe.course
    km = filmed.facts.field.pixel_km
    return Forward(plan.x0, course.schedule, course.seed, plan.recipe.start.path_mode, km, noise=course.noise)


STATES = ((0.0, "x₀", "text"), (0.25, "t = 0.25", "good"), (0.5, "t = 0.5", "forward"), (1.0, "t = 1", "dim"))


def _histogram(_: Chapter, filmed: Filmed) -> HandoutFigure:
    """Densities of x_t and of a standard normal."""
    state, middles = _forward_of(filmed), (EDGES[1:] + EDGES[:-1]) / 2
    curves = [PlotCurve(name, middles, density(state.at(t).x_t), INK[token]) for t, name, token in STATES]
    normal = PlotCurve("N(0, 1)", middles, np.exp(-(middles**2) / 2) / np.sqrt(2 * np.pi), INK["reverse"])
    plot = line_svg([*curves, normal], PlotAxis("standardised value"), PlotAxis("density"))
    return HandoutFigure("Values of the field, of xₜ, and of a standard normal", plot=plot)


def _spectrum(_: Chapter, filmed: Filmed) -> HandoutFigure:
    """Power of x_t by wavenumber."""
    state = _forward_of(filmed)
    if state.rings is None:
        return HandoutFigure("No spectrum: too much is missing.")
    curves = []
    for t, name, token in STATES:
        frame = state.at(t)
        if (power := state.spectrum(frame)) is not None:
            curves.append(PlotCurve(name, state.rings.k, power, INK[token]))
    plot = line_svg(curves, PlotAxis("cycles per side of the region", log=True), PlotAxis("power, std²", log=True))
    return HandoutFigure("Power of the field and of xₜ by scale", plot=plot)


def _training(_: Chapter, __: Filmed) -> HandoutFigure:
    """The loss of the training that is kept as a film, and that of held-out fields."""
    film = LearningFilm.load()
    step, loss = film.curve
    curves = [
        PlotCurve("training", step, loss, INK["reverse"]),
        PlotCurve("held out", step, film.held_out, INK["text"]),
    ]
    plot = line_svg(curves, PlotAxis("training step", log=True), PlotAxis("|ε − ε̂|²", log=True))
    return HandoutFigure("The loss of a network of clouds over its training", plot=plot)


PLOTTED = {"schedule": _schedule, "histogram": _histogram, "spectrum": _spectrum, "training": _training, **TAUGHT}
"""What draws a plot of the stage."""
