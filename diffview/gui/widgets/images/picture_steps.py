"""Pictures that follow from each other, in a row or in two, each under its name and with what leads to it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QWidget

from diffview.fields.colormaps import Rgb
from diffview.gui.theme import theme
from diffview.gui.widgets.images.image_view import ImageView
from diffview.gui.widgets.images.zoom_view import link
from diffview.gui.widgets.small.parts import named
from diffview.gui.widgets.small.text import plain

Array = NDArray[np.float32]

ROW_PX = 120
"""Least width of a picture of a row; narrower ones stand two by two, or three by three."""

GAP_PX = 6


class PictureSteps(QWidget):
    """Square pictures that zoom together; a click picks a pixel of all.

    Signals:
        picked: (row, column).
    """

    picked = Signal(int, int)

    def __init__(self, name: str, titles: Sequence[tuple[str, str]], parent: QWidget | None = None) -> None:
        """`titles`: what stands above each picture, and what a screen reader calls it."""
        super().__init__(parent)
        self.setObjectName(name)
        self.views = [named(ImageView(), f"{name}{i}", says) for i, (_, says) in enumerate(titles)]
        self._labels = [plain(QLabel(text)) for text, _ in titles]
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(GAP_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        for view, label in zip(self.views, self._labels, strict=True):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            view.clicked.connect(self.picked)
        link(*self.views)
        self._lay_out(self.width())

    def sizeHint(self) -> QSize:
        """As wide as a dock."""
        return QSize(theme.px(280), self.minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a row where they are large enough there."""
        super().resizeEvent(event)
        self._lay_out(event.size().width())

    def _lay_out(self, width: int) -> None:
        count = len(self.views)
        columns = count if width >= count * theme.px(ROW_PX) else (2 if count == 4 else count)
        side = max(40, (width - (columns - 1) * GAP_PX) // columns)
        for view in self.views:
            view.setMinimumSize(40, 40)
            view.setFixedHeight(side)
        if columns == self._columns:
            return
        self._columns = columns
        for i, (label, view) in enumerate(zip(self._labels, self.views, strict=True)):
            row, column = 2 * (i // columns), i % columns
            self._grid.addWidget(label, row, column)
            self._grid.addWidget(view, row + 1, column)
        for column in range(count):
            self._grid.setColumnStretch(column, int(column < columns))

    def show_pictures(self, pictures: Sequence[Array], levels: tuple[float, float, bool], rgb: Rgb) -> None:
        """Show [ny, nx] each, standardised, in one map with its ends at `levels`."""
        for view, picture in zip(self.views, pictures, strict=True):
            view.set_colormap(rgb)
            view.set_levels(*levels)
            view.set_image(np.ascontiguousarray(picture))

    def show_nothing(self, why: str) -> None:
        """Say why there are none."""
        for i, view in enumerate(self.views):
            view.set_placeholder("" if i else why)
            view.set_image(None)

    def mark(self, pixel: tuple[int, int] | None) -> None:
        """Cross-hairs at a pixel of all."""
        for view in self.views:
            view.set_crosshair(*(pixel or (None, None)))
