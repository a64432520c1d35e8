"""A race of samplers as a figure of a handout: the lines of the window's plot, on the exact field."""

from diffview.gui.show.race_words import lanes
from diffview.scores.race import EVALUATIONS, RaceRequest, RaceRun
from diffview.story.chapter import Chapter
from diffview.story.handout import INK, HandoutFigure
from diffview.story.line_plot import PlotAxis, PlotCurve, line_svg
from diffview.story.taught_figures import shown_in
from diffview.writers.films.reels import Filmed

FIRST = ("ddim", "heun", "dpmpp_2m", "unipc")
"""Samplers that race for an audience."""

TOKENS = ("reverse", "forward", "good", "text")


def race_figure(chapter: Chapter, filmed: Filmed) -> HandoutFigure:
    """Errors of samplers over calls, once they have raced.

    Raises:
        UserError: if they cannot.
    """
    recipe = shown_in(chapter, "race")[-1]
    race = RaceRun.of(RaceRequest(FIRST, EVALUATIONS, True, False), recipe, filmed.facts, filmed.plan.region)
    race.work()
    curves = [
        PlotCurve(lane.name, [mark.x for mark in lane.shown], [mark.y for mark in lane.shown], INK[TOKENS[lane.style]])
        for lane in lanes(race)
    ]
    axes = PlotAxis("calls of the model", log=True), PlotAxis(f"rms error, {race.units[1]}", log=True)
    plot = line_svg(curves, *axes)
    return HandoutFigure("Errors of samplers against the exact answer of a Gaussian field", plot=plot)
