"""Figures of a handout of what moves in the window: a density over t, steps back, points, fields of one noise."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from diffview.fields.colormaps import COLORMAPS, default_for
from diffview.fields.numbers import number
from diffview.fields.tiles import tiled
from diffview.fields.transforms import Transform
from diffview.forward.spectra import log10_snr, noise_floor_crossing
from diffview.forward.state import Forward
from diffview.learning.film import FilmRun, LearningFilm, MadeFields, learned_from
from diffview.readers.packaged import packaged_field
from diffview.reverse.step_law import StepLaw, step_law
from diffview.runs.colour_scale import scale_of_field
from diffview.runs.point_runs import PointRun, Walker
from diffview.runs.recipe import Recipe
from diffview.runs.requests import Models, Shot
from diffview.runs.view import DRAWN, LIMITS
from diffview.story import taught
from diffview.story.chapter import Chapter
from diffview.story.handout import INK, HandoutFigure
from diffview.story.line_plot import Ground, PlotAxis, PlotCurve, line_svg
from diffview.writers.films.film_settings import FilmSettings
from diffview.writers.films.reels import Filmed

Rgb = NDArray[np.uint8]
PlotMaker = Callable[[Chapter, Filmed], HandoutFigure]

PATHS, POINTS, COLUMNS, ROWS = 6, 2000, 160, 120
"""Paths of either kind, points of a cloud, and places of the map of scales over t."""

CLOUD = FilmSettings(size=(420, 420), fps=8, seconds=6.0, hold=0.0, caption=False, theme="light", quality=60)
DOT, LARGER = 3, 4
"""Pixels of a point, and of a value of a made field."""

SNR_ENDS = 4.0
"""log10 of the signal-to-noise ratio at the ends of the colours."""


def shown_in(chapter: Chapter, plot: str) -> list[Recipe]:
    """The recipes of a chapter while a plot is on its stage."""
    return list(dict.fromkeys(scene.recipe for scene in chapter.scenes if scene.stage.plot == plot))


def _scale_time(chapter: Chapter, filmed: Filmed) -> HandoutFigure:
    """The signal-to-noise ratio of every scale over t."""
    plan = filmed.plan
    course = plan.recipe.course
    state = Forward(plan.x0, course.schedule, course.seed, plan.recipe.start.path_mode, None, noise=course.noise)
    if state.rings is None or (power := state.spectrum(state.at(0.0))) is None:
        return HandoutFigure("No map of scales: too much is missing.")
    rings = state.rings.k > 0
    k, power = state.rings.k[rings], np.asarray(power)[rings]
    t = np.linspace(0, 1, COLUMNS)
    snr = log10_snr(np.maximum(power, 1e-30), np.clip(course.schedule.noise_level(t), 1e-6, 1e12))
    rows = np.geomspace(k[-1], k[0], ROWS)
    nearest = np.abs(np.log(rows)[:, None] - np.log(k)).argmin(axis=1)
    ground = Ground(_coloured(snr[nearest], (-SNR_ENDS, SNR_ENDS), "vik"), (0.0, 1.0), (float(k[0]), float(k[-1])))
    curve = PlotCurve("as strong as the noise", t, noise_floor_crossing(snr, k), INK["text"])
    plot = line_svg([curve], PlotAxis("t"), PlotAxis("cycles per side of the region", log=True), ground=ground)
    return HandoutFigure("Red: scales that stand above the noise; blue: those that have drowned", plot=plot)


def _density(chapter: Chapter, _: Filmed) -> HandoutFigure:
    """The law of one number over t, with paths back."""
    recipe = shown_in(chapter, "density")[-1]
    schedule, law = recipe.course.schedule, taught.law_of(recipe.view.bells)
    shares = taught.density_picture(law, schedule, np.linspace(0, 1, COLUMNS))[..., None]
    ink = np.array([int(INK["forward"][i : i + 2], 16) for i in (1, 3, 5)])
    picture = (255 + (ink - 255) * 0.8 * shares).astype(np.uint8)
    ground, curves = Ground(_png(picture), (0.0, 1.0), (-taught.TOP, taught.TOP)), []
    for walker, token, kind in zip(Walker.pair(recipe.course), ("reverse", "text"), ("ODE", "SDE"), strict=True):
        run = PointRun(law, recipe.course, PATHS, 1, walker)
        run.work()
        t, values = taught.paths(run, schedule, PATHS)
        for i, path in enumerate(values.T):
            curves.append(PlotCurve(f"{kind}: {walker.info.title}" if i == 0 else "", t, path, INK[token]))
    plot = line_svg(sorted(curves, key=lambda one: not one.name), PlotAxis("t"), PlotAxis("value"), ground=ground)
    return HandoutFigure("The law of one number over t, and ways back from noise", plot=plot)


def _bells(chapter: Chapter, _: Filmed) -> HandoutFigure:
    """A small and a large step back, where the large one is least like a bell."""
    pairs = [pair for recipe in shown_in(chapter, "bells") if (pair := _steps(recipe)) is not None]
    if not pairs:
        return HandoutFigure("At t = 0 there is no step back.")
    small, large = max(pairs, key=lambda pair: pair[1].missed)
    names = ("small step", "reverse", small), ("large step", "forward", large)
    curves = [PlotCurve(name, law.x, law.density / law.density.max(), INK[token]) for name, token, law in names]
    plot = line_svg(curves, PlotAxis("value of xₜ₋₁"), PlotAxis("density, of its top"))
    return HandoutFigure(f"What led to xₜ: one bell, or {large.humps} where the step is large", plot=plot)


def _steps(recipe: Recipe) -> tuple[StepLaw, StepLaw] | None:
    found = taught.steps_back(recipe, recipe.view.playhead, 0.0, taught.LARGE / 100)
    if found is None:
        return None
    law, schedule = taught.law_of(recipe.view.bells), recipe.course.schedule
    small, large = (step_law(law, found.x_t, found.s, before, schedule) for before in found.before)
    return small, large


def _cloud(chapter: Chapter, _: Filmed) -> HandoutFigure:
    """Points that spread, and return by the exact score."""
    from diffview.writers.films.encoding import film_bytes, still

    recipe = shown_in(chapter, "cloud")[-1]
    course, view = recipe.course, recipe.view
    law = taught.plane_law(view.cloud, view.cloud_lines if view.cloud == DRAWN else ())
    points = law.sample(POINTS).reshape(POINTS, 2).astype(np.float32)
    forward = Forward(points, course.schedule, course.seed, "closed", None, noise=course.noise)
    run = PointRun(law, course, POINTS, 2, Walker.of(course))
    run.work()
    half = CLOUD.count // 2

    def frames() -> Iterator[Rgb]:
        for t in np.linspace(0, 1, half):
            frame = forward.at(float(t))
            yield _dots(np.asarray(frame.x_t / taught.unit(frame.alpha, frame.sigma)), "forward")
        for t in np.linspace(1, 0, CLOUD.count - half):
            yield _dots(taught.returned(run, course.schedule, float(t))[0], "reverse")

    last = still(_dots(taught.returned(run, course.schedule, 0.0)[0], "reverse"))
    words = f"{POINTS:,} points: noise is put in, and they return by {run.walker.info.title} and the exact score"
    return HandoutFigure(words, (film_bytes(frames(), CLOUD),), last=last)


def _dots(points: NDArray[np.floating], token: str) -> Rgb:
    """Points [n, 2] of the plane as a picture."""
    side = CLOUD.size[0]
    made = np.full((side, side, 3), 255, np.uint8)
    at = ((points * [1, -1] + taught.TOP) / (2 * taught.TOP) * side).astype(int)
    x, y = at[((at >= 0) & (at < side - DOT)).all(axis=1)].T
    for down in range(DOT):
        for across in range(DOT):
            made[y + down, x + across] = [int(INK[token][i : i + 2], 16) for i in (1, 3, 5)]
    return made


def estimates(chapter: Chapter, filmed: Filmed) -> HandoutFigure:
    """A slider over the playheads of a chapter: x_t, and what the model takes the clean field for.

    Raises:
        UserError: if the model cannot be asked.
    """
    from diffview.writers.films.encoding import still

    plan = filmed.plan
    if plan.refusal is not None:
        raise plan.refusal
    course, models, pictures, words = plan.recipe.course, Models(), [], []
    state = Forward(plan.x0, course.schedule, course.seed, plan.recipe.start.path_mode, None, noise=course.noise)
    scale = scale_of_field(filmed.facts, plan.transform)
    scenes = (scene for scene in chapter.scenes if "reverse" in scene.stage.pictures)
    for t in sorted({scene.t for scene in scenes if scene.t > 0}, reverse=True):
        s = min(float(course.schedule.noise_level(t)), course.schedule.s_max)
        shot = Shot(plan, models, s, np.nan_to_num(state.y(s)), state.eps(s))
        shot.work()
        assert shot.x0_hat is not None
        pair = tiled(np.stack([np.asarray(state.at(t).x_t, np.float32), shot.x0_hat]))
        pictures.append(still(_larger(_rgb(pair, scale.limits, scale.colours))))
        words.append(f"t = {t:.2f}, |ε − ε̂|² = {number(shot.loss or 0.0)}")
    caption = f"xₜ, and what {plan.recipe.denoiser.model} takes the clean field for"
    return HandoutFigure(caption, tuple(pictures), tuple(words), moved="Noise, from much to little")


def _crops(_: Chapter, filmed: Filmed) -> HandoutFigure:
    """Fields that the network in force has learnt from."""
    from diffview.writers.films.encoding import still

    data, packaged = learned_from(filmed.plan.card), packaged_field()
    colours = default_for(packaged.units, packaged.name)
    picture = _rgb(tiled(Transform.fit("standardise", data, "crops")(data)), LIMITS, colours)
    return HandoutFigure("Fields that it has learnt from", (still(_larger(picture)),))


def _larger(picture: Rgb) -> Rgb:
    return picture.repeat(LARGER, axis=0).repeat(LARGER, axis=1)


def _made_by(picture: str, chapter: Chapter, _: Filmed) -> HandoutFigure:
    """Fields that a model makes of one noise, above the nearest crops; of a training a slider over its steps."""
    from diffview.writers.films.encoding import still

    film = LearningFilm.load()
    scenes = [scene for scene in chapter.scenes if picture in scene.stage.pictures]
    run = FilmRun(film, scenes[-1].recipe.course.seed)
    name = picture.removeprefix("by_")
    names: list[str | int] = [name]
    if name == "network":
        names = [*dict.fromkeys(min(scene.recipe.view.film, len(film.cards) - 1) for scene in scenes)]
    made = [run.make(one) for one in names]
    apart = [f"{number(float(np.mean(one.distance)))} std to the nearest crop" for one in made]
    words = [f"after {film.steps[one]:,} steps: " if isinstance(one, int) else "" for one in names]
    said = tuple(step + away for step, away in zip(words, apart, strict=True))
    caption = f"{MAKERS[name]} makes of one noise, and below it the nearest crops"
    if len(made) == 1:
        return HandoutFigure(f"{caption}: {said[0]}", (still(_pairs(made[0])),))
    return HandoutFigure(caption, tuple(still(_pairs(one)) for one in made), said, moved="Steps of the training")


MAKERS = {"data": "What the exact answer", "local": "What local", "network": "What the network"}


def _pairs(made: MadeFields) -> Rgb:
    """Made fields above the nearest crops, in the colours of the field."""
    values = tiled(np.concatenate([made.made, made.nearest]))
    return _larger(_rgb(values, LIMITS, default_for(packaged_field().units, packaged_field().name)))


def _rgb(values: NDArray[np.floating], ends: tuple[float, float], colours: str) -> Rgb:
    """Values in colours between two ends; white where there is none."""
    share = np.clip((values - ends[0]) / (ends[1] - ends[0]), 0, 1)
    made: Rgb = COLORMAPS[colours][np.nan_to_num(255 * share).round().astype(int)].copy()
    made[np.isnan(values)] = 255
    return made


def _png(picture: Rgb) -> bytes:
    from diffview.writers.films.encoding import png

    return png(picture)


def _coloured(values: NDArray[np.floating], ends: tuple[float, float], colours: str) -> bytes:
    return _png(_rgb(values, ends, colours))


TAUGHT: dict[str, PlotMaker] = {
    "scale_time": _scale_time, "density": _density, "bells": _bells, "cloud": _cloud,
}  # fmt: skip
"""What draws a plot of the stage that moves in the window."""

MADE_BY: dict[str, PlotMaker] = {
    "crops": _crops,
    **{name: partial(_made_by, name) for name in ("by_data", "by_local", "by_network")},
}
"""What draws the pictures of a stage that show crops, or fields that a model makes."""
