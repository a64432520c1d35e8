"""Where the parts of a stage lie, and how large its text is: everything is read from the last row of a hall."""

from collections.abc import Sequence
from typing import NamedTuple

from diffview.gui.show.boxes import Box
from diffview.story.typeset import EM, PlacedBox

LOWEST = 1 / 36
"""The least height of a figure or a capital, of the screen's height."""

FIGURE = 0.727
"""Height of a figure of the program's font, of the size of its text."""

MARGIN = 1 / 40
"""Of the height, around the stage and between its parts."""

EQUATION, ENOUGH, APART = 2.4, 1.45, 2.0
"""Sizes of an equation in least sizes of a text: the one asked for, and where its subscripts can still be read; and
the least gap between its two forms, in sizes of its text."""

MOST_SENTENCE, MOST_EQUATION = 0.2, 0.18
"""The most of the height that sentence and equation take: pictures and plots are what is looked at."""

WIDEST, SQUAREST = 2.4, 1.2
"""Width over height of a plot that has a stage for itself, and of one beside pictures that are not so high."""

NARROWEST = 13
"""Least width of a plot, in least sizes of a text: its legend lies beside its curves."""


def text_px(height: float) -> float:
    """The least size of a text on a screen of this height: its figures are as high as they must be."""
    return height * LOWEST / FIGURE


class StageBoxes(NamedTuple):
    """Where everything lies: the sentence, the pictures with their symbols above them, the plot, the equation."""

    sentence: Box
    symbols: tuple[Box, ...]
    pictures: tuple[Box, ...]
    plot: Box
    equation: Box
    scales: Box


def placed(
    width: float, height: float, words: tuple[float, float], shapes: Sequence[float], plot: bool, scales: float = 0.0,
    square: bool = False,
) -> StageBoxes:  # fmt: skip
    """Lay out a stage.

    Args:
        width: of the screen.
        height: of the screen.
        words: the heights that the sentence and the equation need, 0 without one.
        shapes: width over height of each picture.
        plot: whether there is one.
        scales: the width of the colour bars at the right of the pictures, 0 without any.
        square: whether the plot is as wide as high.
    """
    margin = MARGIN * height
    top = margin + words[0] + (margin if words[0] else 0.0)
    foot = height - margin - words[1] - (margin if words[1] else 0.0)
    symbol = 1.35 * text_px(height) if shapes else 0.0
    across = width - 2 * margin
    room = Box(margin, top, across, foot - top)
    beside = scales + margin if scales else 0.0
    pictures, rest = _row(room, symbol, shapes, plot, margin, beside)
    if plot and len(shapes) > 1 and rest.width < NARROWEST * text_px(height):
        pictures, rest = _column(room, symbol, shapes, margin, beside)
    if square:
        side = min(rest.width, rest.height)
        rest = Box(rest.x + (rest.width - side) / 2, rest.y + (rest.height - side) / 2, side, side)
    bars = Box(0, 0, 0, 0)
    if scales and pictures:
        low, high = min(box.y for box in pictures), max(box.bottom for box in pictures)
        bars = Box(max(box.right for box in pictures) + margin, low, scales, high - low)
    return StageBoxes(
        Box(margin, margin, across, words[0]),
        tuple(Box(box.x, box.y - symbol, box.width, symbol) for box in pictures),
        tuple(pictures),
        rest if plot else Box(0, 0, 0, 0),
        Box(margin, foot + margin, across, words[1]),
        bars,
    )


def _row(
    room: Box, symbol: float, shapes: Sequence[float], plot: bool, gap: float, beside: float
) -> tuple[list[Box], Box]:
    """Pictures beside each other, with their symbols above them, what is beside them, and the plot at their right."""
    side = _side(room.width - beside, room.height - symbol, shapes, plot, gap)
    wide = sum(side * shape for shape in shapes) + gap * len(shapes) + beside
    rest = room.width - wide if plot else 0.0
    if plot and not shapes:
        rest = min(room.width, WIDEST * room.height)
    x = room.x + (room.width - (wide + rest if plot else wide - gap)) / 2
    high = side + symbol if shapes else room.height
    y, pictures = room.y + (room.height - high) / 2 + symbol, []
    for shape in shapes:
        pictures.append(Box(x, y, side * shape, side))
        x += side * shape + gap
    x += beside
    tall = min(room.height, max(high, rest / SQUAREST))
    return pictures, Box(x, room.y + (room.height - tall) / 2, rest, tall)


def _column(room: Box, symbol: float, shapes: Sequence[float], gap: float, beside: float) -> tuple[list[Box], Box]:
    """Pictures below each other, and the plot at their right: where a row would leave it too narrow."""
    side = (room.height - gap * (len(shapes) - 1)) / len(shapes) - symbol
    side = min(side, 0.4 * room.width / max(shapes))
    wide, y, pictures = side * max(shapes), room.y + symbol, []
    for shape in shapes:
        pictures.append(Box(room.x + (wide - side * shape) / 2, y, side * shape, side))
        y += side + gap + symbol
    wide += beside
    return pictures, Box(room.x + wide + gap, room.y, room.width - wide - gap, room.height)


def equation_size(boxes: Sequence[PlacedBox], width: float, most: float, least: float) -> tuple[float, int, float]:
    """How large an equation is set: the size of its text, the rows, and the height that it takes.

    Beside each other its two forms stand where that is large enough, else below each other (2 rows); the one with
    numbers is left out (0 rows) where there is room for neither.

    Args:
        boxes: of the formula and, if it has one, of its form with numbers.
        width: of the room.
        most: height of the room.
        least: the least size of a text.
    """
    if not boxes:
        return least, 0, 0.0
    asked = EQUATION * least
    if len(boxes) == 2:
        beside = sum(box.width for box in boxes) / EM + APART
        high = max(box.height for box in boxes) / EM
        size = min(asked, width / beside, most / high)
        if size >= ENOUGH * least:
            return size, 1, size * high
        below = max(box.width for box in boxes) / EM, sum(box.height for box in boxes) / EM
        size = min(asked, width / below[0], most / below[1])
        if size >= ENOUGH * least:
            return size, 2, size * below[1]
    box = boxes[0]
    size = min(asked, EM * width / box.width, EM * most / box.height)
    return size, 0, size * box.height / EM


def _side(across: float, inner: float, shapes: Sequence[float], plot: bool, margin: float) -> float:
    """The height of pictures: as high as there is room, and with a plot no wider than its share leaves them."""
    if not shapes:
        return 0.0
    share = across * (0.5 if len(shapes) == 1 else 0.66) if plot else across
    return max(1.0, min(inner, (share - margin * (len(shapes) - 1)) / sum(shapes)))
