"""The parts of what an audience takes home, and the colours of its pages."""

from typing import NamedTuple

INK = {"text": "#1d232b", "dim": "#69727f", "forward": "#c77700", "reverse": "#0a7ea4", "good": "#1e8a55"}
"""Colours of a page, by the tokens of the window."""


class HandoutFigure(NamedTuple):
    """One thing to look at.

    Attributes:
        caption: what it is.
        pictures: as WebP: one, which may be a film, or those of a slider.
        words: what is said of each picture of a slider.
        plot: as SVG.
        last: the last picture of a film, for paper.
        moved: what a slider moves.
    """

    caption: str
    pictures: tuple[bytes, ...] = ()
    words: tuple[str, ...] = ()
    plot: str = ""
    last: bytes = b""
    moved: str = "Noise, from the field to noise alone"


class HandoutChapter(NamedTuple):
    """A chapter on a page: its sentences in their order, the key of its equation, what is seen, and what is not."""

    title: str
    sentences: tuple[str, ...]
    equation: str
    figures: tuple[HandoutFigure, ...]
    notes: tuple[str, ...]


class Handout(NamedTuple):
    """A lecture on a page."""

    title: str
    chapters: tuple[HandoutChapter, ...]
